//! Contracts in prose: every dialect, every trap of real documents, and documents that are written at random are read
//! back as what was written.
//!
//! The documents are `tests/prose/*.md`; a snapshot of each shows all of its facts and findings with their places.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test ends when something is wrong")]

use gx_spec::prose::read;
use gx_spec::said::{Facts, FieldType, Kind, Lines, Norm, rows};
use std::path::Path;

fn text(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/prose").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn facts(name: &str) -> Facts {
    read(name, text(name).as_bytes())
}

fn shown(name: &str, text: &str) -> String {
    let facts = read(name, text.as_bytes());
    let lines = Lines::new(text);
    let mut out = String::new();
    for row in rows(&facts) {
        let (line, column) = lines.position(row.span.start);
        out.push_str(format!("{line}:{column} {} {} | {}", row.kind, row.name, row.value).trim_end());
        out.push('\n');
    }
    out.push_str("---\n");
    for finding in &facts.findings {
        out.push_str(&finding.to_string());
    }
    out
}

#[test]
fn what_is_read_of_each_document() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/prose");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".md") || name.ends_with(".md.txt"))
        .collect();
    names.sort();
    assert!(names.len() >= 12, "only {} documents", names.len());
    for name in names {
        let shown_name = name.trim_end_matches(".txt").trim_end_matches(".md").to_owned();
        insta::assert_snapshot!(shown_name, shown(&name, &text(&name)));
    }
}

/// Places are bytes of the text, and say what the fact says.
#[test]
fn every_span_holds_what_it_says() {
    for name in ["later.md", "older.md", "errors.md", "guide.md", "traps.md"] {
        let (text, facts) = (text(name), facts(name));
        let of = |span: gx_spec::syntax::Span| span.text(&text);
        for operator in &facts.operators {
            assert_eq!(of(operator.name.span), operator.name.value, "{name}");
            for param in operator.signature.iter().flat_map(|it| it.inputs.iter().chain(&it.outputs)) {
                assert_eq!(of(param.name.span), param.name.value, "{name}");
            }
        }
        for field in facts.records.iter().flat_map(|it| &it.fields) {
            assert_eq!(of(field.name.span).trim_end_matches('?'), field.name.value, "{name}");
        }
        for said in facts.manifest.iter().map(|it| &it.name).chain(&facts.codes).chain(&facts.links) {
            assert_eq!(of(said.span), said.value, "{name}");
        }
        for hash in &facts.hashes {
            assert_eq!(of(hash.name.span), hash.name.value, "{name}");
        }
    }
}

fn record<'f>(facts: &'f Facts, name: &str) -> &'f gx_spec::said::Record {
    facts.record(name).unwrap_or_else(|| panic!("no record {name}: {:?}", facts.records))
}

fn types(facts: &Facts, name: &str) -> Vec<String> {
    record(facts, name).fields.iter().map(ToString::to_string).collect()
}

/// Line ends with two spaces or without, values with a full stop.
#[test]
fn trap_1_line_ends_and_full_stops() {
    let facts = facts("traps.md");
    assert_eq!(facts.identity.as_ref().unwrap().value, "Clock.Tower.Chime");
    assert_eq!(facts.operators[0].purity.as_ref().unwrap().value, "PURE");
}

/// Both arrows.
#[test]
fn trap_2_arrows() {
    for name in ["later.md", "traps.md"] {
        assert!(facts(name).operators.iter().all(|it| it.signature.is_some()), "{name}");
    }
}

/// `(new)` behind a name, words behind a signature.
#[test]
fn trap_3_words_behind() {
    let facts = facts("later.md");
    let choose = &facts.operators[1];
    assert_eq!(choose.remark.as_deref(), Some("new"));
    let signature = choose.signature.as_ref().unwrap();
    assert_eq!((signature.inputs.len(), signature.outputs.len()), (2, 1));
    assert!(signature.inputs[1].optional);
}

/// One operator defined twice, differently: a finding that names both places.
#[test]
fn trap_4_defined_twice() {
    let facts = facts("traps.md");
    let found: Vec<_> = facts.findings.iter().filter(|it| it.kind == Kind::Contradiction).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].subject, "Clock.Tower.Chime");
    assert!(found[0].other.is_some());
}

/// A definition that is missing is told.
#[test]
fn trap_5_a_missing_definition() {
    let facts = facts("traps.md");
    assert!(facts.findings.iter().any(|it| it.kind == Kind::PreimageForm && it.subject == "tower_state_root_hash"));
}

/// Backslashes in backticks stay as they are written.
#[test]
fn trap_6_backslashes() {
    let facts = facts("traps.md");
    let fields = facts.records.iter().flat_map(|it| &it.fields);
    let found = fields.clone().find(|it| it.name.value == "code_re").unwrap();
    assert!(matches!(&found.ty, FieldType::Text(_, Some(pattern)) if pattern == r"^\\d+(\\-\\.)?$"), "{found:?}");
}

/// Capitals with underscores are error codes only where codes are said.
#[test]
fn trap_7_capitals() {
    let codes: Vec<String> = facts("traps.md").codes.into_iter().map(|it| it.value).collect();
    assert_eq!(codes, ["TOO_LATE"]);
}

/// Bullets that are moved in by one blank, or by four.
#[test]
fn trap_8_bullets_moved_in() {
    let facts = facts("traps.md");
    let fields: Vec<String> = facts.records.iter().flat_map(|it| &it.fields).map(|it| it.name.value.clone()).collect();
    for name in ["hour", "minute", "bell", "tone"] {
        assert!(fields.iter().any(|it| it == name), "{name} of {fields:?}");
    }
}

/// Places are bytes, whatever characters stand before them.
#[test]
fn trap_9_bytes_not_characters() {
    let text = "# Ü — ≤ ∈ →\n\n**Algorithm:** `A.B`\n\n- ≤ `x_hash = SHA-256(CBOR_CANONICAL([\"é\", [a]]))`\n";
    let facts = read("x.md", text.as_bytes());
    assert_eq!(facts.hashes.len(), 1);
    assert_eq!(facts.hashes[0].name.span.text(text), "x_hash");
    assert_eq!(facts.hashes[0].span.text(text), "x_hash = SHA-256(CBOR_CANONICAL([\"é\", [a]]))");
}

/// The title says nothing about identity.
#[test]
fn trap_10_the_title_is_no_identity() {
    let facts = read("x.md", b"# Shop.Orders\n\n**Purpose:** none\n");
    assert_eq!(facts.identity, None);
    assert!(facts.findings.iter().any(|it| it.kind == Kind::NoIdentity));
}

/// A document that is referred to is a fact, so that somebody can look for it.
#[test]
fn trap_11_links() {
    let links: Vec<String> = facts("later.md").links.into_iter().map(|it| it.value).collect();
    assert_eq!(links, ["docs/Legend.md", "docs/labels/Printing.md"]);
}

#[test]
fn fields_in_every_spelling() {
    let facts = facts("later.md");
    assert_eq!(
        types(&facts, "Inputs"),
        [
            "parcel_id: bytes 32",
            "grams: int 1..=4294967295",
            "lane: enum(fast, slow)",
            "batch_size: int 0..=4294967295 = 1048576",
            "workers: int 1..=10",
            r#"name?: text pattern "^[A-Za-z0-9_\\\\-\\\\.]{1,64}$""#,
        ]
    );
    assert!(record(&facts, "Weighing Record").closed);
    assert_eq!(types(&facts, "Weighing Record")[2], "depot?: text");
    assert_eq!(types(&facts, "DepotRecord")[1], "kind: enum(DEPOT)");
    assert_eq!(types(&facts, "report").len(), 3);
    assert!(record(&facts, "report").fields[2].optional);
}

#[test]
fn sections_are_found_by_title() {
    let facts = facts("guide.md");
    assert_eq!(facts.manifest.len(), 1);
    let last = facts.sections.last().unwrap();
    assert_eq!((last.title.value.as_str(), last.norm), ("Identity", Norm::Normative));
}

/// A line of each kind that looks like a fact and is none.
#[test]
fn nothing_is_dropped_in_silence() {
    let facts = facts("unreadable.md");
    for kind in [
        Kind::HeaderLine,
        Kind::ManifestEntry,
        Kind::ExternalForm,
        Kind::FieldForm,
        Kind::TableForm,
        Kind::PreimageForm,
        Kind::FenceForm,
        Kind::OperatorName,
        Kind::SignatureForm,
        Kind::PurityForm,
        Kind::DeterminismForm,
        Kind::CodesForm,
    ] {
        assert!(facts.findings.iter().any(|it| it.kind == kind), "{} is not told", kind.name());
    }
    assert!(facts.findings.iter().all(|it| it.line > 0 && !it.hint.is_empty()));
}

/// A line cut out of a document takes its facts with it, and no others: places of facts are true.
#[test]
fn bytes_that_are_no_document() {
    assert_eq!(read("x.md", b"# A\xff").findings[0].kind, Kind::NotText);
    let nested: String = (0..2000).map(|at| format!("{}- `a: uint32`\n", " ".repeat(at))).collect();
    let _ = read("x.md", nested.as_bytes());
    let _ = read("x.md", "> ".repeat(50_000).as_bytes());
    let _ = read("x.md", format!("- `a: {}uint32`", "array<".repeat(50_000)).as_bytes());
    let _ = read("x.md", format!("`h = SHA-256({}`", "[".repeat(50_000)).as_bytes());
    let _ = read("x.md", format!("`h = SHA-256({}`", "(a||".repeat(50_000)).as_bytes());
    let _ = read("x.md", format!("| a |\n|---|\n| {} |\n", "`".repeat(50_000)).as_bytes());
}
