//! All tests once more at level `normalised`: what it hides changes nothing else.

use crate::support::{World, confined};
use gx_engine::sandbox::SandboxOptions;
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

#[test]
fn where_calls_cannot_be_handed_over_the_level_is_refused() {
    if is_on() {
        return;
    }
    let (_script, spawner) = confined("without-listener");
    let Some(world) = World::with(1, |options| SandboxOptions { spawner: spawner.clone(), ..options }) else { return };
    assert_eq!(world.job().sh("echo lower").text(), "lower\n");
    for plain in [true, false] {
        let job = world.job().level(Level::Normalised);
        let job = if plain { job.plain("cat /etc/hosts") } else { job.sh("echo never; echo more") };
        let error = job.run().unwrap_err().to_string();
        assert!(error.contains("level 'normalised' cannot be held here"), "{error}");
    }
    let options = SandboxOptions::new(spawner);
    let probe = gx_engine::sandbox::probe(&world.store, &options);
    assert!(probe.ok && probe.level == Level::Sandboxed, "{probe:?}");
    assert!(probe.findings.iter().any(|finding| finding.hint.contains("--determinism=sandboxed")), "{probe:?}");
}
