//! Markdown as a flat list of units: headings, lines, bullets, tables, fences and rules, each with its place.
//!
//! pulldown-cmark finds the structure; what the house's documents mean by a line is kept where CommonMark would join
//! it to its neighbours: a labelled line behind a bullet does not belong to the bullet, a line above `---` is no
//! heading, a bullet that is moved in too far is still a bullet. Invariants: units are in the order of the document;
//! spans are bytes of it. This file does not know what a unit says.

use crate::syntax::Span;
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use std::ops::Range;

/// How a line stands in the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// In a paragraph.
    None,
    /// The first of a bullet.
    Bullet,
    /// The first of a numbered item.
    Number,
}

/// Text in backticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Code {
    /// With the backticks.
    pub(super) outer: Span,
    /// Without them.
    pub(super) inner: Span,
}

/// A line.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// How it stands.
    pub(super) mark: Mark,
    /// The column of its mark, or of its text; from 0, in bytes.
    pub(super) column: u32,
    /// Lines with one number belong to one paragraph or item.
    pub(super) block: u32,
    /// Its text.
    pub(super) span: Span,
    /// What stands in backticks.
    pub(super) codes: Vec<Code>,
    /// Bold text at its beginning.
    pub(super) bold: Option<Span>,
}

/// A unit.
#[derive(Debug, Clone)]
pub(super) enum Unit {
    /// A heading: level and text.
    Heading(u8, Span, Span),
    /// `---`
    Rule,
    /// A line.
    Line(Line),
    /// A table, all lines of it.
    Table(Span),
    /// A fenced block: language and text.
    Fence(String, Span),
}

/// A link to a place.
pub(super) struct Outline {
    /// The units.
    pub(super) units: Vec<Unit>,
    /// Targets of links.
    pub(super) links: Vec<(String, Span)>,
}

struct Open {
    start: Option<usize>,
    codes: Vec<Code>,
    bold: Option<Span>,
    first: bool,
}

struct Builder<'s> {
    source: &'s str,
    units: Vec<Unit>,
    links: Vec<(String, Span)>,
    /// Columns of the open items' marks, whether they are numbered, and whether the mark is still to be used.
    items: Vec<(u32, bool, bool)>,
    lists: Vec<bool>,
    open: Option<Open>,
    block: u32,
    /// Does the document mark headings by `#`?
    marked: bool,
}

fn span(range: &Range<usize>) -> Span {
    Span::new(range.start as u32, range.end as u32)
}

/// The units of a document.
pub(super) fn outline(source: &str) -> Outline {
    let mut builder = Builder {
        source,
        units: Vec::new(),
        links: Vec::new(),
        items: Vec::new(),
        lists: Vec::new(),
        open: None,
        block: 0,
        marked: source.lines().any(|line| line.starts_with("# ") || line.starts_with("## ")),
    };
    let mut events = Parser::new_ext(source, Options::ENABLE_TABLES).into_offset_iter();
    while let Some((event, range)) = events.next() {
        match event {
            Event::Start(Tag::Table(_)) => {
                builder.end_line(range.start);
                builder.units.push(Unit::Table(span(&range)));
                skip(&mut events, |tag| matches!(tag, TagEnd::Table));
            }
            Event::Start(Tag::CodeBlock(kind)) => {
                builder.end_line(range.start);
                let text = text_of(&mut events, range.start);
                builder.code_block(&kind, text);
            }
            Event::Start(Tag::Heading { level, .. }) => {
                builder.end_line(range.start);
                builder.heading(level, &range, &mut events);
            }
            event => builder.event(event, &range),
        }
    }
    builder.end_line(source.len());
    Outline { units: builder.units, links: builder.links }
}

type Events<'e> = pulldown_cmark::OffsetIter<'e>;

fn skip(events: &mut Events<'_>, last: impl Fn(&TagEnd) -> bool) {
    for (event, _) in events {
        if let Event::End(tag) = event
            && last(&tag)
        {
            return;
        }
    }
}

/// The span of a code block's text.
fn text_of(events: &mut Events<'_>, start: usize) -> Span {
    let mut text: Option<Range<usize>> = None;
    for (event, range) in events {
        match event {
            Event::Text(_) => match &mut text {
                Some(text) => text.end = range.end,
                None => text = Some(range),
            },
            Event::End(TagEnd::CodeBlock) => break,
            _ => {}
        }
    }
    span(&text.unwrap_or(start..start))
}

const fn depth(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

/// The text in a run of backticks.
pub(super) fn code(source: &str, outer: Span) -> Code {
    let text = outer.text(source);
    let ticks = text.bytes().take_while(|b| *b == b'`').count();
    let inner = text.get(ticks..text.len().saturating_sub(ticks)).unwrap_or_default();
    let left = inner.len() - inner.trim_start().len();
    let start = outer.start + (ticks + left) as u32;
    Code { outer, inner: Span::new(start, start + inner.trim().len() as u32) }
}

/// What stands in backticks in a stretch of text that no parser went over.
pub(super) fn codes(source: &str, within: Span) -> Vec<Code> {
    let text = within.text(source);
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = text.get(at..).and_then(|rest| rest.find('`')).map(|it| it + at) {
        let run = text.get(start..).unwrap_or_default().bytes().take_while(|b| *b == b'`').count();
        let marks = "`".repeat(run);
        let mut from = start + run;
        let end = loop {
            let Some(end) = text.get(from..).and_then(|rest| rest.find(&marks)).map(|it| it + from) else {
                break None;
            };
            let length = text.get(end..).unwrap_or_default().bytes().take_while(|b| *b == b'`').count();
            if length == run {
                break Some(end);
            }
            from = end + length;
        };
        let Some(end) = end else {
            at = start + run;
            continue;
        };
        found.push(code(source, Span::new(within.start + start as u32, within.start + (end + run) as u32)));
        at = end + run;
    }
    found
}

impl Builder<'_> {
    /// The column of a byte in its line.
    fn column(&self, at: usize) -> u32 {
        let before = self.source.get(..at).unwrap_or_default();
        (before.len() - before.rfind('\n').map_or(0, |it| it + 1)) as u32
    }

    fn event(&mut self, event: Event<'_>, range: &Range<usize>) {
        match event {
            Event::Rule => {
                self.end_line(range.start);
                self.units.push(Unit::Rule);
            }
            Event::Start(Tag::List(first)) => {
                self.end_line(range.start);
                self.lists.push(first.is_some());
            }
            Event::End(TagEnd::List(_)) => {
                self.end_line(range.end);
                self.lists.pop();
            }
            Event::Start(Tag::Item) => {
                self.end_line(range.start);
                let text = self.source.get(range.clone()).unwrap_or_default();
                let start = range.start + (text.len() - text.trim_start().len());
                let column = self.column(start);
                self.items.push((column, self.lists.last().copied().unwrap_or_default(), true));
                self.block += 1;
            }
            Event::End(TagEnd::Item) => {
                self.end_line(range.end);
                self.items.pop();
                self.block += 1;
            }
            Event::Start(Tag::Paragraph | Tag::HtmlBlock | Tag::BlockQuote(_)) => {
                self.end_line(range.start);
                self.block += 1;
            }
            Event::End(TagEnd::Paragraph | TagEnd::HtmlBlock | TagEnd::BlockQuote(_)) => {
                self.end_line(range.end);
                self.block += 1;
            }
            Event::SoftBreak | Event::HardBreak => self.end_line(range.start),
            Event::Html(text) if text.trim_start().starts_with("<!--") => {}
            Event::Html(_) => {
                self.inline(range, None, None);
                self.end_line(range.end);
            }
            Event::Start(Tag::Strong) => self.inline(range, None, Some(span(range))),
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                self.links.push((dest_url.to_string(), span(range)));
                self.inline(range, None, None);
            }
            Event::Code(_) => {
                let code = code(self.source, span(range));
                self.inline(range, Some(code), None);
            }
            Event::End(_) => {}
            _ => self.inline(range, None, None),
        }
    }

    fn inline(&mut self, range: &Range<usize>, code: Option<Code>, bold: Option<Span>) {
        let open = self.open.get_or_insert(Open { start: None, codes: Vec::new(), bold: None, first: true });
        open.start.get_or_insert(range.start);
        if open.first && bold.is_some() {
            open.bold = bold;
        }
        open.first = false;
        open.codes.extend(code);
    }

    /// Ends the open line at a place.
    fn end_line(&mut self, end: usize) {
        let Some(Open { start: Some(start), codes, bold, .. }) = self.open.take() else { return };
        let text = self.source.get(start..end.max(start)).unwrap_or_default();
        // A hard break may be a backslash; what is behind the last character says nothing.
        let text = text.trim_end().trim_end_matches('\\').trim_end();
        let own = span(&(start..start + text.len()));
        let column = self.column(start);
        let mark = match self.items.last_mut() {
            Some((_, numbered, fresh @ true)) => {
                *fresh = false;
                if *numbered { Mark::Number } else { Mark::Bullet }
            }
            _ => Mark::None,
        };
        // A labelled line right of nothing is CommonMark's lazy continuation of the bullet above it, and no writer's.
        let lazy = mark == Mark::None && bold.is_some() && self.items.iter().any(|(at, ..)| column <= *at);
        if lazy {
            self.block += 1;
        }
        let column = match (mark, self.items.last()) {
            (Mark::None, _) | (_, None) => column,
            (_, Some((at, ..))) => *at,
        };
        self.units.push(Unit::Line(Line { mark, column, block: self.block, span: own, codes, bold }));
    }

    /// A heading; a line with `---` below it is a line and a rule, as the writer meant it.
    fn heading(&mut self, level: HeadingLevel, range: &Range<usize>, events: &mut Events<'_>) {
        let source = self.source;
        let whole = source.get(range.clone()).unwrap_or_default();
        let set = !whole.trim_start().starts_with('#');
        self.block += 1;
        let mut inner: Option<Range<usize>> = None;
        for (event, at) in events.by_ref() {
            match event {
                Event::End(TagEnd::Heading(_)) => break,
                event if set => self.event(event, &at),
                _ => match &mut inner {
                    Some(inner) => inner.end = inner.end.max(at.end),
                    None => inner = Some(at),
                },
            }
        }
        if !set {
            self.units.push(Unit::Heading(depth(level), span(&inner.unwrap_or(range.end..range.end)), span(range)));
            return;
        }
        let before = self.units.len();
        self.end_line(range.start + whole.trim_end().rfind('\n').unwrap_or(whole.len()));
        // Who marks headings by `#` means a rule by `---`, whatever stands above it.
        let dashes = self.marked && level == HeadingLevel::H2;
        let plain = !dashes && matches!(self.units.get(before..), Some([Unit::Line(line)]) if line.bold.is_none());
        match self.units.pop() {
            Some(Unit::Line(line)) if plain => self.units.push(Unit::Heading(depth(level), line.span, span(range))),
            Some(unit) => {
                self.units.push(unit);
                self.units.push(Unit::Rule);
            }
            None => {}
        }
        self.block += 1;
    }

    fn code_block(&mut self, kind: &CodeBlockKind<'_>, text: Span) {
        match kind {
            CodeBlockKind::Fenced(info) => {
                let language = info.split([' ', ',', '{']).next().unwrap_or_default().to_ascii_lowercase();
                self.units.push(Unit::Fence(language, text));
            }
            CodeBlockKind::Indented => {
                // No writer of these documents indents code: it is a list that is moved in too far.
                let mut at = text.start;
                for line in text.text(self.source).split_inclusive('\n') {
                    self.moved_in(line, at);
                    at += line.len() as u32;
                }
            }
        }
    }

    fn moved_in(&mut self, line: &str, at: u32) {
        let body = line.trim_start();
        let start = at + (line.len() - body.len()) as u32;
        let digits = body.bytes().take_while(u8::is_ascii_digit).count();
        let (mark, skip) = match body.as_bytes() {
            [b'-' | b'*' | b'+', b' ', ..] => (Mark::Bullet, 2),
            _ if digits > 0 && body.get(digits..).is_some_and(|it| it.starts_with(". ") || it.starts_with(") ")) => {
                (Mark::Number, digits + 2)
            }
            _ => (Mark::None, 0),
        };
        let text = body.get(skip..).unwrap_or_default().trim();
        if text.is_empty() {
            return;
        }
        let from = start + (body.len() - body.get(skip..).unwrap_or_default().trim_start().len()) as u32;
        let own = Span::new(from, from + text.len() as u32);
        if mark != Mark::None {
            self.block += 1;
        }
        let codes = codes(self.source, own);
        let column = self.column(start as usize);
        self.units.push(Unit::Line(Line { mark, column, block: self.block, span: own, codes, bold: None }));
    }
}
