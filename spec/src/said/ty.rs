//! Types of fields as documents write them: less exact than those of the IR, never more than was said.
//!
//! Invariant: two spellings of one type are one value. This file does not know how a type is written.

use super::Said;
use crate::ir::Range;
use crate::syntax::{HashFn, Span};

/// How many, as far as it was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// At least.
    pub low: Option<u64>,
    /// At most.
    pub high: Option<u64>,
}

impl Limits {
    /// Exactly that many.
    pub const fn exactly(n: u64) -> Limits {
        Limits { low: Some(n), high: Some(n) }
    }

    /// Both bounds.
    pub const fn of(low: u64, high: u64) -> Limits {
        Limits { low: Some(low), high: Some(high) }
    }

    /// Was nothing said?
    pub const fn is_open(self) -> bool {
        self.low.is_none() && self.high.is_none()
    }
}

impl std::fmt::Display for Limits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.low, self.high) {
            (None, None) => Ok(()),
            (Some(low), Some(high)) if low == high => write!(f, " {low}"),
            (low, Some(high)) => write!(f, " {}..={high}", low.unwrap_or(0)),
            (Some(low), None) => write!(f, " {low}.."),
        }
    }
}

/// A type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldType {
    /// None was said.
    Unsaid,
    /// True or false.
    Bool,
    /// Whole numbers.
    Int(Range),
    /// Digits behind the point, and the range of the digits without it.
    Decimal(u32, Range),
    /// 64 bits of binary floating point.
    Float,
    /// Text, with what it matches.
    Text(Limits, Option<String>),
    /// Bytes.
    Bytes(Limits),
    /// A hash.
    Hash(HashFn),
    /// `sha256:` and digits, or the label of a catalogue.
    DigestRef,
    /// A map of anything.
    Object,
    /// A list.
    List(Box<FieldType>, Limits),
    /// A map.
    Map(Box<FieldType>, Box<FieldType>, Limits),
    /// One of some values, in their order.
    Enum(Vec<String>),
    /// Fields.
    Record(Vec<Field>),
    /// What another place says.
    Named(String),
    /// A value or null.
    Optional(Box<FieldType>),
}

impl FieldType {
    /// The types that have one word, by name.
    pub fn of_word(word: &str) -> Option<FieldType> {
        let bits = |signed: bool, bits: u32| {
            let one = num_bigint::BigInt::from(1);
            FieldType::Int(if signed {
                Range { low: -(one.clone() << (bits - 1)), high: (one << (bits - 1)) - 1 }
            } else {
                Range { low: num_bigint::BigInt::ZERO, high: (one << bits) - 1 }
            })
        };
        Some(match word {
            "bool" | "boolean" => FieldType::Bool,
            "uint8" | "u8" => bits(false, 8),
            "uint16" | "u16" => bits(false, 16),
            "uint32" | "u32" => bits(false, 32),
            "uint64" | "u64" => bits(false, 64),
            "int8" | "i8" => bits(true, 8),
            "int16" | "i16" => bits(true, 16),
            "int32" | "i32" => bits(true, 32),
            "int64" | "i64" => bits(true, 64),
            "float32" | "float64" | "float" | "double" => FieldType::Float,
            "string" | "tstr" | "str" | "text" => FieldType::Text(Limits::default(), None),
            "bytes" | "bstr" => FieldType::Bytes(Limits::default()),
            "digest_ref" => FieldType::DigestRef,
            "object" | "map" | "dict" => FieldType::Object,
            "array" | "list" => FieldType::List(Box::new(FieldType::Unsaid), Limits::default()),
            "any" => FieldType::Unsaid,
            _ => {
                let size = word.strip_prefix("bytes")?;
                let size = if size.len() <= 6 { size.parse().ok()? } else { return None };
                FieldType::Bytes(Limits::exactly(size))
            }
        })
    }

    /// Below `optional`.
    pub fn inner(&self) -> &FieldType {
        match self {
            FieldType::Optional(inner) => inner.inner(),
            other => other,
        }
    }
}

impl std::fmt::Display for FieldType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            FieldType::Unsaid => f.write_str("?"),
            FieldType::Bool => f.write_str("bool"),
            FieldType::Int(range) => write!(f, "int {range}"),
            FieldType::Decimal(scale, range) => {
                let show = |n| crate::ir::decimal_text(n, *scale, *scale);
                write!(f, "decimal({scale}) {}..={}", show(&range.low), show(&range.high))
            }
            FieldType::Float => f.write_str("float"),
            FieldType::Text(limits, pattern) => {
                write!(f, "text{limits}")?;
                pattern.as_ref().map_or(Ok(()), |pattern| write!(f, " pattern {pattern:?}"))
            }
            FieldType::Bytes(limits) => write!(f, "bytes{limits}"),
            FieldType::Hash(function) => write!(f, "hash {}", function.name()),
            FieldType::DigestRef => f.write_str("digest_ref"),
            FieldType::Object => f.write_str("object"),
            FieldType::List(element, limits) => write!(f, "list<{element}>{limits}"),
            FieldType::Map(key, value, limits) => write!(f, "map<{key}, {value}>{limits}"),
            FieldType::Enum(values) => write!(f, "enum({})", values.join(", ")),
            FieldType::Record(fields) => {
                let fields: Vec<String> = fields.iter().map(ToString::to_string).collect();
                write!(f, "{{{}}}", fields.join(", "))
            }
            FieldType::Named(name) => f.write_str(name),
            FieldType::Optional(inner) => write!(f, "optional {inner}"),
        }
    }
}

/// A field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name, perhaps a path.
    pub name: Said<String>,
    /// May it be left out?
    pub optional: bool,
    /// Its type.
    pub ty: FieldType,
    /// Its default, as it is written.
    pub default: Option<Said<String>>,
    /// Where.
    pub span: Span,
}

impl std::fmt::Display for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}: {}", self.name.value, if self.optional { "?" } else { "" }, self.ty)?;
        self.default.as_ref().map_or(Ok(()), |default| write!(f, " = {}", default.value))
    }
}
