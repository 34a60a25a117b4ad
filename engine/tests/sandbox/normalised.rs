//! All tests once more at level `normalised`: what it hides changes nothing else.

use gx_store::Level;
use std::process::Command;

const MARK: &str = "GX_TEST_NORMALISED";

/// Tests that look at what `normalised` hides: numbers of namespaces and folders, the mount table, process 1, and a
/// world that is laid in the sandbox for audits of a lower level.
const HIDDEN: &[&str] = &[
    "confined::neighbours_share_no_namespace",
    "confined::the_host_is_not_in_the_mount_table",
    "light::nothing_stays_in_a_kept_room",
    "light::small_commands_share_a_room_and_large_ones_do_not",
    "light::where_no_room_can_be_kept_each_command_has_its_own",
    "worlds::an_action_feels_the_world_that_is_laid_in_the_sandbox",
];

/// Do the tests run at that level?
pub(crate) fn is_on() -> bool {
    std::env::var_os(MARK).is_some()
}

/// The level of actions that ask for none.
pub(crate) fn level() -> Level {
    if is_on() { Level::Normalised } else { Level::Sandboxed }
}

#[test]
fn again_normalised() {
    if is_on() {
        return;
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--test-threads=2", "--nocapture"]).env(MARK, "1");
    for name in HIDDEN {
        command.args(["--skip", name]);
    }
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    for line in text.lines().filter(|line| line.contains("SKIPPED")) {
        println!("normalised: {line}");
    }
    assert!(output.status.success(), "normalised:\n{text}");
}
