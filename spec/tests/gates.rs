//! Gates: faults that are planted one by one, and what each gate says of them.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends when something is wrong")]

#[path = "gates/documents.rs"]
mod documents;
#[path = "gates/states.rs"]
mod states;

use gx_spec::facts::Facts;
use gx_spec::gate::codes::CODES;
use gx_spec::gate::evidence::Evidence;
use gx_spec::gate::lock::Lock;
use gx_spec::gate::report::Summary;
use gx_spec::gate::{Document, GATES, Input, Member, gate};
use gx_spec::ir::Contract;
use gx_spec::load::check_with;
use gx_spec::registry::Registry;
use gx_spec::rules::Rules;
use gx_spec::twin;
use gx_spec::vectors::{Frozen, cases};
use std::sync::Arc;

const MONEY: &str = "//! Money.
contract Shop.Money 1.2.0 layer L1 invalid BAD;

error BAD = 1 severity ERROR category input retry no message \"the input does not fit\";

error TOO_MUCH = 2 severity ERROR category sum retry no message \"too much\";

/// How it is paid.
enum Way unknown else BAD {
  CASH = 1,
  CARD = 2,
}

/// An amount.
type Cents = int 0..=1_000 else BAD;

/// What is paid.
record Paid { way: Way, cents: Cents }

hash PaidHash(paid: Paid) = sha256 commit \"shop.paid\" [paid.cents, paid.way];

/// Adds; more than fits raises `TOO_MUCH`.
pure operator Add(a: Cents, b: Cents) -> Cents
  raises TOO_MUCH
{
  (a + b) as Cents else TOO_MUCH
}

/// Half of it.
pure operator Half(paid: Paid) -> Cents
{
  (divide(paid.cents, 2, 0, half_even)) as int 0..=1_000 clamp
}

vector Add small (a: 1, b: 2) => 3;
";

const POLICY: &str = "rounding = [\"half_even\"]\n[errors]\ninput = \"1..1\"\nsum = \"2..9\"\n";

fn member(file: &str, text: &str, known: &[Arc<Contract>]) -> Member {
    let (tree, checked) = check_with(text.as_bytes(), known, Rules::all());
    let told: Vec<&str> = checked.faults.iter().map(|fault| fault.message.as_str()).collect();
    let contract = checked.contract.unwrap_or_else(|| panic!("{file}: {told:?}"));
    Member { contract, facts: Facts::of(&tree.unwrap(), text, file) }
}

fn money() -> Member {
    member("money.upel", MONEY, &[])
}

fn input(members: Vec<Member>, files: &[(&'static str, &str, &str)]) -> Input {
    let mut input = Input { members, ..Input::default() };
    for (part, path, text) in files {
        let document = Document { path: (*path).to_owned(), bytes: text.as_bytes().to_vec() };
        input.files.entry(part).or_default().push(document);
    }
    input.arguments.insert("date".to_owned(), "2026-12-01".to_owned());
    input
}

/// What a gate says.
fn says(name: &str, input: &Input) -> String {
    gate(name).unwrap().report(input).text()
}

fn lock_of(text: &str) -> String {
    Lock::of(&[member("money.upel", text, &[]).contract]).text()
}

fn frozen() -> String {
    let contract = money().contract;
    let cases = cases(&contract, &[]).unwrap();
    let mut frozen = Frozen { contract: contract.name.to_string(), cases, freezes: Vec::new() };
    frozen.freeze("ada", "first freeze");
    frozen.text()
}

fn registry() -> String {
    twin::text(&Registry::of(&[money().contract]).value())
}

#[test]
fn what_is_sound_passes_every_gate() {
    let (lock, frozen, registry) = (lock_of(MONEY), frozen(), registry());
    let mut evidence = Evidence::default();
    let files = [
        ("lock", "lock.json", lock.as_str()),
        ("policy", "policy.toml", POLICY),
        ("frozen", "frozen.json", &frozen),
        ("registry", "registry.json", &registry),
    ];
    let mut input = input(vec![money()], &files);
    input.former = vec![member(
        "old.upel",
        &MONEY.replace("1.2.0", "1.1.0").replace("vector Add small (a: 1, b: 2) => 3;\n", ""),
        &[],
    )];
    let mut told = String::new();
    for gate in GATES.iter().filter(|gate| !matches!(gate.name, "evidence" | "release" | "suites")) {
        let report = gate.report(&input);
        told.push_str(&report.text());
        let bytes = report.value().encode();
        assert_eq!(Summary::decode(&bytes).unwrap().passed, report.passes());
        evidence.add("1.2.0", &bytes).unwrap();
        let document = Document { path: format!("{}.cbor", gate.name), bytes };
        input.files.entry("reports").or_default().push(document);
    }
    let chain = Document { path: "evidence.json".to_owned(), bytes: evidence.text().into_bytes() };
    input.files.insert("evidence", vec![chain]);
    told.push_str(&says("evidence", &input));
    input.arguments.insert("profile".to_owned(), "confidential".to_owned());
    told.push_str(&says("release", &input));
    let bytes = gate("evidence").unwrap().report(&input).value().encode();
    let document = Document { path: "evidence.cbor".to_owned(), bytes };
    input.files.entry("reports").or_default().push(document);
    told.push_str(&says("suites", &input));
    insta::assert_snapshot!(told);
}

#[test]
fn the_order_of_contracts_and_files_changes_nothing() {
    let other = MONEY.replace("Shop.Money", "Shop.Other");
    let both = [money(), member("other.upel", &other, &[])];
    let turned = [both[1].clone(), both[0].clone()];
    for gate in GATES {
        let said = |members: &[Member]| gate.report(&input(members.to_vec(), &[])).findings.len();
        assert_eq!(said(&both), said(&turned), "{}", gate.name);
    }
}

#[test]
fn closure_finds_all_that_is_open() {
    let open = MONEY
        .replace("Half of it.", "Half of it, or a third (TBD). It SHOULD be rounded.")
        .replace("/// Adds; more than fits raises `TOO_MUCH`.\n", "")
        .replace("category sum", "category total")
        .replace("half_even", "half_up");
    let other = "contract Shop.Other 1.0.0 layer L2 invalid WRONG;
error WRONG = 2 severity ERROR category input retry no message \"w\";
error BAD = 7 severity ERROR category input retry no message \"b\";
hash PaidHash(a: u8) = sha256 commit \"shop.other\" [a];
hash Else(a: u8) = sha256 commit \"shop.paid\" [a];
/// Some numbers.
pure operator Some(a: u8) -> (found: list<u8> 0..=2) raises BAD order found by input {
  require a > 1 else BAD;
  [a]
}
";
    let members = vec![member("money.upel", &open, &[]), member("other.upel", other, &[])];
    insta::assert_snapshot!(says("closure", &input(members.clone(), &[("policy", "policy.toml", POLICY)])));
    insta::assert_snapshot!("closure_without_a_policy", says("closure", &input(members.clone(), &[])));
    let policies = [
        "rounding = [\"upwards\"]",
        "rounding = ",
        "[errors]\na = \"9..1\"",
        "[errors]\na = \"1..2\"\nb = \"2..3\"",
        "max_abs = -1.0",
        "colour = 1",
    ];
    let told: Vec<String> = policies
        .iter()
        .map(|policy| says("closure", &input(Vec::new(), &[("policy", "policy.toml", policy)])))
        .collect();
    insta::assert_snapshot!("policies_that_are_none", told.join("--\n"));
}

#[test]
fn references_have_to_lead_somewhere() {
    let using = "//! See `Shp` and `TOO_MUHC`.
contract Shop.Orders 1.0.0 layer L2 invalid UNUSED;
import Shop.Money 1.0.0 as Money;
error UNUSED = 9 severity ERROR category input retry no message \"u\";
error NEVER = 10 severity ERROR category input retry no message \"n\";
/// As `Add` does, or `Post`.
pure operator Both(a: Money.Cents) -> Money.Cents raises Money.TOO_MUCH uses Money.Add { Money.Add(a: a, b: a) }
";
    let money = money();
    let orders = member("orders.upel", using, std::slice::from_ref(&money.contract));
    insta::assert_snapshot!(says("references", &input(vec![orders], &[])));
}

#[test]
fn locks_hold_contracts_schemas_and_signatures() {
    let was = lock_of(MONEY);
    let changed = MONEY.replace("0..=1_000 else", "0..=2_000 else").replace("as int 0..=1_000", "as int 0..=2_000");
    let told = |text: &str, lock: &str| {
        let input = input(vec![member("money.upel", text, &[])], &[("lock", "lock.json", lock)]);
        ["digests", "interface", "schema"].map(|name| says(name, &input)).concat()
    };
    let mut documents = input(vec![money()], &[]);
    documents.arguments.insert("documents".to_owned(), "money.upel\np/other.upel\n".to_owned());
    let all = [
        told(&changed, &was),
        told(&changed.replace("1.2.0", "2.0.0"), &was),
        told(MONEY, &was.replace("Shop.Money", "Shop.Gone")),
        told(MONEY, &was.replacen("1.2.0", "1.2.1", 1)),
        told(MONEY, "nonsense"),
        ["digests", "interface"].map(|name| says(name, &input(vec![money()], &[]))).concat(),
        says("schema", &documents),
    ];
    insta::assert_snapshot!(all.join("--\n"));
}

#[test]
fn a_registry_says_what_contracts_say_both_ways() {
    let is = registry();
    let hand = |from: &str, to: &str| {
        let text = is.replacen(from, to, 1);
        assert_ne!(text, is, "{from}");
        says("registry", &input(vec![money()], &[("registry", "registry.json", &text)]))
    };
    let all = [
        hand("\"idempotent\": true", "\"idempotent\": false"),
        hand("\"purity_class\": \"PURE\"", "\"purity_class\": \"CLEAN\""),
        hand("      \"method\": \"CALL\",\n", ""),
        hand("\"operator_id\": \"Shop.Money.Half\"", "\"operator_id\": \"Shop.Money.Third\""),
        hand(
            "\"Shop.Money.BAD\",\n        \"Shop.Money.TOO_MUCH\"",
            "\"Shop.Money.TOO_MUCH\",\n        \"Shop.Money.BAD\"",
        ),
        hand("\"registry_schema_version\": 2", "\"registry_schema_version\": 1"),
        hand("{", ""),
        says("registry", &input(vec![money()], &[])),
    ];
    insta::assert_snapshot!(all.join("--\n"));
}

#[test]
fn vectors_are_complete_and_as_they_were_frozen() {
    let is = frozen();
    let told = |text: &str, frozen: &str| {
        says("vectors", &input(vec![member("money.upel", text, &[])], &[("frozen", "frozen.json", frozen)]))
    };
    let flipped = is.replacen("\"result\": 3", "\"result\": 4", 1);
    assert_ne!(flipped, is);
    let with_more = format!("{MONEY}\n/// One more.\npure operator Same(a: Cents) -> Cents {{ a }}\n");
    let all = [
        told(MONEY, &flipped),
        told(&MONEY.replace("paid.cents, 2, 0", "paid.cents, 3, 0"), &is),
        told(&with_more, &is),
        told(&MONEY.replace("CARD = 2,", "CARD = 2,\n  COIN = 3,"), &is),
        told(MONEY, &is.replace("first freeze", "no reason")),
        told(MONEY, &is.replace("Shop.Money", "Shop.Moon")),
        told(MONEY, "[]"),
        says("vectors", &input(vec![money()], &[])),
    ];
    insta::assert_snapshot!(all.join("--\n"));
}

#[test]
fn what_is_frozen_again_is_on_record_and_the_cases_stay() {
    let (mut was, held) = Frozen::read(frozen().as_bytes()).unwrap();
    assert!(held.changed.is_empty() && held.unfrozen.is_none());
    let contract = member("m.upel", &MONEY.replace("paid.cents, 2, 0", "paid.cents, 3, 0"), &[]).contract;
    let names =
        |frozen: &Frozen| frozen.cases.iter().map(|it| format!("{} {}", it.operator, it.inputs)).collect::<Vec<_>>();
    let before = names(&was);
    was.cases = cases(&contract, &was.cases).unwrap();
    assert!(before.iter().all(|case| names(&was).contains(case)));
    was.freeze("ada", "a third now, as the board decided");
    let (again, held) = Frozen::read(was.text().as_bytes()).unwrap();
    assert!(held.unfrozen.is_none());
    assert_eq!(again.freezes.len(), 2);
    // A freeze that is taken out of the chain is missed.
    was.freezes.remove(0);
    assert!(Frozen::read(was.text().as_bytes()).unwrap().1.unfrozen.is_some());
}

#[test]
fn versions_step_far_enough_and_what_breaks_has_a_migration() {
    let told = |old: &str, new: &str, migrations: &str| {
        let mut input = input(vec![member("new.upel", new, &[])], &[]);
        input.former = vec![member("old.upel", old, &[])];
        input.arguments.insert("migrations".to_owned(), migrations.to_owned());
        says("compatibility", &input)
    };
    let breaking = MONEY
        .replace("0..=1_000 else", "5..=900 else")
        .replace("as int 0..=1_000", "as int 5..=900")
        .replace("a: 1, b: 2) => 3", "a: 5, b: 5) => 10");
    let all = [
        told(MONEY, &breaking, ""),
        told(MONEY, &breaking.replace("1.2.0", "2.0.0"), ""),
        told(MONEY, &breaking.replace("1.2.0", "2.0.0"), "Half\nGone"),
        told(MONEY, &breaking.replace("1.2.0", "2.0.0"), "Add"),
        told(MONEY, &MONEY.replace("1.2.0", "1.1.9"), ""),
        told(MONEY, &MONEY.replace("half_even", "half_up"), ""),
        told(MONEY, &MONEY.replace("half_even", "half_up").replace("1.2.0", "1.2.1"), ""),
    ];
    insta::assert_snapshot!(all.join("--\n"));
}

#[test]
fn evidence_that_was_changed_is_found_at_its_place() {
    let report = |name: &str| gate(name).unwrap().report(&input(vec![money()], &[])).value().encode();
    let mut evidence = Evidence::default();
    ["references", "closure", "schema"].iter().for_each(|name| evidence.add("1.2.0", &report(name)).unwrap());
    let text = evidence.text();
    let told = |text: &str, name: &str| {
        let mut input = input(Vec::new(), &[("evidence", "evidence.json", text)]);
        input.files.insert("reports", vec![Document { path: format!("{name}.cbor"), bytes: report(name) }]);
        says("evidence", &input)
    };
    let all = [
        told(&text, "schema"),
        told(&text.replacen("FAIL", "PASS", 1), "schema"),
        told(&text, "digests"),
        told("{}", "schema"),
        says("evidence", &input(Vec::new(), &[])),
    ];
    insta::assert_snapshot!(all.join("--\n"));
}

#[test]
fn a_release_profile_asks_for_gates_coverage_and_no_waivers() {
    let frozen = frozen();
    let owed =
        ["'a' at the end 0 of its range", "'a' at the end 1000 of its range", "a result", "the error Shop.Money.BAD"];
    let waiver = |what: &str| {
        let rest = "owner = \"ada\"\nreason = \"new\"\nexpires = 2027-01-01\n";
        format!("[[waiver]]\ncode = \"VECTOR_MISSING\"\nsubject = \"Shop.Money operator Same: {what}\"\n{rest}")
    };
    let waivers = owed.map(waiver).concat();
    let text = format!("{MONEY}\n/// One more.\npure operator Same(a: Cents) -> Cents {{ a }}\n");
    let vectors = input(
        vec![member("money.upel", &text, &[])],
        &[("frozen", "frozen.json", frozen.as_str()), ("waivers", "waivers.toml", &waivers)],
    );
    let report = gate("vectors").unwrap().report(&vectors);
    assert!(report.passes(), "{}", report.text());
    let told = |profile: &str| {
        let mut input = input(Vec::new(), &[]);
        input
            .files
            .insert("reports", vec![Document { path: "vectors.cbor".to_owned(), bytes: report.value().encode() }]);
        input.arguments.insert("profile".to_owned(), profile.to_owned());
        says("release", &input)
    };
    insta::assert_snapshot!(["managed", "confidential", "regulated", "public"].map(told).join("--\n"));
}

#[test]
fn every_code_belongs_to_a_gate_or_to_waivers() {
    for code in CODES.iter().filter(|code| !(1180..1183).contains(&code.number) && code.number < 1190) {
        assert!(GATES.iter().any(|gate| gate.codes.contains(code)), "{}", code.name);
    }
}
