//! The way from a text to a verdict, step by step: golden digests of what each makes, and what each refuses.

use super::testing::Bench;
use std::collections::BTreeMap;

const TEXT: &str = "contract A.B 1.0.0 layer L1 invalid BAD;

error BAD = 1 severity ERROR category input retry no message \"bad\";

/// Twice as much.
pure operator Twice(a: u8) -> u16 { a * 2 }
";

type Made = BTreeMap<String, Vec<u8>>;

fn contract(text: &str) -> Made {
    let mut bench = Bench::new("contract");
    bench.input("source", "a.upel", text);
    bench.run(&["ir", "facts"]).unwrap()
}

/// A gate on a contract: its report and what others make of it.
fn gate(name: &str, text: &str) -> Made {
    let made = contract(text);
    let mut bench = Bench::new("gate");
    bench.input("contracts", "out/a.cbor", &made["ir"]);
    bench.input("facts", "out/a.facts", &made["facts"]);
    bench.word("gate", name);
    bench.run(&["report", "twin", "text"]).unwrap()
}

/// A document of a contract, held against it.
fn drift(text: &str) -> Made {
    let made = contract(text);
    let mut bench = Bench::new("drift");
    bench.input("contract", "out/a.cbor", &made["ir"]);
    bench.input("facts", "out/a.facts", &made["facts"]);
    bench.input(
        "documents",
        "a.md",
        "# A\n\n**Algorithm:** `A.B`\n\n**Operator:** `A.B.Twice`\n**Signature:** `(a -> result)`\n",
    );
    bench.run(&["held"]).unwrap()
}

fn verdict(report: &Made) -> Result<Made, String> {
    let mut bench = Bench::new("verdict");
    bench.input("report", "out/report", &report["report"]);
    bench.input("text", "out/text", &report["text"]);
    bench.run(&["verdict"])
}

#[test]
fn golden() {
    // A changed digest needs a changed revision.
    let mut told = String::new();
    let mut tell = |step: &str, bench: &Bench, made: &Made| told.push_str(&format!("{step}\n{}", bench.digests(made)));
    let ir = contract(TEXT)["ir"].clone();
    for (step, part, outputs) in [
        ("registry", "contracts", &["registry", "twin"][..]),
        ("lock", "contracts", &["lock"]),
        ("vectors", "contract", &["inputs", "expected"]),
        ("trace", "contract", &["trace"]),
    ] {
        let mut bench = Bench::new(step);
        bench.input(part, "out/a.cbor", &ir);
        let made = bench.run(outputs).unwrap();
        tell(step, &bench, &made);
    }
    let held = drift(TEXT);
    tell("drift", &Bench::new("drift"), &held);
    let report = gate("references", TEXT);
    let bench = Bench::new("gate");
    tell("gate", &bench, &report);
    let passed = verdict(&report).unwrap();
    tell("verdict", &bench, &passed);
    let mut evidence = Bench::new("evidence");
    evidence.input("reports", "out/report", &report["report"]);
    evidence.word("release", "1.0.0");
    tell("evidence", &evidence, &evidence.run(&["evidence"]).unwrap());
    let mut conformance = Bench::new("conformance");
    conformance.input("reports", "out/report", &report["report"]);
    conformance.input("verdicts", "out/verdict", &passed["verdict"]);
    tell("conformance", &conformance, &conformance.run(&["verdict", "twin"]).unwrap());
    insta::assert_snapshot!(told);
}

#[test]
fn a_report_that_fails_has_no_verdict_and_one_verdict_does_not_stand_for_another() {
    let failed = gate("digests", TEXT);
    insta::assert_snapshot!(verdict(&failed).unwrap_err());
    let (first, second) = (gate("references", TEXT), gate("references", &TEXT.replace("1.0.0", "1.0.1")));
    let mut conformance = Bench::new("conformance");
    conformance.input("reports", "out/report", &second["report"]);
    conformance.input("verdicts", "out/verdict", &verdict(&first).unwrap()["verdict"]);
    insta::assert_snapshot!(conformance.run(&["verdict"]).unwrap_err());
    let mut conformance = Bench::new("conformance");
    conformance.input("reports", "out/report", &failed["report"]);
    conformance.input("verdicts", "out/verdict", &verdict(&first).unwrap()["verdict"]);
    insta::assert_snapshot!(conformance.run(&["verdict"]).unwrap_err());
    insta::assert_snapshot!(Bench::new("conformance").run(&["verdict"]).unwrap_err());
}

#[test]
fn documents_that_no_gate_holds_against_their_contract_are_not_conformance() {
    let made = contract(TEXT);
    let mut bench = Bench::new("gate");
    bench.input("contracts", "out/a.cbor", &made["ir"]);
    bench.input("facts", "out/a.facts", &made["facts"]);
    bench.input("drift", "out/a.held", &drift(TEXT)["held"]);
    bench.word("gate", "schema");
    let schema = bench.run(&["report", "twin", "text"]).unwrap();
    let mut conformance = Bench::new("conformance");
    conformance.input("reports", "out/schema", &schema["report"]);
    conformance.input("verdicts", "out/schema.verdict", &verdict(&schema).unwrap()["verdict"]);
    insta::assert_snapshot!(conformance.run(&["verdict"]).unwrap_err());
    bench.word("gate", "drift");
    let held = bench.run(&["report", "twin", "text"]).unwrap();
    conformance.input("reports", "out/drift", &held["report"]);
    conformance.input("verdicts", "out/drift.verdict", &verdict(&held).unwrap()["verdict"]);
    conformance.run(&["verdict"]).unwrap();
}

#[test]
fn what_does_not_go_together_is_refused() {
    let made = contract(TEXT);
    let mut bench = Bench::new("gate");
    bench.input("contracts", "out/a.cbor", &made["ir"]);
    bench.word("gate", "closre");
    insta::assert_snapshot!(bench.run(&["report"]).unwrap_err());
    bench.word("gate", "closure");
    insta::assert_snapshot!(bench.run(&["report"]).unwrap_err());
    bench.input("facts", "out/a.facts", &contract(&TEXT.replace("A.B", "A.C"))["facts"]);
    insta::assert_snapshot!(bench.run(&["report"]).unwrap_err());
    let mut evidence = Bench::new("evidence");
    evidence.input("former", "evidence.json", "{}");
    insta::assert_snapshot!(evidence.run(&["evidence"]).unwrap_err());
}
