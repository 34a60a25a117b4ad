//! Vectors as files: cases, what the interpreter makes of them, what is owed, and what was frozen.
//!
//! `cases` finds the inputs, `owed` says what a complete set shows, `frozen` is the file that a person keeps,
//! `profile` compares results. Invariants: equal contracts give equal files; what is expected comes from the
//! interpreter, never from the code that is tested. This file does not know gates.

mod cases;
mod frozen;
mod owed;
pub mod profile;

pub use cases::{Case, cases, cases_of};
pub use frozen::{Freeze, Frozen, Held, error_of};
pub use owed::{Owed, owed, shown};

use crate::eval::{Halt, call};
use crate::ir::{Contract, Operator, Value};
use crate::json;
use serde_json::{Value as Json, json};

/// What an operator gives, as a vector says it: `{"outputs": ...}` or `{"error": ...}`. The other way when it has no
/// result.
pub fn expected(contract: &Contract, operator: &Operator, inputs: Vec<Value>) -> Result<Json, String> {
    match call(contract, operator, inputs) {
        Ok(result) => Ok(json!({"outputs": json::outputs_to_json(operator, &result)})),
        Err(Halt::Raised(raised)) => {
            let home = contract.home(&raised.error.contract);
            let decl = home.and_then(|home| home.error(&raised.error.name));
            Ok(json!({"error": json::raised_to_json(&raised, decl.map(|decl| &**decl))}))
        }
        Err(halt) => Err(halt.to_string()),
    }
}

/// Inputs by name.
pub fn inputs_to_json(operator: &Operator, inputs: &[Value]) -> Json {
    let named = operator.inputs.iter().zip(inputs);
    Json::Object(named.map(|(input, value)| (input.name.to_string(), json::to_json(value, &input.ty))).collect())
}
