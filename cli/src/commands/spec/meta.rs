//! `gx spec meta`: the meta-schema of contracts as JSON Schema, and schemas held against it.
//!
//! Invariant: the meta-schema is held against itself first, whatever is asked. This file does not know what it says.

use super::{Told, find, findings, read};
use crate::error::Report;
use crate::exit::Exit;
use crate::flags_spec::Meta;
use gx_spec::said::{Finding, Kind};
use gx_spec::schema::{meta, read_json};
use serde_json::json;

/// Answers it.
pub(super) fn answer(told: &Told<'_>, asked: &Meta) -> Result<Exit, Report> {
    let mut found = meta::check_itself();
    if asked.paths.is_empty() && found.is_empty() {
        told.say(meta::META);
        return Ok(Exit::Ok);
    }
    let paths = find(told, &asked.paths, |path| path.extension().is_some_and(|it| it == "json"))?;
    for path in &paths {
        let source = read(path)?;
        let text = String::from_utf8_lossy(&source.bytes);
        match read_json(&text) {
            Ok((node, _)) => found.extend(meta::check(&source.name, &text, &node)),
            Err(error) => {
                let finding = Finding::new(Kind::SchemaForm, &source.name, &text, error.span, error.message);
                found.push(finding.hint(error.hint));
            }
        }
    }
    if told.json() {
        let all: Vec<_> = found.iter().map(findings::document).collect();
        told.document(&json!({"status": findings::status(&found), "schemas": paths.len(), "findings": all}));
    } else {
        findings::tell_all(told, &found);
        told.say(format!("the meta-schema and {} schemas; {}\n", paths.len(), findings::summary(&found)));
    }
    Ok(findings::exit(&found))
}
