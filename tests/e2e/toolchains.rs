//! Toolchains and platforms as targets: chosen by a target or by the workspace, and part of every action's key.

use gx_tests::TestSpace;

/// A workspace with a toolchain of its own, of this machine's programs, whose runner says that it ran.
fn space() -> TestSpace {
    let space = TestSpace::new();
    space.write(
        "tools/BUILD.gx",
        "load('@gx//rules:host_toolchain.bzl', 'host_toolchain')\n\
         package(default_visibility = ['//visibility:public'])\n\
         host_toolchain(name = 'tree', compilers = ['g++', 'gcc'],\n\
         \x20   programs = ['ar', 'as', 'env', 'ld', 'sh', 'cat'])\n\
         platform(name = 'here', cpu = 'x86_64', runner = ['env', 'RUNNER=yes'])\n\
         toolchain(name = 'own', platform = ':here', trees = [':tree'],\n\
         \x20   tools = {'ar': 'ar', 'cc': 'gcc', 'cxx': 'g++'})\n\
         toolchain(name = 'no_cxx', platform = ':here', trees = [':tree'], tools = {'ar': 'ar', 'cc': 'gcc'})\n",
    );
    space.write(
        "BUILD.gx",
        "cc_library(name = 'half', srcs = ['half.c'], toolchain = '//tools:own')\n\
         cc_test(name = 'runs', srcs = ['main.c'], deps = [':half'], toolchain = '//tools:own')\n",
    );
    space.write("b.cc", "int b;\n");
    space.write("half.c", "int half(int n) { return n / 2; }\n");
    space.write(
        "main.c",
        "#include <stdlib.h>\n#include <string.h>\nint half(int n);\n\
         int main(void) { const char *r = getenv(\"RUNNER\"); return half(2) - 1 || !r || strcmp(r, \"yes\"); }\n",
    );
    space
}

#[test]
fn a_target_is_built_and_run_by_the_toolchain_it_names() {
    let space = space();
    space.test(&["//:runs"]).ok();
    space.test(&["//:runs"]).expect_run(0);
    // What a platform says of itself is part of every action that uses it.
    space.edit("tools/BUILD.gx", "cpu = 'x86_64'", "cpu = 'x86_64', abi = 'other'");
    let again = space.test(&["//:runs"]).ok();
    let compiled = again.finished().into_iter().filter(|it| it.mnemonic == "CcCompile" && it.result == "run").count();
    assert_eq!(compiled, 2, "{}", again.told());
}

#[test]
fn a_workspace_chooses_what_is_used_when_nothing_is_said() {
    let space = space();
    space.write("gx.toml", "[toolchains]\ncc = '//tools:own'\n");
    space.write(
        "BUILD.gx",
        "cc_library(name = 'half', srcs = ['half.c'])\ncc_test(name = 'runs', srcs = ['main.c'], deps = [':half'])\n",
    );
    space.test(&["//:runs"]).ok();
    space.write("gx.toml", "[toolchains]\nhost = '//tools:own'\n");
    space.write("BUILD.gx", "genrule(name = 'says', outs = ['says.txt'], cmd = 'cat /etc/gx/platform.json > $@')\n");
    let run = space.run(["build", "//:says"]);
    // The workspace's own tree has no bash: nothing else was put in its place.
    assert!(run.code == Some(1) && run.stderr.contains("/bin/bash"), "{}", run.told());
    space.edit("tools/BUILD.gx", "'env',", "'env', 'bash',");
    space.run(["build", "//:says"]).ok();
    assert!(space.read("gx-out/says.txt").contains("\"runner\":[\"env\",\"RUNNER=yes\"]"));
}

#[test]
fn toolchains_that_do_not_fit_are_refused() {
    let space = space();
    let refused = |build: &str| {
        space.write("BUILD.gx", build);
        let run = space.run(["build", "//..."]);
        assert_eq!(run.code, Some(4), "{}", run.told());
        run.redacted()
    };
    let said = [
        refused(
            "cc_library(name = 'half', srcs = ['half.c'])\ncc_binary(name = 'b', srcs = ['main.c'], deps = [':half'], toolchain = '//tools:own')\n",
        ),
        refused("cc_library(name = 'b', srcs = ['b.cc'], toolchain = '//tools:no_cxx')\n"),
        refused("cc_binary(name = 'b', srcs = ['main.c'], toolchain = '//tools:tree')\n"),
    ];
    insta::assert_snapshot!(said.join("\n"));
    space.write("gx.toml", "[toolchains]\nccc = '//tools:own'\n");
    let run = space.run(["build", "//..."]);
    assert!(run.code == Some(2) && run.stderr.contains("GX0103") || run.stderr.contains("gx.toml:2"), "{}", run.told());
}
