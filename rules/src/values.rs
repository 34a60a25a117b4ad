//! Values of the Starlark of rules: files, depsets, providers, targets, and the context of an implementation.
//!
//! What this folder does not know: how targets are found or ordered.

pub(crate) mod actions;
pub(crate) mod args;
pub(crate) mod ctx;
pub(crate) mod depset;
pub(crate) mod expand;
pub(crate) mod file;
pub(crate) mod label;
pub(crate) mod plain;
pub(crate) mod provider;
pub(crate) mod rule;
pub(crate) mod runfiles;
pub(crate) mod spec_step;
pub(crate) mod target;
