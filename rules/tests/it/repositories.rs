//! Archives as repositories.

use crate::space::{Space, request, shown};
use std::sync::atomic::Ordering;

fn space() -> (Space, String) {
    let mut space = Space::new();
    let sha = "ab".repeat(32);
    let table = format!(
        "kind = 'crate_archive'\nname = 'lua-src'\nversion = '1.2'\nsha256 = '{sha}'\nbuild_file = 'third_party/lua.BUILD'"
    );
    space.repositories.insert("lua".into(), toml::from_str(&table).unwrap());
    space.write(
        "third_party/lua.BUILD",
        "cc_library(name = 'lua', srcs = glob(['src/*.c'], exclude = ['src/lua.c']), hdrs = glob(['src/*.h']), visibility = ['//visibility:public'])\n\
         exports_files(['src/lua.c'])",
    );
    let files = ["src/lapi.c", "src/lua.c", "src/lua.h", "README"];
    let files = files.iter().map(|path| ((*path).to_owned(), format!("content of {path}"))).collect();
    space.archives.trees.lock().unwrap().insert(sha.clone(), files);
    space.write("app/BUILD", "cc_binary(name = 'lua', srcs = ['@lua//:src/lua.c'], deps = ['@lua'])");
    (space, sha)
}

#[test]
fn a_crate_is_a_repository() {
    let (space, _) = space();
    let workspace = space.open();
    let loaded = workspace.load(&request(&["//app:lua"])).unwrap_or_else(|e| panic!("{}", e[0]));
    insta::assert_snapshot!(shown(&loaded));
    assert_eq!(space.archives.asked.load(Ordering::Relaxed), 1);
    space.write(
        "third_party/lua.BUILD",
        "cc_library(name = 'lua', visibility = ['//visibility:public'])\nexports_files(['src/lua.c'])",
    );
    let changed = workspace.load(&request(&["//app:lua"])).unwrap();
    assert_eq!(changed.counts.evaluated, 1);
    assert_eq!(space.archives.asked.load(Ordering::Relaxed), 1, "the overlay is no part of what is fetched");
    let below = workspace.load(&request(&["@lua//..."])).unwrap();
    assert_eq!(below.targets[0].label, "@lua//:lua");
    assert!(changed.seen.files.iter().any(|(path, _)| path.as_str() == "third_party/lua.BUILD"));
}

#[test]
fn a_build_file_of_the_archive_is_used() {
    let (mut space, sha) = space();
    let files = vec![
        (
            "BUILD".to_owned(),
            "filegroup(name = 'x', srcs = ['//sub:y', 'f'], visibility = ['//visibility:public'])".to_owned(),
        ),
        ("f".to_owned(), String::new()),
        (
            "sub/BUILD.bazel".to_owned(),
            "load('//:d.bzl', 'v')\nfilegroup(name = 'y', srcs = ['g'], visibility = v)".to_owned(),
        ),
        ("sub/g".to_owned(), String::new()),
        ("d.bzl".to_owned(), "v = ['//:__pkg__']".to_owned()),
    ];
    space.archives.trees.lock().unwrap().insert(sha.clone(), files);
    let table = format!("kind = 'http_archive'\nurls = ['https://x/y.tgz']\nsha256 = '{sha}'\nstrip_prefix = 'y'");
    space.repositories.insert("lua".into(), toml::from_str(&table).unwrap());
    let loaded = space.load(&["@lua//:x"]).unwrap_or_else(|e| panic!("{}", e[0]));
    let outputs: Vec<&str> = loaded.targets[0].outputs.iter().map(|o| o.path.as_str()).collect();
    assert_eq!(outputs, ["external/lua/sub/g", "external/lua/f"]);
}

/// A workspace with another one in it.
fn nested() -> Space {
    let mut space = Space::new();
    space.repositories.insert("inner".into(), toml::from_str("kind = 'local'\npath = 'parts/inner'").unwrap());
    space.write("parts/inner/gx.toml", "");
    space.write("parts/inner/lib/BUILD", "load('//:d.bzl', 'v')\nfilegroup(name = 'x', srcs = ['f'], visibility = v)");
    space.write("parts/inner/lib/f", "content");
    space.write("parts/inner/d.bzl", "v = ['//visibility:public']");
    space.write("parts/inner/BUILD", "");
    space.write("app/BUILD", "genrule(name = 'all', srcs = ['@inner//lib:x'], outs = ['o'], cmd = 'cat $< > $@')");
    space
}

#[test]
fn a_folder_is_a_repository() {
    let space = nested();
    let workspace = space.open();
    let loaded = workspace.load(&request(&["//app:all"])).unwrap_or_else(|e| panic!("{}", e[0]));
    insta::assert_snapshot!(shown(&loaded));
    let seen: Vec<&str> = loaded.seen.files.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(seen, ["app/BUILD", "parts/inner/d.bzl", "parts/inner/lib/BUILD", "parts/inner/lib/f"]);
    let same = workspace.load(&request(&["//app:all"])).unwrap();
    assert_eq!(same.counts.evaluated, 0);
    space.write("parts/inner/lib/f", "other content");
    let changed = workspace.load(&request(&["//app:all"])).unwrap();
    assert_eq!(changed.counts.evaluated, 0);
    let goal = |loaded: &gx_rules::Loaded| loaded.plan.goals[0].outputs[0].0;
    assert_ne!(goal(&changed), goal(&loaded), "its sources are watched like the workspace's own");
    space.write("parts/inner/d.bzl", "v = ['//visibility:private']");
    assert!(workspace.load(&request(&["//app:all"])).is_err(), "and so are its .bzl files");
}

#[test]
fn a_workspace_within_is_no_part_of_the_one_around() {
    let space = nested();
    let labels = |patterns: &[&str]| -> Vec<String> {
        space.load(patterns).unwrap().targets.iter().map(|target| target.label.to_string()).collect()
    };
    assert_eq!(labels(&["//..."]), ["//app:all"]);
    assert_eq!(labels(&["@inner//..."]), ["@inner//lib:x"]);
}

#[test]
fn what_is_wrong_with_a_local_repository_is_said() {
    let mut space = nested();
    let mut told = String::new();
    for table in [
        "kind = 'local'",
        "kind = 'local'\npath = '../outside'",
        "kind = 'local'\npath = '/outside'",
        "kind = 'local'\npath = 'no/such'",
        "kind = 'local'\npath = 'parts/inner'\nsha256 = 'ab'",
    ] {
        space.repositories.insert("inner".into(), toml::from_str(table).unwrap());
        let said = match space.try_open() {
            Ok(_) => space.errors(&["//app:all"]),
            Err(errors) => errors.iter().map(|error| error.to_string()).collect(),
        };
        told.push_str(&format!("{said}\n"));
    }
    insta::assert_snapshot!(told);
}
