//! Operators of a contract and of all that it uses, lowered and written for a target; or why they are not.
//!
//! Invariant: an operator that calls one that is not expressible is not expressible either. This file does not know
//! files nor templates.

use super::block::{Derived, Known, Writer, Written};
use super::low::{Function, Outcome, Role, Ty};
use super::lower::{self, Shape, types};
use super::names::World;
use super::target::Target;
use crate::ir::{Contract, Operator, Range, Ref, Type};
use std::collections::{BTreeMap, BTreeSet};

/// A module.
#[derive(Debug, Default)]
pub(super) struct Module {
    /// Checks, by type.
    pub(super) checks: Vec<Written>,
    /// Collections and optionals that it speaks of.
    pub(super) derived: BTreeMap<String, Derived>,
    /// Functions of each operator, or why there are none.
    pub(super) operators: BTreeMap<String, Outcome<Vec<(Function, Written)>>>,
}

/// All modules that one speaks of, by contract.
pub(super) struct Program {
    pub(super) known: Known,
    pub(super) modules: BTreeMap<String, Module>,
}

/// What lowering gave, before anything is written.
type Lowered = BTreeMap<Ref, Outcome<(Vec<Function>, BTreeSet<Ref>)>>;

impl Program {
    pub(super) fn of(contract: &Contract, target: &Target) -> Program {
        let all: Vec<&Contract> = contract.closure().into_iter().map(|it| &**it).chain([contract]).collect();
        let native = |range: &Range| target.native(range);
        let held = |range: &Range| target.held(range);
        let shape = Shape {
            native: &native,
            held: &held,
            conditional: target.shape.conditional,
            choice: target.shape.choice,
            update: target.shape.update,
            calls_are_statements: target.shape.calls_are_statements,
            any_order: target.shape.any_order,
            loops_over_names: target.shape.loops_over_names,
            open_enums: target.shape.open_enums,
        };
        let mut lowered = Lowered::new();
        for home in &all {
            for operator in &home.operators {
                lowered.insert(operator.id.clone(), lower::operator(home, operator, &shape));
            }
        }
        let known = known(&all, &lowered);
        let mut program = Program { known, modules: BTreeMap::new() };
        for home in &all {
            let module = program.module(home, target, &shape, &lowered);
            program.modules.insert(home.name.to_string(), module);
        }
        program.spread(&all);
        for home in &all {
            let checks = program.checks(home, target, &shape, &lowered);
            if let Some(module) = program.modules.get_mut(&*home.name) {
                module.checks = checks;
            }
        }
        program
    }

    /// The checks that the operators that are left call, each after those that it calls itself.
    fn checks(&self, home: &Contract, target: &Target, shape: &Shape<'_>, lowered: &Lowered) -> Vec<Written> {
        let world = World::of(home, target);
        let writer = Writer { world: &world, known: &self.known };
        let left = home.operators.iter().filter(|it| matches!(self.outcome(&it.id), Some(Ok(_))));
        let wanted = left.filter_map(|it| lowered.get(&it.id)?.as_ref().ok()).flat_map(|it| it.1.iter().cloned());
        let mut made = Vec::new();
        let Ok(checks) = lower::checks(home, wanted.collect(), shape) else { return made };
        let mut left: Vec<(Ref, Function)> = checks.into_iter().collect();
        let mut done = BTreeSet::new();
        while !left.is_empty() {
            let free = |(_, function): &(Ref, Function)| called(&function.body).is_subset(&done);
            let at = left.iter().position(free).unwrap_or(0);
            let (id, function) = left.remove(at);
            made.extend(writer.function(&function).ok());
            done.insert(id);
        }
        made
    }

    fn module(&self, home: &Contract, target: &Target, shape: &Shape<'_>, lowered: &Lowered) -> Module {
        let world = World::of(home, target);
        let writer = Writer { world: &world, known: &self.known };
        let mut module = Module::default();
        self.known.derived.borrow_mut().clear();
        for ty in home.aliases.iter().map(|it| &it.ty).chain(home.records.iter().flat_map(fields)) {
            // What cannot be written is refused where it is used.
            let _ = types::ty(ty).and_then(|ty| writer.ty(&ty));
        }
        for output in home.operators.iter().flat_map(|it| it.inputs.iter().chain(&it.outputs)) {
            let _ = types::ty(&output.ty).and_then(|ty| writer.ty(&ty));
        }
        for operator in &home.operators {
            let written = match lowered.get(&operator.id) {
                Some(Ok((functions, checked))) => write(&writer, home, operator, functions, checked, shape),
                Some(Err(reason)) => Err(reason.clone()),
                None => Err("it was not lowered".to_owned()),
            };
            module.operators.insert(operator.id.name.to_string(), written);
        }
        module.derived = self.known.derived.take();
        module
    }

    /// What calls something that is not there is not there either.
    fn spread(&mut self, all: &[&Contract]) {
        loop {
            let mut found: Vec<(&Operator, String)> = Vec::new();
            for home in all {
                for operator in &home.operators {
                    if self.outcome(&operator.id).is_none_or(|it| it.is_err()) {
                        continue;
                    }
                    let lacks = operator.uses.iter().find_map(|id| match self.outcome(id) {
                        Some(Ok(_)) => None,
                        Some(Err(reason)) => Some(format!("it calls {}: {reason}", id.name)),
                        None => Some(format!("it calls {}, which is not there", id.name)),
                    });
                    found.extend(lacks.map(|why| (&**operator, why)));
                }
            }
            if found.is_empty() {
                return;
            }
            for (operator, why) in found {
                if let Some(module) = self.modules.get_mut(&*operator.id.contract) {
                    module.operators.insert(operator.id.name.to_string(), Err(why));
                }
            }
        }
    }

    fn outcome(&self, id: &Ref) -> Option<&Outcome<Vec<(Function, Written)>>> {
        self.modules.get(&*id.contract)?.operators.get(&*id.name)
    }
}

/// The functions of an operator, when its checks can be written too.
fn write(
    writer: &Writer<'_>,
    home: &Contract,
    operator: &Operator,
    functions: &[Function],
    checked: &BTreeSet<Ref>,
    shape: &Shape<'_>,
) -> Outcome<Vec<(Function, Written)>> {
    let ports = operator.inputs.iter().chain(&operator.outputs).map(|it| &it.ty);
    let raised = operator.raises.iter().chain(&operator.boundary);
    let errors = raised.filter_map(|id| home.home(&id.contract)?.error(&id.name));
    for ty in ports.chain(errors.flat_map(|it| it.parameters.iter().map(|it| &it.1))) {
        expressible(writer, ty)?;
    }
    for check in lower::checks(home, checked.clone(), shape)?.values() {
        writer.function(check)?;
    }
    functions.iter().map(|function| Ok((function.clone(), writer.function(function)?))).collect()
}

/// Can values of a type be, with all that it is made of?
fn expressible(writer: &Writer<'_>, ty: &Type) -> Outcome<()> {
    writer.ty(&types::ty(ty)?)?;
    match ty.base() {
        Type::Record(decl) => decl.fields.iter().try_for_each(|it| expressible(writer, &it.ty)),
        Type::List(inner, _) | Type::Optional(inner) => expressible(writer, inner),
        Type::Map(key, value, _) => {
            expressible(writer, key)?;
            expressible(writer, value)
        }
        _ => Ok(()),
    }
}

fn fields(decl: &std::sync::Arc<crate::ir::RecordDecl>) -> impl Iterator<Item = &Type> {
    decl.fields.iter().map(|it| &it.ty)
}

/// Is a value of a few numbers at most?
fn is_small(ty: &Type) -> bool {
    match ty.base() {
        Type::Bool | Type::Int(_) | Type::Decimal(..) | Type::Enum(_) => true,
        Type::Optional(inner) => is_small(inner),
        Type::Record(decl) => decl.fields.iter().all(|it| is_small(&it.ty)),
        _ => false,
    }
}

/// The checks that statements call.
fn called(statements: &[super::low::Stmt]) -> BTreeSet<Ref> {
    use super::low::Stmt;
    let mut found = BTreeSet::new();
    for statement in statements {
        match statement {
            Stmt::Check { of, .. } => {
                found.insert(of.clone());
            }
            Stmt::If { then, otherwise, .. } => {
                found.append(&mut called(then));
                found.append(&mut called(otherwise));
            }
            Stmt::ForEach { body, .. } | Stmt::ForRange { body, .. } => found.append(&mut called(body)),
            Stmt::Switch { arms, .. } => arms.iter().for_each(|it| found.append(&mut called(&it.1))),
            _ => {}
        }
    }
    found
}

fn known(all: &[&Contract], lowered: &Lowered) -> Known {
    let mut known = Known::default();
    for home in all {
        for decl in home.records.iter().filter(|it| it.fields.iter().all(|field| is_small(&field.ty))) {
            known.small.insert(decl.id.clone());
        }
        for operator in home.operators.iter().filter(|it| it.outputs.iter().all(|output| is_small(&output.ty))) {
            known.small.insert(operator.id.clone());
        }
    }
    for (id, outcome) in lowered {
        if matches!(outcome, Ok((functions, _)) if functions.iter().any(|it| it.role == Role::Inner)) {
            known.inner.insert(id.clone());
        }
    }
    for home in all {
        for decl in &home.enums {
            known.enum_values.insert(decl.id.clone(), decl.values.iter().map(|it| it.name.clone()).collect());
        }
        for error in &home.errors {
            let params = error.parameters.iter();
            let params = params.filter_map(|(name, ty)| Some((name.clone(), types::ty(ty).ok()?)));
            let params: Vec<(_, Ty)> = params.collect();
            known.error_params.insert(error.id.clone(), params);
        }
    }
    known
}
