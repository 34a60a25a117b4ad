//! Queries over the target graph: `deps`, `rdeps`, `kind`, `somepath` and so on, and set operations.
//!
//! Invariants: an answer is a part of the graph, sorted by label (along the path for `somepath`); nothing is analysed.
//! This file does not know how an expression is written (`parse.rs`) or shown (`cli`).

mod evaluate;
pub(crate) mod parse;

use crate::error::LoadError;
use crate::request::QueryResult;
use crate::session::Session;

/// Answers an expression.
pub(crate) fn answer(session: &Session<'_>, expression: &str, current: &str) -> Result<QueryResult, Vec<LoadError>> {
    let parsed = parse::parse(expression).map_err(|e| vec![e])?;
    evaluate::run(session, &parsed, current)
}
