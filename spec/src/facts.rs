//! What a text says that its meaning does not: where declarations stand, and what their doc comments hold.
//!
//! Gates read meanings; they need this to say where something is, and to look at prose. Invariants: an edit that moves
//! no line, adds no choice word and names nothing else leaves the facts as they are, so that nothing runs again.
//! Subjects are named as in `diff`: a kind and a name (`operator Post`, `record Entry.amount`). This file does not know
//! what is right or wrong.

use crate::diagnostic::position;
use crate::syntax::{File, Item, ItemKind, Span};
use gx_store::encode::{DecodeError, Fields, Value as Cbor, as_text};
use std::collections::{BTreeMap, BTreeSet};

/// The record's schema name.
const SCHEMA: &str = "gx.facts/1";

/// A line and a column, both from 1.
pub type Place = (u32, u32);

/// A word of a doc comment that matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Where it stands.
    pub place: Place,
    /// What it is about: the declaration behind it.
    pub subject: String,
    /// The word.
    pub word: String,
}

/// The facts of a text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// The path.
    pub file: String,
    /// The contract's full name.
    pub contract: String,
    /// Where each subject stands.
    pub places: BTreeMap<String, Place>,
    /// Words that leave a choice.
    pub choices: Vec<Word>,
    /// Names in back quotes that are spelt like an error or like an operator of a contract.
    pub mentions: Vec<Word>,
    /// Operators without a doc comment.
    pub silent: BTreeSet<String>,
}

/// Words of RFC 2119 that allow more than one behaviour; in capitals only.
const CAPITALS: [&str; 6] = ["MAY", "SHOULD", "SHOULD NOT", "RECOMMENDED", "NOT RECOMMENDED", "OPTIONAL"];

/// Words that leave something open, however they are spelt.
const OPEN: [&str; 19] = [
    "and so on",
    "as appropriate",
    "as needed",
    "at its discretion",
    "etc",
    "fixme",
    "if desired",
    "if possible",
    "implementation defined",
    "implementation specific",
    "implementation-defined",
    "implementation-specific",
    "platform-dependent",
    "tbd",
    "to be decided",
    "to be defined",
    "todo",
    "unspecified",
    "where possible",
];

impl Facts {
    /// The facts of a text that was parsed.
    pub fn of(file: &File, text: &str, path: &str) -> Facts {
        let mut facts = Facts { file: path.to_owned(), contract: file.header.name.text(), ..Facts::default() };
        let lines = Lines::of(text);
        let mut spans = vec![("contract".to_owned(), file.header.span)];
        spans.extend(file.imports.iter().map(|it| (format!("import {}", it.name.text()), it.span)));
        for item in &file.items {
            subjects(item, &mut spans);
            if matches!(item.kind, ItemKind::Operator(_)) && item.docs.is_empty() {
                facts.silent.insert(item.name.name.to_string());
            }
        }
        for (subject, span) in &spans {
            facts.places.entry(subject.clone()).or_insert_with(|| lines.place(span.start));
        }
        spans.sort_by_key(|it| it.1.start);
        facts.words(text, &spans);
        facts
    }

    /// Looks through the doc comments.
    fn words(&mut self, text: &str, spans: &[(String, Span)]) {
        let mut at = 0u32;
        for (number, line) in (1u32..).zip(text.split('\n')) {
            let blanks = line.len() - line.trim_start().len();
            let start = at;
            at += line.len() as u32 + 1;
            let inside = line.trim_start();
            let Some(doc) = inside.strip_prefix("///").or_else(|| inside.strip_prefix("//!")) else { continue };
            let before = line.get(..blanks + 3).unwrap_or_default().chars().count() as u32;
            let next = spans.partition_point(|it| it.1.start <= start);
            let subject = spans.get(next).map_or("contract", |it| it.0.as_str());
            let word = |offset: usize, word: &str| {
                let column = before + doc.get(..offset).unwrap_or_default().chars().count() as u32 + 1;
                Word { place: (number, column), subject: subject.to_owned(), word: word.to_owned() }
            };
            for (offset, found) in choices(doc) {
                self.choices.push(word(offset, found));
            }
            for (offset, found) in mentions(doc) {
                self.mentions.push(word(offset, found));
            }
        }
    }

    /// Where a subject stands: itself, or what it is part of.
    pub fn place(&self, subject: &str) -> Place {
        let whole = subject.split_once('.').map(|(whole, _)| whole);
        let found = self.places.get(subject).or_else(|| self.places.get(whole?));
        found.or_else(|| self.places.get("contract")).copied().unwrap_or((1, 1))
    }

    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let place = |(line, column): Place| [line, column].map(|n| Cbor::Unsigned(u64::from(n))).to_vec();
        let places = self.places.iter().map(|(subject, at)| (subject.clone(), Cbor::Array(place(*at))));
        let words = |words: &[Word]| {
            let one = |it: &Word| {
                let mut parts = place(it.place);
                parts.extend([Cbor::text(&it.subject), Cbor::text(&it.word)]);
                Cbor::Array(parts)
            };
            Cbor::Array(words.iter().map(one).collect())
        };
        Cbor::record([
            ("schema", Cbor::text(SCHEMA)),
            ("file", Cbor::text(&self.file)),
            ("contract", Cbor::text(&self.contract)),
            ("places", Cbor::Map(places.collect())),
            ("choices", words(&self.choices)),
            ("mentions", words(&self.mentions)),
            ("silent", Cbor::texts(&self.silent)),
        ])
        .encode()
    }

    /// Reads canonical bytes.
    pub fn decode(bytes: &[u8]) -> Result<Facts, DecodeError> {
        let mut fields = Fields::of_record(bytes, SCHEMA)?;
        let facts = Facts {
            file: fields.text("file")?,
            contract: fields.text("contract")?,
            places: places(fields.take("places")?)?,
            choices: fields.array("choices")?.into_iter().map(word).collect::<Result<_, _>>()?,
            mentions: fields.array("mentions")?.into_iter().map(word).collect::<Result<_, _>>()?,
            silent: fields.texts("silent")?.into_iter().collect(),
        };
        fields.finish()?;
        Ok(facts)
    }
}

fn places(value: Cbor) -> Result<BTreeMap<String, Place>, DecodeError> {
    let Cbor::Map(entries) = value else { return Err(DecodeError::field("places", "a map is expected")) };
    let one = |(subject, at)| match at {
        Cbor::Array(parts) => Ok((subject, place(&parts)?)),
        _ => Err(DecodeError::field("places", "a line and a column are expected")),
    };
    entries.into_iter().map(one).collect()
}

fn place(parts: &[Cbor]) -> Result<Place, DecodeError> {
    let number = |at: usize| match parts.get(at) {
        Some(Cbor::Unsigned(n)) => u32::try_from(*n).ok(),
        _ => None,
    };
    number(0).zip(number(1)).ok_or_else(|| DecodeError::field("place", "a line and a column are expected"))
}

fn word(value: Cbor) -> Result<Word, DecodeError> {
    let Cbor::Array(parts) = value else { return Err(DecodeError::field("word", "an array is expected")) };
    let at = place(&parts)?;
    let mut rest = parts.into_iter().skip(2);
    let mut text = || as_text(rest.next().unwrap_or(Cbor::Null), "word");
    Ok(Word { place: at, subject: text()?, word: text()? })
}

/// Where lines begin.
struct Lines<'t> {
    text: &'t str,
    starts: Vec<u32>,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str) -> Lines<'t> {
        let breaks = text.bytes().zip(0u32..).filter(|(b, _)| *b == b'\n').map(|(_, at)| at + 1);
        Lines { text, starts: [0].into_iter().chain(breaks).collect() }
    }

    fn place(&self, at: u32) -> Place {
        let line = self.starts.partition_point(|start| *start <= at);
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let (_, column) = position(self.text.get(start as usize..).unwrap_or_default(), at - start);
        (line as u32, column)
    }
}

/// The subjects of a declaration, with their places.
fn subjects(item: &Item, spans: &mut Vec<(String, Span)>) {
    let name = &item.name;
    let below = |kind: &str, part: &str| format!("{kind} {}.{part}", name.name);
    let kind = match &item.kind {
        ItemKind::Const(..) => "constant",
        ItemKind::Type(..) => "type",
        ItemKind::Enum(decl) => {
            spans.extend(decl.values.iter().map(|it| (below("enum", &it.name.name), it.span)));
            "enum"
        }
        ItemKind::Record(decl) => {
            spans.extend(decl.fields.iter().map(|it| (below("record", &it.name.name), it.span)));
            "record"
        }
        ItemKind::Error(_) => "error",
        ItemKind::Hash(_) => "hash",
        ItemKind::Operator(_) => "operator",
        ItemKind::Vector(vector) => {
            spans.push((format!("vector {}.{}", vector.operator.name, name.name), name.span));
            return;
        }
    };
    spans.push((format!("{kind} {}", name.name), name.span));
}

/// Does a word stand alone at this place?
fn alone(text: &str, at: usize, len: usize) -> bool {
    let inside = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let before = text.get(..at).and_then(|it| it.chars().next_back());
    let after = text.get(at + len..).and_then(|it| it.chars().next());
    !before.is_some_and(inside) && !after.is_some_and(inside)
}

/// Words that leave a choice, with their places; of two at one place the longer.
pub(crate) fn choices(doc: &str) -> Vec<(usize, &str)> {
    let lower = doc.to_ascii_lowercase();
    let mut found: BTreeMap<usize, usize> = BTreeMap::new();
    let mut note = |at: usize, len: usize| {
        let longest = found.entry(at).or_insert(len);
        *longest = len.max(*longest);
    };
    for word in CAPITALS {
        doc.match_indices(word).filter(|(at, _)| alone(doc, *at, word.len())).for_each(|(at, _)| note(at, word.len()));
    }
    for word in OPEN {
        lower
            .match_indices(word)
            .filter(|(at, _)| alone(&lower, *at, word.len()))
            .for_each(|(at, _)| note(at, word.len()));
    }
    let mut end = 0;
    let apart = found.into_iter().filter(|(at, len)| {
        let free = *at >= end;
        end = if free { at + len } else { end };
        free
    });
    apart.filter_map(|(at, len)| Some((at, doc.get(at..at + len)?))).collect()
}

/// Names between back quotes that are spelt like errors (`TWO_WORDS`) or like operators (`Post`).
fn mentions(doc: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut at = 0;
    for (number, part) in doc.split('`').enumerate() {
        let upper = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        let error = part.contains('_') && part.chars().all(upper) && part.starts_with(|c: char| c.is_ascii_uppercase());
        let pascal = part.len() > 1
            && part.starts_with(|c: char| c.is_ascii_uppercase())
            && part.chars().all(|c| c.is_ascii_alphanumeric())
            && part.contains(|c: char| c.is_ascii_lowercase());
        if number % 2 == 1 && (error || pascal) {
            found.push((at, part));
        }
        at += part.len() + 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "//! Implementations MAY choose, see `Post` and `OUT_OF_RANGE`.
contract A.B 1.0.0 layer L1 invalid BAD;

error BAD = 1 severity ERROR category input retry no message \"bad\";

/// Rounded as appropriate, etc. It may be `None`, or `a` or `XY`.
record R { a: u8 }

pure operator Twice(a: u8) -> u16 { a * 2 }

/// TBD, MAYBE, SHOULD NOT, etcetera
vector Twice two (a: 2) => 4;
";

    fn facts(text: &str) -> Facts {
        Facts::of(&crate::syntax::parse(text).file.unwrap(), text, "p/a.upel")
    }

    #[test]
    fn places_words_and_names_are_found() {
        let found = facts(TEXT);
        insta::assert_debug_snapshot!(found);
        assert_eq!(Facts::decode(&found.encode()).unwrap(), found);
        assert_eq!(found.place("record R.a"), (7, 12));
        assert_eq!(found.place("record R.gone"), found.place("record R"));
        assert_eq!(found.place("operator Gone"), found.place("contract"));
    }

    #[test]
    fn other_words_of_a_comment_change_nothing() {
        let other = TEXT.replace("Rounded as appropriate", "Tripled as appropriate").replace("etcetera", "and more");
        assert_eq!(facts(&other).encode(), facts(TEXT).encode());
    }
}
