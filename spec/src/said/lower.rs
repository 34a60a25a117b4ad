//! From facts to a text of the spec language: what a document says exactly enough becomes declarations, the rest is
//! findings.
//!
//! Invariants: every declaration knows the place that it came of, so what the checker finds is told there; what is
//! assumed is a note, what cannot be said an error, and neither is silent; the same facts give the same text. Blocks in
//! the language that stand in the document are taken as they are and win. This file does not know formats.

use super::lower_names::{pascal, path, snake, upper};
use super::lower_types::Types;
use super::{ErrorRow, Facts, FieldType, Finding, HashClass, HashFact, Kind, Operator, Record, Term};
use crate::syntax::{self, Span};
use crate::text::quoted;
use std::collections::{BTreeMap, BTreeSet};

/// A stretch of the text and where it came from.
#[derive(Debug, Clone, Copy)]
struct Origin {
    text: Span,
    from: Span,
    /// Was it taken byte for byte?
    exact: bool,
}

/// A text of the spec language that was made of a document.
#[derive(Debug, Default)]
pub struct Lowered {
    /// The text.
    pub text: String,
    origins: Vec<Origin>,
    /// What was assumed, and what could not be said.
    pub findings: Vec<Finding>,
}

impl Lowered {
    /// The place of the document that a place of the text came from.
    pub fn back(&self, span: Span) -> Span {
        let holds = |it: &&Origin| it.text.start <= span.start && span.start <= it.text.end;
        match self.origins.iter().filter(holds).min_by_key(|it| it.text.end - it.text.start) {
            Some(it) if it.exact => {
                let shift = |at: u32| (it.from.start + at.saturating_sub(it.text.start)).min(it.from.end);
                Span::new(shift(span.start), shift(span.end))
            }
            Some(it) => it.from,
            None => Span::default(),
        }
    }

    /// Adds lines that came of a place.
    pub fn push(&mut self, line: &str, from: Span, exact: bool) {
        let start = self.text.len() as u32;
        self.text.push_str(line);
        self.origins.push(Origin { text: Span::new(start, self.text.len() as u32), from, exact });
        self.text.push('\n');
    }
}

/// One document while it is lowered.
pub(super) struct Lower<'f> {
    pub(super) facts: &'f Facts,
    pub(super) source: &'f str,
    pub(super) out: Lowered,
    /// Names that are taken.
    pub(super) taken: BTreeSet<String>,
    /// Declarations that types asked for: enums and records without a name of their own.
    pub(super) hoisted: Vec<(String, Span)>,
    pub(super) invalid: String,
}

/// Names of errors for input that does not fit.
const INVALID: [&str; 5] = ["INVALID_INPUT", "BAD_INPUT", "INVALID", "CONTRACT_VIOLATION", "VALIDATION_ERROR"];

/// Headings that gather fields of several things.
const GATHERING: [&str; 8] =
    ["inputs", "outputs", "constraints", "transient", "invariants", "lint", "initialization", "variables"];

/// Does a record only gather what others use?
fn is_gathering(record: &Record) -> bool {
    let lower = record.name.value.to_ascii_lowercase();
    record.headed && GATHERING.iter().any(|word| lower.starts_with(word) || lower.ends_with(word))
}

/// Makes the text.
pub fn lower(facts: &Facts, source: &str) -> Lowered {
    let fences = fences(facts, source);
    let mut lower = Lower {
        facts,
        source,
        out: Lowered::default(),
        taken: fences.iter().flat_map(|it| it.1.iter().cloned()).collect(),
        hoisted: Vec::new(),
        invalid: "INVALID_INPUT".to_owned(),
    };
    lower.header();
    for (text, _) in &fences {
        lower.out.push(text.text(source), *text, true);
    }
    lower.errors();
    lower.types();
    lower.hashes();
    lower.operators();
    for (text, from) in std::mem::take(&mut lower.hoisted) {
        lower.out.push(&text, from, false);
    }
    lower.out
}

/// Blocks in the spec language, with what they declare.
fn fences(facts: &Facts, source: &str) -> Vec<(Span, Vec<String>)> {
    let own = facts.fences.iter().filter(|it| it.language == "upel");
    let one = |it: &super::Fence| {
        let parsed = syntax::parse(&format!("contract X 1.0.0 layer L1;\n{}", it.text.text(source)));
        let items = parsed.file.map(|file| file.items).unwrap_or_default();
        let named = items.iter().filter(|it| !matches!(it.kind, syntax::ItemKind::Vector(_)));
        (it.text, named.map(|it| it.name.name.to_string()).collect())
    };
    own.map(one).collect()
}

impl Lower<'_> {
    pub(super) fn note(&mut self, kind: Kind, span: Span, subject: &str, message: String, hint: &str) {
        let finding = Finding::new(kind, &self.facts.file, self.source, span, message);
        self.out.findings.push(finding.about(subject).hint(hint));
    }

    fn header(&mut self) {
        let place = self.facts.identity.as_ref().map(|it| it.span).unwrap_or_default();
        let named = self.facts.identity.as_ref().map(|it| it.value.as_str());
        let (name, suffix) = path(named.unwrap_or("Unnamed.Contract"));
        let said = self.facts.version.as_ref().and_then(|it| version(&it.value));
        let version = said.or(suffix.map(|major| format!("{major}.0.0"))).unwrap_or_else(|| {
            let hint = "end the version in MAJOR.MINOR.PATCH: `Parcel-1.2.0`";
            self.note(Kind::Assumed, place, &name, "no version is said; 1.0.0 is assumed".to_owned(), hint);
            "1.0.0".to_owned()
        });
        if self.facts.layer.is_none() {
            let hint = "add a line **Layer:** L1 to L4";
            self.note(Kind::Assumed, place, &name, "no layer is said; L1 is assumed".to_owned(), hint);
        }
        let known =
            |name: &&&str| self.taken.contains(**name) || self.facts.errors.iter().any(|it| it.name.value == ***name);
        let said = |name: &str| {
            self.facts.header.iter().find(|it| it.name.value.eq_ignore_ascii_case(name)).map(|it| it.value.clone())
        };
        let invalid = said("Invalid input").map(|it| it.value.trim_matches('`').to_owned());
        if invalid.as_deref() == Some("none") {
            self.invalid = String::new();
        } else if let Some(found) = invalid.or_else(|| INVALID.iter().find(known).map(|it| (*it).to_owned())) {
            self.invalid = found;
        }
        let imports = said("Imports");
        let layer = self.facts.layer.unwrap_or(1);
        let invalid = if self.invalid.is_empty() { String::new() } else { format!(" invalid {}", self.invalid) };
        let line = format!("contract {name} {version} layer L{layer}{invalid};");
        self.out.push(&line, place, false);
        if let Some(imports) = imports {
            for import in imports.value.split(',') {
                let line = format!("import {};", import.trim().trim_matches('`'));
                self.out.push(&line, imports.span, false);
            }
        }
    }

    fn errors(&mut self) {
        let mut numbers: BTreeSet<u32> =
            self.facts.errors.iter().filter_map(|it| it.number.as_ref()).map(|it| it.value).collect();
        let free = |numbers: &mut BTreeSet<u32>| {
            let next = (1..).find(|n| !numbers.contains(n)).unwrap_or(u32::MAX);
            numbers.insert(next);
            next
        };
        let facts = self.facts;
        for row in &facts.errors {
            if self.taken.insert(row.name.value.clone()) {
                let number = row.number.as_ref().map(|it| it.value).unwrap_or_else(|| free(&mut numbers));
                self.error(row, number);
            }
        }
        let mut spoken: BTreeMap<String, Span> = BTreeMap::new();
        let codes = facts.operators.iter().filter_map(|it| it.errors.as_ref()).flatten();
        for code in codes {
            spoken.entry(code.value.clone()).or_insert(code.span);
        }
        let place = facts.identity.as_ref().map(|it| it.span).unwrap_or_default();
        if !self.invalid.is_empty() && !self.invalid.contains('.') {
            spoken.entry(self.invalid.clone()).or_insert(place);
        }
        for (name, span) in spoken {
            if !self.taken.insert(name.clone()) {
                continue;
            }
            let number = free(&mut numbers);
            let message = format!("the error {name} is declared nowhere; number {number} is assumed");
            let hint = "give it a row in the table of errors";
            self.note(Kind::Assumed, span, &name, message, hint);
            let words = name.to_ascii_lowercase().replace('_', " ");
            let line =
                format!("error {name} = {number} severity ERROR category general retry no message {};", quoted(&words));
            self.out.push(&line, span, false);
        }
    }

    fn error(&mut self, row: &ErrorRow, number: u32) {
        let text = |it: &Option<super::Said<String>>| it.as_ref().map(|it| it.value.clone());
        let severity = text(&row.severity).unwrap_or_else(|| "ERROR".to_owned()).to_ascii_uppercase();
        let category = snake(&text(&row.category).unwrap_or_else(|| "general".to_owned()));
        let retry = if row.retry.as_ref().is_some_and(|it| it.value) { "yes" } else { "no" };
        let template = text(&row.message).unwrap_or_else(|| row.name.value.to_ascii_lowercase().replace('_', " "));
        let mut parameters: Vec<String> = Vec::new();
        let mut message = String::new();
        let mut rest = template.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, after)) = after.split_once('}') else { break };
            let name = snake(name);
            message.push_str(&format!("{before}{{{name}}}"));
            if !parameters.contains(&name) {
                parameters.push(name);
            }
            rest = after;
        }
        message.push_str(&rest.replace(['{', '}'], ""));
        let list: Vec<String> = parameters.iter().map(|name| format!("{name}: text 0..=256")).collect();
        let list = if list.is_empty() { String::new() } else { format!("({})", list.join(", ")) };
        let line = format!(
            "error {}{list} = {number} severity {severity} category {category} retry {retry} message {};",
            row.name.value,
            quoted(&message)
        );
        self.out.push(&line, row.span, false);
    }

    fn types(&mut self) {
        let facts = self.facts;
        for it in &facts.types {
            let name = pascal(&it.name.value);
            if !self.taken.insert(name.clone()) {
                continue;
            }
            let text = match &it.ty {
                FieldType::Enum(values) => Some(self.enum_text(&name, values, it.name.span)),
                ty => self.type_text(ty, &name, it.name.span).map(|ty| format!("type {name} = {ty};")),
            };
            if let Some(text) = text {
                self.out.push(&text, it.name.span, false);
            }
        }
        for record in facts.records.iter().filter(|it| !is_gathering(it)) {
            let name = pascal(&record.name.value);
            if self.taken.insert(name.clone()) {
                let text = self.record_text(&name, &record.fields, false);
                if let Some(text) = text {
                    self.out.push(&text, record.span, false);
                }
            }
        }
    }

    fn hashes(&mut self) {
        let facts = self.facts;
        let mut seen = BTreeSet::new();
        for hash in &facts.hashes {
            let name = pascal(&hash.name.value);
            let plain = hash.name.value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if !seen.insert(name.clone()) || !plain || self.taken.contains(&name) {
                continue;
            }
            match self.hash(&name, hash) {
                Ok(text) => {
                    self.taken.insert(name);
                    self.out.push(&text, hash.span, false);
                }
                Err(why) => {
                    let message = format!("the hash '{}' cannot be taken over: {why}", hash.name.value);
                    let hint = "say the type of each part, or define the hash in a block ```upel";
                    self.note(Kind::Unsayable, hash.span, &hash.name.value, message, hint);
                }
            }
        }
    }

    fn hash(&mut self, name: &str, hash: &HashFact) -> Result<String, String> {
        let mut parameters: Vec<String> = Vec::new();
        let mut parts: Vec<String> = Vec::new();
        for term in &hash.elements {
            let (path, optional) = match term {
                Term::Name { path, optional } => (path, *optional),
                Term::Text(text) => {
                    parts.push(quoted(text));
                    continue;
                }
                other => return Err(format!("'{other}' is no name")),
            };
            let ty = self.looked_up(path).ok_or_else(|| format!("the type of '{path}' is not said"))?;
            let ty = if optional { format!("optional {ty}") } else { ty };
            let parameter = format!("{}: {ty}", snake(path));
            if !parameters.contains(&parameter) {
                parameters.push(parameter);
            }
            parts.push(snake(path));
        }
        let function = hash.function.name();
        let excludes: Vec<String> = hash.excludes.iter().map(|it| snake(it)).collect();
        let preimage = match &hash.class {
            HashClass::Commit(tag) if excludes.is_empty() => format!("commit {} [{}]", quoted(tag), parts.join(", ")),
            HashClass::Commit(_) => return Err("a commitment leaves nothing out".to_owned()),
            HashClass::Object => match parts.as_slice() {
                [only] if excludes.is_empty() => format!("object {only}"),
                [only] => format!("object {only} excluding {{ {} }}", excludes.join(", ")),
                _ => return Err("it hashes several values without a tag".to_owned()),
            },
            HashClass::Raw => match parts.as_slice() {
                [only] => format!("raw {only}"),
                _ => return Err("it hashes several values one behind the other".to_owned()),
            },
        };
        Ok(format!("hash {name}({}) = {function} {preimage};", parameters.join(", ")))
    }

    /// The type of a name that a document speaks of: a record of that name, or the only field of it.
    pub(super) fn looked_up(&mut self, name: &str) -> Option<String> {
        let facts = self.facts;
        let last = name.rsplit('.').next().unwrap_or(name);
        let named = pascal(last);
        if facts.records.iter().any(|it| !is_gathering(it) && pascal(&it.name.value) == named) {
            return Some(named);
        }
        let mut found = facts.records.iter().flat_map(|it| &it.fields).filter(|it| it.name.value == last);
        let first = found.next()?;
        if found.any(|other| other.ty != first.ty) || first.ty == FieldType::Unsaid {
            return None;
        }
        self.type_text(&first.ty, &named, first.span)
    }

    fn operators(&mut self) {
        let facts = self.facts;
        for operator in &facts.operators {
            let last = operator.name.value.rsplit('.').next().unwrap_or_default();
            let name = pascal(super::lower_names::versioned(last).0);
            if !self.taken.insert(name.clone()) {
                continue;
            }
            match self.operator(&name, operator) {
                Ok(text) => self.out.push(&text, operator.span, false),
                Err(why) => {
                    let message = format!("the operator '{}' cannot be taken over: {why}", operator.name.value);
                    let hint = "say what is missing, or write the operator in a block ```upel";
                    self.note(Kind::Unsayable, operator.name.span, &operator.name.value, message, hint);
                }
            }
        }
    }

    fn operator(&mut self, name: &str, it: &Operator) -> Result<String, String> {
        let signature = it.signature.as_ref().ok_or("it has no signature")?;
        let purity = it.purity.as_ref().map(|it| it.value.to_ascii_lowercase()).ok_or("it has no purity class")?;
        let successors: BTreeSet<&str> =
            signature.outputs.iter().filter(|it| it.successor).map(|it| it.name.value.as_str()).collect();
        let mut side = |params: &[super::Param]| -> Result<Vec<String>, String> {
            let mut all = Vec::new();
            for param in params {
                let own = pascal(&param.name.value);
                let ty = match &param.ty {
                    FieldType::Unsaid => self.looked_up(&param.name.value),
                    ty => self.type_text(ty, &own, param.name.span),
                };
                let ty = ty.ok_or_else(|| format!("the type of '{}' is not said", param.name.value))?;
                let ty = if param.optional && !ty.starts_with("optional ") { format!("optional {ty}") } else { ty };
                let state = if successors.contains(param.name.value.as_str()) { "state " } else { "" };
                all.push(format!("{state}{}: {ty}", snake(&param.name.value)));
            }
            Ok(all)
        };
        let (inputs, outputs) = (side(&signature.inputs)?, side(&signature.outputs)?);
        let mut text = format!("extern {purity} operator {name}({}) -> ({})", inputs.join(", "), outputs.join(", "));
        let raised: Vec<String> =
            it.errors.iter().flatten().map(|it| it.value.clone()).filter(|it| *it != self.invalid).collect();
        let raised: BTreeSet<String> = raised.into_iter().collect();
        if !raised.is_empty() {
            text += &format!("\n  raises {}", raised.into_iter().collect::<Vec<_>>().join(", "));
        }
        for output in &outputs {
            let output = output.trim_start_matches("state ");
            if let Some((name, ty)) = output.split_once(": ")
                && ty.starts_with("list<")
            {
                let message = format!("the order of '{name}' is not said exactly; that of the input is assumed");
                self.note(Kind::Assumed, it.name.span, &it.name.value, message, "state it in a block ```upel");
                text += &format!("\n  order {name} by input");
            }
        }
        Ok(text + ";")
    }
}

/// MAJOR.MINOR.PATCH at the end of a version's name, or all of it.
pub(crate) fn version(text: &str) -> Option<String> {
    let digits = text.rsplit(|c: char| !(c.is_ascii_digit() || c == '.')).next()?;
    let parts: Vec<&str> = digits.split('.').collect();
    let sound = |part: &&str| !part.is_empty() && part.len() <= 9 && (part.len() == 1 || !part.starts_with('0'));
    (parts.len() == 3 && parts.iter().all(sound)).then(|| digits.to_owned())
}

/// A name of a value of an enum.
pub(super) fn value_name(text: &str) -> String {
    upper(text)
}
