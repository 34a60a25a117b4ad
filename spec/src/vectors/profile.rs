//! Comparing results by a profile: BITWISE, where everything is E0, or TOLERANCE, where listed paths are E1.
//!
//! E0: identical. E1: numerically equal within `max(abs, rel * max(|a|, |b|))`; infinities of one sign agree, +0 is
//! -0, NaN as the rule says. Maps are gone through by ascending keys, arrays by index, depth first; whole numbers,
//! booleans, texts and bytes are always E0. A path is the exact encoded path, `parent.name` or `parent.0`, without
//! wildcards; `.` and `\` in a name are escaped by `\`. Invariant: mismatches are sorted and depend on the two values
//! only.

use crate::ir::Operator;
use gx_store::encode::Value as Cbor;
use std::collections::{BTreeMap, BTreeSet};

/// How far two floats may be apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    absolute: f64,
    relative: f64,
    nan: bool,
}

impl Rule {
    /// A rule: both are finite and not negative. `nan`: are two NaN equal?
    pub fn new(absolute: f64, relative: f64, nan: bool) -> Option<Rule> {
        let right = |it: f64| it.is_finite() && it >= 0.0;
        (right(absolute) && right(relative)).then_some(Rule { absolute, relative, nan })
    }
}

/// A profile.
#[derive(Debug, Clone, PartialEq)]
pub enum Profile {
    /// Everything is E0.
    Bitwise,
    /// What is listed is E1, the rest E0.
    Tolerance {
        /// Rules by encoded path.
        rules: BTreeMap<String, Rule>,
        /// Is a field that only one side has left out of the comparison?
        ignore_missing: bool,
    },
}

/// Why two values do not match at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// They are not identical.
    E0Mismatch,
    /// They are further apart than the rule allows.
    E1OutOfBand,
    /// One side has it, the other has not.
    MissingField,
    /// NaN where the rule forbids it.
    NanForbidden,
    /// Arrays of another length.
    ShapeMismatch,
    /// Another kind of value.
    TypeMismatch,
}

impl Reason {
    /// Its code.
    pub const fn code(self) -> &'static str {
        match self {
            Reason::E0Mismatch => "E0_MISMATCH",
            Reason::E1OutOfBand => "E1_OUT_OF_BAND",
            Reason::MissingField => "MISSING_FIELD",
            Reason::NanForbidden => "NAN_FORBIDDEN",
            Reason::ShapeMismatch => "SHAPE_MISMATCH",
            Reason::TypeMismatch => "TYPE_MISMATCH",
        }
    }
}

/// Where two values do not match, by path and code. Empty: MATCH.
pub fn compare(profile: &Profile, expected: &Cbor, got: &Cbor) -> Vec<(String, Reason)> {
    let mut found = BTreeSet::new();
    walk(profile, "", expected, got, &mut found);
    let mut found: Vec<(String, Reason)> = found.into_iter().collect();
    found.sort_by(|a, b| (&a.0, a.1.code()).cmp(&(&b.0, b.1.code())));
    found
}

/// A name as a part of a path.
pub fn escape(name: &str) -> String {
    name.replace('\\', "\\\\").replace('.', "\\.")
}

/// The names of a path; `None` when an escape in it is none.
pub fn parts(path: &str) -> Option<Vec<String>> {
    let mut parts = vec![String::new()];
    let mut chars = path.chars();
    while let Some(c) = chars.next() {
        match c {
            '.' => parts.push(String::new()),
            '\\' => match chars.next() {
                Some(c @ ('\\' | '.')) => parts.last_mut()?.push(c),
                _ => return None,
            },
            c => parts.last_mut()?.push(c),
        }
    }
    Some(parts)
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { escape(name) } else { format!("{path}.{}", escape(name)) }
}

fn walk(profile: &Profile, path: &str, a: &Cbor, b: &Cbor, found: &mut BTreeSet<(String, Reason)>) {
    let mut tell = |path: &str, reason: Reason| {
        found.insert((path.to_owned(), reason));
    };
    match (a, b) {
        (Cbor::Map(a), Cbor::Map(b)) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            let ignore = matches!(profile, Profile::Tolerance { ignore_missing: true, .. });
            for key in keys {
                let path = below(path, key);
                match (a.get(key), b.get(key)) {
                    (Some(a), Some(b)) => walk(profile, &path, a, b, found),
                    _ if ignore => {}
                    _ => drop(found.insert((path, Reason::MissingField))),
                }
            }
        }
        (Cbor::Array(a), Cbor::Array(b)) if a.len() != b.len() => tell(path, Reason::ShapeMismatch),
        (Cbor::Array(a), Cbor::Array(b)) => {
            for (at, (a, b)) in a.iter().zip(b).enumerate() {
                walk(profile, &below(path, &at.to_string()), a, b, found);
            }
        }
        (Cbor::Float(a), Cbor::Float(b)) => {
            let rule = match profile {
                Profile::Tolerance { rules, .. } => rules.get(path),
                Profile::Bitwise => None,
            };
            match rule {
                None if a == b => {}
                None => tell(path, Reason::E0Mismatch),
                Some(rule) => {
                    floats(*rule, f64::from_bits(*a), f64::from_bits(*b)).into_iter().for_each(|it| tell(path, it))
                }
            }
        }
        // Whole numbers are of one kind, whatever their sign.
        (Cbor::Unsigned(_) | Cbor::Negative(_), Cbor::Unsigned(_) | Cbor::Negative(_)) if a == b => {}
        (Cbor::Unsigned(_) | Cbor::Negative(_), Cbor::Unsigned(_) | Cbor::Negative(_)) => {
            tell(path, Reason::E0Mismatch)
        }
        _ if std::mem::discriminant(a) != std::mem::discriminant(b) => tell(path, Reason::TypeMismatch),
        _ if a == b => {}
        _ => tell(path, Reason::E0Mismatch),
    }
}

fn floats(rule: Rule, a: f64, b: f64) -> Option<Reason> {
    if a.is_nan() || b.is_nan() {
        if !rule.nan {
            return Some(Reason::NanForbidden);
        }
        return (a.is_nan() != b.is_nan()).then_some(Reason::E1OutOfBand);
    }
    if a.is_infinite() || b.is_infinite() {
        return (a != b).then_some(Reason::E1OutOfBand);
    }
    let band = rule.absolute.max(rule.relative * a.abs().max(b.abs()));
    ((a - b).abs() > band).then_some(Reason::E1OutOfBand)
}

/// The profile of an operator for a result of its own: its tolerances, at every path of the result that they are for.
/// A tolerance counts for all elements of a list.
pub fn of_operator(operator: &Operator, result: &Cbor) -> Profile {
    let Some(tolerances) = &operator.tolerances else { return Profile::Bitwise };
    let mut rules = BTreeMap::new();
    let wanted: BTreeMap<String, Rule> = tolerances
        .iter()
        .filter_map(|it| Some((it.path.join("."), Rule::new(it.absolute, it.relative, it.nan)?)))
        .collect();
    expand(&wanted, "", "", result, &mut rules);
    Profile::Tolerance { rules, ignore_missing: false }
}

fn expand(wanted: &BTreeMap<String, Rule>, path: &str, plain: &str, value: &Cbor, rules: &mut BTreeMap<String, Rule>) {
    match value {
        Cbor::Map(entries) => {
            for (key, value) in entries {
                let plain = if plain.is_empty() { key.clone() } else { format!("{plain}.{key}") };
                expand(wanted, &below(path, key), &plain, value, rules);
            }
        }
        Cbor::Array(items) => {
            for (at, value) in items.iter().enumerate() {
                expand(wanted, &below(path, &at.to_string()), plain, value, rules);
            }
        }
        Cbor::Float(_) => drop(wanted.get(plain).map(|rule| rules.insert(path.to_owned(), *rule))),
        _ => {}
    }
}

/// JSON as the values that are compared.
pub fn cbor(json: &serde_json::Value) -> Cbor {
    use serde_json::Value as Json;
    match json {
        Json::Null => Cbor::Null,
        Json::Bool(b) => Cbor::Bool(*b),
        Json::String(text) => Cbor::text(text),
        Json::Array(items) => Cbor::Array(items.iter().map(cbor).collect()),
        Json::Object(entries) => Cbor::Map(entries.iter().map(|(key, value)| (key.clone(), cbor(value))).collect()),
        Json::Number(n) => match (n.as_u64(), n.as_i64()) {
            (Some(n), _) => Cbor::Unsigned(n),
            (_, Some(n)) => Cbor::Negative(n.unsigned_abs() - 1),
            _ => Cbor::float(n.as_f64().unwrap_or(f64::NAN)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(profile: &Profile, a: Cbor, b: Cbor) -> String {
        let lines: Vec<String> =
            compare(profile, &a, &b).iter().map(|(path, reason)| format!("{path}: {}", reason.code())).collect();
        lines.join("; ")
    }

    fn x(value: Cbor) -> Cbor {
        Cbor::record([("x", value)])
    }

    fn within(absolute: f64, relative: f64, nan: bool) -> Profile {
        let rules = BTreeMap::from([("x".to_owned(), Rule::new(absolute, relative, nan).unwrap())]);
        Profile::Tolerance { rules, ignore_missing: false }
    }

    #[test]
    fn a_difference_within_the_band_is_green_under_tolerance_and_red_under_bitwise() {
        let (a, b) = (x(Cbor::float(1.0)), x(Cbor::float(1.0 + 1e-12)));
        assert_eq!(told(&Profile::Bitwise, a.clone(), b.clone()), "x: E0_MISMATCH");
        assert_eq!(told(&within(1e-10, 0.0, false), a, b), "");
    }

    #[test]
    fn the_band_is_the_greater_of_both_and_its_end_belongs_to_it() {
        let far = |profile: &Profile, a: f64, b: f64| told(profile, x(Cbor::float(a)), x(Cbor::float(b)));
        assert_eq!(far(&within(0.5, 0.0, false), 1.0, 1.5), "");
        assert_eq!(far(&within(0.5, 0.0, false), 1.0, 1.500_000_1), "x: E1_OUT_OF_BAND");
        assert_eq!(far(&within(0.0, 0.1, false), 100.0, 110.0), "");
        assert_eq!(far(&within(0.0, 0.1, false), -100.0, 110.0), "x: E1_OUT_OF_BAND");
        assert_eq!(far(&within(0.0, 0.0, false), 0.0, -0.0), "");
        assert_eq!(far(&Profile::Bitwise, 0.0, -0.0), "x: E0_MISMATCH");
        // A product that overflows lets any finite difference pass.
        assert_eq!(far(&within(0.0, 2.0, false), f64::MAX, -f64::MAX), "");
    }

    #[test]
    fn infinities_and_nan_follow_their_rules() {
        let far = |nan: bool, a: f64, b: f64| told(&within(1.0, 1.0, nan), x(Cbor::float(a)), x(Cbor::float(b)));
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        assert_eq!(far(false, inf, inf), "");
        assert_eq!(far(false, inf, -inf), "x: E1_OUT_OF_BAND");
        assert_eq!(far(false, inf, 1.0), "x: E1_OUT_OF_BAND");
        assert_eq!(far(false, nan, nan), "x: NAN_FORBIDDEN");
        assert_eq!(far(true, nan, nan), "");
        assert_eq!(far(true, nan, 1.0), "x: E1_OUT_OF_BAND");
    }

    #[test]
    fn shapes_kinds_and_missing_fields() {
        let list = |n: u64| x(Cbor::Array((0..n).map(Cbor::Unsigned).collect()));
        assert_eq!(told(&Profile::Bitwise, list(2), list(3)), "x: SHAPE_MISMATCH");
        assert_eq!(told(&Profile::Bitwise, x(Cbor::text("1")), x(Cbor::Unsigned(1))), "x: TYPE_MISMATCH");
        assert_eq!(told(&Profile::Bitwise, x(Cbor::Negative(0)), x(Cbor::Unsigned(1))), "x: E0_MISMATCH");
        let other = Cbor::record([("y.z\\", Cbor::Null)]);
        assert_eq!(told(&Profile::Bitwise, list(1), other.clone()), "x: MISSING_FIELD; y\\.z\\\\: MISSING_FIELD");
        let ignore = Profile::Tolerance { rules: BTreeMap::new(), ignore_missing: true };
        assert_eq!(told(&ignore, list(1), other), "");
        // No wildcards: a rule for `x` says nothing of its elements.
        let floats = |f: f64| x(Cbor::Array(vec![Cbor::float(f)]));
        assert_eq!(told(&within(1.0, 0.0, false), floats(1.0), floats(1.5)), "x.0: E0_MISMATCH");
    }

    #[test]
    fn paths_and_rules_are_held_to_their_form() {
        for name in ["a", "a.b", "a\\", "\\.", ""] {
            assert_eq!(parts(&escape(name)).unwrap(), [name]);
        }
        assert_eq!(parts("a.b\\.c").unwrap(), ["a", "b.c"]);
        assert_eq!((parts("a\\"), parts("a\\b")), (None, None));
        assert!(Rule::new(-1.0, 0.0, false).is_none() && Rule::new(0.0, f64::INFINITY, false).is_none());
    }
}
