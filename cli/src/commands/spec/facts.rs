//! `gx spec facts`: what contracts in prose say, fact by fact, and what could not be read.
//!
//! It does not know how prose is read.

use super::{Told, find, findings, read};
use crate::error::Report;
use crate::exit::Exit;
use crate::flags_spec::Facts as Asked;
use gx_spec::prose;
use gx_spec::said::{Facts, Finding, KINDS, Lines, rows};
use serde_json::{Value, json};

/// The ending of contracts in prose.
pub(super) const MARKDOWN: &str = "md";

/// Answers it.
pub(super) fn answer(told: &Told<'_>, asked: &Asked) -> Result<Exit, Report> {
    for kind in &asked.only {
        if kind != "none" && !KINDS.contains(&kind.as_str()) {
            let report = Report::new(802, format!("'{kind}' is no kind of facts"));
            return Err(report.hint(format!("the kinds are {}, and none", KINDS.join(", "))));
        }
    }
    let paths = find(told, &asked.paths, |path| path.extension().is_some_and(|it| it == MARKDOWN))?;
    let mut documents = Vec::new();
    let mut found: Vec<Finding> = Vec::new();
    let mut counts = [0usize; 3];
    for path in &paths {
        let source = read(path)?;
        let facts = prose::read(&source.name, &source.bytes);
        let text = std::str::from_utf8(&source.bytes).unwrap_or_default();
        let fields: usize = facts.records.iter().map(|it| it.fields.len()).sum();
        for (count, more) in counts.iter_mut().zip([facts.operators.len(), fields, facts.hashes.len()]) {
            *count += more;
        }
        if told.json() {
            documents.push(document(&facts, text, &asked.only));
        } else {
            lines(told, &facts, text, &asked.only);
        }
        found.extend(facts.findings);
    }
    gx_spec::said::sort(&mut found);
    if told.json() {
        let status = findings::status(&found);
        let list: Vec<Value> = found.iter().map(findings::document).collect();
        told.document(&json!({"status": status, "documents": documents, "findings": list}));
    } else {
        findings::tell_all(told, &found);
        let [operators, fields, hashes] = counts;
        told.say(format!(
            "{} documents: {operators} operators, {fields} fields, {hashes} hashes; {}\n",
            paths.len(),
            findings::summary(&found)
        ));
    }
    Ok(findings::exit(&found))
}

fn suits(only: &[String], kind: &str) -> bool {
    only.is_empty() || only.iter().any(|it| it == kind)
}

fn lines(told: &Told<'_>, facts: &Facts, text: &str, only: &[String]) {
    let places = Lines::new(text);
    for row in rows(facts).iter().filter(|row| suits(only, row.kind)) {
        let (line, column) = places.position(row.span.start);
        let value = if row.value.is_empty() { String::new() } else { format!(" | {}", row.value) };
        told.say(format!("{}:{line}:{column} {} {}{value}\n", facts.file, row.kind, row.name));
    }
}

fn document(facts: &Facts, text: &str, only: &[String]) -> Value {
    let places = Lines::new(text);
    let one = |row: &gx_spec::said::Row| {
        let ((line, column), (end_line, end_column)) = (places.position(row.span.start), places.position(row.span.end));
        json!({
            "kind": row.kind,
            "name": row.name,
            "value": row.value,
            "line": line,
            "column": column,
            "end_line": end_line,
            "end_column": end_column,
            "start": row.span.start,
            "end": row.span.end,
        })
    };
    json!({
        "file": facts.file,
        "identity": facts.identity.as_ref().map(|it| &it.value),
        "version": facts.version.as_ref().map(|it| &it.value),
        "layer": facts.layer,
        "facts": rows(facts).iter().filter(|row| suits(only, row.kind)).map(one).collect::<Vec<_>>(),
    })
}
