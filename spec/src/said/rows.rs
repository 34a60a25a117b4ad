//! Facts as rows, one for each: what people and programs are shown, and what tests compare.
//!
//! Invariants: rows are in the order of the document; every fact that is read has one. This file does not know where
//! facts come from.

use super::{Facts, Param};
use crate::syntax::Span;

/// A fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What it is: `operator`, `field`, `hash`...
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// What is said of it.
    pub value: String,
    /// Where.
    pub span: Span,
}

/// The kinds of rows.
pub const KINDS: [&str; 20] = [
    "title",
    "identity",
    "version",
    "header",
    "section",
    "operator",
    "signature",
    "clause",
    "manifest",
    "external",
    "record",
    "field",
    "type",
    "error",
    "hash",
    "default",
    "number",
    "row",
    "link",
    "step",
];

/// Every fact, in the order of the document.
pub fn rows(facts: &Facts) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut row = |kind: &'static str, name: &str, value: String, span: Span| {
        rows.push(Row { kind, name: name.to_owned(), value, span });
    };
    for (kind, said) in [("title", &facts.title), ("identity", &facts.identity), ("version", &facts.version)] {
        if let Some(said) = said {
            row(kind, &said.value, String::new(), said.span);
        }
    }
    for field in &facts.header {
        row("header", &field.name.value, field.value.value.clone(), field.name.span);
    }
    for section in &facts.sections {
        let number = section.number.as_ref().map(|it| format!("{it} ")).unwrap_or_default();
        row("section", &section.title.value, format!("{number}{}", section.norm.name()), section.title.span);
    }
    for operator in &facts.operators {
        row("operator", &operator.name.value, about(operator), operator.name.span);
        if let Some(signature) = &operator.signature {
            let shown = format!("({} -> {})", params(&signature.inputs), params(&signature.outputs));
            row("signature", &operator.name.value, shown, signature.span);
        }
        for clause in &operator.clauses {
            let value = clause.value.value.split_whitespace().collect::<Vec<_>>().join(" ");
            row("clause", &format!("{}: {}", operator.name.value, clause.label.value), value, clause.label.span);
        }
    }
    for entry in &facts.manifest {
        let value = if entry.template { "template-only" } else { "" };
        row("manifest", &entry.name.value, value.to_owned(), entry.name.span);
    }
    for it in &facts.externals {
        let document = it.document.as_ref().map(|it| it.value.clone()).unwrap_or_default();
        row("external", &it.name.value, document, it.name.span);
    }
    declared(facts, &mut row);
    for table in facts.tables.iter().filter(|it| !it.understood) {
        for cells in &table.rows {
            let Some(first) = cells.first() else { continue };
            let shown =
                table.columns.iter().zip(cells).map(|(column, cell)| format!("{}={}", column.value, cell.value));
            row("row", &first.value, shown.collect::<Vec<_>>().join("; "), first.span);
        }
    }
    for link in &facts.links {
        row("link", &link.value, String::new(), link.span);
    }
    for step in &facts.steps {
        row("step", &step.number, step.text.value.clone(), step.text.span);
    }
    rows.sort_by_key(|row| (row.span.start, KINDS.iter().position(|kind| *kind == row.kind)));
    rows
}

/// Records, types, errors, hashes, defaults and rules for numbers.
fn declared(facts: &Facts, row: &mut impl FnMut(&'static str, &str, String, Span)) {
    for record in &facts.records {
        let closed = if record.closed { "closed" } else { "" };
        row("record", &record.name.value, closed.to_owned(), record.span);
        for field in &record.fields {
            let shown = field.to_string();
            let value = shown.split_once(": ").map_or("", |it| it.1).to_owned();
            let mark = if field.optional { "?" } else { "" };
            row("field", &format!("{}.{}{mark}", record.name.value, field.name.value), value, field.span);
        }
    }
    for named in &facts.types {
        row("type", &named.name.value, named.ty.to_string(), named.name.span);
    }
    for error in &facts.errors {
        let parts = [
            error.number.as_ref().map(|it| it.value.to_string()),
            error.severity.as_ref().map(|it| it.value.clone()),
            error.category.as_ref().map(|it| it.value.clone()),
            error.retry.as_ref().map(|it| format!("retry {}", if it.value { "yes" } else { "no" })),
            error.message.as_ref().map(|it| format!("{:?}", it.value)),
        ];
        row("error", &error.name.value, parts.into_iter().flatten().collect::<Vec<_>>().join(" "), error.span);
    }
    for hash in &facts.hashes {
        row("hash", &hash.name.value, hash.preimage(), hash.span);
    }
    for default in &facts.defaults {
        row("default", &default.path.value, default.value.value.clone(), default.path.span);
    }
    for rule in &facts.numbers {
        let name = rule.operator.as_ref().map_or(String::new(), |it| format!("{it}: "));
        row("number", &format!("{name}{}", rule.topic.value), rule.value.clone(), rule.topic.span);
    }
}

fn params(params: &[Param]) -> String {
    let one = |param: &Param| {
        let mark = if param.successor { "'" } else { "" };
        let optional = if param.optional { "?" } else { "" };
        match &param.ty {
            super::FieldType::Unsaid => format!("{}{mark}{optional}", param.name.value),
            ty => format!("{}{mark}{optional}: {ty}", param.name.value),
        }
    };
    if params.is_empty() { "()".to_owned() } else { params.iter().map(one).collect::<Vec<_>>().join(", ") }
}

fn about(operator: &super::Operator) -> String {
    let mut parts: Vec<String> = Vec::new();
    let said = [&operator.purity, &operator.determinism, &operator.category];
    parts.extend(said.into_iter().flatten().map(|it| it.value.clone()));
    if let Some(errors) = &operator.errors {
        let names: Vec<&str> = errors.iter().map(|it| it.value.as_str()).collect();
        parts.push(format!("raises [{}]", names.join(", ")));
    }
    if !operator.dependencies.is_empty() {
        let names: Vec<&str> = operator.dependencies.iter().map(|it| it.value.as_str()).collect();
        parts.push(format!("uses [{}]", names.join(", ")));
    }
    parts.extend(operator.remark.as_ref().map(|it| format!("({it})")));
    parts.join(" ")
}

/// Lines of a text, for places of many facts.
#[derive(Debug)]
pub struct Lines<'s> {
    source: &'s str,
    starts: Vec<u32>,
}

impl<'s> Lines<'s> {
    /// Of a text.
    pub fn new(source: &'s str) -> Lines<'s> {
        let behind = source.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at as u32 + 1);
        Lines { source, starts: std::iter::once(0).chain(behind).collect() }
    }

    /// Line and column of a byte, both from 1; columns count characters.
    pub fn position(&self, at: u32) -> (u32, u32) {
        let line = self.starts.partition_point(|start| *start <= at).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or_default();
        let before = self.source.get(start as usize..at as usize).unwrap_or_default();
        (line as u32, before.chars().count() as u32 + 1)
    }
}
