//! Types, lowered: names are kept, decimals become whole numbers.

use super::Lower;
use crate::emit::low::{Ex, Kind, Outcome, Ty};
use crate::ir::{Range, Type, Value};
use num_bigint::BigInt;
use num_traits::{One, Signed};

/// A type of the contract as one of a program.
pub(in crate::emit) fn ty(ty: &Type) -> Outcome<Ty> {
    Ok(match ty {
        Type::Bool => Ty::Bool,
        Type::Int(range) | Type::Decimal(_, range) => Ty::Int(range.clone()),
        Type::Text(text) => Ty::Text(text.size),
        Type::Bytes(size) => Ty::Bytes(*size),
        Type::Hash(_) => Ty::Bytes(crate::ir::Size::new(32, 32)),
        Type::List(element, size) => Ty::List(Box::new(self::ty(element)?), *size),
        Type::Map(key, value, size) => Ty::Map(Box::new(self::ty(key)?), Box::new(self::ty(value)?), *size),
        Type::Optional(inner) => Ty::Optional(Box::new(self::ty(inner)?)),
        Type::Enum(decl) => Ty::Enum(decl.id.clone()),
        Type::Record(decl) => Ty::Record(decl.id.clone()),
        Type::Named(alias) => Ty::Named(alias.id.clone(), Box::new(self::ty(&alias.ty)?)),
        Type::Float => return Err("it has floating point".to_owned()),
        Type::Outputs(_) => return Err("outputs of one operator become those of another".to_owned()),
        Type::Never | Type::Bad => return Err("it has an expression that never gives a value".to_owned()),
    })
}

/// How many digits stand behind the point.
pub(in crate::emit) fn scale(ty: &Type) -> u32 {
    if let Type::Decimal(scale, _) = ty.base() { *scale } else { 0 }
}

/// Ten to the power.
pub(super) fn ten(power: u32) -> BigInt {
    BigInt::from(10).pow(power)
}

/// The digits of a number at a scale that has room for them.
pub(super) fn digits(n: &BigInt, own: u32, scale: u32) -> Outcome<BigInt> {
    match scale.checked_sub(own) {
        Some(more) => Ok(n * ten(more)),
        None => {
            let cut = ten(own - scale);
            let left = n % &cut;
            if left == BigInt::ZERO { Ok(n / cut) } else { Err("a number has more digits than its type".to_owned()) }
        }
    }
}

/// Is one type represented as the other, whatever the target?
fn same_form(from: &Type, to: &Type, native: &dyn Fn(&Range) -> Option<usize>) -> bool {
    match (from.base(), to.base()) {
        (Type::Int(a) | Type::Decimal(_, a), Type::Int(b) | Type::Decimal(_, b)) => {
            scale(from) == scale(to) && native(a) == native(b)
        }
        (Type::List(a, _), Type::List(b, _)) | (Type::Optional(a), Type::Optional(b)) => {
            matches!(a.base(), Type::Never) || same_form(a, b, native)
        }
        (Type::Map(a, x, _), Type::Map(b, y, _)) => same_form(a, b, native) && same_form(x, y, native),
        (Type::Enum(a), Type::Enum(b)) => a.id == b.id,
        (Type::Record(a), Type::Record(b)) => a.id == b.id,
        (Type::Bytes(_) | Type::Hash(_), Type::Bytes(_) | Type::Hash(_)) => true,
        (Type::Bool, Type::Bool) | (Type::Text(_), Type::Text(_)) => true,
        _ => false,
    }
}

impl Lower<'_> {
    /// A value of one type where one of another is wanted, which is known to fit.
    pub(super) fn coerce(&mut self, ex: Ex, from: &Type, to: &Type) -> Outcome<Ex> {
        match (from.base(), to.base()) {
            (Type::Int(_) | Type::Decimal(..), Type::Int(_) | Type::Decimal(..)) => {
                let ex = self.rescaled(ex, scale(from), scale(to))?;
                Ok(fit(ex, ty(to)?))
            }
            // What several outputs are called is known where they are made.
            (Type::Outputs(a), Type::Outputs(b)) if a.len() == b.len() => Ok(ex),
            (Type::Never, _) => Ok(ex),
            _ if same_form(from, to, self.native) => {
                let ty = ty(to)?;
                Ok(Ex { ty, ..ex })
            }
            _ => Err(format!("a value of '{from}' becomes one of '{to}', which is represented in another way")),
        }
    }

    /// A number with more digits behind the point.
    pub(super) fn rescaled(&mut self, ex: Ex, from: u32, to: u32) -> Outcome<Ex> {
        let more = to.checked_sub(from).ok_or("a number loses digits")?;
        if more == 0 {
            return Ok(ex);
        }
        if let Kind::Int(n) = &ex.kind {
            return Ok(Ex::int(n * ten(more)));
        }
        let range = ex.ty.range().ok_or("a number has no range")?.scaled(more);
        Ok(Ex::op("mul", vec![ex, Ex::int(ten(more))], Ty::Int(range)))
    }

    /// A value as an expression.
    pub(super) fn value(&mut self, value: &Value, of: &Type) -> Outcome<Ex> {
        constant(value, of)
    }
}

/// A value as an expression.
pub(super) fn constant(value: &Value, of: &Type) -> Outcome<Ex> {
    let wanted = ty(of)?;
    let kind = match (value, of.base()) {
        (Value::Bool(b), _) => Kind::Bool(*b),
        (Value::Int(_) | Value::Decimal(..), Type::Int(_) | Type::Decimal(..)) => {
            let (n, own) = value.as_decimal().ok_or("a number is none")?;
            Kind::Int(digits(n, own, scale(of))?)
        }
        (Value::Text(text), _) => Kind::Text(text.clone()),
        (Value::Bytes(bytes), _) => Kind::Bytes(bytes.clone()),
        (Value::List(items), Type::List(element, _)) => {
            Kind::List(items.iter().map(|it| constant(it, element)).collect::<Outcome<_>>()?)
        }
        (Value::Map(map), Type::Map(key, element, _)) => {
            let entry = |(k, v): (&Value, &Value)| Ok((constant(k, key)?, constant(v, element)?));
            Kind::Map(map.iter().map(entry).collect::<Outcome<_>>()?)
        }
        (Value::Optional(None), _) => Kind::None,
        (Value::Optional(Some(inner)), Type::Optional(ty)) => {
            return Ok(Ex::op("some", vec![constant(inner, ty)?], wanted));
        }
        (Value::Enum(decl, at), _) => Kind::EnumValue(decl.id.clone(), *at),
        (Value::Record(fields), Type::Record(decl)) => {
            let mut made = Vec::new();
            for (field, (name, value)) in decl.fields.iter().zip(fields) {
                made.push((name.clone(), constant(value, &field.ty)?));
            }
            Kind::Make(made)
        }
        _ => return Err("a value has another type".to_owned()),
    };
    Ok(Ex::new(kind, wanted))
}

/// The same number as one of a type.
pub(super) fn fit(ex: Ex, wanted: Ty) -> Ex {
    match (&ex.kind, ex.ty.range() == wanted.range()) {
        (Kind::Int(_), _) | (_, true) => Ex { ty: wanted, ..ex },
        _ => Ex::new(Kind::Fit(Box::new(ex)), wanted),
    }
}

/// The range of quotients by a positive number, however they are rounded.
pub(super) fn quotients(of: &Range, by: &Range) -> Option<Range> {
    let parts = by.without_zero();
    let mut found: Option<Range> = None;
    for part in parts {
        for a in [&of.low, &of.high] {
            for b in [&part.low, &part.high] {
                let q = a / b;
                let around = Range::new(&q - BigInt::one(), &q + BigInt::one());
                found = Some(found.map_or(around.clone(), |it| it.join(&around)));
            }
        }
    }
    let found = found?;
    if !of.low.is_negative() && !by.low.is_negative() {
        return found.meet(&Range::new(0, found.high.clone().max(BigInt::ZERO)));
    }
    Some(found)
}
