//! The file of frozen vectors: cases with what they gave, each with its digest, and who froze them and why.
//!
//! JSON in the layout of twins, so that a change shows in a review. Invariants: a vector's digest covers all of it, a
//! freeze covers all vectors and the freeze before; whatever was changed since shows. This file does not know contracts
//! beyond the names of operators.

use super::Case;
use crate::twin;
use gx_store::HashFunction;
use serde_json::{Value as Json, json};

/// The record's schema name.
const SCHEMA: &str = "gx.vectors/1";

/// Who froze what, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freeze {
    /// The digest of all vectors.
    pub digest: String,
    /// Who.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// The digest of this record: it covers the one before.
    pub record: String,
}

/// A file.
#[derive(Debug, Clone, Default)]
pub struct Frozen {
    /// The contract.
    pub contract: String,
    /// The cases, in the file's order.
    pub cases: Vec<Case>,
    /// The freezes, the last one last.
    pub freezes: Vec<Freeze>,
}

/// What came of holding a file against its own digests.
#[derive(Debug, Clone, Default)]
pub struct Held {
    /// Operator and name of vectors whose digest is not theirs.
    pub changed: Vec<(String, String)>,
    /// Why the vectors are not frozen as they are.
    pub unfrozen: Option<String>,
}

fn digest(json: &Json) -> String {
    HashFunction::Blake3.digest(twin::layout(json).as_bytes()).hex()
}

fn body(case: &Case) -> Json {
    json!({"operator": case.operator, "name": case.name, "inputs": case.inputs, "expected": case.expected})
}

/// The name of the error that something expected is, if it is one.
pub fn error_of(expected: &Json) -> Option<String> {
    let error = expected.get("error")?;
    let text = |key: &str| error.get(key).and_then(Json::as_str).unwrap_or_default();
    Some(format!("{}.{}", text("contract"), text("name")))
}

impl Frozen {
    /// The digest of all vectors.
    pub fn digest(&self) -> String {
        digest(&json!({"contract": self.contract, "vectors": self.cases.iter().map(body).collect::<Vec<_>>()}))
    }

    /// Adds the record that freezes the vectors as they are.
    pub fn freeze(&mut self, owner: &str, reason: &str) {
        let before = self.freezes.last().map_or("", |it| it.record.as_str());
        let frozen = self.digest();
        let record = digest(&json!({"before": before, "digest": frozen, "owner": owner, "reason": reason}));
        self.freezes.push(Freeze { digest: frozen, owner: owner.to_owned(), reason: reason.to_owned(), record });
    }

    /// The file.
    pub fn text(&self) -> String {
        let case = |case: &Case| {
            let digest = json!(digest(&body(case)));
            match body(case) {
                Json::Object(mut entries) => {
                    entries.insert("digest".to_owned(), digest);
                    Json::Object(entries)
                }
                other => other,
            }
        };
        let freeze =
            |it: &Freeze| json!({"digest": it.digest, "owner": it.owner, "reason": it.reason, "record": it.record});
        twin::layout(&json!({
            "schema": SCHEMA,
            "contract": self.contract,
            "vectors": self.cases.iter().map(case).collect::<Vec<_>>(),
            "freezes": self.freezes.iter().map(freeze).collect::<Vec<_>>(),
        }))
    }

    /// The inputs alone: what code under test is shown.
    pub fn inputs(&self) -> String {
        let case = |it: &Case| json!({"operator": it.operator, "name": it.name, "inputs": it.inputs});
        twin::layout(&json!({
            "schema": "gx.inputs/1",
            "contract": self.contract,
            "cases": self.cases.iter().map(case).collect::<Vec<_>>(),
        }))
    }

    /// Reads a file, and what its own digests say of it.
    pub fn read(bytes: &[u8]) -> Result<(Frozen, Held), String> {
        let json: Json = serde_json::from_slice(bytes).map_err(|error| format!("the file is no JSON: {error}"))?;
        let text = |json: &Json, key: &str| json.get(key).and_then(Json::as_str).map(str::to_owned);
        if text(&json, "schema").as_deref() != Some(SCHEMA) {
            return Err(format!("it is no file of {SCHEMA}"));
        }
        let list = |key: &str| json.get(key).and_then(Json::as_array).cloned().unwrap_or_default();
        let mut frozen = Frozen { contract: text(&json, "contract").unwrap_or_default(), ..Frozen::default() };
        let mut held = Held::default();
        for (at, vector) in list("vectors").iter().enumerate() {
            let part = |key: &str| vector.get(key).cloned();
            let (Some(operator), Some(name), Some(inputs), Some(expected)) =
                (text(vector, "operator"), text(vector, "name"), part("inputs"), part("expected"))
            else {
                return Err(format!("vector {} lacks operator, name, inputs or expected", at + 1));
            };
            let case = Case { operator, name, inputs, expected };
            if text(vector, "digest") != Some(digest(&body(&case))) {
                held.changed.push((case.operator.clone(), case.name.clone()));
            }
            frozen.cases.push(case);
        }
        for freeze in list("freezes") {
            let part = |key: &str| text(&freeze, key).unwrap_or_default();
            let (digest, owner) = (part("digest"), part("owner"));
            frozen.freezes.push(Freeze { digest, owner, reason: part("reason"), record: part("record") });
        }
        held.unfrozen = held_freezes(&frozen);
        Ok((frozen, held))
    }
}

/// Why the last freeze is not that of the vectors, or the chain of freezes is broken.
fn held_freezes(frozen: &Frozen) -> Option<String> {
    let mut before = String::new();
    for (at, it) in frozen.freezes.iter().enumerate() {
        let number = at + 1;
        if it.owner.trim().is_empty() || it.reason.trim().is_empty() {
            return Some(format!("freeze {number} names no owner or no reason"));
        }
        let is = digest(&json!({"before": before, "digest": it.digest, "owner": it.owner, "reason": it.reason}));
        if is != it.record {
            return Some(format!("freeze {number} was changed after it was recorded"));
        }
        before = is;
    }
    match frozen.freezes.last() {
        None => Some("nobody froze them".to_owned()),
        Some(last) if last.digest != frozen.digest() => Some("they were changed after the last freeze".to_owned()),
        Some(_) => None,
    }
}
