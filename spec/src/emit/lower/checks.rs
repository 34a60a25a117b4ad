//! The boundary, lowered (rule E2): inputs held against their types, with the error that a breach raises.
//!
//! Invariants: the size of a collection comes before its elements, fields before what holds between them; a bound that
//! the target's representation keeps anyway is not asked about. A type with a name has a check of its own.

use super::{Lower, Shape, numbers, types};
use crate::emit::low::{Ex, Function, Kind, Outcome, Raise, Role, Stmt, Ty};
use crate::ir::{Contract, ErrorRef, Range, Ref, Size, TextType, Type, Unknown};
use crate::syntax::Name;
use std::collections::BTreeSet;

impl Lower<'_> {
    /// Statements that raise when a value does not fit.
    pub(super) fn check(
        &mut self,
        value: Ex,
        ty: &Type,
        around: Option<&ErrorRef>,
        out: &mut Vec<Stmt>,
    ) -> Outcome<()> {
        match ty {
            Type::Named(alias) if alias.error.is_some() => {
                if self.is_checked(ty)? {
                    self.checked.insert(alias.id.clone());
                    out.push(Stmt::Check { of: alias.id.clone(), value });
                }
                return Ok(());
            }
            Type::Named(alias) => return self.check(value, &alias.ty, around, out),
            Type::Record(decl) => {
                if self.is_checked(ty)? {
                    self.checked.insert(decl.id.clone());
                    out.push(Stmt::Check { of: decl.id.clone(), value });
                }
                return Ok(());
            }
            _ => {}
        }
        self.check_here(value, ty, around, out)
    }

    /// Does a check of the type ask about anything?
    fn is_checked(&mut self, ty: &Type) -> Outcome<bool> {
        let mut body = Vec::new();
        let value = Ex::var(&Name::from("value"), types::ty(ty)?);
        let (taken, checked) = (self.taken.clone(), self.checked.clone());
        self.inside(value, ty, &mut body)?;
        (self.taken, self.checked) = (taken, checked);
        Ok(!body.is_empty())
    }

    /// What a named type's own check asks about.
    fn inside(&mut self, value: Ex, ty: &Type, out: &mut Vec<Stmt>) -> Outcome<()> {
        match ty {
            Type::Named(alias) => self.check_here_named(value, &alias.ty, alias.error.as_ref(), out),
            Type::Record(decl) => {
                let decl = decl.clone();
                for field in &decl.fields {
                    let of = Kind::Field(Box::new(value.clone()), field.name.clone());
                    self.check(Ex::new(of, types::ty(&field.ty)?), &field.ty, None, out)?;
                }
                self.held(&decl, value, out).map(|_| ())
            }
            _ => Err("a check of a type without a name".to_owned()),
        }
    }

    fn check_here_named(
        &mut self,
        value: Ex,
        ty: &Type,
        around: Option<&ErrorRef>,
        out: &mut Vec<Stmt>,
    ) -> Outcome<()> {
        match ty {
            Type::Named(_) | Type::Record(_) => self.check(value, ty, around, out),
            _ => self.check_here(value, ty, around, out),
        }
    }

    fn check_here(&mut self, value: Ex, ty: &Type, around: Option<&ErrorRef>, out: &mut Vec<Stmt>) -> Outcome<()> {
        if let Some(condition) = self.misfit(&value, ty, None)? {
            let own = match ty {
                Type::Enum(decl) => match &decl.unknown {
                    Unknown::Error(error) => Some(error),
                    Unknown::Value(_) => None,
                },
                _ => None,
            };
            let error = own.or(around).or(self.contract.invalid.as_ref()).ok_or("a breach has no error")?.clone();
            let then = vec![Stmt::Raise(Raise { error, arguments: Vec::new() })];
            out.push(Stmt::If { condition, then, otherwise: Vec::new() });
        }
        let mut body = Vec::new();
        match ty {
            Type::List(element, _) => {
                let name = self.fresh("item");
                let own = types::ty(element)?;
                self.check(Ex::var(&name, own.clone()), element, around, &mut body)?;
                if !body.is_empty() {
                    out.push(Stmt::ForEach { names: vec![(name, own)], over: value, body });
                }
            }
            Type::Map(key, element, _) => {
                let (k, v) = (self.fresh("key"), self.fresh("item"));
                let (key_ty, own) = (types::ty(key)?, types::ty(element)?);
                self.check(Ex::var(&k, key_ty.clone()), key, around, &mut body)?;
                self.check(Ex::var(&v, own.clone()), element, around, &mut body)?;
                if !body.is_empty() {
                    out.push(Stmt::ForEach { names: vec![(k, key_ty), (v, own)], over: value, body });
                }
            }
            Type::Optional(inner) => {
                let name = self.fresh("inner");
                let own = types::ty(inner)?;
                self.check(Ex::var(&name, own.clone()), inner, around, &mut body)?;
                if !body.is_empty() {
                    let condition = Ex::truth("is_some", vec![value.clone()]);
                    let inner = Ex::op("unwrap", vec![value], own.clone());
                    body.insert(0, Stmt::Let { name, ty: own, value: Some(inner), changes: false });
                    out.push(Stmt::If { condition, then: body, otherwise: Vec::new() });
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Does a value not fit, its parts aside? `None` when it always does. `known`: a type that it has already.
    pub(super) fn misfit(&mut self, value: &Ex, ty: &Type, known: Option<&Type>) -> Outcome<Option<Ex>> {
        Ok(match ty.base() {
            Type::Int(range) | Type::Decimal(_, range) => {
                let held = (self.shape.held)(range).ok_or_else(|| wide(range))?;
                let known = known.and_then(|it| types::ty(it).ok()).and_then(|it| it.range().cloned());
                numbers::outside(value, &known.unwrap_or(held), range)
            }
            Type::Text(text) => self.text(value, text, known)?,
            Type::Bytes(size) => sized("len_bytes", value, *size, known.and_then(size_of)),
            Type::Hash(_) => sized("len_bytes", value, Size::new(32, 32), known.and_then(size_of)),
            Type::List(_, size) => sized("len_list", value, *size, known.and_then(size_of)),
            Type::Map(_, _, size) => sized("len_map", value, *size, known.and_then(size_of)),
            // What is taken for a value when it is not known breaks nothing.
            Type::Enum(decl)
                if self.shape.open_enums && known.is_none() && matches!(decl.unknown, Unknown::Error(_)) =>
            {
                Some(Ex::truth("is_unknown", vec![value.clone()]))
            }
            _ => None,
        })
    }

    fn text(&mut self, value: &Ex, text: &TextType, known: Option<&Type>) -> Outcome<Option<Ex>> {
        let mut wrong = sized("len_text", value, text.size, known.and_then(size_of));
        let mut also = |one: Ex| {
            wrong = Some(match wrong.take() {
                None => one,
                Some(before) => Ex::truth("or", vec![before, one]),
            });
        };
        if let Some(pattern) = &text.pattern {
            let literal = Ex::new(Kind::Text(pattern.clone()), Ty::Text(Size::new(0, 0)));
            also(super::not(Ex::truth("matches", vec![value.clone(), literal])));
        }
        if text.nfc {
            also(super::not(Ex::truth("is_nfc", vec![value.clone()])));
        }
        Ok(wrong)
    }
}

/// Why a number is in the way.
pub(in crate::emit) fn wide(range: &Range) -> String {
    let bits = range.low.bits().max(range.high.bits()) + u64::from(range.low.sign() == num_bigint::Sign::Minus);
    format!("it needs whole numbers of {bits} bits")
}

fn size_of(ty: &Type) -> Option<Size> {
    match ty.base() {
        Type::Text(text) => Some(text.size),
        Type::Bytes(size) | Type::List(_, size) | Type::Map(_, _, size) => Some(*size),
        _ => None,
    }
}

/// Is a size wrong?
fn sized(name: &str, value: &Ex, size: Size, known: Option<Size>) -> Option<Ex> {
    let known = known.unwrap_or(Size::new(0, u64::from(u32::MAX)));
    let length = Ex::op(name, vec![value.clone()], Ty::Int(known.range()));
    numbers::outside(&length, &known.range(), &size.range())
}

/// The check of a type, and the types whose checks it calls.
pub(super) fn function(contract: &Contract, id: &Ref, shape: &Shape<'_>) -> Outcome<(Function, BTreeSet<Ref>)> {
    let ty = contract.home(&id.contract).and_then(|it| it.ty(&id.name)).ok_or("a type is missing")?;
    let mut lower = Lower::new(contract, shape, id.clone());
    let name = Name::from("value");
    lower.taken.insert(name.to_string());
    let own = types::ty(&ty)?;
    let mut body = Vec::new();
    lower.inside(Ex::var(&name, own.clone()), &ty, &mut body)?;
    let function = Function {
        id: id.clone(),
        role: Role::Check,
        docs: Vec::new(),
        params: vec![(name, own, Vec::new())],
        result: None,
        raises: Vec::new(),
        body,
    };
    Ok((function, lower.checked))
}
