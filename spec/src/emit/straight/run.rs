//! A lowered program as a chain of values: every branch is taken, and what counts is chosen behind it.
//!
//! A loop is as many copies of its body as it can have rounds. Invariants: what comes behind an error or a result
//! changes neither; a value that no way leads to is never chosen. This file does not know expressions' operations.

use super::Interface;
use super::chain::{Atom, Chain};
use super::form::{Forms, Val};
use crate::emit::low::{Ex, Function, Kind, Outcome, Raise, Stmt, Ty};
use crate::emit::lower::Shape;
use crate::ir::Ref;
use crate::syntax::Name;
use num_bigint::BigInt;
use std::collections::BTreeMap;

/// What came of a function so far.
#[derive(Debug, Clone)]
pub(super) struct Out {
    /// Has it ended?
    pub(super) done: Atom,
    /// The number of its error, or zero.
    pub(super) error: Atom,
    /// What the error tells.
    pub(super) tells: Vec<Atom>,
    pub(super) value: Option<Val>,
}

/// A program being laid out.
pub(super) struct Run<'a> {
    pub(super) forms: Forms<'a>,
    pub(super) shape: &'a Shape<'a>,
    /// What functions take and give.
    pub(super) interface: &'a dyn Fn(&Ref) -> Outcome<Interface>,
    pub(super) chain: Chain,
    pub(super) bound: BTreeMap<String, Val>,
    /// The conditions of the branches around.
    pub(super) guard: Atom,
    pub(super) out: Out,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        forms: Forms<'a>,
        shape: &'a Shape<'a>,
        interface: &'a dyn Fn(&Ref) -> Outcome<Interface>,
    ) -> Run<'a> {
        let mut run = Run {
            forms,
            shape,
            interface,
            chain: Chain::default(),
            bound: BTreeMap::new(),
            guard: Atom::Truth(true),
            out: Out { done: Atom::Truth(false), error: zero(), tells: Vec::new(), value: None },
        };
        run.fresh();
        run
    }

    /// Begins with another function.
    pub(super) fn fresh(&mut self) {
        self.bound = BTreeMap::new();
        self.guard = Atom::Truth(true);
        self.out = Out { done: Atom::Truth(false), error: zero(), tells: Vec::new(), value: None };
    }

    /// A function of values; what comes of it.
    pub(super) fn function(&mut self, function: &Function, arguments: Vec<Val>) -> Outcome<Out> {
        self.fresh();
        for ((name, _, _), value) in function.params.iter().zip(arguments) {
            self.bound.insert(name.to_string(), value);
        }
        self.block(&function.body)?;
        if function.result.is_some() && self.out.value.is_none() && self.out.done != Atom::Truth(true) {
            return Err("it ends without a result".to_owned());
        }
        Ok(self.out.clone())
    }

    /// Does what is done now count?
    pub(super) fn live(&mut self) -> Atom {
        let open = self.chain.not(self.out.done.clone());
        self.chain.and(self.guard.clone(), open)
    }

    fn block(&mut self, statements: &[Stmt]) -> Outcome<()> {
        for statement in statements {
            if self.out.done == Atom::Truth(true) {
                break;
            }
            self.statement(statement)?;
            self.chain.check()?;
        }
        Ok(())
    }

    fn statement(&mut self, statement: &Stmt) -> Outcome<()> {
        match statement {
            Stmt::Let { name, ty, value, .. } => {
                let form = self.forms.of(ty)?;
                let val = match value {
                    Some(value) => self.expr(value)?.roomed(&form),
                    None => form.any(),
                };
                val.name(&mut self.chain, name);
                self.bound.insert(name.to_string(), val);
            }
            Stmt::Assign { name, value } => {
                let val = self.expr(value)?;
                let val = self.like(name, val)?;
                val.name(&mut self.chain, name);
                self.bound.insert(name.to_string(), val);
            }
            Stmt::If { condition, then, otherwise } => {
                let condition = self.truth(condition)?;
                self.either(&condition, |it| it.block(then), |it| it.block(otherwise))?;
            }
            Stmt::Switch { subject, arms } => {
                let Ty::Enum(id) = subject.ty.base().clone() else {
                    return Err("a switch is not by an enum".to_owned());
                };
                let subject = self.expr(subject)?.one()?;
                let arms: Vec<&(Vec<usize>, Vec<Stmt>)> = arms.iter().filter(|it| !it.0.is_empty()).collect();
                self.switch(&id, &subject, &arms)?;
            }
            Stmt::ForEach { names, over, body } => self.for_each(names, over, body)?,
            Stmt::ForRange { name, from, to, body, .. } => self.for_range(name, from, to, body)?,
            Stmt::Push { list, value } => {
                let value = self.expr(value)?;
                let list_val = self.bound.get(&**list).cloned().ok_or("a list is missing")?;
                let pushed = self.pushed(list_val, &value)?;
                pushed.name(&mut self.chain, list);
                self.bound.insert(list.to_string(), pushed);
            }
            Stmt::Raise(raise) => self.raise(raise)?,
            Stmt::Return(value) => self.give(value)?,
            Stmt::Check { of, value } => self.check(of, value)?,
        }
        Ok(())
    }

    /// A value with the room of what has the name already.
    fn like(&self, name: &Name, val: Val) -> Outcome<Val> {
        let former = self.bound.get(&**name).ok_or("a variable is missing")?;
        Ok(match (former, val) {
            (Val::List(_, room), Val::List(count, mut items)) => {
                let spare = room.first().cloned();
                if let Some(spare) = spare {
                    items.resize(room.len(), spare);
                }
                Val::List(count, items)
            }
            (_, other) => other,
        })
    }

    /// Both branches, and behind them what the condition chooses.
    fn either(
        &mut self,
        condition: &Atom,
        then: impl FnOnce(&mut Self) -> Outcome<()>,
        otherwise: impl FnOnce(&mut Self) -> Outcome<()>,
    ) -> Outcome<()> {
        match condition {
            Atom::Truth(true) => return then(self),
            Atom::Truth(false) => return otherwise(self),
            _ => {}
        }
        let (bound, out, guard) = (self.bound.clone(), self.out.clone(), self.guard.clone());
        self.guard = self.chain.and(guard.clone(), condition.clone());
        then(self)?;
        let (a_bound, a_out) =
            (std::mem::replace(&mut self.bound, bound.clone()), std::mem::replace(&mut self.out, out));
        let not = self.chain.not(condition.clone());
        self.guard = self.chain.and(guard.clone(), not);
        otherwise(self)?;
        self.guard = guard;
        let (b_bound, b_out) = (std::mem::take(&mut self.bound), self.out.clone());
        // Behind a branch that has ended only the other goes on.
        self.bound = if a_out.done == Atom::Truth(true) {
            b_bound
        } else if b_out.done == Atom::Truth(true) {
            a_bound
        } else {
            let mut merged = BTreeMap::new();
            for name in bound.keys() {
                if let (Some(a), Some(b)) = (a_bound.get(name), b_bound.get(name)) {
                    merged.insert(name.clone(), Val::choose(&mut self.chain, condition, a, b)?);
                }
            }
            merged
        };
        self.out = self.chosen(condition, &a_out, &b_out)?;
        Ok(())
    }

    fn chosen(&mut self, condition: &Atom, a: &Out, b: &Out) -> Outcome<Out> {
        let chain = &mut self.chain;
        let done = chain.choose(condition, a.done.clone(), b.done.clone());
        let error = chain.choose(condition, a.error.clone(), b.error.clone());
        let mut tells = Vec::new();
        for at in 0..a.tells.len().max(b.tells.len()) {
            let of = |out: &Out| out.tells.get(at).cloned().unwrap_or_else(zero);
            tells.push(chain.choose(condition, of(a), of(b)));
        }
        let value = match (&a.value, &b.value) {
            (Some(a), Some(b)) => Some(Val::choose(chain, condition, a, b)?),
            (one, other) => one.clone().or_else(|| other.clone()),
        };
        Ok(Out { done, error, tells, value })
    }

    fn switch(&mut self, id: &Ref, subject: &Atom, arms: &[&(Vec<usize>, Vec<Stmt>)]) -> Outcome<()> {
        match arms {
            [] => Ok(()),
            [last] => self.block(&last.1),
            [first, rest @ ..] => {
                let condition = self.is_one(id, subject, &first.0)?;
                self.either(&condition, |it| it.block(&first.1), |it| it.switch(id, subject, rest))
            }
        }
    }

    /// Is it one of these values of an enum?
    pub(super) fn is_one(&mut self, id: &Ref, subject: &Atom, places: &[usize]) -> Outcome<Atom> {
        let decl = self.forms.enumeration(id)?;
        let mut any = Atom::Truth(false);
        for value in places.iter().filter_map(|at| decl.values.get(*at)) {
            let one = self.chain.compare("eq", subject.clone(), Atom::Number(BigInt::from(value.number)));
            any = self.chain.or(any, one);
        }
        Ok(any)
    }

    fn for_each(&mut self, names: &[(Name, Ty)], over: &Ex, body: &[Stmt]) -> Outcome<()> {
        let [(name, _)] = names else { return Err("it goes over a map".to_owned()) };
        let Val::List(count, items) = self.expr(over)? else {
            return Err("a loop goes over something else".to_owned());
        };
        for (at, item) in items.into_iter().enumerate() {
            let there = self.chain.compare("gt", count.clone(), Atom::Number(BigInt::from(at)));
            item.name(&mut self.chain, name);
            self.bound.insert(name.to_string(), item);
            self.either(&there, |it| it.block(body), |_| Ok(()))?;
            self.chain.check()?;
        }
        Ok(())
    }

    fn for_range(&mut self, name: &Name, from: &Ex, to: &Ex, body: &[Stmt]) -> Outcome<()> {
        let (from, to) = (self.expr(from)?.one()?, self.expr(to)?.one()?);
        let (low, high) = (self.chain.range(&from)?.low, self.chain.range(&to)?.high);
        let rounds: BigInt = &high - &low + 1;
        let room = self.forms.target.shape.most_elements.unwrap_or(64);
        if rounds > BigInt::from(room) {
            return Err(format!("it has up to {rounds} rounds, and there is room for {room}"));
        }
        let mut at = low;
        while at <= high {
            let now = Atom::Number(at.clone());
            let begun = self.chain.compare("le", from.clone(), now.clone());
            let open = self.chain.compare("le", now.clone(), to.clone());
            let there = self.chain.and(begun, open);
            self.bound.insert(name.to_string(), Val::One(now));
            self.either(&there, |it| it.block(body), |_| Ok(()))?;
            self.chain.check()?;
            at += 1;
        }
        Ok(())
    }

    /// A list with one more element.
    pub(super) fn pushed(&mut self, list: Val, value: &Val) -> Outcome<Val> {
        let Val::List(count, items) = list else { return Err("a list is something else".to_owned()) };
        // No list is longer than the elements that were pushed to it can make it.
        let known = self.chain.range(&count)?.high;
        let most = BigInt::from(items.len()).min(&known + 1);
        let mut made = Vec::new();
        for (at, item) in items.into_iter().enumerate() {
            if BigInt::from(at) > known {
                made.push(item);
                continue;
            }
            let here = self.chain.compare("eq", count.clone(), Atom::Number(BigInt::from(at)));
            made.push(Val::choose(&mut self.chain, &here, value, &item)?);
        }
        let next = self.number("add", vec![count, Atom::Number(BigInt::from(1))], crate::ir::Range::new(0, most));
        Ok(Val::List(next, made))
    }

    fn raise(&mut self, raise: &Raise) -> Outcome<()> {
        let home = self.forms.contract.home(&raise.error.contract).and_then(|it| it.error(&raise.error.name));
        let number = home.ok_or("an error is missing")?.number;
        let mut tells = Vec::new();
        for argument in &raise.arguments {
            tells.push(match self.expr(argument)? {
                Val::One(Atom::Truth(known)) => Atom::Number(BigInt::from(u8::from(known))),
                Val::One(atom) if self.chain.sort(&atom) == super::chain::Sort::Truth => {
                    self.chain.choose(&atom, Atom::Number(BigInt::from(1)), zero())
                }
                Val::One(atom) => atom,
                _ => return Err(format!("{} tells more than numbers", raise.error.name)),
            });
        }
        let raised = Out { done: Atom::Truth(true), error: Atom::Number(number.into()), tells, value: None };
        self.end(raised)
    }

    fn give(&mut self, value: &Ex) -> Outcome<()> {
        let value = self.expr(value)?;
        if self.out.done == Atom::Truth(true) {
            return Ok(());
        }
        self.end(Out { done: Atom::Truth(true), error: zero(), tells: Vec::new(), value: Some(value) })
    }

    /// Ends, unless it has.
    pub(super) fn end(&mut self, out: Out) -> Outcome<()> {
        let (done, former) = (self.out.done.clone(), self.out.clone());
        self.out = self.chosen(&done, &former, &out)?;
        self.out.done = self.chain.or(done, out.done);
        Ok(())
    }

    /// The check of a type, here and now.
    fn check(&mut self, of: &Ref, value: &Ex) -> Outcome<()> {
        let value = self.expr(value)?;
        let checks = crate::emit::lower::checks(self.forms.contract, [of.clone()].into(), self.shape)?;
        let function = checks.get(of).ok_or("a check is missing")?.clone();
        let outer = std::mem::take(&mut self.bound);
        for (name, _, _) in &function.params {
            self.bound.insert(name.to_string(), value.clone());
        }
        let done = self.block(&function.body);
        self.bound = outer;
        done
    }

    /// A call of an operator.
    pub(super) fn call(&mut self, id: &Ref, arguments: &[Ex]) -> Outcome<Val> {
        let interface = (self.interface)(id)?;
        let mut leaves = Vec::new();
        for (argument, (_, form)) in arguments.iter().zip(&interface.inputs) {
            leaves.extend(self.expr(argument)?.roomed(form).leaves());
        }
        let out = self.called(id, &interface, leaves)?;
        if interface.raises {
            let failed = self.chain.compare("ne", out.error.clone(), zero());
            let done = self.out.done.clone();
            let former = self.out.clone();
            let merged = self.chosen(&done, &former, &Out { value: None, ..out.clone() })?;
            self.out = Out { done: self.chain.or(done, failed), value: former.value, ..merged };
        }
        out.value.ok_or_else(|| "a call gives nothing".to_owned())
    }

    /// What a function gives for leaves of its inputs.
    pub(super) fn called(&mut self, id: &Ref, interface: &Interface, leaves: Vec<Atom>) -> Outcome<Out> {
        let outs = interface.outs();
        let mut atoms = self.chain.call(id.clone(), interface.inner, leaves, outs).into_iter();
        let error = if interface.raises { atoms.next().unwrap_or_else(zero) } else { zero() };
        let tells = interface.tells.iter().filter_map(|_| atoms.next()).collect();
        let value = interface.result.val(&mut atoms)?;
        Ok(Out { done: Atom::Truth(true), error, tells, value: Some(value) })
    }

    pub(super) fn truth(&mut self, ex: &Ex) -> Outcome<Atom> {
        let atom = self.expr(ex)?.one()?;
        if matches!(atom, Atom::Number(_)) { Err("a number is taken for a truth".to_owned()) } else { Ok(atom) }
    }

    /// A value that stands by itself.
    pub(super) fn constant(&mut self, id: &Ref) -> Outcome<Val> {
        let home = self.forms.contract.home(&id.contract).and_then(|it| it.constant(&id.name)).cloned();
        let constant = home.ok_or("a constant is missing")?;
        let of = constant.ty.as_ref().unwrap_or(&constant.expr.ty);
        let ex = crate::emit::lower::constant(&constant.value, of)?;
        if matches!(ex.kind, Kind::Constant(_)) {
            return Err("a constant is itself".to_owned());
        }
        self.expr(&ex)
    }
}

pub(super) fn zero() -> Atom {
    Atom::Number(BigInt::ZERO)
}
