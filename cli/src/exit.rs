//! Exit codes: one table, which `docs/cli.md` shows and a test compares.
//!
//! This file does not know what went wrong in detail, only which class of trouble it is.

use crate::catalogue::Code;
use serde::{Deserialize, Serialize};

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Exit {
    /// Everything asked for was done.
    Ok,
    /// An action failed, something it needs could not be fetched, or a contract has findings.
    BuildFailed,
    /// The command line, or a setting.
    Usage,
    /// Everything was built; at least one test failed.
    TestsFailed,
    /// The workspace, a BUILD file or a rule is wrong.
    Workspace,
    /// The store or the daemon failed.
    Store,
    /// The machine does not allow the sandbox.
    Sandbox,
    /// An audit found a leak.
    Differs,
    /// Two builds differ, and only because what went in does.
    OtherInputs,
    /// A manifest cannot be read or trusted.
    Untrusted,
    /// Ctrl-C, or the daemon was told to stop.
    Interrupted,
    /// `gx run`: the program's own code.
    Program(u8),
}

impl Exit {
    /// Every exit with a code of its own.
    pub const ALL: [(Exit, &'static str); 11] = [
        (Exit::Ok, "everything asked for was done"),
        (Exit::BuildFailed, "an action failed, something it needs could not be fetched, or a contract has findings"),
        (Exit::Usage, "the command line or a setting is wrong"),
        (Exit::TestsFailed, "everything was built, at least one test failed"),
        (Exit::Workspace, "the workspace, a BUILD file or a rule is wrong"),
        (Exit::Store, "the store or the daemon failed"),
        (Exit::Sandbox, "the machine does not allow the sandbox"),
        (
            Exit::Differs,
            "an audit found a leak: the same went in and something else came out, or a file was opened that is no input; or a bundle is not what was released",
        ),
        (Exit::OtherInputs, "two builds differ, and only because something else went in"),
        (Exit::Untrusted, "a manifest, a bundle or a key cannot be read or trusted"),
        (Exit::Interrupted, "interrupted"),
    ];

    /// The number the shell sees. `gx run` passes on the program's own.
    pub const fn code(self) -> u8 {
        match self {
            Exit::Ok => 0,
            Exit::BuildFailed => 1,
            Exit::Usage => 2,
            Exit::TestsFailed => 3,
            Exit::Workspace => 4,
            Exit::Store => 5,
            Exit::Sandbox => 6,
            Exit::Differs => 7,
            Exit::OtherInputs => 8,
            Exit::Untrusted => 9,
            Exit::Interrupted => 130,
            Exit::Program(code) => code,
        }
    }

    /// The exit that an error leads to.
    pub const fn of(code: Code) -> Exit {
        match code.0 {
            311 => Exit::Interrupted,
            310 => Exit::TestsFailed,
            211 | 807 => Exit::Usage,
            901 | 910 => Exit::Differs,
            911 => Exit::Sandbox,
            904..=906 | 908 | 1220 | 1223 => Exit::Untrusted,
            1221 | 1231 | 1232 => Exit::Differs,
            909 => Exit::Store,
            100..=299 => Exit::Workspace,
            300..=399 => Exit::BuildFailed,
            400..=499 => Exit::Sandbox,
            500..=599 => Exit::Store,
            600..=699 => Exit::BuildFailed,
            700..=799 => Exit::Store,
            1016 | 1017 | 1021 => Exit::Usage,
            1000..=1209 => Exit::BuildFailed,
            _ => Exit::Usage,
        }
    }

    /// Of two troubles the one to report: the more basic one.
    pub fn worse(self, other: Exit) -> Exit {
        const fn rank(exit: Exit) -> u8 {
            match exit {
                Exit::Ok => 0,
                Exit::Program(_) => 1,
                Exit::TestsFailed => 2,
                Exit::OtherInputs => 3,
                Exit::Differs => 4,
                Exit::BuildFailed => 5,
                Exit::Workspace => 6,
                Exit::Sandbox => 7,
                Exit::Store => 8,
                Exit::Untrusted => 9,
                Exit::Usage => 10,
                Exit::Interrupted => 11,
            }
        }
        if rank(other) > rank(self) { other } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::CATALOGUE;

    #[test]
    fn numbers_are_unique_and_documented() {
        let mut seen = std::collections::BTreeSet::new();
        let guide = crate::testing::document("docs/cli.md");
        for (exit, meaning) in Exit::ALL {
            assert!(seen.insert(exit.code()), "{exit:?}");
            let row = format!("| {} | {meaning} |", exit.code());
            assert!(guide.contains(&row), "docs/cli.md lacks the row {row}");
        }
    }

    #[test]
    fn no_error_exits_with_success() {
        assert!(CATALOGUE.iter().all(|entry| Exit::of(entry.code) != Exit::Ok));
    }

    #[test]
    fn classes_lead_to_their_exit() {
        assert_eq!(Exit::of(Code(112)), Exit::Workspace);
        assert_eq!(Exit::of(Code(301)), Exit::BuildFailed);
        assert_eq!(Exit::of(Code(401)), Exit::Sandbox);
        assert_eq!(Exit::of(Code(509)), Exit::Store);
        assert_eq!(Exit::of(Code(604)), Exit::BuildFailed);
        assert_eq!(Exit::of(Code(801)), Exit::Usage);
        assert_eq!(Exit::Ok.worse(Exit::BuildFailed), Exit::BuildFailed);
        assert_eq!(Exit::BuildFailed.worse(Exit::Ok), Exit::BuildFailed);
    }
}
