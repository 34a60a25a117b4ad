//! Does a value of one type fit another, and what is the least type that holds two (rules S19, S20).
//!
//! Invariant: `fits` says yes only when every value of the one type is a value of the other. It does not know
//! expressions.

use super::Checker;
use crate::diagnostic::{Diagnostic, Rule};
use crate::ir::{Expr, Range, TextType, Type};
use crate::syntax::Span;
use std::sync::Arc;

/// The answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// Every value fits.
    Yes,
    /// Another kind of value.
    Other,
    /// Some values do not fit, and why.
    Outside(String),
}

impl Fit {
    fn and(self, next: impl FnOnce() -> Fit) -> Fit {
        if self == Fit::Yes { next() } else { self }
    }
}

fn outside(holds: bool, why: impl FnOnce() -> String) -> Fit {
    if holds { Fit::Yes } else { Fit::Outside(why()) }
}

/// Does every value of one type fit the other?
pub(crate) fn fits(from: &Type, to: &Type) -> Fit {
    match (from.base(), to.base()) {
        (Type::Bad | Type::Never, _) | (_, Type::Bad) | (Type::Bool, Type::Bool) | (Type::Float, Type::Float) => {
            Fit::Yes
        }
        (Type::Int(a), Type::Int(b)) => outside(b.covers(a), || beyond(a, b)),
        (Type::Decimal(a_scale, a), Type::Decimal(b_scale, b)) => {
            if a_scale > b_scale {
                return Fit::Outside(format!("it has {a_scale} digits behind the point, and {b_scale} fit"));
            }
            outside(b.covers(&a.scaled(b_scale - a_scale)), || format!("it is {from}, and {to} fits"))
        }
        (Type::Text(a), Type::Text(b)) => text(a, b),
        (Type::Bytes(a), Type::Bytes(b)) => outside(b.covers(*a), || format!("it has {a} bytes, and {b} fit")),
        (Type::Hash(a), Type::Hash(b)) if a == b => Fit::Yes,
        (Type::List(a, a_size), Type::List(b, b_size)) => {
            let size = outside(b_size.covers(*a_size), || format!("it has {a_size} elements, and {b_size} fit"));
            fits(a, b).and(|| size)
        }
        (Type::Map(a_key, a, a_size), Type::Map(b_key, b, b_size)) => {
            let size = outside(b_size.covers(*a_size), || format!("it has {a_size} entries, and {b_size} fit"));
            fits(a_key, b_key).and(|| fits(a, b)).and(|| size)
        }
        (Type::Optional(a), Type::Optional(b)) => fits(a, b),
        (Type::Enum(a), Type::Enum(b)) if a.id == b.id => Fit::Yes,
        (Type::Record(a), Type::Record(b)) if a.id == b.id => Fit::Yes,
        (Type::Outputs(a), Type::Outputs(b)) if a.len() == b.len() => a
            .iter()
            .zip(b.iter())
            .fold(Fit::Yes, |fit, (a, b)| fit.and(|| if a.0 == b.0 { fits(&a.1, &b.1) } else { Fit::Other })),
        _ => Fit::Other,
    }
}

fn beyond(a: &Range, b: &Range) -> String {
    if a.low == a.high {
        return format!("{} is not in {b}", a.low);
    }
    format!("it is from {} to {}, and {b} fits", a.low, a.high)
}

fn text(a: &TextType, b: &TextType) -> Fit {
    if let Some(known) = &a.known {
        return outside(crate::pattern::text_is(known, b), || format!("{known:?} is no {}", Type::Text(b.clone())));
    }
    outside(b.size.covers(a.size), || format!("it has {} characters, and {} fit", a.size, b.size))
        .and(|| {
            let same = b.pattern.is_none() || a.pattern == b.pattern;
            outside(same, || format!("nothing says that it matches {:?}", b.pattern.as_deref().unwrap_or_default()))
        })
        .and(|| outside(!b.nfc || a.nfc, || "nothing says that it is in normal form C".to_owned()))
}

/// The least type that holds the values of both; `None` when no type does.
pub(super) fn join(a: &Type, b: &Type) -> Option<Type> {
    // Equal names stay names.
    if let (Type::Named(x), Type::Named(y)) = (a, b)
        && x.id == y.id
    {
        return Some(a.clone());
    }
    Some(match (a.base(), b.base()) {
        (Type::Bad, _) | (_, Type::Bad) => Type::Bad,
        (Type::Never, _) => b.clone(),
        (_, Type::Never) => a.clone(),
        (Type::Bool, Type::Bool) => Type::Bool,
        (Type::Float, Type::Float) => Type::Float,
        (Type::Int(x), Type::Int(y)) => Type::Int(x.join(y)),
        (Type::Decimal(x_scale, x), Type::Decimal(y_scale, y)) => {
            let scale = *x_scale.max(y_scale);
            Type::Decimal(scale, x.scaled(scale - x_scale).join(&y.scaled(scale - y_scale)))
        }
        (Type::Text(x), Type::Text(y)) => Type::Text(TextType {
            size: x.size.join(y.size),
            pattern: x.pattern.clone().filter(|pattern| Some(pattern) == y.pattern.as_ref()),
            nfc: x.nfc && y.nfc,
            known: x.known.clone().filter(|known| Some(known) == y.known.as_ref()),
        }),
        (Type::Bytes(x), Type::Bytes(y)) => Type::Bytes(x.join(*y)),
        (Type::Hash(x), Type::Hash(y)) if x == y => Type::Hash(*x),
        (Type::List(x, x_size), Type::List(y, y_size)) => Type::List(Arc::new(join(x, y)?), x_size.join(*y_size)),
        (Type::Map(x_key, x, x_size), Type::Map(y_key, y, y_size)) => {
            Type::Map(Arc::new(join(x_key, y_key)?), Arc::new(join(x, y)?), x_size.join(*y_size))
        }
        (Type::Optional(x), Type::Optional(y)) => join(x, y)?.optional(),
        (Type::Enum(x), Type::Enum(y)) if x.id == y.id => a.base().clone(),
        (Type::Record(x), Type::Record(y)) if x.id == y.id => a.base().clone(),
        (Type::Outputs(x), Type::Outputs(y)) if x.len() == y.len() => {
            let parts = x
                .iter()
                .zip(y.iter())
                .map(|(x, y)| if x.0 == y.0 { join(&x.1, &y.1).map(|ty| (x.0.clone(), ty)) } else { None });
            Type::Outputs(Arc::new(parts.collect::<Option<Vec<_>>>()?))
        }
        _ => return None,
    })
}

impl Checker<'_> {
    /// Tells when a value does not fit what is asked for.
    pub(super) fn fit(&mut self, value: Expr, span: Span, to: &Type, what: &str) -> Expr {
        match fits(&value.ty, to) {
            Fit::Yes => {}
            Fit::Other => {
                let message = format!("{what} is {to}, and this is {}", value.ty);
                let fault = Diagnostic::new(Rule::Agree, span, message).label(format!("this is {}", value.ty));
                self.fault(match (value.ty.base(), to.base()) {
                    (Type::Optional(_), _) => {
                        fault.hint("take the value with `else ERROR` or `?? OTHER`, or `match` it")
                    }
                    (_, Type::Optional(_)) => fault.hint("write `some` before it"),
                    (Type::Int(_), Type::Decimal(..)) => fault.hint("write a point, or `as decimal(...)`"),
                    _ => fault,
                });
            }
            Fit::Outside(why) => {
                let fault = Diagnostic::new(Rule::Fits, span, format!("{what} is {to}, and this may not fit: {why}"));
                let fault = fault.label(format!("this is {}", value.ty));
                let narrow = matches!(to.base(), Type::Int(_) | Type::Decimal(..));
                let ways = if narrow { "`clamp`, `wrap` or `else ERROR`" } else { "`else ERROR`" };
                self.fault(fault.hint(format!("say what happens then: `as {to}` with {ways}")));
            }
        }
        value
    }
}
