//! `gx spec eval`: an operator of a contract, evaluated by the reference interpreter.

use super::{Files, Told, findings, tell};
use crate::error::Report;
use crate::exit::Exit;
use crate::flags_spec::Eval;
use gx_spec::eval::{Halt, call};
use gx_spec::ir::{Contract, Operator};
use gx_spec::json;
use serde_json::{Value as Json, json};
use std::io::Read;
use std::sync::Arc;

/// The most that is read from standard input.
const MOST: u64 = 64 << 20;

/// Answers it.
pub(super) fn answer(told: &Told<'_>, eval: &Eval) -> Result<Exit, Report> {
    let files = Files::one(told, &eval.file)?;
    let Some(contract) = files.asked().first().and_then(|it| it.contract.clone()) else {
        if told.json() {
            told.document(&json!({"findings": findings::as_json(&files)}));
        } else {
            tell(told, &files);
        }
        return Ok(Exit::BuildFailed);
    };
    let operator = operator(&contract, &eval.operator)?;
    let text = input(&eval.input)?;
    let input: Json = serde_json::from_str(&text).map_err(|error| {
        Report::new(1017, "the input is no JSON").cause(&error).hint("for instance '{\"amount\": 12}'")
    })?;
    let inputs = json::inputs_from_json(&operator, &input).map_err(|fault| {
        let report = Report::new(1017, format!("the input does not suit '{}': {fault}", operator.id.name));
        report.hint(signature(&operator))
    })?;
    match call(&contract, &operator, inputs) {
        Ok(result) => {
            let outputs = json::outputs_to_json(&operator, &result);
            if told.json() {
                told.document(&json!({"outputs": outputs}));
            } else {
                told.say(pretty(&outputs) + "\n");
            }
            Ok(Exit::Ok)
        }
        Err(Halt::Raised(raised)) => {
            let home = contract.home(&raised.error.contract);
            let decl = home.and_then(|home| home.error(&raised.error.name));
            let error = json::raised_to_json(&raised, decl.map(|decl| &**decl));
            if told.json() {
                told.document(&json!({"error": error}));
            } else {
                told.say(pretty(&json!({"error": error})) + "\n");
            }
            Ok(Exit::Ok)
        }
        Err(halt) => Err(Report::new(1018, format!("'{}' has no result: {halt}", operator.id.name))),
    }
}

fn pretty(json: &Json) -> String {
    serde_json::to_string_pretty(json).unwrap_or_default()
}

/// The operator of that name.
pub(super) fn operator(contract: &Contract, name: &str) -> Result<Arc<Operator>, Report> {
    contract.operator(name).cloned().ok_or_else(|| {
        let report = Report::new(1017, format!("'{}' has no operator '{name}'", contract.name));
        let report = report.suggest(name, contract.operators.iter().map(|it| &*it.id.name));
        let names: Vec<&str> = contract.operators.iter().map(|it| &*it.id.name).collect();
        report.hint(format!("it has {}", names.join(", ")))
    })
}

fn signature(operator: &Operator) -> String {
    let inputs: Vec<String> = operator.inputs.iter().map(|it| format!("{}: {}", it.name, it.ty)).collect();
    format!("it takes {}", inputs.join(", "))
}

fn input(given: &str) -> Result<String, Report> {
    let mut text = String::new();
    let read = if given == "-" {
        std::io::stdin().take(MOST).read_to_string(&mut text)
    } else if let Some(path) = given.strip_prefix('@') {
        std::fs::File::open(path).and_then(|file| file.take(MOST).read_to_string(&mut text))
    } else {
        return Ok(given.to_owned());
    };
    read.map_err(|error| Report::new(1017, format!("the input '{given}' cannot be read")).cause(&error))?;
    Ok(text)
}
