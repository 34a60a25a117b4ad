//! Queries through the public face.

use crate::space::Space;

fn space() -> Space {
    let space = Space::new();
    space
        .write(
            "a/BUILD",
            "filegroup(name = 'top', srcs = [':left', ':right', 'a.txt'])
filegroup(name = 'left', srcs = [':gen'], tags = ['slow'])
filegroup(name = 'right', srcs = ['//b:lib'])
genrule(name = 'gen', outs = ['gen.h'], cmd = 'x')
alias(name = 'other', actual = '//b:lib')
sh_test(name = 'x_test', srcs = ['x.sh'], data = ['gen.h'])
test_suite(name = 'all_tests', tests = [':x_test'])",
        )
        .write("a/a.txt", "")
        .write("a/x.sh", "")
        .write("b/BUILD", "filegroup(name = 'lib', visibility = ['//a:__pkg__'])\nfilegroup(name = 'lonely')");
    space
}

fn ask(space: &Space, query: &str) -> String {
    match space.open().query(query, "a") {
        Ok(result) => {
            let nodes: Vec<String> = result.nodes.iter().map(|n| format!("    {} ({})", n.label, n.kind)).collect();
            let edges: Vec<String> = result.edges.iter().map(|(a, b)| format!("{a}-{b}")).collect();
            format!("{query}\n{}\n    edges {}", nodes.join("\n"), edges.join(" "))
        }
        Err(errors) => {
            format!("{query}\n{}", errors.iter().map(|e| format!("    {e}")).collect::<Vec<_>>().join("\n"))
        }
    }
}

#[test]
fn answers() {
    let space = space();
    let said: Vec<String> = [
        "//...",
        "deps(//a:top)",
        "deps(:top, 1)",
        "rdeps(//..., //b:lib)",
        "rdeps(//..., //b:lib, 1)",
        "kind(filegroup, //...)",
        "kind('source file', deps(:top))",
        "somepath(:top, //b:lib)",
        "somepath(//b:lib, :top)",
        "allpaths(:top, :gen)",
        "attr(tags, slow, //...)",
        "filter('right$', //...)",
        "labels(srcs, :top)",
        "tests(:all_tests)",
        "//a:all - kind(filegroup, //a:all)",
        "deps(:left) intersect deps(:x_test)",
        "set(:left :right) + //b:lonely",
        "some(//b:all)",
        "deps(:other)",
        "kind(x, //nowhere/...)",
        "kind('(', //...)",
        "deps(:topp)",
        "deps(:top, x)",
    ]
    .iter()
    .map(|query| ask(&space, query))
    .collect();
    insta::assert_snapshot!(said.join("\n"));
}
