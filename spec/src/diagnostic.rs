//! What is wrong with a text, as data: the rule, the place, what was expected, other places, and what to do.
//!
//! Invariant: a diagnostic names its rule, and through it a code of the catalogue. This file does not know what is
//! right or wrong, nor a terminal: `render` gives text.

pub use crate::rules::{Rule, Rules};
use crate::syntax::Span;

/// A breach of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The rule.
    pub rule: Rule,
    /// Where.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// A few words at the place.
    pub label: String,
    /// Other places that matter, with a few words each.
    pub others: Vec<(Span, String)>,
    /// What to do.
    pub hints: Vec<String>,
}

impl Diagnostic {
    /// A breach of a rule at a place.
    pub fn new(rule: Rule, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic { rule, span, message: message.into(), label: String::new(), others: Vec::new(), hints: Vec::new() }
    }

    /// Adds words at the place.
    pub fn label(mut self, label: impl Into<String>) -> Diagnostic {
        self.label = label.into();
        self
    }

    /// Adds another place.
    pub fn other(mut self, span: Span, label: impl Into<String>) -> Diagnostic {
        self.others.push((span, label.into()));
        self
    }

    /// Adds a hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Diagnostic {
        self.hints.push(hint.into());
        self
    }

    /// Suggests the known name that is closest to the one given, when one is close.
    pub fn suggest<'k>(self, given: &str, known: impl IntoIterator<Item = &'k str>) -> Diagnostic {
        match closest(given, known) {
            Some(name) => self.hint(format!("did you mean '{name}'?")),
            None => self,
        }
    }
}

/// The known name that is closest to the one given, when it is close enough to be meant.
pub fn closest<'k>(given: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let (distance, name) = known.into_iter().map(|name| (strsim::damerau_levenshtein(given, name), name)).min()?;
    (distance > 0 && distance <= 1 + given.chars().count() / 4).then_some(name)
}

/// Line and column of a byte, both from 1; columns count characters.
pub fn position(source: &str, at: u32) -> (u32, u32) {
    let before = source.get(..at as usize).unwrap_or(source);
    let line = before.bytes().filter(|b| *b == b'\n').count() as u32 + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() as u32 + 1;
    (line, column)
}

/// The lines of the text that matter, with marks and words under them. Everything but the first line, which a program
/// that shows several kinds of errors writes in its own way.
pub fn excerpt(diagnostic: &Diagnostic, file: &str, source: &str, color: bool) -> String {
    let places = || std::iter::once(diagnostic.span).chain(diagnostic.others.iter().map(|it| it.0));
    if places().any(|span| is_long(source, span)) {
        return places().map(|span| window(source, span)).collect();
    }
    drawn(diagnostic, file, source, color)
}

/// A line longer than this, in bytes, is not shown as a whole.
const LONG: usize = 1000;

/// Does a span stand in a line that no terminal shows, or go over more than one would read?
fn is_long(source: &str, span: Span) -> bool {
    let start = (span.start as usize).min(source.len());
    let before = source.get(..start).map_or(0, |it| it.len() - it.rfind('\n').map_or(0, |at| at + 1));
    let rest = source.get(start..).unwrap_or_default();
    before + rest.bytes().take(LONG).take_while(|b| *b != b'\n').count() >= LONG
}

/// The characters around a place.
fn window(source: &str, span: Span) -> String {
    let start = (span.start as usize).min(source.len());
    let before: Vec<char> = source.get(..start).unwrap_or_default().chars().rev().take(20).collect();
    let line = before.into_iter().take_while(|c| *c != '\n').collect::<Vec<_>>().into_iter().rev();
    let behind = source.get(start..).unwrap_or_default().chars().take(40).take_while(|c| *c != '\n');
    let shown: String = line.chain(behind).flat_map(char::escape_debug).collect();
    format!("  in a long line: ...{shown}...\n")
}

fn drawn(diagnostic: &Diagnostic, file: &str, source: &str, color: bool) -> String {
    use ariadne::{Color, Config, IndexType, Label, Report, ReportKind, Source};
    let limit = source.len();
    let range = |span: Span| {
        let start = (span.start as usize).min(limit);
        start..(span.end as usize).clamp(start, limit)
    };
    let config = Config::default().with_index_type(IndexType::Byte).with_color(color);
    // A place without words would not be marked.
    let words = if diagnostic.label.is_empty() { "here" } else { &diagnostic.label };
    let mut first = Label::new((file, range(diagnostic.span))).with_priority(1).with_message(words);
    if color {
        first = first.with_color(Color::Red);
    }
    let mut report =
        Report::build(ReportKind::Error, (file, range(diagnostic.span))).with_config(config).with_label(first);
    for (span, words) in &diagnostic.others {
        let mut label = Label::new((file, range(*span))).with_message(words);
        if color {
            label = label.with_color(Color::Blue);
        }
        report = report.with_label(label);
    }
    let mut bytes = Vec::new();
    if report.finish().write((file, Source::from(source)), &mut bytes).is_err() {
        return String::new();
    }
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().skip(1).map(str::trim_end).collect();
    lines.join("\n") + "\n"
}

/// A diagnostic in full, as the tests and `gx` show it.
pub fn render(diagnostic: &Diagnostic, file: &str, source: &str) -> String {
    let rule = diagnostic.rule;
    let mut text = format!("error[GX{:04}]: {}\n", rule.code(), diagnostic.message);
    text.push_str(&excerpt(diagnostic, file, source, false));
    text.push_str(&format!("  rule {}: {}\n", rule.number(), rule.title()));
    for hint in &diagnostic.hints {
        text.push_str(&format!("  hint: {hint}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_too_long_is_shown_around_the_place_only() {
        let source = format!("{}HERE{}\nshort", "a".repeat(5000), "b".repeat(5_000_000));
        let fault = Diagnostic::new(Rule::Lexical, Span::new(5000, 5004), "what");
        let shown = excerpt(&fault, "x.upel", &source, false);
        assert!(shown.contains("aaaaHEREbbbb") && shown.len() < 200, "{shown}");
        let end = source.len() as u32;
        let shown = excerpt(&Diagnostic::new(Rule::Lexical, Span::new(end, end), "what"), "x.upel", &source, false);
        assert!(shown.contains("short"), "{shown}");
    }
}
