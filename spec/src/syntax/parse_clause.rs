//! Pieces that several parts of the grammar share: paths, arguments, raises, blocks, and the clauses of operators.
//!
//! It does not know what a clause means.

use super::ast::*;
use super::input::*;
use super::operator::*;
use super::parse_expr::{condition, expr, inner};
use super::parse_item::params;
use super::parse_type::ty;
use super::token::Kind;
use super::tree::{Expr, ExprKind};
use crate::diagnostic::Diagnostic;
use crate::rules::Rule;
use winnow::Parser;

const RULE: Rule = Rule::ItemForm;

/// `Money.Currency.EUR`: names that begin with a capital letter, joined by dots.
pub(super) fn path(input: &mut Input<'_, '_>, rule: Rule) -> Got<Path> {
    let mut parts = vec![word(input, rule, "a name")?];
    while at(input, Kind::Dot)
        && input.input.get(1).is_some_and(|token| {
            token.kind == Kind::Word
                && token.span.text(input.state.source).starts_with(|c: char| c.is_ascii_uppercase())
        })
    {
        bump(input);
        parts.push(word(input, rule, "a name")?);
    }
    Ok(Path { parts })
}

/// `(1, b: 2)`
pub(super) fn arguments(input: &mut Input<'_, '_>) -> Got<Vec<Argument>> {
    list(input, (Kind::ParenOpen, Kind::ParenClose), Rule::ExpressionForm, |input| {
        let name = if at(input, Kind::Word) && peek_second(input) == Kind::Colon {
            let name = word(input, RULE, "a parameter")?;
            bump(input);
            Some(name)
        } else {
            None
        };
        Ok(Argument { name, value: inner(input)? })
    })
}

/// `ERROR` or `ERROR(a: 1)`, behind `else` or `fail`.
pub(super) fn raise(input: &mut Input<'_, '_>) -> Got<Raise> {
    let start = peek(input).span;
    if at(input, Kind::BraceOpen) {
        return Err(stop(input, Rule::ExpressionForm, "the name of an error"));
    }
    let error = path(input, Rule::ExpressionForm)?;
    let arguments = if at(input, Kind::ParenOpen) { arguments(input)? } else { Vec::new() };
    Ok(Raise { error, arguments, span: since(input, start) })
}

/// `require CONDITION else ERROR`
pub(super) fn require(input: &mut Input<'_, '_>) -> Got<Require> {
    let start = keyword("require", RULE).parse_next(input)?;
    let condition = condition(input)?;
    keyword("else", RULE).parse_next(input)?;
    let raise = reading(input, (false, false), raise)?;
    Ok(Require { condition, raise, span: since(input, start) })
}

/// `{ let x = 1; require c else E; value }`
pub(super) fn block(input: &mut Input<'_, '_>) -> Got<Block> {
    deeper(input, |input| reading(input, (false, false), block_inner))
}

fn block_inner(input: &mut Input<'_, '_>) -> Got<Block> {
    const BLOCK: Rule = Rule::ExpressionForm;
    let start = token(Kind::BraceOpen, BLOCK).parse_next(input)?.span;
    let mut statements = Vec::new();
    while at_word(input, "let") || at_word(input, "require") {
        match statement(input) {
            Ok(statement) => statements.push(statement),
            Err(Stop(fault)) => {
                input.state.report(*fault);
                skip(input, &[Kind::Semicolon]);
                eat(input, Kind::Semicolon);
            }
        }
    }
    let value = match expr(input) {
        Ok(value) => value,
        Err(Stop(fault)) => {
            input.state.report(*fault);
            skip(input, &[]);
            eat(input, Kind::Semicolon);
            let span = peek(input).span;
            Expr { kind: ExprKind::Bad, span, depth: 1 }
        }
    };
    if at(input, Kind::Semicolon) {
        let fault = Diagnostic::new(BLOCK, peek(input).span, "a block ends with its value, not with ';'");
        return Err(Stop(Box::new(fault.hint("take the ';' away, or write `let NAME = ` before it"))));
    }
    token(Kind::BraceClose, BLOCK).parse_next(input)?;
    Ok(Block { statements, value: Box::new(value), span: since(input, start) })
}

fn statement(input: &mut Input<'_, '_>) -> Got<Statement> {
    if at_word(input, "require") {
        let require = require(input)?;
        token(Kind::Semicolon, Rule::ExpressionForm).parse_next(input)?;
        return Ok(Statement::Require(require));
    }
    let start = bump(input).span;
    let name = ident(input, Rule::ExpressionForm, "a name")?;
    let annotation = if eat(input, Kind::Colon) { Some(ty(input)?) } else { None };
    token(Kind::Equals, Rule::ExpressionForm).parse_next(input)?;
    let value = expr(input)?;
    token(Kind::Semicolon, Rule::ExpressionForm).parse_next(input)?;
    Ok(Statement::Let(name, annotation, value, since(input, start)))
}

/// Clauses of an operator, in any order.
pub(super) fn clauses(input: &mut Input<'_, '_>, item: &mut OperatorItem) -> Got<()> {
    loop {
        match if at(input, Kind::Word) { peek_text(input) } else { "" } {
            "profile" => profile(input, item)?,
            "raises" => {
                bump(input);
                item.raises.extend(names(input, |input| path(input, RULE))?);
            }
            "effects" => {
                bump(input);
                item.effects.extend(names(input, |input| word(input, RULE, "an effect"))?);
            }
            "uses" => {
                bump(input);
                item.uses.extend(names(input, |input| path(input, RULE))?);
            }
            "order" => item.orders.push(order(input)?),
            "require" => item.requires.push(require(input)?),
            "ensure" => {
                bump(input);
                item.ensures.push(reading(input, (true, false), expr)?);
            }
            "" => return Ok(()),
            other => {
                let known = ["profile", "raises", "effects", "uses", "order", "require", "ensure"];
                let fault = Diagnostic::new(RULE, peek(input).span, format!("'{other}' is no clause of an operator"));
                let fault = fault.label("a clause, '{' or ';' is expected").suggest(other, known);
                return Err(Stop(Box::new(fault)));
            }
        }
    }
}

/// One or more things parted by commas.
fn names<'t, 's, T>(input: &mut Input<'t, 's>, mut one: impl FnMut(&mut Input<'t, 's>) -> Got<T>) -> Got<Vec<T>> {
    let mut found = vec![one(input)?];
    while eat(input, Kind::Comma) {
        found.push(one(input)?);
    }
    Ok(found)
}

fn profile(input: &mut Input<'_, '_>, item: &mut OperatorItem) -> Got<()> {
    bump(input);
    let name = word(input, RULE, "'E0' or 'E1'")?;
    if !matches!(&*name.name, "E0" | "E1") {
        let fault = Diagnostic::new(RULE, name.span, format!("'{}' is no profile", name.name));
        return Err(Stop(Box::new(fault.hint("E0: byte for byte; E1: within stated tolerances"))));
    }
    item.profile = Some(name);
    if eat_word(input, "tolerance") {
        item.tolerances = Some(list(input, (Kind::BraceOpen, Kind::BraceClose), RULE, tolerance)?);
    }
    Ok(())
}

fn tolerance(input: &mut Input<'_, '_>) -> Got<Tolerance> {
    let path = dotted(input)?;
    token(Kind::Colon, RULE).parse_next(input)?;
    keyword("abs", RULE).parse_next(input)?;
    let absolute = number(input)?;
    keyword("rel", RULE).parse_next(input)?;
    let relative = number(input)?;
    keyword("nan", RULE).parse_next(input)?;
    let nan = match peek_text(input) {
        "equal" => true,
        "forbid" => false,
        _ => return Err(stop(input, RULE, "'forbid' or 'equal'")),
    };
    bump(input);
    Ok(Tolerance { path, absolute, relative, nan })
}

fn number(input: &mut Input<'_, '_>) -> Got<f64> {
    if !matches!(peek(input).kind, Kind::Int | Kind::Decimal | Kind::Float) {
        return Err(stop(input, RULE, "a number"));
    }
    let text = super::literal::digits(peek_text(input));
    bump(input);
    Ok(text.parse().unwrap_or(f64::INFINITY))
}

/// Fields joined by dots: `lines.amount`.
fn dotted(input: &mut Input<'_, '_>) -> Got<Path> {
    let mut parts = vec![word(input, RULE, "a field")?];
    while eat(input, Kind::Dot) {
        parts.push(word(input, RULE, "a field")?);
    }
    Ok(Path { parts })
}

fn order(input: &mut Input<'_, '_>) -> Got<Order> {
    let start = bump(input).span;
    let output = word(input, RULE, "an output")?;
    keyword("by", RULE).parse_next(input)?;
    if eat_word(input, "input") {
        return Ok(Order { output, keys: Vec::new(), tie: Tie::Input, span: since(input, start) });
    }
    let keys = names(input, |input| {
        let path = dotted(input)?;
        let descending = eat_word(input, "desc");
        if !descending {
            eat_word(input, "asc");
        }
        Ok(OrderKey { path, descending })
    })?;
    keyword("tie", RULE).parse_next(input)?;
    let tie = match peek_text(input) {
        "input" => Tie::Input,
        "unique" => Tie::Unique,
        _ => return Err(stop(input, RULE, "'input' or 'unique'")),
    };
    bump(input);
    Ok(Order { output, keys, tie, span: since(input, start) })
}

/// `-> T`, or `-> (state book: Book, id: u64)`.
pub(super) fn outputs(input: &mut Input<'_, '_>) -> Got<(Vec<Param>, bool)> {
    token(Kind::Arrow, RULE).parse_next(input)?;
    if at(input, Kind::ParenOpen) {
        return Ok((params(input)?, false));
    }
    let ty = ty(input)?;
    let name = Ident { name: Name::from("result"), span: ty.span };
    Ok((vec![Param { docs: Vec::new(), name, ty, state: false }], true))
}
