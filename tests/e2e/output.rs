//! Standard output that nobody takes: a full disk is an error, a reader that left is not.

use gx_tests::TestSpace;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::{Output, Stdio};

fn space() -> TestSpace {
    let space = TestSpace::new();
    space.write("BUILD.gx", "genrule(name = 'g', outs = ['x'], cmd = 'echo told >&2; echo hi > $@')\n");
    space
}

/// Runs gx with a standard output that is always full.
fn into_full(space: &TestSpace, arguments: &[&str]) -> Output {
    let full = File::options().write(true).open("/dev/full").unwrap();
    space.gx(arguments).command().stdout(Stdio::from(full)).stderr(Stdio::piped()).output().unwrap()
}

#[test]
fn an_answer_that_cannot_be_written_is_an_error() {
    let space = space();
    space.build(&["//:g"]).ok();
    for arguments in [
        vec!["query", "//..."],
        vec!["query", "--json", "//..."],
        vec!["build", "//:g"],
        vec!["build", "--json", "//:g"],
        vec!["log", "//:g"],
        vec!["why", "//:g"],
        vec!["store", "du"],
        vec!["store", "du", "--json"],
        vec!["store", "roots"],
        vec!["store", "ls"],
        vec!["store", "verify"],
        vec!["daemon", "status"],
        vec!["completion", "bash"],
        vec!["explain", "GX0101"],
        vec!["doctor"],
        vec!["version"],
        vec!["help"],
        vec!["build", "--help"],
        vec!["--version"],
    ] {
        let output = into_full(&space, &arguments);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {told}");
        assert!(told.contains("GX0808"), "{arguments:?}: {told}");
    }
}

#[test]
fn what_was_built_is_kept_when_its_telling_fails() {
    let space = space();
    assert_eq!(into_full(&space, &["build", "//:g"]).status.code(), Some(2));
    assert_eq!(space.read("gx-out/x"), "hi\n");
    space.build(&["//:g"]).expect_run(0);
}

#[test]
fn a_reader_that_leaves_ends_it_quietly() {
    let space = space();
    let mut text = String::new();
    for i in 0..3000 {
        text.push_str(&format!("filegroup(name = 'a_rather_long_name_of_a_target_{i}')\n"));
    }
    space.write("p/BUILD.gx", text);
    for arguments in [vec!["query", "//..."], vec!["query", "--json", "//..."], vec!["completion", "bash"]] {
        let mut command = space.gx(&arguments).command();
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = String::new();
        BufReader::with_capacity(16, child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(!first.is_empty());
    }
}
