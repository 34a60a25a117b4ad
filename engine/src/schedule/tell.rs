//! What a build tells: the start and the end of each action, warnings, and the time that is left.
//!
//! This file does not decide anything.

use super::build::Build;
use crate::error::ActionError;
use crate::graph::Vertex;
use crate::notice::{How, Notice, Warning};
use gx_store::{ActionId, Digest, Outcome};
use std::sync::Arc;
use std::time::Duration;

impl Build {
    /// Counts and tells the end of a vertex.
    pub(super) fn end(
        &mut self,
        vertex: Vertex,
        how: How,
        outcome: Option<Arc<Outcome>>,
        error: Option<Arc<ActionError>>,
        remembered: bool,
    ) {
        *self.count(how) += 1;
        if let Some(place) = self.hows.get_mut(vertex as usize) {
            *place = Some(how);
        }
        self.left_us = self.left_us.saturating_sub(self.estimate(vertex));
        let started = self.started.remove(&vertex);
        let (at, remaining) = (self.context.started.elapsed(), self.remaining());
        let Some((derivation, planned)) = self.context.planned(vertex) else { return };
        let (owner, mnemonic) = (planned.note.owner.clone(), planned.note.mnemonic.clone());
        let action = outcome.as_ref().map(|o| o.action);
        self.tell(Notice::ActionFinished {
            derivation,
            action,
            owner,
            mnemonic,
            how,
            outcome,
            error,
            remembered,
            at,
            started,
            remaining,
        });
    }

    /// An executor got the action of this vertex.
    pub(super) fn tell_started(&mut self, vertex: Vertex, action: ActionId) {
        let at = self.context.started.elapsed();
        self.started.insert(vertex, at);
        let remaining = self.remaining();
        let Some((derivation, planned)) = self.context.planned(vertex) else { return };
        let note = &planned.note;
        self.tell(Notice::ActionStarted {
            derivation,
            action,
            owner: note.owner.clone(),
            mnemonic: note.mnemonic.clone(),
            message: note.message.clone(),
            at,
            remaining,
        });
    }

    /// Warns that outputs of a vertex are lost.
    pub(super) fn warn_lost(&self, vertex: Vertex, object: Digest) {
        if let Some((_, planned)) = self.context.planned(vertex) {
            let (owner, mnemonic) = (planned.note.owner.clone(), planned.note.mnemonic.clone());
            self.tell(Notice::Warning(Warning::OutputLost { owner, mnemonic, object }));
        }
    }

    /// Warns of files that an action made and did not declare. One that failed has them in its outcome, where whoever
    /// tells of the failure finds them, today and when it is remembered.
    pub(super) fn warn_undeclared(&self, vertex: Vertex, outcome: &Outcome) {
        let strays = outcome.succeeded() && !outcome.undeclared.is_empty();
        if let Some((_, planned)) = self.context.planned(vertex).filter(|_| strays) {
            let (owner, mnemonic) = (planned.note.owner.clone(), planned.note.mnemonic.clone());
            let paths = outcome.undeclared.clone();
            self.tell(Notice::Warning(Warning::UndeclaredOutputs { owner, mnemonic, paths }));
        }
    }

    /// The longer of: all that is left shared by the slots, the longest path from what is running.
    fn remaining(&self) -> Option<Duration> {
        self.estimates.as_ref()?;
        let shared = self.left_us / self.context.slots.max(1) as u64;
        let longest = self.started.keys().map(|v| self.priority(*v)).max().unwrap_or_default();
        Some(Duration::from_micros(shared.max(longest)))
    }

    pub(super) fn tell(&self, notice: Notice) {
        // Whoever asked may not want to listen any more; the build goes on.
        let _ = self.notices.send(notice);
    }
}
