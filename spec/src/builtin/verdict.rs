//! `verdict`: a report that passes becomes a verdict; one that does not fails the build with all that it says.
//!
//! Inputs: `report` and its `text`. Output: `verdict`, which names the gate and the report's digest.

use super::{Given, Made, Step};
use crate::gate::report::Summary;
use gx_store::encode::Value as Cbor;
use gx_store::{ExecuteError, HashFunction};

pub(super) const STEP: Step =
    Step { name: "verdict", revision: 1, inputs: &["report", "text"], outputs: &["verdict"], arguments: &[], run };

/// The record's schema name.
pub(super) const SCHEMA: &str = "gx.verdict/1";

fn run(given: &Given<'_>) -> Result<Made, ExecuteError> {
    let report = given.file("report")?;
    let summary = Summary::decode(&report.bytes).map_err(|error| given.refuse(error.to_string()))?;
    if !summary.passed {
        let text = given.file("text")?.bytes;
        return Err(ExecuteError::Findings { findings: String::from_utf8_lossy(&text).into_owned() });
    }
    let verdict = Cbor::record([
        ("schema", Cbor::text(SCHEMA)),
        ("gate", Cbor::text(&summary.gate)),
        ("status", Cbor::text("PASS")),
        ("report", Cbor::text(HashFunction::Blake3.digest(&report.bytes).hex())),
    ]);
    Ok(vec![("verdict", verdict.encode().into())])
}
