//! What a complete set of vectors shows of an operator: a result, each error, each end of each range, each value of
//! each enum that goes in.
//!
//! Ranges are those of numbers in inputs, also in records, optionals and elements of lists. This file does not know
//! how a case that shows something is found.

use crate::ir::{Operator, Type, Value};
use num_bigint::BigInt;
use std::collections::BTreeSet;

/// Something that a vector shows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owed {
    /// A result.
    Result,
    /// An error, by its full name.
    Error(String),
    /// A number at a path, for decimals the digits without the point.
    End(String, BigInt),
    /// A value of an enum at a path.
    Value(String, String),
}

impl std::fmt::Display for Owed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Owed::Result => f.write_str("a result"),
            Owed::Error(name) => write!(f, "the error {name}"),
            Owed::End(path, end) => write!(f, "'{path}' at the end {end} of its range"),
            Owed::Value(path, name) => write!(f, "'{path}' being {name}"),
        }
    }
}

/// A step on the way to a part of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Field(String),
    Some,
    Element,
}

/// A part of an input whose values matter.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    /// Which input.
    pub(super) input: usize,
    /// The way to it.
    pub(super) way: Vec<Part>,
    /// Its path, for people.
    pub(super) path: String,
    /// Its type.
    pub(super) ty: Type,
}

/// Records do not nest deeper than this in what is owed.
const DEPTH: usize = 8;

/// The parts of the inputs of an operator that have ranges or values.
pub(super) fn leaves(operator: &Operator) -> Vec<Leaf> {
    let mut found = Vec::new();
    for (at, input) in operator.inputs.iter().enumerate() {
        descend(at, &mut Vec::new(), input.name.to_string(), &input.ty, &mut found);
    }
    found
}

fn descend(input: usize, way: &mut Vec<Part>, path: String, ty: &Type, found: &mut Vec<Leaf>) {
    if way.len() > DEPTH {
        return;
    }
    let mut below = |part: Part, path: String, ty: &Type| {
        way.push(part);
        descend(input, way, path, ty, found);
        way.pop();
    };
    match ty.base() {
        Type::Optional(inner) => below(Part::Some, path, inner),
        Type::List(element, size) if size.high > 0 => below(Part::Element, format!("{path}[]"), element),
        Type::Record(record) => {
            for field in &record.fields {
                below(Part::Field(field.name.to_string()), format!("{path}.{}", field.name), &field.ty);
            }
        }
        Type::Map(..) | Type::List(..) => {}
        base => found.push(Leaf { input, way: way.clone(), path, ty: base.clone() }),
    }
}

/// What a complete set shows of an operator.
pub fn owed(operator: &Operator) -> BTreeSet<Owed> {
    let mut all = BTreeSet::from([Owed::Result]);
    all.extend(operator.raises.iter().chain(&operator.boundary).map(|error| Owed::Error(error.to_string())));
    for leaf in leaves(operator) {
        match &leaf.ty {
            Type::Int(range) | Type::Decimal(_, range) => {
                all.insert(Owed::End(leaf.path.clone(), range.low.clone()));
                all.insert(Owed::End(leaf.path, range.high.clone()));
            }
            Type::Enum(decl) => {
                all.extend(decl.values.iter().map(|it| Owed::Value(leaf.path.clone(), it.name.to_string())));
            }
            _ => {}
        }
    }
    all
}

/// What a case shows: its inputs, and the error that it ends in, if it does.
pub fn shown(operator: &Operator, inputs: &[Value], error: Option<&str>) -> BTreeSet<Owed> {
    let mut all = BTreeSet::new();
    all.insert(error.map_or(Owed::Result, |name| Owed::Error(name.to_owned())));
    for leaf in leaves(operator) {
        let Some(input) = inputs.get(leaf.input) else { continue };
        walk(input, &leaf.way, &mut |value| match (value, &leaf.ty) {
            (Value::Int(n), Type::Int(_)) => drop(all.insert(Owed::End(leaf.path.clone(), n.clone()))),
            (value, Type::Decimal(scale, _)) => {
                if let Some((digits, own)) = value.as_decimal().filter(|it| it.1 <= *scale) {
                    let digits = digits * BigInt::from(10).pow(scale - own);
                    all.insert(Owed::End(leaf.path.clone(), digits));
                }
            }
            (Value::Enum(decl, at), _) => {
                all.extend(decl.values.get(*at).map(|it| Owed::Value(leaf.path.clone(), it.name.to_string())));
            }
            _ => {}
        });
    }
    all
}

/// Goes to every value that a way leads to.
fn walk(value: &Value, way: &[Part], visit: &mut impl FnMut(&Value)) {
    let Some((first, rest)) = way.split_first() else { return visit(value) };
    match (first, value) {
        (Part::Some, Value::Optional(Some(inner))) => walk(inner, rest, visit),
        (Part::Element, Value::List(items)) => items.iter().for_each(|item| walk(item, rest, visit)),
        (Part::Field(name), value) => value.field(name).into_iter().for_each(|value| walk(value, rest, visit)),
        _ => {}
    }
}

/// What of that is owed and not shown by any.
pub(super) fn missing(operator: &Operator, shown: &BTreeSet<Owed>) -> BTreeSet<Owed> {
    owed(operator).difference(shown).cloned().collect()
}
