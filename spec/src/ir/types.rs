//! Types as the checker, the interpreter and the emitters know them: resolved, with exact ranges.
//!
//! Invariants: types are finite trees (no type is made of itself); an alias keeps its name, and everything that reasons
//! looks below it with `base`. This file does not know the syntax.

use super::{ErrorRef, Expr, Raise};
use crate::syntax::{Docs, HashFn, Name};
use num_bigint::BigInt;
use num_traits::{One, Signed, Zero};
use std::sync::Arc;

/// Whole numbers from `low` to `high`, both included. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// The least.
    pub low: BigInt,
    /// The greatest.
    pub high: BigInt,
}

impl Range {
    /// A range; bounds in the wrong order are turned round.
    pub fn new(a: impl Into<BigInt>, b: impl Into<BigInt>) -> Range {
        let (a, b) = (a.into(), b.into());
        if a <= b { Range { low: a, high: b } } else { Range { low: b, high: a } }
    }

    /// One number.
    pub fn of(n: BigInt) -> Range {
        Range { low: n.clone(), high: n }
    }

    /// Is the number in it?
    pub fn has(&self, n: &BigInt) -> bool {
        self.low <= *n && *n <= self.high
    }

    /// Is all of the other in it?
    pub fn covers(&self, other: &Range) -> bool {
        self.low <= other.low && other.high <= self.high
    }

    /// The least range that covers both.
    pub fn join(&self, other: &Range) -> Range {
        Range { low: (&self.low).min(&other.low).clone(), high: (&self.high).max(&other.high).clone() }
    }

    /// What is in both; `None` when nothing is.
    pub fn meet(&self, other: &Range) -> Option<Range> {
        let (low, high) = ((&self.low).max(&other.low).clone(), (&self.high).min(&other.high).clone());
        (low <= high).then_some(Range { low, high })
    }

    /// The range of sums.
    pub fn add(&self, other: &Range) -> Range {
        Range { low: &self.low + &other.low, high: &self.high + &other.high }
    }

    /// The range of negated numbers.
    pub fn negate(&self) -> Range {
        Range { low: -&self.high, high: -&self.low }
    }

    /// The range of products.
    pub fn mul(&self, other: &Range) -> Range {
        if !self.low.is_negative() && !other.low.is_negative() {
            return Range { low: &self.low * &other.low, high: &self.high * &other.high };
        }
        let corners =
            [&self.low * &other.low, &self.low * &other.high, &self.high * &other.low, &self.high * &other.high];
        Range::hull(corners)
    }

    /// The least range that holds all of these.
    pub fn hull<const N: usize>(numbers: [BigInt; N]) -> Range {
        let low = numbers.iter().min().cloned().unwrap_or_default();
        let high = numbers.into_iter().max().unwrap_or_default();
        Range { low, high }
    }

    /// The range without zero, in up to two pieces.
    pub fn without_zero(&self) -> Vec<Range> {
        let below = Range { low: self.low.clone(), high: (&self.high).min(&BigInt::from(-1)).clone() };
        let above = Range { low: (&self.low).max(&BigInt::one()).clone(), high: self.high.clone() };
        [below, above].into_iter().filter(|piece| piece.low <= piece.high).collect()
    }

    /// Does it hold zero?
    pub fn has_zero(&self) -> bool {
        !self.low.is_positive() && !self.high.is_negative()
    }

    /// The greatest distance from zero.
    pub fn greatest(&self) -> BigInt {
        self.low.abs().max(self.high.abs())
    }

    /// Does every number of it fit into 256 bits with a sign?
    pub fn fits_width(&self) -> bool {
        self.low.bits() <= 255 && self.high.bits() <= 255
    }

    /// Multiplied by ten to the power.
    pub fn scaled(&self, power: u32) -> Range {
        if power == 0 {
            return self.clone();
        }
        let factor = BigInt::from(10).pow(power);
        Range { low: &self.low * &factor, high: &self.high * factor }
    }
}

impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}..={}", self.low, self.high)
    }
}

/// How many: characters, bytes, elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// At least.
    pub low: u64,
    /// At most.
    pub high: u64,
}

impl Size {
    /// A size.
    pub const fn new(low: u64, high: u64) -> Size {
        Size { low, high }
    }

    /// Is all of the other in it?
    pub const fn covers(self, other: Size) -> bool {
        self.low <= other.low && other.high <= self.high
    }

    /// Is that many in it?
    pub const fn has(self, n: u64) -> bool {
        self.low <= n && n <= self.high
    }

    /// The least that covers both.
    pub fn join(self, other: Size) -> Size {
        Size { low: self.low.min(other.low), high: self.high.max(other.high) }
    }

    /// The size of both together.
    pub const fn add(self, other: Size) -> Size {
        Size { low: self.low.saturating_add(other.low), high: self.high.saturating_add(other.high) }
    }

    /// As a range of numbers.
    pub fn range(self) -> Range {
        Range::new(self.low, self.high)
    }
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.low == self.high { write!(f, "{}", self.low) } else { write!(f, "{}..={}", self.low, self.high) }
    }
}

/// Text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextType {
    /// In Unicode scalar values.
    pub size: Size,
    /// What it matches, whole.
    pub pattern: Option<Name>,
    /// Is it in normal form C?
    pub nfc: bool,
    /// The text itself, where it is written down: so a literal can be held against a pattern.
    pub known: Option<Name>,
}

/// A type.
#[derive(Debug, Clone)]
pub enum Type {
    /// Of what could not be made out; it agrees with everything. Never in a finished IR.
    Bad,
    /// Of what never gives a value.
    Never,
    /// True or false.
    Bool,
    /// Whole numbers.
    Int(Range),
    /// Numbers with that many digits behind the point; the range is that of the digits without the point.
    Decimal(u32, Range),
    /// Binary floating point, 64 bits.
    Float,
    /// Text.
    Text(TextType),
    /// Bytes.
    Bytes(Size),
    /// A hash.
    Hash(HashFn),
    /// A list.
    List(Arc<Type>, Size),
    /// A map, by ascending keys.
    Map(Arc<Type>, Arc<Type>, Size),
    /// A value or none.
    Optional(Arc<Type>),
    /// One of some values.
    Enum(Arc<EnumDecl>),
    /// Fields.
    Record(Arc<RecordDecl>),
    /// A declared name for a type.
    Named(Arc<Alias>),
    /// Several outputs of an operator.
    Outputs(Arc<Vec<(Name, Type)>>),
}

/// A declared thing: the contract's full name and its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ref {
    /// The contract.
    pub contract: Name,
    /// The name in it.
    pub name: Name,
}

impl std::fmt::Display for Ref {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.contract, self.name)
    }
}

/// `type Cents = int 0..=100 else BAD_CENTS;`
#[derive(Debug)]
pub struct Alias {
    /// Its name.
    pub id: Ref,
    /// What it is for.
    pub docs: Docs,
    /// The type.
    pub ty: Type,
    /// What a value that does not fit raises at the boundary.
    pub error: Option<ErrorRef>,
}

/// An enum.
#[derive(Debug)]
pub struct EnumDecl {
    /// Its name.
    pub id: Ref,
    /// What it is for.
    pub docs: Docs,
    /// Its values, in the order of the text.
    pub values: Vec<EnumValue>,
    /// What an unknown number becomes.
    pub unknown: Unknown,
}

/// A value of an enum.
#[derive(Debug)]
pub struct EnumValue {
    /// Its name.
    pub name: Name,
    /// Its number.
    pub number: i64,
    /// What it means.
    pub docs: Docs,
}

/// What an unknown number becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unknown {
    /// An error.
    Error(ErrorRef),
    /// This value, by its place.
    Value(usize),
}

/// A record.
#[derive(Debug)]
pub struct RecordDecl {
    /// Its name.
    pub id: Ref,
    /// What it is for.
    pub docs: Docs,
    /// Is it the state of operators?
    pub state: bool,
    /// Its fields, in the order of the text.
    pub fields: Vec<FieldDecl>,
    /// What holds between them; fields are variables there.
    pub requires: Vec<Require>,
}

/// A field.
#[derive(Debug)]
pub struct FieldDecl {
    /// Its name.
    pub name: Name,
    /// What it is for.
    pub docs: Docs,
    /// The type of its value; `optional` around it where it may be left out.
    pub ty: Type,
    /// May it be left out?
    pub presence: Presence,
}

/// How a field may be left out.
#[derive(Debug, Clone)]
pub enum Presence {
    /// It may not.
    Required,
    /// It is none then.
    Optional,
    /// It has this value then.
    Default(Box<(Expr, super::Value)>),
}

/// What must hold, and what is raised else.
#[derive(Debug, Clone)]
pub struct Require {
    /// The condition.
    pub condition: Expr,
    /// The error.
    pub raise: Raise,
}

impl Type {
    /// The type below its names.
    pub fn base(&self) -> &Type {
        let mut ty = self;
        while let Type::Named(alias) = ty {
            ty = &alias.ty;
        }
        ty
    }

    /// Whole numbers.
    pub fn int(low: i64, high: i64) -> Type {
        Type::Int(Range::new(low, high))
    }

    /// Text of such a size.
    pub fn text(size: Size) -> Type {
        Type::Text(TextType { size, pattern: None, nfc: false, known: None })
    }

    /// A value of this or none.
    pub fn optional(self) -> Type {
        Type::Optional(Arc::new(self))
    }

    /// Does a float occur in it?
    pub fn has_float(&self) -> bool {
        match self.base() {
            Type::Float => true,
            Type::List(element, _) | Type::Optional(element) => element.has_float(),
            Type::Map(key, value, _) => key.has_float() || value.has_float(),
            Type::Record(record) => record.fields.iter().any(|field| field.ty.has_float()),
            Type::Outputs(outputs) => outputs.iter().any(|output| output.1.has_float()),
            _ => false,
        }
    }

    /// Have its values an order, so that they can be keys and be compared?
    pub fn is_ordered(&self) -> bool {
        matches!(
            self.base(),
            Type::Bad
                | Type::Never
                | Type::Bool
                | Type::Int(_)
                | Type::Decimal(..)
                | Type::Text(_)
                | Type::Bytes(_)
                | Type::Hash(_)
                | Type::Enum(_)
        )
    }

    /// Can an outside value fail to be of this type, though it has the right shape?
    pub fn is_constrained(&self) -> bool {
        match self.base() {
            Type::Int(_) | Type::Decimal(..) | Type::Text(_) | Type::Bytes(_) | Type::Hash(_) => true,
            Type::List(..) | Type::Map(..) => true,
            Type::Optional(inner) => inner.is_constrained(),
            _ => false,
        }
    }
}

/// The digits of the widest number of a range of decimals.
pub fn precision(range: &Range) -> u32 {
    let greatest = range.greatest();
    if greatest.is_zero() { 1 } else { greatest.to_string().len() as u32 }
}

impl std::fmt::Display for Type {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Type::Bad => f.write_str("?"),
            Type::Never => f.write_str("nothing"),
            Type::Bool => f.write_str("bool"),
            Type::Int(range) => write!(f, "int {range}"),
            Type::Decimal(scale, range) => {
                let show = |n: &BigInt| super::value::decimal_text(n, *scale, *scale);
                write!(f, "decimal({}, {scale}) {}..={}", precision(range), show(&range.low), show(&range.high))
            }
            Type::Float => f.write_str("float"),
            Type::Text(text) => {
                write!(f, "text {}", text.size)?;
                if let Some(pattern) = &text.pattern {
                    write!(f, " pattern {pattern:?}")?;
                }
                if text.nfc { f.write_str(" nfc") } else { Ok(()) }
            }
            Type::Bytes(size) => write!(f, "bytes {size}"),
            Type::Hash(function) => write!(f, "hash {}", function.name()),
            Type::List(element, size) => write!(f, "list<{element}> {size}"),
            Type::Map(key, value, size) => write!(f, "map<{key}, {value}> {size}"),
            Type::Optional(inner) => write!(f, "optional {inner}"),
            Type::Enum(decl) => f.write_str(&decl.id.name),
            Type::Record(decl) => f.write_str(&decl.id.name),
            Type::Named(alias) => f.write_str(&alias.id.name),
            Type::Outputs(outputs) => {
                let parts: Vec<String> = outputs.iter().map(|(name, ty)| format!("{name}: {ty}")).collect();
                write!(f, "({})", parts.join(", "))
            }
        }
    }
}
