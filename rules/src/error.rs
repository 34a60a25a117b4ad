//! What goes wrong while a workspace is loaded: one type, with place, hints and the way that led there.
//!
//! Invariants: a message says what is wrong and names it; a position is a file relative to the workspace (or
//! `@repository//...`) with line and column from 1; hints say what to do. Codes are added in `cli`.
//! This file does not know how Starlark reports errors (`bzl.rs`).

use std::fmt;

/// The kind of a load error: one entry of the catalogue each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum LoadErrorKind {
    /// A label or pattern is not well formed.
    Label,
    /// A package, target or file that a label names is not there.
    NotFound,
    /// A BUILD or .bzl file cannot be parsed.
    Syntax,
    /// A BUILD or .bzl file failed while it was evaluated.
    Evaluation,
    /// An attribute is unknown, missing or of the wrong type.
    Attribute,
    /// A target may not be used from there.
    Visibility,
    /// Targets, loads or actions need each other in a circle.
    Cycle,
    /// A rule's implementation failed or broke a promise.
    Analysis,
    /// An output is declared that no action makes.
    NoAction,
    /// Two actions make one path.
    OutputConflict,
    /// A source file is not there or cannot be an input.
    Source,
    /// A file exists but cannot be read.
    Unreadable,
    /// The name of a file is not UTF-8.
    NotUtf8,
    /// A file changed while it was read.
    Changed,
    /// A symlink leads out of the workspace or round in a circle.
    Symlink,
    /// A file is a device, a socket or a pipe.
    SpecialFile,
    /// A repository is declared wrongly or cannot be had.
    Repository,
    /// The lock of a repository is not there, is damaged, or is not for what `gx.toml` asks for.
    Lock,
    /// A toolchain cannot be had.
    Toolchain,
    /// The store failed.
    Store,
    /// The disk that holds the store is full.
    StoreFull,
    /// The store may not be written.
    StoreReadOnly,
    /// An object is not in the store.
    StoreMissing,
    /// An object in the store is not what it should be.
    StoreCorrupt,
    /// A record in the store cannot be read.
    StoreRecord,
    /// The store's database failed.
    StoreDatabase,
    /// A query is not well formed.
    Query,
    /// Evaluation takes more than it may.
    Limit,
}

impl LoadErrorKind {
    /// Every kind.
    pub const ALL: [LoadErrorKind; 28] = [
        LoadErrorKind::Label,
        LoadErrorKind::NotFound,
        LoadErrorKind::Syntax,
        LoadErrorKind::Evaluation,
        LoadErrorKind::Attribute,
        LoadErrorKind::Visibility,
        LoadErrorKind::Cycle,
        LoadErrorKind::Analysis,
        LoadErrorKind::NoAction,
        LoadErrorKind::OutputConflict,
        LoadErrorKind::Source,
        LoadErrorKind::Unreadable,
        LoadErrorKind::NotUtf8,
        LoadErrorKind::Changed,
        LoadErrorKind::Symlink,
        LoadErrorKind::SpecialFile,
        LoadErrorKind::Repository,
        LoadErrorKind::Lock,
        LoadErrorKind::Toolchain,
        LoadErrorKind::Store,
        LoadErrorKind::StoreFull,
        LoadErrorKind::StoreReadOnly,
        LoadErrorKind::StoreMissing,
        LoadErrorKind::StoreCorrupt,
        LoadErrorKind::StoreRecord,
        LoadErrorKind::StoreDatabase,
        LoadErrorKind::Query,
        LoadErrorKind::Limit,
    ];
}

/// A place in a text file; line and column count from 1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Position {
    /// Relative to the workspace, or `@repository//path`.
    pub file: String,
    /// Line.
    pub line: u32,
    /// Column.
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct LoadError {
    /// Which entry of the catalogue it is.
    pub kind: LoadErrorKind,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub at: Option<Position>,
    /// What to do about it.
    pub hints: Vec<String>,
    /// How we got there, outermost first: `BUILD:3:1 in macro f`.
    pub trace: Vec<String>,
}

impl LoadError {
    /// An error without place or hints.
    pub fn new(kind: LoadErrorKind, message: impl Into<String>) -> LoadError {
        LoadError { kind, message: message.into(), at: None, hints: Vec::new(), trace: Vec::new() }
    }

    /// With a place, unless it has one.
    #[must_use]
    pub fn at(mut self, at: Option<Position>) -> LoadError {
        self.at = self.at.or(at);
        self
    }

    /// With one more hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> LoadError {
        self.hints.push(hint.into());
        self
    }

    /// With `did you mean 'x'?` when one of `known` is near `wanted`.
    #[must_use]
    pub fn suggest<S: AsRef<str>>(self, wanted: &str, known: impl IntoIterator<Item = S>) -> LoadError {
        match nearest(wanted, known) {
            Some(found) => self.hint(format!("did you mean '{found}'?")),
            None => self,
        }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(at) = &self.at {
            write!(f, "{at}: ")?;
        }
        f.write_str(&self.message)?;
        for line in &self.trace {
            write!(f, "\n  from {line}")?;
        }
        for hint in &self.hints {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

/// Sorts errors by place and text and drops repeats, so that the same mistakes print the same way.
pub(crate) fn in_order(mut errors: Vec<LoadError>) -> Vec<LoadError> {
    errors.sort_by(|a, b| (&a.at, a.kind, &a.message).cmp(&(&b.at, b.kind, &b.message)));
    errors.dedup();
    errors
}

/// The known word nearest to `wanted`, when it is near enough to be a slip of the hand.
pub(crate) fn nearest<S: AsRef<str>>(wanted: &str, known: impl IntoIterator<Item = S>) -> Option<String> {
    known
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(wanted, word.as_ref()), word.as_ref().to_owned()))
        .filter(|(distance, word)| {
            *distance > 0 && *distance <= 1 + wanted.chars().count().max(word.chars().count()) / 4
        })
        .min()
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        assert_eq!(nearest("genrul", ["genrule", "cc_library"]).as_deref(), Some("genrule"));
        assert_eq!(nearest("xyz", ["genrule", "cc_library"]), None);
        assert_eq!(nearest("same", ["same"]), None);
    }

    #[test]
    fn an_error_prints_place_trace_and_hints() {
        let mut error = LoadError::new(LoadErrorKind::NotFound, "no such target '//a:x'")
            .at(Some(Position { file: "a/BUILD".into(), line: 3, column: 5 }))
            .suggest("x1", ["x2"]);
        error.trace.push("a/BUILD:1:1".into());
        insta::assert_snapshot!(error.to_string());
    }
}
