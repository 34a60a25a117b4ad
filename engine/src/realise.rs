//! Realising on behalf of the loader, which needs outputs (a fetched repository) before it can go on.
//!
//! This file does not know why the loader asks.

use crate::config::BuildOptions;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::notice::Notice;
use crate::result::Failure;
use crossbeam_channel::{Sender, unbounded};
use gx_store::{BlobId, Blobs, Cancel, Ending, Plan, Realise, RealiseError, Realised};
use std::sync::Arc;

/// Lines of a log that an error repeats.
const LAST_LINES: usize = 20;

impl Realise for Engine {
    fn realise(&self, plan: &Plan) -> Result<Realised, RealiseError> {
        self.realise_with(plan, BuildOptions::default(), unbounded().0, &Cancel::new())
    }
}

impl Engine {
    /// Makes the goals of a plan with the surroundings of a request; gives the outputs of the goals.
    pub fn realise_with(
        &self,
        plan: &Plan,
        options: BuildOptions,
        notices: Sender<Notice>,
        cancel: &Cancel,
    ) -> Result<Realised, RealiseError> {
        let result = self.build(Arc::new(plan.clone()), options, notices, cancel).map_err(refused)?;
        if result.cancelled {
            return Err(RealiseError::Execute(gx_store::ExecuteError::Cancelled));
        }
        if let Some(failure) = result.failures.first() {
            let why = self.ending(failure);
            return Err(RealiseError::Failed { owner: failure.owner.to_string(), why });
        }
        let goals = plan.goals.iter().flat_map(|goal| goal.outputs.iter().map(|(id, _)| id).chain(&goal.also));
        Ok(goals.filter_map(|id| Some((*id, result.outcomes.get(id)?.outputs.clone()))).collect())
    }

    /// How a failure ended, with the last lines that it wrote.
    fn ending(&self, failure: &Failure) -> String {
        if let Some(error) = &failure.error {
            return error.to_string();
        }
        let Some(outcome) = &failure.outcome else { return "it was not tried".to_owned() };
        let how = match &outcome.ending {
            Ending::Exit(code) => format!("{} ended with exit code {code}", failure.mnemonic),
            Ending::Signal(signal) => format!("{} was ended by signal {signal}", failure.mnemonic),
            Ending::TimedOut(ms) => format!("{} took longer than {ms} ms", failure.mnemonic),
            Ending::Exceeded(resource, most) => {
                format!("{} used more than {}", failure.mnemonic, resource.words(*most))
            }
            Ending::BadOutputs(why) => format!("{}: {why}", failure.mnemonic),
        };
        let logs = [outcome.stdout, outcome.stderr].map(|blob| self.last_lines(&blob)).concat();
        if logs.is_empty() { how } else { format!("{how}\n{}", logs.trim_end()) }
    }

    fn last_lines(&self, log: &BlobId) -> String {
        let bytes = self.store().blob(log).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().collect();
        lines.iter().skip(lines.len().saturating_sub(LAST_LINES)).map(|line| format!("{line}\n")).collect()
    }
}

fn refused(error: EngineError) -> RealiseError {
    match error {
        EngineError::Store(error) => RealiseError::Store(error),
        other => RealiseError::Failed { owner: "the plan".to_owned(), why: other.to_string() },
    }
}
