//! Cases and results as lines of words: what a generated program reads and tells when it is tried.
//!
//! A case is `Operator` and its inputs; a result is `ok` and the outputs, `error` with the error's full name and what
//! it tells, or `skip`. A truth is 0 or 1; a whole number its digits; a decimal its digits at its type's scale; a text
//! or bytes `x` and hexadecimal digits (of UTF-8); an enum its number; an optional 0, or 1 and the value; a list or a
//! map how many, then each; a record its fields. So a reader needs the types and nothing else, in any language.
//! Invariant: equal values have equal words. This file does not know generated code.

use crate::eval::{Halt, call};
use crate::ir::{Contract, Operator, Type, Value};
use crate::json;
use crate::vectors::{Case, Frozen};
use crate::{generate, ir};
use num_bigint::BigInt;
use serde_json::Value as Json;

/// Cases, and apart from them what is expected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trial {
    /// One a line.
    pub inputs: String,
    /// One a line.
    pub expected: String,
}

/// Inputs that are made from types: so many of each operator.
pub fn generated(contract: &Contract, count: u64, seed: u64) -> Result<Trial, String> {
    let mut trial = Trial::default();
    for operator in contract.operators.iter().filter(|it| !it.is_extern && !has_float(it)) {
        for case in 0..count {
            let inputs = generate::inputs(operator, seed, case);
            let told = words_of(operator, &inputs);
            let Some(told) = told else { continue };
            let result = match call(contract, operator, inputs) {
                Ok(value) => ok(operator, &value),
                Err(Halt::Raised(raised)) => {
                    let decl = contract.home(&raised.error.contract).and_then(|it| it.error(&raised.error.name));
                    let values = raised.arguments.iter().map(|it| &it.1);
                    decl.and_then(|decl| error(decl, values))
                }
                // A body that does not do what its contract ensures: whatever code gives is not what is expected.
                Err(Halt::Breach(why)) => Some(format!("breach {why}")),
                Err(halt) => return Err(format!("{} with {told}: {halt}", operator.id.name)),
            };
            let result = result.ok_or_else(|| format!("{} with {told}: its result has no words", operator.id.name))?;
            trial.inputs.push_str(&format!("{told}\n"));
            trial.expected.push_str(&format!("{result}\n"));
        }
    }
    Ok(trial)
}

/// What is to be proved of each operator: `OPERATOR proves CLAIM`, and what is expected is `proved`.
pub fn claims(contract: &Contract) -> Trial {
    let mut trial = Trial::default();
    for operator in contract.operators.iter().filter(|it| !it.is_extern && !has_float(it)) {
        for claim in super::straight::claims_of(operator) {
            trial.inputs.push_str(&format!("{} proves {claim}\n", operator.id.name));
            trial.expected.push_str("proved\n");
        }
    }
    trial
}

/// Frozen vectors, as they are. Those that no program can be given are left out, and told.
pub fn frozen(contract: &Contract, frozen: &Frozen) -> Result<(Trial, Vec<String>), String> {
    let mut trial = Trial::default();
    let mut left = Vec::new();
    for case in &frozen.cases {
        let Some(operator) = contract.operator(&case.operator) else {
            return Err(format!("there is no operator '{}'", case.operator));
        };
        match of_case(contract, operator, case) {
            Ok((inputs, expected)) => {
                trial.inputs.push_str(&format!("{inputs}\n"));
                trial.expected.push_str(&format!("{expected}\n"));
            }
            Err(why) => left.push(format!("{}.{}: {why}", case.operator, case.name)),
        }
    }
    Ok((trial, left))
}

fn of_case(contract: &Contract, operator: &Operator, case: &Case) -> Result<(String, String), String> {
    let inputs = json::inputs_from_json(operator, &case.inputs).map_err(|it| it.to_string())?;
    let inputs = words_of(operator, &inputs).ok_or("no value of its types is like that")?;
    let expected = match (case.expected.get("outputs"), case.expected.get("error")) {
        (Some(Json::Object(outputs)), _) => {
            let mut words = vec!["ok".to_owned()];
            for output in &operator.outputs {
                let json = outputs.get(&*output.name).unwrap_or(&Json::Null);
                let value = json::from_json(json, &output.ty, &output.name).map_err(|it| it.to_string())?;
                push(&value, &output.ty, &mut words).ok_or("an output has no words")?;
            }
            words.join(" ")
        }
        (_, Some(told)) => {
            let text = |key: &str| told.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
            let (home, name) = (text("contract"), text("name"));
            let decl = contract.home(&home).and_then(|it| it.error(&name)).ok_or("there is no such error")?;
            let mut values = Vec::new();
            for (name, ty) in &decl.parameters {
                let json = told.get("arguments").and_then(|it| it.get(&**name)).unwrap_or(&Json::Null);
                values.push(json::from_json(json, ty, name).map_err(|it| it.to_string())?);
            }
            error(decl, values.iter()).ok_or("what an error tells has no words")?
        }
        _ => return Err("it expects neither outputs nor an error".to_owned()),
    };
    Ok((inputs, expected))
}

fn has_float(operator: &Operator) -> bool {
    operator.inputs.iter().chain(&operator.outputs).any(|it| it.ty.has_float())
}

fn words_of(operator: &Operator, inputs: &[Value]) -> Option<String> {
    let mut words = vec![operator.id.name.to_string()];
    for (input, value) in operator.inputs.iter().zip(inputs) {
        push(value, &input.ty, &mut words)?;
    }
    Some(words.join(" "))
}

fn ok(operator: &Operator, value: &Value) -> Option<String> {
    let mut words = vec!["ok".to_owned()];
    push(value, &operator.result(), &mut words)?;
    Some(words.join(" "))
}

fn error<'v>(decl: &ir::ErrorDecl, values: impl Iterator<Item = &'v Value>) -> Option<String> {
    let mut words = vec!["error".to_owned(), decl.id.to_string()];
    for ((_, ty), value) in decl.parameters.iter().zip(values) {
        push(value, ty, &mut words)?;
    }
    Some(words.join(" "))
}

/// The words of a value; `None` when its type's form cannot hold it.
fn push(value: &Value, ty: &Type, out: &mut Vec<String>) -> Option<()> {
    match (value, ty.base()) {
        (Value::Bool(b), Type::Bool) => out.push(u8::from(*b).to_string()),
        (Value::Int(_) | Value::Decimal(..), Type::Int(_) | Type::Decimal(..)) => {
            let scale = if let Type::Decimal(scale, _) = ty.base() { *scale } else { 0 };
            let (n, own) = value.as_decimal()?;
            let more = scale.checked_sub(own)?;
            out.push((n * BigInt::from(10).pow(more)).to_string());
        }
        (Value::Text(text), Type::Text(_)) => out.push(format!("x{}", hex::encode(text.as_bytes()))),
        (Value::Bytes(bytes), Type::Bytes(_) | Type::Hash(_)) => out.push(format!("x{}", hex::encode(bytes))),
        (Value::Enum(decl, at), Type::Enum(_)) => {
            let known = decl.values.get(*at).map(|it| it.number);
            // No value at all: the first number that stands for none.
            let number = known.or_else(|| (0..).find(|n| !decl.values.iter().any(|it| it.number == *n)))?;
            out.push(number.to_string());
        }
        (Value::Optional(None), Type::Optional(_)) => out.push("0".to_owned()),
        (Value::Optional(Some(inner)), Type::Optional(ty)) => {
            out.push("1".to_owned());
            push(inner, ty, out)?;
        }
        (Value::List(items), Type::List(element, _)) => {
            out.push(items.len().to_string());
            items.iter().try_for_each(|it| push(it, element, out))?;
        }
        (Value::Map(map), Type::Map(key, element, _)) => {
            out.push(map.len().to_string());
            for (k, v) in map {
                push(k, key, out)?;
                push(v, element, out)?;
            }
        }
        (Value::Record(fields), Type::Record(decl)) => {
            for field in &decl.fields {
                let value = fields.iter().find(|it| it.0 == field.name).map(|it| &it.1)?;
                push(value, &field.ty, out)?;
            }
        }
        (Value::Record(fields), Type::Outputs(outputs)) => {
            for (field, output) in fields.iter().zip(outputs.iter()) {
                push(&field.1, &output.1, out)?;
            }
        }
        _ => return None,
    }
    Some(())
}
