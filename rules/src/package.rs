//! An evaluated BUILD file: plain data that can be kept in the store.
//!
//! Invariants: targets keep the order of the file and have unique names; attribute values stand in the order of the
//! rule's schema. This file does not know Starlark.

use crate::error::Position;
use crate::files::{Entry, Listing};
use crate::glob::GlobSpec;
use crate::label::{Label, PackageId};
use crate::schema::AttrValue;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

/// Names of BUILD files; the first that is there counts.
pub(crate) const BUILD_FILES: [&str; 3] = ["BUILD.gx", "BUILD.bazel", "BUILD"];

/// The BUILD file in a folder.
pub(crate) fn build_file_of(listing: &Listing) -> Option<&'static str> {
    BUILD_FILES.into_iter().find(|name| listing.entries.get(*name) == Some(&Entry::File))
}

/// Who may use a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Visibility {
    Public,
    Private,
    /// `//p:__pkg__`
    Package(PackageId),
    /// `//p:__subpackages__`
    Below(PackageId),
    /// A `package_group`.
    Group(Label),
}

/// A rule by the place of its definition.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct RuleId {
    pub(crate) module: Arc<str>,
    pub(crate) name: Arc<str>,
}

/// What a target is. Values of attributes that are not given at the end of the schema are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum DeclKind {
    Rule { rule: RuleId, attrs: Vec<Option<AttrValue>> },
    Alias { actual: Label },
    TestSuite { tests: Option<Vec<Label>>, tags: Vec<Arc<str>> },
    Group { packages: Vec<Visibility>, includes: Vec<Label> },
}

/// A target as declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TargetDecl {
    pub(crate) name: Arc<str>,
    pub(crate) kind: DeclKind,
    /// `None` for the package's default.
    pub(crate) visibility: Option<Vec<Visibility>>,
    pub(crate) line: u32,
    pub(crate) column: u32,
    /// Is it a test by its rule?
    pub(crate) test: bool,
    pub(crate) tags: Vec<Arc<str>>,
    /// Files it promises by name: output attributes and the rule's `outputs`.
    pub(crate) outputs: Vec<Arc<str>>,
}

/// What evaluation of a BUILD file gave.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PackageData {
    pub(crate) targets: Vec<TargetDecl>,
    pub(crate) default_visibility: Vec<Visibility>,
    /// `exports_files`: name and who may use it.
    pub(crate) exports: Vec<(Arc<str>, Option<Vec<Visibility>>)>,
    pub(crate) globs: Vec<GlobSpec>,
    pub(crate) prints: Vec<String>,
}

/// A package with its indexes.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) id: Arc<PackageId>,
    /// How its BUILD file is called in messages.
    pub(crate) file: Arc<str>,
    pub(crate) data: PackageData,
    by_name: HashMap<Arc<str>, usize>,
    by_output: HashMap<Arc<str>, usize>,
}

impl Package {
    /// Builds the indexes.
    pub(crate) fn new(id: Arc<PackageId>, file: Arc<str>, data: PackageData) -> Package {
        let by_name = data.targets.iter().enumerate().map(|(n, t)| (Arc::clone(&t.name), n)).collect();
        let outputs =
            data.targets.iter().enumerate().flat_map(|(n, t)| t.outputs.iter().map(move |o| (Arc::clone(o), n)));
        let by_output = outputs.collect();
        Package { id, file, by_name, by_output, data }
    }

    pub(crate) fn target(&self, name: &str) -> Option<&TargetDecl> {
        self.by_name.get(name).and_then(|n| self.data.targets.get(*n))
    }

    /// A target and its place in the file.
    pub(crate) fn indexed(&self, name: &str) -> Option<(&TargetDecl, usize)> {
        let at = *self.by_name.get(name)?;
        self.data.targets.get(at).map(|decl| (decl, at))
    }

    /// The target that makes the file of that name.
    pub(crate) fn maker(&self, output: &str) -> Option<&TargetDecl> {
        self.by_output.get(output).and_then(|n| self.data.targets.get(*n))
    }

    pub(crate) fn export(&self, name: &str) -> Option<&(Arc<str>, Option<Vec<Visibility>>)> {
        self.data.exports.iter().find(|(exported, _)| &**exported == name)
    }

    /// Every name that a label of this package can have.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let exports = self.data.exports.iter().map(|(name, _)| &**name);
        self.data.targets.iter().map(|t| &*t.name).chain(exports).chain(self.by_output.keys().map(|k| &**k))
    }

    pub(crate) fn position(&self, decl: &TargetDecl) -> Position {
        Position { file: self.file.to_string(), line: decl.line, column: decl.column }
    }
}
