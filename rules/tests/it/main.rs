//! Tests of gx-rules through its public face, over a store in memory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod cache;
mod errors;
mod levels;
mod load;
mod own_rules;
mod query;
mod repositories;
mod scale;
mod space;
