//! `references`: every name leads somewhere: imports, names in doc comments, and back.

use super::codes::{self, Code};
use super::report::Finding;
use super::{Found, Gate, Input, Member};
use crate::diagnostic::closest;
use crate::ir::{Contract, Ref, Unknown};
use std::collections::BTreeSet;

pub(super) const GATE: Gate = Gate { name: "references", codes: CODES, look };

const CODES: &[Code] = &[codes::REF_UNRESOLVED, codes::REF_UNUSED];

fn look(input: &Input) -> Found {
    let mut found = Found::default();
    let mut names = BTreeSet::new();
    let mut raised = BTreeSet::new();
    for member in &input.members {
        known(&member.contract, &mut names);
        uses(&member.contract, &mut raised);
    }
    for member in &input.members {
        imports(input, member, &mut found.findings);
        mentions(member, &names, &mut found.findings);
        for error in member.contract.errors.iter().filter(|error| !raised.contains(&error.id)) {
            let subject = format!("error {}", error.id.name);
            let finding = member.finding(codes::REF_UNUSED, &subject, "nothing raises it");
            found.findings.push(finding.hint("take it out, or raise it where it belongs"));
        }
    }
    found.count("imports", input.members.iter().map(|it| it.contract.imports.len()).sum());
    found.count("mentions", input.members.iter().map(|it| it.facts.mentions.len()).sum());
    found
}

fn imports(input: &Input, member: &Member, findings: &mut Vec<Finding>) {
    for import in &member.contract.imports {
        let there = input.members.iter().any(|it| *it.contract.name == *import.name);
        if !there {
            let message = format!("'{}' is imported, and is not among the contracts of this gate", import.name);
            let finding = member.finding(codes::REF_UNRESOLVED, &format!("import {}", import.name), message);
            findings.push(finding.hint("name its target in `contracts` too"));
        }
    }
}

fn mentions(member: &Member, names: &BTreeSet<String>, findings: &mut Vec<Finding>) {
    for word in member.facts.mentions.iter().filter(|word| !names.contains(&word.word)) {
        let message = format!("no contract declares '{}'", word.word);
        let finding = member.finding(codes::REF_UNRESOLVED, &word.subject, message).at(word.place);
        let hint = match closest(&word.word, names.iter().map(String::as_str)) {
            Some(name) => format!("did you mean '{name}'?"),
            None => "names in back quotes are those of declarations; other words go without them".to_owned(),
        };
        findings.push(finding.hint(hint));
    }
}

/// Names that a doc comment may speak of: those of a contract and of what it imports.
fn known(contract: &Contract, names: &mut BTreeSet<String>) {
    let mut add = |name: &str| {
        names.insert(name.to_owned());
    };
    contract.name.split('.').for_each(&mut add);
    contract.constants.iter().for_each(|it| add(&it.id.name));
    contract.aliases.iter().for_each(|it| add(&it.id.name));
    contract.records.iter().for_each(|it| add(&it.id.name));
    contract.errors.iter().for_each(|it| add(&it.id.name));
    contract.hashes.iter().for_each(|it| add(&it.id.name));
    contract.operators.iter().for_each(|it| add(&it.id.name));
    for decl in &contract.enums {
        add(&decl.id.name);
        decl.values.iter().for_each(|value| add(&value.name));
    }
    contract.imports.iter().for_each(|import| known(&import.contract, names));
}

/// Errors that something raises.
fn uses(contract: &Contract, raised: &mut BTreeSet<Ref>) {
    raised.extend(contract.invalid.clone());
    raised.extend(contract.aliases.iter().filter_map(|it| it.error.clone()));
    raised.extend(contract.records.iter().flat_map(|it| &it.requires).map(|it| it.raise.error.clone()));
    for operator in &contract.operators {
        raised.extend(operator.raises.iter().chain(&operator.boundary).cloned());
    }
    for decl in &contract.enums {
        if let Unknown::Error(error) = &decl.unknown {
            raised.insert(error.clone());
        }
    }
}
