//! A chain of values: single numbers and truths, each made of earlier ones, with no choice left of what is computed.
//!
//! Invariants: a value is made once, however often it is asked for; what is known is no value of the chain; every
//! number has its range. This file does not know how a program becomes a chain.

use crate::emit::low::{Outcome, Reason};
use crate::ir::{Range, Ref};
use num_bigint::BigInt;
use std::collections::BTreeMap;

/// So many values are too many to lay out flat.
const MOST: usize = 60_000;

/// A number or a truth: known, or that of a place in the chain.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Atom {
    Truth(bool),
    Number(BigInt),
    At(usize),
}

/// What a single value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sort {
    Truth,
    Number(Range),
}

/// How a value comes to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Made {
    Input,
    Op(String, Vec<Atom>),
    /// An output of a call, by its place among them.
    Out(usize, usize),
}

#[derive(Debug, Clone)]
pub(super) struct Cell {
    /// What it is called, when nothing else is.
    pub(super) hint: String,
    pub(super) sort: Sort,
    pub(super) made: Made,
    /// When it matters, for each time that it was asked for.
    pub(super) guards: Vec<Atom>,
}

/// A call of an operator's function.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) operator: Ref,
    pub(super) inner: bool,
    pub(super) arguments: Vec<Atom>,
    /// The cells of its outputs.
    pub(super) outs: Vec<usize>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Chain {
    pub(super) cells: Vec<Cell>,
    pub(super) calls: Vec<Call>,
    known: BTreeMap<(String, Vec<Atom>), usize>,
}

impl Chain {
    pub(super) fn input(&mut self, hint: &str, sort: Sort) -> Atom {
        self.push(hint, sort, Made::Input, Atom::Truth(true))
    }

    fn push(&mut self, hint: &str, sort: Sort, made: Made, guard: Atom) -> Atom {
        self.cells.push(Cell { hint: hint.to_owned(), sort, made, guards: vec![guard] });
        Atom::At(self.cells.len() - 1)
    }

    pub(super) fn check(&self) -> Result<(), Reason> {
        if self.cells.len() > MOST { Err(format!("it takes more than {MOST} values side by side")) } else { Ok(()) }
    }

    pub(super) fn sort(&self, atom: &Atom) -> Sort {
        match atom {
            Atom::Truth(_) => Sort::Truth,
            Atom::Number(n) => Sort::Number(Range::of(n.clone())),
            Atom::At(at) => self.cells.get(*at).map_or(Sort::Truth, |it| it.sort.clone()),
        }
    }

    pub(super) fn range(&self, atom: &Atom) -> Outcome<Range> {
        match self.sort(atom) {
            Sort::Number(range) => Ok(range),
            Sort::Truth => Err("a truth is taken for a number".to_owned()),
        }
    }

    /// A value of earlier ones.
    pub(super) fn op(&mut self, name: &str, parts: Vec<Atom>, sort: Sort, guard: &Atom) -> Atom {
        let key = (name.to_owned(), parts.clone());
        if let Some(at) = self.known.get(&key).copied() {
            if let Some(cell) = self.cells.get_mut(at) {
                if !cell.guards.contains(guard) {
                    cell.guards.push(guard.clone());
                }
                // The same value may be known to lie in a narrower range elsewhere.
                if let (Sort::Number(own), Sort::Number(other)) = (&cell.sort, &sort) {
                    cell.sort = Sort::Number(own.join(other));
                }
            }
            return Atom::At(at);
        }
        let atom = self.push("v", sort, Made::Op(name.to_owned(), parts), guard.clone());
        self.known.insert(key, self.cells.len() - 1);
        atom
    }

    /// Calls a function; its outputs.
    pub(super) fn call(
        &mut self,
        operator: Ref,
        inner: bool,
        arguments: Vec<Atom>,
        outs: Vec<(String, Sort)>,
    ) -> Vec<Atom> {
        let key = (format!("call {} {inner}", operator), arguments.clone());
        if let Some(at) = self.known.get(&key) {
            return self.calls.get(*at).map(|it| it.outs.iter().map(|at| Atom::At(*at)).collect()).unwrap_or_default();
        }
        let number = self.calls.len();
        let mut made = Vec::new();
        for (at, (hint, sort)) in outs.into_iter().enumerate() {
            made.push(self.push(&hint, sort, Made::Out(number, at), Atom::Truth(true)));
        }
        let places = made.iter().filter_map(|it| if let Atom::At(at) = it { Some(*at) } else { None }).collect();
        self.calls.push(Call { operator, inner, arguments, outs: places });
        self.known.insert(key, number);
        made
    }

    /// Names a value that has no name yet.
    pub(super) fn name(&mut self, atom: &Atom, hint: &str) {
        if let Atom::At(at) = atom
            && let Some(cell) = self.cells.get_mut(*at)
            && cell.hint == "v"
        {
            hint.clone_into(&mut cell.hint);
        }
    }

    pub(super) fn not(&mut self, a: Atom) -> Atom {
        match &a {
            Atom::Truth(known) => Atom::Truth(!known),
            Atom::At(at) => match self.cells.get(*at).map(|it| &it.made) {
                Some(Made::Op(name, parts)) if name == "not" => parts.first().cloned().unwrap_or(a),
                _ => self.op("not", vec![a], Sort::Truth, &Atom::Truth(true)),
            },
            Atom::Number(_) => a,
        }
    }

    pub(super) fn and(&mut self, a: Atom, b: Atom) -> Atom {
        match (&a, &b) {
            (Atom::Truth(true), _) => b,
            (_, Atom::Truth(true)) => a,
            (Atom::Truth(false), _) | (_, Atom::Truth(false)) => Atom::Truth(false),
            _ if a == b => a,
            _ => self.op("and", vec![a, b], Sort::Truth, &Atom::Truth(true)),
        }
    }

    pub(super) fn or(&mut self, a: Atom, b: Atom) -> Atom {
        match (&a, &b) {
            (Atom::Truth(false), _) => b,
            (_, Atom::Truth(false)) => a,
            (Atom::Truth(true), _) | (_, Atom::Truth(true)) => Atom::Truth(true),
            _ if a == b => a,
            _ => self.op("or", vec![a, b], Sort::Truth, &Atom::Truth(true)),
        }
    }

    /// A comparison of two numbers.
    pub(super) fn compare(&mut self, name: &str, a: Atom, b: Atom) -> Atom {
        if let (Atom::Number(a), Atom::Number(b)) = (&a, &b) {
            return Atom::Truth(match name {
                "eq" => a == b,
                "ne" => a != b,
                "lt" => a < b,
                "le" => a <= b,
                "gt" => a > b,
                _ => a >= b,
            });
        }
        self.op(name, vec![a, b], Sort::Truth, &Atom::Truth(true))
    }

    /// One of two.
    pub(super) fn choose(&mut self, condition: &Atom, then: Atom, otherwise: Atom) -> Atom {
        if let Atom::Truth(known) = condition {
            return if *known { then } else { otherwise };
        }
        // Inside of a choice its condition is known.
        let then = self.under(condition, true, then);
        let otherwise = self.under(condition, false, otherwise);
        if then == otherwise {
            return then;
        }
        if let Some(short) = self.shorter(condition, &then, &otherwise) {
            return short;
        }
        match (&then, &otherwise) {
            (Atom::Truth(true), _) => return self.or(condition.clone(), otherwise),
            (Atom::Truth(false), _) => {
                let not = self.not(condition.clone());
                return self.and(not, otherwise);
            }
            (_, Atom::Truth(false)) => return self.and(condition.clone(), then),
            (_, Atom::Truth(true)) => {
                let not = self.not(condition.clone());
                return self.or(not, then);
            }
            _ => {}
        }
        let sort = match (self.sort(&then), self.sort(&otherwise)) {
            (Sort::Number(a), Sort::Number(b)) => Sort::Number(a.join(&b)),
            _ => Sort::Truth,
        };
        let name = if sort == Sort::Truth { "cond_bool" } else { "cond" };
        self.op(name, vec![condition.clone(), then, otherwise], sort, &Atom::Truth(true))
    }

    fn made(&self, atom: &Atom) -> Option<(&str, &[Atom])> {
        let Atom::At(at) = atom else { return None };
        match self.cells.get(*at).map(|it| &it.made) {
            Some(Made::Op(name, parts)) => Some((name, parts)),
            _ => None,
        }
    }

    fn under(&self, condition: &Atom, known: bool, atom: Atom) -> Atom {
        match self.made(&atom) {
            Some(("cond" | "cond_bool", [inner, a, b])) if inner == condition => {
                if known {
                    a.clone()
                } else {
                    b.clone()
                }
            }
            _ => atom,
        }
    }

    /// A choice that says nothing twice: chains of them would else double with every link.
    fn shorter(&mut self, condition: &Atom, then: &Atom, otherwise: &Atom) -> Option<Atom> {
        match self.made(then) {
            Some(("cond" | "cond_bool", [inner, a, b])) if b == otherwise => {
                let (inner, a) = (inner.clone(), a.clone());
                let both = self.and(condition.clone(), inner);
                return Some(self.choose(&both, a, otherwise.clone()));
            }
            Some(("add", [a, more])) if a == otherwise => {
                let (a, more) = (a.clone(), more.clone());
                let range = self.range(then).ok()?.join(&self.range(otherwise).ok()?);
                let part = self.choose(condition, more, Atom::Number(BigInt::ZERO));
                return Some(self.op("add", vec![a, part], Sort::Number(range), &Atom::Truth(false)));
            }
            _ => {}
        }
        match self.made(otherwise) {
            Some(("cond" | "cond_bool", [inner, a, b])) if a == then => {
                let (inner, b) = (inner.clone(), b.clone());
                let any = self.or(condition.clone(), inner);
                Some(self.choose(&any, then.clone(), b))
            }
            _ => None,
        }
    }

    /// How many values are computed.
    pub(super) fn size(&self, roots: &[Atom]) -> usize {
        let used = self.used(roots);
        let computed = |it: &&Cell| matches!(it.made, Made::Op(..));
        self.cells.iter().zip(used).filter(|it| it.1).map(|it| it.0).filter(computed).count()
    }

    /// Which cells anything of `roots` is made of.
    pub(super) fn used(&self, roots: &[Atom]) -> Vec<bool> {
        let mut used = vec![false; self.cells.len()];
        let mut ahead: Vec<usize> = roots.iter().filter_map(place).collect();
        while let Some(at) = ahead.pop() {
            if used.get(at).copied().unwrap_or(true) {
                continue;
            }
            if let Some(flag) = used.get_mut(at) {
                *flag = true;
            }
            match self.cells.get(at).map(|it| &it.made) {
                Some(Made::Op(_, parts)) => ahead.extend(parts.iter().filter_map(place)),
                Some(Made::Out(call, _)) => {
                    let arguments = self.calls.get(*call).map(|it| it.arguments.as_slice()).unwrap_or_default();
                    ahead.extend(arguments.iter().filter_map(place));
                }
                _ => {}
            }
        }
        used
    }
}

fn place(atom: &Atom) -> Option<usize> {
    if let Atom::At(at) = atom { Some(*at) } else { None }
}
