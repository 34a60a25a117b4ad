//! From text to syntax tree, with every fault that is found on the way.
//!
//! `token` cuts the text, `input` feeds the tokens to winnow, `parse_*` are the grammar. Invariants: any bytes end in
//! a tree or in faults, never in a panic; a tree that comes without faults holds nothing bad. Names are not looked up
//! here.

mod ast;
mod input;
mod literal;
mod operator;
mod parse_clause;
mod parse_expr;
mod parse_file;
mod parse_item;
mod parse_type;
mod token;
mod tree;

pub use ast::*;
pub use operator::*;
pub use token::{Kind, Span, Token};
pub use tree::*;

use crate::diagnostic::Diagnostic;
use crate::rules::Rule;

/// The largest text that is read, in bytes.
pub const MAX_TEXT: usize = 16 << 20;

/// Faults that are told of one file; after that a reader has enough to do.
pub const MAX_FAULTS: usize = 100;

/// Words that name no field, parameter or binding.
pub const RESERVED: [&str; 21] = [
    "and", "as", "div", "else", "fail", "false", "fold", "for", "if", "in", "let", "map", "match", "mod", "none",
    "not", "or", "require", "some", "true", "with",
];

/// What came of a text.
#[derive(Debug)]
pub struct Parsed {
    /// The tree; `None` when not even a header was found.
    pub file: Option<File>,
    /// What is wrong, in order of place.
    pub faults: Vec<Diagnostic>,
}

/// Reads a text.
pub fn parse(source: &str) -> Parsed {
    let mut faults = Vec::new();
    if source.len() > MAX_TEXT {
        let message = format!("the file has {} bytes, at most {MAX_TEXT}", source.len());
        faults.push(Diagnostic::new(Rule::Depth, Span::new(0, 0), message).hint("split the contract"));
        return Parsed { file: None, faults };
    }
    let (tokens, comments) = token::tokens(source, &mut faults);
    let shared = input::Shared::new(source, faults);
    let mut file = parse_file::file(&mut input::of(&tokens, &shared));
    if let Some(file) = &mut file {
        file.comments = comments.iter().map(|token| comment(source, token.span)).collect();
    }
    let mut faults = shared.take();
    faults.sort_by_key(|fault| (fault.span, fault.rule));
    faults.dedup_by_key(|fault| fault.span);
    faults.truncate(MAX_FAULTS);
    Parsed { file, faults }
}

/// Reads bytes, which may not be text at all.
pub fn parse_bytes(bytes: &[u8]) -> Parsed {
    match std::str::from_utf8(bytes) {
        Ok(text) => parse(text),
        Err(error) => {
            let at = error.valid_up_to() as u32;
            let message = format!("the file is not UTF-8: byte {at} belongs to no character");
            let fault = Diagnostic::new(Rule::Lexical, Span::new(at, at), message);
            Parsed { file: None, faults: vec![fault.hint("save it as UTF-8")] }
        }
    }
}

fn comment(source: &str, span: Span) -> Comment {
    let before = source.get(..span.start as usize).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    Comment { text: span.text(source).trim_end().to_owned(), span, trailing: !line.trim().is_empty() }
}
