//! Is a registry sound, and does it say what the contracts say: in both directions, record by record, field by field.
//!
//! It looks at twins (JSON), so that a registry that lies in a workspace is read as a person reads it. Invariants:
//! every fault is given, sorted by path and kind; nothing in a registry is believed that can be computed. This file
//! does not know gates.

use super::{RECORDS, Registry, SCHEMA, sha256};
use crate::twin;
use gx_store::encode::Value as Cbor;
use serde_json::{Map, Value as Json};
use std::collections::{BTreeMap, BTreeSet};

/// What is wrong with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// An operator of the contracts is missing.
    Missing,
    /// An operator is in no contract.
    Extra,
    /// A field says something else.
    Differs,
    /// A rule of registries is broken; its name.
    Invalid(&'static str),
}

/// A fault.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Where: a JSON pointer.
    pub path: String,
    /// What kind.
    pub kind: FaultKind,
    /// The operator, when one is meant.
    pub operator: String,
    /// What is wrong.
    pub message: String,
}

/// Fields of a record, each with what it holds.
const FIELDS: [(&str, Holds); 19] = [
    ("allowed_error_codes", Holds::Sorted),
    ("contract", Holds::Object),
    ("dependencies", Holds::Sorted),
    ("determinism", Holds::Object),
    ("determinism_class", Holds::One(&["DETERMINISTIC", "STOCHASTIC", "MIXED"])),
    ("extern", Holds::Bool),
    ("idempotent", Holds::Bool),
    ("method", Holds::One(&["CALL", "INTERNAL", "HTTP", "GRPC"])),
    ("operator_id", Holds::Text),
    ("purity_class", Holds::One(&["PURE", "STATEFUL", "IO"])),
    ("request_schema_digest", Holds::Digest),
    ("required_capabilities", Holds::Sorted),
    ("response_schema_digest", Holds::Digest),
    ("rng_usage", Holds::One(&["NONE", "PHILOX4x32_10"])),
    ("side_effects", Holds::Sorted),
    ("signature", Holds::Object),
    ("signature_digest", Holds::Digest),
    ("surface", Holds::One(&["SYSCALL", "SERVICE"])),
    ("version", Holds::Version),
];

#[derive(Clone, Copy)]
enum Holds {
    Text,
    Version,
    Bool,
    Object,
    Digest,
    /// Texts, sorted, each once.
    Sorted,
    One(&'static [&'static str]),
}

struct Faults(BTreeSet<Fault>);

impl Faults {
    fn add(&mut self, path: String, kind: FaultKind, operator: &str, message: impl Into<String>) {
        self.0.insert(Fault { path, kind, operator: operator.to_owned(), message: message.into() });
    }
}

/// Breaches of the rules of registries.
pub fn validate(registry: &Json) -> Vec<Fault> {
    let mut faults = Faults(BTreeSet::new());
    let top = |key: &str| registry.get(key).cloned().unwrap_or(Json::Null);
    if top("schema") != SCHEMA || top("registry_schema_version") != RECORDS {
        let message = format!("it is no {SCHEMA} with records of version {RECORDS}");
        faults.add("/registry".to_owned(), FaultKind::Invalid("SCHEMA_VERSION_MISMATCH"), "", message);
        return faults.0.into_iter().collect();
    }
    let errors = registry.get("error_codes").and_then(Json::as_array);
    let errors = errors.into_iter().flatten().filter_map(|it| it.get("code_id")?.as_str());
    let errors: BTreeSet<&str> = errors.collect();
    let records = registry.get("operator_records").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    let ids: BTreeSet<&str> = records.iter().filter_map(|it| it.get("operator_id")?.as_str()).collect();
    let mut before: Option<(String, u64)> = None;
    for (at, record) in records.iter().enumerate() {
        let path = format!("/registry/operator_records/{at}");
        let Json::Object(fields) = record else {
            faults.add(path, FaultKind::Invalid("INVALID_FIELD_TYPE"), "", "a record is an object");
            continue;
        };
        let id = fields.get("operator_id").and_then(Json::as_str).unwrap_or_default();
        shape(fields, id, &path, &mut faults);
        closed(fields, id, &path, (&errors, &ids), &mut faults);
        let number = fields.get("version").and_then(Json::as_str).and_then(|it| it.strip_prefix('v')?.parse().ok());
        let key = (id.to_owned(), number.unwrap_or(0));
        match &before {
            Some(last) if *last == key => {
                faults.add(path, FaultKind::Invalid("DUPLICATE_VALUE"), id, "the operator stands twice");
            }
            Some(last) if *last > key => {
                faults.add(
                    path,
                    FaultKind::Invalid("INVALID_SORT_ORDER"),
                    id,
                    "records are sorted by operator and version",
                );
            }
            _ => {}
        }
        before = Some(key);
    }
    faults.0.into_iter().collect()
}

fn shape(fields: &Map<String, Json>, id: &str, path: &str, faults: &mut Faults) {
    for key in fields.keys().filter(|key| !FIELDS.iter().any(|field| field.0 == **key)) {
        let message = format!("'{key}' is no field of a record");
        faults.add(format!("{path}/{key}"), FaultKind::Invalid("UNKNOWN_FIELD"), id, message);
    }
    for (key, holds) in FIELDS {
        let path = format!("{path}/{key}");
        let Some(value) = fields.get(key) else {
            let message = format!("'{key}' is missing");
            faults.add(path, FaultKind::Invalid("MISSING_REQUIRED_FIELD"), id, message);
            continue;
        };
        let text = value.as_str();
        let name = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        let right = match holds {
            Holds::Text => text.is_some_and(|it| (1..=128).contains(&it.len()) && it.chars().all(name)),
            Holds::Version => {
                text.and_then(|it| it.strip_prefix('v')).is_some_and(|it| !it.is_empty() && it.parse::<u64>().is_ok())
            }
            Holds::Bool => value.is_boolean(),
            Holds::Object => value.is_object(),
            Holds::Digest => text.and_then(bytes_of).is_some_and(|it| it.len() == 32),
            Holds::One(known) => {
                if let Some(text) = text.filter(|text| !known.contains(text)) {
                    let message = format!("'{text}' is none of {}", known.join(", "));
                    faults.add(path.clone(), FaultKind::Invalid("INVALID_ENUM_VALUE"), id, message);
                }
                text.is_some()
            }
            Holds::Sorted => match value.as_array() {
                None => false,
                Some(items) => {
                    let items: Vec<&str> = items.iter().filter_map(Json::as_str).collect();
                    if !items.windows(2).all(|pair| pair.first() < pair.last()) {
                        let message = format!("'{key}' is not sorted, or says something twice");
                        faults.add(path.clone(), FaultKind::Invalid("INVALID_SORT_ORDER"), id, message);
                    }
                    items.len() == value.as_array().map_or(0, Vec::len)
                }
            },
        };
        if !right {
            let message = format!("'{key}' has another form than a record asks for");
            faults.add(path, FaultKind::Invalid("INVALID_FIELD_TYPE"), id, message);
        }
    }
}

/// What names something names what is there, and digests are those of what they stand for.
fn closed(
    fields: &Map<String, Json>,
    id: &str,
    path: &str,
    (errors, operators): (&BTreeSet<&str>, &BTreeSet<&str>),
    faults: &mut Faults,
) {
    let list = |key: &str| -> Vec<&str> {
        let items = fields.get(key).and_then(Json::as_array);
        items.into_iter().flatten().filter_map(Json::as_str).collect()
    };
    for (key, known, rule) in [
        ("allowed_error_codes", errors, "UNKNOWN_ERROR_CODE"),
        ("dependencies", operators, "INVALID_OPERATOR_REFERENCE"),
    ] {
        for name in list(key).into_iter().filter(|name| !known.contains(name)) {
            let message = format!("the registry has no '{name}'");
            faults.add(format!("{path}/{key}"), FaultKind::Invalid(rule), id, message);
        }
    }
    let text = |key: &str| fields.get(key).and_then(Json::as_str).unwrap_or_default();
    if text("surface") == "SYSCALL" && matches!(text("method"), "HTTP" | "GRPC") {
        let message = "a SYSCALL is a CALL or INTERNAL";
        faults.add(format!("{path}/method"), FaultKind::Invalid("INVALID_METHOD_FOR_SURFACE"), id, message);
    }
    if text("purity_class") == "PURE" && text("determinism_class") != "DETERMINISTIC" && text("rng_usage") == "NONE" {
        let rule = FaultKind::Invalid("INVALID_PURITY_DETERMINISM_COMBINATION");
        faults.add(format!("{path}/determinism_class"), rule, id, "what is pure and uses no chance is deterministic");
    }
    let digest = |key: &str| Cbor::Bytes(bytes_of(text(key)).unwrap_or_default());
    let parts = [text("operator_id"), text("version"), text("method")].map(Cbor::text).to_vec();
    let digests = [digest("request_schema_digest"), digest("response_schema_digest")];
    let lists = [list("side_effects"), list("allowed_error_codes")].map(Cbor::texts);
    let parts = parts.into_iter().chain(digests).chain(lists).collect();
    let signature = sha256(&Cbor::Array(vec![Cbor::text("sig"), Cbor::Array(parts)]));
    if bytes_of(text("signature_digest")).is_some_and(|it| it != signature) {
        let message = "the digest is not that of operator, version, method, schemas, side effects and errors";
        faults.add(format!("{path}/signature_digest"), FaultKind::Invalid("SIGNATURE_MISMATCH"), id, message);
    }
}

fn bytes_of(text: &str) -> Option<Vec<u8>> {
    hex::decode(text.strip_prefix("hex:")?).ok()
}

/// Where a registry and the one of the contracts differ, both ways.
pub fn parity(registry: &Json, contracts: &Registry) -> Vec<Fault> {
    let mut faults = Faults(BTreeSet::new());
    let is = twin::json(&contracts.value());
    let (have, want) = (records(registry), records(&is));
    for (key, (_, fields)) in &want {
        let Some((at, given)) = have.get(key) else {
            let message = format!("{} {} is in no record", key.0, key.1);
            faults.add("/registry/operator_records".to_owned(), FaultKind::Missing, &key.0, message);
            continue;
        };
        for (name, value) in *fields {
            let said = given.get(name).unwrap_or(&Json::Null);
            if said != value {
                let message = format!("'{name}' is {said}, and the contract says {value}");
                let path = format!("/registry/operator_records/{at}/{name}");
                faults.add(path, FaultKind::Differs, &key.0, message);
            }
        }
    }
    for (key, (at, _)) in have.iter().filter(|it| !want.contains_key(it.0)) {
        let message = format!("no contract has {} {}", key.0, key.1);
        faults.add(format!("/registry/operator_records/{at}"), FaultKind::Extra, &key.0, message);
    }
    for key in ["error_codes", "schema_catalog", "interface_hash", "root_hash"] {
        if registry.get(key) != is.get(key) {
            let message = format!("'{key}' is not that of the contracts");
            faults.add(format!("/registry/{key}"), FaultKind::Differs, "", message);
        }
    }
    faults.0.into_iter().collect()
}

/// Records by operator and version, with their places.
type Records<'a> = BTreeMap<(String, String), (usize, &'a Map<String, Json>)>;

fn records(registry: &Json) -> Records<'_> {
    let records = registry.get("operator_records").and_then(Json::as_array);
    let one = |(at, record): (usize, &'_ Json)| -> Option<((String, String), usize)> {
        let text = |key: &str| record.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
        record.is_object().then(|| ((text("operator_id"), text("version")), at))
    };
    let keyed = records.into_iter().flatten().enumerate().filter_map(one);
    let fields = |at: usize| records?.get(at)?.as_object();
    keyed.filter_map(|(key, at)| Some((key, (at, fields(at)?)))).collect()
}
