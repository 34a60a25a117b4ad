//! A cursor over a stretch of a document: what the little languages inside backticks are read with.
//!
//! Invariants: places are bytes of the document; it never reads outside its stretch. It does not know those languages.

use crate::syntax::Span;

/// A cursor.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scan<'s> {
    source: &'s str,
    at: usize,
    end: usize,
}

impl<'s> Scan<'s> {
    /// Over a stretch.
    pub(super) fn new(source: &'s str, within: Span) -> Scan<'s> {
        let end = (within.end as usize).min(source.len());
        Scan { source, at: (within.start as usize).min(end), end }
    }

    /// What is left.
    pub(super) fn rest(&self) -> &'s str {
        self.source.get(self.at..self.end).unwrap_or_default()
    }

    /// Where it stands.
    pub(super) const fn at(&self) -> u32 {
        self.at as u32
    }

    /// The next character.
    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Goes over blanks.
    pub(super) fn blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    /// Is anything but blanks left?
    pub(super) fn is_done(&mut self) -> bool {
        self.blanks();
        self.at >= self.end
    }

    /// Goes over a mark, and blanks before it.
    pub(super) fn eat(&mut self, mark: &str) -> bool {
        let before = self.at;
        self.blanks();
        if self.rest().starts_with(mark) {
            self.at += mark.len();
            return true;
        }
        self.at = before;
        false
    }

    /// Goes over the first of these marks that is there.
    pub(super) fn eat_any(&mut self, marks: &[&str]) -> bool {
        marks.iter().any(|mark| self.eat(mark))
    }

    /// Takes characters while they suit.
    pub(super) fn take(&mut self, suits: impl Fn(char) -> bool) -> (&'s str, Span) {
        let rest = self.rest();
        let length = rest.find(|c| !suits(c)).unwrap_or(rest.len());
        let start = self.at;
        self.at += length;
        (rest.get(..length).unwrap_or_default(), Span::new(start as u32, self.at as u32))
    }

    /// Goes on by some bytes.
    pub(super) fn skip(&mut self, bytes: usize) {
        self.at = (self.at + bytes).min(self.end);
    }

    /// A name: a letter, then letters, digits and `_`.
    pub(super) fn word(&mut self) -> Option<(&'s str, Span)> {
        self.blanks();
        let first = self.peek()?;
        if !(first.is_ascii_alphabetic() || first == '_') {
            return None;
        }
        Some(self.take(|c| c.is_ascii_alphanumeric() || c == '_'))
    }

    /// A text in double or single quotes, without them.
    pub(super) fn quoted(&mut self) -> Option<(String, Span)> {
        self.blanks();
        let mark = self.peek().filter(|c| matches!(c, '"' | '\''))?;
        let start = self.at;
        let rest = self.rest().get(1..)?;
        let end = rest.find(mark)?;
        self.at += end + 2;
        Some((rest.get(..end)?.to_owned(), Span::new(start as u32, self.at as u32)))
    }

    /// A whole number, with a sign perhaps and `_` between digits.
    pub(super) fn integer(&mut self) -> Option<num_bigint::BigInt> {
        let before = self.at;
        self.blanks();
        let sign = self.peek() == Some('-');
        if sign {
            self.at += 1;
        }
        let (digits, _) = self.take(|c| c.is_ascii_digit() || c == '_');
        let digits = digits.replace('_', "");
        if digits.is_empty() || digits.len() > 80 {
            self.at = before;
            return None;
        }
        let number: num_bigint::BigInt = digits.parse().ok()?;
        Some(if sign { -number } else { number })
    }
}

/// The places of a text where one of some marks stands outside all brackets and quotes.
pub(super) fn top_level(text: &str, marks: &[&str]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut depth = 0usize;
    let mut quote: Option<char> = None;
    let mut skip = 0usize;
    for (at, c) in text.char_indices() {
        if at < skip {
            continue;
        }
        if let Some(mark) = quote {
            if c == mark {
                quote = None;
            }
            continue;
        }
        let rest = text.get(at..).unwrap_or_default();
        if depth == 0
            && let Some(mark) = marks.iter().find(|mark| rest.starts_with(**mark))
        {
            found.push((at, mark.len()));
            skip = at + mark.len();
            continue;
        }
        match c {
            '"' => quote = Some('"'),
            '-' if rest.starts_with("->") => skip = at + 2,
            '(' | '[' | '{' | '<' => depth += 1,
            ')' | ']' | '}' | '>' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    found
}

/// The parts of a stretch between a mark outside all brackets and quotes; blanks around parts are cut.
pub(super) fn parts(source: &str, within: Span, marks: &[&str]) -> Vec<Span> {
    let text = within.text(source);
    let mut found = Vec::new();
    let mut from = 0;
    for (at, length) in top_level(text, marks).into_iter().chain([(text.len(), 0)]) {
        found.push(trimmed(source, Span::new(within.start + from as u32, within.start + at as u32)));
        from = at + length;
    }
    found
}

/// A stretch without blanks at its ends.
pub(super) fn trimmed(source: &str, span: Span) -> Span {
    let text = span.text(source);
    let start = span.start + (text.len() - text.trim_start().len()) as u32;
    Span::new(start, start + text.trim().len() as u32)
}

/// A stretch without one pair of brackets around all of it.
pub(super) fn unwrapped(source: &str, span: Span, open: char, close: char) -> Option<Span> {
    let text = span.text(source);
    let inner = text.strip_prefix(open)?.strip_suffix(close)?;
    let mut depth = 0i64;
    for c in inner.chars() {
        if c == open {
            depth += 1;
        } else if c == close {
            depth -= 1;
        }
        if depth < 0 {
            return None;
        }
    }
    (depth == 0).then(|| trimmed(source, Span::new(span.start + 1, span.end - 1)))
}
