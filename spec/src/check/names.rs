//! Names: declared once, spelt by their kind, found with a suggestion (rules S1 to S6).
//!
//! It does not know what a name stands for beyond its kind.

use super::Checker;
use crate::diagnostic::{Diagnostic, Rule};
use crate::ir::{Contract, ErrorRef, Ref};
use crate::syntax::{Ident, ItemKind, Name, Path, Span, Version};
use std::collections::HashMap;
use std::sync::Arc;

/// How names of a kind are spelt.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `OrderLine`
    Pascal,
    /// `order_line`
    Snake,
    /// `ORDER_LINE`
    Upper,
}

impl Style {
    fn holds(self, name: &str) -> bool {
        let first = name.chars().next().unwrap_or('_');
        match self {
            Style::Pascal => first.is_ascii_uppercase() && !name.contains('_'),
            Style::Snake => first.is_ascii_lowercase() && !name.contains(|c: char| c.is_ascii_uppercase()),
            Style::Upper => {
                first.is_ascii_uppercase() && name.len() > 1 && !name.contains(|c: char| c.is_ascii_lowercase())
            }
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Style::Pascal => "like OrderLine",
            Style::Snake => "like order_line",
            Style::Upper => "like ORDER_LINE, in two letters or more",
        }
    }

    /// The name spelt in this style.
    fn respell(self, name: &str) -> String {
        let mut words: Vec<String> = vec![String::new()];
        let mut before = '_';
        for c in name.chars() {
            if c == '_' || (c.is_ascii_uppercase() && before.is_ascii_lowercase()) {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut().filter(|_| c != '_') {
                word.push(c.to_ascii_lowercase());
            }
            before = c;
        }
        words.retain(|word| !word.is_empty());
        match self {
            Style::Snake => words.join("_"),
            Style::Upper => words.join("_").to_uppercase(),
            Style::Pascal => words
                .iter()
                .map(|word| {
                    let mut chars = word.chars();
                    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
                    first + chars.as_str()
                })
                .collect(),
        }
    }
}

/// A declared item, wherever it is.
pub(super) enum Home {
    /// In this contract.
    Here(Name),
    /// In an imported one.
    There(Arc<Contract>, Name),
}

impl Checker<'_> {
    /// A name is spelt as its kind asks.
    pub(super) fn spelling(&mut self, name: &Ident, style: Style, what: &str) {
        if !style.holds(&name.name) {
            let message = format!("the name of {what} is spelt {}", style.words());
            let fault = Diagnostic::new(Rule::Naming, name.span, message).label("spelt otherwise");
            let better = style.respell(&name.name);
            let hint = (style.holds(&better) && *better != *name.name).then(|| format!("write '{better}'"));
            self.fault(hint.into_iter().fold(fault, Diagnostic::hint));
        }
    }

    /// Names of one scope are unique, and differ in more than case.
    pub(super) fn distinct<'n>(&mut self, names: impl Iterator<Item = &'n Ident>, what: &str) {
        let mut seen: HashMap<String, &Ident> = HashMap::new();
        for name in names {
            let Some(first) = seen.get(&name.name.to_ascii_lowercase()) else {
                seen.insert(name.name.to_ascii_lowercase(), name);
                continue;
            };
            let first = (*first).clone();
            let (rule, message) = if first.name == name.name {
                (Rule::Once, format!("{what} '{}' stands twice", name.name))
            } else {
                (Rule::CaseClash, format!("'{}' and '{}' differ in case only", first.name, name.name))
            };
            self.fault(Diagnostic::new(rule, name.span, message).label("again").other(first.span, "first here"));
        }
    }

    /// Looks at the names of the file: declarations, imports, the contract itself.
    pub(super) fn names(&mut self) {
        let file = self.file;
        for part in &file.header.name.parts {
            self.spelling(part, Style::Pascal, "a contract");
        }
        for import in &file.imports {
            self.spelling(&import.alias, Style::Pascal, "an import");
        }
        self.find_imports();
        for item in &file.items {
            let (style, what) = match &item.kind {
                ItemKind::Const(..) => (Style::Upper, "a constant"),
                ItemKind::Type(..) => (Style::Pascal, "a type"),
                ItemKind::Enum(_) => (Style::Pascal, "an enum"),
                ItemKind::Record(_) => (Style::Pascal, "a record"),
                ItemKind::Error(_) => (Style::Upper, "an error"),
                ItemKind::Hash(_) => (Style::Pascal, "a hash"),
                ItemKind::Operator(_) => (Style::Pascal, "an operator"),
                ItemKind::Vector(_) => (Style::Snake, "a vector"),
            };
            self.spelling(&item.name, style, what);
            if !matches!(item.kind, ItemKind::Vector(_)) {
                self.items.entry(item.name.name.clone()).or_insert(item);
            }
        }
        let imports = file.imports.iter().map(|import| &import.alias);
        let items = file.items.iter().filter(|item| !matches!(item.kind, ItemKind::Vector(_)));
        self.distinct(imports.chain(items.map(|item| &item.name)), "the name");
    }

    fn find_imports(&mut self) {
        let file = self.file;
        let mut versions = HashMap::new();
        for (import, found) in file.imports.iter().zip(self.found.clone()) {
            let wanted = import.version;
            match found {
                None => {
                    let message = format!("there is no contract '{}'", import.name.text());
                    let fault = Diagnostic::new(Rule::Import, import.name.span(), message).label("not found");
                    self.fault(
                        fault.hint("contracts are looked for in the files that were named and in their folders"),
                    );
                }
                Some(contract) => {
                    self.one_version(&contract, import.span, &mut versions);
                    let have = contract.version;
                    if have.0 != wanted.0 || have < wanted {
                        let message = format!("'{}' is there as {have}, and {wanted} is asked for", contract.name);
                        let fault = Diagnostic::new(Rule::Import, import.span, message);
                        self.fault(fault.hint(format!("a version from {wanted} up to the next MAJOR will do")));
                    }
                }
            }
        }
    }

    /// Of everything that is imported, on whichever way, there is one version.
    fn one_version(&mut self, contract: &Contract, span: Span, versions: &mut HashMap<Name, (Version, Span)>) {
        let mut open: Vec<&Contract> = vec![contract];
        while let Some(next) = open.pop() {
            open.extend(next.imports.iter().map(|import| &*import.contract));
            match versions.get(&next.name) {
                Some((have, first)) if *have != next.version => {
                    let message = format!("'{}' comes in as {have} and as {}", next.name, next.version);
                    let fault = Diagnostic::new(Rule::Import, span, message).label(next.version.to_string());
                    self.fault(
                        fault.other(*first, have.to_string()).hint("import contracts that agree on one version"),
                    );
                }
                Some(_) => {}
                None => {
                    versions.insert(next.name.clone(), (next.version, span));
                }
            }
        }
    }

    /// Where a path leads: a name of this contract, or one of an import.
    pub(super) fn home(&mut self, path: &Path, what: &str) -> Option<Home> {
        match path.parts.as_slice() {
            [name] => Some(Home::Here(name.name.clone())),
            [alias, name] => match self.imports.get(&alias.name) {
                Some(contract) => Some(Home::There(contract.clone(), name.name.clone())),
                None => {
                    let known: Vec<Name> = self.file.imports.iter().map(|it| it.alias.name.clone()).collect();
                    // An import that was not found has been told already.
                    if !known.contains(&alias.name) {
                        let message = format!("no import has the name '{}'", alias.name);
                        let fault = Diagnostic::new(Rule::Known, alias.span, message).label("not known");
                        self.fault(fault.suggest(&alias.name, known.iter().map(|name| &**name)));
                    }
                    None
                }
            },
            _ => {
                self.say(Rule::Known, path.span(), format!("'{}' is no name of {what}", path.text()));
                None
            }
        }
    }

    /// Tells that a name is not known, with the closest that is.
    pub(super) fn unknown(&mut self, name: &str, span: Span, what: &str, known: &[Name]) {
        let fault = Diagnostic::new(Rule::Known, span, format!("there is no {what} '{name}'")).label("not known");
        self.fault(fault.suggest(name, known.iter().map(|name| &**name)));
    }

    /// Names of declarations of a kind.
    pub(super) fn declared(&self, is: impl Fn(&ItemKind) -> bool) -> Vec<Name> {
        let mut names: Vec<Name> =
            self.items.values().filter(|item| is(&item.kind)).map(|item| item.name.name.clone()).collect();
        names.sort();
        names
    }

    /// The error of that name, and how many arguments it takes.
    pub(super) fn error(&mut self, path: &Path) -> Option<(ErrorRef, Vec<(Name, crate::ir::Type)>)> {
        match self.home(path, "an error")? {
            Home::Here(name) => match self.errors.get(&name) {
                Some(found) => Some((found.id.clone(), found.parameters.clone())),
                None => {
                    let known = self.declared(|kind| matches!(kind, ItemKind::Error(_)));
                    self.unknown(&name, path.span(), "error", &known);
                    None
                }
            },
            Home::There(contract, name) => match contract.error(&name) {
                Some(found) => Some((found.id.clone(), found.parameters.clone())),
                None => {
                    let known: Vec<Name> = contract.errors.iter().map(|it| it.id.name.clone()).collect();
                    self.unknown(&path.text(), path.span(), "error", &known);
                    None
                }
            },
        }
    }

    /// A reference to something of this contract.
    pub(super) fn own(&self, name: &Name) -> Ref {
        Ref { contract: self.me.clone(), name: name.clone() }
    }
}
