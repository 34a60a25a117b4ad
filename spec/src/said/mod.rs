//! What a document says of a contract, fact by fact, each with its place: the common ground of prose, schemas and
//! texts.
//!
//! The IR is exact and whole; prose is neither, so its facts come first and are lowered to the IR where they suffice.
//! Drift is a comparison of two of these. Invariants: every fact has the span of the bytes that say it; lists are in
//! the order of the document; what looks like a fact and cannot be read is a finding, never dropped. This file does not
//! know any syntax.

mod contract;
mod finding;
mod hash;
mod lower;
mod lower_names;
mod lower_types;
pub(crate) mod number;
mod rows;
mod ty;

pub(crate) use contract::hash_of;
pub use contract::{of_contract, of_places};
pub use finding::{Finding, Gravity, Kind, Other, sort};
pub use hash::{HashClass, HashFact, Term};
pub(crate) use lower::version as version_of;
pub use lower::{Lowered, lower};
pub use number::NumberRule;
pub use rows::{KINDS, Lines, Row, rows};
pub use ty::{Field, FieldType, Limits};

use crate::syntax::Span;

/// A thing that was said, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said<T> {
    /// What.
    pub value: T,
    /// Where.
    pub span: Span,
}

impl<T> Said<T> {
    /// A fact.
    pub const fn new(value: T, span: Span) -> Said<T> {
        Said { value, span }
    }
}

/// A line of the header: `**Name:** value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderField {
    /// The name.
    pub name: Said<String>,
    /// The value.
    pub value: Said<String>,
}

/// Whether what a section says binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Norm {
    /// It does.
    Normative,
    /// It explains.
    Informative,
    /// It shows where things will stand.
    TemplateOnly,
}

impl Norm {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Norm::Normative => "normative",
            Norm::Informative => "informative",
            Norm::TemplateOnly => "template-only",
        }
    }
}

/// A heading and what stands below it, up to the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// 1 to 6.
    pub level: u8,
    /// The number before the title, as it is written without its mark: `5`, `II.F`.
    pub number: Option<String>,
    /// The title, without number and tag.
    pub title: Said<String>,
    /// Does it bind?
    pub norm: Norm,
    /// Where the heading and all below it stand, up to the next heading.
    pub span: Span,
}

/// A parameter of a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Param {
    /// Its name.
    pub name: Said<String>,
    /// May it be left out?
    pub optional: bool,
    /// Is it the state that follows (`name'`)?
    pub successor: bool,
    /// Its type, when one is written.
    pub ty: FieldType,
}

/// `(inputs -> outputs)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// What goes in.
    pub inputs: Vec<Param>,
    /// What comes out.
    pub outputs: Vec<Param>,
    /// Where.
    pub span: Span,
}

/// A field of an operator block: `**Label:** value` and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// The label, as it is written.
    pub label: Said<String>,
    /// The text behind it and below it.
    pub value: Said<String>,
}

/// An operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// Its full name.
    pub name: Said<String>,
    /// A remark behind the name: `new`.
    pub remark: Option<String>,
    /// What goes in and out.
    pub signature: Option<Signature>,
    /// `PURE`, `STATEFUL` or `IO`.
    pub purity: Option<Said<String>>,
    /// `DETERMINISTIC`, `STOCHASTIC` or `MIXED`.
    pub determinism: Option<Said<String>>,
    /// Its category.
    pub category: Option<Said<String>>,
    /// Codes that it may raise, when it says so.
    pub errors: Option<Vec<Said<String>>>,
    /// What it depends on.
    pub dependencies: Vec<Said<String>>,
    /// Every field of the block.
    pub clauses: Vec<Clause>,
    /// The whole block.
    pub span: Span,
}

impl Operator {
    /// The field with that label, in any case.
    pub fn clause(&self, label: &str) -> Option<&Clause> {
        self.clauses.iter().find(|it| it.label.value.eq_ignore_ascii_case(label))
    }
}

/// The name of an operator in a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The operator.
    pub name: Said<String>,
    /// Is the manifest a template only, so that the name need not resolve?
    pub template: bool,
}

/// An operator that another document defines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct External {
    /// The operator.
    pub name: Said<String>,
    /// The document.
    pub document: Option<Said<String>>,
}

/// A record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its name: an identifier where the document gives one, else the words of its heading.
    pub name: Said<String>,
    /// Its fields.
    pub fields: Vec<Field>,
    /// Is the name that of its heading only?
    pub headed: bool,
    /// Are other fields forbidden?
    pub closed: bool,
    /// The operator in whose block it stands.
    pub operator: Option<String>,
    /// Where.
    pub span: Span,
}

/// A declared name for a type: an enum, or another name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedType {
    /// The name.
    pub name: Said<String>,
    /// What it stands for.
    pub ty: FieldType,
}

/// A row of the table of errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorRow {
    /// The code.
    pub name: Said<String>,
    /// Its number.
    pub number: Option<Said<u32>>,
    /// Its severity.
    pub severity: Option<Said<String>>,
    /// Its category.
    pub category: Option<Said<String>>,
    /// Does a retry help?
    pub retry: Option<Said<bool>>,
    /// The message.
    pub message: Option<Said<String>>,
    /// Names that a report of it must hold.
    pub fields: Vec<Said<String>>,
    /// The row.
    pub span: Span,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The titles of its columns, lower-case, blanks as `_`.
    pub columns: Vec<Said<String>>,
    /// Its rows, without backticks; each has as many cells as there are columns.
    pub rows: Vec<Vec<Said<String>>>,
    /// Did its rows become errors, fields or defaults?
    pub understood: bool,
    /// Where.
    pub span: Span,
}

impl Table {
    /// The place of the first of these columns that it has.
    pub fn column(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|name| self.columns.iter().position(|it| it.value == *name))
    }
}

/// A default: a path and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Default {
    /// The field.
    pub path: Said<String>,
    /// The value, as it is written.
    pub value: Said<String>,
}

/// A fenced block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    /// Its language, lower-case.
    pub language: String,
    /// Its text.
    pub text: Span,
}

/// A step of a procedure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its number: `5`, `5a`.
    pub number: String,
    /// What is done.
    pub text: Said<String>,
}

/// Everything that a document says.
#[derive(Debug, Clone, PartialEq, Eq, std::default::Default)]
pub struct Facts {
    /// The document, as messages name it.
    pub file: String,
    /// Its title; identity is never derived from it.
    pub title: Option<Said<String>>,
    /// The contract's full name.
    pub identity: Option<Said<String>>,
    /// The version, as it is written.
    pub version: Option<Said<String>>,
    /// 1 to 4.
    pub layer: Option<u8>,
    /// The header.
    pub header: Vec<HeaderField>,
    /// Headings.
    pub sections: Vec<Section>,
    /// Operators that are defined here.
    pub operators: Vec<Operator>,
    /// Names in manifests.
    pub manifest: Vec<Entry>,
    /// Operators that are defined elsewhere.
    pub externals: Vec<External>,
    /// Records.
    pub records: Vec<Record>,
    /// Named types that are no records.
    pub types: Vec<NamedType>,
    /// What names of other documents stand for, when that is known.
    pub imported: Vec<NamedType>,
    /// Errors that a table defines.
    pub errors: Vec<ErrorRow>,
    /// Error codes that are spoken of outside that table.
    pub codes: Vec<Said<String>>,
    /// Hashes.
    pub hashes: Vec<HashFact>,
    /// Rules for numbers.
    pub numbers: Vec<NumberRule>,
    /// Operators whose rules for numbers are all known.
    pub numbered: Vec<String>,
    /// Tables, those that became other facts too.
    pub tables: Vec<Table>,
    /// Defaults that a table gives.
    pub defaults: Vec<Default>,
    /// Documents that are referred to.
    pub links: Vec<Said<String>>,
    /// Fenced blocks.
    pub fences: Vec<Fence>,
    /// Steps of procedures.
    pub steps: Vec<Step>,
    /// What is wrong or could not be read, in order of place.
    pub findings: Vec<Finding>,
}

impl Facts {
    /// The record of that name.
    pub fn record(&self, name: &str) -> Option<&Record> {
        self.records.iter().find(|it| it.name.value == name)
    }

    /// The section that holds a place.
    pub fn section_at(&self, at: u32) -> Option<&Section> {
        self.sections.iter().rev().find(|it| it.span.start <= at && at < it.span.end)
    }
}
