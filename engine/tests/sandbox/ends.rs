//! How actions end: by themselves, by time, by cancelling, or before they have begun.

use crate::support::World;
use gx_store::{Blobs, Cancel, Ending, ExecuteError, Node, Outcome};
use std::time::{Duration, Instant};

/// Processes of this machine that have the mark in their command line or environment.
fn alive(mark: &str) -> usize {
    std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter(|entry| {
            std::fs::read(entry.path().join("cmdline"))
                .is_ok_and(|text| text.split(|b| *b == 0).any(|argument| argument == mark.as_bytes()))
        })
        .count()
}

fn why(result: Result<Outcome, ExecuteError>) -> String {
    match result {
        Err(error @ ExecuteError::Spawn { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_daemon_dies_with_its_action() {
    let Some(world) = World::new(1) else { return };
    let mark = format!("98765.{}", std::process::id());
    let start = Instant::now();
    let script = format!("setsid nohup sleep {mark} >/dev/null 2>&1 & (sleep {mark} &) ; echo started");
    assert_eq!(world.job().sh(&script).text(), "started\n");
    assert!(start.elapsed() < Duration::from_secs(20));
    assert_eq!(alive(&mark), 0);
}

#[test]
fn timeout_kills_the_tree() {
    let Some(world) = World::new(1) else { return };
    let mark = format!("98764.{}", std::process::id());
    let script = format!("echo before; mkfifo {mark}; (cat {mark} & cat {mark}) & cat {mark}");
    let outcome = world.job().sh(&script).timeout(300).run().unwrap();
    assert_eq!(outcome.ending, Ending::TimedOut(300));
    assert_eq!(world.text(&outcome), "before\n");
    assert_eq!(alive(&mark), 0);
    assert_eq!(world.job().sh("echo next").text(), "next\n");
}

#[test]
fn cancel_kills_the_tree() {
    let Some(world) = World::new(1) else { return };
    let mark = format!("98763.{}", std::process::id());
    let cancel = Cancel::new();
    let script = format!("mkfifo {mark}; cat {mark} & setsid cat {mark} & cat {mark}");
    std::thread::scope(|scope| {
        let running = scope.spawn(|| world.job().sh(&script).cancel(&cancel).timeout(50_000).run());
        while alive(&mark) < 3 {
            std::thread::yield_now();
        }
        cancel.cancel();
        assert!(matches!(running.join().unwrap(), Err(ExecuteError::Cancelled)));
    });
    assert_eq!(alive(&mark), 0);
    assert!(matches!(world.job().sh("true").cancel(&cancel).run(), Err(ExecuteError::Cancelled)));
    assert_eq!(world.job().sh("echo next").text(), "next\n");
}

#[test]
fn dropping_the_executor_leaves_nothing() {
    let Some(world) = World::new(1) else { return };
    let scratch = world.store.scratch();
    assert_eq!(world.job().sh("echo").text(), "\n");
    drop(world.executor);
    assert_eq!(std::fs::read_dir(scratch).unwrap().count(), 0);
}

#[test]
fn many_processes() {
    let Some(world) = World::new(1) else { return };
    let text = world
        .job()
        .sh("for i in $(seq 300); do (true &) ; done; for i in $(seq 200); do sleep 0.2 & done; wait; echo done")
        .text();
    assert_eq!(text, "done\n");
}

#[test]
fn what_cannot_be_started_is_explained() {
    let Some(world) = World::new(1) else { return };
    let script = |text: &str, executable| {
        let blob = world.store.put_blob(text.as_bytes()).unwrap();
        world.job().node("pkg/tool", Node::File { blob, executable }).args(&["pkg/tool"]).run()
    };
    let long = "x".repeat(200_000);
    let many: Vec<&str> = std::iter::once("echo").chain(std::iter::repeat_n("0123456789", 300_000)).collect();
    let errors = [
        world.job().args(&["nonsense"]).run(),
        world.job().env("PATH", "/bin:/w/bin").args(&["nonsense"]).run(),
        world.job().args(&["pkg/nonsense", "x"]).run(),
        script("#!/usr/bin/python3 -I\n", true),
        script("#!/bin/sh\n", false),
        script("just text", true),
        world.job().input("pkg/a", "").args(&["./pkg"]).run(),
        world.job().args(&["echo", &long]).run(),
        world.job().args(&many).run(),
        world.job().args(&["echo", "a\0b"]).run(),
    ];
    insta::assert_snapshot!(errors.map(why).join("\n"), @r###"
        'nonsense' cannot be started: there is no '/bin/nonsense' among the action's inputs and toolchains
        'nonsense' cannot be started: no folder of its PATH has it; these were tried: /bin/nonsense, /w/bin/nonsense
        'pkg/nonsense' cannot be started: there is no 'pkg/nonsense' among the action's inputs and toolchains
        'pkg/tool' cannot be started: 'pkg/tool' is there, but its interpreter '/usr/bin/python3' is not among the inputs
        'pkg/tool' cannot be started: 'pkg/tool' is not executable
        'pkg/tool' cannot be started: 'pkg/tool' has no format that the kernel knows (a script's first line must start with '#!')
        './pkg' cannot be started: './pkg' is a folder
        'echo' cannot be started: one argument or variable has 200000 bytes, and the kernel takes 131071; use a file
        'echo' cannot be started: arguments and environment have 5700031 bytes together, more than the kernel takes (2 MiB); use a file
        'echo' cannot be started: the argument "a\0b" has a NUL byte
    "###);
    let helper = world.helper_tree();
    let tree = gx_store::Trees::tree(&world.store, &helper).unwrap();
    let Some(Node::Directory(bin)) = tree.get("bin").cloned() else { panic!("{tree:?}") };
    let text = why(world.job().node("bin", Node::Directory(bin)).args(&["bin/helper"]).run());
    assert!(text.contains("its interpreter '/lib"), "{text}");
    assert_eq!(world.job().sh("echo next").text(), "next\n");
}

#[test]
fn the_init_is_out_of_reach() {
    let Some(world) = World::new(1) else { return };
    assert_eq!(world.job().sh("kill -9 1; kill -TERM 1; echo alive").text(), "alive\n");
}

#[test]
fn the_probe_says_yes_where_actions_run() {
    let Some(world) = World::new(1) else { return };
    let options = gx_engine::sandbox::SandboxOptions::new(crate::support::helper());
    let probe = gx_engine::sandbox::probe(&world.store, &options);
    assert!(probe.ok && probe.findings.is_empty(), "{probe:?}");
    // And where the spawner cannot be had, it says what is wrong.
    let options = gx_engine::sandbox::SandboxOptions::new("/nothing/here");
    let probe = gx_engine::sandbox::probe(&world.store, &options);
    assert!(!probe.ok && probe.findings[0].why.contains("/nothing/here"), "{probe:?}");
}

#[test]
fn a_lost_spawner_is_an_error_and_is_replaced() {
    let Some(world) = World::new(1) else { return };
    let mark = format!("98762.{}", std::process::id());
    let script = format!("mkfifo {mark}; cat {mark}");
    std::thread::scope(|scope| {
        let running = scope.spawn(|| world.job().sh(&script).run());
        let action = loop {
            if let Some(pid) = processes().into_iter().find(|pid| arguments(*pid).contains(&mark)) {
                break pid;
            }
            std::thread::yield_now();
        };
        // The parent of the action is its init, the parent of that the spawner.
        let spawner = (0..8).scan(action, |pid, _| Some(std::mem::replace(pid, parent(*pid)))).collect::<Vec<_>>();
        let mine = std::process::id() as i32;
        let at = spawner.iter().position(|pid| parent(*pid) == mine).unwrap();
        rustix::process::kill_process(
            rustix::process::Pid::from_raw(spawner[at]).unwrap(),
            rustix::process::Signal::KILL,
        )
        .unwrap();
        let Err(ExecuteError::Sandbox { why, .. }) = running.join().unwrap() else { panic!("no error") };
        assert!(why.contains("ended in the middle"), "{why}");
    });
    while alive(&mark) > 0 {
        std::thread::yield_now();
    }
    assert_eq!(world.job().sh("echo next").text(), "next\n");
}

fn processes() -> Vec<i32> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries.filter_map(|entry| entry.file_name().to_str().and_then(|name| name.parse().ok())).collect()
}

fn arguments(pid: i32) -> Vec<String> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    text.split('\0').map(str::to_owned).collect()
}

fn parent(pid: i32) -> i32 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}
