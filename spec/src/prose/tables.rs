//! Pipe tables, and what those of errors, fields and defaults say.
//!
//! Invariants: a bar inside backticks parts no cells; a row with too many or too few cells is a finding, never cut to
//! size. This file does not know lists.

use super::Reader;
use super::field::{notes, whole_type};
use super::outline::Unit;
use super::scan::trimmed;
use crate::said::{Default, ErrorRow, Field, FieldType, Kind, Said, Table};
use crate::syntax::Span;

/// The cells of a row.
fn cells(source: &str, row: Span) -> Vec<Span> {
    let text = row.text(source);
    let mut found = Vec::new();
    let mut from = 0;
    let mut ticks = 0usize;
    let mut bytes = text.bytes().enumerate().peekable();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => {
                bytes.next();
            }
            b'`' => {
                let mut run = 1;
                while bytes.next_if(|(_, b)| *b == b'`').is_some() {
                    run += 1;
                }
                let marks = "`".repeat(run);
                let closes = text.get(at + run..).is_some_and(|rest| rest.contains(&marks));
                ticks = if ticks == run {
                    0
                } else if ticks == 0 && closes {
                    run
                } else {
                    ticks
                };
            }
            b'|' if ticks == 0 => {
                found.push(Span::new(row.start + from as u32, row.start + at as u32));
                from = at + 1;
            }
            _ => {}
        }
    }
    found.push(Span::new(row.start + from as u32, row.end));
    if text.starts_with('|') && !found.is_empty() {
        found.remove(0);
    }
    if found.last().is_some_and(|last| last.text(source).trim().is_empty()) && text.ends_with('|') {
        found.pop();
    }
    found.into_iter().map(|cell| trimmed(source, cell)).collect()
}

/// Is this the row below the titles?
fn is_delimiter(text: &str) -> bool {
    text.contains('-') && text.contains('|') && text.chars().all(|c| matches!(c, '|' | '-' | ':' | ' ' | '\t'))
}

/// A cell without its backticks.
fn plain(source: &str, cell: Span) -> Said<String> {
    let text = cell.text(source);
    let codes = super::outline::codes(source, cell);
    let (text, span) = match codes.as_slice() {
        [only] if only.outer == cell => (only.inner.text(source), only.inner),
        _ => (text, cell),
    };
    Said::new(text.replace("\\|", "|"), span)
}

impl Reader<'_> {
    /// Reads all tables.
    pub(super) fn tables(&mut self) {
        let mut at = 0;
        while at < self.units.len() {
            match self.units.get(at) {
                Some(Unit::Table(span)) => {
                    let span = *span;
                    self.table(at, span);
                }
                Some(Unit::Line(line)) if self.text(line.span).starts_with('|') => {
                    let from = line.span;
                    let last = (at..self.units.len())
                        .take_while(|it| self.line(*it).is_some_and(|line| self.text(line.span).starts_with('|')))
                        .last()
                        .unwrap_or(at);
                    let end = self.line(last).map_or(from.end, |line| line.span.end);
                    self.loose_table(at, Span::new(from.start, end));
                    at = last;
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// Rows that Markdown takes for a paragraph.
    fn loose_table(&mut self, at: usize, span: Span) {
        let second = self.text(span).lines().nth(1).unwrap_or_default();
        if is_delimiter(second) {
            self.table(at, span);
        } else if self.text(span).matches('|').count() > 2 {
            let hint = "below the titles stands a row of `|---|---|`, one for each column";
            self.finding(Kind::TableForm, span, "", "these rows are no table", hint);
        }
    }

    fn table(&mut self, at: usize, span: Span) {
        let mut rows = Vec::new();
        let mut from = span.start;
        for line in self.text(span).split_inclusive('\n') {
            let row = trimmed(self.source, Span::new(from, from + line.len() as u32));
            from += line.len() as u32;
            if row.start < row.end {
                rows.push(row);
            }
        }
        let mut rows = rows.into_iter();
        let Some(first) = rows.next() else { return };
        let title = |cell: Span| {
            let said = plain(self.source, cell);
            let name = said.value.trim_matches(['*', '`']).trim().to_lowercase().replace([' ', '-'], "_");
            Said::new(name, said.span)
        };
        let columns: Vec<Said<String>> = cells(self.source, first).into_iter().map(title).collect();
        let mut table = Table { columns, rows: Vec::new(), understood: false, span };
        for row in rows {
            if is_delimiter(self.text(row)) {
                continue;
            }
            let found = cells(self.source, row);
            if found.len() == table.columns.len() {
                table.rows.push(found.into_iter().map(|cell| plain(self.source, cell)).collect());
            } else {
                let message = format!("the row has {} cells, the table {}", found.len(), table.columns.len());
                let subject = found.first().map(|cell| plain(self.source, *cell).value).unwrap_or_default();
                let hint = "write a bar inside a cell as `\\|`, or in backticks";
                self.finding(Kind::TableForm, row, &subject, message, hint);
            }
        }
        table.understood = self.meaning(at, &table);
        if let Some(column) = table.column(&["allowed_error_codes", "error_codes"]) {
            let cells: Vec<Span> = table.rows.iter().filter_map(|row| Some(row.get(column)?.span)).collect();
            let codes: Vec<_> = cells.into_iter().flat_map(|cell| self.codes(cell)).collect();
            self.facts.codes.extend(codes);
        }
        self.facts.tables.push(table);
    }

    /// Makes facts of its rows; could it?
    fn meaning(&mut self, at: usize, table: &Table) -> bool {
        let code = table.column(&["code_id", "error_code", "code", "error"]);
        let number = table.column(&["numeric_code", "number", "numeric"]);
        let severity = table.column(&["severity"]);
        let name =
            table.column(&["field", "field_name", "field_path", "path", "name", "key", "parameter", "input", "output"]);
        let ty = table.column(&["type", "field_type"]);
        let default = table.column(&["default", "default_value"]);
        match (code, number.or(severity), name, ty, default) {
            (Some(code), Some(_), ..) => self.error_rows(table, code),
            (_, _, Some(name), Some(ty), _) => self.field_rows(at, table, name, ty),
            (_, _, Some(name), None, Some(default)) => {
                for row in &table.rows {
                    if let (Some(path), Some(value)) = (row.get(name), row.get(default)) {
                        self.facts.defaults.push(Default { path: path.clone(), value: value.clone() });
                    }
                }
            }
            _ => return false,
        }
        true
    }

    fn error_rows(&mut self, table: &Table, code: usize) {
        for row in &table.rows {
            let cell =
                |names: &[&str]| table.column(names).and_then(|at| row.get(at)).filter(|it| !it.value.is_empty());
            let Some(name) = row.get(code).cloned() else { continue };
            let span = row.iter().fold(name.span, |all, cell| all.to(cell.span));
            let sound = name.value.starts_with(|c: char| c.is_ascii_uppercase())
                && name.value.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
            if !sound {
                let message = format!("'{}' is no error code", name.value);
                self.finding(Kind::TableForm, name.span, &name.value, message, "codes are capitals, digits and `_`");
                continue;
            }
            let number = cell(&["numeric_code", "number", "numeric"]);
            let parsed = number.map(|it| Said::new(it.value.parse::<u32>(), it.span));
            if let Some(Said { value: Err(_), span }) = &parsed {
                let message = format!("'{}' of '{}' is no number", self.text(*span), name.value);
                self.finding(Kind::TableForm, *span, &name.value, message, "a number is digits, at most 4294967295");
            }
            let severity = cell(&["severity"]).cloned();
            let retry = cell(&["retryable", "retry"]).cloned();
            let retry = retry.and_then(|it| match &*it.value.to_ascii_lowercase() {
                "true" | "yes" => Some(Said::new(true, it.span)),
                "false" | "no" => Some(Said::new(false, it.span)),
                other => {
                    let message = format!("'{other}' of '{}' is neither true nor false", name.value);
                    self.finding(Kind::TableForm, it.span, &name.value, message, "write `true` or `false`");
                    None
                }
            });
            let fields = cell(&["deterministic_fields_required", "fields_required", "fields"]);
            let fields = fields.map(split_list).unwrap_or_default();
            self.facts.errors.push(ErrorRow {
                name,
                number: parsed.and_then(|it| Some(Said::new(it.value.ok()?, it.span))),
                severity,
                category: cell(&["category", "subsystem"]).cloned(),
                retry,
                message: cell(&["message_template", "message"]).cloned(),
                fields,
                span,
            });
        }
    }

    fn field_rows(&mut self, at: usize, table: &Table, name: usize, ty: usize) {
        for row in &table.rows {
            let (Some(name), Some(ty)) = (row.get(name).cloned(), row.get(ty).cloned()) else { continue };
            let cell =
                |names: &[&str]| table.column(names).and_then(|at| row.get(at)).filter(|it| !it.value.is_empty());
            let optional_mark = name.value.ends_with('?');
            let name = Said::new(name.value.trim_end_matches('?').to_owned(), name.span);
            let span = row.iter().fold(name.span, |all, cell| all.to(cell.span));
            let required = cell(&["required", "optional", "presence"]).map(|it| it.value.to_ascii_lowercase());
            let says_optional = match required.as_deref() {
                Some("optional") => true,
                Some("no" | "false") => table.column(&["required"]).is_some(),
                Some("yes" | "true") => table.column(&["required"]).is_none(),
                _ => false,
            };
            let empty = matches!(&*ty.value, "" | "-" | "—");
            let found = if empty { Some(FieldType::Unsaid) } else { whole_type(self.source, ty.span) };
            let (true, Some(kind)) = (super::lists::is_identifier(&name.value), found) else {
                let message = format!("'{}: {}' is no field", name.value, ty.value);
                let hint = "a row has a name and a type; docs/contracts.md lists the types";
                self.finding(Kind::FieldForm, span, &name.value, message, hint);
                continue;
            };
            let optional = optional_mark || says_optional;
            let default =
                cell(&["default", "default_value"]).filter(|it| !matches!(&*it.value, "-" | "—" | "n/a" | "N/A"));
            let mut field = Field { name, optional, ty: kind, default: default.cloned(), span };
            for column in ["constraints", "constraint", "range", "notes", "description"] {
                if let Some(cell) = cell(&[column]) {
                    notes(&mut field, self.source, cell.span);
                }
            }
            self.add_field(at, None, field);
        }
    }
}

/// A comma list, or a JSON array of texts.
fn split_list(cell: &Said<String>) -> Vec<Said<String>> {
    let text = cell.value.trim_matches(['[', ']']);
    let parts = text.split(',').map(|part| part.trim().trim_matches(['"', '`']));
    parts.filter(|part| !part.is_empty()).map(|part| Said::new(part.to_owned(), cell.span)).collect()
}
