//! What an error advises: each names the thing that is wrong and what to do about it.

use gx_tests::TestSpace;

fn failing(build: &str) -> TestSpace {
    let space = TestSpace::new();
    space.write("BUILD.gx", build);
    space
}

#[test]
fn a_program_that_the_toolchain_lacks() {
    let space = failing("genrule(name = 'g', outs = ['o'], cmd = 'no-such-program | cat > $@')\n");
    insta::assert_snapshot!(space.run(["build", "//:g"]).expect(1).redacted());
    space.write("BUILD.gx", "genrule(name = 'g', outs = ['o'], cmd = 'no-such-program > $@')\n");
    space.run(["build", "//:g"]).expect(1).expect_text("has no 'no-such-program'");
}

#[test]
fn a_script_that_is_not_executable() {
    let space = failing("genrule(name = 'g', srcs = ['gen.sh'], outs = ['o'], cmd = './gen.sh > $@; exit $$?')\n");
    space.write("gen.sh", "#!/bin/sh\necho x\n");
    insta::assert_snapshot!(space.run(["build", "//:g"]).expect(1).redacted());
    space.write("BUILD.gx", "genrule(name = 'g', srcs = ['gen.sh'], outs = ['o'], cmd = './gen.sh > $@')\n");
    space.run(["build", "//:g"]).expect(1).expect_text("chmod +x");
    space.set_mode("gen.sh", 0o755);
    space.run(["build", "//:g"]).ok();
}

#[test]
fn a_header_that_another_target_makes() {
    let space = failing(
        "genrule(name = 'gen', outs = ['made.h'], cmd = 'echo > $@')\n\
         cc_library(name = 'a', srcs = ['a.c'])\n",
    );
    space.write("a.c", "#include \"made.h\"\n");
    insta::assert_snapshot!("made_in_this_build", space.run(["build", "//:gen", "//:a"]).expect(1).redacted());
    space.run(["build", "//:gen"]).ok();
    insta::assert_snapshot!("made_before", space.run(["build", "--retry", "//:a"]).expect(1).redacted());
}

#[test]
fn a_repository_that_cannot_be_had() {
    let space = failing("filegroup(name = 'f', srcs = ['@z//:x'])\n");
    let sha256 = "0".repeat(64);
    let archive = format!("kind = 'http_archive'\nurl = 'file:///nowhere/z.tar.gz'\nsha256 = '{sha256}'\n");
    space.write("gx.toml", format!("\n[repositories.z]\n{archive}"));
    insta::assert_snapshot!(space.run(["build", "//:f"]).expect(1).redacted());
}

#[test]
fn a_package_that_is_not_there_has_no_log() {
    let space = failing("filegroup(name = 'f')\n");
    insta::assert_snapshot!(space.run(["log", "//nope"]).expect(4).redacted());
    space.run(["log", "//:f"]).expect_text("gx build //:f");
}

#[test]
fn a_workspace_is_made_where_files_are() {
    let space = TestSpace::new();
    space.remove("gx.toml");
    space.write("a.c", "");
    insta::assert_snapshot!(space.run(["init"]).ok().redacted());
    assert!(!space.exists("BUILD.gx") && space.exists("gx.toml"));
}

/// Once for each action, and the same when the failure is remembered.
#[test]
fn what_a_failed_action_did_not_declare_is_told_each_time() {
    let space = failing(
        "genrule(name = 'a', outs = ['a1'], cmd = 'touch out/x')\n\
         genrule(name = 'b', outs = ['b1'], cmd = 'touch out/y')\n",
    );
    for _ in 0..2 {
        let run = space.run(["build", "-k", "//..."]).expect(1);
        for stray in ["out/x", "out/y"] {
            let told = run.stderr.lines().filter(|line| line.contains(stray) && !line.contains("command:")).count();
            assert_eq!(told, 1, "{}", run.told());
        }
    }
}
