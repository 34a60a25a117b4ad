//! Errors that are raised, with what they tell, as a target writes them.
//!
//! Invariant: what an error tells is in the representation of its parameters. This file does not know statements.

use super::Inside;
use super::fill::wanted_of;
use crate::emit::doc::Doc;
use crate::emit::low::{Outcome, Raise, Ty};

impl Inside<'_> {
    /// Raises an error; `out` gets the lines.
    pub(super) fn raise(&mut self, raise: &Raise, out: &mut Vec<Doc>) -> Outcome<()> {
        let error = self.writer.world.said(&raise.error, |it| it.errors.get(&*raise.error.name));
        let foreign = *raise.error.contract != *self.writer.world.home;
        let mut names = vec!["raise"];
        if foreign {
            names.insert(0, "raise_foreign");
        }
        if raise.arguments.is_empty() {
            names.insert(0, "raise_plain");
        }
        if foreign && raise.arguments.is_empty() {
            names.insert(0, "raise_plain_foreign");
        }
        let name = names.into_iter().find(|it| self.has(it)).unwrap_or("raise");
        let template = self.writer.world.target.stmt.get(name).map(|it| it.all().concat()).unwrap_or_default();
        let min = wanted_of(&template, 0, "args");
        let mut docs = Vec::new();
        let params = self.writer.known.error_params.get(&raise.error).cloned().unwrap_or_default();
        for (argument, (_, ty)) in raise.arguments.iter().zip(&params) {
            let plain = match ty.base() {
                Ty::Bool | Ty::Enum(_) => true,
                Ty::Int(range) => self.writer.world.target.native(range) == Some(0),
                _ => false,
            };
            if self.writer.world.target.shape.plain_errors && !plain {
                return Err(format!("{} tells more than plain numbers", raise.error.name));
            }
            docs.push(self.kept(argument, ty, min)?);
        }
        let fields = raise_fields(self, &raise.error, docs.clone())?;
        let args = self.arguments("raise_args", docs, &Vec::new())?;
        let module = self.writer.world.modules.get(&*raise.error.contract).map_or("", |it| &it.name);
        let module = Doc::text(module);
        let nothing = self.nothing()?;
        let slots = vec![
            ("error", Doc::Text(error)),
            ("module", module),
            ("args", args),
            ("fields", fields),
            ("nothing", nothing),
        ];
        out.extend(self.lines(name, &slots)?);
        Ok(())
    }
}

/// Arguments of an error by name, for targets that say them so.
fn raise_fields(inside: &mut Inside<'_>, error: &crate::ir::Ref, docs: Vec<Doc>) -> Outcome<Doc> {
    let Some(template) = inside.writer.world.target.expr.get("raise_field").cloned() else {
        return Ok(Doc::text(""));
    };
    let params = inside.writer.known.error_params.get(error).cloned().unwrap_or_default();
    let mut fields = Vec::new();
    for (doc, (name, ty)) in docs.into_iter().zip(&params) {
        let field = crate::emit::names::told(name, inside.writer.world.target);
        let known = &inside.writer.world.target.expr;
        let short = known.get("raise_field_short").filter(|_| doc == Doc::text(field.clone()));
        let own = known.get(&format!("raise_field_{}", ty.kind()));
        let used = short.or(own).unwrap_or(&template).clone();
        let type_name = inside.writer.ty(ty)?;
        fields.push(inside.fill(&used, 0, |_, slot, _| {
            Ok(match slot {
                "field" => Doc::text(field.clone()),
                "type" => Doc::text(type_name.clone()),
                _ => doc.clone(),
            })
        })?);
    }
    Ok(inside.listed("told", fields))
}
