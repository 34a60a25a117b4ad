//! Are two results the same: byte for byte, and floats within the stated tolerance.
//!
//! |a - b| <= max(abs, rel * max(|a|, |b|)); infinities of one sign agree; +0 is -0. This file does not know how
//! results come about.

use crate::ir::{Operator, Tolerance, Value};
use crate::syntax::Name;
use crate::text;

/// Where and how two results of an operator differ; `None` when they agree.
pub fn differs(operator: &Operator, expected: &Value, got: &Value) -> Option<String> {
    let tolerances = operator.tolerances.as_deref().unwrap_or_default();
    let mut path: Vec<Name> = Vec::new();
    if let [only] = operator.outputs.as_slice() {
        path.push(only.name.clone());
    }
    walk(tolerances, &mut path, expected, got)
}

fn walk(tolerances: &[Tolerance], path: &mut Vec<Name>, expected: &Value, got: &Value) -> Option<String> {
    match (expected, got) {
        (Value::Float(a), Value::Float(b)) => {
            let tolerance = tolerances.iter().find(|tolerance| tolerance.path == *path);
            let near = tolerance.is_some_and(|tolerance| close(tolerance, *a, *b));
            (!near).then(|| told(path, expected, got))
        }
        (Value::List(a), Value::List(b)) if a.len() == b.len() => {
            a.iter().zip(b).find_map(|(a, b)| walk(tolerances, path, a, b))
        }
        (Value::Map(a), Value::Map(b)) if a.keys().eq(b.keys()) => {
            a.values().zip(b.values()).find_map(|(a, b)| walk(tolerances, path, a, b))
        }
        (Value::Optional(Some(a)), Value::Optional(Some(b))) => walk(tolerances, path, a, b),
        (Value::Record(a), Value::Record(b)) if a.len() == b.len() => a.iter().zip(b).find_map(|(a, b)| {
            if a.0 != b.0 {
                return Some(told(path, expected, got));
            }
            path.push(a.0.clone());
            let found = walk(tolerances, path, &a.1, &b.1);
            path.pop();
            found
        }),
        _ => (expected != got).then(|| told(path, expected, got)),
    }
}

fn told(path: &[Name], expected: &Value, got: &Value) -> String {
    format!("'{}' is {}, not {}", path.join("."), text::value(got), text::value(expected))
}

fn close(tolerance: &Tolerance, a: f64, b: f64) -> bool {
    if a.is_nan() || b.is_nan() {
        return tolerance.nan && a.is_nan() && b.is_nan();
    }
    if a.is_infinite() || b.is_infinite() {
        return a == b;
    }
    (a - b).abs() <= tolerance.absolute.max(tolerance.relative * a.abs().max(b.abs()))
}
