//! `coverage`: operators by backends: generated, compiled, vectors, inputs; or why not.
//!
//! Inputs: `results` of `compare`. Outputs: `table` (text) and `twin` (JSON). With the argument `strict` it fails with
//! all that generated code gave other than was expected, and so is the verdict on a backend; what is not expressible or
//! was not run is told and is no failure.

use super::{Given, Made, Step};
use crate::gate::codes;
use gx_store::ExecuteError;
use serde_json::{Value as Json, json};

pub(super) const STEP: Step = Step {
    name: "coverage",
    revision: 1,
    inputs: &["results"],
    outputs: &["table", "twin"],
    arguments: &["strict"],
    run,
};

fn text<'j>(json: &'j Json, key: &str) -> &'j str {
    json.get(key).and_then(Json::as_str).unwrap_or_default()
}

fn list<'j>(json: &'j Json, key: &str) -> impl Iterator<Item = &'j Json> + use<'j> {
    json.get(key).and_then(Json::as_array).into_iter().flatten()
}

fn run(given: &Given<'_>) -> Result<Made, ExecuteError> {
    let mut results: Vec<Json> = Vec::new();
    for file in given.files("results")? {
        let json: Json = serde_json::from_slice(&file.bytes).map_err(|error| given.refuse(error.to_string()))?;
        if text(&json, "schema") != "gx.backend/1" {
            return Err(given.refuse(format!("'{}' is no result of a backend", file.path)));
        }
        results.push(json);
    }
    results.sort_by_key(|it| (text(it, "target").to_owned(), text(it, "contract").to_owned()));
    if given.word("strict") == "1" {
        let findings: String = results.iter().flat_map(told).collect();
        if !findings.is_empty() {
            return Err(ExecuteError::Findings { findings });
        }
    }
    let rows: Vec<Json> = results.iter().flat_map(rows).collect();
    let twin = super::pretty(&json!({"schema": "gx.coverage/1", "rows": rows}));
    Ok(vec![("table", table(&rows).into_bytes().into()), ("twin", twin.into_bytes().into())])
}

/// What a backend gave other than was expected.
fn told(result: &Json) -> Vec<String> {
    let code = codes::BACKEND_DIFFERS;
    let (target, contract) = (text(result, "target"), text(result, "contract"));
    let one = |finding: &Json| {
        format!(
            "{contract}:1:1: error[GX{} {}] {target} {contract}.{} ({}): {}\n  expected: {}\n  got:      {}\n",
            code.number,
            code.name,
            text(finding, "operator"),
            text(finding, "kind"),
            text(finding, "input"),
            text(finding, "expected"),
            text(finding, "got"),
        )
    };
    list(result, "findings").map(one).collect()
}

/// A row for each operator of a result.
fn rows(result: &Json) -> Vec<Json> {
    let one = |operator: &Json| {
        json!({
            "target": text(result, "target"),
            "class": text(result, "class"),
            "contract": text(result, "contract"),
            "operator": text(operator, "operator"),
            "generated": operator.get("generated"),
            "reason": operator.get("reason"),
            "run": text(result, "state") != "not run",
            "why": result.get("why"),
            "tried": operator.get("tried"),
        })
    };
    list(result, "operators").map(one).collect()
}

fn table(rows: &[Json]) -> String {
    let mut made = String::new();
    let mut before = String::new();
    let width = rows.iter().map(|it| text(it, "contract").len() + text(it, "operator").len() + 1).max().unwrap_or(0);
    for row in rows {
        let target = text(row, "target");
        if before != target {
            if !before.is_empty() {
                made.push('\n');
            }
            made.push_str(&format!("{target}\n"));
            before = target.to_owned();
        }
        let name = format!("{}.{}", text(row, "contract"), text(row, "operator"));
        made.push_str(&format!("  {name:<width$}  {}\n", said(row)));
    }
    let count = |key: &str| rows.iter().filter(|it| it.get(key).and_then(Json::as_bool) == Some(true)).count();
    let run = rows.iter().filter(|it| fully(it)).count();
    made.push_str(&format!("\n{} rows: {} generated, {run} passed on every case\n", rows.len(), count("generated")));
    made
}

/// Was it run, and did every case pass?
fn fully(row: &Json) -> bool {
    let yes = |key: &str| row.get(key).and_then(Json::as_bool) == Some(true);
    let tried = row.get("tried").and_then(Json::as_object);
    let all = tried.is_some_and(|it| it.values().all(|it| it.get("cases") == it.get("passed")));
    yes("generated") && yes("run") && all
}

/// What a row says.
fn said(row: &Json) -> String {
    if row.get("generated").and_then(Json::as_bool) != Some(true) {
        return format!("not expressible: {}", text(row, "reason"));
    }
    if row.get("run").and_then(Json::as_bool) != Some(true) {
        return format!("generated, not run: {}", text(row, "why"));
    }
    let mut parts = vec!["generated, compiled".to_owned()];
    for (kind, count) in row.get("tried").and_then(Json::as_object).into_iter().flatten() {
        let number = |key: &str| count.get(key).and_then(Json::as_u64).unwrap_or(0);
        parts.push(format!("{kind} {}/{}", number("passed"), number("cases")));
    }
    parts.join(", ")
}
