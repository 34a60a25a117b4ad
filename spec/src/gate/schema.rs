//! `schema`: every document has a contract, and whatever is recorded has one too.

use super::codes::{self, Code};
use super::lock::Lock;
use super::report::Finding;
use super::{Found, Gate, Input, line_of};
use crate::registry::schemas;
use std::collections::BTreeSet;

pub(super) const GATE: Gate = Gate { name: "schema", codes: CODES, look };

const CODES: &[Code] = &[codes::SCHEMA_MISSING, codes::SCHEMA_ORPHAN];

fn look(input: &Input) -> Found {
    let mut found = Found::default();
    let made: BTreeSet<&str> = input.members.iter().map(|it| it.facts.file.as_str()).collect();
    for document in input.argument("documents").lines().filter(|path| !made.contains(path)) {
        let message = "no contract of this gate is made of this document";
        let finding = Finding::new(codes::SCHEMA_MISSING, document, "document", message);
        found.findings.push(finding.hint("declare a `contract` with it, and name that in `contracts`"));
    }
    let schemas = schemas(&input.members.iter().map(|it| it.contract.clone()).collect::<Vec<_>>());
    // A lock that cannot be read is told by the gate that holds digests against it.
    if let Some((file, Ok(lock))) = input.file("lock").map(|file| (file, Lock::read(&file.bytes))) {
        let names: BTreeSet<&str> = input.members.iter().map(|it| &*it.contract.name).collect();
        let gone = lock.contracts.keys().filter(|name| !names.contains(name.as_str())).map(|it| ("contract", it));
        let gone = gone.chain(lock.schemas.keys().filter(|name| !schemas.contains_key(*name)).map(|it| ("schema", it)));
        for (kind, name) in gone {
            let message = format!("the lock records the {kind} '{name}', which is not there");
            let finding = Finding::new(codes::SCHEMA_ORPHAN, &file.path, name, message);
            let finding = finding.at(line_of(&file.bytes, &format!("\"{name}\"")));
            found.findings.push(finding.hint("write the lock again when that is meant"));
        }
    }
    found.count("documents", input.argument("documents").lines().count());
    found.count("schemas", schemas.len());
    found
}
