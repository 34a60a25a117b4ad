//! `admit`: a contract's meaning goes on to a generator when a verdict of conformance speaks of it.
//!
//! Inputs: `contract`, and `conformance`. Output: `ir`, the contract's bytes as they came. So a generator sees nothing
//! that gates did not pass, and what is unchanged is generated no second time though the verdict is another.

use super::{Given, Made, Step};
use crate::gate::{codes, conformance::Conformance};
use crate::ir;
use gx_store::ExecuteError;

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
    let contract = &*given.contract()?;
    let verdict = given.file("conformance")?;
    let said = Conformance::decode(&verdict.bytes);
    let said = said.map_err(|error| given.refuse(format!("'{}': {error}", verdict.path)))?;
    let name = format!("{} {}", contract.name, contract.version);
    if said.subjects.get(&name) != Some(&ir::digest(contract).to_string()) {
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
