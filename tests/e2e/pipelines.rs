//! The examples of contracts, all of them by one body: every gate, the second time nothing, prose and contract agree, a
//! comment goes no further. And what gx ships and writes: packs, and `gx spec new` in every shape.

use gx_tests::{TestSpace, examples};
use serde_json::Value;

/// The examples of contracts: those whose folder `contracts` has a lock.
pub(crate) fn pipelines() -> Vec<String> {
    let with_contracts = examples().into_iter().filter(|path| path.join("contracts/agreed.json").is_file());
    with_contracts.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
}

/// Files with an ending in a folder, sorted.
fn files(space: &TestSpace, folder: &str, ending: &str) -> Vec<String> {
    let entries = std::fs::read_dir(space.path(folder)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut found: Vec<String> =
        names.filter(|name| name.ends_with(ending)).map(|name| format!("{folder}/{name}")).collect();
    found.sort();
    found
}

fn passes(space: &TestSpace, verdict: &str) -> Value {
    let verdict: Value = serde_json::from_str(&space.read(verdict)).unwrap();
    assert_eq!(verdict.get("verdict").and_then(Value::as_str), Some("PASS"), "{verdict}");
    verdict
}

#[test]
fn the_examples_have_thirty_operators_and_more() {
    assert_eq!(pipelines(), ["flight-guard", "infusion-pump", "ledger"]);
    let mut all = 0;
    for name in pipelines() {
        let space = TestSpace::of_example(&name);
        let run = space.run(["spec", "check", "contracts"]).ok();
        let (before, _) = run.stdout.split_once(" operators").unwrap();
        let own: u32 = before.rsplit(' ').next().unwrap().parse().unwrap();
        assert!(own >= 8, "{name}: {own} operators");
        all += own;
    }
    assert!(all >= 30, "{all}");
}

#[test]
fn every_example_passes_every_gate_and_the_second_time_nothing_runs() {
    for name in pipelines() {
        let space = TestSpace::of_example(&name);
        space.build(&["//contracts/..."]).ok();
        let verdict = passes(&space, "gx-out/contracts/conformance.conformance.json");
        let gates = verdict.get("gates").and_then(Value::as_array).unwrap();
        assert_eq!(gates.len(), 16, "{name}: {verdict}");
        space.build(&["//contracts/..."]).expect_run(0);
        assert_eq!(space.read("gx-out/contracts/lock.json"), space.read("contracts/agreed.json"), "{name}");
        for trace in files(&space, "contracts/traces", ".json") {
            let made = trace.replace("contracts/traces/", "gx-out/contracts/").replace(".json", "_trace.json");
            assert_eq!(space.read(&made), space.read(&trace), "{name}");
        }
        // Frozen vectors are those that the contracts give.
        for contract in files(&space, "contracts", ".upel") {
            let stem = contract.trim_start_matches("contracts/").trim_end_matches(".upel");
            let out = format!("contracts/vectors/{stem}.json");
            let before = space.read(&out);
            let freeze = ["spec", "freeze", &contract, "--out", &out, "--owner", "test", "--reason", "nothing changed"];
            space.run(freeze).ok().expect_text("as they were");
            assert_eq!(space.read(&out), before, "{name}: {out}");
        }
    }
}

#[test]
fn prose_and_contract_of_every_example_agree() {
    for name in pipelines() {
        let space = TestSpace::of_example(&name);
        for prose in files(&space, "contracts", ".md") {
            let contract = prose.replace(".md", ".upel");
            space.run(["spec", "drift", &prose, &contract]).ok().expect_text("nothing to find");
            space.edit(&prose, "Purity class:** PURE", "Purity class:** IO");
            space.run(["spec", "drift", &prose, &contract]).expect(1).expect_text("DRIFT_PURITY");
        }
    }
}

#[test]
fn other_words_of_a_comment_go_no_further_than_one_check() {
    for name in pipelines() {
        let space = TestSpace::of_example(&name);
        space.build(&["//contracts/..."]).ok();
        let before = space.outputs();
        for contract in files(&space, "contracts", ".upel") {
            // The first doc comment of an operator, not of the contract.
            let text = space.read(&contract);
            let comment = text.lines().find(|line| line.starts_with("/// ")).unwrap();
            space.edit(&contract, comment, &comment.replacen("/// ", "/// In other words: ", 1));
            let run = space.build(&["//contracts/..."]).expect_run(1);
            assert_eq!(run.messages("run"), [format!("Checking {contract}")], "{}", run.told());
            assert_eq!(space.outputs(), before, "{name}: {contract}");
        }
    }
}

#[test]
fn what_an_engineer_would_break_is_found_where_it_is() {
    // A pump that starts again by itself, a limit that is no longer one, a vote that believes the loudest.
    for (name, file, from, to, target, found) in [
        (
            "infusion-pump",
            "control.upel",
            "States.Row { from: 6, event: 7, to: 4 }",
            "States.Row { from: 6, event: 7, to: 3 }",
            "//contracts:control",
            "the vector 'its_cause_is_gone' of 'See' does not hold: 'pump.mode' is Mode.INFUSING",
        ),
        (
            "infusion-pump",
            "drugs.upel",
            "} else if dose > limits.hard_high {",
            "} else if dose > limits.soft_high {",
            "//contracts:drugs",
            "rule S38",
        ),
        (
            "flight-guard",
            "voting.upel",
            "max(min(a, b), min(max(a, b), c))",
            "max(max(a, b), c)",
            "//contracts:voting",
            "rule S38",
        ),
        (
            "flight-guard",
            "limits.upel",
            "divide(24_000_000, weight + 10_000, 0, floor)",
            "divide(24_000_000, weight + 10_000, 0, up)",
            "//contracts:limits",
            "rule S38",
        ),
    ] {
        let space = TestSpace::of_example(name);
        space.edit(format!("contracts/{file}"), from, to);
        space.run(["build", target]).expect(1).expect_text(found);
    }
}

#[test]
fn the_packs_pass_their_gates_from_any_workspace() {
    let space = TestSpace::new();
    space.run(["build", "@gx//packs:conformance"]).ok();
    passes(&space, "gx-out/external/gx/packs/conformance.conformance.json");
    space.build(&["@gx//packs:conformance"]).expect_run(0);
}

const SHAPES: [&str; 8] = ["catalogue", "journal", "machine", "measures", "prices", "schedule", "state", "values"];

#[test]
fn a_new_contract_of_every_shape_passes_every_gate_at_once() {
    let space = TestSpace::new();
    for (shape, errors) in SHAPES.iter().zip((1000..).step_by(100)) {
        let name = format!("Shop.My{shape}");
        let errors = errors.to_string();
        let run = ["spec", "new", &name, "--shape", shape, "--owner", "ada", "--errors", &errors];
        space.run(run).ok().expect_text(&format!("wrote contracts/my{shape}/my{shape}.upel"));
        let folder = format!("contracts/my{shape}");
        let (prose, contract) = (format!("{folder}/my{shape}.md"), format!("{folder}/my{shape}.upel"));
        space.run(["fmt", "--check", &contract]).ok();
        space.run(["spec", "drift", &prose, &contract]).ok().expect_text("nothing to find");
        // What is there is not written over.
        let before = space.read(&contract);
        space.run(run).expect(2).expect_text("GX1021");
        assert_eq!(space.read(&contract), before);
    }
    space.build(&["//..."]).ok();
    for shape in SHAPES {
        passes(&space, &format!("gx-out/contracts/my{shape}/conformance.conformance.json"));
        let folder = format!("contracts/my{shape}");
        assert_eq!(space.read(format!("gx-out/{folder}/lock.json")), space.read(format!("{folder}/agreed.json")));
        // What changes a state has a trace, and the gates that run it again; else there is nothing to run.
        let changes = space.read(format!("{folder}/my{shape}.upel")).contains("stateful operator");
        let suites = space.root().join(format!("gx-out/{folder}/suites.report.txt"));
        assert_eq!((changes, changes), (space.root().join(format!("{folder}/traces")).exists(), suites.exists()));
        if changes {
            let made = space.read(format!("gx-out/{folder}/my{shape}_trace.json"));
            assert_eq!(made, space.read(format!("{folder}/traces/my{shape}.json")));
        }
    }
    space.build(&["//..."]).expect_run(0);
}

#[test]
fn a_new_contract_makes_a_workspace_where_there_is_none_and_takes_no_other_files_place() {
    let space = TestSpace::new();
    space.remove("gx.toml");
    space.run(["spec", "new"]).expect(2).expect_text("the name is not given");
    space.run(["spec", "new", "orders", "--owner", "ada"]).expect(2).expect_text("GX1021");
    space.write("contracts/orders/BUILD", "");
    space.run(["spec", "new", "Shop.Orders", "--owner", "ada"]).expect(2).expect_text("contracts/orders/BUILD");
    assert!(!space.exists("contracts/orders/orders.upel") && !space.exists("gx.toml"));
    let run =
        space.run(["spec", "new", "Shop.Orders", "--owner", "ada", "--folder", "o", "--layer", "L3", "--json"]).ok();
    let told: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(told["files"][0], "gx.toml", "{told}");
    assert!(space.read("o/orders.upel").contains("contract Shop.Orders 1.0.0 layer L3 invalid BAD_INPUT;"));
    space.build(&["//o/..."]).ok();
    passes(&space, "gx-out/o/conformance.conformance.json");
    // From a folder of the workspace the pattern is still that of the workspace.
    std::fs::create_dir_all(space.path("deep/er")).unwrap();
    let more = ["spec", "new", "Shop.More", "--owner", "ada", "--folder", "more"];
    space.gx(more).current_dir(space.path("deep/er")).run().ok().expect_text("next: gx build //deep/er/more/...");
    // A folder elsewhere begins a workspace of its own.
    let elsewhere = TestSpace::new();
    elsewhere.remove("gx.toml");
    let folder = elsewhere.path("there").to_str().unwrap().to_owned();
    let run = space.run(["spec", "new", "Shop.There", "--owner", "ada", "--folder", &folder]).ok();
    run.expect_text("next: gx build //...");
    assert!(elsewhere.exists("there/gx.toml") && elsewhere.exists("there/there.upel"));
}
