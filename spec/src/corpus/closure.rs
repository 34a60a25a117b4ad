//! What documents leave open: words that leave a choice where a section binds, and operators that do not say what
//! happens at an edge, at a tie, or when they fail; and rules for numbers that two documents state differently.
//!
//! It does not know what an operator does.

use super::{Answer, Document};
use crate::facts::choices;
use crate::said::number::{ABSOLUTE, NumberRule, RELATIVE, ROUNDING};
use crate::said::{Kind, Norm, Operator};
use crate::syntax::Span;
use std::collections::{BTreeMap, BTreeSet};

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
    let (rules, conflicts) = numbers(documents, &mut answer);
    answer.counts = vec![
        ("words", words),
        ("operators", operators),
        ("open operators", open),
        ("rules for numbers", rules),
        ("conflicting rules", conflicts),
    ];
    answer
}

fn unanswered(operator: &Operator) -> Vec<&'static str> {
    let says = |labels: &[&str]| labels.iter().any(|it| operator.clause(it).is_some());
    ASKED.iter().filter(|(_, labels)| !says(labels)).map(|(what, _)| *what).collect()
}

/// Rules for numbers that hold for a whole document: one topic has one value in all of them.
fn numbers(documents: &[&Document<'_>], answer: &mut Answer) -> (usize, usize) {
    let errors: BTreeSet<&str> =
        documents.iter().flat_map(|it| &it.facts.errors).map(|it| it.name.value.as_str()).collect();
    let mut known: BTreeMap<&str, Vec<(&Document<'_>, &NumberRule)>> = BTreeMap::new();
    let mut rules = 0;
    for document in documents {
        for rule in &document.facts.numbers {
            let topic = rule.topic.value.as_str();
            // Numbers of errors are those of tables; one operator is no rule for another.
            let own = rule.operator.is_some() && matches!(topic, ROUNDING | ABSOLUTE | RELATIVE);
            if own || errors.contains(topic) {
                continue;
            }
            rules += 1;
            answer.rows.push(document.row(rule.topic.span, topic, &*rule.value));
            known.entry(topic).or_default().push((document, rule));
        }
    }
    let mut conflicts = 0;
    for (topic, all) in known {
        // A document that names several ways allows each of them.
        let ways = |file: &str| -> BTreeSet<&str> {
            all.iter().filter(|it| topic == ROUNDING && it.0.facts.file == file).map(|it| it.1.value.as_str()).collect()
        };
        let Some((first, before)) = all.first() else { continue };
        let allowed = ways(&first.facts.file);
        let mut differs = false;
        for (document, rule) in &all {
            let shared = !allowed.is_disjoint(&ways(&document.facts.file));
            if rule.value == before.value || shared {
                continue;
            }
            differs = true;
            let message = format!("'{topic}' is {} here, and {} there", rule.value, before.value);
            let hint = "keep one rule, in one document, and refer to it";
            let finding = document.finding(Kind::CorpusNumber, rule.topic.span, topic, message, hint);
            answer.findings.push(first.other(finding, before.topic.span, "the first of them"));
        }
        conflicts += usize::from(differs);
    }
    (rules, conflicts)
}
