//! How many steps an operator takes at most: what makes every evaluation end, and tells a person how long it may take.
//!
//! A step is one expression; a loop counts its body as often as its bound says; primitives that go over their argument
//! count its size. Invariant: the interpreter never takes more. Counts that are too large stay at the greatest number.

use crate::ir::{Arm, Block, Expr, ExprKind, Operator, Over, Policy, Primitive, Raise, Ref, Statement, Type};
use num_traits::ToPrimitive;

/// What a call of an operator costs.
type Callee<'a> = &'a dyn Fn(&Ref) -> u64;

/// The most steps of an operator, its conditions included.
pub(super) fn of_operator(operator: &Operator, callee: Callee<'_>) -> u64 {
    let requires =
        operator.requires.iter().map(|it| expr(&it.condition, callee).saturating_add(raise(&it.raise, callee)));
    let body = operator.body.as_ref().map_or(1, |body| block(body, callee));
    requires.chain([body]).fold(0, u64::saturating_add)
}

/// What a value costs when it is gone over once: elements, characters and bytes.
fn weight(ty: &Type) -> u64 {
    match ty.base() {
        Type::Text(text) => text.size.high,
        Type::Bytes(size) => size.high,
        Type::List(element, size) => size.high.saturating_mul(weight(element).max(1)),
        Type::Map(key, value, size) => size.high.saturating_mul(weight(key).max(1).saturating_add(weight(value))),
        _ => 1,
    }
}

fn block(it: &Block, callee: Callee<'_>) -> u64 {
    let statements = it.statements.iter().map(|statement| match statement {
        Statement::Let(_, _, value) => expr(value, callee),
        Statement::Require(require) => expr(&require.condition, callee).saturating_add(raise(&require.raise, callee)),
    });
    statements.chain([expr(&it.value, callee)]).fold(0, u64::saturating_add)
}

fn raise(it: &Raise, callee: Callee<'_>) -> u64 {
    sum(it.arguments.iter(), callee)
}

fn sum<'e>(parts: impl Iterator<Item = &'e Expr>, callee: Callee<'_>) -> u64 {
    parts.map(|part| expr(part, callee)).fold(0, u64::saturating_add)
}

/// Turns of a loop, and what it costs to know them.
fn turns(over: &Over, callee: Callee<'_>) -> (u64, u64) {
    match over {
        Over::Value(value) => {
            let turns = match value.ty.base() {
                Type::List(_, size) | Type::Map(_, _, size) => size.high,
                _ => 0,
            };
            (turns, expr(value, callee))
        }
        Over::Range(from, to) => {
            let turns = match (from.ty.base(), to.ty.base()) {
                (Type::Int(a), Type::Int(b)) => {
                    (&b.high - &a.low + 1i32).to_u64().unwrap_or(if b.high < a.low { 0 } else { u64::MAX })
                }
                _ => 0,
            };
            (turns, expr(from, callee).saturating_add(expr(to, callee)))
        }
    }
}

fn expr(it: &Expr, callee: Callee<'_>) -> u64 {
    let below = match &it.kind {
        ExprKind::Bad
        | ExprKind::Bool(_)
        | ExprKind::Int(_)
        | ExprKind::Decimal(..)
        | ExprKind::Float(_)
        | ExprKind::Text(_)
        | ExprKind::Bytes(_)
        | ExprKind::None
        | ExprKind::Variable(_)
        | ExprKind::Constant(_)
        | ExprKind::EnumValue(..) => 0,
        ExprKind::Some(inner) | ExprKind::Field(inner, _) | ExprKind::Negate(inner) | ExprKind::Not(inner) => {
            expr(inner, callee)
        }
        ExprKind::Outputs(fields) | ExprKind::Record(_, fields) => {
            let requires = match &it.kind {
                ExprKind::Record(record, _) => record_steps(record, callee),
                _ => 0,
            };
            sum(fields.iter().map(|field| &field.1), callee).saturating_add(requires)
        }
        ExprKind::With(of, fields) => {
            let requires = match of.ty.base() {
                Type::Record(record) => record_steps(record, callee),
                _ => 0,
            };
            let fields = sum(fields.iter().map(|field| &field.1), callee);
            expr(of, callee).saturating_add(fields).saturating_add(requires)
        }
        ExprKind::List(items) => sum(items.iter(), callee),
        ExprKind::Map(entries) => sum(entries.iter().flat_map(|entry| [&entry.0, &entry.1]), callee),
        ExprKind::Primitive(primitive, arguments) => {
            let own = if matches!(primitive, Primitive::Len | Primitive::Get) {
                0
            } else {
                arguments.iter().map(|argument| weight(&argument.ty)).fold(0, u64::saturating_add)
            };
            sum(arguments.iter(), callee).saturating_add(own)
        }
        ExprKind::Divide(pair, _, _) => sum([&pair.0, &pair.1].into_iter(), callee),
        ExprKind::Matches(text, _) => expr(text, callee).saturating_add(weight(&text.ty)),
        ExprKind::Call(id, arguments) => sum(arguments.iter(), callee).saturating_add(callee(id)),
        ExprKind::Hash(_, arguments) => {
            let weights = arguments.iter().map(|it| weight(&it.ty)).fold(0, u64::saturating_add);
            sum(arguments.iter(), callee).saturating_add(weights)
        }
        ExprKind::Binary(_, left, right) => expr(left, callee).saturating_add(expr(right, callee)),
        _ => control(it, callee),
    };
    below.saturating_add(1)
}

/// The forms that decide what is evaluated.
fn control(it: &Expr, callee: Callee<'_>) -> u64 {
    match &it.kind {
        ExprKind::Narrow(narrow) => {
            let policy = if let Policy::Else(it) = &narrow.policy { raise(it, callee) } else { 0 };
            expr(&narrow.value, callee).saturating_add(policy)
        }
        ExprKind::Unwrap(value, it) => expr(value, callee).saturating_add(raise(it, callee)),
        ExprKind::Fail(it) => raise(it, callee),
        ExprKind::If(condition, then, otherwise) => {
            expr(condition, callee).saturating_add(block(then, callee).max(block(otherwise, callee)))
        }
        ExprKind::Match(value, arms) => {
            let most = arms.iter().map(|arm: &Arm| expr(&arm.value, callee)).max().unwrap_or(0);
            expr(value, callee).saturating_add(most)
        }
        ExprKind::Fold(fold) => {
            let (turns, head) = turns(&fold.over, callee);
            let body = block(&fold.body, callee).saturating_add(1);
            head.saturating_add(expr(&fold.init, callee)).saturating_add(turns.saturating_mul(body))
        }
        ExprKind::Each(each) => {
            let (turns, head) = turns(&each.over, callee);
            let condition = each.condition.as_ref().map_or(0, |it| expr(it, callee));
            let body = expr(&each.value, callee).saturating_add(condition).saturating_add(1);
            head.saturating_add(turns.saturating_mul(body))
        }
        _ => 0,
    }
}

fn record_steps(record: &crate::ir::RecordDecl, callee: Callee<'_>) -> u64 {
    let requires = record.requires.iter();
    let steps = requires.map(|it| expr(&it.condition, callee).saturating_add(raise(&it.raise, callee)));
    steps.fold(0, u64::saturating_add)
}
