//! Schemas of others as facts: as far as the types of the language go, with a finding for every keyword that goes
//! further.
//!
//! Invariants: nothing is fetched, so a reference to another document is a finding; each value is looked at once. This
//! file does not know the language's texts.

use super::reader::{Member, Node, NodeKind};
use crate::ir::Range;
use crate::said::{Facts, Field, FieldType, Finding, Kind, Limits, NamedType, Record, Said};
use crate::syntax::Span;
use num_bigint::BigInt;

/// Keywords that say nothing about values.
const SILENT: [&str; 15] = [
    "$schema",
    "$id",
    "$comment",
    "$anchor",
    "$vocabulary",
    "$defs",
    "definitions",
    "title",
    "description",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
    "type",
    "default",
];

/// The most findings of one schema.
const MOST: usize = 500;

struct Foreign<'f> {
    facts: &'f mut Facts,
    source: &'f str,
}

/// Reads a schema into facts.
pub(super) fn facts(facts: &mut Facts, source: &str, node: &Node) {
    let mut foreign = Foreign { facts, source };
    foreign.identity(node);
    if !matches!(node.kind, NodeKind::Object(_)) {
        let message = "a schema is an object".to_owned();
        foreign.tell(Kind::SchemaForm, node.span, "", message, "write `{\"type\": \"object\", ...}`");
        return;
    }
    if let Some(dialect) = node.get("$schema")
        && dialect.text().is_none_or(|it| it.trim_end_matches('#') != super::export::DIALECT)
    {
        let message = "the dialect is not 2020-12; it is read as if it were".to_owned();
        foreign.tell(Kind::Assumed, dialect.span, "$schema", message, "say the dialect 2020-12");
    }
    for group in ["$defs", "definitions"] {
        for member in node.get(group).map(Node::members).unwrap_or_default() {
            foreign.definition(&member.key, member.span, &member.value);
        }
    }
    if node.get("type").is_some() || node.get("properties").is_some() || node.get("enum").is_some() {
        let title = node.get("title").and_then(Node::text).unwrap_or("Document").to_owned();
        let last = title.rsplit(['.', ':', '/']).next().unwrap_or_default().to_owned();
        let span = node.get("title").map_or(Span::new(node.span.start, node.span.start + 1), |it| it.span);
        foreign.definition(&last, span, node);
    } else {
        foreign.keywords(node, "", &[]);
    }
}

impl Foreign<'_> {
    fn tell(&mut self, kind: Kind, span: Span, subject: &str, message: String, hint: &str) {
        if self.facts.findings.len() < MOST {
            let finding = Finding::new(kind, &self.facts.file, self.source, span, message);
            self.facts.findings.push(finding.about(subject).hint(hint));
        }
    }

    fn unsayable(&mut self, span: Span, subject: &str, message: String) -> FieldType {
        let hint = "the types of the spec language are in docs/upel.md; leave it out, or say it with a `require`";
        self.tell(Kind::Unsayable, span, subject, message, hint);
        FieldType::Unsaid
    }

    fn identity(&mut self, node: &Node) {
        let said = node.get("$id").or_else(|| node.get("title")).filter(|it| it.text().is_some());
        let Some(said) = said else { return };
        let text = said.text().unwrap_or_default();
        let text = text.split_once("://").map_or(text, |it| it.1).split(['#', '?']).next().unwrap_or_default();
        let text = text.trim_end_matches(".json").trim_end_matches(".schema");
        let parts = text.split(['/', ':', '.']).filter(|it| it.chars().any(|c| c.is_ascii_alphabetic()));
        let name = parts.collect::<Vec<_>>().join(".");
        if !name.is_empty() {
            self.facts.identity = Some(Said::new(name, said.span));
        }
    }

    fn definition(&mut self, name: &str, span: Span, node: &Node) {
        let said = Said::new(name.to_owned(), span);
        let ty = self.ty(node, name);
        match ty {
            FieldType::Unsaid => {}
            FieldType::Record(fields) => {
                let record = Record { name: said, fields, headed: false, closed: true, operator: None, span };
                self.facts.records.push(record);
            }
            ty => self.facts.types.push(NamedType { name: said, ty }),
        }
    }

    /// Tells every keyword that nobody looked at.
    fn keywords(&mut self, node: &Node, name: &str, known: &[&str]) {
        for member in node.members() {
            let key = member.key.as_str();
            if SILENT.contains(&key) || known.contains(&key) || key.starts_with("x_") || key.starts_with("x-") {
                continue;
            }
            let what = match key {
                "format" => "a format binds nobody",
                "patternProperties" => "names of fields by a pattern have no type here",
                "allOf" | "anyOf" | "oneOf" | "not" | "if" | "then" | "else" => {
                    "choices between schemas have no type here"
                }
                "multipleOf" => "multiples cannot be asked for",
                "uniqueItems" => "that elements differ cannot be asked for by a type",
                "$dynamicRef" | "$dynamicAnchor" => "references that depend on where they are used have no type here",
                _ => "the keyword is not known here",
            };
            let kind = if key == "format" { Kind::Assumed } else { Kind::Unsayable };
            let hint = "say it with a `require` in the contract, or leave it out";
            self.tell(kind, member.span, name, format!("'{key}' of '{name}' is not taken over: {what}"), hint);
        }
    }

    fn ty(&mut self, node: &Node, name: &str) -> FieldType {
        if let NodeKind::Bool(_) = node.kind {
            return self.unsayable(node.span, name, format!("'{name}' may be anything or nothing"));
        }
        if let Some(link) = node.get("$ref") {
            self.keywords(node, name, &["$ref"]);
            return self.link(link, name);
        }
        if let Some(values) = node.get("enum") {
            self.keywords(node, name, &["enum"]);
            return self.enumeration(values.elements(), node.span, name);
        }
        if let Some(value) = node.get("const") {
            self.keywords(node, name, &["const"]);
            return self.enumeration(std::slice::from_ref(value), node.span, name);
        }
        for key in ["anyOf", "oneOf"] {
            if let Some([a, b]) = node.get(key).map(Node::elements) {
                let null = |it: &Node| it.get("type").and_then(Node::text) == Some("null");
                let inner = if null(b) {
                    Some(a)
                } else if null(a) {
                    Some(b)
                } else {
                    None
                };
                if let Some(inner) = inner {
                    self.keywords(node, name, &[key]);
                    return FieldType::Optional(Box::new(self.ty(inner, name)));
                }
            }
        }
        let kinds: Vec<&str> = match node.get("type") {
            Some(it) => it
                .text()
                .map(|text| vec![text])
                .unwrap_or_else(|| it.elements().iter().filter_map(Node::text).collect()),
            None if node.get("properties").is_some() => vec!["object"],
            None => Vec::new(),
        };
        let nullable = kinds.contains(&"null");
        let others: Vec<&str> = kinds.iter().copied().filter(|it| *it != "null").collect();
        let ty = match others.as_slice() {
            ["object"] => self.object(node, name),
            ["array"] => self.array(node, name),
            ["string"] => self.text(node, name),
            ["integer"] => self.integer(node, name),
            ["boolean"] => {
                self.keywords(node, name, &[]);
                FieldType::Bool
            }
            ["number"] => {
                self.unsayable(node.span, name, format!("'{name}' is a floating-point number, which is not exact"))
            }
            [] => {
                self.keywords(node, name, &[]);
                self.unsayable(node.span, name, format!("the type of '{name}' is not said"))
            }
            _ => self.unsayable(node.span, name, format!("'{name}' is of several types")),
        };
        if nullable && ty != FieldType::Unsaid { FieldType::Optional(Box::new(ty)) } else { ty }
    }

    fn link(&mut self, link: &Node, name: &str) -> FieldType {
        let target = link.text().unwrap_or_default();
        let local = target.strip_prefix("#/$defs/").or_else(|| target.strip_prefix("#/definitions/"));
        match local {
            Some(local) if !local.is_empty() && !local.contains('/') => {
                FieldType::Named(local.replace("~1", "/").replace("~0", "~").replace("%20", " "))
            }
            _ => {
                let message = format!("'{name}' refers to '{target}', which is not in `$defs` of this document");
                self.unsayable(link.span, name, message)
            }
        }
    }

    fn enumeration(&mut self, values: &[Node], span: Span, name: &str) -> FieldType {
        let null = values.iter().any(|it| it.kind == NodeKind::Null);
        let texts: Vec<String> = values.iter().filter_map(Node::text).map(str::to_owned).collect();
        if texts.is_empty() || texts.len() + usize::from(null) != values.len() {
            return self.unsayable(span, name, format!("the values of '{name}' are not all texts"));
        }
        let ty = FieldType::Enum(texts);
        if null { FieldType::Optional(Box::new(ty)) } else { ty }
    }

    fn object(&mut self, node: &Node, name: &str) -> FieldType {
        let known =
            ["properties", "required", "additionalProperties", "propertyNames", "minProperties", "maxProperties"];
        self.keywords(node, name, &known);
        let rest = node.get("additionalProperties");
        let Some(properties) = node.get("properties").filter(|it| !it.members().is_empty()) else {
            return match rest {
                Some(value) if matches!(value.kind, NodeKind::Object(_)) => {
                    let key = match node.get("propertyNames") {
                        Some(names) => self.text(names, name),
                        None => FieldType::Text(Limits::default(), None),
                    };
                    let limits = self.limits(node, "minProperties", "maxProperties");
                    let value = self.ty(value, name);
                    FieldType::Map(Box::new(key), Box::new(value), limits)
                }
                _ => self.unsayable(node.span, name, format!("'{name}' is an object of anything")),
            };
        };
        if !rest.is_some_and(|it| it.kind == NodeKind::Bool(false)) {
            let message = format!("'{name}' allows other fields; records have none but their own");
            let hint = "say \"additionalProperties\": false";
            self.tell(Kind::Assumed, rest.map_or(node.span, |it| it.span), name, message, hint);
        }
        let required: Vec<&str> =
            node.get("required").map(Node::elements).unwrap_or_default().iter().filter_map(Node::text).collect();
        for asked in node.get("required").map(Node::elements).unwrap_or_default() {
            let text = asked.text().unwrap_or_default();
            if properties.get(text).is_none() {
                let message = format!("'{text}' of '{name}' is required and not among its properties");
                self.tell(Kind::SchemaForm, asked.span, name, message, "declare the property");
            }
        }
        let fields = properties.members().iter().map(|it| self.field(it, name, &required));
        // What has no type was told already.
        FieldType::Record(fields.filter(|it| it.ty != FieldType::Unsaid).collect())
    }

    fn field(&mut self, member: &Member, record: &str, required: &[&str]) -> Field {
        let ty = self.ty(&member.value, &format!("{record}.{}", member.key));
        let default = member.value.get("default").map(|it| {
            let text = it.text().map_or_else(|| it.plain().to_string(), str::to_owned);
            Said::new(text, it.span)
        });
        let optional = !required.contains(&member.key.as_str());
        let ty = match ty {
            FieldType::Optional(inner) if optional => *inner,
            ty => ty,
        };
        Field { name: Said::new(member.key.clone(), member.span), optional, ty, default, span: member.span }
    }

    fn limits(&mut self, node: &Node, low: &str, high: &str) -> Limits {
        let number = |key: &str| match node.get(key).map(|it| &it.kind) {
            Some(NodeKind::Number(text)) => text.parse::<u64>().ok(),
            _ => None,
        };
        for key in [low, high] {
            if let (Some(value), None) = (node.get(key), number(key)) {
                let message = format!("'{key}' is no whole number from 0");
                self.tell(Kind::SchemaForm, value.span, key, message, "write a whole number");
            }
        }
        Limits { low: number(low), high: number(high) }
    }

    fn array(&mut self, node: &Node, name: &str) -> FieldType {
        self.keywords(node, name, &["items", "minItems", "maxItems"]);
        let limits = self.limits(node, "minItems", "maxItems");
        let Some(items) = node.get("items") else {
            return self.unsayable(node.span, name, format!("the elements of '{name}' have no type"));
        };
        match self.ty(items, &format!("{name} item")) {
            FieldType::Unsaid => FieldType::Unsaid,
            element => FieldType::List(Box::new(element), limits),
        }
    }

    fn text(&mut self, node: &Node, name: &str) -> FieldType {
        self.keywords(node, name, &["minLength", "maxLength", "pattern", "contentEncoding"]);
        let mut limits = self.limits(node, "minLength", "maxLength");
        if node.get("contentEncoding").and_then(Node::text) == Some("base16") {
            limits.low = limits.low.map(|it| it / 2);
            limits.high = limits.high.map(|it| it / 2);
            return FieldType::Bytes(limits);
        }
        let pattern = node.get("pattern").and_then(Node::text).map(|pattern| {
            let (begin, end) = (pattern.strip_prefix('^'), pattern.ends_with('$') && !pattern.ends_with("\\$"));
            let body = begin.unwrap_or(pattern);
            let body = if end { body.get(..body.len() - 1).unwrap_or_default() } else { body };
            let grouped = body.strip_prefix("(?:").and_then(|it| it.strip_suffix(')')).filter(|it| !it.contains(')'));
            let body = grouped.unwrap_or(body);
            match (begin.is_some(), end) {
                (true, true) => body.to_owned(),
                // A schema's pattern is looked for anywhere; the language's matches all of the text.
                (front, back) => {
                    let any = |is: bool| if is { "" } else { ".*" };
                    format!("{}({body}){}", any(front), any(back))
                }
            }
        });
        FieldType::Text(limits, pattern)
    }

    fn integer(&mut self, node: &Node, name: &str) -> FieldType {
        self.keywords(node, name, &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]);
        let number = |key: &str| match node.get(key).map(|it| &it.kind) {
            Some(NodeKind::Number(text)) if text.len() <= 80 => text.trim_end_matches(".0").parse::<BigInt>().ok(),
            _ => None,
        };
        for key in ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"] {
            if let (Some(value), None) = (node.get(key), number(key)) {
                let message = format!("'{key}' of '{name}' is no whole number");
                self.tell(Kind::SchemaForm, value.span, name, message, "write a whole number");
            }
        }
        let low = number("minimum").or_else(|| number("exclusiveMinimum").map(|it| it + 1));
        let high = number("maximum").or_else(|| number("exclusiveMaximum").map(|it| it - 1));
        if low.is_none() || high.is_none() {
            let message = format!("the whole number '{name}' has no bounds on both sides; 64 bits are assumed");
            self.tell(Kind::Assumed, node.span, name, message, "state minimum and maximum");
        }
        let least = || BigInt::from(i64::MIN);
        let (low, high) = (low.unwrap_or_else(least), high.unwrap_or_else(|| BigInt::from(i64::MAX)));
        if low > high {
            return self.unsayable(node.span, name, format!("no number is in the range of '{name}'"));
        }
        FieldType::Int(Range { low, high })
    }
}
