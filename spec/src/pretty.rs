//! Texts laid out to a width: groups stand on one line when they fit, else each of their breaks is a new line.
//!
//! Invariant: the layout depends on the document and the style only. This file does not know any language.

/// How a text is laid out.
#[derive(Debug, Clone)]
pub(crate) struct Style {
    /// Columns of a line.
    pub(crate) width: usize,
    /// One level.
    pub(crate) indent: String,
}

/// A document.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Doc {
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
    Broken(String),
    /// One after the other.
    All(Vec<Doc>),
    /// Moved in.
    Nest(Box<Doc>),
    /// Further lines begin where this does.
    Align(Box<Doc>),
    /// On one line when it fits.
    Group(Box<Doc>),
}

impl Doc {
    pub(crate) fn text(text: impl Into<String>) -> Doc {
        Doc::Text(text.into())
    }

    pub(crate) fn nest(self) -> Doc {
        Doc::Nest(Box::new(self))
    }

    pub(crate) fn align(self) -> Doc {
        Doc::Align(Box::new(self))
    }

    pub(crate) fn group(self) -> Doc {
        Doc::Group(Box::new(self))
    }

    /// Its width on one line; `None` when it has more than that, or more than one line.
    fn flat(&self, most: usize) -> Option<usize> {
        match self {
            Doc::Nil | Doc::Soft | Doc::Broken(_) => Some(0),
            Doc::Text(text) => Some(text.chars().count()).filter(|n| *n <= most),
            Doc::Line => Some(1).filter(|_| most > 0),
            Doc::Hard => None,
            Doc::All(parts) => {
                let mut sum = 0usize;
                for part in parts {
                    sum += part.flat(most.checked_sub(sum)?)?;
                }
                Some(sum)
            }
            Doc::Nest(inner) | Doc::Align(inner) | Doc::Group(inner) => inner.flat(most),
        }
    }
}

/// One after the other.
pub(crate) fn all(parts: impl IntoIterator<Item = Doc>) -> Doc {
    Doc::All(parts.into_iter().collect())
}

/// Lays a document out, beginning at a level and so many columns in.
pub(crate) fn render(doc: &Doc, style: &Style, level: usize, column: usize) -> String {
    let mut out = String::new();
    let mut column = column;
    // What is to come, innermost last: where lines begin, whether it is on one line, and the document.
    let mut open: Vec<(Margin, bool, &Doc)> = vec![(Margin { level, more: 0 }, false, doc)];
    while let Some((margin, flat, doc)) = open.pop() {
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
                out.truncate(out.trim_end_matches([' ', '\t']).len());
                out.push('\n');
                let indent = style.indent.repeat(margin.level) + &" ".repeat(margin.more);
                column = columns(&indent);
                out.push_str(&indent);
            }
            Doc::All(parts) => open.extend(parts.iter().rev().map(|part| (margin, flat, part))),
            Doc::Nest(inner) => open.push((Margin { level: margin.level + 1, ..margin }, flat, inner)),
            Doc::Align(inner) => {
                let more = column.saturating_sub(columns(&style.indent.repeat(margin.level)));
                open.push((Margin { more, ..margin }, flat, inner));
            }
            Doc::Group(inner) => {
                let room = style.width.saturating_sub(column);
                let fits = flat || inner.flat(room).is_some_and(|width| behind(&open, room - width));
                open.push((margin, fits, inner));
            }
        }
    }
    out
}

/// Where lines begin: levels, and blanks behind them.
#[derive(Debug, Clone, Copy)]
struct Margin {
    level: usize,
    more: usize,
}

fn columns(text: &str) -> usize {
    text.chars().map(|c| if c == '\t' { 8 } else { 1 }).sum()
}

/// Is there room for what follows a group, up to the next place where a line may end? What is open around a group that
/// is asked about is not on one line, so any break ends the line.
fn behind(open: &[(Margin, bool, &Doc)], room: usize) -> bool {
    let mut left = room;
    let mut ahead: Vec<&Doc> = Vec::new();
    for (_, _, doc) in open.iter().rev() {
        ahead.push(doc);
        while let Some(doc) = ahead.pop() {
            match doc {
                Doc::Text(text) => match left.checked_sub(text.chars().count()) {
                    Some(rest) => left = rest,
                    None => return false,
                },
                Doc::Line | Doc::Soft | Doc::Hard => return true,
                Doc::All(parts) => ahead.extend(parts.iter().rev()),
                // What follows may break at its own first place.
                Doc::Group(inner) | Doc::Nest(inner) | Doc::Align(inner) => ahead.push(inner),
                Doc::Nil | Doc::Broken(_) => {}
            }
        }
    }
    true
}
