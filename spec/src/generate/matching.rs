//! Texts that a pattern matches.
//!
//! Invariant: whatever is given matches the pattern and fits the type. This file does not know other types.

use super::Chance;
use crate::ir::{TextType, Value};
use regex_syntax::hir::{Class, Hir, HirKind};

/// A text that a pattern matches and that has the right size; `None` when none was found in a few tries.
pub(super) fn matching(pattern: &str, ty: &TextType, chance: &mut Chance) -> Option<Value> {
    let hir = regex_syntax::ParserBuilder::new().utf8(true).build().parse(pattern).ok()?;
    for _ in 0..64 {
        let mut text = String::new();
        write_matching(&hir, chance, &mut text, None);
        if crate::pattern::text_is(&text, ty) {
            return Some(Value::text(&text));
        }
    }
    None
}

/// `more` is how often a part is repeated beyond what it has to be; by chance when it is not said.
fn write_matching(hir: &Hir, chance: &mut Chance, out: &mut String, more: Option<u32>) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => out.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(Class::Unicode(class)) => {
            if let Some(range) = chance.pick(class.ranges()) {
                let (low, high) = (u32::from(range.start()), u32::from(range.end()));
                let code = low + chance.below(u64::from((high - low).min(128)) + 1) as u32;
                out.push(char::from_u32(code).unwrap_or(range.start()));
            }
        }
        HirKind::Class(Class::Bytes(class)) => {
            if let Some(range) = chance.pick(class.ranges()) {
                out.push(char::from(range.start()));
            }
        }
        HirKind::Repetition(it) => {
            let most = it.max.unwrap_or(it.min + 8).min(it.min + 64);
            let n = match more {
                Some(more) => it.min.saturating_add(more).min(it.max.unwrap_or(u32::MAX)),
                None => it.min + chance.below(u64::from(most - it.min) + 1) as u32,
            };
            for _ in 0..n {
                write_matching(&it.sub, chance, out, more);
            }
        }
        HirKind::Capture(it) => write_matching(&it.sub, chance, out, more),
        HirKind::Concat(parts) => parts.iter().for_each(|part| write_matching(part, chance, out, more)),
        HirKind::Alternation(parts) => {
            if let Some(part) = chance.pick(parts) {
                write_matching(part, chance, out, more);
            }
        }
    }
}

/// A text of so many characters that a pattern matches: every part is repeated the same number of times more than it
/// has to be, then at random.
pub(super) fn sized_matching(pattern: &str, ty: &TextType, size: usize) -> Option<Value> {
    let hir = regex_syntax::ParserBuilder::new().utf8(true).build().parse(pattern).ok()?;
    let suits = |text: &str| text.chars().count() == size && crate::pattern::text_is(text, ty);
    let mut chance = Chance::new(0);
    for more in 0..=size as u32 {
        let mut text = String::new();
        write_matching(&hir, &mut chance, &mut text, Some(more));
        if suits(&text) {
            return Some(Value::text(&text));
        }
        if text.chars().count() > size {
            break;
        }
    }
    (0..64).find_map(|_| {
        let mut text = String::new();
        write_matching(&hir, &mut chance, &mut text, None);
        suits(&text).then(|| Value::text(&text))
    })
}
