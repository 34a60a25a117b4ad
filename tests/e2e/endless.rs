//! BUILD files that go on for ever, or grow without end: refused or interrupted, and the daemon lives on.

use crate::daemon::Daemon;
use gx_tests::{Run, TestSpace};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

fn workspace(bzl: &str) -> TestSpace {
    let space = TestSpace::new();
    space.write("m.bzl", bzl);
    space.write("BUILD.gx", "load(':m.bzl', 'f')\nf()\n");
    space
}

#[track_caller]
fn refused(bzl: &str) -> Run {
    let run = workspace(bzl).run(["build", "//..."]).expect(4);
    assert!(run.stderr.contains("GX0109"), "{}", run.told());
    run
}

#[test]
fn what_takes_too_much_is_refused() {
    for (name, bzl) in [
        ("recursion", "def f():\n    f()\n".to_owned()),
        (
            "steps",
            "def f():\n    for i in range(1000000):\n        for j in range(1000000):\n            pass\n".to_owned(),
        ),
        (
            "memory",
            "def f():\n    x = []\n    for i in range(100000000):\n        x.append('a' * 1000 + str(i))\n".to_owned(),
        ),
        ("brackets", format!("x = {}{}\ndef f():\n    pass\n", "[".repeat(300), "]".repeat(300))),
        ("words", format!("x = {}1\ndef f():\n    pass\n", "1+".repeat(50_000))),
        ("branches", format!("def f():\n  if 1:\n    pass\n{}", "  elif 2:\n    pass\n".repeat(5_000))),
        ("blocks", {
            let lines = (1..=500).map(|n| format!("{}if 1:\n", " ".repeat(n)));
            format!("def f():\n{}{}pass\n", lines.collect::<String>(), " ".repeat(501))
        }),
    ] {
        insta::assert_snapshot!(name, refused(&bzl).redacted());
    }
}

/// Values that nest a million deep: the evaluator recurses over them.
#[test]
fn deep_values_harm_nobody() {
    let deep = |step: &str, last: &str| {
        format!("def g():\n    x = ()\n    for i in range(1000000):\n        x = {step}\n    {last}\n    return x\n")
    };
    for (step, last) in [
        ("[x]", "y = repr(x)"),
        ("(x,)", "y = str({x: 1})"),
        ("{0: x}", "y = '%s' % x"),
        ("struct(a = x)", "print(len(str(x)))"),
    ] {
        let space = workspace(&format!("{}v = g()\ndef f():\n    native.filegroup(name = 'g')\n", deep(step, last)));
        space.run(["build", "//..."]).ok();
    }
    let space = workspace(&format!("{}def f():\n    pass\n", deep("[x]", "json.encode(x)") + "g()\n"));
    space.run(["build", "//..."]).expect(4).expect_text("json.encode: the value is nested more than 128 deep");
}

/// A workspace whose BUILD files are evaluated for many minutes, if they are let; none of them past a limit.
fn endless() -> TestSpace {
    let turns = "def f():\n    for i in range(1000000):\n        for j in range(190):\n            pass\n";
    let space = TestSpace::new();
    space.write("m.bzl", turns);
    space.write("BUILD.gx", "");
    for package in 0..500 {
        space.write(format!("p{package}/BUILD.gx"), "load('//:m.bzl', 'f')\nf()\n");
    }
    space
}

/// Waits until a process has used the processor for half a second: it evaluates then.
fn evaluates(pid: u64) {
    let used = || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let mut fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        fields.nth(11).and_then(|ticks| ticks.parse::<u64>().ok()).unwrap_or_default()
    };
    let before = used();
    while used() < before + 50 {
        std::thread::yield_now();
    }
}

/// Waits for an end that must come soon; a hang becomes a failure.
fn ended(mut child: Child) -> (Option<i32>, String) {
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed().as_secs() > 60 {
            child.kill().unwrap();
        }
        std::thread::yield_now();
    }
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn interrupt(pid: u64) {
    assert!(Command::new("kill").args(["-INT", &pid.to_string()]).status().unwrap().success());
}

#[test]
fn evaluation_is_interrupted_by_ctrl_c() {
    let space = endless();
    let mut command = space.gx(["build", "//..."]).command();
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    evaluates(u64::from(child.id()));
    interrupt(u64::from(child.id()));
    let (code, told) = ended(child);
    assert_eq!(code, Some(130), "{told}");
    assert!(told.contains("GX0311"), "{told}");
}

#[test]
fn the_daemon_outlives_a_file_that_does_not_end() {
    let daemon = Daemon::new(endless(), 0);
    daemon.run(0, &["build", "//:all"]).ok();
    let pid = daemon.pid();
    let mut command = daemon.command(0, &["build", "//..."]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    evaluates(pid);
    interrupt(u64::from(child.id()));
    assert_eq!(ended(child).0, Some(130));
    // Loads of one workspace take turns: this one needs the other to have ended.
    let next = daemon.command(0, &["build", "//:all"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let (code, told) = ended(next);
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(daemon.pid(), pid);
}
