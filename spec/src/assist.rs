//! What an editor asks of a contract: what stands at a place, where it is declared, and what could stand there.
//!
//! Names are looked up as the language does: parameters and bindings of the operator around the place, declarations of
//! the contract, those of an import behind its name, values of an enum, fields of a record. Invariant: a text with
//! findings is answered as far as its tree goes. This file does not know editors.

use crate::format::item_text;
use crate::ir::{self, Contract, Primitive, Type};
use crate::load::Loaded;
use crate::syntax::{Docs, File, Import, Item, ItemKind, RESERVED, Span};

/// Something that a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meaning {
    /// The file that declares it.
    pub file: usize,
    /// Its name there.
    pub span: Span,
    /// Its declaration, or its type.
    pub shown: String,
    /// Its doc comment.
    pub docs: Docs,
}

/// What kind of thing could stand at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A parameter or binding.
    Local,
    /// A field of a record.
    Field,
    /// A constant.
    Constant,
    /// A type, an enum or a record.
    Type,
    /// A value of an enum.
    Value,
    /// An error.
    Error,
    /// A hash.
    Hash,
    /// An operator.
    Operator,
    /// An imported contract.
    Import,
    /// A primitive.
    Primitive,
    /// A word of the language.
    Word,
}

/// Something that could stand at a place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// Its kind.
    pub what: What,
    /// Its name.
    pub name: String,
    /// A few words: its type, or the line that declares it.
    pub detail: String,
}

/// Words that begin declarations and clauses, beside those that name nothing.
const WORDS: [&str; 24] = [
    "bool", "bytes", "const", "contract", "decimal", "effects", "ensure", "enum", "error", "extern", "hash", "import",
    "int", "list", "operator", "optional", "pure", "raises", "record", "state", "stateful", "text", "uses", "vector",
];

/// Files, and a place in one of them.
struct Asked<'a> {
    files: &'a [Loaded],
    at: usize,
    offset: usize,
}

/// What the name at a place stands for.
pub fn meaning(files: &[Loaded], at: usize, offset: usize) -> Option<Meaning> {
    let asked = Asked { files, at, offset };
    let (path, _) = asked.path(false)?;
    let parts: Vec<&str> = path.iter().map(String::as_str).collect();
    asked.find(&parts)
}

/// What could stand at a place, sorted; what stands there already is the beginning of its name.
pub fn candidates(files: &[Loaded], at: usize, offset: usize) -> Vec<Candidate> {
    let asked = Asked { files, at, offset };
    let (mut path, start) = asked.path(true).unwrap_or_default();
    let begun = path.pop().unwrap_or_default();
    let parts: Vec<&str> = path.iter().map(String::as_str).collect();
    let mut found = if parts.is_empty() { asked.all() } else { asked.below(&parts) };
    // Behind digits no name begins.
    if asked.text().get(..start).is_some_and(|it| it.ends_with(|c: char| c.is_ascii_digit())) {
        found.clear();
    }
    found.retain(|it| it.name.to_lowercase().starts_with(&begun.to_lowercase()));
    found.sort();
    found.dedup();
    found
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The first line of a declaration, without what it is made of.
fn head(item: &Item) -> String {
    let mut plain = item.clone();
    plain.docs.clear();
    let text = item_text(&plain);
    match &item.kind {
        ItemKind::Operator(_) => {
            let end = text.find("\n{").or_else(|| text.find(" {\n")).unwrap_or(text.len());
            text.get(..end).unwrap_or_default().trim_end().to_owned()
        }
        _ => text,
    }
}

const fn what(item: &Item) -> Option<What> {
    Some(match item.kind {
        ItemKind::Const(..) => What::Constant,
        ItemKind::Type(..) | ItemKind::Enum(_) | ItemKind::Record(_) => What::Type,
        ItemKind::Error(_) => What::Error,
        ItemKind::Hash(_) => What::Hash,
        ItemKind::Operator(_) => What::Operator,
        ItemKind::Vector(_) => return None,
    })
}

fn candidate(what: What, name: &str, detail: impl Into<String>) -> Candidate {
    let detail: String = detail.into();
    Candidate { what, name: name.to_owned(), detail: detail.lines().next().unwrap_or_default().to_owned() }
}

impl<'a> Asked<'a> {
    fn loaded(&self) -> Option<&'a Loaded> {
        self.files.get(self.at)
    }

    fn text(&self) -> &'a str {
        self.loaded().map_or("", Loaded::text)
    }

    fn tree(&self) -> Option<&'a File> {
        self.loaded()?.file.as_ref()
    }

    fn contract(&self) -> Option<&'a Contract> {
        self.loaded()?.contract.as_deref()
    }

    /// The names joined by dots up to the place, and where the last begins. Only up to the place itself, when what is
    /// written there is not whole yet.
    fn path(&self, begun: bool) -> Option<(Vec<String>, usize)> {
        let text = self.text();
        let before = text.get(..self.offset)?;
        let start = before.rfind(|c| !is_word(c)).map_or(0, |at| at + before.get(at..).map_or(1, first_len));
        let rest = text.get(self.offset..)?;
        let length = if begun { 0 } else { rest.find(|c| !is_word(c)).unwrap_or(rest.len()) };
        let word = text.get(start..self.offset + length)?;
        if word.is_empty() && !begun {
            return None;
        }
        let mut parts = vec![word.to_owned()];
        let mut at = start;
        while let Some(left) = text.get(..at).and_then(|it| it.strip_suffix('.')) {
            let from = left.rfind(|c| !is_word(c)).map_or(0, |at| at + left.get(at..).map_or(1, first_len));
            let part = left.get(from..).filter(|it| !it.is_empty())?;
            parts.insert(0, part.to_owned());
            at = from;
        }
        Some((parts, start))
    }

    /// The declaration around the place.
    fn around(&self) -> Option<&'a Item> {
        let holds = |it: &&Item| (it.span.start as usize) <= self.offset && self.offset <= it.span.end as usize;
        self.tree()?.items.iter().find(holds)
    }

    fn find(&self, parts: &[&str]) -> Option<Meaning> {
        match parts {
            [] => None,
            [only] => self.local(only).or_else(|| self.plain(only)),
            [first, rest @ ..] => match self.import(first) {
                Some((file, _)) => declared(self.files, file, rest),
                None => declared(self.files, self.at, parts).or_else(|| self.field(parts)),
            },
        }
    }

    /// A name that stands alone and is no binding.
    fn plain(&self, name: &str) -> Option<Meaning> {
        if let Some(found) = declared(self.files, self.at, &[name]) {
            return Some(found);
        }
        if let Some((file, import)) = self.import(name) {
            let tree = self.files.get(file)?.file.as_ref()?;
            let shown =
                format!("contract {} {} layer L{}", tree.header.name.text(), tree.header.version, tree.header.layer);
            let span = if file == self.at { import.alias.span } else { tree.header.name.span() };
            return Some(Meaning { file, span, shown, docs: tree.docs.clone() });
        }
        // A value in a pattern, or a field that is given its value.
        let mut below = self.tree()?.items.iter().filter_map(|item| part_of(self.at, item, name, self.text()));
        below.next()
    }

    /// The import of that name, and the file that it is found in.
    fn import(&self, name: &str) -> Option<(usize, &'a Import)> {
        let import = self.tree()?.imports.iter().find(|it| *it.alias.name == *name)?;
        let wanted = import.name.text();
        let is = |it: &Loaded| it.file.as_ref().is_some_and(|file| file.header.name.text() == wanted);
        Some((self.files.iter().position(is)?, import))
    }

    /// A parameter or binding of the operator around the place.
    fn local(&self, name: &str) -> Option<Meaning> {
        let item = self.around()?;
        let text = self.text();
        let params = match &item.kind {
            ItemKind::Operator(it) => it.inputs.iter().chain(&it.outputs).collect::<Vec<_>>(),
            ItemKind::Hash(it) => it.parameters.iter().collect(),
            _ => Vec::new(),
        };
        if let Some(param) = params.into_iter().find(|it| *it.name.name == *name) {
            let ty = self.type_of(item, name).map_or_else(|| param.ty.span.text(text).to_owned(), |it| with_range(&it));
            let shown = format!("{}{name}: {ty}", if param.state { "state " } else { "" });
            return Some(Meaning { file: self.at, span: param.name.span, shown, docs: param.docs.clone() });
        }
        if !matches!(item.kind, ItemKind::Operator(_)) {
            return None;
        }
        let span = bindings(text, item.span, self.offset).into_iter().rev().find(|it| it.text(text) == name)?;
        let ty = self.type_of(item, name).map_or_else(String::new, |it| format!(": {}", with_range(&it)));
        Some(Meaning { file: self.at, span, shown: format!("{name}{ty}"), docs: Docs::new() })
    }

    /// The type of a parameter or binding, as the contract was checked.
    fn type_of(&self, item: &Item, name: &str) -> Option<Type> {
        let operator = self.contract()?.operator(&item.name.name)?;
        if let Some(param) = operator.inputs.iter().chain(&operator.outputs).find(|it| *it.name == *name) {
            return Some(param.ty.clone());
        }
        let mut found: Option<Type> = None;
        let body = operator.body.as_ref()?;
        let note = |block: &ir::Block, found: &mut Option<Type>| {
            for statement in &block.statements {
                if let ir::Statement::Let(own, ty, value) = statement
                    && **own == *name
                {
                    *found = Some(ty.clone().unwrap_or_else(|| value.ty.clone()));
                }
            }
        };
        note(body, &mut found);
        let mut used: Option<Type> = None;
        body.walk(&mut |expr| match &expr.kind {
            ir::ExprKind::Variable(own) if **own == *name => {
                used.get_or_insert_with(|| expr.ty.clone());
            }
            ir::ExprKind::If(_, then, otherwise) => {
                note(then, &mut found);
                note(otherwise, &mut found);
            }
            ir::ExprKind::Fold(fold) => {
                note(&fold.body, &mut found);
                if *fold.acc == *name {
                    found = Some(fold.ty.clone());
                }
            }
            _ => {}
        });
        found.or(used)
    }

    /// `account.balance`: a field of what a binding is.
    fn field(&self, parts: &[&str]) -> Option<Meaning> {
        let (last, before) = parts.split_last()?;
        let Type::Record(decl) = self.type_at(before)? else { return None };
        let file = self.file_of(&decl.id.contract)?;
        let item = self.files.get(file)?.file.as_ref()?.items.iter().find(|it| *it.name.name == *decl.id.name)?;
        part_of(file, item, last, self.files.get(file)?.text())
    }

    /// The type of a binding and fields of it, below its names.
    fn type_at(&self, parts: &[&str]) -> Option<Type> {
        let (first, fields) = parts.split_first()?;
        let mut ty = self.type_of(self.around()?, first)?;
        for name in fields {
            let Type::Record(decl) = ty.base() else { return None };
            ty = decl.fields.iter().find(|it| *it.name == **name)?.ty.clone();
        }
        Some(ty.base().clone())
    }

    fn file_of(&self, contract: &str) -> Option<usize> {
        self.files.iter().position(|it| it.contract.as_ref().is_some_and(|own| *own.name == *contract))
    }

    /// All names that can stand alone.
    fn all(&self) -> Vec<Candidate> {
        let mut found: Vec<Candidate> =
            RESERVED.iter().chain(&WORDS).map(|word| candidate(What::Word, word, "")).collect();
        found.extend(Primitive::ALL.iter().map(|it| candidate(What::Primitive, it.name(), "primitive")));
        let Some(tree) = self.tree() else { return found };
        found.extend(tree.items.iter().filter_map(|it| Some(candidate(what(it)?, &it.name.name, head(it)))));
        found.extend(tree.imports.iter().map(|it| candidate(What::Import, &it.alias.name, it.name.text())));
        let Some(item) = self.around() else { return found };
        let mut locals: Vec<String> = match &item.kind {
            ItemKind::Operator(it) => it.inputs.iter().map(|it| it.name.name.to_string()).collect(),
            ItemKind::Hash(it) => it.parameters.iter().map(|it| it.name.name.to_string()).collect(),
            _ => Vec::new(),
        };
        let text = self.text();
        locals.extend(bindings(text, item.span, self.offset).into_iter().map(|it| it.text(text).to_owned()));
        for name in locals {
            let ty = self.type_of(item, &name).map_or_else(String::new, |it| it.to_string());
            found.push(candidate(What::Local, &name, ty));
        }
        found
    }

    /// All names that can stand behind others and a dot.
    fn below(&self, parts: &[&str]) -> Vec<Candidate> {
        let values = |items: &[Item], name: &str| -> Vec<Candidate> {
            let of = |item: &Item| match &item.kind {
                ItemKind::Enum(it) => it.values.iter().map(|it| candidate(What::Value, &it.name.name, "")).collect(),
                _ => Vec::new(),
            };
            items.iter().filter(|it| *it.name.name == *name).flat_map(of).collect()
        };
        let own = self.tree().map_or(&[][..], |it| it.items.as_slice());
        let imported = |name: &str| {
            let (file, _) = self.import(name)?;
            Some(self.files.get(file)?.file.as_ref()?.items.as_slice())
        };
        match parts {
            [first] if imported(first).is_some() => {
                let items = imported(first).unwrap_or_default().iter();
                items.filter_map(|it| Some(candidate(what(it)?, &it.name.name, head(it)))).collect()
            }
            [first, second] if imported(first).is_some() => values(imported(first).unwrap_or_default(), second),
            [only] if !values(own, only).is_empty() => values(own, only),
            _ => match self.type_at(parts) {
                Some(Type::Record(decl)) => {
                    decl.fields.iter().map(|it| candidate(What::Field, &it.name, it.ty.to_string())).collect()
                }
                _ => Vec::new(),
            },
        }
    }
}

/// A type, and what a name stands for behind it.
fn with_range(ty: &Type) -> String {
    match ty {
        Type::Named(_) => format!("{ty}  // {}", ty.base()),
        _ => ty.to_string(),
    }
}

fn first_len(text: &str) -> usize {
    text.chars().next().map_or(1, char::len_utf8)
}

/// What a file declares under a name, or below one.
fn declared(files: &[Loaded], file: usize, parts: &[&str]) -> Option<Meaning> {
    let loaded = files.get(file)?;
    let (first, rest) = parts.split_first()?;
    let item = loaded.file.as_ref()?.items.iter().find(|it| what(it).is_some() && *it.name.name == **first)?;
    match rest {
        [] => Some(Meaning { file, span: item.name.span, shown: head(item), docs: item.docs.clone() }),
        [part] => part_of(file, item, part, loaded.text()),
        _ => None,
    }
}

/// A value of an enum, or a field of a record.
fn part_of(file: usize, item: &Item, name: &str, text: &str) -> Option<Meaning> {
    match &item.kind {
        ItemKind::Enum(it) => {
            let value = it.values.iter().find(|it| *it.name.name == *name)?;
            let shown = format!("{}.{name} = {}", item.name.name, value.number);
            Some(Meaning { file, span: value.name.span, shown, docs: value.docs.clone() })
        }
        ItemKind::Record(it) => {
            let field = it.fields.iter().find(|it| *it.name.name == *name)?;
            let shown = format!("{}.{}", item.name.name, field.span.text(text));
            Some(Meaning { file, span: field.name.span, shown, docs: field.docs.clone() })
        }
        _ => None,
    }
}

/// Names that `let`, `for`, `fold` and `some` bind in a declaration before a place.
fn bindings(text: &str, within: Span, before: usize) -> Vec<Span> {
    let mut found = Vec::new();
    let mut binds = false;
    let mut looping = false;
    let mut at = within.start as usize;
    while let Some(rest) = text.get(at..(within.end as usize).min(text.len())).filter(|it| !it.is_empty()) {
        let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        if length == 0 {
            // `for key, value in`: the comma goes on.
            let mark = rest.chars().next().unwrap_or(' ');
            binds = (binds && mark.is_whitespace()) || (looping && mark == ',');
            at += mark.len_utf8();
            continue;
        }
        let word = rest.get(..length).unwrap_or_default();
        match word {
            "let" | "fold" | "some" => (binds, looping) = (true, false),
            "for" => (binds, looping) = (true, true),
            _ if binds && at <= before => {
                found.push(Span::new(at as u32, (at + length) as u32));
                binds = false;
            }
            _ => (binds, looping) = (false, false),
        }
        at += length;
    }
    found
}
