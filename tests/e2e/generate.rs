//! `gx generate`: a generated project in a folder where people edit it.

use gx_tests::{Run, TestSpace};

/// A rule that makes a project of its sources, and a report that names an operator for each.
const RULE: &str = r#"
def _impl(ctx):
    project = ctx.actions.declare_directory(ctx.label.name + "/project")
    report = ctx.actions.declare_file(ctx.label.name + "/report.json")
    lines = ["mkdir -p %s/src" % project.path]
    for file in ctx.files.srcs:
        lines.append("cp %s %s/src/%s; chmod 644 %s/src/%s" % (file.path, project.path, file.basename, project.path, file.basename))
    lines.append("echo 'exec true' > %s/run.sh; chmod 755 %s/run.sh" % (project.path, project.path))
    operators = ",".join(['{"operator": "Shop.%s"}' % file.basename.split(".")[0] for file in ctx.files.srcs])
    lines.append("echo '{\"operators\": [%s]}' > %s" % (operators, report.path))
    ctx.actions.run_shell(outputs = [project, report], inputs = ctx.files.srcs, command = "; ".join(lines))
    return [DefaultInfo(files = depset([project, report]))]

project = rule(implementation = _impl, attrs = {"srcs": attr.label_list(allow_files = True)})
"#;

const TWICE: &str =
    "//! Numbers.\n\n/// Twice.\nfn twice(a: u8) {\n    a * 2\n}\n\n/// Half.\nfn half(a: u8) {\n    a / 2\n}\n";
const MINE: &str = "// gx:keep begin Shop.twice/check\nfn check() {}\n// gx:keep end\n\n";

fn space() -> TestSpace {
    let space = TestSpace::new();
    space.write("rules.bzl", RULE);
    space.write("BUILD.gx", "load('//:rules.bzl', 'project')\nproject(name = 'code', srcs = glob(['in/*.rs']))\n");
    space.write("in/twice.rs", TWICE);
    space.write("in/other.rs", "fn other() {}\n");
    space
}

fn generate(space: &TestSpace, more: &[&str]) -> Run {
    let words = ["generate", "//:code", "--to", "own/code"];
    space.run([words.as_slice(), more].concat())
}

/// What a command says, without the line that counts actions.
fn said(run: &Run) -> String {
    let text = format!("{}{}", run.stdout, run.stderr);
    let wanted = |line: &&str| {
        !line.contains("actions:")
            && !line.starts_with("importing ")
            && !line.contains("gx-out/")
            && !line.starts_with('[')
    };
    text.lines().filter(wanted).map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_project_is_written_once_and_what_people_keep_stays() {
    let space = space();
    let mut told = String::new();
    let mut tell = |what: &str, run: &Run| told.push_str(&format!("## {what}: exit {:?}\n{}", run.code, said(run)));
    tell("checked before", &generate(&space, &["--check"]));
    assert!(!space.path("own").exists());
    tell("the first time", &generate(&space, &[]).ok());
    assert_eq!(space.read("own/code/src/twice.rs"), TWICE);
    let record = space.read("own/code/.gx-generated.json");
    tell("the second time", &generate(&space, &[]).ok());
    tell("checked after", &generate(&space, &["--check"]).ok());
    assert_eq!(space.read("own/code/.gx-generated.json"), record);

    let kept = TWICE.replace("/// Half.", &format!("{MINE}/// Half."));
    space.write("own/code/src/twice.rs", kept.clone());
    space.write("own/code/src/side.rs", "fn mine() {}\n");
    tell("with a region and a file beside", &generate(&space, &[]).ok());
    assert_eq!(space.read("own/code/src/twice.rs"), kept);
    space.write("in/twice.rs", TWICE.replace("a * 2", "a + a").replace("/// Half.", "/// The half."));
    tell("the code around changed", &generate(&space, &[]).ok());
    assert_eq!(
        space.read("own/code/src/twice.rs"),
        kept.replace("a * 2", "a + a").replace("/// Half.", "/// The half.")
    );
    assert_eq!(space.read("own/code/src/side.rs"), "fn mine() {}\n");

    space.remove("in/twice.rs");
    tell("the operator vanished", &generate(&space, &[]).ok());
    assert_eq!(space.read("own/code/gx-rescued/src/twice.rs.Shop.twice.check"), MINE.trim_end().to_owned() + "\n");
    assert!(!space.path("own/code/src/twice.rs").exists() && space.path("own/code/src/side.rs").exists());
    insta::assert_snapshot!(told);
}

#[test]
fn what_was_edited_elsewhere_is_never_written_over() {
    let space = space();
    generate(&space, &[]).ok();
    let mut told = String::new();
    let mut tell = |what: &str, run: &Run| told.push_str(&format!("## {what}: exit {:?}\n{}", run.code, said(run)));
    let edited = TWICE.replace("    a * 2\n", "    a * 2 // mine\n");
    space.write("own/code/src/twice.rs", edited.clone());
    space.write("own/code/src/other.rs", "// gx:keep begin x\nfn other() {}\n");
    space.write("in/third.rs", "fn third() {}\n");
    space.write("own/code/src/third.rs", "mine\n");
    tell("all that is in the way", &generate(&space, &[]));
    assert_eq!(space.read("own/code/src/twice.rs"), edited);
    space.write("own/code/src/other.rs", "fn other() {}\n");
    space.remove("own/code/src/third.rs");
    space.write("in/twice.rs", TWICE.replace("a / 2", "a >> 1"));
    tell("merged", &generate(&space, &["--merge"]).ok());
    assert_eq!(space.read("own/code/src/twice.rs"), edited.replace("a / 2", "a >> 1"));
    space.write("in/twice.rs", TWICE.replace("a * 2", "a + a"));
    tell("both changed a line", &generate(&space, &["--merge"]));
    assert_eq!(space.read("own/code/src/twice.rs"), edited.replace("a / 2", "a >> 1"));
    space.write("own/code/.gx-generated.json", "{\"schema\": \"gx.generated/2\"}");
    tell("a record of another version", &generate(&space, &[]));
    space.remove("own/code/.gx-generated.json");
    tell("no record", &generate(&space, &[]));
    tell("no project", &space.run(["generate", "//:rules.bzl", "--to", "own/b"]));
    insta::assert_snapshot!(told);
}

#[test]
fn a_run_that_was_cut_off_is_gone_on_with() {
    let space = space();
    generate(&space, &[]).ok();
    let record = space.read("own/code/.gx-generated.json");
    let kept = TWICE.replace("/// Half.", &format!("{MINE}/// Half."));
    space.write("own/code/src/twice.rs", kept.clone());
    space.write("in/twice.rs", TWICE.replace("a * 2", "a + a"));
    generate(&space, &[]).ok();
    // The files were written, the record was not.
    space.write("own/code/.gx-generated.json", record.clone());
    let again = generate(&space, &[]).ok();
    assert!(!said(&again).contains("written"), "{}", again.told());
    assert_eq!(space.read("own/code/src/twice.rs"), kept.replace("a * 2", "a + a"));
    // A store that never made the earlier text is no reason to lose anything.
    space.write("in/twice.rs", TWICE);
    let other = tempfile::tempdir().unwrap();
    let store = other.path().to_str().unwrap();
    let gone = space.gx(["generate", "//:code", "--to", "own/code"]).env("GX_STORE", store).run();
    assert!(gone.code == Some(2) && gone.stderr.contains("GX1234"), "{}", gone.told());
    assert_eq!(space.read("own/code/src/twice.rs"), kept.replace("a * 2", "a + a"));
}
