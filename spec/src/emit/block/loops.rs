//! Loops of the functional family: a fold, a list that is made of another, or an effect.
//!
//! Invariant: what a loop sets is one variable; a list is made element by element. This file does not know choices.

use super::Inside;
use super::fill::wanted_of;
use super::functional::{End, Made, Slot, Slots, pushes, raises};
use crate::emit::doc::Doc;
use crate::emit::low::{Ex, Kind, Outcome, Stmt, Ty};
use crate::syntax::Name;

impl Inside<'_> {
    /// A loop: a fold of the variable that it sets, a list that it makes, or an effect.
    pub(super) fn looped(&mut self, statement: &Stmt, sets: Option<&Name>, raising: bool) -> Outcome<Made> {
        let (mut slots, suffix, own, body): (Slots<'_>, _, _, _) = match statement {
            Stmt::ForEach { names, over, body } => match names.as_slice() {
                [(name, ty)] => {
                    let shown = self.loop_name(name, ty)?;
                    (vec![("name", Slot::Doc(shown)), ("over", Slot::Ex(over))], "", Some(name), body)
                }
                [(key, key_ty), (item, ty)] => {
                    let (key, item) = (self.loop_name(key, key_ty)?, self.loop_name(item, ty)?);
                    let slots = vec![("key", Slot::Doc(key)), ("item", Slot::Doc(item)), ("over", Slot::Ex(over))];
                    (slots, "_entries", None, body)
                }
                _ => return Err("a loop binds no name".to_owned()),
            },
            Stmt::ForRange { name, from, to, body, .. } => {
                let shown = Doc::Text(self.name(name));
                let slots = vec![("name", Slot::Doc(shown)), ("from", Slot::Ex(from)), ("to", Slot::Ex(to))];
                (slots, "_range", Some(name), body)
            }
            _ => return Err("it is no loop".to_owned()),
        };
        let Some(name) = sets else {
            if let ([Stmt::Check { of, value }], Some(own)) = (body.as_slice(), own)
                && value.kind == Kind::Var(own.clone())
                && let Ok(template) = self.form(&format!("loop_check{suffix}"), raising, true)
            {
                slots.push(("check", Slot::Doc(Doc::Text(self.writer.check_name(of)))));
                return Ok(Made { doc: self.made(&template, &slots)?, form: "plain" });
            }
            let made = self.flow(body, &End::Nothing, raising)?;
            slots.push(("body", Slot::Doc(self.placed(made, "loop", raising)?)));
            let template = self.form(&format!("loop{suffix}"), raising, true)?;
            return Ok(Made { doc: self.made(&template, &slots)?, form: "plain" });
        };
        if !pushes(body) {
            let start = self.starts.remove(&**name).unwrap_or_else(|| Ex::var(name, Ty::Bool));
            let start = self.placed_start(&start, &format!("fold{suffix}"), raising)?;
            slots.push(("start", Slot::Doc(start)));
            slots.push(("into", Slot::Doc(Doc::Text(self.name(name)))));
            let made = self.flow(body, &End::Variable(name.clone()), raising)?;
            slots.push(("body", Slot::Doc(self.placed(made, "loop", raising)?)));
            let template = self.form(&format!("fold{suffix}"), raising, true)?;
            return Ok(Made { doc: self.made(&template, &slots)?, form: "plain" });
        }
        self.starts.remove(&**name);
        let (condition, value) = match body.as_slice() {
            [Stmt::If { condition, then, otherwise }] if otherwise.is_empty() => match then.as_slice() {
                [Stmt::Push { value, .. }] => (Some(condition), Some(value)),
                _ => (None, None),
            },
            [Stmt::Push { value, .. }] => (None, Some(value)),
            _ => (None, None),
        };
        if let Some(value) = value.filter(|_| !raises(body)) {
            let same = own.is_some_and(|own| value.kind == Kind::Var(own.clone()));
            let named = ["each_same", "each"].map(|it| format!("{it}{}{suffix}", condition.map_or("", |_| "_if")));
            let names = named.iter().filter(|it| same || !it.starts_with("each_same"));
            if let Some(template) = names.into_iter().find_map(|it| self.line_of(it)) {
                slots.push(("value", Slot::Ex(value)));
                slots.extend(condition.map(|it| ("condition", Slot::Ex(it))));
                return Ok(Made { doc: self.made(&template, &slots)?, form: "plain" });
            }
        }
        let made = self.flow(body, &End::Element(name.clone()), raising)?;
        slots.push(("body", Slot::Doc(self.placed(made, "loop", raising)?)));
        let template = self.form(&format!("each_maybe{suffix}"), raising, true)?;
        Ok(Made { doc: self.made(&template, &slots)?, form: "plain" })
    }

    /// What a loop binds, with the type of a record where the target says it.
    fn loop_name(&mut self, name: &Name, ty: &Ty) -> Outcome<Doc> {
        let shown = Doc::Text(self.name(name));
        match self.line_of("typed") {
            Some(template) if matches!(ty.base(), Ty::Record(_) | Ty::Outputs(_)) => {
                let own = Doc::text(self.writer.ty(ty)?);
                self.made(&template, &vec![("name", Slot::Doc(shown)), ("type", Slot::Doc(own))])
            }
            _ => Ok(shown),
        }
    }

    fn placed_start(&mut self, start: &Ex, name: &str, raising: bool) -> Outcome<Doc> {
        let template = self.form(name, raising, true)?;
        self.kept(start, &start.ty, wanted_of(&template, 0, "start"))
    }
}
