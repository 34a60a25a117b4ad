//! The grammar of declarations (rule G3).
//!
//! It does not know whether names are declared, nor what follows from a declaration.

use super::ast::*;
use super::input::*;
use super::literal::{integer, unescape};
use super::operator::*;
use super::parse_clause::{arguments, block, clauses, outputs, path, raise, require};
use super::parse_expr::{expr, inner};
use super::parse_type::{hash_function, ty};
use super::token::{Kind, Span};
use crate::diagnostic::Diagnostic;
use crate::rules::Rule;
use winnow::Parser;

const RULE: Rule = Rule::ItemForm;

/// Words that begin a declaration.
pub(super) const WORDS: [&str; 12] =
    ["const", "type", "enum", "record", "state", "error", "hash", "extern", "pure", "stateful", "io", "vector"];

/// The doc comment that stands here.
pub(super) fn docs(input: &mut Input<'_, '_>) -> Docs {
    let mut docs = Vec::new();
    while at(input, Kind::Doc) {
        let text = bump(input).span.text(input.state.source);
        let text = text.trim_start_matches('/');
        docs.push(text.strip_prefix(' ').unwrap_or(text).trim_end().to_owned());
    }
    docs
}

/// A declaration.
pub(super) fn item(input: &mut Input<'_, '_>) -> Got<Item> {
    let docs = docs(input);
    let start = peek(input).span;
    let word_here = if at(input, Kind::Word) { peek_text(input) } else { "" };
    let (name, kind) = match word_here {
        "const" => constant(input)?,
        "type" => type_item(input)?,
        "enum" => enum_item(input)?,
        "record" | "state" => record(input)?,
        "error" => error(input)?,
        "hash" => hash(input)?,
        "extern" | "pure" | "stateful" | "io" => operator(input)?,
        "vector" => vector(input)?,
        "operator" => {
            let fault = Diagnostic::new(RULE, start, "an operator says what it may touch").label("before this word");
            return Err(Stop(Box::new(fault.hint("write `pure operator`, `stateful operator` or `io operator`"))));
        }
        "import" => {
            let fault = Diagnostic::new(Rule::FileForm, start, "imports stand before the declarations");
            return Err(Stop(Box::new(fault.hint("move it below the header"))));
        }
        other => {
            let mut stop = stop(input, RULE, "a declaration");
            *stop.0 = stop.0.suggest(other, WORDS);
            return Err(stop);
        }
    };
    Ok(Item { docs, name, kind, span: since(input, start) })
}

fn end(input: &mut Input<'_, '_>) -> Got<()> {
    token(Kind::Semicolon, RULE).parse_next(input).map(|_| ())
}

fn constant(input: &mut Input<'_, '_>) -> Got<(Ident, ItemKind)> {
    bump(input);
    let name = word(input, RULE, "the name of a constant")?;
    let annotation = if eat(input, Kind::Colon) { Some(ty(input)?) } else { None };
    token(Kind::Equals, RULE).parse_next(input)?;
    let value = expr(input)?;
    end(input)?;
    Ok((name, ItemKind::Const(annotation, value)))
}

fn type_item(input: &mut Input<'_, '_>) -> Got<(Ident, ItemKind)> {
    bump(input);
    let name = word(input, RULE, "the name of a type")?;
    token(Kind::Equals, RULE).parse_next(input)?;
    let ty = ty(input)?;
    let error = if eat_word(input, "else") { Some(path(input, RULE)?) } else { None };
    end(input)?;
    Ok((name, ItemKind::Type(ty, error)))
}

fn enum_item(input: &mut Input<'_, '_>) -> Got<(Ident, ItemKind)> {
    bump(input);
    let name = word(input, RULE, "the name of an enum")?;
    let unknown = if !eat_word(input, "unknown") {
        None
    } else if eat_word(input, "else") {
        Some(Unknown::Error(path(input, RULE)?))
    } else if eat_word(input, "is") {
        Some(Unknown::Value(word(input, RULE, "a value of the enum")?))
    } else {
        return Err(stop(input, RULE, "'else ERROR' or 'is VALUE'"));
    };
    let values = list(input, (Kind::BraceOpen, Kind::BraceClose), RULE, |input| {
        let docs = docs(input);
        let name = word(input, RULE, "a value")?;
        token(Kind::Equals, RULE).parse_next(input)?;
        let at = peek(input).span;
        let number = integer(input)?;
        let number = i64::try_from(&number).map_err(|_| {
            Stop(Box::new(Diagnostic::new(RULE, at, "the number of an enum's value fits into 64 bits")))
        })?;
        Ok(EnumValue { docs, span: since(input, name.span), name, number })
    })?;
    Ok((name, ItemKind::Enum(EnumItem { unknown, values })))
}

enum Member {
    Field(Field),
    Require(Require),
}

fn record(input: &mut Input<'_, '_>) -> Got<(Ident, ItemKind)> {
    let state = eat_word(input, "state");
    if !state {
        bump(input);
    }
    let name = word(input, RULE, "the name of a record")?;
    let members = list(input, (Kind::BraceOpen, Kind::BraceClose), RULE, |input| {
        let docs = docs(input);
        if at_word(input, "require") && peek_second(input) != Kind::Colon {
            return Ok(Member::Require(require(input)?));
        }
        field(input, docs).map(Member::Field)
    })?;
    let mut item = RecordItem { state, fields: Vec::new(), requires: Vec::new() };
    for member in members {
        match member {
            Member::Field(field) => item.fields.push(field),
            Member::Require(require) => item.requires.push(require),
        }
    }
    Ok((name, ItemKind::Record(item)))
}

fn field(input: &mut Input<'_, '_>, docs: Docs) -> Got<Field> {
    let name = ident(input, RULE, "the name of a field")?;
    let optional = eat(input, Kind::Question);
    token(Kind::Colon, RULE).parse_next(input)?;
    let ty = ty(input)?;
    let presence = if optional {
        Presence::Optional
    } else if eat(input, Kind::Equals) {
        Presence::Default(inner(input)?)
    } else {
        Presence::Required
    };
    Ok(Field { docs, ty, presence, span: since(input, name.span), name })
}

/// `(a: T, b: U)`
fn error_parameters(input: &mut Input<'_, '_>) -> Got<Vec<Field>> {
    list(input, (Kind::ParenOpen, Kind::ParenClose), RULE, |input| {
        let docs = docs(input);
        field(input, docs)
    })
}

fn error(input: &mut Input<'_, '_>) -> Got<(Ident, ItemKind)> {
    bump(input);
    let name = word(input, RULE, "the name of an error")?;
    let parameters = if at(input, Kind::ParenOpen) { error_parameters(input)? } else { Vec::new() };
    token(Kind::Equals, RULE).parse_next(input)?;
    let number_at = peek(input).span;
    let number = integer(input)?;
    let number = u32::try_from(&number)
        .map_err(|_| Stop(Box::new(Diagnostic::new(RULE, number_at, "the number of an error is 0 to 4294967295"))))?;
    keyword("severity", RULE).parse_next(input)?;
    let severity = choice(input, &Severity::ALL)?;
    keyword("category", RULE).parse_next(input)?;
    let category = word(input, RULE, "a category")?;
    keyword("retry", RULE).parse_next(input)?;
    let retry = choice(input, &[("yes", true), ("no", false)])?;
    keyword("message", RULE).parse_next(input)?;
    let found = token(Kind::Text, RULE).parse_next(input)?;
    let message = text(input, found.span)?;
    end(input)?;
    let item = ErrorItem {
        parameters,
        number,
        number_span: number_at,
        severity,
        category,
        retry,
        message,
        message_span: found.span,
    };
    Ok((name, ItemKind::Error(item)))
}

/// One of some words, each with what it stands for.
fn choice<T: Copy>(input: &mut Input<'_, '_>, choices: &[(&str, T)]) -> Got<T> {
    let here = if at(input, Kind::Word) { peek_text(input) } else { "" };
    match choices.iter().find(|choice| choice.0 == here) {
        Some(choice) => {
            bump(input);
            Ok(choice.1)
        }
        None => {
            let words: Vec<String> = choices.iter().map(|choice| format!("'{}'", choice.0)).collect();
            Err(stop(input, RULE, &words.join(" or ")))
        }
    }
}

fn text(input: &Input<'_, '_>, span: Span) -> Got<String> {
    unescape(span.text(input.state.source), span).map_err(|fault| Stop(Box::new(fault)))
}

/// `(state book: Book, a: T)`
pub(super) fn params(input: &mut Input<'_, '_>) -> Got<Vec<Param>> {
    list(input, (Kind::ParenOpen, Kind::ParenClose), RULE, |input| {
        let docs = docs(input);
        let state = at_word(input, "state") && peek_second(input) == Kind::Word;
        if state {
            bump(input);
        }
        let name = ident(input, RULE, "a parameter")?;
        token(Kind::Colon, RULE).parse_next(input)?;
        Ok(Param { docs, name, ty: ty(input)?, state })
    })
}

fn hash(input: &mut Input<'_, '_>) -> Got<(Ident, ItemKind)> {
    bump(input);
    let name = word(input, RULE, "the name of a hash")?;
    let parameters = params(input)?;
    token(Kind::Equals, RULE).parse_next(input)?;
    let function = hash_function(input)?;
    let preimage = if eat_word(input, "commit") {
        let found = token(Kind::Text, RULE).parse_next(input)?;
        let tag = text(input, found.span)?;
        Preimage::Commit(tag, list(input, (Kind::BracketOpen, Kind::BracketClose), RULE, inner)?)
    } else if eat_word(input, "object") {
        let value = expr(input)?;
        let without = if eat_word(input, "excluding") {
            list(input, (Kind::BraceOpen, Kind::BraceClose), RULE, |input| word(input, RULE, "a field"))?
        } else {
            Vec::new()
        };
        Preimage::Object(value, without)
    } else if eat_word(input, "raw") {
        Preimage::Raw(expr(input)?)
    } else {
        return Err(stop(input, RULE, "'commit', 'object' or 'raw'"));
    };
    end(input)?;
    Ok((name, ItemKind::Hash(HashItem { parameters, function, preimage })))
}

fn operator(input: &mut Input<'_, '_>) -> Got<(Ident, ItemKind)> {
    let is_extern = eat_word(input, "extern");
    let purity = choice(input, &[("pure", Purity::Pure), ("stateful", Purity::Stateful), ("io", Purity::Io)])?;
    keyword("operator", RULE).parse_next(input)?;
    let name = word(input, RULE, "the name of an operator")?;
    let inputs = params(input)?;
    let (outputs, unnamed_output) = outputs(input)?;
    let mut item = OperatorItem {
        is_extern,
        purity,
        inputs,
        outputs,
        unnamed_output,
        tolerances: None,
        profile: None,
        raises: Vec::new(),
        effects: Vec::new(),
        uses: Vec::new(),
        orders: Vec::new(),
        requires: Vec::new(),
        ensures: Vec::new(),
        body: None,
    };
    clauses(input, &mut item)?;
    if at(input, Kind::BraceOpen) {
        item.body = Some(block(input)?);
    } else if !eat(input, Kind::Semicolon) {
        return Err(stop(input, RULE, "a clause, '{' or ';'"));
    }
    Ok((name, ItemKind::Operator(Box::new(item))))
}

/// `vector Add small (a: 1) => 2;`
fn vector(input: &mut Input<'_, '_>) -> Got<(Ident, ItemKind)> {
    bump(input);
    let operator = word(input, RULE, "the name of an operator")?;
    let name = word(input, RULE, "the name of a vector")?;
    let arguments = arguments(input)?;
    token(Kind::Gives, RULE).parse_next(input)?;
    let expected = if at_word(input, "fail") {
        bump(input);
        Expected::Raise(raise(input)?)
    } else {
        Expected::Outputs(expr(input)?)
    };
    end(input)?;
    Ok((name, ItemKind::Vector(VectorItem { operator, arguments, expected })))
}
