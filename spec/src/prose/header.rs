//! The title, the lines of the header, and what they say: identity, version, layer.
//!
//! Invariant: the identity is what the header says, never the title. This file does not know what stands below.

use super::Reader;
use super::outline::Unit;
use crate::said::{HeaderField, Kind, Said};
use crate::syntax::Span;

impl Reader<'_> {
    /// Reads it: labelled lines up to the first rule or section.
    pub(super) fn header(&mut self) {
        let mut fields = Vec::new();
        let mut title = None;
        for unit in &self.units {
            match unit {
                Unit::Heading(1, text, _) if title.is_none() && fields.is_empty() => {
                    title = Some(Said::new(self.text(*text).trim().to_owned(), *text));
                }
                Unit::Heading(..) => break,
                Unit::Rule if !fields.is_empty() => break,
                Unit::Line(line) => {
                    if let Some((name, value)) = self.label(line) {
                        if name.value.eq_ignore_ascii_case("operator") {
                            break;
                        }
                        fields.push((name, value, line.codes.first().map(|code| code.inner)));
                    }
                }
                _ => {}
            }
        }
        if title.is_none() {
            let hint = "the first line is `# Title`";
            self.finding(Kind::NoHeader, Span::default(), "", "the document has no title", hint);
        }
        self.facts.title = title;
        if fields.is_empty() {
            let hint = "lines like **Algorithm:** `Name.Of.Contract` stand below the title";
            self.finding(Kind::NoHeader, Span::default(), "", "the document has no header", hint);
        }
        for (name, value, code) in fields {
            self.header_line(name, value, code);
        }
        if self.facts.identity.is_none() {
            let place = self.facts.header.first().map_or(Span::default(), |it| it.name.span);
            let message = "the header does not say which contract this is";
            self.finding(Kind::NoIdentity, place, "", message, "add **Algorithm:** `Name.Of.Contract`");
        }
    }

    fn header_line(&mut self, name: Said<String>, value: Span, code: Option<Span>) {
        let text = self.text(value);
        let label = name.value.to_ascii_lowercase();
        if text.is_empty() {
            let message = format!("'{}' of the header says nothing", name.value);
            self.finding(Kind::HeaderLine, name.span, &name.value, message, "write its value behind the colon");
        }
        let first = code.filter(|code| value.start <= code.start && code.end <= value.end);
        match &*label {
            "algorithm" | "contract" | "contract id" | "identity" => {
                let named = first.unwrap_or_else(|| first_word(self.source, value));
                let identity = self.text(named).trim_end_matches('.');
                if Self::is_operator(identity) {
                    self.twice("identity", self.facts.identity.clone(), &name);
                    let identity = Said::new(identity.to_owned(), named);
                    self.facts.identity.get_or_insert(identity);
                } else if !text.is_empty() {
                    let message = format!("'{identity}' is no name of a contract");
                    let hint = "a name is words joined by dots: `Shop.Orders.Pricing`";
                    self.finding(Kind::HeaderLine, value, &name.value, message, hint);
                }
            }
            "spec version" | "version" => {
                let named = first.unwrap_or_else(|| first_word(self.source, value));
                self.twice("version", self.facts.version.clone(), &name);
                let version = Said::new(self.text(named).to_owned(), named);
                if !version.value.is_empty() {
                    self.facts.version.get_or_insert(version);
                }
                self.date(&name.value, value);
            }
            "layer" => {
                let digit = text.chars().find_map(|c| c.to_digit(10)).filter(|it| (1..=4).contains(it));
                match digit {
                    Some(digit) => self.facts.layer = Some(digit as u8),
                    None => self.finding(Kind::HeaderLine, value, "Layer", "the layer is 1 to 4", "write `L1` to `L4`"),
                }
            }
            _ => {}
        }
        let value = Said::new(text.to_owned(), value);
        self.facts.header.push(HeaderField { name, value });
    }

    fn twice(&mut self, what: &str, before: Option<Said<String>>, name: &Said<String>) {
        if before.is_some() {
            let message = format!("the header says the {what} twice");
            self.finding(Kind::Twice, name.span, &name.value, message, "keep one of the lines");
        }
    }

    /// The date behind the version: `name | 2026-01-31 | authors`.
    fn date(&mut self, name: &str, value: Span) {
        let Some(part) = self.text(value).split('|').nth(1).map(str::trim) else { return };
        let part = part.trim_matches('`');
        let digits = |from: usize, to: usize| part.get(from..to).and_then(|it| it.parse::<u32>().ok());
        let looks = part.len() == 10 && part.bytes().filter(|b| *b == b'-').count() == 2;
        let sound = matches!((digits(0, 4), digits(5, 7), digits(8, 10)), (Some(_), Some(1..=12), Some(1..=31)));
        if looks && !sound {
            let message = format!("'{part}' is no date");
            self.finding(Kind::HeaderLine, value, name, message, "a date is written YYYY-MM-DD");
        }
    }
}

fn first_word(source: &str, value: Span) -> Span {
    let word = value.text(source).split([' ', '|', ',']).next().unwrap_or_default();
    Span::new(value.start, value.start + word.len() as u32)
}
