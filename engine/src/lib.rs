//! gx-engine: the back end. Derivations go in, outcomes come out.
//!
//! A room for each part: `graph` (who needs whom), `schedule` (the one loop that owns all scheduling state),
//! `rebuild` (is it known already?), `resolve` (inputs to digests), `execute` (threads that do the work),
//! `commit` (outcomes become visible), `builtin` (functions of gx itself), `host` (the host's programs as an
//! input), `history` and `explain` (why did it run?), `audit` (does it give the same in another world?).
//! What this crate does not know: labels, BUILD files, the terminal, the wall clock.
#![forbid(unsafe_op_in_unsafe_fn)]
#![cfg_attr(
    test,
    expect(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::panic,
        reason = "a test ends when something is wrong"
    )
)]

pub mod audit;
pub mod builtin;
pub mod config;
pub mod engine;
pub mod error;
pub mod explain;
pub mod host;
#[doc(hidden)]
pub mod inside;
pub mod memory;
pub mod notice;
mod queue;
pub mod realise;
pub mod result;
pub mod sandbox;
pub mod why;

mod commit;
mod context;
mod durations;
mod event;
mod execute;
mod graph;
mod history;
mod level;
mod rebuild;
mod remembered;
mod resolve;
mod roots;
mod schedule;
mod shortcut;

pub use config::{BuildOptions, EngineConfig, default_jobs};
pub use engine::Engine;
pub use error::{ActionError, EngineError, Step};
pub use explain::{Change, Difference, difference, difference_between};
pub use level::reachable as reachable_level;
pub use notice::{How, Notice, Warning};
pub use result::{BuildResult, Counts, Failure};
pub use why::{Beside, Why, WhyReason, beside, why};
