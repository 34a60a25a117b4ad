//! The one form of a contract's text.
//!
//! Invariants: the form of a form is itself; it has the digest of what was formatted; every comment is kept, before the
//! thing that it stood before or in, or behind the line that it stood behind. This file does not know what names mean.

mod doc;
mod expr;
mod item;

use crate::syntax::{Comment, Docs, File, Import, Item, ItemKind, Span, Version};
use doc::{Doc, all};

/// The text of an IR: what its canonical encoding says.
pub fn print(contract: &crate::ir::Contract) -> String {
    match crate::ir::tree(&crate::ir::encode(contract)) {
        Ok((file, _)) => format(&file, ""),
        // What was encoded can be read; a test holds it.
        Err(_) => String::new(),
    }
}

/// The text of one declaration that came of an IR.
pub fn item_text(item: &Item) -> String {
    Form { comments: &[], source: "" }.item_text(item).trim_end().to_owned()
}

/// The text of a tree in its one form. `source` is the text that it came of; empty for a tree that came of an IR.
pub fn format(file: &File, source: &str) -> String {
    let mut form = Form { comments: &file.comments, source };
    let mut out = String::new();
    for line in &file.docs {
        out.push_str(format!("//! {line}").trim_end());
        out.push('\n');
    }
    // Comments before the header stay above it.
    let header = &file.header;
    out.push_str(&doc::render(&form.before(header.span.start), 0));
    let invalid = header.invalid.as_ref().map(|path| format!(" invalid {}", path.text())).unwrap_or_default();
    let Version(major, minor, patch) = header.version;
    out.push_str(&format!("contract {} {major}.{minor}.{patch} layer L{}{invalid};", header.name.text(), header.layer));
    out.push_str(&doc::render(&form.behind(header.span.end), 0));
    out.push('\n');
    let mut imports: Vec<String> = Vec::new();
    for import in &file.imports {
        let before = doc::render(&form.before(import.span.start), 0);
        imports.push(before + &import_line(import) + &doc::render(&form.behind(import.span.end), 0));
    }
    if !imports.is_empty() {
        out.push('\n');
        out.push_str(&imports.join("\n"));
        out.push('\n');
    }
    let mut before: Option<(&ItemKind, bool)> = None;
    for item in &file.items {
        let text = form.item_text(item);
        let single = !text.trim_end().contains('\n');
        let joined = before.is_some_and(|(kind, was)| {
            was && single && std::mem::discriminant(kind) == std::mem::discriminant(&item.kind)
        });
        if !joined {
            out.push('\n');
        }
        out.push_str(&text);
        out.push('\n');
        before = Some((&item.kind, single));
    }
    let rest = form.before(u32::MAX);
    if !matches!(rest, Doc::Nil) {
        out.push('\n');
        out.push_str(&doc::render(&rest, 0));
    }
    out
}

fn import_line(import: &Import) -> String {
    let alias = match import.name.parts.last() {
        Some(last) if last.name == import.alias.name => String::new(),
        _ => format!(" as {}", import.alias.name),
    };
    format!("import {} {}{alias};", import.name.text(), import.version)
}

/// What is left to be written: comments, in order.
struct Form<'f> {
    comments: &'f [Comment],
    source: &'f str,
}

impl Form<'_> {
    /// The comments before a place, one a line.
    fn before(&mut self, place: u32) -> Doc {
        let mut parts = Vec::new();
        while let Some((first, rest)) = self.comments.split_first().filter(|(first, _)| first.span.start < place) {
            parts.push(Doc::text(first.text.clone()));
            parts.push(Doc::Hard);
            self.comments = rest;
        }
        if parts.is_empty() { Doc::Nil } else { Doc::All(parts) }
    }

    /// The comment behind a thing on its line.
    fn behind(&mut self, end: u32) -> Doc {
        let Some((first, rest)) = self.comments.split_first() else { return Doc::Nil };
        let between = self.source.get(end as usize..first.span.start as usize);
        // Behind a mark that closes something, the comment belongs to that.
        let own = between.is_some_and(|text| text.chars().all(|c| matches!(c, ' ' | '\t' | ',' | ';')));
        if !first.trailing || !own {
            return Doc::Nil;
        }
        self.comments = rest;
        Doc::text(format!(" {}", first.text))
    }

    /// Is there a comment inside a span?
    fn has_inside(&self, span: Span) -> bool {
        self.comments.first().is_some_and(|first| first.span.start < span.end)
    }

    fn item_text(&mut self, item: &Item) -> String {
        let before = self.before(item.span.start);
        let parts = [before, docs(&item.docs), self.item(item), self.behind(item.span.end)];
        doc::render(&all(parts), 0)
    }
}

/// Doc comments, one a line.
fn docs(docs: &Docs) -> Doc {
    let line = |line: &String| [Doc::text(format!("/// {line}").trim_end()), Doc::Hard];
    if docs.is_empty() { Doc::Nil } else { Doc::All(docs.iter().flat_map(line).collect()) }
}
