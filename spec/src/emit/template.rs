//! File templates of a target's folder, filled.
//!
//! Templates are Jinja's. Beside its own filters there are `cased(CASE)`, `words(N)` (a text in lines of at most so
//! many columns), `literal` (a text as the target writes it), `mentions(NAME)` (does code have this name, quoted texts
//! and longer names aside?), and the functions `listed(open, items, close, level,
//! pattern)`, which lays several out as the target's formatter does, and `comment(kind, lines, level)`. Invariant: a
//! name that a template asks for and nobody gave is a fault. This file does not know what a template is for.

use super::Files;
use super::doc::{Doc, list, render};
use super::names::cased;
use super::target::{Comment, Target, TargetFault};
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, ErrorKind, UndefinedBehavior, Value};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// The files of a scope.
pub(super) fn files(target: &Target, scope: &str, context: &Json) -> Result<Files, TargetFault> {
    let mut env = environment(target).map_err(|error| fault("target.toml", &error))?;
    let context = &plain(context);
    for (path, text) in target.texts.iter().filter(|it| it.0.ends_with(".jinja")) {
        env.add_template(path, text).map_err(|error| fault(path, &error))?;
    }
    let mut files = Files::new();
    for rule in target.files.iter().filter(|it| it.scope == scope) {
        let path = env.render_str(&rule.path, context).map_err(|error| fault("target.toml", &error))?;
        let template = env.get_template(&rule.template).map_err(|error| fault(&rule.template, &error))?;
        let text = template.render(context).map_err(|error| fault(&rule.template, &error))?;
        files.insert(path, text);
    }
    Ok(files)
}

/// A text of `target.toml`, filled.
pub(super) fn text(target: &Target, template: &str, context: &Json) -> Result<String, TargetFault> {
    let env = environment(target).map_err(|error| fault("target.toml", &error))?;
    let context = plain(context);
    env.render_str(template, &context).map_err(|error| fault("target.toml", &error))
}

/// JSON as templates see it. (Its own numbers may be of any length, which other readers of data do not know.)
fn plain(json: &Json) -> Value {
    match json {
        Json::Null => Value::from(()),
        Json::Bool(truth) => Value::from(*truth),
        Json::Number(n) => n.as_i64().map_or_else(|| Value::from(n.to_string()), Value::from),
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => Value::from(items.iter().map(plain).collect::<Vec<Value>>()),
        Json::Object(members) => {
            Value::from(members.iter().map(|(name, it)| (name.clone(), plain(it))).collect::<BTreeMap<String, Value>>())
        }
    }
}

fn fault(path: &str, error: &minijinja::Error) -> TargetFault {
    let line = error.line().map(|line| format!(" (line {line})")).unwrap_or_default();
    let path = error.name().filter(|it| *it != "<string>").unwrap_or(path).to_owned();
    TargetFault { path, fault: format!("{error}{line}") }
}

fn environment(target: &Target) -> Result<Environment<'_>, minijinja::Error> {
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build()?;
    let mut env = Environment::new();
    env.set_syntax(syntax);
    env.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    env.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    env.add_filter("cased", |text: String, case: String| cased(&text, &case));
    env.add_filter("words", |text: String, width: usize| wrapped(&text, width));
    let literals = target.literals.clone();
    env.add_filter("literal", move |text: String| {
        let escape = |c: char| literals.escapes.get(c.encode_utf8(&mut [0; 4])).cloned();
        let escaped: String = text.chars().map(|c| escape(c).unwrap_or_else(|| c.to_string())).collect();
        literals.text.replace("{0}", &escaped)
    });
    env.add_filter("mentions", |code: String, name: String| mentions(&code, &name));
    let own = target.clone();
    env.add_function(
        "listed",
        move |open: String, items: Vec<Value>, close: String, level: usize, pattern: Option<String>| {
            let pattern = pattern.unwrap_or_default();
            let docs = items.iter().map(|it| Doc::Text(patterned(it, &pattern))).collect();
            let layout = &own.layout;
            let separator = layout.separator("params");
            let doc = list(Doc::Text(open), docs, Doc::Text(close), separator, &layout.comma, layout.fill);
            laid(&own, &doc, level)
        },
    );
    let own = target.clone();
    env.add_function("comment", move |kind: String, lines: Vec<String>, level: usize| {
        own.comments.get(&kind).map_or_else(String::new, |style| comment(&own, style, &lines, level))
    });
    env.add_function("refuse", |why: String| -> Result<Value, minijinja::Error> {
        Err(minijinja::Error::new(ErrorKind::InvalidOperation, why))
    });
    Ok(env)
}

/// Does code have a name that no longer one ends with? What stands between double quotes is no code.
fn mentions(code: &str, name: &str) -> bool {
    code.lines().any(|line| {
        let line = line.replace("\\\\", "").replace("\\\"", "");
        let parts = line.split('"').step_by(2);
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let found =
            |part: &str| part.match_indices(name).any(|(at, _)| !part.get(..at).unwrap_or_default().ends_with(is_part));
        parts.into_iter().any(found)
    })
}

/// A document at a level, from the beginning of its line.
fn laid(target: &Target, doc: &Doc, level: usize) -> String {
    let style = target.style();
    let indent = style.indent.repeat(level);
    let column: usize = indent.chars().map(|c| if c == '\t' { 8 } else { 1 }).sum();
    format!("{indent}{}", render(doc, &style, level, column))
}

/// An item by a pattern with the names of its members in braces; a text is itself.
fn patterned(item: &Value, pattern: &str) -> String {
    if item.as_str().is_some() {
        return item.to_string();
    }
    let mut made = String::new();
    let mut rest = pattern;
    while let Some((before, (name, after))) = rest.split_once('{').and_then(|it| Some((it.0, it.1.split_once('}')?))) {
        made.push_str(before);
        let value = name.split('.').try_fold(item.clone(), |value, name| value.get_attr(name));
        made.push_str(&value.map(|it| it.to_string()).unwrap_or_default());
        rest = after;
    }
    made + rest
}

/// Lines of a comment; each ends with a new line.
fn comment(target: &Target, style: &Comment, lines: &[String], level: usize) -> String {
    let indent = target.layout.indent.repeat(level);
    let column: usize = indent.chars().map(|c| if c == '\t' { 8 } else { 1 }).sum();
    let clean = |text: &str| style.escapes.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    let room = |form: &str| target.layout.width.saturating_sub(column + form.chars().count().saturating_sub(3)).max(20);
    let mut texts: Vec<String> = Vec::new();
    // Lines that follow each other are one paragraph, laid out anew.
    for paragraph in lines.split(|line| line.trim().is_empty()) {
        if !texts.is_empty() {
            texts.push(String::new());
        }
        if !paragraph.is_empty() {
            texts.extend(wrapped(&clean(&paragraph.join(" ")), room(&style.line)));
        }
    }
    let mut made = String::new();
    let mut put = |form: &str, text: &str| {
        let line = form.replace("{0}", text);
        made.push_str(if line.trim().is_empty() { "" } else { &indent });
        made.push_str(line.trim_end());
        made.push('\n');
    };
    match (texts.as_slice(), &style.one, &style.open) {
        ([], _, _) => {}
        ([only], Some(one), _) if only.chars().count() <= room(one) => put(one, only),
        (all, _, None) => all.iter().for_each(|text| put(&style.line, text)),
        ([first, rest @ ..], _, Some(open)) => {
            put(open, first);
            let rest = if open.contains("{0}") { rest } else { texts.as_slice() };
            rest.iter().for_each(|text| put(&style.line, text));
            match &style.close {
                Some(close) if style.tight => {
                    made.truncate(made.trim_end().len());
                    made.push_str(&format!("{close}\n"));
                }
                Some(close) => put(close, ""),
                None => {}
            }
        }
    }
    made
}

/// A text in lines.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}
