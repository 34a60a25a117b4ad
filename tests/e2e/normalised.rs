//! Level `normalised`: what programs rely on still holds, twice the same bytes come out, and ways round are closed.

use gx_tests::{TestSpace, repository_root, skipped};
use std::process::Command;

/// Compiles the program of checks into a workspace; `false` without a compiler.
fn semantics(space: &TestSpace) -> bool {
    let source = repository_root().join("tests/e2e/programs/semantics.c");
    let built = Command::new("cc")
        .args(["-O1", "-Wall", "-Wextra", "-static", "-o"])
        .arg(space.path("semantics"))
        .arg(source)
        .arg("-lpthread")
        .output();
    match built {
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

#[test]
fn programs_find_what_they_rely_on() {
    let space = TestSpace::new();
    space.write(
        "BUILD.gx",
        "genrule(name = 'checks', srcs = ['semantics'], outs = ['checks.txt'], determinism = 'normalised',\n\
         cmd = './$(location semantics) $@')\n",
    );
    if !semantics(&space) {
        return;
    }
    space.build(&["//:checks"]).ok();
    let text = std::fs::read_to_string(space.path("gx-out/checks.txt")).unwrap();
    assert!(text.lines().count() > 80, "{text}");
    let failed: Vec<&str> = text.lines().filter(|line| !line.starts_with("yes")).collect();
    assert_eq!(failed, [""; 0], "{text}");
}
