//! Turns the errors of other crates into reports: every kind of each has its code here and nowhere else.
//!
//! The matches have no wildcard, so that a new kind of error cannot be forgotten.

use crate::error::{Place, Report};
use gx_engine::{ActionError, EngineError};
use gx_rules::{LoadError, LoadErrorKind};
use gx_store::{ExecuteError, FetchError, RealiseError, StoreError};

const MAKE_ROOM: &str = "`gx gc` frees what no recent build needs";
const OTHER_STORE: &str = "`--store DIR` names another store";

/// The code of a store's error.
fn store_code(error: &StoreError) -> u16 {
    match error {
        StoreError::Missing(_) => 501,
        StoreError::Corrupt(_) => 502,
        StoreError::WrongDigest { .. } => 503,
        StoreError::Dangling { .. } => 504,
        StoreError::Record(_) | StoreError::Tree(_) => 505,
        StoreError::Path(_) => 113,
        StoreError::NotUtf8(_) => 114,
        StoreError::SpecialFile(_) => 119,
        StoreError::Escapes { .. } => 118,
        StoreError::Changed(_) => 116,
        StoreError::Io { .. } => 506,
        StoreError::Full(_) => 507,
        StoreError::ReadOnly(_) => 508,
        StoreError::Locked(_) => 509,
        StoreError::Newer { .. } => 510,
        StoreError::Database(_) => 511,
    }
}

/// A failure of the store.
pub fn store(error: &StoreError) -> Report {
    let report = Report::new(store_code(error), error.to_string());
    match error {
        StoreError::Full(_) => report.hint(MAKE_ROOM),
        StoreError::ReadOnly(_) | StoreError::Newer { .. } => report.hint(OTHER_STORE),
        StoreError::Locked(_) => report.hint("`gx daemon stop` ends the daemon that may hold it"),
        StoreError::NotUtf8(_) => report.hint("rename the file"),
        _ => report,
    }
}

/// A fetch that failed.
pub fn fetch(error: &FetchError) -> Report {
    let code = match error {
        FetchError::Cancelled => 311,
        FetchError::UnknownFetcher(_) => 601,
        FetchError::BadRequest { .. } => 602,
        FetchError::Unreachable { .. } => 603,
        FetchError::WrongHash { .. } => 604,
        FetchError::Store(error) => return store(error),
    };
    Report::new(code, error.to_string())
}

/// An action that could not be tried.
pub fn execute(error: &ExecuteError) -> Report {
    let code = match error {
        ExecuteError::Cancelled => 311,
        ExecuteError::Store(error) => return store(error),
        ExecuteError::Sandbox { hint, .. } => {
            let report = Report::new(401, error.to_string()).hint(hint);
            return report.hint("`gx doctor` checks what this machine allows");
        }
        ExecuteError::Level { reachable, .. } => {
            let report = Report::new(402, error.to_string());
            return report.hint(format!(
                "take off `determinism` from the target, the flag or gx.toml, or ask for '{}'",
                reachable.name()
            ));
        }
        ExecuteError::Spawn { program, why } => {
            let report = Report::new(306, error.to_string());
            return if why.ends_with("is not executable") {
                report.hint(format!("chmod +x {}", crate::session::failure::quoted(program)))
            } else if why.contains("of its PATH has it") || why.contains("among the action's inputs and toolchains") {
                report.hint(crate::session::failure::lacks(program))
            } else {
                report
            };
        }
        ExecuteError::UnknownBuiltin { .. } | ExecuteError::Builtin { .. } => 309,
        ExecuteError::Findings { .. } => 1100,
        ExecuteError::Fetch(error) => return fetch(error),
        ExecuteError::Inputs(_) => 308,
    };
    Report::new(code, error.to_string())
}

/// What the loader asked for and did not get.
pub fn realise(error: &RealiseError) -> Report {
    match error {
        RealiseError::Failed { .. } => Report::new(301, error.to_string()),
        RealiseError::Execute(error) => execute(error),
        RealiseError::HostLacks { hint, .. } => Report::new(605, error.to_string()).hint(hint),
        RealiseError::HostProgram { .. } => Report::new(606, error.to_string()),
        RealiseError::Store(error) => store(error),
    }
}

/// An action that the engine could not try.
pub fn action(error: &ActionError) -> Report {
    match error {
        ActionError::Execute(error) => execute(error),
        ActionError::Clash { .. } | ActionError::RootNotFolder(_) | ActionError::RootClash(_) => {
            Report::new(308, error.to_string())
        }
        ActionError::LostSource(_) | ActionError::LostAgain { .. } => Report::new(501, error.to_string()),
        ActionError::Commit(error) => store(error),
        ActionError::Internal(_) => Report::new(313, error.to_string()),
    }
}

/// A plan that cannot be built at all.
pub fn engine(error: &EngineError) -> Report {
    match error {
        EngineError::Cycle(_) => Report::new(205, error.to_string()),
        EngineError::MissingDerivation { .. }
        | EngineError::MissingInputSet { .. }
        | EngineError::MissingOutput { .. } => Report::new(209, error.to_string()),
        EngineError::TooLarge(_) => Report::new(313, error.to_string()),
        EngineError::Threads(cause) => Report::new(313, error.to_string()).cause(cause),
        EngineError::Stopped => Report::new(311, error.to_string()),
        EngineError::Audit(error) => execute(error),
        EngineError::Account(_) => Report::new(505, error.to_string()),
        EngineError::Store(error) => store(error),
    }
}

/// The code of a load error.
pub const fn load_code(kind: LoadErrorKind) -> u16 {
    match kind {
        LoadErrorKind::Label => 110,
        LoadErrorKind::NotFound => 112,
        LoadErrorKind::Syntax => 107,
        LoadErrorKind::Evaluation => 108,
        LoadErrorKind::Attribute => 201,
        LoadErrorKind::Visibility => 204,
        LoadErrorKind::Cycle => 205,
        LoadErrorKind::Analysis => 207,
        LoadErrorKind::NoAction => 209,
        LoadErrorKind::OutputConflict => 206,
        LoadErrorKind::Source => 115,
        LoadErrorKind::Unreadable => 106,
        LoadErrorKind::NotUtf8 => 114,
        LoadErrorKind::Changed => 116,
        LoadErrorKind::Symlink => 118,
        LoadErrorKind::SpecialFile => 119,
        LoadErrorKind::Repository => 105,
        LoadErrorKind::Lock => 120,
        LoadErrorKind::Toolchain => 605,
        LoadErrorKind::Store => 506,
        LoadErrorKind::StoreFull => 507,
        LoadErrorKind::StoreReadOnly => 508,
        LoadErrorKind::StoreMissing => 501,
        LoadErrorKind::StoreCorrupt => 502,
        LoadErrorKind::StoreRecord => 505,
        LoadErrorKind::StoreDatabase => 511,
        LoadErrorKind::Query => 210,
        LoadErrorKind::Limit => 109,
    }
}

/// A workspace that cannot be loaded.
pub fn load(error: &LoadError) -> Report {
    let mut report = Report::new(load_code(error.kind), error.message.clone());
    report.place = error.at.as_ref().map(|at| Place::new(at.file.clone(), at.line, at.column));
    report.trace.clone_from(&error.trace);
    report.hints.clone_from(&error.hints);
    match error.kind {
        LoadErrorKind::StoreFull => report.hint(MAKE_ROOM),
        LoadErrorKind::StoreReadOnly => report.hint(OTHER_STORE),
        _ => report,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Code;
    use crate::exit::Exit;
    use gx_store::Level;

    #[test]
    fn every_load_error_has_a_code_in_the_catalogue() {
        for kind in LoadErrorKind::ALL {
            assert!(Code(load_code(kind)).entry().is_some(), "{kind:?}");
        }
    }

    /// Loading and building meet the same store.
    #[test]
    fn a_store_that_fails_while_loading_is_told_as_ever() {
        for (kind, error) in [
            (LoadErrorKind::StoreFull, StoreError::Full("/store".into())),
            (LoadErrorKind::StoreReadOnly, StoreError::ReadOnly("/store".into())),
            (LoadErrorKind::StoreDatabase, StoreError::Database("bad block".into())),
        ] {
            assert_eq!(load(&LoadError::new(kind, error.to_string())), store(&error));
        }
    }

    #[test]
    fn errors_from_below_keep_their_words_and_get_an_exit() {
        let refused = ExecuteError::Sandbox { why: "clone: EPERM".into(), hint: "allow user namespaces".into() };
        insta::assert_snapshot!(execute(&refused).text(false));
        assert_eq!(execute(&refused).exit(), Exit::Sandbox);
        let more = ExecuteError::Level { wanted: Level::Strict, reachable: Level::Sandboxed };
        insta::assert_snapshot!(execute(&more).text(false));
        assert_eq!(execute(&more).exit(), Exit::Sandbox);
        insta::assert_snapshot!(store(&StoreError::Full("/store".into())).text(false));
        let lacks = RealiseError::HostLacks { what: "cc".into(), hint: "apt-get install gcc".into() };
        insta::assert_snapshot!(realise(&lacks).text(false));
        let wrong = FetchError::WrongHash { what: "lua".into(), declared: "aa".into(), found: "bb".into() };
        insta::assert_snapshot!(fetch(&wrong).text(false));
    }
}
