//! Our own schemas, read back: the texts of their `x_gx` blocks make the contract, and the keywords must say the same.
//!
//! Invariant: a member that is not what the contract says is a finding at its place, whichever of the two was edited.
//! This file does not know how types become keywords.

use super::export::{BLOCK, to_json_schema};
use super::reader::{Node, NodeKind};
use crate::ir::Contract;
use crate::said::{Finding, Kind, Lowered};
use crate::syntax::Span;
use serde_json::Value;

/// The most findings of one schema.
const MOST: usize = 200;

/// Members of `x_gx` that say where a schema came from, and are no part of the contract.
const FREE: [&str; 4] = ["source", "provenance", "compat", "digest"];

struct Own<'s> {
    file: &'s str,
    source: &'s str,
    out: Lowered,
}

/// The text of the contract that a schema carries.
pub(super) fn text(file: &str, source: &str, node: &Node) -> Lowered {
    let mut own = Own { file, source, out: Lowered::default() };
    let Some(block) = node.get("x_gx") else { return own.out };
    let version = block.get("block_version").map(Node::plain);
    if version != Some(Value::from(BLOCK)) {
        let message = "the x_gx block has another version than this gx writes".to_owned();
        own.tell(block.span, "block_version", message, "export the schema again");
        return own.out;
    }
    own.header(block);
    for member in node.get("$defs").map(Node::members).unwrap_or_default() {
        match member.value.get("x_gx").and_then(|it| it.get("upel")) {
            Some(text) => own.item(text),
            None => {
                let message = format!("'{}' has no text of the spec language", member.key);
                own.tell(member.span, &member.key, message, "declare it in the contract and export the schema again");
            }
        }
    }
    for group in ["constants", "errors", "preimages", "operators", "vectors"] {
        for entry in block.get(group).map(Node::elements).unwrap_or_default() {
            match entry.get("upel") {
                Some(text) => own.item(text),
                None => {
                    let message = format!("an entry of '{group}' has no text of the spec language");
                    own.tell(entry.span, group, message, "export the schema again");
                }
            }
        }
    }
    own.out
}

impl Own<'_> {
    fn tell(&mut self, span: Span, subject: &str, message: String, hint: &str) {
        let finding = Finding::new(Kind::SchemaForm, self.file, self.source, span, message);
        self.out.findings.push(finding.about(subject).hint(hint));
    }

    fn header(&mut self, block: &Node) {
        let word = |key: &str| block.get(key).and_then(Node::text).unwrap_or_default();
        let layer = block.get("layer").map(|it| it.plain().to_string()).unwrap_or_default();
        let invalid = word("invalid");
        let invalid = if invalid.is_empty() { String::new() } else { format!(" invalid {invalid}") };
        let line = format!("contract {} {} layer L{layer}{invalid};", word("contract"), word("schema_version"));
        self.out.push(&line, block.span, false);
        for import in block.get("imports").map(Node::elements).unwrap_or_default() {
            let word = |key: &str| import.get(key).and_then(Node::text).unwrap_or_default();
            let line = format!("import {} {} as {};", word("contract"), word("version"), word("alias"));
            self.out.push(&line, import.span, false);
        }
    }

    fn item(&mut self, node: &Node) {
        match node.text() {
            Some(text) => self.out.push(text, node.span, false),
            None => self.tell(node.span, "upel", "'upel' is no text".to_owned(), "export the schema again"),
        }
    }
}

/// What a schema says that its contract does not, and the other way.
pub fn edited(file: &str, source: &str, node: &Node, contract: &Contract) -> Vec<Finding> {
    let mut held = Held { file, source, found: Vec::new() };
    held.compare(node, &to_json_schema(contract), "");
    held.found
}

struct Held<'s> {
    file: &'s str,
    source: &'s str,
    found: Vec<Finding>,
}

impl Held<'_> {
    fn tell(&mut self, span: Span, pointer: &str, message: String) {
        if self.found.len() < MOST {
            let finding = Finding::new(Kind::SchemaEdited, self.file, self.source, span, message);
            let hint = "change the contract and export the schema again, or undo the edit";
            self.found.push(finding.about(pointer).hint(hint));
        }
    }

    /// `have` is what stands there, `asked` what the contract says.
    fn compare(&mut self, have: &Node, asked: &Value, pointer: &str) {
        match (&have.kind, asked) {
            (NodeKind::Object(members), Value::Object(own)) => {
                for member in members {
                    let below = format!("{pointer}/{}", member.key.replace('~', "~0").replace('/', "~1"));
                    // Words for people are no part of a contract.
                    if member.key == "description" && !pointer.ends_with("/properties") {
                        continue;
                    }
                    match own.get(&member.key) {
                        Some(asked) => self.compare(&member.value, asked, &below),
                        None if pointer == "/x_gx" && FREE.contains(&member.key.as_str()) => {}
                        None => {
                            self.tell(member.span, &below, format!("{below} is in the schema and not in the contract"));
                        }
                    }
                }
                for key in own.keys().filter(|key| have.get(key).is_none()) {
                    if pointer == "/x_gx" && FREE.contains(&key.as_str()) {
                        continue;
                    }
                    let below = format!("{pointer}/{key}");
                    self.tell(have.span, &below, format!("{below} is in the contract and not in the schema"));
                }
            }
            (NodeKind::Array(elements), Value::Array(own)) if elements.len() == own.len() => {
                for (at, (element, asked)) in elements.iter().zip(own).enumerate() {
                    self.compare(element, asked, &format!("{pointer}/{at}"));
                }
            }
            _ if have.plain() == *asked => {}
            _ => {
                let short = |text: String| text.chars().take(80).collect::<String>();
                let (here, there) = (short(have.plain().to_string()), short(asked.to_string()));
                self.tell(have.span, pointer, format!("{pointer} is {here} in the schema, {there} in the contract"));
            }
        }
    }
}
