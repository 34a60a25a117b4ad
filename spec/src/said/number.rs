//! Rules for numbers: what a document or a contract says of rounding, tolerances, quantiles, and numbers with names.
//!
//! A rule has a topic and a value in one spelling, so that two places can be compared. Invariants: a number has one
//! spelling (`0.10` and `1e-1` are one); a rounding has the name that the language has for it. This file does not know
//! where rules come from, except those of a contract.

use super::Said;
use super::contract::Places;
use crate::ir::{Contract, Expr, ExprKind, Operator, Value};
use crate::syntax::{Binary, Span};
use std::collections::BTreeSet;

/// What a rule is about, when it is no number with a name.
pub(crate) const ROUNDING: &str = "rounding";
/// How far off a result may be.
pub(crate) const ABSOLUTE: &str = "abs_tol";
/// How far off it may be for its size.
pub(crate) const RELATIVE: &str = "rel_tol";
/// Which element a quantile is.
pub(crate) const QUANTILE: &str = "quantile";

/// A rule for numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberRule {
    /// The operator that it is for; none when it is for all of the document.
    pub operator: Option<String>,
    /// What it is about: `rounding`, `abs_tol`, `rel_tol`, `quantile`, or the name of a number.
    pub topic: Said<String>,
    /// What it says.
    pub value: String,
}

/// A number in one spelling: its digits without zeros at either end, and a power of ten.
pub(crate) fn canonical(text: &str) -> Option<String> {
    let lower = text.trim().replace('_', "").to_ascii_lowercase();
    let (negative, rest) = lower.strip_prefix('-').map_or((false, lower.as_str()), |it| (true, it));
    let (mantissa, power) = rest.split_once('e').unwrap_or((rest, "0"));
    let power: i64 = power.strip_prefix('+').unwrap_or(power).parse().ok().filter(|it| (-9999..=9999).contains(it))?;
    let (whole, behind) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{behind}");
    if whole.is_empty() || digits.len() > 400 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let power = power - behind.len() as i64;
    let cut = digits.trim_start_matches('0');
    let bare = cut.trim_end_matches('0');
    let power = power + (cut.len() - bare.len()) as i64;
    if bare.is_empty() {
        return Some("0".to_owned());
    }
    let sign = if negative { "-" } else { "" };
    Some(if power == 0 { format!("{sign}{bare}") } else { format!("{sign}{bare}e{power}") })
}

/// How an operator rounds in its own text.
pub(crate) fn roundings(operator: &Operator) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    walk(operator, &mut |expr| match &expr.kind {
        ExprKind::Divide(_, _, how) => drop(found.insert(how.name())),
        ExprKind::Narrow(narrow) => drop(narrow.round.map(|how| found.insert(how.name()))),
        _ => {}
    });
    found
}

fn walk(operator: &Operator, visit: &mut impl FnMut(&Expr)) {
    operator.ensures.iter().for_each(|it| it.walk(visit));
    operator.requires.iter().for_each(|it| it.condition.walk(visit));
    operator.body.iter().for_each(|it| it.walk(visit));
}

/// How an operator rounds, or what it calls: what prose may say of it.
fn all_roundings(contract: &Contract, operator: &Operator, found: &mut BTreeSet<&'static str>) {
    found.extend(roundings(operator));
    // Whole division rounds down without a word for it.
    walk(operator, &mut |expr| {
        if matches!(&expr.kind, ExprKind::Binary(Binary::Div, ..)) {
            found.insert("floor");
        }
    });
    // Operators do not call each other in a circle (S29).
    for used in &operator.uses {
        if let Some(called) = contract.home(&used.contract).and_then(|it| it.operator(&used.name)) {
            all_roundings(contract, called, found);
        }
    }
}

/// The rules of a contract, each at the place of its declaration.
pub(super) fn of_contract(contract: &Contract, places: &Places) -> Vec<NumberRule> {
    let mut rules = Vec::new();
    for it in &contract.constants {
        let text = match (&it.value, it.value.as_decimal()) {
            (Value::Float(float), _) => format!("{float:e}"),
            (_, Some((digits, scale))) => format!("{digits}e-{scale}"),
            _ => continue,
        };
        if let Some(value) = canonical(&text) {
            rules.push(NumberRule { operator: None, topic: said(&it.id.name, places.item(&it.id.name)), value });
        }
    }
    for it in contract.operators.iter().filter(|it| !it.is_extern) {
        let span = places.item(&it.id.name);
        let mut rule = |topic: &str, value: String| {
            let operator = Some(it.id.name.to_string());
            rules.push(NumberRule { operator, topic: said(topic, span), value });
        };
        let own = roundings(it);
        let mut all = BTreeSet::new();
        all_roundings(contract, it, &mut all);
        for how in all {
            // What is only called need not be spoken of.
            rule(if own.contains(how) { ROUNDING } else { CALLED }, how.to_owned());
        }
        for tolerance in it.tolerances.iter().flatten() {
            for (topic, number) in [(ABSOLUTE, tolerance.absolute), (RELATIVE, tolerance.relative)] {
                if let Some(value) = canonical(&format!("{number:e}")) {
                    rule(topic, value);
                }
            }
        }
    }
    rules
}

/// A rounding of something that an operator calls.
pub(crate) const CALLED: &str = "rounding of what it calls";

fn said(text: &str, span: Span) -> Said<String> {
    Said::new(text.to_owned(), span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_spelling() {
        for (text, one) in [
            ("1e-10", "1e-10"),
            ("0.0000000001", "1e-10"),
            ("1.0E-10", "1e-10"),
            ("1_000", "1e3"),
            ("-12.50", "-125e-1"),
            ("0.00", "0"),
            ("007", "7"),
        ] {
            assert_eq!(canonical(text).as_deref(), Some(one), "{text}");
        }
        for text in ["", ".", "e5", "1e", "1x", "--1", "1.2.3", "1e99999"] {
            assert_eq!(canonical(text), None, "{text}");
        }
    }
}
