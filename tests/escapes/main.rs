//! Escapes: actions that try to get out of the sandbox or at what is not theirs. Each must come to exactly the verdict
//! of the table, and the host must be as it was.
//!
//! All attempts are actions of one build of the real gx. Invariant: an attempt that no longer fails fails its test.

#![expect(clippy::unwrap_used, reason = "a test ends when something is wrong")]

mod table;

use gx_tests::{Run, TestSpace, repository_root, skipped, strict_is_held};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::process::{Child, Command};
use table::{ALLOWED, BOMBS, By, ESCAPES, Verdict};

const RULES: &str = r#"
def _attempt(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.run(
        outputs = [out],
        executable = ctx.file.program,
        arguments = [ctx.label.name, out.path],
        inputs = [ctx.file.program] + ctx.files.srcs,
        toolchain = ctx.files.tools,
    )
    return [DefaultInfo(files = depset([out]))]

def _command(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.run_shell(
        outputs = [out],
        command = ctx.attr.cmd.replace("OUT", out.path),
        inputs = ctx.files.srcs,
        toolchain = ctx.files.tools,
    )
    return [DefaultInfo(files = depset([out]))]

_COMMON = {
    "srcs": attr.label_list(allow_files = True),
    "tools": attr.label_list(default = ["//:tools"]),
}
attempt = rule(_attempt, attrs = dict(_COMMON, program = attr.label(allow_single_file = True)))
command = rule(_command, attrs = dict(_COMMON, cmd = attr.string()))
"#;

const BUILD: &str = r#"
load("@gx//rules:host_toolchain.bzl", "host_toolchain")
load(":escapes.bzl", "attempt", "command")

host_toolchain(name = "tools", visibility = ["//visibility:public"], programs = [
    "sh", "cat", "chmod", "ln", "ls", "mkdir", "mkfifo", "mv", "rm", "sleep", "touch", "yes",
])
"#;

/// A workspace with every attempt; `None` where there is no compiler.
fn space() -> Option<TestSpace> {
    let space = TestSpace::new();
    let source = repository_root().join("tests/escapes/attempts.c");
    let made = Command::new("cc").args(["-O1", "-static", "-o"]).arg(space.path("attempts")).arg(source).output();
    match made {
        Ok(made) => assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr)),
        Err(error) => {
            skipped(&format!("there is no C compiler: {error}"));
            return None;
        }
    }
    let mut build = BUILD.to_owned();
    for escape in ESCAPES {
        let name = escape.name;
        build += &match escape.by {
            By::Program => format!("attempt(name = '{name}', program = 'attempts', srcs = glob(['in/**']))\n"),
            By::Shell(cmd) => format!("command(name = '{name}', cmd = '''{cmd}''', srcs = glob(['in/**']))\n"),
        };
    }
    space.write("BUILD.gx", build);
    space.write("escapes.bzl", RULES);
    space.write("in/a.txt", "a\n");
    space.write("in/large.bin", vec![b'x'; 200_000]);
    Some(space)
}

/// What came of an attempt, in the words of a verdict.
fn came(space: &TestSpace, run: &Run, name: &str) -> String {
    let owner = format!("//:{name}: ");
    let error = run.events.iter().filter(|event| event["event"] == "error").map(|event| &event["error"]);
    let mut found = error.filter(|error| error["message"].as_str().is_some_and(|text| text.starts_with(&owner)));
    match found.next() {
        Some(error) => format!("{}: {}", error["code"].as_str().unwrap(), error["message"].as_str().unwrap()),
        None => space.read(format!("gx-out/{name}.txt")),
    }
}

/// A process of the host that an action might reach.
struct Bystander(Child);

impl Drop for Bystander {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Processes whose arguments have this word.
fn processes(word: &str) -> usize {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = entries.map(|entry| std::fs::read(entry.path().join("cmdline")).unwrap_or_default());
    lines.filter(|line| line.split(|byte| *byte == 0).any(|part| part == word.as_bytes())).count()
}

#[test]
fn every_attempt_is_contained_and_the_host_is_as_it_was() {
    assert!(ESCAPES.len() >= 30);
    let Some(space) = space() else { return };
    let mut bystander = Bystander(Command::new("sleep").arg("31536002").spawn().unwrap());
    let socket = std::path::Path::new("/tmp/gx-escape-socket");
    let _ = std::fs::remove_file(socket);
    let _listeners = [
        UnixListener::bind(socket).unwrap(),
        UnixListener::bind_addr(&SocketAddr::from_abstract_name("gx-escape").unwrap()).unwrap(),
    ];
    let mut wrong = String::new();
    for level in ["sandboxed", "normalised", "strict"] {
        if level == "strict" && !strict_is_held() {
            skipped("level 'strict' cannot be held here");
            continue;
        }
        let level_flag = format!("--determinism={level}");
        let run = space.run(["build", "-k", "--json", level_flag.as_str(), "//:all"]).expect(1);
        for escape in ESCAPES {
            let came = came(&space, &run, escape.name);
            let as_told = match escape.verdict {
                // From `normalised` on no other process is in `/proc`.
                Verdict::Says(text) if level != "sandboxed" => came == text.replace("init: EACCES", "init: ENOENT"),
                Verdict::Says(text) => came == text,
                Verdict::Fails(code, words) => came.starts_with(&format!("{code}: ")) && came.contains(words),
            };
            if !as_told {
                wrong += &format!("{} at {level}: {:?}\n    came: {came:?}\n", escape.name, escape.verdict);
            }
        }
    }
    std::fs::remove_file(socket).unwrap();
    assert!(wrong.is_empty(), "{wrong}");

    assert_eq!(processes("31536003"), 0, "an action left processes behind");
    assert!(bystander.0.try_wait().unwrap().is_none(), "a process of the host was ended");
    assert_eq!(space.read("in/a.txt"), "a\n");
    assert_eq!(std::fs::read(space.path("in/large.bin")).unwrap(), vec![b'x'; 200_000]);
    assert!(!space.exists("in/new.txt") && !space.exists("gx-out/evil"));
    let mode = space.path("gx-out/setuid_output.txt").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o7000, 0, "{mode:o}");
    space.run(["store", "verify"]).ok();
    // What an attempt did to its inputs, the next action does not see.
    space.build(&["//:write_to_an_input"]).expect_run(0);
}

#[test]
fn every_bomb_ends_with_the_limit_that_it_hit() {
    let Some(space) = space() else { return };
    let mut build = "load('//:escapes.bzl', 'attempt')\n".to_owned();
    for (name, _) in BOMBS {
        build += &format!("attempt(name = '{name}', program = '//:attempts')\n");
    }
    space.write("bombs/BUILD.gx", build);
    space.write("BUILD.gx", format!("{}\nexports_files(['attempts'])\n", space.read("BUILD.gx")));
    let mut wrong = String::new();
    for level in ["sandboxed", "normalised"] {
        let level_flag = format!("--determinism={level}");
        let flags = ["build", "-k", "--json", "--timeout=300", level_flag.as_str(), "//bombs:all"];
        let run = space.run(flags.into_iter().chain(ALLOWED)).expect(1);
        for (name, words) in BOMBS {
            let owner = format!("//bombs:{name}: ");
            let errors = run.events.iter().filter(|event| event["event"] == "error").map(|event| &event["error"]);
            let mut found =
                errors.filter(|error| error["message"].as_str().is_some_and(|text| text.starts_with(&owner)));
            let error = found.next();
            let (code, message) = (error.map(|it| &it["code"]), error.and_then(|it| it["message"].as_str()));
            if code.is_none_or(|code| code != "GX0314") || !message.is_some_and(|message| message.ends_with(words)) {
                wrong += &format!("{name} at {level}: {error:?}\n");
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn an_attempt_to_go_on_for_ever_ends_with_all_its_processes() {
    let Some(space) = space() else { return };
    space.write(
        "p/BUILD.gx",
        "load('//:escapes.bzl', 'command')\n\
         command(name = 'still', cmd = 'sleep 31536004 & sleep 31536004; echo > OUT')\n\
         command(name = 'loud', cmd = 'yes > /dev/null & while :; do echo noise; done; echo > OUT')\n",
    );
    let run = space.run(["build", "-k", "--json", "--timeout=1", "//p:all"]).expect(1);
    assert_eq!(run.error_codes(), ["GX0303", "GX0303"], "{}", run.told());
    assert_eq!(processes("31536004"), 0, "an action left processes behind");
}
