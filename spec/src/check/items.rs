//! Declarations other than operators: constants, types, enums, records, errors (rules S8, S13 to S18, S27).
//!
//! It does not know operators; hashes are in `hashes`.

use super::names::{Home, Style};
use super::{Checker, Scope};
use crate::diagnostic::{Diagnostic, Rule};
use crate::eval::Machine;
use crate::ir::{self, Alias, EnumDecl, FieldDecl, Presence, RecordDecl, Type, Unknown, Value};
use crate::syntax::{self, EnumItem, ErrorItem, Expr, File, Item, ItemKind, Name, Path, RecordItem, Span, TypeExpr};
use std::collections::HashMap;
use std::sync::Arc;

impl Checker<'_> {
    /// Makes out every declaration but operators and vectors.
    pub(super) fn items(&mut self) {
        let file: &File = self.file;
        // Errors first: everything else names them. Their parameters may name types, which name errors by name only.
        for item in &file.items {
            if let ItemKind::Error(error) = &item.kind {
                self.error_shell(item, error);
            }
        }
        self.invalid = file.header.invalid.as_ref().and_then(|path| self.bare_error(path));
        for item in &file.items {
            match &item.kind {
                ItemKind::Const(..) => {
                    self.own_constant(&item.name.name, item.name.span);
                }
                ItemKind::Type(..) | ItemKind::Enum(_) | ItemKind::Record(_) => {
                    let path = Path { parts: vec![item.name.clone()] };
                    self.named(&path);
                }
                _ => {}
            }
        }
        self.error_details();
        for item in &file.items {
            if let ItemKind::Hash(hash) = &item.kind {
                self.hash_item(item, hash);
            }
        }
    }

    /// The error of a constraint, which is raised without arguments.
    fn bare_error(&mut self, path: &Path) -> Option<ir::ErrorRef> {
        let (id, parameters) = self.error(path)?;
        if let Some(first) = parameters.first() {
            let message = format!("'{}' tells '{}', which a constraint does not know", id.name, first.0);
            let fault = Diagnostic::new(Rule::ConstraintError, path.span(), message).label("needs arguments");
            self.fault(fault.hint("name an error without parameters"));
        }
        Some(id)
    }

    /// The value of a constant.
    pub(super) fn constant_value(&mut self, path: &Path) -> Option<Value> {
        self.constant(path).map(|(_, _, value)| value)
    }

    /// A constant: its name, its type and its value.
    pub(super) fn constant(&mut self, path: &Path) -> Option<(ir::Ref, Type, Value)> {
        match self.home(path, "a constant")? {
            Home::Here(name) => {
                let found = self.own_constant(&name, path.span())?;
                Some((found.id.clone(), found.expr.ty.clone(), found.value.clone()))
            }
            Home::There(contract, name) => match contract.constant(&name) {
                Some(found) => Some((found.id.clone(), found.expr.ty.clone(), found.value.clone())),
                None => {
                    let known: Vec<Name> = contract.constants.iter().map(|it| it.id.name.clone()).collect();
                    self.unknown(&path.text(), path.span(), "constant", &known);
                    None
                }
            },
        }
    }

    fn own_constant(&mut self, name: &Name, span: Span) -> Option<Arc<ir::Constant>> {
        if let Some(found) = self.constants.get(name) {
            return found.clone();
        }
        let Some(item) = self.items.get(name).copied() else {
            let known = self.declared(|kind| matches!(kind, ItemKind::Const(..)));
            self.unknown(name, span, "constant", &known);
            return None;
        };
        let ItemKind::Const(annotation, expr) = &item.kind else {
            self.say(Rule::Agree, span, format!("'{name}' is no constant"));
            return None;
        };
        if self.circle(name, span, "constant") {
            return None;
        }
        self.visiting.push(name.clone());
        let made = self.make_constant(item, annotation.as_ref(), expr);
        self.visiting.pop();
        self.constants.insert(name.clone(), made.clone());
        made
    }

    fn make_constant(&mut self, item: &Item, ty: Option<&TypeExpr>, expr: &Expr) -> Option<Arc<ir::Constant>> {
        let ty = ty.map(|ty| self.ty(ty));
        let made = match &ty {
            Some(ty) => self.expect(&mut Scope::constant(), expr, ty, "the constant"),
            None => self.infer(&mut Scope::constant(), expr),
        };
        let value = self.evaluate(&made, expr.span)?;
        Some(Arc::new(ir::Constant { id: self.own(&item.name.name), docs: item.docs.clone(), ty, expr: made, value }))
    }

    /// What a constant expression is.
    pub(super) fn evaluate(&mut self, expr: &ir::Expr, span: Span) -> Option<Value> {
        if expr.has_bad() {
            return None;
        }
        let result = Machine::new(self, super::MAX_STEPS).value(expr);
        result
            .map_err(|halt| {
                let fault = Diagnostic::new(Rule::Constant, span, format!("this has no value: {halt}"));
                self.fault(fault);
            })
            .ok()
    }

    /// A type, an enum or a record.
    pub(super) fn type_item(&mut self, item: &Item) -> Type {
        match &item.kind {
            ItemKind::Type(ty, error) => {
                let ty = self.ty(ty);
                let error = error.as_ref().and_then(|path| self.bare_error(path));
                Type::Named(Arc::new(Alias { id: self.own(&item.name.name), docs: item.docs.clone(), ty, error }))
            }
            ItemKind::Enum(it) => self.enum_item(item, it),
            ItemKind::Record(it) => self.record_item(item, it),
            _ => Type::Bad,
        }
    }

    fn enum_item(&mut self, item: &Item, it: &EnumItem) -> Type {
        self.distinct(it.values.iter().map(|value| &value.name), "the value");
        let mut numbers: HashMap<i64, Span> = HashMap::new();
        for value in &it.values {
            self.spelling(&value.name, Style::Upper, "a value of an enum");
            if let Some(first) = numbers.insert(value.number, value.span) {
                let message = format!("the number {} stands for two values", value.number);
                self.fault(
                    Diagnostic::new(Rule::EnumForm, value.span, message).label("again").other(first, "first here"),
                );
            }
        }
        if it.values.is_empty() {
            self.say(Rule::EnumForm, item.name.span, format!("'{}' has no value", item.name.name));
        }
        let unknown = match &it.unknown {
            Some(syntax::Unknown::Error(path)) => self.bare_error(path).map(Unknown::Error),
            Some(syntax::Unknown::Value(name)) => {
                let at = it.values.iter().position(|value| value.name.name == name.name);
                if at.is_none() {
                    let known: Vec<Name> = it.values.iter().map(|value| value.name.name.clone()).collect();
                    self.unknown(&name.name, name.span, "value", &known);
                }
                at.map(Unknown::Value)
            }
            None => {
                let message = format!("'{}' does not say what an unknown number becomes", item.name.name);
                let fault = Diagnostic::new(Rule::EnumForm, item.name.span, message).label("no `unknown`");
                let hint = "write `unknown else ERROR` to refuse it, or `unknown is VALUE` to take it for that value";
                self.fault(fault.hint(hint));
                None
            }
        };
        let values = it.values.iter().map(|value| ir::EnumValue {
            name: value.name.name.clone(),
            number: value.number,
            docs: value.docs.clone(),
        });
        Type::Enum(Arc::new(EnumDecl {
            id: self.own(&item.name.name),
            docs: item.docs.clone(),
            values: values.collect(),
            unknown: unknown.unwrap_or(Unknown::Value(0)),
        }))
    }

    fn record_item(&mut self, item: &Item, it: &RecordItem) -> Type {
        self.distinct(it.fields.iter().map(|field| &field.name), "the field");
        let mut fields = Vec::new();
        for field in &it.fields {
            self.spelling(&field.name, Style::Snake, "a field");
            let ty = self.ty(&field.ty);
            if let (syntax::Presence::Optional, Type::Optional(_)) = (&field.presence, ty.base()) {
                self.say(Rule::Bounds, field.span, "a field with '?' is optional already");
            }
            let (ty, presence) = match &field.presence {
                syntax::Presence::Required => (ty, Presence::Required),
                syntax::Presence::Optional => (ty.optional(), Presence::Optional),
                syntax::Presence::Default(expr) => {
                    let default = self.default(expr, &ty);
                    (ty, Presence::Default(Box::new(default)))
                }
            };
            if it.state && matches!(presence, Presence::Required) {
                let message = format!("the field '{}' of a state has no first value", field.name.name);
                let fault = Diagnostic::new(Rule::Default, field.span, message).label("no default");
                self.fault(fault.hint("give it a default: the state begins with it"));
            }
            fields.push(FieldDecl { name: field.name.name.clone(), docs: field.docs.clone(), ty, presence });
        }
        let mut scope = Scope { floats: true, ..Scope::default() };
        for (field, decl) in it.fields.iter().zip(&fields) {
            scope.variables.push((decl.name.clone(), decl.ty.clone(), field.name.span));
        }
        let requires = it.requires.iter().map(|require| self.require(&mut scope, require)).collect();
        Type::Record(Arc::new(RecordDecl {
            id: self.own(&item.name.name),
            docs: item.docs.clone(),
            state: it.state,
            fields,
            requires,
        }))
    }

    fn default(&mut self, expr: &Expr, ty: &Type) -> (ir::Expr, Value) {
        let before = self.faults.len();
        let made = self.expect(&mut Scope::constant(), expr, ty, "the default");
        // Whatever is wrong with a default is a breach of its own rule too; one finding is enough.
        for fault in self.faults.iter_mut().skip(before) {
            if matches!(fault.rule, Rule::Agree | Rule::Fits | Rule::Constant) {
                fault.rule = Rule::Default;
            }
        }
        if !self.rules.has(Rule::Default) {
            self.faults.retain(|fault| fault.rule != Rule::Default);
        }
        let value = if self.faults.len() == before { self.evaluate(&made, expr.span) } else { None };
        (made, value.unwrap_or(Value::Optional(None)))
    }

    fn error_shell(&mut self, item: &Item, error: &ErrorItem) {
        let parameters = error.parameters.iter().map(|field| (field.name.name.clone(), Type::Bad)).collect();
        let decl = ir::ErrorDecl {
            id: self.own(&item.name.name),
            docs: item.docs.clone(),
            parameters,
            number: error.number,
            severity: error.severity,
            category: error.category.name.clone(),
            retry: error.retry,
            message: error.message.clone(),
        };
        self.errors.entry(item.name.name.clone()).or_insert_with(|| Arc::new(decl));
    }

    /// Types of parameters, numbers and messages, when types are known.
    fn error_details(&mut self) {
        let file: &File = self.file;
        let mut numbers: HashMap<u32, Span> = HashMap::new();
        for item in &file.items {
            let ItemKind::Error(error) = &item.kind else { continue };
            if let Some(first) = numbers.insert(error.number, error.number_span) {
                let message = format!("the number {} stands for two errors", error.number);
                let fault = Diagnostic::new(Rule::ErrorNumber, error.number_span, message).label("again");
                self.fault(fault.other(first, "first here"));
            }
            self.spelling(&error.category, Style::Snake, "a category");
            self.distinct(error.parameters.iter().map(|field| &field.name), "the parameter");
            let mut parameters = Vec::new();
            for field in &error.parameters {
                self.spelling(&field.name, Style::Snake, "a parameter");
                if field.presence != syntax::Presence::Required {
                    self.say(Rule::Default, field.span, "a parameter of an error is never left out");
                }
                parameters.push((field.name.name.clone(), self.ty(&field.ty)));
            }
            self.placeholders(error);
            if let Some(decl) = self.errors.get_mut(&item.name.name).and_then(Arc::get_mut) {
                decl.parameters = parameters;
            }
        }
    }

    /// Every `{name}` of a message is a parameter, and every parameter is told.
    fn placeholders(&mut self, error: &ErrorItem) {
        let mut told: Vec<&str> = Vec::new();
        let mut rest = error.message.as_str();
        while let Some((_, after)) = rest.split_once('{') {
            let Some((name, next)) = after.split_once('}') else {
                self.say(Rule::Placeholders, error.message_span, "a '{' of the message is not closed");
                return;
            };
            told.push(name);
            rest = next;
        }
        let known: Vec<&str> = error.parameters.iter().map(|field| &*field.name.name).collect();
        for name in told.iter().filter(|name| !known.contains(name)) {
            let message = format!("the message tells '{name}', which is no parameter");
            let fault = Diagnostic::new(Rule::Placeholders, error.message_span, message);
            self.fault(fault.suggest(name, known.iter().copied()));
        }
        for field in error.parameters.iter().filter(|field| !told.contains(&&*field.name.name)) {
            let message = format!("the message does not tell '{}'", field.name.name);
            let fault = Diagnostic::new(Rule::Placeholders, field.name.span, message).label("not told");
            self.fault(fault.other(error.message_span, "the message"));
        }
    }
}
