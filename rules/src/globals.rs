//! The names that BUILD and .bzl files start with, and what their functions may reach while a file is evaluated.
//!
//! What this folder does not know: how files are found, cached or ordered.

pub(crate) mod attr;
pub(crate) mod build;
pub(crate) mod common;
pub(crate) mod declare;
pub(crate) mod json;
pub(crate) mod rule;

use crate::globals::build::BuildExtra;
use crate::label::Label;
use starlark::any::ProvidesStaticType;
use starlark::environment::{Globals, GlobalsBuilder, LibraryExtension};
use starlark::eval::Evaluator;
use std::cell::{Cell, RefCell};
use std::sync::Arc;

/// What an evaluation is about; functions of gx find it in the evaluator.
#[derive(Debug, ProvidesStaticType, Default)]
pub(crate) struct Extra {
    /// The .bzl file that is evaluated.
    pub(crate) module: Option<ModuleExtra>,
    /// The BUILD file that is evaluated.
    pub(crate) build: Option<BuildExtra>,
    /// What `print` said.
    pub(crate) prints: RefCell<Vec<String>>,
}

/// Facts of a .bzl file.
#[derive(Debug)]
pub(crate) struct ModuleExtra {
    /// `//p:x.bzl`.
    pub(crate) label: Label,
    /// The same as text.
    pub(crate) name: Arc<str>,
    /// How many rules it made so far.
    pub(crate) rules: Cell<usize>,
}

impl Extra {
    pub(crate) fn build(&self, what: &str) -> anyhow::Result<&BuildExtra> {
        let hint = if self.module.is_some() {
            "it can be called in a BUILD file, or in a function (a macro) that a BUILD file calls"
        } else {
            "it declares targets, and a rule's implementation cannot do that"
        };
        self.build.as_ref().ok_or_else(|| anyhow::anyhow!("{what} cannot be used here: {hint}"))
    }

    pub(crate) fn module(&self, what: &str) -> anyhow::Result<&ModuleExtra> {
        self.module
            .as_ref()
            .ok_or_else(|| anyhow::anyhow!("{what} can only be used while a .bzl file is loaded, at its top level"))
    }
}

/// The facts of the running evaluation.
pub(crate) fn extra<'a>(eval: &Evaluator<'_, 'a, '_>) -> anyhow::Result<&'a Extra> {
    eval.extra
        .and_then(|extra| extra.downcast_ref::<Extra>())
        .ok_or_else(|| anyhow::anyhow!("this function needs a BUILD or .bzl file around it"))
}

impl starlark::PrintHandler for Extra {
    fn println(&self, text: &str) -> starlark::Result<()> {
        self.prints.borrow_mut().push(text.to_owned());
        Ok(())
    }
}

/// Names of .bzl files. Everything is there in both kinds of file; what does not fit says so when it is called.
pub(crate) fn globals() -> Globals {
    let extensions = [
        LibraryExtension::StructType,
        LibraryExtension::Print,
        LibraryExtension::Partial,
        LibraryExtension::Map,
        LibraryExtension::Filter,
        LibraryExtension::SetType,
    ];
    GlobalsBuilder::extended_by(&extensions)
        .with(common::common_globals)
        .with(rule::rule_globals)
        .with(build::build_globals)
        .with(common::builtin_providers)
        .with_namespace("json", json::json_globals)
        .with_namespace("attr", attr::attr_globals)
        .with_namespace("native", build::build_globals)
        .build()
}
