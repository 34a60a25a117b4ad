//! `Label` as rules see it.
//!
//! This file does not know how a label is read (`crate::label`).

use crate::label::Label;
use allocative::Allocative;
use starlark::collections::StarlarkHasher;
use starlark::starlark_simple_value;
use starlark::values::{Heap, NoSerialize, ProvidesStaticType, StarlarkValue, Value, starlark_value};
use std::fmt;
use std::hash::Hash;

/// A label.
#[derive(Debug, Clone, PartialEq, Eq, ProvidesStaticType, NoSerialize, Allocative)]
pub(crate) struct LabelValue(#[allocative(skip)] pub(crate) Label);
starlark_simple_value!(LabelValue);

impl fmt::Display for LabelValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[starlark_value(type = "Label")]
impl<'v> StarlarkValue<'v> for LabelValue {
    fn get_attr(&self, attribute: &str, heap: Heap<'v>) -> Option<Value<'v>> {
        let package = &self.0.package;
        Some(match attribute {
            "name" => heap.alloc(&*self.0.name),
            "package" => heap.alloc(&*package.path),
            "workspace_name" | "repo_name" => heap.alloc(&*package.repository),
            "workspace_root" if package.repository.is_empty() => heap.alloc(""),
            "workspace_root" => heap.alloc(format!("external/{}", package.repository)),
            _ => return None,
        })
    }

    fn dir_attr(&self) -> Vec<String> {
        ["name", "package", "repo_name", "workspace_name", "workspace_root"].map(str::to_owned).to_vec()
    }

    fn equals(&self, other: Value<'v>) -> starlark::Result<bool> {
        Ok(LabelValue::from_value(other) == Some(self))
    }

    fn write_hash(&self, hasher: &mut StarlarkHasher) -> starlark::Result<()> {
        self.0.hash(hasher);
        Ok(())
    }

    fn compare(&self, other: Value<'v>) -> starlark::Result<std::cmp::Ordering> {
        match LabelValue::from_value(other) {
            Some(other) => Ok(self.0.cmp(&other.0)),
            None => starlark::values::ValueError::unsupported_with(self, "cmp()", other),
        }
    }
}
