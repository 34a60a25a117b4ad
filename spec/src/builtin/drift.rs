//! `drift`: the documents of a contract are read and held against it.
//!
//! Inputs: `contract` with its `facts`, `imports` of it, and `documents`: prose and schemas. Output: `held`, a record
//! of what was found. It never fails for that: the gate `drift` tells it.

use super::{Given, Made, Step};
use crate::gate::Document;
use crate::gate::drift::Held;
use gx_store::ExecuteError;

pub(super) const STEP: Step = Step {
    name: "drift",
    revision: 3,
    inputs: &["contract", "documents", "facts", "imports"],
    outputs: &["held"],
    arguments: &[],
    run,
};

fn run(given: &Given<'_>) -> Result<Made, ExecuteError> {
    let members = given.members("contract", "facts")?;
    let [member] = members.as_slice() else { return Err(given.refuse("the input 'contract' is one contract")) };
    let files = given.files("documents")?.into_iter();
    let documents: Vec<Document> = files.map(|it| Document { path: it.path, bytes: it.bytes }).collect();
    Ok(vec![("held", Held::of(member, &documents).encode().into())])
}
