//! Drift: prose held against a machine artefact, both ways, each difference with both places.
//!
//! What prose leaves unsaid cannot differ: a bound that it does not state, a type that it does not name. What it states
//! must be so, and whatever the artefact declares must be spoken of. Invariants: the list is sorted and depends on the
//! two documents only; names are compared without their spelling's case and marks (`weigh_record`, `WeighRecord`,
//! `Weigh record`), operators by their last name without `_vN`. This file does not know formats.

mod numbers;
mod types;

use crate::diagnostic::position;
use crate::said::{
    ErrorRow, Facts, Field, FieldType, Finding, HashClass, HashFact, Kind, NamedType, Operator, Other, Param, Record,
    Said, sort,
};
use crate::syntax::Span;
use std::collections::BTreeMap;
use types::{Difference, Types};

/// How deep records are compared within records.
const DEPTH: usize = 16;

/// One of the two.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    facts: &'a Facts,
    places: Places<'a>,
}

/// What the spans of a side mean.
#[derive(Debug, Clone, Copy)]
enum Places<'a> {
    /// Bytes of this text.
    Text(&'a str),
    /// Each begins with the number of its place in this list.
    Listed(&'a [(u32, u32)]),
}

impl<'a> Side<'a> {
    /// What a text says.
    pub const fn new(facts: &'a Facts, source: &'a str) -> Side<'a> {
        Side { facts, places: Places::Text(source) }
    }

    /// What a contract says whose text is not at hand, with the places of its declarations.
    pub const fn listed(facts: &'a Facts, places: &'a [(u32, u32)]) -> Side<'a> {
        Side { facts, places: Places::Listed(places) }
    }

    fn place(&self, span: Span) -> (u32, u32) {
        match self.places {
            Places::Text(source) => position(source, span.start),
            Places::Listed(places) => places.get(span.start as usize).copied().unwrap_or((1, 1)),
        }
    }

    /// A finding at a place of this side.
    fn finding(&self, kind: Kind, subject: &str, span: Span, message: String) -> Finding {
        let mut finding = Finding::new(kind, &self.facts.file, "", span, message).about(subject);
        (finding.line, finding.column) = self.place(span);
        finding
    }

    /// The same with a place of this side as the other one.
    fn other(&self, mut finding: Finding, span: Span, words: &str) -> Finding {
        let (line, column) = self.place(span);
        finding.other = Some(Other { file: self.facts.file.clone(), line, column, words: words.to_owned() });
        finding
    }
}

/// Every difference between prose and an artefact, sorted.
pub fn drift(prose: Side<'_>, artefact: Side<'_>) -> Vec<Finding> {
    let mut gate = Gate { prose, artefact, found: Vec::new(), depth: 0 };
    gate.identity();
    gate.operators();
    gate.records();
    gate.types();
    gate.errors();
    gate.hashes();
    gate.defaults();
    gate.numbers();
    sort(&mut gate.found);
    gate.found
}

/// A name without case and marks.
pub(crate) fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The last part of an operator's name, without its version.
fn operator_key(name: &str) -> String {
    let last = name.rsplit('.').next().unwrap_or(name);
    let cut = last.rfind("_v").filter(|at| {
        let rest = last.get(at + 2..).unwrap_or_default();
        !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit())
    });
    plain(cut.and_then(|at| last.get(..at)).unwrap_or(last))
}

struct Gate<'a> {
    prose: Side<'a>,
    artefact: Side<'a>,
    found: Vec<Finding>,
    /// How deep records lie in records.
    depth: usize,
}

/// A name with its place.
type Place<'a> = (&'a str, Span);

impl<'a> Gate<'a> {
    /// A difference whose first place is in the prose.
    fn tell(&mut self, kind: Kind, subject: &str, prose: Span, artefact: Span, message: String) {
        let finding = self.prose.finding(kind, subject, prose, message);
        let finding = self.artefact.other(finding, artefact, "the artefact says otherwise here");
        self.found.push(finding.hint("change the one that is wrong; both places are named"));
    }

    /// What only the artefact has: its place comes first, and where the prose would say it second.
    fn added(&mut self, kind: Kind, subject: &str, artefact: Span, prose: Span, what: &str) {
        let message = format!("{what} '{subject}' is in the artefact and not in the prose");
        let finding = self.artefact.finding(kind, subject, artefact, message);
        let finding = self.prose.other(finding, prose, "not said here");
        self.found.push(finding.hint("say it in the prose, or take it out of the artefact"));
    }

    fn removed(&mut self, kind: Kind, subject: &str, prose: Span, artefact: Span, what: &str) {
        let message = format!("{what} '{subject}' is in the prose and not in the artefact");
        let finding = self.prose.finding(kind, subject, prose, message);
        let finding = self.artefact.other(finding, artefact, "not declared here");
        self.found.push(finding.hint("declare it in the artefact, or take it out of the prose"));
    }

    fn identity(&mut self) {
        let (prose, artefact) = (self.prose.facts, self.artefact.facts);
        if let (Some(said), Some(own)) = (&prose.identity, &artefact.identity) {
            let key = |name: &str| name.split('.').map(operator_key).collect::<Vec<_>>();
            if key(&said.value) != key(&own.value) {
                let message = format!("the prose is '{}', the artefact '{}'", said.value, own.value);
                self.tell(Kind::DriftIdentity, &said.value, said.span, own.span, message);
            }
        }
        let number = |said: &Option<Said<String>>| {
            said.as_ref().and_then(|it| Some((crate::said::version_of(&it.value)?, it.span)))
        };
        if let (Some((said, here)), Some((own, there))) = (number(&prose.version), number(&artefact.version))
            && said != own
        {
            let message = format!("the prose is of version {said}, the artefact of {own}");
            self.tell(Kind::DriftVersion, "version", here, there, message);
        }
        if let (Some(said), Some(own)) = (prose.layer, artefact.layer)
            && said != own
        {
            let message = format!("the prose is of layer {said}, the artefact of layer {own}");
            let place = |facts: &Facts| facts.identity.as_ref().map(|it| it.span).unwrap_or_default();
            self.tell(Kind::DriftLayer, "layer", place(prose), place(artefact), message);
        }
    }

    fn top(facts: &Facts) -> Span {
        facts.identity.as_ref().or(facts.title.as_ref()).map(|it| it.span).unwrap_or_default()
    }

    fn operators(&mut self) {
        let (prose, artefact) = (self.prose.facts, self.artefact.facts);
        let own: BTreeMap<String, &'a Operator> =
            artefact.operators.iter().map(|it| (operator_key(&it.name.value), it)).collect();
        let mut seen: BTreeMap<String, &'a Operator> = BTreeMap::new();
        for said in &prose.operators {
            let key = operator_key(&said.name.value);
            match own.get(&key) {
                Some(found) => self.operator(said, found),
                None => {
                    let place = Self::top(artefact);
                    self.removed(Kind::DriftOperatorRemoved, &said.name.value, said.name.span, place, "the operator");
                }
            }
            seen.insert(key, said);
        }
        for (key, own) in own {
            if !seen.contains_key(&key) {
                let place = Self::top(prose);
                self.added(Kind::DriftOperatorAdded, &own.name.value, own.name.span, place, "the operator");
            }
        }
    }

    fn operator(&mut self, said: &'a Operator, own: &'a Operator) {
        let name = said.name.value.as_str();
        if let (Some(said), Some(found)) = (&said.purity, &own.purity)
            && said.value != found.value
        {
            let message = format!("'{name}' is {} in the prose, {} in the artefact", said.value, found.value);
            self.tell(Kind::DriftPurity, name, said.span, found.span, message);
        }
        if let (Some(said_side), Some(own_side)) = (&said.signature, &own.signature) {
            self.params((name, said_side.span), &said_side.inputs, &own_side.inputs, "input", own.name.span);
            self.params((name, said_side.span), &said_side.outputs, &own_side.outputs, "output", own.name.span);
        }
        if let (Some(codes), Some(own_codes)) = (&said.errors, &own.errors) {
            let has = |all: &[Said<String>], name: &str| all.iter().any(|it| it.value == name);
            for code in codes.iter().filter(|it| !has(own_codes, &it.value)) {
                let message = format!("'{name}' raises {} in the prose, and not in the artefact", code.value);
                self.tell(Kind::DriftRaises, name, code.span, own.name.span, message);
            }
            let place = codes.first().map_or(said.name.span, |it| it.span);
            for code in own_codes.iter().filter(|it| !has(codes, &it.value)) {
                let message = format!("'{name}' raises {} in the artefact, and not in the prose", code.value);
                self.tell(Kind::DriftRaises, name, place, own.name.span, message);
            }
        }
    }

    fn params(&mut self, operator: Place<'a>, said: &'a [Param], own: &'a [Param], what: &str, place: Span) {
        let key = |param: &Param| plain(&param.name.value);
        for param in said {
            let subject = format!("{}.{}", operator.0, param.name.value);
            let Some(found) = own.iter().find(|it| key(it) == key(param)) else {
                self.removed(Kind::DriftParameterRemoved, &subject, param.name.span, place, &format!("the {what}"));
                continue;
            };
            let ty = self.type_of(param);
            self.compare(&subject, (ty.0, ty.1), (&found.ty, found.name.span));
            if param.optional && !found.optional {
                let message = format!("'{subject}' may be left out in the prose, and not in the artefact");
                self.tell(Kind::DriftRequired, &subject, param.name.span, found.name.span, message);
            }
        }
        for param in own.iter().filter(|it| !said.iter().any(|other| key(other) == key(it))) {
            let subject = format!("{}.{}", operator.0, param.name.value);
            self.added(Kind::DriftParameterAdded, &subject, param.name.span, operator.1, &format!("the {what}"));
        }
    }

    /// The type of a parameter: its own, or that of the only field of its name in the prose.
    fn type_of(&self, param: &'a Param) -> (&'a crate::said::FieldType, Span) {
        if param.ty != crate::said::FieldType::Unsaid {
            return (&param.ty, param.name.span);
        }
        let mut named = self
            .prose
            .facts
            .records
            .iter()
            .filter(|it| it.headed)
            .flat_map(|it| &it.fields)
            .filter(|it| it.name.value == param.name.value);
        match (named.next(), named.next()) {
            (Some(only), None) => (&only.ty, only.span),
            _ => (&param.ty, param.name.span),
        }
    }

    fn records(&mut self) {
        let (prose, artefact) = (self.prose.facts, self.artefact.facts);
        let own: BTreeMap<String, &'a Record> = artefact.records.iter().map(|it| (plain(&it.name.value), it)).collect();
        let mut seen: Vec<String> = Vec::new();
        for said in &prose.records {
            let key = plain(&said.name.value);
            match own.get(&key) {
                Some(found) => {
                    self.fields(&said.name.value, (&said.fields, said.span), (&found.fields, found.span));
                    seen.push(key);
                }
                // What a heading gathers (inputs, state) is no record of its own.
                None if !said.headed && said.operator.is_none() => {
                    let place = Self::top(artefact);
                    self.removed(Kind::DriftRecordRemoved, &said.name.value, said.name.span, place, "the record");
                }
                None => {}
            }
        }
        for (key, own) in own {
            if !seen.contains(&key) {
                self.added(Kind::DriftRecordAdded, &own.name.value, own.name.span, Self::top(prose), "the record");
            }
        }
    }

    /// Types with names. A document that names no enums says nothing of them, and so with other types.
    fn types(&mut self) {
        let (prose, artefact) = (self.prose.facts, self.artefact.facts);
        for said in &prose.types {
            let name = said.name.value.as_str();
            match artefact.types.iter().find(|it| plain(&it.name.value) == plain(name)) {
                Some(own) => self.compare(name, (&said.ty, said.name.span), (&own.ty, own.name.span)),
                None if artefact.imported.iter().any(|it| plain(&it.name.value) == plain(name)) => {}
                None => {
                    self.removed(Kind::DriftTypeRemoved, name, said.name.span, Self::top(artefact), "the type");
                }
            }
        }
        let is_enum = |it: &NamedType| matches!(it.ty, FieldType::Enum(_));
        for own in &artefact.types {
            let name = own.name.value.as_str();
            let Some(first) = prose.types.iter().find(|it| is_enum(it) == is_enum(own)) else { continue };
            if !prose.types.iter().any(|it| plain(&it.name.value) == plain(name)) {
                self.added(Kind::DriftTypeAdded, name, own.name.span, first.name.span, "the type");
            }
        }
    }

    fn fields(&mut self, record: &str, said: (&'a [Field], Span), own: (&'a [Field], Span)) {
        for field in said.0 {
            let subject = format!("{record}.{}", field.name.value);
            let Some(found) = own.0.iter().find(|it| plain(&it.name.value) == plain(&field.name.value)) else {
                self.removed(Kind::DriftFieldRemoved, &subject, field.name.span, own.1, "the field");
                continue;
            };
            self.compare(&subject, (&field.ty, field.span), (&found.ty, found.span));
            // A field with a default may be left out, whatever mark it has.
            let may = |it: &Field| it.optional || it.default.is_some();
            if may(field) != may(found) && (field.optional || field.default.is_none()) {
                let (here, there) = if may(field) { ("may", "must not") } else { ("must not", "may") };
                let message = format!("'{subject}' {here} be left out in the prose, and {there} in the artefact");
                self.tell(Kind::DriftRequired, &subject, field.span, found.span, message);
            }
            let text = |it: &Option<Said<String>>| it.as_ref().map(|it| it.value.trim_matches('"').to_owned());
            if field.default.is_some() && text(&field.default) != text(&found.default) {
                let shown = |it: &Option<Said<String>>| text(it).unwrap_or_else(|| "none".to_owned());
                let (here, there) = (shown(&field.default), shown(&found.default));
                let message = format!("the default of '{subject}' is {here} in the prose, {there} in the artefact");
                self.tell(Kind::DriftDefault, &subject, field.span, found.span, message);
            }
        }
        for field in own.0.iter().filter(|it| !said.0.iter().any(|x| plain(&x.name.value) == plain(&it.name.value))) {
            let subject = format!("{record}.{}", field.name.value);
            self.added(Kind::DriftFieldAdded, &subject, field.name.span, said.1, "the field");
        }
    }

    fn compare(
        &mut self,
        subject: &str,
        said: (&'a crate::said::FieldType, Span),
        own: (&'a crate::said::FieldType, Span),
    ) {
        let types = Types { prose: self.prose.facts, artefact: self.artefact.facts };
        match types.compare(said.0, own.0) {
            None => {}
            Some(Difference::Fields(..)) if self.depth == DEPTH => {}
            Some(Difference::Fields(here, there)) => {
                self.depth += 1;
                self.fields(subject, (here, said.1), (there, own.1));
                self.depth -= 1;
            }
            Some(Difference::Kind(kind, here, there)) => {
                let message = format!("'{subject}' is {here} in the prose, {there} in the artefact");
                self.tell(kind, subject, said.1, own.1, message);
            }
        }
    }

    fn errors(&mut self) {
        let (prose, artefact) = (self.prose.facts, self.artefact.facts);
        if prose.errors.is_empty() {
            // A document without a table of errors says nothing of them here; operators name theirs.
            return;
        }
        for said in &prose.errors {
            match artefact.errors.iter().find(|it| it.name.value == said.name.value) {
                Some(own) => self.error(said, own),
                None => {
                    let place = Self::top(artefact);
                    self.removed(Kind::DriftErrorRemoved, &said.name.value, said.name.span, place, "the error");
                }
            }
        }
        let place = prose.errors.first().map_or(Span::default(), |it| it.span);
        for own in &artefact.errors {
            if !prose.errors.iter().any(|it| it.name.value == own.name.value) {
                self.added(Kind::DriftErrorAdded, &own.name.value, own.name.span, place, "the error");
            }
        }
    }

    fn error(&mut self, said: &'a ErrorRow, own: &'a ErrorRow) {
        let name = said.name.value.as_str();
        let text = |it: &Option<Said<String>>| it.as_ref().map(|it| (it.value.clone(), it.span));
        let number = |it: &ErrorRow| it.number.as_ref().map(|it| (it.value.to_string(), it.span));
        let retry = |it: &ErrorRow| it.retry.as_ref().map(|it| (it.value.to_string(), it.span));
        let rows = [
            ("number", number(said), number(own)),
            ("severity", text(&said.severity), text(&own.severity)),
            ("category", text(&said.category), text(&own.category)),
            ("retry", retry(said), retry(own)),
            ("message", text(&said.message), text(&own.message)),
        ];
        for (what, here, there) in rows {
            if let (Some((here, span)), Some((there, other))) = (here, there)
                && here != there
            {
                let message = format!("the {what} of '{name}' is {here:?} in the prose, {there:?} in the artefact");
                self.tell(Kind::DriftError, name, span, other, message);
            }
        }
    }

    fn hashes(&mut self) {
        let (prose, artefact) = (self.prose.facts, self.artefact.facts);
        for said in &prose.hashes {
            match artefact.hashes.iter().find(|it| plain(&it.name.value) == plain(&said.name.value)) {
                Some(own) if preimage(said) != preimage(own) => {
                    let name = said.name.value.as_str();
                    let (here, there) = (said.preimage(), own.preimage());
                    let message = format!("the preimage of '{name}' is {here} in the prose, {there} in the artefact");
                    self.tell(Kind::DriftPreimage, name, said.span, own.span, message);
                }
                Some(_) => {}
                None => {
                    let place = Self::top(artefact);
                    self.removed(Kind::DriftHashRemoved, &said.name.value, said.name.span, place, "the hash");
                }
            }
        }
        for own in &artefact.hashes {
            if !prose.hashes.iter().any(|it| plain(&it.name.value) == plain(&own.name.value)) {
                self.added(Kind::DriftHashAdded, &own.name.value, own.name.span, Self::top(prose), "the hash");
            }
        }
    }

    /// Tables of defaults: the last part of a path is a field's name, the one before a record's, if there are two.
    fn defaults(&mut self) {
        let (prose, artefact) = (self.prose.facts, self.artefact.facts);
        for said in &prose.defaults {
            let path: Vec<String> = said.path.value.split('.').map(plain).collect();
            let own = artefact.defaults.iter().find(|it| {
                let own: Vec<String> = it.path.value.split('.').map(plain).collect();
                own.ends_with(&path) || path.ends_with(&own) || (own.last() == path.last() && path.len() == 1)
            });
            let value = |text: &str| text.trim_matches(['"', '`']).to_owned();
            let name = said.path.value.as_str();
            match own {
                Some(own) if value(&own.value.value) != value(&said.value.value) => {
                    let (here, there) = (&said.value.value, &own.value.value);
                    let message = format!("the default of '{name}' is {here} in the prose, {there} in the artefact");
                    self.tell(Kind::DriftDefault, name, said.path.span, own.path.span, message);
                }
                Some(_) => {}
                None => {
                    let message = format!("the default of '{name}' is in the prose and not in the artefact");
                    self.tell(Kind::DriftDefault, name, said.path.span, Self::top(artefact), message);
                }
            }
        }
    }
}

/// A preimage with names in one spelling.
fn preimage(hash: &HashFact) -> (String, Vec<String>, Vec<String>) {
    let class = match &hash.class {
        HashClass::Commit(tag) => format!("commit {tag:?}"),
        HashClass::Object => "object".to_owned(),
        HashClass::Raw => "raw".to_owned(),
    };
    let elements = hash.elements.iter().map(|term| plain(&term.to_string())).collect();
    let mut excludes: Vec<String> = hash.excludes.iter().map(|name| plain(name)).collect();
    excludes.sort();
    (format!("{} {class}", hash.function.name()), elements, excludes)
}
