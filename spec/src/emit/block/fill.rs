//! Templates of expressions and statements: text with slots in braces.
//!
//! A slot is `{name}` or `{name:N}`, where N is how tightly what is put there has to bind; a brace is doubled. Without
//! N, a slot between brackets or commas takes anything, the first other slot what binds as the template does, the next
//! ones what binds tighter. A new line in a template is one in the output where the whole does not fit on a line, and
//! always before a slot of lines; two blanks behind it are a level. Lines between `{<}` and `{>}` begin where the first
//! does. This file does not know what is put into a slot.

use crate::emit::doc::{Doc, all};

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::emit) enum Piece<'t> {
    Text(String),
    /// A slot, and how tightly what is put there has to bind.
    Slot(&'t str, u8),
}

/// The parts of a template that binds with this rank.
pub(in crate::emit) fn pieces(template: &str, rank: u8) -> Vec<Piece<'_>> {
    let mut made = Vec::new();
    let mut text = String::new();
    let mut rest = template;
    let mut slots = 0u8;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, after) = rest.split_at(at);
        text.push_str(before);
        if let Some(tail) = after.strip_prefix("{{") {
            text.push('{');
            rest = tail;
            continue;
        }
        if let Some(tail) = after.strip_prefix("}}") {
            text.push('}');
            rest = tail;
            continue;
        }
        let Some((inside, tail)) = after.strip_prefix('{').and_then(|it| it.split_once('}')) else {
            text.push_str(after.get(..1).unwrap_or_default());
            rest = after.get(1..).unwrap_or_default();
            continue;
        };
        let (name, wanted) = inside.split_once(':').unwrap_or((inside, ""));
        let open = text.is_empty() && made.is_empty() && rank == 100 && tail.is_empty();
        let bracketed =
            text.trim_end().ends_with(['(', '[', '{', ',']) && tail.trim_start().starts_with([')', ']', '}', ',']);
        let usual = if bracketed || open {
            0
        } else if slots == 0 {
            rank
        } else {
            rank.saturating_add(1)
        };
        slots += u8::from(!matches!(name, "<" | ">"));
        if !text.is_empty() {
            made.push(Piece::Text(std::mem::take(&mut text)));
        }
        made.push(Piece::Slot(name, wanted.parse().unwrap_or(usual)));
        rest = tail;
    }
    text.push_str(rest);
    if !text.is_empty() {
        made.push(Piece::Text(text));
    }
    made
}

/// How tightly what a slot takes has to bind.
pub(super) fn wanted_of(template: &str, rank: u8, slot: &str) -> u8 {
    let found = pieces(template, rank).into_iter().find_map(|it| match it {
        Piece::Slot(name, min) if name == slot => Some(min),
        _ => None,
    });
    found.unwrap_or_default()
}

/// A part of a template whose slots are filled.
#[derive(Debug, Clone)]
pub(super) enum Part {
    Text(String),
    /// What a slot takes; does it begin a line of its own wherever the template has a new line before it?
    Doc(Doc, bool),
    Open,
    Close,
}

/// Lines that begin at one place.
#[derive(Debug, Default)]
struct Frame {
    segments: Vec<Doc>,
    lines: Vec<Doc>,
    line: Vec<Doc>,
    level: usize,
    broken: bool,
}

impl Frame {
    fn flush(&mut self) {
        let line = all(std::mem::take(&mut self.line));
        self.lines.push((0..self.level).fold(line, |doc, _| doc.nest()));
    }

    fn newline(&mut self, level: usize, hard: bool) {
        self.flush();
        self.broken = true;
        if hard {
            let lines = std::mem::take(&mut self.lines);
            self.segments.push(all(lines).group());
        }
        self.line.push(if hard { Doc::Hard } else { Doc::Line });
        self.level = level;
    }

    fn finish(mut self) -> Doc {
        self.flush();
        let last = all(self.lines);
        if !self.broken {
            return last;
        }
        self.segments.push(if self.segments.is_empty() { last.group() } else { last });
        all(self.segments)
    }
}

/// A template whose slots are filled, laid out.
pub(super) fn assembled(parts: Vec<Part>) -> Doc {
    let mut frames = vec![Frame::default()];
    let hard: Vec<bool> = parts.iter().skip(1).map(|it| matches!(it, Part::Doc(_, true))).chain([false]).collect();
    for (part, hard) in parts.into_iter().zip(hard) {
        let Some(frame) = frames.last_mut() else { break };
        match part {
            Part::Text(text) => {
                let count = text.matches('\n').count();
                for (at, line) in text.split('\n').enumerate() {
                    let inside = line.trim_start_matches(' ');
                    if at > 0 {
                        frame.newline((line.len() - inside.len()) / 2, hard && at == count);
                        frame.line.push(Doc::text(inside));
                    } else {
                        frame.line.push(Doc::text(line));
                    }
                }
            }
            Part::Doc(doc, _) => frame.line.push(doc),
            Part::Open => frames.push(Frame::default()),
            Part::Close if frames.len() > 1 => {
                let inner = frames.pop().map(Frame::finish);
                if let (Some(inner), Some(outer)) = (inner, frames.last_mut()) {
                    outer.line.push(inner.align());
                }
            }
            Part::Close => {}
        }
    }
    all(frames.into_iter().map(Frame::finish))
}

#[cfg(test)]
mod tests {
    use super::{Piece, pieces};

    #[test]
    fn slots_bind_as_their_places_ask() {
        assert_eq!(
            pieces("{0} + {1}", 60),
            [Piece::Slot("0", 60), Piece::Text(" + ".to_owned()), Piece::Slot("1", 61)]
        );
        assert_eq!(
            pieces("f({0}, {1:5}) {{}}", 100),
            [
                Piece::Text("f(".to_owned()),
                Piece::Slot("0", 0),
                Piece::Text(", ".to_owned()),
                Piece::Slot("1", 5),
                Piece::Text(") {}".to_owned())
            ]
        );
        assert_eq!(pieces("{0}.len()", 100), [Piece::Slot("0", 100), Piece::Text(".len()".to_owned())]);
    }
}
