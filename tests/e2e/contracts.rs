//! Contracts in the graph: what is checked, what runs after an edit, and what a person sees of findings.

use gx_tests::TestSpace;

const MONEY: &str = "//! Money.
contract Shop.Money 1.0.0 layer L1 invalid BAD;

error BAD = 1 severity ERROR category input retry no message \"the input does not fit\";

/// An amount in cents.
type Cents = int 0..=1_000_000 else BAD;

/// Adds two amounts.
pure operator Add(a: Cents, b: Cents) -> int 0..=2_000_000 {
  a + b
}

vector Add small (a: 1, b: 2) => 3;
";

const ORDERS: &str = "//! Orders.
contract Shop.Orders 1.0.0 layer L2 invalid BAD_ORDER;

import Shop.Money 1.0.0 as Money;

error BAD_ORDER = 2 severity ERROR category input retry no message \"the order does not fit\";

/// What two things cost.
pure operator Both(a: Money.Cents, b: Money.Cents) -> int 0..=2_000_000
  uses Money.Add
{
  Money.Add(a: a, b: b)
}

vector Both small (a: 1, b: 2) => 3;
";

fn space() -> TestSpace {
    let space = TestSpace::new();
    space.write("contracts/money.upel", MONEY);
    space.write("contracts/orders.upel", ORDERS);
    space.write(
        "contracts/BUILD.gx",
        "load(\"@gx//rules:contract.bzl\", \"contract\")\n\n\
         contract(name = \"money\", src = \"money.upel\")\n\n\
         contract(name = \"orders\", src = \"orders.upel\", deps = [\":money\"])\n",
    );
    space
}

#[test]
fn a_comment_checks_one_contract_again_and_stops() {
    let space = space();
    space.build(&["//contracts/..."]).expect_run(2);
    space.build(&["//contracts/..."]).expect_run(0);
    let before = space.outputs();
    space.edit("contracts/money.upel", "Adds two amounts", "Adds up two amounts");
    let run = space.build(&["//contracts/..."]).expect_run(1);
    assert_eq!(run.messages("run"), ["Checking contracts/money.upel"], "{}", run.told());
    assert_eq!(run.messages("cut_off"), ["Checking contracts/orders.upel"], "{}", run.told());
    assert_eq!(space.outputs(), before, "a comment is no part of what a contract means");
}

#[test]
fn an_edit_of_the_meaning_goes_on_to_what_imports_it() {
    let space = space();
    space.build(&["//contracts/..."]).ok();
    space.edit("contracts/money.upel", "0..=1_000_000", "0..=900_000");
    let run = space.build(&["//contracts/..."]).expect_run(2);
    assert_eq!(run.messages("run").len(), 2, "{}", run.told());
    let twin: serde_json::Value = serde_json::from_str(&space.read("gx-out/contracts/orders.contract.json")).unwrap();
    let digest = space.run(["spec", "digest", "contracts/orders.upel"]).ok();
    let told = twin.get("digest").and_then(|it| it.as_str()).unwrap().to_owned();
    assert!(digest.stdout.contains(told.as_str()), "{told}\n{}", digest.stdout);
}

#[test]
fn findings_are_told_with_their_places_and_kept() {
    let space = space();
    space.edit("contracts/money.upel", "int 0..=2_000_000 {", "int 0..=1_000_000 {");
    space.edit("contracts/money.upel", "a: 1, b: 2) => 3", "a: 1, b: 2) => 4");
    insta::assert_snapshot!(space.run(["build", "//contracts/..."]).expect(1).redacted());
    // A failure is remembered: nothing runs, and the same is told.
    let again = space.build(&["//contracts/..."]).expect(1).expect_text("contracts/money.upel:11:3: error[GX1010]");
    assert_eq!(again.totals().run, 0, "{}", again.told());
}

#[test]
fn what_is_no_step_is_refused() {
    let space = space();
    space.write("own.bzl", "def _impl(ctx):\n    out = ctx.actions.declare_file(\"x\")\n    ctx.actions.spec(\"contrct\", outputs = {\"ir\": out})\n\nown = rule(implementation = _impl)\n");
    space.write("BUILD.gx", "load(\":own.bzl\", \"own\")\n\nown(name = \"x\")\n");
    space.build(&["//:x"]).expect(4).expect_text("'contrct' is no step").expect_text("did you mean 'contract'?");
}
