//! `gx audit`: planted leaks are found and named, a clean tree is clean, and nothing of an audit stays.
//!
//! The leaks are the targets of `tests/e2e/planted`. This file does not know how a world is perturbed.

use gx_tests::{Run, TestSpace, repository_root};
use serde_json::Value;
use std::collections::BTreeMap;

/// A planted leak: its target, what `--latent` must name, and what the audit as built must name at level `sandboxed`
/// (nothing: that level cures it). What `normalised` does not cure either stands in `BY_SCHEDULING`.
struct Plant(&'static str, &'static [&'static str], &'static [&'static str]);

const RESTLESS: &[&str] = &["clock", "scheduling"];

/// What level `normalised` admits: the order in which processes take turns.
const BY_SCHEDULING: &str = "order_of_parallel_work";

const PLANTS: &[Plant] = &[
    Plant("time_in_a_program", &["clock"], &[]),
    Plant("path_of_a_source", &["build_directory"], &[]),
    Plant("path_in_debug_information", &["build_directory"], &[]),
    Plant("user_in_a_tar", &["user"], &[]),
    Plant("times_in_a_zip", &["file_times"], &[]),
    Plant("time_of_a_made_file", &["clock"], &["clock"]),
    Plant("order_of_a_hash", &["random"], &["random"]),
    Plant("order_by_address", &["addresses"], &["addresses"]),
    Plant("order_of_parallel_work", RESTLESS, RESTLESS),
    Plant("random_seed", &["random"], &["random"]),
    Plant("sort_by_locale", &["locale"], &[]),
    Plant("host_name", &["host_name"], &[]),
    Plant("cpu_count", &["cpu_count"], &["cpu_count"]),
    Plant("umask", &["umask"], &[]),
    Plant("order_of_inputs", &["directory_order"], &["directory_order"]),
    Plant("time_zone", &["time_zone"], &[]),
    Plant("somebodys_environment", &["environment"], &[]),
    Plant("times_of_inputs", &["file_times"], &[]),
];

fn planted() -> Option<TestSpace> {
    for program in ["/usr/bin/zip", "/usr/bin/perl"] {
        if !std::path::Path::new(program).is_file() {
            println!("SKIPPED: there is no {program}");
            return None;
        }
    }
    let space = TestSpace::new();
    let folder = repository_root().join("tests/e2e/planted");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        space.write(path.file_name().unwrap(), std::fs::read(&path).unwrap());
    }
    for name in ["a", "b", "c", "d", "e"] {
        space.write(format!("in/{name}"), format!("{name}\n"));
    }
    Some(space)
}

fn document(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}", run.told()))
}

/// Who leaks, and through what.
fn found(document: &Value) -> BTreeMap<String, Vec<String>> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let causes = |finding: &Value| {
        let causes = finding["causes"].as_array().unwrap().iter();
        causes.flat_map(|cause| cause["perturbations"].as_array().unwrap().iter().map(text)).collect()
    };
    let findings = document["findings"].as_array().unwrap().iter();
    findings.map(|one| (text(&one["target"]).trim_start_matches("//:").to_owned(), causes(one))).collect()
}

/// The names are there, and for one that leaks through one thing nothing else is.
fn assert_names(name: &str, wanted: &[&str], found: &BTreeMap<String, Vec<String>>) {
    let Some(causes) = found.get(name) else { panic!("{name} was not found among {:?}", found.keys()) };
    // Whether threads or parts of a second are to blame can be told by stronger levels only.
    let named = if wanted == RESTLESS {
        causes.iter().any(|it| it == "scheduling")
    } else {
        causes.starts_with(&[wanted[0].to_owned()])
    };
    assert!(named, "{name}: wanted {wanted:?}, found {causes:?}");
    // The hash of perl is drawn from random numbers and from addresses too, which move with the environment.
    if wanted != RESTLESS && name != "order_of_a_hash" {
        assert_eq!(causes.len(), 1, "{name}: {causes:?}");
    }
}

#[test]
fn latent_leaks_are_found_and_named_and_some_are_cured() {
    let Some(space) = planted() else { return };
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let latent = space.run(["audit", "--latent", "--json", "--determinism=sandboxed", "//..."]).expect(7);
    let latent_document = document(&latent);
    let latent = found(&latent_document);
    let built = space.run(["audit", "--json", "--determinism=sandboxed", "//..."]).expect(7);
    let built = found(&document(&built));
    for Plant(name, by_latent, by_built) in PLANTS {
        if *name == "cpu_count" && processors < 2 {
            println!("SKIPPED: there is one processor");
            continue;
        }
        assert_names(name, by_latent, &latent);
        match by_built {
            [] => assert!(!built.contains_key(*name), "{name}: {:?}", built[*name]),
            by_built => assert_names(name, by_built, &built),
        }
    }
    let normalised = space.run(["audit", "--json", "--determinism=normalised", "//..."]);
    if normalised.stderr.contains("GX0402") || normalised.stderr.contains("GX0401") {
        println!("SKIPPED: this machine cannot hold level normalised");
    } else {
        let normalised = found(&document(&normalised));
        assert!(normalised.keys().all(|name| name == BY_SCHEDULING), "{normalised:?}");
    }
    let within = |target: &str| {
        let all = latent_document["findings"].as_array().unwrap();
        let one = all.iter().find(|one| one["target"] == target).unwrap();
        one["differences"][0]["within"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(within("//:user_in_a_tar"), "member 'in/', its user");
    assert_eq!(within("//:umask"), "member 'd/', its mode");
    assert_eq!(within("//:times_in_a_zip"), "member 'in/a', its time");
    let planted = |name: &String| PLANTS.iter().any(|Plant(plant, ..)| plant == name) || name == "kind_of_file_system";
    assert!(latent.keys().chain(built.keys()).all(planted), "{latent:?} {built:?}");
}

#[test]
fn a_difference_is_told_with_its_place() {
    let Some(space) = planted() else { return };
    let run = space.run(["audit", "--latent", "--perturb=host_name,umask", "//:host_name", "//:clean_text"]).expect(7);
    let digest = run.stdout.find("gx show ").map(|at| run.stdout[at + 8..at + 72].to_owned()).unwrap();
    insta::assert_snapshot!(run.stdout.replace(&digest, "[DIGEST]"));
    // What is shown by its digest is what was built, not what the audit made.
    assert!(space.run(["show", &digest]).ok().stdout.contains("host_name"));
    let json = document(&space.run(["audit", "--latent", "--perturb=host_name", "--json", "//:host_name"]).expect(7));
    let finding = &json["findings"][0];
    assert_eq!(finding["differences"][0]["output"], "out/host_name");
    assert_eq!(finding["differences"][0]["offset"], 0);
    assert_eq!(finding["causes"][0]["perturbations"], serde_json::json!(["host_name"]));
}

#[test]
fn a_clean_tree_says_nothing_and_keeps_nothing() {
    let Some(space) = planted() else { return };
    let clean = ["//:clean_tar", "//:clean_text", "//:clean_object", "//:clean_library"];
    space.run(["build"].iter().chain(&clean)).ok();
    let held = || {
        let held = document(&space.run(["store", "du", "--json"]).ok());
        // The database's own files grow and shrink as it likes.
        [held["objects"].clone(), held["disk"]["cas"].clone(), held["disk"]["scratch"].clone()]
    };
    let before = held();
    for question in [&["audit"][..], &["audit", "--latent"]] {
        let run = space.run(question.iter().chain(&clean)).ok();
        let last = run.stdout.lines().last().unwrap();
        assert!(last.ends_with("the same"), "{}", run.stdout);
    }
    assert_eq!(held(), before);
    let again = space.run(["build", "--json"].iter().chain(&clean)).ok();
    assert_eq!(again.totals().run, 0);
}

#[test]
fn without_a_sandbox_the_world_is_felt() {
    let space = TestSpace::new();
    space.write("BUILD.gx", "genrule(name = 'who', outs = ['who.txt'], cmd = 'uname -n > $@; umask >> $@')\n");
    let run = space.run(["audit", "--sandbox=none", "--json", "--perturb=host_name,umask,user,locale", "//:who"]);
    let refused = document(&run)["perturbations"].to_string().contains("no namespaces");
    if refused {
        println!("SKIPPED: this machine allows no such world");
        return;
    }
    let json = document(&run.expect(7));
    assert_eq!(found(&json)["who"], ["host_name", "umask"]);
    assert_eq!(json["findings"][0]["level"], "none");
}

#[test]
fn what_cannot_be_perturbed_is_said() {
    let space = TestSpace::new();
    space.write("BUILD.gx", "genrule(name = 'a', outs = ['a.txt'], cmd = 'echo a > $@')\n");
    let run = space.run(["audit", "--perturb=cpu_count", "//:a"]).ok();
    assert!(run.stdout.contains("perturbed: cpu_count\n"), "{}", run.stdout);
    // One processor cannot be made fewer.
    let one = space.gx(["audit", "--perturb=cpu_count", "//:a"]).under(&["taskset", "-c", "0"]).run().expect(2);
    assert!(one.stdout.contains("not perturbed: cpu_count: there is one processor only"), "{}", one.told());
    insta::assert_snapshot!(one.redacted());
    insta::assert_snapshot!(space.run(["audit", "--perturb=weather", "//:a"]).expect(2).redacted());
    let listed = space.run(["audit", "--list"]).ok().stdout;
    assert!(listed.contains("clock ") && listed.contains("in part: the time of day cannot be moved"), "{listed}");
    assert!(space.run(["audit"]).expect(2).stderr.contains("GX0801"));
    space.write("BUILD.gx", "genrule(name = 'a', outs = ['a.txt'], cmd = 'exit 3')\n");
    assert!(space.run(["audit", "//:a"]).expect(1).stderr.contains("GX0301"));
}

/// A workspace of two genrules, one after the other, and a home with a key.
fn signed() -> TestSpace {
    let space = TestSpace::new();
    space.write(
        "BUILD.gx",
        "genrule(name = 'low', srcs = ['in.txt'], outs = ['low.txt'], cmd = 'cat $< > $@')\n\
         genrule(name = 'high', srcs = [':low'], outs = ['high.txt'], cmd = 'cat $< $< > $@')\n",
    );
    space.write("in.txt", "one\n");
    keyed(&space, ["key", "new", "release"]).ok();
    space
}

/// Runs gx with a home in the workspace.
fn keyed<const N: usize>(space: &TestSpace, arguments: [&str; N]) -> Run {
    space.gx(arguments).env("HOME", space.path("home")).env("XDG_CONFIG_HOME", "").run()
}

#[test]
fn manifests_are_compared_and_gate_a_release() {
    let space = signed();
    keyed(&space, ["audit", "export", "a.json"]).ok();
    keyed(&space, ["audit", "export", "b.json", "//:high", "//:low"]).ok();
    assert_eq!(space.read("a.json"), space.read("b.json"));
    let same = keyed(&space, ["audit", "diff", "a.json", "b.json"]).ok();
    assert_eq!(same.stdout, "the same: 3\n");
    space.write("in.txt", "two\n");
    keyed(&space, ["audit", "export", "c.json"]).ok();
    let other = keyed(&space, ["audit", "diff", "a.json", "c.json"]).expect(8);
    insta::assert_snapshot!(without_digests(&other.stdout));
    // An action that does not give the same twice, in two stores.
    space.write(
        "BUILD.gx",
        "genrule(name = 'now', outs = ['now.txt'], determinism = 'sandboxed', cmd = 'head -c 8 /dev/urandom > $@')\n",
    );
    keyed(&space, ["audit", "export", "d.json"]).ok();
    let elsewhere = space.copy_with_new_store();
    keyed(&elsewhere, ["audit", "export", "e.json"]).ok();
    let (d, e) = (space.path("d.json"), elsewhere.path("e.json"));
    let run = keyed(&space, ["audit", "diff", d.to_str().unwrap(), e.to_str().unwrap()]).expect(7);
    insta::assert_snapshot!(without_digests(&run.stdout));
    let json =
        document(&keyed(&space, ["audit", "diff", "--json", d.to_str().unwrap(), e.to_str().unwrap()]).expect(7));
    assert_eq!(json["divergences"][0]["kind"], "same_inputs_different_outputs");
    let stores = [space.store(), elsewhere.store()].map(|path| path.to_str().unwrap().to_owned());
    let run = keyed(&space, ["audit", "diff", &stores[0], &stores[1]]).expect(7);
    assert!(run.stdout.contains("head -c 8 /dev/urandom"), "{}", run.told());
    let run = keyed(&space, ["audit", "--against", &stores[1], "//:now"]).expect(7);
    assert!(run.stdout.starts_with("same inputs, different outputs: //:now (Genrule)\n"), "{}", run.told());
    keyed(&space, ["audit", "diff", d.to_str().unwrap(), &stores[0]]).ok();
    keyed(&space, ["audit", "diff", &stores[1], e.to_str().unwrap()]).ok();
}

fn without_digests(text: &str) -> String {
    let mut digits = 0;
    let mut out = String::new();
    for c in text.chars() {
        match c.is_ascii_digit() || ('a'..='f').contains(&c) {
            true => digits += 1,
            false => digits = 0,
        }
        out.push(c);
        if digits == 16 {
            out.truncate(out.len() - 16);
            out.push_str("[DIGEST");
        } else if digits > 16 {
            out.pop();
        }
    }
    out.replace("[DIGEST", "[DIGEST]")
}

#[test]
fn what_cannot_be_trusted_is_no_result() {
    let space = signed();
    keyed(&space, ["audit", "export", "a.json"]).ok();
    let text = space.read("a.json");
    let code = |run: Run| {
        let run = run.expect(9);
        run.stderr.lines().next().unwrap_or_default().split(['[', ']']).nth(1).unwrap_or_default().to_owned()
    };
    let diff = |space: &TestSpace| keyed(space, ["audit", "diff", "a.json", "b.json"]);
    space.write("b.json", &text[..text.len() / 2]);
    assert_eq!(code(diff(&space)), "GX0904");
    space.write("b.json", text.replacen("low.txt", "Low.txt", 1));
    assert_eq!(code(diff(&space)), "GX0905");
    space.write("b.json", &text);
    diff(&space).ok();
    // Somebody else does not know the key, until told.
    let public = keyed(&space, ["key", "export", "release"]).ok().stdout;
    space.write("release.pub", public);
    std::fs::rename(space.path("home"), space.path("home-of-the-signer")).unwrap();
    assert_eq!(code(diff(&space)), "GX0906");
    keyed(&space, ["audit", "diff", "--trust", "release.pub", "a.json", "b.json"]).ok();
    assert!(keyed(&space, ["key", "list"]).ok().stdout.is_empty());
    assert!(keyed(&space, ["audit", "export", "x.json"]).expect(2).stderr.contains("GX0907"));
    let run = keyed(&space, ["audit", "diff", "--trust", "release.pub", "a.json", "home-of-the-signer"]).expect(5);
    assert!(run.stderr.contains("GX0909"), "{}", run.told());
    assert!(!space.exists("home-of-the-signer/db"));
}

#[test]
fn a_target_is_proven_to_open_nothing_but_its_inputs() {
    let space = TestSpace::new();
    space.write(
        "BUILD.gx",
        "genrule(name = 'a', srcs = ['in.txt'], outs = ['a.txt'], cmd = 'cat $< /etc/passwd > $@')\n",
    );
    space.write("in.txt", "in\n");
    let run = space.run(["doctor", "--hermetic", "//:a"]);
    if run.stderr.contains("GX0911") {
        println!("SKIPPED: this machine allows no tracing");
        return;
    }
    let run = run.ok();
    assert!(run.stdout.ends_with("1 actions followed, 1 opened nothing but what they declare\n"), "{}", run.told());
    // Without a sandbox it reads the host's file, with the host's program.
    let run = space.run(["doctor", "--hermetic", "//:a", "--sandbox=none", "--json"]).expect(7);
    let json: Value = serde_json::from_str(run.stdout.lines().next().unwrap()).unwrap();
    let strangers = &json["actions"][0]["not_declared"];
    assert!(strangers.as_array().unwrap().contains(&Value::from("/etc/passwd")), "{json}");
    assert!(!strangers.to_string().contains("in.txt"), "{json}");
    assert_eq!(run.error_codes(), ["GX0910"]);
}

#[test]
fn every_shipped_rule_is_clean() {
    let space = TestSpace::new();
    space.write("BUILD.gx", SHIPPED);
    for (path, text) in [
        ("lib.c", "#include \"lib.h\"\n#include <assert.h>\nint lib(int x) { assert(x); return x + 1; }\n"),
        ("lib.h", "int lib(int);\n"),
        (
            "more.cc",
            "extern \"C\" {\n#include \"lib.h\"\n}\n#include <map>\nint more() { return std::map<int, int>{{1, 2}}[lib(0)]; }\n",
        ),
        ("asm.S", ".text\n.globl nothing\nnothing: ret\n"),
        ("main.c", "#include \"lib.h\"\nint main(void) { return lib(1) - 2; }\n"),
        ("main.cc", "int more();\nint main() { return more() - 2; }\n"),
        ("run.sh", "#!/bin/sh\nexit 0\n"),
        ("names.txt", "b\na\n"),
    ] {
        space.write(path, text);
    }
    space.set_mode("run.sh", 0o755);
    let prelude = std::fs::read_to_string(repository_root().join("stdlib/rules/prelude.bzl")).unwrap();
    let kinds = ["cc_binary", "cc_library", "cc_test", "filegroup", "genrule", "sh_binary", "sh_library", "sh_test"];
    for kind in kinds.iter().chain(&["write_file"]) {
        assert!(prelude.contains(kind) && SHIPPED.contains(kind), "{kind}");
    }
    for question in [&["audit", "//..."][..], &["audit", "--latent", "//..."]] {
        let run = space.run(question).ok();
        assert!(run.stdout.trim_end().ends_with("the same"), "{}", run.told());
        // A test program is linked like any other.
        let document = document(&space.run(question.iter().copied().chain(["--json"])).ok());
        assert!(document["actions"]["audited"].as_u64().unwrap() >= 14, "{document}");
    }
}

const SHIPPED: &str = r#"
cc_library(name = "lib", srcs = ["lib.c", "asm.S"], hdrs = ["lib.h"])
cc_library(name = "more", srcs = ["more.cc"], deps = [":lib"])
cc_binary(name = "main", srcs = ["main.c"], deps = [":lib"])
cc_binary(name = "main_cc", srcs = ["main.cc"], deps = [":more"])
cc_test(name = "main_test", srcs = ["main.c"], deps = [":lib"])
genrule(name = "sorted", srcs = ["names.txt"], outs = ["sorted.txt"], cmd = "sort $< > $@")
write_file(name = "text", out = "text.txt", content = ["one", "two"])
filegroup(name = "files", srcs = ["names.txt", ":sorted"])
sh_library(name = "shells", srcs = ["run.sh"])
sh_binary(name = "run", srcs = ["run.sh"], data = [":files"])
sh_test(name = "run_test", srcs = ["run.sh"])
"#;
