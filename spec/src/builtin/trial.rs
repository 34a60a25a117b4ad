//! `trial`: cases for generated code, and apart from them what is expected of it.
//!
//! Inputs: `contract` and `imports` of it, and `frozen`: frozen vectors, or nothing. Arguments without vectors: `count`
//! inputs of each operator, made from types by a `seed`; or `claims`: what a prover is to prove. Outputs: `inputs`,
//! which generated code is shown, and `expected`, which it is not: of vectors as they are frozen, of made inputs what
//! the interpreter says.

use super::{Given, Made, Step};
use crate::emit::wire;
use crate::vectors::Frozen;
use gx_store::ExecuteError;

pub(super) const STEP: Step = Step {
    name: "trial",
    revision: 1,
    inputs: &["contract", "imports", "frozen"],
    outputs: &["inputs", "expected", "left"],
    arguments: &["count", "seed", "claims"],
    run,
};

fn run(given: &Given<'_>) -> Result<Made, ExecuteError> {
    let contract = &*given.contract()?;
    let frozen = given.files("frozen")?;
    let (trial, left) = match frozen.first() {
        Some(file) => {
            let (frozen, _) =
                Frozen::read(&file.bytes).map_err(|why| given.refuse(format!("'{}': {why}", file.path)))?;
            if frozen.contract != *contract.name {
                let why = format!("'{}' has vectors of '{}', not of '{}'", file.path, frozen.contract, contract.name);
                return Err(given.refuse(why));
            }
            wire::frozen(contract, &frozen).map_err(|why| given.refuse(format!("'{}': {why}", file.path)))?
        }
        None if given.word("claims") == "1" => (wire::claims(contract), Vec::new()),
        None => {
            let number = |name: &str| {
                given.word(name).parse::<u64>().map_err(|_| given.refuse(format!("'{name}' is a whole number")))
            };
            let trial = wire::generated(contract, number("count")?, number("seed")?)
                .map_err(|why| ExecuteError::Findings { findings: format!("{why}\n") })?;
            (trial, Vec::new())
        }
    };
    let left: String = left.iter().map(|line| format!("{line}\n")).collect();
    Ok(vec![
        ("inputs", trial.inputs.into_bytes().into()),
        ("expected", trial.expected.into_bytes().into()),
        ("left", left.into_bytes().into()),
    ])
}
