//! Types of facts in the spec language: each with bounds, those that nobody stated assumed and told.
//!
//! Invariant: what the language cannot say is a finding and `None`. This file does not know declarations beyond
//! enums and records.

use super::lower::{Lower, value_name};
use super::lower_names::{pascal, snake};
use super::{Field, FieldType, Kind, Limits};
use crate::ir::precision;
use crate::syntax::Span;
use crate::text::quoted;
use std::collections::BTreeSet;

/// The bound of a size that nobody stated.
const OPEN: u64 = 65_535;

/// Making texts of types.
pub(super) trait Types {
    /// A type; `name` is what a declaration that it needs is called.
    fn type_text(&mut self, ty: &FieldType, name: &str, place: Span) -> Option<String>;
    /// A record.
    fn record_text(&mut self, name: &str, fields: &[Field], state: bool) -> Option<String>;
    /// An enum.
    fn enum_text(&mut self, name: &str, values: &[String], place: Span) -> String;
}

impl Lower<'_> {
    fn unsayable(&mut self, place: Span, name: &str, what: &str, hint: &str) -> Option<String> {
        let message = format!("'{name}' cannot be taken over: {what}");
        self.note(Kind::Unsayable, place, name, message, hint);
        None
    }

    fn size(&mut self, limits: Limits, name: &str, place: Span, what: &str) -> String {
        if limits.high.is_none() {
            let message = format!("{what} '{name}' has no upper bound; {OPEN} is assumed");
            self.note(Kind::Assumed, place, name, message, "state the bound");
        }
        let (low, high) = (limits.low.unwrap_or(0), limits.high.unwrap_or(OPEN));
        if low == high { low.to_string() } else { format!("{low}..={high}") }
    }

    /// A declaration that a type needs, of a name that is free; the same one is declared once.
    fn hoist(
        &mut self,
        name: &str,
        place: Span,
        text: impl FnOnce(&mut Self, &str) -> Option<String>,
    ) -> Option<String> {
        let mut own = name.to_owned();
        let mut number = 2;
        while !self.taken.insert(own.clone()) {
            own = format!("{name}{number}");
            number += 1;
        }
        match text(self, &own) {
            Some(text) => {
                let same = text.replacen(&format!(" {own} "), " ? ", 1);
                let known = self.hoisted.iter().find(|(other, _)| {
                    let other_name = other.split(' ').nth(1).unwrap_or_default();
                    other.replacen(&format!(" {other_name} "), " ? ", 1) == same && other_name.starts_with(name)
                });
                if let Some((other, _)) = known {
                    let found = other.split(' ').nth(1).unwrap_or_default().to_owned();
                    self.taken.remove(&own);
                    return Some(found);
                }
                self.hoisted.push((text, place));
                Some(own)
            }
            None => {
                self.taken.remove(&own);
                None
            }
        }
    }

    fn declared(&self, name: &str) -> bool {
        let known = |other: &str| pascal(other) == name;
        self.taken.contains(name)
            || self.facts.records.iter().any(|it| known(&it.name.value))
            || self.facts.types.iter().any(|it| known(&it.name.value))
    }

    fn default_text(&mut self, field: &Field, ty: &str) -> Option<String> {
        let value = &field.default.as_ref()?.value;
        let text = value.trim_matches('"');
        let base = match &field.ty {
            FieldType::Named(name) => {
                let found = self.facts.types.iter().find(|it| pascal(&it.name.value) == pascal(name));
                found.map_or(&field.ty, |it| &it.ty)
            }
            ty => ty,
        };
        let found = match base {
            FieldType::Bool => matches!(text, "true" | "false").then(|| text.to_owned()),
            FieldType::Int(_) => {
                let digits = text.strip_prefix('-').unwrap_or(text);
                (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())).then(|| text.to_owned())
            }
            FieldType::Decimal(..) => text
                .parse::<f64>()
                .is_ok()
                .then(|| if text.contains('.') { text.to_owned() } else { format!("{text}.0") }),
            FieldType::Text(..) => Some(quoted(text)),
            FieldType::Enum(values) => values.iter().any(|it| it == text).then(|| format!("{ty}.{}", value_name(text))),
            FieldType::List(..) if text == "[]" => Some("[]".to_owned()),
            FieldType::Map(..) if text == "{}" => Some("map {}".to_owned()),
            _ => None,
        };
        if found.is_none() {
            let message = format!("the default {value} of '{}' is no value of its type", field.name.value);
            self.note(Kind::Unsayable, field.span, &field.name.value, message, "write a value that fits");
        }
        found
    }
}

impl Types for Lower<'_> {
    fn type_text(&mut self, ty: &FieldType, name: &str, place: Span) -> Option<String> {
        Some(match ty {
            FieldType::Unsaid => return self.unsayable(place, name, "its type is not said", "write `name: type`"),
            FieldType::Object => {
                let hint = "name its fields: `{a: uint32}`, or say `map<string, T>`";
                return self.unsayable(place, name, "a map of anything has no type", hint);
            }
            FieldType::Float => {
                let hint = "use a decimal or whole numbers; floats are for operators of profile E1";
                return self.unsayable(place, name, "floats are not exact", hint);
            }
            FieldType::Bool => "bool".to_owned(),
            FieldType::Int(range) => format!("int {range}"),
            FieldType::Decimal(scale, range) => {
                let show = |n| crate::ir::decimal_text(n, *scale, (*scale).max(1));
                format!(
                    "decimal({}, {scale}) {}..={}",
                    precision(range).max(*scale),
                    show(&range.low),
                    show(&range.high)
                )
            }
            FieldType::Text(limits, pattern) => {
                let size = self.size(*limits, name, place, "the text");
                let plain = |it: &str| it.trim_start_matches('^').trim_end_matches('$').to_owned();
                let pattern = pattern.as_ref().map(|it| format!(" pattern {}", quoted(&plain(it)))).unwrap_or_default();
                format!("text {size}{pattern}")
            }
            FieldType::Bytes(limits) => format!("bytes {}", self.size(*limits, name, place, "bytes of")),
            FieldType::Hash(function) => format!("hash {}", function.name()),
            FieldType::DigestRef => {
                let message = format!("'{name}' is a digest or a label; text of 1 to 128 characters is assumed");
                self.note(Kind::Assumed, place, name, message, "say `hash sha256` where it is a digest");
                "text 1..=128".to_owned()
            }
            FieldType::List(element, limits) => {
                let size = self.size(*limits, name, place, "the list");
                format!("list<{}> {size}", self.type_text(element, &format!("{name}Item"), place)?)
            }
            FieldType::Map(key, value, limits) => {
                let size = self.size(*limits, name, place, "the map");
                let key = self.type_text(key, &format!("{name}Key"), place)?;
                format!("map<{key}, {}> {size}", self.type_text(value, &format!("{name}Value"), place)?)
            }
            FieldType::Optional(inner) => format!("optional {}", self.type_text(inner, name, place)?),
            FieldType::Enum(values) => {
                return self.hoist(name, place, |lower, own| Some(lower.enum_text(own, values, place)));
            }
            FieldType::Record(fields) => {
                return self.hoist(name, place, |lower, own| lower.record_text(own, fields, false));
            }
            FieldType::Named(other) => {
                let own = pascal(other.rsplit('.').next().unwrap_or(other));
                if !self.declared(&own) {
                    let what = format!("nothing here is called '{other}'");
                    return self.unsayable(place, name, &what, "define it, or correct the spelling");
                }
                own
            }
        })
    }

    fn record_text(&mut self, name: &str, fields: &[Field], state: bool) -> Option<String> {
        let mut seen = BTreeSet::new();
        let mut lines = Vec::new();
        for field in fields {
            let own = snake(&field.name.value);
            if !seen.insert(own.clone()) {
                continue;
            }
            if own != field.name.value {
                let message = format!("'{}' is called '{own}' here", field.name.value);
                let hint = "values are written in small letters with `_` between words";
                self.note(Kind::Renamed, field.name.span, &field.name.value, message, hint);
            }
            let inner = format!("{name}{}", pascal(&field.name.value));
            let Some(ty) = self.type_text(&field.ty, &inner, field.span) else { continue };
            let default = self.default_text(field, &ty);
            let mark = if field.optional && default.is_none() { "?" } else { "" };
            let default = default.map(|it| format!(" = {it}")).unwrap_or_default();
            lines.push(format!("  {own}{mark}: {ty}{default},"));
        }
        let word = if state { "state" } else { "record" };
        if lines.is_empty() {
            return None;
        }
        Some(format!("{word} {name} {{\n{}\n}}", lines.join("\n")))
    }

    fn enum_text(&mut self, name: &str, values: &[String], place: Span) -> String {
        let mut lines = Vec::new();
        let mut seen = BTreeSet::new();
        for value in values {
            let own = value_name(value);
            if own != *value {
                let message = format!("the value '{value}' of '{name}' is called {own} here");
                self.note(Kind::Renamed, place, value, message, "values of enums are written in capitals");
            }
            if seen.insert(own.clone()) {
                lines.push(format!("  {own} = {},", seen.len()));
            }
        }
        format!("enum {name} unknown else {} {{\n{}\n}}", self.invalid, lines.join("\n"))
    }
}
