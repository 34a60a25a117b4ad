//! The reference interpreter: what a contract means, carried out.
//!
//! Invariants: exact numbers; every evaluation ends, within the steps that `check` counted; no result depends on the
//! machine (floats: round to nearest, only in operators of profile E1). This file does not know the syntax.

mod boundary;
mod compare;
mod expr;
mod numbers;
mod preimage;
mod primitives;

pub use boundary::conform;
pub use compare::differs;
pub use preimage::{canonical, canonical_cbor, hash_of};

use crate::ir::{self, Contract, ErrorRef, Expected, HashDecl, Operator, Order, Ref, Value, Vector};
use crate::syntax::{Name, Tie};
use std::cmp::Ordering;
use std::sync::Arc;

/// An error that an operator raised.
#[derive(Debug, Clone, PartialEq)]
pub struct Raised {
    /// Which.
    pub error: ErrorRef,
    /// What it tells.
    pub arguments: Vec<(Name, Value)>,
}

/// Why an evaluation ended without a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Halt {
    /// An error of the contract.
    Raised(Raised),
    /// More steps than were allowed.
    Steps,
    /// An extern operator without a vector for these inputs.
    Extern(Ref),
    /// The operator does not do what it promises.
    Breach(String),
    /// The IR does not fit together; a fault of gx, not of the contract.
    Broken(&'static str),
}

impl std::fmt::Display for Halt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Halt::Raised(raised) => {
                write!(f, "it raises {}", raised.error.name)?;
                if raised.arguments.is_empty() {
                    return Ok(());
                }
                let parts: Vec<String> = raised
                    .arguments
                    .iter()
                    .map(|(name, value)| format!("{name}: {}", crate::text::value(value)))
                    .collect();
                write!(f, "({})", parts.join(", "))
            }
            Halt::Steps => f.write_str("it takes more steps than are allowed"),
            Halt::Extern(id) => write!(f, "'{}' is extern, and no vector says what it gives here", id.name),
            Halt::Breach(what) => f.write_str(what),
            Halt::Broken(what) => write!(f, "the IR is broken: {what}"),
        }
    }
}

/// Where declared things are found.
pub trait Lookup {
    /// The value of a constant.
    fn constant(&self, id: &Ref) -> Option<Value>;
    /// A hash.
    fn hash(&self, id: &Ref) -> Option<Arc<HashDecl>>;
    /// An operator.
    fn operator(&self, id: &Ref) -> Option<Arc<Operator>>;
    /// The parameters of an error, by name.
    fn error_parameters(&self, id: &ErrorRef) -> Option<Vec<Name>>;
    /// What an extern operator gives for such arguments, by its vectors.
    fn example(&self, id: &Ref, arguments: &[Value]) -> Option<Result<Value, Raised>>;
}

impl Lookup for Contract {
    fn constant(&self, id: &Ref) -> Option<Value> {
        self.home(&id.contract)?.constant(&id.name).map(|it| it.value.clone())
    }

    fn hash(&self, id: &Ref) -> Option<Arc<HashDecl>> {
        self.home(&id.contract)?.hash(&id.name).cloned()
    }

    fn operator(&self, id: &Ref) -> Option<Arc<Operator>> {
        self.home(&id.contract)?.operator(&id.name).cloned()
    }

    fn error_parameters(&self, id: &ErrorRef) -> Option<Vec<Name>> {
        let error = self.home(&id.contract)?.error(&id.name)?;
        Some(error.parameters.iter().map(|parameter| parameter.0.clone()).collect())
    }

    fn example(&self, id: &Ref, arguments: &[Value]) -> Option<Result<Value, Raised>> {
        let home = self.home(&id.contract)?;
        let same = |vector: &&Vector| {
            let mut machine = Machine::new(home, crate::check::MAX_STEPS);
            vector.arguments.iter().zip(arguments).all(|(it, wanted)| machine.value(it).is_ok_and(|it| it == *wanted))
        };
        let vector = home.vectors_of(&id.name).find(same)?;
        let mut machine = Machine::new(home, crate::check::MAX_STEPS);
        match &vector.expected {
            Expected::Outputs(value) => machine.value(value).ok().map(Ok),
            Expected::Raise(raise) => match machine.raise(raise) {
                Halt::Raised(raised) => Some(Err(raised)),
                _ => None,
            },
        }
    }
}

/// An evaluation that goes on.
pub struct Machine<'a> {
    lookup: &'a dyn Lookup,
    steps_left: u64,
    steps_taken: u64,
    variables: Vec<(Name, Value)>,
}

impl<'a> Machine<'a> {
    /// A machine that may take so many steps.
    pub fn new(lookup: &'a dyn Lookup, steps: u64) -> Machine<'a> {
        Machine { lookup, steps_left: steps, steps_taken: 0, variables: Vec::new() }
    }

    /// Steps that were taken.
    pub fn steps(&self) -> u64 {
        self.steps_taken
    }

    /// The value of an expression.
    pub fn value(&mut self, expr: &ir::Expr) -> Result<Value, Halt> {
        self.expr(expr)
    }

    /// Runs an operator on inputs that fit its types: conditions, body, and what it promises.
    pub fn run(&mut self, operator: &Operator, arguments: Vec<Value>) -> Result<Value, Halt> {
        if operator.is_extern {
            return match self.lookup.example(&operator.id, &arguments) {
                Some(Ok(value)) => Ok(value),
                Some(Err(raised)) => Err(Halt::Raised(raised)),
                None => Err(Halt::Extern(operator.id.clone())),
            };
        }
        let outer = std::mem::take(&mut self.variables);
        let given = operator.inputs.iter().map(|input| input.name.clone()).zip(arguments);
        self.variables = given.collect();
        let result = self.run_inside(operator);
        self.variables = outer;
        result
    }

    fn run_inside(&mut self, operator: &Operator) -> Result<Value, Halt> {
        for require in &operator.requires {
            self.require(require)?;
        }
        let body = operator.body.as_ref().ok_or(Halt::Broken("an operator has no body"))?;
        let result = self.block(body)?;
        self.promises(operator, &result)?;
        Ok(result)
    }

    /// Orders and what is ensured. They cost no steps: they are no part of the work.
    fn promises(&mut self, operator: &Operator, result: &Value) -> Result<(), Halt> {
        for order in &operator.orders {
            let list = if operator.outputs.len() == 1 { Some(result) } else { result.field(&order.output) };
            if let Some(Value::List(items)) = list
                && !in_order(items, order)
            {
                return Err(Halt::Breach(format!(
                    "'{}' gives '{}' in another order than it states",
                    operator.id.name, order.output
                )));
            }
        }
        if operator.ensures.is_empty() {
            return Ok(());
        }
        let mark = self.variables.len();
        for output in &operator.outputs {
            let name = if output.state { Name::from(format!("next_{}", output.name)) } else { output.name.clone() };
            let value = if operator.outputs.len() == 1 { Some(result) } else { result.field(&output.name) };
            self.variables.push((name, value.ok_or(Halt::Broken("an output is missing"))?.clone()));
        }
        let before = (self.steps_left, self.steps_taken);
        self.steps_left = crate::check::MAX_STEPS;
        for (at, ensure) in operator.ensures.iter().enumerate() {
            if self.expr(ensure)? != Value::Bool(true) {
                return Err(Halt::Breach(format!(
                    "what '{}' ensures does not hold (the {}. `ensure`)",
                    operator.id.name,
                    at + 1
                )));
            }
        }
        (self.steps_left, self.steps_taken) = before;
        self.variables.truncate(mark);
        Ok(())
    }
}

fn in_order(items: &[Value], order: &Order) -> bool {
    if order.keys.is_empty() {
        return true;
    }
    items.windows(2).all(|pair| {
        let [a, b] = pair else { return true };
        let by_keys = order.keys.iter().map(|(path, descending)| {
            let ordering = at(a, path).cmp(&at(b, path));
            if *descending { ordering.reverse() } else { ordering }
        });
        match by_keys.fold(Ordering::Equal, Ordering::then) {
            Ordering::Less => true,
            Ordering::Equal => order.tie == Tie::Input,
            Ordering::Greater => false,
        }
    })
}

fn at<'v>(value: &'v Value, path: &[Name]) -> Option<&'v Value> {
    if let ([only], Value::Record(_)) = (path, value)
        && value.field(only).is_none()
        && **only == *"value"
    {
        return Some(value);
    }
    match value {
        Value::Record(_) => path.iter().try_fold(value, |value, name| value.field(name)),
        _ => Some(value),
    }
}

/// What an operator gives for inputs from outside, which are held against their types first.
pub fn call(contract: &Contract, operator: &Operator, inputs: Vec<Value>) -> Result<Value, Halt> {
    let mut arguments = Vec::with_capacity(inputs.len());
    for (input, value) in operator.inputs.iter().zip(inputs) {
        arguments.push(conform(contract, value, &input.ty, contract.invalid.as_ref())?);
    }
    // Inputs that were checked cost what their conditions cost; the bound is for the body.
    Machine::new(contract, operator.steps.max(1)).run(operator, arguments)
}

/// Why a vector does not hold; `None` when it does.
pub fn hold(contract: &Contract, vector: &Vector) -> Option<String> {
    let operator = contract.operator(&vector.operator)?;
    let mut machine = Machine::new(contract, crate::check::MAX_STEPS);
    let arguments: Result<Vec<Value>, Halt> = vector.arguments.iter().map(|it| machine.value(it)).collect();
    let got = match arguments {
        // What an extern operator gives is what its vectors say; only their form can be held against it.
        Ok(_) if operator.is_extern => return None,
        Ok(arguments) => call(contract, operator, arguments),
        Err(halt) => Err(halt),
    };
    let expected = match &vector.expected {
        Expected::Outputs(value) => machine.value(value),
        Expected::Raise(raise) => Err(machine.raise(raise)),
    };
    match (expected, got) {
        (Ok(expected), Ok(got)) => differs(operator, &expected, &got),
        (Err(Halt::Raised(expected)), Err(Halt::Raised(got))) if expected == got => None,
        (Ok(_), Err(got)) => Some(got.to_string()),
        (Err(_), Ok(got)) => Some(format!("it gives {}", crate::text::value(&got))),
        (Err(Halt::Raised(_)), Err(got)) => Some(got.to_string()),
        (Err(other), Err(_)) => Some(format!("what is expected has no value: {other}")),
    }
}
