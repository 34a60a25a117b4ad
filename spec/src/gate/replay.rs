//! `replay` and `checkpoint`: what changes a state does the same again, from the beginning and from every checkpoint.
//!
//! Both look at recorded traces. `replay` runs one from the beginning, twice, and holds every outcome and every digest
//! of the states against what was recorded. `checkpoint` saves the states after each step, goes on from what it reads
//! back, and has to end where the trace ends. This file does not know how a trace is recorded.

use super::codes::{self, Code};
use super::report::Finding;
use super::{Document, Found, Gate, Input, Member, line_of};
use crate::ir::Contract;
use crate::trace::{Trace, World, stateful};
use std::collections::BTreeMap;

pub(super) const REPLAY: Gate = Gate { name: "replay", codes: REPLAY_CODES, look: replay };

const REPLAY_CODES: &[Code] = &[codes::NONCANONICAL, codes::TRACE_MISSING, codes::TRACE_BROKEN, codes::REPLAY_DIVERGED];

pub(super) const CHECKPOINT: Gate = Gate { name: "checkpoint", codes: CHECKPOINT_CODES, look: checkpoint };

const CHECKPOINT_CODES: &[Code] = &[codes::TRACE_MISSING, codes::CHECKPOINT_DIVERGED];

const RECORD: &str = "build the `trace` target and put what it makes into the workspace, when that is meant";

/// Traces by contract; what cannot be read is told to `tell`.
pub(super) fn traces(input: &Input, mut tell: impl FnMut(&Document, String)) -> BTreeMap<String, (&Document, Trace)> {
    let mut found = BTreeMap::new();
    for file in input.files("traces") {
        match Trace::read(&file.bytes) {
            Ok(trace) => {
                if trace.text().as_bytes() != file.bytes {
                    tell(file, "the trace is not in its one form".to_owned());
                }
                found.insert(trace.contract.clone(), (file, trace));
            }
            Err(why) => tell(file, why),
        }
    }
    found
}

/// Contracts with states, each with its trace.
pub(super) fn each(
    input: &Input,
    found: &mut Found,
    known: &BTreeMap<String, (&Document, Trace)>,
    mut look: impl FnMut(&Member, &Document, &Trace, &mut Vec<Finding>),
) {
    let (mut contracts, mut steps) = (0, 0);
    for member in input.members.iter().filter(|it| stateful(&it.contract).next().is_some()) {
        contracts += 1;
        match known.get(&*member.contract.name) {
            Some((file, trace)) => {
                steps += trace.steps.len();
                look(member, file, trace, &mut found.findings);
            }
            None => {
                let message = "it changes a state, and no trace of it was recorded";
                found.findings.push(member.finding(codes::TRACE_MISSING, "contract", message).hint(RECORD));
            }
        }
    }
    found.count("stateful", contracts);
    found.count("steps", steps);
}

pub(super) fn at(file: &Document, code: Code, member: &Member, step: usize, message: String) -> Finding {
    let subject = format!("{} step {step}", member.contract.name);
    let place = line_of(&file.bytes, &format!("\"seq\": {step},"));
    let place = if place == (1, 1) { line_of(&file.bytes, &format!("\"seq\": {step}")) } else { place };
    Finding::new(code, &file.path, subject, message).at(place)
}

fn replay(input: &Input) -> Found {
    let mut found = Found::default();
    let mut unread = Vec::new();
    let known = traces(input, |file, why| {
        unread.push(Finding::new(codes::NONCANONICAL, &file.path, "trace", why).hint(RECORD));
    });
    found.findings.append(&mut unread);
    for (contract, (file, _)) in &known {
        if !input.members.iter().any(|it| *it.contract.name == **contract) {
            let finding =
                Finding::new(codes::TRACE_BROKEN, &file.path, &**contract, "no contract of this gate has that name");
            found.findings.push(finding.hint("take the file out of `traces`, or name the contract's target"));
        }
    }
    each(input, &mut found, &known, |member, file, trace, findings| {
        if let Some(step) = trace.broken() {
            let message = "the chain of hashes breaks here: the trace was edited".to_owned();
            findings.push(at(file, codes::TRACE_BROKEN, member, step, message).hint(RECORD));
        }
        for operator in stateful(&member.contract) {
            if !trace.steps.iter().any(|it| *it.operator == *operator.id.name) {
                let subject = format!("operator {}", operator.id.name);
                let message = "no step of the recorded trace calls it";
                findings.push(member.finding(codes::TRACE_MISSING, &subject, message).hint(RECORD));
            }
        }
        // Twice, from nothing: what the first run leaves behind must not matter.
        let (first, second) = (run(&member.contract, trace, None), run(&member.contract, trace, None));
        if first != second {
            let message = "two runs of one trace end differently".to_owned();
            findings.push(at(file, codes::REPLAY_DIVERGED, member, 0, message));
        }
        if let Err((step, why)) = first {
            let hint = "correct the contract, or record what it means now";
            findings.push(at(file, codes::REPLAY_DIVERGED, member, step, why).hint(hint));
        }
    });
    found
}

fn checkpoint(input: &Input) -> Found {
    let mut found = Found::default();
    // What cannot be read is told by `replay`.
    let known = traces(input, |_, _| {});
    let mut restored = 0;
    each(input, &mut found, &known, |member, file, trace, findings| {
        // A trace that does not replay at all has no checkpoints to speak of; that is told by `replay`.
        let Ok(end) = run(&member.contract, trace, None) else { return };
        for step in 0..trace.steps.len() {
            restored += 1;
            let why = match run(&member.contract, trace, Some(step)) {
                Ok(other) if other == end => continue,
                Ok(_) => "what is restored after this step ends in other states".to_owned(),
                Err((at, why)) => format!("what is restored after this step goes wrong in step {at}: {why}"),
            };
            let hint = "what a checkpoint holds has to be all that the state is";
            findings.push(at(file, codes::CHECKPOINT_DIVERGED, member, step, why).hint(hint));
        }
    });
    found.count("restored", restored);
    found
}

/// Runs a trace; the digest of the states at its end, or the first step that gives something else than was recorded.
/// After the step `restore` the states are saved, and read back from what was saved.
fn run(contract: &Contract, trace: &Trace, restore: Option<usize>) -> Result<String, (usize, String)> {
    let mut world = World::new(contract).map_err(|why| (0, why))?;
    if world.digest() != trace.initial {
        return Err((0, "the states begin otherwise than was recorded".to_owned()));
    }
    for (number, step) in trace.steps.iter().enumerate() {
        let operator = contract.operator(&step.operator);
        let operator = operator.ok_or_else(|| (number, format!("there is no operator '{}'", step.operator)))?;
        let outcome = world.call(operator, &step.inputs).map_err(|why| (number, why))?;
        if outcome != step.outcome {
            return Err((number, format!("'{}' gives something else than was recorded", step.operator)));
        }
        if world.digest() != step.state {
            return Err((number, format!("the states after '{}' are not the recorded ones", step.operator)));
        }
        if restore == Some(number) {
            world = World::restore(contract, &world.save()).map_err(|why| (number, why))?;
        }
    }
    Ok(world.digest())
}
