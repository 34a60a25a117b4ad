//! `gx spec coverage`, `residue`, `preimages`, `close`, `resolve` and `errors`: questions about folders of documents.
//!
//! It does not know how a question is answered.

use super::facts::MARKDOWN;
use super::{Told, find, findings, read};
use crate::error::Report;
use crate::exit::Exit;
use crate::flags_spec::Documents;
use gx_spec::corpus::{Document, Question, answer};
use gx_spec::prose;
use gx_spec::said::Facts;
use serde_json::{Map, Value, json};

/// Answers it.
pub(super) fn ask(told: &Told<'_>, question: Question, asked: &Documents) -> Result<Exit, Report> {
    let paths = find(told, &asked.paths, |path| path.extension().is_some_and(|it| it == MARKDOWN))?;
    let mut texts: Vec<(Facts, String)> = Vec::new();
    for path in &paths {
        let source = read(path)?;
        let facts = prose::read(&source.name, &source.bytes);
        texts.push((facts, String::from_utf8(source.bytes).unwrap_or_default()));
    }
    let documents: Vec<Document<'_>> = texts.iter().map(|(facts, text)| Document::new(facts, text)).collect();
    let found = answer(question, &documents);
    if told.json() {
        let row = |it: &gx_spec::corpus::Row| json!({"file": it.file, "line": it.line, "column": it.column, "name": it.name, "value": it.value});
        let counts: Map<String, Value> = found.counts.iter().map(|(what, n)| ((*what).to_owned(), json!(n))).collect();
        told.document(&json!({
            "status": findings::status(&found.findings),
            "counts": counts,
            "rows": found.rows.iter().map(row).collect::<Vec<_>>(),
            "findings": found.findings.iter().map(findings::document).collect::<Vec<_>>(),
        }));
    } else {
        for row in &found.rows {
            told.say(format!("{}:{}:{} {} | {}\n", row.file, row.line, row.column, row.name, row.value));
        }
        findings::tell_all(told, &found.findings);
        let counts: Vec<String> = found.counts.iter().map(|(what, n)| format!("{n} {what}")).collect();
        told.say(format!("{}; {}\n", counts.join(", "), findings::summary(&found.findings)));
    }
    Ok(findings::exit(&found.findings))
}
