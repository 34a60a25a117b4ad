//! What runs after an edit, and what does not; the same work in another folder and another store.

use gx_tests::{Finished, TestSpace};

#[test]
fn a_comment_edit_compiles_one_file_and_stops_there() {
    let space = TestSpace::of_example("quickstart");
    space.build(&["//..."]).ok();
    space.edit("greet/greet.c", "Edit this comment", "Edited this comment");
    let run = space.build(&["//..."]).expect_run(1);
    assert_eq!(run.messages("run"), ["Compiling greet/greet.c"], "{}", run.told());
}

#[test]
fn a_comment_in_a_header_compiles_its_includers_and_links_nothing() {
    let space = TestSpace::of_example("quickstart");
    space.build(&["//..."]).ok();
    space.edit("greet/greet.h", "/* Writes ", "/* Puts   ");
    let run = space.build(&["//..."]).ok();
    let ran = run.messages("run");
    assert_eq!(
        ran,
        ["Compiling app/main.c", "Compiling greet/greet.c", "Compiling greet/greet_test.c"],
        "{}",
        run.told()
    );
}

#[test]
fn a_real_edit_goes_through_to_the_end_and_back_costs_nothing() {
    let space = TestSpace::of_example("quickstart");
    space.build(&["//..."]).ok();
    space.edit("app/main.c", "\"world\"", "\"you\"");
    let run = space.build(&["//..."]).ok();
    assert!(run.messages("run").contains(&"Linking app/hello".to_owned()), "{}", run.told());
    space.edit("app/main.c", "\"you\"", "\"world\"");
    space.build(&["//..."]).expect_run(0);
}

#[test]
fn a_touched_file_is_not_a_changed_file() {
    let space = TestSpace::of_example("quickstart");
    space.build(&["//..."]).ok();
    let text = space.read("greet/greet.c");
    space.write("greet/greet.c", "other");
    space.write("greet/greet.c", text);
    space.build(&["//..."]).expect_run(0);
}

#[test]
fn outputs_that_were_removed_come_back_without_a_run() {
    let space = TestSpace::of_example("quickstart");
    space.build(&["//..."]).ok();
    let outputs = space.outputs();
    space.run(["clean"]).ok();
    assert!(space.outputs().is_empty());
    space.build(&["//..."]).expect_run(0);
    assert_eq!(space.outputs(), outputs);
}

#[test]
fn an_output_that_was_changed_by_hand_is_put_right_and_the_store_is_untouched() {
    let space = TestSpace::of_example("quickstart");
    space.build(&["//app:greetings"]).ok();
    let right = space.read("gx-out/app/greetings.txt");
    std::fs::remove_file(space.path("gx-out/app/greetings.txt")).unwrap();
    space.write("gx-out/app/greetings.txt", "something else\n");
    space.build(&["//app:greetings"]).expect_run(0);
    assert_eq!(space.read("gx-out/app/greetings.txt"), right);
}

/// What decides bytes: without who asked.
fn keys(finished: &[Finished]) -> Vec<(&str, &str, &str)> {
    finished.iter().map(|f| (f.message.as_str(), f.derivation.as_str(), f.action.as_str())).collect()
}

#[test]
fn another_folder_with_the_same_store_runs_nothing_and_another_store_gives_the_same() {
    let space = TestSpace::of_example("quickstart");
    let first = space.build(&["//..."]).ok();
    let outputs = space.outputs();

    let other = space.copy_sharing_store();
    other.build(&["//..."]).expect_run(0);
    assert_eq!(other.outputs(), outputs);

    let elsewhere = space.copy_with_new_store();
    let again = elsewhere.build(&["//..."]).ok();
    assert_eq!(keys(&again.finished()), keys(&first.finished()));
    assert_eq!(elsewhere.outputs(), outputs);
}

#[test]
fn a_workspace_with_sha256_builds_the_same_files() {
    let space = TestSpace::of_example("quickstart");
    space.build(&["//app:greetings", "//app:hello"]).ok();
    let other = space.copy_with_new_store();
    other.write("gx.toml", "digest = \"sha256\"\n");
    other.build(&["//app:greetings", "//app:hello"]).ok();
    assert_eq!(other.outputs(), space.outputs());
    other.build(&["//app:greetings", "//app:hello"]).expect_run(0);
}
