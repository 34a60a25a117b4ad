//! Plain values: what rules hand to each other, as Rust data outside every Starlark heap.
//!
//! Invariants: immutable, cheap to clone, shared between threads; equal content is equal. A value is made plain when
//! it goes into a provider, a depset or an action, and becomes a Starlark value again when a rule looks at it.
//! That is what freezing is here: nobody can change a provider after it was made, and no heap is kept alive by
//! another one. Functions have no plain form.
//! This file does not know targets or actions.

use crate::label::Label;
use crate::values::depset::{Depset, DepsetValue};
use crate::values::file::File;
use crate::values::label::LabelValue;
use crate::values::provider::{Instance, InstanceValue};
use crate::values::runfiles::{Runfiles, RunfilesValue};
use crate::values::target::{Target, TargetValue};
use starlark::values::dict::{AllocDict, DictRef};
use starlark::values::list::{AllocList, ListRef};
use starlark::values::structs::{AllocStruct, StructRef};
use starlark::values::tuple::{AllocTuple, TupleRef};
use starlark::values::{Heap, UnpackValue, Value};
use std::sync::Arc;

/// A plain value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Plain {
    None,
    Bool(bool),
    Int(i64),
    Text(Arc<str>),
    List(Arc<[Plain]>),
    Tuple(Arc<[Plain]>),
    Dict(Arc<[(Plain, Plain)]>),
    Struct(Arc<[(Arc<str>, Plain)]>),
    Instance(Arc<Instance>),
    Depset(Depset),
    File(File),
    Label(Label),
    Target(Arc<Target>),
    Runfiles(Arc<Runfiles>),
}

/// How deep lists of lists may go.
const DEPTH: usize = 64;

impl Plain {
    /// The plain form of a Starlark value.
    pub(crate) fn of(value: Value<'_>) -> anyhow::Result<Plain> {
        Plain::at_depth(value, 0)
    }

    fn at_depth(value: Value<'_>, depth: usize) -> anyhow::Result<Plain> {
        if depth > DEPTH {
            anyhow::bail!("a value is nested more than {DEPTH} deep (or contains itself)");
        }
        let below = |value: Value<'_>| Plain::at_depth(value, depth + 1);
        if let Some(text) = value.unpack_str() {
            return Ok(Plain::Text(text.into()));
        }
        if value.is_none() {
            return Ok(Plain::None);
        }
        if let Some(yes) = value.unpack_bool() {
            return Ok(Plain::Bool(yes));
        }
        if let Some(file) = File::from_value(value) {
            return Ok(Plain::File(file.clone()));
        }
        if let Some(depset) = DepsetValue::from_value(value) {
            return Ok(Plain::Depset(depset.0.clone()));
        }
        if let Some(list) = ListRef::from_value(value) {
            return Ok(Plain::List(list.iter().map(below).collect::<anyhow::Result<_>>()?));
        }
        if let Some(target) = TargetValue::from_value(value) {
            return Ok(Plain::Target(Arc::clone(&target.0)));
        }
        if let Some(instance) = InstanceValue::from_value(value) {
            return Ok(Plain::Instance(Arc::clone(&instance.0)));
        }
        if let Some(label) = LabelValue::from_value(value) {
            return Ok(Plain::Label(label.0.clone()));
        }
        if let Some(runfiles) = RunfilesValue::from_value(value) {
            return Ok(Plain::Runfiles(Arc::clone(&runfiles.0)));
        }
        if let Some(tuple) = TupleRef::from_value(value) {
            return Ok(Plain::Tuple(tuple.iter().map(below).collect::<anyhow::Result<_>>()?));
        }
        if let Some(dict) = DictRef::from_value(value) {
            let pairs = dict.iter().map(|(k, v)| Ok((below(k)?, below(v)?)));
            return Ok(Plain::Dict(pairs.collect::<anyhow::Result<_>>()?));
        }
        if let Some(fields) = StructRef::from_value(value) {
            let pairs = fields.iter().map(|(k, v)| Ok((Arc::from(k.as_str()), below(v)?)));
            return Ok(Plain::Struct(pairs.collect::<anyhow::Result<_>>()?));
        }
        if let Ok(Some(int)) = i64::unpack_value(value) {
            return Ok(Plain::Int(int));
        }
        anyhow::bail!(
            "a value of type '{}' cannot be kept in a provider, depset or action: {}",
            value.get_type(),
            brief(value)
        )
    }

    /// The Starlark value.
    pub(crate) fn to_value<'v>(&self, heap: Heap<'v>) -> Value<'v> {
        match self {
            Plain::None => Value::new_none(),
            Plain::Bool(yes) => Value::new_bool(*yes),
            Plain::Int(int) => heap.alloc(*int),
            Plain::Text(text) => heap.alloc(&**text),
            Plain::List(items) => heap.alloc(AllocList(items.iter().map(|item| item.to_value(heap)))),
            Plain::Tuple(items) => {
                let items: Vec<Value<'v>> = items.iter().map(|item| item.to_value(heap)).collect();
                heap.alloc(AllocTuple(items))
            }
            Plain::Dict(pairs) => {
                heap.alloc(AllocDict(pairs.iter().map(|(k, v)| (k.to_value(heap), v.to_value(heap)))))
            }
            Plain::Struct(fields) => {
                let fields: Vec<(&str, Value<'v>)> = fields.iter().map(|(k, v)| (&**k, v.to_value(heap))).collect();
                heap.alloc(AllocStruct(fields))
            }
            Plain::Instance(instance) => heap.alloc(InstanceValue(Arc::clone(instance))),
            Plain::Depset(depset) => heap.alloc(DepsetValue(depset.clone())),
            Plain::File(file) => heap.alloc(file.clone()),
            Plain::Label(label) => heap.alloc(LabelValue(label.clone())),
            Plain::Target(target) => heap.alloc(TargetValue(Arc::clone(target))),
            Plain::Runfiles(runfiles) => heap.alloc(RunfilesValue(Arc::clone(runfiles))),
        }
    }

    /// What the value is called in errors.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Plain::None => "None",
            Plain::Bool(_) => "bool",
            Plain::Int(_) => "int",
            Plain::Text(_) => "string",
            Plain::List(_) => "list",
            Plain::Tuple(_) => "tuple",
            Plain::Dict(_) => "dict",
            Plain::Struct(_) => "struct",
            Plain::Instance(_) => "provider instance",
            Plain::Depset(_) => "depset",
            Plain::File(_) => "File",
            Plain::Label(_) => "Label",
            Plain::Target(_) => "Target",
            Plain::Runfiles(_) => "runfiles",
        }
    }
}

/// The start of a value's text, for an error.
pub(crate) fn brief(value: Value<'_>) -> String {
    let text = value.to_repr();
    match text.char_indices().nth(80) {
        Some((cut, _)) => format!("{}...", text.get(..cut).unwrap_or("")),
        None => text,
    }
}
