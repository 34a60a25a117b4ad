//! Files that are none, or not where they belong: nothing hangs, and each is named.

use gx_tests::{Run, TestSpace, is_root, skipped};
use std::fs::File;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::process::Command;

fn pipe(space: &TestSpace, path: &str) {
    assert!(Command::new("mkfifo").arg(space.path(path)).status().unwrap().success());
}

/// A run that is ended when it hangs; then it has no exit code that is expected.
fn build(space: &TestSpace) -> Run {
    let run = space.gx(["build", "//:all"]).command();
    let mut command = Command::new("timeout");
    command.args(["-s", "KILL", "60"]).arg(run.get_program()).args(run.get_args());
    command.env_clear().current_dir(space.root());
    for (name, value) in run.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    space.finish(command)
}

#[test]
fn what_is_read_as_text_must_be_a_file() {
    let load = "load(':m.bzl', 'x')\n";
    let space = TestSpace::new();
    space.write("BUILD.gx", load);
    pipe(&space, "m.bzl");
    insta::assert_snapshot!("bzl_pipe", build(&space).expect(4).redacted());
    space.remove("m.bzl");
    symlink("/dev/zero", space.path("m.bzl")).unwrap();
    build(&space).expect(4).expect_text("GX0119");
    space.remove("m.bzl");
    File::create(space.path("m.bzl")).unwrap().set_len(65 << 20).unwrap();
    insta::assert_snapshot!("bzl_large", build(&space).expect(4).redacted());
    space.remove("m.bzl");
    std::fs::create_dir(space.path("m.bzl")).unwrap();
    build(&space).expect(4).expect_text("GX0106");

    space.remove("BUILD.gx");
    pipe(&space, "BUILD.gx");
    build(&space).expect(4).expect_text("GX0112");
    space.remove("BUILD.gx");
    std::fs::create_dir(space.path("BUILD.gx")).unwrap();
    build(&space).expect(4).expect_text("GX0112");
}

#[test]
fn the_workspace_file_must_be_one_of_reasonable_size() {
    let space = TestSpace::new();
    space.write("BUILD.gx", "");
    File::create(space.path("gx.toml")).unwrap().set_len(1 << 30).unwrap();
    insta::assert_snapshot!("toml_large", build(&space).expect(4).redacted());
    space.remove("gx.toml");
    pipe(&space, "gx.toml");
    build(&space).expect(4).expect_text("GX0102");
    space.remove("gx.toml");
    std::fs::create_dir(space.path("gx.toml")).unwrap();
    insta::assert_snapshot!("toml_folder", build(&space).expect(4).redacted());
}

#[test]
fn sources_must_be_files_or_folders() {
    let space = TestSpace::new();
    space.write("BUILD.gx", "filegroup(name = 'g', srcs = ['s'])\n");
    let _socket = UnixListener::bind(space.path("s")).unwrap();
    build(&space).expect(4).expect_text("GX0119");
    space.remove("s");
    symlink("/dev/zero", space.path("s")).unwrap();
    build(&space).expect(4).expect_text("GX0119");
    space.remove("s");
    std::fs::create_dir(space.path("s")).unwrap();
    pipe(&space, "s/pipe");
    build(&space).expect(4).expect_text("GX0119");
}

#[test]
fn outputs_stay_in_their_package() {
    let space = TestSpace::new();
    space.write("sub/BUILD.gx", "filegroup(name = 'h')\n");
    space.write("BUILD.gx", "genrule(name = 'g', outs = ['sub/x'], cmd = 'touch $@')\n");
    insta::assert_snapshot!("output_in_package", build(&space).expect(4).redacted());
    space.write("BUILD.gx", "genrule(name = 'g', outs = ['BUILD.gx'], cmd = 'touch $@')\n");
    insta::assert_snapshot!("output_build_file", build(&space).expect(4).redacted());
}

/// As in Bazel, what a target makes comes before a source of the same name.
#[test]
fn an_output_hides_a_source_of_its_name() {
    let space = TestSpace::new();
    space.write("s.txt", "source\n");
    space.write(
        "BUILD.gx",
        "genrule(name = 'g', outs = ['s.txt'], cmd = 'echo made > $@')\n\
         genrule(name = 'h', srcs = ['s.txt'], outs = ['t.txt'], cmd = 'cp $< $@')\n",
    );
    build(&space).ok();
    assert_eq!((space.read("s.txt").as_str(), space.read("gx-out/t.txt").as_str()), ("source\n", "made\n"));
}

#[test]
fn names_with_spaces_are_names() {
    let space = TestSpace::new();
    space.write("my main.c", "int main(void) { return 0; }\n");
    space.write(
        "BUILD.gx",
        "cc_binary(name = 'my program', srcs = ['my main.c'])\n\
         genrule(name = 'g', srcs = ['my main.c'], outs = ['a copy.c'], cmd = 'cp \"$<\" \"$@\"')\n",
    );
    build(&space).ok();
    assert_eq!(space.read("gx-out/a copy.c"), space.read("my main.c"));
    space.run(["run", "//:my program"]).ok();
}

#[test]
fn names_do_nothing_to_a_terminal() {
    let space = TestSpace::new();
    for (name, text) in [
        ("control_target", "filegroup(name = 'a\\033[31mb\\nc')\n"),
        ("control_output", "genrule(name = 'g', outs = ['a\\033[31mb'], cmd = 'touch $@')\n"),
        ("control_source", "filegroup(name = 'g', srcs = ['a\\033[31mb\\nerror[GX0000]: c'])\n"),
        ("control_label", "filegroup(name = 'g', srcs = ['//a\\033[31m:b:c'])\n"),
        ("control_message", "fail('a\\033[31mb\\nerror[GX0000]: c')\n"),
    ] {
        space.write("BUILD.gx", text);
        let run = build(&space).expect(4);
        assert!(!run.stderr.contains('\x1b'), "{name}: {}", run.told());
        insta::assert_snapshot!(name, run.redacted());
    }
    space.write("BUILD.gx", "filegroup(name = 'g', srcs = glob(['*.txt']))\nprint('a\\033[31mb')\n");
    space.write("a\x1b[31m\nb.txt", "");
    let run = space.run(["query", "deps(//:g)"]).ok();
    assert_eq!(run.stdout, "//:a\\u{1b}[31m\\nb.txt\n//:g\n");
    assert!(!build(&space).ok().stderr.contains('\x1b'));
}

#[test]
fn a_folder_of_outputs_that_cannot_be_written_is_named() {
    if is_root() {
        return skipped("root writes everywhere");
    }
    let space = TestSpace::new();
    space.write("BUILD.gx", "genrule(name = 'g', outs = ['x'], cmd = 'echo 1 > $@')\n");
    std::fs::create_dir(space.path("gx-out")).unwrap();
    space.set_mode("gx-out", 0o555);
    let run = build(&space).expect(2);
    space.set_mode("gx-out", 0o755);
    insta::assert_snapshot!("out_not_writable", run.redacted());
    build(&space).expect(0).expect_text("0 run");
}
