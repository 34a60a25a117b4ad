//! Does a document agree with itself: one meaning for each name.
//!
//! Invariant: both places are told. This file does not know other documents.

use super::Reader;
use crate::said::{FieldType, Finding, Kind};
use crate::syntax::Span;
use std::collections::BTreeMap;

impl Reader<'_> {
    /// Tells names that are said twice, or in two ways.
    pub(super) fn agree(&mut self) {
        let mut found = Vec::new();
        self.operators_agree(&mut found);
        self.hashes_agree(&mut found);
        self.errors_agree(&mut found);
        self.records_agree(&mut found);
        for (kind, name, first, second, what) in found {
            let message = format!("{what} '{name}' is said in two ways");
            let message = if kind == Kind::Twice { format!("{what} '{name}' is said twice") } else { message };
            let finding = Finding::new(kind, &self.facts.file, self.source, second, message)
                .about(&*name)
                .other(&self.facts.file, self.source, first, "the first of them")
                .hint("keep the one that holds");
            self.facts.findings.push(finding);
        }
    }

    fn operators_agree(&self, found: &mut Vec<(Kind, String, Span, Span, &'static str)>) {
        let mut first: BTreeMap<&str, usize> = BTreeMap::new();
        for (at, operator) in self.facts.operators.iter().enumerate() {
            let name = operator.name.value.as_str();
            let Some(before) = first.get(name).and_then(|at| self.facts.operators.get(*at)) else {
                first.insert(name, at);
                continue;
            };
            let shape = |it: &crate::said::Operator| {
                let names = |all: &[crate::said::Param]| all.iter().map(|it| it.name.value.clone()).collect::<Vec<_>>();
                let sides = it.signature.as_ref().map(|it| (names(&it.inputs), names(&it.outputs)));
                (sides, it.purity.as_ref().map(|it| it.value.clone()))
            };
            let kind = if shape(before) == shape(operator) { Kind::Twice } else { Kind::Contradiction };
            found.push((kind, name.to_owned(), before.name.span, operator.name.span, "the operator"));
        }
    }

    fn hashes_agree(&self, found: &mut Vec<(Kind, String, Span, Span, &'static str)>) {
        let mut first: BTreeMap<&str, usize> = BTreeMap::new();
        for (at, hash) in self.facts.hashes.iter().enumerate() {
            let name = hash.name.value.as_str();
            match first.get(name).and_then(|at| self.facts.hashes.get(*at)) {
                None => {
                    first.insert(name, at);
                }
                Some(before) if before.preimage() != hash.preimage() => {
                    found.push((Kind::Contradiction, name.to_owned(), before.name.span, hash.name.span, "the hash"));
                }
                Some(_) => {}
            }
        }
    }

    fn errors_agree(&self, found: &mut Vec<(Kind, String, Span, Span, &'static str)>) {
        let mut names: BTreeMap<&str, Span> = BTreeMap::new();
        let mut numbers: BTreeMap<u32, Span> = BTreeMap::new();
        for error in &self.facts.errors {
            if let Some(before) = names.insert(&error.name.value, error.name.span) {
                found.push((Kind::Twice, error.name.value.clone(), before, error.name.span, "the error"));
            } else if let Some(number) = &error.number
                && let Some(before) = numbers.insert(number.value, number.span)
            {
                found.push((Kind::Twice, number.value.to_string(), before, number.span, "the number"));
            }
        }
    }

    fn records_agree(&self, found: &mut Vec<(Kind, String, Span, Span, &'static str)>) {
        let mut first: BTreeMap<(String, String), (&FieldType, Span)> = BTreeMap::new();
        for record in &self.facts.records {
            for field in &record.fields {
                // A record that a heading names is known by its place, others by their names.
                let known = super::lists::is_identifier(&record.name.value);
                let owner = record.operator.clone().unwrap_or_default();
                let place = if known { String::new() } else { record.span.start.to_string() };
                let key = (format!("{owner}/{}/{place}", record.name.value), field.name.value.clone());
                match first.get(&key) {
                    None => {
                        first.insert(key, (&field.ty, field.span));
                    }
                    Some((ty, _)) if **ty == field.ty || field.ty == FieldType::Unsaid || **ty == FieldType::Unsaid => {
                    }
                    Some((_, before)) => {
                        let name = format!("{}.{}", record.name.value, field.name.value);
                        found.push((Kind::Contradiction, name, *before, field.span, "the field"));
                    }
                }
            }
        }
    }
}
