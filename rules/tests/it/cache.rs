//! What is evaluated and analysed again after which change, and what stays the same.

use crate::space::{Space, request, shown};
use gx_rules::Workspace;

fn space() -> Space {
    let space = Space::new();
    space
        .write("a/BUILD", "load('//m:m.bzl', 'm')\nm(name = 'x')\nfilegroup(name = 'all_c', srcs = glob(['**/*.c']))")
        .write("a/one.c", "1")
        .write("m/BUILD", "")
        .write("m/m.bzl", "load(':n.bzl', 'N')\ndef m(name):\n    native.filegroup(name = name + N)")
        .write("m/n.bzl", "N = '1'")
        .write("b/BUILD", "filegroup(name = 'y')");
    space
}

fn evaluated(workspace: &Workspace) -> usize {
    workspace.load(&request(&["//..."])).unwrap_or_else(|e| panic!("{}", e[0])).counts.evaluated
}

#[test]
fn a_package_is_evaluated_again_when_something_it_saw_changed() {
    let space = space();
    let workspace = space.open();
    assert_eq!(evaluated(&workspace), 4);
    assert_eq!(evaluated(&workspace), 0);
    assert_eq!(evaluated(&space.open()), 0, "the store remembers");
    space.write("a/one.c", "2");
    assert_eq!(evaluated(&workspace), 0, "contents of sources do not matter");
    space.write("a/deep/two.c", "");
    assert_eq!(evaluated(&workspace), 1, "a new file that the glob finds");
    space.remove("a/deep/two.c");
    assert_eq!(evaluated(&workspace), 0, "back again: known by content");
    space.write("a/two.h", "");
    assert_eq!(evaluated(&workspace), 0, "a new file that no glob finds");
    space.write("m/n.bzl", "N = '2'");
    assert_eq!(evaluated(&workspace), 1, "a file that a loaded file loads");
    let labels: Vec<String> =
        workspace.load(&request(&["//a:all"])).unwrap().targets.into_iter().map(|t| t.label).collect();
    assert_eq!(labels, ["//a:all_c", "//a:x2"]);
    space.write("a/inner/BUILD", "");
    assert_eq!(evaluated(&workspace), 1, "a new package below");
    space.write("b/BUILD", "filegroup(name = 'y') # same targets");
    let loaded = workspace.load(&request(&["//..."])).unwrap();
    assert_eq!((loaded.counts.evaluated, loaded.counts.analysed), (1, 0));
}

#[test]
fn ids_come_from_content_alone() {
    let build = "genrule(name = 'x', srcs = ['in'], outs = ['o'], cmd = 'cat $< > $@')";
    let make = |extra: &str, text: &str| {
        let space = Space::new();
        space.write("a/BUILD", &format!("{extra}\n{build}")).write("a/in", text);
        let loaded = space.load(&["//a:x"]).unwrap();
        let mut ids: Vec<_> = loaded.plan.derivations.keys().map(ToString::to_string).collect();
        ids.sort();
        ids
    };
    assert_eq!(make("", "1"), make("# a comment\nfilegroup(name = 'other')", "1"));
    assert_ne!(make("", "1"), make("", "2"));
}

#[test]
fn the_answer_says_what_it_depended_on() {
    let space = space();
    space.write("b/BUILD", "filegroup(name = 'y', srcs = ['s.txt'])").write("b/s.txt", "s");
    let loaded = space.load(&["//b:y"]).unwrap();
    let files: Vec<&str> = loaded.seen.files.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(files, ["b/BUILD", "b/s.txt"]);
    let folders: Vec<&str> = loaded.seen.folders.iter().map(|path| path.as_str()).collect();
    assert_eq!(folders, ["b"]);
}

#[test]
fn an_analysis_is_kept_until_the_rule_or_a_need_changes() {
    let space = Space::new();
    let rule = |text: &str| {
        format!(
            "Info = provider(fields = ['t'])\ndef _impl(ctx):\n    o = ctx.actions.declare_file(ctx.label.name)\n    \
             ctx.actions.write(o, '{text}' + ''.join([d[Info].t for d in ctx.attr.deps]))\n    \
             return [DefaultInfo(files = depset([o])), Info(t = '{text}')]\n\
             r = rule(implementation = _impl, attrs = {{'deps': attr.label_list(providers = [Info])}})"
        )
    };
    space
        .write("r.bzl", &rule("1"))
        .write("BUILD", "")
        .write("a/BUILD", "load('//:r.bzl', 'r')\nr(name = 'x', deps = ['//b:y'])\nr(name = 'lone')")
        .write("b/BUILD", "load('//:r.bzl', 'r')\nr(name = 'y', visibility = ['//visibility:public'])");
    let workspace = space.open();
    let load = || workspace.load(&request(&["//..."])).unwrap_or_else(|e| panic!("{}", e[0]));
    load();
    assert_eq!(load().counts.analysed, 0);
    space.write(
        "b/BUILD",
        "load('//:r.bzl', 'r')\nr(name = 'y', deps = [':z'], visibility = ['//visibility:public'])\nr(name = 'z')",
    );
    assert_eq!(load().counts.analysed, 3, "y, z, and x that needs y");
    space.write("r.bzl", &rule("2"));
    let loaded = load();
    assert_eq!(loaded.counts.analysed, 4);
    insta::assert_snapshot!(shown(&loaded));
}

/// Everything of a plan that another load must give too.
fn facts(loaded: &gx_rules::Loaded) -> (Vec<String>, Vec<String>, Vec<gx_store::Goal>, Vec<gx_rules::LoadedTarget>) {
    let mut derivations: Vec<String> = loaded.plan.derivations.keys().map(ToString::to_string).collect();
    let mut sets: Vec<String> = loaded.plan.input_sets.keys().map(ToString::to_string).collect();
    derivations.sort();
    sets.sort();
    (derivations, sets, loaded.plan.goals.clone(), loaded.targets.clone())
}

#[test]
fn a_kept_workspace_answers_as_a_new_one_after_any_edit() {
    let space = Space::new();
    let build = |extra: &str| {
        let mut text = format!("package(default_visibility = ['//visibility:public'])\n{extra}\n");
        for n in 0..12 {
            let deps: Vec<String> = (0..n).filter(|d| (n + d) % 3 == 0).map(|d| format!("':l{d}'")).collect();
            text += &format!("cc_library(name='l{n}', srcs=['l{n}.c'], hdrs=['l{n}.h'], deps=[{}])\n", deps.join(","));
        }
        text + "genrule(name='g', srcs=glob(['*.h']), outs=['g.txt'], cmd='cat $(SRCS) > $@')\n\
                cc_test(name='x_test', srcs=['l0.c'], deps=[':l11'], data=['g.txt'])"
    };
    space.write("p/BUILD", &build(""));
    for n in 0..12 {
        space.write(&format!("p/l{n}.c"), &format!("c {n}")).write(&format!("p/l{n}.h"), &format!("h {n}"));
    }
    let workspace = space.open();
    // A small generator of its own: the same edits in every run.
    let mut seed = 12345_u32;
    let mut next = |below: u32| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 16) % below
    };
    for round in 0..40 {
        let n = next(12);
        match next(6) {
            0 | 1 => drop(space.write(&format!("p/l{n}.c"), &format!("c {}", next(3)))),
            2 => drop(space.write(&format!("p/l{n}.h"), &format!("h {}", next(3)))),
            3 => drop(space.write("p/BUILD", &build(&format!("# {}", next(2))))),
            4 => drop(space.write("p/BUILD", &build(&format!("filegroup(name = 'f', srcs = ['l{}.c'])", next(3))))),
            _ => drop(space.write(&format!("p/new{}.h", next(4)), &next(2).to_string())),
        }
        let mut ask = request(&["//..."]);
        ask.with_tests = next(4) != 0;
        let kept = workspace.load(&ask).unwrap_or_else(|e| panic!("round {round}: {}", e[0]));
        let fresh = space.open().load(&ask).unwrap_or_else(|e| panic!("round {round}: {}", e[0]));
        assert_eq!(facts(&kept), facts(&fresh), "round {round}");
    }
}

#[test]
fn a_source_that_goes_away_or_becomes_a_package_is_noticed() {
    let space = Space::new();
    space.write("a/BUILD", "filegroup(name = 'x', srcs = ['d/f.txt'])").write("a/d/f.txt", "");
    let workspace = space.open();
    let say = || match workspace.load(&request(&["//a:x"])) {
        Ok(loaded) => format!("{} files", loaded.targets[0].outputs.len()),
        Err(errors) => errors[0].to_string(),
    };
    assert_eq!(say(), "1 files");
    space.write("a/d/BUILD", "");
    assert!(say().contains("crosses into the package '//a/d'"), "{}", say());
    space.remove("a/d/BUILD");
    assert_eq!(say(), "1 files");
    space.remove("a/d/f.txt");
    assert!(say().contains("there is no target, output or file '//a:d/f.txt'"), "{}", say());
}

#[test]
fn an_answer_that_is_held_stays_as_it_was() {
    let space = Space::new();
    space
        .write("p/BUILD", "genrule(name = 'g', srcs = ['s', 't'], outs = ['o'], cmd = 'cat $(SRCS) > $@')")
        .write("p/s", "1")
        .write("p/t", "1");
    let workspace = space.open();
    let load = || workspace.load(&request(&["//p:g"])).unwrap_or_else(|e| panic!("{}", e[0]));
    let held = load();
    let before = facts(&held);
    space.write("p/s", "22");
    let next = load();
    assert_eq!(facts(&held), before);
    assert_ne!(facts(&next).0, before.0);
    assert_eq!(facts(&next), facts(&space.load(&["//p:g"]).unwrap()));
    assert!(next.plan.input_sets.is_empty(), "files of a flat depset are the action's own inputs");
}
