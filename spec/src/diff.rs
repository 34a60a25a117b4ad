//! How two versions of a contract differ, and which step of the version that needs (rules S40, S41).
//!
//! MAJOR: someone who relied on the old one may fail. MINOR: there is more than before. PATCH: the same promises, kept
//! in another way. Doc comments and layout are no difference. Invariant: changes are sorted by step, kind and name.
//! This file does not know texts.

use crate::check::{Fit, fits};
use crate::ir::{Contract, Operator, Param, Type, contract_value};
use crate::rules::Rule;
use crate::syntax::Version;
use gx_store::encode::Value as Cbor;
use std::collections::BTreeMap;

/// A step of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// None is needed.
    None,
    /// The same promises.
    Patch,
    /// More promises.
    Minor,
    /// Other promises.
    Major,
}

impl Step {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Step::None => "NONE",
            Step::Patch => "PATCH",
            Step::Minor => "MINOR",
            Step::Major => "MAJOR",
        }
    }
}

/// A change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The step that it needs.
    pub step: Step,
    /// What changed: a kind and a name.
    pub subject: String,
    /// How.
    pub what: String,
}

/// What came of a comparison.
#[derive(Debug)]
pub struct Diff {
    /// The greatest step of all changes.
    pub step: Step,
    /// The changes.
    pub changes: Vec<Change>,
    /// The least version that says so.
    pub least: Version,
    /// Breaches, each with its rule.
    pub faults: Vec<(Rule, String)>,
}

/// Compares a contract with the version before.
pub fn diff(old: &Contract, new: &Contract) -> Diff {
    let mut changes = Changes::default();
    changes.header(old, new);
    let (before, after) = (lists(old), lists(new));
    for (kind, one) in KINDS {
        let empty = BTreeMap::new();
        let (before, after) = (before.get(*kind).unwrap_or(&empty), after.get(*kind).unwrap_or(&empty));
        changes.items(one, before, after);
    }
    changes.operators(old, new);
    let mut changes = changes.0;
    changes.sort_by(|a, b| (b.step, &a.subject, &a.what).cmp(&(a.step, &b.subject, &b.what)));
    let step = changes.iter().map(|change| change.step).max().unwrap_or(Step::None);
    let least = least(old.version, step);
    Diff { step, faults: versions(old, new, step, least), changes, least }
}

/// The least version after a step. Before 1.0.0 a MINOR step is enough for everything.
pub(crate) fn least(old: Version, step: Step) -> Version {
    match step {
        Step::None => old,
        Step::Patch => Version(old.0, old.1, old.2.saturating_add(1)),
        Step::Major if old.0 > 0 => Version(old.0.saturating_add(1), 0, 0),
        Step::Minor | Step::Major => Version(old.0, old.1.saturating_add(1), 0),
    }
}

fn versions(old: &Contract, new: &Contract, step: Step, least: Version) -> Vec<(Rule, String)> {
    if new.version < old.version {
        let message = format!("'{}' goes back from {} to {}", new.name, old.version, new.version);
        return vec![(Rule::VersionBack, message)];
    }
    if new.version < least {
        let message =
            format!("'{}' is {}, and its changes need a {} step: {least} at least", new.name, new.version, step.name());
        return vec![(Rule::VersionStep, message)];
    }
    Vec::new()
}

/// Lists of an encoding whose entries are compared field by field, and what one entry is called.
const KINDS: &[(&str, &str)] = &[
    ("constants", "constant"),
    ("types", "type"),
    ("enums", "enum"),
    ("records", "record"),
    ("errors", "error"),
    ("hashes", "hash"),
    ("vectors", "vector"),
];

type Entry = BTreeMap<String, Cbor>;

/// Entries of each list, by name.
fn lists(contract: &Contract) -> BTreeMap<String, BTreeMap<String, Entry>> {
    let Cbor::Map(fields) = contract_value(contract) else { return BTreeMap::new() };
    let mut lists = BTreeMap::new();
    for (list, value) in fields {
        let Cbor::Array(entries) = value else { continue };
        let mut named = BTreeMap::new();
        for entry in entries {
            let Cbor::Map(entry) = entry else { continue };
            let text = |key: &str| match entry.get(key) {
                Some(Cbor::Text(text)) => text.clone(),
                _ => String::new(),
            };
            let operator = text("operator");
            let name = if operator.is_empty() { text("name") } else { format!("{operator}.{}", text("name")) };
            named.insert(name, entry);
        }
        lists.insert(list, named);
    }
    lists
}

#[derive(Default)]
struct Changes(Vec<Change>);

impl Changes {
    fn add(&mut self, step: Step, subject: impl Into<String>, what: impl Into<String>) {
        self.0.push(Change { step, subject: subject.into(), what: what.into() });
    }

    fn header(&mut self, old: &Contract, new: &Contract) {
        if old.name != new.name {
            self.add(Step::Major, "contract", format!("its name was '{}' and is '{}'", old.name, new.name));
        }
        if old.layer != new.layer {
            self.add(Step::Major, "contract", format!("its layer was L{} and is L{}", old.layer, new.layer));
        }
        if old.invalid != new.invalid {
            self.add(Step::Major, "contract", "its error of inputs that do not fit is another");
        }
        let pairs =
            |it: &Contract| it.imports.iter().map(|it| (it.name.clone(), it.digest)).collect::<BTreeMap<_, _>>();
        let (before, after) = (pairs(old), pairs(new));
        for name in before.keys().filter(|name| !after.contains_key(*name)) {
            self.add(Step::Patch, format!("import {name}"), "is gone");
        }
        for (name, digest) in &after {
            match before.get(name) {
                None => self.add(Step::Patch, format!("import {name}"), "is new"),
                Some(was) if was != digest => self.add(Step::Patch, format!("import {name}"), "has another digest"),
                Some(_) => {}
            }
        }
    }

    fn items(&mut self, kind: &str, before: &BTreeMap<String, Entry>, after: &BTreeMap<String, Entry>) {
        for name in before.keys().filter(|name| !after.contains_key(*name)) {
            self.add(Step::Major, format!("{kind} {name}"), "is gone");
        }
        for (name, entry) in after {
            let subject = format!("{kind} {name}");
            match before.get(name) {
                None => self.add(Step::Minor, subject, "is new"),
                Some(was) if was == entry => {}
                Some(was) => match kind {
                    "enum" => self.enum_item(&subject, was, entry),
                    "record" => self.record(&subject, was, entry),
                    _ => self.fields(&subject, was, entry),
                },
            }
        }
    }

    /// Every field that differs is a MAJOR change.
    fn fields(&mut self, subject: &str, was: &Entry, is: &Entry) {
        for key in was.keys().chain(is.keys().filter(|key| !was.contains_key(*key))) {
            if was.get(key) != is.get(key) {
                self.add(Step::Major, subject, format!("its {key} changed"));
            }
        }
    }

    fn enum_item(&mut self, subject: &str, was: &Entry, is: &Entry) {
        if was.get("unknown") != is.get("unknown") {
            self.add(Step::Major, subject, "its answer to unknown numbers changed");
        }
        let (before, after) = (pairs(was.get("values")), pairs(is.get("values")));
        let refuses =
            matches!(is.get("unknown"), Some(Cbor::Array(parts)) if parts.first() == Some(&Cbor::text("error")));
        for (name, number) in &before {
            match after.iter().find(|it| it.0 == *name) {
                None => self.add(Step::Major, subject, format!("its value {name} is gone")),
                Some((_, now)) if now != number => {
                    self.add(Step::Major, subject, format!("its value {name} has another number"))
                }
                Some(_) => {}
            }
        }
        for (name, _) in after.iter().filter(|it| !before.iter().any(|was| was.0 == it.0)) {
            // Who refuses what is unknown refuses the new value.
            let step = if refuses { Step::Major } else { Step::Minor };
            self.add(step, subject, format!("its value {name} is new"));
        }
        if before != after && before.len() == after.len() && before.iter().all(|it| after.contains(it)) {
            self.add(Step::Patch, subject, "its values stand in another order");
        }
    }

    fn record(&mut self, subject: &str, was: &Entry, is: &Entry) {
        for key in ["state", "requires"] {
            if was.get(key) != is.get(key) {
                self.add(Step::Major, subject, format!("its {key} changed"));
            }
        }
        let (before, after) = (entries(was.get("fields")), entries(is.get("fields")));
        for (name, field) in &before {
            match after.iter().find(|it| it.0 == *name) {
                None => self.add(Step::Major, subject, format!("its field {name} is gone")),
                Some((_, now)) => {
                    for key in ["type", "presence"].into_iter().filter(|key| field.get(*key) != now.get(*key)) {
                        self.add(Step::Major, subject, format!("the {key} of its field {name} changed"));
                    }
                }
            }
        }
        for (name, field) in after.iter().filter(|it| !before.iter().any(|was| was.0 == it.0)) {
            let required = matches!(field.get("presence"), Some(Cbor::Array(parts)) if parts.first() == Some(&Cbor::text("required")));
            let step = if required { Step::Major } else { Step::Minor };
            self.add(step, subject, format!("its field {name} is new"));
        }
        let kept = |fields: &[(String, Entry)], other: &[(String, Entry)]| -> Vec<String> {
            fields.iter().map(|it| it.0.clone()).filter(|name| other.iter().any(|it| it.0 == *name)).collect()
        };
        if kept(&before, &after) != kept(&after, &before) {
            self.add(Step::Major, subject, "its fields stand in another order");
        }
    }

    fn operators(&mut self, old: &Contract, new: &Contract) {
        let (before, after) = (lists(old), lists(new));
        let empty = BTreeMap::new();
        let (before, after) = (before.get("operators").unwrap_or(&empty), after.get("operators").unwrap_or(&empty));
        for name in before.keys().filter(|name| !after.contains_key(*name)) {
            self.add(Step::Major, format!("operator {name}"), "is gone");
        }
        for (name, entry) in after {
            let subject = format!("operator {name}");
            let Some(was) = before.get(name) else {
                self.add(Step::Minor, subject, "is new");
                continue;
            };
            if let (Some(was), Some(is)) = (old.operator(name), new.operator(name)) {
                self.signature(&subject, was, is);
            }
            self.promises(&subject, was, entry);
        }
    }

    fn signature(&mut self, subject: &str, was: &Operator, is: &Operator) {
        self.params(subject, "input", &was.inputs, &is.inputs, |was, is| (was, is));
        self.params(subject, "output", &was.outputs, &is.outputs, |was, is| (is, was));
        if was.purity != is.purity {
            self.add(Step::Major, subject, format!("it was {} and is {}", was.purity.name(), is.purity.name()));
        }
        for error in is.raises.iter().filter(|it| !was.raises.contains(it)) {
            self.add(Step::Major, subject, format!("it raises {} now", error.name));
        }
        for error in was.raises.iter().filter(|it| !is.raises.contains(it)) {
            self.add(Step::Minor, subject, format!("it raises {} no more", error.name));
        }
    }

    /// `wider` gives the type that has to fit and the one that it has to fit, for the change to be harmless.
    fn params<'t>(
        &mut self,
        subject: &str,
        what: &str,
        was: &'t [Param],
        is: &'t [Param],
        wider: impl Fn(&'t Type, &'t Type) -> (&'t Type, &'t Type),
    ) {
        if was.len() != is.len() || was.iter().zip(is).any(|(a, b)| a.name != b.name || a.state != b.state) {
            self.add(Step::Major, subject, format!("its {what}s are others"));
            return;
        }
        for (a, b) in was.iter().zip(is) {
            let same = fits(&a.ty, &b.ty) == Fit::Yes && fits(&b.ty, &a.ty) == Fit::Yes;
            if same {
                continue;
            }
            let (inner, outer) = wider(&a.ty, &b.ty);
            let step = if fits(inner, outer) == Fit::Yes { Step::Minor } else { Step::Major };
            self.add(step, subject, format!("its {what} '{}' was {} and is {}", a.name, a.ty.base(), b.ty.base()));
        }
    }

    fn promises(&mut self, subject: &str, was: &Entry, is: &Entry) {
        let rows = [
            ("requires", Step::Major),
            ("ensures", Step::Major),
            ("orders", Step::Major),
            ("tolerances", Step::Major),
            ("effects", Step::Major),
            ("uses", Step::Patch),
            ("extern", Step::Minor),
        ];
        for (key, step) in rows.into_iter().filter(|row| was.get(row.0) != is.get(row.0)) {
            self.add(step, subject, format!("its {key} changed"));
        }
        // Vectors are compared apart: what they show has not changed.
        if was.get("body") != is.get("body") {
            self.add(Step::Patch, subject, "its body changed");
        }
    }
}

/// `[name, value]` pairs.
fn pairs(value: Option<&Cbor>) -> Vec<(String, Cbor)> {
    let Some(Cbor::Array(parts)) = value else { return Vec::new() };
    let pair = |part: &Cbor| match part {
        Cbor::Array(pair) => match pair.as_slice() {
            [Cbor::Text(name), value] => Some((name.clone(), value.clone())),
            _ => None,
        },
        _ => None,
    };
    parts.iter().filter_map(pair).collect()
}

/// Maps with a name, in their order.
fn entries(value: Option<&Cbor>) -> Vec<(String, Entry)> {
    let Some(Cbor::Array(parts)) = value else { return Vec::new() };
    let entry = |part: &Cbor| match part {
        Cbor::Map(entry) => match entry.get("name") {
            Some(Cbor::Text(name)) => Some((name.clone(), entry.clone())),
            _ => None,
        },
        _ => None,
    };
    parts.iter().filter_map(entry).collect()
}
