//! A set of contracts: which imports which, checked in an order in which everything that is imported is checked before.
//!
//! Invariants: the result depends on the texts only, not on the order in which they are given nor on the number of
//! threads. Texts are given from outside: this file reads none.

use crate::check::{Checked, check};
use crate::diagnostic::{Diagnostic, Rule, Rules};
use crate::ir::{self, Contract};
use crate::syntax::{self, File, Name, Version};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A text.
#[derive(Debug, Clone)]
pub struct Source {
    /// What it is called, for messages: a path.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A file of a set.
#[derive(Debug)]
pub struct Loaded {
    /// The text.
    pub source: Source,
    /// Its tree, when there is one.
    pub file: Option<File>,
    /// The contract, when there are no findings.
    pub contract: Option<Arc<Contract>>,
    /// Findings.
    pub faults: Vec<Diagnostic>,
}

impl Loaded {
    /// The text, up to where it is not UTF-8.
    pub fn text(&self) -> &str {
        match std::str::from_utf8(&self.source.bytes) {
            Ok(text) => text,
            Err(error) => {
                let sound = self.source.bytes.get(..error.valid_up_to()).unwrap_or_default();
                std::str::from_utf8(sound).unwrap_or_default()
            }
        }
    }
}

/// The stack of a thread that goes over trees: they nest 96 deep at most, and each level takes a few kilobytes.
const STACK: usize = 16 << 20;

/// Loads texts, in their order. `threads` at once; 0 for one a processor.
pub fn load(sources: Vec<Source>, rules: Rules, threads: usize) -> Vec<Loaded> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(STACK).build();
    match pool {
        Ok(pool) => pool.install(|| load_here(sources, rules)),
        // No thread can be had: this one will do.
        Err(_) => load_here(sources, rules),
    }
}

/// Runs something with a stack that is deep enough for any contract.
pub fn with_stack<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    match rayon::ThreadPoolBuilder::new().num_threads(1).stack_size(STACK).build() {
        Ok(pool) => pool.install(work),
        // No thread can be had: this one will do.
        Err(_) => work(),
    }
}

/// Reads canonical encodings of contracts, in an order in which everything that is imported is read before. Gives them
/// in the order of the encodings, or says which cannot be read.
pub fn decode_all(encodings: &[Vec<u8>]) -> Result<Vec<Arc<Contract>>, String> {
    let mut done: Vec<Option<Arc<Contract>>> = vec![None; encodings.len()];
    let mut by_digest: BTreeMap<String, Arc<Contract>> = BTreeMap::new();
    loop {
        let before = by_digest.len();
        let mut fault = None;
        for (bytes, slot) in encodings.iter().zip(&mut done).filter(|(_, slot)| slot.is_none()) {
            let (file, digests) = ir::tree(bytes).map_err(|error| error.to_string())?;
            let wanted: BTreeMap<String, String> =
                file.imports.iter().map(|import| import.name.text()).zip(digests).collect();
            let find = |name: &str, _: Version| by_digest.get(wanted.get(name)?).cloned();
            match ir::decode(bytes, &find) {
                Ok(contract) => {
                    by_digest.insert(ir::digest(&contract).to_string(), contract.clone());
                    *slot = Some(contract);
                }
                // It may come with the next round.
                Err(error) => fault = Some(error.to_string()),
            }
        }
        match fault {
            None => return Ok(done.into_iter().flatten().collect()),
            Some(fault) if by_digest.len() == before => return Err(fault),
            Some(_) => {}
        }
    }
}

/// Checks one text against contracts that are there already: the tree, when there is one, and what came of the check.
pub fn check_with(bytes: &[u8], known: &[Arc<Contract>], rules: Rules) -> (Option<File>, Checked) {
    let mut parsed = syntax::parse_bytes(bytes);
    parsed.faults.retain(|fault| rules.has(fault.rule));
    let Some(file) = parsed.file.filter(|_| parsed.faults.is_empty()) else {
        return (None, Checked { contract: None, faults: parsed.faults });
    };
    let of_name = |import: &syntax::Import| {
        let name = import.name.text();
        let mut named: Vec<&Arc<Contract>> = known.iter().filter(|it| *it.name == *name).collect();
        named.sort_by_key(|it| it.version);
        let suits = |it: &&&Arc<Contract>| it.version.0 == import.version.0 && it.version >= import.version;
        named.iter().rev().find(suits).or(named.last()).map(|it| Arc::clone(it))
    };
    let imports: Vec<Option<Arc<Contract>>> = file.imports.iter().map(of_name).collect();
    let checked = check(&file, &imports, rules);
    (Some(file), checked)
}

/// The imports of a contract in a text, by full name; nothing when it has no header.
pub fn imports_of(source: &Source) -> Vec<String> {
    let parsed = syntax::parse_bytes(&source.bytes);
    parsed.file.map_or_else(Vec::new, |file| file.imports.iter().map(|import| import.name.text()).collect())
}

/// The full name of the contract in a text; nothing when it has no header.
pub fn name_of(source: &Source) -> Option<String> {
    syntax::parse_bytes(&source.bytes).file.map(|file| file.header.name.text())
}

fn load_here(sources: Vec<Source>, rules: Rules) -> Vec<Loaded> {
    let mut files: Vec<Loaded> = sources
        .into_par_iter()
        .map(|source| {
            let mut parsed = syntax::parse_bytes(&source.bytes);
            parsed.faults.retain(|fault| rules.has(fault.rule));
            Loaded { source, file: parsed.file, contract: None, faults: parsed.faults }
        })
        .collect();
    let index = index(&mut files, rules);
    let imports: Vec<Vec<Option<usize>>> = files.iter().map(|file| found(file, &index)).collect();
    let mut left: BTreeSet<usize> =
        (0..files.len()).filter(|at| files.get(*at).is_some_and(|it| it.file.is_some())).collect();
    loop {
        let ready: Vec<usize> = left
            .iter()
            .copied()
            .filter(|at| imports.get(*at).is_some_and(|all| all.iter().flatten().all(|it| !left.contains(it))))
            .collect();
        if ready.is_empty() {
            break;
        }
        let checked: Vec<_> =
            ready.par_iter().filter_map(|at| Some((*at, one(&files, *at, imports.get(*at)?, rules)))).collect();
        for (at, (contract, faults)) in checked {
            left.remove(&at);
            if let Some(file) = files.get_mut(at) {
                file.contract = contract;
                file.faults.extend(faults);
            }
        }
    }
    circles(&mut files, &imports, &left, rules);
    files
}

/// Contracts by name and version.
type Index = BTreeMap<String, BTreeMap<Version, usize>>;

fn index(files: &mut [Loaded], rules: Rules) -> Index {
    let mut index = Index::new();
    for at in 0..files.len() {
        let Some(header) = files.get(at).and_then(|it| it.file.as_ref()).map(|file| file.header.clone()) else {
            continue;
        };
        let versions = index.entry(header.name.text()).or_default();
        let Some(first) = versions.get(&header.version).copied() else {
            versions.insert(header.version, at);
            continue;
        };
        let other = files.get(first).map(|it| it.source.name.clone()).unwrap_or_default();
        let message = format!("'{}' {} is declared in '{other}' too", header.name.text(), header.version);
        let fault = Diagnostic::new(Rule::Once, header.name.span(), message).label("declared twice");
        if let Some(file) = files.get_mut(at).filter(|_| rules.has(Rule::Once)) {
            file.faults.push(fault.hint("give one of them another name or version"));
        }
    }
    index
}

/// The file of each import: the highest version that will do, else the highest there is, which is told then.
fn found(loaded: &Loaded, index: &Index) -> Vec<Option<usize>> {
    let Some(file) = &loaded.file else { return Vec::new() };
    let one = |import: &syntax::Import| {
        let versions = index.get(&import.name.text())?;
        let suits = versions.iter().rev().find(|(have, _)| have.0 == import.version.0 && **have >= import.version);
        suits.or_else(|| versions.iter().next_back()).map(|(_, at)| *at)
    };
    file.imports.iter().map(one).collect()
}

type One = (Option<Arc<Contract>>, Vec<Diagnostic>);

fn one(files: &[Loaded], at: usize, imports: &[Option<usize>], rules: Rules) -> One {
    let Some((loaded, file)) = files.get(at).and_then(|it| Some((it, it.file.as_ref()?))) else {
        return (None, Vec::new());
    };
    let mut contracts = Vec::with_capacity(imports.len());
    let mut faults = Vec::new();
    for (import, found) in file.imports.iter().zip(imports) {
        let found = found.and_then(|at| files.get(at));
        let contract = found.and_then(|it| it.contract.clone());
        if let (Some(broken), None) = (found, &contract) {
            let message = format!("'{}' has findings of its own", import.name.text());
            let fault = Diagnostic::new(Rule::Import, import.span, message).label("cannot be used yet");
            faults.push(fault.hint(format!("see to '{}' first", broken.source.name)));
        }
        contracts.push(contract);
    }
    // What does not parse has findings enough, and what is built on sand has none that can be trusted.
    if !faults.is_empty() || !loaded.faults.is_empty() {
        faults.retain(|fault| rules.has(fault.rule));
        return (None, faults);
    }
    let checked = check(file, &contracts, rules);
    (checked.contract, checked.faults)
}

fn circles(files: &mut [Loaded], imports: &[Vec<Option<usize>>], left: &BTreeSet<usize>, rules: Rules) {
    if !rules.has(Rule::ImportCycle) {
        return;
    }
    for at in left {
        let names: Vec<Name> = imports
            .get(*at)
            .into_iter()
            .flatten()
            .flatten()
            .filter(|it| left.contains(it))
            .filter_map(|it| files.get(*it).map(|it| Name::from(it.source.name.as_str())))
            .collect();
        let Some(loaded) = files.get_mut(*at) else { continue };
        let span = imports.get(*at).and_then(|all| all.iter().position(|it| it.is_some_and(|it| left.contains(&it))));
        let span =
            span.and_then(|at| loaded.file.as_ref()?.imports.get(at)).map(|import| import.span).unwrap_or_default();
        let message = format!("this import leads back here, or into a circle: by way of '{}'", names.join("', '"));
        let fault = Diagnostic::new(Rule::ImportCycle, span, message).label("imported in a circle");
        loaded.faults.push(fault.hint("move what both need into a contract of its own"));
    }
}
