//! The policy of a set of contracts: how numbers are rounded, how far floats may be off, which numbers errors have.
//!
//! A file of TOML: `rounding = ["half_even"]`, `max_abs`, `max_rel`, `nan = "forbid"` or `"equal"`, and `[errors]`
//! with a range of numbers for each category (`account = "1000..1099"`). Invariant: what a contract uses and the
//! policy does not allow is found; using it without a policy is found too. This file does not know where the policy
//! comes from.

use super::codes;
use super::report::Finding;
use super::{Document, Input, Member};
use crate::ir::Operator;
use crate::said::number::roundings;
use crate::syntax::Rounding;
use std::collections::{BTreeMap, BTreeSet};
use toml::de::{DeTable, DeValue};

/// What is allowed.
#[derive(Debug, Default)]
pub(super) struct Policy {
    path: String,
    rounding: BTreeSet<String>,
    absolute: f64,
    relative: f64,
    nan: bool,
    /// First and last number, by category.
    errors: BTreeMap<String, (u32, u32)>,
}

const KEYS: &str = "it may have rounding, max_abs, max_rel, nan and [errors]";

impl Policy {
    /// Reads a policy; what cannot be read is found, and allows nothing.
    pub(super) fn read(file: &Document, findings: &mut Vec<Finding>) -> Policy {
        let mut policy = Policy { path: file.path.clone(), ..Policy::default() };
        let text = String::from_utf8_lossy(&file.bytes);
        let mut tell = |at: usize, message: String| {
            let place = crate::diagnostic::position(&text, at as u32);
            findings.push(Finding::new(codes::POLICY_CONFLICT, &file.path, "policy", message).at(place).hint(KEYS));
        };
        let table = match DeTable::parse(&text) {
            Ok(table) => table,
            Err(error) => {
                tell(error.span().map_or(0, |span| span.start), format!("the policy is no TOML: {}", error.message()));
                return policy;
            }
        };
        for (key, value) in table.get_ref() {
            if let Err(message) = policy.key(key.get_ref(), value.get_ref()) {
                tell(key.span().start, message);
            }
        }
        policy
    }

    fn key(&mut self, key: &str, value: &DeValue<'_>) -> Result<(), String> {
        match (key, value) {
            ("rounding", DeValue::Array(items)) => {
                for item in items.iter() {
                    let name = item.get_ref().as_str().unwrap_or_default();
                    if Rounding::of(name).is_none() {
                        return Err(format!("'{name}' is no rounding"));
                    }
                    self.rounding.insert(name.to_owned());
                }
            }
            ("max_abs", value) => self.absolute = number(value).ok_or("max_abs is a number, zero or more")?,
            ("max_rel", value) => self.relative = number(value).ok_or("max_rel is a number, zero or more")?,
            ("nan", DeValue::String(text)) if matches!(text.as_ref(), "forbid" | "equal") => {
                self.nan = text == "equal";
            }
            ("errors", DeValue::Table(table)) => {
                for (category, range) in table.iter() {
                    let text = range.get_ref().as_str().unwrap_or_default();
                    let range = text.split_once("..").and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
                    let range = range.filter(|(a, b): &(u32, u32)| a <= b);
                    let category = category.get_ref().to_string();
                    let range =
                        range.ok_or_else(|| format!("the numbers of '{category}' are no range like 1000..1099"))?;
                    if let Some((other, _)) = self.errors.iter().find(|(_, it)| it.0 <= range.1 && range.0 <= it.1) {
                        return Err(format!("the numbers of '{category}' are partly those of '{other}'"));
                    }
                    self.errors.insert(category, range);
                }
            }
            (key, _) => return Err(format!("'{key}' is no key of a policy, or has another kind of value")),
        }
        Ok(())
    }
}

fn number(value: &DeValue<'_>) -> Option<f64> {
    let text = match value {
        DeValue::Float(float) => float.as_str(),
        DeValue::Integer(int) => int.as_str(),
        _ => return None,
    };
    text.parse().ok().filter(|it: &f64| it.is_finite() && *it >= 0.0)
}

/// Holds contracts against a policy.
pub(super) fn hold(input: &Input, policy: Option<&Policy>, findings: &mut Vec<Finding>) {
    for member in &input.members {
        for operator in &member.contract.operators {
            numeric(member, operator, policy, findings);
        }
        for error in &member.contract.errors {
            let subject = format!("error {}", error.id.name);
            let (category, number) = (&*error.category, error.number);
            let Some(policy) = policy else {
                let finding =
                    member.finding(codes::POLICY_MISSING, &subject, "no table says which numbers errors have");
                findings.push(finding.hint("give the gate a `policy` with [errors] and a range for each category"));
                break;
            };
            let message = match policy.errors.get(category) {
                Some((first, last)) if (*first..=*last).contains(&number) => continue,
                Some((first, last)) => format!("{number} is not in {first}..{last}, the numbers of '{category}'"),
                None => format!("'{category}' is no category of the table"),
            };
            let finding = member.finding(codes::POLICY_CONFLICT, &subject, message);
            findings.push(finding.hint(format!("{} has the table", policy.path)));
        }
    }
}

fn numeric(member: &Member, operator: &Operator, policy: Option<&Policy>, findings: &mut Vec<Finding>) {
    let subject = format!("operator {}", operator.id.name);
    let used = roundings(operator);
    let tolerances = operator.tolerances.as_deref().unwrap_or_default();
    let Some(policy) = policy else {
        if !used.is_empty() || !tolerances.is_empty() {
            let finding = member.finding(codes::POLICY_MISSING, &subject, "it rounds, and no policy says how it is to");
            findings.push(finding.hint("give the gate a `policy`: a file with `rounding = [\"half_even\"]`"));
        }
        return;
    };
    let hint = format!("{} has the policy", policy.path);
    let mut tell = |message: String| {
        findings.push(member.finding(codes::POLICY_CONFLICT, &subject, message).hint(hint.clone()));
    };
    for name in used.into_iter().filter(|name| !policy.rounding.contains(*name)) {
        tell(format!("it rounds {name}, which the policy does not allow"));
    }
    for tolerance in tolerances {
        let path = tolerance.path.join(".");
        if tolerance.absolute > policy.absolute || tolerance.relative > policy.relative {
            tell(format!("'{path}' may be further off than the policy allows"));
        }
        if tolerance.nan && !policy.nan {
            tell(format!("'{path}' takes NaN for NaN, which the policy forbids"));
        }
    }
}
