//! What a complete set of vectors owes: nothing that cannot happen, and what happens is found.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends when something is wrong")]

use gx_spec::facts::Facts;
use gx_spec::gate::{Document, Input, Member, gate};
use gx_spec::load::check_with;
use gx_spec::rules::Rules;
use gx_spec::vectors::{cases, error_of};

const HEAD: &str = "//! Things.
contract Shop.Things 1.0.0 layer L1 invalid BAD;

error BAD = 1 severity ERROR category input retry no message \"bad\";
error CROSSED = 2 severity ERROR category input retry no message \"crossed\";
error HEAVY = 3 severity ERROR category input retry no message \"heavy\";

/// A weight.
type Weight = int 0..=9 else HEAVY;

/// From, and to.
record Span { from: Weight, to: Weight, note?: Weight, require from <= to else CROSSED }

";

fn member(text: &str) -> Member {
    let text = format!("{HEAD}{text}");
    let (tree, checked) = check_with(text.as_bytes(), &[], Rules::all());
    let told: Vec<&str> = checked.faults.iter().map(|fault| fault.message.as_str()).collect();
    let contract = checked.contract.unwrap_or_else(|| panic!("{told:?}"));
    Member { contract, facts: Facts::of(&tree.unwrap(), &text, "things.upel") }
}

#[test]
fn an_optional_breaks_nothing_that_its_type_does_not() {
    let member = member("/// Or none.\npure operator Or(a: optional Weight) -> Weight { a ?? 0 }\n");
    let operator = member.contract.operator("Or").unwrap();
    let boundary: Vec<String> = operator.boundary.iter().map(ToString::to_string).collect();
    assert_eq!(boundary, ["Shop.Things.HEAVY"]);
    let shown: Vec<Option<String>> =
        cases(&member.contract, &[]).unwrap().iter().map(|case| error_of(&case.expected)).collect();
    assert!(shown.contains(&Some("Shop.Things.HEAVY".to_owned())), "{shown:?}");
}

#[test]
fn a_vector_whose_argument_is_no_value_does_not_stop_the_others() {
    let member = member(
        "/// How long.\npure operator Length(span: Span) -> Weight { max(span.to - span.from, 0) }\n\n\
         vector Length crossed (span: Span { from: 2, to: 1 }) => fail CROSSED;\n\
         vector Length one (span: Span { from: 1, to: 2 }) => 1;\n",
    );
    let made = cases(&member.contract, &[]).unwrap();
    assert!(made.iter().any(|case| case.name == "one"));
    let crossed = made.iter().find(|case| error_of(&case.expected).as_deref() == Some("Shop.Things.CROSSED"));
    assert!(crossed.is_some(), "the error is shown by a case that was made: {made:?}");
}

#[test]
fn a_list_in_the_order_of_its_elements_needs_no_break_of_ties_and_one_by_a_field_does() {
    let says = |operator: &str| {
        let policy = b"[errors]\ninput = \"1..9\"\n".to_vec();
        let mut input = Input { members: vec![member(operator)], ..Input::default() };
        input.files.insert("policy", vec![Document { path: "policy.toml".to_owned(), bytes: policy }]);
        gate("closure").unwrap().report(&input).text()
    };
    let by_value = "/// Twice.\npure operator Twice(a: Weight) -> (all: list<Weight> 0..=2)\n  \
                    order all by value tie input\n{ [a, a] }\n";
    assert!(!says(by_value).contains("TIE_UNDEFINED"), "{}", says(by_value));
    let by_field = "/// Spans.\npure operator Spans(a: Weight) -> (all: list<Span> 0..=2)\n  raises CROSSED\n  \
                    order all by from tie input\n{ [Span { from: 0, to: a }, Span { from: 0, to: 9 }] }\n";
    assert!(says(by_field).contains("TIE_UNDEFINED"), "{}", says(by_field));
}

#[test]
fn a_map_has_no_more_entries_than_there_are_keys() {
    let text = |most: u32| {
        format!(
            "/// Marks.\npure operator Mark(marks: map<bool, Weight> 0..={most}, key: bool) -> map<bool, Weight> 0..={most} \
             {{ put(marks, key, 1) }}\n"
        )
    };
    member(&text(2));
    let (_, checked) = check_with(format!("{HEAD}{}", text(1)).as_bytes(), &[], Rules::all());
    assert!(checked.contract.is_none(), "one entry more does not fit into a map of one");
}
