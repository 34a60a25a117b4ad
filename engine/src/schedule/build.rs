//! The state of one build in the loop: where each vertex stands, and what was told about it.
//!
//! Invariants: a vertex that waits has `pending` = number of its needs that nobody can read yet; every derivation ends
//! once (once more when its outputs were lost); counts are those of what was told.
//! This file does not know flights, nor other builds.

use crate::context::Context;
use crate::durations::{Durations, Estimates};
use crate::error::ActionError;
use crate::graph::{Kind, Vertex};
use crate::notice::{How, Notice};
use crate::rebuild::Reason;
use crate::result::{Counts, Failure};
use crossbeam_channel::Sender;
use gx_store::{ActionId, Outcome};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

/// Where a vertex stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// For what it needs, or for its turn to be asked about.
    Waiting,
    /// A checking thread has it.
    Asked,
    /// It waits for a flight.
    Flying,
    /// Done well.
    Done,
    /// Failed or skipped.
    Over,
}

/// How a vertex ends.
#[derive(Debug, Clone)]
pub(super) enum Finish {
    /// An executor ran it just now, for this vertex.
    Ran(Arc<Outcome>, Reason),
    /// It was known, or ran for somebody else. `remembered`: from an earlier time.
    Known { outcome: Arc<Outcome>, remembered: bool },
    /// It could not be tried.
    Impossible(Arc<ActionError>),
}

impl Finish {
    pub(super) fn known(outcome: Arc<Outcome>) -> Finish {
        Finish::Known { outcome, remembered: true }
    }
}

/// What the loop hands over when a build ends.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) counts: Counts,
    pub(crate) failures: Vec<Failure>,
    pub(crate) cancelled: bool,
    /// How each vertex ended; `None` for input sets.
    pub(crate) hows: Vec<Option<How>>,
    /// Why those ran that did.
    pub(crate) reasons: HashMap<Vertex, Reason>,
}

fn head(action: ActionId) -> u64 {
    action.0.hash.first_chunk().map_or(0, |head| u64::from_le_bytes(*head))
}

/// One build.
pub(super) struct Build {
    pub(super) context: Arc<Context>,
    pub(super) notices: Sender<Notice>,
    pub(super) ended: Sender<Ended>,
    pub(super) states: Vec<State>,
    pub(super) pending: Vec<u32>,
    /// Those who need it were released although its outcome is not durable yet.
    early: HashSet<Vertex>,
    /// Ran in this build, or was cut off: what is known above it is cut off too.
    pub(super) moved: Vec<bool>,
    pub(super) hows: Vec<Option<How>>,
    pub(super) reasons: HashMap<Vertex, Reason>,
    /// Actions that ran in this build, by the head of their digest: only a count hangs on it.
    ran: HashSet<u64>,
    pub(super) started: HashMap<Vertex, Duration>,
    pub(super) to_check: BinaryHeap<(u64, Reverse<Vertex>)>,
    /// Flights that this build owns and that can start.
    pub(super) ready: BinaryHeap<(u64, Reverse<Vertex>, ActionId)>,
    pub(super) estimates: Option<Estimates>,
    pub(super) left_us: u64,
    /// Vertices that checking threads have.
    pub(super) checking: usize,
    /// Vertices that wait for a flight.
    pub(super) waiting: usize,
    /// Flights that this build owns and that are running.
    pub(super) running: usize,
    /// Nothing new is started any more.
    pub(super) stopping: bool,
    pub(super) cancelled: bool,
    pub(super) counts: Counts,
    pub(super) failures: Vec<Failure>,
    /// How often a vertex had to have its inputs made again.
    pub(super) rewinds: HashMap<Vertex, u8>,
}

impl Build {
    pub(super) fn new(context: Arc<Context>, notices: Sender<Notice>, ended: Sender<Ended>) -> Build {
        let graph = &context.graph;
        let pending = (0..graph.len()).map(|v| graph.needs(v as Vertex).count() as u32).collect();
        let counts = Counts { total: graph.actions(), ..Counts::default() };
        Build {
            states: vec![State::Waiting; graph.len()],
            pending,
            early: HashSet::new(),
            moved: vec![false; graph.len()],
            hows: vec![None; graph.len()],
            reasons: HashMap::new(),
            ran: HashSet::new(),
            started: HashMap::new(),
            to_check: BinaryHeap::new(),
            ready: BinaryHeap::new(),
            estimates: None,
            left_us: 0,
            checking: 0,
            waiting: 0,
            running: 0,
            stopping: false,
            cancelled: false,
            counts,
            failures: Vec::new(),
            rewinds: HashMap::new(),
            context,
            notices,
            ended,
        }
    }

    /// Finds the vertices that need nothing.
    pub(super) fn begin(&mut self) {
        self.tell(Notice::BuildStarted { total: self.counts.total });
        let free: Vec<Vertex> = (0..self.pending.len() as Vertex).filter(|v| self.pending(*v) == 0).collect();
        for vertex in free {
            self.free(vertex);
        }
    }

    /// A vertex has all it needs.
    fn free(&mut self, vertex: Vertex) {
        if matches!(self.context.graph.kind(vertex), Some(Kind::Set(_))) {
            self.set_state(vertex, State::Done);
            self.release(vertex);
        } else {
            self.to_check.push((self.priority(vertex), Reverse(vertex)));
        }
    }

    /// Tells those who need a vertex that it is done.
    fn release(&mut self, vertex: Vertex) {
        let context = self.context.clone();
        let mut stack = vec![vertex];
        while let Some(done) = stack.pop() {
            let moved = self.moved(done);
            for user in context.graph.needed_by(done) {
                if self.state(user) != State::Waiting {
                    continue;
                }
                let is_set = matches!(context.graph.kind(user), Some(Kind::Set(_)));
                if is_set && moved {
                    self.set_moved(user);
                }
                let pending = self.pending(user).saturating_sub(1);
                self.set_pending(user, pending);
                if pending == 0 && is_set {
                    self.set_state(user, State::Done);
                    stack.push(user);
                } else if pending == 0 {
                    self.to_check.push((self.priority(user), Reverse(user)));
                }
            }
        }
    }

    /// The outputs of a vertex can be read: what needs them can start while the outcome becomes durable.
    pub(super) fn release_early(&mut self, vertex: Vertex, outcome: &Arc<Outcome>, ran: bool) {
        if self.stopping {
            return;
        }
        self.context.set_outcome(vertex, Some(outcome.clone()));
        if ran {
            self.set_moved(vertex);
        }
        self.early.insert(vertex);
        self.release(vertex);
    }

    /// How many vertices may be asked about.
    pub(super) fn ready_to_check(&self) -> usize {
        self.to_check.len()
    }

    /// Takes the first vertices to be asked about.
    pub(super) fn take_to_check(&mut self, most: usize) -> Vec<Vertex> {
        let mut taken = Vec::new();
        while taken.len() < most {
            let Some((_, Reverse(vertex))) = self.to_check.pop() else { break };
            // A vertex can stand here twice, or have to wait again, after an input of it was lost.
            if self.state(vertex) == State::Waiting && self.pending(vertex) == 0 {
                self.set_state(vertex, State::Asked);
                taken.push(vertex);
            }
        }
        self.checking += taken.len();
        taken
    }

    /// A checking thread gave a vertex back.
    pub(super) fn answered(&mut self, vertex: Vertex) {
        self.checking -= 1;
        self.set_state(vertex, State::Waiting);
    }

    /// A vertex goes to the checking threads for another question.
    pub(super) fn asked(&mut self, vertex: Vertex) {
        self.checking += 1;
        self.set_state(vertex, State::Asked);
    }

    /// A vertex waits for a flight.
    pub(super) fn board(&mut self, vertex: Vertex) {
        self.waiting += 1;
        self.set_state(vertex, State::Flying);
    }

    /// It does so no more.
    pub(super) fn leave(&mut self, vertex: Vertex) {
        self.waiting -= 1;
        self.set_state(vertex, State::Waiting);
    }

    /// Ends a vertex. True when it failed.
    pub(super) fn finish(&mut self, vertex: Vertex, finish: Finish) -> bool {
        if !self.rewinds.is_empty() {
            self.context.sets.clear();
        }
        match finish {
            Finish::Ran(outcome, reason) => {
                self.reasons.insert(vertex, reason);
                self.ran.insert(head(outcome.action));
                self.warn_undeclared(vertex, &outcome);
                self.end_with(vertex, outcome, How::Ran, false)
            }
            Finish::Known { outcome, remembered } => {
                // What runs at this moment for somebody else, or ran in this build for another derivation, was not
                // known before: that is no cutoff.
                let known = remembered && !self.ran.contains(&head(outcome.action));
                let moved = known && self.context.graph.needs(vertex).any(|need| self.moved(need));
                self.end_with(vertex, outcome, if moved { How::CutOff } else { How::Cached }, remembered)
            }
            Finish::Impossible(error) => {
                self.fail(vertex, None, Some(error), false);
                true
            }
        }
    }

    fn end_with(&mut self, vertex: Vertex, outcome: Arc<Outcome>, how: How, remembered: bool) -> bool {
        self.context.set_outcome(vertex, Some(outcome.clone()));
        if !outcome.succeeded() {
            self.fail(vertex, Some(outcome), None, remembered);
            return true;
        }
        if matches!(how, How::Ran | How::CutOff) {
            self.set_moved(vertex);
        }
        self.set_state(vertex, State::Done);
        self.end(vertex, how, Some(outcome), None, false);
        if !self.early.remove(&vertex) {
            self.release(vertex);
        }
        false
    }

    fn fail(
        &mut self,
        vertex: Vertex,
        outcome: Option<Arc<Outcome>>,
        error: Option<Arc<ActionError>>,
        remembered: bool,
    ) {
        self.set_state(vertex, State::Over);
        self.early.remove(&vertex);
        if let Some((derivation, planned)) = self.context.planned(vertex) {
            let note = &planned.note;
            self.failures.push(Failure {
                derivation,
                owner: note.owner.clone(),
                mnemonic: note.mnemonic.clone(),
                message: note.message.clone(),
                action: outcome.as_ref().map(|o| o.action),
                outcome: outcome.clone(),
                error: error.clone(),
                remembered,
            });
        }
        self.end(vertex, How::Failed, outcome, error, remembered);
        if self.context.options.keep_going {
            self.skip_users(vertex);
        }
    }

    /// Skips whatever needs a vertex, as far as that goes.
    fn skip_users(&mut self, vertex: Vertex) {
        let context = self.context.clone();
        let mut stack = vec![vertex];
        while let Some(over) = stack.pop() {
            for user in context.graph.needed_by(over) {
                if self.state(user) == State::Waiting {
                    self.skip(user);
                    stack.push(user);
                }
            }
        }
    }

    /// Skips every vertex that has not ended.
    pub(super) fn skip_rest(&mut self) {
        for vertex in 0..self.states.len() as Vertex {
            if !matches!(self.state(vertex), State::Done | State::Over) {
                self.skip(vertex);
            }
        }
    }

    fn skip(&mut self, vertex: Vertex) {
        self.set_state(vertex, State::Over);
        if matches!(self.context.graph.kind(vertex), Some(Kind::Action(_))) {
            self.end(vertex, How::Skipped, None, None, false);
        }
    }

    pub(super) fn count(&mut self, how: How) -> &mut usize {
        match how {
            How::Ran => &mut self.counts.run,
            How::Cached => &mut self.counts.cached,
            How::CutOff => &mut self.counts.cutoff,
            How::Failed => &mut self.counts.failed,
            How::Skipped => &mut self.counts.skipped,
        }
    }

    /// A vertex that was done has to be made again: its outputs are lost.
    pub(super) fn undo(&mut self, vertex: Vertex) {
        let context = self.context.clone();
        if let Some(how) = self.hows.get_mut(vertex as usize).and_then(Option::take) {
            *self.count(how) -= 1;
        }
        self.set_state(vertex, State::Waiting);
        let mut stack = vec![vertex];
        while let Some(undone) = stack.pop() {
            for user in context.graph.needed_by(undone) {
                let is_set = matches!(context.graph.kind(user), Some(Kind::Set(_)));
                match self.state(user) {
                    State::Waiting => self.set_pending(user, self.pending(user) + 1),
                    State::Done if is_set => {
                        self.set_state(user, State::Waiting);
                        self.set_pending(user, 1);
                        stack.push(user);
                    }
                    _ => {}
                }
            }
        }
        self.wait_again(vertex);
    }

    /// A vertex waits for what it needs once more.
    pub(super) fn wait_again(&mut self, vertex: Vertex) {
        let needs = self.context.graph.needs(vertex);
        let missing = |need: &Vertex| self.state(*need) != State::Done && !self.early.contains(need);
        let pending = needs.filter(missing).count() as u32;
        self.set_state(vertex, State::Waiting);
        self.set_pending(vertex, pending);
        if pending == 0 {
            self.free(vertex);
        }
    }

    /// Is it done well?
    pub(super) fn is_done(&self, vertex: Vertex) -> bool {
        self.state(vertex) == State::Done
    }

    /// Something has to run: from here on order and the time that is left matter.
    pub(super) fn estimate_all(&mut self, durations: &Durations) {
        if self.estimates.is_some() {
            return;
        }
        let estimates = durations.estimate(&self.context);
        let left = |v: &usize| !matches!(self.states.get(*v), Some(State::Done | State::Over));
        self.left_us = (0..self.states.len()).filter(left).map(|v| estimates.us(v as Vertex)).sum();
        self.estimates = Some(estimates);
        let waiting: Vec<Vertex> = self.to_check.drain().map(|(_, Reverse(v))| v).collect();
        self.to_check = waiting.into_iter().map(|v| (self.priority(v), Reverse(v))).collect();
    }

    /// Time from the start of a vertex to the end of the build on the longest path, by recorded durations.
    pub(super) fn priority(&self, vertex: Vertex) -> u64 {
        self.estimates.as_ref().map_or(0, |e| e.priority(vertex))
    }

    pub(super) fn estimate(&self, vertex: Vertex) -> u64 {
        self.estimates.as_ref().map_or(0, |e| e.us(vertex))
    }

    /// Memory that the action of a vertex is expected to need.
    pub(super) fn kib(&self, vertex: Vertex) -> u64 {
        self.estimates.as_ref().map_or(0, |e| e.kib(vertex))
    }

    fn state(&self, vertex: Vertex) -> State {
        self.states.get(vertex as usize).copied().unwrap_or(State::Over)
    }

    fn set_state(&mut self, vertex: Vertex, state: State) {
        if let Some(place) = self.states.get_mut(vertex as usize) {
            *place = state;
        }
    }

    fn pending(&self, vertex: Vertex) -> u32 {
        self.pending.get(vertex as usize).copied().unwrap_or_default()
    }

    fn set_pending(&mut self, vertex: Vertex, pending: u32) {
        if let Some(place) = self.pending.get_mut(vertex as usize) {
            *place = pending;
        }
    }

    fn moved(&self, vertex: Vertex) -> bool {
        self.moved.get(vertex as usize).copied().unwrap_or_default()
    }

    fn set_moved(&mut self, vertex: Vertex) {
        if let Some(place) = self.moved.get_mut(vertex as usize) {
            *place = true;
        }
    }
}
