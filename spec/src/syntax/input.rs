//! The tokens as winnow reads them, and the few parsers that the whole grammar is made of.
//!
//! Invariants: a failed parser says what it wanted at the place where it stopped; recovery consumes at least one
//! token, so reading always ends. This file does not know the grammar.

use super::ast::{Ident, MAX_DEPTH, Name};
use super::token::{Kind, Span, Token};
use super::tree::{Expr, ExprKind};
use crate::diagnostic::Diagnostic;
use crate::rules::Rule;
use std::cell::{Cell, RefCell};
use winnow::Parser;
use winnow::error::{FromExternalError, ParserError};
use winnow::stream::{Stateful, Stream, TokenSlice};
use winnow::token::any;

/// What all parsers of one text share.
#[derive(Debug)]
pub(super) struct Shared<'s> {
    pub(super) source: &'s str,
    faults: RefCell<Vec<Diagnostic>>,
    depth: Cell<u16>,
    /// Is a `{` the start of a block here, never of a record? So it is in the head of `if`, `match` and `for`.
    no_brace: Cell<bool>,
    /// Does an `else` belong to something outside? So it is in the condition of `require`.
    no_else: Cell<bool>,
}

impl<'s> Shared<'s> {
    pub(super) fn new(source: &'s str, faults: Vec<Diagnostic>) -> Shared<'s> {
        Shared {
            source,
            faults: RefCell::new(faults),
            depth: Cell::new(0),
            no_brace: Cell::new(false),
            no_else: Cell::new(false),
        }
    }

    pub(super) fn take(&self) -> Vec<Diagnostic> {
        self.faults.take()
    }

    pub(super) fn report(&self, fault: Diagnostic) {
        self.faults.borrow_mut().push(fault);
    }

    pub(super) fn name(&self, span: Span) -> Name {
        Name::from(span.text(self.source))
    }
}

/// What the parsers read.
pub(super) type Input<'t, 's> = Stateful<TokenSlice<'t, Token>, &'t Shared<'s>>;

/// The start of it.
pub(super) fn of<'t, 's>(tokens: &'t [Token], shared: &'t Shared<'s>) -> Input<'t, 's> {
    Input { input: TokenSlice::new(tokens), state: shared }
}

/// Why a parser stopped: a finished diagnostic, boxed to be cheap to pass on.
#[derive(Debug)]
pub(super) struct Stop(pub(super) Box<Diagnostic>);

impl<'t, 's> ParserError<Input<'t, 's>> for Stop {
    type Inner = Self;

    fn from_input(input: &Input<'t, 's>) -> Self {
        stop(input, Rule::FileForm, "something else")
    }

    fn into_inner(self) -> Result<Self, Self> {
        Ok(self)
    }
}

impl<'t, 's, E> FromExternalError<Input<'t, 's>, E> for Stop {
    fn from_external_error(input: &Input<'t, 's>, _error: E) -> Self {
        Stop::from_input(input)
    }
}

/// What a parser gives.
pub(super) type Got<T> = Result<T, Stop>;

/// The next token, which is not consumed.
pub(super) fn peek(input: &Input<'_, '_>) -> Token {
    input.input.first().copied().unwrap_or(Token { kind: Kind::End, span: end_span(input) })
}

/// The token after the next.
pub(super) fn peek_second(input: &Input<'_, '_>) -> Kind {
    input.input.get(1).map_or(Kind::End, |token| token.kind)
}

fn end_span(input: &Input<'_, '_>) -> Span {
    let end = input.state.source.len() as u32;
    Span::new(end, end)
}

/// Where the token before the next one ended.
pub(super) fn last_end(input: &Input<'_, '_>) -> u32 {
    input.input.previous_tokens().next().map_or(0, |token| token.span.end)
}

/// Consumes a token. The end stays.
pub(super) fn bump(input: &mut Input<'_, '_>) -> Token {
    let token = peek(input);
    if token.kind != Kind::End {
        input.input.next_token();
    }
    token
}

/// A span from a start to what was read last.
pub(super) fn since(input: &Input<'_, '_>, start: Span) -> Span {
    Span::new(start.start, last_end(input).max(start.start))
}

/// The text of the next token.
pub(super) fn peek_text<'s>(input: &Input<'_, 's>) -> &'s str {
    peek(input).span.text(input.state.source)
}

/// Is the next token that word?
pub(super) fn at_word(input: &Input<'_, '_>, word: &str) -> bool {
    peek(input).kind == Kind::Word && peek_text(input) == word
}

/// Is the next token of that kind?
pub(super) fn at(input: &Input<'_, '_>, kind: Kind) -> bool {
    peek(input).kind == kind
}

/// A failure at the next token.
pub(super) fn stop(input: &Input<'_, '_>, rule: Rule, wanted: &str) -> Stop {
    let token = peek(input);
    let found = match token.kind {
        Kind::Word | Kind::Int | Kind::Decimal | Kind::Float | Kind::Version => {
            format!("'{}'", token.span.text(input.state.source))
        }
        kind => kind.name().to_owned(),
    };
    // What is missing is missing where the text before it ends.
    let fault = Diagnostic::new(rule, token.span, format!("{wanted} is expected, not {found}"));
    let fault = fault.label(format!("expected {wanted}"));
    Stop(Box::new(match token.kind {
        Kind::AndAnd => fault.hint("'and' joins two conditions"),
        Kind::BarBar => fault.hint("'or' joins two conditions"),
        Kind::Bang => fault.hint("'not' turns a condition round"),
        Kind::Percent => fault.hint("'a mod b' is the remainder of 'a div b'"),
        Kind::Equals if wanted.contains("'=='") => fault.hint("'==' compares"),
        Kind::Slash => fault.hint("whole numbers: 'a div b'; decimals: 'divide(a, b, SCALE, ROUNDING)'"),
        _ => fault,
    }))
}

/// A parser of one token of a kind.
pub(super) fn token<'t, 's: 't>(kind: Kind, rule: Rule) -> impl Parser<Input<'t, 's>, Token, Stop> {
    move |input: &mut Input<'t, 's>| {
        if at(input, kind) && kind != Kind::End {
            any.map(|found: &Token| *found).parse_next(input)
        } else {
            Err(stop(input, rule, kind.name()))
        }
    }
}

/// Consumes a token of a kind when it is next.
pub(super) fn eat(input: &mut Input<'_, '_>, kind: Kind) -> bool {
    let found = at(input, kind);
    if found {
        bump(input);
    }
    found
}

/// Consumes a word when it is next.
pub(super) fn eat_word(input: &mut Input<'_, '_>, word: &str) -> bool {
    let found = at_word(input, word);
    if found {
        bump(input);
    }
    found
}

/// A parser of one keyword.
pub(super) fn keyword<'t, 's: 't>(word: &'static str, rule: Rule) -> impl Parser<Input<'t, 's>, Span, Stop> {
    move |input: &mut Input<'t, 's>| {
        if at_word(input, word) {
            return Ok(bump(input).span);
        }
        let mut stop = stop(input, rule, &format!("'{word}'"));
        if at(input, Kind::Word) {
            *stop.0 = stop.0.suggest(peek_text(input), [word]);
        }
        Err(stop)
    }
}

/// Any name, also one that is reserved elsewhere.
pub(super) fn word(input: &mut Input<'_, '_>, rule: Rule, wanted: &str) -> Got<Ident> {
    if !at(input, Kind::Word) {
        return Err(stop(input, rule, wanted));
    }
    let span = bump(input).span;
    Ok(Ident { name: input.state.name(span), span })
}

/// A name of a field, a parameter or a binding.
pub(super) fn ident(input: &mut Input<'_, '_>, rule: Rule, wanted: &str) -> Got<Ident> {
    if at(input, Kind::Word) && super::RESERVED.contains(&peek_text(input)) {
        let mut stop = stop(input, rule, wanted);
        *stop.0 = stop.0.hint("this word is reserved");
        return Err(stop);
    }
    word(input, rule, wanted)
}

/// Items between an opening and a closing mark, parted by commas, one more comma allowed. An item that cannot be
/// read is reported, and reading goes on behind the next comma of this list.
pub(super) fn list<'t, 's, T>(
    input: &mut Input<'t, 's>,
    (open, close): (Kind, Kind),
    rule: Rule,
    mut item: impl FnMut(&mut Input<'t, 's>) -> Got<T>,
) -> Got<Vec<T>> {
    token(open, rule).parse_next(input)?;
    let mut items = Vec::new();
    loop {
        if eat(input, close) {
            return Ok(items);
        }
        if at(input, Kind::End) {
            return Err(stop(input, rule, close.name()));
        }
        let read = item(input).and_then(|item| {
            if at(input, Kind::Comma) || at(input, close) {
                return Ok(item);
            }
            Err(stop(input, rule, &format!("',' or {}", close.name())))
        });
        match read {
            Ok(item) => items.push(item),
            Err(Stop(fault)) => {
                input.state.report(*fault);
                skip(input, &[Kind::Comma, close]);
                if !at(input, Kind::Comma) && !at(input, close) {
                    return Ok(items);
                }
            }
        }
        eat(input, Kind::Comma);
    }
}

/// Skips to one of these kinds, over whole brackets; stops before a bracket that closes something outside, and before a
/// `;` that ends a declaration.
pub(super) fn skip(input: &mut Input<'_, '_>, until: &[Kind]) {
    let mut open = 0usize;
    loop {
        let kind = peek(input).kind;
        if kind == Kind::End || (open == 0 && until.contains(&kind)) {
            return;
        }
        match kind {
            Kind::BraceOpen | Kind::ParenOpen | Kind::BracketOpen => open += 1,
            Kind::BraceClose | Kind::ParenClose | Kind::BracketClose => {
                if open == 0 {
                    return;
                }
                open -= 1;
            }
            Kind::Semicolon if open == 0 => return,
            _ => {}
        }
        bump(input);
    }
}

/// Runs a parser one level deeper; too deep is a fault.
pub(super) fn deeper<'t, 's, T>(
    input: &mut Input<'t, 's>,
    parser: impl FnOnce(&mut Input<'t, 's>) -> Got<T>,
) -> Got<T> {
    let depth = input.state.depth.get();
    if depth >= MAX_DEPTH {
        return Err(Stop(Box::new(too_deep(peek(input).span))));
    }
    input.state.depth.set(depth + 1);
    let read = parser(input);
    input.state.depth.set(depth);
    read
}

/// What is said of something that nests too deeply.
pub(super) fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::new(Rule::Depth, span, format!("this nests more than {MAX_DEPTH} deep"))
        .label("too deep")
        .hint("give a part of it a name with `let`, or make it an operator of its own")
}

/// Runs a parser with other readings of `{` and `else`.
pub(super) fn reading<'t, 's, T>(
    input: &mut Input<'t, 's>,
    (no_brace, no_else): (bool, bool),
    parser: impl FnOnce(&mut Input<'t, 's>) -> Got<T>,
) -> Got<T> {
    let before = (input.state.no_brace.replace(no_brace), input.state.no_else.replace(no_else));
    let read = parser(input);
    input.state.no_brace.set(before.0);
    input.state.no_else.set(before.1);
    read
}

/// Is a `{` here the start of a record's fields?
pub(super) fn brace_allowed(input: &Input<'_, '_>) -> bool {
    !input.state.no_brace.get()
}

/// Does an `else` here belong to the expression before it?
pub(super) fn else_allowed(input: &Input<'_, '_>) -> bool {
    !input.state.no_else.get()
}

/// An expression over parts, with its depth; too deep is a fault, so that every later walk may recurse.
pub(super) fn node(span: Span, kind: ExprKind, below: u16) -> Got<Expr> {
    if below >= MAX_DEPTH {
        return Err(Stop(Box::new(too_deep(span))));
    }
    Ok(Expr { kind, span, depth: below + 1 })
}
