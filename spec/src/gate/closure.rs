//! `closure`: nothing is left open: no choice words, no tie without a break, no order unsaid, one numeric policy, one
//! meaning for each hash, tag, contract and number.

use super::codes::{self, Code};
use super::policy::{self, Policy};
use super::report::Finding;
use super::{Found, Gate, Input, Member};
use crate::ir::{self, Operator, Preimage, Type};
use crate::syntax::Tie;
use std::collections::BTreeMap;

pub(super) const GATE: Gate = Gate { name: "closure", codes: CODES, look };

const CODES: &[Code] = &[
    codes::AMBIGUOUS_WORD,
    codes::OPERATOR_SILENT,
    codes::POLICY_MISSING,
    codes::POLICY_CONFLICT,
    codes::PREIMAGE_CONFLICT,
    codes::CONTRACT_CONFLICT,
    codes::ERROR_CONFLICT,
    codes::TIE_UNDEFINED,
    codes::ITERATION_UNORDERED,
];

fn look(input: &Input) -> Found {
    let mut found = Found::default();
    for member in &input.members {
        words(member, &mut found.findings);
        for operator in &member.contract.operators {
            orders(member, operator, &mut found.findings);
        }
    }
    let policy = input.file("policy").map(|file| Policy::read(file, &mut found.findings));
    policy::hold(input, policy.as_ref(), &mut found.findings);
    hashes(input, &mut found.findings);
    errors(input, &mut found.findings);
    contracts(input, &mut found.findings);
    found.count("operators", input.members.iter().map(|it| it.contract.operators.len()).sum());
    found.count("errors", input.members.iter().map(|it| it.contract.errors.len()).sum());
    found.count("hashes", input.members.iter().map(|it| it.contract.hashes.len()).sum());
    found
}

fn words(member: &Member, findings: &mut Vec<Finding>) {
    for word in &member.facts.choices {
        let message = format!("'{}' leaves open what happens", word.word);
        let finding = member.finding(codes::AMBIGUOUS_WORD, &word.subject, message).at(word.place);
        findings.push(finding.hint("say what happens and when; what is no part of the contract is a plain comment"));
    }
    for name in &member.facts.silent {
        let finding =
            member.finding(codes::OPERATOR_SILENT, &format!("operator {name}"), "nothing says what it is for");
        findings.push(finding.hint("put a doc comment (`///`) before it"));
    }
}

fn orders(member: &Member, operator: &Operator, findings: &mut Vec<Finding>) {
    let subject = format!("operator {}", operator.id.name);
    let has_list = operator.inputs.iter().any(|input| collects(&input.ty));
    // Elements that are ordered by themselves and tie are equal: no break is needed.
    let by_itself =
        |it: &ir::Order| it.keys.iter().any(|(path, _)| path.len() == 1 && path.iter().all(|it| **it == *"value"));
    for order in operator.orders.iter().filter(|it| it.tie == Tie::Input && !has_list && !by_itself(it)) {
        let message = format!("'{}' follows the order of an input, and no input has an order", order.output);
        let finding = member.finding(codes::TIE_UNDEFINED, &subject, message);
        findings.push(finding.hint(format!("write `order {} by FIELD tie unique`", order.output)));
    }
    // A body says itself in which order it makes a list that lies deeper; an extern operator does not.
    for output in operator.outputs.iter().filter(|_| operator.is_extern) {
        let inner = !matches!(output.ty.base(), Type::List(..)) && lists(&output.ty);
        if inner {
            let message = format!("'{}' holds a list, and nothing says in which order", output.name);
            let finding = member.finding(codes::ITERATION_UNORDERED, &subject, message);
            findings.push(finding.hint("give the list as an output of its own with an `order`"));
        }
    }
}

/// Is there a list or a map in it?
fn collects(ty: &Type) -> bool {
    match ty.base() {
        Type::List(..) | Type::Map(..) => true,
        Type::Optional(inner) => collects(inner),
        Type::Record(record) => record.fields.iter().any(|field| collects(&field.ty)),
        _ => false,
    }
}

/// Is there a list in it?
fn lists(ty: &Type) -> bool {
    match ty.base() {
        Type::List(..) => true,
        Type::Optional(inner) | Type::Map(_, inner, _) => lists(inner),
        Type::Record(record) => record.fields.iter().any(|field| lists(&field.ty)),
        _ => false,
    }
}

/// One name, and one tag, stands for one preimage.
fn hashes(input: &Input, findings: &mut Vec<Finding>) {
    let mut names: BTreeMap<&str, (&Member, Vec<u8>)> = BTreeMap::new();
    let mut tags: BTreeMap<(&str, &str), (&Member, String)> = BTreeMap::new();
    for member in &input.members {
        for hash in &member.contract.hashes {
            let subject = format!("hash {}", hash.id.name);
            let bytes = ir::hash_value(hash).encode();
            if let Some((other, known)) =
                names.get(&*hash.id.name).filter(|it| it.0.contract.name != member.contract.name)
            {
                if *known != bytes {
                    let message = format!(
                        "'{}' has another preimage in {} ({})",
                        hash.id.name, other.contract.name, other.facts.file
                    );
                    let finding = member.finding(codes::PREIMAGE_CONFLICT, &subject, message);
                    findings.push(finding.hint("give one of them another name, or import one definition in both"));
                }
            } else {
                names.insert(&hash.id.name, (member, bytes));
            }
            let Preimage::Commit(tag, _) = &hash.preimage else { continue };
            let id = hash.id.to_string();
            match tags.get(&(hash.function.name(), tag.as_str())) {
                Some((other, known)) if *known != id => {
                    let message = format!("the tag \"{tag}\" is that of {known} too ({})", other.facts.file);
                    let finding = member.finding(codes::PREIMAGE_CONFLICT, &subject, message);
                    findings.push(finding.hint("a tag keeps two hashes apart: give each its own"));
                }
                Some(_) => {}
                None => {
                    tags.insert((hash.function.name(), tag), (member, id));
                }
            }
        }
    }
}

/// One number, and one name, stands for one error.
fn errors(input: &Input, findings: &mut Vec<Finding>) {
    let mut numbers: BTreeMap<u32, (&Member, &str)> = BTreeMap::new();
    let mut names: BTreeMap<&str, (&Member, u32)> = BTreeMap::new();
    for member in &input.members {
        for error in &member.contract.errors {
            let name = &*error.id.name;
            let subject = format!("error {name}");
            let tell = |message: String, hint: &str, findings: &mut Vec<Finding>| {
                findings.push(member.finding(codes::ERROR_CONFLICT, &subject, message).hint(hint));
            };
            match numbers.get(&error.number) {
                Some((other, known)) if other.contract.name != member.contract.name => {
                    let message = format!("{} is the number of {known} in {} too", error.number, other.contract.name);
                    tell(message, "give it a number that is free in all contracts", findings);
                }
                _ => drop(numbers.insert(error.number, (member, name))),
            }
            match names.get(name) {
                Some((other, number)) if *number != error.number && other.contract.name != member.contract.name => {
                    let message = format!("in {} the name stands for number {number}", other.contract.name);
                    tell(message, "give it another name, or import the one that is there", findings);
                }
                _ => drop(names.insert(name, (member, error.number))),
            }
        }
    }
}

fn contracts(input: &Input, findings: &mut Vec<Finding>) {
    for (at, member) in input.members.iter().enumerate() {
        let contract = &member.contract;
        let same = |other: &&Member| other.contract.name == contract.name && other.contract.version == contract.version;
        let before = input.members.get(..at).unwrap_or_default().iter().find(same);
        if let Some(other) = before.filter(|other| ir::digest(&other.contract) != ir::digest(contract)) {
            let message =
                format!("{} {} means something else in {}", contract.name, contract.version, other.facts.file);
            let finding = member.finding(codes::CONTRACT_CONFLICT, "contract", message);
            findings.push(finding.hint("one name and version has one meaning: raise the version of one of them"));
        }
    }
}
