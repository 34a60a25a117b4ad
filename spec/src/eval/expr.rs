//! Expressions, evaluated (rules E1 to E12 of the reference).
//!
//! Invariants: from left to right; a step for each expression; bindings of a block end with it. Primitives and numbers
//! stand in files of their own.

use super::{Halt, Machine, Raised, numbers, preimage, primitives};
use crate::ir::{self, Block, Each, Expr, ExprKind, Fold, Narrow, Over, Pattern, Policy, Presence, RecordDecl};
use crate::ir::{Require, Statement, Type, Value};
use crate::syntax::{Binary, Name};
use num_bigint::BigInt;
use num_traits::{One, Signed};
use std::collections::BTreeMap;

const WRONG_TYPE: Halt = Halt::Broken("a value has another type than its expression");

type Result<T> = std::result::Result<T, Halt>;

impl Machine<'_> {
    pub(super) fn expr(&mut self, e: &Expr) -> Result<Value> {
        if self.steps_left == 0 {
            return Err(Halt::Steps);
        }
        self.steps_left -= 1;
        self.steps_taken += 1;
        Ok(match &e.kind {
            ExprKind::Bad => return Err(Halt::Broken("an expression was never made out")),
            ExprKind::Bool(b) => Value::Bool(*b),
            ExprKind::Int(n) => Value::Int(n.clone()),
            ExprKind::Decimal(n, scale) => Value::decimal(n.clone(), *scale),
            ExprKind::Float(f) => Value::Float(*f),
            ExprKind::Text(text) => Value::Text(text.clone()),
            ExprKind::Bytes(bytes) => Value::Bytes(bytes.clone()),
            ExprKind::None => Value::Optional(None),
            ExprKind::Some(inner) => Value::some(self.expr(inner)?),
            ExprKind::Variable(name) => self.variable(name)?,
            ExprKind::Constant(id) => self.lookup.constant(id).ok_or(Halt::Broken("a constant is missing"))?,
            ExprKind::EnumValue(decl, at) => Value::Enum(decl.clone(), *at),
            ExprKind::Outputs(fields) => Value::Record(self.fields(fields)?),
            ExprKind::List(items) => Value::List(items.iter().map(|item| self.expr(item)).collect::<Result<_>>()?),
            ExprKind::Map(entries) => {
                let mut map = BTreeMap::new();
                for (key, value) in entries {
                    map.insert(self.expr(key)?, self.expr(value)?);
                }
                Value::Map(map)
            }
            ExprKind::Each(each) => self.each(each)?,
            ExprKind::Record(record, fields) => self.record(record, fields)?,
            ExprKind::With(of, fields) => self.with(of, fields)?,
            ExprKind::Field(of, name) => self.expr(of)?.field(name).cloned().ok_or(WRONG_TYPE)?,
            ExprKind::Primitive(primitive, arguments) => {
                let values = arguments.iter().map(|it| self.expr(it)).collect::<Result<Vec<_>>>()?;
                let types: Vec<&Type> = arguments.iter().map(|it| it.ty.base()).collect();
                primitives::evaluate(*primitive, values, &types).ok_or(WRONG_TYPE)?
            }
            ExprKind::Divide(..) | ExprKind::Matches(..) => self.special(e)?,
            ExprKind::Call(id, arguments) => {
                let values = arguments.iter().map(|it| self.expr(it)).collect::<Result<Vec<_>>>()?;
                let operator = self.lookup.operator(id).ok_or(Halt::Broken("an operator is missing"))?;
                self.run(&operator, values)?
            }
            ExprKind::Hash(id, arguments) => {
                let values = arguments.iter().map(|it| self.expr(it)).collect::<Result<Vec<_>>>()?;
                let hash = self.lookup.hash(id).ok_or(Halt::Broken("a hash is missing"))?;
                preimage::evaluate(self.lookup, &hash, values)?
            }
            ExprKind::Negate(inner) => numbers::negate(&self.expr(inner)?).ok_or(WRONG_TYPE)?,
            ExprKind::Not(inner) => Value::Bool(!self.truth(inner)?),
            ExprKind::Binary(operator, left, right) => self.binary(*operator, left, right, &e.ty)?,
            ExprKind::Narrow(narrow) => self.narrow(narrow)?,
            ExprKind::Unwrap(value, raise) => match self.expr(value)? {
                Value::Optional(Some(value)) => *value,
                Value::Optional(None) => return Err(self.raise(raise)),
                _ => return Err(WRONG_TYPE),
            },
            ExprKind::Fail(raise) => return Err(self.raise(raise)),
            ExprKind::If(condition, then, otherwise) => {
                let block = if self.truth(condition)? { then } else { otherwise };
                self.block(block)?
            }
            ExprKind::Match(value, arms) => self.match_expr(value, arms)?,
            ExprKind::Fold(fold) => self.fold(fold)?,
        })
    }

    /// Primitives with a part that is no value.
    fn special(&mut self, e: &Expr) -> Result<Value> {
        Ok(match &e.kind {
            ExprKind::Divide(pair, scale, rounding) => {
                let (a, b) = (self.expr(&pair.0)?, self.expr(&pair.1)?);
                let quotient = numbers::divide(&a, &b, *scale, *rounding);
                let ints = matches!((&a, &b), (Value::Int(_), Value::Int(_))) && *scale == 0;
                let quotient = quotient.map(|n| if ints { Value::Int(n) } else { Value::decimal(n, *scale) });
                match e.ty.base() {
                    Type::Optional(_) => Value::Optional(quotient.map(Box::new)),
                    _ => quotient.ok_or(WRONG_TYPE)?,
                }
            }
            ExprKind::Matches(text, pattern) => match self.expr(text)? {
                Value::Text(text) => Value::Bool(crate::pattern::matches(pattern, &text)),
                _ => return Err(WRONG_TYPE),
            },
            _ => return Err(WRONG_TYPE),
        })
    }

    fn variable(&self, name: &Name) -> Result<Value> {
        let found = self.variables.iter().rev().find(|variable| variable.0 == *name);
        found.map(|variable| variable.1.clone()).ok_or(Halt::Broken("a variable is missing"))
    }

    fn truth(&mut self, e: &Expr) -> Result<bool> {
        match self.expr(e)? {
            Value::Bool(truth) => Ok(truth),
            _ => Err(WRONG_TYPE),
        }
    }

    fn fields(&mut self, fields: &[(Name, Expr)]) -> Result<Vec<(Name, Value)>> {
        fields.iter().map(|(name, value)| Ok((name.clone(), self.expr(value)?))).collect()
    }

    /// The error with its arguments; or what stopped their evaluation.
    pub(crate) fn raise(&mut self, raise: &ir::Raise) -> Halt {
        let names = self.lookup.error_parameters(&raise.error).unwrap_or_default();
        let mut arguments = Vec::with_capacity(names.len());
        for (name, argument) in names.into_iter().zip(&raise.arguments) {
            match self.expr(argument) {
                Ok(value) => arguments.push((name, value)),
                Err(halt) => return halt,
            }
        }
        Halt::Raised(Raised { error: raise.error.clone(), arguments })
    }

    pub(super) fn require(&mut self, require: &Require) -> Result<()> {
        if self.truth(&require.condition)? { Ok(()) } else { Err(self.raise(&require.raise)) }
    }

    pub(super) fn block(&mut self, block: &Block) -> Result<Value> {
        let mark = self.variables.len();
        let value = self.block_inside(block);
        self.variables.truncate(mark);
        value
    }

    fn block_inside(&mut self, block: &Block) -> Result<Value> {
        for statement in &block.statements {
            match statement {
                Statement::Let(name, _, value) => {
                    let value = self.expr(value)?;
                    self.variables.push((name.clone(), value));
                }
                Statement::Require(require) => self.require(require)?,
            }
        }
        self.expr(&block.value)
    }

    fn record(&mut self, record: &RecordDecl, given: &[(Name, Expr)]) -> Result<Value> {
        // In the order of the text first, then in that of the declaration.
        let mut values = self.fields(given)?;
        let mut fields = Vec::with_capacity(record.fields.len());
        for field in &record.fields {
            let value = match values.iter().position(|it| it.0 == field.name) {
                Some(at) => values.swap_remove(at).1,
                None => match &field.presence {
                    Presence::Default(default) => default.1.clone(),
                    _ => Value::Optional(None),
                },
            };
            fields.push((field.name.clone(), value));
        }
        self.holds(record, &fields)?;
        Ok(Value::Record(fields))
    }

    /// What must hold between the fields of a record.
    pub(super) fn holds(&mut self, record: &RecordDecl, fields: &[(Name, Value)]) -> Result<()> {
        if record.requires.is_empty() {
            return Ok(());
        }
        let outer = std::mem::replace(&mut self.variables, fields.to_vec());
        let result = record.requires.iter().try_for_each(|require| self.require(require));
        self.variables = outer;
        result
    }

    fn with(&mut self, of: &Expr, given: &[(Name, Expr)]) -> Result<Value> {
        let Value::Record(mut fields) = self.expr(of)? else { return Err(WRONG_TYPE) };
        for (name, value) in self.fields(given)? {
            let field = fields.iter_mut().find(|field| field.0 == name).ok_or(WRONG_TYPE)?;
            field.1 = value;
        }
        if let Type::Record(record) = of.ty.base() {
            self.holds(record, &fields)?;
        }
        Ok(Value::Record(fields))
    }

    fn binary(&mut self, operator: Binary, left: &Expr, right: &Expr, ty: &Type) -> Result<Value> {
        match operator {
            Binary::And => return Ok(Value::Bool(self.truth(left)? && self.truth(right)?)),
            Binary::Or => return Ok(Value::Bool(self.truth(left)? || self.truth(right)?)),
            Binary::Otherwise => {
                return match self.expr(left)? {
                    Value::Optional(Some(value)) => Ok(*value),
                    Value::Optional(None) => self.expr(right),
                    _ => Err(WRONG_TYPE),
                };
            }
            _ => {}
        }
        let (a, b) = (self.expr(left)?, self.expr(right)?);
        let optional = matches!(ty.base(), Type::Optional(_));
        numbers::binary(operator, a, b, optional).ok_or(WRONG_TYPE)
    }

    fn narrow(&mut self, narrow: &Narrow) -> Result<Value> {
        let value = self.expr(&narrow.value)?;
        let fitted = numbers::narrow(value, &narrow.ty, narrow.round, &narrow.policy).ok_or(WRONG_TYPE)?;
        match (fitted, &narrow.policy) {
            (Some(value), _) => Ok(value),
            (None, Policy::Else(raise)) => Err(self.raise(raise)),
            (None, _) => Err(Halt::Broken("a value that was proved to fit does not")),
        }
    }

    fn match_expr(&mut self, value: &Expr, arms: &[ir::Arm]) -> Result<Value> {
        let value = self.expr(value)?;
        for arm in arms {
            let Some(bound) = arm.patterns.iter().find_map(|pattern| suits(pattern, &value)) else { continue };
            let mark = self.variables.len();
            self.variables.extend(bound);
            let result = self.expr(&arm.value);
            self.variables.truncate(mark);
            return result;
        }
        Err(Halt::Broken("no arm of a match suits"))
    }

    /// Runs a body for each turn of a loop, its names bound.
    fn turns(&mut self, over: &Over, names: &[Name], mut body: impl FnMut(&mut Self) -> Result<()>) -> Result<()> {
        let mut turn = |machine: &mut Self, values: [Option<Value>; 2]| {
            if machine.steps_left == 0 {
                return Err(Halt::Steps);
            }
            machine.steps_left -= 1;
            machine.steps_taken += 1;
            let mark = machine.variables.len();
            machine.variables.extend(names.iter().cloned().zip(values.into_iter().flatten()));
            let result = body(machine);
            machine.variables.truncate(mark);
            result
        };
        match over {
            Over::Range(from, to) => {
                let (Value::Int(mut at), Value::Int(to)) = (self.expr(from)?, self.expr(to)?) else {
                    return Err(WRONG_TYPE);
                };
                while at <= to {
                    turn(self, [Some(Value::Int(at.clone())), None])?;
                    at += BigInt::one();
                }
            }
            Over::Value(value) => match self.expr(value)? {
                Value::List(items) => items.into_iter().try_for_each(|item| turn(self, [Some(item), None]))?,
                Value::Map(map) => map.into_iter().try_for_each(|(key, value)| turn(self, [Some(key), Some(value)]))?,
                _ => return Err(WRONG_TYPE),
            },
        }
        Ok(())
    }

    fn fold(&mut self, fold: &Fold) -> Result<Value> {
        let mut carried = self.expr(&fold.init)?;
        self.turns(&fold.over, &fold.names, |machine| {
            machine.variables.push((fold.acc.clone(), carried.clone()));
            carried = machine.block(&fold.body)?;
            Ok(())
        })?;
        Ok(carried)
    }

    fn each(&mut self, each: &Each) -> Result<Value> {
        let mut items = Vec::new();
        self.turns(&each.over, &each.names, |machine| {
            let counts = each.condition.as_ref().map_or(Ok(true), |condition| machine.truth(condition))?;
            if counts {
                items.push(machine.expr(&each.value)?);
            }
            Ok(())
        })?;
        Ok(Value::List(items))
    }
}

/// What a pattern binds, when it suits.
fn suits(pattern: &Pattern, value: &Value) -> Option<Option<(Name, Value)>> {
    let suits = match (pattern, value) {
        (Pattern::Any, _) => true,
        (Pattern::Value(at, _), Value::Enum(_, found)) => at == found,
        (Pattern::None, Value::Optional(None)) => true,
        (Pattern::Some(name), Value::Optional(Some(value))) => return Some(Some((name.clone(), (**value).clone()))),
        (Pattern::Bool(wanted), Value::Bool(found)) => wanted == found,
        (Pattern::Range(low, high), Value::Int(n)) => low <= n && n <= high,
        (Pattern::Text(wanted), Value::Text(found)) => wanted == found,
        _ => false,
    };
    suits.then_some(None)
}

/// Is the number one that a list can be asked for?
pub(super) fn place(n: &BigInt) -> Option<usize> {
    if n.is_negative() { None } else { usize::try_from(n).ok() }
}
