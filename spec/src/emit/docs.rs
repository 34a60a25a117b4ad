//! Doc comments beside the meaning: what they say of each declaration, for whatever carries them over.
//!
//! They are no part of a contract's canonical form, so they travel in a file of their own. Invariant: subjects are
//! named as in `diff`: a kind and a name (`operator Post`, `record Entry.amount`). This file does not know targets.

use crate::ir::Contract;
use crate::syntax::Docs;
use gx_store::encode::{DecodeError, Fields, Value as Cbor, as_text};
use std::collections::BTreeMap;

/// The record's schema name.
const SCHEMA: &str = "gx.docs/1";

/// Doc comments of a contract, by subject.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DocSet(BTreeMap<String, Docs>);

impl DocSet {
    /// Those of a contract that was made of its text.
    pub fn of(contract: &Contract) -> DocSet {
        let mut all = BTreeMap::new();
        let mut add = |subject: String, docs: &Docs| {
            if !docs.is_empty() {
                all.insert(subject, docs.clone());
            }
        };
        add("contract".to_owned(), &contract.docs);
        contract.constants.iter().for_each(|it| add(format!("const {}", it.id.name), &it.docs));
        contract.aliases.iter().for_each(|it| add(format!("type {}", it.id.name), &it.docs));
        contract.errors.iter().for_each(|it| add(format!("error {}", it.id.name), &it.docs));
        for decl in &contract.enums {
            add(format!("enum {}", decl.id.name), &decl.docs);
            decl.values.iter().for_each(|it| add(format!("enum {}.{}", decl.id.name, it.name), &it.docs));
        }
        for decl in &contract.records {
            add(format!("record {}", decl.id.name), &decl.docs);
            decl.fields.iter().for_each(|it| add(format!("record {}.{}", decl.id.name, it.name), &it.docs));
        }
        for operator in &contract.operators {
            add(format!("operator {}", operator.id.name), &operator.docs);
            for param in operator.inputs.iter().chain(&operator.outputs) {
                add(format!("operator {}.{}", operator.id.name, param.name), &param.docs);
            }
        }
        DocSet(all)
    }

    /// What is said of a subject.
    pub fn get(&self, subject: &str) -> &[String] {
        self.0.get(subject).map_or(&[], Vec::as_slice)
    }

    /// As canonical CBOR.
    pub fn encode(&self) -> Vec<u8> {
        let docs = self.0.iter().map(|(subject, lines)| (subject.clone(), Cbor::texts(lines.clone())));
        Cbor::record([("schema", Cbor::text(SCHEMA)), ("docs", Cbor::Map(docs.collect()))]).encode()
    }

    /// Reads what `encode` gave.
    pub fn decode(bytes: &[u8]) -> Result<DocSet, DecodeError> {
        let mut fields = Fields::of_record(bytes, SCHEMA)?;
        let mut all = BTreeMap::new();
        let Cbor::Map(docs) = fields.take("docs")? else { return Err(DecodeError::field("docs", "a map is expected")) };
        fields.finish()?;
        for (subject, lines) in docs {
            let Cbor::Array(lines) = lines else { return Err(DecodeError::field("docs", "an array is expected")) };
            all.insert(subject, lines.into_iter().map(|it| as_text(it, "docs")).collect::<Result<_, _>>()?);
        }
        Ok(DocSet(all))
    }
}
