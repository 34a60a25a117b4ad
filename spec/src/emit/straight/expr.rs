//! Expressions as chains of values.
//!
//! Invariant: an operation that the target has no template for is made of those that it has where it can be (the lesser
//! of two, ways of rounding), else it is a reason. This file does not know statements.

use super::chain::{Atom, Sort};
use super::form::Val;
use super::run::{Run, zero};
use crate::emit::low::{Ex, Kind, Outcome, Ty};
use crate::ir::Range;
use num_bigint::BigInt;
use num_traits::Signed;

impl Run<'_> {
    pub(super) fn expr(&mut self, ex: &Ex) -> Outcome<Val> {
        Ok(match &ex.kind {
            Kind::Bool(known) => Val::One(Atom::Truth(*known)),
            Kind::Int(n) => Val::One(Atom::Number(n.clone())),
            Kind::Text(_) | Kind::Bytes(_) | Kind::Map(_) => {
                return Err(format!("it has values of kind '{}'", ex.ty.kind()));
            }
            Kind::None => self.forms.of(&ex.ty)?.any(),
            Kind::Var(name) => self.bound.get(&**name).cloned().ok_or_else(|| format!("'{name}' is missing"))?,
            Kind::Constant(id) => self.constant(id)?,
            Kind::EnumValue(id, at) => {
                let decl = self.forms.enumeration(id)?;
                let value = decl.values.get(*at).ok_or("a value of an enum is missing")?;
                Val::One(Atom::Number(BigInt::from(value.number)))
            }
            Kind::Make(fields) => {
                let form = self.forms.of(&ex.ty)?;
                let mut made = Vec::new();
                for (name, value) in fields {
                    made.push((name.clone(), self.expr(value)?));
                }
                Val::Record(made).roomed(&form)
            }
            Kind::Update(of, fields) => {
                let form = self.forms.of(&ex.ty)?;
                let Val::Record(mut made) = self.expr(of)? else { return Err("a record is something else".to_owned()) };
                for (name, value) in fields {
                    let value = self.expr(value)?;
                    if let Some(field) = made.iter_mut().find(|it| it.0 == *name) {
                        field.1 = value;
                    }
                }
                Val::Record(made).roomed(&form)
            }
            Kind::Field(of, name) => {
                let Val::Record(fields) = self.expr(of)? else { return Err("a record is something else".to_owned()) };
                let found = fields.into_iter().find(|it| it.0 == *name);
                found.ok_or_else(|| format!("the field '{name}' is missing"))?.1
            }
            Kind::List(items) => {
                let form = self.forms.of(&ex.ty)?;
                let mut made = Vec::new();
                for item in items {
                    made.push(self.expr(item)?);
                }
                Val::List(Atom::Number(BigInt::from(made.len())), made).roomed(&form)
            }
            Kind::Op(name, parts) => self.operation(name, parts, &ex.ty)?,
            Kind::Call(id, arguments) => self.call(id, arguments)?,
            Kind::Cond(parts) => {
                let [condition, then, otherwise] = &**parts;
                let condition = self.truth(condition)?;
                let (then, otherwise) = (self.expr(then)?, self.expr(otherwise)?);
                Val::choose(&mut self.chain, &condition, &then, &otherwise)?
            }
            Kind::Choice(subject, arms) => self.choice(subject, arms)?,
            Kind::Fit(of) => self.expr(of)?,
        })
    }

    /// One of several, by an enum.
    fn choice(&mut self, subject: &Ex, arms: &[(Vec<usize>, Ex)]) -> Outcome<Val> {
        let Ty::Enum(id) = subject.ty.base().clone() else {
            return Err("a choice is not by an enum".to_owned());
        };
        let subject = self.expr(subject)?.one()?;
        let mut made: Option<Val> = None;
        for (places, value) in arms.iter().rev().filter(|it| !it.0.is_empty()) {
            let value = self.expr(value)?;
            made = Some(match made {
                None => value,
                Some(rest) => {
                    let condition = self.is_one(&id, &subject, places)?;
                    Val::choose(&mut self.chain, &condition, &value, &rest)?
                }
            });
        }
        made.ok_or_else(|| "a choice has no arms".to_owned())
    }

    /// A number made of numbers; what is known is computed at once.
    pub(super) fn number(&mut self, name: &str, parts: Vec<Atom>, range: Range) -> Atom {
        if let [Atom::Number(a), Atom::Number(b)] = parts.as_slice() {
            match name {
                "add" => return Atom::Number(a + b),
                "sub" => return Atom::Number(a - b),
                "mul" => return Atom::Number(a * b),
                _ => {}
            }
        }
        let live = self.live();
        self.chain.op(name, parts, Sort::Number(range), &live)
    }

    fn operation(&mut self, name: &str, parts: &[Ex], ty: &Ty) -> Outcome<Val> {
        let mut vals = Vec::new();
        for part in parts {
            vals.push(self.expr(part)?);
        }
        let head = name.split_once('_').map_or(name, |it| it.0);
        match (name, vals.as_slice()) {
            ("and" | "or", [Val::One(a), Val::One(b)]) => {
                let (a, b) = (a.clone(), b.clone());
                return Ok(Val::One(if name == "and" { self.chain.and(a, b) } else { self.chain.or(a, b) }));
            }
            ("not", [Val::One(a)]) => return Ok(Val::One(self.chain.not(a.clone()))),
            ("some", [inner]) => {
                let form = self.forms.of(ty)?;
                return Ok(Val::Optional(Atom::Truth(true), Box::new(inner.clone())).roomed(&form));
            }
            ("is_some", [Val::Optional(present, _)]) => return Ok(Val::One(present.clone())),
            ("is_none", [Val::Optional(present, _)]) => return Ok(Val::One(self.chain.not(present.clone()))),
            ("unwrap", [Val::Optional(_, inner)]) => return Ok((**inner).clone()),
            ("otherwise", [Val::Optional(present, inner), other]) => {
                return Val::choose(&mut self.chain, present, inner, other);
            }
            ("number_of", [one]) => return Ok(one.clone()),
            ("is_unknown", [Val::One(atom)]) => {
                let Some(Ty::Enum(id)) = parts.first().map(|it| it.ty.base().clone()) else {
                    return Err("an enum is something else".to_owned());
                };
                let places: Vec<usize> = (0..self.forms.enumeration(&id)?.values.len()).collect();
                let known = self.is_one(&id, &atom.clone(), &places)?;
                return Ok(Val::One(self.chain.not(known)));
            }
            (_, [a, b]) if head == "eq" || head == "ne" => {
                let same = Val::same(&mut self.chain, a, b)?;
                return Ok(Val::One(if head == "eq" { same } else { self.chain.not(same) }));
            }
            ("lt" | "le" | "gt" | "ge", [Val::One(a), Val::One(b)]) => {
                return Ok(Val::One(self.chain.compare(name, a.clone(), b.clone())));
            }
            _ => {}
        }
        if let [Val::List(count, items), rest @ ..] = vals.as_slice() {
            return self.list(name, (count.clone(), items.clone()), rest, ty);
        }
        let atoms: Vec<Atom> = vals.iter().map(Val::one).collect::<Outcome<_>>()?;
        let range = ty.range().cloned().ok_or_else(|| self.lacks(name))?;
        Ok(Val::One(self.arithmetic(name, &atoms, &range)?))
    }

    fn lacks(&self, name: &str) -> String {
        format!("there is no '{name}' in {}", self.forms.target.title)
    }

    /// Operations of lists.
    fn list(&mut self, name: &str, (count, items): (Atom, Vec<Val>), rest: &[Val], ty: &Ty) -> Outcome<Val> {
        match (name, rest) {
            ("len_list", []) => Ok(Val::One(count)),
            ("get_list", [Val::One(at)]) => {
                let from = self.chain.compare("ge", at.clone(), zero());
                let to = self.chain.compare("lt", at.clone(), count);
                let there = self.chain.and(from, to);
                let form = self.forms.of(ty)?;
                let Val::Optional(_, mut found) = form.any() else { return Err(self.lacks(name)) };
                for (place, item) in items.iter().enumerate() {
                    let here = self.chain.compare("eq", at.clone(), Atom::Number(BigInt::from(place)));
                    found = Box::new(Val::choose(&mut self.chain, &here, item, &found)?);
                }
                Ok(Val::Optional(there, found))
            }
            ("contains_list", [wanted]) => {
                let mut any = Atom::Truth(false);
                for (place, item) in items.iter().enumerate() {
                    let there = self.chain.compare("gt", count.clone(), Atom::Number(BigInt::from(place)));
                    let same = Val::same(&mut self.chain, item, wanted)?;
                    let one = self.chain.and(there, same);
                    any = self.chain.or(any, one);
                }
                Ok(Val::One(any))
            }
            ("sum_list", []) => {
                let range = ty.range().cloned().ok_or_else(|| self.lacks(name))?;
                let mut sum = zero();
                for (place, item) in items.iter().enumerate() {
                    let there = self.chain.compare("gt", count.clone(), Atom::Number(BigInt::from(place)));
                    let part = self.chain.choose(&there, item.one()?, zero());
                    sum = self.number("add", vec![sum, part], range.clone());
                }
                Ok(Val::One(sum))
            }
            ("append_list", [value]) => {
                let form = self.forms.of(ty)?;
                self.pushed(Val::List(count, items).roomed(&form), value)
            }
            _ => Err(self.lacks(name)),
        }
    }

    fn has(&self, name: &str) -> bool {
        self.forms.target.expr.contains_key(name)
    }

    pub(super) fn arithmetic(&mut self, name: &str, parts: &[Atom], range: &Range) -> Outcome<Atom> {
        self.forms.target.native(range).ok_or_else(|| crate::emit::lower::wide(range))?;
        match (name, parts) {
            ("add" | "sub" | "mul" | "neg", _) => {}
            ("min" | "max", [a, b]) => {
                let less = self.chain.compare(if name == "min" { "le" } else { "ge" }, a.clone(), b.clone());
                return Ok(self.chain.choose(&less, a.clone(), b.clone()));
            }
            ("abs", [a]) => {
                let negative = self.chain.compare("lt", a.clone(), zero());
                let own = self.chain.range(a)?;
                let minus = self.number("neg", vec![a.clone()], own.negate());
                return Ok(self.chain.choose(&negative, minus, a.clone()));
            }
            (_, [a, b]) if !self.has(name) => return self.divided(name, a, b, range),
            _ => {}
        }
        if !self.has(name) {
            return Err(self.lacks(name));
        }
        Ok(self.number(name, parts.to_vec(), range.clone()))
    }

    /// A way of dividing, made of the division that rounds towards zero.
    fn divided(&mut self, name: &str, a: &Atom, b: &Atom, range: &Range) -> Outcome<Atom> {
        if name == "div_down" || !self.has("div_down") || !(name == "mod" || name.starts_with("div_")) {
            return Err(self.lacks(name));
        }
        let (own, by) = (self.chain.range(a)?, self.chain.range(b)?);
        let far = own.greatest();
        let quotient = self.number("div_down", vec![a.clone(), b.clone()], Range::new(-&far, far));
        let (product, rest) = {
            let limit = own.join(&own.negate());
            let product = self.number("mul", vec![quotient.clone(), b.clone()], limit.clone());
            let most = by.greatest().min(limit.greatest());
            (product.clone(), self.number("sub", vec![a.clone(), product], Range::new(-&most, most)))
        };
        self.chain.name(&product, "product");
        self.chain.name(&quotient, "quotient");
        self.chain.name(&rest, "rest");
        let left = self.chain.compare("ne", rest.clone(), zero());
        let (a_below, b_below) =
            (self.chain.compare("lt", a.clone(), zero()), self.chain.compare("lt", b.clone(), zero()));
        let apart = {
            let not = self.chain.not(b_below.clone());
            self.chain.choose(&a_below, not, b_below.clone())
        };
        let one = Atom::Number(BigInt::from(1));
        let less = self.number("sub", vec![quotient.clone(), one.clone()], range.join(&Range::new(-1, 0)));
        let more = self.number("add", vec![quotient.clone(), one], range.join(&Range::new(0, 1)));
        let away = self.chain.choose(&apart, less.clone(), more.clone());
        Ok(match name {
            "mod" => {
                let other = self.chain.and(left, apart);
                let moved = self.number("add", vec![rest.clone(), b.clone()], range.clone());
                self.chain.choose(&other, moved, rest)
            }
            "div_floor" => {
                let down = self.chain.and(left, apart);
                self.chain.choose(&down, less, quotient)
            }
            "div_ceiling" => {
                let not = self.chain.not(apart);
                let up = self.chain.and(left, not);
                self.chain.choose(&up, more, quotient)
            }
            "div_up" => self.chain.choose(&left, away, quotient),
            "div_half_even" | "div_half_up" => {
                let twice = self.size(&rest, 2)?;
                let whole = self.size(b, 1)?;
                let over = self.chain.compare("gt", twice.clone(), whole.clone());
                let half = self.chain.compare("eq", twice, whole);
                let odd = if name == "div_half_up" {
                    Atom::Truth(true)
                } else {
                    let of = self.chain.range(&quotient)?;
                    let two = Atom::Number(BigInt::from(2));
                    let halved = self.number("div_down", vec![quotient.clone(), two.clone()], of.clone());
                    let doubled = self.number("mul", vec![halved, two], of);
                    self.chain.compare("ne", doubled, quotient.clone())
                };
                let tie = self.chain.and(half, odd);
                let further = self.chain.or(over, tie);
                self.chain.choose(&further, away, quotient)
            }
            _ => return Err(self.lacks(name)),
        })
    }

    /// How far a number is from zero, so many times.
    fn size(&mut self, atom: &Atom, times: u8) -> Outcome<Atom> {
        if let Atom::Number(n) = atom {
            return Ok(Atom::Number(n.abs() * times));
        }
        let own = self.chain.range(atom)?;
        let most = own.greatest() * times;
        let whole = Range::new(-&most, most.clone());
        let minus = self.number("neg", vec![atom.clone()], own.negate());
        let below = self.chain.compare("lt", atom.clone(), zero());
        let size = self.chain.choose(&below, minus, atom.clone());
        if times == 1 {
            return Ok(size);
        }
        Ok(self.number("mul", vec![size, Atom::Number(BigInt::from(times))], whole))
    }
}
