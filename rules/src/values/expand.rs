//! `$(location x)` and make variables in text.
//!
//! Invariants: `$$` is a dollar sign; what is not understood is an error with the text that is not.
//! This file does not know commands.

use crate::label::Label;
use crate::values::ctx::CtxData;
use crate::values::file::File;
use crate::values::plain::Plain;
use crate::values::target::Target;
use std::sync::Arc;

/// Make variables that are always there.
pub(crate) const MAKE_VARIABLES: [(&str, &str); 4] =
    [("BINDIR", "out"), ("GENDIR", "out"), ("TARGET_CPU", "k8"), ("COMPILATION_MODE", "fastbuild")];

const FUNCTIONS: [&str; 6] = ["location", "locations", "execpath", "execpaths", "rootpath", "rootpaths"];

/// Replaces `$(location label)` and its sisters; everything else stays.
pub(crate) fn expand_location(ctx: &CtxData, text: &str, extra: &[Arc<Target>]) -> anyhow::Result<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("$(") {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let inner = after.get(2..).unwrap_or("");
        let Some((content, tail)) = inner.split_once(')') else {
            anyhow::bail!("'$(' without ')' in '{text}'");
        };
        let escaped = before.ends_with('$');
        match content.split_once(' ') {
            Some((function, label)) if FUNCTIONS.contains(&function) && !escaped => {
                out.push_str(&located(ctx, function, label.trim(), extra)?);
            }
            _ => {
                out.push_str("$(");
                out.push_str(content);
                out.push(')');
            }
        }
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}

fn located(ctx: &CtxData, function: &str, text: &str, extra: &[Arc<Target>]) -> anyhow::Result<String> {
    let label = Label::parse(text, &ctx.label.package)?;
    let files = files_of(ctx, &label, extra).ok_or_else(|| {
        anyhow::anyhow!(
            "$({function} {text}): '{label}' is neither among the inputs and tools nor an output of {}",
            ctx.label
        )
    })?;
    let run_time = function.starts_with("rootpath");
    let path = |file: &File| if run_time { file.short_path().to_owned() } else { file.path().to_owned() };
    if function.ends_with('s') {
        return Ok(files.iter().map(path).collect::<Vec<_>>().join(" "));
    }
    match files.as_slice() {
        [one] => Ok(path(one)),
        many => anyhow::bail!(
            "$({function} {text}): '{label}' has {} files, and '{function}' wants one; use $({function}s {text})",
            many.len()
        ),
    }
}

fn files_of(ctx: &CtxData, label: &Label, extra: &[Arc<Target>]) -> Option<Vec<File>> {
    if *label.package == *ctx.label.package && ctx.values.iter().any(|value| value.outputs().contains(&label.name)) {
        return Some(vec![ctx.predeclared(&label.name)]);
    }
    let target = ctx.target(label).or_else(|| extra.iter().find(|target| target.label == *label))?;
    let files: Vec<File> = target
        .files
        .to_list()
        .into_iter()
        .filter_map(|f| if let Plain::File(f) = f { Some(f) } else { None })
        .collect();
    // A program with many files is meant by its executable.
    match &target.executable {
        Some(executable) if files.len() != 1 => Some(vec![executable.clone()]),
        _ => Some(files),
    }
}

/// Replaces `$(NAME)`, `$@`, `$<` and `$$`.
pub(crate) fn expand_make_variables(attr: &str, text: &str, extra: &[(String, String)]) -> anyhow::Result<String> {
    let value = |name: &str| -> anyhow::Result<String> {
        let own = extra.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        let common = || MAKE_VARIABLES.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        own.or_else(common).ok_or_else(|| {
            let known = extra.iter().map(|(k, _)| k.as_str()).chain(MAKE_VARIABLES.map(|(k, _)| k));
            let hint = crate::error::nearest(name, known).map(|n| format!("; did you mean '$({n})'?"));
            anyhow::anyhow!("attribute '{attr}': there is no variable '$({name})'{}", hint.unwrap_or_default())
        })
    };
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '$' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('$') => out.push('$'),
            Some('(') => {
                let mut name = String::new();
                loop {
                    match chars.next() {
                        Some(')') => break,
                        Some(c) => name.push(c),
                        None => anyhow::bail!("attribute '{attr}': '$(' without ')'"),
                    }
                }
                out.push_str(&value(&name)?);
            }
            Some(c) => out.push_str(&value(&c.to_string())?),
            None => anyhow::bail!("attribute '{attr}': a '$' at the end; write '$$' for a dollar sign"),
        }
    }
    Ok(out)
}
