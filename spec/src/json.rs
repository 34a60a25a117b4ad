//! Values as JSON, by their type: what commands take and give.
//!
//! Whole numbers are JSON numbers where their type fits into 53 bits, else texts; decimals are texts; bytes and hashes
//! are hexadecimal; an enum is its value's name (or, on the way in, its number); a field that is none is left out; a
//! map whose keys are no text is an array of pairs. Invariant: what `to_json` gives, `from_json` takes back as the
//! same value. This file does not look at ranges: the boundary does.

use crate::eval::Raised;
use crate::ir::{ErrorDecl, Operator, Presence, Range, Type, Unknown, Value, decimal_text};
use crate::syntax::Name;
use num_bigint::BigInt;
use num_traits::ToPrimitive;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

/// Why JSON is no value of a type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at {path}: {fault}")]
pub struct JsonFault {
    /// Where in the JSON.
    pub path: String,
    /// What is wrong.
    pub fault: String,
}

/// The numbers that every reader of JSON keeps.
pub(crate) fn is_safe(range: &Range) -> bool {
    let most = BigInt::from((1i64 << 53) - 1);
    range.low >= -&most && range.high <= most
}

/// A value as JSON.
pub fn to_json(value: &Value, ty: &Type) -> Json {
    match (value, ty.base()) {
        (Value::Bool(b), _) => json!(b),
        (Value::Int(n), Type::Int(range)) if is_safe(range) => json!(n.to_i64()),
        (Value::Int(_) | Value::Decimal(..), Type::Decimal(scale, _)) => {
            let (n, own) = value.as_decimal().unwrap_or((&BigInt::ZERO, 0));
            json!(decimal_text(n, own, *scale))
        }
        (Value::Int(n), _) => json!(n.to_string()),
        (Value::Decimal(n, scale), _) => json!(decimal_text(n, *scale, 0)),
        (Value::Float(f), _) => json!(f),
        (Value::Text(text), _) => json!(&**text),
        (Value::Bytes(bytes), _) => json!(hex::encode(bytes)),
        (Value::List(items), Type::List(element, _)) => {
            Json::Array(items.iter().map(|item| to_json(item, element)).collect())
        }
        (Value::Map(map), Type::Map(key, element, _)) => match key.base() {
            Type::Text(_) => {
                let entries = map.iter().map(|(k, v)| {
                    let key = if let Value::Text(text) = k { text.to_string() } else { String::new() };
                    (key, to_json(v, element))
                });
                Json::Object(entries.collect())
            }
            _ => Json::Array(map.iter().map(|(k, v)| json!([to_json(k, key), to_json(v, element)])).collect()),
        },
        (Value::Optional(None), _) => Json::Null,
        (Value::Optional(Some(inner)), Type::Optional(ty)) => to_json(inner, ty),
        (Value::Enum(decl, at), _) => match decl.values.get(*at) {
            Some(value) => json!(&*value.name),
            // No value at all: the first number that stands for none.
            None => json!((0..).find(|n| !decl.values.iter().any(|value| value.number == *n))),
        },
        (Value::Record(fields), Type::Record(record)) => {
            let mut object = Map::new();
            for (name, value) in fields {
                let field = record.fields.iter().find(|field| field.name == *name);
                let Some(field) = field else { continue };
                if !matches!((&field.presence, value), (Presence::Optional, Value::Optional(None))) {
                    object.insert(name.to_string(), to_json(value, &field.ty));
                }
            }
            Json::Object(object)
        }
        (Value::Record(fields), Type::Outputs(outputs)) => {
            let entries = fields.iter().zip(outputs.iter());
            Json::Object(entries.map(|((name, value), (_, ty))| (name.to_string(), to_json(value, ty))).collect())
        }
        _ => Json::Null,
    }
}

/// What an operator gave, by the names of its outputs.
pub fn outputs_to_json(operator: &Operator, result: &Value) -> Json {
    match operator.outputs.as_slice() {
        [only] => json!({ &*only.name: to_json(result, &only.ty) }),
        _ => to_json(result, &operator.result()),
    }
}

/// An error that was raised.
pub fn raised_to_json(raised: &Raised, decl: Option<&ErrorDecl>) -> Json {
    let Some(decl) = decl else { return json!({"name": raised.error.to_string()}) };
    let arguments = raised.arguments.iter().zip(&decl.parameters);
    let arguments: Map<String, Json> =
        arguments.map(|((name, value), (_, ty))| (name.to_string(), to_json(value, ty))).collect();
    json!({
        "name": &*decl.id.name,
        "contract": &*decl.id.contract,
        "number": decl.number,
        "severity": decl.severity.name(),
        "category": &*decl.category,
        "retry": decl.retry,
        "message": message(raised, decl),
        "arguments": arguments,
    })
}

/// The message of an error, its placeholders filled.
pub fn message(raised: &Raised, decl: &ErrorDecl) -> String {
    let mut text = decl.message.clone();
    for ((name, value), (_, ty)) in raised.arguments.iter().zip(&decl.parameters) {
        let shown = match to_json(value, ty) {
            Json::String(text) => text,
            other => other.to_string(),
        };
        text = text.replace(&format!("{{{name}}}"), &shown);
    }
    text
}

/// The inputs of an operator, from an object with a member for each.
pub fn inputs_from_json(operator: &Operator, json: &Json) -> Result<Vec<Value>, JsonFault> {
    let fault = |fault: String| JsonFault { path: "the input".to_owned(), fault };
    let Json::Object(members) = json else {
        return Err(fault(format!("an object is expected, not {}", kind(json))));
    };
    for name in members.keys() {
        if !operator.inputs.iter().any(|input| *input.name == **name) {
            let known: Vec<&str> = operator.inputs.iter().map(|input| &*input.name).collect();
            return Err(fault(format!("'{}' has no input '{name}'; it has {}", operator.id.name, known.join(", "))));
        }
    }
    let one = |input: &crate::ir::Param| match members.get(&*input.name) {
        Some(json) => from_json(json, &input.ty, &input.name),
        None => match input.ty.base() {
            Type::Optional(_) => Ok(Value::Optional(None)),
            _ => Err(fault(format!("the input '{}' is missing", input.name))),
        },
    };
    operator.inputs.iter().map(one).collect()
}

fn kind(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "an array",
        Json::Object(_) => "an object",
    }
}

/// A value of a type, from JSON; ranges are not looked at.
pub fn from_json(json: &Json, ty: &Type, path: &str) -> Result<Value, JsonFault> {
    let fault = |fault: String| JsonFault { path: path.to_owned(), fault };
    let other = |what: &str| fault(format!("{what} is expected, not {}", kind(json)));
    Ok(match (ty.base(), json) {
        (Type::Bool, Json::Bool(b)) => Value::Bool(*b),
        (Type::Int(_), Json::Number(n)) if !n.is_f64() => {
            Value::Int(whole(&n.to_string()).ok_or_else(|| other("a whole number"))?)
        }
        (Type::Int(_), Json::String(text)) => {
            Value::Int(whole(text).ok_or_else(|| fault(format!("'{text}' is no whole number")))?)
        }
        (Type::Decimal(..), Json::Number(n)) if !n.is_f64() => {
            Value::Int(whole(&n.to_string()).ok_or_else(|| other("a decimal"))?)
        }
        (Type::Decimal(..), Json::Number(_)) => {
            return Err(fault("a decimal is written as a text, so that no digit is lost".to_owned()));
        }
        (Type::Decimal(..), Json::String(text)) => {
            decimal(text).ok_or_else(|| fault(format!("'{text}' is no decimal")))?
        }
        (Type::Float, Json::Number(n)) => Value::Float(n.as_f64().unwrap_or(f64::NAN)),
        (Type::Text(_), Json::String(text)) => Value::text(text),
        (Type::Bytes(_) | Type::Hash(_), Json::String(text)) => Value::Bytes(
            hex::decode(text).map_err(|error| fault(format!("bytes are pairs of hexadecimal digits: {error}")))?,
        ),
        (Type::List(element, _), Json::Array(items)) => {
            let items = items.iter().enumerate().map(|(at, item)| from_json(item, element, &format!("{path}[{at}]")));
            Value::List(items.collect::<Result<_, _>>()?)
        }
        (Type::Map(key, element, _), _) => map_from_json(json, key, element, path)?,
        (Type::Optional(_), Json::Null) => Value::Optional(None),
        (Type::Optional(inner), _) => Value::some(from_json(json, inner, path)?),
        (Type::Enum(decl), Json::String(text)) => {
            let at = decl.values.iter().position(|value| *value.name == **text);
            let known: Vec<&str> = decl.values.iter().map(|value| &*value.name).collect();
            let at = at.ok_or_else(|| {
                fault(format!("'{text}' is no value of '{}'; they are {}", decl.id.name, known.join(", ")))
            })?;
            Value::Enum(decl.clone(), at)
        }
        (Type::Enum(decl), Json::Number(n)) => {
            let at = decl.values.iter().position(|value| n.as_i64() == Some(value.number));
            let at = at.or(if let Unknown::Value(at) = decl.unknown { Some(at) } else { None });
            // A number that stands for nothing is no value at all; the boundary raises its error.
            Value::Enum(decl.clone(), at.unwrap_or(usize::MAX))
        }
        (Type::Record(record), Json::Object(members)) => {
            if let Some(name) = members.keys().find(|name| !record.fields.iter().any(|field| *field.name == ***name)) {
                return Err(fault(format!("'{}' has no field '{name}'", record.id.name)));
            }
            let mut fields: Vec<(Name, Value)> = Vec::new();
            for field in &record.fields {
                let below = format!("{path}.{}", field.name);
                let value = match (members.get(&*field.name), &field.presence) {
                    (Some(json), _) => from_json(json, &field.ty, &below)?,
                    (None, Presence::Optional) => Value::Optional(None),
                    (None, Presence::Default(default)) => default.1.clone(),
                    (None, Presence::Required) => return Err(fault(format!("the field '{}' is missing", field.name))),
                };
                fields.push((field.name.clone(), value));
            }
            Value::Record(fields)
        }
        (ty, _) => return Err(other(&ty.to_string())),
    })
}

fn map_from_json(json: &Json, key: &Type, element: &Type, path: &str) -> Result<Value, JsonFault> {
    let fault = |fault: String| JsonFault { path: path.to_owned(), fault };
    let mut map = BTreeMap::new();
    match (json, key.base()) {
        (Json::Object(members), Type::Text(_)) => {
            for (name, json) in members {
                map.insert(Value::text(name), from_json(json, element, &format!("{path}.{name}"))?);
            }
        }
        (Json::Array(pairs), _) => {
            for (at, pair) in pairs.iter().enumerate() {
                let below = format!("{path}[{at}]");
                let Json::Array(pair) = pair else { return Err(fault(format!("{below} is no pair"))) };
                let [k, v] = pair.as_slice() else { return Err(fault(format!("{below} is no pair"))) };
                if map.insert(from_json(k, key, &below)?, from_json(v, element, &below)?).is_some() {
                    return Err(fault(format!("{below}: the key stands twice")));
                }
            }
        }
        _ => return Err(fault(format!("a map is expected, not {}", kind(json)))),
    }
    Ok(Value::Map(map))
}

/// Digits with or without a sign; no more of them than any type has.
fn whole(text: &str) -> Option<BigInt> {
    if text.len() > 100 { None } else { text.parse().ok() }
}

fn decimal(text: &str) -> Option<Value> {
    let (whole_part, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = whole_part.strip_prefix('-').unwrap_or(whole_part);
    let all = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if text.len() > 100 || digits.is_empty() || !all(digits) || !all(part) || (text.contains('.') && part.is_empty()) {
        return None;
    }
    Some(Value::decimal(format!("{whole_part}{part}").parse().ok()?, part.len() as u32))
}
