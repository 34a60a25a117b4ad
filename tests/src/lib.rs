//! The harness of the end-to-end tests: workspaces in temporary folders, and the real `gx` run in them.
//!
//! Invariants: a test has its own workspace and its own store, so tests run side by side; nothing of the person who
//! runs them reaches gx but `PATH` and what cargo needs to find crates. This crate is for tests only: its functions
//! panic with what happened. It does not know how gx works inside.

#![expect(clippy::panic, clippy::expect_used, reason = "a harness of tests ends the test when something is wrong")]

mod binary;
pub mod fuzz;
mod report;
mod space;
mod tools;

pub use binary::gx_binary;
pub use report::{Finished, Run, Totals};
pub use space::{Invocation, TestSpace};
pub use tools::{examples, is_root, repository_root, skipped, strict_is_held};
