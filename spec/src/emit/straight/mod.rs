//! The straight family: an operator as a chain of single numbers and truths, for hardware and for logic.
//!
//! Every loop is laid out and every branch computed, so that what a target writes is definitions and nothing else:
//! wires of a circuit, terms of a formula. `run` and `expr` lay out, `claims` states what is to be proved, `write`
//! gives it to templates. Invariant: what has no room is a reason. This folder does not know which target it writes.

mod chain;
mod claims;
mod expr;
mod form;
mod run;
mod write;

use super::docs::DocSet;
use super::low::{Function, Outcome, Role};
use super::lower::{self, Shape, types};
use super::names::World;
use super::target::{Target, TargetFault};
use super::{Emitted, Output, template};
use crate::ir::{Contract, Operator, Range, Ref};
use crate::syntax::Name;
use chain::{Chain, Sort};
pub(super) use claims::names as claims_of;
use form::{Form, Forms};
use num_bigint::BigInt;
use run::{Out, Run};
use std::collections::BTreeMap;

/// What a function takes and gives.
#[derive(Debug, Clone)]
struct Interface {
    /// Is it for callers whose types prove that inputs fit?
    inner: bool,
    inputs: Vec<(Name, Form)>,
    result: Form,
    raises: bool,
    /// The greatest number of an error.
    greatest: u32,
    /// What errors tell, side by side.
    tells: Vec<Sort>,
}

impl Interface {
    fn of(forms: Forms<'_>, function: &Function) -> Outcome<Interface> {
        let mut inputs = Vec::new();
        for (name, ty, _) in &function.params {
            inputs.push((name.clone(), forms.of(ty)?));
        }
        let result = function.result.as_ref().ok_or("it gives nothing")?;
        let mut greatest = 0;
        let mut tells: Vec<Range> = Vec::new();
        for id in &function.raises {
            let error = forms.contract.home(&id.contract).and_then(|it| it.error(&id.name));
            let error = error.ok_or("an error is missing")?;
            let other = function.raises.iter().filter(|it| *it != id).any(|it| {
                let home = forms.contract.home(&it.contract).and_then(|home| home.error(&it.name));
                home.is_some_and(|it| it.number == error.number)
            });
            if other || error.number == 0 {
                return Err(format!("the number {} of {} does not tell which error it is", error.number, id.name));
            }
            greatest = greatest.max(error.number);
            for (at, (_, ty)) in error.parameters.iter().enumerate() {
                let range = match forms.of(&types::ty(ty)?)? {
                    Form::One(Sort::Number(range)) => range,
                    Form::One(Sort::Truth) => Range::new(0, 1),
                    _ => return Err(format!("{} tells more than numbers", id.name)),
                };
                let range = range.join(&Range::of(BigInt::ZERO));
                match tells.get_mut(at) {
                    Some(former) => *former = former.join(&range),
                    None => tells.push(range),
                }
            }
        }
        Ok(Interface {
            inner: function.role == Role::Inner,
            inputs,
            result: forms.of(result)?,
            raises: !function.raises.is_empty(),
            greatest,
            tells: tells.into_iter().map(Sort::Number).collect(),
        })
    }

    /// Its outputs: the error's number and what it tells, and the result.
    fn outs(&self) -> Vec<(String, Sort)> {
        let mut outs = Vec::new();
        if self.raises {
            outs.push(("error".to_owned(), Sort::Number(Range::new(0, self.greatest))));
        }
        outs.extend(self.tells.iter().enumerate().map(|(at, sort)| (format!("told_{at}"), sort.clone())));
        outs.extend(self.result.leaves("result"));
        outs
    }
}

/// A function, laid out.
struct Laid {
    function: Function,
    interface: Interface,
    chain: Chain,
    out: Out,
}

/// Something to be proved of an operator: a truth over its inputs.
struct Claim {
    name: String,
    inputs: Vec<(Name, Form)>,
    chain: Chain,
    goal: chain::Atom,
}

/// What became of an operator.
struct Done {
    functions: Vec<Laid>,
    claims: Vec<Claim>,
}

/// The operators of a contract and of all that it uses.
struct Plan<'a> {
    target: &'a Target,
    lowered: BTreeMap<Ref, Outcome<Vec<Function>>>,
    done: BTreeMap<Ref, Outcome<Done>>,
}

/// What lowering asks.
fn shape<'a>(native: &'a dyn Fn(&Range) -> Option<usize>, held: &'a dyn Fn(&Range) -> Option<Range>) -> Shape<'a> {
    Shape {
        native,
        held,
        conditional: true,
        choice: true,
        update: true,
        calls_are_statements: true,
        loops_over_names: false,
        open_enums: true,
        any_order: false,
    }
}

/// Generates the module of a contract.
pub(super) fn contract(contract: &Contract, docs: &DocSet, target: &Target) -> Result<Output, TargetFault> {
    let native = |range: &Range| target.native(range);
    let held = |range: &Range| held(target, range);
    let shape = shape(&native, &held);
    let all: Vec<&Contract> = contract.closure().into_iter().map(|it| &**it).chain([contract]).collect();
    let mut plan = Plan { target, lowered: BTreeMap::new(), done: BTreeMap::new() };
    for home in &all {
        for operator in &home.operators {
            let lowered = lower::operator(home, operator, &shape).map(|it| it.0);
            plan.lowered.insert(operator.id.clone(), lowered);
        }
    }
    for home in &all {
        for operator in &home.operators {
            let laid = plan.laid(home, operator, &shape, *home.name == *contract.name);
            plan.done.insert(operator.id.clone(), laid);
        }
    }
    plan.spread(&all);
    let mut output = Output::default();
    let world = World::of(contract, target);
    let module = write::module(contract, docs, &world, &plan);
    output.source = template::files(target, "contract", &module)?;
    output.runner = template::files(target, "runner", &module)?;
    super::commands(&mut output, target, &module)?;
    output.operators = contract
        .operators
        .iter()
        .map(|it| Emitted { operator: it.id.name.to_string(), reason: plan.reason(&it.id) })
        .collect();
    Ok(output)
}

/// The numbers that a port of a range can hold.
fn held(target: &Target, range: &Range) -> Option<Range> {
    if target.ints.get(target.native(range)?)?.low().is_none() {
        return target.held(range);
    }
    let half = BigInt::from(1) << (write::bits(range) - 1);
    Some(Range::new(-&half, half - 1))
}

impl Plan<'_> {
    /// The function that operators call.
    fn called(&self, id: &Ref) -> Outcome<&Function> {
        let functions = match self.lowered.get(id) {
            Some(Ok(functions)) => functions,
            Some(Err(reason)) => return Err(format!("it calls {}: {reason}", id.name)),
            None => return Err(format!("it calls {}, which is not there", id.name)),
        };
        let inner = functions.iter().find(|it| it.role == Role::Inner);
        inner.or_else(|| functions.first()).ok_or_else(|| format!("{} has no function", id.name))
    }

    /// What a function takes and gives, as a contract that uses it sees it.
    fn interface(&self, forms: Forms<'_>, id: &Ref) -> Outcome<Interface> {
        Interface::of(forms, self.called(id)?)
    }

    fn laid(&self, home: &Contract, operator: &Operator, shape: &Shape<'_>, own: bool) -> Outcome<Done> {
        let functions = self.lowered.get(&operator.id).ok_or("it was not lowered")?.as_ref().map_err(Clone::clone)?;
        let forms = Forms { contract: home, target: self.target };
        let interface = |id: &Ref| self.interface(forms, id);
        let mut made = Vec::new();
        for function in functions {
            let interface_of = Interface::of(forms, function)?;
            let mut run = Run::new(forms, shape, &interface);
            let mut inputs = Vec::new();
            for (name, form) in &interface_of.inputs {
                let leaves: Vec<_> =
                    form.leaves(name).iter().map(|(hint, sort)| run.chain.input(hint, sort.clone())).collect();
                inputs.push(form.val(&mut leaves.into_iter())?);
            }
            let mut out = run.function(function, inputs)?;
            out.value = out.value.map(|it| it.roomed(&interface_of.result));
            let mut roots: Vec<_> = out.value.iter().flat_map(form::Val::leaves).chain([out.error.clone()]).collect();
            roots.extend(out.tells.iter().cloned());
            let size = run.chain.size(&roots);
            if let Some(room) = self.target.shape.most_values.filter(|room| *room < size) {
                return Err(format!("it takes {size} values side by side, and there is room for {room}"));
            }
            made.push(Laid { function: function.clone(), interface: interface_of, chain: run.chain, out });
        }
        let proves = own && self.target.class == "proof";
        let claims = if proves { claims::of(self, forms, operator, functions, shape)? } else { Vec::new() };
        Ok(Done { functions: made, claims })
    }

    fn reason(&self, id: &Ref) -> Option<String> {
        match self.done.get(id) {
            Some(Ok(_)) => None,
            Some(Err(reason)) => Some(reason.clone()),
            None => Some("it is not there".to_owned()),
        }
    }

    /// What calls something that is not there is not there either.
    fn spread(&mut self, all: &[&Contract]) {
        loop {
            let mut found = Vec::new();
            for operator in all.iter().flat_map(|it| &it.operators).filter(|it| self.reason(&it.id).is_none()) {
                let lacks = operator.uses.iter().find_map(|id| Some((id, self.reason(id)?)));
                found.extend(lacks.map(|(id, why)| (operator.id.clone(), format!("it calls {}: {why}", id.name))));
            }
            if found.is_empty() {
                return;
            }
            for (id, why) in found {
                self.done.insert(id, Err(why));
            }
        }
    }
}
