//! Values as texts of the language: what a person reads, and what a vector would say.
//!
//! It does not know types: a decimal is shown with the digits that it has.

use crate::ir::{Value, decimal_text};

/// A value, as an expression that gives it. Records have no name of their own here.
pub fn value(value: &Value) -> String {
    match value {
        Value::Bool(b) => b.to_string(),
        Value::Int(n) => n.to_string(),
        Value::Decimal(n, scale) => decimal_text(n, *scale, 1),
        Value::Float(f) => float(*f),
        Value::Text(text) => quoted(text),
        Value::Bytes(bytes) => format!("x\"{}\"", hex::encode(bytes)),
        Value::List(items) => format!("[{}]", joined(items.iter().map(self::value))),
        Value::Map(map) if map.is_empty() => "map {}".to_owned(),
        Value::Map(map) => {
            let entries = map.iter().map(|(k, v)| format!("{}: {}", self::value(k), self::value(v)));
            format!("map {{ {} }}", joined(entries))
        }
        Value::Optional(None) => "none".to_owned(),
        Value::Optional(Some(inner)) => format!("some {}", self::value(inner)),
        Value::Enum(decl, at) => {
            let name = decl.values.get(*at).map_or("?", |value| &value.name);
            format!("{}.{name}", decl.id.name)
        }
        Value::Record(fields) => {
            format!("({})", joined(fields.iter().map(|(name, value)| format!("{name}: {}", self::value(value)))))
        }
    }
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

/// A float as the language writes it: always with a point and an exponent.
pub fn float(f: f64) -> String {
    if !f.is_finite() {
        return f.to_string();
    }
    let text = format!("{f:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let point = if digits.contains('.') { "" } else { ".0" };
    format!("{digits}{point}e{exponent}")
}

/// A text as the language writes it.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
