//! `as`: values made to fit a type, and what is said for those that do not (rules S20, S21).
//!
//! It does not know how a value is changed, only which changes are allowed.

use super::fits::{Fit, fits};
use super::infer::{bad, expr};
use super::{Checker, Scope};
use crate::diagnostic::{Diagnostic, Rule};
use crate::ir::{self, Expr, ExprKind, Range, Type};
use crate::syntax::{Narrow, Policy, Span};

/// How a value can come to a type.
struct Way {
    /// Does every value fit without a policy?
    always: bool,
    /// Why not, when not.
    why: String,
    /// Are digits lost?
    loses_digits: bool,
    /// May `clamp` be said?
    clamp: bool,
    /// May `wrap` be said?
    wrap: bool,
}

impl Way {
    fn new(fit: Fit) -> Option<Way> {
        let (always, why) = match fit {
            Fit::Yes => (true, String::new()),
            Fit::Outside(why) => (false, why),
            Fit::Other => return None,
        };
        Some(Way { always, why, loses_digits: false, clamp: false, wrap: false })
    }
}

/// How values of one type come to another; `None` when they do not.
fn way(from: &Type, to: &Type) -> Option<Way> {
    match (from.base(), to.base()) {
        (Type::Int(_), Type::Int(_)) => Way::new(fits(from, to)).map(|way| Way { clamp: true, wrap: true, ..way }),
        (Type::Decimal(..) | Type::Int(_), Type::Decimal(..) | Type::Int(_)) => {
            let (a_scale, a, b_scale, b) = super::arith::numbers(from, to)?;
            let loses_digits = a_scale > b_scale;
            // Rounding may go one up or down.
            let reach = if loses_digits {
                let unit = num_bigint::BigInt::from(10).pow(a_scale - b_scale);
                use num_integer::Integer;
                Range::new(a.low.div_floor(&unit), a.high.div_ceil(&unit))
            } else {
                a.scaled(b_scale - a_scale)
            };
            let always = b.covers(&reach);
            Some(Way { always, why: format!("it is {from}, and {to} fits"), loses_digits, clamp: true, wrap: false })
        }
        (Type::Int(a), Type::Enum(decl)) => {
            let count = decl.values.iter().filter(|value| a.has(&value.number.into())).count();
            let all = num_bigint::BigInt::from(count) == &a.high - &a.low + 1;
            let always = all || matches!(decl.unknown, ir::Unknown::Value(_));
            let why = format!("not every number from {} to {} is a value of '{}'", a.low, a.high, decl.id.name);
            Some(Way { always, why, loses_digits: false, clamp: false, wrap: false })
        }
        (Type::Enum(decl), Type::Int(to)) => {
            let always = decl.values.iter().all(|value| to.has(&value.number.into()));
            let why = format!("a value of '{}' has a number that is not in {to}", decl.id.name);
            Some(Way { always, why, loses_digits: false, clamp: true, wrap: false })
        }
        (Type::Float, Type::Int(_) | Type::Decimal(..)) => {
            let why = "a float may be too large, or no number".to_owned();
            Some(Way { always: false, why, loses_digits: true, clamp: false, wrap: false })
        }
        _ => Way::new(fits(from, to)),
    }
}

impl Checker<'_> {
    pub(super) fn narrow(&mut self, scope: &mut Scope, narrow: &Narrow, span: Span) -> Expr {
        let ty = self.ty(&narrow.ty);
        let value = self.infer(scope, &narrow.value);
        let policy = match &narrow.policy {
            Policy::Exact => ir::Policy::Exact,
            Policy::Clamp => ir::Policy::Clamp,
            Policy::Wrap => ir::Policy::Wrap,
            Policy::Else(raise) => match self.raise(scope, raise) {
                Some(raise) => ir::Policy::Else(raise),
                None => return bad(),
            },
        };
        if matches!((value.ty.base(), ty.base()), (Type::Bad, _) | (_, Type::Bad)) {
            return bad();
        }
        if !scope.floats && ty.has_float() {
            self.say(Rule::FloatPlace, narrow.ty.span, "floats stand in operators of profile E1 only");
        }
        let Some(way) = way(&value.ty, &ty) else {
            let message = format!("{} does not become {ty}", value.ty);
            let fault = Diagnostic::new(Rule::Agree, span, message);
            self.fault(match (value.ty.base(), ty.base()) {
                (Type::Int(_) | Type::Decimal(..), Type::Text(_)) => fault.hint("to_text(n) writes a number"),
                (Type::Text(_), Type::Int(_)) => fault.hint("parse_int(text) reads a number"),
                (Type::Int(_) | Type::Decimal(..), Type::Float) => fault.hint("to_float(n) gives the nearest float"),
                _ => fault,
            });
            return bad();
        };
        self.policy_suits(&way, narrow, &ty, span);
        let made = ir::Narrow { value, ty: ty.clone(), round: narrow.round, policy };
        expr(ExprKind::Narrow(Box::new(made)), ty)
    }

    fn policy_suits(&mut self, way: &Way, narrow: &Narrow, ty: &Type, span: Span) {
        if way.loses_digits && narrow.round.is_none() {
            let fault =
                Diagnostic::new(Rule::NarrowForm, span, "digits behind the point are lost, and how is not said");
            self.fault(fault.hint("say it: `round half_even`, half_up, floor, ceiling, down or up"));
        }
        if !way.loses_digits && narrow.round.is_some() {
            let fault = Diagnostic::new(Rule::NarrowForm, span, "no digits are lost here, so nothing is rounded");
            self.fault(fault.hint("take `round` away"));
        }
        let misfit = match narrow.policy {
            Policy::Clamp if !way.clamp => Some("clamp"),
            Policy::Wrap if !way.wrap => Some("wrap"),
            _ => None,
        };
        if let Some(word) = misfit {
            let fault = Diagnostic::new(Rule::NarrowForm, span, format!("`{word}` has no meaning for {ty}"));
            self.fault(fault.hint("say `else ERROR`"));
        }
        if matches!(narrow.policy, Policy::Exact) && !way.always {
            let fault = Diagnostic::new(Rule::Fits, span, format!("this may not fit {ty}: {}", way.why));
            let mut ways = vec!["`else ERROR`"];
            ways.extend(way.clamp.then_some("`clamp`"));
            ways.extend(way.wrap.then_some("`wrap`"));
            self.fault(fault.hint(format!("say what happens then: {}", ways.join(", "))));
        }
    }
}
