//! What is asked of a workspace and what comes back: the types that `cli` sees.
//!
//! Invariants: paths of files are as an action sees them (`p/x`, `out/p/x`, `external/r/p/x`); a target's
//! lists keep the order in which its rule gave them. This file does not know how anything is loaded.

use gx_store::{DerivationId, Digest, HostTools, Level, Plan, Realise, RelPath, Source, Store};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Which determinism level an action gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Levels {
    /// The target's own, else this one.
    Default(Level),
    /// This one, whatever targets say.
    All(Level),
}

impl Levels {
    /// The level of an action of a target that names this one, if it names any.
    pub fn of_action(self, named: Option<Level>) -> Level {
        match self {
            Levels::All(level) => level,
            Levels::Default(level) => named.unwrap_or(level),
        }
    }

    /// The same of a test that runs. What a test finds out by threads, clocks and random numbers is its business:
    /// unless its target says more, it is only kept apart from the machine.
    pub fn of_test(self, named: Option<Level>) -> Level {
        match self {
            Levels::All(level) => level,
            Levels::Default(level) => named.unwrap_or(level.min(Level::Sandboxed)),
        }
    }
}

/// What a workspace is made of. Kept for the life of the daemon.
#[derive(Clone)]
pub struct WorkspaceConfig {
    /// The folder that holds `gx.toml`.
    pub root: PathBuf,
    /// The tables `[repositories.NAME]` of `gx.toml`.
    pub repositories: BTreeMap<String, toml::Table>,
    /// Files of the repository `@gx`: path (`rules/cc.bzl`, `toolchains/BUILD.gx`) and text.
    pub stdlib: Vec<(String, String)>,
    /// Where contents rest.
    pub store: Store,
    /// Makes fetched repositories.
    pub realise: Arc<dyn Realise>,
    /// Imports toolchains of the host.
    pub host: Arc<dyn HostTools>,
    /// Determinism levels of actions.
    pub levels: Levels,
}

/// What to load.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadRequest {
    /// Patterns in order: `//a:b`, `//a/...`, `-//x/...`.
    pub patterns: Vec<String>,
    /// The package that relative patterns mean, for instance the current folder: `a/b`, empty for the root.
    pub current_package: String,
    /// Of what wildcards match, keep tests only.
    pub tests_only: bool,
    /// Plan the tests of test targets, not only their outputs.
    pub with_tests: bool,
}

/// The answer.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// Everything to make.
    pub plan: Arc<Plan>,
    /// The targets that were asked for, sorted by label.
    pub targets: Vec<LoadedTarget>,
    /// What the answer depended on.
    pub seen: Arc<Seen>,
    /// What `print` said: in files first, then in rules, each in the order of labels.
    pub prints: Vec<String>,
    /// How much was evaluated anew and how much was known.
    pub counts: LoadCounts,
    /// What makes the archives of `gx.toml` that something was loaded from, sorted by name. They are there already.
    pub archives: Vec<(String, Plan)>,
}

/// How much work a load was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadCounts {
    /// Packages that were looked at.
    pub packages: usize,
    /// Of these, evaluated and not taken from a cache.
    pub evaluated: usize,
    /// Rule targets in the graph.
    pub targets: usize,
    /// Of these, analysed and not taken from memory.
    pub analysed: usize,
}

/// A target that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadedTarget {
    /// Its label: `//p:t`.
    pub label: String,
    /// Its rule (`cc_library`), or `source file`, `generated file`.
    pub kind: String,
    /// Its default outputs; source files among them have no derivation.
    pub outputs: Vec<LoadedFile>,
    /// What `gx run` starts.
    pub executable: Option<LoadedFile>,
    /// What the executable wants beside it when it runs.
    pub runfiles: Vec<LoadedFile>,
    /// The derivation that runs the test, when the target is one and tests were asked for.
    pub test: Option<DerivationId>,
}

/// A file or folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadedFile {
    /// As actions see it: `p/x` or `out/p/x`.
    pub path: RelPath,
    /// Known bytes, or a derivation's output.
    pub source: Source,
}

impl LoadedFile {
    /// As a program finds it at run time: `p/x`.
    pub fn short_path(&self) -> RelPath {
        let output = match &self.source {
            Source::Output { .. } => self.path.as_str().strip_prefix("out/"),
            Source::Known(_) => None,
        };
        output.and_then(|below| RelPath::new(below).ok()).unwrap_or_else(|| self.path.clone())
    }
}

/// Everything on disk that an answer depended on, for asking by `stat` alone whether it still holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Files that were read, relative to the workspace, sorted.
    pub files: Vec<(RelPath, Digest)>,
    /// Folders that were listed, sorted.
    pub folders: Vec<RelPath>,
    /// Paths that were looked for and were not there, sorted.
    pub absent: Vec<RelPath>,
}

/// The answer to a query: a part of the target graph.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryResult {
    /// Targets, sorted by label (along the path for `somepath`).
    pub nodes: Vec<QueryNode>,
    /// Which of them needs which: positions in `nodes`, sorted.
    pub edges: Vec<(usize, usize)>,
}

/// A target in an answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct QueryNode {
    /// Its label.
    pub label: String,
    /// `cc_library rule`, `source file`, `generated file`.
    pub kind: String,
}
