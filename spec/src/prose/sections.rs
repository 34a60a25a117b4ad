//! Headings: number, title, tag, and whether what stands below binds.
//!
//! Invariants: a section is known by its title; a number is kept and never needed. This file does not know what a
//! section holds.

use super::Reader;
use super::outline::Unit;
use crate::said::{Norm, Said, Section};
use crate::syntax::Span;

/// `5) Operator Definitions (Normative)` in its parts.
pub(super) struct Heading<'h> {
    pub(super) number: Option<&'h str>,
    pub(super) title: &'h str,
    pub(super) tag: Option<Norm>,
}

/// The parts of a heading's text.
pub(super) fn heading(text: &str) -> Heading<'_> {
    let mut rest = text.trim().trim_matches('#').trim();
    if let Some(cut) = rest.strip_prefix("Section ").or_else(|| rest.strip_prefix("§")) {
        rest = cut.trim_start();
    }
    let first = rest.split_whitespace().next().unwrap_or_default();
    let bare = first.trim_end_matches([')', '.', ':']);
    let marked = bare.len() < first.len();
    let parts: Vec<&str> = bare.split('.').collect();
    let roman = |part: &str| !part.is_empty() && part.bytes().all(|b| matches!(b, b'I' | b'V' | b'X'));
    let digits = |part: &str| !part.is_empty() && part.len() <= 3 && part.bytes().all(|b| b.is_ascii_digit());
    let letter = |part: &str| part.len() <= 2 && part.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    let number = match parts.as_slice() {
        [only] => digits(only) || (marked && roman(only)),
        [first, rest @ ..] => {
            (digits(first) || roman(first)) && rest.iter().all(|part| !part.is_empty() && letter(part))
        }
        [] => false,
    };
    let number = if number && first.len() < rest.len() {
        rest = rest.get(first.len()..).unwrap_or_default();
        rest = rest.trim_start().trim_start_matches(['—', '–', ':', ')']).trim_start();
        Some(bare)
    } else {
        None
    };
    let mut tag = None;
    if let Some((title, inside)) = rest.strip_suffix(')').and_then(|it| it.rsplit_once('(')) {
        tag = self::tag(inside);
        if tag.is_some() || matches!(&*inside.trim().to_ascii_lowercase(), "concrete" | "required") {
            rest = title.trim_end();
        }
    }
    Heading { number, title: rest, tag }
}

fn tag(text: &str) -> Option<Norm> {
    let text = text.trim().to_ascii_lowercase();
    if text.starts_with("template") {
        Some(Norm::TemplateOnly)
    } else if text.starts_with("informative") || text.starts_with("non-normative") {
        Some(Norm::Informative)
    } else if ["normative", "authoritative", "mandatory"].iter().any(|word| text.starts_with(word)) {
        Some(Norm::Normative)
    } else {
        None
    }
}

/// What a section is when neither it nor one above says so.
fn untagged(heading: &Heading<'_>) -> Norm {
    let title = heading.title.to_ascii_lowercase();
    if title.contains("example") {
        return Norm::Informative;
    }
    match heading.number.map(|number| number.split('.').next().unwrap_or_default()) {
        Some("0" | "II" | "4" | "5" | "6") => Norm::Normative,
        _ if title.contains("operator") || title.contains("schema") || title == "procedure" => Norm::Normative,
        _ => Norm::Informative,
    }
}

impl Reader<'_> {
    /// Finds the sections, and which unit stands in which.
    pub(super) fn sections(&mut self) {
        let end = self.source.len() as u32;
        let mut sections: Vec<Section> = Vec::new();
        let mut open: Vec<(u8, Option<Norm>)> = Vec::new();
        let mut homes = Vec::with_capacity(self.units.len());
        for unit in &self.units {
            if let Unit::Heading(level, text, whole) = unit {
                let parts = heading(text.text(self.source));
                open.retain(|(above, _)| above < level);
                let above = open.iter().rev().find_map(|(_, norm)| *norm);
                let norm = parts.tag.or(above).unwrap_or_else(|| untagged(&parts));
                open.push((*level, parts.tag));
                if let Some(last) = sections.last_mut() {
                    last.span.end = whole.start;
                }
                sections.push(Section {
                    level: *level,
                    number: parts.number.map(str::to_owned),
                    title: Said::new(parts.title.to_owned(), *text),
                    norm,
                    span: Span::new(whole.start, end),
                });
            }
            homes.push(sections.len());
        }
        self.facts.sections = sections;
        self.homes = homes;
    }

    /// The section that a unit stands in.
    pub(super) fn home(&self, unit: usize) -> Option<&Section> {
        let number = self.homes.get(unit)?.checked_sub(1)?;
        self.facts.sections.get(number)
    }

    /// Does a unit stand in a section, or below one, whose title holds one of these words?
    pub(super) fn is_under(&self, unit: usize, words: &[&str]) -> bool {
        let Some(mut at) = self.homes.get(unit).copied() else { return false };
        let mut level = u8::MAX;
        while let Some(section) = at.checked_sub(1).and_then(|it| self.facts.sections.get(it)) {
            if section.level < level {
                level = section.level;
                let title = section.title.value.to_ascii_lowercase();
                if level > 1 && words.iter().any(|word| title.contains(word)) {
                    return true;
                }
            }
            at -= 1;
        }
        false
    }
}
