//! The traits that cross the house. `cli` wires their implementations together.
//!
//! Each has 1 to 5 methods. Storage: `Blobs`, `Trees`, `Outcomes`, `Rows` (two backends, one contract suite).
//! Work: `Executor`, `Builtin`, `Fetcher`. For the loader: `Realise`, `HostTools`.
//! This file does not know any implementation.

use crate::action::Lowered;
use crate::allowance::Allowance;
use crate::cancel::Cancel;
use crate::derivation::{Call, Derivation, Fetch, Output};
use crate::digest::{ActionId, BlobId, Digest, TreeId};
use crate::error::{ExecuteError, FetchError, RealiseError, StoreError};
use crate::outcome::Outcome;
use crate::path::RelPath;
use crate::plan::{Note, Plan};
use crate::store::Store;
use crate::tree::{Directory, Node};
use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes by their digest. Every byte is checked on the way in and on the way out.
pub trait Blobs: Send + Sync {
    /// Is it there? (Not: is it sound.)
    fn has_blob(&self, id: &BlobId) -> Result<bool, StoreError>;
    /// The whole content. `StoreError::Missing` when it is not there, `Corrupt` (and quarantined) when it is not sound.
    fn blob(&self, id: &BlobId) -> Result<Vec<u8>, StoreError>;
    /// The content as a stream; the reader's last read fails when the digest does not match.
    fn open_blob(&self, id: &BlobId) -> Result<Box<dyn Read + Send>, StoreError>;
    /// Keeps bytes.
    fn put_blob(&self, bytes: &[u8]) -> Result<BlobId, StoreError>;
    /// Keeps a file's content without holding it in memory. With `take`, the file is on the store's own disk and
    /// nobody else's: it may be moved instead of copied, and is gone afterwards.
    fn put_file(&self, file: &Path, take: bool) -> Result<BlobId, StoreError>;
}

/// Folders by their digest.
pub trait Trees: Send + Sync {
    /// Is the folder itself there? (Not: everything below it.)
    fn has_tree(&self, id: &TreeId) -> Result<bool, StoreError>;
    /// The folder. `Missing` or `Corrupt` as for blobs.
    fn tree(&self, id: &TreeId) -> Result<Arc<Directory>, StoreError>;
    /// Keeps a folder given as canonical bytes; they are decoded, so a folder that is no folder is refused.
    fn put_tree(&self, bytes: &[u8]) -> Result<TreeId, StoreError>;
}

/// An outcome and what it names, to become visible together.
#[derive(Debug, Clone)]
pub struct Commit {
    /// The outcome.
    pub outcome: Outcome,
    /// Objects that it names and that may not be in the store yet: digest and bytes, children before parents.
    pub objects: Vec<Object>,
}

/// An object on its way into the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Object {
    /// A blob (also an `Action` or a `Command`).
    Blob(BlobId, Vec<u8>),
    /// A folder's canonical bytes.
    Tree(TreeId, Vec<u8>),
}

/// What came of actions.
pub trait Outcomes: Send + Sync {
    /// The last outcome of an action, success or failure.
    fn outcome(&self, id: &ActionId) -> Result<Option<Outcome>, StoreError>;
    /// Makes objects readable before the outcome that names them is committed. They need not be durable: the commit
    /// sees to that.
    fn prepare(&self, objects: &[Object]) -> Result<(), StoreError>;
    /// Makes outcomes and everything they name visible in one step; durable when it returns.
    fn commit(&self, commits: &[Commit]) -> Result<(), StoreError>;
    /// Forgets an outcome (its outputs turned out to be lost or corrupt).
    fn forget(&self, id: &ActionId) -> Result<(), StoreError>;
}

/// Kinds of objects that a store can list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum ObjectKind {
    /// Bytes.
    Blob,
    /// Folders.
    Tree,
    /// Outcomes, by the id of their action.
    Outcome,
    /// Derivations, by their id.
    Derivation,
}

impl ObjectKind {
    /// Every kind.
    pub const ALL: [ObjectKind; 4] = [ObjectKind::Blob, ObjectKind::Tree, ObjectKind::Outcome, ObjectKind::Derivation];

    /// Its name for people.
    pub const fn name(self) -> &'static str {
        match self {
            ObjectKind::Blob => "blob",
            ObjectKind::Tree => "tree",
            ObjectKind::Outcome => "outcome",
            ObjectKind::Derivation => "derivation",
        }
    }
}

/// What a backend holds, for collecting garbage, checking and listing.
pub trait Inventory: Send + Sync {
    /// Objects of a kind whose key (`Digest::key`) starts with `prefix`, in order of their keys, with the bytes
    /// each takes; `visit` returns false to stop.
    fn list(
        &self,
        kind: ObjectKind,
        prefix: &[u8],
        visit: &mut dyn FnMut(&Digest, u64) -> bool,
    ) -> Result<(), StoreError>;
    /// Removes objects. What is not there is no error.
    fn remove(&self, kind: ObjectKind, ids: &[Digest]) -> Result<(), StoreError>;
    /// Moves an object aside, so that it is missing from now on.
    fn quarantine(&self, kind: ObjectKind, id: &Digest) -> Result<(), StoreError>;
    /// Changes whenever an object was removed or put in quarantine, also over restarts: what was known to be
    /// there before need not be there any more.
    fn epoch(&self) -> u64;
    /// Gives the disk back what removed objects took, where that does not happen by itself.
    fn compact(&self) -> Result<(), StoreError>;
}

/// Private tables: disposable, each row with a version byte (see `row.rs`), never identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Derivation id -> canonical CBOR. The one table here that is not disposable.
    Derivations,
    /// Path -> stat stamp and digest.
    Stats,
    /// What was run before -> how long it took.
    Durations,
    /// Evaluated BUILD files by content.
    Evaluations,
    /// Builds, per workspace: what ran and why.
    History,
    /// Names of roots -> what they keep.
    Roots,
    /// Leases of builds that are running.
    Leases,
    /// Objects that were found corrupt.
    Quarantine,
    /// Store-wide facts: version, function, host toolchains.
    Meta,
}

impl Table {
    /// Every table.
    pub const ALL: [Table; 9] = [
        Table::Derivations,
        Table::Stats,
        Table::Durations,
        Table::Evaluations,
        Table::History,
        Table::Roots,
        Table::Leases,
        Table::Quarantine,
        Table::Meta,
    ];

    /// Its name (a column family of RocksDB).
    pub const fn name(self) -> &'static str {
        match self {
            Table::Derivations => "derivations",
            Table::Stats => "stats",
            Table::Durations => "durations",
            Table::Evaluations => "evaluations",
            Table::History => "history",
            Table::Roots => "roots",
            Table::Leases => "leases",
            Table::Quarantine => "quarantine",
            Table::Meta => "meta",
        }
    }
}

/// A change of one row: `None` deletes it.
pub type RowChange = (Vec<u8>, Option<Vec<u8>>);

/// Sorted rows of bytes.
pub trait Rows: Send + Sync {
    /// One row.
    fn row(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;
    /// Changes rows of one table in one step.
    fn change_rows(&self, table: Table, changes: &[RowChange]) -> Result<(), StoreError>;
    /// Rows whose key starts with `prefix`, in order of their keys; `visit` returns false to stop.
    fn scan(&self, table: Table, prefix: &[u8], visit: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), StoreError>;
}

/// An action to run, with all an executor may need.
#[derive(Debug, Clone)]
pub struct Job {
    /// The action as the protocol has it.
    pub lowered: Arc<Lowered>,
    /// What it was lowered from.
    pub derivation: Arc<Derivation>,
    /// What rides beside it.
    pub note: Note,
    /// Inputs by path below the working directory.
    pub inputs: Arc<BTreeMap<RelPath, Node>>,
    /// The merged toolchain tree at `/`; `None` when there is none.
    pub root: Option<TreeId>,
    /// Longest run, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// What it may use.
    pub allowance: Allowance,
}

/// Runs actions. Decorators compose: `Cached(Remote(Local))`.
pub trait Executor: Send + Sync {
    /// Runs the action to its end or until it is cancelled. A process that fails is an `Ok` with its outcome;
    /// `Err` means that the action could not be tried, or was cancelled.
    fn execute(&self, job: &Job, cancel: &Cancel) -> Result<Commit, ExecuteError>;

    /// From now on so many jobs may be executed at once. An executor without a limit of its own need do nothing.
    fn make_room(&self, _jobs: usize) {}
}

/// A function of gx itself, named by name and revision. A changed output needs a changed revision.
pub trait Builtin: Send + Sync {
    /// Its name in derivations.
    fn name(&self) -> &'static str;
    /// Its revision.
    fn revision(&self) -> u32;
    /// Makes the declared outputs; whatever they name must be in the store when this returns.
    fn call(
        &self,
        call: &Call,
        inputs: &BTreeMap<RelPath, Node>,
        outputs: &[Output],
        store: &Store,
    ) -> Result<Vec<(RelPath, Node)>, ExecuteError>;
}

/// What a fetch may use of the machine: comes with each request, never from a daemon's start, and is no identity.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Surroundings {
    /// Environment variables of the person who asks (proxies, `CARGO_HOME`, `PATH`, certificates).
    pub environment: BTreeMap<String, String>,
    /// A folder of files by their SHA-256 that is looked at first (`gx fetch --to` makes one).
    pub mirror: Option<PathBuf>,
    /// Is the network to be left alone?
    pub offline: bool,
}

/// Gets bytes from outside.
pub trait Fetcher: Send + Sync {
    /// Writes what `fetch` names to the file `to`. The caller checks the hash, also while it grows if it likes.
    fn fetch(&self, fetch: &Fetch, surroundings: &Surroundings, to: &Path, cancel: &Cancel) -> Result<(), FetchError>;
}

/// Outputs by derivation.
pub type Realised = HashMap<crate::digest::DerivationId, Vec<(RelPath, Node)>>;

/// Lets the loader ask for outputs: a fetched repository, for instance.
pub trait Realise: Send + Sync {
    /// Makes the goals of a plan, from the cache where it can.
    fn realise(&self, plan: &Plan) -> Result<Realised, RealiseError>;

    /// Is whoever is loading gone, so that loading can stop?
    fn is_cancelled(&self) -> bool {
        false
    }
}

/// What of the host a toolchain is imported from.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct HostSpec {
    /// Programs to import, by name (found on the fixed path `/usr/bin:/bin`), with the closure of each.
    pub programs: Vec<String>,
    /// C or C++ compilers among them, whose own folders, headers and start files belong to the closure.
    pub compilers: Vec<String>,
    /// Languages, each with its programs, its own library and what these need: `c`, `c++`, `go`, `java`, ...
    pub languages: Vec<String>,
    /// Debian packages that are installed, each with all that it depends on.
    pub packages: Vec<String>,
}

/// Imports programs of the host by content.
pub trait HostTools: Send + Sync {
    /// The tree of the closure: the same packages give the same tree on every machine. Cached by stat stamps.
    fn import(&self, spec: &HostSpec) -> Result<HostImport, RealiseError>;
}

/// An imported closure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostImport {
    /// A text of one line a file: path, kind, digest. Its digest is what a toolchain's derivation names.
    pub manifest: BlobId,
    /// Digest of the manifest, for keys.
    pub digest: Digest,
    /// Number of files.
    pub files: usize,
}
