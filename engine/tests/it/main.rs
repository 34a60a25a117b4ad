//! Tests of the engine from outside, with a scripted executor instead of processes.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    unreachable_pub,
    reason = "a test ends when something is wrong"
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

mod support;
mod together;
mod why;
mod work;
