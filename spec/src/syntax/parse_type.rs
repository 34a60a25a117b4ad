//! The grammar of types (rule G4).
//!
//! It does not know what a type means, nor whether its bounds make sense.

use super::ast::*;
use super::input::*;
use super::literal::{integer, unescape};
use super::parse_clause::path;
use super::parse_expr::condition;
use super::token::{Kind, Span};
use crate::diagnostic::Diagnostic;
use crate::rules::Rule;
use winnow::Parser;

const RULE: Rule = Rule::TypeForm;

/// Words that begin a type, for suggestions.
const WORDS: [&str; 18] = [
    "bool", "int", "decimal", "float", "text", "bytes", "hash", "list", "map", "optional", "u8", "u16", "u32", "u64",
    "i8", "i16", "i32", "i64",
];

/// A type.
pub(super) fn ty(input: &mut Input<'_, '_>) -> Got<TypeExpr> {
    deeper(input, |input| {
        let start = peek(input).span;
        let kind = kind(input)?;
        Ok(TypeExpr { kind, span: since(input, start) })
    })
}

fn kind(input: &mut Input<'_, '_>) -> Got<TypeKind> {
    if !at(input, Kind::Word) {
        return Err(stop(input, RULE, "a type"));
    }
    let text = peek_text(input);
    if text.starts_with(|c: char| c.is_ascii_uppercase()) {
        return Ok(TypeKind::Named(path(input, RULE)?));
    }
    let span = bump(input).span;
    Ok(match text {
        "bool" => TypeKind::Bool,
        "float" => TypeKind::Float,
        "int" => {
            let (low, high) = bounds(input)?;
            TypeKind::Int(low, high)
        }
        "u8" | "u16" | "u32" | "u64" | "i8" | "i16" | "i32" | "i64" => TypeKind::Alias(Name::from(text)),
        "decimal" => decimal(input)?,
        "text" => text_kind(input)?,
        "bytes" => TypeKind::Bytes(Box::new(size(input)?)),
        "hash" => TypeKind::Hash(hash_function(input)?),
        "list" => {
            token(Kind::Less, RULE).parse_next(input)?;
            let element = ty(input)?;
            token(Kind::Greater, RULE).parse_next(input)?;
            TypeKind::List(Box::new(element), Box::new(size(input)?))
        }
        "map" => {
            token(Kind::Less, RULE).parse_next(input)?;
            let key = ty(input)?;
            token(Kind::Comma, RULE).parse_next(input)?;
            let value = ty(input)?;
            token(Kind::Greater, RULE).parse_next(input)?;
            TypeKind::Map(Box::new((key, value)), Box::new(size(input)?))
        }
        "optional" => TypeKind::Optional(Box::new(ty(input)?)),
        other => return Err(Stop(Box::new(unknown(other, span)))),
    })
}

fn unknown(word: &str, span: Span) -> Diagnostic {
    let fault = Diagnostic::new(RULE, span, format!("'{word}' is no type")).label("not a type");
    match word {
        "string" | "str" | "tstr" => fault.hint("'text 0..=100' is text of at most 100 characters"),
        "uint32" => fault.hint("write 'u32'"),
        "uint64" => fault.hint("write 'u64'"),
        "int64" => fault.hint("write 'i64'"),
        "float64" | "double" => fault.hint("write 'decimal(12, 2)', or 'float' in an operator of profile E1"),
        "boolean" => fault.hint("write 'bool'"),
        _ => fault.suggest(word, WORDS),
    }
}

/// `sha256`, `blake3`.
pub(super) fn hash_function(input: &mut Input<'_, '_>) -> Got<HashFn> {
    let function = HashFn::of(peek_text(input)).ok_or_else(|| stop(input, RULE, "'sha256' or 'blake3'"))?;
    bump(input);
    Ok(function)
}

fn bound(input: &mut Input<'_, '_>) -> Got<Bound> {
    if at(input, Kind::Word) && peek_text(input).starts_with(|c: char| c.is_ascii_uppercase()) {
        return Ok(Bound::Const(path(input, RULE)?));
    }
    if !at(input, Kind::Int) && !at(input, Kind::Minus) {
        return Err(stop(input, RULE, "a bound"));
    }
    Ok(Bound::Number(integer(input)?))
}

/// `1..=9`
fn bounds(input: &mut Input<'_, '_>) -> Got<(Bound, Bound)> {
    let low = bound(input).map_err(|Stop(fault)| {
        let hint = "a whole number has a range: 'int 0..=100', or 'u32', 'i64' and their like";
        Stop(Box::new(if fault.message.contains("a bound") { fault.hint(hint) } else { *fault }))
    })?;
    token(Kind::To, RULE).parse_next(input)?;
    Ok((low, bound(input)?))
}

/// `0..=9`, or `9` for exactly nine.
fn size(input: &mut Input<'_, '_>) -> Got<(Bound, Bound)> {
    let low = bound(input).map_err(|Stop(fault)| {
        let hint = "every size is bounded: 'text 0..=100', 'list<T> 0..=50', 'bytes 32'";
        Stop(Box::new(if fault.message.contains("a bound") { fault.hint(hint) } else { *fault }))
    })?;
    let high = if eat(input, Kind::To) { bound(input)? } else { low.clone() };
    Ok((low, high))
}

fn small(input: &mut Input<'_, '_>) -> Got<u32> {
    let found = token(Kind::Int, RULE).parse_next(input)?;
    let text = found.span.text(input.state.source);
    text.parse().map_err(|_| Stop(Box::new(Diagnostic::new(RULE, found.span, format!("'{text}' is too large here")))))
}

fn decimal(input: &mut Input<'_, '_>) -> Got<TypeKind> {
    token(Kind::ParenOpen, RULE).parse_next(input)?;
    let precision = small(input)?;
    token(Kind::Comma, RULE).parse_next(input)?;
    let scale = small(input)?;
    token(Kind::ParenClose, RULE).parse_next(input)?;
    if !matches!(peek(input).kind, Kind::Int | Kind::Decimal | Kind::Minus) {
        return Ok(TypeKind::Decimal(precision, scale, None));
    }
    // An `else` behind the type belongs to the declaration.
    let low = condition(input)?;
    token(Kind::To, RULE).parse_next(input)?;
    let high = condition(input)?;
    Ok(TypeKind::Decimal(precision, scale, Some(Box::new((low, high)))))
}

fn text_kind(input: &mut Input<'_, '_>) -> Got<TypeKind> {
    let size = size(input)?;
    let pattern = if eat_word(input, "pattern") {
        let found = token(Kind::Text, RULE).parse_next(input)?;
        let text = found.span.text(input.state.source);
        Some((unescape(text, found.span).map_err(|fault| Stop(Box::new(fault)))?, found.span))
    } else {
        None
    };
    let nfc = eat_word(input, "nfc");
    Ok(TypeKind::Text { size: Box::new(size), pattern, nfc })
}
