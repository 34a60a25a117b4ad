//! `schema`: every document has a contract, and whatever is recorded has one too.

use super::codes::{self, Code};
use super::drift::Held;
use super::lock::Lock;
use super::report::Finding;
use super::{Found, Gate, Input, line_of};
use crate::registry::schemas;
use std::collections::BTreeSet;

pub(super) const GATE: Gate = Gate { name: "schema", codes: CODES, look };

const CODES: &[Code] = &[codes::SCHEMA_MISSING, codes::SCHEMA_ORPHAN];

fn look(input: &Input) -> Found {
    let mut found = Found::default();
    let mut made: BTreeSet<String> = input.members.iter().map(|it| it.facts.file.clone()).collect();
    // A record that cannot be read is told by the gate `drift`.
    let held: Vec<Held> = input.files("drift").iter().filter_map(|it| Held::decode(&it.bytes).ok()).collect();
    made.extend(held.iter().flat_map(|it| it.documents.keys().cloned()));
    for document in input.argument("documents").lines().filter(|path| !made.contains(*path)) {
        let message = "no contract of this gate is made of this document";
        let finding = Finding::new(codes::SCHEMA_MISSING, document, "document", message);
        let hint = "declare a `contract` with it, as `src`, `prose` or `schemas`, and name that in `contracts`";
        found.findings.push(finding.hint(hint));
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
    found.count("held", held.len());
    found.count("schemas", schemas.len());
    found
}
