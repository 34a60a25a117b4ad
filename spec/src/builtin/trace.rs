//! `trace`: the trace that fits a contract as it is.
//!
//! Inputs: `contract` and `imports` of it. Output: `trace`, which a person puts into the workspace to agree to it.

use super::{Given, Made, Step};
use crate::trace::Trace;
use gx_store::ExecuteError;

pub(super) const STEP: Step =
    Step { name: "trace", revision: 1, inputs: &["contract", "imports"], outputs: &["trace"], arguments: &[], run };

fn run(given: &Given<'_>) -> Result<Made, ExecuteError> {
    let contracts = given.contracts("contract")?;
    let [contract] = contracts.as_slice() else { return Err(given.refuse("the input 'contract' is one contract")) };
    let trace = Trace::record(contract).map_err(|why| ExecuteError::Findings { findings: format!("{why}\n") })?;
    Ok(vec![("trace", trace.text().into_bytes().into())])
}
