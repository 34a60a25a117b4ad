//! `vectors`: the cases of a contract, and apart from them what the interpreter makes of them.
//!
//! Inputs: `contract` and `imports` of it. Outputs: `inputs` (what code under test is shown) and `expected` (what it is
//! held against, and what a freeze begins with). They are two files so that code under test can be given one alone.

use super::{Given, Made, Step};
use crate::vectors::{Frozen, cases};
use gx_store::ExecuteError;

pub(super) const STEP: Step = Step {
    name: "vectors",
    revision: 2,
    inputs: &["contract", "imports"],
    outputs: &["inputs", "expected"],
    arguments: &[],
    run,
};

fn run(given: &Given<'_>) -> Result<Made, ExecuteError> {
    let contracts = given.contracts("contract")?;
    let [contract] = contracts.as_slice() else { return Err(given.refuse("the input 'contract' is one contract")) };
    let cases =
        cases(contract, &[]).map_err(|findings| ExecuteError::Findings { findings: format!("{findings}\n") })?;
    let frozen = Frozen { contract: contract.name.to_string(), cases, freezes: Vec::new() };
    Ok(vec![("inputs", frozen.inputs().into_bytes().into()), ("expected", frozen.text().into_bytes().into())])
}
