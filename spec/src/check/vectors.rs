//! Vectors: their arguments and what they expect, held against the meaning (rules S27, S37, S38).
//!
//! It does not know how an operator is evaluated.

use super::{Checker, Scope};
use crate::diagnostic::{Diagnostic, Rule, Rules};
use crate::eval;
use crate::ir::{self, Contract, Expected, Type};
use crate::syntax::{self, File, Ident, ItemKind, Name};
use std::sync::Arc;

impl Checker<'_> {
    pub(super) fn vector_items(&mut self) {
        let file: &File = self.file;
        for (name, operator) in self.operators.clone() {
            let items = file.items.iter().filter_map(|item| match &item.kind {
                ItemKind::Vector(vector) if vector.operator.name == name => Some((item, vector)),
                _ => None,
            });
            let items: Vec<_> = items.collect();
            self.distinct(items.iter().map(|(item, _)| &item.name), "the vector");
            if operator.is_extern && items.is_empty() {
                let span = self.items.get(&name).map(|item| item.name.span).unwrap_or_default();
                let fault = Diagnostic::new(Rule::ExternVectors, span, format!("'{name}' is extern and has no vector"));
                self.fault(fault.hint("say with `vector` what it gives for an example"));
            }
            for (item, vector) in items {
                if let Some(made) = self.vector(&item.name, &item.docs, vector, &operator) {
                    self.vectors.push(made);
                }
            }
        }
        let known = self.declared(|kind| matches!(kind, ItemKind::Operator(_)));
        for item in &file.items {
            if let ItemKind::Vector(vector) = &item.kind
                && !self.operators.contains_key(&vector.operator.name)
            {
                self.unknown(&vector.operator.name, vector.operator.span, "operator", &known);
            }
        }
    }

    fn vector(
        &mut self,
        name: &Ident,
        docs: &syntax::Docs,
        vector: &syntax::VectorItem,
        operator: &Arc<ir::Operator>,
    ) -> Option<ir::Vector> {
        let before = self.faults.len();
        let mut scope = Scope::constant();
        let inputs: Vec<(Name, Type)> = operator.inputs.iter().map(|it| (it.name.clone(), it.ty.clone())).collect();
        let span = name.span.to(vector.operator.span);
        let arguments = self.arguments(&mut scope, &vector.arguments, &inputs, &operator.id.name, span)?;
        if let syntax::Expected::Raise(raise) = &vector.expected {
            // What shows an error of the boundary cannot fit.
            let at_boundary = self.error(&raise.error).is_some_and(|it| operator.boundary.contains(&it.0));
            let misfit = |fault: &Diagnostic| fault.rule == Rule::Fits;
            let kept = self.faults.split_off(before);
            self.faults.extend(kept.into_iter().filter(|fault| !at_boundary || !misfit(fault)));
        }
        let expected = match &vector.expected {
            syntax::Expected::Raise(raise) => {
                let made = self.raise(&mut scope, raise)?;
                let raised = operator.raises.contains(&made.error) || operator.boundary.contains(&made.error);
                if !raised {
                    let message = format!("'{}' does not raise '{}'", operator.id.name, made.error.name);
                    self.say(Rule::VectorHolds, raise.span, message);
                }
                Expected::Raise(made)
            }
            syntax::Expected::Outputs(value) => {
                let result = operator.result();
                let value = match (&value.kind, operator.outputs.as_slice()) {
                    (syntax::ExprKind::Outputs(given), [only]) => {
                        given.iter().find(|it| it.0.name == only.name).map_or(value, |it| &it.1)
                    }
                    _ => value,
                };
                Expected::Outputs(self.expect(&mut scope, value, &result, "what is expected"))
            }
        };
        (self.faults.len() == before).then(|| ir::Vector {
            operator: operator.id.name.clone(),
            name: name.name.clone(),
            docs: docs.clone(),
            arguments,
            expected,
        })
    }
}

/// Holds every vector against the meaning.
pub(super) fn hold(file: &File, contract: &Contract, rules: Rules, faults: &mut Vec<Diagnostic>) {
    if !rules.has(Rule::VectorHolds) {
        return;
    }
    for vector in &contract.vectors {
        let Some(why) = eval::hold(contract, vector) else { continue };
        let item = file.items.iter().find(|item| match &item.kind {
            ItemKind::Vector(it) => it.operator.name == vector.operator && item.name.name == vector.name,
            _ => false,
        });
        let span = item.map(|item| item.span).unwrap_or_default();
        let message = format!("the vector '{}' of '{}' does not hold: {why}", vector.name, vector.operator);
        faults.push(Diagnostic::new(Rule::VectorHolds, span, message).label("says something else"));
    }
}
