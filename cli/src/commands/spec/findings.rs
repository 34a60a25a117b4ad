//! Findings of contracts, as reports for people and as JSON for programs.
//!
//! It does not know how a finding is found.

use super::{Files, Told};
use crate::error::{Place, Report};
use crate::event::Event;
use gx_spec::diagnostic::{Diagnostic, excerpt, position};
use gx_spec::load::Loaded;
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
    let files = files.asked().iter();
    files.flat_map(|loaded| loaded.faults.iter().map(|fault| finding(loaded, fault))).collect()
}

/// Tells findings to a person; how many there are.
pub(in crate::commands) fn tell(told: &Told<'_>, files: &Files) -> usize {
    let mut count = 0;
    for loaded in files.asked() {
        for fault in &loaded.faults {
            told.face.event(Event::Error(report(loaded, fault, told.color)));
            count += 1;
        }
    }
    count
}
