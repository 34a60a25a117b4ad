//! Documents that are laid out to a width: groups stand on one line when they fit, else each of their breaks is a new
//! line.
//!
//! Invariant: the layout depends on the document and the width only. This file does not know the language.

/// The width that lines are laid out to.
pub(super) const WIDTH: usize = 100;

/// How far a level is moved in.
const INDENT: usize = 2;

/// A document.
#[derive(Debug, Clone)]
pub(super) enum Doc {
    /// Nothing.
    Nil,
    /// Text without a line break.
    Text(String),
    /// A blank, or a new line in a group that does not fit.
    Line,
    /// Nothing, or a new line in a group that does not fit.
    Soft,
    /// A new line always.
    Hard,
    /// Text that stands only in a group that does not fit.
    Broken(&'static str),
    /// One after the other.
    All(Vec<Doc>),
    /// Moved in.
    Nest(Box<Doc>),
    /// On one line when it fits.
    Group(Box<Doc>),
}

impl Doc {
    pub(super) fn text(text: impl Into<String>) -> Doc {
        Doc::Text(text.into())
    }

    pub(super) fn nest(self) -> Doc {
        Doc::Nest(Box::new(self))
    }

    pub(super) fn group(self) -> Doc {
        Doc::Group(Box::new(self))
    }

    /// Is there a line break in it that cannot be taken away?
    fn has_hard(&self) -> bool {
        match self {
            Doc::Hard => true,
            Doc::All(parts) => parts.iter().any(Doc::has_hard),
            Doc::Nest(inner) | Doc::Group(inner) => inner.has_hard(),
            _ => false,
        }
    }

    /// Its width on one line.
    fn flat(&self, most: usize) -> Option<usize> {
        match self {
            Doc::Nil | Doc::Soft | Doc::Broken(_) => Some(0),
            Doc::Text(text) => Some(text.chars().count()).filter(|n| *n <= most),
            Doc::Line => Some(1),
            Doc::Hard => None,
            Doc::All(parts) => {
                let mut sum = 0usize;
                for part in parts {
                    sum += part.flat(most.checked_sub(sum)?)?;
                }
                (sum <= most).then_some(sum)
            }
            Doc::Nest(inner) | Doc::Group(inner) => inner.flat(most),
        }
    }
}

/// Concatenates.
pub(super) fn all(parts: impl IntoIterator<Item = Doc>) -> Doc {
    Doc::All(parts.into_iter().collect())
}

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
            (false, false) => inside.push(Doc::Broken(",")),
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
    let mut out = String::new();
    let mut column = 0usize;
    // What is to come, innermost last: level, whether it is on one line, and the document.
    let mut open: Vec<(usize, bool, &Doc)> = vec![(level, false, doc)];
    while let Some((level, flat, doc)) = open.pop() {
        match doc {
            Doc::Nil => {}
            Doc::Text(text) => {
                out.push_str(text);
                column += text.chars().count();
            }
            Doc::Broken(text) if !flat => {
                out.push_str(text);
                column += text.len();
            }
            Doc::Broken(_) => {}
            Doc::Soft if flat => {}
            Doc::Line if flat => {
                out.push(' ');
                column += 1;
            }
            Doc::Soft | Doc::Line | Doc::Hard => {
                while out.ends_with(' ') {
                    out.pop();
                }
                out.push('\n');
                out.push_str(&" ".repeat(level * INDENT));
                column = level * INDENT;
            }
            Doc::All(parts) => open.extend(parts.iter().rev().map(|part| (level, flat, part))),
            Doc::Nest(inner) => open.push((level + 1, flat, inner)),
            Doc::Group(inner) => {
                let fits = flat || (!inner.has_hard() && fits(inner, WIDTH.saturating_sub(column), &open));
                open.push((level, fits, inner));
            }
        }
    }
    out
}

/// Does a group fit, with what follows it up to the next place where a line may end?
fn fits(inner: &Doc, room: usize, after: &[(usize, bool, &Doc)]) -> bool {
    let Some(width) = inner.flat(room) else { return false };
    let mut left = room - width;
    let mut open: Vec<(bool, &Doc)> = Vec::new();
    for (_, flat, doc) in after.iter().rev() {
        open.push((*flat, doc));
        while let Some((flat, doc)) = open.pop() {
            match doc {
                Doc::Text(text) => match left.checked_sub(text.chars().count()) {
                    Some(rest) => left = rest,
                    None => return false,
                },
                Doc::Line | Doc::Soft | Doc::Hard if !flat => return true,
                Doc::Line => match left.checked_sub(1) {
                    Some(rest) => left = rest,
                    None => return false,
                },
                Doc::All(parts) => open.extend(parts.iter().rev().map(|part| (flat, part))),
                // What follows in a group of its own may break there.
                Doc::Nest(inner) => open.push((flat, inner)),
                Doc::Group(inner) => open.push((flat, inner)),
                _ => {}
            }
        }
    }
    true
}
