//! `registry`: the registry of the operators of contracts.
//!
//! Inputs: `contracts` and `imports` of them. Outputs: `registry` (canonical CBOR) and its `twin`.

use super::{Given, Made, Step};
use crate::registry::Registry;
use crate::twin;
use gx_store::ExecuteError;

pub(super) const STEP: Step = Step {
    name: "registry",
    revision: 1,
    inputs: &["contracts", "imports"],
    outputs: &["registry", "twin"],
    arguments: &[],
    run,
};

fn run(given: &Given<'_>) -> Result<Made, ExecuteError> {
    let registry = Registry::of(&given.contracts("contracts")?).value();
    Ok(vec![("registry", registry.encode().into()), ("twin", twin::text(&registry).into_bytes().into())])
}
