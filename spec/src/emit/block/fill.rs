//! Templates of expressions and statements: text with slots in braces.
//!
//! A slot is `{name}` or `{name:N}`, where N is how tightly what is put there has to bind; a brace is doubled. Without
//! N, a slot between brackets or commas takes anything, the first other slot what binds as the template does, the next
//! ones what binds tighter. This file does not know what is put into a slot.

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    Text(String),
    /// A slot, and how tightly what is put there has to bind.
    Slot(&'t str, u8),
}

/// The parts of a template that binds with this rank.
pub(super) fn pieces(template: &str, rank: u8) -> Vec<Piece<'_>> {
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
        slots += 1;
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
