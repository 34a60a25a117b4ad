//! Attributes: what a rule declares, and what a target says.
//!
//! Invariants: an `AttrValue` is plain data that can be written to the store; its variant is that of its schema.
//! This file does not know Starlark functions or targets.

use crate::error::nearest;
use crate::label::{Label, PackageId};
use crate::values::label::LabelValue;
use crate::values::plain::brief;
use crate::values::provider::ProviderId;
use serde::{Deserialize, Serialize};
use starlark::values::dict::DictRef;
use starlark::values::list_or_tuple::UnpackListOrTuple;
use starlark::values::{UnpackValue, Value};
use std::sync::Arc;

/// The attribute of every rule that names a determinism level; empty for the workspace's.
pub(crate) const DETERMINISM: &str = "determinism";

/// The type of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AttrKind {
    Bool,
    Int,
    Text,
    Label,
    Output,
    TextList,
    IntList,
    LabelList,
    OutputList,
    TextDict,
    TextListDict,
    LabelTextDict,
}

impl AttrKind {
    fn expected(self) -> &'static str {
        match self {
            AttrKind::Bool => "a bool",
            AttrKind::Int => "an int",
            AttrKind::Text => "a string",
            AttrKind::Label => "a label",
            AttrKind::Output => "a file name",
            AttrKind::TextList => "a list of strings",
            AttrKind::IntList => "a list of ints",
            AttrKind::LabelList => "a list of labels",
            AttrKind::OutputList => "a list of file names",
            AttrKind::TextDict => "a dict of strings",
            AttrKind::TextListDict => "a dict of lists of strings",
            AttrKind::LabelTextDict => "a dict of labels to strings",
        }
    }
}

/// A value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum AttrValue {
    None,
    Bool(bool),
    Int(i64),
    Text(Arc<str>),
    Label(Label),
    Output(Arc<str>),
    TextList(Vec<Arc<str>>),
    IntList(Vec<i64>),
    LabelList(Vec<Label>),
    OutputList(Vec<Arc<str>>),
    TextDict(Vec<(Arc<str>, Arc<str>)>),
    TextListDict(Vec<(Arc<str>, Vec<Arc<str>>)>),
    LabelTextDict(Vec<(Label, Arc<str>)>),
}

impl AttrValue {
    /// The labels in it.
    pub(crate) fn labels(&self) -> Vec<&Label> {
        match self {
            AttrValue::Label(label) => vec![label],
            AttrValue::LabelList(labels) => labels.iter().collect(),
            AttrValue::LabelTextDict(pairs) => pairs.iter().map(|(label, _)| label).collect(),
            _ => Vec::new(),
        }
    }

    /// The labels in it, to change them.
    pub(crate) fn labels_mut(&mut self) -> Vec<&mut Label> {
        match self {
            AttrValue::Label(label) => vec![label],
            AttrValue::LabelList(labels) => labels.iter_mut().collect(),
            AttrValue::LabelTextDict(pairs) => pairs.iter_mut().map(|(label, _)| label).collect(),
            _ => Vec::new(),
        }
    }

    /// The outputs it declares.
    pub(crate) fn outputs(&self) -> &[Arc<str>] {
        match self {
            AttrValue::Output(name) => std::slice::from_ref(name),
            AttrValue::OutputList(names) => names,
            _ => &[],
        }
    }

    /// Is it what a missing value would be?
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            AttrValue::None => true,
            AttrValue::TextList(v) => v.is_empty(),
            AttrValue::LabelList(v) => v.is_empty(),
            AttrValue::OutputList(v) => v.is_empty(),
            AttrValue::IntList(v) => v.is_empty(),
            AttrValue::TextDict(v) => v.is_empty(),
            AttrValue::TextListDict(v) => v.is_empty(),
            AttrValue::LabelTextDict(v) => v.is_empty(),
            _ => false,
        }
    }
}

/// Which files a label attribute takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FileFilter {
    None,
    All,
    Endings(Vec<String>),
}

/// A declared attribute.
#[derive(Debug, Clone)]
pub(crate) struct AttrSchema {
    pub(crate) name: Arc<str>,
    pub(crate) kind: AttrKind,
    pub(crate) default: AttrValue,
    pub(crate) mandatory: bool,
    pub(crate) values: Vec<String>,
    pub(crate) files: FileFilter,
    pub(crate) single_file: bool,
    pub(crate) executable: bool,
    pub(crate) allow_empty: bool,
    /// One of these lists must be provided in full; empty for no demand.
    pub(crate) providers: Vec<Vec<Arc<ProviderId>>>,
}

impl AttrSchema {
    /// An attribute without demands.
    pub(crate) fn new(name: &str, kind: AttrKind) -> AttrSchema {
        AttrSchema {
            name: name.into(),
            kind,
            default: empty_value(kind),
            mandatory: false,
            values: Vec::new(),
            files: FileFilter::None,
            single_file: false,
            executable: false,
            allow_empty: true,
            providers: Vec::new(),
        }
    }

    /// The value as this attribute wants it; labels are read as written in `package`.
    pub(crate) fn coerce(&self, value: Value<'_>, package: &Arc<PackageId>) -> Result<AttrValue, String> {
        let coerced = match value.unpack_bool() {
            // A text that may be "True" or "False" takes the truth value too: `linkstatic = True`.
            Some(truth) if self.kind == AttrKind::Text && self.values.iter().any(|v| v == "True") => {
                AttrValue::Text(if truth { "True".into() } else { "False".into() })
            }
            _ => coerce(self.kind, value, package)?,
        };
        if let AttrValue::Text(text) = &coerced
            && !self.values.is_empty()
            && !self.values.iter().any(|v| **v == **text)
        {
            let hint = nearest(text, &self.values).map(|n| format!("; did you mean '{n}'?")).unwrap_or_default();
            let known: Vec<&str> = self.values.iter().map(String::as_str).filter(|v| !v.is_empty()).collect();
            return Err(format!("'{text}' is not one of {}{hint}", known.join(", ")));
        }
        if !self.allow_empty && coerced.is_empty() {
            return Err("it must not be empty".to_owned());
        }
        Ok(coerced)
    }
}

/// What an attribute is when neither target nor rule say anything.
pub(crate) fn empty_value(kind: AttrKind) -> AttrValue {
    match kind {
        AttrKind::Bool => AttrValue::Bool(false),
        AttrKind::Int => AttrValue::Int(0),
        AttrKind::Text => AttrValue::Text("".into()),
        AttrKind::Label | AttrKind::Output => AttrValue::None,
        AttrKind::TextList => AttrValue::TextList(Vec::new()),
        AttrKind::IntList => AttrValue::IntList(Vec::new()),
        AttrKind::LabelList => AttrValue::LabelList(Vec::new()),
        AttrKind::OutputList => AttrValue::OutputList(Vec::new()),
        AttrKind::TextDict => AttrValue::TextDict(Vec::new()),
        AttrKind::TextListDict => AttrValue::TextListDict(Vec::new()),
        AttrKind::LabelTextDict => AttrValue::LabelTextDict(Vec::new()),
    }
}

/// Reads a label given as text or as a `Label`.
pub(crate) fn label_of(value: Value<'_>, package: &Arc<PackageId>) -> Result<Label, String> {
    if let Some(label) = LabelValue::from_value(value) {
        return Ok(label.0.clone());
    }
    match value.unpack_str() {
        Some(text) => Label::parse(text, package).map_err(|e| e.to_string()),
        None => Err(wrong("a label", value)),
    }
}

fn wrong(expected: &str, value: Value<'_>) -> String {
    format!("expected {expected}, got {} {}", value.get_type(), brief(value))
}

fn text_of(value: Value<'_>) -> Result<Arc<str>, String> {
    value.unpack_str().map(Arc::from).ok_or_else(|| wrong("a string", value))
}

fn int_of(value: Value<'_>) -> Result<i64, String> {
    match i64::unpack_value(value) {
        Ok(Some(int)) if value.unpack_bool().is_none() => Ok(int),
        _ => Err(wrong("an int", value)),
    }
}

fn output_of(value: Value<'_>, package: &Arc<PackageId>) -> Result<Arc<str>, String> {
    let label = label_of(value, package)?;
    if *label.package != **package {
        return Err(format!("the output '{label}' does not lie in the package '{package}'"));
    }
    crate::label::check_declared(&label.name).map_err(|why| format!("'{label}' is no name for an output: {why}"))?;
    Ok(label.name)
}

fn list_of<T>(
    kind: AttrKind,
    value: Value<'_>,
    mut item: impl FnMut(Value<'_>) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    match UnpackListOrTuple::<Value<'_>>::unpack_value(value) {
        Ok(Some(list)) => list.items.into_iter().map(&mut item).collect::<Result<_, _>>().map(fitted),
        _ => Err(wrong(kind.expected(), value)),
    }
}

/// Without the room that collecting left over: values of attributes stay for as long as their package.
fn fitted<T>(mut items: Vec<T>) -> Vec<T> {
    items.shrink_to_fit();
    items
}

fn dict_of<K, V>(
    kind: AttrKind,
    value: Value<'_>,
    pair: impl Fn(Value<'_>, Value<'_>) -> Result<(K, V), String>,
) -> Result<Vec<(K, V)>, String> {
    match DictRef::from_value(value) {
        Some(dict) => dict.iter().map(|(k, v)| pair(k, v)).collect::<Result<_, _>>().map(fitted),
        None => Err(wrong(kind.expected(), value)),
    }
}

fn coerce(kind: AttrKind, value: Value<'_>, package: &Arc<PackageId>) -> Result<AttrValue, String> {
    Ok(match kind {
        AttrKind::Bool => match (value.unpack_bool(), value.unpack_i32()) {
            (Some(yes), _) => AttrValue::Bool(yes),
            // Bazel takes 0 and 1 too.
            (None, Some(n @ (0 | 1))) => AttrValue::Bool(n == 1),
            _ => return Err(wrong(kind.expected(), value)),
        },
        AttrKind::Int => AttrValue::Int(int_of(value)?),
        AttrKind::Text => AttrValue::Text(text_of(value)?),
        AttrKind::Label => AttrValue::Label(label_of(value, package)?),
        AttrKind::Output => AttrValue::Output(output_of(value, package)?),
        AttrKind::TextList => AttrValue::TextList(list_of(kind, value, text_of)?),
        AttrKind::IntList => AttrValue::IntList(list_of(kind, value, int_of)?),
        AttrKind::LabelList => AttrValue::LabelList(list_of(kind, value, |v| label_of(v, package))?),
        AttrKind::OutputList => AttrValue::OutputList(list_of(kind, value, |v| output_of(v, package))?),
        AttrKind::TextDict => AttrValue::TextDict(dict_of(kind, value, |k, v| Ok((text_of(k)?, text_of(v)?)))?),
        AttrKind::TextListDict => AttrValue::TextListDict(dict_of(kind, value, |k, v| {
            Ok((text_of(k)?, list_of(AttrKind::TextList, v, text_of)?))
        })?),
        AttrKind::LabelTextDict => {
            AttrValue::LabelTextDict(dict_of(kind, value, |k, v| Ok((label_of(k, package)?, text_of(v)?)))?)
        }
    })
}
