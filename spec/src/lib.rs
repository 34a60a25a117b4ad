//! gx-spec: the spec language, and what contracts mean.
//!
//! The way through: `syntax` (text to tree) -> `check` (tree to typed IR, or findings) -> `ir` (canonical CBOR and its
//! digest) -> `eval` (the reference interpreter), `generate` (inputs from types), `diff` (what a change asks of the
//! version). `format` gives a tree its one text. Invariants: a contract's meaning depends on its text and its imports
//! only; nothing here reads files, knows a terminal or the time; any input ends in a value or in findings.
#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    expect(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::panic,
        reason = "a test ends when something is wrong"
    )
)]

pub mod assist;
pub mod builtin;
pub mod check;
pub mod corpus;
pub mod diagnostic;
pub mod diff;
pub mod drift;
pub mod emit;
pub mod eval;
pub mod facts;
pub mod format;
pub mod front;
pub mod gate;
pub mod generate;
pub mod graphql;
pub mod ir;
pub mod json;
pub mod keep;
pub mod load;
pub mod pattern;
mod pretty;
pub mod prose;
pub mod registry;
pub mod release;
pub mod rules;
pub mod said;
pub mod schema;
pub mod syntax;
pub mod text;
pub mod trace;
pub mod twin;
pub mod vectors;
