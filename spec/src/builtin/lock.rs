//! `lock`: the lock that fits the contracts as they are.
//!
//! Inputs: `contracts` and `imports` of them. Output: `lock`, which a person puts into the workspace to agree to it.

use super::{Given, Made, Step};
use crate::gate::lock::Lock;
use gx_store::ExecuteError;

pub(super) const STEP: Step =
    Step { name: "lock", revision: 1, inputs: &["contracts", "imports"], outputs: &["lock"], arguments: &[], run };

fn run(given: &Given<'_>) -> Result<Made, ExecuteError> {
    Ok(vec![("lock", Lock::of(&given.contracts("contracts")?).text().into_bytes().into())])
}
