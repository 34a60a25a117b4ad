//! The contract IR: what a contract means, with every name resolved and every expression typed.
//!
//! Emitters, gates and the interpreter read this and nothing else. Invariants: an IR comes of a contract without
//! findings; items are sorted by name; no spans and no comments; doc comments ride beside and are no part of the
//! digest. `encode` gives the canonical CBOR, `decode` reads it back through the checker. This file does not know the
//! syntax of texts.

mod decode;
mod decode_expr;
mod decode_item;
mod encode;
mod expr;
mod primitive;
mod types;
mod value;

pub(crate) use decode::tree;
pub use decode::{DecodeError, decode};
pub(crate) use encode::{contract_value, declaration_value, hash_value, type_value};
pub use encode::{digest, encode};
pub use expr::*;
pub use primitive::Primitive;
pub use types::*;
pub use value::{Value, decimal_text};

use crate::syntax::{Docs, HashFn, Name, Purity, Severity, Tie, Version};
use gx_store::Digest;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The name of an error.
pub type ErrorRef = Ref;

/// A contract.
#[derive(Debug)]
pub struct Contract {
    /// Its identity.
    pub name: Name,
    /// Its version.
    pub version: Version,
    /// Its layer, 1 to 4.
    pub layer: u8,
    /// What it is.
    pub docs: Docs,
    /// The error of breaches at the boundary that name none of their own.
    pub invalid: Option<ErrorRef>,
    /// What it uses.
    pub imports: Vec<Import>,
    /// Constants.
    pub constants: Vec<Arc<Constant>>,
    /// Named types.
    pub aliases: Vec<Arc<Alias>>,
    /// Enums.
    pub enums: Vec<Arc<EnumDecl>>,
    /// Records.
    pub records: Vec<Arc<RecordDecl>>,
    /// Errors.
    pub errors: Vec<Arc<ErrorDecl>>,
    /// Hashes.
    pub hashes: Vec<Arc<HashDecl>>,
    /// Operators.
    pub operators: Vec<Arc<Operator>>,
    /// Vectors, by operator and name.
    pub vectors: Vec<Vector>,
    /// Its digest, once it was asked for.
    pub(crate) known_digest: std::sync::OnceLock<Digest>,
}

/// Finds by name in a sorted list.
fn find<'a, T>(items: &'a [Arc<T>], name: &str, key: impl Fn(&T) -> &Name) -> Option<&'a Arc<T>> {
    items.binary_search_by(|item| (**key(item)).cmp(name)).ok().and_then(|at| items.get(at))
}

impl Contract {
    /// What it imports, directly or not, by name.
    pub fn closure(&self) -> Vec<&Arc<Contract>> {
        let mut found: BTreeMap<&str, &Arc<Contract>> = BTreeMap::new();
        let mut open: Vec<&Arc<Contract>> = self.imports.iter().map(|it| &it.contract).collect();
        while let Some(next) = open.pop() {
            if found.insert(&next.name, next).is_none() {
                open.extend(next.imports.iter().map(|it| &it.contract));
            }
        }
        found.into_values().collect()
    }

    /// An operator.
    pub fn operator(&self, name: &str) -> Option<&Arc<Operator>> {
        find(&self.operators, name, |it| &it.id.name)
    }

    /// A hash.
    pub fn hash(&self, name: &str) -> Option<&Arc<HashDecl>> {
        find(&self.hashes, name, |it| &it.id.name)
    }

    /// An error.
    pub fn error(&self, name: &str) -> Option<&Arc<ErrorDecl>> {
        find(&self.errors, name, |it| &it.id.name)
    }

    /// A constant.
    pub fn constant(&self, name: &str) -> Option<&Arc<Constant>> {
        find(&self.constants, name, |it| &it.id.name)
    }

    /// A named type, an enum or a record.
    pub fn ty(&self, name: &str) -> Option<Type> {
        find(&self.aliases, name, |it| &it.id.name)
            .map(|it| Type::Named(it.clone()))
            .or_else(|| find(&self.enums, name, |it| &it.id.name).map(|it| Type::Enum(it.clone())))
            .or_else(|| find(&self.records, name, |it| &it.id.name).map(|it| Type::Record(it.clone())))
    }

    /// An imported contract.
    pub fn import(&self, name: &str) -> Option<&Arc<Contract>> {
        self.imports.iter().find(|import| *import.name == *name).map(|import| &import.contract)
    }

    /// The contract of that name: this one, an import, or an import of an import. There is one version of each (S6).
    pub fn home(&self, name: &str) -> Option<&Contract> {
        if *self.name == *name {
            return Some(self);
        }
        self.import(name).map(|it| &**it).or_else(|| self.imports.iter().find_map(|it| it.contract.home(name)))
    }

    /// The vectors of an operator.
    pub fn vectors_of<'a>(&'a self, operator: &'a str) -> impl Iterator<Item = &'a Vector> {
        self.vectors.iter().filter(move |vector| *vector.operator == *operator)
    }
}

/// A contract that another one uses.
#[derive(Debug)]
pub struct Import {
    /// Its identity.
    pub name: Name,
    /// The least version that will do.
    pub version: Version,
    /// The digest of the one that was found.
    pub digest: Digest,
    /// That one.
    pub contract: Arc<Contract>,
}

/// A constant.
#[derive(Debug)]
pub struct Constant {
    /// Its name.
    pub id: Ref,
    /// What it is for.
    pub docs: Docs,
    /// The type that was written, if one was.
    pub ty: Option<Type>,
    /// How it is made.
    pub expr: Expr,
    /// What it is.
    pub value: Value,
}

/// An error.
#[derive(Debug)]
pub struct ErrorDecl {
    /// Its name.
    pub id: ErrorRef,
    /// What it means.
    pub docs: Docs,
    /// What it tells.
    pub parameters: Vec<(Name, Type)>,
    /// Its number.
    pub number: u32,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about.
    pub category: Name,
    /// Does trying again help?
    pub retry: bool,
    /// The message.
    pub message: String,
}

/// A hash.
#[derive(Debug)]
pub struct HashDecl {
    /// Its name.
    pub id: Ref,
    /// What it is for.
    pub docs: Docs,
    /// What it is made of.
    pub parameters: Vec<Param>,
    /// The function.
    pub function: HashFn,
    /// The bytes that are hashed.
    pub preimage: Preimage,
}

/// What bytes are hashed.
#[derive(Debug)]
pub enum Preimage {
    /// Canonical CBOR of `[tag, [elements]]`.
    Commit(String, Vec<Expr>),
    /// Canonical CBOR of a value, some fields left out.
    Object(Expr, Vec<Name>),
    /// Bytes as they are.
    Raw(Expr),
}

/// A parameter or an output.
#[derive(Debug, Clone)]
pub struct Param {
    /// Its name.
    pub name: Name,
    /// What it is for.
    pub docs: Docs,
    /// Its type.
    pub ty: Type,
    /// Is it the state?
    pub state: bool,
}

/// How far an output may be off.
#[derive(Debug, Clone, PartialEq)]
pub struct Tolerance {
    /// The output and fields in it.
    pub path: Vec<Name>,
    /// Absolute.
    pub absolute: f64,
    /// Relative.
    pub relative: f64,
    /// May both be NaN?
    pub nan: bool,
}

/// The order of an output's elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The output.
    pub output: Name,
    /// Paths inside an element, and whether from the greatest down.
    pub keys: Vec<(Vec<Name>, bool)>,
    /// How ties are broken.
    pub tie: Tie,
}

/// An operator.
#[derive(Debug, Clone)]
pub struct Operator {
    /// Its name.
    pub id: Ref,
    /// What it does.
    pub docs: Docs,
    /// Has it no body on purpose?
    pub is_extern: bool,
    /// What it may touch.
    pub purity: Purity,
    /// What it takes.
    pub inputs: Vec<Param>,
    /// What it gives.
    pub outputs: Vec<Param>,
    /// Was the only output given by its type alone?
    pub unnamed_output: bool,
    /// E1 operators: how far off. `None`: profile E0.
    pub tolerances: Option<Vec<Tolerance>>,
    /// Errors that it raises, sorted.
    pub raises: Vec<ErrorRef>,
    /// Errors of inputs that do not fit, sorted; they are raised before anything else.
    pub boundary: Vec<ErrorRef>,
    /// What it does to the world.
    pub effects: Vec<Name>,
    /// Operators that it calls, sorted.
    pub uses: Vec<Ref>,
    /// Orders of its outputs.
    pub orders: Vec<Order>,
    /// What must hold before.
    pub requires: Vec<Require>,
    /// What holds after.
    pub ensures: Vec<Expr>,
    /// How its outputs come of its inputs.
    pub body: Option<Block>,
    /// It takes at most so many steps.
    pub steps: u64,
}

impl Operator {
    /// The type of what its body gives: that of the only output, or of all together.
    pub fn result(&self) -> Type {
        match self.outputs.as_slice() {
            [only] => only.ty.clone(),
            all => Type::Outputs(Arc::new(all.iter().map(|it| (it.name.clone(), it.ty.clone())).collect())),
        }
    }
}

/// A frozen example.
#[derive(Debug)]
pub struct Vector {
    /// The operator.
    pub operator: Name,
    /// Its name.
    pub name: Name,
    /// What it shows.
    pub docs: Docs,
    /// The arguments, in the order of the inputs.
    pub arguments: Vec<Expr>,
    /// What comes of them.
    pub expected: Expected,
}

/// What a vector expects.
#[derive(Debug)]
pub enum Expected {
    /// These outputs.
    Outputs(Expr),
    /// This error.
    Raise(Raise),
}
