//! Chains as templates see them: ports, and values in their order, each with the text that makes it.
//!
//! Invariants: names are free in their function; a value that nothing needs is not there; equal chains give equal
//! texts. This file does not know what the texts mean.

use super::chain::{Atom, Call, Chain, Made, Sort};
use super::form::{Form, Forms};
use super::{Claim, Interface, Laid, Plan};
use crate::emit::block::fill::{Piece, pieces};
use crate::emit::context::Context;
use crate::emit::docs::DocSet;
use crate::emit::low::{Outcome, Role};
use crate::emit::lower::types;
use crate::emit::names::{Scope, World};
use crate::emit::target::Target;
use crate::ir::{Contract, ErrorRef, Operator, Param, Range, Type, Unknown};
use num_bigint::BigInt;
use num_traits::{One, Signed};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// So many bits hold every number of a range, with a sign.
pub(super) fn bits(range: &Range) -> u64 {
    let of = |n: &BigInt| if n.is_negative() { (n + BigInt::one()).bits() } else { n.bits() };
    of(&range.low).max(of(&range.high)) + 1
}

/// All that a module is made of.
pub(super) fn module(contract: &Contract, docs: &DocSet, world: &World<'_>, plan: &Plan<'_>) -> Json {
    let writer = Writer { contract, docs, world, plan };
    let done: Vec<(&Operator, &super::Done)> =
        contract.operators.iter().filter_map(|it| Some((&**it, plan.done.get(&it.id)?.as_ref().ok()?))).collect();
    let functions = after_its_uses(contract)
        .into_iter()
        .filter_map(|it| Some((it, plan.done.get(&it.id)?.as_ref().ok()?)))
        .flat_map(|(operator, it)| it.functions.iter().map(move |laid| (operator, laid)))
        .map(|(operator, laid)| writer.function(operator, laid));
    let functions: Vec<Json> = functions.collect();
    let operators: Vec<Json> = done.iter().filter_map(|(operator, it)| writer.operator(operator, it).ok()).collect();
    let mut closure = Vec::new();
    after_its_imports(contract, &mut closure);
    json!({
        "contract": Context::home(contract, world),
        "docs": docs.get("contract"),
        "imports": contract.imports.iter().map(|it| Context::home(&it.contract, world)).collect::<Vec<_>>(),
        "closure": closure.iter().map(|it| Context::home(it, world)).collect::<Vec<_>>(),
        "bounded": world.target.ints.first().is_some_and(|it| it.low().is_some()),
        "functions": functions,
        "operators": operators,
    })
}

/// Contracts, each behind those that it uses.
fn after_its_imports<'c>(contract: &'c Contract, found: &mut Vec<&'c Contract>) {
    if found.iter().any(|it| it.name == contract.name) {
        return;
    }
    for import in &contract.imports {
        after_its_imports(&import.contract, found);
    }
    found.push(contract);
}

/// Operators of a contract, each behind those that it calls.
fn after_its_uses(contract: &Contract) -> Vec<&Operator> {
    fn add<'c>(contract: &'c Contract, operator: &'c Operator, found: &mut Vec<&'c Operator>) {
        if found.iter().any(|it| it.id == operator.id) {
            return;
        }
        for id in operator.uses.iter().filter(|id| id.contract == operator.id.contract) {
            if let Some(used) = contract.operator(&id.name) {
                add(contract, used, found);
            }
        }
        found.push(operator);
    }
    let mut found = Vec::new();
    contract.operators.iter().for_each(|it| add(contract, it, &mut found));
    found
}

struct Writer<'a> {
    contract: &'a Contract,
    docs: &'a DocSet,
    world: &'a World<'a>,
    plan: &'a Plan<'a>,
}

/// The names of a function's ports.
struct Ports {
    inputs: Vec<(String, Sort)>,
    outputs: Vec<(String, Sort)>,
}

impl Writer<'_> {
    fn target(&self) -> &Target {
        self.world.target
    }

    fn ports<'s>(&self, interface: &Interface, scope: &mut Scope<'s>) -> Ports {
        let mut give = |(hint, sort): (String, Sort)| (scope.give("variable", &hint, ""), sort);
        let inputs = interface.inputs.iter().flat_map(|(name, form)| form.leaves(name)).map(&mut give).collect();
        let outputs = interface.outs().into_iter().map(&mut give).collect();
        Ports { inputs, outputs }
    }

    fn function_name(&self, operator: &crate::ir::Ref, inner: bool) -> String {
        let name = &*operator.name;
        self.world.said(operator, |it| if inner { it.inner.get(name) } else { it.functions.get(name) })
    }

    fn function(&self, operator: &Operator, laid: &Laid) -> Json {
        let mut scope = Scope::new(self.target());
        let ports = self.ports(&laid.interface, &mut scope);
        let inner = laid.function.role == Role::Inner;
        let mut results = Vec::new();
        if laid.interface.raises {
            results.push(laid.out.error.clone());
        }
        let told = |at: usize| laid.out.tells.get(at).cloned().unwrap_or_else(super::run::zero);
        results.extend((0..laid.interface.tells.len()).map(told));
        let value = laid.out.value.clone().unwrap_or_else(|| laid.interface.result.any());
        results.extend(value.leaves());
        let names = names(&laid.chain, &results, &ports.inputs, &mut scope);
        let outputs =
            ports.outputs.iter().zip(&results).map(|((name, sort), atom)| {
                with(port(name, sort), "value", json!(self.atom(&laid.chain, &names, atom)))
            });
        let items = self.items(&laid.chain, &names, &mut scope);
        json!({
            "name": self.function_name(&operator.id, inner),
            "levels": self.levels(&laid.chain, &names, &items),
            "source": &*operator.id.name,
            "inner": inner,
            "docs": self.docs.get(&format!("operator {}", operator.id.name)),
            "raises": laid.interface.raises,
            "inputs": ports.inputs.iter().map(|(name, sort)| port(name, sort)).collect::<Vec<_>>(),
            "outputs": outputs.collect::<Vec<_>>(),
            "items": items,
        })
    }

    /// Values and calls as bindings, those beside each other that do not need each other.
    fn levels(&self, chain: &Chain, names: &BTreeMap<usize, String>, items: &[Json]) -> Vec<Vec<Json>> {
        let template = |name: &str| self.target().expr.get(name).map(|it| it.parts().1.to_owned());
        let (Some(call), Some(plain), Some(out)) = (template("call"), template("call_plain"), template("call_out"))
        else {
            return Vec::new();
        };
        let text = |json: &Json, key: &str| json.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
        let list = |json: &Json, key: &str| json.get(key).and_then(Json::as_array).cloned().unwrap_or_default();
        let mut level_of: BTreeMap<String, usize> = BTreeMap::new();
        let after = |atoms: &[Atom], level_of: &BTreeMap<String, usize>| {
            let parts = atoms.iter().filter_map(|it| if let Atom::At(at) = it { names.get(at) } else { None });
            parts.filter_map(|name| level_of.get(name)).max().map_or(0, |level| level + 1)
        };
        let mut levels: Vec<Vec<Json>> = Vec::new();
        let mut put = |level: usize, name: String, value: String| {
            levels.resize_with(levels.len().max(level + 1), Vec::new);
            if let Some(own) = levels.get_mut(level) {
                own.push(json!({"name": name, "value": value}));
            }
        };
        let made: BTreeMap<&str, &Made> =
            names.iter().filter_map(|(at, name)| Some((name.as_str(), &chain.cells.get(*at)?.made))).collect();
        for item in items {
            let name = text(item, "name");
            if text(item, "what") == "value" {
                let Some(Made::Op(_, parts)) = made.get(name.as_str()) else { continue };
                let level = after(parts, &level_of);
                put(level, name.clone(), text(item, "value"));
                level_of.insert(name, level);
                continue;
            }
            let outputs = list(item, "outputs");
            let first = outputs.first().map(|it| text(it, "to")).unwrap_or_default();
            let Some(Made::Out(number, _)) = made.get(first.as_str()) else { continue };
            let level =
                after(chain.calls.get(*number).map(|it| it.arguments.as_slice()).unwrap_or_default(), &level_of);
            let arguments: Vec<String> = list(item, "arguments").iter().map(|it| text(it, "value")).collect();
            let function = text(item, "function");
            let form = if arguments.is_empty() { &plain } else { &call };
            put(level, name.clone(), form.replace("{function}", &function).replace("{args}", &arguments.join(" ")));
            for output in outputs {
                let value = out.replace("{function}", &function).replace("{port}", &text(&output, "name"));
                put(level + 1, text(&output, "to"), value.replace("{call}", &name));
                level_of.insert(text(&output, "to"), level + 1);
            }
        }
        levels
    }

    /// Values and calls in their order.
    fn items(&self, chain: &Chain, names: &BTreeMap<usize, String>, scope: &mut Scope<'_>) -> Vec<Json> {
        let mut items = Vec::new();
        let mut called = vec![false; chain.calls.len()];
        for (at, cell) in chain.cells.iter().enumerate() {
            let Some(name) = names.get(&at) else { continue };
            match &cell.made {
                Made::Input => {}
                Made::Op(op, parts) => {
                    let text = self.operation(chain, names, op, parts, &cell.sort);
                    items.push(with(with(port(name, &cell.sort), "what", json!("value")), "value", json!(text)));
                }
                Made::Out(call, _) => {
                    let Some(flag) = called.get_mut(*call).filter(|it| !**it) else { continue };
                    *flag = true;
                    if let Some(it) = chain.calls.get(*call) {
                        items.push(self.call(chain, names, it, scope));
                    }
                }
            }
        }
        items
    }

    fn call(&self, chain: &Chain, names: &BTreeMap<usize, String>, call: &Call, scope: &mut Scope<'_>) -> Json {
        let home = self.contract.home(&call.operator.contract).unwrap_or(self.contract);
        let forms = Forms { contract: home, target: self.target() };
        let done = self.plan.lowered.get(&call.operator).and_then(|it| it.as_ref().ok());
        let function = done.and_then(|it| it.iter().find(|it| (it.role == Role::Inner) == call.inner));
        let interface = function.and_then(|it| Interface::of(forms, it).ok());
        let ports = interface.map(|it| self.ports(&it, &mut Scope::new(self.target())));
        let ports = ports.unwrap_or(Ports { inputs: Vec::new(), outputs: Vec::new() });
        let arguments = ports.inputs.iter().zip(&call.arguments).map(|((name, sort), atom)| {
            let bits = bits_of(sort);
            let text = self.sized(chain, names, atom, bits);
            with(port(name, sort), "value", json!(text))
        });
        let outputs = ports
            .outputs
            .iter()
            .zip(&call.outs)
            .map(|((name, sort), at)| with(port(name, sort), "to", json!(names.get(at))));
        let name = self.function_name(&call.operator, call.inner);
        json!({
            "what": "call",
            "function": name,
            "name": scope.give("variable", &format!("{}_{}", "call", call.operator.name), ""),
            "arguments": arguments.collect::<Vec<_>>(),
            "outputs": outputs.collect::<Vec<_>>(),
        })
    }

    fn operation(
        &self,
        chain: &Chain,
        names: &BTreeMap<usize, String>,
        op: &str,
        parts: &[Atom],
        sort: &Sort,
    ) -> String {
        let target = self.target();
        let template = target.expr.get(op).or_else(|| target.expr.get(op.trim_end_matches("_bool")));
        let Some(template) = template else { return format!("<{op}>") };
        let (rank, text) = template.parts();
        let mut made = String::new();
        for piece in pieces(text, rank) {
            match piece {
                Piece::Text(text) => made.push_str(&text),
                Piece::Slot("bits", _) => made.push_str(&bits_of(sort).to_string()),
                // Where a number loses bits by being resized, parts and result are computed in room for all.
                Piece::Slot("wide", _) => {
                    let of = |it: &Atom| bits_of(&chain.sort(it));
                    let most = parts.iter().map(of).max().unwrap_or(0).max(bits_of(sort));
                    made.push_str(&most.to_string());
                }
                Piece::Slot(slot, _) => {
                    let atom = slot.parse::<usize>().ok().and_then(|at| parts.get(at));
                    made.push_str(&atom.map(|it| self.atom(chain, names, it)).unwrap_or_default());
                }
            }
        }
        made
    }

    fn atom(&self, chain: &Chain, names: &BTreeMap<usize, String>, atom: &Atom) -> String {
        let bits = if let Atom::Number(n) = atom { bits(&Range::of(n.clone())) + 1 } else { 0 };
        self.sized(chain, names, atom, bits)
    }

    /// An atom, a known number in so many bits.
    fn sized(&self, chain: &Chain, names: &BTreeMap<usize, String>, atom: &Atom, bits: u64) -> String {
        let target = self.target();
        match atom {
            Atom::Truth(known) => {
                if *known {
                    target.literals.yes.clone()
                } else {
                    target.literals.no.clone()
                }
            }
            Atom::Number(n) => {
                let int = target.ints.first();
                let negative = target.literals.negative.as_deref().filter(|_| n.is_negative());
                let form = negative.or(int.map(|it| it.literal.as_str())).unwrap_or("{0}");
                let digits = if negative.is_some() { n.abs().to_string() } else { n.to_string() };
                let bits = bits.max(self::bits(&Range::of(n.clone())));
                let text = form.replace("{0}", &digits).replace("{bits}", &bits.to_string());
                if text.contains("{binary}") { text.replace("{binary}", &binary(n, bits)) } else { text }
            }
            Atom::At(at) => names
                .get(at)
                .cloned()
                .unwrap_or_else(|| chain.cells.get(*at).map(|it| it.hint.clone()).unwrap_or_default()),
        }
    }

    /// An operator as what tries it sees it.
    fn operator(&self, operator: &Operator, done: &super::Done) -> Outcome<Json> {
        let laid = done.functions.iter().find(|it| it.function.role == Role::Public).ok_or("it has no function")?;
        let ports = self.ports(&laid.interface, &mut Scope::new(self.target()));
        let forms = Forms { contract: self.contract, target: self.target() };
        let invalid = self.contract.invalid.as_ref();
        let one = |param: &Param| Ok(json!({"source": &*param.name, "type": tree(forms, &param.ty, invalid)?}));
        let mut errors = Vec::new();
        for id in &laid.function.raises {
            let home = self.contract.home(&id.contract).and_then(|it| it.error(&id.name));
            let error = home.ok_or("an error is missing")?;
            errors.push(json!({"full": id.to_string(), "number": error.number, "tells": error.parameters.len()}));
        }
        Ok(json!({
            "source": &*operator.id.name,
            "name": self.function_name(&operator.id, false),
            "inputs": operator.inputs.iter().map(one).collect::<Outcome<Vec<_>>>()?,
            "outputs": operator.outputs.iter().map(one).collect::<Outcome<Vec<_>>>()?,
            "takes": ports.inputs.iter().map(|(name, sort)| port(name, sort)).collect::<Vec<_>>(),
            "gives": ports.outputs.iter().map(|(name, sort)| port(name, sort)).collect::<Vec<_>>(),
            "raises": laid.interface.raises,
            "tells": laid.interface.tells.len(),
            "errors": errors,
            "claims": done.claims.iter().map(|it| self.claim(it)).collect::<Vec<_>>(),
        }))
    }

    fn claim(&self, claim: &Claim) -> Json {
        let mut scope = Scope::new(self.target());
        let inputs = claim.inputs.iter().flat_map(|(name, form)| form.leaves(name));
        let inputs: Vec<(String, Sort)> =
            inputs.map(|(hint, sort)| (scope.give("variable", &hint, ""), sort)).collect();
        let names = names(&claim.chain, std::slice::from_ref(&claim.goal), &inputs, &mut scope);
        let items = self.items(&claim.chain, &names, &mut scope);
        json!({
            "name": claim.name,
            "levels": self.levels(&claim.chain, &names, &items),
            "inputs": inputs.iter().map(|(name, sort)| port(name, sort)).collect::<Vec<_>>(),
            "goal": self.atom(&claim.chain, &names, &claim.goal),
        })
    }
}

/// Names of all values that anything needs; inputs are the first of a chain.
fn names(chain: &Chain, roots: &[Atom], inputs: &[(String, Sort)], scope: &mut Scope<'_>) -> BTreeMap<usize, String> {
    let used = chain.used(roots);
    let mut names: BTreeMap<usize, String> = inputs.iter().map(|it| it.0.clone()).enumerate().collect();
    // A call's outputs stand together, whether they are needed or not.
    let needed = |call: &Call| call.outs.iter().any(|at| used.get(*at) == Some(&true));
    for (at, cell) in chain.cells.iter().enumerate().skip(inputs.len()) {
        let there = match &cell.made {
            Made::Out(call, _) => chain.calls.get(*call).is_some_and(needed),
            _ => used.get(at) == Some(&true),
        };
        if there {
            names.insert(at, scope.give("variable", &cell.hint, ""));
        }
    }
    names
}

fn bits_of(sort: &Sort) -> u64 {
    if let Sort::Number(range) = sort { bits(range) } else { 1 }
}

fn port(name: &str, sort: &Sort) -> Json {
    let size = bits_of(sort);
    match sort {
        Sort::Truth => json!({"name": name, "kind": "bool", "bits": 1, "msb": 0}),
        Sort::Number(range) => json!({
            "name": name,
            "kind": "int",
            "bits": size,
            "msb": size - 1,
            "low": range.low.to_string(),
            "high": range.high.to_string(),
        }),
    }
}

/// The form of a type as a reader of words follows it; with the error of a word that has no place.
fn tree(forms: Forms<'_>, ty: &Type, around: Option<&ErrorRef>) -> Outcome<Json> {
    let (mut around, mut below) = (around, ty);
    while let Type::Named(alias) = below {
        around = alias.error.as_ref().or(around);
        below = &alias.ty;
    }
    let invalid = forms.contract.invalid.as_ref();
    let own = match below {
        Type::Enum(decl) => match &decl.unknown {
            Unknown::Error(error) => Some(error),
            Unknown::Value(_) => None,
        },
        _ => None,
    };
    let breach = own.or(around).or(invalid).map(ToString::to_string).unwrap_or_default();
    let form = forms.of(&types::ty(ty)?)?;
    let one = |sort: &Sort| bits_of(sort);
    Ok(match (below, &form) {
        (Type::Enum(decl), Form::One(sort)) => {
            let other = if let Unknown::Value(at) = decl.unknown { decl.values.get(at) } else { None };
            let numbers: Vec<String> = decl.values.iter().map(|it| it.number.to_string()).collect();
            let other = other.map(|it| it.number.to_string()).unwrap_or_default();
            json!({"kind": "enum", "bits": one(sort), "breach": breach, "numbers": numbers, "otherwise": other})
        }
        (_, Form::One(Sort::Truth)) => json!({"kind": "bool"}),
        (_, Form::One(sort)) => {
            let size = one(sort);
            let half: BigInt = BigInt::one() << (size - 1);
            let (low, high) = ((-&half).to_string(), (half - BigInt::one()).to_string());
            json!({"kind": "int", "bits": size, "breach": breach, "least": low, "greatest": high})
        }
        (Type::Optional(inner), _) => {
            json!({"kind": "optional", "inner": tree(forms, inner, around)?, "size": form.leaves("").len() - 1})
        }
        (Type::List(element, size), _) => {
            let width = forms.of(&types::ty(element)?)?.leaves("").len();
            let element = tree(forms, element, around)?;
            json!({"kind": "list", "breach": breach, "most": size.high, "element": element, "width": width})
        }
        (Type::Record(decl), _) => {
            let fields = decl.fields.iter().map(|it| tree(forms, &it.ty, None)).collect::<Outcome<Vec<_>>>()?;
            json!({"kind": "record", "fields": fields})
        }
        _ => return Err("it has a value without words".to_owned()),
    })
}

fn with(mut object: Json, name: &str, value: Json) -> Json {
    if let Json::Object(members) = &mut object {
        members.insert(name.to_owned(), value);
    }
    object
}

/// A number in two's complement.
fn binary(n: &BigInt, bits: u64) -> String {
    let whole = if n.is_negative() { (BigInt::one() << bits) + n } else { n.clone() };
    let digits = whole.to_str_radix(2);
    let missing = usize::try_from(bits).unwrap_or(0).saturating_sub(digits.len());
    format!("{}{digits}", "0".repeat(missing))
}
