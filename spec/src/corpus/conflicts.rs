//! Hashes and errors of all documents, and where two documents say different things of one.
//!
//! It does not know what else documents say.

use super::{Answer, Document};
use crate::said::{ErrorRow, HashClass, HashFact, Kind, Said};
use crate::syntax::Span;
use std::collections::{BTreeMap, BTreeSet};

/// All hashes by name; names with more than one preimage are findings.
pub(super) fn preimages(documents: &[&Document<'_>]) -> Answer {
    let mut answer = Answer::default();
    let mut known: BTreeMap<&str, Vec<(&Document<'_>, &HashFact)>> = BTreeMap::new();
    for document in documents {
        for hash in &document.facts.hashes {
            answer.rows.push(document.row(hash.span, &*hash.name.value, hash.preimage()));
            known.entry(&hash.name.value).or_default().push((document, hash));
        }
    }
    let mut conflicts = 0;
    for (name, all) in &known {
        let mut seen: BTreeSet<String> = BTreeSet::new();
        for (document, hash) in all {
            let preimage = hash.preimage();
            let Some((first, before)) = all.first().filter(|_| !seen.is_empty() && !seen.contains(&preimage)) else {
                seen.insert(preimage);
                continue;
            };
            let message = format!("'{name}' is {preimage} here, and {} there", before.preimage());
            let hint = "keep the one that holds, and refer to it from the other document";
            let finding = document.finding(Kind::CorpusPreimage, hash.name.span, name, message, hint);
            answer.findings.push(first.other(finding, before.name.span, "the first of them"));
            seen.insert(preimage);
        }
        conflicts += usize::from(seen.len() > 1);
    }
    let commits = |it: &&(&Document<'_>, &HashFact)| matches!(it.1.class, HashClass::Commit(_));
    answer.counts = vec![
        ("definitions", answer.rows.len()),
        ("names", known.len()),
        ("commitments", known.values().flatten().filter(commits).count()),
        ("conflicting names", conflicts),
    ];
    answer
}

/// What two rows of one code must agree on.
fn parts(row: &ErrorRow) -> [(&'static str, Option<String>); 4] {
    let text = |it: &Option<Said<String>>| it.as_ref().map(|it| it.value.clone());
    [
        ("number", row.number.as_ref().map(|it| it.value.to_string())),
        ("severity", text(&row.severity)),
        ("category", text(&row.category)),
        ("retry", row.retry.as_ref().map(|it| it.value.to_string())),
    ]
}

/// All errors; codes that are said in two ways, numbers that two codes have, and codes that no table has.
pub(super) fn errors(documents: &[&Document<'_>]) -> Answer {
    let mut answer = Answer::default();
    let mut known: BTreeMap<&str, (&Document<'_>, &ErrorRow)> = BTreeMap::new();
    let mut numbers: BTreeMap<u32, (&Document<'_>, &str, Span)> = BTreeMap::new();
    let hint = "keep the one that holds";
    for document in documents {
        for row in &document.facts.errors {
            let name = row.name.value.as_str();
            let shown: Vec<String> =
                parts(row).into_iter().filter_map(|(what, value)| Some(format!("{what} {}", value?))).collect();
            answer.rows.push(document.row(row.span, name, shown.join(", ")));
            if let Some((first, before)) = known.get(name) {
                for ((what, here), (_, there)) in parts(row).into_iter().zip(parts(before)) {
                    let (Some(here), Some(there)) = (here, there) else { continue };
                    if here != there {
                        let message = format!("the {what} of '{name}' is {here} here, and {there} there");
                        let finding = document.finding(Kind::CorpusError, row.name.span, name, message, hint);
                        answer.findings.push(first.other(finding, before.name.span, "the first of them"));
                    }
                }
                continue;
            }
            known.insert(name, (document, row));
            if let Some(number) = &row.number
                && let Some((first, other, span)) = numbers.insert(number.value, (document, name, number.span))
            {
                let message = format!("'{name}' and '{other}' share the number {}", number.value);
                let finding = document.finding(Kind::CorpusError, number.span, name, message, "give it its own number");
                answer.findings.push(first.other(finding, span, "the other of them"));
            }
        }
    }
    let mut spoken = BTreeSet::new();
    for document in documents {
        for code in &document.facts.codes {
            spoken.insert(code.value.as_str());
            if !known.contains_key(code.value.as_str()) {
                let message = format!("no table of errors has '{}'", code.value);
                let hint = "add a row with the code, its number and its severity";
                answer.findings.push(document.finding(Kind::CorpusCode, code.span, &code.value, message, hint));
            }
        }
    }
    answer.counts = vec![("codes", known.len()), ("codes spoken of", spoken.len())];
    answer
}
