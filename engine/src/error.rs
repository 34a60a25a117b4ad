//! What can go wrong: a plan that cannot be built at all, and an action that cannot be tried.
//!
//! An action that ran and failed is no error here: it has an outcome. This file does not know words for people
//! beyond the message; codes and hints are added in `cli`.

use gx_store::{DerivationId, Digest, ExecuteError, InputSetId, RelPath, StoreError};
use std::fmt;
use std::sync::Arc;

/// Why a plan cannot be built at all.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Derivations need each other in a circle.
    #[error("actions depend on each other in a circle:\n{}", Steps(.0))]
    Cycle(Vec<Step>),
    /// A derivation is named and not in the plan.
    #[error("{wanted_by} needs the derivation {derivation}, which is not in the plan")]
    MissingDerivation {
        /// Who names it.
        wanted_by: String,
        /// Which.
        derivation: DerivationId,
    },
    /// An input set is named and not in the plan.
    #[error("{wanted_by} needs the input set {set}, which is not in the plan")]
    MissingInputSet {
        /// Who names it.
        wanted_by: String,
        /// Which.
        set: InputSetId,
    },
    /// An output is named that its derivation does not declare.
    #[error("{wanted_by} needs '{path}' of {owner}, which does not declare that output")]
    MissingOutput {
        /// Who names it.
        wanted_by: String,
        /// Whose output it should be.
        owner: Arc<str>,
        /// Its path.
        path: RelPath,
    },
    /// The plan has more nodes than the engine can number.
    #[error("the plan has more than {0} actions and input sets")]
    TooLarge(usize),
    /// A thread could not be started.
    #[error("the engine cannot start a thread: {0}")]
    Threads(std::io::Error),
    /// The engine stopped while the build was going on.
    #[error("the engine stopped before the build ended")]
    Stopped,
    /// An action could not be run again.
    #[error("an audit cannot run actions again")]
    Audit(#[source] ExecuteError),
    /// What went into an action cannot be told any more.
    #[error("an action's inputs cannot be told: {0}")]
    Account(String),
    /// The store failed outside any action.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One derivation of a cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Whose it is.
    pub owner: Arc<str>,
    /// What kind of work.
    pub mnemonic: Arc<str>,
    /// Its first output; empty when it has none.
    pub output: String,
}

struct Steps<'a>(&'a [Step]);

impl fmt::Display for Steps<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in self.0 {
            writeln!(f, "  {} ({} of '{}') needs", step.owner, step.mnemonic, step.output)?;
        }
        match self.0.first() {
            Some(first) => write!(f, "  {} again", first.owner),
            None => Ok(()),
        }
    }
}

/// Why an action could not be tried. It counts as failed, and is not remembered.
#[derive(Debug, thiserror::Error)]
pub enum ActionError {
    /// The executor, a builtin, a fetch or the store said no.
    #[error(transparent)]
    Execute(#[from] ExecuteError),
    /// Two different inputs want one path.
    #[error("two inputs want the path '{path}': one comes from {first}, the other from {second}")]
    Clash {
        /// The path, relative to the working directory.
        path: RelPath,
        /// Where the first comes from.
        first: String,
        /// Where the second comes from.
        second: String,
    },
    /// A toolchain is not a folder.
    #[error("a root of the action must be a folder, and '{0}' is not")]
    RootNotFolder(String),
    /// Two toolchains have different things at one path.
    #[error("two toolchains of the action differ at '/{0}'")]
    RootClash(String),
    /// An object is lost that no action of this build makes.
    #[error("{0} is lost, and no action of this build makes it; it belongs to a source or a toolchain of the host")]
    LostSource(Digest),
    /// Outputs were made again and were lost again.
    #[error(
        "{lost} was lost again after its action was run {times} times to make it; is something deleting from the store?"
    )]
    LostAgain {
        /// The object.
        lost: Digest,
        /// How often the action was run.
        times: u8,
    },
    /// The outcome could not be kept.
    #[error("the outcome could not be kept: {0}")]
    Commit(Arc<StoreError>),
    /// The executor broke its contract.
    #[error("gx is at fault: {0}")]
    Internal(String),
}

impl From<StoreError> for ActionError {
    fn from(error: StoreError) -> ActionError {
        ActionError::Execute(ExecuteError::Store(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cycle_is_printed_as_the_cycle() {
        let step = |owner: &str, output: &str| Step {
            owner: owner.into(),
            mnemonic: "Genrule".into(),
            output: output.to_owned(),
        };
        let error = EngineError::Cycle(vec![step("//a:x", "out/a/x"), step("//b:y", "out/b/y")]);
        insta::assert_snapshot!(error, @r"
        actions depend on each other in a circle:
          //a:x (Genrule of 'out/a/x') needs
          //b:y (Genrule of 'out/b/y') needs
          //a:x again
        ");
    }
}
