//! The field mini-language: `name?: type`, `{a: T, b?: T}`, enums in all their spellings, and notes in parentheses.
//!
//! It takes the types of the house's documents and those of the spec language. Invariants: `None` means that the text
//! is not of this language, and whoever asked decides whether that is a finding; types nest at most 32 deep. This file
//! does not know where a field stands.

use super::scan::{Scan, parts, trimmed, unwrapped};
use crate::ir::Range;
use crate::said::{Field, FieldType, Limits, Said};
use crate::syntax::{HashFn, Span};
use num_bigint::BigInt;

/// How deep types nest.
const DEPTH: u8 = 32;

/// The most that an open end of a range can mean.
fn widest() -> BigInt {
    (BigInt::from(1) << 64) - 1
}

/// `name?: type`, `name ∈ {A, B}`, with what may stand behind the type.
pub(super) fn field(source: &str, within: Span) -> Option<Field> {
    field_at(source, trimmed(source, within), DEPTH)
}

fn field_at(source: &str, within: Span, depth: u8) -> Option<Field> {
    let mut scan = Scan::new(source, within);
    let (name, mut optional) = name(&mut scan)?;
    if scan.eat_any(&["∈", "in "]) {
        scan.blanks();
        let set = Span::new(scan.at(), within.end);
        let inner = unwrapped(source, set, '{', '}').or_else(|| unwrapped(source, set, '[', ']'))?;
        let ty = match interval(inner.text(source)) {
            Some(range) if source.as_bytes().get(set.start as usize) == Some(&b'[') => FieldType::Int(range),
            _ => FieldType::Enum(values(source, inner, &[",", "|"])?),
        };
        return Some(Field { name, optional, ty, default: None, span: within });
    }
    if !scan.eat(":") || scan.rest().starts_with([':', '/']) {
        return None;
    }
    let mut ty = ty(&mut scan, source, within.end, depth)?;
    if scan.eat("?") {
        optional = true;
    }
    let mut default = None;
    let mut found = Field { name, optional, ty: FieldType::Unsaid, default: None, span: within };
    if scan.eat("=") {
        scan.blanks();
        default = Some(Said::new(unquoted(scan.rest().trim()).to_owned(), Span::new(scan.at(), within.end)));
    } else if !scan.is_done() {
        let notes = Span::new(scan.at(), within.end);
        if !notes.text(source).starts_with(['(', '#']) && !notes.text(source).starts_with("//") {
            return None;
        }
        found.ty = ty;
        self::notes(&mut found, source, notes);
        ty = found.ty;
        default = found.default.take();
    }
    Some(Field { ty, default, ..found })
}

/// A name, perhaps a path, with `?` behind it.
fn name(scan: &mut Scan<'_>) -> Option<(Said<String>, bool)> {
    let (text, span) = match scan.quoted() {
        Some((text, span)) => (text, span),
        None => {
            let (first, mut span) = scan.word()?;
            let mut text = first.to_owned();
            while scan.rest().starts_with('.') && scan.rest().get(1..).is_some_and(|it| it.starts_with(letter)) {
                scan.skip(1);
                let (part, at) = scan.word()?;
                text.push('.');
                text.push_str(part);
                span = span.to(at);
            }
            if scan.rest().starts_with("[]") {
                scan.skip(2);
            }
            (text, span)
        }
    };
    let optional = scan.eat("?");
    Some((Said::new(text, span), optional))
}

const fn letter(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

fn unquoted(text: &str) -> &str {
    let cut = |mark: char| text.strip_prefix(mark)?.strip_suffix(mark);
    cut('"').or_else(|| cut('`')).or_else(|| cut('\'')).unwrap_or(text)
}

/// A type that is all of a stretch.
pub(super) fn whole_type(source: &str, within: Span) -> Option<FieldType> {
    let mut scan = Scan::new(source, within);
    let found = ty(&mut scan, source, within.end, DEPTH)?;
    scan.is_done().then_some(found)
}

/// A type, as far as it goes; alternatives are joined by `|`.
fn ty(scan: &mut Scan<'_>, source: &str, end: u32, depth: u8) -> Option<FieldType> {
    let depth = depth.checked_sub(1)?;
    let mut symbols: Vec<String> = Vec::new();
    let mut other: Option<FieldType> = None;
    let mut null = false;
    loop {
        scan.blanks();
        if let Some((text, _)) = scan.quoted() {
            symbols.push(text);
        } else if let Some(number) = scan.integer() {
            symbols.push(number.to_string());
        } else {
            match single(scan, source, end, depth)? {
                FieldType::Named(name) if name == "null" || name == "none" => null = true,
                FieldType::Named(name) if is_symbol(&name) => symbols.push(name),
                ty if other.is_none() => other = Some(ty),
                _ => return None,
            }
        }
        if !scan.eat("|") {
            break;
        }
    }
    let ty = match (other, symbols.is_empty()) {
        (Some(ty), true) => ty,
        (None, false) => FieldType::Enum(symbols),
        (None, true) if null => FieldType::Unsaid,
        _ => return None,
    };
    Some(if null { FieldType::Optional(Box::new(ty)) } else { ty })
}

/// Capitals only: a value, not a type.
fn is_symbol(name: &str) -> bool {
    name.len() > 1 && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

fn single(scan: &mut Scan<'_>, source: &str, end: u32, depth: u8) -> Option<FieldType> {
    if scan.peek() == Some('{') {
        let whole = bracketed(scan, '{', '}')?;
        return Some(FieldType::Record(record_at(source, whole, depth)?.0));
    }
    if scan.peek() == Some('[') {
        let whole = bracketed(scan, '[', ']')?;
        let mut inner = Scan::new(source, unwrapped(source, whole, '[', ']')?);
        let element = ty(&mut inner, source, whole.end - 1, depth)?;
        return inner.is_done().then(|| FieldType::List(Box::new(element), Limits::default()));
    }
    let (word, _) = scan.word()?;
    let lower = word.to_ascii_lowercase();
    let mut ty = match (&*lower, scan.peek()) {
        ("enum" | "one_of", Some('(' | '{' | '<' | '[')) => {
            let (open, close) = brackets(scan.peek()?)?;
            let whole = bracketed(scan, open, close)?;
            FieldType::Enum(values(source, unwrapped(source, whole, open, close)?, &[",", "|"])?)
        }
        ("array" | "list" | "set" | "sequence", Some('<' | '[' | '(')) => {
            let (open, close) = brackets(scan.peek()?)?;
            let whole = bracketed(scan, open, close)?;
            let inner = unwrapped(source, whole, open, close)?;
            let mut inner_scan = Scan::new(source, inner);
            let element = self::ty(&mut inner_scan, source, inner.end, depth)?;
            inner_scan.is_done().then_some(())?;
            FieldType::List(Box::new(element), limits(scan).unwrap_or_default())
        }
        ("map" | "dict", Some('<' | '[' | '(')) => {
            let (open, close) = brackets(scan.peek()?)?;
            let whole = bracketed(scan, open, close)?;
            let inner = parts(source, unwrapped(source, whole, open, close)?, &[",", "->", "→"]);
            let [key, value] = inner.as_slice() else { return None };
            let one = |span: &Span| {
                let mut scan = Scan::new(source, *span);
                let found = self::ty(&mut scan, source, span.end, depth)?;
                scan.is_done().then_some(found)
            };
            FieldType::Map(Box::new(one(key)?), Box::new(one(value)?), limits(scan).unwrap_or_default())
        }
        ("optional", Some('<' | '(')) => {
            let (open, close) = brackets(scan.peek()?)?;
            let whole = bracketed(scan, open, close)?;
            let inner = unwrapped(source, whole, open, close)?;
            let mut inner_scan = Scan::new(source, inner);
            let inside = self::ty(&mut inner_scan, source, inner.end, depth)?;
            inner_scan.is_done().then(|| FieldType::Optional(Box::new(inside)))?
        }
        _ => plain(scan, word, source, end, depth)?,
    };
    while scan.eat("[") {
        let size = scan.integer();
        scan.eat("]").then_some(())?;
        ty = match (size.and_then(|it| u64::try_from(it).ok()), ty) {
            (Some(size), FieldType::Bytes(_)) => FieldType::Bytes(Limits::exactly(size)),
            (Some(size), ty) => FieldType::List(Box::new(ty), Limits::exactly(size)),
            (None, ty) => FieldType::List(Box::new(ty), Limits::default()),
        };
    }
    Some(ty)
}

/// A type of one word, or one in the form of the spec language.
fn plain(scan: &mut Scan<'_>, word: &str, source: &str, end: u32, depth: u8) -> Option<FieldType> {
    if word == "optional" {
        return Some(FieldType::Optional(Box::new(ty(scan, source, end, depth)?)));
    }
    if word == "hash" {
        let before = *scan;
        return match scan.word().and_then(|(name, _)| HashFn::of(name)) {
            Some(function) => Some(FieldType::Hash(function)),
            None => {
                *scan = before;
                Some(FieldType::Named(word.to_owned()))
            }
        };
    }
    if word == "decimal" && scan.eat("(") {
        let (precision, scale) = (scan.integer()?, scan.eat(",").then(|| scan.integer())??);
        scan.eat(")").then_some(())?;
        let (precision, scale) = (u32::try_from(precision).ok()?, u32::try_from(scale).ok()?);
        let most: BigInt = if precision <= 38 { BigInt::from(10).pow(precision) - 1 } else { return None };
        let own = decimals(scan, scale);
        return Some(FieldType::Decimal(scale, own.unwrap_or(Range { low: -most.clone(), high: most })));
    }
    if matches!(word, "int" | "integer" | "uint") {
        let before = *scan;
        if let Some((Some(low), Some(high))) = range(scan) {
            return Some(FieldType::Int(Range::new(low, high)));
        }
        *scan = before;
        return FieldType::of_word(if word == "uint" { "uint64" } else { "int64" });
    }
    match FieldType::of_word(word) {
        Some(FieldType::Text(..)) => {
            let limits = limits(scan).unwrap_or_default();
            let pattern = if scan.eat("pattern") { Some(scan.quoted()?.0.replace("\\\\", "\\")) } else { None };
            scan.eat("nfc");
            Some(FieldType::Text(limits, pattern))
        }
        Some(FieldType::Bytes(open)) if open.is_open() => Some(FieldType::Bytes(limits(scan).unwrap_or_default())),
        Some(ty) => Some(ty),
        None => {
            let mut name = word.to_owned();
            while scan.rest().starts_with('.') && scan.rest().get(1..).is_some_and(|it| it.starts_with(letter)) {
                scan.skip(1);
                name.push('.');
                name.push_str(scan.word()?.0);
            }
            Some(FieldType::Named(name))
        }
    }
}

/// `-1.50..=2.00`: as digits without the point.
fn decimals(scan: &mut Scan<'_>, scale: u32) -> Option<Range> {
    let before = *scan;
    let low = decimal(scan, scale);
    let high = if low.is_some() && scan.eat("..=") { decimal(scan, scale) } else { None };
    if high.is_none() {
        *scan = before;
    }
    Some(Range::new(low?, high?))
}

fn decimal(scan: &mut Scan<'_>, scale: u32) -> Option<BigInt> {
    scan.blanks();
    let negative = scan.peek() == Some('-');
    let whole = scan.integer()?;
    // A point is one only with a digit behind it: `..=` parts the ends of a range.
    let pointed = scan.rest().starts_with('.') && !scan.rest().starts_with("..");
    let part = if pointed && scan.eat(".") { scan.take(|c| c.is_ascii_digit()).0 } else { "" };
    let digits = format!("{part:0<width$}", width = scale as usize);
    let part: BigInt = digits.get(..scale as usize)?.parse().unwrap_or_default();
    let scaled = whole * BigInt::from(10).pow(scale);
    Some(if negative { scaled - part } else { scaled + part })
}

const fn brackets(open: char) -> Option<(char, char)> {
    match open {
        '(' => Some(('(', ')')),
        '{' => Some(('{', '}')),
        '<' => Some(('<', '>')),
        '[' => Some(('[', ']')),
        _ => None,
    }
}

/// A stretch from a bracket to the one that closes it, both with it.
fn bracketed(scan: &mut Scan<'_>, open: char, close: char) -> Option<Span> {
    let start = scan.at();
    let mut depth = 0usize;
    let mut quote = false;
    for (at, c) in scan.rest().char_indices() {
        if c == '"' {
            quote = !quote;
        } else if quote {
            continue;
        } else if c == open {
            depth += 1;
        } else if c == close {
            depth = depth.checked_sub(1)?;
            if depth == 0 {
                scan.skip(at + 1);
                return Some(Span::new(start, start + at as u32 + 1));
            }
        }
    }
    None
}

/// The values of an enum.
fn values(source: &str, within: Span, marks: &[&str]) -> Option<Vec<String>> {
    let mut found = Vec::new();
    for part in parts(source, within, marks) {
        let text = unquoted(part.text(source));
        let suits = !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "_-. :/+".contains(c));
        suits.then_some(())?;
        found.push(text.to_owned());
    }
    Some(found)
}

/// `1..=9`, `1..10`, `9`.
fn limits(scan: &mut Scan<'_>) -> Option<Limits> {
    let before = *scan;
    let found = range(scan).and_then(|(low, high)| {
        let of = |it: Option<BigInt>| it.map(|it| u64::try_from(it).ok());
        match (of(low), of(high)) {
            (Some(None), _) | (_, Some(None)) => None,
            (low, high) => Some(Limits { low: low.flatten(), high: high.flatten() }),
        }
    });
    if found.is_none() {
        *scan = before;
    }
    found
}

/// A range of whole numbers; one number is a range of one.
fn range(scan: &mut Scan<'_>) -> Option<(Option<BigInt>, Option<BigInt>)> {
    let low = scan.integer()?;
    if scan.eat_any(&["..=", "..", "…", "–"]) {
        Some((Some(low), scan.integer()))
    } else {
        Some((Some(low.clone()), Some(low)))
    }
}

/// `1..10`, `1..=10`, `0, 9`.
fn interval(text: &str) -> Option<Range> {
    let mut scan = Scan::new(text, Span::new(0, text.len() as u32));
    let low = scan.integer()?;
    scan.eat_any(&["..=", "..", "…", "–", ","]).then_some(())?;
    let high = scan.integer()?;
    scan.is_done().then(|| Range::new(low, high))
}

/// `{a: T, b?: T}`: the fields, and whether dots say that there are more. Bare names have no type.
pub(super) fn record(source: &str, within: Span) -> Option<(Vec<Field>, bool)> {
    record_at(source, trimmed(source, within), DEPTH)
}

fn record_at(source: &str, within: Span, depth: u8) -> Option<(Vec<Field>, bool)> {
    let depth = depth.checked_sub(1)?;
    let inner = unwrapped(source, within, '{', '}')?;
    let mut fields = Vec::new();
    let mut more = false;
    for part in parts(source, inner, &[",", ";"]) {
        let text = part.text(source);
        if text.is_empty() {
            continue;
        }
        if matches!(text, "..." | "…") {
            more = true;
            continue;
        }
        match field_at(source, part, depth) {
            Some(field) => fields.push(field),
            None => {
                let mut scan = Scan::new(source, part);
                let (name, optional) = name(&mut scan)?;
                scan.is_done().then_some(())?;
                fields.push(Field { name, optional, ty: FieldType::Unsaid, default: None, span: part });
            }
        }
    }
    (!fields.is_empty()).then_some((fields, more))
}

/// Reads what notes say of a field: `(>=1)`, `(default 1048576)`, `(recommended range 1..10)`, ``MUST match `...` ``.
/// How many notes said something.
pub(super) fn notes(field: &mut Field, source: &str, within: Span) -> usize {
    let text = within.text(source);
    let mut count = 0;
    let mut at = 0;
    while let Some(open) = text.get(at..).and_then(|rest| rest.find('(')).map(|it| it + at) {
        let mut scan = Scan::new(source, Span::new(within.start + open as u32, within.end));
        let Some(whole) = bracketed(&mut scan, '(', ')') else { break };
        for part in parts(source, Span::new(whole.start + 1, whole.end - 1), &[";", ","]) {
            count += usize::from(note(field, source, part));
        }
        at = (whole.end - within.start) as usize;
    }
    let lower = text.to_ascii_lowercase();
    if let Some(at) = lower.find("must match")
        && let Some(code) = super::outline::codes(source, Span::new(within.start + at as u32, within.end)).first()
        && let FieldType::Text(_, pattern @ None) = &mut field.ty
    {
        *pattern = Some(code.inner.text(source).to_owned());
        count += 1;
    }
    count
}

fn note(field: &mut Field, source: &str, part: Span) -> bool {
    let text = part.text(source).replace('`', " ");
    let lower = text.trim().to_ascii_lowercase();
    for word in ["defaults to ", "default: ", "default = ", "default=", "default "] {
        if let Some(value) = lower.strip_prefix(word) {
            let kept = text.trim().get(lower.len() - value.len()..).unwrap_or(value).trim();
            field.default = Some(Said::new(unquoted(kept).to_owned(), part));
            return true;
        }
    }
    if lower == "optional" {
        field.optional = true;
        return true;
    }
    let lower = lower.trim_start_matches("recommended").trim_start().trim_start_matches("range").trim_start();
    let lower = lower.trim_start_matches(':').trim();
    if let Some(range) = interval(lower) {
        return narrow(field, Some(range.low), Some(range.high));
    }
    let number = |text: &str| {
        let mut scan = Scan::new(text, Span::new(0, text.len() as u32));
        scan.eat_any(&["=", ":"]);
        let number = scan.integer()?;
        scan.is_done().then_some(number)
    };
    let one = BigInt::from(1);
    for (mark, is_low, strict) in [
        (">=", true, false),
        ("≥", true, false),
        ("<=", false, false),
        ("≤", false, false),
        (">", true, true),
        ("<", false, true),
        ("min", true, false),
        ("max_len", false, false),
        ("max", false, false),
    ] {
        let Some(number) = lower.strip_prefix(mark).and_then(number) else { continue };
        return match (is_low, strict) {
            (true, false) => narrow(field, Some(number), None),
            (true, true) => narrow(field, Some(number + one), None),
            (false, false) => narrow(field, None, Some(number)),
            (false, true) => narrow(field, None, Some(number - one)),
        };
    }
    match lower.strip_prefix("length").and_then(number) {
        Some(number) => narrow(field, Some(number.clone()), Some(number)),
        None => false,
    }
}

/// Makes the range of a field's type smaller.
pub(super) fn narrow(field: &mut Field, low: Option<BigInt>, high: Option<BigInt>) -> bool {
    match &mut field.ty {
        FieldType::Int(range) => {
            let asked = Range {
                low: low.unwrap_or_else(|| range.low.clone()),
                high: high.unwrap_or_else(|| range.high.clone().min(widest())),
            };
            range.meet(&asked).map(|met| *range = met).is_some()
        }
        FieldType::Text(limits, _) | FieldType::Bytes(limits) | FieldType::List(_, limits) => {
            let of = |it: Option<BigInt>, old: Option<u64>| it.and_then(|it| u64::try_from(it).ok()).or(old);
            *limits = Limits { low: of(low, limits.low), high: of(high, limits.high) };
            true
        }
        _ => false,
    }
}
