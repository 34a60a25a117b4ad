//! What people get wrong in a workspace: each has its code, its place and its hint.

use gx_tests::{Run, TestSpace, is_root, skipped};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

fn workspace(files: &[(&str, &str)]) -> TestSpace {
    let space = TestSpace::new();
    for (path, text) in files {
        space.write(path, text);
    }
    space
}

fn build(files: &[(&str, &str)]) -> Run {
    workspace(files).run(["build", "//..."])
}

#[test]
fn faults_in_build_files() {
    for (name, text) in [
        ("syntax", "genrule(name = 'g'\n"),
        ("type", "genrule(name = 'g', outs = 'x', cmd = 'true')\n"),
        ("unknown_rule", "genrul(name = 'g')\n"),
        ("unknown_attribute", "genrule(name = 'g', out = ['x'], cmd = 'true')\n"),
        ("missing_attribute", "genrule(name = 'g', outs = ['x'])\n"),
        ("name_twice", "filegroup(name = 'g')\nfilegroup(name = 'g')\n"),
        ("fail", "fail('on purpose: %s' % 3)\n"),
        ("load_missing", "load('//:no.bzl', 'x')\n"),
        ("load_symbol", "load('@gx//rules:cc.bzl', 'cc_libary')\n"),
        ("no_file", "filegroup(name = 'g', srcs = ['no.txt'])\n"),
        ("no_target", "filegroup(name = 'good', srcs = [':goof'])\nfilegroup(name = 'goo')\n"),
        ("no_package", "filegroup(name = 'g', srcs = ['//not/there'])\n"),
        ("no_repository", "filegroup(name = 'g', srcs = ['@lau//:x'])\n"),
        ("bad_label", "filegroup(name = 'g', srcs = ['//a/../b:c'])\n"),
        ("escaping", "filegroup(name = 'g', srcs = ['../outside.txt'])\n"),
        ("absolute", "filegroup(name = 'g', srcs = ['/etc/passwd'])\n"),
        ("escaping_output", "genrule(name = 'g', outs = ['../x'], cmd = 'touch $@')\n"),
        (
            "cycle",
            "filegroup(name = 'a', srcs = [':b'])\nfilegroup(name = 'b', srcs = [':c'])\n\
             filegroup(name = 'c', srcs = [':a'])\n",
        ),
    ] {
        let run = build(&[("BUILD.gx", text)]);
        assert_eq!(run.code, Some(4), "{name}: {}", run.told());
        insta::assert_snapshot!(name, run.redacted());
    }
}

#[test]
fn visibility_is_enforced() {
    let run = build(&[
        ("a/BUILD.gx", "filegroup(name = 'secret')\nfilegroup(name = 'ok', visibility = ['//b:__pkg__'])\n"),
        ("b/BUILD.gx", "filegroup(name = 'b', srcs = ['//a:ok', '//a:secret'])\n"),
    ]);
    assert_eq!(run.code, Some(4), "{}", run.told());
    insta::assert_snapshot!("visibility", run.redacted());
}

#[test]
fn one_output_of_two_targets_names_both() {
    let run = build(&[(
        "BUILD.gx",
        "genrule(name = 'first', outs = ['x'], cmd = 'touch $@')\n\
         genrule(name = 'second', outs = ['x'], cmd = 'touch $@')\n",
    )]);
    assert_eq!(run.code, Some(4), "{}", run.told());
    assert!(run.stderr.contains("first") && run.stderr.contains("second"), "{}", run.told());
    insta::assert_snapshot!("output_twice", run.redacted());
}

#[test]
fn patterns_and_flags_that_mean_nothing() {
    let space = workspace(&[("p/BUILD.gx", "filegroup(name = 'target')\n")]);
    for (name, arguments) in [
        ("pattern_package", vec!["build", "//q:target"]),
        ("pattern_target", vec!["build", "//p:tarket"]),
        ("pattern_label", vec!["build", "//p::x"]),
        ("pattern_repository", vec!["build", "@none//:x"]),
        ("flag", vec!["build", "--keep-goin", "//p:target"]),
        ("run_of_no_program", vec!["run", "//p:target"]),
    ] {
        let run = space.run(arguments);
        assert_ne!(run.code, Some(0), "{name}: {}", run.told());
        insta::assert_snapshot!(name, run.redacted());
    }
}

#[test]
fn faults_in_gx_toml() {
    let space = TestSpace::new();
    space.write("gx.toml", "[build]\njbos = 3\n");
    space.run(["build", "//..."]).expect(4).expect_text("jobs");
    std::fs::remove_file(space.path("gx.toml")).unwrap();
    space.run(["build", "//..."]).expect(4).expect_text("gx init");
}

#[test]
fn names_that_are_not_utf8_are_refused() {
    let space = workspace(&[("BUILD.gx", "filegroup(name = 'g', srcs = glob(['**']))\n")]);
    let name = OsStr::from_bytes(b"bad\xff.txt");
    std::fs::write(space.root().join(name), "x").unwrap();
    let run = space.run(["build", "//..."]).expect(4);
    assert!(run.stderr.contains("GX0114"), "{}", run.told());
    insta::assert_snapshot!("not_utf8", run.redacted());
}

#[test]
fn names_with_newlines_are_names() {
    let space = workspace(&[(
        "BUILD.gx",
        "genrule(name = 'g', srcs = glob(['*.txt']), outs = ['x'], cmd = 'cat *.txt > $@')\n",
    )]);
    space.write("two\nlines.txt", "content\n");
    space.build(&["//:g"]).ok();
    assert_eq!(space.read("gx-out/x"), "content\n");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    if is_root() {
        return skipped("root reads every file");
    }
    let space = workspace(&[("BUILD.gx", "filegroup(name = 'g', srcs = ['secret.txt'])\n"), ("secret.txt", "x")]);
    space.set_mode("secret.txt", 0);
    space.run(["build", "//..."]).expect(4).expect_text("secret.txt");
}

#[test]
fn a_file_that_vanishes_is_named_and_its_return_is_noticed() {
    let space = workspace(&[
        ("BUILD.gx", "genrule(name = 'g', srcs = ['a.txt'], outs = ['x'], cmd = 'cp $< $@')\n"),
        ("a.txt", "a"),
    ]);
    space.build(&["//:g"]).ok();
    space.remove("a.txt");
    space.run(["build", "//:g"]).expect(4).expect_text("a.txt");
    space.write("a.txt", "a");
    space.build(&["//:g"]).expect_run(0);
}

#[test]
fn symlinks_are_followed_inside_and_refused_outside_and_in_circles() {
    let space = workspace(&[
        ("BUILD.gx", "genrule(name = 'g', srcs = ['link.txt'], outs = ['x'], cmd = 'cat $< > $@')\n"),
        ("real.txt", "real\n"),
    ]);
    std::os::unix::fs::symlink("real.txt", space.path("link.txt")).unwrap();
    space.build(&["//:g"]).ok();
    assert_eq!(space.read("gx-out/x"), "real\n");

    space.remove("link.txt");
    std::os::unix::fs::symlink("link.txt", space.path("link.txt")).unwrap();
    space.run(["build", "//:g"]).expect(4).expect_text("link.txt");

    space.remove("link.txt");
    std::os::unix::fs::symlink("../../../../../etc/hostname", space.path("link.txt")).unwrap();
    space.run(["build", "//:g"]).expect(4).expect_text("link.txt");
}

#[test]
fn a_circle_of_folders_does_not_hang_a_glob() {
    let space = workspace(&[("BUILD.gx", "filegroup(name = 'g', srcs = glob(['**/*.txt']))\n"), ("d/a.txt", "a")]);
    std::os::unix::fs::symlink(".", space.path("d/loop")).unwrap();
    let run = space.run(["build", "//..."]);
    assert!(matches!(run.code, Some(0 | 4)), "{}", run.told());
}

#[test]
fn a_device_is_no_input() {
    let space = workspace(&[("BUILD.gx", "filegroup(name = 'g', srcs = ['pipe'])\n")]);
    let made = std::process::Command::new("mkfifo").arg(space.path("pipe")).status().unwrap();
    assert!(made.success());
    space.run(["build", "//..."]).expect(4).expect_text("pipe");
}

#[test]
fn every_code_that_is_printed_can_be_explained() {
    let space = TestSpace::new();
    space.run(["explain", "GX0307"]).ok().expect_text("undeclared input");
    space.run(["explain", "GX9999"]).expect(2);
}

#[test]
fn a_folder_of_outputs_that_is_none_is_refused() {
    let rule = "genrule(name = 'g', outs = ['x'], cmd = 'echo 1 > $@')\n";
    for (name, kind) in [("link", "symlink"), ("file", "file")] {
        let space = workspace(&[("gx.toml", ""), ("BUILD.gx", rule)]);
        let outside = tempfile::tempdir().unwrap();
        let place = space.path("gx-out");
        if kind == "symlink" {
            std::os::unix::fs::symlink(outside.path(), &place).unwrap();
        } else {
            std::fs::write(&place, "mine").unwrap();
        }
        let run = space.run(["build", "//..."]);
        assert_ne!(run.code, Some(0), "{name}: {}", run.stderr);
        assert!(run.stderr.contains("GX0804") && run.stderr.contains("move 'gx-out' away"), "{name}: {}", run.stderr);
        assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0, "{name}: written outside");
        if kind == "file" {
            assert_eq!(std::fs::read_to_string(&place).unwrap(), "mine");
        }
    }
}
