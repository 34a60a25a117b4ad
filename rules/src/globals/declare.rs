//! A rule called in a BUILD file becomes a declared target.
//!
//! Invariants: every mistake of the call is reported, not only the first; a target with a mistake is not added.
//! This file does not know what rules do.

use crate::error::{LoadError, LoadErrorKind, Position, nearest};
use crate::globals::build::BuildExtra;
use crate::label::{Label, PackageId, check_declared};
use crate::package::{DeclKind, RuleId, TargetDecl, Visibility};
use crate::schema::{AttrValue, label_of};
use crate::values::rule::RuleInfo;
use starlark::collections::SmallMap;
use starlark::values::dict::AllocDict;
use starlark::values::list::AllocList;
use starlark::values::list_or_tuple::UnpackListOrTuple;
use starlark::values::{Heap, StringValue, UnpackValue, Value};
use std::sync::Arc;

/// Attributes of every target that mean nothing here.
const IGNORED: [&str; 13] = [
    "deprecation",
    "features",
    "licenses",
    "compatible_with",
    "restricted_to",
    "target_compatible_with",
    "exec_compatible_with",
    "exec_properties",
    "exec_group_compatible_with",
    "applicable_licenses",
    "package_metadata",
    "toolchains",
    "expect_failure",
];

impl BuildExtra {
    fn report_all(&self, faults: Vec<Fault>, at: &Position) {
        for (message, hint) in faults {
            let mut error = LoadError::new(LoadErrorKind::Attribute, message).at(Some(at.clone()));
            error.hints.extend(hint);
            self.report(error);
        }
    }

    /// Adds the target that a call of `rule` declares, or reports what is wrong with it.
    pub(crate) fn declare<'v>(
        &self,
        rule: &Arc<RuleInfo>,
        args: &SmallMap<StringValue<'v>, Value<'v>>,
        at: Position,
    ) -> anyhow::Result<()> {
        let Some(rule_name) = rule.name.get() else {
            anyhow::bail!("a rule must be assigned to a global of its .bzl file before it is called");
        };
        let name = args.iter().find(|(key, _)| key.as_str() == "name").and_then(|(_, value)| value.unpack_str());
        let mut faults: Vec<Fault> = name_fault(rule_name, name).into_iter().collect();
        let name = name.unwrap_or("");
        let mut fault = |attr: &str, why: String| {
            faults.push((format!("{rule_name} '{name}', attribute '{attr}': {why}"), None));
        };
        let mut values: Vec<Option<AttrValue>> = vec![None; rule.attrs.len()];
        let mut visibility = None;
        let mut unknown = Vec::new();
        for (key, value) in args {
            match key.as_str() {
                "name" => {}
                "visibility" if value.is_none() => {}
                "visibility" => match visibility_of(*value, &self.package) {
                    Ok(found) => visibility = Some(found),
                    Err(why) => fault("visibility", why),
                },
                attr => match rule.attr(attr) {
                    // None means: not given.
                    Some(_) if value.is_none() => {}
                    Some((index, schema)) => match schema.coerce(*value, &self.package) {
                        Ok(coerced) => {
                            if let Some(slot) = values.get_mut(index) {
                                *slot = Some(coerced);
                            }
                        }
                        Err(why) => fault(attr, why),
                    },
                    None if IGNORED.contains(&attr) => {}
                    None => unknown.push(attr),
                },
            }
        }
        for (schema, value) in rule.attrs.iter().zip(&values) {
            let given = || args.iter().any(|(key, value)| key.as_str() == &*schema.name && !value.is_none());
            if schema.mandatory && value.is_none() && !given() {
                fault(&schema.name, "it is mandatory and missing".to_owned());
            }
        }
        faults.extend(unknown.into_iter().map(|attr| unknown_attribute(rule, rule_name, name, attr)));
        if !faults.is_empty() {
            self.report_all(faults, &at);
            return Ok(());
        }
        self.state.borrow_mut().rules.insert(name.into(), Arc::clone(rule));
        let (tags, outputs) = (tags_of(rule, &values), outputs_of(rule, name, &values));
        self.add(TargetDecl {
            name: name.into(),
            visibility,
            line: at.line,
            column: at.column,
            test: rule.test,
            tags,
            outputs,
            kind: DeclKind::Rule {
                rule: RuleId { module: Arc::clone(&rule.module), name: Arc::clone(rule_name) },
                attrs: up_to_last(values),
            },
        });
        Ok(())
    }
}

/// What is wrong with a call of a rule, and perhaps a hint.
type Fault = (String, Option<String>);

fn name_fault(rule_name: &str, name: Option<&str>) -> Option<Fault> {
    let Some(name) = name else {
        return Some((format!("{rule_name}: the attribute 'name' is missing or no string"), None));
    };
    check_declared(name).err().map(|why| (format!("'{name}' is no name for a target: {why}"), None))
}

fn unknown_attribute(rule: &RuleInfo, rule_name: &str, name: &str, attr: &str) -> Fault {
    let known = rule.attrs.iter().map(|a| a.name.to_string()).chain(["name".into(), "visibility".into()]);
    let hint = nearest(attr, known).map(|n| format!("did you mean '{n}'?"));
    (format!("{rule_name} '{name}': there is no attribute '{attr}'"), hint)
}

fn tags_of(rule: &RuleInfo, values: &[Option<AttrValue>]) -> Vec<Arc<str>> {
    match rule.attr("tags").and_then(|(index, _)| values.get(index)) {
        Some(Some(AttrValue::TextList(tags))) => tags.clone(),
        _ => Vec::new(),
    }
}

/// Without what is not given at the end: most targets give the first few of many attributes.
fn up_to_last(mut values: Vec<Option<AttrValue>>) -> Vec<Option<AttrValue>> {
    values.truncate(values.iter().rposition(Option::is_some).map_or(0, |last| last + 1));
    values.shrink_to_fit();
    values
}

fn outputs_of(rule: &RuleInfo, name: &str, values: &[Option<AttrValue>]) -> Vec<Arc<str>> {
    let mut outputs: Vec<Arc<str>> = values.iter().flatten().flat_map(|v| v.outputs().iter().cloned()).collect();
    outputs.extend(rule.outputs.iter().map(|(_, template)| Arc::from(template.replace("%{name}", name))));
    outputs.shrink_to_fit();
    outputs
}

/// A list of visibilities.
pub(crate) fn visibility_of(value: Value<'_>, package: &Arc<PackageId>) -> Result<Vec<Visibility>, String> {
    let Ok(Some(list)) = UnpackListOrTuple::<Value<'_>>::unpack_value(value) else {
        return Err("expected a list such as ['//visibility:public']".to_owned());
    };
    list.items.into_iter().map(|item| one_visibility(item, package)).collect()
}

fn one_visibility(item: Value<'_>, package: &Arc<PackageId>) -> Result<Visibility, String> {
    let label = label_of(item, package)?;
    if &*label.package.path == "visibility" {
        return match &*label.name {
            "public" => Ok(Visibility::Public),
            "private" => Ok(Visibility::Private),
            other => {
                let hint = nearest(other, ["public", "private"]).map(|n| format!("; did you mean '{n}'?"));
                Err(format!("there is no '//visibility:{other}'{}", hint.unwrap_or_default()))
            }
        };
    }
    let id = (*label.package).clone();
    Ok(match &*label.name {
        "__pkg__" => Visibility::Package(id),
        "__subpackages__" => Visibility::Below(id),
        _ => Visibility::Group(label),
    })
}

/// `//p`, `//p/...`, `public`, `private` of a `package_group`.
pub(crate) fn group_member(text: &str, package: &PackageId) -> Result<Visibility, String> {
    if text == "public" || text == "//..." && package.repository.is_empty() {
        return Ok(Visibility::Public);
    }
    let Some(path) = text.strip_prefix("//") else {
        return Err(format!("'{text}' is no package; expected '//p' or '//p/...'"));
    };
    let id = |path: &str| PackageId::new(&package.repository, path);
    Ok(match path.strip_suffix("/...") {
        Some(folder) => Visibility::Below(id(folder)),
        None => Visibility::Package(id(path)),
    })
}

/// An attribute as `existing_rule` shows it: labels as text.
pub(crate) fn attr_to_value<'v>(value: &AttrValue, heap: Heap<'v>) -> Value<'v> {
    let label = |label: &Label| label.to_string();
    match value {
        AttrValue::None => Value::new_none(),
        AttrValue::Bool(yes) => Value::new_bool(*yes),
        AttrValue::Int(int) => heap.alloc(*int),
        AttrValue::Text(text) | AttrValue::Output(text) => heap.alloc(&**text),
        AttrValue::Label(l) => heap.alloc(label(l)),
        AttrValue::TextList(items) | AttrValue::OutputList(items) => heap.alloc(AllocList(items.iter().map(|t| &**t))),
        AttrValue::IntList(items) => heap.alloc(AllocList(items.iter().copied())),
        AttrValue::LabelList(items) => heap.alloc(AllocList(items.iter().map(label))),
        AttrValue::TextDict(pairs) => heap.alloc(AllocDict(pairs.iter().map(|(k, v)| (&**k, &**v)))),
        AttrValue::TextListDict(pairs) => {
            let pair =
                |(k, v): &(Arc<str>, Vec<Arc<str>>)| (k.to_string(), heap.alloc(AllocList(v.iter().map(|t| &**t))));
            heap.alloc(AllocDict(pairs.iter().map(pair)))
        }
        AttrValue::LabelTextDict(pairs) => heap.alloc(AllocDict(pairs.iter().map(|(k, v)| (label(k), &**v)))),
    }
}
