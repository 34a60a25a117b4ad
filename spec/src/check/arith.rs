//! Operators between values: their types, with exact ranges (rules S19, S20, S22).
//!
//! Invariant: the range of a result holds every value that evaluation can give. It does not know how values are
//! computed.

use super::infer::{bad, expr};
use super::{Checker, Scope, facts, fits};
use crate::diagnostic::{Diagnostic, Rule};
use crate::ir::{Expr, ExprKind, Range, TextType, Type};
use crate::syntax::{self, Binary, Span};
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::Signed;

impl Checker<'_> {
    /// Tells a number that may be wider than 256 bits.
    pub(super) fn width(&mut self, made: Expr, span: Span) -> Expr {
        let range = match made.ty.base() {
            Type::Int(range) | Type::Decimal(_, range) => range,
            _ => return made,
        };
        if range.fits_width() {
            return made;
        }
        let message = format!("this number may take {} bits", range.low.bits().max(range.high.bits()) + 1);
        let fault = Diagnostic::new(Rule::Width, span, message).label("wider than 256 bits");
        self.fault(fault.hint("narrow the parts first, with `as`"));
        bad()
    }

    pub(super) fn negate(&mut self, scope: &mut Scope, inner: &syntax::Expr, span: Span) -> Expr {
        let made = self.infer(scope, inner);
        let ty = match made.ty.base() {
            Type::Int(range) => Type::Int(range.negate()),
            Type::Decimal(scale, range) => Type::Decimal(*scale, range.negate()),
            Type::Float => Type::Float,
            Type::Bad => return bad(),
            other => {
                self.say(Rule::Agree, inner.span, format!("'-' takes a number, and this is {other}"));
                return bad();
            }
        };
        self.width(expr(ExprKind::Negate(Box::new(made)), ty), span)
    }

    pub(super) fn binary(
        &mut self,
        scope: &mut Scope,
        operator: Binary,
        left: &syntax::Expr,
        right: &syntax::Expr,
        span: Span,
    ) -> Expr {
        use Binary as B;
        if matches!(operator, B::And | B::Or) {
            return self.logic(scope, operator, left, right);
        }
        let (a, b) = (self.infer(scope, left), self.infer(scope, right));
        let ty = match operator {
            B::Eq | B::Ne | B::Lt | B::Le | B::Gt | B::Ge => self.comparison(operator, &a, &b, span),
            B::Add | B::Sub | B::Mul => self.number(operator, &a.ty, &b.ty),
            B::Div | B::Mod => self.division(operator, &a.ty, &b.ty),
            B::Quotient => self.quotient(scope, &a.ty, &b.ty, span),
            B::Concat => concat(&a.ty, &b.ty),
            B::Otherwise => self.otherwise(&a.ty, &b.ty, right.span),
            B::And | B::Or => None,
        };
        let Some(ty) = ty else {
            if !matches!((a.ty.base(), b.ty.base()), (Type::Bad, _) | (_, Type::Bad)) {
                let message = format!("'{}' does not take {} and {}", operator.mark(), a.ty, b.ty);
                let fault = Diagnostic::new(Rule::Agree, span, message);
                let fault = fault.other(left.span, a.ty.to_string()).other(right.span, b.ty.to_string());
                self.fault(self.advice(operator, &a.ty, &b.ty).into_iter().fold(fault, Diagnostic::hint));
            }
            return bad();
        };
        self.width(expr(ExprKind::Binary(operator, Box::new(a), Box::new(b)), ty), span)
    }

    fn advice(&self, operator: Binary, a: &Type, b: &Type) -> Option<&'static str> {
        match (operator, a.base(), b.base()) {
            (_, Type::Optional(_), _) | (_, _, Type::Optional(_)) => {
                Some("take the value with `else ERROR` or `?? OTHER` first")
            }
            (Binary::Add, Type::Text(_) | Type::List(..) | Type::Bytes(_), _) => {
                Some("'++' joins texts, bytes and lists")
            }
            (Binary::Quotient | Binary::Div, Type::Decimal(..), _) => Some("write divide(a, b, SCALE, ROUNDING)"),
            (Binary::Quotient, Type::Int(_), Type::Int(_)) => Some("write `a div b`, or divide(a, b, SCALE, ROUNDING)"),
            _ => None,
        }
    }

    fn logic(&mut self, scope: &mut Scope, operator: Binary, left: &syntax::Expr, right: &syntax::Expr) -> Expr {
        let a = self.expect(scope, left, &Type::Bool, "a condition");
        // The right side is looked at only when the left side did not decide.
        let mark = scope.mark();
        facts::learn(&a, operator == Binary::And, &mut scope.facts);
        let b = self.expect(scope, right, &Type::Bool, "a condition");
        scope.back_to(mark);
        expr(ExprKind::Binary(operator, Box::new(a), Box::new(b)), Type::Bool)
    }

    fn comparison(&mut self, operator: Binary, a: &Expr, b: &Expr, span: Span) -> Option<Type> {
        let numbers = numbers(&a.ty, &b.ty).is_some();
        if !numbers && fits::join(&a.ty, &b.ty).is_none() {
            return None;
        }
        let ordered = numbers || (a.ty.is_ordered() && b.ty.is_ordered()) || matches!(a.ty.base(), Type::Float);
        if !matches!(operator, Binary::Eq | Binary::Ne) && !ordered {
            return None;
        }
        if matches!(operator, Binary::Eq | Binary::Ne) && (a.ty.has_float() || b.ty.has_float()) {
            let fault = Diagnostic::new(Rule::FloatPlace, span, "floats are not compared for equality");
            self.fault(fault.hint("compare the distance: abs(a - b) <= 0.001e0"));
        }
        Some(Type::Bool)
    }

    fn number(&self, operator: Binary, a: &Type, b: &Type) -> Option<Type> {
        if let (Type::Float, Type::Float) = (a.base(), b.base()) {
            return Some(Type::Float);
        }
        let (a_scale, a_range, b_scale, b_range) = numbers(a, b)?;
        let (scale, range) = if operator == Binary::Mul {
            (a_scale + b_scale, a_range.mul(b_range))
        } else {
            let scale = a_scale.max(b_scale);
            let (a, b) = (a_range.scaled(scale - a_scale), b_range.scaled(scale - b_scale));
            (scale, if operator == Binary::Add { a.add(&b) } else { a.add(&b.negate()) })
        };
        let ints = matches!((a.base(), b.base()), (Type::Int(_), Type::Int(_)));
        Some(if ints { Type::Int(range) } else { Type::Decimal(scale, range) })
    }

    fn division(&self, operator: Binary, a: &Type, b: &Type) -> Option<Type> {
        let (Type::Int(a), Type::Int(b)) = (a.base(), b.base()) else { return None };
        let mut range: Option<Range> = None;
        for divisor in b.without_zero() {
            let piece = if operator == Binary::Div {
                Range::hull([
                    a.low.div_floor(&divisor.low),
                    a.low.div_floor(&divisor.high),
                    a.high.div_floor(&divisor.low),
                    a.high.div_floor(&divisor.high),
                ])
            } else {
                remainder(a, &divisor)
            };
            range = Some(range.map_or(piece.clone(), |range| range.join(&piece)));
        }
        let ty = range.map_or(Type::Never, Type::Int);
        Some(if b.has_zero() { ty.optional() } else { ty })
    }

    fn quotient(&mut self, scope: &Scope, a: &Type, b: &Type, span: Span) -> Option<Type> {
        match (a.base(), b.base()) {
            (Type::Float, Type::Float) => {
                if !scope.floats {
                    self.say(Rule::FloatPlace, span, "floats are divided in operators of profile E1 only");
                }
                Some(Type::Float)
            }
            _ => None,
        }
    }

    fn otherwise(&mut self, a: &Type, b: &Type, span: Span) -> Option<Type> {
        match a.base() {
            Type::Optional(inner) => Some(self.joined(inner, b, span, "the value and what stands for it")),
            _ => None,
        }
    }
}

/// Scales and ranges of two numbers, of which at least one may be a decimal.
pub(super) fn numbers<'t>(a: &'t Type, b: &'t Type) -> Option<(u32, &'t Range, u32, &'t Range)> {
    let parts = |ty: &'t Type| match ty.base() {
        Type::Int(range) => Some((0, range)),
        Type::Decimal(scale, range) => Some((*scale, range)),
        _ => None,
    };
    let ((a_scale, a), (b_scale, b)) = (parts(a)?, parts(b)?);
    Some((a_scale, a, b_scale, b))
}

/// The range of `a mod b` for a divisor of one sign: the remainder has the divisor's sign.
fn remainder(a: &Range, divisor: &Range) -> Range {
    let one = BigInt::from(1);
    if divisor.low.is_positive() {
        // A number that is smaller than every divisor stays as it is.
        if !a.low.is_negative() && a.high < divisor.low {
            return a.clone();
        }
        let most = &divisor.high - one;
        let most = if a.low.is_negative() { most } else { most.min(a.high.clone()) };
        return Range { low: BigInt::ZERO, high: most };
    }
    Range { low: &divisor.low + one, high: BigInt::ZERO }
}

fn concat(a: &Type, b: &Type) -> Option<Type> {
    Some(match (a.base(), b.base()) {
        (Type::Text(a), Type::Text(b)) => {
            let known = match (&a.known, &b.known) {
                (Some(a), Some(b)) => Some(syntax::Name::from(format!("{a}{b}"))),
                _ => None,
            };
            Type::Text(TextType { size: a.size.add(b.size), pattern: None, nfc: false, known })
        }
        (Type::Bytes(a), Type::Bytes(b)) => Type::Bytes(a.add(*b)),
        (Type::List(a, a_size), Type::List(b, b_size)) => {
            Type::List(std::sync::Arc::new(fits::join(a, b)?), a_size.add(*b_size))
        }
        _ => return None,
    })
}
