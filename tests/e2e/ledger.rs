//! The example `ledger`: contracts through every gate, what runs after an edit, and what gates say of faults.

use gx_tests::TestSpace;
use serde_json::Value;

fn space() -> TestSpace {
    TestSpace::of_example("ledger")
}

#[test]
fn contracts_pass_every_gate_and_the_second_time_nothing_runs() {
    let space = space();
    space.build(&["//contracts/..."]).ok();
    let verdict: Value = serde_json::from_str(&space.read("gx-out/contracts/conformance.conformance.json")).unwrap();
    assert_eq!(verdict.get("verdict").and_then(Value::as_str), Some("PASS"));
    let gates = verdict.get("gates").and_then(Value::as_array).unwrap();
    assert_eq!(gates.len(), 16, "{verdict}");
    space.build(&["//contracts/..."]).expect_run(0);
    // A waiver is told in the report, though the gate passes.
    let report = space.read("gx-out/contracts/examples.report.txt");
    assert!(report.contains("waived by Ada Lovelace until 2027-06-30"), "{report}");
    // What is agreed to is what the contracts are.
    assert_eq!(space.read("gx-out/contracts/lock.json"), space.read("contracts/agreed.json"));
    assert_eq!(space.read("gx-out/contracts/accounts_trace.json"), space.read("contracts/traces/accounts.json"));
    let suites = space.read("gx-out/contracts/suites.report.txt");
    let order = ["schema", "interface", "replay", "checkpoint", "evidence"].map(|it| format!("suites {it}: PASS\n"));
    assert!(suites.starts_with(&order.concat()), "{suites}");
}

#[test]
fn the_layout_of_prose_is_read_once_and_goes_no_further() {
    let space = space();
    space.build(&["//contracts/..."]).ok();
    let before = space.outputs();
    // Lines move, blanks come and go, a bullet has another mark: no fact is another.
    space.edit("contracts/accounts.md", "\n---\n## 2) System Model\n", "\n\n---\n\n## 2) System Model\n\n");
    space.edit("contracts/accounts.md", "- `open: bool`", "*   `open: bool`  ");
    let run = space.build(&["//contracts/..."]).expect_run(1);
    assert_eq!(run.messages("run"), ["Reading contracts/accounts.md"], "{}", run.told());
    assert_eq!(space.outputs(), before);
}

#[test]
fn prose_or_contract_alone_is_changed_and_both_places_are_named() {
    let space = space();
    space.build(&["//contracts:drift"]).ok();
    space.edit("contracts/accounts.md", "- `open: bool`", "- `open: uint8`");
    let run = space.run(["build", "//contracts:drift"]).expect(1);
    run.expect_text("contracts/accounts.md:")
        .expect_text("error[GX1048 DRIFT_TYPE] Ledger.Accounts FormerAccount.open")
        .expect_text("contracts/accounts.upel:29:3: the artefact says otherwise here");
    let run = space.run(["build", "//contracts:conformance"]).expect(1);
    run.expect_text("DRIFT_TYPE");
    space.edit("contracts/accounts.md", "- `open: uint8`", "- `open: bool`");
    space.build(&["//contracts:drift"]).expect_run(0);
    // The other way: a range, an error's number, an enum, a version.
    for (from, to, code) in [
        ("0..=10_000 else BAD_RATE", "0..=9_999 else BAD_RATE", "DRIFT_RANGE] Ledger.Money BasisPoints"),
        ("BAD_RATE = 1001", "BAD_RATE = 1002", "DRIFT_ERROR] Ledger.Money BAD_RATE"),
        ("Ledger.Money 1.0.0", "Ledger.Money 1.0.1", "DRIFT_VERSION] Ledger.Money version"),
    ] {
        space.edit("contracts/money.upel", from, to);
        space.run(["build", "//contracts:drift"]).expect(1).expect_text(code);
        space.edit("contracts/money.upel", to, from);
    }
    // A schema that is kept beside it and edited by hand.
    space.edit("contracts/schemas/money.json", "\"number\": 1001", "\"number\": 1003");
    space.run(["build", "//contracts:drift"]).expect(1).expect_text("SCHEMA_EDITED");
}

#[test]
fn a_trace_that_gives_something_else_makes_one_suite_red() {
    let space = space();
    let (is, was) = ("account with { status: Status.OPEN }", "account with { status: Status.SUSPENDED }");
    space.edit("contracts/accounts.upel", was, is);
    let run = space.run(["build", "//contracts:replay"]).expect(1);
    run.expect_text("GX1185 REPLAY_DIVERGED] Ledger.Accounts step");
    space.run(["build", "//contracts:suites"]).expect(1);
    space.edit("contracts/accounts.upel", is, was);
    // Evidence is the last of the suites: with a broken trace alone the two behind replay are not looked at.
    space.edit("contracts/traces/accounts.json", "\"seq\": 1,", "\"seq\": 2,");
    space.run(["build", "//contracts:suites"]).expect(1).expect_text("GX1187 SUITE_FAILED] replay");
    space.run(["build", "//contracts:suites.report"]).ok();
    let said = space.read("gx-out/contracts/suites.report.txt");
    for line in ["schema: PASS", "interface: PASS", "replay: FAIL", "checkpoint: NOT RUN", "evidence: NOT RUN"] {
        assert!(said.contains(&format!("suites {line}\n")), "{line}: {said}");
    }
}

#[test]
fn other_words_in_a_comment_parse_one_contract_and_stop() {
    let space = space();
    space.build(&["//contracts/..."]).ok();
    let before = space.outputs();
    space.edit("contracts/money.upel", "The sum of two amounts", "The sum of any amounts");
    let run = space.build(&["//contracts/..."]).expect_run(1);
    assert_eq!(run.messages("run"), ["Checking contracts/money.upel"], "{}", run.told());
    assert_eq!(space.outputs(), before);
}

#[test]
fn a_comment_that_moves_lines_goes_no_further_than_reports() {
    let space = space();
    space.build(&["//contracts/..."]).ok();
    space.edit("contracts/fees.upel", "/// The rate of a plan", "/// What a plan costs.\n/// The rate of a plan");
    let run = space.build(&["//contracts/..."]).ok();
    let ran = run.messages("run");
    let near = ["Checking contracts/fees.upel", "Reading contracts/fees.md", "Looking for findings"];
    let far = |it: &&String| !near.iter().any(|near| it.starts_with(near));
    assert_eq!(ran.iter().find(far), None, "{ran:?}");
}

#[test]
fn a_field_goes_to_its_schema_the_registry_and_what_depends_on_it_and_no_further() {
    let space = space();
    space.build(&["//contracts/..."]).ok();
    space.edit("contracts/limits.upel", "  id: u32,", "  id: u16,");
    let run = space.build(&["//contracts/..."]).expect(1);
    let ran = run.messages("run");
    for wanted in ["Checking contracts/limits.upel", "Registering the operators of 4 contracts", "Locking 4 contracts"]
    {
        assert!(ran.iter().any(|it| it == wanted), "{wanted}: {ran:?}");
    }
    for other in ["Checking contracts/money.upel", "Evaluating vectors of //contracts:money", "Judging compatibility"] {
        assert!(!ran.iter().any(|it| it == other), "{other}: {ran:?}");
    }
    // Nothing that was agreed to is still so, and there is no verdict of conformance.
    let run = space.run(["build", "//contracts:digests"]).expect(1);
    run.expect_text("error[GX1107 VERSION_NOT_BUMPED] Ledger.Limits")
        .expect_text("error[GX1106 DIGEST_MISMATCH] Ledger.Limits.Transfer");
    let report = space.read("gx-out/contracts/digests.report.txt");
    assert!(report.contains("digests: FAIL"), "a report is there when its gate fails: {report}");
}

#[test]
fn a_vector_that_was_changed_and_a_waiver_that_ended_are_found_and_block_the_verdict() {
    let space = space();
    space.build(&["//contracts/..."]).ok();
    space.edit("contracts/vectors/money.json", "\"result\": \"0.30\"", "\"result\": \"0.31\"");
    space.edit("contracts/BUILD.gx", "date = \"2026-12-01\"", "date = \"2027-07-01\"");
    let run = space.run(["build", "//contracts:conformance"]).expect(1);
    run.expect_text("GX1131 VECTOR_CHANGED] Ledger.Money vector AddAmounts.cents")
        .expect_text("GX1132 VECTOR_MISMATCH] Ledger.Money vector AddAmounts.cents")
        .expect_text("GX1133 VECTOR_UNFROZEN] Ledger.Money")
        .expect_text("contracts/waivers.toml:3:1: error[GX1181 WAIVER_EXPIRED]");
    // Written again and waived anew, it passes: the vectors are what they were when they were frozen.
    let freeze = |reason: &str| {
        let out = "contracts/vectors/money.json";
        space.run(["spec", "freeze", "contracts/money.upel", "--out", out, "--owner", "Ada", "--reason", reason])
    };
    freeze(" ").expect(1).expect_text("GX1133");
    freeze("put back").ok();
    space.edit("contracts/waivers.toml", "2027-06-30", "2027-12-31");
    space.build(&["//contracts/..."]).ok();
}
