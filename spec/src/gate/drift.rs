//! `drift`: what documents say of a contract is what it says: prose and schemas, in both directions.
//!
//! Looking at a document is a step of its own, whose record has no place that does not belong to a finding: an edit of
//! the layout of a document looks at it again and stops there. Invariant: a record depends on its documents and its
//! contract alone. This file does not know how documents are read.

use super::codes::{self, Code};
use super::report::Finding;
use super::{Document, Found, Gate, Input, Member};
use crate::drift::{Side, drift};
use crate::front::Form;
use crate::said::{Facts, Finding as Told, Gravity, Kind, Said, of_places, rows, sort};
use crate::{graphql, prose, schema};
use gx_store::HashFunction;
use gx_store::encode::{DecodeError, Fields, Value as Cbor};
use std::collections::BTreeMap;

pub(super) const GATE: Gate = Gate { name: "drift", codes: CODES, look };

const CODES: &[Code] = codes::DOCUMENTS;

/// The record's schema name.
const SCHEMA: &str = "gx.drift/1";

/// What holding the documents of a contract against it gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The contract.
    pub contract: String,
    /// Each document, with a digest of all that it says, wherever in it that stands.
    pub documents: BTreeMap<String, String>,
    /// What is wrong, sorted.
    pub findings: Vec<Finding>,
}

impl Held {
    /// Holds documents against a contract.
    pub fn of(member: &Member, documents: &[Document]) -> Held {
        let mut held =
            Held { contract: member.contract.name.to_string(), documents: BTreeMap::new(), findings: Vec::new() };
        for document in documents {
            let (said, mut told) = look_at(member, document);
            sort(&mut told);
            held.documents.insert(document.path.clone(), HashFunction::Blake3.digest(&said.encode()).to_string());
            // Notes fail nothing, and would have places that move.
            let found: Vec<Finding> =
                told.iter().filter(|it| it.gravity != Gravity::Note).map(|it| held.finding(it)).collect();
            held.findings.extend(found);
        }
        held
    }

    fn finding(&self, told: &Told) -> Finding {
        let subject = match told.subject.as_str() {
            "" => self.contract.clone(),
            subject => format!("{} {subject}", self.contract),
        };
        let mut message = told.message.clone();
        if let Some(other) = &told.other {
            message.push_str(&format!("; {}:{}:{}: {}", other.file, other.line, other.column, other.words));
        }
        let finding = Finding::new(codes::of_kind(told.kind), &told.file, subject, message);
        finding.at((told.line, told.column)).hint(&*told.hint)
    }

    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        Cbor::record([
            ("schema", Cbor::text(SCHEMA)),
            ("contract", Cbor::text(&self.contract)),
            ("documents", Cbor::text_map(&self.documents)),
            ("findings", Cbor::Array(self.findings.iter().map(Finding::value).collect())),
        ])
        .encode()
    }

    /// Reads canonical bytes.
    pub fn decode(bytes: &[u8]) -> Result<Held, DecodeError> {
        let mut fields = Fields::of_record(bytes, SCHEMA)?;
        let held = Held {
            contract: fields.text("contract")?,
            documents: fields.text_map("documents")?,
            findings: fields.array("findings")?.into_iter().map(Finding::of_value).collect::<Result<_, _>>()?,
        };
        fields.finish()?;
        Ok(held)
    }
}

/// What a document says, and what of that is wrong.
fn look_at(member: &Member, document: &Document) -> (Cbor, Vec<Told>) {
    let (path, bytes) = (document.path.as_str(), document.bytes.as_slice());
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    let (own, places) = of_places(&member.contract, &member.facts);
    let compare = |facts: &Facts, own: &Facts, silent: &[Kind]| {
        let mut told = facts.findings.clone();
        // A document that is no text says nothing, and that is told already.
        if !told.iter().any(|it| matches!(it.kind, Kind::NotText | Kind::SdlForm | Kind::SchemaForm)) {
            let found = drift(Side::new(facts, text), Side::listed(own, &places));
            told.extend(found.into_iter().filter(|it| !silent.contains(&it.kind)));
        }
        (said(facts), told)
    };
    match Form::of(path) {
        Some(Form::Markdown) => compare(&prose::read(path, bytes), &own, &[]),
        Some(Form::GraphQl) => {
            // It names what an operator raises itself; what its inputs raise follows from their types.
            let mut own = own;
            for (said, operator) in own.operators.iter_mut().zip(&member.contract.operators) {
                let raised = |it: &Said<String>| operator.raises.iter().any(|error| *error.name == *it.value);
                said.errors.iter_mut().for_each(|codes| codes.retain(raised));
            }
            compare(&graphql::import(path, bytes), &own, &SDL_SILENT)
        }
        Some(Form::JsonSchema) => {
            let mut imported = schema::import(path, bytes);
            match imported.own {
                Some(node) => {
                    let mut told = imported.lowered.findings;
                    told.extend(schema::edited(path, text, &node, &member.contract));
                    (Cbor::text(node.plain().to_string()), told)
                }
                None => {
                    imported.facts.findings.append(&mut imported.lowered.findings);
                    compare(&imported.facts, &own, &SCHEMA_SILENT)
                }
            }
        }
        _ => {
            let message = format!("'{path}' is no document that could be held against a contract");
            let told = Told::new(Kind::NotText, path, "", crate::syntax::Span::default(), message);
            (Cbor::Null, vec![told.hint("documents end in .md, .json, .graphql or .graphqls")])
        }
    }
}

/// What GraphQL's schema language has no place for.
const SDL_SILENT: [Kind; 3] = [Kind::DriftErrorAdded, Kind::DriftHashAdded, Kind::DriftTypeAdded];

/// What a JSON Schema of somebody else has no place for.
const SCHEMA_SILENT: [Kind; 6] = [
    Kind::DriftErrorAdded,
    Kind::DriftHashAdded,
    Kind::DriftIdentity,
    Kind::DriftLayer,
    Kind::DriftOperatorAdded,
    Kind::DriftVersion,
];

/// Every fact without its place.
fn said(facts: &Facts) -> Cbor {
    let plain = |text: &str| Cbor::text(text.split_whitespace().collect::<Vec<_>>().join(" "));
    let row = |row: &crate::said::Row| Cbor::Array(vec![Cbor::text(row.kind), plain(&row.name), plain(&row.value)]);
    Cbor::Array(rows(facts).iter().map(row).collect())
}

fn look(input: &Input) -> Found {
    let mut found = Found::default();
    let (mut documents, mut held) = (0, std::collections::BTreeSet::new());
    for file in input.files("drift") {
        match Held::decode(&file.bytes) {
            Ok(record) => {
                documents += record.documents.len();
                held.insert(record.contract);
                found.findings.extend(record.findings);
            }
            Err(error) => {
                let finding = Finding::new(codes::of_kind(Kind::NotText), &file.path, "drift", error.to_string());
                found.findings.push(finding.hint("it is what the step `drift` gives"));
            }
        }
    }
    found.count("documents", documents);
    found.count("held", held.len());
    found
}
