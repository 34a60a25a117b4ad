//! Traces: sequences of calls that change states, recorded with what each gave and what the states were after it.
//!
//! `world` holds the states and makes the calls, `log` is what a crash leaves of them, this file the record.
//! Invariants: the same contract gives the same trace; each step's hash covers the one before, so a step that was
//! changed, moved or taken out shows; digests of states are SHA-256 over canonical CBOR. This folder knows no gates.

mod log;
mod world;

pub use log::{Log, Read};
pub use world::{Checkpoint, World};

use crate::eval::hash_of;
use crate::ir::{Contract, Operator};
use crate::syntax::HashFn;
use crate::twin;
use crate::vectors::{self, profile};
use gx_store::encode::Value as Cbor;
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// The record's schema name.
const SCHEMA: &str = "gx.trace/1";

/// A trace has no more steps than this.
pub const MOST_STEPS: usize = 64;

/// A call and what came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The operator.
    pub operator: String,
    /// Its inputs without the states.
    pub inputs: Json,
    /// `{"outputs": ...}` without the states, or `{"error": ...}`.
    pub outcome: Json,
    /// The digest of all states after it.
    pub state: String,
    /// The hash of this step and all before it.
    pub hash: String,
}

/// A trace.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Trace {
    /// The contract.
    pub contract: String,
    /// The digest of the states before the first step.
    pub initial: String,
    /// The steps.
    pub steps: Vec<Step>,
}

/// The operators of a contract that change a state.
pub fn stateful(contract: &Contract) -> impl Iterator<Item = &Arc<Operator>> {
    contract.operators.iter().filter(|it| !it.is_extern && it.inputs.iter().any(|input| input.state))
}

/// The digest of something, by its canonical form.
pub(crate) fn digest(tag: &str, data: &Json) -> String {
    let data = Cbor::Array(vec![Cbor::text(tag), profile::cbor(data)]);
    hex::encode(hash_of(HashFn::Sha256, &data.encode()))
}

fn link(before: &str, number: usize, step: &Step) -> String {
    let Step { operator, inputs, outcome, state, .. } = step;
    digest("gx.trace.step", &json!([before, number.to_string(), operator, inputs, outcome, state]))
}

impl Trace {
    /// Runs the operators that change states, one after the other, on the inputs of their vectors and cases.
    pub fn record(contract: &Contract) -> Result<Trace, String> {
        let cases = vectors::cases(contract, &[])?;
        let mut of_operator: Vec<Vec<&Json>> = Vec::new();
        let operators: Vec<&Arc<Operator>> = stateful(contract).collect();
        for operator in &operators {
            of_operator.push(cases.iter().filter(|it| it.operator == *operator.id.name).map(|it| &it.inputs).collect());
        }
        let mut world = World::new(contract)?;
        let mut trace = Trace { contract: contract.name.to_string(), initial: world.digest(), steps: Vec::new() };
        let rounds = of_operator.iter().map(Vec::len).max().unwrap_or(0);
        for round in 0..rounds {
            for (operator, inputs) in operators.iter().zip(&of_operator) {
                let Some(inputs) = inputs.get(round).filter(|_| trace.steps.len() < MOST_STEPS) else { continue };
                let inputs = World::without_states(operator, inputs);
                let outcome = world.call(operator, &inputs)?;
                trace.push(&operator.id.name, inputs, outcome, world.digest());
            }
        }
        Ok(trace)
    }

    fn push(&mut self, operator: &str, inputs: Json, outcome: Json, state: String) {
        let mut step = Step { operator: operator.to_owned(), inputs, outcome, state, hash: String::new() };
        let before = self.steps.last().map_or(self.initial.as_str(), |it| it.hash.as_str());
        step.hash = link(before, self.steps.len(), &step);
        self.steps.push(step);
    }

    /// The number of the first step whose hash is not its own, from 0.
    pub fn broken(&self) -> Option<usize> {
        let mut before = self.initial.as_str();
        for (number, step) in self.steps.iter().enumerate() {
            if link(before, number, step) != step.hash {
                return Some(number);
            }
            before = &step.hash;
        }
        None
    }

    /// The file.
    pub fn text(&self) -> String {
        let step = |(number, it): (usize, &Step)| {
            let Step { operator, inputs, outcome, state, hash } = it;
            json!({
                "seq": number, "operator": operator, "inputs": inputs, "outcome": outcome, "state": state, "hash": hash,
            })
        };
        twin::layout(&json!({
            "schema": SCHEMA,
            "contract": self.contract,
            "initial": self.initial,
            "steps": self.steps.iter().enumerate().map(step).collect::<Vec<_>>(),
        }))
    }

    /// Reads a file.
    pub fn read(bytes: &[u8]) -> Result<Trace, String> {
        let json: Json = serde_json::from_slice(bytes).map_err(|error| format!("the file is no JSON: {error}"))?;
        let text = |json: &Json, key: &str| json.get(key).and_then(Json::as_str).map(str::to_owned);
        if text(&json, "schema").as_deref() != Some(SCHEMA) {
            return Err(format!("it is no file of {SCHEMA}"));
        }
        let head = |key: &str| text(&json, key).ok_or_else(|| format!("it has no {key}"));
        let mut trace = Trace { contract: head("contract")?, initial: head("initial")?, steps: Vec::new() };
        for (number, step) in json.get("steps").and_then(Json::as_array).into_iter().flatten().enumerate() {
            let read = || {
                Some(Step {
                    operator: text(step, "operator")?,
                    inputs: step.get("inputs")?.clone(),
                    outcome: step.get("outcome")?.clone(),
                    state: text(step, "state")?,
                    hash: text(step, "hash")?,
                })
            };
            let own = step.get("seq").and_then(Json::as_u64) == Some(number as u64);
            let read = read().filter(|_| own);
            trace.steps.push(
                read.ok_or_else(|| {
                    format!("step {number} lacks its number, operator, inputs, outcome, state or hash")
                })?,
            );
        }
        Ok(trace)
    }
}
