//! The syntax tree of expressions: operators, patterns, loops.
//!
//! Invariant: `depth` of an expression is one more than that of its deepest part. This file does not know what is
//! right.

use super::ast::{Argument, Block, Ident, Name, Path, Raise, TypeExpr};
use super::token::Span;
use num_bigint::BigInt;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// Which.
    pub kind: ExprKind,
    /// Where.
    pub span: Span,
    /// How deep it nests.
    pub depth: u16,
}

/// Operators between two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Binary {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`, for floats.
    Quotient,
    /// `div`
    Div,
    /// `mod`
    Mod,
    /// `++`
    Concat,
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `and`
    And,
    /// `or`
    Or,
    /// `??`
    Otherwise,
}

impl Binary {
    /// All of them: the mark, how tightly it binds.
    pub const ALL: [(Binary, &'static str, u8); 16] = [
        (Binary::Or, "or", 1),
        (Binary::And, "and", 2),
        (Binary::Eq, "==", 4),
        (Binary::Ne, "!=", 4),
        (Binary::Lt, "<", 4),
        (Binary::Le, "<=", 4),
        (Binary::Gt, ">", 4),
        (Binary::Ge, ">=", 4),
        (Binary::Otherwise, "??", 5),
        (Binary::Concat, "++", 7),
        (Binary::Add, "+", 7),
        (Binary::Sub, "-", 7),
        (Binary::Mul, "*", 8),
        (Binary::Quotient, "/", 8),
        (Binary::Div, "div", 8),
        (Binary::Mod, "mod", 8),
    ];

    /// Its mark.
    pub fn mark(self) -> &'static str {
        Binary::ALL.iter().find(|row| row.0 == self).map_or("", |row| row.1)
    }

    /// How tightly it binds.
    pub fn power(self) -> u8 {
        Binary::ALL.iter().find(|row| row.0 == self).map_or(0, |row| row.2)
    }

    /// The operator with that mark.
    pub fn of(mark: &str) -> Option<Binary> {
        Binary::ALL.iter().find(|row| row.1 == mark).map(|row| row.0)
    }
}

/// How a number is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rounding {
    /// To the nearest; half to the even one.
    HalfEven,
    /// To the nearest; half away from zero.
    HalfUp,
    /// Towards minus infinity.
    Floor,
    /// Towards plus infinity.
    Ceiling,
    /// Towards zero.
    Down,
    /// Away from zero.
    Up,
}

impl Rounding {
    /// All of them, by name.
    pub const ALL: [(&'static str, Rounding); 6] = [
        ("half_even", Rounding::HalfEven),
        ("half_up", Rounding::HalfUp),
        ("floor", Rounding::Floor),
        ("ceiling", Rounding::Ceiling),
        ("down", Rounding::Down),
        ("up", Rounding::Up),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Rounding::ALL.iter().find(|row| row.1 == self).map_or("", |row| row.0)
    }

    /// The one of that name.
    pub fn of(name: &str) -> Option<Rounding> {
        Rounding::ALL.iter().find(|row| row.0 == name).map(|row| row.1)
    }
}

/// What happens to a value that does not fit.
#[derive(Debug, Clone, PartialEq)]
pub enum Policy {
    /// It must fit.
    Exact,
    /// The nearest that fits.
    Clamp,
    /// Modulo the size of the range.
    Wrap,
    /// An error.
    Else(Raise),
}

/// `e as T round half_even else ERROR`
#[derive(Debug, Clone, PartialEq)]
pub struct Narrow {
    /// The value.
    pub value: Expr,
    /// The type.
    pub ty: TypeExpr,
    /// How decimals lose digits.
    pub round: Option<Rounding>,
    /// What happens to what does not fit.
    pub policy: Policy,
}

/// A pattern of a match.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    /// Which.
    pub kind: PatternKind,
    /// Where.
    pub span: Span,
}

/// The forms of patterns.
#[derive(Debug, Clone, PartialEq)]
pub enum PatternKind {
    /// `_`
    Any,
    /// A value of an enum.
    Value(Ident),
    /// `none`
    None,
    /// `some x`
    Some(Ident),
    /// `true`, `false`
    Bool(bool),
    /// `3`, `-3`, `0..=9`
    Range(BigInt, BigInt),
    /// `"text"`
    Text(String),
}

/// `A | B => e`
#[derive(Debug, Clone, PartialEq)]
pub struct Arm {
    /// Any of these.
    pub patterns: Vec<Pattern>,
    /// The value then.
    pub value: Expr,
    /// Where.
    pub span: Span,
}

/// What a loop goes over.
#[derive(Debug, Clone, PartialEq)]
pub enum Over {
    /// A list, or a map by ascending keys.
    Value(Expr),
    /// Whole numbers, both ends included.
    Range(Expr, Expr),
}

/// `fold acc: T = init for x in xs { body }`
#[derive(Debug, Clone, PartialEq)]
pub struct Fold {
    /// What is carried along.
    pub acc: Ident,
    /// Its type.
    pub ty: TypeExpr,
    /// Its first value.
    pub init: Expr,
    /// Names of the element, or of key and value.
    pub names: Vec<Ident>,
    /// What it goes over.
    pub over: Over,
    /// The next value.
    pub body: Block,
}

/// `[e for x in xs if c]`
#[derive(Debug, Clone, PartialEq)]
pub struct Each {
    /// The value of an element.
    pub value: Expr,
    /// Names of the element, or of key and value.
    pub names: Vec<Ident>,
    /// What it goes over.
    pub over: Over,
    /// Which elements count.
    pub condition: Option<Expr>,
}

/// The forms of expressions.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// Something that could not be read; never in a tree without faults.
    Bad,
    /// `true`, `false`
    Bool(bool),
    /// `12`
    Int(BigInt),
    /// `12.50`: the digits as a whole number, and how many stand behind the point.
    Decimal(BigInt, u32),
    /// `1.5e0`
    Float(f64),
    /// `"text"`
    Text(String),
    /// `x"00ff"`
    Bytes(Vec<u8>),
    /// `none`
    None,
    /// `some e`
    Some(Box<Expr>),
    /// A parameter or a binding.
    Variable(Name),
    /// A constant, or a value of an enum.
    Path(Path),
    /// `(a: 1, b: 2)`: the outputs of an operator with several.
    Outputs(Vec<(Ident, Expr)>),
    /// `[a, b]`
    List(Vec<Expr>),
    /// `map { k: v }`
    Map(Vec<(Expr, Expr)>),
    /// `[e for x in xs]`
    Each(Box<Each>),
    /// `Posting { amount: 1 }`
    Record(Path, Vec<(Ident, Expr)>),
    /// `p with { amount: 1 }`
    With(Box<Expr>, Vec<(Ident, Expr)>),
    /// `p.amount`
    Field(Box<Expr>, Ident),
    /// `len(x)`: a primitive.
    Primitive(Ident, Vec<Expr>),
    /// `Add(a: 1, b: 2)`: an operator or a hash.
    Call(Path, Vec<Argument>),
    /// `-e`
    Negate(Box<Expr>),
    /// `not e`
    Not(Box<Expr>),
    /// `a + b`
    Binary(Binary, Box<Expr>, Box<Expr>),
    /// `e as T ...`
    Narrow(Box<Narrow>),
    /// `e else ERROR`: the value of an optional.
    Unwrap(Box<Expr>, Raise),
    /// `fail ERROR`
    Fail(Raise),
    /// `if c { a } else { b }`
    If(Box<Expr>, Block, Block),
    /// `match e { ... }`
    Match(Box<Expr>, Vec<Arm>),
    /// `fold ...`
    Fold(Box<Fold>),
}
