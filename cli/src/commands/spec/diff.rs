//! `gx spec diff`: how two versions of a contract differ, and whether the version says so.

use super::{Files, Told, tell};
use crate::error::{Place, Report};
use crate::exit::Exit;
use crate::flags_spec::Diff;
use gx_spec::diff::diff;
use gx_spec::ir::Contract;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

/// Answers it.
pub(super) fn answer(told: &Told<'_>, paths: &Diff) -> Result<Exit, Report> {
    let (Some(old), Some(new)) = (one(told, &paths.old)?, one(told, &paths.new)?) else {
        return Ok(Exit::BuildFailed);
    };
    let found = diff(&old, &new);
    let changes = found.changes.iter();
    if told.json() {
        let changes: Vec<_> =
            changes.map(|it| json!({"step": it.step.name(), "subject": it.subject, "what": it.what})).collect();
        let findings: Vec<_> = found
            .faults
            .iter()
            .map(|(rule, message)| json!({"code": format!("GX{:04}", rule.code()), "rule": rule.number(), "message": message}))
            .collect();
        told.document(&json!({
            "old": old.version.to_string(),
            "new": new.version.to_string(),
            "step": found.step.name(),
            "least": found.least.to_string(),
            "changes": changes,
            "findings": findings,
        }));
        return Ok(if found.faults.is_empty() { Exit::Ok } else { Exit::BuildFailed });
    }
    for change in changes {
        told.say(format!("{:5} {}: {}\n", change.step.name(), change.subject, change.what));
    }
    told.say(format!("{} {} -> {}: {}\n", new.name, old.version, new.version, found.step.name()));
    match found.faults.into_iter().next() {
        None => Ok(Exit::Ok),
        Some((rule, message)) => {
            let mut report = Report::new(rule.code(), message).at(Place::new(paths.new.display().to_string(), 0, 0));
            report.causes = vec![format!("rule {}: {}", rule.number(), rule.title())];
            Err(report.hint(format!("write {} or a later version in the header", found.least)))
        }
    }
}

/// A contract; its findings are told when it has any.
fn one(told: &Told<'_>, path: &Path) -> Result<Option<Arc<Contract>>, Report> {
    let files = Files::one(told, path)?;
    tell(told, &files);
    Ok(files.asked().first().and_then(|it| it.contract.clone()))
}
