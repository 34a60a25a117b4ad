//! Findings of contracts, as reports for people and as JSON for programs.
//!
//! It does not know how a finding is found.

use super::{Files, Told};
use crate::error::{Place, Report};
use crate::event::Event;
use crate::exit::Exit;
use gx_spec::diagnostic::{Diagnostic, excerpt, position};
use gx_spec::load::Loaded;
use gx_spec::said::{Finding, Gravity};
use serde_json::{Value, json};

/// A finding as a report.
pub(in crate::commands) fn report(loaded: &Loaded, fault: &Diagnostic, color: bool) -> Report {
    let text = loaded.text();
    let (line, column) = position(text, fault.span.start);
    let mut report = Report::new(fault.rule.code(), &*fault.message);
    report.place = Some(Place::new(loaded.source.name.clone(), line, column));
    report.excerpt = excerpt(fault, &loaded.source.name, text, color);
    report.causes = vec![format!("rule {}: {}", fault.rule.number(), fault.rule.title())];
    report.hints = fault.hints.clone();
    report
}

fn finding(loaded: &Loaded, fault: &Diagnostic) -> Value {
    let text = loaded.text();
    let ((line, column), (end_line, end_column)) = (position(text, fault.span.start), position(text, fault.span.end));
    let other = |(span, words): &(gx_spec::syntax::Span, String)| {
        let (line, column) = position(text, span.start);
        json!({"line": line, "column": column, "label": words})
    };
    json!({
        "code": format!("GX{:04}", fault.rule.code()),
        "rule": fault.rule.number(),
        "severity": "error",
        "file": loaded.source.name,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
        "message": fault.message,
        "label": fault.label,
        "others": fault.others.iter().map(other).collect::<Vec<_>>(),
        "hints": fault.hints,
    })
}

/// All findings, as JSON.
pub(super) fn as_json(files: &Files) -> Vec<Value> {
    let (files, found) = (files.asked().iter(), &files.findings);
    let own = files.flat_map(|loaded| loaded.faults.iter().map(|fault| finding(loaded, fault)));
    own.chain(found.iter().map(document)).collect()
}

/// Whether what was asked for is sound.
pub(super) fn exit_of(files: &Files) -> Exit {
    let faulty = files.asked().iter().any(|it| !it.faults.is_empty());
    if faulty { Exit::BuildFailed } else { exit(&files.findings) }
}

/// Tells findings to a person; how many there are.
pub(in crate::commands) fn tell(told: &Told<'_>, files: &Files) -> usize {
    tell_all(told, &files.findings);
    let mut count = files.findings.iter().filter(|it| it.gravity == Gravity::Error).count();
    for loaded in files.asked() {
        for fault in &loaded.faults {
            told.face.event(Event::Error(report(loaded, fault, told.color)));
            count += 1;
        }
    }
    count
}

/// A finding of a document, as JSON.
pub(super) fn document(found: &Finding) -> Value {
    let other = found.other.as_ref();
    json!({
        "code": format!("GX{:04}", found.kind.code()),
        "kind": found.kind.name(),
        "severity": found.gravity.name(),
        "file": found.file,
        "line": found.line,
        "column": found.column,
        "subject": found.subject,
        "message": found.message,
        "hint": found.hint,
        "other": other.map(|it| json!({"file": it.file, "line": it.line, "column": it.column, "label": it.words})),
    })
}

/// Tells findings of documents to a person: errors as errors, the rest as lines.
pub(super) fn tell_all(told: &Told<'_>, found: &[Finding]) {
    for finding in found {
        if finding.gravity != Gravity::Error {
            told.face.event(Event::Note(finding.to_string().trim_end().to_owned()));
            continue;
        }
        let mut report = Report::new(finding.kind.code(), &*finding.message);
        report.place = Some(Place::new(finding.file.clone(), finding.line, finding.column));
        report.causes = vec![finding.kind.name().to_owned()];
        if let Some(other) = &finding.other {
            report.causes.push(format!("{}:{}:{}: {}", other.file, other.line, other.column, other.words));
        }
        report.hints = vec![finding.hint.clone()];
        told.face.event(Event::Error(report));
    }
}

/// `PASS` or `FAIL`.
pub(super) fn status(found: &[Finding]) -> &'static str {
    if exit(found) == Exit::Ok { "PASS" } else { "FAIL" }
}

/// Errors fail; warnings and notes do not.
pub(super) fn exit(found: &[Finding]) -> Exit {
    if found.iter().any(|it| it.gravity == Gravity::Error) { Exit::BuildFailed } else { Exit::Ok }
}

/// How many of each.
pub(super) fn summary(found: &[Finding]) -> String {
    let count = |gravity| found.iter().filter(|it| it.gravity == gravity).count();
    let (errors, warnings, notes) = (count(Gravity::Error), count(Gravity::Warning), count(Gravity::Note));
    if found.is_empty() {
        return "nothing to find".to_owned();
    }
    format!("{errors} errors, {warnings} warnings, {notes} notes")
}
