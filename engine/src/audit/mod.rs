//! Audits: every action runs again in a perturbed world, and its outputs are compared with what is known.
//!
//! Each action gets the inputs that it had, so a difference is its own and not that of one before it. Nothing of what
//! is made here is an outcome that anybody finds: it lies in a store aside. Invariants: an action of which the
//! question cannot be asked is counted and named, never left out in silence; findings come in dependency order.
//! This file does not know words for people beyond the messages, nor where the plan comes from.

mod account;
mod bench;
mod cause;
mod differ;
mod hermetic;
mod perturbation;

pub use account::Entry;
pub use cause::Cause;
pub use differ::{Content, Difference, Unlike};
pub use hermetic::Proof;
pub use perturbation::{Perturbation, Question};

use crate::config::{BuildOptions, EngineConfig};
use crate::context::{BuildKey, Context};
use crate::error::EngineError;
use crate::execute::Dispatch;
use crate::graph::{Graph, Vertex};
use crate::level;
use crate::rebuild::Rebuilder;
use crate::remembered::Remembered;
use crate::sandbox::SandboxOptions;
use bench::{Bench, level_of};
use cause::{Inquiry, LATER};
use differ::Made;
use gx_store::{ActionId, Cancel, Derivation, DerivationId, ExecuteError, Job, Level, Outcome, Plan, Store, Work};
use perturbation::Setting;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What is audited, and how.
#[derive(Debug, Clone)]
pub struct AuditOptions {
    /// The question.
    pub question: Question,
    /// What shall be unlike.
    pub perturbations: Vec<Perturbation>,
    /// How sandboxes are made.
    pub sandbox: SandboxOptions,
}

/// What goes on in an audit.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'a> {
    /// So many actions run again.
    Started(usize),
    /// One of them is through.
    Through {
        /// How many are.
        done: usize,
        /// Of how many.
        of: usize,
    },
    /// The cause of a difference is looked for.
    Inquiring {
        /// Whose action.
        owner: &'a str,
        /// What it does.
        message: &'a str,
    },
}

/// A perturbation, and what is to be said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Which.
    pub perturbation: Perturbation,
    /// Why it was not brought about on this machine.
    pub refused: Option<String>,
    /// What of it cannot be brought about; empty when all was.
    pub lacks: &'static str,
}

/// An action that gave something else.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Its derivation.
    pub derivation: DerivationId,
    /// Its action.
    pub action: ActionId,
    /// Whose.
    pub owner: Arc<str>,
    /// The kind of work.
    pub mnemonic: Arc<str>,
    /// What it does.
    pub message: String,
    /// Its own level; none for a builtin.
    pub level: Option<Level>,
    /// Where its outputs differ, at least one.
    pub differences: Vec<Difference>,
    /// What makes them differ, at least one.
    pub causes: Vec<Cause>,
}

/// An action of which the question could not be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unasked {
    /// Whose.
    pub owner: Arc<str>,
    /// What it does.
    pub message: String,
    /// Why not.
    pub why: String,
}

/// What an audit found.
#[derive(Debug)]
pub struct Audit {
    /// What was unlike.
    pub applied: Vec<Applied>,
    /// Actions of the closure.
    pub total: usize,
    /// Those that ran again.
    pub audited: usize,
    /// Fetches: their bytes are declared by a hash, so they need no second run.
    pub fixed: usize,
    /// Those that gave something else, in dependency order.
    pub findings: Vec<Finding>,
    /// Those that could not be asked.
    pub unasked: Vec<Unasked>,
    /// Holds what was made, as long as this lives.
    pub store: Store,
}

/// A plan and what is known of it.
pub(crate) struct Base<'a> {
    pub(crate) config: Arc<EngineConfig>,
    pub(crate) remembered: Arc<Remembered>,
    pub(crate) plan: Arc<Plan>,
    pub(crate) outcomes: &'a HashMap<DerivationId, Arc<Outcome>>,
}

impl Base<'_> {
    /// The plan with its outcomes, and what makes jobs of it.
    fn context(&self) -> Result<(Context, Rebuilder), EngineError> {
        let graph = Graph::new(&self.plan)?;
        let dispatch = Dispatch::new(self.config.clone(), Default::default());
        let context = Context::new(BuildKey(u64::MAX), self.plan.clone(), graph, BuildOptions::default(), dispatch);
        for vertex in 0..context.graph.len() as Vertex {
            let outcome = context.graph.derivation(vertex).and_then(|id| self.outcomes.get(&id)).cloned();
            context.set_outcome(vertex, outcome);
        }
        Ok((context, Rebuilder::new(self.config.store.clone(), self.remembered.clone())))
    }

    /// Follows every action to see what it opens; `None` when it was cancelled.
    pub(crate) fn prove(
        &self,
        sandbox: &SandboxOptions,
        tell: &(dyn Fn(usize, usize) + Sync),
        cancel: &Cancel,
    ) -> Result<Option<Vec<Proof>>, EngineError> {
        hermetic::prove(self, sandbox, tell, cancel)
    }

    /// Every action that succeeded, in dependency order.
    pub(crate) fn account(&self) -> Result<Vec<Entry>, EngineError> {
        account::account(self)
    }
}

/// What an audit works with.
pub(crate) struct Auditor<'a> {
    pub(crate) base: Base<'a>,
    pub(crate) options: &'a AuditOptions,
    pub(crate) tell: &'a (dyn Fn(Progress<'_>) + Sync),
    pub(crate) cancel: &'a Cancel,
}

/// An action to be asked.
struct Case {
    derivation: DerivationId,
    job: Job,
    known: Made,
}

impl Auditor<'_> {
    /// Audits; `None` when it was cancelled.
    pub(crate) fn audit(&self) -> Result<Option<Audit>, EngineError> {
        let applied = self.applied();
        let store = self.base.config.store.aside()?;
        let mut audit = Audit {
            applied,
            total: 0,
            audited: 0,
            fixed: 0,
            findings: Vec::new(),
            unasked: Vec::new(),
            store: store.clone(),
        };
        let cases = self.cases(&mut audit)?;
        let bench = Bench::new(&self.base.config, store, self.options.sandbox.clone(), self.cancel);
        let done = self.compare(&bench, cases, &mut audit);
        match done {
            Err(ExecuteError::Cancelled) => Ok(None),
            Err(ExecuteError::Store(error)) => Err(error.into()),
            Err(other) => Err(EngineError::Audit(other)),
            Ok(()) if self.cancel.is_cancelled() => Ok(None),
            Ok(()) => Ok(Some(audit)),
        }
    }

    fn applied(&self) -> Vec<Applied> {
        let chosen = self.options.perturbations.iter();
        let spawner = &self.options.sandbox.spawner;
        let applied =
            chosen.map(|one| Applied { perturbation: *one, refused: one.refusal(spawner), lacks: one.lacks() });
        applied.collect()
    }

    /// The actions of the closure with what is known of them, in dependency order.
    fn cases(&self, audit: &mut Audit) -> Result<Vec<Case>, EngineError> {
        let (context, rebuilder) = self.base.context()?;
        let mut cases = Vec::new();
        for vertex in context.graph.order() {
            let Some((derivation, planned)) = context.planned(*vertex) else { continue };
            audit.total += 1;
            let mut unasked = |why: String| {
                let (owner, message) = (planned.note.owner.clone(), planned.note.message.clone());
                audit.unasked.push(Unasked { owner, message, why });
            };
            if matches!(planned.derivation.work, Work::Fetch(_)) {
                audit.fixed += 1;
                continue;
            }
            let Some(outcome) = context.outcome(*vertex).filter(|outcome| outcome.succeeded()) else {
                unasked("nothing is known of it: it failed, or was not built".to_owned());
                continue;
            };
            match self.case(&rebuilder, &context, *vertex, derivation, &outcome) {
                Ok(case) => cases.push(case),
                Err(why) => unasked(why),
            }
        }
        Ok(cases)
    }

    fn case(
        &self,
        rebuilder: &Rebuilder,
        context: &Context,
        vertex: Vertex,
        derivation: DerivationId,
        outcome: &Outcome,
    ) -> Result<Case, String> {
        let job = rebuilder.job(context, vertex).map_err(|error| error.to_string())?;
        let latent = self.options.question == Question::Latent;
        if !latent || level_of(&job).is_none_or(|level| level == Level::None) {
            level::check(&job.derivation).map_err(|error| error.to_string())?;
        }
        Ok(Case { derivation, job, known: Made::Outputs(outcome.outputs.clone()) })
    }

    /// Runs every case again and looks for the causes of what differs.
    fn compare(&self, bench: &Bench, mut cases: Vec<Case>, audit: &mut Audit) -> Result<(), ExecuteError> {
        let usual = Setting::usual(self.options.question);
        let chosen: Vec<Perturbation> =
            audit.applied.iter().filter(|one| one.refused.is_none()).map(|one| one.perturbation).collect();
        audit.audited = cases.len();
        (self.tell)(Progress::Started(cases.len()));
        // What was made at another level is no answer to what the level `sandboxed` gives.
        let other = |case: &Case| level_of(&case.job).is_some_and(|level| level > Level::Sandboxed);
        if self.options.question == Question::Latent && cases.iter().any(other) {
            let known = self.run_all(bench, &cases, &usual, &other)?;
            for (case, made) in cases.iter_mut().zip(known) {
                case.known = made.unwrap_or_else(|| case.known.clone());
            }
        }
        if chosen.contains(&Perturbation::Clock) {
            std::thread::sleep(LATER);
        }
        let made = self.run_all(bench, &cases, &usual.with(&chosen), &|_| true)?;
        for (case, made) in cases.iter().zip(made) {
            let Some(made) = made.filter(|made| *made != case.known) else { continue };
            let note = &case.job.note;
            (self.tell)(Progress::Inquiring { owner: &note.owner, message: &note.message });
            let inquiry = Inquiry { bench, job: &case.job, question: self.options.question, chosen: &chosen };
            audit.findings.push(Finding {
                derivation: case.derivation,
                action: case.job.lowered.id,
                owner: note.owner.clone(),
                mnemonic: note.mnemonic.clone(),
                message: note.message.clone(),
                level: level_of(&case.job),
                differences: differ::differences(bench.store(), &case.known, &made)?,
                causes: inquiry.causes(&case.known)?,
            });
        }
        Ok(())
    }

    /// Runs the cases that are wanted, several at once; `None` for the others.
    fn run_all(
        &self,
        bench: &Bench,
        cases: &[Case],
        setting: &Setting,
        wanted: &(dyn Fn(&Case) -> bool + Sync),
    ) -> Result<Vec<Option<Made>>, ExecuteError> {
        let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let made: Vec<Mutex<Option<Result<Made, ExecuteError>>>> = cases.iter().map(|_| Mutex::default()).collect();
        let backwards = setting.unlike.contains(&Perturbation::Scheduling);
        let work = || {
            loop {
                let turn = next.fetch_add(1, Ordering::Relaxed);
                let at = if backwards { cases.len().wrapping_sub(turn + 1) } else { turn };
                let (Some(case), Some(slot)) = (cases.get(at), made.get(at)) else { return };
                if turn >= cases.len() || bench.is_cancelled() {
                    return;
                }
                if wanted(case) {
                    let result = bench.run(&case.job, setting);
                    *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
                }
                let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                (self.tell)(Progress::Through { done, of: cases.len() });
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..bench.jobs(setting).min(cases.len()) {
                scope.spawn(work);
            }
        });
        if bench.is_cancelled() {
            return Err(ExecuteError::Cancelled);
        }
        made.into_iter().map(|slot| slot.into_inner().unwrap_or_else(PoisonError::into_inner).transpose()).collect()
    }
}

/// The same job at another level.
pub(crate) fn at_level(job: &Job, level: Level) -> Job {
    let Work::Run(run) = &job.derivation.work else { return job.clone() };
    let work = Work::Run(gx_store::Run { level, ..run.clone() });
    Job { derivation: Arc::new(Derivation { work, ..Derivation::clone(&job.derivation) }), ..job.clone() }
}
