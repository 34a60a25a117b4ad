//! The readable twin of canonical CBOR: JSON with keys in order, two blanks a level, and a newline at its end.
//!
//! Bytes are texts that begin with `hex:`, floats have the shortest digits that say them, what JSON has no form for is
//! a text. Invariant: equal values have equal twins. A twin is for readers: programs take the CBOR.

use crate::ir::{self, Contract};
use gx_store::encode::Value as Cbor;
use serde_json::{Map, Value as Json, json};

/// A value as JSON.
pub fn json(value: &Cbor) -> Json {
    match value {
        Cbor::Unsigned(n) => json!(n),
        Cbor::Negative(n) => json!(-1 - i128::from(*n)),
        Cbor::Bytes(bytes) => json!(format!("hex:{}", hex::encode(bytes))),
        Cbor::Text(text) => json!(text),
        Cbor::Array(items) => Json::Array(items.iter().map(json).collect()),
        Cbor::Map(entries) => {
            Json::Object(entries.iter().map(|(key, value)| (key.clone(), json(value))).collect::<Map<_, _>>())
        }
        Cbor::Bool(b) => json!(b),
        Cbor::Null => Json::Null,
        Cbor::Float(bits) => {
            let float = f64::from_bits(*bits);
            if float.is_finite() { json!(float) } else { json!(float.to_string()) }
        }
    }
}

/// JSON in the one layout of twins.
pub fn layout(json: &Json) -> String {
    let mut text = serde_json::to_string_pretty(json).unwrap_or_default();
    text.push('\n');
    text
}

/// A value as text.
pub fn text(value: &Cbor) -> String {
    layout(&json(value))
}

/// A contract's twin: its digest, and what that is the digest of.
pub fn contract(contract: &Contract) -> String {
    layout(&json!({"digest": ir::digest(contract).hex(), "contract": json(&ir::contract_value(contract))}))
}
