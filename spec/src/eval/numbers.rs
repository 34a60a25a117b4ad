//! Numbers: exact arithmetic, rounding, and values made to fit a type (rules E3 to E6 of the reference).
//!
//! Invariant: nothing here loses a digit without being told how. It does not know expressions.

use crate::ir::{Policy, Range, Type, Unknown, Value};
use crate::syntax::{Binary, Rounding};
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{FromPrimitive, Signed, ToPrimitive, Zero};

/// The negated number.
pub(super) fn negate(value: &Value) -> Option<Value> {
    Some(match value {
        Value::Int(n) => Value::Int(-n),
        Value::Decimal(n, scale) => Value::Decimal(-n, *scale),
        Value::Float(f) => Value::Float(-f),
        _ => return None,
    })
}

/// Two values and an operator; `optional` when the divisor may be zero.
pub(super) fn binary(operator: Binary, a: Value, b: Value, optional: bool) -> Option<Value> {
    use Binary as B;
    Some(match operator {
        B::Eq => Value::Bool(a == b),
        B::Ne => Value::Bool(a != b),
        B::Lt | B::Le | B::Gt | B::Ge => Value::Bool(compare(operator, &a, &b)),
        B::Add | B::Sub | B::Mul | B::Quotient => arithmetic(operator, a, b)?,
        B::Div | B::Mod => {
            let (Value::Int(a), Value::Int(b)) = (a, b) else { return None };
            let value = (!b.is_zero()).then(|| if operator == B::Div { a.div_floor(&b) } else { a.mod_floor(&b) });
            match (value, optional) {
                (value, true) => Value::Optional(value.map(|n| Box::new(Value::Int(n)))),
                (Some(n), false) => Value::Int(n),
                (None, false) => return None,
            }
        }
        B::Concat => match (a, b) {
            (Value::Text(a), Value::Text(b)) => Value::text(&format!("{a}{b}")),
            (Value::Bytes(mut a), Value::Bytes(b)) => {
                a.extend(b);
                Value::Bytes(a)
            }
            (Value::List(mut a), Value::List(b)) => {
                a.extend(b);
                Value::List(a)
            }
            _ => return None,
        },
        B::And | B::Or | B::Otherwise => return None,
    })
}

fn compare(operator: Binary, a: &Value, b: &Value) -> bool {
    if let (Value::Float(a), Value::Float(b)) = (a, b) {
        return match operator {
            Binary::Lt => a < b,
            Binary::Le => a <= b,
            Binary::Gt => a > b,
            _ => a >= b,
        };
    }
    match operator {
        Binary::Lt => a < b,
        Binary::Le => a <= b,
        Binary::Gt => a > b,
        _ => a >= b,
    }
}

fn arithmetic(operator: Binary, a: Value, b: Value) -> Option<Value> {
    use Binary as B;
    if let (Value::Float(a), Value::Float(b)) = (&a, &b) {
        return Some(Value::Float(match operator {
            B::Add => a + b,
            B::Sub => a - b,
            B::Mul => a * b,
            _ => a / b,
        }));
    }
    if let (Value::Int(a), Value::Int(b)) = (&a, &b) {
        return Some(Value::Int(match operator {
            B::Add => a + b,
            B::Sub => a - b,
            B::Mul => a * b,
            _ => return None,
        }));
    }
    let ((a, a_scale), (b, b_scale)) = (a.as_decimal()?, b.as_decimal()?);
    if operator == B::Mul {
        return Some(Value::decimal(a * b, a_scale + b_scale));
    }
    let scale = a_scale.max(b_scale);
    let (a, b) = (scaled(a, scale - a_scale), scaled(b, scale - b_scale));
    match operator {
        B::Add => Some(Value::decimal(a + b, scale)),
        B::Sub => Some(Value::decimal(a - b, scale)),
        _ => None,
    }
}

/// Times ten to the power.
pub(super) fn scaled(n: &BigInt, power: u32) -> BigInt {
    if power == 0 { n.clone() } else { n * BigInt::from(10).pow(power) }
}

/// A quotient rounded to a whole number. The divisor is not zero.
pub(super) fn rounded(a: &BigInt, b: &BigInt, how: Rounding) -> BigInt {
    let (a, b) = if b.is_negative() { (-a, -b) } else { (a.clone(), b.clone()) };
    let (floor, rest) = a.div_mod_floor(&b);
    if rest.is_zero() {
        return floor;
    }
    let twice = &rest * 2;
    let up = match how {
        Rounding::Floor => false,
        Rounding::Ceiling => true,
        Rounding::Down => a.is_negative(),
        Rounding::Up => !a.is_negative(),
        Rounding::HalfEven => twice > b || (twice == b && floor.is_odd()),
        // Half goes away from zero.
        Rounding::HalfUp => twice > b || (twice == b && !a.is_negative()),
    };
    if up { floor + 1 } else { floor }
}

/// The digits of a quotient at a scale; `None` when the divisor is zero.
pub(super) fn divide(a: &Value, b: &Value, scale: u32, how: Rounding) -> Option<BigInt> {
    let ((a, a_scale), (b, b_scale)) = (a.as_decimal()?, b.as_decimal()?);
    if b.is_zero() {
        return None;
    }
    Some(rounded(&scaled(a, scale + b_scale), &scaled(b, a_scale), how))
}

/// Brings a value to a type. The outer `None`: it never can be; the inner: it does not fit, and the policy gives
/// nothing.
pub(super) fn narrow(value: Value, ty: &Type, round: Option<Rounding>, policy: &Policy) -> Option<Option<Value>> {
    let how = round.unwrap_or(Rounding::Floor);
    match (&value, ty.base()) {
        (Value::Int(_) | Value::Decimal(..), Type::Int(range)) => {
            let (n, scale) = value.as_decimal()?;
            let n = rounded(n, &scaled(&BigInt::from(1), scale), how);
            Some(into_range(n, range, policy).map(Value::Int))
        }
        (Value::Int(_) | Value::Decimal(..), Type::Decimal(to, range)) => {
            let (n, scale) = value.as_decimal()?;
            let n = if scale > *to {
                rounded(n, &scaled(&BigInt::from(1), scale - to), how)
            } else {
                scaled(n, to - scale)
            };
            Some(into_range(n, range, policy).map(|n| Value::decimal(n, *to)))
        }
        (Value::Int(n), Type::Enum(decl)) => {
            let found = decl.values.iter().position(|value| BigInt::from(value.number) == *n);
            let found = found.or(match (&decl.unknown, policy) {
                (Unknown::Value(at), Policy::Exact) => Some(*at),
                _ => None,
            });
            Some(found.map(|at| Value::Enum(decl.clone(), at)))
        }
        (Value::Enum(decl, at), Type::Int(range)) => {
            let n = BigInt::from(decl.values.get(*at)?.number);
            Some(into_range(n, range, policy).map(Value::Int))
        }
        (Value::Float(f), Type::Int(range)) => {
            Some(float_digits(*f, 0, how).and_then(|n| into_range(n, range, policy)).map(Value::Int))
        }
        (Value::Float(f), Type::Decimal(scale, range)) => {
            let digits = float_digits(*f, *scale, how).and_then(|n| into_range(n, range, policy));
            Some(digits.map(|n| Value::decimal(n, *scale)))
        }
        _ => Some(super::boundary::fits(&value, ty).then_some(value)),
    }
}

fn into_range(n: BigInt, range: &Range, policy: &Policy) -> Option<BigInt> {
    if range.has(&n) {
        return Some(n);
    }
    match policy {
        Policy::Clamp => Some(if n < range.low { range.low.clone() } else { range.high.clone() }),
        Policy::Wrap => {
            let size = &range.high - &range.low + 1;
            Some(&range.low + (n - &range.low).mod_floor(&size))
        }
        Policy::Exact | Policy::Else(_) => None,
    }
}

/// The exact value of a float, times ten to the scale, rounded; `None` when it is no number.
fn float_digits(f: f64, scale: u32, how: Rounding) -> Option<BigInt> {
    if !f.is_finite() {
        return None;
    }
    let bits = f.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i64;
    let fraction = bits & ((1 << 52) - 1);
    let (mantissa, exponent) = if exponent == 0 { (fraction, -1074) } else { (fraction | 1 << 52, exponent - 1075) };
    let mantissa = if f.is_sign_negative() { -BigInt::from(mantissa) } else { BigInt::from(mantissa) };
    let digits = scaled(&mantissa, scale);
    Some(if exponent >= 0 {
        digits << exponent as u32
    } else {
        rounded(&digits, &(BigInt::from(1) << exponent.unsigned_abs() as u32), how)
    })
}

/// The float that is nearest to a number, half to even.
pub(super) fn to_float(value: &Value) -> Option<f64> {
    let (n, scale) = value.as_decimal()?;
    if scale == 0 {
        return f64::from_bigint(n);
    }
    // Text to float is rounded correctly, whatever the number of digits.
    crate::ir::decimal_text(n, scale, scale).parse().ok()
}

trait FromBigInt: Sized {
    fn from_bigint(n: &BigInt) -> Option<Self>;
}

impl FromBigInt for f64 {
    fn from_bigint(n: &BigInt) -> Option<f64> {
        match n.to_i64() {
            Some(small) => f64::from_i64(small),
            None => n.to_string().parse().ok(),
        }
    }
}
