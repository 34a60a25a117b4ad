//! The syntax tree of operators: purity, clauses, orders, tolerances.
//!
//! It does not know expressions, nor what follows from a clause.

use super::ast::{Block, Ident, Param, Path, Require};
use super::token::Span;
use super::tree::Expr;

/// What an operator may touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purity {
    /// Its inputs only.
    Pure,
    /// Its inputs and a state, which it is given and gives back.
    Stateful,
    /// The world.
    Io,
}

impl Purity {
    /// Its keyword.
    pub const fn name(self) -> &'static str {
        match self {
            Purity::Pure => "pure",
            Purity::Stateful => "stateful",
            Purity::Io => "io",
        }
    }
}

/// How far an output of an E1 operator may be off.
#[derive(Debug, Clone, PartialEq)]
pub struct Tolerance {
    /// The output.
    pub path: Path,
    /// Absolute, as written.
    pub absolute: f64,
    /// Relative.
    pub relative: f64,
    /// May both be NaN?
    pub nan: bool,
}

/// A key of an order.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderKey {
    /// The path inside an element.
    pub path: Path,
    /// From the greatest down?
    pub descending: bool,
}

/// How ties are broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tie {
    /// In the order of the input.
    Input,
    /// There are none: keys are unique.
    Unique,
}

/// `order lines by amount desc, id tie unique`, or `order lines by input`.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// The output.
    pub output: Ident,
    /// The keys; none when the input's order stays.
    pub keys: Vec<OrderKey>,
    /// How ties are broken.
    pub tie: Tie,
    /// Where it stands.
    pub span: Span,
}

/// An operator.
#[derive(Debug, Clone, PartialEq)]
pub struct OperatorItem {
    /// Has it no body on purpose?
    pub is_extern: bool,
    /// What it may touch.
    pub purity: Purity,
    /// What it takes.
    pub inputs: Vec<Param>,
    /// What it gives.
    pub outputs: Vec<Param>,
    /// Was the only output given by its type alone?
    pub unnamed_output: bool,
    /// E1 operators: how far off.
    pub tolerances: Option<Vec<Tolerance>>,
    /// The profile as written; E0 when it is not.
    pub profile: Option<Ident>,
    /// Errors that it may raise.
    pub raises: Vec<Path>,
    /// What it does to the world, in words that the contract chose.
    pub effects: Vec<Ident>,
    /// Operators that it needs.
    pub uses: Vec<Path>,
    /// Orders of its outputs.
    pub orders: Vec<Order>,
    /// What must hold before.
    pub requires: Vec<Require>,
    /// What holds after.
    pub ensures: Vec<Expr>,
    /// How its outputs come of its inputs.
    pub body: Option<Block>,
}
