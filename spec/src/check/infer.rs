//! Expressions: what type they have, and what they mean (rules S5, S19, S25 to S27).
//!
//! `expect` is asked with the type that is wanted, `infer` without. Invariants: a fault gives the type `Bad`; facts and
//! bindings of a branch end with it. Arithmetic, primitives, matches and narrowing stand in files of their own.

use super::{Checker, Scope, facts, fits};
use crate::diagnostic::{Diagnostic, Rule};
use crate::ir::{self, Expr, ExprKind, Presence, Range, RecordDecl, Size, TextType, Type};
use crate::syntax::{self, Argument, Ident, Name, Path, Raise, Span};
use std::sync::Arc;

/// An expression that could not be made out.
pub(super) fn bad() -> Expr {
    Expr { kind: ExprKind::Bad, ty: Type::Bad }
}

/// An expression.
pub(super) fn expr(kind: ExprKind, ty: Type) -> Expr {
    Expr { kind, ty }
}

impl Checker<'_> {
    /// An expression that has to be of a type.
    pub(super) fn expect(&mut self, scope: &mut Scope, e: &syntax::Expr, to: &Type, what: &str) -> Expr {
        use syntax::ExprKind as S;
        match (&e.kind, to.base()) {
            (S::List(items), Type::List(element, size)) if size.has(items.len() as u64) => {
                let items: Vec<Expr> =
                    items.iter().map(|item| self.expect(scope, item, element, "the element")).collect();
                let n = items.len() as u64;
                expr(ExprKind::List(items), Type::List(element.clone(), Size::new(n, n)))
            }
            (S::Map(entries), Type::Map(key, value, size)) if size.has(entries.len() as u64) => {
                let entries: Vec<(Expr, Expr)> = entries
                    .iter()
                    .map(|(k, v)| (self.expect(scope, k, key, "the key"), self.expect(scope, v, value, "the value")))
                    .collect();
                let n = entries.len() as u64;
                let least = n.min(1);
                expr(ExprKind::Map(entries), Type::Map(key.clone(), value.clone(), Size::new(least, n)))
            }
            (S::Some(inner), Type::Optional(to)) => {
                let inner = self.expect(scope, inner, to, what);
                let ty = inner.ty.clone().optional();
                expr(ExprKind::Some(Box::new(inner)), ty)
            }
            (S::If(condition, then, otherwise), _) => self.if_expr(scope, condition, then, otherwise, Some((to, what))),
            (S::Match(value, arms), _) => self.match_expr(scope, e.span, value, arms, Some((to, what))),
            (S::Outputs(outputs), Type::Outputs(wanted)) => self.outputs(scope, e.span, outputs, wanted),
            _ => {
                let made = self.infer(scope, e);
                self.fit(made, e.span, to, what)
            }
        }
    }

    /// An expression of whatever type it has.
    pub(super) fn infer(&mut self, scope: &mut Scope, e: &syntax::Expr) -> Expr {
        use syntax::ExprKind as S;
        match &e.kind {
            S::Bad => bad(),
            S::Bool(b) => expr(ExprKind::Bool(*b), Type::Bool),
            S::Int(n) => {
                let ty = Type::Int(Range::of(n.clone()));
                self.width(expr(ExprKind::Int(n.clone()), ty), e.span)
            }
            S::Decimal(n, scale) => {
                let ty = Type::Decimal(*scale, Range::of(n.clone()));
                self.width(expr(ExprKind::Decimal(n.clone(), *scale), ty), e.span)
            }
            S::Float(f) => {
                if !scope.floats || !f.is_finite() {
                    let fault =
                        Diagnostic::new(Rule::FloatPlace, e.span, "a float stands in operators of profile E1 only");
                    self.fault(fault.hint("write a decimal, without the exponent"));
                }
                expr(ExprKind::Float(*f), Type::Float)
            }
            S::Text(text) => {
                let known = Name::from(text.as_str());
                let n = text.chars().count() as u64;
                let nfc = unicode_normalization::is_nfc(text);
                let ty = TextType { size: Size::new(n, n), pattern: None, nfc, known: Some(known.clone()) };
                expr(ExprKind::Text(known), Type::Text(ty))
            }
            S::Bytes(bytes) => {
                let n = bytes.len() as u64;
                expr(ExprKind::Bytes(bytes.clone()), Type::Bytes(Size::new(n, n)))
            }
            S::None => expr(ExprKind::None, Type::Never.optional()),
            S::Some(inner) => {
                let inner = self.infer(scope, inner);
                let ty = inner.ty.clone().optional();
                expr(ExprKind::Some(Box::new(inner)), ty)
            }
            S::Variable(name) => self.variable(scope, name, e.span),
            S::Path(path) => self.path(path),
            S::Outputs(_) => {
                let fault = Diagnostic::new(Rule::Agree, e.span, "named outputs stand at the end of an operator only");
                self.fault(fault.hint("to keep several values together, declare a record"));
                bad()
            }
            S::List(items) => self.list(scope, items),
            S::Map(entries) => self.map(scope, entries),
            S::Each(each) => self.each(scope, each),
            S::Record(path, fields) => self.record(scope, path, fields, e.span),
            S::With(of, fields) => self.with(scope, of, fields, e.span),
            S::Field(of, name) => self.field(scope, of, name),
            S::Primitive(name, arguments) => self.primitive(scope, name, arguments, e.span),
            S::Call(path, arguments) => self.call(scope, path, arguments, e.span),
            S::Negate(inner) => self.negate(scope, inner, e.span),
            S::Not(inner) => {
                let inner = self.expect(scope, inner, &Type::Bool, "a condition");
                expr(ExprKind::Not(Box::new(inner)), Type::Bool)
            }
            S::Binary(operator, left, right) => self.binary(scope, *operator, left, right, e.span),
            S::Narrow(narrow) => self.narrow(scope, narrow, e.span),
            S::Unwrap(value, raise) => self.unwrap(scope, value, raise),
            S::Fail(raise) => match self.raise(scope, raise) {
                Some(raise) => expr(ExprKind::Fail(raise), Type::Never),
                None => bad(),
            },
            S::If(condition, then, otherwise) => self.if_expr(scope, condition, then, otherwise, None),
            S::Match(value, arms) => self.match_expr(scope, e.span, value, arms, None),
            S::Fold(fold) => self.fold(scope, fold),
        }
    }

    fn variable(&mut self, scope: &Scope, name: &Name, span: Span) -> Expr {
        let Some((name, ty, _)) = scope.variable(name) else {
            let known: Vec<Name> = scope.variables.iter().map(|variable| variable.0.clone()).collect();
            if scope.constant {
                let fault = Diagnostic::new(Rule::Constant, span, format!("'{name}' is no constant"));
                self.fault(fault.label("not known before anything runs").hint("constants are spelt in capitals"));
            } else {
                self.unknown(name, span, "value", &known);
            }
            return bad();
        };
        let made = expr(ExprKind::Variable(name.clone()), ty.clone());
        with_facts(scope, made)
    }

    fn path(&mut self, path: &Path) -> Expr {
        let parts = path.parts.as_slice();
        let is_value = match parts {
            [first, _] => !self.imports.contains_key(&first.name),
            [_, _, _] => true,
            _ => false,
        };
        if let (true, Some((last, before))) = (is_value, parts.split_last()) {
            let of = Path { parts: before.to_vec() };
            return match self.named(&of).base() {
                Type::Enum(decl) => match decl.values.iter().position(|value| value.name == last.name) {
                    Some(at) => expr(ExprKind::EnumValue(decl.clone(), at), Type::Enum(decl.clone())),
                    None => {
                        let known: Vec<Name> = decl.values.iter().map(|value| value.name.clone()).collect();
                        self.unknown(&last.name, last.span, &format!("value of '{}'", decl.id.name), &known);
                        bad()
                    }
                },
                Type::Bad => bad(),
                other => {
                    self.say(
                        Rule::Agree,
                        of.span(),
                        format!("'{}' is {other}, which has no values by name", of.text()),
                    );
                    bad()
                }
            };
        }
        match self.constant(path) {
            Some((id, ty, _)) => expr(ExprKind::Constant(id), ty),
            None => bad(),
        }
    }

    fn list(&mut self, scope: &mut Scope, items: &[syntax::Expr]) -> Expr {
        let mut element = Type::Never;
        let mut made = Vec::with_capacity(items.len());
        for item in items {
            let value = self.infer(scope, item);
            element = self.joined(&element, &value.ty, item.span, "the elements of a list");
            made.push(value);
        }
        let n = items.len() as u64;
        expr(ExprKind::List(made), Type::List(Arc::new(element), Size::new(n, n)))
    }

    fn map(&mut self, scope: &mut Scope, entries: &[(syntax::Expr, syntax::Expr)]) -> Expr {
        let (mut keys, mut values) = (Type::Never, Type::Never);
        let mut made = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let pair = (self.infer(scope, key), self.infer(scope, value));
            keys = self.joined(&keys, &pair.0.ty, key.span, "the keys of a map");
            values = self.joined(&values, &pair.1.ty, value.span, "the values of a map");
            if !pair.0.ty.is_ordered() {
                self.say(Rule::MapKey, key.span, format!("values of the type '{}' cannot be keys", pair.0.ty));
            }
            made.push(pair);
        }
        let n = entries.len() as u64;
        let ty = Type::Map(Arc::new(keys), Arc::new(values), Size::new(n.min(1), n));
        expr(ExprKind::Map(made), ty)
    }

    /// The type that holds both, or a finding.
    pub(super) fn joined(&mut self, a: &Type, b: &Type, span: Span, what: &str) -> Type {
        fits::join(a, b).unwrap_or_else(|| {
            let fault = Diagnostic::new(Rule::Agree, span, format!("{what} are of one type: {a} and {b} are not"));
            self.fault(fault.label(format!("this is {b}")));
            Type::Bad
        })
    }

    fn outputs(
        &mut self,
        scope: &mut Scope,
        span: Span,
        given: &[(Ident, syntax::Expr)],
        wanted: &Arc<Vec<(Name, Type)>>,
    ) -> Expr {
        self.distinct(given.iter().map(|output| &output.0), "the output");
        let mut made = Vec::new();
        for (name, ty) in wanted.iter() {
            match given.iter().find(|output| output.0.name == *name) {
                Some((_, value)) => made.push((name.clone(), self.expect(scope, value, ty, &format!("'{name}'")))),
                None => self.say(Rule::Fields, span, format!("the output '{name}' is missing")),
            }
        }
        for (name, _) in given.iter().filter(|output| !wanted.iter().any(|it| it.0 == output.0.name)) {
            let known: Vec<Name> = wanted.iter().map(|it| it.0.clone()).collect();
            let fault = Diagnostic::new(Rule::Fields, name.span, format!("there is no output '{}'", name.name));
            self.fault(fault.suggest(&name.name, known.iter().map(|it| &**it)));
        }
        expr(ExprKind::Outputs(made), Type::Outputs(wanted.clone()))
    }

    /// Values of fields, by the record's declaration.
    fn field_values(
        &mut self,
        scope: &mut Scope,
        record: &RecordDecl,
        given: &[(Ident, syntax::Expr)],
    ) -> Vec<(Name, Expr)> {
        self.distinct_fields(given);
        let mut made = Vec::new();
        for field in &record.fields {
            if let Some((_, value)) = given.iter().find(|it| it.0.name == field.name) {
                let what = format!("the field '{}'", field.name);
                made.push((field.name.clone(), self.expect(scope, value, &field.ty, &what)));
            }
        }
        for (name, _) in given.iter().filter(|it| !record.fields.iter().any(|field| field.name == it.0.name)) {
            let message = format!("'{}' has no field '{}'", record.id.name, name.name);
            let fault = Diagnostic::new(Rule::Fields, name.span, message).label("not known");
            self.fault(fault.suggest(&name.name, record.fields.iter().map(|field| &*field.name)));
        }
        made
    }

    fn distinct_fields(&mut self, given: &[(Ident, syntax::Expr)]) {
        for (at, (name, _)) in given.iter().enumerate() {
            if let Some((first, _)) = given.iter().take(at).find(|it| it.0.name == name.name) {
                let message = format!("the field '{}' is given twice", name.name);
                let fault = Diagnostic::new(Rule::Fields, name.span, message).label("again");
                self.fault(fault.other(first.span, "first here"));
            }
        }
    }

    fn record(&mut self, scope: &mut Scope, path: &Path, given: &[(Ident, syntax::Expr)], span: Span) -> Expr {
        let Some(record) = self.record_type(path) else { return bad() };
        let made = self.field_values(scope, &record, given);
        let missing: Vec<String> = record
            .fields
            .iter()
            .filter(|field| matches!(field.presence, Presence::Required))
            .filter(|field| !made.iter().any(|it| it.0 == field.name))
            .map(|field| format!("'{}'", field.name))
            .collect();
        if !missing.is_empty() {
            let message = format!("'{}' needs {}", record.id.name, missing.join(", "));
            self.fault(Diagnostic::new(Rule::Fields, span, message).label("not given here"));
        }
        self.requires_raised(scope, &record, span);
        expr(ExprKind::Record(record.clone(), made), Type::Record(record))
    }

    /// Making a record raises the errors of what must hold between its fields.
    fn requires_raised(&mut self, scope: &mut Scope, record: &RecordDecl, span: Span) {
        for require in &record.requires {
            scope.raised.entry(require.raise.error.clone()).or_insert(span);
        }
    }

    fn with(&mut self, scope: &mut Scope, of: &syntax::Expr, given: &[(Ident, syntax::Expr)], span: Span) -> Expr {
        let of_made = self.infer(scope, of);
        let record = match of_made.ty.base() {
            Type::Record(record) => record.clone(),
            Type::Bad => return bad(),
            other => {
                self.say(Rule::Agree, of.span, format!("`with` changes fields of a record, and this is {other}"));
                return bad();
            }
        };
        let made = self.field_values(scope, &record, given);
        self.requires_raised(scope, &record, span);
        expr(ExprKind::With(Box::new(of_made), made), Type::Record(record))
    }

    fn field(&mut self, scope: &mut Scope, of: &syntax::Expr, name: &Ident) -> Expr {
        let of_made = self.infer(scope, of);
        let found = match of_made.ty.base() {
            Type::Record(record) => {
                let known: Vec<Name> = record.fields.iter().map(|field| field.name.clone()).collect();
                let ty = record.fields.iter().find(|field| field.name == name.name).map(|field| field.ty.clone());
                (ty, known, format!("field of '{}'", record.id.name))
            }
            Type::Outputs(outputs) => {
                let known = outputs.iter().map(|output| output.0.clone()).collect();
                let ty = outputs.iter().find(|output| output.0 == name.name).map(|output| output.1.clone());
                (ty, known, "output".to_owned())
            }
            Type::Bad => return bad(),
            other => {
                let fault = Diagnostic::new(Rule::Agree, name.span, format!("{other} has no fields"));
                let optional = matches!(other, Type::Optional(_));
                let hint = optional.then_some("take the value with `else ERROR` or `match` it first");
                self.fault(hint.into_iter().fold(fault, Diagnostic::hint));
                return bad();
            }
        };
        let (Some(ty), _, _) = found else {
            self.unknown(&name.name, name.span, &found.2, &found.1);
            return bad();
        };
        with_facts(scope, expr(ExprKind::Field(Box::new(of_made), name.name.clone()), ty))
    }

    /// An error with what it tells.
    pub(super) fn raise(&mut self, scope: &mut Scope, raise: &Raise) -> Option<ir::Raise> {
        let (error, parameters) = self.error(&raise.error)?;
        let arguments = self.arguments(scope, &raise.arguments, &parameters, &error.name, raise.span)?;
        scope.raised.entry(error.clone()).or_insert(raise.span);
        Some(ir::Raise { error, arguments })
    }

    /// Arguments in the order of the parameters.
    pub(super) fn arguments(
        &mut self,
        scope: &mut Scope,
        given: &[Argument],
        parameters: &[(Name, Type)],
        callee: &str,
        span: Span,
    ) -> Option<Vec<Expr>> {
        let mut made: Vec<Option<Expr>> = vec![None; parameters.len()];
        let mut complete = true;
        for (at, argument) in given.iter().enumerate() {
            let place = match &argument.name {
                None => (at < parameters.len()).then_some(at),
                Some(name) => parameters.iter().position(|parameter| parameter.0 == name.name),
            };
            let slot = place.and_then(|place| Some((parameters.get(place)?, made.get_mut(place)?)));
            let Some(((name, ty), slot)) = slot else {
                complete = false;
                let at = argument.name.as_ref().map_or(argument.value.span, |name| name.span);
                let fault = Diagnostic::new(Rule::Arguments, at, format!("'{callee}' has no parameter for this"));
                let given = argument.name.as_ref().map_or("", |name| &name.name);
                self.fault(fault.suggest(given, parameters.iter().map(|parameter| &*parameter.0)));
                continue;
            };
            if slot.is_some() {
                self.say(Rule::Arguments, argument.value.span, format!("'{name}' of '{callee}' is given twice"));
                continue;
            }
            *slot = Some(self.expect(scope, &argument.value, ty, &format!("'{name}' of '{callee}'")));
        }
        let missing: Vec<String> = parameters
            .iter()
            .zip(&made)
            .filter(|(_, value)| value.is_none())
            .map(|(parameter, _)| format!("'{}'", parameter.0))
            .collect();
        if !missing.is_empty() {
            self.say(Rule::Arguments, span, format!("'{callee}' needs {}", missing.join(", ")));
        }
        made.into_iter().collect::<Option<Vec<Expr>>>().filter(|_| complete)
    }

    fn unwrap(&mut self, scope: &mut Scope, value: &syntax::Expr, raise: &Raise) -> Expr {
        let made = self.infer(scope, value);
        let raise = self.raise(scope, raise);
        let ty = match made.ty.base() {
            Type::Optional(inner) => (**inner).clone(),
            Type::Bad => return bad(),
            other => {
                let message = format!("this is {other}, which is always there: `else` has nothing to do");
                let fault = Diagnostic::new(Rule::Agree, value.span, message);
                self.fault(fault.hint("to make a value fit a type write `as TYPE else ERROR`"));
                return bad();
            }
        };
        raise.map_or_else(bad, |raise| expr(ExprKind::Unwrap(Box::new(made), raise), ty))
    }
}

/// The same with what conditions tell of it.
pub(super) fn with_facts(scope: &Scope, made: Expr) -> Expr {
    if scope.facts.is_empty() {
        return made;
    }
    let Some(key) = facts::key(&made) else { return made };
    let mut ty = made.ty.clone();
    for (_, fact) in scope.facts.iter().filter(|fact| fact.0 == key) {
        ty = match (ty.base(), fact.base()) {
            (Type::Int(a), Type::Int(b)) => a.meet(b).map_or(ty.clone(), Type::Int),
            (Type::Decimal(a_scale, a), Type::Decimal(b_scale, b)) if a_scale == b_scale => {
                a.meet(b).map_or(ty.clone(), |range| Type::Decimal(*a_scale, range))
            }
            _ => ty.clone(),
        };
    }
    Expr { kind: made.kind, ty }
}
