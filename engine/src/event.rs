//! Everything that can happen to the scheduling loop: one closed enum.
//!
//! This file does not know what the loop makes of it.

use crate::context::{BuildKey, Context};
use crate::graph::Vertex;
use crate::notice::Notice;
use crate::rebuild::Answer;
use crate::schedule::Ended;
use crossbeam_channel::Sender;
use gx_store::{ActionId, Commit, Digest, ExecuteError, Outcome, StoreError};
use std::sync::Arc;

/// An action whose outcome is durable now, or could not be kept.
pub(crate) type Kept = (ActionId, Result<Arc<Outcome>, Arc<StoreError>>);

/// What an executor gave.
pub(crate) struct Executed {
    pub(crate) commit: Box<Commit>,
    /// Can the outputs be read already, though they need not be durable yet?
    pub(crate) visible: bool,
}

/// Something happened.
pub(crate) enum Event {
    /// A build was asked for.
    Begin { context: Arc<Context>, notices: Sender<Notice>, ended: Sender<Ended> },
    /// A build is not wanted any more.
    Cancel(BuildKey),
    /// Is it known? The answers to one batch of questions.
    Checked { batch: u64, context: Arc<Context>, answers: Vec<(Vertex, Answer)> },
    /// An executor is done with an action.
    Executed { action: ActionId, result: Result<Executed, ExecuteError> },
    /// Outcomes are durable, or could not be kept.
    Committed(Vec<Kept>),
    /// Whose outputs are lost: answer to `Question::Blame`.
    Blamed { context: Arc<Context>, vertex: Vertex, lost: Digest, makers: Vec<(Vertex, ActionId)> },
    /// The engine is no longer wanted.
    Stop,
}

/// What the loop asks the checking threads.
pub(crate) enum Question {
    /// Are these known?
    Check { batch: u64, context: Arc<Context>, vertices: Vec<Vertex> },
    /// This vertex misses an object: which of the actions it needs must make it again?
    Blame { context: Arc<Context>, vertex: Vertex, lost: Digest },
}
