//! From syntax tree to IR: names, types, ranges, and every static rule of the language.
//!
//! Invariants: all findings of a file are told, sorted by place; an IR is given only when there are none. What cannot
//! be made out has the type `Bad`, which agrees with everything, so that one fault is told once. Imports are given
//! from outside: this folder reads no files.

mod arith;
mod bounds;
mod calls;
mod facts;
mod fits;
mod flow;
mod hashes;
mod infer;
mod items;
mod matching;
mod names;
mod narrow;
mod operators;
mod outside;
mod primitives;
mod steps;
mod types;
mod vectors;

pub use facts::MAX_STEPS;
pub(crate) use fits::{Fit, fits};

use crate::diagnostic::{Diagnostic, Rule, Rules};
use crate::eval::{Lookup, Raised};
use crate::ir::{self, Contract, ErrorRef, Type, Value};
use crate::syntax::{File, Item, MAX_FAULTS, Name, Span};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// What came of a check.
#[derive(Debug)]
pub struct Checked {
    /// The contract; `None` when there are findings.
    pub contract: Option<Arc<Contract>>,
    /// What is wrong, in order of place.
    pub faults: Vec<Diagnostic>,
}

/// Checks a file. `imports` holds, in the order of the file's imports, the contracts that were found for them.
pub fn check(file: &File, imports: &[Option<Arc<Contract>>], rules: Rules) -> Checked {
    let mut checker = Checker::new(file, imports, rules);
    checker.names();
    checker.items();
    checker.operators();
    let (contract, mut faults) = checker.finish();
    faults.sort_by_key(|fault| (fault.span, fault.rule));
    faults.dedup();
    faults.truncate(MAX_FAULTS);
    Checked { contract: contract.filter(|_| faults.is_empty()), faults }
}

/// A finding, without its rule's switch being looked at yet.
type Fault = Diagnostic;

struct Checker<'f> {
    file: &'f File,
    rules: Rules,
    faults: Vec<Fault>,
    /// The contract's own name.
    me: Name,
    /// Imported contracts by their name here.
    imports: BTreeMap<Name, Arc<Contract>>,
    /// What was found for each import, in order.
    found: Vec<Option<Arc<Contract>>>,
    items: HashMap<Name, &'f Item>,
    types: HashMap<Name, Type>,
    constants: HashMap<Name, Option<Arc<ir::Constant>>>,
    errors: HashMap<Name, Arc<ir::ErrorDecl>>,
    hashes: HashMap<Name, Arc<ir::HashDecl>>,
    /// Operators by name: first their signatures, then with bodies.
    operators: HashMap<Name, Arc<ir::Operator>>,
    vectors: Vec<ir::Vector>,
    invalid: Option<ErrorRef>,
    /// Types and constants that are being made out, to notice circles.
    visiting: Vec<Name>,
}

/// Where an expression stands: what is bound, what is known, and what it did.
#[derive(Default)]
struct Scope {
    /// Bindings, the innermost last.
    variables: Vec<(Name, Type, Span)>,
    /// What conditions say of paths, the innermost last.
    facts: Vec<(String, Type)>,
    /// Errors that were raised, each with a place.
    raised: BTreeMap<ErrorRef, Span>,
    /// Operators that were called, each with a place.
    called: BTreeMap<ir::Ref, Span>,
    /// May floats occur?
    floats: bool,
    /// Must it be made without inputs and operators?
    constant: bool,
}

impl Scope {
    /// For constants, defaults and vectors.
    fn constant() -> Scope {
        Scope { constant: true, floats: true, ..Scope::default() }
    }

    fn variable(&self, name: &str) -> Option<&(Name, Type, Span)> {
        self.variables.iter().rev().find(|variable| *variable.0 == *name)
    }

    /// A mark to go back to.
    fn mark(&self) -> (usize, usize) {
        (self.variables.len(), self.facts.len())
    }

    fn back_to(&mut self, mark: (usize, usize)) {
        self.variables.truncate(mark.0);
        self.facts.truncate(mark.1);
    }
}

impl<'f> Checker<'f> {
    fn new(file: &'f File, imports: &[Option<Arc<Contract>>], rules: Rules) -> Checker<'f> {
        let by_alias = file.imports.iter().zip(imports);
        let by_alias = by_alias.filter_map(|(import, found)| Some((import.alias.name.clone(), found.clone()?)));
        Checker {
            file,
            rules,
            faults: Vec::new(),
            me: Name::from(file.header.name.text()),
            imports: by_alias.collect(),
            found: imports.to_vec(),
            items: HashMap::new(),
            types: HashMap::new(),
            constants: HashMap::new(),
            errors: HashMap::new(),
            hashes: HashMap::new(),
            operators: HashMap::new(),
            vectors: Vec::new(),
            invalid: None,
            visiting: Vec::new(),
        }
    }

    /// Notes a finding, when its rule is in force.
    fn fault(&mut self, fault: Fault) {
        if self.rules.has(fault.rule) {
            self.faults.push(fault);
        }
    }

    /// Notes a finding of a few words.
    fn say(&mut self, rule: Rule, span: Span, message: impl Into<String>) {
        self.fault(Diagnostic::new(rule, span, message));
    }

    fn finish(self) -> (Option<Arc<Contract>>, Vec<Fault>) {
        let header = &self.file.header;
        let mut imports = Vec::new();
        for (import, found) in self.file.imports.iter().zip(&self.found) {
            let Some(found) = found else { continue };
            imports.push(ir::Import {
                name: Name::from(import.name.text()),
                version: import.version,
                digest: ir::digest(found),
                contract: found.clone(),
            });
        }
        imports.sort_by(|a, b| a.name.cmp(&b.name));
        let mut contract = Contract {
            name: self.me.clone(),
            version: header.version,
            layer: header.layer,
            docs: self.file.docs.clone(),
            invalid: self.invalid.clone(),
            imports,
            constants: sorted(self.constants.into_values().flatten(), |it| &it.id.name),
            aliases: Vec::new(),
            enums: Vec::new(),
            records: Vec::new(),
            errors: sorted(self.errors.into_values(), |it| &it.id.name),
            hashes: sorted(self.hashes.into_values(), |it| &it.id.name),
            operators: sorted(self.operators.into_values(), |it| &it.id.name),
            vectors: self.vectors,
            known_digest: std::sync::OnceLock::new(),
        };
        for ty in self.types.into_values() {
            match ty {
                Type::Named(alias) => contract.aliases.push(alias),
                Type::Enum(decl) => contract.enums.push(decl),
                Type::Record(decl) => contract.records.push(decl),
                _ => {}
            }
        }
        contract.aliases.sort_by(|a, b| a.id.cmp(&b.id));
        contract.enums.sort_by(|a, b| a.id.cmp(&b.id));
        contract.records.sort_by(|a, b| a.id.cmp(&b.id));
        contract.vectors.sort_by(|a, b| (&a.operator, &a.name).cmp(&(&b.operator, &b.name)));
        let mut faults = self.faults;
        if faults.is_empty() {
            vectors::hold(self.file, &contract, self.rules, &mut faults);
        }
        (Some(Arc::new(contract)), faults)
    }
}

fn sorted<T>(items: impl Iterator<Item = Arc<T>>, key: impl Fn(&T) -> &Name) -> Vec<Arc<T>> {
    let mut items: Vec<Arc<T>> = items.collect();
    items.sort_by(|a, b| key(a).cmp(key(b)));
    items
}

impl Checker<'_> {
    /// An imported contract, or an import of one, by its full name.
    fn other(&self, name: &str) -> Option<&Contract> {
        self.imports.values().find_map(|it| it.home(name))
    }
}

/// What constants may look up while the contract is not made yet.
impl Lookup for Checker<'_> {
    fn constant(&self, id: &ir::Ref) -> Option<Value> {
        if id.contract == self.me {
            return self.constants.get(&id.name)?.as_ref().map(|it| it.value.clone());
        }
        self.other(&id.contract)?.constant(&id.name).map(|it| it.value.clone())
    }

    fn hash(&self, id: &ir::Ref) -> Option<Arc<ir::HashDecl>> {
        if id.contract == self.me {
            return self.hashes.get(&id.name).cloned();
        }
        self.other(&id.contract)?.hash(&id.name).cloned()
    }

    fn operator(&self, _id: &ir::Ref) -> Option<Arc<ir::Operator>> {
        None
    }

    fn error_parameters(&self, id: &ErrorRef) -> Option<Vec<Name>> {
        let error = if id.contract == self.me {
            self.errors.get(&id.name)?.clone()
        } else {
            self.other(&id.contract)?.error(&id.name)?.clone()
        };
        Some(error.parameters.iter().map(|it| it.0.clone()).collect())
    }

    fn example(&self, _id: &ir::Ref, _arguments: &[Value]) -> Option<Result<Value, Raised>> {
        None
    }
}
