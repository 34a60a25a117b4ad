//! Expressions as a target writes them.
//!
//! Invariants: parentheses stand where a part binds less tightly than its place asks for, and nowhere else; numbers are
//! computed in a representation that has room for parts and result.

use super::Inside;
use super::fill::{Part, Piece, assembled, pieces, wanted_of};
use crate::emit::doc::{Doc, all, hung, list, padded};
use crate::emit::low::{Ex, Kind, Outcome, Ty};
use crate::emit::target::Template;
use crate::ir::{Range, Ref};
use crate::syntax::Name;
use num_bigint::BigInt;
use num_traits::Signed;

/// Operators whose numbers have one representation, that of the widest of them and the result.
const EVEN: [&str; 20] = [
    "add",
    "sub",
    "mul",
    "neg",
    "abs",
    "min",
    "max",
    "mod",
    "div_floor",
    "div_ceiling",
    "div_down",
    "div_up",
    "div_half_even",
    "div_half_up",
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
];

impl Inside<'_> {
    /// How the target spells a name of the program.
    pub(super) fn name(&mut self, name: &Name) -> String {
        if let Some(known) = self.names.get(&**name) {
            return known.clone();
        }
        let made = self.scope.give("variable", name, "");
        self.names.insert(name.to_string(), made.clone());
        made
    }

    pub(super) fn template(&self, name: &str) -> Outcome<&Template> {
        let target = self.writer.world.target;
        target.expr.get(name).ok_or_else(|| format!("there is no '{name}' in {}", target.title))
    }

    /// A template with documents in its slots.
    pub(super) fn fill(
        &mut self,
        template: &Template,
        min: u8,
        mut slot: impl FnMut(&mut Self, &str, u8) -> Outcome<Doc>,
    ) -> Outcome<Doc> {
        let (rank, text) = template.parts();
        let mut parts = Vec::new();
        for piece in pieces(text, rank) {
            parts.push(match piece {
                Piece::Text(text) => Part::Text(text),
                Piece::Slot("<", _) => Part::Open,
                Piece::Slot(">", _) => Part::Close,
                Piece::Slot(name, min) => Part::Doc(slot(self, name, min)?, false),
            });
        }
        let doc = assembled(parts);
        Ok(if rank < min { all([Doc::text("("), doc, Doc::text(")")]) } else { doc })
    }

    /// An expression whose value somebody keeps: where values have owners, what stays where it is is copied.
    pub(super) fn owned(&mut self, ex: &Ex, min: u8) -> Outcome<Doc> {
        let stays = matches!(ex.kind, Kind::Var(_) | Kind::Field(..) | Kind::Constant(_));
        match self.writer.world.target.expr.get("own").cloned() {
            Some(template) if stays && !self.writer.is_small(&ex.ty) => {
                self.fill(&template, min, |it, _, min| it.expr(ex, min))
            }
            _ => self.expr(ex, min),
        }
    }

    pub(super) fn expr(&mut self, ex: &Ex, min: u8) -> Outcome<Doc> {
        match &ex.kind {
            Kind::Bool(_) | Kind::Int(_) | Kind::Text(_) | Kind::Bytes(_) | Kind::None => self.literal(ex, min),
            Kind::Var(name) => Ok(Doc::Text(self.name(name))),
            Kind::Constant(id) => Ok(Doc::Text(self.writer.world.said(id, |it| it.constants.get(&*id.name)))),
            Kind::EnumValue(id, at) => self.enum_value(id, *at),
            Kind::Make(fields) => self.make(&ex.ty, fields, min),
            Kind::Update(of, fields) => {
                let template = self.template("update")?.clone();
                let fields = self.fields(&ex.ty, fields)?;
                let ty = self.writer.ty(&ex.ty)?;
                let mut whole = vec![self.owned(of, 0)?];
                whole.extend(fields.clone());
                let (first, last) = self.with_base(of, &fields)?;
                self.fill(&template, min, |it, slot, min| match slot {
                    "fields" => Ok(it.listed("fields", fields.clone())),
                    "all" => Ok(it.listed("fields", whole.clone())),
                    "padded" => Ok(it.between(fields.clone())),
                    "padded_last" => Ok(last.clone()),
                    "padded_first" => Ok(first.clone()),
                    "type" => Ok(Doc::text(ty.clone())),
                    _ => it.owned(of, min),
                })
            }
            Kind::Field(of, name) => {
                let template = self.template("field")?.clone();
                let field = self.field(&of.ty, name);
                self.fill(&template, min, |it, slot, min| match slot {
                    "field" => Ok(Doc::text(field.clone())),
                    _ => it.expr(of, min),
                })
            }
            Kind::List(items) => {
                let template = self.template(if items.is_empty() { "empty_list" } else { "list" })?.clone();
                let element = if let Ty::List(element, _) = ex.ty.base() { (**element).clone() } else { Ty::Bool };
                let range = element.range().cloned();
                let mut docs = Vec::new();
                for item in items {
                    docs.push(match &range {
                        Some(range) => self.number(item, range, 0)?,
                        None => self.owned(item, 0)?,
                    });
                }
                let (element, ty) = (self.writer.ty(&element)?, self.writer.ty(&ex.ty)?);
                self.fill(&template, min, |it, slot, _| match slot {
                    "element" => Ok(Doc::text(element.clone())),
                    "type" => Ok(Doc::text(ty.clone())),
                    "count" => Ok(Doc::text(docs.len().to_string())),
                    _ => Ok(it.listed("items", docs.clone())),
                })
            }
            Kind::Map(entries) => self.map(&ex.ty, entries, min),
            Kind::Op(name, parts) => self.op(name, parts, ex, min),
            Kind::Call(id, arguments) => self.call(id, arguments, ex, min),
            Kind::Cond(parts) => {
                let template = self.template("cond")?.clone();
                let [condition, then, otherwise] = &**parts;
                self.fill(&template, min, |it, slot, min| match slot {
                    "0" => it.expr(condition, min),
                    "1" => it.kept(then, &ex.ty, min),
                    _ => it.kept(otherwise, &ex.ty, min),
                })
            }
            Kind::Choice(subject, arms) => self.choice(subject, arms),
            Kind::Fit(of) => {
                let wanted = ex.ty.range().ok_or("a number has no range")?.clone();
                self.number(of, &wanted, min)
            }
        }
    }

    fn literal(&mut self, ex: &Ex, min: u8) -> Outcome<Doc> {
        let target = self.writer.world.target;
        match &ex.kind {
            Kind::Bool(truth) => Ok(Doc::text(if *truth { &target.literals.yes } else { &target.literals.no })),
            Kind::Int(n) => self.int(n, ex.ty.range().unwrap_or(&Range::of(n.clone())), min),
            Kind::Text(text) => {
                self.writer.ty(&ex.ty)?;
                Ok(Doc::Text(self.text(text)))
            }
            Kind::Bytes(bytes) => {
                let template = self.template("bytes")?.clone();
                let bytes = hex::encode(bytes);
                self.fill(&template, min, |_, _, _| Ok(Doc::text(bytes.clone())))
            }
            Kind::None => match self.writer.world.target.expr.get("none").cloned() {
                Some(template) => {
                    let ty = self.writer.ty(&ex.ty)?;
                    self.fill(&template, min, |_, _, _| Ok(Doc::text(ty.clone())))
                }
                None => Ok(Doc::text(&target.literals.none)),
            },
            _ => Err("it is no literal".to_owned()),
        }
    }

    /// Changed fields with the record that has the others: before them, and behind them.
    fn with_base(&mut self, of: &Ex, fields: &[Doc]) -> Outcome<(Doc, Doc)> {
        let base = match self.writer.world.target.expr.get("update_base").cloned() {
            Some(template) => self.fill(&template, 0, |it, _, min| it.owned(of, min))?,
            None => self.owned(of, 0)?,
        };
        let layout = &self.writer.world.target.layout;
        let before = std::iter::once(base.clone()).chain(fields.iter().cloned()).collect();
        let behind = fields.iter().cloned().chain([base]).collect();
        let separator = layout.separator("fields");
        Ok((padded(before, separator, &layout.comma), padded(behind, separator, "")))
    }

    /// Several between brackets, laid out as the target does.
    pub(super) fn listed(&self, kind: &str, items: Vec<Doc>) -> Doc {
        let layout = &self.writer.world.target.layout;
        if layout.hang {
            return hung(items, layout.separator(kind));
        }
        list(Doc::text(""), items, Doc::text(""), layout.separator(kind), &layout.comma, layout.fill)
    }

    /// Fields between brackets that have a blank inside.
    fn between(&self, fields: Vec<Doc>) -> Doc {
        let layout = &self.writer.world.target.layout;
        padded(fields, layout.separator("fields"), &layout.comma)
    }

    /// A value that goes to a place of a type.
    pub(super) fn kept(&mut self, ex: &Ex, wanted: &Ty, min: u8) -> Outcome<Doc> {
        match wanted.range().cloned() {
            Some(range) if ex.ty.range().is_some() => self.number(ex, &range, min),
            _ => self.owned(ex, min),
        }
    }

    fn native(&self, range: &Range) -> Outcome<usize> {
        self.writer.world.target.native(range).ok_or_else(|| crate::emit::lower::wide(range))
    }

    fn int(&mut self, n: &BigInt, range: &Range, min: u8) -> Outcome<Doc> {
        let target = self.writer.world.target;
        let at = self.native(range)?;
        let digits = grouped(&n.abs().to_string(), &target.literals.group);
        let digits = if n.is_negative() { format!("-{digits}") } else { digits };
        let int = target.ints.get(at).ok_or("there are no whole numbers")?;
        if !int.writes(n) {
            return Err(format!("the number {n} cannot be written"));
        }
        let text = int.written(&n.to_string(), &digits, target.native(&Range::of(n.clone())) == Some(0));
        // A sign binds as the operator does.
        let rank = target.expr.get("neg").map_or(100, |it| it.parts().0);
        Ok(Doc::text(if text.starts_with('-') && rank < min { format!("({text})") } else { text }))
    }

    /// A number in the representation of a range.
    pub(super) fn number(&mut self, ex: &Ex, wanted: &Range, min: u8) -> Outcome<Doc> {
        if let Kind::Int(n) = &ex.kind {
            return self.int(n, wanted, min);
        }
        let Some(own) = ex.ty.range() else { return self.expr(ex, min) };
        let (from, to) = (self.native(own)?, self.native(wanted)?);
        if from == to {
            // A cast between equal forms is none.
            let inner = if let Kind::Fit(of) = &ex.kind { of } else { ex };
            return if std::ptr::eq(inner, ex) { self.expr(ex, min) } else { self.number(inner, wanted, min) };
        }
        let ints = &self.writer.world.target.ints;
        let (Some(from), Some(to)) = (ints.get(from), ints.get(to)) else { return self.expr(ex, min) };
        let key = format!("{}>{}", from.name, to.name);
        let casts = &self.writer.world.target.casts;
        let template = casts.get(&key).or_else(|| casts.get("any")).cloned();
        let template = template.ok_or_else(|| format!("'{key}' is no cast of {}", self.writer.world.target.title))?;
        let name = to.name.clone();
        self.fill(&template, min, |it, slot, min| match slot {
            "type" => Ok(Doc::text(name.clone())),
            _ => it.expr(ex, min),
        })
    }

    fn op(&mut self, name: &str, parts: &[Ex], ex: &Ex, min: u8) -> Outcome<Doc> {
        let even = EVEN.contains(&name) || name.starts_with("bit_") || name.starts_with("shift_");
        let ranges = parts.iter().chain([ex]).filter_map(|it| it.ty.range());
        let hull = ranges.cloned().reduce(|a, b| a.join(&b)).filter(|_| even);
        let resolved = self.of_numbers(name, hull.as_ref(), parts, ex)?;
        if let ("sum_list", Some(Ty::List(element, _)), Some(sum)) =
            (resolved.as_str(), parts.first().map(|it| it.ty.base()), ex.ty.range())
            && let Some(one) = element.range()
            && self.native(one)? != self.native(sum)?
        {
            return Err("numbers of a list become a wider one".to_owned());
        }
        let of_kind = parts.first().map(|it| format!("{name}_{}", it.ty.kind()));
        let of_kind = of_kind.filter(|it| hull.is_none() && self.template(it).is_ok());
        let template = self.template(&of_kind.unwrap_or(resolved))?.clone();
        let ty = match &ex.ty.base() {
            Ty::Int(_) => hull.clone().map_or_else(|| ex.ty.clone(), Ty::Int),
            _ => ex.ty.clone(),
        };
        let type_name = self.writer.ty(&ty)?;
        let of = parts.first().map(|it| self.writer.ty(&it.ty)).transpose()?.unwrap_or_default();
        let inside = |it: &mut Self, min: u8| {
            it.fill(&template, min, |it, slot, min| {
                let (at, kept) = slot.strip_suffix('!').map_or((slot, false), |at| (at, true));
                match (at.parse::<usize>().ok().and_then(|at| parts.get(at)), &hull) {
                    (Some(part), Some(hull)) => it.number(part, hull, min),
                    (Some(part), None) if kept => it.owned(part, min),
                    (Some(part), None) => it.expr(part, min),
                    (None, _) => Ok(Doc::text(if slot == "of" { of.clone() } else { type_name.clone() })),
                }
            })
        };
        // The result goes back to its own representation.
        if let (Some(hull), Some(own)) = (&hull, ex.ty.range()) {
            let (from, to) = (self.native(hull)?, self.native(own)?);
            if from != to {
                let ints = &self.writer.world.target.ints;
                let (Some(from), Some(to)) = (ints.get(from), ints.get(to)) else { return inside(self, min) };
                let casts = &self.writer.world.target.casts;
                let cast = casts.get(&format!("{}>{}", from.name, to.name)).or_else(|| casts.get("any")).cloned();
                let cast = cast.ok_or_else(|| format!("'{}>{}' is no cast", from.name, to.name))?;
                let name = to.name.clone();
                return self.fill(&cast, min, |it, slot, min| match slot {
                    "type" => Ok(Doc::text(name.clone())),
                    _ => inside(it, min),
                });
            }
        }
        inside(self, min)
    }

    /// The name of an operation on numbers of the type that they are computed in.
    fn of_numbers(&self, name: &str, hull: Option<&Range>, parts: &[Ex], ex: &Ex) -> Outcome<String> {
        let all = parts.iter().chain([ex]).filter_map(|it| it.ty.range());
        let widest = all.cloned().reduce(|a, b| a.join(&b));
        let Some(range) = hull.or(widest.as_ref()) else { return Ok(name.to_owned()) };
        let target = self.writer.world.target;
        let int = target.ints.get(self.native(range)?);
        let own = int.and_then(|it| it.suffix.as_ref()).map(|suffix| format!("{name}_{suffix}"));
        // What does not compute is often the same for all types.
        let strict = hull.is_some() && !int.is_some_and(|it| it.same_operations);
        let own = own.filter(|own| strict || target.expr.contains_key(own));
        // What gives a number may have to say so: `unwrap_to_int`.
        let given = Some(format!("{name}_to_{}", ex.ty.kind())).filter(|it| target.expr.contains_key(it));
        Ok(own.or(given).unwrap_or_else(|| name.to_owned()))
    }

    /// A value of an enum as a case of a switch says it.
    pub(super) fn case_value(&mut self, id: &Ref, at: usize) -> Outcome<Doc> {
        let own = self.writer.world.target.expr.contains_key("case_value");
        self.value_in(if own { "case_value" } else { "enum_value" }, id, at)
    }

    fn enum_value(&mut self, id: &Ref, at: usize) -> Outcome<Doc> {
        self.value_in("enum_value", id, at)
    }

    fn value_in(&mut self, name: &str, id: &Ref, at: usize) -> Outcome<Doc> {
        let template = self.template(name)?.clone();
        let value = self.writer.value_name(id, at)?;
        let world = self.writer.world;
        let ty = world.said(id, |it| it.types.get(&*id.name));
        self.fill(&template, 0, |_, slot, _| Ok(Doc::text(if slot == "type" { ty.clone() } else { value.clone() })))
    }

    pub(super) fn field(&self, ty: &Ty, name: &Name) -> String {
        let (Ty::Record(id) | Ty::Outputs(id)) = ty.base() else { return name.to_string() };
        let world = self.writer.world;
        let module = world.modules.get(&*id.contract);
        let found = module.and_then(|it| it.fields.get(&(id.name.to_string(), name.to_string())));
        let field = found.cloned().unwrap_or_else(|| name.to_string());
        match &world.target.names.foreign_field {
            Some(form) if *id.contract != *world.home => {
                form.replace("{module}", module.map_or("", |it| &it.name)).replace("{name}", &field)
            }
            _ => field,
        }
    }

    fn fields(&mut self, ty: &Ty, fields: &[(Name, Ex)]) -> Outcome<Vec<Doc>> {
        let template = self.template("make_field")?.clone();
        let short = self.writer.world.target.expr.get("make_field_short").cloned();
        let mut made = Vec::new();
        for (name, value) in fields {
            let field = self.field(ty, name);
            let same = matches!(&value.kind, Kind::Var(var) if self.name(var) == field);
            let used = short.clone().filter(|_| same).unwrap_or_else(|| template.clone());
            let own = crate::emit::names::told(name, self.writer.world.target);
            made.push(self.fill(&used, 0, |it, slot, min| match slot {
                "field" => Ok(Doc::text(field.clone())),
                "own" => Ok(Doc::text(own.clone())),
                _ => it.owned(value, min),
            })?);
        }
        Ok(made)
    }

    fn make(&mut self, ty: &Ty, fields: &[(Name, Ex)], min: u8) -> Outcome<Doc> {
        let template = self.template("make")?.clone();
        let name = self.writer.ty(ty)?;
        let fields = self.fields(ty, fields)?;
        let own = self.between(fields.clone());
        self.fill(&template, min, |it, slot, _| match slot {
            "type" => Ok(Doc::text(name.clone())),
            "padded" => Ok(own.clone()),
            _ => Ok(it.listed("fields", fields.clone())),
        })
    }

    fn map(&mut self, ty: &Ty, entries: &[(Ex, Ex)], min: u8) -> Outcome<Doc> {
        let template = self.template(if entries.is_empty() { "empty_map" } else { "map" })?.clone();
        let entry = self.template("map_entry")?.clone();
        let mut docs = Vec::new();
        for (key, value) in entries {
            docs.push(self.fill(&entry, 0, |it, slot, min| it.owned(if slot == "0" { key } else { value }, min))?);
        }
        let name = self.writer.ty(ty)?;
        self.fill(&template, min, |it, slot, _| match slot {
            "type" => Ok(Doc::text(name.clone())),
            _ => Ok(it.listed("entries", docs.clone())),
        })
    }

    pub(super) fn call(&mut self, id: &Ref, arguments: &[Ex], ex: &Ex, min: u8) -> Outcome<Doc> {
        let foreign = *id.contract != *self.writer.world.home;
        let known = &self.writer.world.target.expr;
        let names = match (ex.raises, foreign) {
            (true, true) => ["call_raising_foreign", "call_raising"],
            (true, false) => ["call_raising", "call_raising"],
            _ => ["call", "call"],
        };
        let name = names.into_iter().find(|it| known.contains_key(*it)).unwrap_or("call_raising");
        let plain = arguments.is_empty() && known.contains_key("call_plain") && !ex.raises;
        let template = self.template(if plain { "call_plain" } else { name })?.clone();
        let (rank, text) = template.parts();
        let (function, docs) = self.called(id, arguments, wanted_of(text, rank, "args"))?;
        let module = self.writer.world.modules.get(&*id.contract).map_or("", |it| &it.name).to_owned();
        self.fill(&template, min, |it, slot, _| match slot {
            "function" => Ok(Doc::text(function.clone())),
            "module" => Ok(Doc::text(module.clone())),
            _ => Ok(it.listed("args", docs.clone())),
        })
    }

    /// A called function's name, and its arguments.
    pub(super) fn called(&mut self, id: &Ref, arguments: &[Ex], min: u8) -> Outcome<(String, Vec<Doc>)> {
        let docs = arguments.iter().map(|it| self.owned(it, min)).collect::<Outcome<Vec<_>>>()?;
        Ok((self.writer.inner_name(id), docs))
    }

    fn choice(&mut self, subject: &Ex, arms: &[(Vec<usize>, Ex)]) -> Outcome<Doc> {
        let head = self.template("choice")?.clone();
        let arm = self.template("choice_arm")?.clone();
        let Ty::Enum(id) = subject.ty.base().clone() else { return Err("a choice is not by an enum".to_owned()) };
        let separator = self.writer.world.target.expr.get("choice_or").map_or(" | ", |it| it.parts().1).to_owned();
        let mut docs = Vec::new();
        for (places, value) in arms {
            let mut patterns = Vec::new();
            for (n, at) in places.iter().enumerate() {
                if n > 0 {
                    patterns.push(Doc::text(separator.clone()));
                }
                patterns.push(self.case_value(&id, *at)?);
            }
            docs.push(Doc::Hard);
            docs.push(self.fill(&arm, 0, |it, slot, min| match slot {
                "patterns" => Ok(all(patterns.clone())),
                _ => it.owned(value, min),
            })?);
        }
        self.fill(&head, 0, |it, slot, min| match slot {
            "arms" => Ok(all([all(docs.clone()).nest(), Doc::Hard])),
            _ => it.expr(subject, min),
        })
    }

    fn text(&self, text: &str) -> String {
        let literals = &self.writer.world.target.literals;
        let mut made = String::new();
        for c in text.chars() {
            match literals.escapes.get(c.encode_utf8(&mut [0; 4])) {
                Some(escape) => made.push_str(escape),
                None if (c as u32) < 32 || c as u32 == 127 => {
                    made.push_str(&literals.control.replace("{hex}", &format!("{:02x}", c as u32)));
                }
                None => made.push(c),
            }
        }
        literals.text.replace("{0}", &made)
    }
}

/// Digits in groups of three, from five on.
fn grouped(digits: &str, mark: &str) -> String {
    if mark.is_empty() || digits.len() < 5 {
        return digits.to_owned();
    }
    let first = digits.len() % 3;
    let mut made = String::new();
    for (at, c) in digits.chars().enumerate() {
        if at > 0 && at % 3 == first {
            made.push_str(mark);
        }
        made.push(c);
    }
    made
}
