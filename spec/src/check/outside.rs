//! What the outside of an operator needs to know of types: errors at the boundary, floats, and fields of elements.
//!
//! It does not know operators.

use crate::ir::{ErrorRef, Type, Unknown};
use crate::syntax::Name;
use std::collections::BTreeSet;

/// The errors that a value from outside can raise; true when it can break something that names none.
pub(super) fn boundary_errors(ty: &Type, around: Option<&ErrorRef>, errors: &mut BTreeSet<ErrorRef>) -> bool {
    let mut around = around;
    let mut ty = ty;
    while let Type::Named(alias) = ty {
        around = alias.error.as_ref().or(around);
        ty = &alias.ty;
    }
    let mut uncovered = false;
    // An optional breaks nothing itself; what is in it is looked at below.
    if ty.is_constrained() && !matches!(ty, Type::Optional(_)) {
        match around {
            Some(error) => {
                errors.insert(error.clone());
            }
            None => uncovered = true,
        }
    }
    uncovered
        | match ty {
            Type::Optional(inner) => boundary_errors(inner, around, errors),
            Type::List(element, _) => boundary_errors(element, around, errors),
            Type::Map(key, value, _) => {
                let keys = boundary_errors(key, around, errors);
                boundary_errors(value, around, errors) | keys
            }
            Type::Enum(decl) => {
                if let Unknown::Error(error) = &decl.unknown {
                    errors.insert(error.clone());
                }
                false
            }
            Type::Record(record) => {
                errors.extend(record.requires.iter().map(|require| require.raise.error.clone()));
                record.fields.iter().fold(false, |any, field| boundary_errors(&field.ty, None, errors) | any)
            }
            _ => false,
        }
}

/// Paths of floats in a type.
pub(super) fn float_paths(ty: &Type, path: &mut Vec<Name>, found: &mut Vec<Vec<Name>>) {
    match ty.base() {
        Type::Float => found.push(path.clone()),
        Type::List(inner, _) | Type::Optional(inner) | Type::Map(_, inner, _) => float_paths(inner, path, found),
        Type::Record(record) => {
            for field in &record.fields {
                path.push(field.name.clone());
                float_paths(&field.ty, path, found);
                path.pop();
            }
        }
        _ => {}
    }
}

/// The type at a path inside a record.
pub(super) fn at_path(ty: &Type, path: &[Name]) -> Option<Type> {
    let Some((first, rest)) = path.split_first() else { return Some(ty.clone()) };
    match ty.base() {
        Type::Record(record) => at_path(&record.fields.iter().find(|field| field.name == *first)?.ty, rest),
        _ => None,
    }
}
