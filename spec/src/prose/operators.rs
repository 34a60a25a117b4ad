//! Operator blocks: `**Operator:**` up to the next one, a heading or a rule, and their labelled lines.
//!
//! Invariants: a block is found wherever it stands; every line of it belongs to one of its labels. This file does not
//! know tables of operators.

use super::Reader;
use super::outline::{Line, Mark, Unit};
use super::scan::trimmed;
use super::sections::heading;
use super::signature::signature;
use crate::said::{Clause, Entry, External, Kind, Norm, Operator, Said};
use crate::syntax::Span;

/// Labels that an operator's lines have; one without bold type counts too.
const LABELS: [&str; 14] = [
    "signature",
    "purity class",
    "purity",
    "determinism",
    "definition",
    "category",
    "failure behavior",
    "failure behaviour",
    "preconditions / postconditions",
    "dependencies",
    "edge cases",
    "allowed_error_codes",
    "test vectors",
    "ordering/tie handling",
];

/// A label of a block: where its value begins, and the units that belong to it.
struct Part {
    label: Said<String>,
    value: Span,
    units: std::ops::Range<usize>,
}

impl Reader<'_> {
    /// Reads all blocks.
    pub(super) fn operators(&mut self) {
        let mut at = 0;
        while at < self.units.len() {
            let Some((label, value)) = self.operator_line(at) else {
                at += 1;
                continue;
            };
            let from_heading = matches!(self.units.get(at), Some(Unit::Heading(..)));
            let start = at;
            at += 1;
            while at < self.units.len() {
                match self.units.get(at) {
                    Some(Unit::Heading(..) | Unit::Rule) => break,
                    // `### Operator: X` above `**Operator:** X` is one block.
                    Some(Unit::Line(_)) if self.operator_line(at).is_some() => break,
                    _ => at += 1,
                }
            }
            if from_heading && self.operator_line(at).is_some_and(|next| self.text(next.1) == self.text(value)) {
                continue;
            }
            self.block(&label, value, start..at);
        }
    }

    /// `**Operator:** ...`, or a heading that says it: the label and what stands behind it.
    fn operator_line(&self, at: usize) -> Option<(Span, Span)> {
        match self.units.get(at)? {
            Unit::Line(line) => {
                let (label, value) = self.label(line)?;
                label.value.eq_ignore_ascii_case("operator").then_some((label.span, value))
            }
            Unit::Heading(_, text, _) => {
                let parts = heading(self.text(*text));
                let rest = parts.title.strip_prefix("Operator")?;
                let rest = rest.strip_prefix(':').unwrap_or(rest).trim_start();
                rest.starts_with('`').then(|| (*text, Span::new(text.end - rest.len() as u32, text.end)))
            }
            _ => None,
        }
    }

    fn block(&mut self, label: &Span, value: Span, units: std::ops::Range<usize>) {
        let (name, remark) = self.operator_name(value);
        let Some(name) = name else {
            let text = self.text(value).to_owned();
            let message = format!("'{text}' is no name of an operator");
            let hint = "write **Operator:** `Name.Of.Operator`";
            self.finding(Kind::OperatorName, if text.is_empty() { *label } else { value }, "", message, hint);
            return;
        };
        let parts = self.block_parts(units.clone());
        let end = self.end_of(&units).max(value.end);
        let mut operator = Operator {
            name,
            remark,
            signature: None,
            purity: None,
            determinism: None,
            category: None,
            errors: None,
            dependencies: Vec::new(),
            clauses: Vec::new(),
            span: Span::new(label.start, end),
        };
        for part in parts {
            self.clause(&mut operator, part);
        }
        let found = (operator.signature.is_some(), operator.purity.is_some(), operator.name.clone());
        for (missing, what) in [(!found.0, "Signature"), (!found.1, "Purity class")] {
            if missing && operator.clause(what).is_none() {
                let message = format!("'{}' has no {}", found.2.value, what.to_ascii_lowercase());
                let hint = format!("add a line **{what}:**, or say in the section what holds for all");
                self.finding(Kind::ClauseMissing, found.2.span, &found.2.value, message, &hint);
            }
        }
        self.facts.operators.push(operator);
    }

    fn end_of(&self, units: &std::ops::Range<usize>) -> u32 {
        let ends = self.units.get(units.clone()).unwrap_or_default().iter().map(|unit| match unit {
            Unit::Heading(_, span, _) | Unit::Table(span) | Unit::Fence(_, span) => span.end,
            Unit::Line(line) => line.span.end,
            Unit::Rule => 0,
        });
        ends.max().unwrap_or_default()
    }

    /// The name in backticks, or the first word; and a remark in brackets behind it.
    fn operator_name(&mut self, value: Span) -> (Option<Said<String>>, Option<String>) {
        let code = super::outline::codes(self.source, value).first().copied();
        let (name, rest) = match code {
            Some(code) => (code.inner, code.outer.end),
            None => {
                let word = self.text(value).split([' ', '(']).next().unwrap_or_default().trim_end_matches('.');
                let span = Span::new(value.start, value.start + word.len() as u32);
                (span, span.end)
            }
        };
        let text = self.text(name);
        if !Self::is_operator(text) {
            return (None, None);
        }
        let remark = self.text(Span::new(rest, value.end)).trim();
        let remark = remark.strip_prefix('(').and_then(|it| it.strip_suffix(')')).unwrap_or(remark);
        (Some(Said::new(text.to_owned(), name)), (!remark.is_empty()).then(|| remark.to_owned()))
    }

    /// A label without bold type, of those that operators have.
    fn plain_label(&self, line: &Line) -> Option<(Said<String>, Span)> {
        let (name, rest) = self.text(line.span).split_once(':')?;
        let known = LABELS.contains(&&*name.trim().to_ascii_lowercase());
        let label = Span::new(line.span.start, line.span.start + name.len() as u32);
        let value = Span::new(line.span.end - rest.len() as u32, line.span.end);
        known.then(|| (Said::new(name.trim().to_owned(), label), trimmed(self.source, value)))
    }

    /// The label of a line in a block. A bullet has one only when it is a label of operators: others are steps.
    fn block_label(&self, line: &Line) -> Option<(Said<String>, Span)> {
        let bold = self
            .label(line)
            .filter(|(label, _)| line.mark == Mark::None || LABELS.contains(&&*label.value.to_ascii_lowercase()));
        bold.or_else(|| self.plain_label(line))
    }

    fn block_parts(&self, units: std::ops::Range<usize>) -> Vec<Part> {
        let mut parts: Vec<Part> = Vec::new();
        for at in units.start + 1..units.end {
            let labelled = self.line(at).and_then(|line| self.block_label(line));
            match (labelled, parts.last_mut()) {
                (Some((label, value)), last) => {
                    if let Some(last) = last {
                        last.units.end = at;
                    }
                    parts.push(Part { label, value, units: at..at + 1 });
                }
                (None, Some(last)) => last.units.end = at + 1,
                // Lines between the operator's name and its first label say what it is.
                (None, None) => {}
            }
        }
        parts
    }

    fn clause(&mut self, operator: &mut Operator, part: Part) {
        let end = self.end_of(&part.units).max(part.value.end);
        let value = trimmed(self.source, Span::new(part.value.start, end));
        let label = part.label.value.to_ascii_lowercase();
        if operator.clause(&part.label.value).is_some() {
            let message = format!("'{}' says '{}' twice", operator.name.value, part.label.value);
            self.finding(Kind::Twice, part.label.span, &operator.name.value, message, "keep one of the lines");
        }
        match &*label {
            "signature" => self.signature(operator, &part),
            "purity class" | "purity" => self.purity(operator, part.value),
            "determinism" => self.determinism(operator, part.value),
            "category" => {
                let text = self.text(part.value).trim_end_matches('.').trim_matches('`');
                operator.category = Some(Said::new(text.to_owned(), part.value));
            }
            "allowed_error_codes" | "allowed error codes" | "error codes" => {
                let codes = self.codes(value);
                let none = self.text(value).trim_matches(['`', '.', '[', ']', ' ']).to_ascii_lowercase();
                if codes.is_empty() && !matches!(&*none, "" | "none" | "n/a" | "-" | "—") {
                    let message = format!("'{}' names no error code", self.text(value));
                    let hint = "write codes in backticks with commas between: `BAD_INPUT`, `TOO_LARGE`";
                    self.finding(Kind::CodesForm, value, &operator.name.value, message, hint);
                } else {
                    operator.errors = Some(codes.clone());
                }
                self.facts.codes.extend(codes);
            }
            "failure behavior" | "failure behaviour" => {
                let codes = self.backticked_codes(value);
                self.facts.codes.extend(codes.iter().cloned());
                if !codes.is_empty() && operator.errors.is_none() {
                    operator.errors = Some(codes);
                }
            }
            "dependencies" => operator.dependencies = self.dependencies(value),
            _ => {}
        }
        let value = Said::new(self.text(value).to_owned(), value);
        operator.clauses.push(Clause { label: part.label, value });
    }

    fn signature(&mut self, operator: &mut Operator, part: &Part) {
        let within = Span::new(part.value.start, self.end_of(&part.units).max(part.value.end));
        let code = super::outline::codes(self.source, within).first().map(|code| code.inner);
        match signature(self.source, code.unwrap_or(part.value)) {
            Ok(signature) => operator.signature = Some(signature),
            Err((span, why)) => {
                let message = format!("the signature of '{}' cannot be read: {why}", operator.name.value);
                let hint = "a signature is `(input: type, other? -> output)`";
                self.finding(Kind::SignatureForm, span, &operator.name.value, message, hint);
            }
        }
    }

    fn purity(&mut self, operator: &mut Operator, value: Span) {
        let text = self.text(value).trim_matches(['`', '*']);
        let word = text.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default().to_ascii_uppercase();
        if matches!(&*word, "PURE" | "STATEFUL" | "IO") {
            operator.purity = Some(Said::new(word, value));
        } else {
            let message = format!("'{text}' is no purity class");
            self.finding(Kind::PurityForm, value, &operator.name.value, message, "it is PURE, STATEFUL or IO");
        }
    }

    fn determinism(&mut self, operator: &mut Operator, value: Span) {
        let text = self.text(value).to_ascii_lowercase();
        let text = text.trim_start_matches(['`', '*']).trim_start_matches("fully ");
        let class = ["deterministic", "stochastic", "mixed", "bitwise", "e0", "e1"]
            .into_iter()
            .find(|word| text.starts_with(word));
        match class {
            Some(class) => {
                let class = if matches!(class, "bitwise" | "e0" | "e1") { "deterministic" } else { class };
                operator.determinism = Some(Said::new(class.to_ascii_uppercase(), value));
            }
            None => {
                let message = format!("'{}' does not say whether it is deterministic", self.text(value));
                let hint = "begin with `deterministic`, `stochastic` or `mixed`";
                self.finding(Kind::DeterminismForm, value, &operator.name.value, message, hint);
            }
        }
    }

    /// Error codes, in backticks or not.
    pub(super) fn codes(&self, value: Span) -> Vec<Said<String>> {
        let mut found = Vec::new();
        let text = self.text(value);
        let mut from = 0;
        for word in text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')) {
            let at = from;
            from +=
                word.len() + text.get(from + word.len()..).and_then(|it| it.chars().next()).map_or(0, char::len_utf8);
            if is_code(word) && word != "NONE" {
                let start = value.start + at as u32;
                found.push(Said::new(word.to_owned(), Span::new(start, start + word.len() as u32)));
            }
        }
        found
    }

    /// Error codes that fill their backticks.
    pub(super) fn backticked_codes(&self, value: Span) -> Vec<Said<String>> {
        let codes = super::outline::codes(self.source, value);
        let whole = codes.iter().filter(|code| is_code(self.text(code.inner)));
        whole.map(|code| Said::new(self.text(code.inner).to_owned(), code.inner)).collect()
    }

    fn dependencies(&self, value: Span) -> Vec<Said<String>> {
        let parts = super::scan::parts(self.source, value, &[",", ";", "\n"]);
        let one = |span: Span| {
            let text = self.text(span).trim_start_matches("- ").trim_matches(['`', '.', ' ']);
            let none = matches!(&*text.to_ascii_lowercase(), "" | "none" | "n/a" | "-");
            (!none).then(|| Said::new(text.to_owned(), span))
        };
        parts.into_iter().filter_map(one).collect()
    }

    /// Entries of manifests, and operators that other documents define.
    pub(super) fn manifests(&mut self) {
        let mut entries = Vec::new();
        let mut externals = Vec::new();
        let mut faults = Vec::new();
        for at in 0..self.units.len() {
            let Some(line) = self.line(at) else { continue };
            let text = self.text(line.span);
            if let Some(rest) = external_rest(text) {
                let within = self.block_span(at, Span::new(line.span.end - rest.len() as u32, line.span.end));
                match self.external(within) {
                    Some(found) => externals.extend(found),
                    None => faults.push((Kind::ExternalForm, line.span, text)),
                }
            } else if line.mark != Mark::None && self.is_under(at, &["operator manifest", "referenced operators"]) {
                let name = line.codes.first().map_or(line.span, |code| code.inner);
                let plain = line.codes.is_empty();
                let own = self.text(name).trim_end_matches('.');
                let template = self.home(at).is_some_and(|it| it.norm == Norm::TemplateOnly)
                    || self.is_under(at, &["referenced operators"]);
                if Self::is_operator(own) && (own.contains('.') || !plain) {
                    entries.push(Entry { name: Said::new(own.to_owned(), name), template });
                } else if !plain && !own.contains(['/', '(', ' ']) {
                    faults.push((Kind::ManifestEntry, line.span, text));
                }
            }
        }
        for (kind, span, text) in faults {
            let message = format!("'{text}' names no operator");
            let hint = "an entry is a bullet with one name in backticks: - `Name.Of.Operator`";
            self.finding(kind, span, "", message, hint);
        }
        self.facts.manifest = entries;
        self.facts.externals = externals;
    }

    /// Bullets outside of operators that list error codes: `Failure codes: `A`, `B``.
    pub(super) fn spoken_codes(&mut self) {
        let mut found = Vec::new();
        for at in 0..self.units.len() {
            let Some(line) = self.line(at).filter(|line| line.mark != Mark::None) else { continue };
            let text = self.text(line.span).trim_start_matches(['*', '_', ' ']).to_ascii_lowercase();
            let lists = ["failure codes", "error codes", "active error codes", "allowed error codes"].into_iter().any(
                |words| text.strip_prefix(words).is_some_and(|rest| rest.trim_start_matches('*').starts_with(':')),
            );
            let inside = |it: &Operator| it.span.start <= line.span.start && line.span.start < it.span.end;
            if lists && !self.facts.operators.iter().any(inside) {
                found.extend(self.backticked_codes(self.block_span(at, line.span)));
            }
        }
        self.facts.codes.extend(found);
    }

    /// From a place to the end of the paragraph or item that a line is in.
    pub(super) fn block_span(&self, at: usize, from: Span) -> Span {
        let block = self.line(at).map(|line| line.block);
        let lines = (at..self.units.len()).map_while(|it| self.line(it).filter(|line| Some(line.block) == block));
        Span::new(from.start, lines.last().map_or(from.end, |line| line.span.end.max(from.end)))
    }

    fn external(&self, within: Span) -> Option<Vec<External>> {
        let codes = super::outline::codes(self.source, within);
        let (documents, names): (Vec<_>, Vec<_>) = codes
            .iter()
            .map(|code| code.inner)
            .partition(|it| self.text(*it).contains('/') || self.text(*it).contains(".md"));
        let document = documents.first().map(|it| Said::new(self.text(*it).to_owned(), *it));
        let names: Vec<External> = names
            .into_iter()
            .filter(|it| Self::is_operator(self.text(*it)))
            .map(|it| External { name: Said::new(self.text(it).to_owned(), it), document: document.clone() })
            .collect();
        (!names.is_empty()).then_some(names)
    }
}

/// What stands behind "External operator reference:".
fn external_rest(text: &str) -> Option<&str> {
    let bare = text.trim_start_matches(['*', '_', ' ']);
    let rest =
        ["External operator reference", "External operator references", "External operators"].iter().rev().find_map(
            |words| bare.get(..words.len()).filter(|it| it.eq_ignore_ascii_case(words)).and(bare.get(words.len()..)),
        )?;
    rest.trim_start_matches('s').trim_start_matches('*').trim_start().strip_prefix(':')
}

/// Capitals, digits and `_`, as codes of errors are; not each of them is one.
fn is_code(word: &str) -> bool {
    let upper = word.starts_with(|c: char| c.is_ascii_uppercase()) && word.len() > 2;
    upper && word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}
