//! `gx build`: makes targets and places their outputs in `gx-out`.

use crate::exit::Exit;
use crate::session::Session;

/// Answers it.
pub(super) fn answer(session: &Session<'_>, patterns: &[String]) -> Exit {
    if let Some(exit) = session.unchanged(patterns) {
        return exit;
    }
    match session.build(patterns, false) {
        Ok(built) => {
            session.summary(&built);
            session.remember(patterns, &built, &[]);
            built.exit
        }
        Err(exit) => exit,
    }
}
