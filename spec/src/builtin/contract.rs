//! `contract`: a text, or a document of another form, is checked, and its meaning written down.
//!
//! Inputs: `source`, whose form is chosen by its ending, and `imports`: meanings of other contracts in canonical CBOR.
//! Outputs: `ir` (canonical CBOR), `twin` (the same as JSON), `facts`, and `docs`: doc comments, for what carries them
//! over. A contract with findings gives nothing but them.

use super::{Given, Made, Step};
use crate::diagnostic::{Diagnostic, Rule, excerpt, position};
use crate::emit::docs::DocSet;
use crate::facts::Facts;
use crate::front::check_document;
use crate::load::{Source, decode_all};
use crate::said::Gravity;
use crate::{ir, twin};
use gx_store::ExecuteError;

pub(super) const STEP: Step = Step {
    name: "contract",
    revision: 1,
    inputs: &["source", "imports"],
    outputs: &["ir", "twin", "facts", "docs"],
    arguments: &[],
    run,
};

fn run(given: &Given<'_>) -> Result<Made, ExecuteError> {
    let source = given.file("source")?;
    let imports: Vec<Vec<u8>> = given.files("imports")?.into_iter().map(|it| it.bytes).collect();
    let known = decode_all(&imports).map_err(|fault| given.refuse(fault))?;
    let document = check_document(Source { name: source.path, bytes: source.bytes }, &known);
    let (path, text) = (document.loaded.source.name.as_str(), document.loaded.text());
    let (Some(file), Some(contract), true) = (&document.loaded.file, &document.loaded.contract, document.is_sound())
    else {
        let errors = document.findings.iter().filter(|it| it.gravity == Gravity::Error);
        let mut findings: String = errors.map(ToString::to_string).collect();
        findings.extend(document.loaded.faults.iter().map(|fault| told(fault, path, text)));
        return Err(ExecuteError::Findings { findings });
    };
    let bytes = ir::encode(contract);
    Ok(vec![
        ("twin", twin::contract(contract).into_bytes().into()),
        ("docs", DocSet::of(contract).encode().into()),
        ("facts", Facts::of(file, text, path).encode().into()),
        ("ir", bytes.into()),
    ])
}

/// A finding as a person reads it: one line that tools can take apart, then the lines that matter.
fn told(fault: &Diagnostic, path: &str, text: &str) -> String {
    let (line, column) = position(text, fault.span.start);
    let rule = fault.rule;
    let mut told = format!("{path}:{line}:{column}: error[GX{:04}] {}\n", rule.code(), fault.message);
    told.push_str(&excerpt(fault, path, text, false));
    told.push_str(&format!("  rule {}: {}\n", rule.number(), rule.title()));
    if rule == Rule::Import {
        told.push_str("  hint: in a BUILD file, name the target of what is imported in `deps`\n");
    }
    for hint in &fault.hints {
        told.push_str(&format!("  hint: {hint}\n"));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::super::testing::Bench;

    const TEXT: &str = "contract A.B 1.0.0 layer L1 invalid BAD;

error BAD = 1 severity ERROR category input retry no message \"bad\";

/// Twice as much.
pure operator Twice(a: u8) -> u16 { a * 2 }
";

    #[test]
    fn golden() {
        let mut bench = Bench::new("contract");
        bench.input("source", "a.upel", TEXT);
        let made = bench.run(&["ir", "twin", "facts"]).unwrap();
        // A changed digest needs a changed revision.
        insta::assert_snapshot!(bench.digests(&made));
        insta::assert_snapshot!(String::from_utf8_lossy(&made["twin"]));
    }

    #[test]
    fn imports_are_found_among_what_is_given_and_findings_are_all_told() {
        let mut bench = Bench::new("contract");
        bench.input("source", "a.upel", TEXT);
        let ir = bench.run(&["ir"]).unwrap()["ir"].clone();
        let user = "contract C.D 1.0.0 layer L2 invalid B.BAD;\nimport A.B 1.0.0 as B;\n\
                    pure operator Four(a: u8) -> u32 uses B.Twice { B.Twice(a: a) * 2 }\n";
        let mut bench = Bench::new("contract");
        bench.input("source", "c.upel", user);
        insta::assert_snapshot!(bench.run(&["ir"]).unwrap_err());
        bench.input("imports", "out/a.cbor", ir);
        bench.run(&["ir"]).unwrap();
        bench.input("source", "c.upel", user.replace("u32", "u8").replace("* 2", "* two"));
        insta::assert_snapshot!(bench.run(&["ir"]).unwrap_err());
    }

    #[test]
    fn a_document_of_another_form_means_what_it_says() {
        let mut bench = Bench::new("contract");
        bench.input("source", "a.upel", TEXT);
        let ir = bench.run(&["ir"]).unwrap()["ir"].clone();
        let contract = crate::load::decode_all(std::slice::from_ref(&ir)).unwrap().remove(0);
        let prose = crate::prose::to_markdown(&contract);
        for (path, text) in [("a.md", prose.clone()), ("a.json", crate::schema::json_schema_text(&contract))] {
            let mut bench = Bench::new("contract");
            bench.input("source", path, text);
            assert_eq!(bench.run(&["ir"]).unwrap()["ir"], ir, "{path}");
        }
        let mut bench = Bench::new("contract");
        bench.input("source", "docs/a.md", prose.replace("**Purity class:** PURE", "**Purity class:** IO"));
        insta::assert_snapshot!(bench.run(&["ir"]).unwrap_err());
    }

    #[test]
    fn what_is_no_contract_and_what_is_not_known_is_refused() {
        let mut bench = Bench::new("contract");
        bench.input("source", "a.upel", [0xff, 0xfe]);
        insta::assert_snapshot!(bench.run(&["ir"]).unwrap_err());
        bench.input("source", "a.upel", TEXT);
        bench.input("imports", "out/a.cbor", "nonsense");
        insta::assert_snapshot!(bench.run(&["ir"]).unwrap_err());
        bench.input("surces", "a.upel", TEXT);
        insta::assert_snapshot!(bench.run(&["ir"]).unwrap_err());
    }
}
