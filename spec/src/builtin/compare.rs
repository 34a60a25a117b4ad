//! `compare`: what generated code gave, held against what is expected of it.
//!
//! Inputs: `report` of `emit`, and for each kind of trial in the argument `kinds` one file of `inputs`, `expected` and
//! `actual`. Outputs: `result` (JSON). It never fails for what it finds: `coverage` does. Lines go together by their
//! place; a program that ended early gave nothing for the rest.

use super::{Given, Made, Step};
use gx_store::ExecuteError;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

pub(super) const STEP: Step = Step {
    name: "compare",
    revision: 1,
    inputs: &["report", "inputs", "expected", "actual"],
    outputs: &["result"],
    arguments: &["kinds"],
    run,
};

/// So many differences of one operator are told; the rest is counted.
const TOLD: usize = 5;

#[derive(Debug, Default, Clone, Copy)]
struct Count {
    cases: u64,
    passed: u64,
}

/// What was tried so far.
struct Tally<'a> {
    generated: &'a BTreeMap<String, Json>,
    counts: BTreeMap<(String, usize), Count>,
    findings: Vec<Json>,
}

impl Tally<'_> {
    /// One trial: what came is held against what is expected, line by line.
    fn trial(&mut self, (at, kind): (usize, &str), inputs: &str, expected: &str, actual: &str) {
        let mut came = actual.lines();
        let mut told: BTreeMap<String, usize> = BTreeMap::new();
        for (input, expected) in inputs.lines().zip(expected.lines()) {
            let operator = input.split(' ').next().unwrap_or_default().to_owned();
            let got = came.next();
            let row = self.generated.get(&operator).and_then(|it| it.get("generated"));
            if row.and_then(Json::as_bool) != Some(true) {
                continue;
            }
            let count = self.counts.entry((operator.clone(), at)).or_default();
            count.cases += 1;
            if got == Some(expected) {
                count.passed += 1;
                continue;
            }
            let n = told.entry(operator.clone()).or_default();
            *n += 1;
            if *n <= TOLD {
                let got = got.unwrap_or("nothing: the program ended");
                let finding = json!({"operator": operator, "kind": kind, "input": input, "expected": expected});
                self.findings.push(with(finding, "got", json!(got)));
            }
        }
        if let Some(rest) = came.next() {
            let finding = json!({"operator": "", "kind": kind, "input": "", "expected": "nothing more"});
            self.findings.push(with(finding, "got", json!(rest)));
        }
    }
}

/// An object with one more member.
fn with(mut object: Json, name: &str, value: Json) -> Json {
    if let Json::Object(members) = &mut object {
        members.insert(name.to_owned(), value);
    }
    object
}

fn run(given: &Given<'_>) -> Result<Made, ExecuteError> {
    let report = given.file("report")?;
    let report: Json = serde_json::from_slice(&report.bytes).map_err(|error| given.refuse(error.to_string()))?;
    let generated: BTreeMap<String, Json> = report
        .get("operators")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
        .filter_map(|it| Some((it.get("operator")?.as_str()?.to_owned(), it.clone())))
        .collect();
    let kinds: Vec<&str> = given.word("kinds").lines().collect();
    let (inputs, expected) = (given.files("inputs")?, given.files("expected")?);
    let actual = given.files("actual")?;
    if [inputs.len(), expected.len(), actual.len()].iter().any(|n| *n != kinds.len()) {
        return Err(given.refuse("each kind has one file of inputs, of what is expected, and of what came"));
    }
    let mut tally = Tally { generated: &generated, counts: BTreeMap::new(), findings: Vec::new() };
    let mut missing = None;
    for (at, kind) in kinds.iter().enumerate() {
        let text = |files: &[super::Source]| {
            files.get(at).map(|it| String::from_utf8_lossy(&it.bytes).into_owned()).unwrap_or_default()
        };
        let actual = text(&actual);
        match actual.strip_prefix("not run: ") {
            Some(why) => missing = Some(why.trim_end().to_owned()),
            None => tally.trial((at, kind), &text(&inputs), &text(&expected), &actual),
        }
    }
    let Tally { counts, findings, .. } = tally;
    let operators = generated.iter().map(|(operator, row)| {
        let mut tried = Map::new();
        for (at, kind) in kinds.iter().enumerate() {
            let count = counts.get(&(operator.clone(), at)).copied().unwrap_or_default();
            tried.insert((*kind).to_owned(), json!({"cases": count.cases, "passed": count.passed}));
        }
        with(row.clone(), "tried", Json::Object(tried))
    });
    let operators: Vec<Json> = operators.collect();
    let state = match (&missing, findings.is_empty()) {
        (Some(_), _) => "not run",
        (None, true) => "passed",
        (None, false) => "failed",
    };
    let result = json!({
        "schema": "gx.backend/1",
        "target": report.get("target"),
        "class": report.get("class"),
        "contract": report.get("contract"),
        "state": state,
        "why": missing,
        "operators": operators,
        "findings": findings,
    });
    Ok(vec![("result", super::pretty(&result).into_bytes().into())])
}
