//! `gx spec check` and `gx spec digest`.

use super::{Files, Told, findings, tell};
use crate::error::Report;
use crate::exit::Exit;
use gx_spec::ir;
use serde_json::json;
use std::path::PathBuf;

/// Checks contracts.
pub(super) fn check(told: &Told<'_>, paths: &[PathBuf]) -> Result<Exit, Report> {
    let files = Files::load(told, paths)?;
    if told.json() {
        let found = findings::as_json(&files);
        let exit = findings::exit_of(&files);
        let status = if exit == Exit::Ok { "PASS" } else { "FAIL" };
        told.document(&json!({"status": status, "contracts": contracts(&files), "findings": found}));
        return Ok(exit);
    }
    let found = tell(told, &files);
    let operators: usize =
        files.asked().iter().filter_map(|it| it.contract.as_ref()).map(|it| it.operators.len()).sum();
    let vectors: usize = files.asked().iter().filter_map(|it| it.contract.as_ref()).map(|it| it.vectors.len()).sum();
    if found > 0 {
        told.say(format!("{} contracts: {found} findings\n", files.asked));
        return Ok(Exit::BuildFailed);
    }
    let rest =
        if files.findings.is_empty() { "nothing to find".to_owned() } else { findings::summary(&files.findings) };
    told.say(format!("{} contracts: {operators} operators, {vectors} vectors, {rest}\n", files.asked));
    Ok(Exit::Ok)
}

fn contracts(files: &Files) -> Vec<serde_json::Value> {
    let one = |loaded: &gx_spec::load::Loaded| {
        let contract = loaded.contract.as_ref()?;
        Some(json!({
            "file": loaded.source.name,
            "name": &*contract.name,
            "version": contract.version.to_string(),
            "layer": contract.layer,
            "digest": ir::digest(contract).hex(),
            "operators": contract.operators.len(),
            "vectors": contract.vectors.len(),
        }))
    };
    files.asked().iter().filter_map(one).collect()
}

/// Prints digests.
pub(super) fn digest(told: &Told<'_>, paths: &[PathBuf]) -> Result<Exit, Report> {
    let files = Files::load(told, paths)?;
    if told.json() {
        let found = findings::as_json(&files);
        let exit = findings::exit_of(&files);
        told.document(&json!({"contracts": contracts(&files), "findings": found}));
        return Ok(exit);
    }
    for contract in files.asked().iter().filter_map(|it| it.contract.as_ref()) {
        told.say(format!("{} {} {}\n", ir::digest(contract).hex(), contract.name, contract.version));
    }
    Ok(if tell(told, &files) == 0 { Exit::Ok } else { Exit::BuildFailed })
}
