//! The primitives: what they take and what they give (rules S19, S26).
//!
//! Invariant: the type of a result holds every value that evaluation can give. Their meaning is in `eval`.

use super::infer::{bad, expr, with_facts};
use super::{Checker, Scope, bounds, fits};
use crate::diagnostic::{Diagnostic, Rule};
use crate::ir::{Expr, ExprKind, Primitive, Range, Size, Type};
use crate::syntax::{self, Ident, Rounding, Span};
use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive};
use std::sync::Arc;

impl Checker<'_> {
    pub(super) fn primitive(
        &mut self,
        scope: &mut Scope,
        name: &Ident,
        arguments: &[syntax::Expr],
        span: Span,
    ) -> Expr {
        match &*name.name {
            "divide" => return self.divide(scope, arguments, span),
            "matches" => return self.matches(scope, arguments, span),
            _ => {}
        }
        let Some(primitive) = Primitive::of(&name.name) else {
            let known = Primitive::ALL.iter().map(|it| it.name()).chain(["divide", "matches"]);
            let fault = Diagnostic::new(Rule::Known, name.span, format!("there is no primitive '{}'", name.name));
            let fault = fault.suggest(&name.name, known);
            self.fault(fault.hint("operators of contracts begin with a capital letter"));
            return bad();
        };
        let made: Vec<Expr> = arguments.iter().map(|argument| self.infer(scope, argument)).collect();
        if made.len() != primitive.arity() {
            let message = format!("'{}' takes {} arguments, not {}", name.name, primitive.arity(), made.len());
            self.say(Rule::Arguments, span, message);
            return bad();
        }
        if made.iter().any(|it| matches!(it.ty.base(), Type::Bad)) {
            return bad();
        }
        let types: Vec<&Type> = made.iter().map(|it| it.ty.base()).collect();
        let ty = result(primitive, &types);
        let floats = matches!(primitive, Primitive::ToFloat | Primitive::Sqrt);
        if floats && !scope.floats {
            self.say(Rule::FloatPlace, span, "floats stand in operators of profile E1 only");
        }
        let Some(ty) = ty else {
            let given: Vec<String> = types.iter().map(ToString::to_string).collect();
            self.say(Rule::Agree, span, format!("'{}' does not take {}", name.name, given.join(" and ")));
            return bad();
        };
        let made = with_facts(scope, expr(ExprKind::Primitive(primitive, made), ty));
        self.width(made, span)
    }

    /// `divide(a, b, scale, rounding)`
    fn divide(&mut self, scope: &mut Scope, arguments: &[syntax::Expr], span: Span) -> Expr {
        let [a, b, scale, rounding] = arguments else {
            let fault = Diagnostic::new(Rule::Arguments, span, "'divide' takes two numbers, a scale and a rounding");
            self.fault(fault.hint("for instance divide(a, b, 2, half_even)"));
            return bad();
        };
        let (a_made, b_made) = (self.infer(scope, a), self.infer(scope, b));
        let scale_number = match &scale.kind {
            syntax::ExprKind::Int(n) => n.to_u32().filter(|n| *n <= 38),
            _ => None,
        };
        let Some(to) = scale_number else {
            self.say(Rule::Arguments, scale.span, "the scale is a number from 0 to 38, written here");
            return bad();
        };
        let how = match &rounding.kind {
            syntax::ExprKind::Variable(name) => Rounding::of(name),
            _ => None,
        };
        let Some(how) = how else {
            self.say(Rule::Arguments, rounding.span, "a rounding is half_even, half_up, floor, ceiling, down or up");
            return bad();
        };
        let Some((a_scale, a_range, b_scale, b_range)) = super::arith::numbers(&a_made.ty, &b_made.ty) else {
            if !matches!((a_made.ty.base(), b_made.ty.base()), (Type::Bad, _) | (_, Type::Bad)) {
                self.say(Rule::Agree, span, format!("'divide' does not take {} and {}", a_made.ty, b_made.ty));
            }
            return bad();
        };
        let range = bounds::quotient((a_range, a_scale), (b_range, b_scale), to);
        let zero = b_range.has_zero();
        let ints = to == 0 && a_scale == 0 && b_scale == 0;
        let ty = match range {
            None => Type::Never,
            Some(range) if ints => Type::Int(range),
            Some(range) => Type::Decimal(to, range),
        };
        let wide = self.width(expr(ExprKind::None, ty.clone()), span);
        if matches!(wide.ty, Type::Bad) {
            return bad();
        }
        let ty = if zero { ty.optional() } else { ty };
        expr(ExprKind::Divide(Box::new((a_made, b_made)), to, how), ty)
    }

    /// `matches(text, "pattern")`
    fn matches(&mut self, scope: &mut Scope, arguments: &[syntax::Expr], span: Span) -> Expr {
        let [text, pattern] = arguments else {
            self.say(Rule::Arguments, span, "'matches' takes a text and a pattern");
            return bad();
        };
        let made = self.expect(scope, text, &Type::text(Size::new(0, u64::MAX)), "the first argument of 'matches'");
        let syntax::ExprKind::Text(pattern_text) = &pattern.kind else {
            self.say(Rule::Arguments, pattern.span, "the pattern is a text that is written here");
            return bad();
        };
        if let Err(fault) = crate::pattern::check(pattern_text) {
            self.say(Rule::Pattern, pattern.span, fault.to_string());
        }
        expr(ExprKind::Matches(Box::new(made), pattern_text.as_str().into()), Type::Bool)
    }
}

/// What a primitive gives; `None` when it does not take these.
fn result(primitive: Primitive, types: &[&Type]) -> Option<Type> {
    use Primitive as P;
    match (primitive, types) {
        (P::Len | P::Abs | P::Min | P::Max | P::Sum, _) => number(primitive, types),
        (P::BitAnd | P::BitOr | P::BitXor | P::ShiftLeft | P::ShiftRight, [Type::Int(a), Type::Int(b)]) => {
            bounds::bits(primitive, a, b).map(Type::Int)
        }
        (P::ToFloat, [Type::Int(_) | Type::Decimal(..)]) | (P::Sqrt, [Type::Float]) => Some(Type::Float),
        (P::Get | P::Put | P::Remove | P::Contains | P::Keys | P::Values, _) => keyed(primitive, types),
        (P::Append | P::Reverse | P::Sort | P::Slice, _) => listed(primitive, types),
        _ => text(primitive, types),
    }
}

/// At most so many keys of a type are distinct, so a map has at most so many entries.
fn distinct(key: &Type) -> u64 {
    match key.base() {
        Type::Bool => 2,
        Type::Enum(decl) => decl.values.len() as u64,
        Type::Int(range) => u64::try_from(&range.high - &range.low).unwrap_or(u64::MAX).saturating_add(1),
        _ => u64::MAX,
    }
}

fn number(primitive: Primitive, types: &[&Type]) -> Option<Type> {
    use Primitive as P;
    Some(match (primitive, types) {
        (P::Len, [Type::Text(text)]) => Type::Int(text.size.range()),
        (P::Len, [Type::Bytes(size) | Type::List(_, size) | Type::Map(_, _, size)]) => Type::Int(size.range()),
        (P::Abs, [Type::Float]) | (P::Min | P::Max, [Type::Float, Type::Float]) => Type::Float,
        (P::Abs, [Type::Int(range)]) => Type::Int(bounds::abs(range)),
        (P::Abs, [Type::Decimal(scale, range)]) => Type::Decimal(*scale, bounds::abs(range)),
        (P::Min | P::Max, [a, b]) => {
            let (a_scale, a_range, b_scale, b_range) = super::arith::numbers(a, b)?;
            let scale = a_scale.max(b_scale);
            let (x, y) = (a_range.scaled(scale - a_scale), b_range.scaled(scale - b_scale));
            let range = if primitive == P::Min {
                Range { low: x.low.min(y.low), high: x.high.min(y.high) }
            } else {
                Range { low: x.low.max(y.low), high: x.high.max(y.high) }
            };
            let ints = matches!((a, b), (Type::Int(_), Type::Int(_)));
            if ints { Type::Int(range) } else { Type::Decimal(scale, range) }
        }
        (P::Sum, [Type::List(element, size)]) => match element.base() {
            Type::Int(range) => Type::Int(range.mul(&size.range())),
            Type::Decimal(scale, range) => Type::Decimal(*scale, range.mul(&size.range())),
            Type::Never => Type::int(0, 0),
            Type::Bad => Type::Bad,
            _ => return None,
        },
        _ => return None,
    })
}

fn keyed(primitive: Primitive, types: &[&Type]) -> Option<Type> {
    use Primitive as P;
    Some(match (primitive, types) {
        (P::Get, [Type::List(element, _), Type::Int(_)]) => (**element).clone().optional(),
        (P::Get, [Type::Map(key, value, _), wanted]) => {
            fits::join(key, wanted)?;
            (**value).clone().optional()
        }
        (P::Put, [Type::Map(key, value, size), new_key, new_value]) => {
            let (key, value) = (fits::join(key, new_key)?, fits::join(value, new_value)?);
            if !key.is_ordered() {
                return None;
            }
            let low = size.low.max(1);
            let high = size.high.saturating_add(1).min(distinct(&key)).max(low);
            Type::Map(Arc::new(key), Arc::new(value), Size::new(low, high))
        }
        (P::Remove, [Type::Map(key, value, size), wanted]) => {
            fits::join(key, wanted)?;
            Type::Map(key.clone(), value.clone(), Size::new(size.low.saturating_sub(1), size.high))
        }
        (P::Contains, [Type::List(element, _), wanted]) => {
            fits::join(element, wanted)?;
            Type::Bool
        }
        (P::Contains, [Type::Map(key, _, _), wanted]) => {
            fits::join(key, wanted)?;
            Type::Bool
        }
        (P::Contains, [Type::Text(_), Type::Text(_)]) => Type::Bool,
        (P::Keys, [Type::Map(key, _, size)]) => Type::List(key.clone(), *size),
        (P::Values, [Type::Map(_, value, size)]) => Type::List(value.clone(), *size),
        _ => return None,
    })
}

fn listed(primitive: Primitive, types: &[&Type]) -> Option<Type> {
    use Primitive as P;
    Some(match (primitive, types) {
        (P::Append, [Type::List(element, size), new]) => {
            Type::List(Arc::new(fits::join(element, new)?), size.add(Size::new(1, 1)))
        }
        (P::Reverse, [Type::List(element, size)]) => Type::List(element.clone(), *size),
        (P::Sort, [Type::List(element, size)]) if element.is_ordered() => Type::List(element.clone(), *size),
        (P::Slice, [of, Type::Int(_), Type::Int(count)]) => {
            let most = |high: u64| Size::new(0, high.min(count.high.to_u64().unwrap_or(u64::MAX)));
            let most = |high: u64| if count.high.is_negative() { Size::new(0, 0) } else { most(high) };
            match of {
                Type::Text(text) => Type::text(most(text.size.high)),
                Type::Bytes(size) => Type::Bytes(most(size.high)),
                Type::List(element, size) => Type::List(element.clone(), most(size.high)),
                _ => return None,
            }
        }
        _ => return None,
    })
}

fn text(primitive: Primitive, types: &[&Type]) -> Option<Type> {
    use Primitive as P;
    Some(match (primitive, types) {
        (P::Split, [Type::Text(text), Type::Text(_)]) => {
            let part = Type::text(Size::new(0, text.size.high));
            Type::List(Arc::new(part), Size::new(1, text.size.high.saturating_add(1)))
        }
        (P::Codes, [Type::Text(text)]) => Type::List(Arc::new(Type::int(0, 0x10_ffff)), text.size),
        (P::TextOf, [Type::List(element, size)]) if matches!(element.base(), Type::Int(_) | Type::Never) => {
            Type::text(*size).optional()
        }
        (P::Utf8, [Type::Text(text)]) => Type::Bytes(Size::new(text.size.low, text.size.high.saturating_mul(4))),
        (P::FromUtf8, [Type::Bytes(size)]) => Type::text(Size::new(size.low.div_ceil(4), size.high)).optional(),
        (P::ToText, [Type::Int(range)]) => Type::text(bounds::digits(range, 0)),
        (P::ToText, [Type::Decimal(scale, range)]) => Type::text(bounds::digits(range, *scale)),
        (P::ToText, [Type::Enum(decl)]) => {
            let sizes = decl.values.iter().map(|value| value.name.len() as u64);
            Type::text(Size::new(sizes.clone().min().unwrap_or(0), sizes.max().unwrap_or(0)))
        }
        (P::ParseInt, [Type::Text(text)]) => {
            // Seventy digits fit into 256 bits; more are no number here.
            let digits = u32::try_from(text.size.high.clamp(1, 70)).unwrap_or(70);
            let most: BigInt = BigInt::from(10).pow(digits) - 1;
            Type::Int(Range::new(-most.clone(), most)).optional()
        }
        (P::Lower | P::Upper, [Type::Text(text)]) => Type::text(text.size),
        (P::StartsWith, [Type::Text(_), Type::Text(_)]) => Type::Bool,
        (P::Hex, [Type::Bytes(size)]) => Type::text(Size::new(size.low.saturating_mul(2), size.high.saturating_mul(2))),
        (P::Hex, [Type::Hash(_)]) => Type::text(Size::new(64, 64)),
        (P::HashBytes, [Type::Hash(_)]) => Type::Bytes(Size::new(32, 32)),
        _ => return None,
    })
}
