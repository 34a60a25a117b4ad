//! Fenced blocks: schemas as `name: type` lines, records in inline notation, steps of procedures; and preimages
//! wherever they stand.
//!
//! Invariant: a fence that begins to read as a schema is one, and a line of it that cannot be read is a finding. This
//! file does not know lists and tables.

use super::Reader;
use super::field::{field, notes, record};
use super::hashes;
use super::lists::is_identifier;
use super::outline::Unit;
use super::scan::trimmed;
use crate::said::{Fence, Field, FieldType, Kind, Said, Step};
use crate::syntax::Span;

/// A line of a schema.
struct Row {
    indent: usize,
    text: Span,
    note: Option<Span>,
}

impl Reader<'_> {
    /// Reads all fences.
    pub(super) fn fences(&mut self) {
        for at in 0..self.units.len() {
            let Some(Unit::Fence(language, text)) = self.units.get(at) else { continue };
            let (language, text) = (language.clone(), *text);
            match &*language {
                "yaml" | "yml" => self.schema(at, text),
                "text" | "" | "txt" | "pseudo" | "pseudocode" => {
                    self.written_records(at, text);
                    self.procedure(text);
                }
                _ => {}
            }
            self.facts.fences.push(Fence { language, text });
        }
    }

    fn rows(&self, text: Span) -> Vec<Row> {
        let mut rows = Vec::new();
        let mut from = text.start;
        for line in text.text(self.source).split_inclusive('\n') {
            let whole = Span::new(from, from + line.len() as u32);
            from = whole.end;
            let comment = line.find('#').filter(|at| *at == 0 || line.as_bytes().get(at - 1) == Some(&b' '));
            let cut = comment.map_or(whole.end, |at| whole.start + at as u32);
            let own = trimmed(self.source, Span::new(whole.start, cut));
            if own.start < own.end && !matches!(own.text(self.source), "---" | "...") {
                let note = comment.map(|at| Span::new(whole.start + at as u32 + 1, whole.end));
                rows.push(Row { indent: (own.start - whole.start) as usize, text: own, note });
            }
        }
        rows
    }

    /// A schema, or values of an example, which are no facts.
    fn schema(&mut self, at: usize, text: Span) {
        let rows = self.rows(text);
        let typed = |row: &Row| {
            let text = row.text.text(self.source);
            let rest = text.split_once(':').map_or("", |it| it.1).trim();
            !rest.is_empty() && field(self.source, row.text).is_some_and(|it| !literal(rest, &it.ty))
        };
        if !rows.iter().any(typed) {
            return;
        }
        let owner = self.fence_owner(at);
        let mut at_row = 0;
        let fields = self.schema_fields(&rows, &mut at_row, 0);
        let index = self.record_at(at, owner, text, true);
        if let Some(record) = self.facts.records.get_mut(index) {
            record.fields = fields;
            record.span = text;
        }
    }

    /// The label or line above a fence names what it holds.
    fn fence_owner(&self, at: usize) -> Option<Said<String>> {
        let above = (0..at).rev().find_map(|it| self.line(it))?;
        if self.home(at).is_some_and(|it| above.span.start < it.span.start) {
            return None;
        }
        let labelled = self.label(above).map(|(label, _)| label).map(|label| {
            let word = label.value.split([' ', '(']).next().unwrap_or_default().trim_matches('`').to_owned();
            Said::new(word, label.span)
        });
        let code = above.codes.iter().map(|code| code.inner).find(|it| is_identifier(self.text(*it)));
        let code = code.map(|it| Said::new(self.text(it).to_owned(), it));
        let ends = self.text(above.span).trim_end().trim_end_matches('*').ends_with(':');
        code.filter(|_| ends).or(labelled.filter(|it| is_identifier(&it.value)))
    }

    fn schema_fields(&mut self, rows: &[Row], at: &mut usize, depth: usize) -> Vec<Field> {
        let mut found = Vec::new();
        let Some(indent) = rows.get(*at).map(|row| row.indent) else { return found };
        while let Some(row) = rows.get(*at).filter(|row| row.indent >= indent) {
            *at += 1;
            let text = row.text.text(self.source);
            let deeper = rows.get(*at).is_some_and(|next| next.indent > row.indent) && depth < 32;
            let dashed = text
                .strip_prefix("- ")
                .map(|rest| trimmed(self.source, Span::new(row.text.end - rest.len() as u32, row.text.end)));
            let own = dashed.unwrap_or(row.text);
            if let Some(name) = own.text(self.source).strip_suffix(':')
                && is_identifier(name.trim_end_matches('?'))
            {
                let span = Span::new(own.start, own.end - 1);
                let list = rows.get(*at).is_some_and(|next| next.text.text(self.source).starts_with("- "));
                let inner = if deeper { self.schema_fields(rows, at, depth + 1) } else { Vec::new() };
                let ty = if inner.is_empty() { FieldType::Object } else { FieldType::Record(inner) };
                let ty = if list { FieldType::List(Box::new(ty), crate::said::Limits::default()) } else { ty };
                let bare = name.trim_end_matches('?');
                let name_said = Said::new(bare.to_owned(), span);
                found.push(Field { name: name_said, optional: bare.len() < name.len(), ty, default: None, span: own });
                continue;
            }
            match field(self.source, own) {
                Some(mut field) => {
                    if let Some(note) = row.note {
                        let lower = note.text(self.source).to_ascii_lowercase();
                        field.optional |=
                            lower.contains("optional") || lower.contains("only when") || lower.contains("only if");
                        notes(&mut field, self.source, note);
                    }
                    found.push(field);
                }
                None => {
                    let message =
                        format!("'{}' looks like a field of a schema and cannot be read", own.text(self.source));
                    let hint = "a line is `name: type` or `name?: type`, with `# notes` behind it";
                    self.finding(Kind::FenceForm, own, "", message, hint);
                }
            }
        }
        found
    }

    /// `Name = { a: T, ... }` over several lines.
    fn written_records(&mut self, at: usize, text: Span) {
        let body = text.text(self.source);
        let mut from = 0;
        while let Some(open) = body.get(from..).and_then(|rest| rest.find('{')).map(|it| it + from) {
            from = open + 1;
            let line = body.get(..open).unwrap_or_default().rsplit('\n').next().unwrap_or_default();
            let name = line.trim().trim_end_matches(['=', ':', '≔']).trim_end();
            let name = name.rsplit(' ').next().unwrap_or_default();
            let Some(length) = closing(body.get(open..).unwrap_or_default()) else { continue };
            let within = Span::new(text.start + open as u32, text.start + (open + length) as u32);
            if !is_identifier(name) || line.contains('(') {
                continue;
            }
            let plain = body.get(open..open + length).unwrap_or_default();
            let lines = plain.contains('\n') && !plain.contains(',');
            let read = if lines { None } else { record(self.source, within) };
            if let Some((fields, more)) = read.filter(|it| it.0.iter().any(|field| field.ty != FieldType::Unsaid)) {
                let start = text.start + (open - (line.len() - line.find(name).unwrap_or(0))) as u32;
                let name = Said::new(name.to_owned(), Span::new(start, start + name.len() as u32));
                let index = self.record_at(at, Some(name), within, true);
                if let Some(record) = self.facts.records.get_mut(index) {
                    record.fields = fields;
                    record.closed = !more;
                }
                from = open + length;
            }
        }
    }

    /// Steps: lines that begin with `1.`, `5a)`, `2:`.
    fn procedure(&mut self, text: Span) {
        for row in self.rows(text) {
            let line = row.text.text(self.source);
            let digits = line.bytes().take_while(u8::is_ascii_digit).count();
            let letters = line.bytes().skip(digits).take_while(u8::is_ascii_lowercase).count();
            let mark = line.get(digits + letters..).and_then(|it| it.chars().next());
            if (1..=3).contains(&digits) && letters <= 1 && matches!(mark, Some('.' | ')' | ':')) {
                let number = line.get(..digits + letters).unwrap_or_default().to_owned();
                let span = Span::new(row.text.start + (digits + letters + 1) as u32, row.text.end);
                let span = trimmed(self.source, span);
                self.facts.steps.push(Step { number, text: Said::new(span.text(self.source).to_owned(), span) });
            }
        }
    }

    /// Hashes, in lines, tables and fences.
    pub(super) fn preimages(&mut self) {
        let mut places = Vec::new();
        let mut block = None;
        for (at, unit) in self.units.iter().enumerate() {
            match unit {
                Unit::Line(line) if block != Some(line.block) => {
                    block = Some(line.block);
                    places.push((self.block_span(at, line.span), true));
                }
                Unit::Table(span) | Unit::Fence(_, span) => places.push((*span, false)),
                _ => {}
            }
        }
        for (place, in_line) in places {
            for found in hashes::find(self.source, place) {
                match found {
                    Ok(fact) => self.facts.hashes.push(fact),
                    Err((span, name, why)) => self.preimage_fault(span, &name, why),
                }
            }
            let codes = if in_line { super::outline::codes(self.source, place) } else { Vec::new() };
            for code in codes {
                if let Some(name) = hashes::missing(self.source, code.inner)
                    && !self.facts.hashes.iter().any(|it| it.name.span.start == code.inner.start)
                {
                    self.preimage_fault(code.inner, &name, "its definition is missing");
                }
            }
        }
    }

    fn preimage_fault(&mut self, span: Span, name: &str, why: &str) {
        let message = format!("the preimage of '{name}' cannot be read: {why}");
        let hint = "write `name = SHA-256(CBOR_CANONICAL([\"tag\", [a, b]]))`";
        self.finding(Kind::PreimageForm, span, name, message, hint);
    }
}

/// A value of an example, not a type.
fn literal(text: &str, ty: &FieldType) -> bool {
    match ty {
        FieldType::Enum(values) => values.len() == 1 && !text.contains("enum"),
        FieldType::Named(name) => matches!(name.as_str(), "true" | "false" | "null"),
        _ => false,
    }
}

/// How far it is to the bracket that closes the first one.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}
