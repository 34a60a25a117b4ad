//! What an implementation returned, checked and made into a target.
//!
//! Invariants: every declared output has an action; an executable rule has an executable; a provider is given once.
//! This file does not know how implementations are run.

use crate::analysis::Analysed;
use crate::error::{LoadError, LoadErrorKind};
use crate::values::ctx::CtxData;
use crate::values::depset::Depset;
use crate::values::file::File;
use crate::values::plain::{Plain, brief};
use crate::values::provider::{Instance, InstanceValue};
use crate::values::runfiles::Runfiles;
use crate::values::target::Target;
use starlark::values::list_or_tuple::UnpackListOrTuple;
use starlark::values::structs::StructRef;
use starlark::values::{UnpackValue, Value};
use std::sync::Arc;

fn wrong(ctx: &CtxData, message: impl std::fmt::Display) -> LoadError {
    LoadError::new(LoadErrorKind::Analysis, format!("{} '{}': {message}", ctx.rule.name(), ctx.label))
}

/// The target that an implementation's result stands for.
pub(crate) fn of_implementation(ctx: &CtxData, given: Value<'_>) -> Result<Analysed, LoadError> {
    let instances = instances_of(ctx, given)?;
    let state = std::mem::take(&mut *ctx.state());
    let promised: Vec<File> = promised_outputs(ctx);
    for file in promised.iter().chain(&state.declared) {
        if !state.actions.iter().any(|action| action.outputs.contains(file)) {
            let message = format!("the output '{}' is declared, and no action makes it", file.path());
            return Err(LoadError { kind: LoadErrorKind::NoAction, ..wrong(ctx, message) });
        }
    }
    let mut default = Default { files: None, runfiles: None, executable: None };
    let mut providers: Vec<Arc<Instance>> = Vec::new();
    for instance in instances {
        if instance.provider.is_builtin("DefaultInfo") {
            default = read_default(ctx, &instance)?;
        } else if providers.iter().any(|other| other.provider == instance.provider) {
            return Err(wrong(ctx, format!("the provider {} is returned twice", instance.provider.name())));
        } else {
            providers.push(instance);
        }
    }
    let made = |file: &File| state.actions.iter().any(|action| action.outputs.contains(file));
    let mut executable = default.executable;
    if executable.is_none() && ctx.rule.executable {
        let own = ctx.predeclared(&ctx.label.name);
        if !made(&own) {
            return Err(wrong(ctx, "the rule is executable, but DefaultInfo has no 'executable'"));
        }
        executable = Some(own);
    }
    let files = default.files.unwrap_or_else(|| {
        let files = if promised.is_empty() { executable.iter().cloned().collect() } else { promised };
        Depset::of(files.into_iter().map(Plain::File).collect())
    });
    // The program itself is among its runfiles.
    let runfiles = match (&executable, default.runfiles) {
        (Some(file), Some(runfiles)) if ctx.rule.executable => Arc::new(Runfiles {
            files: Depset::new(vec![Plain::File(file.clone())], vec![runfiles.files.clone()], runfiles.files.order()),
        }),
        (Some(file), None) if ctx.rule.executable => {
            Arc::new(Runfiles { files: Depset::of(vec![Plain::File(file.clone())]) })
        }
        (_, runfiles) => runfiles.unwrap_or_else(Runfiles::none),
    };
    let program = executable.is_some();
    let executable = executable.or_else(|| single(&files));
    let target = Target { label: ctx.label.clone(), files, executable, program, runfiles, providers };
    Ok(Analysed { target: Arc::new(target), actions: state.actions, prints: Vec::new() })
}

/// A target with one file can be used as a program, as in Bazel.
fn single(files: &Depset) -> Option<File> {
    let node = files.0.as_ref().filter(|node| node.transitive.is_empty())?;
    match node.direct.as_slice() {
        [Plain::File(file)] => Some(file.clone()),
        _ => None,
    }
}

fn promised_outputs(ctx: &CtxData) -> Vec<File> {
    let named = ctx.values.iter().flat_map(|value| value.outputs()).map(|name| ctx.predeclared(name));
    let templates = ctx.rule.outputs.iter().map(|(_, t)| ctx.predeclared(&t.replace("%{name}", &ctx.label.name)));
    named.chain(templates).collect()
}

fn instances_of(ctx: &CtxData, given: Value<'_>) -> Result<Vec<Arc<Instance>>, LoadError> {
    if given.is_none() {
        return Ok(Vec::new());
    }
    let one = |value: Value<'_>| match InstanceValue::from_value(value) {
        Some(instance) => Ok(Arc::clone(&instance.0)),
        None => Err(wrong(ctx, format!("an implementation returns a list of providers, not {}", brief(value)))),
    };
    if StructRef::from_value(given).is_some() {
        return Err(wrong(ctx, "an implementation returns a list of providers, not a struct"));
    }
    match UnpackListOrTuple::<Value<'_>>::unpack_value(given) {
        Ok(Some(list)) => list.items.into_iter().map(one).collect(),
        _ => Ok(vec![one(given)?]),
    }
}

struct Default {
    files: Option<Depset>,
    runfiles: Option<Arc<Runfiles>>,
    executable: Option<File>,
}

fn read_default(ctx: &CtxData, instance: &Instance) -> Result<Default, LoadError> {
    let bad = |field: &str, value: &Plain| wrong(ctx, format!("DefaultInfo: '{field}' cannot be a {}", value.kind()));
    let files = match instance.get("files") {
        None | Some(Plain::None) => None,
        Some(Plain::Depset(files)) => Some(files.clone()),
        Some(Plain::List(files)) => Some(Depset::of(files.to_vec())),
        Some(other) => return Err(bad("files", other)),
    };
    if let Some(odd) = files
        .as_ref()
        .and_then(|f| f.0.as_ref())
        .and_then(|node| node.direct.iter().find(|item| !matches!(item, Plain::File(_))))
    {
        return Err(wrong(ctx, format!("DefaultInfo: 'files' has a {} in it", odd.kind())));
    }
    let executable = match instance.get("executable") {
        None | Some(Plain::None) => None,
        Some(Plain::File(file)) => Some(file.clone()),
        Some(other) => return Err(bad("executable", other)),
    };
    let mut runfiles: Vec<Depset> = Vec::new();
    for field in ["runfiles", "default_runfiles", "data_runfiles"] {
        match instance.get(field) {
            None | Some(Plain::None) => {}
            Some(Plain::Runfiles(more)) => runfiles.push(more.files.clone()),
            Some(other) => return Err(bad(field, other)),
        }
    }
    let runfiles = match runfiles.len() {
        0 => None,
        _ => {
            Some(Arc::new(Runfiles { files: Depset::new(Vec::new(), runfiles, crate::values::depset::Order::Default) }))
        }
    };
    Ok(Default { files, runfiles, executable })
}
