//! What a document says a hash is made of.
//!
//! It does not know how that is written.

use crate::syntax::{HashFn, Span};

use super::Said;

/// What kind of preimage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HashClass {
    /// A commitment: the canonical encoding of `[tag, data]`.
    Commit(String),
    /// The canonical encoding of a value.
    Object,
    /// Bytes as they are.
    Raw,
}

/// A part of a preimage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// A name, perhaps with dots, places and a mark behind it.
    Name {
        /// The name.
        path: String,
        /// May it be left out?
        optional: bool,
    },
    /// A text in quotes.
    Text(String),
    /// A number.
    Number(String),
    /// A list.
    List(Vec<Term>),
    /// A map, by keys.
    Map(Vec<(String, Term)>),
    /// A function of some terms.
    Call(String, Vec<Term>),
    /// Bytes one behind the other.
    Joined(Vec<Term>),
    /// A value without some of its fields.
    Without(Box<Term>, Vec<String>),
    /// Words.
    Words(String),
}

impl std::fmt::Display for Term {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let all = |terms: &[Term]| terms.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        match self {
            Term::Name { path, optional } => write!(f, "{path}{}", if *optional { "?" } else { "" }),
            Term::Text(text) => write!(f, "{text:?}"),
            Term::Number(text) | Term::Words(text) => f.write_str(text),
            Term::List(terms) => write!(f, "[{}]", all(terms)),
            Term::Map(entries) => {
                let entries: Vec<String> = entries.iter().map(|(key, term)| format!("{key}: {term}")).collect();
                write!(f, "{{{}}}", entries.join(", "))
            }
            Term::Call(name, terms) => write!(f, "{name}({})", all(terms)),
            Term::Joined(terms) => f.write_str(&terms.iter().map(ToString::to_string).collect::<Vec<_>>().join(" || ")),
            Term::Without(term, fields) => write!(f, "{term} excluding {{{}}}", fields.join(", ")),
        }
    }
}

/// A hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashFact {
    /// Its name.
    pub name: Said<String>,
    /// The function.
    pub function: HashFn,
    /// What kind of preimage.
    pub class: HashClass,
    /// The parts: elements of a commitment or of a hashed list, else one.
    pub elements: Vec<Term>,
    /// Is the data of a commitment, or the hashed value, a list?
    pub list: bool,
    /// Fields that are left out.
    pub excludes: Vec<String>,
    /// Where the definition stands.
    pub span: Span,
}

impl HashFact {
    /// The definition in one form, so that two can be compared.
    pub fn preimage(&self) -> String {
        let elements = self.elements.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let elements = if self.list { format!("[{elements}]") } else { elements };
        let mut excludes = self.excludes.clone();
        excludes.sort();
        let without =
            if excludes.is_empty() { String::new() } else { format!(" excluding {{{}}}", excludes.join(", ")) };
        let function = self.function.name();
        match &self.class {
            HashClass::Commit(tag) => format!("{function} commit {tag:?} {elements}{without}"),
            HashClass::Object => format!("{function} object {elements}{without}"),
            HashClass::Raw => format!("{function} raw {elements}{without}"),
        }
    }
}
