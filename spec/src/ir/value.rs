//! Values: what expressions evaluate to.
//!
//! Invariants: decimals have no zero at the end of their digits behind the point, so equal numbers are equal values;
//! maps are sorted by key; every value has a place in one total order. This file does not know types.

use super::EnumDecl;
use crate::syntax::Name;
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{Signed, Zero};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A value.
#[derive(Debug, Clone)]
pub enum Value {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(BigInt),
    /// Digits, and how many stand behind the point; made by `Value::decimal`.
    Decimal(BigInt, u32),
    /// A float.
    Float(f64),
    /// Text.
    Text(Name),
    /// Bytes, or a hash.
    Bytes(Vec<u8>),
    /// A list.
    List(Vec<Value>),
    /// A map.
    Map(BTreeMap<Value, Value>),
    /// None, or a value that is there.
    Optional(Option<Box<Value>>),
    /// A value of an enum, by its place.
    Enum(Arc<EnumDecl>, usize),
    /// Fields of a record, or outputs, in their order.
    Record(Vec<(Name, Value)>),
}

impl Value {
    /// A decimal, brought to its one form.
    pub fn decimal(mut digits: BigInt, mut scale: u32) -> Value {
        let ten = BigInt::from(10);
        while scale > 0 {
            let (quotient, remainder) = digits.div_rem(&ten);
            if !remainder.is_zero() {
                break;
            }
            digits = quotient;
            scale -= 1;
        }
        Value::Decimal(digits, scale)
    }

    /// A whole number.
    pub fn int(n: impl Into<BigInt>) -> Value {
        Value::Int(n.into())
    }

    /// A text.
    pub fn text(text: &str) -> Value {
        Value::Text(Name::from(text))
    }

    /// A value that is there.
    pub fn some(value: Value) -> Value {
        Value::Optional(Some(Box::new(value)))
    }

    /// A field of a record.
    pub fn field(&self, name: &str) -> Option<&Value> {
        match self {
            Value::Record(fields) => fields.iter().find(|field| *field.0 == *name).map(|field| &field.1),
            _ => None,
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Value::Bool(_) => 0,
            // Whole numbers and decimals are compared as numbers.
            Value::Int(_) | Value::Decimal(..) => 1,
            Value::Float(_) => 2,
            Value::Text(_) => 3,
            Value::Bytes(_) => 4,
            Value::List(_) => 5,
            Value::Map(_) => 6,
            Value::Optional(_) => 7,
            Value::Enum(..) => 8,
            Value::Record(_) => 9,
        }
    }

    /// Digits and scale of a number.
    pub fn as_decimal(&self) -> Option<(&BigInt, u32)> {
        match self {
            Value::Int(n) => Some((n, 0)),
            Value::Decimal(n, scale) => Some((n, *scale)),
            _ => None,
        }
    }
}

/// Compares two decimals.
pub(crate) fn compare_decimals((a, a_scale): (&BigInt, u32), (b, b_scale): (&BigInt, u32)) -> Ordering {
    match a_scale.cmp(&b_scale) {
        Ordering::Equal => a.cmp(b),
        Ordering::Less => (a * BigInt::from(10).pow(b_scale - a_scale)).cmp(b),
        Ordering::Greater => a.cmp(&(b * BigInt::from(10).pow(a_scale - b_scale))),
    }
}

impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
            (Value::Int(a), Value::Int(b)) => a.cmp(b),
            (Value::Float(a), Value::Float(b)) => a.total_cmp(b),
            // UTF-8 compares as characters do.
            (Value::Text(a), Value::Text(b)) => a.cmp(b),
            (Value::Bytes(a), Value::Bytes(b)) => a.cmp(b),
            (Value::List(a), Value::List(b)) => a.cmp(b),
            (Value::Map(a), Value::Map(b)) => a.cmp(b),
            (Value::Optional(a), Value::Optional(b)) => a.cmp(b),
            (Value::Enum(a, x), Value::Enum(b, y)) => number(a, *x).cmp(&number(b, *y)),
            (Value::Record(a), Value::Record(b)) => a.cmp(b),
            _ => match (self.as_decimal(), other.as_decimal()) {
                (Some(a), Some(b)) => compare_decimals(a, b),
                _ => self.rank().cmp(&other.rank()),
            },
        }
    }
}

fn number(decl: &EnumDecl, at: usize) -> i64 {
    decl.values.get(at).map_or(0, |value| value.number)
}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Value {}

/// A decimal with at least so many digits behind the point.
pub fn decimal_text(digits: &BigInt, scale: u32, at_least: u32) -> String {
    let padded = if at_least > scale { digits * BigInt::from(10).pow(at_least - scale) } else { digits.clone() };
    let scale = scale.max(at_least) as usize;
    let text = padded.abs().to_string();
    let sign = if padded.is_negative() { "-" } else { "" };
    if scale == 0 {
        return format!("{sign}{text}");
    }
    let text = format!("{text:0>width$}", width = scale + 1);
    let (whole, part) = text.split_at(text.len() - scale);
    format!("{sign}{whole}.{part}")
}
