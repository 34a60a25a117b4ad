//! Records in lists: bullets with one field each, inline notation, and lines that name fields.
//!
//! Invariants: a record is named by an identifier where the document gives one, else by its heading; a bullet that is
//! moved in wrongly still belongs to the line above it that asks for fields. This file does not know tables.

use super::Reader;
use super::field::{field, narrow, notes, record, whole_type};
use super::outline::{Code, Line, Mark, Unit};
use super::scan::Scan;
use crate::said::{Field, FieldType, Kind, NamedType, Record, Said};
use crate::syntax::Span;

/// A line that others belong to.
struct Head {
    column: u32,
    bullet: bool,
    name: Option<Said<String>>,
    fields: bool,
    optional: bool,
    /// Has a bullet that is moved in more come already?
    nested: bool,
}

/// Words of a line that asks for fields.
const ASKING: [&str; 12] = [
    "field",
    "record",
    "schema",
    "struct",
    "contains",
    "keys",
    "inputs",
    "outputs",
    "members",
    "parameters",
    "map",
    "payload",
];

/// Words that close a record.
const CLOSING: [&str; 6] = [
    "no extras",
    "additional fields are forbidden",
    "additional fields forbidden",
    "exactly these fields",
    "unknown fields are forbidden",
    "unknown fields forbidden",
];

impl Reader<'_> {
    /// Reads all lists.
    pub(super) fn lists(&mut self) {
        let mut heads: Vec<Head> = Vec::new();
        for at in 0..self.units.len() {
            match self.units.get(at) {
                Some(Unit::Heading(..) | Unit::Rule) => heads.clear(),
                Some(Unit::Line(line)) => {
                    let line = line.clone();
                    self.list_line(at, &line, &mut heads);
                }
                _ => {}
            }
        }
        self.closures();
        self.bounds();
    }

    fn list_line(&mut self, at: usize, line: &Line, heads: &mut Vec<Head>) {
        let text = self.text(line.span);
        if line.mark != Mark::None {
            while heads.last().is_some_and(|head| {
                head.bullet && line.column <= head.column && (head.nested || line.column < head.column)
            }) {
                heads.pop();
            }
        }
        let is_head = text.trim_end_matches(['*', ' ']).ends_with(':');
        let taken =
            self.named_types(line) || self.inline_records(at, line, heads) || self.named_fields(at, line, heads);
        let first = line.codes.first().copied().filter(|code| code.outer.start == line.span.start);
        let bullet = line.mark != Mark::None;
        if let (true, false, Some(code)) = (bullet, taken, first)
            && self.bullet_field(at, line, code, heads)
        {
            return;
        }
        if is_head {
            self.head(line, heads);
        } else if line.mark == Mark::None && heads.last().is_some_and(|head| !head.bullet) {
            // A paragraph ends what the one before asked for.
            heads.retain(|head| head.bullet);
        } else if bullet && heads.last().is_some_and(|head| head.bullet && line.column <= head.column) {
            heads.pop();
        }
    }

    fn head(&self, line: &Line, heads: &mut Vec<Head>) {
        let bullet = line.mark != Mark::None;
        heads.retain(|head| if bullet { !head.bullet || head.column < line.column } else { false });
        let lower = self.text(line.span).to_ascii_lowercase();
        let named = line.codes.iter().find(|code| is_identifier(self.text(code.inner)));
        let name = named.map(|code| Said::new(self.text(code.inner).to_owned(), code.inner));
        let label = self.label(line).map(|(label, _)| label).filter(|label| is_identifier(&label.value));
        heads.push(Head {
            column: line.column,
            bullet,
            name: name.or(label),
            fields: ASKING.iter().any(|word| lower.contains(word)),
            optional: lower.contains("optional field"),
            nested: false,
        });
    }

    /// A bullet with a field; was it one?
    fn bullet_field(&mut self, at: usize, line: &Line, code: Code, heads: &mut [Head]) -> bool {
        let text = self.text(code.inner);
        let asked = heads.last().is_some_and(|head| head.fields);
        let optional = heads.last().is_some_and(|head| head.optional);
        let mended = heads.last().is_some_and(|head| head.bullet && line.column <= head.column && !head.nested);
        if text.starts_with('{') || text.contains("://") {
            return false;
        }
        let found = match field(self.source, code.inner) {
            Some(found) => found,
            None if asked && bare(text).is_some() => {
                let (name, optional) = bare(text).unwrap_or_default();
                let span = Span::new(code.inner.start, code.inner.start + name.len() as u32);
                let name = Said::new(name.to_owned(), span);
                Field { name, optional, ty: FieldType::Unsaid, default: None, span: code.inner }
            }
            None => {
                if looks_typed(text) {
                    self.unreadable(code.inner);
                    return true;
                }
                return false;
            }
        };
        if is_digest(&found) || (!asked && text.contains('=') && matches!(found.ty, FieldType::Named(_))) {
            return false;
        }
        if mended {
            let message = format!("'{}' is moved in as far as the line that asks for it", found.name.value);
            self.finding(Kind::Mended, code.inner, &found.name.value, message, "move fields in by two blanks more");
        } else if let Some(head) = heads.last_mut() {
            head.nested = true;
        }
        let name = heads.iter().rev().find_map(|head| head.name.clone());
        let rest = self.block_span(at, Span::new(code.outer.end, line.span.end));
        let mut all = vec![found];
        for other in line.codes.iter().skip(1) {
            let between = self.text(Span::new(code.outer.end, other.outer.start));
            if let (true, Some(more)) = (
                between.chars().all(|c| !c.is_alphabetic() || c == '`' || is_field_text(between)),
                field(self.source, other.inner),
            ) {
                all.push(more);
            }
        }
        if let ([only], source) = (all.as_mut_slice(), self.source) {
            if let (FieldType::Unsaid | FieldType::Text(..), Some(values)) = (&only.ty, self.one_of(rest)) {
                only.ty = FieldType::Enum(values);
            }
            notes(only, source, rest);
        }
        for mut found in all {
            found.optional |= optional;
            self.add_field(at, name.clone(), found);
        }
        true
    }

    /// `one of A, B, C` behind a field: the values.
    fn one_of(&self, rest: Span) -> Option<Vec<String>> {
        let text = self.text(rest);
        let lower = text.to_ascii_lowercase();
        let at = ["one of", "∈"].iter().find_map(|word| lower.find(word))?;
        let codes = super::outline::codes(self.source, Span::new(rest.start + at as u32, rest.end));
        let values: Vec<String> = codes.iter().map(|code| self.text(code.inner).trim_matches('"').to_owned()).collect();
        (values.len() > 1 && values.iter().all(|value| is_identifier(value))).then_some(values)
    }

    fn unreadable(&mut self, span: Span) {
        let text = self.text(span);
        let message = format!("'{text}' looks like a field and cannot be read");
        let hint = "a field is `name: type` or `name?: type`; docs/contracts.md lists the types";
        self.finding(Kind::FieldForm, span, text.split(':').next().unwrap_or_default(), message, hint);
    }

    /// `Required fields: `a`, `b``: fields in one line; were there any?
    fn named_fields(&mut self, at: usize, line: &Line, heads: &[Head]) -> bool {
        let lower = self.text(line.span).to_ascii_lowercase();
        let words = ["required fields:", "optional fields:", "required fields**:", "optional fields**:"];
        let Some(place) = words.iter().find_map(|word| lower.find(word).map(|at| at + word.len())) else {
            return false;
        };
        let optional = lower.contains("optional fields");
        let from = line.span.start + place as u32;
        let name = heads.iter().rev().find_map(|head| head.name.clone());
        let whole = self.block_span(at, Span::new(from, line.span.end));
        let mut any = false;
        for code in super::outline::codes(self.source, whole) {
            let text = self.text(code.inner);
            let found = field(self.source, code.inner).or_else(|| {
                let (name, mark) = bare(text)?;
                let span = Span::new(code.inner.start, code.inner.start + name.len() as u32);
                let name = Said::new(name.to_owned(), span);
                Some(Field { name, optional: mark, ty: FieldType::Unsaid, default: None, span: code.inner })
            });
            match found {
                Some(mut found) => {
                    found.optional |= optional;
                    self.add_field(at, name.clone(), found);
                    any = true;
                }
                None if looks_typed(text) => self.unreadable(code.inner),
                None => {}
            }
        }
        any
    }

    /// `Name = type` in a line; was there one?
    fn named_types(&mut self, line: &Line) -> bool {
        let mut any = false;
        for code in &line.codes {
            let text = self.text(code.inner);
            let Some((left, _)) = text.split_once('=') else { continue };
            let name = left.trim_end();
            let pascal = name.starts_with(|c: char| c.is_ascii_uppercase())
                && name.contains(|c: char| c.is_ascii_lowercase())
                && name.chars().all(|c| c.is_ascii_alphanumeric());
            if !pascal {
                continue;
            }
            let behind = Span::new(code.inner.start + left.len() as u32 + 1, code.inner.end);
            let ty = match whole_type(self.source, behind) {
                None | Some(FieldType::Named(_) | FieldType::Record(_) | FieldType::Unsaid) => continue,
                Some(FieldType::Enum(values)) if values.len() < 2 => continue,
                Some(ty) => ty,
            };
            let span = Span::new(code.inner.start, code.inner.start + name.len() as u32);
            self.facts.types.push(NamedType { name: Said::new(name.to_owned(), span), ty });
            any = true;
        }
        any
    }

    /// `{a: T, b?: T}` in a line; was there one?
    fn inline_records(&mut self, at: usize, line: &Line, heads: &[Head]) -> bool {
        let mut any = false;
        for (number, code) in line.codes.iter().enumerate() {
            let text = self.text(code.inner);
            let Some(open) = text.find('{') else { continue };
            let before = text.get(..open).unwrap_or_default().trim_end().trim_end_matches(['=', ':', '≔']).trim_end();
            let body = text.get(open + 1..).unwrap_or_default().trim_start();
            let own = before.is_empty() || is_identifier(before);
            // Where fields are asked for, `name: {a: T}` is one of them, and no record of its own.
            let head = text.get(..open).unwrap_or_default().trim_end();
            if number == 0 && head.ends_with(':') && heads.last().is_some_and(|head| head.fields) {
                continue;
            }
            if !own || body.starts_with(['"', '\'']) || !body.contains(':') || !text.ends_with('}') {
                continue;
            }
            let within = Span::new(code.inner.start + open as u32, code.inner.end);
            let Some((fields, more)) = record(self.source, within) else {
                if !body.starts_with('{') {
                    self.unreadable(code.inner);
                }
                continue;
            };
            any = true;
            let name = if before.is_empty() {
                let earlier = line.codes.get(..number).unwrap_or_default().iter().rev();
                let earlier = earlier.map(|code| code.inner).find(|span| is_identifier(self.text(*span)));
                let earlier = earlier.map(|span| Said::new(self.text(span).to_owned(), span));
                let plain = || {
                    let text = self.text(Span::new(line.span.start, code.outer.start));
                    let word = text.trim_matches(['*', ' ', ':', '=']);
                    let start = line.span.start + text.find(word).unwrap_or(0) as u32;
                    is_identifier(word).then(|| Said::new(word.to_owned(), Span::new(start, start + word.len() as u32)))
                };
                earlier.or_else(plain).or_else(|| heads.iter().rev().find_map(|head| head.name.clone()))
            } else {
                let span = Span::new(code.inner.start, code.inner.start + before.len() as u32);
                Some(Said::new(before.to_owned(), span))
            };
            let index = self.record_at(at, name, code.inner, true);
            if let Some(record) = self.facts.records.get_mut(index) {
                record.fields = fields;
                record.closed = !more;
                record.span = code.inner;
            }
        }
        any
    }

    /// The place of the record of that name in the section of a unit; a new one when there is none.
    pub(super) fn record_at(&mut self, at: usize, name: Option<Said<String>>, place: Span, fresh: bool) -> usize {
        let operator = self.facts.operators.iter().find(|it| it.span.start <= place.start && place.start < it.span.end);
        let operator = operator.map(|it| it.name.value.clone());
        let section = self.home(at).map(|it| (it.title.clone(), it.span));
        let headed = name.is_none();
        let name = name.or_else(|| section.as_ref().map(|it| it.0.clone()));
        let name = name.unwrap_or_else(|| Said::new("document".to_owned(), place));
        let within = section.map_or(Span::new(0, u32::MAX), |it| it.1);
        let same = |it: &Record| {
            it.name.value == name.value
                && it.operator == operator
                && within.start <= it.span.start
                && it.span.start < within.end
        };
        match self.facts.records.iter().position(same) {
            Some(found) if !fresh => found,
            _ => {
                let record = Record { name, fields: Vec::new(), headed, closed: false, operator, span: place };
                self.facts.records.push(record);
                self.facts.records.len() - 1
            }
        }
    }

    /// Adds a field to the record of a place; what is said of it again is added to what was said.
    pub(super) fn add_field(&mut self, at: usize, name: Option<Said<String>>, found: Field) {
        let index = self.record_at(at, name, found.span, false);
        let Some(record) = self.facts.records.get_mut(index) else { return };
        record.span = record.span.to(found.span);
        let known = record.fields.iter_mut().find(|it| it.name.value == found.name.value);
        match known {
            Some(known) if found.ty == FieldType::Unsaid => known.optional |= found.optional,
            Some(known) if known.ty == FieldType::Unsaid => {
                known.ty = found.ty;
                known.span = found.span;
                known.optional |= found.optional;
            }
            _ => record.fields.push(found),
        }
    }

    /// Statements that a record has no other fields.
    fn closures(&mut self) {
        let mut places = Vec::new();
        for (at, unit) in self.units.iter().enumerate() {
            let Unit::Line(line) = unit else { continue };
            let lower = self.text(line.span).to_ascii_lowercase();
            if CLOSING.iter().any(|words| lower.contains(words))
                && let Some(section) = self.home(at)
            {
                places.push(section.span);
            }
        }
        for record in &mut self.facts.records {
            record.closed |= places.iter().any(|it| it.start <= record.span.start && record.span.start < it.end);
        }
    }

    /// Bounds that stand for themselves: `1 <= batch_size <= 1024`.
    fn bounds(&mut self) {
        let mut found = Vec::new();
        for unit in &self.units {
            let Unit::Line(line) = unit else { continue };
            found.extend(line.codes.iter().filter_map(|code| comparison(self.text(code.inner))));
        }
        for (name, low, high) in found {
            let own = |it: &&mut Field| it.name.value == name || it.name.value.ends_with(&format!(".{name}"));
            let fields = self.facts.records.iter_mut().flat_map(|record| record.fields.iter_mut());
            for field in fields.filter(own).filter(|field| matches!(field.ty, FieldType::Int(_))) {
                narrow(field, low.clone(), high.clone());
            }
        }
    }
}

type Bound = Option<num_bigint::BigInt>;

/// `low <= name < high`, either end alone too.
fn comparison(text: &str) -> Option<(String, Bound, Bound)> {
    let mut scan = Scan::new(text, Span::new(0, text.len() as u32));
    let mark = |scan: &mut Scan<'_>| {
        if scan.eat_any(&["<=", "≤"]) {
            Some(0)
        } else if scan.eat("<") {
            Some(1)
        } else {
            None
        }
    };
    let low = scan.integer();
    let low = match low {
        Some(low) => Some(low + mark(&mut scan)?),
        None => None,
    };
    let (name, _) = scan.word()?;
    let rest = scan.take(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.')).0;
    let name = format!("{name}{rest}");
    if low.is_none() && scan.eat_any(&[">=", "≥"]) {
        let low = scan.integer()?;
        return scan.is_done().then_some((name, Some(low), None));
    }
    let high = match mark(&mut scan) {
        Some(less) => Some(scan.integer()? - less),
        None => None,
    };
    (scan.is_done() && (low.is_some() || high.is_some())).then_some((name, low, high))
}

/// A name, or several joined by dots.
pub(super) fn is_identifier(text: &str) -> bool {
    Reader::is_operator(text)
}

/// A bare name, and whether it may be left out.
fn bare(text: &str) -> Option<(&str, bool)> {
    let name = text.strip_suffix('?').unwrap_or(text).trim();
    is_identifier(name).then_some((name, name.len() < text.len()))
}

/// `name:` or `name?:` with something behind it that is no address.
fn looks_typed(text: &str) -> bool {
    let Some((name, rest)) = text.split_once(':') else { return false };
    let name = name.trim();
    let name = name.strip_suffix('?').unwrap_or(name);
    is_identifier(name) && !rest.starts_with([':', '/', '=']) && !rest.trim().is_empty() && name != "sha256"
}

/// `sha256:...` is a digest, no field.
fn is_digest(field: &Field) -> bool {
    matches!(field.name.value.as_str(), "sha256" | "http" | "https")
}

/// What may stand between two fields of one bullet.
fn is_field_text(between: &str) -> bool {
    between.split('`').step_by(2).all(|text| matches!(text.trim().trim_matches([',', ';']).trim(), "" | "and"))
}
