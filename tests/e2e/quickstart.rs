//! The first minutes of a person with gx: the quickstart built, built again, edited, broken.

use gx_tests::TestSpace;

#[test]
fn it_builds_and_the_second_time_does_nothing() {
    let space = TestSpace::of_example("quickstart");
    let first = space.build(&["//..."]).ok();
    assert!(first.totals().run >= 9, "{}", first.told());
    assert!(space.read("gx-out/app/greetings.txt").contains("Hello, Grace!"));
    assert!(space.read("gx-out/greet/config.h").contains("#define GREETING \"Hello\""));

    let second = space.build(&["//..."]).expect_run(0);
    assert_eq!(second.totals().cached, first.totals().run, "{}", second.told());
}

#[test]
fn the_last_line_is_calm() {
    let space = TestSpace::of_example("quickstart");
    space.run(["build", "//greet"]).ok();
    let again = space.run(["build", "//greet"]).ok();
    assert_eq!(again.stdout, "//greet:greet\n  gx-out/greet/libgreet.a\n5 actions: 0 run, 5 cached\n");
    assert_eq!(again.stderr, "");
}

#[test]
fn the_program_runs() {
    let space = TestSpace::of_example("quickstart");
    let run = space.run(["run", "//app:hello"]).ok();
    assert_eq!(run.stdout, "Hello, world!\n");
    let names = space.path("app/names.txt");
    let run = space.run(["run", "//app:hello", "--", names.to_str().unwrap()]).ok();
    assert_eq!(run.stdout, "Hello, Ada!\nHello, Grace!\nHello, Barbara!\n");
    space.run(["run", "//app:hello", "--", "no/such/file"]).expect(1).expect_text("no/such/file");
}

#[test]
fn the_tests_pass_and_are_cached() {
    let space = TestSpace::of_example("quickstart");
    let label = |label: &str, cached| (label.to_owned(), "PASSED".to_owned(), cached);
    let first = space.test(&["//..."]).ok();
    assert_eq!(first.tests(), [label("//app:hello_test", false), label("//greet:greet_test", false)]);
    let second = space.test(&["//..."]).expect_run(0);
    assert_eq!(second.tests(), [label("//app:hello_test", true), label("//greet:greet_test", true)]);
}

#[test]
fn a_changed_greeting_is_noticed_by_the_tests() {
    let space = TestSpace::of_example("quickstart");
    space.test(&["//..."]).ok();
    space.write("greet/greeting.txt", "Goodbye\n");
    let run = space.test(&["//..."]).expect(3);
    assert!(run.tests().iter().all(|(_, status, _)| status == "FAILED"), "{}", run.told());
    space.write("greet/greeting.txt", "Hello\n");
    space.test(&["//..."]).expect_run(0);
}

#[test]
fn a_header_taken_out_of_hdrs_fails_the_build_and_is_named() {
    let space = TestSpace::of_example("quickstart");
    space.build(&["//app:hello"]).ok();
    space.edit("greet/BUILD.gx", "hdrs = [\"greet.h\"],", "hdrs = [],");
    assert!(space.exists("greet/greet.h"));
    let run = space.run(["build", "//app:hello"]).expect(1);
    assert!(run.stderr.contains("greet/greet.h"), "{}", run.told());
    assert!(run.stderr.contains("hdrs"), "{}", run.told());
    assert!(run.stderr.contains("GX0307"), "{}", run.told());
}
