//! Laws that hold for every contract: the form of a form is itself, an encoding says what was encoded, layout and
//! comments are no part of the digest, and evaluation stays within types and steps.
//!
//! They are tried on every accepted program of `tests/rules` and on the contracts of `examples/specs`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends when something is wrong")]

use gx_spec::eval::{Halt, Machine, call, conform};
use gx_spec::format::{format, print};
use gx_spec::generate::{boundary_cases, inputs, shrink};
use gx_spec::ir::{Contract, decode, digest, encode};
use gx_spec::load::{Source, load};
use gx_spec::rules::Rules;
use gx_spec::syntax::parse;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

/// Every sound contract there is, with its text; loaded together with what it may import.
fn contracts() -> Vec<(String, String, Arc<Contract>)> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(here().join("tests/rules")).unwrap() {
        paths.push(entry.unwrap().path().join("accepted.upel"));
    }
    for entry in std::fs::read_dir(here().join("../examples/specs")).unwrap() {
        paths.push(entry.unwrap().path());
    }
    paths.push(here().join("tests/golden/everything.upel"));
    paths.sort();
    let mut found = Vec::new();
    for path in paths.into_iter().filter(|path| path.extension().is_some_and(|it| it == "upel") && path.exists()) {
        let text = std::fs::read_to_string(&path).unwrap();
        found.push((path.display().to_string(), text.clone(), contract(&text)));
    }
    assert!(found.len() > 40, "only {} contracts", found.len());
    found
}

fn load_with_imports(text: &str) -> gx_spec::load::Loaded {
    let import = std::fs::read(here().join("tests/rules/imports/money.upel")).unwrap();
    let sources = [
        Source { name: "text".to_owned(), bytes: text.as_bytes().to_vec() },
        Source { name: "money".to_owned(), bytes: import },
    ];
    load(sources.into(), Rules::all(), 1).remove(0)
}

fn contract(text: &str) -> Arc<Contract> {
    let loaded = load_with_imports(text);
    let said: String = loaded.faults.iter().map(|fault| gx_spec::diagnostic::render(fault, "text", text)).collect();
    loaded.contract.unwrap_or_else(|| panic!("{said}\n{text}"))
}

#[test]
fn the_form_of_a_form_is_itself_and_keeps_the_digest() {
    for (path, text, contract) in contracts() {
        let parsed = parse(&text);
        let formed = format(&parsed.file.unwrap(), &text);
        let again = parse(&formed);
        assert!(again.faults.is_empty(), "{path}: {:?}\n{formed}", again.faults);
        assert_eq!(format(&again.file.unwrap(), &formed), formed, "{path}");
        assert_eq!(digest(&self::contract(&formed)), digest(&contract), "{path}:\n{formed}");
    }
}

#[test]
fn an_encoding_says_what_was_encoded() {
    for (path, _, contract) in contracts() {
        let bytes = encode(&contract);
        let import = |name: &str, _| contract.import(name).cloned();
        let back = decode(&bytes, &import).unwrap_or_else(|error| panic!("{path}: {error}\n{}", print(&contract)));
        assert_eq!(encode(&back), bytes, "{path}");
        let printed = print(&contract);
        assert_eq!(encode(&self::contract(&printed)), bytes, "{path}:\n{printed}");
    }
}

#[test]
fn layout_and_comments_are_no_part_of_the_digest() {
    for (path, text, contract) in contracts() {
        let airy: String = text.lines().map(|line| format!("  {line}   // said\n\n")).collect();
        // A comment inside a doc comment would be part of it; that is no part of the digest either.
        assert_eq!(digest(&self::contract(&airy)), digest(&contract), "{path}");
    }
}

/// Comments are kept, each once.
#[test]
fn the_formatter_keeps_comments() {
    for (path, text, _) in contracts() {
        let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let commented: String = lines.enumerate().map(|(at, line)| format!("{line} // c{at}.\n")).collect();
        let parsed = parse(&commented);
        let formed = format(&parsed.file.unwrap(), &commented);
        for at in 0..commented.lines().count() {
            assert_eq!(formed.matches(&format!("// c{at}.")).count(), 1, "{path}: comment {at}\n{formed}");
        }
        let again = parse(&formed);
        assert_eq!(format(&again.file.unwrap(), &formed), formed, "{path}");
    }
}

#[test]
fn evaluation_stays_within_types_and_steps() {
    for (path, _, contract) in contracts() {
        for operator in contract.operators.iter().filter(|operator| !operator.is_extern) {
            for case in 0..boundary_cases(operator) + 300 {
                let inputs = inputs(operator, 7, case);
                let fitted: Result<Vec<_>, Halt> = inputs
                    .iter()
                    .zip(&operator.inputs)
                    .map(|(value, input)| conform(&*contract, value.clone(), &input.ty, contract.invalid.as_ref()))
                    .collect();
                let Ok(fitted) = fitted else { continue };
                let mut machine = Machine::new(&*contract, operator.steps);
                match machine.run(operator, fitted) {
                    Ok(result) => {
                        let checked = conform(&*contract, result, &operator.result(), contract.invalid.as_ref());
                        assert!(checked.is_ok(), "{path}: {} gives what its type does not hold", operator.id.name);
                    }
                    Err(Halt::Raised(raised)) => {
                        assert!(operator.raises.contains(&raised.error), "{path}: {}", raised.error);
                    }
                    Err(halt) => panic!("{path}: {} for {inputs:?}: {halt}", operator.id.name),
                }
                assert!(machine.steps() <= operator.steps, "{path}: {}", operator.id.name);
            }
        }
    }
}

#[test]
fn the_same_seed_makes_the_same_inputs_and_errors_of_the_boundary_are_named() {
    for (path, _, contract) in contracts() {
        for operator in &contract.operators {
            for case in 0..50 {
                assert_eq!(inputs(operator, 3, case), inputs(operator, 3, case), "{path}");
                if let Err(Halt::Raised(raised)) = call(&contract, operator, inputs(operator, 3, case)) {
                    let known = operator.raises.contains(&raised.error) || operator.boundary.contains(&raised.error);
                    assert!(known, "{path}: {} raises {}", operator.id.name, raised.error);
                }
            }
        }
    }
}

/// What is shrunk still fails in the same way, is no larger, and cannot be shrunk further.
#[test]
fn shrinking_keeps_what_fails_and_ends_at_the_smallest() {
    let mut shrunk = 0;
    for (path, _, contract) in contracts() {
        for operator in contract.operators.iter().filter(|operator| !operator.is_extern && !operator.raises.is_empty())
        {
            for case in 0..40 {
                let large = inputs(operator, 11, case);
                let error = |inputs: &[gx_spec::ir::Value]| match call(&contract, operator, inputs.to_vec()) {
                    Err(Halt::Raised(raised)) => Some(raised.error),
                    _ => None,
                };
                let Some(raised) = error(&large).filter(|it| operator.raises.contains(it)) else { continue };
                let mut fails = |inputs: &[gx_spec::ir::Value]| error(inputs).as_ref() == Some(&raised);
                let small = shrink(&contract, operator, large.clone(), &mut fails);
                assert!(fails(&small), "{path}: {} no longer raises {raised}", operator.id.name);
                let again = shrink(&contract, operator, small.clone(), &mut fails);
                let shown = |it: &[gx_spec::ir::Value]| format!("{it:?}").len();
                assert!(shown(&small) <= shown(&large), "{path}: {} grew", operator.id.name);
                assert!(shown(&again) <= shown(&small), "{path}: {} grew", operator.id.name);
                shrunk += usize::from(small != large);
            }
        }
    }
    assert!(shrunk > 20, "only {shrunk} inputs became smaller");
}

/// The bytes of a contract are identity: they change only with the format's name.
#[test]
fn the_encoding_is_the_golden_one() {
    let folder = here().join("tests/golden");
    let contract = contract(&std::fs::read_to_string(folder.join("everything.upel")).unwrap());
    let golden = std::fs::read(folder.join("everything.cbor")).unwrap_or_default();
    let bytes = encode(&contract);
    if golden != bytes {
        let beside = std::env::temp_dir().join("everything.cbor.new");
        std::fs::write(&beside, &bytes).unwrap();
        panic!("the encoding is another one: {} bytes, and {} in {}", golden.len(), bytes.len(), beside.display());
    }
    let text = std::fs::read_to_string(folder.join("everything.digest")).unwrap();
    assert_eq!(digest(&contract).hex(), text.trim());
}

/// The examples of the reference are contracts, and in their one form.
#[test]
fn the_examples_of_the_reference_hold() {
    let reference = std::fs::read_to_string(here().join("../docs/upel.md")).unwrap();
    let examples: Vec<&str> =
        reference.split("```upel\n").skip(1).filter_map(|part| part.split("```").next()).collect();
    assert!(!examples.is_empty());
    for example in examples {
        contract(example);
        let parsed = parse(example);
        assert_eq!(format(&parsed.file.unwrap(), example), example);
    }
}

/// Any text ends in a value or in findings, on a stack of ordinary size.
#[test]
fn what_nests_is_refused_and_not_followed() {
    let head = "contract A.B 1.0.0 layer L1;\n";
    for (open, close) in
        [("(", ")"), ("[", "]"), ("-", ""), ("not ", ""), ("some ", ""), ("if true { ", " } else { 1 }")]
    {
        for depth in [10, 95, 97, 3000] {
            let text = format!("{head}const DEEP = {}1{};\n", open.repeat(depth), close.repeat(depth));
            let loaded = load_with_imports(&text);
            assert!(loaded.contract.is_some() || !loaded.faults.is_empty(), "{open}{depth}");
        }
    }
    for (open, close) in [("list<", "> 1"), ("optional ", ""), ("map<u8, ", "> 1")] {
        let text = format!("{head}type Deep = {}u8{};\n", open.repeat(3000), close.repeat(3000));
        assert!(!load_with_imports(&text).faults.is_empty());
    }
    let chain = format!("{head}const LONG = {}1;\n", "1 + ".repeat(5000));
    assert!(!load_with_imports(&chain).faults.is_empty());
}
