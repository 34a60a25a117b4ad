//! `runfiles`: what a program wants beside it when it runs.
//!
//! This file does not know where runfiles are put (`lower`).

use crate::values::depset::{Depset, DepsetValue, Order};
use allocative::Allocative;
use starlark::environment::{Methods, MethodsBuilder};
use starlark::starlark_simple_value;
use starlark::values::{Heap, NoSerialize, ProvidesStaticType, StarlarkValue, Value, starlark_value};
use std::fmt;
use std::sync::{Arc, OnceLock};

/// Files.
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Runfiles {
    pub(crate) files: Depset,
}

impl Runfiles {
    /// No runfiles: one value for all who have none.
    pub(crate) fn none() -> Arc<Runfiles> {
        static NONE: OnceLock<Arc<Runfiles>> = OnceLock::new();
        Arc::clone(NONE.get_or_init(Arc::default))
    }
}

/// The Starlark value.
#[derive(Debug, ProvidesStaticType, NoSerialize, Allocative)]
pub(crate) struct RunfilesValue(#[allocative(skip)] pub(crate) Arc<Runfiles>);
starlark_simple_value!(RunfilesValue);

impl fmt::Display for RunfilesValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<runfiles>")
    }
}

#[starlark_value(type = "runfiles")]
impl<'v> StarlarkValue<'v> for RunfilesValue {
    fn get_methods() -> Option<&'static Methods> {
        Some(RUNFILES_METHODS.methods())
    }

    fn get_attr(&self, attribute: &str, heap: Heap<'v>) -> Option<Value<'v>> {
        match attribute {
            "files" => Some(heap.alloc(DepsetValue(self.0.files.clone()))),
            _ => None,
        }
    }

    fn dir_attr(&self) -> Vec<String> {
        vec!["files".to_owned()]
    }
}

#[starlark::starlark_module]
fn runfiles_methods(builder: &mut MethodsBuilder) {
    fn merge<'v>(
        this: &RunfilesValue,
        #[starlark(require = pos)] other: &RunfilesValue,
    ) -> anyhow::Result<RunfilesValue> {
        Ok(union([&this.0, &other.0]))
    }

    fn merge_all<'v>(
        this: &RunfilesValue,
        #[starlark(require = pos)] others: starlark::values::list::UnpackList<&'v RunfilesValue>,
    ) -> anyhow::Result<RunfilesValue> {
        Ok(union(std::iter::once(&this.0).chain(others.items.iter().map(|r| &r.0))))
    }
}
starlark::methods_static!(RUNFILES_METHODS = runfiles_methods);

fn union<'a>(all: impl IntoIterator<Item = &'a Arc<Runfiles>>) -> RunfilesValue {
    let files = all.into_iter().map(|r| r.files.clone()).collect();
    RunfilesValue(Arc::new(Runfiles { files: Depset::new(Vec::new(), files, Order::Default) }))
}
