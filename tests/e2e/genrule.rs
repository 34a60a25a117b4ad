//! genrule, filegroup and write_file: what `$(...)` means, and what comes out.

use gx_tests::TestSpace;

fn space(build: &str) -> TestSpace {
    let space = TestSpace::new();
    space.write("p/BUILD.gx", build);
    space.write("p/a.txt", "a\n");
    space.write("p/b.txt", "b\n");
    space.write_script("p/tool.sh", "#!/bin/sh\necho \"tool $1\"\n");
    space
}

#[test]
fn make_variables_and_locations() {
    let space = space(
        r#"
filegroup(name = "both", srcs = ["a.txt", "b.txt"])
genrule(
    name = "g",
    srcs = ["a.txt", ":both"],
    outs = ["one.out", "sub/two.out"],
    tools = ["tool.sh"],
    cmd = "\n".join([
        "echo SRCS=$(SRCS) > $(location one.out)",
        "echo OUTS=$(OUTS) >> $(location one.out)",
        "echo RULEDIR=$(RULEDIR) D=$(@D) BIN=$(BINDIR) GEN=$(GENDIR) >> $(execpath one.out)",
        "echo one=$(location a.txt) all=$(locations :both) root=$(rootpath :one.out) >> $(location :one.out)",
        "x=5; echo dollar=$$x $$(echo sub) >> $(location //p:one.out)",
        "$(location tool.sh) ran >> $(location one.out)",
        "cp $(location one.out) $(location sub/two.out)",
    ]),
)
genrule(name = "one", srcs = ["a.txt"], outs = ["deep/one.txt"], cmd = "cat $< > $@; echo $(@D) >> $@")
"#,
    );
    space.build(&["//p:all"]).ok();
    let text = space.read("gx-out/p/sub/two.out");
    assert_eq!(
        text,
        "SRCS=p/a.txt p/b.txt\n\
         OUTS=out/p/one.out out/p/sub/two.out\n\
         RULEDIR=out/p D=out/p BIN=out GEN=out\n\
         one=p/a.txt all=p/a.txt p/b.txt root=p/one.out\n\
         dollar=5 sub\n\
         tool ran\n"
    );
    assert_eq!(space.read("gx-out/p/deep/one.txt"), "a\nout/p/deep\n");
}

#[test]
fn what_is_not_known_stops_the_build() {
    for (cmd, expected) in [
        ("echo $(nonsense) > $@", "$(nonsense) is not defined"),
        ("echo $HOME > $@", "$H is not defined"),
        ("echo $(location missing.txt) > $@", "'missing.txt' is not a prerequisite"),
        ("echo $(location :both) > $@", "has 2 files"),
        ("echo $(SRCS > $@", "has no ')'"),
        ("cat $< > $@", "$< needs exactly one file in srcs, there are 2"),
        ("echo $", "a single '$' at the end"),
    ] {
        let build = format!(
            "filegroup(name = 'both', srcs = ['a.txt', 'b.txt'])\n\
             genrule(name = 'g', srcs = [':both'], outs = ['x'], cmd = {cmd:?})\n"
        );
        space(&build).run(["build", "//p:g"]).expect(4).expect_text(expected);
    }
}

#[test]
fn the_shell_fails_early() {
    for cmd in ["false; touch $@", "false | true; touch $@", "touch $@; exit 3"] {
        let space = space(&format!("genrule(name = 'g', outs = ['x'], cmd = '{cmd}')\n"));
        space.run(["build", "//p:g"]).expect(1).expect_text("GX0301");
    }
}

#[test]
fn an_executable_output_is_a_program() {
    let space = space(
        r#"
genrule(name = "prog", outs = ["prog.sh"], cmd = "printf '#!/bin/sh\necho made $$1\n' > $@", executable = True)
genrule(name = "use", outs = ["used.txt"], cmd = "$(location :prog) it > $@", tools = [":prog"])
"#,
    );
    space.build(&["//p:use"]).ok();
    assert_eq!(space.read("gx-out/p/used.txt"), "made it\n");
    assert_eq!(space.run(["run", "//p:prog", "--", "here"]).ok().stdout, "made here\n");
}

#[test]
fn write_file_writes_lines() {
    let space = space(
        r##"
write_file(name = "w", out = "w.txt", content = ["one", "two", ""])
write_file(name = "dos", out = "dos.txt", content = ["one", ""], newline = "windows")
write_file(name = "s", out = "s.sh", content = ["#!/bin/sh", "echo written"], is_executable = True)
genrule(name = "g", outs = ["g.txt"], tools = [":s"], cmd = "$(location :s) > $@")
"##,
    );
    space.build(&["//p:all"]).ok();
    assert_eq!(space.read("gx-out/p/w.txt"), "one\ntwo\n");
    assert_eq!(space.read("gx-out/p/dos.txt"), "one\r\n");
    assert_eq!(space.read("gx-out/p/g.txt"), "written\n");
}

#[test]
fn a_tool_brings_its_data_along() {
    let space = space(
        r#"
sh_binary(name = "prog", srcs = ["prog.sh"], data = ["a.txt"])
genrule(name = "g", outs = ["g.txt"], tools = [":prog"], cmd = "$(location :prog) > $@")
"#,
    );
    space.write_script("p/prog.sh", "#!/bin/sh\ncat p/a.txt\n");
    space.build(&["//p:g"]).ok();
    assert_eq!(space.read("gx-out/p/g.txt"), "a\n");
}

#[test]
fn names_with_spaces_work() {
    let space =
        space("genrule(name = 'g', srcs = ['with space.txt'], outs = ['out put.txt'], cmd = 'cat \"$<\" > \"$@\"')\n");
    space.write("p/with space.txt", "spaced\n");
    space.build(&["//p:g"]).ok();
    assert_eq!(space.read("gx-out/p/out put.txt"), "spaced\n");
}
