//! Documents of the language's one canonical form: its width, and lists as it writes them.
//!
//! Invariant: the layout depends on the document only. This file does not know the grammar.

use crate::pretty::{self, Style};
pub(super) use crate::pretty::{Doc, all};

/// The width that lines are laid out to.
pub(super) const WIDTH: usize = 100;

/// A level.
const INDENT: &str = "  ";

/// Items between marks: on one line, or one a line with a comma behind each.
pub(super) fn list(open: &str, items: Vec<Doc>, close: &str, padded: bool) -> Doc {
    list_with(open, items.into_iter().map(|item| (item, Doc::Nil)).collect(), close, padded)
}

/// The same, with a comment behind some.
pub(super) fn list_with(open: &str, items: Vec<(Doc, Doc)>, close: &str, padded: bool) -> Doc {
    if items.is_empty() {
        return Doc::text(format!("{open}{close}"));
    }
    let edge = if padded { Doc::Line } else { Doc::Soft };
    let mut inside = vec![edge.clone()];
    let mut end = edge;
    let last = items.len() - 1;
    for (at, (item, behind)) in items.into_iter().enumerate() {
        inside.push(item);
        let line = if matches!(behind, Doc::Nil) { Doc::Line } else { Doc::Hard };
        match (at < last, matches!(line, Doc::Hard)) {
            (true, _) => inside.extend([Doc::text(","), behind, line]),
            (false, false) => inside.push(Doc::Broken(",".to_owned())),
            (false, true) => {
                inside.extend([Doc::text(","), behind]);
                end = Doc::Hard;
            }
        }
    }
    all([Doc::text(open), Doc::All(inside).nest(), end, Doc::text(close)]).group()
}

/// Lays a document out, beginning at a level.
pub(super) fn render(doc: &Doc, level: usize) -> String {
    pretty::render(doc, &Style { width: WIDTH, indent: INDENT.to_owned() }, level, 0)
}
