//! Drift: prose and an artefact that agree have no findings; each construct that is changed in the prose, or in the
//! artefact, has one of its own kind with both places.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends when something is wrong")]

use gx_spec::drift::{Side, drift};
use gx_spec::load::{Source, load};
use gx_spec::prose::read;
use gx_spec::rules::Rules;
use gx_spec::said::{Finding, Kind, of_contract};

const PROSE: &str = include_str!("drift/parcel.md");
const ARTEFACT: &str = include_str!("drift/parcel.upel");

fn between(prose: &str, artefact: &str) -> Vec<Finding> {
    let said = read("parcel.md", prose.as_bytes());
    assert!(said.findings.is_empty(), "{:?}", said.findings);
    let source = Source { name: "parcel.upel".to_owned(), bytes: artefact.as_bytes().to_vec() };
    let loaded = load(vec![source], Rules::all(), 1).remove(0);
    let faults: String =
        loaded.faults.iter().map(|it| gx_spec::diagnostic::render(it, "parcel.upel", artefact)).collect();
    let contract = loaded.contract.unwrap_or_else(|| panic!("{faults}"));
    let own = of_contract("parcel.upel", &contract, loaded.file.as_ref());
    drift(Side::new(&said, prose), Side::new(&own, artefact))
}

#[test]
fn what_agrees_has_no_findings() {
    let found = between(PROSE, ARTEFACT);
    assert!(found.is_empty(), "{}", found.iter().map(ToString::to_string).collect::<String>());
}

/// What is changed in the prose, to what, and the kinds of findings that this has, in order.
const CHANGES: [(&str, &str, &[Kind]); 21] = [
    ("- `depot?: bytes32`", "- `depot?: bytes32`\n- `van: bool`", &[Kind::DriftFieldRemoved]),
    ("- `fragile: bool`\n", "", &[Kind::DriftFieldAdded]),
    ("fragile: bool", "fragile: uint8", &[Kind::DriftType]),
    ("depot?: bytes32", "depot: bytes32", &[Kind::DriftRequired]),
    ("(default 3)", "(default 4)", &[Kind::DriftDefault]),
    ("enum(SLOW, FAST)", "enum(SLOW, FAST, LATE)", &[Kind::DriftEnum]),
    ("(1..30000)", "(1..3000)", &[Kind::DriftRange]),
    ("[\"parcel\", [id, grams]]", "[\"parcel\", [grams, id]]", &[Kind::DriftPreimage]),
    ("[\"parcel\", [id, grams]]", "[\"parcels\", [id, grams]]", &[Kind::DriftPreimage]),
    ("`label_hash = ObjectDigest(parcel excluding {depot})`", "none", &[Kind::DriftHashAdded]),
    ("none yet", "`tail_hash = SHA-256(tail)`", &[Kind::DriftHashRemoved]),
    ("**Purity class:** PURE", "**Purity class:** IO", &[Kind::DriftPurity]),
    ("(parcel: Parcel, rate ->", "(parcel: Parcel ->", &[Kind::DriftParameterAdded]),
    ("(parcel: Parcel, rate ->", "(parcel: Parcel, rate, day ->", &[Kind::DriftParameterRemoved]),
    (
        "**Operator:** `Post.Parcels.Price_v1`",
        "**Operator:** `Post.Parcels.Cost_v1`",
        &[Kind::DriftOperatorAdded, Kind::DriftOperatorRemoved],
    ),
    ("`TOO_DEAR`, `BAD_INPUT`", "`BAD_INPUT`", &[Kind::DriftRaises]),
    ("| `TOO_DEAR` | 11 |", "| `TOO_DEAR` | 12 |", &[Kind::DriftError]),
    ("| `TOO_DEAR` | 11 | price | WARN |", "| `TOO_DEAR` | 11 | price | ERROR |", &[Kind::DriftError]),
    ("### II.F Parcel", "### II.F Packet", &[Kind::DriftRecordAdded]),
    ("**Algorithm:** `Post.Parcels`", "**Algorithm:** `Post.Letters`", &[Kind::DriftIdentity]),
    ("**Layer:** L2", "**Layer:** L3", &[Kind::DriftLayer]),
];

#[test]
fn each_construct_that_is_changed_has_a_finding_of_its_own() {
    for (old, new, kinds) in CHANGES {
        let prose = PROSE.replacen(old, new, 1);
        assert_ne!(prose, PROSE, "nothing changed: {old}");
        let found = between(&prose, ARTEFACT);
        let told: String = found.iter().map(ToString::to_string).collect();
        let mut own: Vec<Kind> = found.iter().map(|it| it.kind).collect();
        own.sort();
        let mut asked = kinds.to_vec();
        asked.sort();
        assert_eq!(own, asked, "{old} -> {new}\n{told}");
        for finding in &found {
            let other = finding.other.as_ref().unwrap();
            let files = [finding.file.as_str(), other.file.as_str()];
            assert!(files.contains(&"parcel.md") && files.contains(&"parcel.upel"), "{finding}");
            assert!(finding.line > 0 && other.line > 0 && !finding.hint.is_empty(), "{finding}");
        }
    }
}

/// The other way: the artefact is changed.
#[test]
fn a_changed_artefact_drifts_too() {
    for (old, new, kind) in [
        ("grams: int 1..=30000", "grams: int 1..=30001", Kind::DriftRange),
        ("= 3,", "= 2,", Kind::DriftDefault),
        ("depot?: bytes 32", "depot?: bytes 31", Kind::DriftRange),
        ("message \"that costs too much\"", "message \"too dear\"", Kind::DriftError),
    ] {
        let artefact = ARTEFACT.replacen(old, new, 1);
        assert_ne!(artefact, ARTEFACT, "nothing changed: {old}");
        let found = between(PROSE, &artefact);
        assert_eq!(found.iter().map(|it| it.kind).collect::<Vec<_>>(), [kind], "{old}: {found:?}");
    }
}

#[test]
fn findings_are_sorted_and_both_places_are_right() {
    let prose = PROSE.replace("(1..30000)", "(1..3000)").replace("PURE", "IO").replace("(default 3)", "(default 4)");
    insta::assert_snapshot!(between(&prose, ARTEFACT).iter().map(ToString::to_string).collect::<String>());
}
