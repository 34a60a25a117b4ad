//! Rules that a workspace brings itself, in Bazel's Starlark.

use gx_tests::{TestSpace, repository_root};

fn space(bzl: &str, build: &str) -> TestSpace {
    let space = TestSpace::new();
    space.write("rules/defs.bzl", bzl);
    space.write("p/BUILD.gx", build);
    space.write("p/a.txt", "apple\n");
    space.write("p/b.txt", "banana\n");
    space
}

#[test]
fn the_rule_of_the_guide_works() {
    let guide = std::fs::read_to_string(repository_root().join("docs/guide.md")).unwrap();
    let block = guide.split("```python\n").find(|block| block.starts_with("# upper.bzl")).unwrap();
    let space = space(
        block.split("```").next().unwrap(),
        "load('//rules:defs.bzl', 'upper')\nupper(name = 'up', src = 'a.txt')\n",
    );
    space.build(&["//p:up"]).ok();
    assert_eq!(space.read("gx-out/p/up.txt"), "APPLE\n");
}

#[test]
fn providers_and_depsets_go_through_the_graph() {
    let space = space(
        r#"
FruitInfo = provider(doc = "Fruit.", fields = {"files": "all", "names": "of rules"})

def _fruit_impl(ctx):
    infos = [dep[FruitInfo] for dep in ctx.attr.deps]
    files = depset(ctx.files.srcs, transitive = [info.files for info in infos], order = "postorder")
    names = depset([ctx.label.name], transitive = [info.names for info in infos], order = "postorder")
    out = ctx.actions.declare_file(ctx.label.name + ".list")
    args = ctx.actions.args()
    args.add(out)
    args.add_all(names, format_each = "name=%s")
    args.add_joined("--files", files, join_with = ":")
    args.use_param_file("@%s", use_always = True)
    args.set_param_file_format("multiline")
    ctx.actions.run_shell(
        outputs = [out],
        inputs = files,
        arguments = [args],
        command = "params=${1#@}; tail -n +2 $params > $(head -n 1 $params)",
        mnemonic = "Fruit",
    )
    return [DefaultInfo(files = depset([out])), FruitInfo(files = files, names = names)]

fruit = rule(
    implementation = _fruit_impl,
    attrs = {"srcs": attr.label_list(allow_files = [".txt"]), "deps": attr.label_list(providers = [FruitInfo])},
)
"#,
        "load('//rules:defs.bzl', 'fruit')\nfruit(name = 'one', srcs = ['a.txt'])\n\
         fruit(name = 'two', srcs = ['b.txt'], deps = [':one'])\nfruit(name = 'three', deps = [':two', ':one'])\n",
    );
    space.build(&["//p:three"]).ok();
    assert_eq!(space.read("gx-out/p/three.list"), "name=one\nname=two\nname=three\n--files\np/a.txt:p/b.txt\n");
}

#[test]
fn every_kind_of_action() {
    let space = space(
        r##"
def _impl(ctx):
    folder = ctx.actions.declare_directory(ctx.label.name + "_dir")
    ctx.actions.run_shell(
        outputs = [folder],
        command = "mkdir -p $1/sub && echo in > $1/sub/file",
        arguments = [folder.path],
    )
    written = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(written, "#!/bin/sh\necho $GREETING $1 > $2\n", is_executable = True)
    ran = ctx.actions.declare_file("ran.txt", sibling = written)
    ctx.actions.run(
        outputs = [ran],
        executable = written,
        arguments = ["there", ran.path],
        env = {"GREETING": "hello"},
    )
    link = ctx.actions.declare_file(ctx.label.name + ".link")
    ctx.actions.symlink(output = link, target_file = ran)
    last = ctx.actions.declare_file(ctx.label.name + ".last")
    ctx.actions.run_shell(
        outputs = [last],
        inputs = [folder, link, ctx.file.extra],
        command = "cat %s/sub/file %s %s > %s" % (folder.path, link.path, ctx.file.extra.path, last.path),
    )
    return [DefaultInfo(files = depset([last, folder]))]

everything = rule(
    implementation = _impl,
    attrs = {"extra": attr.label(allow_single_file = True, default = "//p:a.txt")},
)
"##,
        "load('//rules:defs.bzl', 'everything')\nexports_files(['a.txt'])\neverything(name = 'all_of_it')\n",
    );
    space.build(&["//p:all_of_it"]).ok();
    assert_eq!(space.read("gx-out/p/all_of_it.last"), "in\nhello there\napple\n");
    assert_eq!(space.read("gx-out/p/all_of_it_dir/sub/file"), "in\n");
}

#[test]
fn macros_make_targets() {
    let space = space(
        r#"
def pair(name, text):
    for number in [1, 2]:
        native.genrule(
            name = "%s_%d" % (name, number),
            outs = ["%s_%d.txt" % (name, number)],
            cmd = "echo %s %d > $@" % (text, number),
        )
    native.filegroup(name = name, srcs = [":%s_1" % name, ":%s_2" % name])
"#,
        "load('//rules:defs.bzl', 'pair')\npair(name = 'x', text = 'hi')\n",
    );
    space.build(&["//p:x"]).ok();
    assert_eq!(space.read("gx-out/p/x_2.txt"), "hi 2\n");
}

#[test]
fn a_changed_rule_is_a_changed_build() {
    let space = space(
        "def make(name, word):\n    native.genrule(name = name, outs = [name + '.txt'],\n\
         cmd = 'echo %s one > $@' % word)\n",
        "load('//rules:defs.bzl', 'make')\nmake(name = 'm', word = 'w')\n",
    );
    space.build(&["//p:m"]).ok();
    space.edit("rules/defs.bzl", "one", "two");
    space.build(&["//p:m"]).expect_run(1);
    assert_eq!(space.read("gx-out/p/m.txt"), "w two\n");
}

#[test]
fn faults_in_rules() {
    for (name, body) in [
        ("rule_fails", "    fail('the reason')\n"),
        (
            "rule_makes_nothing",
            "    ctx.actions.declare_file('orphan.txt')\n\
             \x20   return [DefaultInfo(files = depset([ctx.actions.declare_file('x')]))]\n",
        ),
        ("rule_wrong_attribute", "    return [DefaultInfo(files = depset(ctx.files.scrs))]\n"),
        ("rule_wrong_return", "    return 3\n"),
    ] {
        let space = space(
            &format!(
                "def _impl(ctx):\n{body}\n\
                 broken = rule(implementation = _impl, attrs = {{'srcs': attr.label_list()}})\n"
            ),
            "load('//rules:defs.bzl', 'broken')\nbroken(name = 'b')\n",
        );
        let run = space.run(["build", "//p:b"]).expect(4);
        insta::assert_snapshot!(name, run.redacted());
    }
}

#[test]
fn a_glob_sees_new_files() {
    let space = space(
        "",
        "genrule(name = 'g', srcs = glob(['*.txt'], exclude = ['b*']), outs = ['x'], cmd = 'cat $(SRCS) > $@')\n",
    );
    space.build(&["//p:g"]).ok();
    assert_eq!(space.read("gx-out/p/x"), "apple\n");
    space.write("p/c.txt", "cherry\n");
    space.build(&["//p:g"]).expect_run(1);
    assert_eq!(space.read("gx-out/p/x"), "apple\ncherry\n");
    space.write("p/b2.txt", "excluded\n");
    space.build(&["//p:g"]).expect_run(0);
    space.remove("p/a.txt");
    space.build(&["//p:g"]).expect_run(1);
    assert_eq!(space.read("gx-out/p/x"), "cherry\n");
}

#[test]
fn build_bazel_files_are_read_and_sub_packages_bound_globs() {
    let space = TestSpace::new();
    space.write(
        "BUILD.bazel",
        "genrule(name = 'g', srcs = glob(['**/*.txt']), outs = ['x'], cmd = 'cat $(SRCS) > $@')\n",
    );
    space.write("d/a.txt", "a\n");
    space.write("sub/BUILD", "exports_files(['b.txt'])\n");
    space.write("sub/b.txt", "b\n");
    space.build(&["//:g"]).ok();
    assert_eq!(space.read("gx-out/x"), "a\n");
}

#[test]
fn a_program_of_the_root_package_is_not_looked_up_in_the_path() {
    let space = TestSpace::new();
    space.write(
        "defs.bzl",
        "def _run(ctx):\n    out = ctx.actions.declare_file(ctx.label.name)\n    \
         ctx.actions.run(outputs = [out], executable = ctx.executable.tool, arguments = [out.path])\n    \
         return [DefaultInfo(files = depset([out]))]\n\
         run = rule(_run, attrs = {'tool': attr.label(executable = True, cfg = 'exec', allow_files = True)})\n",
    );
    space.write("BUILD.gx", "load(':defs.bzl', 'run')\nrun(name = 'made', tool = 'cat')\n");
    // Its name is that of a program in PATH.
    space.write_script("cat", "#!/bin/sh\necho own > $1\n");
    space.build(&["//:made"]).ok();
    assert_eq!(space.read("gx-out/made"), "own\n");
}
