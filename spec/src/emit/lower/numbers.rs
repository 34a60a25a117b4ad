//! Arithmetic, lowered: decimals are brought to one scale, ranges are known, and what does not fit is asked about.
//!
//! Invariant: no bound is asked about that cannot be broken. This file does not know statements beyond a check.

use super::{Lower, types};
use crate::emit::low::{Ex, Outcome, Stmt, Ty};
use crate::ir::{Expr, Narrow, Policy, Primitive, Range, Type};
use crate::syntax::{Binary, Rounding};
use num_bigint::BigInt;
use num_traits::{Signed, Zero};
use types::{scale, ten};

/// The negated number.
pub(super) fn negated(ex: Ex, ty: Ty) -> Ex {
    if let crate::emit::low::Kind::Int(n) = &ex.kind {
        return Ex::int(-n);
    }
    Ex::op("neg", vec![ex], ty)
}

/// What templates call a way of rounding.
fn rounding(how: Rounding) -> &'static str {
    Rounding::ALL.iter().find(|it| it.1 == how).map_or("floor", |it| it.0)
}

impl Lower<'_> {
    /// Two numbers, each with so many digits behind the point.
    fn pair(&mut self, left: &Expr, right: &Expr, at: u32, out: &mut Vec<Stmt>) -> Outcome<[Ex; 2]> {
        let of = |e: &Expr| {
            let own = scale(&e.ty);
            if own > at { Err("a number loses digits".to_owned()) } else { Ok(own) }
        };
        let (a_scale, b_scale) = (of(left)?, of(right)?);
        let (ty, other) = (left.ty.clone(), right.ty.clone());
        let mut both = self.all_as(vec![(left, &ty), (right, &other)], out)?.into_iter();
        let (Some(a), Some(b)) = (both.next(), both.next()) else { return Err("a number is missing".to_owned()) };
        Ok([self.rescaled(a, a_scale, at)?, self.rescaled(b, b_scale, at)?])
    }

    pub(super) fn binary(
        &mut self,
        operator: Binary,
        left: &Expr,
        right: &Expr,
        ty: &Type,
        out: &mut Vec<Stmt>,
    ) -> Outcome<Ex> {
        use Binary as B;
        let numeric = matches!(left.ty.base(), Type::Int(_) | Type::Decimal(..));
        match operator {
            B::And | B::Or | B::Otherwise => self.lazy(operator, left, right, ty, out),
            B::Eq | B::Ne | B::Lt | B::Le | B::Gt | B::Ge => self.comparison(operator, left, right, out),
            B::Add | B::Sub if numeric => {
                let at = scale(&left.ty).max(scale(&right.ty));
                let pair = self.pair(left, right, at, out)?;
                let name = if operator == B::Add { "add" } else { "sub" };
                let ex = Ex::op(name, pair.into(), sum(name, ty, at)?);
                self.rescaled(ex, at, scale(ty))
            }
            B::Mul if numeric => {
                let (a, b) = (scale(&left.ty), scale(&right.ty));
                let own = (left.ty.clone(), right.ty.clone());
                let parts = self.all_as(vec![(left, &own.0), (right, &own.1)], out)?;
                let ex = Ex::op("mul", parts, sum("mul", ty, a + b)?);
                self.rescaled(ex, a + b, scale(ty))
            }
            B::Div | B::Mod if numeric => {
                let [a, b] = self.pair(left, right, 0, out)?;
                let name = if operator == B::Div { "div_floor" } else { "mod" };
                self.divided(name, a, b, ty, out)
            }
            B::Concat => {
                let parts = match ty.base() {
                    Type::List(..) => self.all_as(vec![(left, ty), (right, ty)], out)?,
                    _ => self.all_as(vec![(left, &left.ty), (right, &right.ty)], out)?,
                };
                let ty = types::ty(ty)?;
                Ok(Ex::op(format!("concat_{}", ty.kind()), parts, ty))
            }
            _ => Err("it has floating point".to_owned()),
        }
    }

    /// Something divided; an optional where the divisor may be zero.
    fn divided(&mut self, name: &str, a: Ex, b: Ex, ty: &Type, out: &mut Vec<Stmt>) -> Outcome<Ex> {
        let wanted = types::ty(ty)?;
        let Ty::Optional(inner) = wanted.base() else { return Ok(Ex::op(name, vec![a, b], wanted)) };
        let inner = (**inner).clone();
        let a = self.plain(a, "dividend", out);
        let b = self.plain(b, "divisor", out);
        let zero = Ex::truth("eq", vec![b.clone(), Ex::int(0)]);
        let value = Ex::op("some", vec![Ex::op(name, vec![a, b], inner)], wanted.clone());
        let none = Ex::new(crate::emit::low::Kind::None, wanted.clone());
        if self.shape.conditional {
            return Ok(Ex::new(crate::emit::low::Kind::Cond(Box::new([zero, none, value])), wanted));
        }
        let to = self.fresh("quotient");
        let assign = |value| vec![Stmt::Assign { name: to.clone(), value }];
        out.push(Stmt::Let { name: to.clone(), ty: wanted.clone(), value: None, changes: true });
        out.push(Stmt::If { condition: zero, then: assign(none), otherwise: assign(value) });
        Ok(Ex::var(&to, wanted))
    }

    fn comparison(&mut self, operator: Binary, left: &Expr, right: &Expr, out: &mut Vec<Stmt>) -> Outcome<Ex> {
        let name = match operator {
            Binary::Eq => "eq",
            Binary::Ne => "ne",
            Binary::Lt => "lt",
            Binary::Le => "le",
            Binary::Gt => "gt",
            _ => "ge",
        };
        if matches!(left.ty.base(), Type::Int(_) | Type::Decimal(..)) {
            let at = scale(&left.ty).max(scale(&right.ty));
            return Ok(Ex::truth(name, self.pair(left, right, at, out)?.into()));
        }
        // Nothing and an empty list have the other's type.
        let wide = match (&left.kind, left.ty.base()) {
            (crate::ir::ExprKind::None, _) => right.ty.clone(),
            (crate::ir::ExprKind::List(items), _) if items.is_empty() => right.ty.clone(),
            _ => left.ty.clone(),
        };
        let parts = self.all_as(vec![(left, &wide), (right, &wide)], out)?;
        let kind = parts.first().map_or("none", |it| it.ty.kind());
        let name = if matches!(kind, "bool" | "enum") { name.to_owned() } else { format!("{name}_{kind}") };
        Ok(Ex::truth(&name, parts))
    }

    pub(super) fn divide(
        &mut self,
        pair: &(Expr, Expr),
        to: u32,
        how: Rounding,
        ty: &Type,
        out: &mut Vec<Stmt>,
    ) -> Outcome<Ex> {
        let (a_scale, b_scale) = (scale(&pair.0.ty), scale(&pair.1.ty));
        let own = (pair.0.ty.clone(), pair.1.ty.clone());
        let mut both = self.all_as(vec![(&pair.0, &own.0), (&pair.1, &own.1)], out)?.into_iter();
        let (Some(a), Some(b)) = (both.next(), both.next()) else { return Err("a number is missing".to_owned()) };
        // What both are multiplied by is taken away again where it is the same.
        let (up, down) = (to + b_scale, a_scale);
        let common = up.min(down);
        let a = self.rescaled(a, 0, up - common)?;
        let b = self.rescaled(b, 0, down - common)?;
        self.divided(&format!("div_{}", rounding(how)), a, b, ty, out)
    }

    pub(super) fn extreme(
        &mut self,
        primitive: Primitive,
        parts: &[Expr],
        ty: &Type,
        out: &mut Vec<Stmt>,
    ) -> Outcome<Ex> {
        let [left, right] = parts else { return Err("a number is missing".to_owned()) };
        let at = scale(&left.ty).max(scale(&right.ty));
        let pair = self.pair(left, right, at, out)?;
        let ex = Ex::op(primitive.name(), pair.into(), sum("min", ty, at)?);
        self.rescaled(ex, at, scale(ty))
    }

    pub(super) fn absolute(&mut self, of: &Expr, ty: &Type, out: &mut Vec<Stmt>) -> Outcome<Ex> {
        let ex = self.expr(of, out)?;
        if ex.ty.range().is_none() {
            return Err("it has floating point".to_owned());
        }
        Ok(Ex::op("abs", vec![ex], types::ty(ty)?))
    }

    pub(super) fn narrow(&mut self, narrow: &Narrow, out: &mut Vec<Stmt>) -> Outcome<Ex> {
        let from = &narrow.value.ty;
        let (to, wanted) = (scale(&narrow.ty), types::ty(&narrow.ty)?);
        match (from.base(), narrow.ty.base()) {
            (Type::Int(_) | Type::Decimal(..), Type::Int(range) | Type::Decimal(_, range)) => {
                let own = scale(from);
                let mut ex = self.expr(&narrow.value, out)?;
                if own > to {
                    let by = ten(own - to);
                    let of = ex.ty.range().ok_or("a number has no range")?;
                    let result = types::quotients(of, &Range::of(by.clone())).ok_or("a divisor is zero")?;
                    let how = rounding(narrow.round.unwrap_or(Rounding::Floor));
                    ex = Ex::op(format!("div_{how}"), vec![ex, Ex::int(by)], Ty::Int(result));
                } else {
                    ex = self.rescaled(ex, own, to)?;
                }
                self.ranged(ex, range, &narrow.policy, wanted, out)
            }
            (Type::Enum(_), Type::Int(range)) => {
                let ex = self.expr(&narrow.value, out)?;
                let Type::Enum(decl) = from.base() else { return Err("an enum is none".to_owned()) };
                let numbers = decl.values.iter().map(|it| BigInt::from(it.number));
                let all = numbers.map(Range::of).reduce(|a, b| a.join(&b)).ok_or("an enum has no values")?;
                let ex = Ex::op("number_of", vec![ex], Ty::Int(all));
                self.ranged(ex, range, &narrow.policy, wanted, out)
            }
            (Type::Int(_), Type::Enum(_)) => Err("a number becomes a value of an enum".to_owned()),
            (Type::Float, _) | (_, Type::Float) => Err("it has floating point".to_owned()),
            _ => match &narrow.policy {
                Policy::Else(raise) => {
                    let ex = self.expr(&narrow.value, out)?;
                    let ex = self.plain(ex, "value", out);
                    let mut then = Vec::new();
                    let raise = self.raise(raise, &mut then)?;
                    then.push(Stmt::Raise(raise));
                    if let Some(condition) = self.misfit(&ex, &narrow.ty, Some(from))? {
                        out.push(Stmt::If { condition, then, otherwise: Vec::new() });
                    }
                    self.coerce(ex, from, &narrow.ty)
                }
                _ => self.expr_as(&narrow.value, &narrow.ty, out),
            },
        }
    }

    fn ranged(&mut self, ex: Ex, range: &Range, policy: &Policy, wanted: Ty, out: &mut Vec<Stmt>) -> Outcome<Ex> {
        let own = ex.ty.range().cloned().ok_or("a number has no range")?;
        if range.covers(&own) {
            return Ok(types::fit(ex, wanted));
        }
        match policy {
            Policy::Exact => Ok(types::fit(ex, wanted)),
            Policy::Clamp => {
                let mut ex = ex;
                if own.low < range.low {
                    let ty = Ty::Int(Range::new(range.low.clone(), own.high.clone().max(range.low.clone())));
                    ex = Ex::op("max", vec![ex, Ex::int(range.low.clone())], ty);
                }
                if own.high > range.high {
                    ex = Ex::op("min", vec![ex, Ex::int(range.high.clone())], wanted.clone());
                }
                Ok(types::fit(ex, wanted))
            }
            Policy::Wrap => {
                let size: BigInt = &range.high - &range.low + 1;
                let below = Ty::Int(Range::new(0, &size - 1));
                if range.low.is_zero() {
                    return Ok(types::fit(Ex::op("mod", vec![ex, Ex::int(size)], below), wanted));
                }
                let shifted = Ty::Int(own.add(&Range::of(range.low.clone()).negate()));
                let ex = Ex::op("sub", vec![ex, Ex::int(range.low.clone())], shifted);
                let ex = Ex::op("mod", vec![ex, Ex::int(size)], below);
                Ok(Ex::op("add", vec![ex, Ex::int(range.low.clone())], wanted))
            }
            Policy::Else(raise) => {
                let ex = self.plain(ex, "value", out);
                let mut then = Vec::new();
                let raise = self.raise(raise, &mut then)?;
                then.push(Stmt::Raise(raise));
                if let Some(condition) = outside(&ex, &own, range) {
                    out.push(Stmt::If { condition, then, otherwise: Vec::new() });
                }
                Ok(types::fit(ex, wanted))
            }
        }
    }
}

/// Is a number outside a range? `None` when it cannot be.
pub(super) fn outside(ex: &Ex, own: &Range, range: &Range) -> Option<Ex> {
    let low = (own.low < range.low).then(|| Ex::truth("lt", vec![ex.clone(), Ex::int(range.low.clone())]));
    let high = (own.high > range.high).then(|| Ex::truth("gt", vec![ex.clone(), Ex::int(range.high.clone())]));
    match (low, high) {
        (Some(low), Some(high)) => Some(Ex::truth("or", vec![low, high])),
        (low, high) => low.or(high),
    }
}

/// The range of a result, whose digits may stand at another scale in its type.
fn sum(name: &str, ty: &Type, at: u32) -> Outcome<Ty> {
    let (Type::Int(range) | Type::Decimal(_, range)) = ty.base() else {
        return Err(format!("the result of '{name}' is no number"));
    };
    let own = scale(ty);
    if own == at {
        return Ok(Ty::Int(range.clone()));
    }
    if own > at {
        let by = ten(own - at);
        let down = |n: &BigInt| if n.is_negative() { n / &by - 1 } else { n / &by + 1 };
        return Ok(Ty::Int(Range::new(down(&range.low), down(&range.high))));
    }
    Ok(Ty::Int(range.scaled(at - own)))
}
