//! What a complete set of vectors shows of an operator: a result, each error, each end of each range, the least and
//! the greatest size of each text, bytes, list and map, and each value of each enum that goes in.
//!
//! Ranges and sizes are those of inputs, also in records, optionals and elements of lists. A greatest size is owed up
//! to `LONGEST` and `MOST`: beyond, a case would be too large to keep. This file does not know how a case that shows
//! something is found.

use crate::generate::of_size;
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
    /// A text, bytes, a list or a map of that size at a path.
    Size(String, u64),
    /// A value of an enum at a path.
    Value(String, String),
}

impl std::fmt::Display for Owed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Owed::Result => f.write_str("a result"),
            Owed::Error(name) => write!(f, "the error {name}"),
            Owed::End(path, end) => write!(f, "'{path}' at the end {end} of its range"),
            Owed::Size(path, size) => write!(f, "'{path}' of size {size}"),
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
        Type::List(element, size) => {
            if size.high > 0 {
                below(Part::Element, format!("{path}[]"), element);
            }
            found.push(Leaf { input, way: way.clone(), path, ty: ty.base().clone() });
        }
        Type::Record(record) => {
            for field in &record.fields {
                below(Part::Field(field.name.to_string()), format!("{path}.{}", field.name), &field.ty);
            }
        }
        base => found.push(Leaf { input, way: way.clone(), path, ty: base.clone() }),
    }
}

/// The longest text and the most bytes that a complete set has.
const LONGEST: u64 = 1024;
/// The most elements of a list, and the most entries of a map.
const MOST: u64 = 64;

/// The sizes of a type that a complete set shows: those that can be made and are not too large to keep.
pub(super) fn sizes(ty: &Type) -> Vec<u64> {
    let (size, most) = match ty {
        Type::Text(text) => (text.size, LONGEST),
        Type::Bytes(size) => (*size, LONGEST),
        Type::List(_, size) | Type::Map(_, _, size) => (*size, MOST),
        _ => return Vec::new(),
    };
    let mut ends = vec![size.low, size.high];
    ends.dedup();
    ends.retain(|n| *n <= most && of_size(ty, *n).is_some());
    ends
}

fn size_of(value: &Value) -> Option<u64> {
    match value {
        Value::Text(text) => Some(text.chars().count() as u64),
        Value::Bytes(bytes) => Some(bytes.len() as u64),
        Value::List(items) => Some(items.len() as u64),
        Value::Map(entries) => Some(entries.len() as u64),
        _ => None,
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
            ty => all.extend(sizes(ty).into_iter().map(|size| Owed::Size(leaf.path.clone(), size))),
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
            (value, Type::Text(_) | Type::Bytes(_) | Type::List(..) | Type::Map(..)) => {
                all.extend(size_of(value).map(|size| Owed::Size(leaf.path.clone(), size)));
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
