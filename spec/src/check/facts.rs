//! What conditions tell of values: in the branch of `if x > 0` the range of `x` begins at 1.
//!
//! Facts are kept for paths (`x`, `x.y`, `len(x)`). Invariant: a fact is never wrong, at worst it is missing. This file
//! does not know expressions beyond comparisons.

use crate::ir::{Expr, ExprKind, Primitive, Range, Type};
use crate::syntax::Binary;
use num_bigint::BigInt;

/// The most steps that an operator may take.
pub const MAX_STEPS: u64 = 1_000_000_000;

/// The name under which facts of an expression are kept.
pub(super) fn key(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Variable(name) => Some(name.to_string()),
        ExprKind::Field(of, name) => Some(format!("{}.{name}", key(of)?)),
        ExprKind::Primitive(Primitive::Len, arguments) => Some(format!("len({})", key(arguments.first()?)?)),
        _ => None,
    }
}

/// What is known when a condition holds, or when it does not.
pub(super) fn learn(condition: &Expr, holds: bool, facts: &mut Vec<(String, Type)>) {
    match &condition.kind {
        ExprKind::Not(inner) => learn(inner, !holds, facts),
        ExprKind::Binary(Binary::And, left, right) if holds => {
            learn(left, true, facts);
            learn(right, true, facts);
        }
        ExprKind::Binary(Binary::Or, left, right) if !holds => {
            learn(left, false, facts);
            learn(right, false, facts);
        }
        ExprKind::Binary(operator, left, right) => {
            let Some(relation) = relation(*operator, holds) else { return };
            narrow(left, relation, right, facts);
            narrow(right, mirrored(relation), left, facts);
        }
        _ => {}
    }
}

fn relation(operator: Binary, holds: bool) -> Option<Binary> {
    use Binary::{Eq, Ge, Gt, Le, Lt, Ne};
    Some(match (operator, holds) {
        (Eq, true) | (Ne, false) => Eq,
        (Ne, true) | (Eq, false) => Ne,
        (Lt, true) | (Ge, false) => Lt,
        (Le, true) | (Gt, false) => Le,
        (Gt, true) | (Le, false) => Gt,
        (Ge, true) | (Lt, false) => Ge,
        _ => return None,
    })
}

const fn mirrored(relation: Binary) -> Binary {
    match relation {
        Binary::Lt => Binary::Gt,
        Binary::Le => Binary::Ge,
        Binary::Gt => Binary::Lt,
        Binary::Ge => Binary::Le,
        other => other,
    }
}

fn narrow(path: &Expr, relation: Binary, against: &Expr, facts: &mut Vec<(String, Type)>) {
    let Some(key) = key(path) else { return };
    let (own, other) = match (path.ty.base(), against.ty.base()) {
        (Type::Int(own), Type::Int(other)) => (own, other.clone()),
        (Type::Decimal(scale, own), Type::Decimal(against, other)) if against <= scale => {
            (own, other.scaled(scale - against))
        }
        (Type::Decimal(scale, own), Type::Int(other)) => (own, other.scaled(*scale)),
        _ => return,
    };
    let one = BigInt::from(1);
    let bounds = match relation {
        Binary::Lt => own.meet(&Range { low: own.low.clone(), high: other.high - one }),
        Binary::Le => own.meet(&Range { low: own.low.clone(), high: other.high }),
        Binary::Gt => own.meet(&Range { low: other.low + one, high: own.high.clone() }),
        Binary::Ge => own.meet(&Range { low: other.low, high: own.high.clone() }),
        Binary::Eq => own.meet(&other),
        Binary::Ne if other.low == other.high && own.low < own.high => {
            if own.low == other.low {
                Some(Range { low: &own.low + one, high: own.high.clone() })
            } else if own.high == other.low {
                Some(Range { low: own.low.clone(), high: &own.high - one })
            } else {
                None
            }
        }
        _ => None,
    };
    // An empty range is a branch that is never taken: nothing is learned there.
    let Some(range) = bounds.filter(|range| range.low <= range.high) else { return };
    let ty = match path.ty.base() {
        Type::Decimal(scale, _) => Type::Decimal(*scale, range),
        _ => Type::Int(range),
    };
    facts.push((key, ty));
}
