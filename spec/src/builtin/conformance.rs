//! `conformance`: all gates passed, and what they spoke of: what a generator takes as an input.
//!
//! Inputs: `reports` and the `verdicts` on them, in one order. Outputs: `verdict` (canonical CBOR) and its `twin`.
//! There is no output when a gate did not pass, and a verdict speaks of digests, so it cannot be taken for another
//! state.

use super::{Given, Made, Step, verdict};
use crate::gate::conformance::Conformance;
use crate::gate::report::Summary;
use crate::twin;
use gx_store::encode::Fields;
use gx_store::{ExecuteError, HashFunction};
use std::collections::BTreeMap;

pub(super) const STEP: Step = Step {
    name: "conformance",
    revision: 2,
    inputs: &["reports", "verdicts"],
    outputs: &["verdict", "twin"],
    arguments: &[],
    run,
};

fn run(given: &Given<'_>) -> Result<Made, ExecuteError> {
    let (reports, verdicts) = (given.files("reports")?, given.files("verdicts")?);
    if reports.is_empty() || reports.len() != verdicts.len() {
        return Err(given.refuse("each report has a verdict, and there is at least one"));
    }
    let mut gates = Vec::new();
    let mut subjects: BTreeMap<String, String> = BTreeMap::new();
    let mut held = 0;
    for (report, verdict) in reports.iter().zip(&verdicts) {
        let summary = Summary::decode(&report.bytes).map_err(|error| given.refuse(error.to_string()))?;
        let digest = HashFunction::Blake3.digest(&report.bytes).hex();
        let said = Fields::of_record(&verdict.bytes, verdict::SCHEMA).and_then(|mut it| it.text("report"));
        if !summary.passed || said != Ok(digest.clone()) {
            return Err(given.refuse(format!("'{}' is no verdict that '{}' passes", verdict.path, report.path)));
        }
        for (name, digest) in summary.subjects {
            let known = subjects.entry(name).or_insert_with(|| digest.clone());
            if *known != digest {
                let findings =
                    format!("{}: the gates speak of two states of one thing: {known} and {digest}\n", report.path);
                return Err(ExecuteError::Findings { findings });
            }
        }
        if summary.gate == "schema" {
            held += summary.metrics.get("held").copied().unwrap_or(0);
        }
        gates.push((summary.gate, digest));
    }
    gates.sort();
    if held > 0 && !gates.iter().any(|(gate, _)| gate == "drift") {
        let findings =
            format!("conformance: {held} contracts have documents, and no gate `drift` holds them against these\n");
        return Err(ExecuteError::Findings { findings });
    }
    let verdict = Conformance { passed: true, gates, subjects }.value();
    Ok(vec![("verdict", verdict.encode().into()), ("twin", twin::text(&verdict).into_bytes().into())])
}
