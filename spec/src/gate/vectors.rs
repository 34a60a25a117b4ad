//! `vectors`: frozen vectors are as they were frozen, say what the contract means, and show all that is owed.

use super::codes::{self, Code};
use super::report::Finding;
use super::{Document, Found, Gate, Input, Member, line_of};
use crate::ir::Operator;
use crate::json::inputs_from_json;
use crate::vectors::{self, Case, Frozen, Owed, profile};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const GATE: Gate = Gate { name: "vectors", codes: CODES, look };

const CODES: &[Code] = &[
    codes::NONCANONICAL,
    codes::VECTOR_MISSING,
    codes::VECTOR_CHANGED,
    codes::VECTOR_MISMATCH,
    codes::VECTOR_UNFROZEN,
    codes::VECTOR_UNKNOWN,
];

const FREEZE: &str = "`gx spec freeze` records who changes frozen vectors, and why";

const MAKE: &str = "`gx spec freeze` makes it when it can be found; else write a `vector` that shows it";

fn look(input: &Input) -> Found {
    let mut found = Found::default();
    let mut frozen: BTreeMap<String, (&Document, Frozen)> = BTreeMap::new();
    for file in input.files("frozen") {
        match Frozen::read(&file.bytes) {
            Err(message) => {
                found.findings.push(Finding::new(codes::NONCANONICAL, &file.path, "vectors", message).hint(FREEZE));
            }
            Ok((read, held)) => {
                for (operator, name) in held.changed {
                    let finding =
                        at(file, codes::VECTOR_CHANGED, &read.contract, &operator, &name, "its digest is another");
                    found.findings.push(finding.hint(FREEZE));
                }
                if let Some(why) = held.unfrozen {
                    let finding = Finding::new(codes::VECTOR_UNFROZEN, &file.path, &*read.contract, why);
                    found.findings.push(finding.at(line_of(&file.bytes, "\"freezes\"")).hint(FREEZE));
                }
                frozen.insert(read.contract.clone(), (file, read));
            }
        }
    }
    let (mut owed, mut shown, mut count) = (0, 0, 0);
    for member in &input.members {
        let own = frozen.remove(&*member.contract.name);
        if own.is_none() && !member.contract.operators.is_empty() {
            let finding = member.finding(codes::VECTOR_UNFROZEN, "contract", "its vectors are not frozen");
            found.findings.push(finding.hint(FREEZE));
        }
        let shows = own.as_ref().map(|(file, own)| hold(member, file, own, &mut found.findings)).unwrap_or_default();
        count += own.map_or(0, |(_, own)| own.cases.len());
        for operator in &member.contract.operators {
            let nothing = BTreeSet::new();
            let shows = shows.get(&*operator.id.name).unwrap_or(&nothing);
            let all = vectors::owed(operator);
            owed += all.len();
            shown += all.intersection(shows).count();
            for one in all.difference(shows) {
                let subject = format!("operator {}", operator.id.name);
                let mut finding = member.finding(codes::VECTOR_MISSING, &subject, "no frozen vector shows it");
                // A waiver is for one thing that is owed, not for all that an operator owes.
                finding.subject.push_str(&format!(": {one}"));
                found.findings.push(finding.hint(MAKE));
            }
        }
    }
    for (contract, (file, _)) in frozen {
        let finding =
            Finding::new(codes::VECTOR_UNKNOWN, &file.path, &*contract, "no contract of this gate has that name");
        found.findings.push(finding.hint("take the file out of `frozen`, or name the contract's target"));
    }
    found.count("vectors", count);
    found.count("owed", owed);
    found.count("shown", shown);
    found
}

fn at(file: &Document, code: Code, contract: &str, operator: &str, name: &str, message: impl Into<String>) -> Finding {
    // Names of vectors are unique in their operator only; the first of that name is near enough.
    let place = line_of(&file.bytes, &format!("\"name\": \"{name}\",\n"));
    let place = if place == (1, 1) { line_of(&file.bytes, &format!("\"name\": \"{name}\"")) } else { place };
    Finding::new(code, &file.path, format!("{contract} vector {operator}.{name}"), message).at(place)
}

/// Holds frozen vectors against what the contract means; what they show, by operator.
fn hold(
    member: &Member,
    file: &Document,
    frozen: &Frozen,
    findings: &mut Vec<Finding>,
) -> BTreeMap<String, BTreeSet<Owed>> {
    let contract = &member.contract;
    let mut shows: BTreeMap<String, BTreeSet<Owed>> = BTreeMap::new();
    for case in &frozen.cases {
        let Case { operator: name, .. } = case;
        let Some(operator) = contract.operator(name) else {
            let finding =
                at(file, codes::VECTOR_UNKNOWN, &contract.name, name, &case.name, "there is no such operator");
            findings.push(finding.hint(FREEZE));
            continue;
        };
        match one(member, operator, case) {
            Ok(shown) => shows.entry(name.clone()).or_default().extend(shown),
            Err(message) => {
                let finding = at(file, codes::VECTOR_MISMATCH, &contract.name, name, &case.name, message);
                findings.push(finding.hint("correct the contract, or freeze what it means now and say why"));
            }
        }
    }
    shows
}

fn one(member: &Member, operator: &Operator, case: &Case) -> Result<BTreeSet<Owed>, String> {
    let inputs = inputs_from_json(operator, &case.inputs).map_err(|fault| fault.to_string())?;
    let means = vectors::expected(&member.contract, operator, inputs.clone())?;
    let (means, says) = (profile::cbor(&means), profile::cbor(&case.expected));
    let outputs = |value: &gx_store::encode::Value| match value {
        gx_store::encode::Value::Map(entries) => entries.get("outputs").cloned(),
        _ => None,
    };
    let differs = match (outputs(&means), outputs(&says)) {
        (Some(means), Some(says)) => profile::compare(&profile::of_operator(operator, &means), &says, &means),
        _ => profile::compare(&profile::Profile::Bitwise, &says, &means),
    };
    if let Some((path, reason)) = differs.first() {
        let more = differs.len() - 1;
        let more = if more == 0 { String::new() } else { format!(", and {more} more") };
        return Err(format!("the contract means something else at '{path}': {}{more}", reason.code()));
    }
    let error = vectors::error_of(&case.expected);
    Ok(vectors::shown(operator, &inputs, error.as_deref()))
}
