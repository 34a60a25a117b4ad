//! Blocks, branches and loops: what is bound, and what is known where (rules S5, S19, S26).
//!
//! Invariant: facts and bindings of a branch end with it. It does not know other expressions.

use super::infer::{bad, expr};
use super::{Checker, Scope, facts};
use crate::diagnostic::{Diagnostic, Rule};
use crate::ir::{self, Expr, ExprKind, Range, Size, Type};
use crate::syntax::{self, Block, Ident, Name, Over, Span, Statement};
use std::sync::Arc;

impl Checker<'_> {
    /// Binds a name for what follows.
    pub(super) fn bind(&mut self, scope: &mut Scope, name: &Ident, ty: Type) {
        self.spelling(name, super::names::Style::Snake, "a value");
        if let Some((_, _, first)) = scope.variable(&name.name) {
            let message = format!("'{}' is bound already", name.name);
            let fault = Diagnostic::new(Rule::Shadowing, name.span, message).label("bound again");
            self.fault(fault.other(*first, "first here").hint("give it another name"));
        }
        scope.variables.push((name.name.clone(), ty, name.span));
    }

    pub(super) fn require(&mut self, scope: &mut Scope, require: &syntax::Require) -> ir::Require {
        let condition = self.expect(scope, &require.condition, &Type::Bool, "a condition");
        // The error is told where the condition does not hold.
        let mark = scope.mark();
        facts::learn(&condition, false, &mut scope.facts);
        let raise = self.raise(scope, &require.raise);
        scope.back_to(mark);
        facts::learn(&condition, true, &mut scope.facts);
        let raise = raise.unwrap_or_else(|| ir::Raise {
            error: self.own(&Name::from(require.raise.error.text())),
            arguments: Vec::new(),
        });
        ir::Require { condition, raise }
    }

    /// Statements and a value, which may have to be of a type.
    pub(super) fn block(&mut self, scope: &mut Scope, block: &Block, to: Option<(&Type, &str)>) -> ir::Block {
        let mark = scope.mark();
        let mut statements = Vec::with_capacity(block.statements.len());
        for statement in &block.statements {
            match statement {
                Statement::Require(require) => {
                    statements.push(ir::Statement::Require(self.require(scope, require)));
                }
                Statement::Let(name, annotation, value, _) => {
                    let ty = annotation.as_ref().map(|ty| self.ty(ty));
                    let made = match &ty {
                        Some(ty) => self.expect(scope, value, ty, &format!("'{}'", name.name)),
                        None => self.infer(scope, value),
                    };
                    // What is written is what is known, as in every target.
                    self.bind(scope, name, ty.clone().unwrap_or_else(|| made.ty.clone()));
                    statements.push(ir::Statement::Let(name.name.clone(), ty, made));
                }
            }
        }
        let value = match to {
            Some((ty, what)) => self.expect(scope, &block.value, ty, what),
            None => self.infer(scope, &block.value),
        };
        scope.back_to(mark);
        ir::Block { statements, value }
    }

    pub(super) fn if_expr(
        &mut self,
        scope: &mut Scope,
        condition: &syntax::Expr,
        then: &Block,
        otherwise: &Block,
        to: Option<(&Type, &str)>,
    ) -> Expr {
        let condition = self.expect(scope, condition, &Type::Bool, "a condition");
        let mut branches = Vec::with_capacity(2);
        for (block, holds) in [(then, true), (otherwise, false)] {
            let mark = scope.mark();
            facts::learn(&condition, holds, &mut scope.facts);
            branches.push(self.block(scope, block, to));
            scope.back_to(mark);
        }
        let (Some(second), Some(first)) = (branches.pop(), branches.pop()) else { return bad() };
        let ty = self.joined(&first.value.ty, &second.value.ty, otherwise.value.span, "the two branches");
        expr(ExprKind::If(Box::new(condition), Box::new(first), Box::new(second)), ty)
    }

    /// What a loop goes over, with types of its names and how often it turns.
    pub(super) fn over(&mut self, scope: &mut Scope, over: &Over, names: &[Ident]) -> (ir::Over, Vec<Type>, Size) {
        let (made, types, size) = match over {
            Over::Range(from, to) => {
                let (from_made, to_made) = (self.infer(scope, from), self.infer(scope, to));
                match (from_made.ty.base(), to_made.ty.base()) {
                    (Type::Int(a), Type::Int(b)) => {
                        let count = |n: num_bigint::BigInt| u64::try_from(n + 1).unwrap_or(0);
                        let most =
                            if b.high < a.low { 0 } else { u64::try_from(&b.high - &a.low + 1).unwrap_or(u64::MAX) };
                        let size = Size::new(count(&b.low - &a.high).min(most), most);
                        let ty = Type::Int(Range::new(a.low.clone(), b.high.clone()));
                        (ir::Over::Range(from_made, to_made), vec![ty], size)
                    }
                    _ => {
                        let from = self.fit_int(from_made, from.span);
                        let to = self.fit_int(to_made, to.span);
                        (ir::Over::Range(from, to), vec![Type::Bad], Size::new(0, 0))
                    }
                }
            }
            Over::Value(value) => {
                let made = self.infer(scope, value);
                let (types, size) = match made.ty.base() {
                    Type::List(element, size) => (vec![(**element).clone()], *size),
                    Type::Map(key, element, size) => (vec![(**key).clone(), (**element).clone()], *size),
                    Type::Bad => (vec![Type::Bad; names.len()], Size::new(0, 0)),
                    other => {
                        let fault =
                            Diagnostic::new(Rule::Agree, value.span, format!("a loop does not go over {other}"));
                        self.fault(fault.hint("it goes over a list, a map, or whole numbers `0..=9`"));
                        (vec![Type::Bad; names.len()], Size::new(0, 0))
                    }
                };
                (ir::Over::Value(made), types, size)
            }
        };
        if types.len() != names.len() {
            let span = names.first().map(|name| name.span).unwrap_or_default();
            let message = format!("this loop has {} names to give, not {}", types.len(), names.len());
            self.say(Rule::Arguments, span, message);
        }
        (made, types, size)
    }

    fn fit_int(&mut self, made: Expr, span: Span) -> Expr {
        if !matches!(made.ty.base(), Type::Int(_) | Type::Bad) {
            self.say(Rule::Agree, span, format!("the end of a range is a whole number, and this is {}", made.ty));
        }
        made
    }

    fn bind_loop(&mut self, scope: &mut Scope, names: &[Ident], types: Vec<Type>) {
        for (name, ty) in names.iter().zip(types) {
            self.bind(scope, name, ty);
        }
    }

    pub(super) fn each(&mut self, scope: &mut Scope, each: &syntax::Each) -> Expr {
        let (over, types, size) = self.over(scope, &each.over, &each.names);
        let mark = scope.mark();
        self.bind_loop(scope, &each.names, types);
        let condition = each.condition.as_ref().map(|it| self.expect(scope, it, &Type::Bool, "a condition"));
        if let Some(condition) = &condition {
            facts::learn(condition, true, &mut scope.facts);
        }
        let value = self.infer(scope, &each.value);
        scope.back_to(mark);
        let low = if condition.is_some() { 0 } else { size.low };
        let ty = Type::List(Arc::new(value.ty.clone()), Size::new(low, size.high));
        let names = each.names.iter().map(|name| name.name.clone()).collect();
        expr(ExprKind::Each(Box::new(ir::Each { value, names, over, condition })), ty)
    }

    pub(super) fn fold(&mut self, scope: &mut Scope, fold: &syntax::Fold) -> Expr {
        let ty = self.ty(&fold.ty);
        if !scope.floats && ty.has_float() {
            self.float_place(&ty, &fold.acc, false);
        }
        let what = format!("'{}'", fold.acc.name);
        let init = self.expect(scope, &fold.init, &ty, &what);
        let (over, types, _) = self.over(scope, &fold.over, &fold.names);
        let mark = scope.mark();
        self.bind(scope, &fold.acc, ty.clone());
        self.bind_loop(scope, &fold.names, types);
        let body = self.block(scope, &fold.body, Some((&ty, &what)));
        scope.back_to(mark);
        let names = fold.names.iter().map(|name| name.name.clone()).collect();
        let made = ir::Fold { acc: fold.acc.name.clone(), ty: ty.clone(), init, names, over, body };
        expr(ExprKind::Fold(Box::new(made)), ty)
    }
}
