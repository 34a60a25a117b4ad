//! Literals: numbers, texts and bytes as they are written (rule G1).
//!
//! Invariant: reading one takes time by its length only. It does not know where a literal stands.

use super::input::*;
use super::token::{Kind, Span};
use super::tree::{Expr, ExprKind};
use crate::diagnostic::Diagnostic;
use crate::rules::Rule;
use num_bigint::BigInt;
use winnow::Parser;

const RULE: Rule = Rule::ExpressionForm;

/// The digits of a number without their underscores.
pub(super) fn digits(text: &str) -> String {
    text.chars().filter(|c| *c != '_').collect()
}

/// A whole number as written.
pub(super) fn big(text: &str) -> BigInt {
    BigInt::parse_bytes(digits(text).as_bytes(), 10).unwrap_or_default()
}

/// Digits that a number may have: none that fits into 256 bits has more, and reading one takes no time.
const MAX_DIGITS: usize = 100;

pub(super) fn literal(input: &mut Input<'_, '_>) -> Got<Expr> {
    let first = bump(input);
    let text = first.span.text(input.state.source);
    if !matches!(first.kind, Kind::Text | Kind::Bytes) && text.len() > MAX_DIGITS {
        return Err(Stop(Box::new(Diagnostic::new(Rule::Depth, first.span, "a number has too many digits"))));
    }
    let kind = match first.kind {
        Kind::Int => ExprKind::Int(big(text)),
        Kind::Decimal => {
            let (whole, part) = text.split_once('.').unwrap_or((text, ""));
            let part = digits(part);
            ExprKind::Decimal(big(&(digits(whole) + &part)), part.len() as u32)
        }
        Kind::Float => ExprKind::Float(digits(text).parse().unwrap_or(f64::INFINITY)),
        Kind::Bytes => ExprKind::Bytes(bytes(text, first.span)?),
        _ => ExprKind::Text(unescape(text, first.span).map_err(|fault| Stop(Box::new(fault)))?),
    };
    node(first.span, kind, 0)
}

fn bytes(text: &str, span: Span) -> Got<Vec<u8>> {
    let inside = text.trim_start_matches('x').trim_matches('"');
    hex::decode(inside).map_err(|error| {
        let fault = Diagnostic::new(Rule::Lexical, span, format!("bytes are pairs of hexadecimal digits: {error}"));
        Stop(Box::new(fault))
    })
}

/// The text that a literal stands for.
pub(super) fn unescape(literal: &str, span: Span) -> Result<String, Diagnostic> {
    let inside = literal.get(1..literal.len().saturating_sub(1)).unwrap_or_default();
    let mut text = String::with_capacity(inside.len());
    let mut chars = inside.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => text.push('\n'),
            Some('t') => text.push('\t'),
            Some('r') => text.push('\r'),
            Some('"') => text.push('"'),
            Some('\\') => text.push('\\'),
            Some('u') => {
                let rest: String = chars.by_ref().take_while(|c| *c != '}').collect();
                let code = rest.strip_prefix('{').and_then(|hex| u32::from_str_radix(hex, 16).ok());
                match code.and_then(char::from_u32) {
                    Some(c) => text.push(c),
                    None => {
                        let fault = Diagnostic::new(Rule::Lexical, span, "'\\u' names no character");
                        return Err(fault.hint("write it as \\u{e9}"));
                    }
                }
            }
            other => {
                let shown = other.map(String::from).unwrap_or_default();
                let fault = Diagnostic::new(Rule::Lexical, span, format!("'\\{shown}' stands for nothing"));
                return Err(
                    fault.hint("\\n, \\t, \\r, \\\", \\\\ and \\u{...} do; a backslash of a pattern is written \\\\")
                );
            }
        }
    }
    Ok(text)
}

/// A whole number with its sign.
pub(super) fn integer(input: &mut Input<'_, '_>) -> Got<BigInt> {
    let negative = eat(input, Kind::Minus);
    let found = token(Kind::Int, RULE).parse_next(input)?;
    let text = found.span.text(input.state.source);
    if text.len() > MAX_DIGITS {
        return Err(Stop(Box::new(Diagnostic::new(Rule::Depth, found.span, "a number has too many digits"))));
    }
    Ok(if negative { -big(text) } else { big(text) })
}
