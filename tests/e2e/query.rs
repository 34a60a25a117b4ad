//! gx query over the quickstart.

use gx_tests::TestSpace;

fn labels(space: &TestSpace, expression: &str) -> Vec<String> {
    let run = space.run(["query", expression]).ok();
    run.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn patterns_and_set_operations() {
    let space = TestSpace::of_example("quickstart");
    assert_eq!(
        labels(&space, "//..."),
        ["//app:greetings", "//app:hello", "//app:hello_test", "//greet:config", "//greet:greet", "//greet:greet_test"]
    );
    assert_eq!(labels(&space, "//... - //app/..."), ["//greet:config", "//greet:greet", "//greet:greet_test"]);
    assert_eq!(labels(&space, "kind('_test', //...)"), ["//app:hello_test", "//greet:greet_test"]);
    assert_eq!(labels(&space, "//app:all ^ kind(genrule, //...)"), ["//app:greetings"]);
}

#[test]
fn deps_and_rdeps() {
    let space = TestSpace::of_example("quickstart");
    let deps = labels(&space, "deps(//app:hello)");
    for label in
        ["//app:hello", "//app:main.c", "//greet:config", "//greet:greet", "//greet:greet.h", "//greet:greeting.txt"]
    {
        assert!(deps.iter().any(|found| found == label), "{label} is missing in {deps:?}");
    }
    assert_eq!(
        labels(&space, "rdeps(//..., //greet)"),
        ["//app:greetings", "//app:hello", "//app:hello_test", "//greet:greet", "//greet:greet_test"]
    );
    assert_eq!(
        labels(&space, "somepath(//app:greetings, //greet)"),
        ["//app:greetings", "//app:hello", "//greet:greet"]
    );
    assert!(labels(&space, "somepath(//greet, //app:hello)").is_empty());
}

#[test]
fn other_forms() {
    let space = TestSpace::of_example("quickstart");
    let json = space.run(["query", "--output", "json", "deps(//app:hello, 1)"]).ok();
    let document: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert!(document.to_string().contains("//greet:greet"), "{document}");
    let dot = space.run(["query", "--output", "dot", "deps(//app:hello, 1)"]).ok();
    assert!(dot.stdout.starts_with("digraph") && dot.stdout.contains("->"), "{}", dot.told());
}

#[test]
fn faults_in_queries() {
    let space = TestSpace::of_example("quickstart");
    for (name, expression) in
        [("query_function", "dep(//...)"), ("query_parenthesis", "deps(//..."), ("query_target", "deps(//app:helo)")]
    {
        let run = space.run(["query", expression]).expect(4);
        insta::assert_snapshot!(name, run.redacted());
    }
}
