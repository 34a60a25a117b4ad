//! What documents leave open: words that leave a choice where a section binds, and operators that do not say what
//! happens at an edge, at a tie, or when they fail.
//!
//! It does not know what an operator does.

use super::{Answer, Document};
use crate::facts::choices;
use crate::said::{Kind, Norm, Operator};
use crate::syntax::Span;

/// What every operator answers, and the labels that answer it.
const ASKED: [(&str, &[&str]); 3] = [
    ("at an edge", &["Edge cases", "Edge case", "Preconditions / Postconditions"]),
    ("at a tie", &["Ordering/tie handling", "Ordering / tie handling", "Ordering"]),
    ("when it fails", &["Failure behavior", "Failure behaviour", "allowed_error_codes", "allowed error codes"]),
];

/// Lists it.
pub(super) fn closure(documents: &[&Document<'_>]) -> Answer {
    let mut answer = Answer::default();
    let (mut words, mut open) = (0, 0);
    for document in documents {
        for section in document.facts.sections.iter().filter(|it| it.norm == Norm::Normative) {
            let mut at = section.span.start;
            for line in section.span.text(document.text).split_inclusive('\n') {
                for (offset, word) in choices(line) {
                    words += 1;
                    let span = Span::new(at + offset as u32, at + (offset + word.len()) as u32);
                    let message = format!("'{word}' leaves a choice in a section that binds");
                    let hint = "say what happens and when, or mark the section (Informative)";
                    let title = section.title.value.as_str();
                    answer.findings.push(document.finding(Kind::CorpusChoice, span, title, message, hint));
                    answer.rows.push(document.row(span, word, line.split_whitespace().collect::<Vec<_>>().join(" ")));
                }
                at += line.len() as u32;
            }
        }
        // Where a document says what omitted lines mean, operators need not repeat it.
        let lower = document.text.to_ascii_lowercase();
        if lower.contains("template conformance note") || lower.contains("inherit section-level defaults") {
            continue;
        }
        for operator in &document.facts.operators {
            let missing = unanswered(operator);
            if !missing.is_empty() {
                open += 1;
                let message = format!("it does not say what happens {}", missing.join(", "));
                let hint = "add the lines, with `N/A.` where there is nothing to say";
                let name = &operator.name;
                answer.findings.push(document.finding(Kind::CorpusOpen, name.span, &name.value, message, hint));
            }
        }
    }
    let operators = documents.iter().map(|it| it.facts.operators.len()).sum();
    answer.counts = vec![("words", words), ("operators", operators), ("open operators", open)];
    answer
}

fn unanswered(operator: &Operator) -> Vec<&'static str> {
    let says = |labels: &[&str]| labels.iter().any(|it| operator.clause(it).is_some());
    ASKED.iter().filter(|(_, labels)| !says(labels)).map(|(what, _)| *what).collect()
}
