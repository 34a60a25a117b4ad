//! `digests`: contracts and schemas are what the lock says that they are.

use super::codes::{self, Code};
use super::lock::Lock;
use super::report::Finding;
use super::{Document, Found, Gate, Input, line_of};
use crate::ir;

pub(super) const GATE: Gate = Gate { name: "digests", codes: CODES, look };

const CODES: &[Code] =
    &[codes::NONCANONICAL, codes::DIGEST_MISMATCH, codes::VERSION_NOT_BUMPED, codes::DIGEST_UNLOCKED];

/// How a lock is written again.
pub(super) const WRITE: &str = "build the `spec_lock` target, and put what it makes into the workspace";

fn look(input: &Input) -> Found {
    let mut found = Found::default();
    let Some(file) = input.file("lock") else {
        for member in &input.members {
            let finding = member.finding(codes::DIGEST_UNLOCKED, "contract", "there is no lock");
            found.findings.push(finding.hint(WRITE));
        }
        return found;
    };
    let lock = match Lock::read(&file.bytes) {
        Ok(lock) => lock,
        Err(message) => {
            found.findings.push(Finding::new(codes::NONCANONICAL, &file.path, "lock", message).hint(WRITE));
            return found;
        }
    };
    contracts(input, file, &lock, &mut found.findings);
    schemas(input, file, &lock, &mut found.findings);
    found.count("locked", lock.contracts.len());
    found
}

fn contracts(input: &Input, file: &Document, lock: &Lock, findings: &mut Vec<Finding>) {
    for member in &input.members {
        let contract = &member.contract;
        let Some((version, digest)) = lock.contracts.get(&*contract.name) else {
            let message = format!("{} does not lock it", file.path);
            findings.push(member.finding(codes::DIGEST_UNLOCKED, "contract", message).hint(WRITE));
            continue;
        };
        let (is, was) = (ir::digest(contract).hex(), digest);
        if is == *was && *version == contract.version.to_string() {
            continue;
        }
        if *version == contract.version.to_string() {
            let message =
                format!("its digest is {}, and {} locks {} as {}", short(&is), file.path, version, short(was));
            let finding = member.finding(codes::VERSION_NOT_BUMPED, "contract", message);
            findings.push(finding.hint("raise the version (`gx spec diff` says how far), then write the lock again"));
        } else {
            let message = format!("it is {}, and {} locks {version}", contract.version, file.path);
            findings.push(member.finding(codes::DIGEST_MISMATCH, "contract", message).hint(WRITE));
        }
    }
}

fn schemas(input: &Input, file: &Document, lock: &Lock, findings: &mut Vec<Finding>) {
    let contracts: Vec<_> = input.members.iter().map(|it| it.contract.clone()).collect();
    for (name, digest) in crate::registry::schemas(&contracts) {
        let is = hex::encode(digest);
        let Some(was) = lock.schemas.get(&name).filter(|was| **was != is) else { continue };
        let message = format!("the schema's digest is {}, and the lock says {}", short(&is), short(was));
        let finding = Finding::new(codes::DIGEST_MISMATCH, &file.path, &*name, message);
        findings.push(finding.at(line_of(&file.bytes, &format!("\"{name}\""))).hint(WRITE));
    }
}

/// Enough of a digest for a person.
pub(super) fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}
