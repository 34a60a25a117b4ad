//! Expressions, lowered. What takes statements goes to `flow`, what counts to `numbers`.
//!
//! Invariant: parts keep their order: a part that may raise is put into a variable when a later one needs statements.

use super::{Lower, numbers, types};
use crate::emit::low::{Ex, Kind, Outcome, Stmt, Ty};
use crate::ir::{Expr, ExprKind, Presence, Primitive, RecordDecl, Type};
use crate::syntax::{Binary, Name};
use std::sync::Arc;

impl Lower<'_> {
    /// An expression as a value of a type that it fits.
    pub(super) fn expr_as(&mut self, e: &Expr, wanted: &Type, out: &mut Vec<Stmt>) -> Outcome<Ex> {
        self.named_as(e, wanted, "value", out)
    }

    /// The same; a variable that it takes gets this name when it is free to have.
    pub(super) fn named_as(&mut self, e: &Expr, wanted: &Type, name: &str, out: &mut Vec<Stmt>) -> Outcome<Ex> {
        let ty = self.wanted(wanted)?;
        Ok(match (&e.kind, wanted.base()) {
            (ExprKind::Int(n), Type::Int(_) | Type::Decimal(..)) => {
                Ex::new(Kind::Int(types::digits(n, 0, types::scale(wanted))?), ty)
            }
            (ExprKind::Decimal(n, own), Type::Int(_) | Type::Decimal(..)) => {
                Ex::new(Kind::Int(types::digits(n, *own, types::scale(wanted))?), ty)
            }
            (ExprKind::None, Type::Optional(_)) => Ex::new(Kind::None, ty),
            (ExprKind::Some(inner), Type::Optional(of)) => {
                let inner = self.expr_as(inner, of, out)?;
                Ex::op("some", vec![inner], ty)
            }
            (ExprKind::List(items), Type::List(element, _)) => {
                let items = self.all_as(items.iter().map(|it| (it, &**element)).collect(), out)?;
                Ex::new(Kind::List(items), ty)
            }
            (ExprKind::Map(entries), Type::Map(key, value, _)) => {
                let parts = entries.iter().flat_map(|it| [(&it.0, &**key), (&it.1, &**value)]).collect();
                let mut parts = self.all_as(parts, out)?.into_iter();
                let mut made = Vec::new();
                while let (Some(key), Some(value)) = (parts.next(), parts.next()) {
                    made.push((key, value));
                }
                Ex::new(Kind::Map(made), ty)
            }
            (ExprKind::Outputs(fields), Type::Outputs(outputs)) => {
                let parts = fields.iter().zip(outputs.iter()).map(|(field, output)| (&field.1, &output.1)).collect();
                let values = self.all_as(parts, out)?;
                let fields = fields.iter().map(|it| it.0.clone()).zip(values).collect();
                Ex::new(Kind::Make(fields), Ty::Outputs(self.outputs.clone()))
            }
            (ExprKind::If(..) | ExprKind::Match(..) | ExprKind::Fold(_) | ExprKind::Each(_), _) => {
                self.flow(e, wanted, name, out)?
            }
            _ => {
                let ex = self.expr(e, out)?;
                self.coerce(ex, &e.ty, wanted)?
            }
        })
    }

    /// Several, in order.
    pub(super) fn all_as(&mut self, parts: Vec<(&Expr, &Type)>, out: &mut Vec<Stmt>) -> Outcome<Vec<Ex>> {
        let mut made: Vec<Ex> = Vec::new();
        for (e, wanted) in parts {
            let mut before = Vec::new();
            let ex = self.expr_as(e, wanted, &mut before)?;
            if !before.is_empty() {
                // What was to be evaluated earlier is.
                for earlier in made.iter_mut().filter(|it| it.raises) {
                    *earlier = self.plain(earlier.clone(), "value", out);
                }
                out.append(&mut before);
            }
            made.push(ex);
        }
        Ok(made)
    }

    /// An expression as a value of its own type.
    pub(super) fn expr(&mut self, e: &Expr, out: &mut Vec<Stmt>) -> Outcome<Ex> {
        Ok(match &e.kind {
            ExprKind::Bool(b) => Ex::new(Kind::Bool(*b), Ty::Bool),
            ExprKind::Int(n) => Ex::int(n.clone()),
            ExprKind::Decimal(n, own) => Ex::int(types::digits(n, *own, types::scale(&e.ty))?),
            ExprKind::Text(text) => Ex::new(Kind::Text(text.clone()), types::ty(&e.ty)?),
            ExprKind::Bytes(bytes) => Ex::new(Kind::Bytes(bytes.clone()), types::ty(&e.ty)?),
            ExprKind::Variable(name) => {
                let found = self.bound.iter().rev().find(|it| it.0 == *name);
                found.map(|it| it.1.clone()).ok_or_else(|| format!("the variable '{name}' is missing"))?
            }
            ExprKind::Constant(id) => {
                let home = self.contract.home(&id.contract).and_then(|it| it.constant(&id.name)).cloned();
                let constant = home.ok_or("a constant is missing")?;
                let of = constant.ty.as_ref().unwrap_or(&constant.expr.ty);
                match of.base() {
                    Type::Bool | Type::Int(_) | Type::Decimal(..) | Type::Text(_) | Type::Enum(_) => {
                        let ex = Ex::new(Kind::Constant(id.clone()), types::ty(of)?);
                        self.coerce(ex, of, &e.ty)?
                    }
                    _ => self.value(&constant.value, of)?,
                }
            }
            ExprKind::EnumValue(decl, at) => Ex::new(Kind::EnumValue(decl.id.clone(), *at), Ty::Enum(decl.id.clone())),
            ExprKind::Record(decl, fields) => self.record(decl, fields, out)?,
            ExprKind::With(of, fields) => self.with(of, fields, out)?,
            ExprKind::Field(of, name) => {
                let ex = self.expr(of, out)?;
                Ex::new(Kind::Field(Box::new(ex), name.clone()), types::ty(&e.ty)?)
            }
            ExprKind::Primitive(primitive, parts) => self.primitive(*primitive, parts, &e.ty, out)?,
            ExprKind::Call(id, arguments) => {
                let home = self.contract.home(&id.contract).and_then(|it| it.operator(&id.name)).cloned();
                let operator = home.ok_or("an operator is missing")?;
                let parts = arguments.iter().zip(operator.inputs.iter().map(|it| &it.ty)).collect();
                let arguments = self.all_as(parts, out)?;
                let result = match operator.outputs.as_slice() {
                    [only] => types::ty(&only.ty)?,
                    _ => Ty::Outputs(id.clone()),
                };
                let mut call = Ex::new(Kind::Call(id.clone(), arguments), result);
                call.raises |= !operator.raises.is_empty();
                call
            }
            ExprKind::Hash(..) => return Err("it makes a hash".to_owned()),
            ExprKind::Float(_) => return Err("it has floating point".to_owned()),
            ExprKind::Matches(..) => return Err("it matches a text with a pattern".to_owned()),
            ExprKind::Not(inner) => super::not(self.expr(inner, out)?),
            ExprKind::Binary(operator, left, right) => self.binary(*operator, left, right, &e.ty, out)?,
            ExprKind::Negate(inner) => {
                let ex = self.expr(inner, out)?;
                numbers::negated(ex, types::ty(&e.ty)?)
            }
            ExprKind::Divide(pair, scale, rounding) => self.divide(pair, *scale, *rounding, &e.ty, out)?,
            ExprKind::Narrow(narrow) => self.narrow(narrow, out)?,
            ExprKind::Unwrap(value, raise) => {
                let ex = self.expr(value, out)?;
                let ex = self.plain(ex, "found", out);
                let mut then = Vec::new();
                let raise = self.raise(raise, &mut then)?;
                then.push(Stmt::Raise(raise));
                let condition = Ex::truth("is_none", vec![ex.clone()]);
                out.push(Stmt::If { condition, then, otherwise: Vec::new() });
                Ex::op("unwrap", vec![ex], types::ty(&e.ty)?)
            }
            ExprKind::Bad | ExprKind::Fail(_) => return Err("it has an expression that never gives a value".to_owned()),
            // These need to know what is wanted.
            _ => self.expr_as(e, &e.ty, out)?,
        })
    }

    fn record(&mut self, decl: &Arc<RecordDecl>, given: &[(Name, Expr)], out: &mut Vec<Stmt>) -> Outcome<Ex> {
        let mut parts = Vec::new();
        for (name, value) in given {
            let field = decl.fields.iter().find(|it| it.name == *name).ok_or("a field is missing")?;
            parts.push((value, &field.ty));
        }
        let values = self.all_as(parts, out)?;
        let mut named: Vec<(Name, Ex)> = given.iter().map(|it| it.0.clone()).zip(values).collect();
        let mut fields = Vec::new();
        for field in &decl.fields {
            let value = match (named.iter().position(|it| it.0 == field.name), &field.presence) {
                (Some(at), _) => named.swap_remove(at).1,
                (None, Presence::Default(default)) => self.value(&default.1, &field.ty)?,
                (None, _) => Ex::new(Kind::None, types::ty(&field.ty)?),
            };
            fields.push((field.name.clone(), value));
        }
        let made = Ex::new(Kind::Make(fields), Ty::Record(decl.id.clone()));
        self.held(decl, made, out)
    }

    fn with(&mut self, of: &Expr, given: &[(Name, Expr)], out: &mut Vec<Stmt>) -> Outcome<Ex> {
        let Type::Record(decl) = of.ty.base() else { return Err("outputs are changed in some fields".to_owned()) };
        let decl = decl.clone();
        let base = self.expr(of, out)?;
        let base = self.plain(base, "former", out);
        let mut parts = Vec::new();
        for (name, value) in given {
            let field = decl.fields.iter().find(|it| it.name == *name).ok_or("a field is missing")?;
            parts.push((value, &field.ty));
        }
        let values = self.all_as(parts, out)?;
        let named: Vec<(Name, Ex)> = given.iter().map(|it| it.0.clone()).zip(values).collect();
        let ty = Ty::Record(decl.id.clone());
        let whole = named.len() == decl.fields.len();
        let made = if self.shape.update && !whole {
            Ex::new(Kind::Update(Box::new(base), named), ty)
        } else {
            let mut fields = Vec::new();
            for field in &decl.fields {
                let value = match named.iter().find(|it| it.0 == field.name) {
                    Some(it) => it.1.clone(),
                    None => {
                        let of = Box::new(base.clone());
                        Ex::new(Kind::Field(of, field.name.clone()), types::ty(&field.ty)?)
                    }
                };
                fields.push((field.name.clone(), value));
            }
            Ex::new(Kind::Make(fields), ty)
        };
        self.held(&decl, made, out)
    }

    /// A record of which holds what must hold between its fields.
    pub(super) fn held(&mut self, decl: &RecordDecl, made: Ex, out: &mut Vec<Stmt>) -> Outcome<Ex> {
        if decl.requires.is_empty() {
            return Ok(made);
        }
        let made = self.plain(made, "next", out);
        let mut bound = Vec::new();
        for field in &decl.fields {
            let of = Box::new(made.clone());
            bound.push((field.name.clone(), Ex::new(Kind::Field(of, field.name.clone()), types::ty(&field.ty)?)));
        }
        let outer = std::mem::replace(&mut self.bound, bound);
        let done = decl.requires.iter().try_for_each(|require| self.require(require, out));
        self.bound = outer;
        done.map(|()| made)
    }

    /// `and`, `or` and `??`: what comes second is evaluated only when it is needed.
    pub(super) fn lazy(
        &mut self,
        operator: Binary,
        left: &Expr,
        right: &Expr,
        ty: &Type,
        out: &mut Vec<Stmt>,
    ) -> Outcome<Ex> {
        let mut a = self.expr(left, out)?;
        let otherwise = operator == Binary::Otherwise;
        if otherwise
            && let Type::Optional(inner) = left.ty.base()
            && !matches!(inner.base(), Type::Never)
        {
            let wanted = Type::Optional(Arc::new(ty.clone()));
            a = self.coerce(a, &left.ty, &wanted)?;
        }
        let mut then = Vec::new();
        let b = if otherwise { self.expr_as(right, ty, &mut then)? } else { self.expr(right, &mut then)? };
        let wanted = types::ty(ty)?;
        if then.is_empty() && !(b.raises && self.shape.calls_are_statements) {
            let name = match operator {
                Binary::And => "and",
                Binary::Or => "or",
                _ => "otherwise",
            };
            return Ok(Ex::op(name, vec![a, b], wanted));
        }
        let name = self.fresh("value");
        let a = self.plain(a, "first", out);
        let (condition, kept) = match operator {
            Binary::And => (a.clone(), Ex::new(Kind::Bool(false), Ty::Bool)),
            Binary::Or => (super::not(a.clone()), Ex::new(Kind::Bool(true), Ty::Bool)),
            _ => (Ex::truth("is_none", vec![a.clone()]), Ex::op("unwrap", vec![a.clone()], wanted.clone())),
        };
        out.push(Stmt::Let { name: name.clone(), ty: wanted.clone(), value: None, changes: true });
        then.push(Stmt::Assign { name: name.clone(), value: b });
        let otherwise = vec![Stmt::Assign { name: name.clone(), value: kept }];
        out.push(Stmt::If { condition, then, otherwise });
        Ok(Ex::var(&name, wanted))
    }

    fn primitive(&mut self, primitive: Primitive, parts: &[Expr], ty: &Type, out: &mut Vec<Stmt>) -> Outcome<Ex> {
        use Primitive as P;
        let first = parts.first().ok_or("a primitive has no arguments")?;
        let wanted: Vec<&Type> = match (primitive, first.ty.base()) {
            (P::Min | P::Max, Type::Int(_) | Type::Decimal(..)) => return self.extreme(primitive, parts, ty, out),
            (P::Abs, _) => return self.absolute(first, ty, out),
            (P::Sum, _) => vec![&first.ty],
            (P::Get | P::Remove | P::Contains, Type::Map(key, _, _)) => vec![&first.ty, key],
            (P::Contains, Type::List(element, _)) => vec![&first.ty, element],
            (P::Put, Type::Map(..)) => match ty.base() {
                Type::Map(key, value, _) => vec![ty, key, value],
                _ => return Err("a map is put into something else".to_owned()),
            },
            (P::Append, Type::List(..)) => match ty.base() {
                Type::List(element, _) => vec![ty, element],
                _ => return Err("a list is put into something else".to_owned()),
            },
            _ => parts.iter().map(|it| &it.ty).collect(),
        };
        let wanted: Vec<Type> = wanted.into_iter().cloned().collect();
        let values = self.all_as(parts.iter().zip(&wanted).collect(), out)?;
        let mut values = values;
        let result = types::ty(ty)?;
        let kind = values.first().map_or("none", |it| it.ty.kind());
        // How many digits a text of a number shows is part of what it is.
        if primitive == P::ToText && types::scale(&first.ty) > 0 {
            values.push(Ex::int(types::scale(&first.ty)));
            return Ok(Ex::op("to_text_decimal", values, result));
        }
        Ok(Ex::op(format!("{}_{kind}", primitive.name()), values, result))
    }
}
