//! Level `strict`: a race has one winner, every wait ends, and where it cannot be held it is refused.

use gx_tests::{TestSpace, repository_root, skipped, strict_is_held};
use std::process::Command;

/// Compiles a program into a workspace; `false` without a compiler.
pub(crate) fn compile(space: &TestSpace, name: &str) -> bool {
    let source = repository_root().join(format!("tests/e2e/programs/{name}.c"));
    let mut compiler = Command::new("cc");
    compiler.args(["-O1", "-Wall", "-Wextra", "-static", "-o"]).arg(space.path(name)).arg(source).arg("-lpthread");
    match compiler.output() {
        Ok(built) => {
            assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
            true
        }
        Err(error) => {
            skipped(&format!("there is no C compiler: {error}"));
            false
        }
    }
}

/// A workspace with a program and so many targets that run it; `None` where that cannot be.
fn space(program: &str, count: usize) -> Option<TestSpace> {
    if !strict_is_held() {
        skipped("level 'strict' cannot be held here");
        return None;
    }
    let space = TestSpace::new();
    let target = |number| {
        format!(
            "genrule(name = 't{number}', srcs = ['{program}'], outs = ['{number}.txt'], determinism = 'strict',\n\
             cmd = ': {number}; ./$(location {program}) $@')\n"
        )
    };
    space.write("BUILD.gx", (0..count).map(target).collect::<String>());
    compile(&space, program).then_some(space)
}

#[test]
fn a_race_has_one_winner() {
    const RUNS: usize = 20;
    let Some(space) = space("race", RUNS) else { return };
    space.build(&["//..."]).ok();
    let all: Vec<Vec<u8>> =
        (0..RUNS).map(|run| std::fs::read(space.path(format!("gx-out/{run}.txt"))).unwrap()).collect();
    let (first, others) = all.split_first().unwrap();
    // It is a race: increments are lost, and nobody goes first all the time.
    let text = String::from_utf8_lossy(first);
    let lost = text.lines().find_map(|line| line.strip_suffix(" of 12000")?.parse::<u32>().ok());
    assert!(lost.is_some_and(|kept| kept < 12_000), "{lost:?}");
    let turns = text.lines().zip(text.lines().skip(1)).filter(|(one, next)| one != next).count();
    assert!(turns > 20, "{turns}");
    for (run, other) in others.iter().enumerate() {
        assert!(first == other, "run {} came to another end than run 0", run + 1);
    }
}

#[test]
fn every_wait_ends() {
    let Some(space) = space("waits", 2) else { return };
    space.build(&["//..."]).ok();
    let [one, other] = [0, 1].map(|run| space.read(format!("gx-out/{run}.txt")));
    let failed: Vec<&str> = one.lines().filter(|line| line.starts_with("NO")).collect();
    assert_eq!(failed, [""; 0], "{one}");
    assert!(one.lines().count() > 50, "{one}");
    assert_eq!(one, other);
}

#[test]
fn where_nobody_may_trace_it_is_refused_and_what_is_known_is_taken() {
    let Some(space) = space("race", 2) else { return };
    if !compile(&space, "without_tracing") {
        return;
    }
    space.build(&["//:t0"]).ok();
    space.run(["daemon", "stop"]).ok();
    let launcher = space.path("without_tracing");
    let confined = |arguments: &[&str]| space.gx(arguments).under(&[&launcher]).run();
    confined(&["build", "--json", "//:t0"]).ok().expect_run(0);
    let run = confined(&["build", "--json", "//:t1"]);
    assert_ne!(run.code, Some(0), "{}", run.told());
    assert_eq!(run.error_codes(), ["GX0401"], "{}", run.told());
    run.expect_text("level 'strict' cannot be held here").expect_text("--determinism=normalised");
    assert!(!space.exists("gx-out/1.txt"));
    confined(&["doctor"]).ok().expect_text("levels up to 'normalised'").expect_text("tracing a program");
    space.run(["daemon", "stop"]).ok();
}
