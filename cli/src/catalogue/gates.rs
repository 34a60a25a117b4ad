//! The rows of the catalogue that are about steps of the spec pipeline and what gates find.
//!
//! Invariant: as in `table`; they come behind those of contracts. This file does not know when a finding is made.

use super::{Entry, entry};

/// Codes of gates, sorted.
pub(super) const ROWS: &[Entry] = &[entry(
    1100,
    "a step has findings",
    "A step of the spec pipeline (a contract, a gate, a verdict) looked at its inputs and found fault with them. Its log \
     is the list of findings: `file:line:column: severity[CODE] subject: text`, sorted, all of them.",
    "Each finding has a code of its own, which `gx explain` knows, and a hint.",
)];
