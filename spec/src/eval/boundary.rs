//! The boundary: values from outside, held against their types (rule E2 of the reference).
//!
//! Invariants: parts are looked at in order, the size of a collection before its elements, fields before what must hold
//! between them; the first breach is raised, with the error of the innermost named type around it. This file does not
//! know where values come from.

use super::{Halt, Lookup, Machine, Raised};
use crate::ir::{ErrorRef, Type, Unknown, Value};

/// The value, when it fits; else the error that it raises.
pub fn conform(lookup: &dyn Lookup, value: Value, ty: &Type, invalid: Option<&ErrorRef>) -> Result<Value, Halt> {
    let mut check = Check { lookup, invalid };
    check.value(&value, ty, None)?;
    Ok(value)
}

/// Does the value fit, whatever it would raise? What must hold between fields of records is held already.
pub(super) fn fits(value: &Value, ty: &Type) -> bool {
    shape(value, ty)
        && match (value, ty.base()) {
            (Value::List(items), Type::List(element, _)) => items.iter().all(|item| fits(item, element)),
            (Value::Map(map), Type::Map(key, element, _)) => map.iter().all(|(k, v)| fits(k, key) && fits(v, element)),
            (Value::Optional(Some(inner)), Type::Optional(ty)) => fits(inner, ty),
            (Value::Record(fields), Type::Record(record)) => {
                fields.len() == record.fields.len()
                    && fields.iter().zip(&record.fields).all(|(field, decl)| fits(&field.1, &decl.ty))
            }
            (Value::Record(fields), Type::Outputs(outputs)) => {
                fields.len() == outputs.len() && fields.iter().zip(outputs.iter()).all(|(a, b)| fits(&a.1, &b.1))
            }
            _ => true,
        }
}

/// Does the value itself fit, its parts aside?
fn shape(value: &Value, ty: &Type) -> bool {
    match (value, ty.base()) {
        (Value::Bool(_), Type::Bool) => true,
        (Value::Int(n), Type::Int(range)) => range.has(n),
        (Value::Int(_) | Value::Decimal(..), Type::Decimal(scale, range)) => {
            let Some((n, own)) = value.as_decimal() else { return false };
            own <= *scale && range.has(&super::numbers::scaled(n, scale - own))
        }
        // Infinities and NaN are no values at the boundary.
        (Value::Float(f), Type::Float) => f.is_finite(),
        (Value::Text(text), Type::Text(ty)) => crate::pattern::text_is(text, ty),
        (Value::Bytes(bytes), Type::Bytes(size)) => size.has(bytes.len() as u64),
        (Value::Bytes(bytes), Type::Hash(_)) => bytes.len() == 32,
        (Value::List(items), Type::List(_, size)) => size.has(items.len() as u64),
        (Value::Map(map), Type::Map(_, _, size)) => size.has(map.len() as u64),
        (Value::Optional(_), Type::Optional(_)) => true,
        (Value::Enum(decl, at), Type::Enum(wanted)) => decl.id == wanted.id && *at < wanted.values.len(),
        (Value::Record(_), Type::Record(_) | Type::Outputs(_)) => true,
        _ => false,
    }
}

struct Check<'a> {
    lookup: &'a dyn Lookup,
    invalid: Option<&'a ErrorRef>,
}

impl Check<'_> {
    fn value(&mut self, value: &Value, ty: &Type, around: Option<&ErrorRef>) -> Result<(), Halt> {
        let mut around = around;
        let mut ty = ty;
        while let Type::Named(alias) = ty {
            around = alias.error.as_ref().or(around);
            ty = &alias.ty;
        }
        if !shape(value, ty) {
            let own = match ty {
                Type::Enum(decl) => match &decl.unknown {
                    Unknown::Error(error) => Some(error),
                    Unknown::Value(_) => None,
                },
                _ => None,
            };
            let error = own.or(around).or(self.invalid).ok_or(Halt::Broken("a breach has no error"))?;
            return Err(Halt::Raised(Raised { error: error.clone(), arguments: Vec::new() }));
        }
        match (value, ty) {
            (Value::List(items), Type::List(element, _)) => {
                items.iter().try_for_each(|item| self.value(item, element, around))
            }
            (Value::Map(map), Type::Map(key, element, _)) => map.iter().try_for_each(|(k, v)| {
                self.value(k, key, around)?;
                self.value(v, element, around)
            }),
            (Value::Optional(Some(inner)), Type::Optional(ty)) => self.value(inner, ty, around),
            (Value::Record(fields), Type::Record(record)) => {
                for field in &record.fields {
                    let value = value.field(&field.name).ok_or(Halt::Broken("a field is missing"))?;
                    self.value(value, &field.ty, None)?;
                }
                Machine::new(self.lookup, crate::check::MAX_STEPS).holds(record, fields)
            }
            _ => Ok(()),
        }
    }
}
