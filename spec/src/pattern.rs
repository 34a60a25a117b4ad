//! Patterns of texts: the part of regular expressions that every target can match, in linear time, the whole text.
//!
//! Allowed: characters, `.`, classes, groups, `|`, and repetition up to 1000. Not allowed: what depends on tables of
//! Unicode or on the machine (`\w`, `\p`), anchors (a pattern always matches the whole), flags, look-around, back-
//! references. This file does not know where a pattern stands.

use crate::ir::TextType;
use crate::syntax::Name;
use regex::Regex;
use regex_syntax::ast::{self, Ast, ClassSet, ClassSetItem, GroupKind, RepetitionKind, RepetitionRange};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The most repetitions that a pattern may count.
const MAX_COUNT: u32 = 1000;

/// Bytes that a compiled pattern may take.
const MAX_COMPILED: usize = 1 << 20;

/// Why a pattern is not allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the pattern is not allowed: {0}")]
pub struct PatternFault(String);

/// Is the pattern one that every target can match?
pub fn check(pattern: &str) -> Result<(), PatternFault> {
    let mut parser = ast::parse::ParserBuilder::new().nest_limit(50).build();
    let ast = parser.parse(pattern).map_err(|error| PatternFault(error.kind().to_string()))?;
    allowed(&ast)?;
    compiled(pattern).map(|_| ())
}

fn no(what: &str) -> Result<(), PatternFault> {
    Err(PatternFault(what.to_owned()))
}

fn allowed(ast: &Ast) -> Result<(), PatternFault> {
    match ast {
        Ast::Empty(_) | Ast::Literal(_) | Ast::Dot(_) => Ok(()),
        Ast::Flags(_) => no("flags change what a pattern means"),
        Ast::Assertion(_) => no("a pattern always matches the whole text; anchors have no meaning"),
        Ast::ClassUnicode(_) => no("classes of Unicode differ between targets; list the characters"),
        Ast::ClassPerl(_) => no("'\\d', '\\w' and '\\s' differ between targets; write [0-9] and the like"),
        Ast::ClassBracketed(class) => class_allowed(&class.kind),
        Ast::Repetition(it) => {
            if !it.greedy {
                return no("a repetition is never lazy: the whole text is matched");
            }
            if let RepetitionKind::Range(range) = &it.op.kind {
                let most = match range {
                    RepetitionRange::Exactly(n) | RepetitionRange::AtLeast(n) | RepetitionRange::Bounded(_, n) => *n,
                };
                if most > MAX_COUNT {
                    return no("a repetition counts to 1000 at most");
                }
            }
            allowed(&it.ast)
        }
        Ast::Group(group) => match group.kind {
            GroupKind::CaptureName { .. } => no("groups have no names"),
            GroupKind::NonCapturing(ref flags) if !flags.items.is_empty() => no("flags change what a pattern means"),
            _ => allowed(&group.ast),
        },
        Ast::Alternation(it) => it.asts.iter().try_for_each(allowed),
        Ast::Concat(it) => it.asts.iter().try_for_each(allowed),
    }
}

fn class_allowed(class: &ClassSet) -> Result<(), PatternFault> {
    match class {
        ClassSet::BinaryOp(_) => no("classes are not combined"),
        ClassSet::Item(item) => item_allowed(item),
    }
}

fn item_allowed(item: &ClassSetItem) -> Result<(), PatternFault> {
    match item {
        ClassSetItem::Empty(_) | ClassSetItem::Literal(_) | ClassSetItem::Range(_) => Ok(()),
        ClassSetItem::Union(union) => union.items.iter().try_for_each(item_allowed),
        ClassSetItem::Ascii(_) => no("named classes differ between targets; list the characters"),
        ClassSetItem::Unicode(_) | ClassSetItem::Perl(_) => no("classes of Unicode differ between targets"),
        ClassSetItem::Bracketed(_) => no("classes do not nest"),
    }
}

/// The program of a pattern, for the whole text; made once.
fn compiled(pattern: &str) -> Result<Arc<Regex>, PatternFault> {
    static MADE: Mutex<Option<HashMap<String, Arc<Regex>>>> = Mutex::new(None);
    /// Patterns that are remembered; more than any contract has.
    const MOST: usize = 4096;
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let made = made.get_or_insert_with(HashMap::new);
    if let Some(found) = made.get(pattern) {
        return Ok(found.clone());
    }
    let whole = format!(r"\A(?:{pattern})\z");
    let regex = regex::RegexBuilder::new(&whole)
        .size_limit(MAX_COMPILED)
        .build()
        .map_err(|_| PatternFault("it is too large to be compiled".to_owned()))?;
    if made.len() >= MOST {
        made.clear();
    }
    let regex = Arc::new(regex);
    made.insert(pattern.to_owned(), regex.clone());
    Ok(regex)
}

/// Does the pattern match the whole text? A pattern that is not allowed matches nothing.
pub fn matches(pattern: &str, text: &str) -> bool {
    compiled(pattern).is_ok_and(|regex| regex.is_match(text))
}

/// Is the text one of the type?
pub fn text_is(text: &str, ty: &TextType) -> bool {
    ty.size.has(text.chars().count() as u64)
        && ty.pattern.as_ref().is_none_or(|pattern: &Name| matches(pattern, text))
        && (!ty.nfc || unicode_normalization::is_nfc(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_between_targets_is_refused() {
        for bad in
            [r"\d+", r"\w", r"^a$", r"a*?", r"(?i)a", r"\p{L}", "a{2000}", "(?P<n>a)", "[[:alpha:]]", "(", r"\bx"]
        {
            assert!(check(bad).is_err(), "{bad}");
        }
        for good in ["[A-Z]{3}", "a|bc", "(ab)*", r"[a-z]+\.[0-9]{1,3}", "", ".{0,20}"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn a_pattern_matches_the_whole_text() {
        assert!(matches("[a-z]+", "abc"));
        assert!(!matches("[a-z]+", "abc1"));
        assert!(!matches("a|ab", "abc"));
    }
}
