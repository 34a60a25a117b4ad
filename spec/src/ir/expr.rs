//! Expressions of the IR: resolved and typed.
//!
//! Invariants: arguments stand in the order of the parameters, fields in that of the record; a chain of `else if` is
//! nested blocks; no name is bound twice in one scope. This file does not know how an expression is evaluated.

use super::{EnumDecl, ErrorRef, Primitive, RecordDecl, Ref, Require, Type};
use crate::syntax::{Binary, Name, Rounding};
use num_bigint::BigInt;
use std::sync::Arc;

/// An expression.
#[derive(Debug, Clone)]
pub struct Expr {
    /// Which.
    pub kind: ExprKind,
    /// The type of its value, as narrow as it is known.
    pub ty: Type,
}

/// The forms of expressions.
#[derive(Debug, Clone)]
pub enum ExprKind {
    /// Never in a finished IR.
    Bad,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(BigInt),
    /// Digits, and how many stand behind the point.
    Decimal(BigInt, u32),
    /// A float.
    Float(f64),
    /// Text.
    Text(Name),
    /// Bytes.
    Bytes(Vec<u8>),
    /// No value.
    None,
    /// A value that is there.
    Some(Box<Expr>),
    /// A parameter or binding.
    Variable(Name),
    /// A constant.
    Constant(Ref),
    /// A value of an enum, by its place.
    EnumValue(Arc<EnumDecl>, usize),
    /// Several outputs.
    Outputs(Vec<(Name, Expr)>),
    /// A list.
    List(Vec<Expr>),
    /// A map.
    Map(Vec<(Expr, Expr)>),
    /// A list of what comes of each element.
    Each(Box<Each>),
    /// A record; what is left out is none or has its default.
    Record(Arc<RecordDecl>, Vec<(Name, Expr)>),
    /// A record with other values in some fields.
    With(Box<Expr>, Vec<(Name, Expr)>),
    /// A field of a record or of outputs.
    Field(Box<Expr>, Name),
    /// A primitive.
    Primitive(Primitive, Vec<Expr>),
    /// `divide(a, b, scale, rounding)`.
    Divide(Box<(Expr, Expr)>, u32, Rounding),
    /// `matches(text, "pattern")`.
    Matches(Box<Expr>, Name),
    /// An operator.
    Call(Ref, Vec<Expr>),
    /// A hash.
    Hash(Ref, Vec<Expr>),
    /// The negated number.
    Negate(Box<Expr>),
    /// The opposite.
    Not(Box<Expr>),
    /// Two values.
    Binary(Binary, Box<Expr>, Box<Expr>),
    /// A value made to fit a type.
    Narrow(Box<Narrow>),
    /// The value of an optional, or an error.
    Unwrap(Box<Expr>, Raise),
    /// An error.
    Fail(Raise),
    /// One of two.
    If(Box<Expr>, Box<Block>, Box<Block>),
    /// One of several.
    Match(Box<Expr>, Vec<Arm>),
    /// A value carried along.
    Fold(Box<Fold>),
}

/// A value made to fit a type.
#[derive(Debug, Clone)]
pub struct Narrow {
    /// The value.
    pub value: Expr,
    /// The type.
    pub ty: Type,
    /// How digits are lost.
    pub round: Option<Rounding>,
    /// What happens to what does not fit.
    pub policy: Policy,
}

/// What happens to a value that does not fit.
#[derive(Debug, Clone)]
pub enum Policy {
    /// It fits, which is proved.
    Exact,
    /// The nearest that fits.
    Clamp,
    /// Modulo the size of the range.
    Wrap,
    /// An error.
    Else(Raise),
}

/// An error with what it tells.
#[derive(Debug, Clone)]
pub struct Raise {
    /// The error.
    pub error: ErrorRef,
    /// Values of its parameters, in their order.
    pub arguments: Vec<Expr>,
}

/// Statements and a value.
#[derive(Debug, Clone)]
pub struct Block {
    /// In order.
    pub statements: Vec<Statement>,
    /// The value.
    pub value: Expr,
}

/// A statement.
#[derive(Debug, Clone)]
pub enum Statement {
    /// A binding, with the type that was written, if one was.
    Let(Name, Option<Type>, Expr),
    /// A condition.
    Require(Require),
}

/// A pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    /// Everything.
    Any,
    /// A value of an enum, by its place.
    Value(usize, Name),
    /// None.
    None,
    /// Something, which gets a name.
    Some(Name),
    /// True or false.
    Bool(bool),
    /// Whole numbers.
    Range(BigInt, BigInt),
    /// Text.
    Text(Name),
}

/// An arm of a match.
#[derive(Debug, Clone)]
pub struct Arm {
    /// Any of these.
    pub patterns: Vec<Pattern>,
    /// The value then.
    pub value: Expr,
}

/// What a loop goes over.
#[derive(Debug, Clone)]
pub enum Over {
    /// A list by its places, or a map by ascending keys.
    Value(Expr),
    /// Whole numbers, both ends included; none when they are in the wrong order.
    Range(Expr, Expr),
}

/// A value carried along.
#[derive(Debug, Clone)]
pub struct Fold {
    /// Its name.
    pub acc: Name,
    /// Its type.
    pub ty: Type,
    /// Its first value.
    pub init: Expr,
    /// Names of the element, or of key and value.
    pub names: Vec<Name>,
    /// What it goes over.
    pub over: Over,
    /// The next value.
    pub body: Block,
}

/// A list of what comes of each element.
#[derive(Debug, Clone)]
pub struct Each {
    /// The value of an element.
    pub value: Expr,
    /// Names of the element, or of key and value.
    pub names: Vec<Name>,
    /// What it goes over.
    pub over: Over,
    /// Which elements count.
    pub condition: Option<Expr>,
}

impl Expr {
    /// Goes over an expression and all in it, outermost first.
    pub fn walk<'e>(&'e self, visit: &mut impl FnMut(&'e Expr)) {
        visit(self);
        let raise = |raise: &'e Raise, visit: &mut _| raise.arguments.iter().for_each(|it| Expr::walk(it, visit));
        match &self.kind {
            ExprKind::Some(inner) | ExprKind::Field(inner, _) | ExprKind::Negate(inner) | ExprKind::Not(inner) => {
                inner.walk(visit);
            }
            ExprKind::Matches(inner, _) => inner.walk(visit),
            ExprKind::Outputs(fields) | ExprKind::Record(_, fields) => fields.iter().for_each(|it| it.1.walk(visit)),
            ExprKind::With(of, fields) => {
                of.walk(visit);
                fields.iter().for_each(|it| it.1.walk(visit));
            }
            ExprKind::List(items)
            | ExprKind::Primitive(_, items)
            | ExprKind::Call(_, items)
            | ExprKind::Hash(_, items) => items.iter().for_each(|it| it.walk(visit)),
            ExprKind::Map(entries) => entries.iter().for_each(|it| {
                it.0.walk(visit);
                it.1.walk(visit);
            }),
            ExprKind::Divide(pair, _, _) => {
                pair.0.walk(visit);
                pair.1.walk(visit);
            }
            ExprKind::Binary(_, left, right) => {
                left.walk(visit);
                right.walk(visit);
            }
            ExprKind::Narrow(narrow) => {
                narrow.value.walk(visit);
                if let Policy::Else(it) = &narrow.policy {
                    raise(it, visit);
                }
            }
            ExprKind::Unwrap(value, it) => {
                value.walk(visit);
                raise(it, visit);
            }
            ExprKind::Fail(it) => raise(it, visit),
            ExprKind::If(condition, then, otherwise) => {
                condition.walk(visit);
                then.walk(visit);
                otherwise.walk(visit);
            }
            ExprKind::Match(value, arms) => {
                value.walk(visit);
                arms.iter().for_each(|arm| arm.value.walk(visit));
            }
            ExprKind::Fold(fold) => {
                fold.init.walk(visit);
                fold.over.walk(visit);
                fold.body.walk(visit);
            }
            ExprKind::Each(each) => {
                each.over.walk(visit);
                each.value.walk(visit);
                each.condition.iter().for_each(|it| it.walk(visit));
            }
            _ => {}
        }
    }
}

impl Block {
    /// Goes over the expressions of a block.
    pub fn walk<'e>(&'e self, visit: &mut impl FnMut(&'e Expr)) {
        for statement in &self.statements {
            match statement {
                Statement::Let(_, _, value) => value.walk(visit),
                Statement::Require(require) => {
                    require.condition.walk(visit);
                    require.raise.arguments.iter().for_each(|it| it.walk(visit));
                }
            }
        }
        self.value.walk(visit);
    }
}

impl Over {
    fn walk<'e>(&'e self, visit: &mut impl FnMut(&'e Expr)) {
        match self {
            Over::Value(value) => value.walk(visit),
            Over::Range(from, to) => {
                from.walk(visit);
                to.walk(visit);
            }
        }
    }
}
