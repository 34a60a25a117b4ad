//! `compatibility`: a contract that changed has a version that is raised enough, and a breaking change a migration.

use super::codes::{self, Code};
use super::report::Finding;
use super::{Found, Gate, Input, Member};
use crate::diff::{Change, Step, diff, least};
use crate::rules::Rule;

pub(super) const GATE: Gate = Gate { name: "compatibility", codes: CODES, look };

const CODES: &[Code] = &[codes::BUMP_TOO_SMALL, codes::VERSION_BACKWARDS, codes::MIGRATION_MISSING];

fn look(input: &Input) -> Found {
    let mut found = Found::default();
    let mut steps = [0usize; 4];
    for member in &input.members {
        let former = input.former.iter().filter(|it| it.contract.name == member.contract.name);
        let Some(former) = former.max_by_key(|it| it.contract.version) else { continue };
        let compared = diff(&former.contract, &member.contract);
        for change in &compared.changes {
            if let Some(count) = steps.get_mut(change.step as usize) {
                *count += 1;
            }
        }
        if compared.faults.iter().any(|fault| fault.0 == Rule::VersionBack) {
            let message = format!("it goes back from {} to {}", former.contract.version, member.contract.version);
            let finding = member.finding(codes::VERSION_BACKWARDS, "contract", message);
            found.findings.push(finding.hint(format!("write {} or a later version", compared.least)));
            continue;
        }
        bumps(former, member, &compared.changes, &mut found.findings);
        if compared.step == Step::Major {
            migration(input, former, member, &mut found.findings);
        }
    }
    for (step, name) in [(Step::Patch, "patch"), (Step::Minor, "minor"), (Step::Major, "major")] {
        found.count(name, steps.get(step as usize).copied().unwrap_or(0));
    }
    found
}

/// Every change that needs a later version than the contract has.
fn bumps(former: &Member, member: &Member, changes: &[Change], findings: &mut Vec<Finding>) {
    let version = member.contract.version;
    for change in changes {
        let needed = least(former.contract.version, change.step);
        if version < needed {
            let was = former.contract.version;
            let message = format!("{}: since {was} that is a {} step", change.what, change.step.name());
            let finding = member.finding(codes::BUMP_TOO_SMALL, &change.subject, message);
            findings.push(finding.hint(format!("write {needed} or a later version in the header, not {version}")));
        }
    }
}

/// Operators that take what was to what is; each has a vector.
fn migration(input: &Input, former: &Member, member: &Member, findings: &mut Vec<Finding>) {
    let contract = &member.contract;
    let named: Vec<&str> = input.argument("migrations").lines().collect();
    let hint = "name operators that take the former state to the new one in `migrations`";
    if named.is_empty() {
        let message = format!("it breaks with {}, and no migration is named", former.contract.version);
        findings.push(member.finding(codes::MIGRATION_MISSING, "contract", message).hint(hint));
    }
    for name in named {
        let subject = format!("operator {name}");
        if contract.operator(name).is_none() {
            let message = format!("the migration '{name}' is no operator of {}", contract.name);
            findings.push(member.finding(codes::MIGRATION_MISSING, "contract", message).hint(hint));
        } else if contract.vectors_of(name).next().is_none() {
            let finding = member.finding(codes::MIGRATION_MISSING, &subject, "the migration has no vector");
            findings.push(finding.hint("freeze an example of what it makes of a former state"));
        }
    }
}
