//! `Target`: an analysed target as those see it that depend on it.
//!
//! Invariants: every target has a `DefaultInfo`; a provider stands at most once.
//! This file does not know the actions behind the files.

use crate::label::Label;
use crate::values::depset::{Depset, DepsetValue};
use crate::values::file::File;
use crate::values::label::LabelValue;
use crate::values::plain::Plain;
use crate::values::provider::{Instance, InstanceValue, ProviderId, ProviderValue};
use crate::values::runfiles::Runfiles;
use allocative::Allocative;
use starlark::starlark_simple_value;
use starlark::values::{Heap, NoSerialize, ProvidesStaticType, StarlarkValue, Value, starlark_value};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// An analysed target.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) label: Label,
    /// Default outputs.
    pub(crate) files: Depset,
    pub(crate) executable: Option<File>,
    /// Meant to be run: its rule says so, or gave `DefaultInfo` an executable.
    pub(crate) program: bool,
    pub(crate) runfiles: Arc<Runfiles>,
    pub(crate) providers: Vec<Arc<Instance>>,
}

impl Target {
    /// A source file or an output as a target of its own.
    pub(crate) fn of_file(label: Label, file: File) -> Target {
        let executable = Some(file.clone());
        Target {
            label,
            files: Depset::of(vec![Plain::File(file)]),
            executable,
            program: false,
            runfiles: Runfiles::none(),
            providers: Vec::new(),
        }
    }

    /// A target that gives nothing.
    pub(crate) fn empty(label: Label) -> Target {
        Target {
            label,
            files: Depset::default(),
            executable: None,
            program: false,
            runfiles: Runfiles::none(),
            providers: Vec::new(),
        }
    }

    pub(crate) fn provider(&self, id: &ProviderId) -> Option<&Arc<Instance>> {
        self.providers.iter().find(|instance| *instance.provider == *id)
    }

    fn default_info(&self) -> Arc<Instance> {
        let runfiles = Plain::Runfiles(Arc::clone(&self.runfiles));
        Arc::new(Instance {
            provider: ProviderId::builtin("DefaultInfo"),
            fields: vec![
                ("files".into(), Plain::Depset(self.files.clone())),
                ("files_to_run".into(), self.files_to_run()),
                ("default_runfiles".into(), runfiles.clone()),
                ("data_runfiles".into(), runfiles),
            ],
        })
    }

    /// The `FilesToRunProvider`: the executable and what it needs.
    pub(crate) fn files_to_run(&self) -> Plain {
        let executable = self.executable.clone().map_or(Plain::None, Plain::File);
        Plain::Instance(Arc::new(Instance {
            provider: ProviderId::builtin("FilesToRunProvider"),
            fields: vec![
                ("executable".into(), executable),
                ("runfiles".into(), Plain::Depset(self.runfiles.files.clone())),
            ],
        }))
    }
}

impl PartialEq for Target {
    fn eq(&self, other: &Target) -> bool {
        self.label == other.label
    }
}
impl Eq for Target {}
impl Hash for Target {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.label.hash(state);
    }
}

/// The Starlark value.
#[derive(Debug, ProvidesStaticType, NoSerialize, Allocative)]
pub(crate) struct TargetValue(#[allocative(skip)] pub(crate) Arc<Target>);
starlark_simple_value!(TargetValue);

impl fmt::Display for TargetValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<target {}>", self.0.label)
    }
}

impl TargetValue {
    fn wanted<'v>(&self, index: Value<'v>) -> starlark::Result<&'v ProviderValue> {
        ProviderValue::from_value(index).ok_or_else(|| {
            starlark::Error::new_other(anyhow::anyhow!(
                "a target is indexed by a provider, not by a '{}'",
                index.get_type()
            ))
        })
    }
}

#[starlark_value(type = "Target")]
impl<'v> StarlarkValue<'v> for TargetValue {
    fn at(&self, index: Value<'v>, heap: Heap<'v>) -> starlark::Result<Value<'v>> {
        let wanted = self.wanted(index)?;
        if wanted.id.is_builtin("DefaultInfo") {
            return Ok(heap.alloc(InstanceValue(self.0.default_info())));
        }
        match self.0.provider(&wanted.id) {
            Some(instance) => Ok(heap.alloc(InstanceValue(Arc::clone(instance)))),
            None => Err(starlark::Error::new_other(anyhow::anyhow!(
                "target '{}' does not provide '{}'",
                self.0.label,
                wanted.id.name()
            ))),
        }
    }

    fn is_in(&self, other: Value<'v>) -> starlark::Result<bool> {
        let wanted = self.wanted(other)?;
        Ok(wanted.id.is_builtin("DefaultInfo") || self.0.provider(&wanted.id).is_some())
    }

    fn get_attr(&self, attribute: &str, heap: Heap<'v>) -> Option<Value<'v>> {
        let target = &self.0;
        Some(match attribute {
            "label" => heap.alloc(LabelValue(target.label.clone())),
            "files" => heap.alloc(DepsetValue(target.files.clone())),
            "files_to_run" => target.files_to_run().to_value(heap),
            "default_runfiles" | "data_runfiles" => Plain::Runfiles(Arc::clone(&target.runfiles)).to_value(heap),
            _ => return None,
        })
    }

    fn dir_attr(&self) -> Vec<String> {
        ["label", "files", "files_to_run", "default_runfiles", "data_runfiles"].map(str::to_owned).to_vec()
    }

    fn equals(&self, other: Value<'v>) -> starlark::Result<bool> {
        Ok(TargetValue::from_value(other).is_some_and(|other| other.0 == self.0))
    }

    fn write_hash(&self, hasher: &mut starlark::collections::StarlarkHasher) -> starlark::Result<()> {
        self.0.hash(hasher);
        Ok(())
    }
}
