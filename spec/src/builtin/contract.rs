//! `contract`: a text is checked, and its meaning written down.
//!
//! Inputs: `source`, and `imports`: meanings of other contracts in canonical CBOR. Outputs: `ir` (canonical CBOR),
//! `twin` (the same as JSON), `facts`, and `docs`: doc comments, for what carries them over. A contract with findings
//! gives nothing but them.

use super::{Given, Made, Step};
use crate::diagnostic::{Diagnostic, Rule, Rules, excerpt, position};
use crate::emit::docs::DocSet;
use crate::facts::Facts;
use crate::load::{check_with, decode_all};
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
    let (file, checked) = check_with(&source.bytes, &known, Rules::all());
    let (Some(file), Some(contract)) = (file, checked.contract) else {
        let text = std::str::from_utf8(&source.bytes).unwrap_or_default();
        let findings = checked.faults.iter().map(|fault| told(fault, &source.path, text)).collect();
        return Err(ExecuteError::Findings { findings });
    };
    let text = std::str::from_utf8(&source.bytes).unwrap_or_default();
    let bytes = ir::encode(&contract);
    Ok(vec![
        ("twin", twin::contract(&contract).into_bytes().into()),
        ("docs", DocSet::of(&contract).encode().into()),
        ("facts", Facts::of(&file, text, &source.path).encode().into()),
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
