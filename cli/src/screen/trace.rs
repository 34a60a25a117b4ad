//! The trace of a build in the format of Chrome and Perfetto: one bar for each action that ran.

use crate::error::Report;
use crate::event::{Event, How};
use serde_json::json;
use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Instant;

/// A trace that grows.
pub(super) struct Trace {
    path: PathBuf,
    began: Instant,
    running: HashMap<u64, (usize, u128)>,
    rows: Vec<bool>,
    events: Vec<serde_json::Value>,
}

impl Trace {
    pub(super) fn new(path: PathBuf) -> Trace {
        Trace { path, began: Instant::now(), running: HashMap::new(), rows: Vec::new(), events: Vec::new() }
    }

    /// Takes note of an event.
    pub(super) fn take(&mut self, event: &Event, now: Instant) {
        let at = now.saturating_duration_since(self.began).as_micros();
        match event {
            Event::Phase(name) => {
                self.events.push(json!({"name": name, "ph": "i", "ts": at, "pid": 1, "tid": 0, "s": "p"}));
            }
            Event::ActionStarted { id, .. } => {
                let row = self.free_row();
                self.running.insert(*id, (row, at));
            }
            Event::ActionFinished(done) => {
                let Some((row, began)) = self.running.remove(&done.id) else { return };
                if let Some(used) = self.rows.get_mut(row) {
                    *used = false;
                }
                if matches!(done.how, How::Run | How::Failed) {
                    self.events.push(json!({
                        "name": done.message, "cat": done.mnemonic, "ph": "X", "ts": began, "dur": at - began,
                        "pid": 1, "tid": row + 1,
                        "args": {"owner": done.owner, "action": done.action, "result": done.how.name()},
                    }));
                }
            }
            _ => {}
        }
    }

    fn free_row(&mut self) -> usize {
        if let Some(row) = self.rows.iter().position(|used| !used) {
            if let Some(used) = self.rows.get_mut(row) {
                *used = true;
            }
            return row;
        }
        self.rows.push(true);
        self.rows.len() - 1
    }

    /// Writes the file.
    pub(super) fn write(self) -> Result<(), Report> {
        let text = json!({"traceEvents": self.events, "displayTimeUnit": "ms"}).to_string();
        std::fs::write(&self.path, text).map_err(|error| {
            Report::new(804, format!("the trace '{}' cannot be written", self.path.display())).cause(&error)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Finished;

    #[test]
    fn actions_at_once_get_rows_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trace.json");
        let mut trace = Trace::new(path.clone());
        let started = |id| Event::ActionStarted {
            id,
            owner: "//a:a".into(),
            mnemonic: "Cc".into(),
            message: "m".into(),
            remaining_ms: None,
        };
        let finished = |id| {
            Event::ActionFinished(Finished {
                id,
                owner: "//a:a".into(),
                mnemonic: "Cc".into(),
                message: "m".into(),
                derivation: "d".into(),
                action: None,
                how: How::Run,
                level: None,
                wall_us: 1,
            })
        };
        for event in [started(1), started(2), finished(1), started(3), finished(3), finished(2)] {
            trace.take(&event, Instant::now());
        }
        trace.write().unwrap();
        let json: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let rows: Vec<_> = json["traceEvents"].as_array().unwrap().iter().map(|e| e["tid"].clone()).collect();
        assert_eq!(rows, [1, 1, 2]);
    }
}
