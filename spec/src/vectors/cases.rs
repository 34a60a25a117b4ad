//! Cases: the vectors of a contract, and as many more as a complete set needs.
//!
//! What is missing is made: a number at the end of its range, a text or list of its least or greatest size is put
//! where it belongs; errors are looked for among
//! inputs made from types, and among inputs that break a type. Invariants: the same contract gives the same cases; a
//! case is added only when it shows something new. This file does not know what a gate asks for.

use super::owed::{Leaf, Owed, Part, leaves, owed, shown, sizes};
use super::{expected, inputs_to_json};
use crate::eval::{Halt, Machine, call};
use crate::generate;
use crate::ir::{Contract, Operator, Type, Value};
use crate::syntax::Name;
use num_bigint::BigInt;
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// A case of an operator.
#[derive(Debug, Clone)]
pub struct Case {
    /// The operator.
    pub operator: String,
    /// Its name.
    pub name: String,
    /// Its inputs, by name.
    pub inputs: Json,
    /// What the interpreter makes of them.
    pub expected: Json,
}

/// The seed of what is made; part of what a vector file is.
const SEED: u64 = 1;
/// So many inputs are tried for what is missing.
const TRIES: u64 = 500;
/// A size that is one too many is tried up to this size.
const LONG: u64 = 4096;

/// The cases of a contract, by operator: first its vectors, then what was made. Of `kept`, cases made before, those
/// that still show something come first, so that frozen cases stay when others are added.
pub fn cases(contract: &Contract, kept: &[Case]) -> Result<Vec<Case>, String> {
    let mut found = Vec::new();
    for operator in &contract.operators {
        found.append(&mut cases_of(contract, operator, kept)?);
    }
    Ok(found)
}

/// The cases of one operator.
pub fn cases_of(contract: &Contract, operator: &Operator, kept: &[Case]) -> Result<Vec<Case>, String> {
    let mut search = Search { contract, operator, cases: Vec::new(), missing: owed(operator) };
    for vector in contract.vectors_of(&operator.id.name) {
        let mut machine = Machine::new(contract, crate::check::MAX_STEPS);
        let inputs: Result<Vec<Value>, _> = vector.arguments.iter().map(|it| machine.value(it)).collect();
        let inputs = match inputs {
            Ok(inputs) => inputs,
            // An argument that breaks what its record requires is no value; a case that shows it is made below.
            Err(Halt::Raised(_)) => continue,
            Err(halt) => return Err(format!("vector '{}': {halt}", vector.name)),
        };
        let expected = expected(contract, operator, inputs.clone())
            .map_err(|why| format!("vector '{}' of '{}': {why}", vector.name, operator.id.name))?;
        search.add(vector.name.to_string(), inputs, expected);
    }
    // What an extern operator gives is known for its vectors only.
    if !operator.is_extern {
        for case in kept.iter().filter(|it| *it.operator == *operator.id.name) {
            if let Ok(inputs) = crate::json::inputs_from_json(operator, &case.inputs) {
                search.offer(inputs);
            }
        }
        search.complete();
    }
    Ok(search.cases)
}

struct Search<'a> {
    contract: &'a Contract,
    operator: &'a Operator,
    cases: Vec<Case>,
    /// What is owed and not shown yet.
    missing: BTreeSet<Owed>,
}

impl Search<'_> {
    fn add(&mut self, name: String, inputs: Vec<Value>, expected: Json) {
        let error = super::error_of(&expected);
        for one in shown(self.operator, &inputs, error.as_deref()) {
            self.missing.remove(&one);
        }
        let inputs = inputs_to_json(self.operator, &inputs);
        self.cases.push(Case { operator: self.operator.id.name.to_string(), name, inputs, expected });
    }

    /// Adds a case when it shows something that is owed and new.
    fn offer(&mut self, inputs: Vec<Value>) {
        let Ok(expected) = expected(self.contract, self.operator, inputs.clone()) else { return };
        let error = super::error_of(&expected);
        let shows = shown(self.operator, &inputs, error.as_deref());
        if self.missing.is_disjoint(&shows) {
            return;
        }
        // What is given to others has to come back as it was.
        let json = inputs_to_json(self.operator, &inputs);
        let back = crate::json::inputs_from_json(self.operator, &json);
        if back.is_ok_and(|back| {
            call(self.contract, self.operator, back) == call(self.contract, self.operator, inputs.clone())
        }) {
            let name = format!("made_{}", self.cases.len() + 1);
            self.add(name, inputs, expected);
        }
    }

    fn done(&self) -> bool {
        self.missing.is_empty()
    }

    fn complete(&mut self) {
        let base = self.base();
        let leaves = leaves(self.operator);
        for leaf in &leaves {
            for value in ends(&leaf.ty) {
                self.offer(placed(&base, leaf, &value, self.operator));
            }
        }
        for case in 0..TRIES {
            if self.done() {
                return;
            }
            self.offer(generate::inputs(self.operator, SEED, case));
        }
        for leaf in &leaves {
            for value in breaches(&leaf.ty) {
                self.offer(placed(&base, leaf, &value, self.operator));
            }
        }
        self.sizes(&base);
    }

    /// The first inputs that have a result, else the first at all.
    fn base(&self) -> Vec<Value> {
        let made = (0..TRIES).map(|case| generate::inputs(self.operator, SEED, case));
        let mut first = None;
        for inputs in made {
            if call(self.contract, self.operator, inputs.clone()).is_ok() {
                return inputs;
            }
            first.get_or_insert(inputs);
        }
        first.unwrap_or_default()
    }

    /// Lists and maps with too few or too many elements.
    fn sizes(&mut self, base: &[Value]) {
        for (at, input) in self.operator.inputs.iter().enumerate() {
            let Type::List(_, size) = input.ty.base() else { continue };
            let Some(Value::List(items)) = base.get(at) else { continue };
            let element = items.first().cloned();
            let mut sizes: Vec<u64> = size.low.checked_sub(1).into_iter().collect();
            sizes.extend(Some(size.high + 1).filter(|n| *n <= LONG));
            for n in sizes {
                let Some(element) = element.clone() else { continue };
                let mut inputs = base.to_vec();
                if let Some(slot) = inputs.get_mut(at) {
                    *slot = Value::List(vec![element; n as usize]);
                }
                self.offer(inputs);
            }
        }
    }
}

/// The values of a type that a complete set shows.
fn ends(ty: &Type) -> Vec<Value> {
    match ty {
        Type::Int(range) => vec![Value::Int(range.low.clone()), Value::Int(range.high.clone())],
        Type::Decimal(scale, range) => [&range.low, &range.high].map(|n| Value::decimal(n.clone(), *scale)).to_vec(),
        Type::Enum(decl) => (0..decl.values.len()).map(|at| Value::Enum(decl.clone(), at)).collect(),
        ty => sizes(ty).into_iter().filter_map(|size| generate::of_size(ty, size)).collect(),
    }
}

/// Values that are just outside a type.
fn breaches(ty: &Type) -> Vec<Value> {
    let one = BigInt::from(1);
    match ty {
        Type::Int(range) => vec![Value::Int(&range.low - &one), Value::Int(&range.high + &one)],
        Type::Decimal(scale, range) => {
            [&range.low - &one, &range.high + &one].map(|n| Value::decimal(n, *scale)).to_vec()
        }
        Type::Enum(decl) => vec![Value::Enum(decl.clone(), usize::MAX)],
        Type::Text(text) => {
            let long = usize::try_from(text.size.high.saturating_add(1).min(LONG)).unwrap_or(0);
            [String::new(), "\u{1}".to_owned(), "e\u{301}".to_owned(), "x".repeat(long)]
                .map(|it| Value::text(&it))
                .to_vec()
        }
        Type::Bytes(size) => {
            let long = usize::try_from(size.high.saturating_add(1).min(LONG)).unwrap_or(0);
            vec![Value::Bytes(Vec::new()), Value::Bytes(vec![0; long])]
        }
        Type::Hash(_) => vec![Value::Bytes(vec![0; 31])],
        _ => Vec::new(),
    }
}

/// Inputs with another value in one place.
fn placed(base: &[Value], leaf: &Leaf, value: &Value, operator: &Operator) -> Vec<Value> {
    let mut inputs = base.to_vec();
    let ty = operator.inputs.get(leaf.input).map(|input| &input.ty);
    if let (Some(slot), Some(ty)) = (inputs.get_mut(leaf.input), ty) {
        *slot = put(slot, ty, &leaf.way, value);
    }
    inputs
}

fn put(into: &Value, ty: &Type, way: &[Part], value: &Value) -> Value {
    let Some((first, rest)) = way.split_first() else { return value.clone() };
    match (first, into, ty.base()) {
        (Part::Some, Value::Optional(inner), Type::Optional(ty)) => {
            let before = inner.as_deref().cloned().unwrap_or_else(|| simple(ty));
            Value::some(put(&before, ty, rest, value))
        }
        (Part::Element, Value::List(items), Type::List(ty, _)) => {
            let mut items = items.clone();
            match items.first_mut() {
                Some(item) => *item = put(item, ty, rest, value),
                None => items.push(put(&simple(ty), ty, rest, value)),
            }
            Value::List(items)
        }
        (Part::Field(name), Value::Record(fields), Type::Record(record)) => {
            let one = |(own, before): &(Name, Value)| {
                let decl = record.fields.iter().find(|field| field.name == *own);
                let after = match decl.filter(|_| **own == **name) {
                    Some(decl) => put(before, &decl.ty, rest, value),
                    None => before.clone(),
                };
                (own.clone(), after)
            };
            Value::Record(fields.iter().map(one).collect())
        }
        _ => into.clone(),
    }
}

/// Some value of a type.
fn simple(ty: &Type) -> Value {
    generate::boundaries(ty).into_iter().next().unwrap_or(Value::Bool(false))
}
