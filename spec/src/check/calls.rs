//! Calls of operators and hashes (rules S1, S26, S28, S31, S36).
//!
//! It does not know bodies: a call sees a signature.

use super::infer::{bad, expr};
use super::names::Home;
use super::{Checker, Scope};
use crate::diagnostic::{Diagnostic, Rule};
use crate::ir::{self, Expr, ExprKind, Param, Ref, Type};
use crate::syntax::{Argument, ItemKind, Name, Path, Purity, Span};
use std::sync::Arc;

/// What a path calls.
enum Callee {
    Operator(Arc<ir::Operator>),
    Hash(Arc<ir::HashDecl>),
}

impl Checker<'_> {
    pub(super) fn call(&mut self, scope: &mut Scope, path: &Path, arguments: &[Argument], span: Span) -> Expr {
        let Some(callee) = self.callee(path) else { return bad() };
        match callee {
            Callee::Hash(hash) => {
                let parameters = parameters(&hash.parameters);
                match self.arguments(scope, arguments, &parameters, &hash.id.name, span) {
                    Some(made) => expr(ExprKind::Hash(hash.id.clone(), made), Type::Hash(hash.function)),
                    None => bad(),
                }
            }
            Callee::Operator(operator) => self.operator_call(scope, &operator, arguments, span),
        }
    }

    fn operator_call(&mut self, scope: &mut Scope, callee: &ir::Operator, given: &[Argument], span: Span) -> Expr {
        let parameters = parameters(&callee.inputs);
        let made = self.arguments(scope, given, &parameters, &callee.id.name, span);
        if scope.constant {
            let fault = Diagnostic::new(Rule::Constant, span, "a constant expression calls no operator");
            self.fault(fault.hint("write the value"));
            return bad();
        }
        if callee.tolerances.is_some() && !scope.floats {
            let message = format!("'{}' has profile E1, and this is E0", callee.id.name);
            self.say(Rule::Profile, span, message);
        }
        scope.called.entry(callee.id.clone()).or_insert(span);
        for error in &callee.raises {
            scope.raised.entry(error.clone()).or_insert(span);
        }
        match made {
            Some(made) => expr(ExprKind::Call(callee.id.clone(), made), callee.result()),
            None => bad(),
        }
    }

    fn callee(&mut self, path: &Path) -> Option<Callee> {
        match self.home(path, "an operator")? {
            Home::Here(name) => {
                if let Some(operator) = self.operators.get(&name) {
                    return Some(Callee::Operator(operator.clone()));
                }
                if let Some(hash) = self.hashes.get(&name) {
                    return Some(Callee::Hash(hash.clone()));
                }
                let known = self.declared(|kind| matches!(kind, ItemKind::Operator(_) | ItemKind::Hash(_)));
                if !known.contains(&name) {
                    self.unknown(&name, path.span(), "operator or hash", &known);
                    return None;
                }
                // An operator is declared, and not known yet: a constant or a hash wants to call it.
                let fault = Diagnostic::new(Rule::Constant, path.span(), format!("'{name}' cannot be called here"));
                self.fault(fault.hint("only bodies, `require` and `ensure` of operators call operators"));
                None
            }
            Home::There(contract, name) => {
                let operator = contract.operator(&name).cloned().map(Callee::Operator);
                let found = operator.or_else(|| contract.hash(&name).cloned().map(Callee::Hash));
                if found.is_none() {
                    let operators = contract.operators.iter().map(|it| it.id.name.clone());
                    let known: Vec<Name> =
                        operators.chain(contract.hashes.iter().map(|it| it.id.name.clone())).collect();
                    self.unknown(&path.text(), path.span(), "operator or hash", &known);
                }
                found
            }
        }
    }

    /// What purity a called operator has.
    pub(super) fn purity_of(&self, id: &Ref) -> Option<Purity> {
        if id.contract == self.me {
            return self.operators.get(&id.name).map(|it| it.purity);
        }
        let contract = self.imports.values().find(|it| it.name == id.contract)?;
        contract.operator(&id.name).map(|it| it.purity)
    }
}

fn parameters(params: &[Param]) -> Vec<(Name, Type)> {
    params.iter().map(|param| (param.name.clone(), param.ty.clone())).collect()
}
