//! Tests of the engine from outside, with a scripted executor instead of processes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub
)]

mod basics;
mod cancel;
mod correct_build;
mod faulty;
mod large;
mod levels;
mod lost;
mod shortcut;
mod simulation;

mod speed;
mod support;
mod together;
mod why;
mod work;
