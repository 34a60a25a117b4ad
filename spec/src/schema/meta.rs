//! The meta-schema of contracts as JSON Schema, and the part of JSON Schema 2020-12 that it is written in.
//!
//! It is a document of its own (`meta.json`), frozen by a test, for gx and for other programs. Invariants: every schema
//! that is written satisfies it, as it satisfies itself where it says how schemas are written; it uses no keyword that
//! is not understood here, which a test holds. This file does not know contracts.

use super::reader::{Node, NodeKind, read_json};
use crate::said::{Finding, Kind};
use crate::syntax::Span;
use regex::Regex;
use serde_json::Value;

/// The meta-schema, as it is printed.
pub const META: &str = include_str!("meta.json");

/// The most findings of one schema.
const MOST: usize = 200;

/// How deep references are followed.
const DEPTH: usize = 200;

/// A finding: the place, the pointer, and what is wrong.
type Fault = (Span, String, String);

struct Check<'m> {
    meta: &'m Value,
    faults: Vec<Fault>,
}

/// What in a schema is not as the meta-schema says.
pub fn check(file: &str, source: &str, node: &Node) -> Vec<Finding> {
    let meta: Value = serde_json::from_str(META).unwrap_or(Value::Bool(false));
    told(file, source, held(&meta, &meta, node))
}

/// What in the meta-schema is not as it says that schemas are.
pub fn check_itself() -> Vec<Finding> {
    let meta: Value = serde_json::from_str(META).unwrap_or(Value::Bool(false));
    let part = meta.pointer("/$defs/schema").cloned().unwrap_or(Value::Bool(false));
    match read_json(META) {
        Ok((node, _)) => told("meta.json", META, held(&meta, &part, &node)),
        Err(error) => told("meta.json", META, vec![(error.span, String::new(), error.message)]),
    }
}

fn told(file: &str, source: &str, faults: Vec<Fault>) -> Vec<Finding> {
    let finding = |(span, pointer, message): Fault| {
        let finding = Finding::new(Kind::SchemaMeta, file, source, span, message).about(pointer);
        finding.hint("`gx spec meta` prints what a schema of a contract is made of")
    };
    faults.into_iter().take(MOST).map(finding).collect()
}

fn held(meta: &Value, part: &Value, node: &Node) -> Vec<Fault> {
    let mut check = Check { meta, faults: Vec::new() };
    check.node(part, node, "", 0);
    check.faults
}

impl Check<'_> {
    fn tell(&mut self, node: &Node, pointer: &str, what: impl std::fmt::Display) {
        let place = if pointer.is_empty() { "the schema" } else { pointer };
        self.faults.push((node.span, pointer.to_owned(), format!("{place} {what}")));
    }

    fn node(&mut self, schema: &Value, node: &Node, pointer: &str, depth: usize) {
        if depth > DEPTH || self.faults.len() > MOST {
            return;
        }
        let keywords = match schema {
            Value::Bool(true) => return,
            Value::Object(keywords) => keywords,
            _ => return self.tell(node, pointer, "has no place here"),
        };
        for (keyword, asked) in keywords {
            match keyword.as_str() {
                "$ref" => {
                    let target = asked.as_str().and_then(|it| self.meta.pointer(it.trim_start_matches('#')));
                    self.node(&target.cloned().unwrap_or(Value::Bool(false)), node, pointer, depth + 1);
                }
                "type" if asked.as_str() != Some(kind(node)) && !is_whole(asked, node) => {
                    self.tell(node, pointer, format!("is {}, not {}", kind(node), asked.as_str().unwrap_or_default()));
                }
                "const" if node.plain() != *asked => self.tell(node, pointer, format!("is not {asked}")),
                "enum" if !asked.as_array().is_some_and(|all| all.contains(&node.plain())) => {
                    self.tell(node, pointer, format!("is none of {asked}"));
                }
                "anyOf" => self.any(asked.as_array().map(Vec::as_slice).unwrap_or_default(), node, pointer, depth),
                _ => self.sized(keyword, asked, node, pointer),
            }
        }
        match &node.kind {
            NodeKind::Object(_) => self.object(schema, node, pointer, depth),
            NodeKind::Array(elements) => {
                if let Some(items) = schema.get("items") {
                    for (at, element) in elements.iter().enumerate() {
                        self.node(items, element, &format!("{pointer}/{at}"), depth + 1);
                    }
                }
            }
            _ => {}
        }
    }

    /// One of several: what is said is said of the first that has the right type.
    fn any(&mut self, schemas: &[Value], node: &Node, pointer: &str, depth: usize) {
        let mut nearest: Option<Vec<Fault>> = None;
        for schema in schemas {
            let mut other = Check { meta: self.meta, faults: Vec::new() };
            other.node(schema, node, pointer, depth + 1);
            if other.faults.is_empty() {
                return;
            }
            let fits = schema.get("type").and_then(Value::as_str) == Some(kind(node));
            if fits || nearest.is_none() {
                nearest = nearest.filter(|_| !fits).or(Some(other.faults));
            }
        }
        self.faults.append(&mut nearest.unwrap_or_default());
    }

    fn object(&mut self, schema: &Value, node: &Node, pointer: &str, depth: usize) {
        let properties = schema.get("properties").and_then(Value::as_object);
        let required = schema.get("required").and_then(Value::as_array);
        for name in required.into_iter().flatten().filter_map(Value::as_str).filter(|it| node.get(it).is_none()) {
            self.tell(node, pointer, format!("lacks '{name}'"));
        }
        for member in node.members() {
            let below = format!("{pointer}/{}", member.key.replace('~', "~0").replace('/', "~1"));
            if let Some(names) = schema.get("propertyNames") {
                let key = Node { kind: NodeKind::Text(member.key.clone()), span: member.span };
                self.node(names, &key, &below, depth + 1);
            }
            match (properties.and_then(|it| it.get(&member.key)), schema.get("additionalProperties")) {
                (Some(own), _) => self.node(own, &member.value, &below, depth + 1),
                (None, Some(Value::Bool(false))) => {
                    let key = Node { kind: NodeKind::Null, span: member.span };
                    self.tell(&key, &below, "is no part of it");
                }
                (None, Some(other)) => self.node(other, &member.value, &below, depth + 1),
                (None, None) => {}
            }
        }
    }

    /// Keywords that bound something.
    fn sized(&mut self, keyword: &str, asked: &Value, node: &Node, pointer: &str) {
        let bound = asked.as_f64();
        let number = match &node.kind {
            NodeKind::Number(text) => text.parse::<f64>().ok(),
            _ => None,
        };
        let length = node.text().map(|it| it.chars().count() as f64);
        let count = match &node.kind {
            NodeKind::Array(elements) => Some(elements.len() as f64),
            _ => None,
        };
        let (value, least) = match keyword {
            "minimum" => (number, true),
            "maximum" => (number, false),
            "minLength" => (length, true),
            "maxLength" => (length, false),
            "minItems" => (count, true),
            "maxItems" => (count, false),
            "pattern" => {
                let pattern = asked.as_str().and_then(|it| Regex::new(it).ok());
                if node.text().is_some_and(|text| !pattern.is_some_and(|it| it.is_match(text))) {
                    self.tell(node, pointer, format!("does not match {asked}"));
                }
                return;
            }
            _ => return,
        };
        if let Some((value, bound)) =
            value.zip(bound).filter(|(value, bound)| (value < bound) == least && value != bound)
        {
            self.tell(node, pointer, format!("has {value} where '{keyword}' is {bound}"));
        }
    }
}

/// Every keyword that is understood, and those that are for people or point to others.
#[cfg(test)]
const KNOWN: [&str; 22] = [
    "$defs",
    "$id",
    "$ref",
    "$schema",
    "additionalProperties",
    "anyOf",
    "const",
    "description",
    "enum",
    "items",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "pattern",
    "properties",
    "propertyNames",
    "required",
    "title",
    "type",
];

const fn kind(node: &Node) -> &'static str {
    match &node.kind {
        NodeKind::Null => "null",
        NodeKind::Bool(_) => "boolean",
        NodeKind::Number(_) => "number",
        NodeKind::Text(_) => "string",
        NodeKind::Array(_) => "array",
        NodeKind::Object(_) => "object",
    }
}

/// A number without a fraction where one is asked for.
fn is_whole(asked: &Value, node: &Node) -> bool {
    let whole = |text: &str| text.parse::<f64>().is_ok_and(|it| it.fract() == 0.0);
    asked.as_str() == Some("integer") && matches!(&node.kind, NodeKind::Number(text) if whole(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every keyword of a schema and of those in it.
    fn keywords(schema: &Value, found: &mut Vec<String>) {
        let Some(object) = schema.as_object() else { return };
        for (keyword, value) in object {
            found.push(keyword.clone());
            match keyword.as_str() {
                "properties" | "$defs" => {
                    value.as_object().into_iter().flatten().for_each(|(_, it)| keywords(it, found));
                }
                "anyOf" => value.as_array().into_iter().flatten().for_each(|it| keywords(it, found)),
                "items" | "additionalProperties" | "propertyNames" => keywords(value, found),
                _ => {}
            }
        }
    }

    #[test]
    fn it_satisfies_itself_and_every_keyword_of_it_is_understood() {
        assert_eq!(check_itself(), []);
        let mut found = Vec::new();
        keywords(&serde_json::from_str(META).unwrap(), &mut found);
        for keyword in &found {
            assert!(KNOWN.contains(&keyword.as_str()), "{keyword}");
        }
        for keyword in KNOWN {
            assert!(keyword == "maxLength" || found.iter().any(|it| it == keyword), "{keyword} is not used");
        }
    }

    /// Whoever changes it raises the number of the block's version, and this digest.
    #[test]
    fn it_is_frozen() {
        insta::assert_snapshot!(gx_store::HashFunction::Blake3.digest(META.as_bytes()).hex());
    }
}
