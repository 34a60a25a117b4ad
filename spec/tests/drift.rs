//! Drift: prose and an artefact that agree have no findings; each construct that is changed in the prose, or in the
//! artefact, has one of its own kind with both places.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends when something is wrong")]

use gx_spec::drift::{Side, drift};
use gx_spec::load::{Source, load};
use gx_spec::prose::read;
use gx_spec::rules::Rules;
use gx_spec::said::{Finding, Gravity, Kind, of_contract};

const PROSE: &str = include_str!("drift/parcel.md");
const ARTEFACT: &str = include_str!("drift/parcel.upel");

fn between(prose: &str, artefact: &str) -> Vec<Finding> {
    let said = read("parcel.md", prose.as_bytes());
    assert!(said.findings.iter().all(|it| it.gravity == Gravity::Note), "{:?}", said.findings);
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

/// A contract that rounds, tolerates and has a number with a name, and prose that says the same.
const SUMS: &str = "contract Post.Sums 1.0.0 layer L1 invalid BAD;
error BAD = 1 severity ERROR category input retry no message \"bad\";
const EPS_EQ = 0.001;
pure operator Share(a: int 0..=1000) -> decimal(5, 1) raises BAD {
  divide(a, 3, 1, half_even) as decimal(5, 1) else BAD
}
pure operator Half(a: int 0..=1000) -> int 0..=1000 { a div 2 }
pure operator Both(a: int 0..=1000) -> decimal(5, 1) raises BAD uses Share { Share(a: a) }
pure operator Root(a: float) -> (b: float)
  profile E1 tolerance { b: abs 1.0e-9 rel 0.0 nan forbid }
{
  (b: sqrt(a))
}
";

const SAID: &str = "# Sums

**Algorithm:** `Post.Sums`
---
### 0.C Numeric Policy
- `EPS_EQ = 1.0e-3`
---
## 5) Operator Definitions
**Operator:** `Post.Sums.Share`
**Definition:** A third, rounded once, half
to even.
**Operator:** `Post.Sums.Half`
**Definition:** The half, rounded down.
**Operator:** `Post.Sums.Both`
**Definition:** A share, rounded half to even.
**Operator:** `Post.Sums.Root`
**Numerical considerations:** `abs_tol = 1e-9`, `rel_tol = 0`
";

#[test]
fn rules_for_numbers_in_prose_are_those_of_the_artefact() {
    let found = |prose: &str, artefact: &str| -> Vec<Kind> {
        let numbers = |it: &Finding| matches!(it.kind, Kind::DriftNumber | Kind::DriftRounding | Kind::DriftTolerance);
        between(prose, artefact).iter().filter(|it| numbers(it)).map(|it| it.kind).collect()
    };
    assert_eq!(found(SAID, SUMS), []);
    for (old, new, kinds) in [
        ("1.0e-3", "1e-4", [Kind::DriftNumber].as_slice()),
        ("once, half\nto even", "half up", &[Kind::DriftRounding, Kind::DriftRounding]),
        ("rounded down", "rounded up", &[Kind::DriftRounding]),
        ("A share, rounded half to even", "A share, truncated; rounds toward zero", &[Kind::DriftRounding]),
        ("A share, rounded half to even", "A share", &[]),
        ("abs_tol = 1e-9", "abs_tol = 1e-8", &[Kind::DriftTolerance]),
        ("`rel_tol = 0`", "`rel_tol: 1e-3`", &[Kind::DriftTolerance]),
    ] {
        assert!(SAID.contains(old), "{old}");
        assert_eq!(found(&SAID.replacen(old, new, 1), SUMS), kinds, "{old} -> {new}");
    }
    for (old, new) in [("half_even)", "floor)"), ("a div 2", "a"), ("abs 1.0e-9", "abs 1.0e-7"), ("= 0.001", "= 0.002")]
    {
        assert_ne!(found(SAID, &SUMS.replacen(old, new, 1)), [], "{old} -> {new}");
    }
}
