//! Runs the probes: one workspace and store for each world and level, all probes of a world in one build.
//!
//! Invariants: no two runs share a store, so nothing is cached or merged; a probe that fails ends the test, since a
//! failure would look like agreement. This file does not know the verdicts.

use crate::table::{LEAKS, Leak, Program};
use crate::worlds::{Planted, Side, World, on_disk};
use gx_store::{HashFunction, Level};
use gx_tests::{TestSpace, repository_root};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// What each probe learned, by the leak's name.
pub(crate) type Learned = BTreeMap<&'static str, Vec<u8>>;

/// The probes, compiled.
pub(crate) struct Probes {
    pub(crate) dynamic: PathBuf,
    pub(crate) full: PathBuf,
}

/// The probes, compiled once for all tests. `Err` says that there is no compiler.
pub(crate) fn probes() -> Result<&'static Probes, &'static str> {
    static PROBES: OnceLock<Result<Probes, String>> = OnceLock::new();
    PROBES.get_or_init(compile).as_ref().map_err(String::as_str)
}

/// Compiles the probes, unless these sources were compiled before.
fn compile() -> Result<Probes, String> {
    let folder = repository_root().join("tests/leaks/probes");
    let entries = std::fs::read_dir(&folder).expect("the probes can be read");
    let mut sources: Vec<PathBuf> = entries.map(|entry| entry.expect("the probes can be read").path()).collect();
    sources.sort();
    let text: Vec<u8> = sources.iter().flat_map(|path| std::fs::read(path).expect("a probe can be read")).collect();
    let home = on_disk().join(HashFunction::Blake3.digest(&text).hex());
    let probes = Probes { dynamic: home.join("probe"), full: home.join("probe-static") };
    std::fs::create_dir_all(&home).expect("target/ can be written");
    for (program, flags) in [(&probes.dynamic, &["-pie", "-fPIE"][..]), (&probes.full, &["-static"][..])] {
        if program.exists() {
            continue;
        }
        let half = program.with_extension(format!("half-{}", std::process::id()));
        let made = Command::new("cc")
            .args(["-O1", "-Wall", "-Wextra"])
            .args(flags)
            .arg("-o")
            .arg(&half)
            .args(sources.iter().filter(|path| path.extension().is_some_and(|end| end == "c")))
            .arg("-lpthread")
            .output()
            .map_err(|error| format!("there is no C compiler: {error}"))?;
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        std::fs::rename(&half, program).expect("a program can be put in its place");
    }
    Ok(probes)
}

const RULES: &str = r#"
def _probe(ctx):
    out = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.run(
        outputs = [out],
        executable = ctx.file.program,
        arguments = [ctx.attr.probe, out.path],
        inputs = [ctx.file.program] + ctx.files.srcs,
        toolchain = ctx.files.tools,
    )
    return [DefaultInfo(files = depset([out]))]

def _shell(ctx):
    out = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.run_shell(
        outputs = [out],
        command = "(%s) > %s" % (ctx.attr.cmd, out.path),
        inputs = ctx.files.srcs,
        toolchain = ctx.files.tools,
    )
    return [DefaultInfo(files = depset([out]))]

def _many(ctx):
    folder = ctx.actions.declare_directory("many")
    ctx.actions.run_shell(
        outputs = [folder],
        command = "for i in 7 1 19 4 12 3 x q b 88 61; do touch %s/$i; done" % folder.path,
        toolchain = ctx.files.tools,
    )
    return [DefaultInfo(files = depset([folder]))]

_COMMON = {
    "srcs": attr.label_list(allow_files = True),
    "tools": attr.label_list(default = ["//:tools"]),
}
probe = rule(_probe, attrs = dict(
    _COMMON, program = attr.label(allow_single_file = True), probe = attr.string(),
))
shell = rule(_shell, attrs = dict(_COMMON, cmd = attr.string()))
many = rule(_many, attrs = _COMMON)
"#;

const BUILD: &str = r#"
load("@gx//rules:host_toolchain.bzl", "host_toolchain")
load(":leaks.bzl", "many", "probe", "shell")

host_toolchain(name = "tools", programs = [
    "sh", "cat", "date", "find", "id", "mktemp", "nproc", "pwd", "stat", "touch", "uname",
])
many(name = "many")
probe(name = "leave", program = "probe", probe = "leave", srcs = ["leave.txt"])
"#;

/// Writes the workspace.
fn furnish(space: &TestSpace, probes: &Probes) {
    let mut build = BUILD.to_owned();
    let inputs = "glob(['in/**']) + [':many']";
    for leak in LEAKS {
        // What an action left is looked for by one that runs after it.
        let srcs = if leak.world == World::Leftovers { "[':leave']" } else { inputs };
        build += &match leak.program {
            Program::Dynamic(probe) => {
                format!("probe(name = '{}', program = 'probe', probe = '{probe}', srcs = {srcs})\n", leak.name)
            }
            Program::Static(probe) => {
                format!("probe(name = '{}', program = 'probe-static', probe = '{probe}', srcs = {srcs})\n", leak.name)
            }
            Program::Shell(cmd) => format!("shell(name = '{}', cmd = '{cmd}', srcs = {srcs})\n", leak.name),
        };
    }
    space.write("BUILD.gx", build);
    space.write("leaks.bzl", RULES);
    space.write("leave.txt", "no\n");
    for name in ["a", "zebra", "m", "7", "apple", "Q", "k2", "b", "y", "deep/one", "deep/two", "x", "c", "d", "e"] {
        space.write(format!("in/{name}.txt"), format!("{name}\n"));
    }
    for (name, program) in [("probe", &probes.dynamic), ("probe-static", &probes.full)] {
        std::fs::copy(program, space.path(name)).expect("a probe can be copied");
    }
}

/// Runs these leaks in one side of a world, at a level.
pub(crate) fn learn(
    probes: &Probes,
    leaks: &[&Leak],
    (world, side): (World, Side),
    planted: &Planted,
    level: Level,
) -> (Learned, TestSpace) {
    let space = world.space(side);
    furnish(&space, probes);
    let other = if side == Side::Second { world.touch(&space) } else { None };
    let mut arguments = vec!["build".to_owned(), "--json".to_owned(), format!("--determinism={}", level.name())];
    // One slot: what an action leaves there, the next one meets.
    arguments.extend((world == World::Leftovers).then(|| "-j1".to_owned()));
    arguments.extend(leaks.iter().map(|leak| format!("//:{}", leak.name)));
    let starter = world.starter(side, planted);
    let invocation = match other {
        Some(gx) => space.gx_at(&gx, &arguments),
        None => space.gx(&arguments),
    };
    let run = invocation.under(&starter).run();
    assert_eq!(run.code, Some(0), "{world:?}, {side:?}, {}: {}", level.name(), run.told());
    let read = |leak: &&Leak| {
        let path = space.path("gx-out").join(leak.name);
        (leak.name, std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    };
    (leaks.iter().map(read).collect(), space)
}

/// What a probe learns outside of gx, on this machine.
pub(crate) fn outside(probes: &Probes, leak: &Leak) -> Vec<u8> {
    let (Program::Dynamic(probe) | Program::Static(probe)) = leak.program else {
        panic!("{}: a command for the shell tells nothing of the machine outside", leak.name)
    };
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let out = folder.path().join("out");
    let status = Command::new(&probes.dynamic).arg(probe).arg(&out).status().expect("the probe can be run");
    assert!(status.success(), "{}", leak.name);
    std::fs::read(&out).expect("what was written can be read")
}

/// The names of all probes in the program.
pub(crate) fn names(probe: &Path) -> Vec<String> {
    let said = Command::new(probe).arg("--list").output().expect("the probe can be run");
    String::from_utf8_lossy(&said.stdout).lines().map(str::to_owned).collect()
}
