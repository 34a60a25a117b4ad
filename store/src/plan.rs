//! A plan: derivations to realise, with what rides beside them and is in no id.
//!
//! This is where `rules` and `engine` meet. Invariants: every derivation that another one names is in the
//! plan; every input set that a derivation names is in the plan. This file does not know labels (an owner is
//! text to it) nor how anything is run.

use crate::derivation::Derivation;
use crate::digest::{DerivationId, InputSetId};
use crate::input_set::InputSet;
use crate::path::RelPath;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

/// What a person wants to know of a derivation; no part of its id.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Note {
    /// Whose it is: a target's label.
    pub owner: Arc<str>,
    /// A short word for the kind of work: `CcCompile`.
    pub mnemonic: Arc<str>,
    /// What progress shows: `Compiling lib/a.c`.
    pub message: String,
    /// Longest run in milliseconds; `None` for the build's default.
    pub timeout_ms: Option<u64>,
    /// Memory it is expected to need, in KiB.
    pub memory_kib: Option<u64>,
}

/// A derivation and its note.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The derivation.
    pub derivation: Arc<Derivation>,
    /// What rides beside it.
    pub note: Note,
}

/// Everything a build may have to make.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// By id. Shared, so that whoever makes the next plan from this one need keep no goals, and copies nothing when
    /// nobody else has it any more.
    pub derivations: Arc<HashMap<DerivationId, Planned>>,
    /// Nodes of nested input sets, by id.
    pub input_sets: Arc<HashMap<InputSetId, Arc<InputSet>>>,
    /// What was asked for, in order.
    pub goals: Vec<Goal>,
}

/// A target that was asked for, or that a test needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goal {
    /// The target's label.
    pub label: Arc<str>,
    /// Outputs to have at the end: who makes them and at which path.
    pub outputs: Vec<(DerivationId, RelPath)>,
    /// Derivations to run for their own sake (a test has no outputs).
    pub also: Vec<DerivationId>,
}
