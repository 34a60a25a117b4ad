//! The grammar of expressions (rule G5).
//!
//! From loosest to tightest: `or`, `and`, `not`, comparisons, `??`, `as` and `else`, `+ - ++`, `* / div mod`, unary
//! `-`, `.field` and `with`. Invariant: chains are counted as depth, so that trees stay shallow. Types and raises are
//! read in `parse_type` and `parse_clause`.

use super::ast::*;
use super::input::*;
use super::literal::{integer, literal, unescape};
use super::parse_clause::{arguments, block, path, raise};
use super::parse_type::ty;
use super::token::{Kind, Span};
use super::tree::*;
use crate::diagnostic::Diagnostic;
use crate::rules::Rule;
use winnow::Parser;

const RULE: Rule = Rule::ExpressionForm;

/// The power at which `as` and a loose `else` bind.
const CAST: u8 = 6;

/// An expression, and every `else` and `{` that can belong to it.
pub(super) fn expr(input: &mut Input<'_, '_>) -> Got<Expr> {
    deeper(input, |input| infix(input, 0))
}

/// The same inside brackets, where `{` and `else` have their plain meaning again.
pub(super) fn inner(input: &mut Input<'_, '_>) -> Got<Expr> {
    reading(input, (false, false), expr)
}

/// The head of `if`, `match` and `for`: a `{` ends it.
fn head(input: &mut Input<'_, '_>) -> Got<Expr> {
    reading(input, (true, false), expr)
}

/// The condition of `require`: an `else` ends it.
pub(super) fn condition(input: &mut Input<'_, '_>) -> Got<Expr> {
    reading(input, (false, true), expr)
}

fn binary_here(input: &Input<'_, '_>) -> Option<Binary> {
    match peek(input).kind {
        Kind::Word
        | Kind::Plus
        | Kind::Minus
        | Kind::Star
        | Kind::Slash
        | Kind::Join
        | Kind::Same
        | Kind::Differs
        | Kind::Less
        | Kind::AtMost
        | Kind::Greater
        | Kind::AtLeast
        | Kind::Otherwise => Binary::of(peek_text(input)),
        _ => None,
    }
}

fn infix(input: &mut Input<'_, '_>, least: u8) -> Got<Expr> {
    let mut left = if least <= 3 && at_word(input, "not") { not(input)? } else { unary(input)? };
    loop {
        if least <= CAST && (at_word(input, "as") || (at_word(input, "else") && else_allowed(input))) {
            left = postfix_cast(input, left)?;
            continue;
        }
        let Some(operator) = binary_here(input) else { return Ok(left) };
        let power = operator.power();
        if power < least {
            return Ok(left);
        }
        let mark = bump(input).span;
        let right = infix(input, power + 1)?;
        if power == 4 && binary_here(input).is_some_and(|next| next.power() == 4) {
            return Err(Stop(Box::new(chained(mark, peek(input).span))));
        }
        let (span, below) = (left.span.to(right.span), left.depth.max(right.depth));
        left = node(span, ExprKind::Binary(operator, Box::new(left), Box::new(right)), below)?;
    }
}

fn chained(first: Span, second: Span) -> Diagnostic {
    Diagnostic::new(RULE, second, "comparisons do not chain")
        .label("a second comparison")
        .other(first, "the first one")
        .hint("write `a < b and b < c`")
}

fn not(input: &mut Input<'_, '_>) -> Got<Expr> {
    deeper(input, |input| {
        let start = bump(input).span;
        let value = infix(input, 4)?;
        let (span, below) = (start.to(value.span), value.depth);
        node(span, ExprKind::Not(Box::new(value)), below)
    })
}

fn postfix_cast(input: &mut Input<'_, '_>, value: Expr) -> Got<Expr> {
    let start = value.span;
    if eat_word(input, "else") {
        let raise = raise(input)?;
        let below = value.depth.max(raise_depth(&raise));
        return node(since(input, start), ExprKind::Unwrap(Box::new(value), raise), below);
    }
    bump(input);
    let ty = ty(input)?;
    let round = if eat_word(input, "round") { Some(rounding(input)?) } else { None };
    let policy = if eat_word(input, "clamp") {
        Policy::Clamp
    } else if eat_word(input, "wrap") {
        Policy::Wrap
    } else if else_allowed(input) && eat_word(input, "else") {
        Policy::Else(raise(input)?)
    } else {
        Policy::Exact
    };
    let below = value.depth.max(if let Policy::Else(raise) = &policy { raise_depth(raise) } else { 0 });
    node(since(input, start), ExprKind::Narrow(Box::new(Narrow { value, ty, round, policy })), below)
}

pub(super) fn rounding(input: &mut Input<'_, '_>) -> Got<Rounding> {
    let at = peek(input);
    let name = word(input, RULE, "a rounding")?;
    Rounding::of(&name.name).ok_or_else(|| {
        let names = Rounding::ALL.map(|row| row.0);
        let fault = Diagnostic::new(RULE, at.span, format!("'{}' is no rounding", name.name));
        let fault = fault.suggest(&name.name, names);
        Stop(Box::new(fault.hint("half_even, half_up, floor, ceiling, down or up")))
    })
}

pub(super) fn raise_depth(raise: &Raise) -> u16 {
    raise.arguments.iter().map(|argument| argument.value.depth).max().unwrap_or(0)
}

fn unary(input: &mut Input<'_, '_>) -> Got<Expr> {
    if !at(input, Kind::Minus) {
        return postfix(input);
    }
    deeper(input, |input| {
        let start = bump(input).span;
        let value = unary(input)?;
        let span = start.to(value.span);
        // A number and its sign are one literal, so that `-1` has one form.
        match value.kind {
            ExprKind::Int(n) => node(span, ExprKind::Int(-n), 0),
            ExprKind::Decimal(n, scale) => node(span, ExprKind::Decimal(-n, scale), 0),
            ExprKind::Float(f) => node(span, ExprKind::Float(-f), 0),
            kind => {
                let below = value.depth;
                let value = Expr { kind, span: value.span, depth: below };
                node(span, ExprKind::Negate(Box::new(value)), below)
            }
        }
    })
}

fn postfix(input: &mut Input<'_, '_>) -> Got<Expr> {
    let mut value = primary(input)?;
    loop {
        let (start, below) = (value.span, value.depth);
        if eat(input, Kind::Dot) {
            let name = word(input, RULE, "a field")?;
            value = node(start.to(name.span), ExprKind::Field(Box::new(value), name), below)?;
        } else if at_word(input, "with") {
            bump(input);
            let fields = field_values(input)?;
            let below = below.max(deepest(fields.iter().map(|field| &field.1)));
            value = node(since(input, start), ExprKind::With(Box::new(value), fields), below)?;
        } else {
            return Ok(value);
        }
    }
}

/// The depth of the deepest.
pub(super) fn deepest<'e>(parts: impl Iterator<Item = &'e Expr>) -> u16 {
    parts.map(|part| part.depth).max().unwrap_or(0)
}

/// `{ name: value, ... }`
fn field_values(input: &mut Input<'_, '_>) -> Got<Vec<(Ident, Expr)>> {
    list(input, (Kind::BraceOpen, Kind::BraceClose), RULE, |input| {
        let name = word(input, RULE, "a field")?;
        token(Kind::Colon, RULE).parse_next(input)?;
        Ok((name, inner(input)?))
    })
}

fn primary(input: &mut Input<'_, '_>) -> Got<Expr> {
    let first = peek(input);
    match first.kind {
        Kind::Int | Kind::Decimal | Kind::Float | Kind::Text | Kind::Bytes => literal(input),
        Kind::ParenOpen => parenthesis(input),
        Kind::BracketOpen => bracket(input),
        Kind::Word => word_expr(input),
        _ => Err(stop(input, RULE, "an expression")),
    }
}

/// `(e)`, or the outputs `(a: 1, b: 2)`.
fn parenthesis(input: &mut Input<'_, '_>) -> Got<Expr> {
    let start = peek(input).span;
    let second = input.input.get(2).map(|token| token.kind);
    if peek_second(input) == Kind::Word && second == Some(Kind::Colon) {
        let outputs = list(input, (Kind::ParenOpen, Kind::ParenClose), RULE, |input| {
            let name = word(input, RULE, "an output")?;
            token(Kind::Colon, RULE).parse_next(input)?;
            Ok((name, inner(input)?))
        })?;
        let below = deepest(outputs.iter().map(|output| &output.1));
        return node(since(input, start), ExprKind::Outputs(outputs), below);
    }
    bump(input);
    let mut value = inner(input)?;
    token(Kind::ParenClose, RULE).parse_next(input)?;
    value.span = since(input, start);
    Ok(value)
}

/// `[a, b]`, or `[e for x in xs if c]`.
fn bracket(input: &mut Input<'_, '_>) -> Got<Expr> {
    let start = bump(input).span;
    if eat(input, Kind::BracketClose) {
        return node(since(input, start), ExprKind::List(Vec::new()), 0);
    }
    let first = inner(input)?;
    if at_word(input, "for") {
        let (names, over) = reading(input, (false, false), loop_head)?;
        let condition = if eat_word(input, "if") { Some(inner(input)?) } else { None };
        token(Kind::BracketClose, RULE).parse_next(input)?;
        let below = first.depth.max(over_depth(&over)).max(deepest(condition.iter()));
        let each = Each { value: first, names, over, condition };
        return node(since(input, start), ExprKind::Each(Box::new(each)), below);
    }
    let mut items = vec![first];
    while eat(input, Kind::Comma) {
        if at(input, Kind::BracketClose) {
            break;
        }
        items.push(inner(input)?);
    }
    token(Kind::BracketClose, RULE).parse_next(input)?;
    let below = deepest(items.iter());
    node(since(input, start), ExprKind::List(items), below)
}

fn over_depth(over: &Over) -> u16 {
    match over {
        Over::Value(value) => value.depth,
        Over::Range(from, to) => from.depth.max(to.depth),
    }
}

/// `for x in xs`, `for k, v in m`, `for i in 0..=9`.
fn loop_head(input: &mut Input<'_, '_>) -> Got<(Vec<Ident>, Over)> {
    keyword("for", RULE).parse_next(input)?;
    let mut names = vec![ident(input, RULE, "the name of an element")?];
    if eat(input, Kind::Comma) {
        names.push(ident(input, RULE, "the name of a map's value")?);
    }
    keyword("in", RULE).parse_next(input)?;
    let from = expr(input)?;
    if eat(input, Kind::To) {
        return Ok((names, Over::Range(from, expr(input)?)));
    }
    Ok((names, Over::Value(from)))
}

fn word_expr(input: &mut Input<'_, '_>) -> Got<Expr> {
    let start = peek(input).span;
    let leaf = |input: &mut Input<'_, '_>, kind| {
        bump(input);
        node(start, kind, 0)
    };
    match peek_text(input) {
        "true" => leaf(input, ExprKind::Bool(true)),
        "false" => leaf(input, ExprKind::Bool(false)),
        "none" => leaf(input, ExprKind::None),
        "some" => {
            bump(input);
            let value = deeper(input, unary)?;
            let below = value.depth;
            node(since(input, start), ExprKind::Some(Box::new(value)), below)
        }
        "if" => if_expr(input),
        "match" => match_expr(input),
        "fold" => fold(input),
        "fail" => {
            bump(input);
            let raise = raise(input)?;
            let below = raise_depth(&raise);
            node(since(input, start), ExprKind::Fail(raise), below)
        }
        "map" if peek_second(input) == Kind::BraceOpen => map(input),
        text if text.starts_with(|c: char| c.is_ascii_uppercase()) => path_expr(input),
        _ if peek_second(input) == Kind::ParenOpen => {
            let name = ident(input, RULE, "an expression")?;
            let values = list(input, (Kind::ParenOpen, Kind::ParenClose), RULE, inner)?;
            let below = deepest(values.iter());
            node(since(input, start), ExprKind::Primitive(name, values), below)
        }
        _ => {
            let name = ident(input, RULE, "an expression")?;
            node(start, ExprKind::Variable(name.name), 0)
        }
    }
}

fn map(input: &mut Input<'_, '_>) -> Got<Expr> {
    let start = bump(input).span;
    let entries = list(input, (Kind::BraceOpen, Kind::BraceClose), RULE, |input| {
        let key = inner(input)?;
        token(Kind::Colon, RULE).parse_next(input)?;
        Ok((key, inner(input)?))
    })?;
    let below = deepest(entries.iter().flat_map(|entry| [&entry.0, &entry.1]));
    node(since(input, start), ExprKind::Map(entries), below)
}

fn path_expr(input: &mut Input<'_, '_>) -> Got<Expr> {
    let start = peek(input).span;
    let path = path(input, RULE)?;
    if at(input, Kind::ParenOpen) {
        let arguments = arguments(input)?;
        let below = deepest(arguments.iter().map(|argument| &argument.value));
        return node(since(input, start), ExprKind::Call(path, arguments), below);
    }
    let is_type = path.parts.last().is_some_and(|last| !is_upper(&last.name));
    if at(input, Kind::BraceOpen) && brace_allowed(input) && is_type {
        let fields = field_values(input)?;
        let below = deepest(fields.iter().map(|field| &field.1));
        return node(since(input, start), ExprKind::Record(path, fields), below);
    }
    node(start.to(path.span()), ExprKind::Path(path), 0)
}

/// Is it spelt as a constant or a value of an enum?
pub(super) fn is_upper(name: &str) -> bool {
    name.len() > 1 && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

fn if_expr(input: &mut Input<'_, '_>) -> Got<Expr> {
    deeper(input, |input| {
        let start = bump(input).span;
        let condition = head(input)?;
        let then = block(input)?;
        keyword("else", RULE).parse_next(input)?;
        let otherwise = if at_word(input, "if") {
            let value = if_expr(input)?;
            let span = value.span;
            Block { statements: Vec::new(), value: Box::new(value), span }
        } else {
            block(input)?
        };
        let below = condition.depth.max(block_depth(&then)).max(block_depth(&otherwise));
        node(since(input, start), ExprKind::If(Box::new(condition), then, otherwise), below)
    })
}

/// The depth of the deepest expression in a block.
pub(super) fn block_depth(block: &Block) -> u16 {
    let statements = block.statements.iter().map(|statement| match statement {
        Statement::Let(_, _, value, _) => value.depth,
        Statement::Require(require) => require.condition.depth.max(raise_depth(&require.raise)),
    });
    statements.max().unwrap_or(0).max(block.value.depth)
}

fn match_expr(input: &mut Input<'_, '_>) -> Got<Expr> {
    let start = bump(input).span;
    let value = head(input)?;
    let arms = list(input, (Kind::BraceOpen, Kind::BraceClose), RULE, |input| {
        let start = peek(input).span;
        let mut patterns = vec![pattern(input)?];
        while eat(input, Kind::Bar) {
            patterns.push(pattern(input)?);
        }
        token(Kind::Gives, RULE).parse_next(input)?;
        let value = inner(input)?;
        Ok(Arm { patterns, value, span: since(input, start) })
    })?;
    let below = value.depth.max(deepest(arms.iter().map(|arm| &arm.value)));
    node(since(input, start), ExprKind::Match(Box::new(value), arms), below)
}

fn pattern(input: &mut Input<'_, '_>) -> Got<Pattern> {
    let start = peek(input);
    let kind = match (start.kind, peek_text(input)) {
        (Kind::Word, "_") => leaf(input, PatternKind::Any),
        (Kind::Word, "none") => leaf(input, PatternKind::None),
        (Kind::Word, "true") => leaf(input, PatternKind::Bool(true)),
        (Kind::Word, "false") => leaf(input, PatternKind::Bool(false)),
        (Kind::Word, "some") => {
            bump(input);
            PatternKind::Some(ident(input, RULE, "a name for what is there")?)
        }
        (Kind::Word, _) => {
            let path = path(input, RULE)?;
            PatternKind::Value(path.parts.last().cloned().ok_or_else(|| stop(input, RULE, "a pattern"))?)
        }
        (Kind::Text, text) => {
            bump(input);
            PatternKind::Text(unescape(text, start.span).map_err(|fault| Stop(Box::new(fault)))?)
        }
        (Kind::Int | Kind::Minus, _) => {
            let from = integer(input)?;
            let to = if eat(input, Kind::To) { integer(input)? } else { from.clone() };
            PatternKind::Range(from, to)
        }
        _ => return Err(stop(input, RULE, "a pattern")),
    };
    Ok(Pattern { kind, span: since(input, start.span) })
}

fn leaf(input: &mut Input<'_, '_>, kind: PatternKind) -> PatternKind {
    bump(input);
    kind
}

fn fold(input: &mut Input<'_, '_>) -> Got<Expr> {
    let start = bump(input).span;
    let acc = ident(input, RULE, "a name for what is carried along")?;
    token(Kind::Colon, RULE).parse_next(input)?;
    let ty = ty(input)?;
    token(Kind::Equals, RULE).parse_next(input)?;
    let init = head(input)?;
    let (names, over) = reading(input, (true, false), loop_head)?;
    let body = block(input)?;
    let below = init.depth.max(over_depth(&over)).max(block_depth(&body));
    let fold = Fold { acc, ty, init, names, over, body };
    node(since(input, start), ExprKind::Fold(Box::new(fold)), below)
}
