//! `ctx.actions.spec`: a step of the spec pipeline, as a builtin that is told which input and output plays which part.
//!
//! Invariants: a part's files stand in the order in which they are given; a part begins with `in:` or `out:` in the
//! call, so that no argument is mistaken for one. This file does not know what a step does.

use crate::action::{Action, ActionWork, InputItem};
use crate::values::depset::DepsetValue;
use crate::values::file::File;
use crate::values::plain::{Plain, brief};
use gx_store::{Call, Work};
use starlark::values::list_or_tuple::UnpackListOrTuple;
use starlark::values::{UnpackValue, Value};
use std::collections::BTreeMap;

/// The steps, with their revisions and what progress calls each kind of work.
const STEPS: [(&str, u32, &str); 20] = [
    ("admit", 1, "Admit"),
    ("bundle", 1, "Bundle"),
    ("compare", 1, "Compare"),
    ("conformance", 2, "Conformance"),
    ("contract", 1, "Contract"),
    ("coverage", 1, "Coverage"),
    ("deployment", 1, "Deployment"),
    ("drift", 3, "Drift"),
    ("emit", 6, "Emit"),
    ("evidence", 1, "Evidence"),
    ("gate", 3, "Gate"),
    ("layout", 1, "Layout"),
    ("lock", 1, "Lock"),
    ("oci_image", 1, "OciImage"),
    ("project", 1, "Project"),
    ("registry", 1, "Registry"),
    ("trace", 1, "Trace"),
    ("trial", 1, "Trial"),
    ("vectors", 2, "Vectors"),
    ("verdict", 1, "Verdict"),
];

/// The action of a step.
pub(super) fn action(
    step: &str,
    outputs: Vec<(String, &File)>,
    inputs: Vec<(String, Value<'_>)>,
    arguments: Vec<(String, String)>,
    message: String,
) -> anyhow::Result<Action> {
    let Some((_, revision, mnemonic)) = STEPS.iter().find(|it| it.0 == step) else {
        let known = STEPS.map(|it| it.0);
        let hint = crate::error::nearest(step, known).map(|n| format!("; did you mean '{n}'?"));
        anyhow::bail!(
            "ctx.actions.spec: '{step}' is no step; there are {}{}",
            known.join(", "),
            hint.unwrap_or_default()
        );
    };
    let mut call: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in arguments {
        if name.contains(':') {
            anyhow::bail!("ctx.actions.spec: the argument '{name}' may not have a ':' in its name");
        }
        call.insert(name, value);
    }
    let mut items = Vec::new();
    for (part, value) in inputs {
        let files = files_of(&part, value)?;
        let lines: String = files.iter().map(|file| format!("{}\n", file.path())).collect();
        call.insert(format!("in:{part}"), lines);
        items.extend(files.into_iter().map(InputItem::File));
    }
    let mut made = Vec::new();
    for (part, file) in outputs {
        call.insert(format!("out:{part}"), file.path().to_owned());
        made.push(file.clone());
    }
    let call = Call { name: step.to_owned(), revision: *revision, arguments: call };
    let work = ActionWork::Ready(Work::Builtin(call));
    Ok(Action { outputs: made, work, inputs: items, mnemonic: (*mnemonic).into(), message })
}

/// A file, a list of files, or a depset of them.
fn files_of(part: &str, value: Value<'_>) -> anyhow::Result<Vec<File>> {
    let wrong = |value: Value<'_>| {
        anyhow::anyhow!("ctx.actions.spec: the input '{part}' is made of files, not of {}", brief(value))
    };
    if value.is_none() {
        return Ok(Vec::new());
    }
    if let Some(file) = File::from_value(value) {
        return Ok(vec![file.clone()]);
    }
    if let Some(set) = DepsetValue::from_value(value) {
        let one = |item: Plain| match item {
            Plain::File(file) => Ok(file.clone()),
            other => Err(anyhow::anyhow!("ctx.actions.spec: the input '{part}' holds a {}", other.kind())),
        };
        return set.0.to_list().into_iter().map(one).collect();
    }
    let Ok(Some(list)) = UnpackListOrTuple::<Value<'_>>::unpack_value(value) else { return Err(wrong(value)) };
    list.items.into_iter().map(|item| File::from_value(item).cloned().ok_or_else(|| wrong(item))).collect()
}
