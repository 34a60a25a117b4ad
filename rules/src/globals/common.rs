//! Functions that BUILD and .bzl files share: `depset`, `select`, `Label`, and the providers of gx itself.
//!
//! This file does not know packages.

use crate::globals::extra;
use crate::label::{Label, PackageId};
use crate::values::depset::{Depset, DepsetValue, Order};
use crate::values::label::LabelValue;
use crate::values::plain::{Plain, brief};
use crate::values::provider::{ProviderId, ProviderValue};
use starlark::environment::GlobalsBuilder;
use starlark::eval::Evaluator;
use starlark::values::dict::DictRef;
use starlark::values::list_or_tuple::UnpackListOrTuple;
use starlark::values::none::NoneOr;
use starlark::values::{UnpackValue, Value};
use std::sync::Arc;

#[starlark::starlark_module]
pub(crate) fn common_globals(builder: &mut GlobalsBuilder) {
    fn depset<'v>(
        direct: Option<NoneOr<Value<'v>>>,
        #[starlark(default = "default")] order: &str,
        transitive: Option<NoneOr<UnpackListOrTuple<Value<'v>>>>,
    ) -> anyhow::Result<DepsetValue> {
        let Some((_, order)) = Order::NAMES.into_iter().find(|(name, _)| *name == order) else {
            anyhow::bail!("depset: '{order}' is no order; there are default, postorder, preorder and topological");
        };
        let direct = match direct.and_then(NoneOr::into_option) {
            None => Vec::new(),
            Some(value) => match UnpackListOrTuple::<Value<'_>>::unpack_value(value) {
                Ok(Some(items)) => items.items.into_iter().map(Plain::of).collect::<anyhow::Result<Vec<_>>>()?,
                _ => anyhow::bail!("depset: 'direct' must be a list, not a {}", value.get_type()),
            },
        };
        let mut children = Vec::new();
        for value in transitive.and_then(NoneOr::into_option).map(|t| t.items).unwrap_or_default() {
            let Some(child) = DepsetValue::from_value(value) else {
                anyhow::bail!("depset: 'transitive' must be a list of depsets; it has a {}", value.get_type());
            };
            if !child.0.is_empty() && !order.fits(child.0.order()) {
                anyhow::bail!("depset: order '{}' does not go with order '{}'", child.0.order().name(), order.name());
            }
            children.push(child.0.clone());
        }
        Ok(DepsetValue(Depset::new(direct, children, order)))
    }

    fn select<'v>(
        #[starlark(require = pos)] cases: Value<'v>,
        #[starlark(default = "")] no_match_error: &str,
    ) -> anyhow::Result<Value<'v>> {
        let Some(dict) = DictRef::from_value(cases) else {
            anyhow::bail!("select: a dict is expected, not a {}", cases.get_type());
        };
        let default = dict.iter().find(|(key, _)| {
            key.unpack_str() == Some("//conditions:default")
                || LabelValue::from_value(*key).is_some_and(|l| l.0.to_string() == "//conditions:default")
        });
        match default {
            Some((_, value)) => Ok(value),
            None => {
                let why = if no_match_error.is_empty() { String::new() } else { format!(" ({no_match_error})") };
                anyhow::bail!(
                    "select: there are no configurations yet, only '//conditions:default', which is missing in {}{why}",
                    brief(cases)
                )
            }
        }
    }

    fn Label<'v>(
        #[starlark(require = pos)] text: Value<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> anyhow::Result<LabelValue> {
        if let Some(label) = LabelValue::from_value(text) {
            return Ok(label.clone());
        }
        let package = package_of_caller(eval);
        let text = text.unpack_str().ok_or_else(|| anyhow::anyhow!("Label: a string is expected"))?;
        Ok(LabelValue(Label::parse(text, &package)?))
    }
}

/// The package of the file that calls, from the name under which its text was parsed.
fn package_of_caller(eval: &Evaluator<'_, '_, '_>) -> Arc<PackageId> {
    if let Some(module) = extra(eval).ok().and_then(|e| e.module.as_ref()) {
        return Arc::clone(&module.label.package);
    }
    let file = eval.call_stack_top_location().map(|at| at.filename().to_owned()).unwrap_or_default();
    let (repository, path) = match file.strip_prefix('@').and_then(|rest| rest.split_once("//")) {
        Some((repository, path)) => (repository, path),
        None => ("", file.as_str()),
    };
    Arc::new(PackageId::new(repository, path.rsplit_once('/').map_or("", |(head, _)| head)))
}

/// Providers of gx itself and the fields that a rule may set.
pub(crate) fn builtin_providers(builder: &mut GlobalsBuilder) {
    let mut add = |name: &str, fields: Option<&[&str]>| {
        let fields = fields.map(|f| f.iter().map(|n| Arc::from(*n)).collect());
        builder.set(name, ProviderValue { id: ProviderId::builtin(name), fields });
    };
    add("DefaultInfo", Some(&["files", "runfiles", "default_runfiles", "data_runfiles", "executable"]));
    add("OutputGroupInfo", None);
    add("RunEnvironmentInfo", Some(&["arguments", "environment", "inherited_environment", "runner", "toolchain"]));
    add("FilesToRunProvider", Some(&[]));
}
