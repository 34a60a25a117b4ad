//! A text as lines and kept regions.
//!
//! Invariant: put together, the tokens are the text. This file does not know what becomes of regions.

use super::{Refusal, Region};
use std::collections::BTreeSet;

/// What begins a region, and what ends it; whatever comment signs stand around.
const BEGIN: &str = "gx:keep begin";
const END: &str = "gx:keep end";

/// A line with its end, or a region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Token {
    Line(String),
    Region(Region),
}

impl Token {
    pub(super) fn text(&self) -> &str {
        match self {
            Token::Line(text) => text,
            Token::Region(region) => &region.text,
        }
    }
}

/// The name behind a mark: one word, without what closes a comment.
fn name_of(line: &str) -> Option<&str> {
    let (_, behind) = line.split_once(BEGIN)?;
    let name = behind.split_whitespace().next().unwrap_or_default();
    Some(name.trim_end_matches("*/").trim_end_matches("-->"))
}

/// Reads a text. Every mark that is wrong is told.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Vec<Refusal>> {
    let (mut tokens, mut faults): (Vec<Token>, Vec<Refusal>) = (Vec::new(), Vec::new());
    let mut open: Option<Region> = None;
    let mut names = BTreeSet::new();
    for (line, content) in (1..).zip(text.split_inclusive('\n')) {
        let mut fault = |why: String| faults.push(Refusal::Marks { line, why });
        if let Some(name) = name_of(content) {
            if let Some(region) = &open {
                fault(format!("a region begins within the region '{}' of line {}", region.name, region.line));
            }
            if name.is_empty() {
                fault("a region has a name: `gx:keep begin OPERATOR/SLOT`".to_owned());
            } else if !names.insert(name.to_owned()) {
                fault(format!("there are two regions '{name}'"));
            }
            let begun = open.get_or_insert_with(|| Region { name: name.to_owned(), line, text: String::new() });
            begun.text.push_str(content);
        } else if content.contains(END) {
            match open.take() {
                Some(mut region) => {
                    region.text.push_str(content);
                    tokens.push(Token::Region(region));
                }
                None => fault("a region ends here that has not begun".to_owned()),
            }
        } else {
            match &mut open {
                Some(region) => region.text.push_str(content),
                None => tokens.push(Token::Line(content.to_owned())),
            }
        }
    }
    if let Some(region) = open {
        let why = format!("the region '{}' does not end: write `{END}`", region.name);
        faults.push(Refusal::Marks { line: region.line, why });
    }
    if faults.is_empty() { Ok(tokens) } else { Err(faults) }
}
