//! Why each action of an owner ran, in the last build of the workspace that ran it.
//!
//! This file does not know how a build is done: it reads what `history` kept and what `explain` finds.

use crate::explain::{Difference, difference, difference_between};
use crate::history::{Cause, Entry, Ran, entries, entries_anywhere};
use gx_store::{ActionId, Level, Outcomes, Store, StoreError};

/// One action and why it ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// What kind of work.
    pub mnemonic: String,
    /// Its first output; empty when it has none.
    pub output: String,
    /// The build that ran it, counted from 1; `None` when none of this workspace did.
    pub build: Option<u64>,
    /// The action that ran, or the one that was found known.
    pub action: ActionId,
    /// The action of the last build; another one than ran last, when the store knew its outcome.
    pub last: ActionId,
    /// The determinism level that the outcome of `action` records; `None` when the store has none any more.
    pub level: Option<Level>,
    /// Did it fail?
    pub failed: bool,
    /// Why it ran.
    pub reason: WhyReason,
}

/// Why an action ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhyReason {
    /// This workspace had it never before.
    First,
    /// Its key is another one than before.
    Changed(Vec<Difference>),
    /// The key was the same, but outputs were lost or corrupt.
    OutputsLost,
    /// It failed before and was to be retried.
    Retried,
    /// The key was the same, but the store did not know it any more.
    CacheCleared,
    /// It never ran for this workspace: it was known from elsewhere.
    NeverRan,
}

/// Why each action of `owner` ran, by mnemonic and output. Empty when the workspace never built that owner.
pub fn why(store: &Store, workspace: &str, owner: &str) -> Result<Vec<Why>, StoreError> {
    entries(store, workspace, owner)?.into_iter().map(|entry| one(store, entry)).collect()
}

/// An action of here beside the same work in another store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    /// What kind of work.
    pub mnemonic: String,
    /// Its first output; empty when it has none.
    pub output: String,
    /// The action in the last build here.
    pub action: ActionId,
    /// The other store's; `None` when that has no such work.
    pub other: Option<ActionId>,
    /// What is not the same there and here, from there to here.
    pub differences: Vec<Difference>,
}

/// How each action of `owner` stands to what `other`, another store, last had for it in any workspace.
pub fn beside(store: &Store, workspace: &str, owner: &str, other: &Store) -> Result<Vec<Beside>, StoreError> {
    let theirs = entries_anywhere(other, owner)?;
    let mut all = Vec::new();
    for Entry { last: action, mnemonic, output, .. } in entries(store, workspace, owner)? {
        let mut same = theirs.iter().filter(|it| it.mnemonic == mnemonic && it.output == output).map(|it| it.last);
        let first = same.next();
        let there = if first == Some(action) || same.any(|it| it == action) { Some(action) } else { first };
        let differences = match there {
            Some(there) if there != action => match difference_between((other, &there), (store, &action)) {
                Ok(differences) => differences,
                Err(StoreError::Missing(_) | StoreError::Corrupt(_)) => vec![Difference::OldIsGone],
                Err(error) => return Err(error),
            },
            _ => Vec::new(),
        };
        all.push(Beside { mnemonic, output, action, other: there, differences });
    }
    Ok(all)
}

fn one(store: &Store, entry: Entry) -> Result<Why, StoreError> {
    let Entry { last, ran, mnemonic, output } = entry;
    let level = |action: ActionId| Ok::<_, StoreError>(store.outcome(&action)?.map(|outcome| outcome.level));
    let Some(ran) = ran else {
        let (level, reason) = (level(last)?, WhyReason::NeverRan);
        return Ok(Why { mnemonic, output, build: None, action: last, last, level, failed: false, reason });
    };
    let (level, reason) = (level(ran.to)?, reason(store, &ran)?);
    Ok(Why { mnemonic, output, build: Some(ran.build), action: ran.to, last, level, failed: ran.failed, reason })
}

fn reason(store: &Store, ran: &Ran) -> Result<WhyReason, StoreError> {
    Ok(match (ran.cause, ran.from) {
        (Cause::Retried, _) => WhyReason::Retried,
        (Cause::Lost, _) => WhyReason::OutputsLost,
        (Cause::Unknown, None) => WhyReason::First,
        (Cause::Unknown, Some(from)) if from == ran.to => WhyReason::CacheCleared,
        (Cause::Unknown, Some(from)) => match difference(store, &from, &ran.to) {
            Ok(differences) => WhyReason::Changed(differences),
            // History outlives what garbage collection takes away.
            Err(StoreError::Missing(_) | StoreError::Corrupt(_)) => WhyReason::Changed(vec![Difference::OldIsGone]),
            Err(other) => return Err(other),
        },
    })
}
