//! Generated code: the ledger in every target, what an edit makes again, and that wrong code is found.
//!
//! A target that this machine has no programs for is skipped loudly: gx itself says that it was not run.

use gx_tests::{TestSpace, repository_root, skipped};
use serde_json::Value;

fn space() -> TestSpace {
    TestSpace::of_example("ledger")
}

/// The ledger with Python as its only target, where no other has a part in what is tested.
fn in_python() -> TestSpace {
    let space = space();
    space.edit("targets/BUILD.gx", "TARGETS = ALL", "TARGETS = [\"python\"]");
    space
}

/// A backend of each class with toolchains of some megabytes: those of all would take sixteen gigabytes in a store.
pub(crate) const CORE: [&str; 6] = ["c", "javascript", "python", "rust", "smtlib", "verilog"];

/// The ledger in those.
pub(crate) fn in_core(space: &TestSpace) {
    space.edit("targets/BUILD.gx", "TARGETS = ALL", &format!("TARGETS = {CORE:?}"));
}

/// The backends that ship, as the standard library lists them.
fn shipped() -> Vec<String> {
    let text = std::fs::read_to_string(repository_root().join("stdlib/targets/all.bzl")).unwrap();
    let list = text.split_once("ALL = [").unwrap().1;
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

fn json(space: &TestSpace, path: &str) -> Value {
    serde_json::from_str(&space.read(path)).unwrap()
}

/// Rows of the coverage table of one target; `None` where it was not run.
fn rows(space: &TestSpace, target: &str) -> Option<Vec<Value>> {
    let table = json(space, "gx-out/targets/coverage.json");
    let rows: Vec<Value> =
        table["rows"].as_array().unwrap().iter().filter(|it| it["target"] == target).cloned().collect();
    assert!(!rows.is_empty(), "{target}");
    if rows.iter().any(|it| it["run"] == false) {
        skipped(&format!("{target}: {}", rows[0]["why"]));
        return None;
    }
    Some(rows)
}

/// Does this machine run a target?
fn runs(space: &TestSpace, target: &str) -> bool {
    space.build(&["//targets:coverage"]).ok();
    rows(space, target).is_some()
}

#[test]
fn the_ledger_passes_in_every_class_of_targets_and_the_second_time_nothing_runs() {
    let space = space();
    in_core(&space);
    space.build(&["//targets:all"]).ok();
    space.build(&["//targets:all"]).expect_run(0);
    for target in CORE {
        assert!(shipped().iter().any(|it| it == target), "{target}");
        for row in rows(&space, target).unwrap_or_default() {
            if row["class"] == "proof" && row["generated"] == false {
                // Provers have less room than programs.
                assert!(row["reason"].as_str().unwrap().contains("there is room for"), "{row}");
                continue;
            }
            assert_eq!(row["generated"], true, "{row}");
            if let Some(proof) = row["tried"].get("proof") {
                assert!(proof["cases"].as_u64().unwrap() >= 3 && proof["cases"] == proof["passed"], "{row}");
            }
            let cases =
                |kind: &str| (row["tried"][kind]["cases"].as_u64().unwrap(), row["tried"][kind]["passed"].as_u64());
            let (made, passed) = cases("generated");
            assert_eq!((made, passed), (1000, Some(1000)), "{row}");
            let (frozen, passed) = cases("vectors");
            assert!(frozen > 0 && passed == Some(frozen), "{row}");
        }
    }
    // The table says it all at a glance.
    assert!(space.read("gx-out/targets/coverage.txt").contains("Ledger.Limits.Noticed"));
}

#[test]
fn another_body_goes_through_its_own_chain() {
    let space = in_python();
    if !runs(&space, "python") {
        return;
    }
    space.build(&["//targets:python"]).ok();
    // The same meaning said otherwise: every gate passes but the lock has another digest, so it is agreed to again.
    space.edit("contracts/limits.upel", "let left = limit - total;", "let rest = limit - total;\n  let left = rest;");
    space.edit("contracts/limits.upel", "contract Ledger.Limits 1.0.0", "contract Ledger.Limits 1.0.1");
    space.edit("contracts/limits.md", "`Ledger.Limits-1.0.0`", "`Ledger.Limits-1.0.1`");
    space.build(&["//contracts:lock"]).ok();
    let lock = space.read("gx-out/contracts/lock.json");
    space.write("contracts/agreed.json", lock);
    let run = space.build(&["//targets:python"]).ok();
    let ran = run.messages("run");
    for wanted in ["Emitting limits for python", "Compiling limits for python", "Comparing limits for python"] {
        assert!(wanted.starts_with("Comparing") || ran.iter().any(|it| it == wanted), "{wanted}: {ran:?}");
    }
    for other in ["money", "fees", "accounts"] {
        for step in ["Emitting", "Compiling", "Trying"] {
            assert!(!ran.iter().any(|it| it.starts_with(&format!("{step} {other} "))), "{step} {other}: {ran:?}");
        }
    }
}

/// A workspace with a copy of a target's folder of its own, changed in one place.
fn with_own_target(id: &str, from: &str, to: &str) -> TestSpace {
    let space = in_python();
    let folder = repository_root().join("stdlib/targets").join(id);
    let mut ahead = vec![folder.clone()];
    while let Some(next) = ahead.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                ahead.push(path);
                continue;
            }
            let place = path.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned();
            space.write(format!("own/{id}/{place}"), std::fs::read_to_string(&path).unwrap());
        }
    }
    space.edit(format!("own/{id}/target.toml"), from, to);
    let build = "load('@gx//rules:codegen.bzl', 'backend')\nbackend(name = 'python', languages = ['python'])\n";
    space.write("own/BUILD.gx", format!("package(default_visibility = ['//visibility:public'])\n{build}"));
    space.edit("targets/BUILD.gx", "\"@gx//targets:\" + target", "\"//own:python\"");
    space
}

#[test]
fn code_that_is_off_by_one_is_red() {
    let space = with_own_target("python", "\"{0} + {1}\"]\nsub", "\"{0} + {1} + 1\"]\nsub");
    if !runs(&space, "python") {
        return;
    }
    let run = space.build(&["//targets:python"]).expect(1);
    run.expect_text("error[GX1190 BACKEND_DIFFERS] python Ledger.Money.AddAmounts (vectors)")
        .expect_text("error[GX1190 BACKEND_DIFFERS] python Ledger.Money.AddAmounts (generated)")
        .expect_text("error[GX1190 BACKEND_DIFFERS] python Ledger.Accounts.Available (generated)");
    // What was generated is there to be read, and the table too.
    space.build(&["//targets:python.code", "//targets:coverage"]).ok();
    assert!(space.read("gx-out/targets/python.code/project/ledger/money.py").contains("a + b + 1"));
}

#[test]
fn a_body_that_is_off_by_one_turns_every_backend_red_and_provers_refute_it() {
    let targets = ["c", "python", "smtlib", "cvc5", "verilog", "vhdl"];
    let space = space();
    space.edit("targets/BUILD.gx", "TARGETS = ALL", &format!("TARGETS = {targets:?}"));
    space.edit("targets/BUILD.gx", "project = \"ledger\",", "inputs = 20,\n        project = \"ledger\",");
    space.edit("contracts/fees.upel", "net = amount - fee;", "net = min(amount - fee + 0.01, 9_999_999_999.99);");
    // The gates would stop it: here only one of them is asked.
    space.edit(
        "contracts/BUILD.gx",
        "conformance(name = \"conformance\", gates = GATES + [\":evidence\", \":release\", \":suites\"])",
        "conformance(name = \"conformance\", gates = [\":references\"])",
    );
    space.build(&["//targets:coverage"]).ok();
    for target in targets {
        for row in rows(&space, target).unwrap_or_default().iter().filter(|it| it["operator"] == "NetOf") {
            for (kind, count) in row["tried"].as_object().unwrap() {
                assert!(count["passed"].as_u64() < count["cases"].as_u64(), "{kind}: {row}");
            }
            assert_eq!(row["tried"].get("proof").is_some(), row["class"] == "proof", "{row}");
        }
    }
    if rows(&space, "smtlib").is_some() {
        let run = space.build(&["//targets:smtlib"]).expect(1);
        run.expect_text("smtlib Ledger.Fees.NetOf (proof): NetOf proves ensure_1").expect_text("got:      refuted");
    }
}

#[test]
fn a_form_that_a_target_lacks_is_told_with_whatever_needs_it() {
    let space = with_own_target("python", "div_half_even = \"exact.half_even({0}, {1})\"\n", "");
    if !runs(&space, "python") {
        return;
    }
    space.build(&["//targets:all"]).ok();
    let table = space.read("gx-out/targets/coverage.txt");
    for line in [
        "Ledger.Money.ShareOf            not expressible: there is no 'div_half_even' in Python 3",
        "Ledger.Fees.FeeOf               not expressible: it calls ShareOf: there is no 'div_half_even' in Python 3",
        "Ledger.Fees.NetOf               not expressible: it calls FeeOf: it calls ShareOf",
        "Ledger.Fees.RateOf              generated, compiled",
    ] {
        assert!(table.contains(line), "{line}\n{table}");
    }
}

#[test]
fn a_body_that_its_vectors_do_not_agree_to_turns_its_backend_red() {
    let space = in_python();
    if !runs(&space, "python") {
        return;
    }
    space.edit("contracts/fees.upel", "BASIC => 100", "BASIC => 101");
    // The gates would stop it: here only one of them is asked.
    space.edit(
        "contracts/BUILD.gx",
        "conformance(name = \"conformance\", gates = GATES + [\":evidence\", \":release\", \":suites\"])",
        "conformance(name = \"conformance\", gates = [\":references\"])",
    );
    let run = space.build(&["//targets:python"]).expect(1);
    run.expect_text("error[GX1190 BACKEND_DIFFERS] python Ledger.Fees.RateOf (vectors)");
    assert!(!run_text(&space).contains("RateOf (generated)"));
}

/// What the verdict says.
fn run_text(space: &TestSpace) -> String {
    space.build(&["//targets:python"]).expect(1).told()
}

#[test]
fn a_machine_without_the_programs_does_not_run_that_backend_and_no_other_is_touched() {
    let space = with_own_target("python", "programs = [\"python3\"]", "programs = [\"python3\", \"no-such-program\"]");
    space.build(&["//targets:all"]).ok();
    let table = space.read("gx-out/targets/coverage.txt");
    assert!(
        table.contains("generated, not run: this machine has no no-such-program (apt-get install python3)")
            || table.contains("generated, not run: this machine has no python3"),
        "{table}"
    );
}

#[test]
fn what_gates_did_not_pass_is_not_generated() {
    let space = in_python();
    space.edit(
        "contracts/BUILD.gx",
        "conformance(name = \"conformance\", gates = GATES + [\":evidence\", \":release\", \":suites\"])",
        "references_gate(name = \"some\", contracts = [\":money\"])\n\nconformance(name = \"conformance\", gates = [\":some\"])",
    );
    let run = space.build(&["//targets:python"]).expect(1);
    run.expect_text("error[GX1191 NOT_ADMITTED] Ledger.Fees 1.0.0");
}

#[test]
fn targets_are_listed() {
    let space = TestSpace::new();
    let run = space.run(["targets", "--json"]).ok();
    let told: Value = serde_json::from_str(run.stdout.lines().next().unwrap()).unwrap();
    let told = told.get("targets").or_else(|| told["document"].get("targets")).cloned().unwrap_or(told);
    let ids: Vec<&str> = told.as_array().unwrap().iter().filter_map(|it| it["id"].as_str()).collect();
    assert_eq!(ids, shipped());
    let of = |id: &str| told.as_array().unwrap().iter().find(|it| it["id"] == id).unwrap();
    assert!(of("c")["capabilities"].as_array().unwrap().iter().any(|it| it == "integers of 128 bits"), "{told}");
    // One is the other but for where it runs: what that can express it has too.
    assert_eq!(of("aarch64")["capabilities"], of("c")["capabilities"]);
    assert_eq!(of("aarch64")["class"], "hardware");
    assert_eq!(of("vhdl")["class"], "hdl");
}
