//! Signatures: `(a: T, b? -> c, d')`, with either arrow, with brackets where writers put them.
//!
//! It does not know where one stands.

use super::field::{field, whole_type};
use super::scan::{parts, top_level, trimmed, unwrapped};
use crate::said::{FieldType, Param, Said, Signature};
use crate::syntax::Span;

const ARROWS: [&str; 3] = ["->", "→", "=>"];

/// Reads one; what is wrong else, and where.
pub(super) fn signature(source: &str, within: Span) -> Result<Signature, (Span, String)> {
    let whole = trimmed(source, within);
    let inner = match unwrapped(source, whole, '(', ')') {
        // `(a) -> (b)` begins and ends with brackets too, of other pairs.
        Some(inner) => inner,
        None => whole,
    };
    let text = inner.text(source);
    let arrows = top_level(text, &ARROWS);
    let [(at, length)] = arrows.as_slice() else {
        let message = if arrows.is_empty() { "it has no arrow" } else { "it has more than one arrow" };
        return Err((whole, message.to_owned()));
    };
    let left = Span::new(inner.start, inner.start + *at as u32);
    let right = Span::new(inner.start + (at + length) as u32, inner.end);
    let inputs = params(source, trimmed(source, left))?;
    let outputs = params(source, trimmed(source, right))?;
    Ok(Signature { inputs, outputs, span: whole })
}

fn params(source: &str, side: Span) -> Result<Vec<Param>, (Span, String)> {
    let mut side = side;
    while let Some(inner) = unwrapped(source, side, '(', ')') {
        side = inner;
    }
    let text = side.text(source);
    if matches!(text, "" | "∅" | "none" | "None" | "void" | "-" | "—") {
        return Ok(Vec::new());
    }
    let mut found: Vec<Param> = Vec::new();
    for part in parts(source, side, &[","]) {
        let param = param(source, part)?;
        if found.iter().any(|it| it.name.value == param.name.value && it.successor == param.successor) {
            return Err((part, format!("'{}' stands twice on one side", param.name.value)));
        }
        found.push(param);
    }
    Ok(found)
}

fn param(source: &str, part: Span) -> Result<Param, (Span, String)> {
    let text = part.text(source);
    let colon = top_level(text, &[":"]).first().map(|(at, _)| *at);
    let head = text.get(..colon.unwrap_or(text.len())).unwrap_or_default();
    let mut name = head.trim_end();
    let mut optional = false;
    let mut successor = false;
    let mut ty = FieldType::Unsaid;
    // `name[]` is a list of what is not said, `a.b` a part of `a`.
    loop {
        if let Some(cut) = name.strip_suffix('?') {
            (name, optional) = (cut, true);
        } else if let Some(cut) = name.strip_suffix(['\'', '′', '’']) {
            (name, successor) = (cut, true);
        } else if let Some(cut) = name.strip_suffix("[]") {
            (name, ty) = (cut, FieldType::List(Box::new(FieldType::Unsaid), crate::said::Limits::default()));
        } else {
            break;
        }
    }
    let sound = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    if !name.starts_with(|c: char| c.is_alphabetic() || c == '_') || !name.chars().all(sound) {
        let message =
            if text.is_empty() { "a name is missing".to_owned() } else { format!("'{text}' is no parameter") };
        return Err((part, message));
    }
    let span = Span::new(part.start, part.start + name.len() as u32);
    if let Some(colon) = colon {
        let mut at = trimmed(source, Span::new(part.start + colon as u32 + 1, part.end));
        if at.text(source).ends_with('?') {
            optional = true;
            at = trimmed(source, Span::new(at.start, at.end - 1));
        }
        // With notes it is a field of a record, as `times: uint8 (>=1)` is.
        let noted = || field(source, part).map(|it| it.ty);
        let found = whole_type(source, at).or_else(noted);
        ty = found.ok_or_else(|| (at, format!("'{}' is no type", at.text(source))))?;
    }
    Ok(Param { name: Said::new(name.to_owned(), span), optional, successor, ty })
}
