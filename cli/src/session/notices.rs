//! Turns the engine's notices into events as they come.
//!
//! Invariant: the engine says that an action ran only after its outcome is durable, and nothing here reorders.
//! This file does not know how events are shown.

use crate::event::{Event, Face, Finished, How};
use crate::session::failure;
use crate::settings::Settings;
use crossbeam_channel::Receiver;
use gx_engine::{Notice, Warning};
use gx_rules::Loaded;
use gx_store::{DerivationId, Outcome, Plan, Store};
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// So many notices make a long build.
const MANY: usize = 64;
/// How long the notices of a long build may gather.
const LINGER: Duration = Duration::from_millis(4);

/// Tells one build.
pub(super) struct Teller<'a> {
    face: &'a dyn Face,
    store: &'a Store,
    plan: &'a Plan,
    show_logs: bool,
    tests: HashSet<DerivationId>,
    ran: HashSet<DerivationId>,
    numbers: HashMap<DerivationId, u64>,
    passed: u64,
}

impl<'a> Teller<'a> {
    pub(super) fn new(face: &'a dyn Face, store: &'a Store, loaded: &'a Loaded, settings: &Settings) -> Teller<'a> {
        let tests = loaded.targets.iter().filter_map(|target| target.test).collect();
        let show_logs = settings.show_logs;
        Teller {
            face,
            store,
            plan: &loaded.plan,
            show_logs,
            tests,
            ran: HashSet::new(),
            numbers: HashMap::new(),
            passed: 0,
        }
    }

    /// Tells until the engine is done; gives the tests that ran just now.
    pub(super) fn tell(mut self, notices: &Receiver<Notice>) -> HashSet<DerivationId> {
        let mut told = 0;
        while let Ok(notice) = notices.recv() {
            self.notice(notice);
            told += 1;
            if notices.is_empty() || self.passed >= 1000 {
                self.flush();
            }
            // In a long build many come each millisecond; to be woken for each of them would slow the build.
            if told >= MANY && notices.is_empty() {
                std::thread::sleep(LINGER);
            }
        }
        self.flush();
        self.ran
    }

    fn flush(&mut self) {
        if self.passed > 0 {
            self.face.event(Event::Passed(std::mem::take(&mut self.passed)));
        }
    }

    fn number(&mut self, derivation: DerivationId) -> u64 {
        let next = self.numbers.len() as u64 + 1;
        *self.numbers.entry(derivation).or_insert(next)
    }

    fn message(&self, derivation: &DerivationId, mnemonic: &str) -> String {
        let planned = self.plan.derivations.get(derivation);
        let message = planned.map(|planned| planned.note.message.clone()).filter(|message| !message.is_empty());
        message.unwrap_or_else(|| {
            let output = planned.and_then(|planned| planned.derivation.outputs.first());
            output.map_or_else(|| mnemonic.to_owned(), |output| format!("{mnemonic} {}", output.path))
        })
    }

    fn notice(&mut self, notice: Notice) {
        match notice {
            Notice::BuildStarted { total } => self.face.event(Event::Planned { actions: total as u64 }),
            Notice::ActionStarted { derivation, owner, mnemonic, remaining, .. } => {
                self.flush();
                let message = self.message(&derivation, &mnemonic);
                self.face.event(Event::ActionStarted {
                    id: self.number(derivation),
                    owner: owner.to_string(),
                    mnemonic: mnemonic.to_string(),
                    message,
                    remaining_ms: remaining.map(milliseconds),
                });
            }
            Notice::ActionFinished {
                derivation,
                action,
                owner,
                mnemonic,
                how,
                outcome,
                at,
                started,
                remembered,
                ..
            } => {
                let how = how_of(how);
                if matches!(how, How::Run | How::Failed) && !remembered && self.tests.contains(&derivation) {
                    self.ran.insert(derivation);
                }
                if matches!(how, How::Cached | How::CutOff | How::Skipped) && !self.face.wants_cached() {
                    self.passed += 1;
                    return;
                }
                self.flush();
                let message = self.message(&derivation, &mnemonic);
                let wall = started.map(|started| at.saturating_sub(started)).unwrap_or_default();
                self.face.event(Event::ActionFinished(Finished {
                    id: self.number(derivation),
                    owner: owner.to_string(),
                    mnemonic: mnemonic.to_string(),
                    message: message.clone(),
                    derivation: derivation.0.hex(),
                    action: action.map(|action| action.0.hex()),
                    how,
                    level: outcome.as_ref().map(|outcome| outcome.level),
                    wall_us: u64::try_from(wall.as_micros()).unwrap_or(u64::MAX),
                }));
                if let Some(outcome) = outcome {
                    self.log(&derivation, &owner, &message, how, &outcome);
                }
            }
            Notice::Warning(warning) => {
                self.flush();
                self.face.event(Event::Note(warning_words(&warning)));
            }
            Notice::Finished { .. } => self.flush(),
        }
    }

    /// What a successful action wrote (the logs of tests are told by `gx test` itself): always when it ran just now,
    /// of cached ones with `--show-logs`.
    fn log(&self, derivation: &DerivationId, owner: &str, message: &str, how: How, outcome: &Outcome) {
        let wanted = how == How::Run || (self.show_logs && how != How::Failed);
        if !wanted || self.tests.contains(derivation) || !outcome.succeeded() {
            return;
        }
        let text = failure::log(self.store, outcome);
        if !text.is_empty() {
            self.face.event(Event::Log { owner: owner.to_string(), message: message.to_owned(), text });
        }
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn how_of(how: gx_engine::How) -> How {
    match how {
        gx_engine::How::Ran => How::Run,
        gx_engine::How::Cached => How::Cached,
        gx_engine::How::CutOff => How::CutOff,
        gx_engine::How::Failed => How::Failed,
        gx_engine::How::Skipped => How::Skipped,
    }
}

fn warning_words(warning: &Warning) -> String {
    match warning {
        Warning::UndeclaredOutputs { owner, mnemonic, paths } => format!(
            "warning[GX0305]: {owner} ({mnemonic}) made files that it does not declare; they were not kept: {}",
            paths.join(", ")
        ),
        Warning::OutputLost { owner, mnemonic, object } => {
            format!("warning[GX0502]: an output of {owner} ({mnemonic}) is lost or corrupt and is made again: {object}")
        }
        Warning::RecordsNotKept(why) => format!("warning[GX0511]: history or durations were not kept: {why}"),
    }
}
