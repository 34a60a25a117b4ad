//! `evidence`: what gates said, as a chain of records in which each covers the one before.
//!
//! Inputs: `reports`, and `former`: the evidence of earlier releases, which is carried on. Output: `evidence`, JSON.

use super::{Given, Made, Step};
use crate::gate::evidence::Evidence;
use gx_store::ExecuteError;

pub(super) const STEP: Step = Step {
    name: "evidence",
    revision: 1,
    inputs: &["reports", "former"],
    outputs: &["evidence"],
    arguments: &["release"],
    run,
};

fn run(given: &Given<'_>) -> Result<Made, ExecuteError> {
    let mut evidence = Evidence::default();
    for former in given.files("former")? {
        evidence = Evidence::read(&former.bytes).map_err(|why| ExecuteError::Findings {
            findings: format!("{}:1:1: error[GX1160 EVIDENCE_BROKEN] former evidence: {why}\n", former.path),
        })?;
    }
    for report in given.files("reports")? {
        evidence.add(given.word("release"), &report.bytes).map_err(|why| given.refuse(why))?;
    }
    Ok(vec![("evidence", evidence.text().into_bytes().into())])
}
