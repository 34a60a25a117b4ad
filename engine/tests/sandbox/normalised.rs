//! All tests once more at levels `normalised` and `strict`: what they hide changes nothing else.

use crate::support::{World, confined};
use gx_engine::sandbox::SandboxOptions;
use gx_store::Level;
use std::process::Command;

/// Has the name of the level.
const MARK: &str = "GX_TEST_LEVEL";

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

/// Tests that look at what `strict` hides besides: how long a sleep takes.
const HIDDEN_BY_STRICT: &[&str] = &["light::small_commands_end_when_they_must"];

/// Do the tests run at such a level?
pub(crate) fn is_on() -> bool {
    std::env::var_os(MARK).is_some()
}

/// The level of actions that ask for none.
pub(crate) fn level() -> Level {
    match std::env::var(MARK).as_deref() {
        Ok("strict") => Level::Strict,
        Ok(_) => Level::Normalised,
        Err(_) => Level::Sandboxed,
    }
}

/// Can this level be held here?
fn is_held(level: Level) -> bool {
    let Some(world) = World::new(1) else { return false };
    let found = gx_engine::sandbox::probe(&world.store, &SandboxOptions::new(crate::support::helper()));
    if found.level < level {
        println!("SKIPPED: level '{}' cannot be held here: {:?}", level.name(), found.findings);
    }
    found.level >= level
}

fn again(level: Level, hidden: &[&str]) {
    if is_on() || !is_held(level) {
        return;
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--test-threads=2", "--nocapture"]).env(MARK, level.name());
    for name in hidden {
        command.args(["--skip", name]);
    }
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    for line in text.lines().filter(|line| line.contains("SKIPPED")) {
        println!("{}: {line}", level.name());
    }
    assert!(output.status.success(), "{}:\n{text}", level.name());
}

#[test]
fn again_normalised() {
    again(Level::Normalised, HIDDEN);
}

#[test]
fn again_strict() {
    again(Level::Strict, &[HIDDEN, HIDDEN_BY_STRICT].concat());
}

#[test]
fn where_nobody_may_trace_strict_is_refused() {
    if is_on() || !is_held(Level::Strict) {
        return;
    }
    let (_script, spawner) = confined("without-tracing");
    let Some(world) = World::with(1, |options| SandboxOptions { spawner: spawner.clone(), ..options }) else { return };
    assert_eq!(world.job().level(Level::Normalised).sh("echo lower").text(), "lower\n");
    for plain in [true, false] {
        let job = world.job().level(Level::Strict);
        let job = if plain { job.plain("cat /etc/hosts") } else { job.sh("echo never; echo more") };
        let error = job.run().unwrap_err().to_string();
        assert!(error.contains("level 'strict' cannot be held here"), "{error}");
    }
    let options = SandboxOptions::new(spawner);
    let probe = gx_engine::sandbox::probe(&world.store, &options);
    assert!(probe.ok && probe.level == Level::Normalised, "{probe:?}");
    assert!(probe.findings.iter().any(|finding| finding.hint.contains("--determinism=normalised")), "{probe:?}");
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
