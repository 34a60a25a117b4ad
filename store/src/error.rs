//! Errors of the traits in `traits.rs`. Codes, hints and words for people are added in `cli`.
//!
//! This file does not know the catalogue of codes.

use crate::derivation::Level;
use crate::digest::Digest;
use crate::encode::DecodeError;
use crate::path::PathError;
use crate::tree::TreeError;
use std::path::PathBuf;

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// An object is not there.
    #[error("{0} is not in the store")]
    Missing(Digest),
    /// An object's bytes do not have its digest; it is in quarantine now.
    #[error("{0} is corrupt: its bytes have another digest; it was put in quarantine")]
    Corrupt(Digest),
    /// Bytes given for an object do not have the digest that was said.
    #[error("bytes given for {said} have the digest {found}")]
    WrongDigest {
        /// What was said.
        said: Digest,
        /// What they have.
        found: Digest,
    },
    /// A tree names a child that is not in the store (the memory backend checks this).
    #[error("tree {tree} names {child}, which is not in the store")]
    Dangling {
        /// The tree or outcome.
        tree: Digest,
        /// What it names.
        child: Digest,
    },
    /// A record cannot be read.
    #[error("a record in the store cannot be read: {0}")]
    Record(#[from] DecodeError),
    /// A tree cannot be read or made.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A name cannot be held by a tree.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A file name is not UTF-8.
    #[error("the name of '{0}' is not UTF-8, and trees hold text")]
    NotUtf8(PathBuf),
    /// A file is neither file, folder nor symlink.
    #[error("'{0}' is neither a file, a folder nor a symlink")]
    SpecialFile(PathBuf),
    /// A symlink leads out of the tree.
    #[error("the symlink '{path}' leads out of its tree, to '{target}'")]
    Escapes {
        /// The link.
        path: PathBuf,
        /// Its target.
        target: String,
    },
    /// A file changed while it was read.
    #[error("'{0}' changed while it was read")]
    Changed(PathBuf),
    /// An I/O error at a path.
    #[error("{doing} '{path}': {source}")]
    Io {
        /// What was being done: `reading`.
        doing: &'static str,
        /// Where.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// The disk is full.
    #[error("no space left on the device that holds '{0}'")]
    Full(PathBuf),
    /// The store may not be written.
    #[error("the store at '{0}' cannot be written")]
    ReadOnly(PathBuf),
    /// Another process owns the store.
    #[error("the store at '{0}' is in use by another process")]
    Locked(PathBuf),
    /// The store was made by a newer version.
    #[error("the store at '{path}' has layout version {found}; this gx knows up to {known}")]
    Newer {
        /// Where.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// The database failed.
    #[error("the store's database failed: {0}")]
    Database(String),
}

impl StoreError {
    /// Wraps an I/O error; a full or read-only disk gets its own kind.
    pub fn io(doing: &'static str, path: impl Into<PathBuf>, source: std::io::Error) -> StoreError {
        let path = path.into();
        match source.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => StoreError::Full(path),
            std::io::ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly(path),
            _ => StoreError::Io { doing, path, source },
        }
    }
}

/// Why an action could not be tried.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// It was cancelled.
    #[error("cancelled")]
    Cancelled,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The machine does not allow the sandbox that was asked for.
    #[error("the sandbox cannot be made: {why}")]
    Sandbox {
        /// The step that failed and the machine's answer.
        why: String,
        /// What to change.
        hint: String,
    },
    /// The level that the action is to have is more than can be held here.
    #[error("level '{}' was asked for, and '{}' is the strongest that can be held here", wanted.name(), reachable.name())]
    Level {
        /// The level that was asked for.
        wanted: Level,
        /// The strongest level that can be held.
        reachable: Level,
    },
    /// The program cannot be started: not in the inputs, not executable, arguments too long.
    #[error("'{program}' cannot be started: {why}")]
    Spawn {
        /// `arguments[0]`.
        program: String,
        /// Why.
        why: String,
    },
    /// No builtin has that name and revision.
    #[error("no builtin '{name}' of revision {revision} is known")]
    UnknownBuiltin {
        /// Name.
        name: String,
        /// Revision.
        revision: u32,
    },
    /// A builtin refuses its inputs.
    #[error("builtin '{name}': {why}")]
    Builtin {
        /// Name.
        name: String,
        /// Why.
        why: String,
    },
    /// A builtin looked at sound inputs and found fault with them: that is its outcome, remembered like any other.
    #[error("{findings}")]
    Findings {
        /// What it found, as a person reads it.
        findings: String,
    },
    /// A fetch failed.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The inputs do not make a tree.
    #[error("the inputs do not make a tree: {0}")]
    Inputs(#[from] TreeError),
}

/// Why bytes could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// It was cancelled.
    #[error("cancelled")]
    Cancelled,
    /// No fetcher has that name.
    #[error("no fetcher '{0}' is known")]
    UnknownFetcher(String),
    /// A parameter is missing or wrong.
    #[error("fetching {what}: {why}")]
    BadRequest {
        /// What was to be fetched.
        what: String,
        /// What is wrong.
        why: String,
    },
    /// Every source failed; one line each.
    #[error("{what} cannot be fetched: {why}")]
    Unreachable {
        /// What was to be fetched.
        what: String,
        /// What each source answered.
        why: String,
    },
    /// The bytes are not those that were declared; they were not kept.
    #[error("{what} has SHA-256 {found}, but {declared} is declared")]
    WrongHash {
        /// What was fetched.
        what: String,
        /// Declared.
        declared: String,
        /// Found.
        found: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Box<StoreError>),
}

/// Why the loader did not get what it asked for.
#[derive(Debug, thiserror::Error)]
pub enum RealiseError {
    /// An action ended in failure.
    #[error("{owner}: {why}")]
    Failed {
        /// Whose.
        owner: String,
        /// How it ended, with its last output.
        why: String,
    },
    /// An action could not be tried.
    #[error(transparent)]
    Execute(#[from] ExecuteError),
    /// A program or file of the host is not there.
    #[error("the host has no '{what}'")]
    HostLacks {
        /// Which.
        what: String,
        /// What to install.
        hint: String,
    },
    /// Asking a host program for its folders failed.
    #[error("'{program}' did not answer: {why}")]
    HostProgram {
        /// Which.
        program: String,
        /// Why.
        why: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::HashFunction;

    #[test]
    fn messages_of_the_store() {
        let digest = |text: &str| HashFunction::Blake3.digest(text.as_bytes());
        let path = || PathBuf::from("/store");
        let errors = [
            StoreError::Missing(digest("a")),
            StoreError::Corrupt(digest("a")),
            StoreError::WrongDigest { said: digest("a"), found: digest("b") },
            StoreError::Dangling { tree: digest("a"), child: digest("b") },
            StoreError::Record(DecodeError::field("inputs", "missing")),
            StoreError::Tree(TreeError::NotCanonical),
            StoreError::NotUtf8(path()),
            StoreError::SpecialFile(path()),
            StoreError::Escapes { path: path(), target: "../..".into() },
            StoreError::Changed(path()),
            StoreError::io("reading", path(), std::io::ErrorKind::NotFound.into()),
            StoreError::io("writing", path(), std::io::ErrorKind::StorageFull.into()),
            StoreError::io("writing", path(), std::io::ErrorKind::QuotaExceeded.into()),
            StoreError::io("writing", path(), std::io::ErrorKind::ReadOnlyFilesystem.into()),
            StoreError::Locked(path()),
            StoreError::Newer { path: path(), found: 2, known: 1 },
            StoreError::Database("Corruption: bad block".into()),
        ];
        insta::assert_snapshot!(errors.map(|error| error.to_string()).join("\n"));
    }
}
