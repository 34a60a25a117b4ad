//! gx-rules: the front end. Starlark BUILD files become targets, targets become derivations.
//!
//! The way through: `pattern` (what is asked) -> `package` and `bzl` (evaluated files) -> `graph` (targets and what
//! they need) -> `analysis` (rules run, actions recorded) -> `lower` (a `store::Plan`).
//! What this crate does not know: how anything is run, the terminal, the clock, the current folder. It starts no
//! process.
#![forbid(unsafe_op_in_unsafe_fn)]
#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test ends when something is wrong"))]

mod action;
mod analysis;
mod bounds;
mod bzl;
mod cache;
mod command;
pub mod debian;
mod environment;
pub mod error;
mod evaluate;
mod files;
mod glob;
mod globals;
mod goals;
mod graph;
#[doc(hidden)]
pub mod inside;
pub mod label;
pub mod lock;
mod lower;
mod nesting;
mod outcome;
mod package;
mod pattern;
mod query;
pub mod repository;
pub mod request;
mod reuse;
mod schema;
mod session;
mod sources;
mod values;
mod visibility;
pub mod workspace;

pub use bzl::syntax_faults;
pub use error::{LoadError, LoadErrorKind, Position};
pub use label::{Label, PackageId};
pub use request::{
    Levels, LoadCounts, LoadRequest, Loaded, LoadedFile, LoadedTarget, QueryNode, QueryResult, Seen, WorkspaceConfig,
};
pub use workspace::Workspace;
