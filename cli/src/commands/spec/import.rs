//! `gx spec import` and `gx spec export`: contracts from one form into another.
//!
//! Invariants: what is written is told when it goes to a file; findings are told whatever is written. This file does
//! not know the forms.

use super::{Files, Told, findings, tell};
use crate::error::{Place, Report};
use crate::exit::Exit;
use crate::flags_spec::{Export, ExportForm, Import};
use gx_spec::{format, graphql, prose, schema, syntax};
use serde_json::json;
use std::path::Path;

/// Answers `gx spec import`.
pub(super) fn import(told: &Told<'_>, asked: &Import) -> Result<Exit, Report> {
    let files = Files::one(told, &asked.file)?;
    let text = match (files.texts.first(), files.asked().first()) {
        (Some(Some(text)), _) => text.clone(),
        (_, Some(loaded)) => loaded.text().to_owned(),
        _ => String::new(),
    };
    let parsed = syntax::parse(&text);
    let text = match (&parsed.file, parsed.faults.is_empty()) {
        (Some(file), true) => format::format(file, &text),
        _ => text,
    };
    let exit = findings::exit_of(&files);
    if told.json() {
        let found = findings::as_json(&files);
        let status = if exit == Exit::Ok { "PASS" } else { "FAIL" };
        let written = asked.output.as_deref().map(|path| write(told, path, &text)).transpose()?;
        let shown = if written.is_some() { None } else { Some(&text) };
        told.document(&json!({"status": status, "text": shown, "findings": found}));
        return Ok(exit);
    }
    tell(told, &files);
    deliver(told, asked.output.as_deref(), &text)?;
    Ok(exit)
}

/// Answers `gx spec export`.
pub(super) fn export(told: &Told<'_>, asked: &Export) -> Result<Exit, Report> {
    let files = Files::one(told, &asked.file)?;
    let exit = findings::exit_of(&files);
    let contract = files.asked().first().and_then(|it| it.contract.as_ref());
    let Some(contract) = contract.filter(|_| exit == Exit::Ok) else {
        tell(told, &files);
        return Ok(Exit::BuildFailed);
    };
    tell(told, &files);
    let text = match asked.format {
        ExportForm::JsonSchema => schema::json_schema_text(contract),
        ExportForm::Graphql => graphql::to_sdl(contract),
        ExportForm::Markdown => prose::to_markdown(contract),
        ExportForm::Upel => format::print(contract),
    };
    deliver(told, asked.output.as_deref(), &text)?;
    Ok(exit)
}

fn deliver(told: &Told<'_>, output: Option<&Path>, text: &str) -> Result<(), Report> {
    match output {
        Some(path) => {
            write(told, path, text)?;
            told.face.event(crate::event::Event::Note(format!("wrote {}", path.display())));
        }
        None => told.say(text),
    }
    Ok(())
}

fn write(_told: &Told<'_>, path: &Path, text: &str) -> Result<(), Report> {
    std::fs::write(path, text).map_err(|error| {
        let shown = path.display().to_string();
        Report::new(804, format!("'{shown}' cannot be written")).at(Place::new(shown, 0, 0)).cause(&error)
    })
}
