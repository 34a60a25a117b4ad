//! Texts laid out to a target's width: groups stand on one line when they fit, else each of their breaks is a new line.
//!
//! Invariant: the layout depends on the document and the style only. This file does not know any language.

/// How a target's formatter lays out.
#[derive(Debug, Clone)]
pub(super) struct Style {
    /// Columns of a line.
    pub(super) width: usize,
    /// One level.
    pub(super) indent: String,
}

/// A document.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Doc {
    Text(String),
    /// A blank, or a new line in a group that does not fit.
    Line,
    /// Nothing, or a new line in a group that does not fit.
    Soft,
    Hard,
    /// Text that stands only in a group that does not fit.
    Broken(String),
    All(Vec<Doc>),
    Nest(Box<Doc>),
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

    /// Its width on one line; `None` when it has more than that, or more than one line.
    fn flat(&self, most: usize) -> Option<usize> {
        match self {
            Doc::Soft | Doc::Broken(_) => Some(0),
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
            Doc::Nest(inner) | Doc::Group(inner) => inner.flat(most),
        }
    }
}

/// One after the other.
pub(super) fn all(parts: impl IntoIterator<Item = Doc>) -> Doc {
    Doc::All(parts.into_iter().collect())
}

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

/// Lays a document out, beginning at a level and so many columns in.
pub(super) fn render(doc: &Doc, style: &Style, level: usize, column: usize) -> String {
    let mut out = String::new();
    let mut column = column;
    let mut open: Vec<(usize, bool, &Doc)> = vec![(level, false, doc)];
    while let Some((level, flat, doc)) = open.pop() {
        match doc {
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
                let indent = style.indent.repeat(level);
                column = indent.chars().map(|c| if c == '\t' { 8 } else { 1 }).sum();
                out.push_str(&indent);
            }
            Doc::All(parts) => open.extend(parts.iter().rev().map(|part| (level, flat, part))),
            Doc::Nest(inner) => open.push((level + 1, flat, inner)),
            Doc::Group(inner) => {
                let room = style.width.saturating_sub(column);
                let fits = flat || inner.flat(room).is_some_and(|width| behind(&open, room - width));
                open.push((level, fits, inner));
            }
        }
    }
    out.truncate(out.trim_end_matches([' ', '\t']).len());
    out
}

/// Is there room for what follows a group, up to the next place where a line may end?
fn behind(open: &[(usize, bool, &Doc)], room: usize) -> bool {
    let mut left = room;
    let mut ahead: Vec<(bool, &Doc)> = Vec::new();
    for (_, flat, doc) in open.iter().rev() {
        ahead.push((*flat, doc));
        while let Some((flat, doc)) = ahead.pop() {
            match doc {
                Doc::Text(text) => match left.checked_sub(text.chars().count()) {
                    Some(rest) => left = rest,
                    None => return false,
                },
                Doc::Line | Doc::Soft | Doc::Hard if !flat => return true,
                Doc::Line => left = left.saturating_sub(1),
                Doc::All(parts) => ahead.extend(parts.iter().rev().map(|part| (flat, part))),
                // What follows may break at its own first place.
                Doc::Group(inner) => ahead.push((false, inner)),
                Doc::Nest(inner) => ahead.push((flat, inner)),
                _ => {}
            }
        }
    }
    true
}
