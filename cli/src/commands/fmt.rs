//! `gx fmt`: brings files into their one form, by their ending.
//!
//! Invariants: a file that has findings of syntax is not touched; a file is written by rename, and only when it
//! changes. This file does not know the form.

use super::spec::{Told, UPEL, find, read, report};
use crate::error::{Place, Report};
use crate::event::{Event, Face};
use crate::exit::Exit;
use crate::flags_spec::Fmt;
use crate::request::Request;
use gx_spec::load::Loaded;
use gx_spec::{format, syntax};
use serde_json::json;
use std::path::Path;

/// Endings and names of Starlark files, which have no formatter here yet.
pub(super) fn is_starlark(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    matches!(name, "BUILD" | "BUILD.gx" | "BUILD.bazel") || path.extension().is_some_and(|it| it == "bzl")
}

/// What became of a file.
enum Fate {
    Same,
    Changed,
    Faulty,
}

/// Answers it.
pub(super) fn answer(request: &Request, fmt: &Fmt, face: &dyn Face, color: bool) -> Result<Exit, Report> {
    let told = Told { request, face, color };
    let paths = find(&told, &fmt.paths, |path| path.extension().is_some_and(|it| it == UPEL))?;
    let mut changed: Vec<String> = Vec::new();
    let mut faulty = 0usize;
    for path in &paths {
        if is_starlark(path) {
            let shown = path.display().to_string();
            let refused = Report::new(1019, format!("'{shown}' is Starlark, which gx does not format yet"));
            return Err(refused.at(Place::new(shown, 0, 0)).hint("buildifier formats it; `gx fmt` formats .upel"));
        }
        match one(&told, path, fmt.check)? {
            Fate::Same => {}
            Fate::Changed => changed.push(path.display().to_string()),
            Fate::Faulty => faulty += 1,
        }
    }
    if told.json() {
        told.document(&json!({"files": paths.len(), "changed": changed, "faulty": faulty, "check": fmt.check}));
    } else {
        for path in &changed {
            told.say(format!("{path}\n"));
        }
        let what = if fmt.check { "not in their one form" } else { "changed" };
        told.face.event(Event::Note(format!("{} files: {} {what}", paths.len(), changed.len())));
    }
    if faulty > 0 {
        return Ok(Exit::BuildFailed);
    }
    if fmt.check && !changed.is_empty() {
        let report = Report::new(1019, format!("{} files are not in their one form", changed.len()));
        return Err(report.hint("`gx fmt` brings them into it"));
    }
    Ok(Exit::Ok)
}

fn one(told: &Told<'_>, path: &Path, check: bool) -> Result<Fate, Report> {
    let source = read(path)?;
    let parsed = syntax::parse_bytes(&source.bytes);
    let (Some(file), true) = (&parsed.file, parsed.faults.is_empty()) else {
        let loaded = Loaded { source, file: None, contract: None, faults: Vec::new() };
        for fault in &parsed.faults {
            told.face.event(Event::Error(report(&loaded, fault, told.color)));
        }
        return Ok(Fate::Faulty);
    };
    let text = std::str::from_utf8(&source.bytes).unwrap_or_default();
    let formed = format::format(file, text);
    if formed == text {
        return Ok(Fate::Same);
    }
    if !check {
        write(path, &formed)?;
    }
    Ok(Fate::Changed)
}

/// Beside the file first, then in its place, with the permissions that it had.
fn write(path: &Path, text: &str) -> Result<(), Report> {
    let fault =
        |error: std::io::Error| Report::new(804, format!("'{}' cannot be written", path.display())).cause(&error);
    // A symlink stays one: what it leads to is written.
    let target = std::fs::canonicalize(path).map_err(fault)?;
    let name = target.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let beside = target.with_file_name(format!(".{name}.gx-fmt-{}", std::process::id()));
    let permissions = std::fs::metadata(&target).map_err(fault)?.permissions();
    let written = std::fs::write(&beside, text)
        .and_then(|()| std::fs::set_permissions(&beside, permissions))
        .and_then(|()| std::fs::rename(&beside, &target));
    written.map_err(|error| {
        // What is left beside it is of no use.
        let _ = std::fs::remove_file(&beside);
        fault(error)
    })
}
