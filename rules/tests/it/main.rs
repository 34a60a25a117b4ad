//! Tests of gx-rules through its public face, over a store in memory.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test ends when something is wrong")]

mod cache;
mod errors;
mod levels;
mod load;
mod own_rules;
mod query;
mod repositories;
mod scale;
mod space;
