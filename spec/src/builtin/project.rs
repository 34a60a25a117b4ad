//! `project`: what a generated project has beside its modules, by the target's templates.
//!
//! Inputs: `contracts` and `imports` of them, and `target`. Argument: `name`. Output: `files`, a folder.

use super::{Given, Made, Product, Step};
use gx_store::ExecuteError;

pub(super) const STEP: Step = Step {
    name: "project",
    revision: 1,
    inputs: &["contracts", "imports", "target"],
    outputs: &["files"],
    arguments: &["name"],
    run,
};

fn run(given: &Given<'_>) -> Result<Made, ExecuteError> {
    let contracts = given.contracts("contracts")?;
    let target = super::emit::target(given)?;
    let files = crate::emit::project(&contracts, given.word("name"), &target)
        .map_err(|fault| given.refuse(fault.to_string()))?;
    Ok(vec![("files", Product::Folder(files))])
}
