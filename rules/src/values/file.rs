//! `File`: a source file or a declared output, as rules handle it.
//!
//! Invariants: two files with one path are one file. The path is as an action sees it. Whether a source exists is
//! asked when it is lowered, not here. This file does not know which action makes an output.

use crate::label::Label;
use crate::values::label::LabelValue;
use allocative::Allocative;
use starlark::environment::{Methods, MethodsBuilder};
use starlark::starlark_simple_value;
use starlark::values::{Heap, NoSerialize, ProvidesStaticType, StarlarkValue, Value, starlark_value};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// In the workspace or a repository.
    Source,
    /// An output that must be a file.
    Output,
    /// An output that must be a folder.
    OutputDirectory,
}

#[derive(Debug)]
pub(crate) struct FileData {
    pub(crate) path: Arc<str>,
    pub(crate) owner: Label,
    pub(crate) kind: FileKind,
}

/// A file. Cheap to clone.
#[derive(Debug, Clone, ProvidesStaticType, NoSerialize, Allocative)]
pub(crate) struct File(#[allocative(skip)] pub(crate) Arc<FileData>);
starlark_simple_value!(File);

impl File {
    /// The source file that a label names.
    pub(crate) fn source(label: &Label) -> File {
        File(Arc::new(FileData { path: label.source_path().into(), owner: label.clone(), kind: FileKind::Source }))
    }

    /// An output of `owner` called `name` in its package.
    pub(crate) fn output(owner: &Label, name: &str, kind: FileKind) -> File {
        let path = Label::new(&owner.package, name).output_path().into();
        File(Arc::new(FileData { path, owner: owner.clone(), kind }))
    }

    pub(crate) fn path(&self) -> &str {
        &self.0.path
    }

    pub(crate) fn short_path(&self) -> &str {
        match self.0.kind {
            FileKind::Source => &self.0.path,
            _ => self.0.path.strip_prefix("out/").unwrap_or(&self.0.path),
        }
    }

    pub(crate) fn is_source(&self) -> bool {
        self.0.kind == FileKind::Source
    }

    pub(crate) fn basename(&self) -> &str {
        self.path().rsplit('/').next().unwrap_or("")
    }

    pub(crate) fn dirname(&self) -> &str {
        self.path().rsplit_once('/').map_or("", |(head, _)| head)
    }

    pub(crate) fn extension(&self) -> &str {
        self.basename().rsplit_once('.').map_or("", |(_, tail)| tail)
    }
}

impl PartialEq for File {
    fn eq(&self, other: &File) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.path == other.0.path
    }
}
impl Eq for File {}
impl Hash for File {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.path.hash(state);
    }
}

impl fmt::Display for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_source() { "source" } else { "generated" };
        write!(f, "<{kind} file {}>", self.short_path())
    }
}

#[starlark_value(type = "File")]
impl<'v> StarlarkValue<'v> for File {
    fn get_methods() -> Option<&'static Methods> {
        Some(FILE_METHODS.methods())
    }

    fn get_attr(&self, attribute: &str, heap: Heap<'v>) -> Option<Value<'v>> {
        Some(match attribute {
            "path" => heap.alloc(self.path()),
            "short_path" => heap.alloc(self.short_path()),
            "basename" => heap.alloc(self.basename()),
            "dirname" => heap.alloc(self.dirname()),
            "extension" => heap.alloc(self.extension()),
            "is_source" => heap.alloc(self.is_source()),
            "is_directory" => heap.alloc(self.0.kind == FileKind::OutputDirectory),
            "owner" => heap.alloc(LabelValue(self.0.owner.clone())),
            "root" => heap
                .alloc(starlark::values::structs::AllocStruct([("path", if self.is_source() { "" } else { "out" })])),
            "tree_relative_path" => Value::new_none(),
            _ => return None,
        })
    }

    fn dir_attr(&self) -> Vec<String> {
        ["path", "short_path", "basename", "dirname", "extension", "is_source", "is_directory", "owner", "root"]
            .map(str::to_owned)
            .to_vec()
    }

    fn equals(&self, other: Value<'v>) -> starlark::Result<bool> {
        Ok(File::from_value(other).is_some_and(|other| other == self))
    }

    fn write_hash(&self, hasher: &mut starlark::collections::StarlarkHasher) -> starlark::Result<()> {
        self.0.path.hash(hasher);
        Ok(())
    }

    fn compare(&self, other: Value<'v>) -> starlark::Result<std::cmp::Ordering> {
        match File::from_value(other) {
            Some(other) => Ok(self.0.path.cmp(&other.0.path)),
            None => starlark::values::ValueError::unsupported_with(self, "cmp()", other),
        }
    }
}

fn no_methods(_builder: &mut MethodsBuilder) {}
starlark::methods_static!(FILE_METHODS = no_methods);
