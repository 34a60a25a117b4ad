//! Writers by templates: types and expressions, and around them statements as the target's family has them.
//!
//! Invariant: a form that the target has no template for is a reason, never another form. `types` and `expr` write what
//! all families have, `stmt` the block-structured one, `functional` the one in which a body is one expression; this
//! folder does not know which language it writes.

mod expr;
pub(super) mod fill;
mod functional;
mod loops;
mod raise;
mod stmt;
mod types;
mod uses;

use super::doc::{Doc, render};
use super::low::{Ex, Function, Outcome, Role, Ty};
use super::names::{Scope, World};
use crate::ir::Ref;
use crate::syntax::Name;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// Writes the parts of one module.
pub(super) struct Writer<'a> {
    pub(super) world: &'a World<'a>,
    pub(super) known: &'a Known,
}

/// What is known of all modules.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Operators with a function for callers whose types prove that inputs fit.
    pub(super) inner: BTreeSet<Ref>,
    /// Records, and operators whose outputs, are of a few numbers at most, so that they are copied freely.
    pub(super) small: BTreeSet<Ref>,
    /// Names of the values of enums, in their order.
    pub(super) enum_values: BTreeMap<Ref, Vec<Name>>,
    /// What errors tell.
    pub(super) error_params: BTreeMap<Ref, Vec<(Name, Ty)>>,
    /// Collections and optionals that were written, by their name, for targets in which they are declared.
    pub(super) derived: RefCell<BTreeMap<String, Derived>>,
}

/// A collection or an optional with the types that it is made of, as they are written.
#[derive(Debug, Clone)]
pub(super) struct Derived {
    pub(super) kind: &'static str,
    pub(super) most: u64,
    pub(super) parts: Vec<String>,
}

/// A function as templates take it.
#[derive(Debug, Clone)]
pub(super) struct Written {
    pub(super) name: String,
    pub(super) params: Vec<(String, String)>,
    pub(super) result: Option<String>,
    pub(super) body: String,
    /// What the body is, in the functional family: `plain`, `lets`, `steps`, `choice` or `branch`.
    pub(super) form: &'static str,
}

/// A function being written.
struct Inside<'a> {
    writer: &'a Writer<'a>,
    function: &'a Function,
    /// Names of the program, as the target spells them.
    names: BTreeMap<String, String>,
    scope: Scope<'a>,
    /// What variables begin with that a loop makes again, in the functional family.
    starts: BTreeMap<String, Ex>,
}

impl Writer<'_> {
    /// The name of a check of a type.
    pub(super) fn check_name(&self, id: &Ref) -> String {
        // A type of another module may be called as one of this.
        let module = self.world.modules.get(&*id.contract).map_or("", |it| it.name.as_str());
        let own = *id.contract == *self.world.home;
        let name = if own { id.name.to_string() } else { format!("{module}_{}", id.name) };
        let target = self.world.target;
        let case = target.names.case.get("check").or_else(|| target.names.case.get("function"));
        let made = super::names::cased(&name, case.map_or("", String::as_str));
        let form = target.names.form.get("check").map_or("check_{name}", String::as_str);
        let flat = super::names::flat(&self.world.home, target);
        form.replace("{name}", &made).replace("{module}", &flat)
    }

    /// A function with its body.
    pub(super) fn function(&self, function: &Function) -> Outcome<Written> {
        let module = self.world.module();
        let mut scope = Scope::new(self.world.target);
        for name in module.iter().flat_map(|it| &it.taken) {
            scope.take(name);
        }
        let mut inside = Inside { writer: self, function, names: BTreeMap::new(), scope, starts: BTreeMap::new() };
        let mut params = Vec::new();
        for (name, ty, _) in &function.params {
            params.push((inside.name(name), self.ty(ty)?));
        }
        let level = self.world.target.layout.level;
        let (mut body, form) = match self.world.target.family.as_str() {
            "functional" => inside.expression(function)?,
            _ => (inside.body()?, "block"),
        };
        if function.role == Role::Check
            && let Some(lines) = self.world.target.stmt.get("check_end")
        {
            let lines = lines.all().into_iter().flat_map(|line| [Doc::Hard, Doc::text(line)]);
            body = Doc::All(std::iter::once(body).chain(lines).collect());
        }
        let style = self.world.target.style();
        let column = style.indent.chars().map(|c| if c == '\t' { 8 } else { 1 }).sum::<usize>() * level;
        let indent = style.indent.repeat(level);
        let text = render(&Doc::All(vec![body]), &style, level, column);
        let name = match function.role {
            Role::Check => self.check_name(&function.id),
            Role::Inner => self.world.said(&function.id, |it| it.inner.get(&*function.id.name)),
            Role::Public => self.world.said(&function.id, |it| it.functions.get(&*function.id.name)),
        };
        let result = function.result.as_ref().map(|it| self.ty(it)).transpose()?;
        Ok(Written { name, params, result, body: format!("{indent}{text}"), form })
    }

    /// A value that stands by itself.
    pub(super) fn constant(&self, ex: &Ex) -> Outcome<String> {
        let function = Function {
            id: Ref { contract: "".into(), name: "".into() },
            role: Role::Check,
            docs: Vec::new(),
            params: Vec::new(),
            result: None,
            raises: Vec::new(),
            body: Vec::new(),
        };
        let scope = Scope::new(self.world.target);
        let mut inside =
            Inside { writer: self, function: &function, names: BTreeMap::new(), scope, starts: BTreeMap::new() };
        let doc = inside.expr(ex, 0)?;
        Ok(render(&doc, &self.world.target.style(), 0, 0))
    }
}
