//! What documents cover, and what of them is left unread.
//!
//! It does not know what documents say of each other.

use super::{Answer, Document};
use crate::drift::plain;
use crate::said::{FieldType, Gravity, Kind, Param};
use crate::syntax::Span;
use std::collections::BTreeSet;

/// What a document declares, in words; empty when it declares nothing.
fn declares(document: &Document<'_>) -> String {
    let facts = document.facts;
    let fields: usize = facts.records.iter().map(|it| it.fields.len()).sum();
    let counts = [
        ("operators", facts.operators.len()),
        ("records", facts.records.len()),
        ("fields", fields),
        ("types", facts.types.len()),
        ("errors", facts.errors.len()),
        ("hashes", facts.hashes.len()),
        ("defaults", facts.defaults.len()),
        ("tables", facts.tables.iter().filter(|it| !it.understood).count()),
    ];
    let said = counts.iter().filter(|it| it.1 > 0).map(|(what, n)| format!("{n} {what}"));
    said.collect::<Vec<_>>().join(", ")
}

/// Every document with what it declares, or why nothing is made of it.
pub(super) fn coverage(documents: &[&Document<'_>]) -> Answer {
    let mut answer = Answer::default();
    let (mut covered, mut none) = (0, 0);
    for document in documents {
        let facts = document.facts;
        let name = facts.identity.as_ref().map_or("no identity", |it| it.value.as_str());
        let faults = facts.findings.iter().filter(|it| it.gravity == Gravity::Error).count();
        let declares = declares(document);
        let value = if faults > 0 {
            let message = format!("{faults} findings say that it cannot be read as a whole");
            let hint = "`gx spec residue` lists them";
            answer.findings.push(document.finding(Kind::CorpusUncovered, Span::default(), name, message, hint));
            format!("not covered: {faults} findings; {declares}")
        } else if declares.is_empty() {
            none += 1;
            "needs none: it declares no operator, record, error, hash or table".to_owned()
        } else {
            covered += 1;
            format!("covered: {declares}")
        };
        answer.rows.push(document.row(Span::default(), name, value));
    }
    answer.counts = vec![
        ("documents", documents.len()),
        ("covered", covered),
        ("need none", none),
        ("operators", documents.iter().map(|it| it.facts.operators.len()).sum()),
    ];
    answer
}

/// What looks like a fact and could not be read, and parameters without a type.
pub(super) fn residue(documents: &[&Document<'_>]) -> Answer {
    let mut answer = Answer::default();
    let mut untyped = 0;
    let mut named = BTreeSet::new();
    for document in documents {
        for record in &document.facts.records {
            let typed = record.fields.iter().filter(|it| it.ty != FieldType::Unsaid);
            named.extend(typed.map(|it| it.name.value.as_str()));
        }
    }
    // A parameter that is called like a record is one: `error_record` is an ErrorRecord.
    let records = documents.iter().flat_map(|it| &it.facts.records).filter(|it| !it.headed);
    let records: BTreeSet<String> = records.map(|it| plain(&it.name.value)).collect();
    let types: BTreeSet<String> =
        documents.iter().flat_map(|it| &it.facts.types).map(|it| plain(&it.name.value)).collect();
    for document in documents {
        let facts = document.facts;
        answer.findings.extend(facts.findings.iter().filter(|it| it.gravity != Gravity::Note).cloned());
        for operator in &facts.operators {
            let Some(signature) = &operator.signature else { continue };
            let params = || signature.inputs.iter().chain(&signature.outputs);
            // The state that follows is what the state was.
            let own: BTreeSet<&str> =
                params().filter(|it| it.ty != FieldType::Unsaid).map(|it| it.name.value.as_str()).collect();
            let called = |name: &str| records.contains(&plain(name)) || types.contains(&plain(name));
            let said = |name: &str| named.contains(name) || own.contains(name) || called(name);
            let open = |it: &&Param| it.ty == FieldType::Unsaid && !said(&it.name.value);
            for param in params().filter(open) {
                untyped += 1;
                let subject = format!("{}.{}", operator.name.value, param.name.value);
                let message = format!("no document says what '{}' is", param.name.value);
                let hint = "give it a type in the signature, or a field of its name under the inputs";
                let found = document.finding(Kind::CorpusUntyped, param.name.span, &subject, message, hint);
                answer.findings.push(found);
            }
        }
        for table in facts.tables.iter().filter(|it| !it.understood) {
            let columns: Vec<&str> = table.columns.iter().map(|it| it.value.as_str()).collect();
            answer.rows.push(document.row(table.span, "table", columns.join(", ")));
        }
    }
    let unread = answer.findings.iter().filter(|it| it.gravity == Gravity::Error).count();
    answer.counts = vec![("unread", unread), ("untyped", untyped), ("tables kept as rows", answer.rows.len())];
    answer
}
