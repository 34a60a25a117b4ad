//! `gx spec vectors`: frozen examples run, and inputs made from types.

use super::{Files, Told, findings, tell};
use crate::error::Report;
use crate::exit::Exit;
use crate::flags_spec::Vectors;
use gx_spec::eval::{Halt, call};
use gx_spec::generate::inputs;
use gx_spec::ir::Contract;
use gx_spec::json::{outputs_to_json, raised_to_json, to_json};
use serde_json::{Value as Json, json};

/// Answers it.
pub(super) fn answer(told: &Told<'_>, vectors: &Vectors) -> Result<Exit, Report> {
    let files = Files::load(told, &vectors.paths)?;
    let found = findings::as_json(&files);
    let contracts = files.asked().iter().filter_map(|it| it.contract.as_ref());
    let mut answer = Vec::new();
    for contract in contracts {
        if let Some(name) = &vectors.operator
            && (files.asked == 1 || contract.operator(name).is_some())
        {
            super::eval::operator(contract, name)?;
        }
        answer.push(match vectors.generate {
            Some(count) => generated(contract, vectors, count),
            None => frozen(contract, vectors),
        });
    }
    let exit = if found.is_empty() { Exit::Ok } else { Exit::BuildFailed };
    if told.json() {
        told.document(&json!({"contracts": answer, "findings": found}));
        return Ok(exit);
    }
    tell(told, &files);
    for contract in &answer {
        // Inputs that were made are for programs: one JSON document a line.
        let cases = contract["cases"].as_array();
        match cases {
            Some(cases) => cases.iter().for_each(|case| told.say(format!("{case}\n"))),
            None => told.say(lines(contract)),
        }
    }
    Ok(exit)
}

fn wanted<'c>(contract: &'c Contract, vectors: &'c Vectors) -> impl Iterator<Item = &'c gx_spec::ir::Operator> {
    let suits = |it: &&gx_spec::ir::Operator| vectors.operator.as_deref().is_none_or(|name| *it.id.name == *name);
    contract.operators.iter().map(|it| &**it).filter(suits)
}

/// Vectors of a contract; a contract with one that does not hold has a finding, and is not here.
fn frozen(contract: &Contract, vectors: &Vectors) -> Json {
    let operators: Vec<Json> = wanted(contract, vectors)
        .map(|operator| {
            let names: Vec<&str> = contract.vectors_of(&operator.id.name).map(|it| &*it.name).collect();
            json!({"operator": &*operator.id.name, "extern": operator.is_extern, "vectors": names})
        })
        .collect();
    json!({"contract": &*contract.name, "version": contract.version.to_string(), "operators": operators})
}

/// Inputs from types with what comes of them.
fn generated(contract: &Contract, vectors: &Vectors, count: u32) -> Json {
    let mut cases = Vec::new();
    for operator in wanted(contract, vectors) {
        for case in 0..u64::from(count) {
            let inputs = inputs(operator, vectors.seed, case);
            let given: serde_json::Map<String, Json> = operator
                .inputs
                .iter()
                .zip(&inputs)
                .map(|(input, value)| (input.name.to_string(), to_json(value, &input.ty)))
                .collect();
            let result = match call(contract, operator, inputs) {
                Ok(result) => json!({"outputs": outputs_to_json(operator, &result)}),
                Err(Halt::Raised(raised)) => {
                    let home = contract.home(&raised.error.contract);
                    let decl = home.and_then(|home| home.error(&raised.error.name));
                    json!({"error": raised_to_json(&raised, decl.map(|decl| &**decl))})
                }
                Err(halt) => json!({"none": halt.to_string()}),
            };
            cases.push(json!({"operator": &*operator.id.name, "case": case, "inputs": given, "result": result}));
        }
    }
    json!({"contract": &*contract.name, "version": contract.version.to_string(), "seed": vectors.seed, "cases": cases})
}

fn lines(contract: &Json) -> String {
    let text = |json: &Json| json.as_str().unwrap_or_default().to_owned();
    let mut lines = format!("{} {}\n", text(&contract["contract"]), text(&contract["version"]));
    for operator in contract["operators"].as_array().into_iter().flatten() {
        let names: Vec<String> = operator["vectors"].as_array().into_iter().flatten().map(text).collect();
        let held = match (names.len(), operator["extern"] == json!(true)) {
            (0, _) => "no vector".to_owned(),
            (n, true) => format!("{n} stand for it (it is extern): {}", names.join(", ")),
            (n, false) => format!("{n} hold: {}", names.join(", ")),
        };
        lines.push_str(&format!("  {}: {held}\n", text(&operator["operator"])));
    }
    lines
}
