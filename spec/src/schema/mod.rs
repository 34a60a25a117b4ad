//! JSON Schema (2020-12), in and out.
//!
//! `export` writes a contract as a schema with an `x_gx` block, `own` reads such a schema back as the same contract and
//! tells what was edited in it, `meta` says what such a schema is made of, `foreign` takes over schemas of others as
//! far as the types of the language go. Invariant: any bytes end in a text of the language or in findings. This folder
//! does not read files.

mod export;
mod foreign;
pub mod meta;
mod own;
mod reader;

pub use export::{json_schema_text, to_json_schema};
pub use own::edited;
pub use reader::{JsonError, Member, Node, NodeKind, read_json};

use crate::said::{Facts, Finding, Kind, Lowered, lower, sort};
use crate::syntax::Span;

/// A schema that was read.
#[derive(Debug)]
pub struct Imported {
    /// The text of the language that it became, with the places that it came of.
    pub lowered: Lowered,
    /// The document, when it is one of ours: what the contract must say again.
    pub own: Option<Node>,
    /// What it says, when it is of somebody else.
    pub facts: Facts,
}

/// Reads a schema.
pub fn import(file: &str, bytes: &[u8]) -> Imported {
    let mut facts = Facts { file: file.to_owned(), ..Facts::default() };
    let none = |facts: Facts, finding: Finding| {
        let mut lowered = Lowered::default();
        lowered.findings.push(finding);
        Imported { lowered, own: None, facts }
    };
    let source = match std::str::from_utf8(bytes) {
        Ok(source) => source,
        Err(error) => {
            let at = error.valid_up_to().min(crate::syntax::MAX_TEXT);
            let sound = bytes.get(..at).and_then(|it| std::str::from_utf8(it).ok()).unwrap_or_default();
            let message = format!("the document is not UTF-8: byte {at} belongs to no character");
            let place = Span::new(at as u32, at as u32);
            return none(facts, Finding::new(Kind::NotText, file, sound, place, message).hint("save it as UTF-8"));
        }
    };
    let (node, twice) = match read_json(source) {
        Ok(read) => read,
        Err(error) => {
            // A document that is too large is not searched for the line.
            let text = if source.len() > crate::syntax::MAX_TEXT { "" } else { source };
            return none(facts, Finding::new(Kind::SchemaForm, file, text, error.span, error.message).hint(error.hint));
        }
    };
    let mut findings: Vec<Finding> = Vec::new();
    for (span, key) in twice.into_iter().take(100) {
        let message = format!("the key '{key}' stands twice in one object");
        let finding = Finding::new(Kind::Twice, file, source, span, message).about(key);
        findings.push(finding.hint("keep one of them; programs differ in which they take"));
    }
    let mut imported = match node.get("x_gx").filter(|it| it.get("block_version").is_some()) {
        Some(_) => {
            let mut lowered = own::text(file, source, &node);
            lowered.findings.extend(meta::check(file, source, &node));
            Imported { lowered, own: Some(node), facts }
        }
        None => {
            foreign::facts(&mut facts, source, &node);
            let mut lowered = lower(&facts, source);
            lowered.findings.append(&mut facts.findings);
            Imported { lowered, own: None, facts }
        }
    };
    imported.lowered.findings.append(&mut findings);
    sort(&mut imported.lowered.findings);
    imported
}
