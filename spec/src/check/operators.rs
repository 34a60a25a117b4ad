//! Operators: signatures, clauses, bodies, and what they do (rules S12, S13, S28 to S37).
//!
//! First all signatures, so that operators may call each other in any order of the text; then bodies; then circles and
//! steps. It does not know expressions.

use super::names::Style;
use super::outside::{at_path, boundary_errors, float_paths};
use super::{Checker, Scope, facts, steps};
use crate::diagnostic::{Diagnostic, Rule};
use crate::ir::{self, ErrorRef, Operator, Param, Ref, Type};
use crate::syntax::{File, Ident, Item, ItemKind, Name, OperatorItem, Purity, Span, Tie};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl Checker<'_> {
    /// Makes out operators and vectors.
    pub(super) fn operators(&mut self) {
        let file: &File = self.file;
        for item in &file.items {
            if let ItemKind::Operator(operator) = &item.kind {
                let signature = self.signature(item, operator);
                self.operators.entry(item.name.name.clone()).or_insert_with(|| Arc::new(signature));
            }
        }
        let mut calls: BTreeMap<Name, BTreeMap<Ref, Span>> = BTreeMap::new();
        for item in &file.items {
            if let ItemKind::Operator(operator) = &item.kind {
                let (made, called) = self.operator_body(item, operator);
                calls.insert(item.name.name.clone(), called);
                if let Some(made) = made {
                    self.operators.insert(item.name.name.clone(), Arc::new(made));
                }
            }
        }
        let in_order = self.recursion(&calls);
        self.count_steps(&in_order);
        self.vector_items();
    }

    fn signature(&mut self, item: &Item, operator: &OperatorItem) -> Operator {
        let inputs = self.params(&operator.inputs);
        let outputs = self.params(&operator.outputs);
        if outputs.is_empty() {
            self.say(Rule::Body, item.name.span, format!("'{}' gives nothing", item.name.name));
        }
        let e1 = operator.profile.as_ref().is_some_and(|profile| &*profile.name == "E1");
        for (param, made) in operator.inputs.iter().chain(&operator.outputs).zip(inputs.iter().chain(&outputs)) {
            self.float_place(&made.ty, &param.name, e1);
        }
        self.states(item, operator, &inputs, &outputs);
        let raises = self.declared_raises(operator);
        let mut boundary = BTreeSet::new();
        let mut invalid = None;
        for (param, written) in inputs.iter().zip(&operator.inputs) {
            let uncovered = boundary_errors(&param.ty, None, &mut boundary);
            if invalid.is_none() && uncovered {
                invalid = Some(written.name.clone());
            }
        }
        if let Some(at) = invalid {
            match &self.invalid {
                Some(error) => {
                    boundary.insert(error.clone());
                }
                None => self.no_error(&at),
            }
        }
        let tolerances = self.tolerances(item, operator, &outputs, e1);
        let orders = self.orders(item, operator, &outputs);
        let mut effects: Vec<Name> = operator.effects.iter().map(|effect| effect.name.clone()).collect();
        for effect in &operator.effects {
            self.spelling(effect, Style::Upper, "an effect");
        }
        self.distinct(operator.effects.iter(), "the effect");
        effects.sort();
        Operator {
            id: self.own(&item.name.name),
            docs: item.docs.clone(),
            is_extern: operator.is_extern,
            purity: operator.purity,
            inputs,
            outputs,
            unnamed_output: operator.unnamed_output,
            tolerances,
            raises: raises.keys().cloned().collect(),
            boundary: boundary.into_iter().collect(),
            effects,
            uses: Vec::new(),
            orders,
            requires: Vec::new(),
            ensures: Vec::new(),
            body: None,
            steps: 0,
        }
    }

    fn no_error(&mut self, at: &Ident) {
        let message = format!("a value of '{}' can break its type, and no error is named for that", at.name);
        let fault = Diagnostic::new(Rule::Constraint, at.span, message).label("no error");
        let hint = "write `else ERROR` behind the type's declaration, or `invalid ERROR` in the header for all";
        self.fault(fault.hint(hint));
    }

    fn states(&mut self, item: &Item, operator: &OperatorItem, inputs: &[Param], outputs: &[Param]) {
        let has_state = inputs.iter().chain(outputs).any(|param| param.state);
        let stateful = operator.purity == Purity::Stateful;
        if stateful && !has_state {
            let fault = Diagnostic::new(Rule::Purity, item.name.span, format!("'{}' has no state", item.name.name));
            self.fault(fault.hint("write `state book: Book` among inputs and outputs, or `pure operator`"));
        }
        if operator.purity == Purity::Pure && has_state {
            let fault =
                Diagnostic::new(Rule::Purity, item.name.span, format!("'{}' is pure and has a state", item.name.name));
            self.fault(fault.hint("write `stateful operator`"));
        }
        if operator.purity == Purity::Pure && !operator.effects.is_empty() {
            self.say(Rule::Purity, item.name.span, format!("'{}' is pure and has effects", item.name.name));
        }
        let pairs = [(&operator.inputs, inputs, outputs, "out"), (&operator.outputs, outputs, inputs, "in")];
        for (written, made, others, way) in pairs {
            for (param, own) in written.iter().zip(made).filter(|(param, _)| param.state) {
                let Type::Record(record) = own.ty.base() else {
                    self.say(Rule::StatePair, param.name.span, format!("a state is a state record, not {}", own.ty));
                    continue;
                };
                if !record.state {
                    let fault =
                        Diagnostic::new(Rule::StatePair, param.name.span, format!("'{}' is no state", record.id.name));
                    self.fault(fault.hint(format!("declare it with `state {} {{ ... }}`", record.id.name)));
                }
                let twin = others.iter().find(|other| other.state && other.name == own.name);
                let same = twin.is_some_and(|twin| matches!(twin.ty.base(), Type::Record(it) if it.id == record.id));
                if !same {
                    let message = format!("the state '{}' does not come {way} under the same name and type", own.name);
                    self.say(Rule::StatePair, param.name.span, message);
                }
            }
        }
    }

    fn declared_raises(&mut self, operator: &OperatorItem) -> BTreeMap<ErrorRef, Span> {
        let mut raises = BTreeMap::new();
        for path in &operator.raises {
            let Some((error, _)) = self.error(path) else { continue };
            if let Some(first) = raises.insert(error, path.span()) {
                let fault = Diagnostic::new(Rule::Raises, path.span(), format!("'{}' stands twice", path.text()));
                self.fault(fault.other(first, "first here"));
            }
        }
        raises
    }

    fn tolerances(
        &mut self,
        item: &Item,
        operator: &OperatorItem,
        outputs: &[Param],
        e1: bool,
    ) -> Option<Vec<ir::Tolerance>> {
        let given = operator.tolerances.as_deref().unwrap_or_default();
        if !e1 {
            if operator.tolerances.is_some() {
                self.say(Rule::Profile, item.name.span, "an operator of profile E0 has no tolerance");
            }
            return None;
        }
        let mut floats = Vec::new();
        for output in outputs {
            float_paths(&output.ty, &mut vec![output.name.clone()], &mut floats);
        }
        let mut made: Vec<ir::Tolerance> = Vec::new();
        for tolerance in given {
            let path: Vec<Name> = tolerance.path.parts.iter().map(|part| part.name.clone()).collect();
            if !floats.contains(&path) || made.iter().any(|it| it.path == path) {
                let message = format!("'{}' is no float that is given, or stands twice", tolerance.path.text());
                self.say(Rule::Profile, tolerance.path.span(), message);
            }
            if !tolerance.absolute.is_finite() || !tolerance.relative.is_finite() {
                self.say(Rule::Profile, tolerance.path.span(), "a tolerance is a finite number");
            }
            made.push(ir::Tolerance {
                path,
                absolute: tolerance.absolute,
                relative: tolerance.relative,
                nan: tolerance.nan,
            });
        }
        for path in floats.iter().filter(|path| !made.iter().any(|it| it.path == **path)) {
            let message = format!("'{}' is a float, and has no tolerance", path.join("."));
            let fault = Diagnostic::new(Rule::Profile, item.name.span, message);
            self.fault(fault.hint("write `profile E1 tolerance { result: abs 0.001 rel 0.0 nan forbid }`"));
        }
        if floats.is_empty() {
            let fault = Diagnostic::new(Rule::Profile, item.name.span, "nothing that this operator gives is a float");
            self.fault(fault.hint("its profile is E0"));
        }
        made.sort_by(|a, b| a.path.cmp(&b.path));
        Some(made)
    }

    fn orders(&mut self, item: &Item, operator: &OperatorItem, outputs: &[Param]) -> Vec<ir::Order> {
        let mut made: Vec<ir::Order> = Vec::new();
        for order in &operator.orders {
            let output = outputs.iter().find(|output| output.name == order.output.name);
            let Some(Type::List(element, _)) = output.map(|output| output.ty.base()) else {
                let message = format!("'{}' is no list that is given", order.output.name);
                self.say(Rule::OrderStated, order.output.span, message);
                continue;
            };
            if made.iter().any(|it| it.output == order.output.name) {
                self.say(Rule::OrderStated, order.span, format!("'{}' has two orders", order.output.name));
            }
            let mut keys = Vec::new();
            for key in &order.keys {
                let path: Vec<Name> = key.path.parts.iter().map(|part| part.name.clone()).collect();
                // `by value` is the element itself.
                let ty =
                    if path == [Name::from("value")] { Some((**element).clone()) } else { at_path(element, &path) };
                if !ty.is_some_and(|ty| ty.is_ordered()) {
                    let fault =
                        Diagnostic::new(Rule::OrderStated, key.path.span(), format!("'{}' is no key", key.path.text()));
                    self.fault(fault.hint("a key is a field of the element whose values have an order, or `value`"));
                }
                keys.push((path, key.descending));
            }
            made.push(ir::Order { output: order.output.name.clone(), keys, tie: order.tie });
        }
        for output in outputs.iter().filter(|output| matches!(output.ty.base(), Type::List(..))) {
            if !made.iter().any(|order| order.output == output.name) {
                let message = format!("the order of '{}' is not stated", output.name);
                let fault = Diagnostic::new(Rule::OrderStated, item.name.span, message);
                let hint = format!("write `order {0} by input` or `order {0} by FIELD tie unique`", output.name);
                self.fault(fault.hint(hint));
            }
        }
        made.sort_by(|a, b| a.output.cmp(&b.output));
        for order in made.iter_mut().filter(|order| order.keys.is_empty()) {
            order.tie = Tie::Input;
        }
        made
    }

    fn operator_body(&mut self, item: &Item, operator: &OperatorItem) -> (Option<Operator>, BTreeMap<Ref, Span>) {
        let Some(signature) = self.operators.get(&item.name.name).cloned() else { return (None, BTreeMap::new()) };
        let mut scope = Scope { floats: signature.tolerances.is_some(), ..Scope::default() };
        for (param, written) in signature.inputs.iter().zip(&operator.inputs) {
            scope.variables.push((param.name.clone(), param.ty.clone(), written.name.span));
        }
        let requires: Vec<ir::Require> =
            operator.requires.iter().map(|require| self.require(&mut scope, require)).collect();
        let body = operator.body.as_ref().map(|block| {
            let result = signature.result();
            // The only output may be given by its name too.
            let value = &block.value;
            match (&value.kind, signature.outputs.as_slice()) {
                (crate::syntax::ExprKind::Outputs(given), [only]) if given.len() == 1 => {
                    let mut plain = block.clone();
                    if let Some((name, value)) = given.first().filter(|it| it.0.name == only.name) {
                        let _ = name;
                        *plain.value = value.clone();
                    }
                    self.block(&mut scope, &plain, Some((&result, "the result")))
                }
                _ => self.block(&mut scope, block, Some((&result, "the result"))),
            }
        });
        self.body_form(item, operator);
        self.raises(item, operator, &scope);
        let called = std::mem::take(&mut scope.called);
        self.uses(item, operator, &called);
        self.callee_purity(operator, &called);
        let ensures = self.ensures(&mut scope, operator, &signature);
        let uses = called.keys().cloned().collect();
        let made = Operator { uses, requires, ensures, body, ..(*signature).clone() };
        (Some(made), called)
    }

    /// What holds after: over inputs and outputs, raising nothing.
    fn ensures(&mut self, scope: &mut Scope, operator: &OperatorItem, signature: &Operator) -> Vec<ir::Expr> {
        scope.facts.clear();
        scope.raised.clear();
        for (param, written) in signature.outputs.iter().zip(&operator.outputs) {
            // A state that comes out has the name of the one that went in, with `next_` before it.
            let name = if param.state { Name::from(format!("next_{}", param.name)) } else { param.name.clone() };
            if operator.ensures.is_empty() {
                continue;
            }
            self.bind(scope, &Ident { name, span: written.name.span }, param.ty.clone());
        }
        let made: Vec<ir::Expr> =
            operator.ensures.iter().map(|it| self.expect(scope, it, &Type::Bool, "what is ensured")).collect();
        if let Some((error, span)) = scope.raised.iter().next() {
            let fault =
                Diagnostic::new(Rule::Raises, *span, format!("`ensure` raises nothing, and this may raise '{error}'"));
            self.fault(fault);
        }
        made
    }

    fn body_form(&mut self, item: &Item, operator: &OperatorItem) {
        let name = &item.name.name;
        let fault = match (operator.is_extern, operator.body.is_some()) {
            (true, true) => Diagnostic::new(Rule::Body, item.name.span, format!("'{name}' is extern and has a body")),
            (false, false) => {
                let fault = Diagnostic::new(Rule::Body, item.name.span, format!("'{name}' has no body"));
                fault.hint("write `{ ... }`, or `extern` before it and give it vectors")
            }
            (false, true) if operator.purity == Purity::Io => {
                let fault = Diagnostic::new(Rule::Body, item.name.span, format!("'{name}' touches the world"));
                fault.hint("what the world does has no body here: write `extern io operator`")
            }
            _ => return,
        };
        self.fault(fault);
    }

    fn raises(&mut self, item: &Item, operator: &OperatorItem, scope: &Scope) {
        let before = self.faults.len();
        let declared = self.declared_raises(operator);
        // The paths were told of with the signature.
        self.faults.truncate(before);
        if operator.is_extern {
            return;
        }
        for (error, span) in scope.raised.iter().filter(|it| !declared.contains_key(it.0)) {
            let message = format!("'{}' is raised, and `raises` does not name it", error.name);
            let fault = Diagnostic::new(Rule::Raises, *span, message).label("raised here");
            self.fault(fault.other(item.name.span, "in this operator").hint(format!("write `raises {}`", error.name)));
        }
        for (error, span) in declared.iter().filter(|it| !scope.raised.contains_key(it.0)) {
            let message = format!("'{}' is named, and nothing raises it", error.name);
            let fault = Diagnostic::new(Rule::Raises, *span, message).label("never raised");
            self.fault(fault.hint("errors of inputs that do not fit are not named here"));
        }
    }

    fn uses(&mut self, item: &Item, operator: &OperatorItem, called: &BTreeMap<Ref, Span>) {
        let mut declared: BTreeMap<Ref, Span> = BTreeMap::new();
        for path in &operator.uses {
            let found = match path.parts.as_slice() {
                [name] => self.operators.get(&name.name).map(|it| it.id.clone()),
                [alias, name] => {
                    self.imports.get(&alias.name).and_then(|it| it.operator(&name.name)).map(|it| it.id.clone())
                }
                _ => None,
            };
            match found {
                Some(id) => {
                    declared.insert(id, path.span());
                }
                None => {
                    let known = self.declared(|kind| matches!(kind, ItemKind::Operator(_)));
                    self.unknown(&path.text(), path.span(), "operator", &known);
                }
            }
        }
        if operator.is_extern {
            return;
        }
        for (id, span) in called.iter().filter(|it| !declared.contains_key(it.0)) {
            let message = format!("'{}' is called, and `uses` does not name it", id.name);
            let fault = Diagnostic::new(Rule::Uses, *span, message).label("called here");
            self.fault(fault.other(item.name.span, "in this operator").hint(format!("write `uses {}`", id.name)));
        }
        for (id, span) in declared.iter().filter(|it| !called.contains_key(it.0)) {
            self.say(Rule::Uses, *span, format!("'{}' is named, and not called", id.name));
        }
    }

    fn callee_purity(&mut self, operator: &OperatorItem, called: &BTreeMap<Ref, Span>) {
        for (id, span) in called {
            let allowed = matches!(
                (operator.purity, self.purity_of(id)),
                (_, Some(Purity::Pure) | None) | (Purity::Stateful, Some(Purity::Stateful))
            );
            if !allowed {
                let purity = self.purity_of(id).map_or("", Purity::name);
                let message =
                    format!("a {} operator does not call '{}', which is {purity}", operator.purity.name(), id.name);
                self.say(Rule::Purity, *span, message);
            }
        }
    }

    /// Tells circles; gives the operators so that each stands behind those that it calls.
    fn recursion(&mut self, calls: &BTreeMap<Name, BTreeMap<Ref, Span>>) -> Vec<Name> {
        let mut done: Vec<Name> = Vec::new();
        let mut seen: BTreeSet<Name> = BTreeSet::new();
        for start in calls.keys() {
            // Depth first, with a stack of our own: chains of calls may be long.
            let mut stack: Vec<(Name, bool)> = vec![(start.clone(), false)];
            let mut way: Vec<Name> = Vec::new();
            while let Some((name, leaving)) = stack.pop() {
                if leaving {
                    way.pop();
                    done.push(name);
                    continue;
                }
                if !seen.insert(name.clone()) {
                    continue;
                }
                way.push(name.clone());
                stack.push((name.clone(), true));
                for (callee, span) in calls.get(&name).into_iter().flatten() {
                    if callee.contract != self.me {
                        continue;
                    }
                    if way.contains(&callee.name) {
                        let message = format!("'{name}' comes back to '{}', which calls it", callee.name);
                        let fault = Diagnostic::new(Rule::Recursion, *span, message).label("this call closes a circle");
                        self.fault(fault.hint("use `fold` over a bounded list or range"));
                    } else {
                        stack.push((callee.name.clone(), false));
                    }
                }
            }
        }
        done
    }

    fn count_steps(&mut self, in_order: &[Name]) {
        for name in in_order {
            let Some(operator) = self.operators.get(name).cloned() else { continue };
            let steps = steps::of_operator(&operator, &|id: &Ref| {
                if id.contract == self.me {
                    return self.operators.get(&id.name).map_or(1, |it| it.steps);
                }
                let contract = self.imports.values().find(|it| it.name == id.contract);
                contract.and_then(|it| it.operator(&id.name)).map_or(1, |it| it.steps)
            });
            let span = self.items.get(name).map(|item| item.name.span).unwrap_or_default();
            if steps > facts::MAX_STEPS {
                let shown = if steps == u64::MAX {
                    "more steps than can be counted".to_owned()
                } else {
                    format!("{steps} steps")
                };
                let message = format!("'{name}' may take {shown}, at most {}", facts::MAX_STEPS);
                let fault = Diagnostic::new(Rule::Steps, span, message);
                self.fault(fault.hint("make the lists or ranges that its loops go over shorter"));
            }
            drop(operator);
            if let Some(operator) = self.operators.get_mut(name) {
                Arc::make_mut(operator).steps = steps;
            }
        }
    }
}
