//! `failures` and `recovery`: what fails leaves states as they were, and a crash at any moment loses nothing.
//!
//! Both look at recorded traces. `failures` makes every call of a trace at every place of it, and every case of the
//! vectors, so that what can fail does; `recovery` writes a trace into a log, cuts it off, and changes it, in every
//! frame. Invariant: both do so at the same places each time. This file does not know how a log is read.

use super::codes::{self, Code};
use super::replay::{at, each, traces};
use super::{Found, Gate, Input, Member};
use crate::ir::Operator;
use crate::trace::{Log, Read, Trace, World, stateful};
use crate::vectors::cases_of;
use serde_json::Value as Json;
use std::collections::BTreeSet;

pub(super) const FAILURES: Gate = Gate { name: "failures", codes: FAILURE_CODES, look: failures };

const FAILURE_CODES: &[Code] = &[codes::TRACE_MISSING, codes::FAILURE_UNTRIED, codes::FAILURE_DIVERGED];

pub(super) const RECOVERY: Gate = Gate { name: "recovery", codes: RECOVERY_CODES, look: recovery };

const RECOVERY_CODES: &[Code] = &[codes::TRACE_MISSING, codes::RECOVERY_DIVERGED];

/// What a trace calls, each once, in its order.
fn calls(trace: &Trace) -> Vec<(&str, &Json)> {
    let mut seen = BTreeSet::new();
    let all = trace.steps.iter().map(|it| (it.operator.as_str(), &it.inputs));
    all.filter(|(operator, inputs)| seen.insert(format!("{operator} {inputs}"))).collect()
}

fn failures(input: &Input) -> Found {
    let mut found = Found::default();
    let known = traces(input, |_, _| {});
    let (mut tried, mut failed) = (0, 0);
    each(input, &mut found, &known, |member, file, trace, findings| {
        let mut shown = BTreeSet::new();
        let result = tries(member, trace, &mut |step, operator, outcome, same| {
            tried += 1;
            let Some(error) = outcome.get("error") else { return };
            failed += 1;
            shown.insert((operator.to_owned(), error.to_string()));
            if !same {
                let message = format!("'{operator}' fails before this step, and changes a state");
                let hint = "what fails leaves every state as it was";
                findings.push(at(file, codes::FAILURE_DIVERGED, member, step, message).hint(hint));
            }
        });
        // A trace that does not replay is told by `replay`.
        if result.is_err() {
            return;
        }
        for operator in stateful(&member.contract) {
            let can = !operator.raises.is_empty() || !operator.boundary.is_empty();
            if can && !shown.iter().any(|it| *it.0 == *operator.id.name) {
                let subject = format!("operator {}", operator.id.name);
                let message = "it can fail, and neither a call of the trace nor a case of its vectors does";
                let hint = "freeze an example that fails";
                findings.push(member.finding(codes::FAILURE_UNTRIED, &subject, message).hint(hint));
            }
        }
    });
    found.count("tried", tried);
    found.count("failed", failed);
    found
}

/// Makes every call of a trace before each of its steps and behind the last, and every case of the operators in the
/// states that it is of, beside the trace itself. `tell` is given the step, the operator, what it gave, and whether the
/// states are the same after it.
fn tries(member: &Member, trace: &Trace, tell: &mut impl FnMut(usize, &str, &Json, bool)) -> Result<(), String> {
    let contract = &*member.contract;
    let mut world = World::new(contract)?;
    let mut attempt = |world: &World<'_>, step: usize, operator: &Operator, inputs: &Json| -> Result<(), String> {
        let mut other = world.clone();
        let outcome = other.call(operator, inputs)?;
        tell(step, &operator.id.name, &outcome, other.save() == world.save());
        Ok(())
    };
    for operator in stateful(contract) {
        for case in cases_of(contract, operator, &[])? {
            let world = world.with_states(operator, &case.inputs);
            attempt(&world, 0, operator, &World::without_states(operator, &case.inputs))?;
        }
    }
    for step in 0..=trace.steps.len() {
        for (name, inputs) in calls(trace) {
            if let Some(operator) = contract.operator(name) {
                attempt(&world, step, operator, inputs)?;
            }
        }
        if let Some(it) = trace.steps.get(step) {
            let operator = contract.operator(&it.operator).ok_or("there is no such operator")?;
            world.call(operator, &it.inputs)?;
        }
    }
    Ok(())
}

fn recovery(input: &Input) -> Found {
    let mut found = Found::default();
    let known = traces(input, |_, _| {});
    let (mut cuts, mut changes) = (0, 0);
    each(input, &mut found, &known, |member, file, trace, findings| {
        let Ok((log, states)) = written(member, trace) else { return };
        let mut tell = |step: usize, message: String| {
            let hint = "a log has to hold all that the states are, and to show every change of it";
            findings.push(at(file, codes::RECOVERY_DIVERGED, member, step, message).hint(hint));
        };
        let ends = match Read::of(&log.bytes) {
            Ok(read) => read.ends(),
            Err(why) => return tell(0, format!("what was written cannot be read: {why}")),
        };
        let mut recovered = BTreeSet::new();
        let mut start = 0;
        for end in ends {
            let places = [start, start + 1, start + 8, start + (end - start) / 2, end - 1];
            for cut in places {
                cuts += 1;
                if let Err((step, why)) = cut_off(member, &log.bytes, cut, &states, &mut recovered) {
                    tell(step, format!("what is read of a log that ends at byte {cut}: {why}"));
                }
            }
            for place in [start, start + 5, start + 8, start + (end - start) / 2, end - 1] {
                changes += 1;
                let mut bytes = log.bytes.clone();
                bytes.iter_mut().skip(place).take(1).for_each(|byte| *byte ^= 1);
                if Read::of(&bytes).is_ok() {
                    tell(0, format!("the log was changed at byte {place}, and nobody noticed"));
                }
            }
            start = end;
        }
        if let Err((step, why)) = cut_off(member, &log.bytes, log.bytes.len(), &states, &mut recovered) {
            tell(step, format!("what is read of the whole log: {why}"));
        }
    });
    found.count("cuts", cuts);
    found.count("changes", changes);
    found
}

/// The log of a trace, and the digest of the states after each number of calls.
fn written(member: &Member, trace: &Trace) -> Result<(Log, Vec<String>), String> {
    let contract = &*member.contract;
    let mut world = World::new(contract)?;
    let mut log = Log::new(&world);
    let mut states = vec![world.digest()];
    for step in &trace.steps {
        let operator = contract.operator(&step.operator).ok_or("there is no such operator")?;
        log.prepare(&step.operator, &step.inputs);
        world.call(operator, &step.inputs)?;
        log.finalize(&world);
        states.push(world.digest());
    }
    Ok((log, states))
}

/// Reads a log that was cut off; the step and why, when it does not lead to what the states were.
fn cut_off(
    member: &Member,
    log: &[u8],
    cut: usize,
    states: &[String],
    recovered: &mut BTreeSet<usize>,
) -> Result<(), (usize, String)> {
    let read = Read::of(log.get(..cut).unwrap_or(log)).map_err(|why| (0, why))?;
    let calls = read.calls();
    // Before the first checkpoint is whole there is nothing to go back to; the same calls give the same states.
    if read.ends().is_empty() || !recovered.insert(calls) {
        return Ok(());
    }
    let world = read.recover(&member.contract).map_err(|why| (calls, why))?;
    match states.get(calls) {
        Some(state) if *state == world.digest() => Ok(()),
        _ => Err((calls, format!("after {calls} calls the states are not those that were"))),
    }
}
