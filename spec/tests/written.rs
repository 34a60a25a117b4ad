//! Documents that are written at random, in every style that writers have, are read back as what was written.
//!
//! The model is drawn first and then written down; reading must find the model again and nothing that it cannot read.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test ends when something is wrong")]

use gx_spec::prose::read;
use gx_spec::said::{Facts, Gravity, rows};
use proptest::prelude::*;

/// A type: how it is written, and what it is.
const TYPES: [(&str, &str); 18] = [
    ("uint32", "int 0..=4294967295"),
    ("uint64", "int 0..=18446744073709551615"),
    ("int64", "int -9223372036854775808..=9223372036854775807"),
    ("float64", "float"),
    ("bool", "bool"),
    ("string", "text"),
    ("tstr", "text"),
    ("bytes", "bytes"),
    ("bytes32", "bytes 32"),
    ("digest_ref", "digest_ref"),
    ("array<uint8>", "list<int 0..=255>"),
    ("uint8[]", "list<int 0..=255>"),
    ("map<string,bool>", "map<text, bool>"),
    ("enum(\"A\",\"B\")", "enum(A, B)"),
    ("enum(A|B)", "enum(A, B)"),
    ("\"A\" | \"B\"", "enum(A, B)"),
    ("Other", "Other"),
    ("bool|null", "optional bool"),
];

#[derive(Debug, Clone)]
struct Operator {
    name: usize,
    inputs: Vec<(usize, bool, Option<usize>)>,
    outputs: Vec<usize>,
    purity: usize,
    codes: Vec<usize>,
}

#[derive(Debug, Clone)]
struct Style {
    ends: bool,
    arrow: bool,
    version: bool,
    crlf: bool,
    star: bool,
    indent: usize,
    numbers: bool,
    rules: bool,
    blank: bool,
    colon_outside: bool,
}

#[derive(Debug, Clone)]
struct Document {
    operators: Vec<Operator>,
    fields: Vec<(usize, bool)>,
    hashes: Vec<Vec<bool>>,
    errors: Vec<(u32, bool)>,
    swapped: bool,
    style: Style,
}

const PURITIES: [&str; 3] = ["PURE", "STATEFUL", "IO"];

fn document() -> impl Strategy<Value = Document> {
    let input = (0usize..TYPES.len(), any::<bool>(), proptest::option::of(0..TYPES.len()));
    let operator = (
        0usize..50,
        proptest::collection::vec(input, 0..5),
        proptest::collection::vec(0..TYPES.len(), 0..3),
        0..3usize,
        proptest::collection::vec(0..9usize, 0..3),
    )
        .prop_map(|(name, inputs, outputs, purity, codes)| Operator { name, inputs, outputs, purity, codes });
    let style = (any::<[bool; 9]>(), 2usize..4).prop_map(|(b, indent)| Style {
        ends: b[0],
        arrow: b[1],
        version: b[2],
        crlf: b[3],
        star: b[4],
        numbers: b[5],
        rules: b[6],
        blank: b[7],
        colon_outside: b[8],
        indent,
    });
    (
        proptest::collection::vec(operator, 0..5),
        proptest::collection::vec((0..TYPES.len(), any::<bool>()), 0..6),
        proptest::collection::vec(proptest::collection::vec(any::<bool>(), 1..4), 0..4),
        proptest::collection::vec((1u32..9999, any::<bool>()), 0..4),
        any::<bool>(),
        style,
    )
        .prop_map(|(operators, fields, hashes, errors, swapped, style)| Document {
            operators,
            fields,
            hashes,
            errors,
            swapped,
            style,
        })
}

/// A labelled line.
fn line(style: &Style, label: &str, value: &str) -> String {
    let end = if style.ends { "  " } else { "" };
    let blank = if style.blank { "\n" } else { "" };
    if style.colon_outside {
        format!("**{label}**: {value}{end}\n{blank}")
    } else {
        format!("**{label}:** {value}{end}\n{blank}")
    }
}

fn name(it: &Document, at: usize) -> String {
    let suffix = if it.style.version { "_v1" } else { "" };
    format!("Some.Place.Op{}_{at}{suffix}", it.operators[at].name)
}

fn operators(it: &Document) -> String {
    let style = &it.style;
    let number = if style.numbers { "5) " } else { "" };
    let mut text = format!("## {number}Operator Definitions\n\n");
    let arrow = if style.arrow { "→" } else { "->" };
    for (at, operator) in it.operators.iter().enumerate() {
        let inputs = operator.inputs.iter().enumerate().map(|(at, (_, optional, ty))| {
            let mark = if *optional { "?" } else { "" };
            ty.map_or_else(|| format!("in_{at}{mark}"), |ty| format!("in_{at}{mark}: {}", TYPES[ty].0))
        });
        let inputs = if operator.inputs.is_empty() { "()".to_owned() } else { inputs.collect::<Vec<_>>().join(", ") };
        let outputs = operator.outputs.iter().enumerate().map(|(at, ty)| format!("out_{at}: {}", TYPES[*ty].0));
        let outputs =
            if operator.outputs.is_empty() { "()".to_owned() } else { outputs.collect::<Vec<_>>().join(", ") };
        text += &line(style, "Operator", &format!("`{}`", name(it, at)));
        text += &line(style, "Signature", &format!("`({inputs} {arrow} {outputs})`"));
        text += &line(style, "Purity class", PURITIES[operator.purity]);
        text += &line(style, "Determinism", "deterministic");
        let codes: Vec<String> = operator.codes.iter().map(|code| format!("`CODE_{code}`")).collect();
        let codes = if codes.is_empty() { "NONE".to_owned() } else { codes.join(", ") + "." };
        text += &line(style, "allowed_error_codes", &codes);
        text += "\n";
        if style.rules {
            text += "---\n\n";
        }
    }
    text
}

fn model(it: &Document) -> String {
    let style = &it.style;
    let mark = if style.star { "*" } else { "-" };
    let inner = " ".repeat(style.indent);
    let number = if style.numbers { "II.F " } else { "" };
    let mut text = format!("## 2) System Model\n\n### {number}Thing Record (Normative)\n{mark} Required fields:\n");
    for (at, (ty, optional)) in it.fields.iter().enumerate() {
        let mark_optional = if *optional { "?" } else { "" };
        text += &format!("{inner}{mark} `field_{at}{mark_optional}: {}`\n", TYPES[*ty].0);
    }
    text += "\n### II.G Hashes\n";
    for (at, elements) in it.hashes.iter().enumerate() {
        let elements =
            elements.iter().enumerate().map(|(at, optional)| format!("e_{at}{}", if *optional { "?" } else { "" }));
        let elements = elements.collect::<Vec<_>>().join(", ");
        text += &format!("{mark} `h_{at}_hash = SHA-256(CBOR_CANONICAL([\"tag_{at}\", [{elements}]]))`\n");
    }
    text += "\n### II.H Errors\n\n| code_id | numeric_code | severity | retryable | message_template |\n|---|---:|---|---|---|\n";
    for (at, (number, retry)) in it.errors.iter().enumerate() {
        text += &format!("| `E_{at}` | {} | ERROR | {retry} | `went {{wrong}}` |\n", number * 10 + at as u32);
    }
    text + "\n"
}

fn write(it: &Document) -> String {
    let style = &it.style;
    let mut text = "# Some title\n\n".to_owned();
    text += &line(style, "Algorithm", "`Some.Place.Thing`");
    text += &line(style, "Spec Version", "`Some-v1` | 2026-01-01 | Somebody");
    text += "\n---\n\n";
    let (first, second) = (operators(it), model(it));
    text += &if it.swapped { first + "\n" + &second } else { second + "\n" + &first };
    if style.crlf { text.replace('\n', "\r\n") } else { text }
}

/// What must be found, as rows.
fn expected(it: &Document) -> Vec<String> {
    let mut rows = Vec::new();
    for (at, operator) in it.operators.iter().enumerate() {
        let name = name(it, at);
        let codes: Vec<String> = operator.codes.iter().map(|code| format!("CODE_{code}")).collect();
        rows.push(format!("operator {name} {} DETERMINISTIC raises [{}]", PURITIES[operator.purity], codes.join(", ")));
        let inputs = operator.inputs.iter().enumerate().map(|(at, (_, optional, ty))| {
            let mark = if *optional { "?" } else { "" };
            ty.map_or_else(|| format!("in_{at}{mark}"), |ty| format!("in_{at}{mark}: {}", TYPES[ty].1))
        });
        let outputs = operator.outputs.iter().enumerate().map(|(at, ty)| format!("out_{at}: {}", TYPES[*ty].1));
        let side = |all: Vec<String>| if all.is_empty() { "()".to_owned() } else { all.join(", ") };
        rows.push(format!("signature {name} ({} -> {})", side(inputs.collect()), side(outputs.collect())));
    }
    for (at, (ty, optional)) in it.fields.iter().enumerate() {
        rows.push(format!("field Thing Record.field_{at}{} {}", if *optional { "?" } else { "" }, TYPES[*ty].1));
    }
    for (at, elements) in it.hashes.iter().enumerate() {
        let elements =
            elements.iter().enumerate().map(|(at, optional)| format!("e_{at}{}", if *optional { "?" } else { "" }));
        rows.push(format!("hash h_{at}_hash sha256 commit \"tag_{at}\" [{}]", elements.collect::<Vec<_>>().join(", ")));
    }
    for (at, (number, retry)) in it.errors.iter().enumerate() {
        let retry = if *retry { "yes" } else { "no" };
        rows.push(format!("error E_{at} {} ERROR retry {retry} \"went {{wrong}}\"", number * 10 + at as u32));
    }
    rows.sort();
    rows
}

fn found(facts: &Facts) -> Vec<String> {
    let kinds = ["operator", "signature", "field", "hash", "error"];
    let mut rows: Vec<String> = rows(facts)
        .into_iter()
        .filter(|row| kinds.contains(&row.kind))
        .map(|row| format!("{} {} {}", row.kind, row.name, row.value))
        .collect();
    rows.sort();
    rows
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_back(it in document()) {
        let text = write(&it);
        let facts = read("layer2-specs/x.md", text.as_bytes());
        prop_assert_eq!(found(&facts), expected(&it), "{}", text);
        let errors: Vec<_> = facts.findings.iter().filter(|it| it.gravity == Gravity::Error).collect();
        prop_assert!(errors.is_empty(), "{:?}\n{}", errors, text);
        prop_assert_eq!(facts.identity.unwrap().value, "Some.Place.Thing");
        prop_assert_eq!(facts.layer, Some(2));
    }

    /// Any text at all is read to its end, and places lie in it.
    #[test]
    fn any_text_is_read(text in "([-#*`|:>\\[\\]{}()=\"~ \n]|a: |uint32|[a-zA-Zé→0-9]|\\*\\*Operator:\\*\\* |SHA-256\\(){0,200}") {
        let facts = read("x.md", text.as_bytes());
        for row in rows(&facts) {
            let (start, end) = (row.span.start as usize, row.span.end as usize);
            prop_assert!(start <= end && text.get(start..end).is_some());
        }
    }
}
