//! Rules for numbers in prose: numbers with names, how something is rounded, tolerances, and what a quantile is.
//!
//! A number with a name counts wherever it stands, a rounding in the block of an operator or in a section on numbers.
//! Invariants: what is not said in a known form is no rule; a rule has one spelling. This file does not know whether
//! two rules agree.

use super::Reader;
use crate::said::number::{ABSOLUTE, NumberRule, QUANTILE, RELATIVE, ROUNDING, canonical};
use crate::said::{Norm, Said};
use crate::syntax::Span;

/// Words for a way to round, the longer ones first where one holds another.
const WAYS: [(&str, &str); 25] = [
    ("half to even", "half_even"),
    ("half-to-even", "half_even"),
    ("half even", "half_even"),
    ("half-even", "half_even"),
    ("half_even", "half_even"),
    ("ties to even", "half_even"),
    ("ties-to-even", "half_even"),
    ("nearest even", "half_even"),
    ("banker", "half_even"),
    ("half up", "half_up"),
    ("half-up", "half_up"),
    ("half_up", "half_up"),
    ("half away from zero", "half_up"),
    ("away from zero", "up"),
    ("toward zero", "down"),
    ("towards zero", "down"),
    ("truncat", "down"),
    ("minus infinity", "floor"),
    ("negative infinity", "floor"),
    ("floor", "floor"),
    ("plus infinity", "ceiling"),
    ("positive infinity", "ceiling"),
    ("ceil", "ceiling"),
    (" down", "down"),
    (" up", "up"),
];

/// So far behind the word for rounding the way is looked for.
const REACH: usize = 60;

/// Words that speak of quantiles.
const QUANTILES: [&str; 4] = ["quantile", "percentile", "nearest-rank", "nearest rank"];

impl Reader<'_> {
    /// Finds them.
    pub(super) fn numbers(&mut self) {
        let mut found: Vec<NumberRule> = Vec::new();
        for section in self.facts.sections.iter().filter(|it| it.norm != Norm::TemplateOnly) {
            let text = section.span.text(self.source);
            let about = section.title.value.to_ascii_lowercase().contains("numeric");
            let flat = flat(text);
            let mut rule = |at: usize, len: usize, topic: &str, value: String, loose: bool| {
                let span = Span::new(section.span.start + at as u32, section.span.start + (at + len) as u32);
                let home =
                    self.facts.operators.iter().find(|it| it.span.start <= span.start && span.end <= it.span.end);
                // What has a name, and what a quantile is, holds everywhere.
                let operator = home.filter(|_| !loose).map(|it| it.name.value.clone());
                if loose || operator.is_some() || about {
                    found.push(NumberRule { operator, topic: Said::new(topic.to_owned(), span), value });
                }
            };
            for (at, name, value) in named(text) {
                match name {
                    "abs_tol" => rule(at, name.len(), ABSOLUTE, value, false),
                    "rel_tol" => rule(at, name.len(), RELATIVE, value, false),
                    _ => rule(at, name.len(), name, value, true),
                }
            }
            for (at, len, way) in ways(&flat) {
                rule(at, len, ROUNDING, way.to_owned(), false);
            }
            for (at, len, formula) in quantiles(text) {
                rule(at, len, QUANTILE, formula, true);
            }
        }
        found.sort_by_key(|it| it.topic.span);
        self.facts.numbers = found;
    }
}

/// The text in lower case, with the lines of a paragraph as one: what goes on in the next line goes on.
fn flat(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut out = String::with_capacity(lower.len());
    for line in lower.split_inclusive('\n') {
        let begins = line.trim_start().starts_with(['-', '*', '#', '|', '`', '+']) || line.trim().is_empty();
        if !begins && out.ends_with('\n') {
            out.pop();
            out.push(' ');
        }
        out.push_str(line);
    }
    out
}

const fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_'
}

/// The length of the number that a text begins with; nothing when more than a number stands there.
fn number(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes.iter().skip(from).take_while(|b| b.is_ascii_digit() || **b == b'_').count();
    let sign = usize::from(bytes.first() == Some(&b'-'));
    let mut end = sign + digits(sign);
    if end == sign {
        return None;
    }
    if bytes.get(end) == Some(&b'.') && digits(end + 1) > 0 {
        end += 1 + digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'-' | b'+')));
        if digits(end + 1 + sign) > 0 {
            end += 1 + sign + digits(end + 1 + sign);
        }
    }
    let behind = text.get(end..)?.trim_start_matches('`').trim_start();
    let more = bytes.get(end).is_some_and(|b| is_word(*b)) || behind.starts_with(['^', '*', '/', '(', '+', '%', '·']);
    (!more).then_some(end)
}

/// `EPS_EQ = 1e-10`, in backticks or not; `abs_tol: 1e-9` too.
fn named(text: &str) -> Vec<(usize, &str, String)> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let len = bytes.iter().skip(at).take_while(|b| is_word(**b)).count();
        if len == 0 {
            at += 1;
            continue;
        }
        let (name, rest) = (text.get(at..at + len).unwrap_or_default(), text.get(at + len..).unwrap_or_default());
        let tolerance = matches!(name, "abs_tol" | "rel_tol");
        let upper =
            name.contains('_') && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
        if tolerance || (upper && name.as_bytes().first().is_some_and(u8::is_ascii_uppercase)) {
            let value = rest.trim_start_matches(['`', ' ']);
            let value = value.strip_prefix(":=").or_else(|| value.strip_prefix('=').filter(|it| !it.starts_with('=')));
            let value = value.or_else(|| rest.trim_start_matches(['`', ' ']).strip_prefix(':').filter(|_| tolerance));
            let value = value.map(|it| it.trim_start_matches(['`', ' ']));
            let value = value.and_then(|it| canonical(it.get(..number(it)?)?));
            found.extend(value.map(|value| (at, name, value)));
        }
        at += len;
    }
    found
}

/// How something is rounded: the place of the words, their length, and the way.
fn ways(flat: &str) -> Vec<(usize, usize, &'static str)> {
    let mut found: Vec<(usize, usize, &'static str)> = Vec::new();
    for (at, word) in flat.match_indices("round").chain(flat.match_indices("ties")) {
        let before = flat.get(..at).and_then(|it| it.bytes().next_back());
        if before.is_some_and(is_word) || found.last().is_some_and(|(start, len, _)| at < start + len) {
            continue;
        }
        let rest = flat.get(at..).unwrap_or_default();
        let end = rest.find(['\n', '.', ';', ')']).unwrap_or(rest.len());
        let mut end = end.min(REACH);
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let rest = rest.get(..end).unwrap_or_default();
        let way = WAYS.iter().filter_map(|(words, way)| Some((rest.find(words)?, words.len(), *way)));
        // Of two at one place the longer; `half away from zero` holds `away from zero`.
        let first = way.min_by_key(|(offset, len, _)| (*offset, usize::MAX - len));
        if let Some((offset, len, way)) = first.filter(|_| word == "round" || rest.starts_with("ties")) {
            found.push((at, offset + len, way));
        }
    }
    found.sort_unstable();
    found.dedup_by_key(|it| it.0);
    found
}

/// Formulas of quantiles, in one spelling.
fn quantiles(text: &str) -> Vec<(usize, usize, String)> {
    let mut found: Vec<(usize, usize, String)> = Vec::new();
    let mut at = 0;
    let mut reach = 0u32;
    for line in text.split_inclusive('\n') {
        let lower = line.to_ascii_lowercase();
        if QUANTILES.iter().any(|word| lower.contains(word)) {
            reach = 3;
        } else if line.trim().is_empty() || line.starts_with('#') {
            reach = 0;
        }
        if reach > 0 {
            reach -= 1;
            if let Some((offset, len, formula)) = formula(line) {
                found.push((at + offset, len, formula));
                reach = 0;
            }
        }
        at += line.len();
    }
    found
}

/// `floor(p * (n - 1))`, `⌈p·n⌉ − 1`.
fn formula(line: &str) -> Option<(usize, usize, String)> {
    let opens = [
        ("floor(", "floor"),
        ("ceil(", "ceil"),
        ("ceiling(", "ceil"),
        ("round(", "round"),
        ("⌊", "floor"),
        ("⌈", "ceil"),
    ];
    let (start, open, name) =
        opens.iter().filter_map(|(open, name)| Some((line.find(open)?, *open, *name))).min_by_key(|it| it.0)?;
    let inside = line.get(start + open.len()..)?;
    let mut depth = 1;
    let close = inside.char_indices().find_map(|(at, c)| {
        match c {
            '(' => depth += 1,
            ')' | '⌋' | '⌉' => depth -= 1,
            _ => {}
        }
        (depth == 0).then_some((at, c.len_utf8()))
    })?;
    let tail = inside.get(close.0 + close.1..)?;
    let behind = tail.trim_start_matches(' ');
    let sign = behind.chars().next().filter(|c| matches!(c, '+' | '-' | '−'));
    let digits = sign.map(|sign| behind.get(sign.len_utf8()..).unwrap_or_default().trim_start_matches(' '));
    let digits: String = digits.unwrap_or_default().chars().take_while(char::is_ascii_digit).collect();
    let mut out = format!("{name}({})", spelled(inside.get(..close.0)?));
    if let (Some(sign), false) = (sign, digits.is_empty()) {
        out.push(if sign == '+' { '+' } else { '-' });
        out.push_str(&digits);
    }
    Some((start, open.len() + close.0 + close.1, out))
}

/// A formula without blanks, with `p` for the part and `n` for the count.
fn spelled(text: &str) -> String {
    let mut out = String::new();
    let mut word = String::new();
    for c in text.chars().chain([' ']) {
        if c.is_alphanumeric() || c == '_' {
            word.push(c);
            continue;
        }
        if !word.is_empty() {
            let part = matches!(&*word.to_lowercase(), "p" | "q" | "quantile" | "quantile_p" | "alpha");
            let count = matches!(&*word.to_lowercase(), "n" | "count" | "len" | "size" | "num_samples");
            out.push_str(if part {
                "p"
            } else if count {
                "n"
            } else {
                &word
            });
            word.clear();
            if part && c == '(' {
                out.push('*');
            }
        }
        match c {
            ' ' | '`' | '\\' => {}
            '·' | '×' | '∙' | '⋅' => out.push('*'),
            '−' | '–' => out.push('-'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_names() {
        let text = "`EPS_EQ = 1e-10`, `EPS_DENOM` := `1.0e-12`, MAX_LEN=1_024. A == B_C == 3, SIZE_X = 2^20, T_N = 10*6, \
                    P_C = 5%, X_Y = 3abc, `abs_tol: 1e-9`, AB_C = -0.50.";
        let found: Vec<String> = named(text).iter().map(|(_, name, value)| format!("{name} {value}")).collect();
        assert_eq!(found, ["EPS_EQ 1e-10", "EPS_DENOM 1e-12", "MAX_LEN 1024", "abs_tol 1e-9", "AB_C -5e-1"]);
    }

    #[test]
    fn ways_to_round() {
        for (text, way) in [
            ("A share, rounded once, half to even, to the cent.", Some("half_even")),
            ("Rounded half\nto even.", Some("half_even")),
            ("binary64, ties-to-even", Some("half_even")),
            ("rounding: half_up", Some("half_up")),
            ("rounded half away from zero", Some("half_up")),
            ("rounds away from zero", Some("up")),
            ("rounded down", Some("down")),
            ("round towards minus infinity", Some("floor")),
            ("Rounded to the cent.\n- half up", None),
            ("nothing is rounded. Upwards", None),
            ("it turns around half up", None),
            ("the background is down", None),
        ] {
            let found = ways(&flat(text));
            assert_eq!(found.first().map(|it| it.2), way, "{text}: {found:?}");
        }
    }

    #[test]
    fn quantiles_have_one_spelling() {
        for (text, one) in [
            ("Quantile rule: nearest-rank, `floor(p*(n-1))`, 0-based.", "floor(p*(n-1))"),
            ("nearest rank index = ⌊p·(N−1)⌋", "floor(p*(n-1))"),
            ("The quantile is taken as\n  floor(quantile_p * (count - 1))", "floor(p*(n-1))"),
            ("percentile by ceil(q * n) - 1", "ceil(p*n)-1"),
        ] {
            assert_eq!(quantiles(text).first().map(|it| it.2.as_str()), Some(one), "{text}");
        }
        assert!(quantiles("The quantile is told.\n\nfloor(p*n)").is_empty());
        assert!(quantiles("floor(p*n) of something").is_empty());
    }
}
