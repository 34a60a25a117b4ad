//! What takes more than one statement: choices, loops, and calls where a call is a statement of its own.
//!
//! Invariant: a value goes where it is wanted from every branch; a branch that raises gives none. This file does not
//! know arithmetic.

use super::{Dest, Lower, types};
use crate::emit::low::{Ex, Kind, Outcome, Stmt, Ty};
use crate::ir::{Arm, Each, Expr, ExprKind, Fold, Over, Pattern, Type};
use crate::syntax::Name;

impl Lower<'_> {
    /// A value goes somewhere.
    pub(super) fn into(&mut self, e: &Expr, wanted: &Type, dest: &Dest, out: &mut Vec<Stmt>) -> Outcome<()> {
        match &e.kind {
            ExprKind::Fail(raise) => {
                let raise = self.raise(raise, out)?;
                out.push(Stmt::Raise(raise));
            }
            ExprKind::If(condition, then, otherwise) => {
                if let (Dest::Assign(_), Some(ex)) = (dest, self.short_if(e, wanted, out)?) {
                    self.finish(ex, dest, out);
                    return Ok(());
                }
                let condition = self.expr(condition, out)?;
                let (mut a, mut b) = (Vec::new(), Vec::new());
                self.block_into(then, wanted, dest, &mut a)?;
                self.block_into(otherwise, wanted, dest, &mut b)?;
                out.push(Stmt::If { condition, then: a, otherwise: b });
            }
            ExprKind::Match(of, arms) => self.match_into(of, arms, wanted, dest, out)?,
            _ => {
                let ex = self.named_as(e, wanted, "result", out)?;
                if matches!(wanted.base(), Type::Outputs(_)) && ex.ty != Ty::Outputs(self.outputs.clone()) {
                    return Err("outputs of one operator become those of another".to_owned());
                }
                self.finish(ex, dest, out);
            }
        }
        Ok(())
    }

    /// A choice or a loop as a value; a variable that it takes has this name when no other has.
    pub(super) fn flow(&mut self, e: &Expr, wanted: &Type, name: &str, out: &mut Vec<Stmt>) -> Outcome<Ex> {
        match &e.kind {
            ExprKind::Fold(fold) => return self.fold(fold, wanted, out),
            ExprKind::Each(each) => return self.each(each, wanted, name, out),
            ExprKind::If(..) => {
                if let Some(ex) = self.short_if(e, wanted, out)? {
                    return Ok(ex);
                }
            }
            _ => {}
        }
        let name = self.variable(name);
        let ty = self.wanted(wanted)?;
        let mut statements = Vec::new();
        self.into(e, wanted, &Dest::Assign(name.clone()), &mut statements)?;
        // A choice that became one assignment is a value after all.
        if let [Stmt::Assign { value, .. }] = statements.as_slice() {
            return Ok(value.clone());
        }
        out.push(Stmt::Let { name: name.clone(), ty: ty.clone(), value: None, changes: true });
        out.append(&mut statements);
        Ok(Ex::var(&name, ty))
    }

    /// The name of a binding is its own; any other is made unlike all.
    fn variable(&mut self, name: &str) -> Name {
        let is_binding = !matches!(name, "value" | "result");
        if is_binding { Name::from(name) } else { self.fresh(name) }
    }

    /// One of two that are without statements, where the target has an expression for that.
    fn short_if(&mut self, e: &Expr, wanted: &Type, out: &mut Vec<Stmt>) -> Outcome<Option<Ex>> {
        let ExprKind::If(condition, then, otherwise) = &e.kind else { return Ok(None) };
        let whole = |it: &crate::ir::Block| it.statements.is_empty() && !matches!(it.value.ty.base(), Type::Never);
        if !self.shape.conditional || !whole(then) || !whole(otherwise) {
            return Ok(None);
        }
        let (mut before, mut a, mut b) = (Vec::new(), Vec::new(), Vec::new());
        let condition = self.expr(condition, &mut before)?;
        let (then, otherwise) =
            (self.expr_as(&then.value, wanted, &mut a)?, self.expr_as(&otherwise.value, wanted, &mut b)?);
        let calls = (then.raises || otherwise.raises) && self.shape.calls_are_statements;
        if !a.is_empty() || !b.is_empty() || calls {
            return Ok(None);
        }
        out.append(&mut before);
        let ty = self.wanted(wanted)?;
        Ok(Some(Ex::new(Kind::Cond(Box::new([condition, then, otherwise])), ty)))
    }

    fn match_into(&mut self, of: &Expr, arms: &[Arm], wanted: &Type, dest: &Dest, out: &mut Vec<Stmt>) -> Outcome<()> {
        let subject = self.expr(of, out)?;
        if let Type::Enum(decl) = of.ty.base() {
            let mut left: Vec<usize> = (0..decl.values.len()).collect();
            let mut made = Vec::new();
            for arm in arms {
                let mut places = Vec::new();
                for pattern in &arm.patterns {
                    match pattern {
                        Pattern::Value(at, _) => places.push(*at),
                        _ => places.append(&mut left.clone()),
                    }
                }
                places.retain(|at| left.contains(at));
                left.retain(|at| !places.contains(at));
                let mut body = Vec::new();
                self.into(&arm.value, wanted, dest, &mut body)?;
                made.push((places, body));
            }
            if let Some(ex) = self.choice(&subject, &made, wanted)? {
                self.finish(ex, dest, out);
                return Ok(());
            }
            out.push(Stmt::Switch { subject, arms: made });
            return Ok(());
        }
        let subject = self.plain(subject, "subject", out);
        self.chain(&subject, &of.ty, arms, wanted, dest, out)
    }

    /// Arms that are values alone, where the target has an expression for that.
    fn choice(&self, subject: &Ex, arms: &[(Vec<usize>, Vec<Stmt>)], wanted: &Type) -> Outcome<Option<Ex>> {
        if !self.shape.choice {
            return Ok(None);
        }
        let mut made = Vec::new();
        for (places, body) in arms {
            match body.as_slice() {
                [Stmt::Return(value) | Stmt::Assign { value, .. }] => made.push((places.clone(), value.clone())),
                _ => return Ok(None),
            }
        }
        Ok(Some(Ex::new(Kind::Choice(Box::new(subject.clone()), made), self.wanted(wanted)?)))
    }

    /// Arms as conditions, one after the other; the last needs none.
    fn chain(
        &mut self,
        subject: &Ex,
        ty: &Type,
        arms: &[Arm],
        wanted: &Type,
        dest: &Dest,
        out: &mut Vec<Stmt>,
    ) -> Outcome<()> {
        let Some((arm, rest)) = arms.split_first() else { return Err("a match has no arms".to_owned()) };
        let mark = self.bound.len();
        let mut then = Vec::new();
        for pattern in &arm.patterns {
            if let (Pattern::Some(name), Type::Optional(inner)) = (pattern, ty.base()) {
                let inner = types::ty(inner)?;
                let value = Ex::op("unwrap", vec![subject.clone()], inner.clone());
                let bound = Ex::var(name, inner.clone());
                then.push(Stmt::Let { name: name.clone(), ty: inner, value: Some(value), changes: false });
                self.bound.push((name.clone(), bound));
            }
        }
        self.into(&arm.value, wanted, dest, &mut then)?;
        self.bound.truncate(mark);
        let mut condition: Option<Ex> = None;
        for pattern in &arm.patterns {
            let Some(one) = suits(pattern, subject) else {
                condition = None;
                break;
            };
            condition = Some(match condition {
                None => one,
                Some(before) => Ex::truth("or", vec![before, one]),
            });
        }
        match condition {
            Some(condition) if !rest.is_empty() => {
                let mut otherwise = Vec::new();
                self.chain(subject, ty, rest, wanted, dest, &mut otherwise)?;
                out.push(Stmt::If { condition, then, otherwise });
            }
            _ => out.append(&mut then),
        }
        Ok(())
    }

    fn fold(&mut self, fold: &Fold, wanted: &Type, out: &mut Vec<Stmt>) -> Outcome<Ex> {
        let init = self.expr_as(&fold.init, &fold.ty, out)?;
        let ty = types::ty(&fold.ty)?;
        let acc = fold.acc.clone();
        let mark = self.bound.len();
        let mut body = Vec::new();
        out.push(Stmt::Let { name: acc.clone(), ty: ty.clone(), value: Some(init), changes: true });
        let head = self.over(&fold.over, &fold.names, out)?;
        self.bound.push((acc.clone(), Ex::var(&acc, ty.clone())));
        self.block_into(&fold.body, &fold.ty, &Dest::Assign(acc.clone()), &mut body)?;
        self.bound.truncate(mark);
        out.push(head(body));
        self.coerce(Ex::var(&acc, ty), &fold.ty, wanted)
    }

    fn each(&mut self, each: &Each, wanted: &Type, name: &str, out: &mut Vec<Stmt>) -> Outcome<Ex> {
        let Type::List(element, _) = wanted.base() else { return Err("a list is something else".to_owned()) };
        let mark = self.bound.len();
        let head = self.over(&each.over, &each.names, out)?;
        let list = self.variable(name);
        let ty = types::ty(wanted)?;
        let empty = Ex::new(Kind::List(Vec::new()), ty.clone());
        out.push(Stmt::Let { name: list.clone(), ty: ty.clone(), value: Some(empty), changes: true });
        let mut body = Vec::new();
        let condition = each.condition.as_ref().map(|it| self.expr(it, &mut body)).transpose()?;
        let mut then = Vec::new();
        let value = self.expr_as(&each.value, element, &mut then)?;
        self.bound.truncate(mark);
        then.push(Stmt::Push { list: list.clone(), value });
        match condition {
            Some(condition) => body.push(Stmt::If { condition, then, otherwise: Vec::new() }),
            None => body.append(&mut then),
        }
        out.push(head(body));
        Ok(Ex::var(&list, ty))
    }

    /// A loop without its body; its names are bound.
    fn over(
        &mut self,
        over: &Over,
        names: &[Name],
        out: &mut Vec<Stmt>,
    ) -> Outcome<impl FnOnce(Vec<Stmt>) -> Stmt + use<>> {
        let made: Box<dyn FnOnce(Vec<Stmt>) -> Stmt> = match over {
            Over::Value(of) => {
                let types: Vec<Type> = match of.ty.base() {
                    Type::List(element, _) => vec![(**element).clone()],
                    Type::Map(key, value, _) => vec![(**key).clone(), (**value).clone()],
                    _ => return Err("a loop goes over something else".to_owned()),
                };
                let mut ex = self.expr(of, out)?;
                if self.shape.loops_over_names {
                    ex = self.plain(ex, "items", out);
                }
                let mut bound = Vec::new();
                for (name, ty) in names.iter().zip(&types) {
                    let ty = types::ty(ty)?;
                    self.bound.push((name.clone(), Ex::var(name, ty.clone())));
                    bound.push((name.clone(), ty));
                }
                Box::new(move |body| Stmt::ForEach { names: bound, over: ex, body })
            }
            Over::Range(from, to) => {
                let a = self.expr(from, out)?;
                let b = self.expr(to, out)?;
                let (Some(low), Some(high)) = (a.ty.range(), b.ty.range()) else {
                    return Err("a loop goes over something else".to_owned());
                };
                let ty = Ty::Int(low.join(high));
                let name = names.first().cloned().ok_or("a loop binds no name")?;
                self.bound.push((name.clone(), Ex::var(&name, ty.clone())));
                Box::new(move |body| Stmt::ForRange { name, ty, from: a, to: b, body })
            }
        };
        Ok(made)
    }

    /// Calls that may raise, each in a statement of its own, in the order in which they are evaluated.
    pub(super) fn hoist(&mut self, statements: Vec<Stmt>) -> Vec<Stmt> {
        let mut out = Vec::new();
        for statement in statements {
            let statement = match statement {
                Stmt::Let { name, ty, value, changes } => {
                    let value = value.map(|it| self.top(it, &mut out));
                    Stmt::Let { name, ty, value, changes }
                }
                Stmt::Assign { name, value } => Stmt::Assign { name, value: self.top(value, &mut out) },
                Stmt::Return(value) => Stmt::Return(self.top(value, &mut out)),
                Stmt::Push { list, value } => Stmt::Push { list, value: self.part(value, &mut out) },
                Stmt::Check { of, value } => Stmt::Check { of, value: self.part(value, &mut out) },
                Stmt::Raise(mut raise) if !self.may_stay(&raise.arguments) => {
                    raise.arguments = raise.arguments.into_iter().map(|it| self.inner(it, &mut out)).collect();
                    Stmt::Raise(raise)
                }
                Stmt::Raise(raise) => Stmt::Raise(raise),
                Stmt::If { condition, then, otherwise } => {
                    let condition = self.part(condition, &mut out);
                    Stmt::If { condition, then: self.hoist(then), otherwise: self.hoist(otherwise) }
                }
                Stmt::Switch { subject, arms } => {
                    let subject = self.part(subject, &mut out);
                    let arms = arms.into_iter().map(|(places, body)| (places, self.hoist(body))).collect();
                    Stmt::Switch { subject, arms }
                }
                Stmt::ForEach { names, over, body } => {
                    let over = self.part(over, &mut out);
                    Stmt::ForEach { names, over, body: self.hoist(body) }
                }
                Stmt::ForRange { name, ty, from, to, body } => {
                    let (from, to) = (self.part(from, &mut out), self.part(to, &mut out));
                    Stmt::ForRange { name, ty, from, to, body: self.hoist(body) }
                }
            };
            out.push(statement);
        }
        out
    }

    /// An expression that is a statement's whole value.
    fn top(&mut self, ex: Ex, out: &mut Vec<Stmt>) -> Ex {
        match ex.kind {
            Kind::Call(id, parts) if !self.may_stay(&parts) => {
                let raises = ex.raises;
                let parts = parts.into_iter().map(|it| self.inner(it, out)).collect();
                Ex { kind: Kind::Call(id, parts), ty: ex.ty, raises }
            }
            Kind::Call(..) => ex,
            _ => self.part(ex, out),
        }
    }

    /// Where only their order is the matter, one call alone stays where it is.
    fn may_stay(&self, parts: &[Ex]) -> bool {
        !self.shape.calls_are_statements && parts.iter().map(raising_calls).sum::<usize>() < 2
    }

    fn part(&mut self, ex: Ex, out: &mut Vec<Stmt>) -> Ex {
        if self.may_stay(std::slice::from_ref(&ex)) { ex } else { self.inner(ex, out) }
    }

    fn inner(&mut self, ex: Ex, out: &mut Vec<Stmt>) -> Ex {
        if !ex.raises {
            return ex;
        }
        let ty = ex.ty.clone();
        let mut all = |parts: Vec<Ex>| parts.into_iter().map(|it| self.inner(it, out)).collect::<Vec<Ex>>();
        let kind = match ex.kind {
            Kind::Call(id, parts) => {
                let call = Ex { kind: Kind::Call(id, all(parts)), ty: ty.clone(), raises: true };
                let name = self.fresh("value");
                out.push(Stmt::Let { name: name.clone(), ty: ty.clone(), value: Some(call), changes: false });
                Kind::Var(name)
            }
            Kind::Make(fields) => {
                Kind::Make(fields.into_iter().map(|(name, it)| (name, self.inner(it, out))).collect())
            }
            Kind::Update(of, fields) => {
                let of = Box::new(self.inner(*of, out));
                Kind::Update(of, fields.into_iter().map(|(name, it)| (name, self.inner(it, out))).collect())
            }
            Kind::Field(of, name) => Kind::Field(Box::new(self.inner(*of, out)), name),
            Kind::Fit(of) => Kind::Fit(Box::new(self.inner(*of, out))),
            Kind::List(items) => Kind::List(all(items)),
            Kind::Op(name, items) => Kind::Op(name, all(items)),
            other => other,
        };
        Ex::new(kind, ty)
    }
}

/// How many calls in it may raise.
fn raising_calls(ex: &Ex) -> usize {
    let several = |all: &[Ex]| all.iter().map(raising_calls).sum();
    match &ex.kind {
        Kind::Call(_, parts) => usize::from(ex.raises) + parts.iter().map(raising_calls).sum::<usize>(),
        Kind::Op(_, parts) | Kind::List(parts) => several(parts),
        Kind::Cond(parts) => several(&**parts),
        Kind::Make(fields) => fields.iter().map(|it| raising_calls(&it.1)).sum(),
        Kind::Update(of, fields) => raising_calls(of) + fields.iter().map(|it| raising_calls(&it.1)).sum::<usize>(),
        Kind::Field(of, _) | Kind::Fit(of) => raising_calls(of),
        Kind::Choice(of, arms) => raising_calls(of) + arms.iter().map(|it| raising_calls(&it.1)).sum::<usize>(),
        Kind::Map(entries) => entries.iter().map(|it| raising_calls(&it.0) + raising_calls(&it.1)).sum(),
        _ => 0,
    }
}

/// When a pattern suits; `None`: always.
fn suits(pattern: &Pattern, subject: &Ex) -> Option<Ex> {
    let one = |name: &str, other: Ex| Ex::truth(name, vec![subject.clone(), other]);
    Some(match pattern {
        Pattern::Any | Pattern::Value(..) => return None,
        Pattern::None => Ex::truth("is_none", vec![subject.clone()]),
        Pattern::Some(_) => Ex::truth("is_some", vec![subject.clone()]),
        Pattern::Bool(true) => subject.clone(),
        Pattern::Bool(false) => super::not(subject.clone()),
        Pattern::Range(low, high) if low == high => one("eq", Ex::int(low.clone())),
        Pattern::Range(low, high) => {
            Ex::truth("and", vec![one("ge", Ex::int(low.clone())), one("le", Ex::int(high.clone()))])
        }
        Pattern::Text(text) => {
            let size = crate::ir::Size::new(text.chars().count() as u64, text.chars().count() as u64);
            one("eq_text", Ex::new(Kind::Text(text.clone()), Ty::Text(size)))
        }
    })
}
