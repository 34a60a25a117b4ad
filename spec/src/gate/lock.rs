//! The lock: digests of what contracts, schemas and signatures were when somebody agreed to them.
//!
//! A step writes the lock that fits the contracts; a person puts it into the workspace, and gates hold contracts
//! against it. Invariant: a lock has one form, that of twins, so that a hand edit shows. This file does not know what
//! a change needs.

use crate::ir::{self, Contract};
use crate::registry::Registry;
use crate::twin;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The record's schema name.
const SCHEMA: &str = "gx.lock/1";

/// What is locked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lock {
    /// Version and digest, by name.
    pub contracts: BTreeMap<String, (String, String)>,
    /// Digests of declared types, by full name.
    pub schemas: BTreeMap<String, String>,
    /// Digests of signatures, by operator.
    pub operators: BTreeMap<String, String>,
    /// The digest of all signatures together.
    pub interface: String,
}

impl Lock {
    /// The lock of contracts.
    pub fn of(contracts: &[Arc<Contract>]) -> Lock {
        let registry = Registry::of(contracts);
        let row = |it: &Arc<Contract>| (it.name.to_string(), (it.version.to_string(), ir::digest(it).hex()));
        Lock {
            contracts: contracts.iter().map(row).collect(),
            schemas: registry.schemas.iter().map(|(name, digest)| (name.clone(), hex::encode(digest))).collect(),
            operators: registry.signatures(),
            interface: registry.interface_hash(),
        }
    }

    /// The one text.
    pub fn text(&self) -> String {
        let row = |(name, (version, digest)): (&String, &(String, String))| {
            (name.clone(), json!({"version": version, "digest": digest}))
        };
        let contracts: serde_json::Map<String, Json> = self.contracts.iter().map(row).collect();
        twin::layout(&json!({
            "schema": SCHEMA,
            "contracts": contracts,
            "schemas": self.schemas,
            "operators": self.operators,
            "interface": self.interface,
        }))
    }

    /// Reads a lock; anything but its one text is refused.
    pub fn read(bytes: &[u8]) -> Result<Lock, String> {
        let json: Json = serde_json::from_slice(bytes).map_err(|error| format!("the lock is no JSON: {error}"))?;
        let texts = |key: &str| -> BTreeMap<String, String> {
            let object = json.get(key).and_then(Json::as_object);
            let entries = object.into_iter().flatten();
            entries.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
        };
        let object = json.get("contracts").and_then(Json::as_object);
        let row = |(name, value): (&String, &Json)| {
            let text = |key: &str| value.get(key).and_then(Json::as_str).map(str::to_owned);
            Some((name.clone(), (text("version")?, text("digest")?)))
        };
        let lock = Lock {
            contracts: object.into_iter().flatten().filter_map(row).collect(),
            schemas: texts("schemas"),
            operators: texts("operators"),
            interface: json.get("interface").and_then(Json::as_str).unwrap_or_default().to_owned(),
        };
        if lock.text().as_bytes() == bytes {
            return Ok(lock);
        }
        Err("the lock is not in the form that gx writes: it was edited, or comes from another version".to_owned())
    }
}
