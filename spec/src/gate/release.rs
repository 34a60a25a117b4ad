//! `release`: a profile says which gates have to be passed, how much vectors cover, and whether waivers are allowed.

use super::codes::{self, Code};
use super::report::{Finding, Summary};
use super::{Found, Gate, Input};
use std::collections::BTreeMap;

pub(super) const GATE: Gate = Gate { name: "release", codes: CODES, look };

const CODES: &[Code] = &[codes::COVERAGE_LOW, codes::GATE_MISSING, codes::WAIVER_REFUSED];

/// A profile.
struct Profile {
    name: &'static str,
    /// How much of what is owed vectors show at least, in percent.
    coverage: u64,
    gates: &'static [&'static str],
    waivers: bool,
}

const PROFILES: [Profile; 3] = [
    Profile { name: "managed", coverage: 95, gates: &["closure", "references", "registry", "vectors"], waivers: true },
    Profile {
        name: "confidential",
        coverage: 98,
        gates: &["closure", "digests", "interface", "references", "registry", "schema", "vectors"],
        waivers: true,
    },
    Profile {
        name: "regulated",
        coverage: 100,
        gates: &["closure", "digests", "evidence", "interface", "references", "registry", "schema", "vectors"],
        waivers: false,
    },
];

fn look(input: &Input) -> Found {
    let mut found = Found::default();
    let wanted = input.argument("profile");
    let Some(profile) = PROFILES.iter().find(|it| it.name == wanted) else {
        let message = format!("'{wanted}' is no profile");
        let finding = Finding::new(codes::GATE_MISSING, "", "profile", message);
        found.findings.push(finding.hint("profiles are managed, confidential and regulated"));
        return found;
    };
    let mut passed: BTreeMap<String, bool> = BTreeMap::new();
    let (mut owed, mut shown, mut held) = (0, 0, 0);
    for file in input.files("reports") {
        let summary = match Summary::decode(&file.bytes) {
            Ok(summary) => summary,
            Err(error) => {
                let finding = Finding::new(codes::GATE_MISSING, &file.path, "report", error.to_string());
                found.findings.push(finding.hint("`gates` names gates"));
                continue;
            }
        };
        let metric = |name: &str| summary.metrics.get(name).copied().unwrap_or(0);
        if summary.gate == "vectors" {
            owed += metric("owed");
            shown += metric("shown");
        }
        if summary.gate == "schema" {
            held += metric("held");
        }
        for waived in summary.waived.iter().filter(|_| !profile.waivers) {
            let message = format!("{} allows no waivers, and {} has one: {waived}", profile.name, summary.gate);
            let finding = Finding::new(codes::WAIVER_REFUSED, &file.path, &*summary.gate, message);
            found.findings.push(finding.hint("mend what the waiver is for"));
        }
        let all = passed.entry(summary.gate).or_insert(true);
        *all &= summary.passed;
    }
    // Documents that nothing holds against their contracts are worth nothing.
    let documents = if held > 0 { ["drift"].as_slice() } else { &[] };
    for gate in profile.gates.iter().chain(documents) {
        let message = match passed.get(*gate) {
            Some(true) => continue,
            Some(false) => format!("the gate '{gate}' did not pass"),
            None => format!("{} asks for the gate '{gate}'", profile.name),
        };
        let finding = Finding::new(codes::GATE_MISSING, "", *gate, message);
        found.findings.push(finding.hint("name it in `gates`"));
    }
    // Rounded down: 97.9 percent is not 98.
    let percent = (shown * 100).checked_div(owed).unwrap_or(100);
    if percent < profile.coverage {
        let message = format!(
            "vectors show {shown} of {owed}, {percent} percent; {} asks for {}",
            profile.name, profile.coverage
        );
        let finding = Finding::new(codes::COVERAGE_LOW, "", "coverage", message);
        found.findings.push(finding.hint("the report of the gate `vectors` lists what is not shown"));
    }
    found.metrics.insert("coverage".to_owned(), percent);
    found
}
