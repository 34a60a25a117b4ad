//! gx-store: the ground state. Digests, trees, derivations, actions, outcomes, and where they rest.
//!
//! Rooms: identity is `digest`, `tree`, `derivation`, `input_set`, `action`, `outcome`, over one codec (`encode`)
//! and one set of messages (`proto`); frozen by `tests/golden`. `traits` is the contract between the crates,
//! `plan` what `rules` hands to `engine`. `store` is what users of the storage hold: its backends are `memory`
//! and `db` (RocksDB, with large blobs in `cas`), over either of them `aside` for work that nobody shall find; its
//! other methods are one file each: `ingest` (with `stat_cache`), `materialise`, `checkout`, `scratch`, `heal`,
//! `roots`, `lease`, `gc` (with `mark`), `verify`, `usage`.
//!
//! What this crate does not know: labels, BUILD files, processes, the terminal, the network.
#![forbid(unsafe_op_in_unsafe_fn)]
#![cfg_attr(
    test,
    expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test ends when something is wrong")
)]

pub mod action;
pub mod allowance;
mod aside;
pub mod busy;
pub mod cancel;
mod cas;
mod checkout;
mod db;
pub mod derivation;
pub mod digest;
pub mod encode;
pub mod error;
mod files;
pub mod gc;
mod heal;
mod ingest;
pub mod input_set;
mod layout;
pub mod lease;
mod mark;
mod materialise;
pub mod memory;
pub mod outcome;
pub mod path;
pub mod plan;
pub mod proto;
pub mod roots;
pub mod row;
mod scratch;
pub mod stamp;
mod stat_cache;
pub mod store;
pub mod traits;
pub mod tree;
pub mod usage;
pub mod verify;

pub use action::{Lowered, Resolved};
pub use allowance::{Allowance, Bound, Resource};
pub use cancel::{Cancel, CancelGuard};
pub use derivation::{Call, Derivation, Fetch, Input, Level, Output, OutputKind, Run, Source, Work};
pub use digest::{ActionId, BlobId, DerivationId, Digest, HashFunction, InputSetId, TreeId};
pub use error::{ExecuteError, FetchError, RealiseError, StoreError};
pub use files::fixed_time;
pub use gc::{Count, GcOptions, GcReport};
pub use input_set::InputSet;
pub use lease::{Holder, Lease};
pub use outcome::{Cost, Ending, Outcome};
pub use path::{Name, RelPath};
pub use plan::{Goal, Note, Plan, Planned};
pub use roots::Root;
pub use scratch::ScratchDir;
pub use stamp::Stamp;
pub use store::Store;
pub use traits::{
    Blobs, Builtin, Commit, Executor, Fetcher, HostImport, HostSpec, HostTools, Inventory, Job, Object, ObjectKind,
    Outcomes, Realise, Realised, RowChange, Rows, Surroundings, Table, Trees,
};
pub use tree::{Directory, Node, TreeBuilder};
pub use usage::Usage;
pub use verify::VerifyReport;
