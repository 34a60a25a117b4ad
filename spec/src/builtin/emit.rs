//! `emit`: source code of a contract for a target.
//!
//! Inputs: `contract` (as `admit` gave it) and `imports` of it, `docs`: its doc comments, and `target`: the files of
//! the target's folder. Outputs: `source`, the module; `runner`, what tries it; `report`, what became of each
//! operator. What a target cannot express is no failure: it stands in the report with its reason.

use super::{Given, Made, Product, Step};
use crate::emit::{self, Target, TargetFault, docs::DocSet};
use crate::ir::Contract;
use gx_store::ExecuteError;
use serde_json::json;
use std::collections::BTreeMap;

pub(super) const STEP: Step = Step {
    name: "emit",
    revision: 6,
    inputs: &["contract", "imports", "docs", "target"],
    outputs: &["source", "runner", "report"],
    arguments: &[],
    run,
};

fn run(given: &Given<'_>) -> Result<Made, ExecuteError> {
    let contract = &*given.contract()?;
    let docs = match given.files("docs")?.first() {
        Some(file) => DocSet::decode(&file.bytes).map_err(|error| given.refuse(error.to_string()))?,
        None => DocSet::default(),
    };
    let target = target(given)?;
    let output = emit::contract(contract, &docs, &target).map_err(|fault| given.refuse(fault.to_string()))?;
    let report = report(contract, &target, &output);
    Ok(vec![
        ("source", Product::Folder(output.source)),
        ("runner", Product::Folder(output.runner)),
        ("report", report.into_bytes().into()),
    ])
}

fn report(contract: &Contract, target: &Target, output: &emit::Output) -> String {
    let operators = output.operators.iter().map(|it| match &it.reason {
        None => json!({"operator": it.operator, "generated": true}),
        Some(reason) => json!({"operator": it.operator, "generated": false, "reason": reason}),
    });
    super::pretty(&json!({
        "schema": "gx.emitted/1",
        "target": target.id,
        "class": target.class,
        "contract": &*contract.name,
        "operators": operators.collect::<Vec<_>>(),
    }))
}

/// The target of the files of its folder and of those of its bases, whatever lies above them.
pub(super) fn target(given: &Given<'_>) -> Result<Target, ExecuteError> {
    let mut texts = BTreeMap::new();
    for file in given.files("target")? {
        let text = String::from_utf8(file.bytes).map_err(|_| given.refuse(format!("'{}' is no text", file.path)))?;
        texts.insert(file.path, text);
    }
    Target::read(&texts).map_err(|fault: TargetFault| given.refuse(fault.to_string()))
}
