//! What `rule()` and `attr.*()` give: a rule that can be called in a BUILD file, and a declared attribute.
//!
//! Invariants: a rule is known by its .bzl file and its name there; its implementation is kept as a hidden global of
//! that file, so that it lives exactly as long as the file's values. This file does not run implementations.

use crate::globals::extra;
use crate::schema::AttrSchema;
use allocative::Allocative;
use starlark::eval::{Arguments, Evaluator};
use starlark::starlark_simple_value;
use starlark::values::{NoSerialize, ProvidesStaticType, StarlarkValue, Value, starlark_value};
use std::fmt;
use std::sync::{Arc, OnceLock};

/// A rule.
#[derive(Debug)]
pub(crate) struct RuleInfo {
    /// The .bzl file: `//p:x.bzl`.
    pub(crate) module: Arc<str>,
    pub(crate) name: OnceLock<Arc<str>>,
    /// In this order targets keep their values.
    pub(crate) attrs: Vec<AttrSchema>,
    pub(crate) executable: bool,
    pub(crate) test: bool,
    /// Outputs named by a template: field of `ctx.outputs`, `%{name}.x`.
    pub(crate) outputs: Vec<(Arc<str>, Arc<str>)>,
    /// The hidden global that holds the implementation.
    pub(crate) implementation: String,
}

impl RuleInfo {
    pub(crate) fn name(&self) -> &str {
        self.name.get().map_or("rule", |n| n)
    }

    pub(crate) fn attr(&self, name: &str) -> Option<(usize, &AttrSchema)> {
        self.attrs.iter().enumerate().find(|(_, attr)| &*attr.name == name)
    }
}

/// The Starlark value.
#[derive(Debug, ProvidesStaticType, NoSerialize, Allocative)]
pub(crate) struct RuleValue(#[allocative(skip)] pub(crate) Arc<RuleInfo>);
starlark_simple_value!(RuleValue);

impl fmt::Display for RuleValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<rule {}>", self.0.name())
    }
}

#[starlark_value(type = "rule")]
impl<'v> StarlarkValue<'v> for RuleValue {
    fn name_for_call_stack(&self, _me: Value<'v>) -> String {
        self.0.name().to_owned()
    }

    fn invoke(
        &self,
        _me: Value<'v>,
        args: &Arguments<'v, '_>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        args.no_positional_args(eval.heap())?;
        let build = extra(eval)?.build(&format!("the rule '{}'", self.0.name()))?;
        let at = build.position(eval);
        build.declare(&self.0, &args.names_map()?, at)?;
        Ok(Value::new_none())
    }

    fn export_as(&self, name: &str, _eval: &mut Evaluator<'v, '_, '_>) -> starlark::Result<()> {
        if self.0.test && !name.ends_with("_test") {
            return Err(starlark::Error::new_other(anyhow::anyhow!(
                "the rule '{name}' has test = True, so its name must end in '_test'"
            )));
        }
        drop(self.0.name.set(name.into()));
        Ok(())
    }
}

/// What `attr.string()` and its like give.
#[derive(Debug, ProvidesStaticType, NoSerialize, Allocative)]
pub(crate) struct AttrDef(#[allocative(skip)] pub(crate) AttrSchema);
starlark_simple_value!(AttrDef);

impl fmt::Display for AttrDef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<attr.{:?}>", self.0.kind)
    }
}

#[starlark_value(type = "Attribute")]
impl<'v> StarlarkValue<'v> for AttrDef {}
