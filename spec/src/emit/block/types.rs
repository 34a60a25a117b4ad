//! Types as a target writes them.

use super::{Derived, Writer};
use crate::emit::low::{Outcome, Ty};
use crate::ir::Ref;

impl Writer<'_> {
    /// A type.
    pub(in crate::emit) fn ty(&self, ty: &Ty) -> Outcome<String> {
        let target = self.world.target;
        match ty {
            Ty::Named(id, inner) => {
                // It has to be expressible even where its name stands for it.
                let plain = self.ty(inner)?;
                if target.shape.plain_aliases {
                    return Ok(plain);
                }
                Ok(self.world.said(id, |it| it.types.get(&*id.name)))
            }
            Ty::Int(range) => {
                let at = target.native(range).ok_or_else(|| crate::emit::lower::wide(range))?;
                Ok(target.ints.get(at).map(|int| int.name.clone()).unwrap_or_default())
            }
            Ty::Enum(id) => Ok(self.world.said(id, |it| it.types.get(&*id.name))),
            Ty::Record(id) => Ok(self.world.said(id, |it| it.types.get(&*id.name))),
            Ty::Outputs(id) => Ok(self.world.said(id, |it| it.outputs.get(&*id.name))),
            _ => {
                let template =
                    target.template_of(ty).ok_or_else(|| format!("it has values of kind '{}'", ty.kind()))?;
                let mut parts = match ty {
                    Ty::List(element, _) => vec![self.ty(element)?],
                    Ty::Map(key, value, _) => vec![self.ty(key)?, self.ty(value)?],
                    Ty::Optional(inner) => {
                        if target.shape.bare_optionals && matches!(inner.base(), Ty::Optional(_)) {
                            return Err("it has an optional of an optional".to_owned());
                        }
                        vec![self.ty(inner)?]
                    }
                    _ => Vec::new(),
                };
                let own = target.shape.own_elements && !self.world.home.is_empty();
                if own && parts.iter().any(|it| it.contains('.')) {
                    return Err("it has a collection of another module's type".to_owned());
                }
                for part in &mut parts {
                    if let Some(boxed) = target.boxed.get(part) {
                        part.clone_from(boxed);
                    }
                }
                let mut text = template.to_owned();
                let most = match ty {
                    Ty::List(_, size) | Ty::Map(_, _, size) => size.high,
                    _ => 0,
                };
                if let Some(room) = target.shape.most_elements.filter(|room| *room < most) {
                    return Err(format!("it has up to {most} elements, and there is room for {room}"));
                }
                text = text.replace("{most}", &most.to_string());
                for (at, part) in parts.iter().enumerate() {
                    text = text.replace(&format!("{{{at}}}"), part);
                }
                if !parts.is_empty() {
                    let derived = Derived { kind: ty.kind(), most, parts };
                    self.known.derived.borrow_mut().insert(text.clone(), derived);
                }
                Ok(text)
            }
        }
    }

    /// Is a value copied freely, whatever the target?
    pub(in crate::emit) fn is_small(&self, ty: &Ty) -> bool {
        match ty.base() {
            Ty::Bool | Ty::Int(_) | Ty::Enum(_) => true,
            Ty::Optional(inner) => self.is_small(inner),
            Ty::Record(id) | Ty::Outputs(id) => self.known.small.contains(id),
            _ => false,
        }
    }

    /// The function that operators call.
    pub(in crate::emit) fn inner_name(&self, id: &Ref) -> String {
        let two = self.known.inner.contains(id);
        self.world.said(id, |it| if two { it.inner.get(&*id.name) } else { it.functions.get(&*id.name) })
    }

    /// A value of an enum; where values stand beside types, as this module says it.
    pub(in crate::emit) fn value_name(&self, id: &Ref, at: usize) -> Outcome<String> {
        let module = self.world.modules.get(&*id.contract).ok_or("a module is missing")?;
        let name = self.known.enum_values.get(id).and_then(|it| it.get(at)).ok_or("a value of an enum is missing")?;
        let key = (id.name.to_string(), name.to_string());
        if self.world.target.names.shares_values() {
            return Ok(self.world.said(id, |it| it.values.get(&key)));
        }
        Ok(module.values.get(&key).cloned().unwrap_or_else(|| name.to_string()))
    }
}
