//! `registry`: the registry keeps the rules of registries, and says what the contracts say, both ways.

use super::codes::{self, Code};
use super::report::Finding;
use super::{Document, Found, Gate, Input, Member, line_of};
use crate::registry::{Fault, FaultKind, Registry, parity, validate};
use serde_json::Value as Json;

pub(super) const GATE: Gate = Gate { name: "registry", codes: CODES, look };

const CODES: &[Code] = &[
    codes::NONCANONICAL,
    codes::REGISTRY_MISSING,
    codes::REGISTRY_EXTRA,
    codes::REGISTRY_DIFFERS,
    codes::REGISTRY_INVALID,
];

const HINT: &str = "a registry is made by the rule `registry`, not by hand";

fn look(input: &Input) -> Found {
    let mut found = Found::default();
    let contracts: Vec<_> = input.members.iter().map(|it| it.contract.clone()).collect();
    let is = Registry::of(&contracts);
    if input.file("registry").is_none() {
        let finding = Finding::new(codes::REGISTRY_MISSING, "", "registry", "no registry was given");
        found.findings.push(finding.hint("name a `registry` target"));
    }
    for file in input.files("registry") {
        let json: Json = match serde_json::from_slice(&file.bytes) {
            Ok(json) => json,
            Err(error) => {
                let message = format!("the registry is no JSON: {error}");
                found.findings.push(Finding::new(codes::NONCANONICAL, &file.path, "registry", message).hint(HINT));
                continue;
            }
        };
        if crate::twin::layout(&json).as_bytes() != file.bytes {
            let message = "the registry is not in the form that gx writes";
            found.findings.push(Finding::new(codes::NONCANONICAL, &file.path, "registry", message).hint(HINT));
        }
        let faults = validate(&json).into_iter().chain(parity(&json, &is));
        found.findings.extend(faults.map(|fault| finding(&input.members, file, fault)));
    }
    found.count("operators", is.operators.len());
    found.count("errors", is.errors.len());
    found.count("schemas", is.schemas.len());
    found
}

/// A fault at its place: that of the operator in the contract when the registry lacks it, else that in the registry.
fn finding(members: &[Member], file: &Document, fault: Fault) -> Finding {
    let (code, message) = match fault.kind {
        FaultKind::Missing => (codes::REGISTRY_MISSING, fault.message),
        FaultKind::Extra => (codes::REGISTRY_EXTRA, fault.message),
        FaultKind::Differs => (codes::REGISTRY_DIFFERS, fault.message),
        FaultKind::Invalid(rule) => (codes::REGISTRY_INVALID, format!("{rule} at {}: {}", fault.path, fault.message)),
    };
    let subject = if fault.operator.is_empty() { "registry".to_owned() } else { fault.operator.clone() };
    let own = fault.operator.rsplit_once('.');
    let home = own.and_then(|(contract, name)| Some((members.iter().find(|it| *it.contract.name == *contract)?, name)));
    if let (FaultKind::Missing, Some((member, name))) = (fault.kind, home) {
        return member.finding(code, &format!("operator {name}"), message).hint(HINT);
    }
    let place = line_of(&file.bytes, &format!("\"operator_id\": \"{}\"", fault.operator));
    Finding::new(code, &file.path, subject, message).at(place).hint(HINT)
}
