//! Names as a target spells them: in its case, unlike its reserved words, and unlike each other.
//!
//! Invariants: the same contract gives the same names in every module that speaks of it; what clashes gets the target's
//! suffix, in an order that the contract alone decides. This file does not know templates.

use super::target::Target;
use crate::ir::{Contract, Ref};
use std::collections::{BTreeMap, BTreeSet};

/// Words of a name, whatever its case.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let chars: Vec<char> = name.chars().collect();
    for (at, c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| chars.get(at));
        let after = chars.get(at + 1);
        let upper = c.is_ascii_uppercase();
        let begins = upper
            && (before.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
                || (before.is_some_and(char::is_ascii_uppercase) && after.is_some_and(char::is_ascii_lowercase)));
        if (matches!(c, '_' | '.' | '-') || begins) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if !matches!(c, '_' | '.' | '-') {
            word.extend(c.to_lowercase());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// A name in a case.
pub(super) fn cased(name: &str, case: &str) -> String {
    let words = words(name);
    match case {
        "snake" => words.join("_"),
        "kebab" => words.join("-"),
        "upper" => words.join("_").to_uppercase(),
        "sentence" => capital(&words.join("_")),
        "flat" => words.concat(),
        "pascal" => words.iter().map(|it| capital(it)).collect(),
        "ada" => words.iter().map(|it| capital(it)).collect::<Vec<_>>().join("_"),
        "camel" => {
            let pascal: String = words.iter().skip(1).map(|it| capital(it)).collect();
            words.first().cloned().unwrap_or_default() + &pascal
        }
        _ => name.to_owned(),
    }
}

/// A contract's name as a part of other names.
pub(super) fn flat(name: &str, target: &Target) -> String {
    let case = target.names.case.get("module").map_or("snake", String::as_str);
    path(name, case).join(match case {
        "pascal" => "",
        "kebab" => "-",
        _ => "_",
    })
}

/// The name of something that an error tells.
pub(super) fn told(name: &str, target: &Target) -> String {
    let case = target.names.case.get("told").or_else(|| target.names.case.get("field"));
    let made = cased(name, case.map_or("", String::as_str));
    let key = if target.names.caseless { made.to_lowercase() } else { made.clone() };
    let words = target.names.reserved.iter();
    let clashes = words.chain(&target.names.told).any(|it| *it == key);
    if clashes { made + &target.names.suffix } else { made }
}

/// Names of one scope.
#[derive(Debug, Clone)]
pub(super) struct Scope<'a> {
    target: &'a Target,
    taken: BTreeSet<String>,
}

impl<'a> Scope<'a> {
    /// A scope in which nothing but reserved words is taken.
    pub(super) fn inside(target: &'a Target) -> Scope<'a> {
        let mut scope = Scope { target, taken: BTreeSet::new() };
        target.names.reserved.iter().for_each(|it| scope.take(it));
        scope
    }

    /// A scope that sees what stands around modules.
    pub(super) fn new(target: &'a Target) -> Scope<'a> {
        let mut scope = Scope::inside(target);
        target.names.around.iter().for_each(|it| scope.take(it));
        scope
    }

    pub(super) fn take(&mut self, name: &str) {
        self.taken.insert(if self.target.names.caseless { name.to_lowercase() } else { name.to_owned() });
    }

    /// A free name of this kind.
    pub(super) fn give(&mut self, kind: &str, name: &str, module: &str) -> String {
        self.give_in(kind, name, module, "")
    }

    /// A free name of this kind, of something in an enum or a record.
    fn give_in(&mut self, kind: &str, name: &str, module: &str, of: &str) -> String {
        let names = &self.target.names;
        let case = names.case.get(kind).map_or("", String::as_str);
        let mut made = cased(name, case);
        if let Some(form) = names.form.get(kind) {
            made = form.replace("{name}", &made).replace("{module}", module);
            made = made.replace("{MODULE}", &module.to_uppercase()).replace("{enum}", of).replace("{record}", of);
        }
        let key = |it: &str| if names.caseless { it.to_lowercase() } else { it.to_owned() };
        let base = made.clone();
        let mut n = 1;
        while !self.taken.insert(key(&made)) {
            n += 1;
            made = if n == 2 { format!("{base}{}", names.suffix) } else { format!("{base}{}{n}", names.suffix) };
        }
        made
    }
}

/// The names of a contract's module.
#[derive(Debug, Clone, Default)]
pub(super) struct Module {
    /// What the module itself is called.
    pub(super) name: String,
    pub(super) types: BTreeMap<String, String>,
    pub(super) errors: BTreeMap<String, String>,
    pub(super) constants: BTreeMap<String, String>,
    pub(super) functions: BTreeMap<String, String>,
    pub(super) inner: BTreeMap<String, String>,
    pub(super) outputs: BTreeMap<String, String>,
    /// Values of enums, by enum and value.
    pub(super) values: BTreeMap<(String, String), String>,
    /// Fields of records, by record and field; outputs by the operator's name.
    pub(super) fields: BTreeMap<(String, String), String>,
    pub(super) taken: BTreeSet<String>,
}

/// The parts of a contract's name in a case.
pub(super) fn path(name: &str, case: &str) -> Vec<String> {
    name.split('.').map(|part| cased(part, case)).collect()
}

/// Where a contract's module lies: the parts of its name, none of them a reserved word.
pub(super) fn place(name: &str, target: &Target) -> Vec<String> {
    let case = target.names.case.get("module").map_or("snake", String::as_str);
    place_in(name, case, target)
}

/// The same with its parts in another case.
pub(super) fn place_in(name: &str, case: &str, target: &Target) -> Vec<String> {
    let free = |part: String| if target.names.reserved.contains(&part) { part + &target.names.suffix } else { part };
    path(name, case).into_iter().map(free).collect()
}

impl Module {
    pub(super) fn of(contract: &Contract, target: &Target) -> Module {
        let parts = place(&contract.name, target);
        let flat = flat(&contract.name, target);
        let mut module = Module { name: parts.last().cloned().unwrap_or_default(), ..Module::default() };
        let mut scope = Scope::new(target);
        for import in contract.closure() {
            if let Some(name) = place(&import.name, target).pop() {
                scope.take(&name);
            }
        }
        let aliases = contract.aliases.iter().map(|it| &it.id.name);
        let enums = contract.enums.iter().map(|it| &it.id.name);
        let records = contract.records.iter().map(|it| &it.id.name);
        let mut apart = scope.clone();
        let of_types = if target.names.types_apart { &mut apart } else { &mut scope };
        for name in aliases.chain(enums).chain(records) {
            module.types.insert(name.to_string(), of_types.give("type", name, &flat));
        }
        for operator in &contract.operators {
            let name = &operator.id.name;
            if operator.outputs.len() > 1 {
                module.outputs.insert(name.to_string(), of_types.give("type", &format!("{name}Outputs"), &flat));
                fields(&mut module, target, name, &flat, operator.outputs.iter().map(|it| &*it.name));
            }
        }
        for error in &contract.errors {
            module.errors.insert(error.id.name.to_string(), scope.give("error", &error.id.name, &flat));
        }
        for constant in &contract.constants {
            module.constants.insert(constant.id.name.to_string(), scope.give("constant", &constant.id.name, &flat));
        }
        for operator in &contract.operators {
            let name = operator.id.name.to_string();
            module.functions.insert(name.clone(), scope.give("function", &name, &flat));
        }
        for operator in &contract.operators {
            let name = operator.id.name.to_string();
            module.inner.insert(name.clone(), scope.give("inner", &name, &flat));
        }
        for decl in &contract.enums {
            // Where values stand beside types they are told apart from them.
            let shared = target.names.shares_values();
            let mut own = Scope::inside(target);
            for value in &decl.values {
                let used = if shared { &mut scope } else { &mut own };
                let enum_name = cased(&decl.id.name, target.names.case.get("value").map_or("", String::as_str));
                let name = used.give_in("value", &value.name, &flat, &enum_name);
                module.values.insert((decl.id.name.to_string(), value.name.to_string()), name);
            }
        }
        for decl in &contract.records {
            fields(&mut module, target, &decl.id.name, &flat, decl.fields.iter().map(|it| &*it.name));
        }
        module.taken = scope.taken;
        module
    }
}

fn fields<'n>(module: &mut Module, target: &Target, of: &str, flat: &str, names: impl Iterator<Item = &'n str>) {
    let mut scope = Scope::inside(target);
    let record = cased(of, target.names.case.get("record").map_or("", String::as_str));
    for name in names {
        module.fields.insert((of.to_owned(), name.to_owned()), scope.give_in("field", name, flat, &record));
    }
}

/// The names of a contract and of all that it uses.
#[derive(Debug, Clone)]
pub(super) struct World<'a> {
    pub(super) target: &'a Target,
    /// The contract whose module is written.
    pub(super) home: String,
    pub(super) modules: BTreeMap<String, Module>,
}

impl<'a> World<'a> {
    pub(super) fn of(contract: &Contract, target: &'a Target) -> World<'a> {
        let all = std::iter::once(contract).chain(contract.closure().into_iter().map(|it| &**it));
        let mut modules: BTreeMap<String, Module> =
            all.map(|it| (it.name.to_string(), Module::of(it, target))).collect();
        // Two modules of one last name are told apart by their whole names.
        let mut count: BTreeMap<String, usize> = BTreeMap::new();
        modules.values().for_each(|it| *count.entry(it.name.clone()).or_default() += 1);
        for (name, module) in &mut modules {
            if target.names.whole || count.get(&module.name).is_some_and(|n| *n > 1) {
                module.name = match &target.names.twin {
                    Some(mark) => place(name, target).join(mark),
                    None => cased(name, target.names.case.get("module").map_or("snake", String::as_str)),
                };
            }
        }
        World { target, home: contract.name.to_string(), modules }
    }

    /// A name of a module, as this module says it.
    pub(super) fn said(&self, id: &Ref, of: impl Fn(&Module) -> Option<&String>) -> String {
        let module = self.modules.get(&*id.contract);
        let name = module.and_then(of).cloned().unwrap_or_else(|| id.name.to_string());
        if *id.contract == *self.home {
            return name;
        }
        let module = module.map_or("", |it| it.name.as_str());
        self.target.names.foreign.replace("{module}", module).replace("{name}", &name)
    }

    pub(super) fn module(&self) -> Option<&Module> {
        self.modules.get(&self.home)
    }
}
