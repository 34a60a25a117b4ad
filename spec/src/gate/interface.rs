//! `interface`: operators have the signatures that were recorded, all of them, and no others.

use super::codes::{self, Code};
use super::digests::{WRITE, short};
use super::lock::Lock;
use super::report::Finding;
use super::{Found, Gate, Input, line_of};
use crate::registry::Registry;

pub(super) const GATE: Gate = Gate { name: "interface", codes: CODES, look };

const CODES: &[Code] =
    &[codes::NONCANONICAL, codes::INTERFACE_CHANGED, codes::INTERFACE_REMOVED, codes::INTERFACE_UNRECORDED];

fn look(input: &Input) -> Found {
    let mut found = Found::default();
    let contracts: Vec<_> = input.members.iter().map(|it| it.contract.clone()).collect();
    let is = Registry::of(&contracts);
    let signatures = is.signatures();
    let lock = input.file("lock").map(|file| (file, Lock::read(&file.bytes)));
    let (path, bytes, lock) = match lock {
        None => (String::new(), &[] as &[u8], Lock::default()),
        Some((file, Ok(lock))) => (file.path.clone(), file.bytes.as_slice(), lock),
        Some((file, Err(message))) => {
            found.findings.push(Finding::new(codes::NONCANONICAL, &file.path, "lock", message).hint(WRITE));
            return found;
        }
    };
    for member in &input.members {
        for operator in &member.contract.operators {
            let subject = format!("operator {}", operator.id.name);
            let id = operator.id.to_string();
            let Some(now) = signatures.get(&id) else { continue };
            match lock.operators.get(&id) {
                None => {
                    let finding =
                        member.finding(codes::INTERFACE_UNRECORDED, &subject, "its signature is not recorded");
                    found.findings.push(finding.hint(WRITE));
                }
                Some(was) if was != now => {
                    let message = format!("its signature's digest is {}, recorded is {}", short(now), short(was));
                    let finding = member.finding(codes::INTERFACE_CHANGED, &subject, message);
                    found
                        .findings
                        .push(finding.hint("raise the version as the compatibility gate says, then write the lock"));
                }
                Some(_) => {}
            }
        }
    }
    for id in lock.operators.keys().filter(|id| !signatures.contains_key(*id)) {
        let finding = Finding::new(codes::INTERFACE_REMOVED, &path, &**id, "it is recorded, and no contract has it");
        found.findings.push(finding.at(line_of(bytes, &format!("\"{id}\""))).hint(WRITE));
    }
    found.count("signatures", signatures.len());
    found
}
