//! Values as trees of single numbers and truths.
//!
//! An optional is a truth and a value, a list how many and room for the most, a record its fields, an enum its number.
//! Invariant: equal types have equal trees. This file does not know programs.

use super::chain::{Atom, Chain, Sort};
use crate::emit::low::{Outcome, Ty};
use crate::emit::lower::types;
use crate::emit::target::Target;
use crate::ir::{Contract, EnumDecl, Range, RecordDecl, Ref, Type};
use crate::syntax::Name;
use num_bigint::BigInt;
use std::sync::Arc;

/// What a value of a type looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    One(Sort),
    Record(Vec<(Name, Form)>),
    Optional(Box<Form>),
    List(Box<Form>, u64),
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Val {
    One(Atom),
    Record(Vec<(Name, Val)>),
    Optional(Atom, Box<Val>),
    List(Atom, Vec<Val>),
}

/// What is declared, as a contract sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Forms<'a> {
    pub(super) contract: &'a Contract,
    pub(super) target: &'a Target,
}

/// How many elements a list has at most.
pub(super) fn count_range(most: u64) -> Range {
    Range::new(0, most)
}

impl Forms<'_> {
    pub(super) fn enumeration(&self, id: &Ref) -> Outcome<Arc<EnumDecl>> {
        match self.declared(id)?.base() {
            Type::Enum(decl) => Ok(decl.clone()),
            _ => Err(format!("{} is no enum", id.name)),
        }
    }

    fn record(&self, id: &Ref) -> Outcome<Arc<RecordDecl>> {
        match self.declared(id)?.base() {
            Type::Record(decl) => Ok(decl.clone()),
            _ => Err(format!("{} is no record", id.name)),
        }
    }

    fn declared(&self, id: &Ref) -> Outcome<Type> {
        let found = self.contract.home(&id.contract).and_then(|it| it.ty(&id.name));
        found.ok_or_else(|| format!("the type {} is missing", id.name))
    }

    pub(super) fn of(&self, ty: &Ty) -> Outcome<Form> {
        Ok(match ty.base() {
            Ty::Bool => Form::One(Sort::Truth),
            Ty::Int(range) => {
                self.target.native(range).ok_or_else(|| crate::emit::lower::wide(range))?;
                Form::One(Sort::Number(range.clone()))
            }
            Ty::Enum(id) => Form::One(Sort::Number(numbers(&*self.enumeration(id)?))),
            Ty::Optional(inner) => Form::Optional(Box::new(self.of(inner)?)),
            Ty::List(element, size) => {
                if let Some(room) = self.target.shape.most_elements.filter(|room| *room < size.high) {
                    return Err(format!("it has up to {} elements, and there is room for {room}", size.high));
                }
                Form::List(Box::new(self.of(element)?), size.high)
            }
            Ty::Record(id) => {
                let decl = self.record(id)?;
                let one = |it: &crate::ir::FieldDecl| Ok((it.name.clone(), self.of(&types::ty(&it.ty)?)?));
                Form::Record(decl.fields.iter().map(one).collect::<Outcome<_>>()?)
            }
            Ty::Outputs(id) => {
                let home = self.contract.home(&id.contract).and_then(|it| it.operator(&id.name));
                let operator = home.ok_or("an operator is missing")?;
                let one = |it: &crate::ir::Param| Ok((it.name.clone(), self.of(&types::ty(&it.ty)?)?));
                Form::Record(operator.outputs.iter().map(one).collect::<Outcome<_>>()?)
            }
            other => return Err(format!("it has values of kind '{}'", other.kind())),
        })
    }
}

/// The numbers of an enum, with room for one that is none of them.
pub(super) fn numbers(decl: &EnumDecl) -> Range {
    let all = decl.values.iter().map(|it| Range::of(BigInt::from(it.number)));
    all.reduce(|a, b| a.join(&b)).unwrap_or_else(|| Range::new(0, 0)).join(&Range::new(0, 0))
}

impl Form {
    /// Its single values, each with what it is called within it.
    pub(super) fn leaves(&self, name: &str) -> Vec<(String, Sort)> {
        match self {
            Form::One(sort) => vec![(name.to_owned(), sort.clone())],
            Form::Record(fields) => {
                fields.iter().flat_map(|(field, it)| it.leaves(&format!("{name}_{field}"))).collect()
            }
            Form::Optional(inner) => {
                let mut all = vec![(format!("{name}_present"), Sort::Truth)];
                all.extend(inner.leaves(&format!("{name}_value")));
                all
            }
            Form::List(element, most) => {
                let mut all = vec![(format!("{name}_count"), Sort::Number(count_range(*most)))];
                all.extend((0..*most).flat_map(|at| element.leaves(&format!("{name}_{at}"))));
                all
            }
        }
    }

    /// A value of its leaves, in their order.
    pub(super) fn val(&self, leaves: &mut dyn Iterator<Item = Atom>) -> Outcome<Val> {
        let mut next = || leaves.next().ok_or_else(|| "a part of a value is missing".to_owned());
        Ok(match self {
            Form::One(_) => Val::One(next()?),
            Form::Record(fields) => Val::Record(
                fields.iter().map(|(name, it)| Ok((name.clone(), it.val(leaves)?))).collect::<Outcome<_>>()?,
            ),
            Form::Optional(inner) => Val::Optional(next()?, Box::new(inner.val(leaves)?)),
            Form::List(element, most) => {
                let count = next()?;
                Val::List(count, (0..*most).map(|_| element.val(leaves)).collect::<Outcome<_>>()?)
            }
        })
    }

    /// Any value of it, for where none is wanted.
    pub(super) fn any(&self) -> Val {
        let leaves = self.leaves("").into_iter().map(|(_, sort)| match sort {
            Sort::Truth => Atom::Truth(false),
            Sort::Number(range) if range.has_zero() => Atom::Number(BigInt::ZERO),
            Sort::Number(range) => Atom::Number(range.low),
        });
        let mut leaves = leaves.collect::<Vec<_>>().into_iter();
        self.val(&mut leaves).unwrap_or(Val::Record(Vec::new()))
    }
}

impl Val {
    pub(super) fn leaves(&self) -> Vec<Atom> {
        match self {
            Val::One(atom) => vec![atom.clone()],
            Val::Record(fields) => fields.iter().flat_map(|it| it.1.leaves()).collect(),
            Val::Optional(present, inner) => {
                let mut all = vec![present.clone()];
                all.extend(inner.leaves());
                all
            }
            Val::List(count, items) => {
                let mut all = vec![count.clone()];
                all.extend(items.iter().flat_map(Val::leaves));
                all
            }
        }
    }

    pub(super) fn one(&self) -> Outcome<Atom> {
        if let Val::One(atom) = self { Ok(atom.clone()) } else { Err("a value is not a single one".to_owned()) }
    }

    /// Names what has no name, after what it is bound to.
    pub(super) fn name(&self, chain: &mut Chain, hint: &str) {
        match self {
            Val::One(atom) => chain.name(atom, hint),
            Val::Record(fields) => fields.iter().for_each(|(name, it)| it.name(chain, &format!("{hint}_{name}"))),
            Val::Optional(present, inner) => {
                chain.name(present, &format!("{hint}_present"));
                inner.name(chain, &format!("{hint}_value"));
            }
            Val::List(count, items) => {
                chain.name(count, &format!("{hint}_count"));
                items.iter().enumerate().for_each(|(at, it)| it.name(chain, &format!("{hint}_{at}")));
            }
        }
    }

    /// One of two of equal form. Lists may have room for different numbers of elements.
    pub(super) fn choose(chain: &mut Chain, condition: &Atom, a: &Val, b: &Val) -> Outcome<Val> {
        Ok(match (a, b) {
            (Val::One(a), Val::One(b)) => Val::One(chain.choose(condition, a.clone(), b.clone())),
            (Val::Record(a), Val::Record(b)) if a.len() == b.len() => {
                let mut fields = Vec::new();
                for ((name, a), (_, b)) in a.iter().zip(b) {
                    fields.push((name.clone(), Val::choose(chain, condition, a, b)?));
                }
                Val::Record(fields)
            }
            (Val::Optional(p, a), Val::Optional(q, b)) => {
                let present = chain.choose(condition, p.clone(), q.clone());
                Val::Optional(present, Box::new(Val::choose(chain, condition, a, b)?))
            }
            (Val::List(m, a), Val::List(n, b)) => {
                let count = chain.choose(condition, m.clone(), n.clone());
                let mut items = Vec::new();
                for at in 0..a.len().max(b.len()) {
                    items.push(match (a.get(at), b.get(at)) {
                        (Some(a), Some(b)) => Val::choose(chain, condition, a, b)?,
                        (Some(one), None) | (None, Some(one)) => one.clone(),
                        (None, None) => return Err("a list has no room".to_owned()),
                    });
                }
                Val::List(count, items)
            }
            _ => return Err("a choice is between values of different form".to_owned()),
        })
    }

    /// Are two of equal form the same value?
    pub(super) fn same(chain: &mut Chain, a: &Val, b: &Val) -> Outcome<Atom> {
        Ok(match (a, b) {
            (Val::One(a), Val::One(b)) if chain.sort(a) == Sort::Truth => {
                let not = chain.not(b.clone());
                chain.choose(a, b.clone(), not)
            }
            (Val::One(a), Val::One(b)) => chain.compare("eq", a.clone(), b.clone()),
            (Val::Record(a), Val::Record(b)) => {
                let mut all = Atom::Truth(true);
                for ((_, a), (_, b)) in a.iter().zip(b) {
                    let one = Val::same(chain, a, b)?;
                    all = chain.and(all, one);
                }
                all
            }
            (Val::Optional(p, a), Val::Optional(q, b)) => {
                let both = Val::same(chain, &Val::One(p.clone()), &Val::One(q.clone()))?;
                let inner = Val::same(chain, a, b)?;
                let not = chain.not(p.clone());
                let inner = chain.or(not, inner);
                chain.and(both, inner)
            }
            (Val::List(m, a), Val::List(n, b)) => {
                let mut all = chain.compare("eq", m.clone(), n.clone());
                for (at, (a, b)) in a.iter().zip(b).enumerate() {
                    let same = Val::same(chain, a, b)?;
                    let beyond = chain.compare("le", m.clone(), Atom::Number(BigInt::from(at)));
                    let one = chain.or(beyond, same);
                    all = chain.and(all, one);
                }
                all
            }
            _ => return Err("values of different form are compared".to_owned()),
        })
    }

    /// With room for more elements, or for fewer.
    pub(super) fn roomed(self, form: &Form) -> Val {
        match (self, form) {
            (Val::List(count, mut items), Form::List(element, most)) => {
                items.resize_with(*most as usize, || element.any());
                Val::List(count, items.into_iter().map(|it| it.roomed(element)).collect())
            }
            (Val::Record(fields), Form::Record(forms)) => {
                let both = fields.into_iter().zip(forms);
                Val::Record(both.map(|((name, it), (_, form))| (name, it.roomed(form))).collect())
            }
            (Val::Optional(present, inner), Form::Optional(form)) => {
                Val::Optional(present, Box::new(inner.roomed(form)))
            }
            (other, _) => other,
        }
    }
}
