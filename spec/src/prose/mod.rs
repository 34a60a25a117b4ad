//! Contracts in prose: a Markdown document to facts, each with its place.
//!
//! `outline` finds the structure, `sections` the headings, `operators` the blocks, `lists` fields in bullets, `tables`,
//! `fences` and `hashes` the rest; `field` and `scan` read what stands in backticks. Invariants: sections are found by
//! title, never by number or order; a document is read to its end whatever stands in it; what looks like a fact and
//! cannot be read is a finding. This folder does not know the IR.

mod agree;
mod export;
mod fences;
mod field;
mod hashes;
mod header;
mod lists;
mod numbers;
mod operators;
mod outline;
mod scan;
mod sections;
mod signature;
mod tables;

pub use export::{to_markdown, to_prose};

use crate::said::{Facts, Finding, Kind, Said, sort};
use crate::syntax::{MAX_TEXT, Span};
use outline::{Line, Outline, Unit};

/// Findings that are told of one document.
const MAX_FINDINGS: usize = 1000;

/// A document while it is read.
struct Reader<'s> {
    source: &'s str,
    units: Vec<Unit>,
    facts: Facts,
    /// For each unit the section that it stands in.
    homes: Vec<usize>,
}

/// Reads a document. `file` is what messages call it; a folder in it may name the layer.
pub fn read(file: &str, bytes: &[u8]) -> Facts {
    let mut facts = Facts { file: file.to_owned(), layer: layer_of(file), ..Facts::default() };
    let source = match std::str::from_utf8(bytes) {
        Ok(_) if bytes.len() > MAX_TEXT => {
            let message = format!("the document has {} bytes, at most {MAX_TEXT}", bytes.len());
            facts.findings.push(Finding::new(Kind::NotText, file, "", Span::default(), message).hint("split it"));
            return facts;
        }
        Ok(source) => source,
        Err(error) => {
            let at = error.valid_up_to();
            let sound = bytes.get(..at).and_then(|it| std::str::from_utf8(it).ok()).unwrap_or_default();
            let place = Span::new(at.min(MAX_TEXT) as u32, at.min(MAX_TEXT) as u32);
            let message = format!("the document is not UTF-8: byte {at} belongs to no character");
            facts.findings.push(Finding::new(Kind::NotText, file, sound, place, message).hint("save it as UTF-8"));
            return facts;
        }
    };
    // A mark of the byte order is no text; places stay what they are.
    let Outline { units, links } = outline::outline(source);
    for (target, span) in links {
        let target = target.split('#').next().unwrap_or_default().to_owned();
        if target.ends_with(".md") && !target.contains("://") {
            facts.links.push(Said::new(target, span));
        }
    }
    let mut reader = Reader { source, units, facts, homes: Vec::new() };
    reader.sections();
    reader.header();
    reader.operators();
    reader.manifests();
    reader.spoken_codes();
    reader.lists();
    reader.tables();
    reader.fences();
    reader.preimages();
    reader.references();
    reader.numbers();
    reader.agree();
    let mut facts = reader.facts;
    facts.findings.sort_by_key(|it| (it.span, it.kind, it.message.clone()));
    facts.findings.dedup_by_key(|it| (it.span, it.kind, it.message.clone()));
    facts.findings.truncate(MAX_FINDINGS);
    sort(&mut facts.findings);
    facts
}

/// The type that a text says, in any spelling that documents have.
pub fn type_of(text: &str) -> Option<crate::said::FieldType> {
    let end = u32::try_from(text.len()).ok()?;
    field::whole_type(text, Span::new(0, end))
}

/// The layer that a path names: `layer2-specs`, `L2-specs`.
fn layer_of(file: &str) -> Option<u8> {
    file.rsplit(['/', '\\']).skip(1).find_map(|part| {
        let lower = part.to_ascii_lowercase();
        let rest = lower.strip_prefix("layer").or_else(|| lower.strip_prefix('l'))?;
        let mut chars = rest.trim_start_matches(['-', '_']).chars();
        let digit = chars.next()?.to_digit(10).filter(|it| (1..=4).contains(it))?;
        (!chars.next().is_some_and(|c| c.is_alphanumeric())).then_some(digit as u8)
    })
}

impl<'s> Reader<'s> {
    fn finding(&mut self, kind: Kind, span: Span, subject: &str, message: impl Into<String>, hint: &str) {
        // Places are made out once for each; a document of nothing but faults must not take for ever.
        if self.facts.findings.len() < MAX_FINDINGS {
            let finding = Finding::new(kind, &self.facts.file, self.source, span, message);
            self.facts.findings.push(finding.about(subject).hint(hint));
        }
    }

    fn text(&self, span: Span) -> &'s str {
        span.text(self.source)
    }

    fn line(&self, at: usize) -> Option<&Line> {
        match self.units.get(at) {
            Some(Unit::Line(line)) => Some(line),
            _ => None,
        }
    }

    /// The label of a line and its value: `**Label:** value`, `**Label**: value`, `Label: value`.
    fn label(&self, line: &Line) -> Option<(Said<String>, Span)> {
        let bold = line.bold.filter(|bold| bold.start == line.span.start)?;
        let inner = self.text(bold).trim_matches(['*', '_']).trim();
        let rest = Span::new(bold.end, line.span.end.max(bold.end));
        let (name, rest) = match inner.strip_suffix([':', '：']) {
            Some(name) => (name.trim_end(), rest),
            None => {
                let text = self.text(rest);
                let colon = text.trim_start().strip_prefix([':', '：'])?;
                (inner, Span::new(rest.end - colon.len() as u32, rest.end))
            }
        };
        let name = name.trim_matches('`');
        (!name.is_empty()).then(|| (Said::new(name.to_owned(), bold), scan::trimmed(self.source, rest)))
    }

    /// Is this the name of an operator: words joined by dots?
    fn is_operator(name: &str) -> bool {
        let mut parts = name.split('.');
        let word = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_alphabetic())
                && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        parts.all(word) && name.len() <= 256
    }

    /// Links in backticks: `docs/x.md`.
    fn references(&mut self) {
        let mut found = Vec::new();
        for unit in &self.units {
            let Unit::Line(line) = unit else { continue };
            for code in &line.codes {
                let text = code.inner.text(self.source).split('#').next().unwrap_or_default();
                if text.ends_with(".md") && text.len() > 3 && !text.contains([' ', '*', '<']) && !text.contains("://") {
                    found.push(Said::new(text.to_owned(), code.inner));
                }
            }
        }
        self.facts.links.append(&mut found);
        self.facts.links.sort_by_key(|it| it.span);
    }
}
