//! A target as data: what `target.toml` says, and the other files of its folder.
//!
//! Invariant: everything that a family asks of a target stands in its folder; a key that is not known is refused. This
//! file does not know what a program looks like.

use super::doc::Style;
use super::low::Ty;
use crate::ir::Range;
use num_bigint::BigInt;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// A backend.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Its name.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// `language`, `hardware`, `hdl`, `ir` or `proof`.
    pub class: String,
    /// The emitter family that writes it.
    pub family: String,
    /// What it is built with.
    pub toolchain: Toolchain,
    #[serde(default)]
    pub(super) commands: BTreeMap<String, String>,
    pub(super) layout: Layout,
    pub(super) names: Names,
    #[serde(default)]
    pub(super) shape: Shape,
    #[serde(default, rename = "int")]
    pub(super) ints: Vec<IntType>,
    #[serde(default)]
    pub(super) types: BTreeMap<String, String>,
    /// Types that have another name where they are parts of collections and optionals.
    #[serde(default)]
    pub(super) boxed: BTreeMap<String, String>,
    /// What stands for no value of each kind of type, where functions give a value and an error; `wide`: of numbers
    /// that are not of the first type.
    #[serde(default)]
    pub(super) zeros: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) casts: BTreeMap<String, Template>,
    #[serde(default)]
    pub(super) literals: Literals,
    #[serde(default)]
    pub(super) comments: BTreeMap<String, Comment>,
    #[serde(default)]
    pub(super) expr: BTreeMap<String, Template>,
    #[serde(default)]
    pub(super) stmt: BTreeMap<String, Lines>,
    #[serde(default, rename = "file")]
    pub(super) files: Vec<FileRule>,
    /// Templates and other texts of the folder, by path.
    #[serde(skip)]
    pub(super) texts: BTreeMap<String, String>,
}

/// What a target is built with.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Toolchain {
    /// Programs that are asked for.
    pub programs: Vec<String>,
    /// Debian packages that bring them.
    pub packages: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Layout {
    pub(super) width: usize,
    pub(super) indent: String,
    /// The level at which a function's body stands.
    #[serde(default = "one")]
    pub(super) level: usize,
    /// What stands behind the last of several that have a line each.
    #[serde(default)]
    pub(super) comma: String,
    #[serde(default)]
    pub(super) fill: bool,
    /// Nothing stands in an `else` behind a branch that ends.
    #[serde(default)]
    pub(super) guards: bool,
    /// What stands between several: `args`, `fields`, `told` (by errors), `items`, `entries`. A comma where
    /// nothing is said.
    #[serde(default)]
    pub(super) separators: BTreeMap<String, String>,
    /// Several that do not fit on a line begin under the first of them.
    #[serde(default)]
    pub(super) hang: bool,
}

impl Layout {
    /// What stands between several of a kind.
    pub(super) fn separator(&self, kind: &str) -> &str {
        let or = if kind == "told" { "fields" } else { kind };
        self.separators.get(kind).or_else(|| self.separators.get(or)).map_or(", ", String::as_str)
    }
}

const fn one() -> usize {
    1
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Names {
    /// The case of each kind of name.
    pub(super) case: BTreeMap<String, String>,
    /// What a name of each kind is made into, with `{name}` and `{module}`.
    #[serde(default)]
    pub(super) form: BTreeMap<String, String>,
    /// How a name of another module is said.
    #[serde(default = "plain")]
    pub(super) foreign: String,
    pub(super) reserved: BTreeSet<String>,
    /// Names of a module's own surroundings, which only fields may have.
    #[serde(default)]
    pub(super) around: BTreeSet<String>,
    /// How a field of a record of another module is said.
    pub(super) foreign_field: Option<String>,
    /// Types do not take names from anything else.
    #[serde(default)]
    pub(super) types_apart: bool,
    /// Values of enums stand beside the module's other names.
    #[serde(default)]
    pub(super) shared_values: bool,
    /// Names that errors have themselves, so that what they tell has others.
    #[serde(default)]
    pub(super) told: BTreeSet<String>,
    /// Modules are always said with all parts of their names.
    #[serde(default)]
    pub(super) whole: bool,
    /// Modules of one last name are told apart by all parts of their names, with this between them.
    pub(super) twin: Option<String>,
    #[serde(default)]
    pub(super) caseless: bool,
    /// What is added to a name that is taken.
    #[serde(default = "underscore")]
    pub(super) suffix: String,
}

impl Names {
    /// Do values of enums stand beside types?
    pub(super) fn shares_values(&self) -> bool {
        let form = self.form.get("value").map_or("", String::as_str).to_lowercase();
        self.shared_values || form.contains("{module}") || form.contains("{enum}")
    }
}

fn plain() -> String {
    "{name}".to_owned()
}

fn underscore() -> String {
    "_".to_owned()
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Shape {
    pub(super) conditional: bool,
    pub(super) choice: bool,
    pub(super) update: bool,
    pub(super) calls_are_statements: bool,
    pub(super) open_enums: bool,
    /// A declared name for a type is no name of the target: the type itself stands there.
    pub(super) plain_aliases: bool,
    /// A value of an optional is the value itself, so optionals do not nest.
    pub(super) bare_optionals: bool,
    /// Errors tell truths, enums and numbers of the first type only.
    pub(super) plain_errors: bool,
    /// A loop says what it goes over more than once.
    pub(super) loops_over_names: bool,
    /// A case is of one value.
    pub(super) single_patterns: bool,
    /// A function stands behind those that it calls.
    pub(super) callees_first: bool,
    /// A collection is of types of its own module.
    pub(super) own_elements: bool,
    /// Parts of an expression are evaluated in an order that nobody knows.
    pub(super) any_order: bool,
    /// Collections lie in place; one of more elements has no room.
    pub(super) most_elements: Option<u64>,
    /// So many values side by side are as many as its tools bear.
    pub(super) most_values: Option<usize>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IntType {
    pub(super) name: String,
    low: Option<String>,
    high: Option<String>,
    #[serde(default = "zero_slot")]
    pub(super) literal: String,
    /// It has the operations of the first type, but for those that have the suffix.
    #[serde(default)]
    pub(super) same_operations: bool,
    /// How numbers are written that the first type has room for, where that is shorter.
    pub(super) short_literal: Option<String>,
    /// What its operations are called by, where they are not those of the first type: `add_big`.
    pub(super) suffix: Option<String>,
    /// The greatest distance from zero that can be written.
    most_literal: Option<String>,
}

fn zero_slot() -> String {
    "{0}".to_owned()
}

/// A template, and how tightly what it makes binds.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Template {
    /// As tightly as a call.
    Plain(String),
    Ranked(u8, String),
}

impl Template {
    pub(super) fn parts(&self) -> (u8, &str) {
        match self {
            Template::Plain(text) => (100, text),
            Template::Ranked(rank, text) => (*rank, text),
        }
    }
}

/// Lines of a statement.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Lines {
    One(String),
    Several(Vec<String>),
}

impl Lines {
    pub(super) fn all(&self) -> Vec<&str> {
        match self {
            Lines::One(line) => vec![line],
            Lines::Several(lines) => lines.iter().map(String::as_str).collect(),
        }
    }
}

/// The form of a kind of comment; `{0}` is a line's text.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Comment {
    /// The whole of it, when it is short.
    pub(super) one: Option<String>,
    pub(super) open: Option<String>,
    pub(super) line: String,
    pub(super) close: Option<String>,
    /// Does the close stand behind the last line?
    #[serde(default)]
    pub(super) tight: bool,
    /// What may not stand in it, and what stands there instead.
    #[serde(default)]
    pub(super) escapes: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Literals {
    pub(super) yes: String,
    pub(super) no: String,
    pub(super) none: String,
    /// A number below zero, by its distance from it.
    pub(super) negative: Option<String>,
    pub(super) text: String,
    pub(super) escapes: BTreeMap<String, String>,
    /// Other characters below blank, by `{hex}` of two digits.
    pub(super) control: String,
    /// What groups of three digits are parted by, from five digits on.
    pub(super) group: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileRule {
    /// What it is made for: a `contract`, its `runner`, or the `project`.
    #[serde(rename = "for")]
    pub(super) scope: String,
    pub(super) template: String,
    pub(super) path: String,
}

/// Why a target's folder cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {fault}")]
pub struct TargetFault {
    /// The file.
    pub path: String,
    /// What is wrong.
    pub fault: String,
}

impl Target {
    /// A target of the texts of its folder and of those of its bases, by paths that tell the folders.
    pub fn read(files: &BTreeMap<String, String>) -> Result<Target, TargetFault> {
        let texts = super::base::flat(files)?;
        let fault = |path: &str, fault: String| TargetFault { path: path.to_owned(), fault };
        let Some(text) = texts.get("target.toml") else {
            return Err(fault("target.toml", "the folder of a target has this file".to_owned()));
        };
        let mut target: Target =
            toml::from_str(text).map_err(|error| fault("target.toml", error.to_string().trim_end().to_owned()))?;
        for file in &target.files {
            if !["contract", "runner", "project"].contains(&file.scope.as_str()) {
                let why = format!("a file is for 'contract', 'runner' or 'project', not for '{}'", file.scope);
                return Err(fault("target.toml", why));
            }
            if !texts.contains_key(&file.template) {
                return Err(fault("target.toml", format!("there is no template '{}'", file.template)));
            }
        }
        for int in &target.ints {
            for bound in [&int.low, &int.high].into_iter().flatten() {
                if bound.parse::<BigInt>().is_err() {
                    return Err(fault("target.toml", format!("'{bound}' of '{}' is no whole number", int.name)));
                }
            }
        }
        target.texts = texts;
        Ok(target)
    }

    /// The base that the texts of a folder name.
    pub fn base(files: &BTreeMap<String, String>) -> Option<String> {
        super::base::named(files)
    }

    /// Is a folder there for others to be based on only?
    pub fn is_abstract(files: &BTreeMap<String, String>) -> bool {
        super::base::is_abstract(files)
    }

    pub(super) fn style(&self) -> Style {
        Style { width: self.layout.width, indent: self.layout.indent.clone() }
    }

    /// The first type of whole numbers that has room for a range.
    pub(super) fn native(&self, range: &Range) -> Option<usize> {
        self.ints.iter().position(|int| {
            int.low().is_none_or(|low| low <= range.low) && int.high().is_none_or(|high| range.high <= high)
        })
    }

    /// The numbers that the representation of a range can hold.
    pub(super) fn held(&self, range: &Range) -> Option<Range> {
        let int = self.ints.get(self.native(range)?)?;
        // Without an end: far beyond all that a type can ask for.
        let far = BigInt::from(1) << 300;
        Some(Range::new(int.low().unwrap_or_else(|| -&far), int.high().unwrap_or(far)))
    }

    /// What it can express, in words.
    pub fn capabilities(&self) -> Vec<String> {
        let mut all = Vec::new();
        let widest = self.ints.iter().map(|int| match (int.low(), int.high()) {
            (Some(low), Some(high)) => Some((low + 1u32).bits().max(high.bits()) + 1),
            _ => None,
        });
        match widest.collect::<Option<Vec<u64>>>().map(|all| all.into_iter().max()) {
            None => all.push("integers of any size".to_owned()),
            Some(Some(bits)) => all.push(format!("integers of {bits} bits")),
            Some(None) => {}
        }
        let kinds = ["text", "bytes", "list", "map", "optional", "record", "enum"];
        all.extend(kinds.iter().filter(|kind| self.types.contains_key(**kind)).map(|it| (*it).to_owned()));
        all
    }

    /// Is a type of this kind there?
    pub(super) fn template_of(&self, ty: &Ty) -> Option<&str> {
        self.types.get(ty.kind()).map(String::as_str)
    }
}

impl IntType {
    pub(super) fn low(&self) -> Option<BigInt> {
        self.low.as_ref().and_then(|it| it.parse().ok())
    }

    pub(super) fn high(&self) -> Option<BigInt> {
        self.high.as_ref().and_then(|it| it.parse().ok())
    }

    /// A number with its sign, and the same in groups of digits, as it is written.
    pub(super) fn written(&self, plain: &str, grouped: &str, short: bool) -> String {
        let form = self.short_literal.as_ref().filter(|_| short).unwrap_or(&self.literal);
        form.replace("{digits}", plain).replace("{0}", grouped)
    }

    /// Can the number be written?
    pub(super) fn writes(&self, n: &BigInt) -> bool {
        let most = self.most_literal.as_ref().and_then(|it| it.parse::<BigInt>().ok());
        most.is_none_or(|most| n.magnitude() <= most.magnitude())
    }
}
