//! Contracts through other forms and back: JSON Schema, prose and SDL; schemas of others; and input that is no schema.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test ends when something is wrong")]

use gx_spec::front::{Document, load_any};
use gx_spec::ir::{Contract, Type, encode};
use gx_spec::load::Source;
use gx_spec::rules::Rules;
use gx_spec::said::{FieldType, Gravity, Kind};
use gx_spec::{graphql, prose, schema};
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

fn money() -> Source {
    let bytes = std::fs::read(here().join("tests/rules/imports/money.upel")).unwrap();
    Source { name: "money.upel".to_owned(), bytes }
}

fn load(name: &str, text: &str) -> Document {
    let own = Source { name: name.to_owned(), bytes: text.as_bytes().to_vec() };
    load_any(vec![own, money()], Rules::all(), 1).remove(0)
}

fn told(document: &Document) -> String {
    let mut out: String = document.findings.iter().map(ToString::to_string).collect();
    for fault in &document.loaded.faults {
        out.push_str(&gx_spec::diagnostic::render(fault, &document.loaded.source.name, document.loaded.text()));
    }
    out
}

fn sound(name: &str, text: &str) -> Arc<Contract> {
    let document = load(name, text);
    assert!(document.is_sound(), "{name}: {}\n{text}", told(&document));
    document.loaded.contract.clone().unwrap_or_else(|| panic!("no contract: {}\n{text}", told(&document)))
}

/// Every sound contract there is.
fn contracts() -> Vec<(String, Arc<Contract>)> {
    let mut paths: Vec<PathBuf> =
        vec![here().join("tests/golden/everything.upel"), here().join("tests/drift/parcel.upel")];
    for entry in std::fs::read_dir(here().join("tests/rules")).unwrap() {
        paths.push(entry.unwrap().path().join("accepted.upel"));
    }
    for entry in std::fs::read_dir(here().join("../examples/specs")).unwrap() {
        paths.push(entry.unwrap().path());
    }
    paths.sort();
    let own = paths.into_iter().filter(|it| it.exists() && it.extension().is_some_and(|it| it == "upel"));
    let found: Vec<_> = own
        .map(|path| (path.display().to_string(), sound("x.upel", &std::fs::read_to_string(&path).unwrap())))
        .collect();
    assert!(found.len() > 40, "only {}", found.len());
    found
}

#[test]
fn through_json_schema_and_back_it_is_the_same_contract() {
    for (path, contract) in contracts() {
        let text = schema::json_schema_text(&contract);
        let back = sound("x.json", &text);
        assert_eq!(encode(&back), encode(&contract), "{path}\n{text}");
    }
}

#[test]
fn through_prose_and_back_it_is_the_same_contract() {
    for (path, contract) in contracts() {
        let text = prose::to_markdown(&contract);
        let document = load("x.md", &text);
        assert!(document.is_sound(), "{path}: {}\n{text}", told(&document));
        let back = document.loaded.contract.unwrap();
        assert_eq!(encode(&back), encode(&contract), "{path}\n{text}");
    }
}

/// What SDL carries is the same: enums, records and their exact types, signatures.
#[test]
fn through_sdl_and_back_types_and_signatures_are_the_same() {
    let exact = |ty: &Type| match ty.base() {
        Type::Optional(inner) => inner.base().to_string(),
        base => base.to_string(),
    };
    for name in ["access", "inventory", "invoice"] {
        let path = here().join(format!("../examples/specs/{name}.upel"));
        let contract = sound("x.upel", &std::fs::read_to_string(path).unwrap());
        let text = graphql::to_sdl(&contract);
        let facts = graphql::import("x.graphql", text.as_bytes());
        assert!(facts.findings.is_empty(), "{name}: {:?}\n{text}", facts.findings);
        assert_eq!(facts.records.len(), contract.records.len(), "{text}");
        for (record, own) in facts.records.iter().zip(&contract.records) {
            assert_eq!(record.name.value, *own.id.name);
            for (field, own) in record.fields.iter().zip(&own.fields) {
                assert_eq!(field.name.value, *own.name);
                if !matches!(
                    field.ty.inner(),
                    FieldType::Named(_) | FieldType::List(..) | FieldType::Map(..) | FieldType::Decimal(..)
                ) {
                    let have = field.ty.to_string().replace("\\\\", "\\");
                    let asked = exact(&own.ty).replace("\\\\", "\\").replace(" nfc", "");
                    assert_eq!(have, asked, "{name} {}", field.name.value);
                }
                assert_ne!(field.ty, FieldType::Unsaid, "{name} {}", field.name.value);
            }
        }
        assert_eq!(facts.operators.len(), contract.operators.len(), "{text}");
        for own in &contract.operators {
            let camel = |it: &str| it.to_ascii_lowercase();
            let found = facts.operators.iter().find(|it| camel(&it.name.value) == camel(&own.id.name)).unwrap();
            let signature = found.signature.as_ref().unwrap();
            let names: Vec<&str> = signature.inputs.iter().map(|it| it.name.value.as_str()).collect();
            assert_eq!(names, own.inputs.iter().map(|it| &*it.name).collect::<Vec<_>>(), "{text}");
            assert_eq!(signature.outputs.len(), own.outputs.len(), "{text}");
        }
    }
    insta::assert_snapshot!(graphql::to_sdl(&sound("x.upel", include_str!("drift/parcel.upel"))));
}

#[test]
fn forms_are_as_they_were() {
    let contract = sound("x.upel", include_str!("drift/parcel.upel"));
    insta::assert_snapshot!("json_schema", schema::json_schema_text(&contract));
    insta::assert_snapshot!("markdown", prose::to_markdown(&contract));
}

/// A schema of ours that somebody edited by hand: one finding, at the place of the edit.
#[test]
fn an_edited_schema_is_noticed() {
    let text = schema::json_schema_text(&sound("x.upel", include_str!("drift/parcel.upel")));
    for (old, new, pointer) in [
        ("\"maximum\": 30000", "\"maximum\": 3000", "/$defs/Parcel/properties/grams/maximum"),
        ("\"FAST\"\n", "\"FASTER\"\n", "/$defs/Speed/enum/1"),
        ("\"default\": 3", "\"default\": 4", "/$defs/Parcel/properties/tries/default"),
        ("\"number\": 11", "\"number\": 12", "/x_gx/errors/1/number"),
        (
            "\"additionalProperties\": false,\n      \"properties\": {\n        \"depot\"",
            "\"additionalProperties\": true,\n      \"properties\": {\n        \"depot\"",
            "/$defs/Parcel/additionalProperties",
        ),
    ] {
        let edited = text.replacen(old, new, 1);
        assert_ne!(edited, text, "{old}");
        let document = load("x.json", &edited);
        let found: Vec<_> = document.findings.iter().filter(|it| it.gravity == Gravity::Error).collect();
        assert_eq!(found.len(), 1, "{old}: {}", told(&document));
        assert_eq!((found[0].kind, found[0].subject.as_str()), (Kind::SchemaEdited, pointer), "{}", told(&document));
        let line = edited.get(..edited.find(new).unwrap()).unwrap().lines().count() as u32;
        assert!(found[0].line.abs_diff(line) <= 1, "{}", told(&document));
    }
    // A text of the language that is edited: the keywords tell.
    let edited = text.replacen("grams: int 1..=30_000,", "grams: int 1..=3,", 1);
    assert_ne!(edited, text);
    assert!(!load("x.json", &edited).is_sound());
    // A broken one: the checker's finding is told at the text's place.
    let broken = text.replacen("grams: int 1..=30_000,", "grams: inti 1..=3,", 1);
    let document = load("x.json", &broken);
    let fault = document.loaded.faults.first().unwrap();
    assert!(fault.span.text(&broken).contains("inti"), "{fault:?}");
}

#[test]
fn every_schema_that_is_written_satisfies_the_meta_schema_and_others_are_refused_where_they_do_not() {
    let held = |text: &str| {
        let (node, _) = schema::read_json(text).unwrap();
        schema::meta::check("x.json", text, &node)
    };
    for (name, contract) in contracts() {
        assert_eq!(held(&schema::json_schema_text(&contract)), [], "{name}");
    }
    let text = schema::json_schema_text(&sound("x.upel", include_str!("drift/parcel.upel")));
    for (old, new, pointer, why) in [
        ("    \"schema_version\": \"1.0.0\",\n", "", "/x_gx", "lacks 'schema_version'"),
        ("\"layer\": 2", "\"layer\": 5", "/x_gx/layer", "has 5 where 'maximum' is 4"),
        ("\"layer\": 2", "\"layer\": \"2\"", "/x_gx/layer", "is string, not integer"),
        ("\"block_version\": 1", "\"block_version\": 2", "/x_gx/block_version", "is not 1"),
        ("\"severity\": \"WARN\"", "\"severity\": \"LOUD\"", "/x_gx/errors/1/severity", "is none of"),
        ("\"minimum\": 1", "\"minimun\": 1", "/$defs/Parcel/properties/grams/minimun", "is no part of it"),
        ("\"layer\": 2", "\"prose_check\": \"relaxed\", \"layer\": 2", "/x_gx/prose_check", "is no part of it"),
        ("\"$id\": \"gx:", "\"$id\": \"x:", "/$id", "does not match"),
    ] {
        let edited = text.replacen(old, new, 1);
        assert_ne!(edited, text, "{old}");
        let found = held(&edited);
        assert_eq!(found.len(), 1, "{old}: {found:?}");
        assert_eq!((found[0].kind, found[0].subject.as_str()), (Kind::SchemaMeta, pointer), "{found:?}");
        assert!(found[0].message.contains(why), "{found:?}");
        // Whoever reads it as a contract is told the same.
        assert!(load("x.json", &edited).findings.iter().any(|it| it.kind == Kind::SchemaMeta), "{old}");
    }
}

#[test]
fn a_schema_of_others_is_taken_over_as_far_as_types_go() {
    let text = include_str!("forms/foreign.json");
    let document = load("foreign.json", text);
    insta::assert_snapshot!("foreign", format!("{}\n---\n{}", document.text.clone().unwrap(), told(&document)));
    let kinds: Vec<Kind> = document.findings.iter().map(|it| it.kind).collect();
    assert!(kinds.contains(&Kind::Unsayable) && kinds.contains(&Kind::Assumed) && kinds.contains(&Kind::Renamed));
    for word in ["floating", "patternProperties", "uniqueItems", "https://example.org/other.json", "several types"] {
        assert!(document.findings.iter().any(|it| it.message.contains(word)), "{word}: {}", told(&document));
    }
}

#[test]
fn a_schema_of_others_that_says_enough_becomes_a_contract() {
    let text = r##"{"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://example.org/Shop/Orders.json",
      "title": "Order", "type": "object", "additionalProperties": false, "required": ["id", "lines"],
      "properties": {"id": {"type": "integer", "minimum": 1, "maximum": 99},
        "state": {"enum": ["OPEN", "CLOSED"], "default": "OPEN"},
        "note": {"type": ["string", "null"], "maxLength": 80, "pattern": "^[a-z]*$"},
        "lines": {"type": "array", "maxItems": 9, "items": {"$ref": "#/$defs/Line"}}},
      "$defs": {"Line": {"type": "object", "additionalProperties": false, "required": ["count"],
        "properties": {"count": {"type": "integer", "minimum": 0, "maximum": 9}}}}}"##;
    let contract = sound("orders.json", text);
    let record = contract.records.iter().find(|it| &*it.id.name == "Order").unwrap();
    let types: Vec<String> = record.fields.iter().map(|it| format!("{}: {}", it.name, it.ty)).collect();
    assert_eq!(
        types,
        [
            "id: int 1..=99",
            "state: OrderState",
            "note: optional text 0..=80 pattern \"[a-z]*\"",
            "lines: list<Line> 0..=9"
        ]
    );
}

#[test]
fn prose_that_says_enough_becomes_a_contract() {
    let text = include_str!("drift/parcel.md");
    let document = load("layer2-specs/parcel.md", text);
    insta::assert_snapshot!("prose_lowered", format!("{}\n---\n{}", document.text.clone().unwrap(), told(&document)));
}

/// What cannot be a schema: a finding each, no panic, and an end.
#[test]
fn input_that_is_no_schema() {
    let deep = "[".repeat(200_000);
    let deep_objects = "{\"a\":".repeat(100_000);
    let nested = format!("{}{{}}{}", "{\"items\":".repeat(90), "}".repeat(90));
    let cases: [(&str, Vec<u8>); 11] = [
        ("x.json", b"{\"a\": 1, \"a\": 2}".to_vec()),
        ("x.json", b"{\"type\": \"object\", \xff}".to_vec()),
        ("x.json", deep.into_bytes()),
        ("x.json", deep_objects.into_bytes()),
        ("x.json", nested.into_bytes()),
        ("x.json", b"[1, 2".to_vec()),
        ("x.json", b"{\"$defs\": {\"A\": {\"$ref\": \"#/$defs/B\"}, \"B\": {\"$ref\": \"#/$defs/A\"}}}".to_vec()),
        ("x.json", b"{\"$defs\": {\"A\": {\"type\": \"object\", \"additionalProperties\": false, \"properties\": {\"a\": {\"$ref\": \"#/$defs/A\"}}}}}".to_vec()),
        ("x.graphql", format!("type A {{ a: {}Int{} }}", "[".repeat(50_000), "]".repeat(50_000)).into_bytes()),
        ("x.graphql", b"type A { a: \xff }".to_vec()),
        ("x.graphql", b"type A { a Int".to_vec()),
    ];
    for (name, bytes) in cases {
        let shown = String::from_utf8_lossy(&bytes).chars().take(60).collect::<String>();
        let document = load_any(vec![Source { name: name.to_owned(), bytes }], Rules::all(), 1).remove(0);
        assert!(!document.is_sound(), "{shown}");
    }
    let large = vec![b' '; 17 << 20];
    for name in ["x.json", "x.graphql", "x.md"] {
        let source = Source { name: name.to_owned(), bytes: large.clone() };
        let document = load_any(vec![source], Rules::all(), 1).remove(0);
        assert!(!document.is_sound(), "{name}");
    }
}
