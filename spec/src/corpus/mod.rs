//! Many documents at once: what they cover, what is left unread, and where they do not go together.
//!
//! Each question is a function of all documents, given in any order. Invariants: an answer has a row for everything
//! that it looked at and a finding for everything that is wrong, sorted; equal documents give equal bytes. This folder
//! reads no files.

mod closure;
mod conflicts;
mod cover;
mod references;

use crate::said::{Facts, Finding, Kind, Lines, Other, sort};
use crate::syntax::Span;

/// A document that was read.
#[derive(Debug)]
pub struct Document<'a> {
    /// What it says.
    pub facts: &'a Facts,
    /// Its text.
    pub text: &'a str,
    lines: Lines<'a>,
}

/// Something that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    /// The document.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// What it is.
    pub name: String,
    /// What is said of it.
    pub value: String,
}

/// What a question has for an answer.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// What was looked at, sorted by place.
    pub rows: Vec<Row>,
    /// What was counted.
    pub counts: Vec<(&'static str, usize)>,
    /// What is wrong, sorted.
    pub findings: Vec<Finding>,
}

/// A question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// Is every document read, or is there a reason why it need not be?
    Coverage,
    /// What looks like a fact and could not be read, and which types are said nowhere?
    Residue,
    /// Which hashes are there, and do all documents make them of the same?
    Preimages,
    /// What is left open?
    Closure,
    /// Does every name lead somewhere?
    References,
    /// Which errors are there, and do all documents say the same of them?
    Errors,
}

impl<'a> Document<'a> {
    /// A document and its text.
    pub fn new(facts: &'a Facts, text: &'a str) -> Document<'a> {
        Document { facts, text, lines: Lines::new(text) }
    }

    fn row(&self, span: Span, name: impl Into<String>, value: impl Into<String>) -> Row {
        let (line, column) = self.lines.position(span.start);
        Row { file: self.facts.file.clone(), line, column, name: name.into(), value: value.into() }
    }

    fn finding(&self, kind: Kind, span: Span, subject: &str, message: impl Into<String>, hint: &str) -> Finding {
        // The place is made out with the lines that are known: a finding would count them anew each time.
        let mut finding = Finding::new(kind, &self.facts.file, "", span, message).about(subject).hint(hint);
        (finding.line, finding.column) = self.lines.position(span.start);
        finding
    }

    fn other(&self, mut finding: Finding, span: Span, words: &str) -> Finding {
        let (line, column) = self.lines.position(span.start);
        finding.other = Some(Other { file: self.facts.file.clone(), line, column, words: words.to_owned() });
        finding
    }
}

/// Answers a question over documents.
pub fn answer(question: Question, documents: &[Document<'_>]) -> Answer {
    let mut sorted: Vec<&Document<'_>> = documents.iter().collect();
    sorted.sort_by(|a, b| a.facts.file.cmp(&b.facts.file));
    let mut answer = match question {
        Question::Coverage => cover::coverage(&sorted),
        Question::Residue => cover::residue(&sorted),
        Question::Preimages => conflicts::preimages(&sorted),
        Question::Errors => conflicts::errors(&sorted),
        Question::Closure => closure::closure(&sorted),
        Question::References => references::references(&sorted),
    };
    answer.rows.sort();
    sort(&mut answer.findings);
    answer.findings.dedup();
    answer
}

/// An operator's name without its version: `A.B.Run_v1` is `A.B.Run`.
fn unversioned(name: &str) -> &str {
    let cut = name.rfind("_v").filter(|at| {
        let digits = name.get(at + 2..).unwrap_or_default();
        !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
    });
    cut.and_then(|at| name.get(..at)).unwrap_or(name)
}
