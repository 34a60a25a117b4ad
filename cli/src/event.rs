//! What a request tells whoever asked: the closed list of events, their JSON, and the trait that takes them.
//!
//! In the process an event goes straight to the screen; from the daemon it goes over the socket to the same
//! screen. Invariant: `ActionFinished` is sent only after the outcome is durable. This file does not know how
//! events are shown.

use crate::error::Report;
use crate::exit::Exit;
use gx_store::Level;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How an action came to its outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum How {
    /// It ran and succeeded.
    Run,
    /// Its outcome was known.
    Cached,
    /// It was not even looked at closely: inputs were rebuilt to the same bytes.
    CutOff,
    /// It failed, now or before.
    Failed,
    /// Something it needs failed, or the build was stopped.
    Skipped,
}

impl How {
    /// Its name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            How::Run => "run",
            How::Cached => "cached",
            How::CutOff => "cut_off",
            How::Failed => "failed",
            How::Skipped => "skipped",
        }
    }
}

/// An action that came to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finished {
    /// Its number in this build.
    pub id: u64,
    /// Whose.
    pub owner: String,
    /// The kind of work.
    pub mnemonic: String,
    /// What it does.
    pub message: String,
    /// Digest of the derivation.
    pub derivation: String,
    /// Digest of the action, once it was known.
    pub action: Option<String>,
    /// How.
    pub how: How,
    /// The determinism level that its outcome records, when it has one.
    pub level: Option<Level>,
    /// How long it took, in microseconds.
    pub wall_us: u64,
}

/// The figures of the last line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Ran.
    pub run: u64,
    /// Known before.
    pub cached: u64,
    /// Cut off early (counted apart from `cached`).
    pub cut_off: u64,
    /// Failed.
    pub failed: u64,
    /// Not tried.
    pub skipped: u64,
}

impl Counts {
    /// All actions that were needed.
    pub const fn total(&self) -> u64 {
        self.run + self.cached + self.cut_off + self.failed + self.skipped
    }

    /// The last line.
    pub fn line(&self) -> String {
        let total = self.total();
        let mut line = format!("{total} actions: {} run, {} cached", self.run, self.cached);
        for (count, words) in [(self.cut_off, "cut off early"), (self.failed, "failed"), (self.skipped, "skipped")] {
            if count > 0 {
                line.push_str(&format!(", {count} {words}"));
            }
        }
        line
    }
}

/// A line of the table of `gx test`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestLine {
    /// Its label.
    pub label: String,
    /// `PASSED`, `FAILED`, `TIMEOUT`, `NO STATUS`.
    pub status: String,
    /// Known before?
    pub cached: bool,
    /// How long it took, in microseconds.
    pub wall_us: u64,
}

/// A program the client is to become (`gx run`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// The executable.
    pub path: String,
    /// The folder with what it wants beside it.
    pub runfiles: String,
    /// Arguments.
    pub arguments: Vec<String>,
}

/// Everything that is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// A build begins.
    Started {
        /// The workspace.
        workspace: String,
        /// What was asked for.
        patterns: Vec<String>,
    },
    /// What is going on before actions run; transient.
    Phase(String),
    /// The plan is made.
    Planned {
        /// How many actions it has at most.
        actions: u64,
    },
    /// An action begins.
    ActionStarted {
        /// Its number in this build.
        id: u64,
        /// Whose.
        owner: String,
        /// The kind of work.
        mnemonic: String,
        /// What it does.
        message: String,
        /// How long the rest of the build will take, from recorded times, in milliseconds.
        remaining_ms: Option<u64>,
    },
    /// An action ended, and that is durable.
    ActionFinished(Finished),
    /// So many actions needed no run; told instead of one event each when nobody wants those.
    Passed(u64),
    /// What an action wrote.
    Log {
        /// Whose.
        owner: String,
        /// What it does.
        message: String,
        /// Its text.
        text: String,
    },
    /// A target that was asked for is in `gx-out`.
    Target {
        /// Its label.
        label: String,
        /// Its outputs, relative to the workspace.
        outputs: Vec<String>,
    },
    /// A test has its result.
    Test(TestLine),
    /// Something to know that is no error.
    Note(String),
    /// An error.
    Error(Report),
    /// A build ended: the last line.
    Summary {
        /// Its figures.
        counts: Counts,
        /// How long it took, in milliseconds.
        wall_ms: u64,
    },
    /// Bytes for standard output: the result of a query, a log, an object.
    Output(Vec<u8>),
    /// A document for standard output under `--json`.
    Document(String),
    /// The program to run now.
    Program(Program),
    /// The request is done; nothing follows.
    Done(Exit),
}

impl Event {
    /// Its line of `--json`; `None` for what is no event there.
    pub fn json(&self) -> Option<Value> {
        Some(match self {
            Event::Started { workspace, patterns } => {
                json!({"event": "build_started", "workspace": workspace, "patterns": patterns})
            }
            Event::Phase(phase) => json!({"event": "phase", "phase": phase}),
            Event::Planned { actions } => json!({"event": "planned", "actions": actions}),
            Event::ActionStarted { id, owner, mnemonic, message, .. } => json!({
                "event": "action_started", "id": id, "owner": owner, "mnemonic": mnemonic, "message": message,
            }),
            Event::ActionFinished(done) => json!({
                "event": "action_finished", "id": done.id, "owner": done.owner, "mnemonic": done.mnemonic,
                "message": done.message, "derivation": done.derivation, "action": done.action,
                "result": done.how.name(), "level": done.level.map(Level::name), "wall_us": done.wall_us,
            }),
            Event::Log { owner, message, text } => {
                json!({"event": "log", "owner": owner, "message": message, "text": text})
            }
            Event::Target { label, outputs } => json!({"event": "target", "label": label, "outputs": outputs}),
            Event::Test(test) => json!({
                "event": "test", "label": test.label, "status": test.status, "cached": test.cached,
                "wall_us": test.wall_us,
            }),
            Event::Note(text) => json!({"event": "note", "text": text}),
            Event::Error(report) => json!({"event": "error", "error": report.json()}),
            Event::Summary { counts, wall_ms } => json!({
                "event": "summary", "actions": counts.total(), "run": counts.run, "cached": counts.cached,
                "cut_off": counts.cut_off, "failed": counts.failed, "skipped": counts.skipped, "wall_ms": wall_ms,
            }),
            Event::Done(exit) => json!({"event": "done", "exit": exit.code()}),
            Event::Passed(_) | Event::Output(_) | Event::Document(_) | Event::Program(_) => return None,
        })
    }
}

/// Takes events.
pub trait Face: Send + Sync {
    /// Takes one.
    fn event(&self, event: Event);
    /// Are actions that were cached wanted one by one? (They are many and cheap.)
    fn wants_cached(&self) -> bool;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_names_what_there_was() {
        let counts = Counts { run: 2, cached: 3, ..Counts::default() };
        assert_eq!(counts.line(), "5 actions: 2 run, 3 cached");
        let counts = Counts { run: 1, cached: 1, cut_off: 2, failed: 1, skipped: 4 };
        assert_eq!(counts.line(), "9 actions: 1 run, 1 cached, 2 cut off early, 1 failed, 4 skipped");
    }

    #[test]
    fn every_event_has_a_stable_json() {
        let finished = Finished {
            id: 1,
            owner: "//a:b".to_owned(),
            mnemonic: "Genrule".to_owned(),
            message: "Making a/b.txt".to_owned(),
            derivation: "d0".to_owned(),
            action: Some("a0".to_owned()),
            how: How::Run,
            level: Some(Level::Sandboxed),
            wall_us: 1500,
        };
        let test = TestLine { label: "//a:t".into(), status: "PASSED".into(), cached: true, wall_us: 3 };
        let events = [
            Event::Started { workspace: "/w".into(), patterns: vec!["//...".into()] },
            Event::Phase("loading".into()),
            Event::Planned { actions: 2 },
            Event::ActionStarted {
                id: 1,
                owner: "//a:b".into(),
                mnemonic: "Genrule".into(),
                message: "Making a/b.txt".into(),
                remaining_ms: None,
            },
            Event::ActionFinished(finished),
            Event::Log { owner: "//a:b".into(), message: "m".into(), text: "t".into() },
            Event::Target { label: "//a:b".into(), outputs: vec!["gx-out/a/b.txt".into()] },
            Event::Test(test),
            Event::Note("n".into()),
            Event::Error(Report::new(301, "x")),
            Event::Summary { counts: Counts { run: 1, ..Counts::default() }, wall_ms: 7 },
            Event::Done(Exit::Ok),
        ];
        let lines = events.iter().filter_map(Event::json).map(|json| json.to_string());
        insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"));
    }
}
