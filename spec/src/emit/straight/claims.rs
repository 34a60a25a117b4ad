//! What is to be proved of an operator, for all inputs whatever they are.
//!
//! - `boundary`: what fits its types is taken, and what does not raises an error of the boundary and nothing else.
//! - `types`: with inputs that fit, results fit their types, and errors are declared ones.
//! - `steps`: with inputs that fit, every number on the way lies in the range that representations are chosen by.
//! - `ensure_1`, ...: what the contract ensures.
//!
//! What fits is said here of the contract's types, not taken from generated checks. This file does not know provers.

use super::chain::{Atom, Made, Sort};
use super::form::{Forms, Val};
use super::run::{Run, zero};
use super::{Claim, Interface, Plan};
use crate::emit::low::{Function, Outcome, Role};
use crate::emit::lower::{self, Shape, types};
use crate::ir::{ErrorRef, Operator, Range, Ref, Type};
use crate::syntax::Name;
use num_bigint::BigInt;

/// The names of what is to be proved of an operator.
pub(in crate::emit) fn names(operator: &Operator) -> Vec<String> {
    let ensured = (1..=operator.ensures.len()).map(|n| format!("ensure_{n}"));
    ["boundary", "types", "steps"].into_iter().map(str::to_owned).chain(ensured).collect()
}

/// A claim being made.
struct Begun<'a> {
    run: Run<'a>,
    inputs: Vec<Val>,
    leaves: Vec<Atom>,
}

pub(super) fn of(
    plan: &Plan<'_>,
    forms: Forms<'_>,
    operator: &Operator,
    functions: &[Function],
    shape: &Shape<'_>,
) -> Outcome<Vec<Claim>> {
    let interface = |id: &Ref| plan.interface(forms, id);
    let work = functions.first().ok_or("it has no function")?;
    let outer = functions.iter().find(|it| it.role == Role::Public).ok_or("it has no function")?;
    let own = Interface::of(forms, work)?;
    let mut made = Vec::new();
    for name in names(operator) {
        let mut begun = begin(Run::new(forms, shape, &interface), &own)?;
        let goal = match name.as_str() {
            "boundary" => boundary(&mut begun, operator, &own, &Interface::of(forms, outer)?)?,
            "types" => results(&mut begun, operator, &own)?,
            "steps" => steps(&mut begun, operator, work)?,
            _ => {
                let at = name.strip_prefix("ensure_").and_then(|n| n.parse::<usize>().ok()).unwrap_or(1);
                ensured(&mut begun, operator, &own, at - 1)?
            }
        };
        let goal = begun.held_implies(goal);
        made.push(Claim { name, inputs: own.inputs.clone(), chain: begun.run.chain, goal });
    }
    Ok(made)
}

fn begin<'a>(mut run: Run<'a>, own: &Interface) -> Outcome<Begun<'a>> {
    let (mut inputs, mut all) = (Vec::new(), Vec::new());
    for (name, form) in &own.inputs {
        let leaves: Vec<_> = form.leaves(name).iter().map(|(hint, sort)| run.chain.input(hint, sort.clone())).collect();
        all.extend(leaves.clone());
        inputs.push(form.val(&mut leaves.into_iter())?);
    }
    Ok(Begun { run, inputs, leaves: all })
}

impl Begun<'_> {
    /// Do all inputs fit?
    fn fit(&mut self, operator: &Operator) -> Outcome<Atom> {
        let mut all = Atom::Truth(true);
        for (input, value) in operator.inputs.iter().zip(self.inputs.clone()) {
            let one = fits(&mut self.run, &value, &input.ty)?;
            all = self.run.chain.and(all, one);
        }
        Ok(all)
    }

    /// A list has as many elements as there is room for, whatever they are: no other one can be handed over.
    fn held_implies(&mut self, goal: Atom) -> Atom {
        let mut all = Atom::Truth(true);
        let mut ahead = self.inputs.clone();
        while let Some(value) = ahead.pop() {
            match value {
                Val::One(_) => {}
                Val::Optional(_, inner) => ahead.push(*inner),
                Val::Record(fields) => ahead.extend(fields.into_iter().map(|it| it.1)),
                Val::List(count, items) => {
                    let one = inside(&mut self.run, &count, &Range::new(0, items.len()));
                    all = self.run.chain.and(all, one);
                    ahead.extend(items);
                }
            }
        }
        self.implies(all, goal)
    }

    fn implies(&mut self, a: Atom, b: Atom) -> Atom {
        let not = self.run.chain.not(a);
        self.run.chain.or(not, b)
    }

    /// Is it the number of one of these errors?
    fn is_error(&mut self, error: &Atom, of: &[ErrorRef]) -> Outcome<Atom> {
        let mut any = Atom::Truth(false);
        for id in of {
            let home = self.run.forms.contract.home(&id.contract).and_then(|it| it.error(&id.name));
            let number = home.ok_or("an error is missing")?.number;
            let one = self.run.chain.compare("eq", error.clone(), Atom::Number(number.into()));
            any = self.run.chain.or(any, one);
        }
        Ok(any)
    }
}

fn boundary(begun: &mut Begun<'_>, operator: &Operator, own: &Interface, outer: &Interface) -> Outcome<Atom> {
    let fit = begun.fit(operator)?;
    if !own.inner {
        // There is no check, so there must be nothing to check.
        return Ok(fit);
    }
    let leaves = begun.leaves.clone();
    let checked = begun.run.called(&operator.id, outer, leaves.clone())?;
    let direct = begun.run.called(&operator.id, own, leaves)?;
    let chain = &mut begun.run.chain;
    let mut same = chain.compare("eq", checked.error.clone(), direct.error.clone());
    for (a, b) in checked.tells.iter().zip(&direct.tells) {
        let one = chain.compare("eq", a.clone(), b.clone());
        same = chain.and(same, one);
    }
    if let (Some(a), Some(b)) = (&checked.value, &direct.value) {
        let value = Val::same(chain, a, b)?;
        let failed = chain.compare("ne", direct.error.clone(), zero());
        let one = chain.or(failed, value);
        same = chain.and(same, one);
    }
    let refused = begun.is_error(&checked.error, &operator.boundary)?;
    let taken = begun.implies(fit.clone(), same);
    let other = begun.run.chain.or(fit, refused);
    Ok(begun.run.chain.and(taken, other))
}

fn results(begun: &mut Begun<'_>, operator: &Operator, own: &Interface) -> Outcome<Atom> {
    let leaves = begun.leaves.clone();
    let out = begun.run.called(&operator.id, own, leaves)?;
    let value = out.value.ok_or("it gives nothing")?;
    let mut good = Atom::Truth(true);
    let values: Vec<Val> = match (operator.outputs.as_slice(), value) {
        ([_], only) => vec![only],
        (_, Val::Record(fields)) => fields.into_iter().map(|it| it.1).collect(),
        _ => return Err("its outputs are missing".to_owned()),
    };
    for (output, value) in operator.outputs.iter().zip(&values) {
        let one = fits(&mut begun.run, value, &output.ty)?;
        good = begun.run.chain.and(good, one);
    }
    let failed = begun.run.chain.compare("ne", out.error.clone(), zero());
    let declared = begun.is_error(&out.error, &operator.raises)?;
    let goal = begun.run.chain.choose(&failed, declared, good);
    let fit = begun.fit(operator)?;
    Ok(begun.implies(fit, goal))
}

fn steps(begun: &mut Begun<'_>, operator: &Operator, work: &Function) -> Outcome<Atom> {
    let inputs = begun.inputs.clone();
    begun.run.function(work, inputs)?;
    let cells = begun.run.chain.cells.clone();
    let mut all = Atom::Truth(true);
    for (at, cell) in cells.iter().enumerate() {
        let (Sort::Number(range), Made::Op(name, _)) = (&cell.sort, &cell.made) else { continue };
        if name == "cond" {
            continue;
        }
        let within = inside(&mut begun.run, &Atom::At(at), range);
        for guard in &cell.guards {
            let one = begun.implies(guard.clone(), within.clone());
            all = begun.run.chain.and(all, one);
        }
    }
    let fit = begun.fit(operator)?;
    Ok(begun.implies(fit, all))
}

fn ensured(begun: &mut Begun<'_>, operator: &Operator, own: &Interface, at: usize) -> Outcome<Atom> {
    let leaves = begun.leaves.clone();
    let out = begun.run.called(&operator.id, own, leaves)?;
    let value = out.value.ok_or("it gives nothing")?;
    let mut names: Vec<(Name, Type)> = operator.inputs.iter().map(|it| (it.name.clone(), it.ty.clone())).collect();
    let mut values = begun.inputs.clone();
    for output in &operator.outputs {
        let name = if output.state { Name::from(format!("next_{}", output.name)) } else { output.name.clone() };
        names.push((name, output.ty.clone()));
        values.push(match (&value, operator.outputs.len()) {
            (one, 1) => one.clone(),
            (Val::Record(fields), _) => {
                let found = fields.iter().find(|it| it.0 == output.name).map(|it| it.1.clone());
                found.ok_or("an output is missing")?
            }
            _ => return Err("its outputs are missing".to_owned()),
        });
    }
    let truth = operator.ensures.get(at).ok_or("it ensures less")?;
    let stated = lower::truth(begun.run.forms.contract, &operator.id, &names, truth, begun.run.shape)?;
    let holds = begun.run.function(&stated, values)?.value.ok_or("it says nothing")?.one()?;
    let failed = begun.run.chain.compare("ne", out.error, zero());
    let goal = begun.run.chain.or(failed, holds);
    let fit = begun.fit(operator)?;
    Ok(begun.implies(fit, goal))
}

fn inside(run: &mut Run<'_>, atom: &Atom, range: &Range) -> Atom {
    let low = run.chain.compare("le", Atom::Number(range.low.clone()), atom.clone());
    let high = run.chain.compare("le", atom.clone(), Atom::Number(range.high.clone()));
    run.chain.and(low, high)
}

/// Is it a value of its type?
fn fits(run: &mut Run<'_>, value: &Val, ty: &Type) -> Outcome<Atom> {
    Ok(match (value, ty.base()) {
        (Val::One(atom), Type::Int(range) | Type::Decimal(_, range)) => inside(run, atom, range),
        (Val::One(atom), Type::Enum(decl)) => {
            let mut any = Atom::Truth(false);
            for it in &decl.values {
                let one = run.chain.compare("eq", atom.clone(), Atom::Number(BigInt::from(it.number)));
                any = run.chain.or(any, one);
            }
            any
        }
        (Val::One(_), _) => Atom::Truth(true),
        (Val::Optional(present, inner), Type::Optional(of)) => {
            let not = run.chain.not(present.clone());
            let inner = fits(run, inner, of)?;
            run.chain.or(not, inner)
        }
        (Val::List(count, items), Type::List(element, size)) => {
            let mut all = inside(run, count, &size.range());
            for (at, item) in items.iter().enumerate() {
                let beyond = run.chain.compare("le", count.clone(), Atom::Number(BigInt::from(at)));
                let one = fits(run, item, element)?;
                let one = run.chain.or(beyond, one);
                all = run.chain.and(all, one);
            }
            all
        }
        (Val::Record(fields), Type::Record(decl)) => {
            let mut all = Atom::Truth(true);
            for ((_, value), field) in fields.iter().zip(&decl.fields) {
                let one = fits(run, value, &field.ty)?;
                all = run.chain.and(all, one);
            }
            let names: Vec<(Name, Type)> = decl.fields.iter().map(|it| (it.name.clone(), it.ty.clone())).collect();
            for require in &decl.requires {
                let stated = lower::truth(run.forms.contract, &decl.id, &names, &require.condition, run.shape)?;
                let values = fields.iter().map(|it| it.1.clone()).collect();
                let one = run.function(&stated, values)?.value.ok_or("it says nothing")?.one()?;
                all = run.chain.and(all, one);
            }
            all
        }
        _ => return Err(format!("it has values of kind '{}'", types::ty(ty)?.kind())),
    })
}
