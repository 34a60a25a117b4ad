//! `ctx.actions.args()`.
//!
//! Invariants: depsets are kept as they are; only `map_each` walks its values when it is called, because only then
//! is there an evaluator. This file does not know what a command line is limited to (`lower`).

#![expect(clippy::too_many_arguments, reason = "the signatures are Bazel's")]

use crate::action::{ArgItem, ArgList, ArgValues, ArgsData, ParamFile};
use crate::values::depset::DepsetValue;
use crate::values::plain::{Plain, brief};
use allocative::Allocative;
use starlark::environment::{Methods, MethodsBuilder};
use starlark::eval::Evaluator;
use starlark::starlark_simple_value;
use starlark::values::list_or_tuple::UnpackListOrTuple;
use starlark::values::none::NoneOr;
use starlark::values::{NoSerialize, ProvidesStaticType, StarlarkValue, UnpackValue, Value, starlark_value};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// An args object.
#[derive(Debug, Default, ProvidesStaticType, NoSerialize, Allocative)]
pub(crate) struct ArgsValue(#[allocative(skip)] Mutex<ArgsData>);
starlark_simple_value!(ArgsValue);

impl ArgsValue {
    /// What it holds now.
    pub(crate) fn snapshot(&self) -> Arc<ArgsData> {
        Arc::new(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn change(&self, change: impl FnOnce(&mut ArgsData)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl fmt::Display for ArgsValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut texts = Vec::new();
        self.snapshot().expand(&mut texts);
        f.write_str(&texts.join(" "))
    }
}

#[starlark_value(type = "Args")]
impl<'v> StarlarkValue<'v> for ArgsValue {
    fn get_methods() -> Option<&'static Methods> {
        Some(ARGS_METHODS.methods())
    }
}

/// `(name, value)` of the two positional arguments, the first of which may be left out.
fn name_and_value<'v>(first: Value<'v>, second: Option<Value<'v>>) -> anyhow::Result<(Option<Arc<str>>, Value<'v>)> {
    match second {
        None => Ok((None, first)),
        Some(value) => {
            let Some(name) = first.unpack_str() else {
                anyhow::bail!("args: the name of an argument is a string, not {}", brief(first));
            };
            Ok((Some(name.into()), value))
        }
    }
}

fn values_of<'v>(
    value: Value<'v>,
    map_each: Option<Value<'v>>,
    eval: &mut Evaluator<'v, '_, '_>,
) -> anyhow::Result<ArgValues> {
    let values = if let Some(set) = DepsetValue::from_value(value) {
        ArgValues::Set(set.0.clone())
    } else if let Ok(Some(list)) = UnpackListOrTuple::<Value<'v>>::unpack_value(value) {
        ArgValues::List(list.items.into_iter().map(Plain::of).collect::<anyhow::Result<_>>()?)
    } else {
        anyhow::bail!("args: a list or a depset is expected, not {}", brief(value));
    };
    let Some(function) = map_each.filter(|f| !f.is_none()) else { return Ok(values) };
    let items = match &values {
        ArgValues::Set(set) => set.to_list(),
        ArgValues::List(items) => items.to_vec(),
        ArgValues::Mapped(_) => Vec::new(),
    };
    let mut mapped = Vec::new();
    for item in items {
        let item = item.to_value(eval.heap());
        let result = eval.eval_function(function, &[item], &[]).map_err(starlark::Error::into_anyhow)?;
        if let Some(text) = result.unpack_str() {
            mapped.push(text.into());
        } else if let Ok(Some(list)) = UnpackListOrTuple::<String>::unpack_value(result) {
            mapped.extend(list.items.into_iter().map(Arc::from));
        } else if !result.is_none() {
            anyhow::bail!("args: map_each must give a string, a list of strings or None, not {}", brief(result));
        }
    }
    Ok(ArgValues::Mapped(mapped))
}

fn text(value: Option<NoneOr<String>>) -> Option<Arc<str>> {
    value.and_then(NoneOr::into_option).map(Arc::from)
}

/// Formats must have exactly one `%s`.
fn format(value: Option<NoneOr<String>>, what: &str) -> anyhow::Result<Option<Arc<str>>> {
    let value = text(value);
    if let Some(format) = &value
        && format.replace("%%", "").matches("%s").count() != 1
    {
        anyhow::bail!("args: {what} must have '%s' once, but is '{format}'");
    }
    Ok(value)
}

#[starlark::starlark_module]
fn args_methods(builder: &mut MethodsBuilder) {
    fn add<'v>(
        this: Value<'v>,
        #[starlark(require = pos)] first: Value<'v>,
        #[starlark(require = pos)] second: Option<Value<'v>>,
        #[starlark(require = named)] format: Option<NoneOr<String>>,
    ) -> anyhow::Result<Value<'v>> {
        let args = own(this)?;
        let (name, value) = name_and_value(first, second)?;
        let format = self::format(format, "format")?;
        let plain = Plain::of(value)?;
        if matches!(plain, Plain::Depset(_) | Plain::List(_) | Plain::Tuple(_) | Plain::Dict(_) | Plain::Target(_)) {
            anyhow::bail!("args.add takes a single value, not a {}; use add_all", plain.kind());
        }
        args.change(|data| {
            if let Some(name) = name {
                data.items.push(ArgItem::One { value: Plain::Text(name), format: None });
            }
            data.items.push(ArgItem::One { value: plain, format });
        });
        Ok(this)
    }

    fn add_all<'v>(
        this: Value<'v>,
        #[starlark(require = pos)] first: Value<'v>,
        #[starlark(require = pos)] second: Option<Value<'v>>,
        #[starlark(require = named)] map_each: Option<Value<'v>>,
        #[starlark(require = named)] format_each: Option<NoneOr<String>>,
        #[starlark(require = named)] before_each: Option<NoneOr<String>>,
        #[starlark(require = named, default = true)] omit_if_empty: bool,
        #[starlark(require = named, default = false)] uniquify: bool,
        #[starlark(require = named, default = true)] expand_directories: bool,
        #[starlark(require = named)] terminate_with: Option<NoneOr<String>>,
        #[starlark(require = named, default = false)] allow_closure: bool,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> anyhow::Result<Value<'v>> {
        let _ = (expand_directories, allow_closure);
        let (name, value) = name_and_value(first, second)?;
        let list = ArgList {
            name,
            values: values_of(value, map_each, eval)?,
            format_each: self::format(format_each, "format_each")?,
            before_each: text(before_each),
            join: None,
            omit_if_empty,
            uniquify,
            terminate_with: text(terminate_with),
        };
        own(this)?.change(|data| data.items.push(ArgItem::All(list)));
        Ok(this)
    }

    fn add_joined<'v>(
        this: Value<'v>,
        #[starlark(require = pos)] first: Value<'v>,
        #[starlark(require = pos)] second: Option<Value<'v>>,
        #[starlark(require = named)] join_with: String,
        #[starlark(require = named)] map_each: Option<Value<'v>>,
        #[starlark(require = named)] format_each: Option<NoneOr<String>>,
        #[starlark(require = named)] format_joined: Option<NoneOr<String>>,
        #[starlark(require = named, default = true)] omit_if_empty: bool,
        #[starlark(require = named, default = false)] uniquify: bool,
        #[starlark(require = named, default = true)] expand_directories: bool,
        #[starlark(require = named, default = false)] allow_closure: bool,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> anyhow::Result<Value<'v>> {
        let _ = (expand_directories, allow_closure);
        let (name, value) = name_and_value(first, second)?;
        let list = ArgList {
            name,
            values: values_of(value, map_each, eval)?,
            format_each: self::format(format_each, "format_each")?,
            before_each: None,
            join: Some((join_with.into(), self::format(format_joined, "format_joined")?)),
            omit_if_empty,
            uniquify,
            terminate_with: None,
        };
        own(this)?.change(|data| data.items.push(ArgItem::All(list)));
        Ok(this)
    }

    fn use_param_file<'v>(
        this: Value<'v>,
        #[starlark(require = pos)] param_file_arg: &str,
        #[starlark(require = named, default = false)] use_always: bool,
    ) -> anyhow::Result<Value<'v>> {
        let format = self::format(Some(NoneOr::Other(param_file_arg.to_owned())), "param_file_arg")?;
        own(this)?.change(|data| {
            data.param_file = format.map(|format| ParamFile { format, always: use_always });
        });
        Ok(this)
    }

    fn set_param_file_format<'v>(
        this: Value<'v>,
        #[starlark(require = pos)] format: &str,
    ) -> anyhow::Result<Value<'v>> {
        let shell = match format {
            "shell" => true,
            "multiline" => false,
            other => anyhow::bail!("args: '{other}' is no format; there are multiline and shell"),
        };
        own(this)?.change(|data| data.shell_format = shell);
        Ok(this)
    }
}
starlark::methods_static!(ARGS_METHODS = args_methods);

fn own<'v>(value: Value<'v>) -> anyhow::Result<&'v ArgsValue> {
    ArgsValue::from_value(value).ok_or_else(|| anyhow::anyhow!("an Args object is expected"))
}
