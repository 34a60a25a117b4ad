//! Types of prose held against those of an artefact.
//!
//! Invariant: what prose leaves unsaid never differs. This file does not know places.

use super::plain;
use crate::said::{Facts, Field, FieldType, Kind, Limits};

/// How two types differ.
pub(super) enum Difference<'a> {
    /// As a whole: the kind, and both as words.
    Kind(Kind, String, String),
    /// Perhaps in their fields.
    Fields(&'a [Field], &'a [Field]),
}

/// Where names are looked up.
#[derive(Clone, Copy)]
pub(super) struct Types<'a> {
    pub(super) prose: &'a Facts,
    pub(super) artefact: &'a Facts,
}

/// How deep names of names are followed.
const DEPTH: usize = 32;

/// A type below its names, and the record that it is.
fn base<'a>(facts: &'a Facts, ty: &'a FieldType) -> (&'a FieldType, Option<&'a [Field]>) {
    let mut ty = ty.inner();
    for _ in 0..DEPTH {
        let FieldType::Named(name) = ty else { break };
        let key = plain(name.rsplit('.').next().unwrap_or(name));
        match facts.types.iter().chain(&facts.imported).find(|it| plain(&it.name.value) == key) {
            Some(found) => ty = found.ty.inner(),
            None => {
                let record = facts.records.iter().find(|it| plain(&it.name.value) == key);
                return (ty, record.map(|it| it.fields.as_slice()));
            }
        }
    }
    match ty {
        FieldType::Record(fields) => (ty, Some(fields)),
        _ => (ty, None),
    }
}

impl<'a> Types<'a> {
    /// The difference between a type of the prose and one of the artefact.
    pub(super) fn compare(self, said: &'a FieldType, own: &'a FieldType) -> Option<Difference<'a>> {
        if let (FieldType::Named(here), FieldType::Named(there)) = (said.inner(), own.inner())
            && plain(here.rsplit('.').next().unwrap_or(here)) == plain(there)
        {
            return None;
        }
        let ((here, here_fields), (there, there_fields)) = (base(self.prose, said), base(self.artefact, own));
        let differ = |kind| Some(Difference::Kind(kind, said.to_string(), own.to_string()));
        match (here, there, here_fields, there_fields) {
            (FieldType::Unsaid, ..) => None,
            (FieldType::Record(_) | FieldType::Named(_), _, Some(a), Some(b)) => Some(Difference::Fields(a, b)),
            (FieldType::Record(_), FieldType::Map(..) | FieldType::Object, ..) => None,
            (FieldType::Object, FieldType::Map(..) | FieldType::Object, ..) => None,
            (FieldType::Object, _, _, Some(_)) => None,
            // An unknown name says nothing that could be compared, unless both sides have one.
            (FieldType::Named(_), FieldType::Named(_), ..) => differ(Kind::DriftType),
            (FieldType::Named(_), _, None, _) => None,
            (FieldType::List(a, s), FieldType::List(b, t), ..) => match self.compare(a, b) {
                None if !within(*s, *t) => differ(Kind::DriftRange),
                other => other,
            },
            (FieldType::Map(k, a, s), FieldType::Map(l, b, t), ..) => {
                match self.compare(k, l).or_else(|| self.compare(a, b)) {
                    None if !within(*s, *t) => differ(Kind::DriftRange),
                    other => other,
                }
            }
            (FieldType::Enum(a), FieldType::Enum(b), ..) => {
                let show = |all: &[String]| format!("enum({})", all.join(", "));
                (a != b).then(|| Difference::Kind(Kind::DriftEnum, show(a), show(b)))
            }
            _ => scalar(here, there).and_then(differ),
        }
    }
}

/// How two types that hold no others differ.
fn scalar(said: &FieldType, own: &FieldType) -> Option<Kind> {
    let range = |same: bool| (!same).then_some(Kind::DriftRange);
    match (said, own) {
        (FieldType::Int(a), FieldType::Int(b)) => range(a == b),
        (FieldType::Decimal(s, a), FieldType::Decimal(t, b)) if s == t => range(a == b),
        (FieldType::Bool, FieldType::Bool) | (FieldType::Float, FieldType::Float) => None,
        (FieldType::Text(a, p), FieldType::Text(b, q)) => {
            let pattern = |it: &str| it.trim_start_matches('^').trim_end_matches('$').replace("\\\\", "\\");
            let same = match (p, q) {
                (Some(p), Some(q)) => pattern(p) == pattern(q),
                (Some(_), None) => false,
                (None, _) => true,
            };
            range(same && within(*a, *b))
        }
        (FieldType::Text(..), FieldType::Decimal(..)) => None,
        (FieldType::Bytes(a), FieldType::Bytes(b)) => range(within(*a, *b)),
        (FieldType::Bytes(a), FieldType::Hash(_)) => range(within(*a, Limits::exactly(32))),
        (FieldType::DigestRef, FieldType::DigestRef | FieldType::Hash(_) | FieldType::Text(..)) => None,
        (FieldType::Hash(a), FieldType::Hash(b)) if a == b => None,
        _ => Some(Kind::DriftType),
    }
}

/// Are the limits that were said those that are declared?
fn within(said: Limits, own: Limits) -> bool {
    let same = |a: Option<u64>, b: Option<u64>| a.is_none() || a == b;
    same(said.low, own.low) && same(said.high, own.high)
}
