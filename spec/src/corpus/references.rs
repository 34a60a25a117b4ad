//! Do names lead somewhere: entries of manifests, external operators, rows of registries, calls in procedures, links.
//!
//! Invariant: an entry of a template need not resolve; it is listed as such. This file does not know errors and hashes.

use super::{Answer, Document, unversioned};
use crate::said::{Kind, Operator, Param, Said};
use crate::syntax::Span;
use std::collections::{BTreeMap, BTreeSet};

/// Where each operator is defined.
type Known<'d> = BTreeMap<&'d str, Vec<(&'d Document<'d>, &'d Operator)>>;

/// Answers it.
pub(super) fn references(documents: &[&Document<'_>]) -> Answer {
    let mut answer = Answer::default();
    let mut known: Known<'_> = BTreeMap::new();
    for document in documents {
        for operator in &document.facts.operators {
            known.entry(unversioned(&operator.name.value)).or_default().push((document, operator));
        }
    }
    conflicts(&known, &mut answer);
    let paths: BTreeSet<&str> = documents.iter().map(|it| it.facts.file.as_str()).collect();
    let mut counts = Counts::default();
    for document in documents {
        let outside: BTreeSet<&str> = document.facts.externals.iter().map(|it| unversioned(&it.name.value)).collect();
        manifests(document, &known, &outside, &mut counts, &mut answer);
        externals(document, &known, &mut answer);
        registries(document, &known, &mut counts, &mut answer);
        steps(document, &known, &outside, &mut answer);
        for link in document.facts.links.iter().filter(|it| !leads(&paths, &document.facts.file, &it.value)) {
            let message = format!("no document is '{}'", link.value);
            let hint = "correct the path, or give the folder that has it too";
            answer.findings.push(document.finding(Kind::CorpusLink, link.span, &link.value, message, hint));
        }
    }
    answer.counts = vec![
        ("operators", known.values().map(Vec::len).sum()),
        ("names", known.len()),
        ("entries", counts.entries),
        ("entries of templates that nothing defines", counts.templates),
        ("rows of registries", counts.rows),
    ];
    answer
}

#[derive(Default)]
struct Counts {
    entries: usize,
    templates: usize,
    rows: usize,
}

/// Operators that two places define differently.
fn conflicts(known: &Known<'_>, answer: &mut Answer) {
    type Side = Vec<(String, bool)>;
    let side = |all: &[Param]| -> Side { all.iter().map(|it| (it.name.value.clone(), it.optional)).collect() };
    let shape = |it: &Operator| {
        let sides = it.signature.as_ref().map(|it| (side(&it.inputs), side(&it.outputs)));
        (sides, it.purity.as_ref().map(|it| it.value.clone()))
    };
    for (name, all) in known {
        let Some(((first, before), others)) = all.split_first() else { continue };
        for (document, operator) in others {
            let same = shape(before) == shape(operator);
            let value = if same { "defined again, alike" } else { "defined again, differently" };
            answer.rows.push(document.row(operator.name.span, *name, value));
            if !same {
                let message = format!("'{name}' has another signature or purity than where it was defined first");
                let hint = "keep one definition, and refer to it by `External operator reference:`";
                let finding = document.finding(Kind::CorpusOperator, operator.name.span, name, message, hint);
                answer.findings.push(first.other(finding, before.name.span, "the first of them"));
            }
        }
    }
}

fn unresolved(document: &Document<'_>, said: &Said<String>, message: String) -> crate::said::Finding {
    let hint = "define it, or say `External operator reference:` with its document";
    document.finding(Kind::CorpusUnresolved, said.span, &said.value, message, hint)
}

fn manifests(
    document: &Document<'_>,
    known: &Known<'_>,
    outside: &BTreeSet<&str>,
    counts: &mut Counts,
    answer: &mut Answer,
) {
    for entry in &document.facts.manifest {
        counts.entries += 1;
        let name = unversioned(&entry.name.value);
        if known.contains_key(name) || outside.contains(name) {
            continue;
        }
        if entry.template {
            counts.templates += 1;
            answer.rows.push(document.row(entry.name.span, &*entry.name.value, "template-only, defined nowhere"));
        } else {
            let message = format!("the manifest names '{}', which no document defines", entry.name.value);
            answer.findings.push(unresolved(document, &entry.name, message));
        }
    }
}

/// An operator of another document has to be there, when that document is.
fn externals(document: &Document<'_>, known: &Known<'_>, answer: &mut Answer) {
    for external in &document.facts.externals {
        let name = unversioned(&external.name.value);
        let value = external.document.as_ref().map_or("", |it| it.value.as_str());
        answer.rows.push(document.row(external.name.span, &*external.name.value, format!("external {value}")));
        if !known.contains_key(name) {
            let message =
                format!("'{}' is said to be defined elsewhere, and no document defines it", external.name.value);
            answer.findings.push(unresolved(document, &external.name, message));
        }
    }
}

/// Rows of tables that are registries: with a signature's digest for each operator.
fn registries(document: &Document<'_>, known: &Known<'_>, counts: &mut Counts, answer: &mut Answer) {
    for table in &document.facts.tables {
        let name = table.column(&["operator", "operator_id", "name"]);
        let (Some(name), Some(_)) = (name, table.column(&["signature_digest"])) else { continue };
        for cell in table.rows.iter().filter_map(|row| row.get(name)) {
            counts.rows += 1;
            if !known.contains_key(unversioned(&cell.value)) {
                let message = format!("the registry has '{}', which no document defines", cell.value);
                answer.findings.push(unresolved(document, cell, message));
            }
        }
    }
}

/// Calls in the steps of procedures.
fn steps(document: &Document<'_>, known: &Known<'_>, outside: &BTreeSet<&str>, answer: &mut Answer) {
    for step in &document.facts.steps {
        let text = step.text.value.as_str();
        let mut at = 0;
        for token in text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.'))) {
            let start = at;
            at += token.len() + text.get(at + token.len()..).and_then(|it| it.chars().next()).map_or(0, char::len_utf8);
            let name = token.trim_end_matches('.');
            let pascal = |part: &str| part.starts_with(|c: char| c.is_ascii_uppercase()) && part.len() > 1;
            // A name of a record's field has a part in small letters.
            let operator = name.split('.').count() >= 3 && name.split('.').all(pascal);
            if operator && !known.contains_key(unversioned(name)) && !outside.contains(unversioned(name)) {
                let from = step.text.span.start + start as u32;
                let said = Said::new(name.to_owned(), Span::new(from, from + name.len() as u32));
                let message = format!("step {} calls '{name}', which no document defines", step.number);
                answer.findings.push(unresolved(document, &said, message));
            }
        }
    }
}

/// Does a link lead to one of the documents? It is read from the document's folder, or from any folder above.
fn leads(paths: &BTreeSet<&str>, from: &str, link: &str) -> bool {
    let mut wanted: Vec<&str> = Vec::new();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                wanted.pop();
            }
            part => wanted.push(part),
        }
    }
    let plain = wanted.join("/");
    let folder = from.rsplit_once('/').map_or("", |it| it.0);
    let beside = if folder.is_empty() { plain.clone() } else { format!("{folder}/{plain}") };
    paths.contains(beside.as_str()) || paths.iter().any(|path| *path == plain || path.ends_with(&format!("/{plain}")))
}
