//! `admit`: a contract's meaning goes on to a generator when a verdict of conformance speaks of it.
//!
//! Inputs: `contract`, and `conformance`. Output: `ir`, the contract's bytes as they came. So a generator sees nothing
//! that gates did not pass, and what is unchanged is generated no second time though the verdict is another.

use super::{Given, Made, Step};
use crate::{gate::codes, ir};
use gx_store::ExecuteError;
use gx_store::encode::Fields;
use std::collections::BTreeMap;

pub(super) const STEP: Step = Step {
    name: "admit",
    revision: 1,
    inputs: &["contract", "conformance", "imports"],
    outputs: &["ir"],
    arguments: &[],
    run,
};

fn run(given: &Given<'_>) -> Result<Made, ExecuteError> {
    let file = given.file("contract")?;
    let contracts = given.contracts("contract")?;
    let [contract] = contracts.as_slice() else { return Err(given.refuse("the input 'contract' is one contract")) };
    let verdict = given.file("conformance")?;
    let subjects = Fields::of_record(&verdict.bytes, super::conformance::SCHEMA).and_then(|mut fields| {
        let passed = fields.text("verdict")? == "PASS";
        Ok(if passed { fields.text_map("subjects")? } else { BTreeMap::new() })
    });
    let subjects = subjects.map_err(|error| given.refuse(format!("'{}': {error}", verdict.path)))?;
    let name = format!("{} {}", contract.name, contract.version);
    if subjects.get(&name) != Some(&ir::digest(contract).to_string()) {
        let code = codes::NOT_ADMITTED;
        return Err(ExecuteError::Findings {
            findings: format!(
                "{}:1:1: error[GX{} {}] {name}: the verdict of conformance does not speak of this contract\n  hint: give \
                 the contract to the gates that `conformance` is made of\n",
                file.path, code.number, code.name
            ),
        });
    }
    Ok(vec![("ir", file.bytes.into())])
}
