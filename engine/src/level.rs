//! Which determinism level can be held here.
//!
//! Invariant: an action that asks for more is refused, never run at less; its outcome may still be known from
//! elsewhere, and is then taken. This file does not know how a level is held.

use gx_store::{Derivation, ExecuteError, Level, Outcome, Work};

/// The strongest level that can be held here.
pub const fn reachable() -> Level {
    Level::Normalised
}

/// May this be run here?
pub(crate) fn check(derivation: &Derivation) -> Result<(), ExecuteError> {
    match asked(derivation) {
        Some(wanted) if wanted > reachable() => Err(ExecuteError::Level { wanted, reachable: reachable() }),
        _ => Ok(()),
    }
}

/// Did it run at the level that it asked for?
pub(crate) fn held(derivation: &Derivation, outcome: &Outcome) -> bool {
    asked(derivation).is_none_or(|wanted| outcome.level == wanted)
}

fn asked(derivation: &Derivation) -> Option<Level> {
    match &derivation.work {
        Work::Run(run) => Some(run.level),
        Work::Fetch(_) | Work::Builtin(_) => None,
    }
}
