//! `suites`: the five suites of conformance, in their order, up to the first that is red.
//!
//! A suite is what some gates say together. Invariants: the order is fixed; behind the first suite that fails nothing
//! is said of the others, so exactly one is red. This file does not know what a gate looks for.

use super::codes::{self, Code};
use super::report::{Finding, Summary, status};
use super::{Found, Gate, Input};

pub(super) const GATE: Gate = Gate { name: "suites", codes: CODES, look };

const CODES: &[Code] = &[codes::SUITE_FAILED, codes::SUITE_MISSING];

/// A suite: its name, the gates that it has to have, and those that count when they are there.
struct Suite {
    name: &'static str,
    needs: &'static [&'static str],
    takes: &'static [&'static str],
}

const SUITES: [Suite; 5] = [
    Suite { name: "schema", needs: &["schema"], takes: &["closure", "digests", "drift", "references"] },
    Suite { name: "interface", needs: &["interface", "registry"], takes: &["compatibility"] },
    Suite { name: "replay", needs: &["replay", "vectors"], takes: &["failures"] },
    Suite { name: "checkpoint", needs: &["checkpoint"], takes: &["recovery"] },
    Suite { name: "evidence", needs: &["evidence"], takes: &[] },
];

fn look(input: &Input) -> Found {
    let mut found = Found::default();
    let mut reports = Vec::new();
    for file in input.files("reports") {
        match Summary::decode(&file.bytes) {
            Ok(summary) => reports.push((file, summary)),
            Err(error) => {
                let finding = Finding::new(codes::SUITE_MISSING, &file.path, "report", error.to_string());
                found.findings.push(finding.hint("`gates` names gates"));
            }
        }
    }
    let mut aborted = false;
    for suite in &SUITES {
        if aborted {
            found.verdicts.push((suite.name.to_owned(), "NOT RUN".to_owned()));
            continue;
        }
        let mut passes = true;
        for gate in suite.needs.iter().filter(|gate| !reports.iter().any(|(_, it)| it.gate == **gate)) {
            passes = false;
            let message = format!("the suite '{}' needs the gate '{gate}'", suite.name);
            let finding = Finding::new(codes::SUITE_MISSING, "", suite.name, message);
            found.findings.push(finding.hint("name it in `gates`"));
        }
        for (file, summary) in &reports {
            let own = suite.needs.iter().chain(suite.takes).any(|gate| summary.gate == **gate);
            if own && !summary.passed {
                passes = false;
                let message = format!("the gate '{}' of the suite '{}' did not pass", summary.gate, suite.name);
                let finding = Finding::new(codes::SUITE_FAILED, &file.path, suite.name, message);
                found.findings.push(finding.hint("its report says why; suites behind this one were not looked at"));
            }
        }
        found.verdicts.push((suite.name.to_owned(), status(passes).to_owned()));
        aborted = !passes;
    }
    found
}
