//! `attr.string()` and its like.
//!
//! Invariants: every function takes Bazel's arguments; those without a meaning here are accepted and dropped.
//! This file does not know rules.

use crate::globals::extra;
use crate::label::PackageId;
use crate::schema::{AttrKind, AttrSchema, FileFilter};
use crate::values::provider::{ProviderId, ProviderValue};
use crate::values::rule::AttrDef;
use starlark::collections::SmallMap;
use starlark::environment::GlobalsBuilder;
use starlark::eval::Evaluator;
use starlark::values::list_or_tuple::UnpackListOrTuple;
use starlark::values::{UnpackValue, Value};
use std::sync::Arc;

const COMMON: [&str; 3] = ["default", "mandatory", "doc"];

/// Arguments that Bazel knows and that mean nothing here.
const IGNORED: [&str; 6] = ["doc", "cfg", "allow_rules", "aspects", "flags", "configurable"];

fn make<'v>(
    kind: AttrKind,
    extras: &[&str],
    args: &SmallMap<String, Value<'v>>,
    eval: &Evaluator<'v, '_, '_>,
) -> anyhow::Result<AttrDef> {
    let mut schema = AttrSchema::new("", kind);
    let package = match &extra(eval)?.module {
        Some(module) => Arc::clone(&module.label.package),
        None => Arc::new(PackageId::new("", "")),
    };
    for (name, value) in args {
        let name = name.as_str();
        if !COMMON.contains(&name) && !extras.contains(&name) && !IGNORED.contains(&name) {
            let known = COMMON.iter().chain(extras);
            let hint = crate::error::nearest(name, known).map(|n| format!("; did you mean '{n}'?"));
            anyhow::bail!("attributes of this type have no argument '{name}'{}", hint.unwrap_or_default());
        }
        set(&mut schema, name, *value, &package).map_err(|why| anyhow::anyhow!("argument '{name}': {why}"))?;
    }
    Ok(AttrDef(schema))
}

fn set(schema: &mut AttrSchema, name: &str, value: Value<'_>, package: &Arc<PackageId>) -> Result<(), String> {
    let truth = |value: Value<'_>| value.unpack_bool().ok_or_else(|| "expected a bool".to_owned());
    match name {
        "default" if value.is_none() => {}
        "default" => {
            if value.get_type() == "function" {
                return Err("a computed default is not supported; compute it in a macro".to_owned());
            }
            schema.default = AttrSchema::new("", schema.kind).coerce(value, package)?;
        }
        "mandatory" => schema.mandatory = truth(value)?,
        "executable" => schema.executable = truth(value)?,
        "allow_empty" => schema.allow_empty = truth(value)?,
        "values" => {
            let values = UnpackListOrTuple::<Value<'_>>::unpack_value(value).ok().flatten();
            let values = values.ok_or("expected a list")?;
            schema.values = values.items.into_iter().map(Value::to_str).collect();
        }
        "allow_files" => schema.files = filter_of(value)?,
        "allow_single_file" => {
            schema.files = filter_of(value)?;
            schema.single_file = true;
        }
        "providers" => schema.providers = providers_of(value)?,
        _ => {}
    }
    Ok(())
}

fn filter_of(value: Value<'_>) -> Result<FileFilter, String> {
    match value.unpack_bool() {
        Some(true) => return Ok(FileFilter::All),
        Some(false) => return Ok(FileFilter::None),
        None if value.is_none() => return Ok(FileFilter::None),
        None => {}
    }
    match UnpackListOrTuple::<String>::unpack_value(value) {
        Ok(Some(endings)) => Ok(FileFilter::Endings(endings.items)),
        _ => Err("expected a bool or a list of endings such as '.c'".to_owned()),
    }
}

/// `[A, B]` wants both; `[[A, B], [C]]` wants A and B, or C.
fn providers_of(value: Value<'_>) -> Result<Vec<Vec<Arc<ProviderId>>>, String> {
    let list = |value: Value<'_>| -> Result<Vec<Arc<ProviderId>>, String> {
        let items = UnpackListOrTuple::<Value<'_>>::unpack_value(value).ok().flatten();
        let items = items.ok_or("expected a list of providers")?;
        let id = |v| ProviderValue::from_value(v).map(|p| Arc::clone(&p.id)).ok_or("expected a provider".to_owned());
        items.items.into_iter().map(id).collect()
    };
    let items = UnpackListOrTuple::<Value<'_>>::unpack_value(value).ok().flatten();
    let items = items.ok_or("expected a list of providers")?.items;
    match items.first() {
        None => Ok(Vec::new()),
        Some(first) if ProviderValue::from_value(*first).is_some() => Ok(vec![list(value)?]),
        Some(_) => items.into_iter().map(list).collect(),
    }
}

const FILES: [&str; 4] = ["allow_files", "providers", "allow_empty", "executable"];

#[starlark::starlark_module]
pub(crate) fn attr_globals(builder: &mut GlobalsBuilder) {
    fn bool<'v>(
        #[starlark(kwargs)] args: SmallMap<String, Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> anyhow::Result<AttrDef> {
        make(AttrKind::Bool, &[], &args, eval)
    }
    fn int<'v>(
        #[starlark(kwargs)] args: SmallMap<String, Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> anyhow::Result<AttrDef> {
        make(AttrKind::Int, &["values"], &args, eval)
    }
    fn string<'v>(
        #[starlark(kwargs)] args: SmallMap<String, Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> anyhow::Result<AttrDef> {
        make(AttrKind::Text, &["values"], &args, eval)
    }
    fn label<'v>(
        #[starlark(kwargs)] args: SmallMap<String, Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> anyhow::Result<AttrDef> {
        make(AttrKind::Label, &["allow_files", "allow_single_file", "providers", "executable"], &args, eval)
    }
    fn output<'v>(
        #[starlark(kwargs)] args: SmallMap<String, Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> anyhow::Result<AttrDef> {
        make(AttrKind::Output, &[], &args, eval)
    }
    fn string_list<'v>(
        #[starlark(kwargs)] args: SmallMap<String, Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> anyhow::Result<AttrDef> {
        make(AttrKind::TextList, &["allow_empty"], &args, eval)
    }
    fn int_list<'v>(
        #[starlark(kwargs)] args: SmallMap<String, Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> anyhow::Result<AttrDef> {
        make(AttrKind::IntList, &["allow_empty"], &args, eval)
    }
    fn label_list<'v>(
        #[starlark(kwargs)] args: SmallMap<String, Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> anyhow::Result<AttrDef> {
        make(AttrKind::LabelList, &FILES, &args, eval)
    }
    fn output_list<'v>(
        #[starlark(kwargs)] args: SmallMap<String, Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> anyhow::Result<AttrDef> {
        make(AttrKind::OutputList, &["allow_empty"], &args, eval)
    }
    fn string_dict<'v>(
        #[starlark(kwargs)] args: SmallMap<String, Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> anyhow::Result<AttrDef> {
        make(AttrKind::TextDict, &["allow_empty"], &args, eval)
    }
    fn string_list_dict<'v>(
        #[starlark(kwargs)] args: SmallMap<String, Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> anyhow::Result<AttrDef> {
        make(AttrKind::TextListDict, &["allow_empty"], &args, eval)
    }
    fn label_keyed_string_dict<'v>(
        #[starlark(kwargs)] args: SmallMap<String, Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> anyhow::Result<AttrDef> {
        make(AttrKind::LabelTextDict, &FILES, &args, eval)
    }
}
