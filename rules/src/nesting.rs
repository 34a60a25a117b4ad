//! How deep a Starlark file nests, told before it is parsed.
//!
//! Invariants: one pass, no recursion. The parser and the evaluator recurse on what they read; a file that nests past
//! the limits would end the process by running out of stack. This file does not know the grammar, only its tokens.

use crate::error::{LoadError, LoadErrorKind, Position};

const BRACKETS: usize = 200;
const TOKENS: usize = 1000;

/// Refuses a text with too many open brackets, or too long an expression without a comma.
pub(crate) fn check(file: &str, text: &str) -> Result<(), LoadError> {
    let mut open: Vec<usize> = Vec::new();
    let (mut pending, mut word, mut line) = (0_usize, false, 1_u32);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let quoted = if matches!(c, '"' | '\'') { string(rest, c) } else { c.len_utf8() };
        let quoted = if c == '#' { rest.find('\n').unwrap_or(rest.len()) } else { quoted };
        let (token, after) = rest.split_at_checked(quoted).unwrap_or((rest, ""));
        let was_word = std::mem::replace(&mut word, c.is_alphanumeric() || c == '_');
        match c {
            '(' | '[' | '{' => open.push(std::mem::take(&mut pending)),
            ')' | ']' | '}' => pending = open.pop().unwrap_or(0) + 1,
            ',' => pending = 0,
            '\n' if open.is_empty() => pending = 0,
            _ if c.is_whitespace() || c == '#' || (word && was_word) => {}
            _ => pending += 1,
        }
        if open.len() > BRACKETS || pending > TOKENS {
            let message = "an expression is nested too deeply or is too long".to_owned();
            let at = Position { file: file.to_owned(), line, column: 1 };
            return Err(LoadError::new(LoadErrorKind::Syntax, message).at(Some(at)));
        }
        line = line.saturating_add(u32::try_from(token.matches('\n').count()).unwrap_or(u32::MAX));
        rest = after;
    }
    Ok(())
}

/// The length of the string literal that a text begins with.
fn string(text: &str, quote: char) -> usize {
    let triple: String = [quote; 3].iter().collect();
    let end = if text.starts_with(&triple) { triple } else { quote.to_string() };
    let mut at = end.len();
    while let Some(rest) = text.get(at..) {
        match rest.chars().next() {
            None => break,
            Some('\\') => at += 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
            Some('\n') if end.len() == 1 => break,
            Some(_) if rest.starts_with(&end) => return at + end.len(),
            Some(c) => at += c.len_utf8(),
        }
    }
    at.min(text.len())
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn deep_and_long_expressions_are_refused_by_the_parser() {
        let dialect = crate::bzl::build_dialect();
        for text in [
            format!("x = {}{}", "[".repeat(100_000), "]".repeat(100_000)),
            format!("x = {}1{}", "(".repeat(20_000), ")".repeat(20_000)),
            format!("x = {}1", "1+".repeat(50_000)),
            format!("x = {}1", "not ".repeat(50_000)),
        ] {
            assert!(crate::bzl::parse("BUILD.gx", text, &dialect).is_err());
        }
    }

    #[test]
    fn what_the_limits_allow_is_parsed() {
        let dialect = crate::bzl::build_dialect();
        for text in [
            format!("x = {}{}", "[".repeat(200), "]".repeat(200)),
            format!("x = {}1", "1+".repeat(490)),
            format!("x = [{}]\n", "'a[[[', ".repeat(50_000)),
            format!("'''{}'''\n# {}\n", "[\n".repeat(5_000), "[".repeat(5_000)),
        ] {
            assert!(crate::bzl::parse("BUILD.gx", text, &dialect).is_ok());
        }
    }

    #[test]
    fn the_line_is_named() {
        let error = check("BUILD.gx", &format!("x = 1\ny = {}", "[".repeat(300))).unwrap_err();
        assert_eq!(error.at.unwrap().line, 2);
    }
}
