//! Hash definitions: their preimage has one canonical form (rule S39).
//!
//! It does not know how values are encoded, only which types have one encoding.

use super::names::Style;
use super::{Checker, Scope};
use crate::diagnostic::{Diagnostic, Rule};
use crate::ir::{self, Expr, HashDecl, Param, Preimage, Type};
use crate::syntax::{self, HashItem, Item, Span};
use std::sync::Arc;

impl Checker<'_> {
    pub(super) fn hash_item(&mut self, item: &Item, hash: &HashItem) {
        let parameters = self.params(&hash.parameters);
        let mut scope = Scope { floats: true, ..Scope::default() };
        for (param, made) in hash.parameters.iter().zip(&parameters) {
            if param.state {
                self.say(Rule::StatePair, param.name.span, "a hash has no state");
            }
            scope.variables.push((made.name.clone(), made.ty.clone(), param.name.span));
        }
        let preimage = match &hash.preimage {
            syntax::Preimage::Commit(tag, elements) => {
                if tag.is_empty() {
                    self.say(Rule::HashForm, item.name.span, "the tag of a commitment is not empty");
                }
                let made = elements.iter().map(|element| {
                    let made = self.infer(&mut scope, element);
                    self.canonical(&made, element.span);
                    made
                });
                Preimage::Commit(tag.clone(), made.collect())
            }
            syntax::Preimage::Object(value, without) => {
                let made = self.infer(&mut scope, value);
                self.canonical(&made, value.span);
                self.excluded(&made.ty, without);
                let mut names: Vec<_> = without.iter().map(|name| name.name.clone()).collect();
                names.sort();
                Preimage::Object(made, names)
            }
            syntax::Preimage::Raw(value) => {
                let made = self.infer(&mut scope, value);
                if !matches!(made.ty.base(), Type::Bytes(_) | Type::Hash(_) | Type::Bad) {
                    let fault =
                        Diagnostic::new(Rule::HashForm, value.span, format!("`raw` takes bytes, not {}", made.ty));
                    self.fault(fault.hint("utf8(text) gives bytes; `object` and `commit` take any value"));
                }
                Preimage::Raw(made)
            }
        };
        if let Some((error, span)) = scope.raised.iter().next() {
            let fault =
                Diagnostic::new(Rule::HashForm, *span, format!("a hash raises no error, and this may raise '{error}'"));
            self.fault(fault);
        }
        let decl = HashDecl {
            id: self.own(&item.name.name),
            docs: item.docs.clone(),
            parameters,
            function: hash.function,
            preimage,
        };
        self.hashes.insert(item.name.name.clone(), Arc::new(decl));
    }

    fn canonical(&mut self, made: &Expr, span: Span) {
        if made.ty.has_float() {
            let fault = Diagnostic::new(Rule::HashForm, span, "a float has no place in what is hashed");
            self.fault(fault.hint("its last bits differ between targets; hash a decimal"));
        }
    }

    fn excluded(&mut self, ty: &Type, without: &[syntax::Ident]) {
        if without.is_empty() {
            return;
        }
        self.distinct(without.iter(), "the field");
        let Type::Record(record) = ty.base() else {
            if let Some(first) = without.first() {
                self.say(Rule::HashForm, first.span, format!("`excluding` takes fields of a record, and this is {ty}"));
            }
            return;
        };
        for name in without.iter().filter(|name| !record.fields.iter().any(|field| field.name == name.name)) {
            let message = format!("'{}' has no field '{}'", record.id.name, name.name);
            let fault = Diagnostic::new(Rule::HashForm, name.span, message);
            self.fault(fault.suggest(&name.name, record.fields.iter().map(|field| &*field.name)));
        }
    }

    /// Parameters: spelt, distinct, with their types.
    pub(super) fn params(&mut self, params: &[syntax::Param]) -> Vec<Param> {
        self.distinct(params.iter().map(|param| &param.name), "the name");
        let made = params.iter().map(|param| {
            self.spelling(&param.name, Style::Snake, "a parameter");
            Param {
                name: param.name.name.clone(),
                docs: param.docs.clone(),
                ty: self.ty(&param.ty),
                state: param.state,
            }
        });
        made.collect()
    }
}

impl ir::Expr {
    /// Is there something in it that could not be made out?
    pub(crate) fn has_bad(&self) -> bool {
        let mut found = false;
        self.walk(&mut |e| found |= matches!(e.kind, ir::ExprKind::Bad) || matches!(e.ty, Type::Bad));
        found
    }
}
