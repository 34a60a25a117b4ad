//! The syntax tree: what a text says, with the span of everything, before names mean anything.
//!
//! Invariants: an expression or type nests at most `MAX_DEPTH` deep, so every walk over a tree may recurse. A tree
//! that was made from an IR has empty spans. This file does not know what is right or wrong.

use super::operator::OperatorItem;
use super::token::Span;
use super::tree::Expr;
use num_bigint::BigInt;
use std::sync::Arc;

/// How deep expressions and types may nest.
pub const MAX_DEPTH: u16 = 96;

/// A name, shared.
pub type Name = Arc<str>;

/// A name where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ident {
    /// The name.
    pub name: Name,
    /// Where.
    pub span: Span,
}

/// Names joined by dots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// Its parts; at least one.
    pub parts: Vec<Ident>,
}

impl Path {
    /// Where it stands.
    pub fn span(&self) -> Span {
        match (self.parts.first(), self.parts.last()) {
            (Some(first), Some(last)) => first.span.to(last.span),
            _ => Span::default(),
        }
    }

    /// Its text.
    pub fn text(&self) -> String {
        let parts: Vec<&str> = self.parts.iter().map(|part| &*part.name).collect();
        parts.join(".")
    }
}

/// Lines of a doc comment, without their marks.
pub type Docs = Vec<String>;

/// MAJOR.MINOR.PATCH.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u32, pub u32, pub u32);

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// A whole file.
#[derive(Debug, Clone, PartialEq)]
pub struct File {
    /// What the contract is.
    pub docs: Docs,
    /// Its first line.
    pub header: Header,
    /// What it uses of other contracts.
    pub imports: Vec<Import>,
    /// What it declares.
    pub items: Vec<Item>,
    /// Comments, for the formatter.
    pub comments: Vec<Comment>,
}

/// A comment that is no documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Its text with the strokes, without blanks at the end.
    pub text: String,
    /// Where.
    pub span: Span,
    /// Does it stand behind something on its line?
    pub trailing: bool,
}

/// `contract Shop.Orders 1.2.0 layer L2 invalid BAD_INPUT;`
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// Its identity.
    pub name: Path,
    /// Its version.
    pub version: Version,
    /// Where the version stands.
    pub version_span: Span,
    /// The layer, 1 to 4.
    pub layer: u8,
    /// The error of every breach at the boundary that names none of its own.
    pub invalid: Option<Path>,
    /// Where the header stands.
    pub span: Span,
}

/// `import Shop.Money 1.0.0 as Money;`
#[derive(Debug, Clone, PartialEq)]
pub struct Import {
    /// The contract.
    pub name: Path,
    /// The least version that will do.
    pub version: Version,
    /// The name it has here.
    pub alias: Ident,
    /// Where it stands.
    pub span: Span,
}

/// A declaration.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// What it is for.
    pub docs: Docs,
    /// Its name.
    pub name: Ident,
    /// What it is.
    pub kind: ItemKind,
    /// Where it stands.
    pub span: Span,
}

/// The kinds of declarations.
#[derive(Debug, Clone, PartialEq)]
pub enum ItemKind {
    /// `const MAX = 10;`
    Const(Option<TypeExpr>, Expr),
    /// `type Cents = int 0..=100 else BAD_CENTS;`
    Type(TypeExpr, Option<Path>),
    /// `enum Side unknown else BAD_SIDE { DEBIT = 1 }`
    Enum(EnumItem),
    /// `record Posting { ... }`
    Record(RecordItem),
    /// `error FULL(limit: u8) = 12 ...;`
    Error(ErrorItem),
    /// `hash EntryHash(e: Entry) = sha256 commit "entry" [e.id];`
    Hash(HashItem),
    /// `pure operator Add(...) -> ... { ... }`
    Operator(Box<OperatorItem>),
    /// `vector Add small (a: 1) => 2;`
    Vector(VectorItem),
}

/// What an unknown discriminant becomes.
#[derive(Debug, Clone, PartialEq)]
pub enum Unknown {
    /// `unknown else ERROR`
    Error(Path),
    /// `unknown is VALUE`
    Value(Ident),
}

/// An enum.
#[derive(Debug, Clone, PartialEq)]
pub struct EnumItem {
    /// What an unknown discriminant becomes; a rule asks for it.
    pub unknown: Option<Unknown>,
    /// Its values.
    pub values: Vec<EnumValue>,
}

/// A value of an enum.
#[derive(Debug, Clone, PartialEq)]
pub struct EnumValue {
    /// What it means.
    pub docs: Docs,
    /// Its name.
    pub name: Ident,
    /// Its number.
    pub number: i64,
    /// Where the value stands.
    pub span: Span,
}

/// A record.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordItem {
    /// Is it the state of operators?
    pub state: bool,
    /// Its fields.
    pub fields: Vec<Field>,
    /// What must hold between them.
    pub requires: Vec<Require>,
}

/// How a field may be left out.
#[derive(Debug, Clone, PartialEq)]
pub enum Presence {
    /// It may not.
    Required,
    /// It may, and is `none` then.
    Optional,
    /// It may, and has this value then.
    Default(Expr),
}

/// A field of a record, or a parameter of an error.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// What it is for.
    pub docs: Docs,
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub ty: TypeExpr,
    /// May it be left out?
    pub presence: Presence,
    /// Where it stands.
    pub span: Span,
}

/// `require CONDITION else ERROR`
#[derive(Debug, Clone, PartialEq)]
pub struct Require {
    /// What must hold.
    pub condition: Expr,
    /// What is raised when it does not.
    pub raise: Raise,
    /// Where it stands.
    pub span: Span,
}

/// How bad an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Nothing goes on.
    Fatal,
    /// The request fails.
    Error,
    /// The request fails, and nobody is to blame.
    Warn,
}

impl Severity {
    /// All of them, by name.
    pub const ALL: [(&'static str, Severity); 3] =
        [("FATAL", Severity::Fatal), ("ERROR", Severity::Error), ("WARN", Severity::Warn)];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Severity::Fatal => "FATAL",
            Severity::Error => "ERROR",
            Severity::Warn => "WARN",
        }
    }
}

/// An error.
#[derive(Debug, Clone, PartialEq)]
pub struct ErrorItem {
    /// What it tells, by name and type.
    pub parameters: Vec<Field>,
    /// Its number.
    pub number: u32,
    /// Where the number stands.
    pub number_span: Span,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about.
    pub category: Ident,
    /// Does trying again help?
    pub retry: bool,
    /// The message; `{name}` stands for a parameter.
    pub message: String,
    /// Where the message stands.
    pub message_span: Span,
}

/// A hash function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HashFn {
    /// SHA-256.
    Sha256,
    /// BLAKE3-256.
    Blake3,
}

impl HashFn {
    /// Its name in the language.
    pub const fn name(self) -> &'static str {
        match self {
            HashFn::Sha256 => "sha256",
            HashFn::Blake3 => "blake3",
        }
    }

    /// The function of that name.
    pub fn of(name: &str) -> Option<HashFn> {
        match name {
            "sha256" => Some(HashFn::Sha256),
            "blake3" => Some(HashFn::Blake3),
            _ => None,
        }
    }
}

/// What bytes are hashed.
#[derive(Debug, Clone, PartialEq)]
pub enum Preimage {
    /// `commit "tag" [a, b]`: canonical CBOR of `["tag", [a, b]]`.
    Commit(String, Vec<Expr>),
    /// `object e excluding { x }`: canonical CBOR of a value.
    Object(Expr, Vec<Ident>),
    /// `raw e`: bytes as they are.
    Raw(Expr),
}

/// A hash definition.
#[derive(Debug, Clone, PartialEq)]
pub struct HashItem {
    /// What it is made of.
    pub parameters: Vec<Param>,
    /// The function.
    pub function: HashFn,
    /// The bytes.
    pub preimage: Preimage,
}

/// A parameter or an output.
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// What it is for.
    pub docs: Docs,
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub ty: TypeExpr,
    /// Is it the state, before or after?
    pub state: bool,
}

/// What a vector expects.
#[derive(Debug, Clone, PartialEq)]
pub enum Expected {
    /// These outputs.
    Outputs(Expr),
    /// This error.
    Raise(Raise),
}

/// A frozen example.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorItem {
    /// The operator.
    pub operator: Ident,
    /// Its inputs.
    pub arguments: Vec<Argument>,
    /// What comes of them.
    pub expected: Expected,
}

/// An argument, perhaps by name.
#[derive(Debug, Clone, PartialEq)]
pub struct Argument {
    /// The parameter's name.
    pub name: Option<Ident>,
    /// The value.
    pub value: Expr,
}

/// `ERROR(a: 1)`
#[derive(Debug, Clone, PartialEq)]
pub struct Raise {
    /// The error.
    pub error: Path,
    /// What it tells.
    pub arguments: Vec<Argument>,
    /// Where it stands.
    pub span: Span,
}

/// Statements and a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// Bindings and conditions, in order.
    pub statements: Vec<Statement>,
    /// The value.
    pub value: Box<Expr>,
    /// Where it stands, braces and all.
    pub span: Span,
}

/// A statement.
#[derive(Debug, Clone, PartialEq)]
pub enum Statement {
    /// `let x: T = e;`
    Let(Ident, Option<TypeExpr>, Expr, Span),
    /// `require c else E;`
    Require(Require),
}

/// A type as written.
#[derive(Debug, Clone, PartialEq)]
pub struct TypeExpr {
    /// Which.
    pub kind: TypeKind,
    /// Where.
    pub span: Span,
}

/// A number in a type: written, or the name of a constant.
#[derive(Debug, Clone, PartialEq)]
pub enum Bound {
    /// A number.
    Number(BigInt),
    /// A constant.
    Const(Path),
}

/// The forms of types.
#[derive(Debug, Clone, PartialEq)]
pub enum TypeKind {
    /// `bool`
    Bool,
    /// `int 0..=9`
    Int(Bound, Bound),
    /// `u8` and its like.
    Alias(Name),
    /// `decimal(p, s)`, perhaps with a range of values.
    Decimal(u32, u32, Option<Box<(Expr, Expr)>>),
    /// `float`
    Float,
    /// `text 1..=9 pattern "..." nfc`
    Text {
        /// Shortest and longest.
        size: Box<(Bound, Bound)>,
        /// What it must match, whole.
        pattern: Option<(String, Span)>,
        /// Must it be in normal form C?
        nfc: bool,
    },
    /// `bytes 32`
    Bytes(Box<(Bound, Bound)>),
    /// `hash sha256`
    Hash(HashFn),
    /// `list<T> 0..=9`
    List(Box<TypeExpr>, Box<(Bound, Bound)>),
    /// `map<K, V> 0..=9`
    Map(Box<(TypeExpr, TypeExpr)>, Box<(Bound, Bound)>),
    /// `optional T`
    Optional(Box<TypeExpr>),
    /// A declared type.
    Named(Path),
}
