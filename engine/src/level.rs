//! Which determinism level can be held here.
//!
//! Invariant: an action that asks for more is refused, never run at less; its outcome may still be known from
//! elsewhere, and is then taken. This file does not know how a level is held.

use gx_store::{Derivation, ExecuteError, Level, Outcome, Work};

/// The strongest level that can be held on this kind of processor, by a machine that forbids nothing.
pub const fn reachable() -> Level {
    // Only there can the counter of time be taken from a program.
    if cfg!(target_arch = "x86_64") { Level::Strict } else { Level::Normalised }
}

/// May this be run here?
pub(crate) fn check(derivation: &Derivation) -> Result<(), ExecuteError> {
    asked(derivation).map_or(Ok(()), |wanted| check_against(wanted, reachable()))
}

fn check_against(wanted: Level, reachable: Level) -> Result<(), ExecuteError> {
    if wanted > reachable { Err(ExecuteError::Level { wanted, reachable }) } else { Ok(()) }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_can_be_held_is_refused() {
        for (index, wanted) in Level::ALL.into_iter().enumerate() {
            for (other, reachable) in Level::ALL.into_iter().enumerate() {
                let refused = matches!(
                    check_against(wanted, reachable),
                    Err(ExecuteError::Level { wanted: w, reachable: r }) if w == wanted && r == reachable
                );
                assert_eq!(refused, index > other, "{wanted:?} where {reachable:?} can be held");
            }
        }
    }
}
