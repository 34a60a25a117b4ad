//! Doors to the inside of this crate for fuzz targets (`tests/src/fuzz`) and benches, which are crates of their own.
//!
//! Invariant: nothing else goes through here, and each door says whether its law holds: what is read and printed
//! reads the same again. This file does not know where the texts come from.

use crate::bzl::{build_dialect, bzl_dialect, loads_of, parse};
use crate::label::{Label, PackageId, shown};
use crate::pattern::Pattern;
use std::sync::Arc;

fn package() -> Arc<PackageId> {
    Arc::new(PackageId::new("", "some/package"))
}

/// A label that is read is printed so that it reads as the same label; what controls a terminal is printed escaped, and
/// so reads as another.
pub fn label(text: &str) -> bool {
    match Label::parse(text, &package()) {
        Ok(_) if shown(text) != text => true,
        Ok(label) => {
            Label::parse(&label.to_string(), &Arc::new(PackageId::new("", "elsewhere"))).is_ok_and(|l| l == label)
        }
        Err(error) => !error.to_string().is_empty(),
    }
}

/// A pattern means the same in every folder once it begins with `//`; a refusal says why.
pub fn pattern(text: &str) -> bool {
    let here = Pattern::parse(text, "some/folder").map(|pattern| format!("{pattern:?}"));
    match here {
        Ok(here) if text.strip_prefix('-').unwrap_or(text).starts_with("//") => {
            Pattern::parse(text, "").is_ok_and(|pattern| format!("{pattern:?}") == here)
        }
        Ok(_) => true,
        Err(error) => !error.message.is_empty(),
    }
}

/// A file is parsed, both as a BUILD file and as a .bzl file, or refused with a reason; so are its loads.
pub fn starlark(text: &str) -> bool {
    [("BUILD.gx", build_dialect()), ("a.bzl", bzl_dialect())].into_iter().all(|(file, dialect)| {
        match parse(file, text.to_owned(), &dialect) {
            Ok(ast) => match loads_of(&ast, &package()) {
                Ok(loads) => loads.iter().all(|(_, label)| label.name.ends_with(".bzl")),
                Err(errors) => errors.iter().all(|error| error.at.is_some() && !error.message.is_empty()),
            },
            Err(error) => !error.message.is_empty(),
        }
    })
}

/// The stack that `starlark` may need for what nests as deep as is allowed.
pub const STACK: usize = crate::bounds::LEAST_STACK;

/// A query is read the same twice, or refused with a reason.
pub fn query(text: &str) -> bool {
    match crate::query::parse::parse(text) {
        Ok(expression) => crate::query::parse::parse(text).is_ok_and(|again| again == expression),
        Err(error) => !error.message.is_empty(),
    }
}
