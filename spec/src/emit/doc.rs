//! Documents of generated code: what the layout of texts (`pretty`) has, and lists as languages write them.
//!
//! Invariant: the layout depends on the document and the target's style only. This file does not know any language.

use crate::pretty;
pub(super) use crate::pretty::{Doc, Style, all};

/// Items between marks: on one line, else moved in; `fill`: all on one line there when they fit, else one a line.
pub(super) fn list(open: Doc, items: Vec<Doc>, close: Doc, separator: &str, comma: &str, fill: bool) -> Doc {
    if items.is_empty() {
        return all([open, close]);
    }
    // What is alone has nothing to be parted from.
    let comma = if fill && items.len() == 1 { "" } else { comma };
    let mut inside = Vec::new();
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            inside.extend([Doc::text(separator.trim_end()), Doc::Line]);
        }
        inside.push(item);
    }
    inside.push(Doc::Broken(comma.to_owned()));
    let inside = if fill { all(inside).group() } else { all(inside) };
    all([open, all([Doc::Soft, inside]).nest(), Doc::Soft, close]).group()
}

/// Several that begin under the first where they do not fit on a line.
pub(super) fn hung(items: Vec<Doc>, separator: &str) -> Doc {
    let mut inside = Vec::new();
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            inside.extend([Doc::text(separator.trim_end()), Doc::Line]);
        }
        inside.push(item);
    }
    all(inside).align().group()
}

/// The same with a blank inside of each mark when it stands on one line.
pub(super) fn padded(items: Vec<Doc>, separator: &str, comma: &str) -> Doc {
    let mut inside = vec![Doc::Line];
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            inside.extend([Doc::text(separator.trim_end()), Doc::Line]);
        }
        inside.push(item);
    }
    inside.push(Doc::Broken(comma.to_owned()));
    all([all(inside).nest(), Doc::Line]).group()
}

/// Lays a document out, beginning at a level and so many columns in, without blanks at its end.
pub(super) fn render(doc: &Doc, style: &Style, level: usize, column: usize) -> String {
    let mut out = pretty::render(doc, style, level, column);
    out.truncate(out.trim_end_matches([' ', '\t']).len());
    out
}
