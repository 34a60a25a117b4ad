//! The functional family: a body is one expression, in which a name is bound once and a loop is a fold.
//!
//! What the program assigns to is bound again: a choice gives the value of the one variable that its branches set, a
//! loop over a variable folds it, a list that is appended to is mapped, filtered or both. Where raising is a value (the
//! target has `give`), what may raise is written with the templates for that. Invariant: what is no such form is a
//! reason. This file does not know how a language says any of it.

use super::Inside;
use super::fill::{Part, Piece, assembled, pieces, wanted_of};
use crate::emit::doc::{Doc, all};
use crate::emit::low::{Ex, Function, Kind, Outcome, Raise, Role, Stmt, Ty};
use crate::syntax::Name;
use std::collections::BTreeSet;

/// What a list of statements gives at its end.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum End {
    /// The function's result.
    Result,
    Nothing,
    /// A variable's value.
    Variable(Name),
    /// An element of this list, or none.
    Element(Name),
}

/// An expression, and what it looks like: `plain`, `lets`, `steps`, `choice` or `branch`.
#[derive(Debug, Clone)]
pub(super) struct Made {
    pub(super) doc: Doc,
    pub(super) form: &'static str,
}

/// What a slot takes.
pub(super) enum Slot<'s> {
    Doc(Doc),
    Ex(&'s Ex),
    /// Lines of their own.
    Lines(Doc),
}

pub(super) type Slots<'s> = Vec<(&'s str, Slot<'s>)>;

impl Inside<'_> {
    /// A function's body, and what it looks like.
    pub(super) fn expression(&mut self, function: &Function) -> Outcome<(Doc, &'static str)> {
        let (end, raising) = match function.role {
            Role::Check => (End::Nothing, true),
            _ => (End::Result, !function.raises.is_empty()),
        };
        let made = self.flow(&function.body, &end, raising)?;
        Ok((made.doc, made.form))
    }

    pub(super) fn line_of(&self, name: &str) -> Option<String> {
        self.writer.world.target.stmt.get(name).map(|lines| lines.all().join("\n"))
    }

    /// Is raising a value here?
    fn monadic(&self) -> bool {
        self.writer.world.target.stmt.contains_key("give")
    }

    /// The template of a form; of what may raise another one where there is one, and only that where it `must`.
    pub(super) fn form(&self, name: &str, raising: bool, must: bool) -> Outcome<String> {
        let target = self.writer.world.target;
        let raising = raising && self.monadic();
        let own = if raising { self.line_of(&format!("{name}_raising")) } else { None };
        let found = own.or_else(|| if raising && must { None } else { self.line_of(name) });
        found.ok_or_else(|| {
            let more = if raising { "_raising" } else { "" };
            format!("there is no '{name}{more}' in {}", target.title)
        })
    }

    pub(super) fn made(&mut self, template: &str, slots: &Slots<'_>) -> Outcome<Doc> {
        let mut parts = Vec::new();
        for piece in pieces(template, 0) {
            parts.push(match piece {
                Piece::Text(text) => Part::Text(text),
                Piece::Slot("<", _) => Part::Open,
                Piece::Slot(">", _) => Part::Close,
                Piece::Slot(name, min) => {
                    let found = slots.iter().find(|it| it.0 == name).map(|it| &it.1);
                    match found.ok_or_else(|| format!("there is nothing for '{name}' in '{template}'"))? {
                        Slot::Doc(doc) => Part::Doc(doc.clone(), false),
                        Slot::Ex(ex) => Part::Doc(self.kept(ex, &ex.ty, min)?, false),
                        Slot::Lines(doc) => Part::Doc(doc.clone(), true),
                    }
                }
            });
        }
        Ok(assembled(parts))
    }

    /// What stands in a place that may ask for marks around it.
    pub(super) fn placed(&mut self, made: Made, place: &str, raising: bool) -> Outcome<Doc> {
        let name = format!("in_{place}_{}", made.form);
        let own = if raising && self.monadic() { self.line_of(&format!("{name}_raising")) } else { None };
        match own.or_else(|| self.line_of(&name)) {
            Some(template) => self.made(&template, &vec![("0", Slot::Doc(made.doc))]),
            None => Ok(made.doc),
        }
    }

    /// A value at an end.
    fn leaf(&mut self, ex: &Ex, wanted: Option<&Ty>, raising: bool) -> Outcome<Made> {
        let plain = |doc| Made { doc, form: "plain" };
        match self.line_of("give") {
            Some(template) if raising && !ex.raises => {
                let min = wanted_of(&template, 0, "value");
                let doc = self.kept(ex, wanted.unwrap_or(&ex.ty), min)?;
                Ok(plain(self.made(&template, &vec![("value", Slot::Doc(doc))])?))
            }
            _ => Ok(plain(self.kept(ex, wanted.unwrap_or(&ex.ty), 0)?)),
        }
    }

    fn variable(&mut self, name: &Name, raising: bool) -> Outcome<Made> {
        let ex = self.starts.get(&**name).cloned();
        self.leaf(&ex.unwrap_or_else(|| Ex::var(name, Ty::Bool)), None, raising)
    }

    /// What is there when no statement is left.
    fn at_end(&mut self, end: &End, raising: bool) -> Outcome<Made> {
        let name = match end {
            End::Variable(name) => return self.variable(name, raising),
            End::Result => return Err("a way through it has no result".to_owned()),
            End::Nothing => "nothing",
            End::Element(_) => "drop",
        };
        let doc = Doc::text(self.form(name, raising, false)?);
        Ok(Made { doc, form: "plain" })
    }

    /// Statements as one expression.
    pub(super) fn flow(&mut self, statements: &[Stmt], end: &End, raising: bool) -> Outcome<Made> {
        let Some((first, rest)) = statements.split_first() else { return self.at_end(end, raising) };
        match first {
            Stmt::Return(value) => {
                let wanted = self.function.result.clone();
                self.leaf(value, wanted.as_ref(), raising)
            }
            Stmt::Raise(raise) => Ok(Made { doc: self.raised(raise)?, form: "plain" }),
            Stmt::Let { value: None, .. } => self.flow(rest, end, raising),
            Stmt::Let { name, value: Some(value), changes: true, .. } if !value.raises => {
                self.starts.insert(name.to_string(), value.clone());
                self.flow(rest, end, raising)
            }
            Stmt::Assign { name, value } if rest.is_empty() && *end == End::Variable(name.clone()) => {
                self.leaf(value, None, raising)
            }
            Stmt::Push { list, value } if rest.is_empty() && *end == End::Element(list.clone()) => {
                let template = self.form("keep", raising, false)?;
                Ok(Made { doc: self.made(&template, &vec![("value", Slot::Ex(value))])?, form: "plain" })
            }
            Stmt::Push { .. } => Err("a list is appended to in another way than element by element".to_owned()),
            Stmt::Check { of, value } => {
                let template = self.form("check", raising, false)?;
                let check = Slot::Doc(Doc::Text(self.writer.check_name(of)));
                let effect = self.made(&template, &vec![("check", check), ("value", Slot::Ex(value))])?;
                self.then(effect, rest, end, raising)
            }
            Stmt::If { condition, then, otherwise } if then.last().is_some_and(raises_always) => {
                let effect = self.flow(then, &End::Nothing, raising)?;
                let effect = self.when(condition, effect, raising)?;
                let rest: Vec<Stmt> = otherwise.iter().chain(rest).cloned().collect();
                self.then(effect, &rest, end, raising)
            }
            Stmt::If { .. } | Stmt::Switch { .. } | Stmt::ForEach { .. } | Stmt::ForRange { .. } => {
                self.compound(statements, first, rest, end, raising)
            }
            Stmt::Let { .. } | Stmt::Assign { .. } => self.bindings(statements, end, raising),
        }
    }

    /// A choice or a loop: what it is all about at the end, an effect, or a value that gets a name.
    fn compound(
        &mut self,
        statements: &[Stmt],
        first: &Stmt,
        rest: &[Stmt],
        end: &End,
        raising: bool,
    ) -> Outcome<Made> {
        let sets = assigned(std::slice::from_ref(first));
        if sets.is_empty() && matches!(first, Stmt::ForEach { .. } | Stmt::ForRange { .. }) {
            let effect = self.looped(first, None, raising)?;
            return self.then(effect.doc, rest, end, raising);
        }
        if let (Stmt::If { condition, then, otherwise }, true, false) = (first, sets.is_empty(), first.ends())
            && otherwise.is_empty()
            && !pushes(then)
        {
            let effect = self.flow(then, &End::Nothing, raising)?;
            let effect = self.when(condition, effect, raising)?;
            return self.then(effect, rest, end, raising);
        }
        let choice = matches!(first, Stmt::If { .. } | Stmt::Switch { .. });
        if choice && (rest.is_empty() || first.ends()) {
            return self.chosen(first, end, raising);
        }
        if let Some(name) = sets.iter().next() {
            let last = match rest {
                [] => *end == End::Variable(name.clone()),
                [Stmt::Return(Ex { kind: Kind::Var(own), .. })] => own == name,
                [Stmt::Assign { name: to, value: Ex { kind: Kind::Var(own), .. } }] => {
                    own == name && *end == End::Variable(to.clone())
                }
                _ => false,
            };
            if last && !choice && (!self.monadic() || raises(std::slice::from_ref(first)) == raising) {
                return self.looped(first, Some(name), raising);
            }
        }
        self.bindings(statements, end, raising)
    }

    /// An effect, and what comes after it.
    fn then(&mut self, effect: Doc, rest: &[Stmt], end: &End, raising: bool) -> Outcome<Made> {
        if rest.is_empty() && *end == End::Nothing {
            return Ok(Made { doc: effect, form: "effect" });
        }
        let rest = self.flow(rest, end, raising)?;
        let rest = self.placed(rest, "rest", raising)?;
        let template = self.form("steps", raising, false)?;
        let doc = self.made(&template, &vec![("effect", Slot::Doc(effect)), ("rest", Slot::Lines(rest))])?;
        Ok(Made { doc, form: "steps" })
    }

    fn when(&mut self, condition: &Ex, effect: Made, raising: bool) -> Outcome<Doc> {
        let effect = self.placed(effect, "when", raising)?;
        let template = self.form("when", raising, false)?;
        self.made(&template, &vec![("condition", Slot::Ex(condition)), ("effect", Slot::Doc(effect))])
    }

    /// Values that get names, and what comes after them.
    fn bindings(&mut self, statements: &[Stmt], end: &End, raising: bool) -> Outcome<Made> {
        let mut bound: Vec<Doc> = Vec::new();
        let mut rest = statements;
        let together = self.line_of("binding").is_some();
        while let Some((first, after)) = rest.split_first() {
            if let Stmt::Let { value: None, .. } = first {
                rest = after;
                continue;
            }
            if let Stmt::Let { name, value: Some(value), changes: true, .. } = first
                && !value.raises
            {
                self.starts.insert(name.to_string(), value.clone());
                rest = after;
                continue;
            }
            // A choice at the end is what all of it gives.
            if !bound.is_empty() && after.is_empty() && matches!(first, Stmt::If { .. } | Stmt::Switch { .. }) {
                break;
            }
            let monadic = self.monadic() && raises(std::slice::from_ref(first));
            if !bound.is_empty() && (monadic || !together || !is_binding(first)) {
                break;
            }
            let (name, value) = self.bound(first, monadic)?;
            let name = Doc::Text(self.name(&name));
            rest = after;
            if monadic {
                let rest = self.flow(rest, end, raising)?;
                let rest = self.placed(rest, "rest", raising)?;
                let template = self.form("bind", false, false)?;
                let slots = vec![("name", Slot::Doc(name)), ("value", Slot::Doc(value)), ("rest", Slot::Lines(rest))];
                return Ok(Made { doc: self.made(&template, &slots)?, form: "lets" });
            }
            let template = self.form(if together { "binding" } else { "let" }, raising, false)?;
            let slots = vec![("name", Slot::Doc(name)), ("value", Slot::Doc(value))];
            if together {
                bound.push(self.made(&template, &slots)?);
                continue;
            }
            let rest = self.flow(rest, end, raising)?;
            let rest = self.placed(rest, "rest", raising)?;
            let slots = slots.into_iter().chain([("rest", Slot::Lines(rest))]).collect();
            return Ok(Made { doc: self.made(&template, &slots)?, form: "lets" });
        }
        let rest = self.flow(rest, end, raising)?;
        let rest = self.placed(rest, "rest", raising)?;
        let template = self.form("let", raising, false)?;
        let slots = vec![("bindings", Slot::Doc(lines(bound))), ("rest", Slot::Lines(rest))];
        Ok(Made { doc: self.made(&template, &slots)?, form: "lets" })
    }

    /// The name that a statement binds, and its value.
    fn bound(&mut self, statement: &Stmt, raising: bool) -> Outcome<(Name, Doc)> {
        match statement {
            Stmt::Let { name, ty, value: Some(value), .. } => {
                // A start that may raise is a value like any other.
                self.starts.remove(&**name);
                Ok((name.clone(), self.kept(value, ty, 0)?))
            }
            Stmt::Assign { name, value } => Ok((name.clone(), self.kept(value, &value.ty, 0)?)),
            _ => {
                let sets = assigned(std::slice::from_ref(statement));
                let mut sets = sets.into_iter();
                let (Some(name), None) = (sets.next(), sets.next()) else {
                    return Err("a choice or a loop sets several variables".to_owned());
                };
                let made = match statement {
                    Stmt::If { .. } | Stmt::Switch { .. } => {
                        self.chosen(statement, &End::Variable(name.clone()), raising)?
                    }
                    Stmt::ForEach { .. } | Stmt::ForRange { .. } => self.looped(statement, Some(&name), raising)?,
                    _ => return Err("a variable is set in the middle of a block".to_owned()),
                };
                self.starts.remove(&*name);
                Ok((name, self.placed(made, "value", raising)?))
            }
        }
    }

    fn chosen(&mut self, statement: &Stmt, end: &End, raising: bool) -> Outcome<Made> {
        match statement {
            Stmt::Switch { subject, arms } => self.switched(subject, arms, end, raising),
            Stmt::If { condition, then, otherwise } => self.branches(condition, then, otherwise, end, raising),
            _ => Err("it is no choice".to_owned()),
        }
    }

    fn branches(
        &mut self,
        condition: &Ex,
        then: &[Stmt],
        otherwise: &[Stmt],
        end: &End,
        raising: bool,
    ) -> Outcome<Made> {
        let mut arms = vec![(condition, then)];
        let mut last = otherwise;
        while let [Stmt::If { condition, then, otherwise }] = last {
            if then.last().is_some_and(raises_always) {
                break;
            }
            arms.push((condition, then));
            last = otherwise;
        }
        let mut docs = Vec::new();
        let chain = arms.len() > 1 && self.line_of("chain").is_some();
        for (condition, body) in arms {
            let made = self.flow(body, end, raising)?;
            docs.push((condition, self.placed(made, if chain { "chain" } else { "branch" }, raising)?));
        }
        let made = self.flow(last, end, raising)?;
        let mut rest = self.placed(made, if chain { "chain" } else { "branch" }, raising)?;
        if !chain {
            let template = self.form("if", raising, false)?;
            for (condition, then) in docs.into_iter().rev() {
                let slots =
                    vec![("condition", Slot::Ex(condition)), ("then", Slot::Doc(then)), ("otherwise", Slot::Doc(rest))];
                rest = self.made(&template, &slots)?;
            }
            return Ok(Made { doc: rest, form: "branch" });
        }
        let mut made = Vec::new();
        for (at, (condition, then)) in docs.into_iter().enumerate() {
            let template = self.form(if at == 0 { "chain_if" } else { "chain_elif" }, raising, false)?;
            made.push(self.made(&template, &vec![("condition", Slot::Ex(condition)), ("then", Slot::Doc(then))])?);
        }
        let template = self.form("chain_else", raising, false)?;
        made.push(self.made(&template, &vec![("otherwise", Slot::Doc(rest))])?);
        let template = self.form("chain", raising, false)?;
        let doc = self.made(&template, &vec![("arms", Slot::Lines(lines(made)))])?;
        Ok(Made { doc, form: "branch" })
    }

    fn switched(&mut self, subject: &Ex, arms: &[(Vec<usize>, Vec<Stmt>)], end: &End, raising: bool) -> Outcome<Made> {
        let Ty::Enum(id) = subject.ty.base().clone() else { return Err("a switch is not by an enum".to_owned()) };
        let separator = self.line_of("case_or").unwrap_or_else(|| " | ".to_owned());
        let mut docs = Vec::new();
        let arms = super::stmt::split(arms, self.writer.world.target.shape.single_patterns);
        for (at, (places, body)) in arms.iter().enumerate() {
            let mut patterns = Vec::new();
            for at in places {
                if !patterns.is_empty() {
                    patterns.push(Doc::text(separator.clone()));
                }
                let ex = Ex::new(Kind::EnumValue(id.clone(), *at), subject.ty.clone());
                patterns.push(self.expr(&ex, 0)?);
            }
            let made = self.flow(body, end, raising)?;
            let value = self.placed(made, "case", raising)?;
            let name = match (places.len(), at + 1 == arms.len()) {
                (_, true) if self.line_of("case_last").is_some() => "case_last",
                (2.., _) if self.line_of("case_several").is_some() => "case_several",
                _ => "case",
            };
            let template = self.form(name, raising, false)?;
            let slots = vec![("patterns", Slot::Doc(all(patterns))), ("value", Slot::Doc(value))];
            docs.push(self.made(&template, &slots)?);
        }
        let template = self.form("switch", raising, false)?;
        let slots = vec![("subject", Slot::Ex(subject)), ("arms", Slot::Lines(lines(docs)))];
        Ok(Made { doc: self.made(&template, &slots)?, form: "choice" })
    }

    fn raised(&mut self, raise: &Raise) -> Outcome<Doc> {
        let mut lines = Vec::new();
        self.raise(raise, &mut lines)?;
        Ok(all(lines))
    }
}

/// Several, a line each.
fn lines(docs: Vec<Doc>) -> Doc {
    let mut made = Vec::new();
    for doc in docs {
        if !made.is_empty() {
            made.push(Doc::Hard);
        }
        made.push(doc);
    }
    all(made)
}

/// Does it bind a name, so that it can stand with others?
fn is_binding(statement: &Stmt) -> bool {
    match statement {
        Stmt::Let { .. } | Stmt::Assign { .. } => true,
        Stmt::If { then, .. } if then.last().is_some_and(raises_always) => false,
        Stmt::If { .. } | Stmt::Switch { .. } | Stmt::ForEach { .. } | Stmt::ForRange { .. } => {
            let own = std::slice::from_ref(statement);
            !statement.ends() && !pushes(own) && !assigned(own).is_empty()
        }
        _ => false,
    }
}

/// Does it raise on every way?
fn raises_always(statement: &Stmt) -> bool {
    match statement {
        Stmt::Raise(_) => true,
        Stmt::If { then, otherwise, .. } => {
            then.last().is_some_and(raises_always) && otherwise.last().is_some_and(raises_always)
        }
        Stmt::Switch { arms, .. } => arms.iter().all(|it| it.1.last().is_some_and(raises_always)),
        _ => false,
    }
}

/// May any of it raise?
pub(super) fn raises(statements: &[Stmt]) -> bool {
    statements.iter().any(|it| match it {
        Stmt::Raise(_) | Stmt::Check { .. } => true,
        Stmt::Let { value, .. } => value.as_ref().is_some_and(|it| it.raises),
        Stmt::Assign { value, .. } | Stmt::Push { value, .. } | Stmt::Return(value) => value.raises,
        Stmt::If { condition, then, otherwise } => condition.raises || raises(then) || raises(otherwise),
        Stmt::Switch { subject, arms } => subject.raises || arms.iter().any(|it| raises(&it.1)),
        Stmt::ForEach { over, body, .. } => over.raises || raises(body),
        Stmt::ForRange { from, to, body, .. } => from.raises || to.raises || raises(body),
    })
}

/// Is a list appended to, by these statements and not in a loop of their own?
pub(super) fn pushes(statements: &[Stmt]) -> bool {
    statements.iter().any(|it| match it {
        Stmt::Push { .. } => true,
        Stmt::If { then, otherwise, .. } => pushes(then) || pushes(otherwise),
        Stmt::Switch { arms, .. } => arms.iter().any(|it| pushes(&it.1)),
        _ => false,
    })
}

/// The variables that statements set and did not bind themselves.
fn assigned(statements: &[Stmt]) -> BTreeSet<Name> {
    let mut found = BTreeSet::new();
    let mut own = BTreeSet::new();
    for statement in statements {
        match statement {
            Stmt::Let { name, .. } => drop(own.insert(name.clone())),
            Stmt::Assign { name, .. } => drop(found.insert(name.clone())),
            Stmt::Push { list, .. } => drop(found.insert(list.clone())),
            Stmt::If { then, otherwise, .. } => {
                found.append(&mut assigned(then));
                found.append(&mut assigned(otherwise));
            }
            Stmt::Switch { arms, .. } => arms.iter().for_each(|it| found.append(&mut assigned(&it.1))),
            Stmt::ForEach { body, .. } | Stmt::ForRange { body, .. } => found.append(&mut assigned(body)),
            _ => {}
        }
    }
    found.difference(&own).cloned().collect()
}
