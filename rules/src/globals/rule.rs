//! `rule()` and `provider()`.
//!
//! Invariants: both can only be called while a .bzl file is evaluated, so that what they give has a home.
//! This file does not know targets.

use crate::globals::extra;
use crate::schema::{AttrKind, AttrSchema, AttrValue, DETERMINISM};
use crate::values::provider::{ProviderId, ProviderValue};
use crate::values::rule::{AttrDef, RuleInfo, RuleValue};
use gx_store::Level;
use starlark::collections::SmallMap;
use starlark::environment::GlobalsBuilder;
use starlark::eval::Evaluator;
use starlark::values::dict::{DictRef, UnpackDictEntries};
use starlark::values::list_or_tuple::UnpackListOrTuple;
use starlark::values::none::NoneOr;
use starlark::values::{UnpackValue, Value};
use std::sync::{Arc, OnceLock};

/// Arguments of `rule()` that Bazel knows and that mean nothing here.
const IGNORED: [&str; 14] = [
    "doc",
    "provides",
    "toolchains",
    "fragments",
    "host_fragments",
    "cfg",
    "exec_compatible_with",
    "exec_groups",
    "output_to_genfiles",
    "analysis_test",
    "build_setting",
    "subrules",
    "initializer",
    "dependency_resolution_rule",
];

/// Attributes that every target may have.
fn common_attrs(executable: bool, test: bool) -> Vec<AttrSchema> {
    let mut level = AttrSchema::new(DETERMINISM, AttrKind::Text);
    level.values = [""].into_iter().chain(Level::ALL.map(Level::name)).map(str::to_owned).collect();
    let mut attrs =
        vec![AttrSchema::new("tags", AttrKind::TextList), AttrSchema::new("testonly", AttrKind::Bool), level];
    if executable || test {
        attrs.push(AttrSchema::new("args", AttrKind::TextList));
        attrs.push(AttrSchema::new("env", AttrKind::TextDict));
    }
    if test {
        let mut text = |name: &str, default: &str, values: &[&str]| {
            let mut attr = AttrSchema::new(name, AttrKind::Text);
            attr.default = AttrValue::Text(default.into());
            attr.values = values.iter().map(|v| (*v).to_owned()).collect();
            attrs.push(attr);
        };
        text("size", "medium", &["small", "medium", "large", "enormous"]);
        text("timeout", "", &["", "short", "moderate", "long", "eternal"]);
        attrs.push(AttrSchema::new("flaky", AttrKind::Bool));
        attrs.push(AttrSchema::new("shard_count", AttrKind::Int));
        attrs.push(AttrSchema::new("local", AttrKind::Bool));
    }
    attrs
}

fn attrs_of(value: Option<Value<'_>>, executable: bool, test: bool) -> anyhow::Result<Vec<AttrSchema>> {
    let mut attrs = Vec::new();
    if let Some(value) = value.filter(|v| !v.is_none()) {
        let dict = DictRef::from_value(value).ok_or_else(|| anyhow::anyhow!("rule: 'attrs' must be a dict"))?;
        for (name, def) in dict.iter() {
            let name = name.unpack_str().ok_or_else(|| anyhow::anyhow!("rule: names of attributes are strings"))?;
            let def = AttrDef::from_value(def).ok_or_else(|| {
                anyhow::anyhow!("rule: attribute '{name}' must be an attr.*(), not a {}", def.get_type())
            })?;
            if matches!(name, "name" | "visibility" | DETERMINISM) {
                anyhow::bail!("rule: every rule has an attribute '{name}', it cannot be declared");
            }
            let mut schema = def.0.clone();
            schema.name = name.into();
            attrs.push(schema);
        }
    }
    for common in common_attrs(executable, test) {
        if !attrs.iter().any(|attr: &AttrSchema| attr.name == common.name) {
            attrs.push(common);
        }
    }
    Ok(attrs)
}

#[starlark::starlark_module]
pub(crate) fn rule_globals(builder: &mut GlobalsBuilder) {
    fn rule<'v>(
        implementation: Value<'v>,
        attrs: Option<Value<'v>>,
        outputs: Option<UnpackDictEntries<String, String>>,
        #[starlark(default = false)] executable: bool,
        #[starlark(default = false)] test: bool,
        #[starlark(kwargs)] others: SmallMap<String, Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> anyhow::Result<RuleValue> {
        if let Some(name) = others.keys().find(|name| !IGNORED.contains(&name.as_str())) {
            let known = IGNORED.iter().chain(&["implementation", "attrs", "outputs", "executable", "test"]);
            let hint = crate::error::nearest(name, known).map(|n| format!("; did you mean '{n}'?"));
            anyhow::bail!("rule() has no argument '{name}'{}", hint.unwrap_or_default());
        }
        let module = extra(eval)?.module("rule()")?;
        if implementation.get_type() != "function" {
            anyhow::bail!("rule: 'implementation' must be a function, not a {}", implementation.get_type());
        }
        let number = module.rules.get();
        module.rules.set(number + 1);
        // Not a name that Starlark code can say.
        let hidden = format!("implementation {number}");
        eval.module().set(&hidden, implementation);
        let outputs = outputs.map(|o| o.entries).unwrap_or_default();
        Ok(RuleValue(Arc::new(RuleInfo {
            module: Arc::clone(&module.name),
            name: OnceLock::new(),
            attrs: attrs_of(attrs, executable, test)?,
            executable: executable || test,
            test,
            outputs: outputs.into_iter().map(|(k, v)| (k.into(), v.into())).collect(),
            implementation: hidden,
        })))
    }

    fn provider<'v>(
        #[starlark(require = pos)] doc: Option<NoneOr<String>>,
        #[starlark(require = named)] fields: Option<Value<'v>>,
        #[starlark(require = named)] init: Option<Value<'v>>,
        #[starlark(kwargs)] others: SmallMap<String, Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> anyhow::Result<ProviderValue> {
        let _ = doc;
        if init.is_some_and(|v| !v.is_none()) {
            anyhow::bail!("provider(init = ...) is not supported; use a function that makes the instance");
        }
        if let Some(name) = others.keys().find(|name| *name != "doc") {
            anyhow::bail!("provider() has no argument '{name}'");
        }
        let module = extra(eval)?.module("provider()")?;
        let fields = match fields.filter(|v| !v.is_none()) {
            None => None,
            Some(value) => Some(field_names(value)?),
        };
        let id = Arc::new(ProviderId { module: Arc::clone(&module.name), name: OnceLock::new() });
        Ok(ProviderValue { id, fields })
    }
}

fn field_names(value: Value<'_>) -> anyhow::Result<Vec<Arc<str>>> {
    if let Some(dict) = DictRef::from_value(value) {
        let name = |k: Value<'_>| k.unpack_str().map(Arc::from).ok_or_else(|| anyhow::anyhow!("fields are strings"));
        return dict.iter().map(|(k, _)| name(k)).collect();
    }
    match UnpackListOrTuple::<String>::unpack_value(value) {
        Ok(Some(list)) => Ok(list.items.into_iter().map(Arc::from).collect()),
        _ => anyhow::bail!("provider: 'fields' must be a list of names or a dict of names to docs"),
    }
}
