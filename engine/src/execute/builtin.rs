//! Calling a builtin and holding it to its promise.
//!
//! Invariants: a success has exactly the declared outputs, each of the declared kind; findings are an outcome, not an
//! error, so that they are kept and shown again.
//! This file does not know any builtin.

use crate::config::EngineConfig;
use crate::execute::{fetch, is_of_kind};
use gx_store::{BlobId, Call, Commit, Ending, ExecuteError, Job, Object};
use std::time::Instant;

/// Calls the builtin of that name and revision.
pub(crate) fn call(config: &EngineConfig, job: &Job, call: &Call) -> Result<Commit, ExecuteError> {
    let started = Instant::now();
    let found = config.builtins.iter().find(|b| b.name() == call.name && b.revision() == call.revision);
    let builtin =
        found.ok_or_else(|| ExecuteError::UnknownBuiltin { name: call.name.clone(), revision: call.revision })?;
    let declared = &job.derivation.outputs;
    let mut made = match builtin.call(call, &job.inputs, declared, &config.store) {
        Err(ExecuteError::Findings { findings }) => return Ok(fault_found(config, job, &findings, started)),
        other => other?,
    };
    made.sort();
    let broken = |why: String| ExecuteError::Builtin { name: call.name.clone(), why };
    for output in declared {
        match made.iter().find(|(path, _)| *path == output.path) {
            None => return Err(broken(format!("it did not make '{}'", output.path))),
            Some((_, node)) if !is_of_kind(node, output.kind) => {
                return Err(broken(format!("'{}' is not of the kind that was declared", output.path)));
            }
            Some(_) => {}
        }
    }
    if let Some((path, _)) = made.iter().find(|(path, _)| !declared.iter().any(|output| output.path == *path)) {
        return Err(broken(format!("it made '{path}', which was not declared")));
    }
    Ok(fetch::success(&config.store, job, "builtin", made, started))
}

/// What a builtin finds fault with is a failure with a log, as that of a program.
fn fault_found(config: &EngineConfig, job: &Job, findings: &str, started: Instant) -> Commit {
    let mut commit = fetch::success(&config.store, job, "builtin", Vec::new(), started);
    let log = BlobId(config.store.function().digest(findings.as_bytes()));
    commit.outcome.ending = Ending::Exit(1);
    commit.outcome.stderr = log;
    commit.objects.push(Object::Blob(log, findings.as_bytes().to_vec()));
    commit
}
