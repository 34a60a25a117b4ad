//! The grammar of a file (rule G2): header, imports, declarations; and recovery between them.
//!
//! Invariant: after a fault reading goes on at the next word that begins a declaration at the start of a line.

use super::ast::*;
use super::input::*;
use super::parse_clause::path;
use super::parse_item::{WORDS, item};
use super::token::Kind;
use crate::diagnostic::Diagnostic;
use crate::rules::Rule;
use winnow::Parser;

const RULE: Rule = Rule::FileForm;

/// A whole file; `None` without a header.
pub(super) fn file(input: &mut Input<'_, '_>) -> Option<File> {
    let mut docs = Vec::new();
    while at(input, Kind::InnerDoc) {
        let text = bump(input).span.text(input.state.source).get(3..).unwrap_or_default();
        docs.push(text.strip_prefix(' ').unwrap_or(text).trim_end().to_owned());
    }
    let header = match header(input) {
        Ok(header) => Some(header),
        Err(Stop(fault)) => {
            input.state.report(*fault);
            recover(input);
            None
        }
    };
    let mut imports = Vec::new();
    while at_word(input, "import") {
        match import(input) {
            Ok(import) => imports.push(import),
            Err(Stop(fault)) => {
                input.state.report(*fault);
                recover(input);
            }
        }
    }
    let mut items = Vec::new();
    while !at(input, Kind::End) {
        match item(input) {
            Ok(item) => items.push(item),
            Err(Stop(fault)) => {
                input.state.report(*fault);
                recover(input);
            }
        }
    }
    Some(File { docs, header: header?, imports, items, comments: Vec::new() })
}

/// Skips at least one token, then to a word that begins a declaration at the start of a line.
fn recover(input: &mut Input<'_, '_>) {
    loop {
        bump(input);
        let next = peek(input);
        if next.kind == Kind::End {
            return;
        }
        let starts_line = next.span.start == 0
            || input.state.source.as_bytes().get(next.span.start as usize - 1).is_some_and(|b| *b == b'\n');
        let begins = match next.kind {
            Kind::Word => {
                let text = peek_text(input);
                WORDS.contains(&text) || text == "import" || text == "operator"
            }
            Kind::Doc => true,
            _ => false,
        };
        if starts_line && begins {
            return;
        }
    }
}

fn version(input: &mut Input<'_, '_>) -> Got<Version> {
    let found = token(Kind::Version, RULE).parse_next(input)?;
    let text = found.span.text(input.state.source);
    let fault = || Stop(Box::new(Diagnostic::new(RULE, found.span, format!("'{text}' is no version"))));
    let mut parts = text.split('.').map(|part| part.parse::<u32>().map_err(|_| fault()));
    let mut next = || parts.next().unwrap_or_else(|| Err(fault()));
    Ok(Version(next()?, next()?, next()?))
}

fn header(input: &mut Input<'_, '_>) -> Got<Header> {
    let start = peek(input).span;
    if !at_word(input, "contract") {
        let mut stop = stop(input, RULE, "'contract'");
        *stop.0 = stop.0.hint("a file begins with `contract Shop.Orders 1.0.0 layer L1;`");
        return Err(stop);
    }
    bump(input);
    let name = path(input, RULE)?;
    let version_span = peek(input).span;
    let version = version(input)?;
    keyword("layer", RULE).parse_next(input)?;
    let layer = match peek_text(input) {
        "L1" => 1,
        "L2" => 2,
        "L3" => 3,
        "L4" => 4,
        _ => return Err(stop(input, RULE, "'L1', 'L2', 'L3' or 'L4'")),
    };
    bump(input);
    let invalid = if eat_word(input, "invalid") { Some(path(input, RULE)?) } else { None };
    token(Kind::Semicolon, RULE).parse_next(input)?;
    Ok(Header { name, version, version_span, layer, invalid, span: since(input, start) })
}

fn import(input: &mut Input<'_, '_>) -> Got<Import> {
    let start = bump(input).span;
    let name = path(input, RULE)?;
    let version = version(input)?;
    let alias = if eat_word(input, "as") {
        word(input, RULE, "a name")?
    } else {
        name.parts.last().cloned().ok_or_else(|| stop(input, RULE, "a name"))?
    };
    token(Kind::Semicolon, RULE).parse_next(input)?;
    Ok(Import { name, version, alias, span: since(input, start) })
}
