//! A target that is another one with differences: `base = "c"` in its `target.toml`.
//!
//! Tables go together key by key, everything else that the target says itself stands for what the base says; `false`
//! takes away. A folder that is `abstract` is there to be a base only. Files of the target stand for those of the base.
//! Invariant: a chain of bases ends. This file does not know what keys mean.

use super::target::TargetFault;
use std::collections::BTreeMap;
use toml::{Table, Value};

/// The name of the file that makes a folder a target.
const DATA: &str = "target.toml";

/// The texts of one target, by path in its folder, of the files of its own folder and those of its bases.
pub(super) fn flat(files: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, TargetFault> {
    let mut folders: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
    for root in files.keys().filter_map(|path| path.strip_suffix(DATA)) {
        let inside = files.iter().filter_map(|(path, text)| Some((path.strip_prefix(root)?, text.as_str())));
        folders.insert(root, inside.collect());
    }
    let mut bases = BTreeMap::new();
    for (root, texts) in &folders {
        let table = read(root, texts)?;
        bases.insert(*root, table.get("base").and_then(Value::as_str).map(str::to_owned));
    }
    let named = |root: &str| bases.values().flatten().any(|base| base == last(root));
    let own: Vec<&str> = folders.keys().copied().filter(|root| !named(root)).collect();
    let [own] = own.as_slice() else {
        let fault = match own.len() {
            0 => "the folder of a target has this file, and no target is its own base".to_owned(),
            n => format!("{n} targets are given, and none is the base of the others: {}", own.join(", ")),
        };
        return Err(TargetFault { path: DATA.to_owned(), fault });
    };
    let mut chain = vec![*own];
    while let Some(base) = chain.last().and_then(|root| bases.get(root)?.as_deref()) {
        let Some(next) = folders.keys().find(|root| last(root) == base && !chain.contains(root)) else {
            let fault = format!("its base '{base}' is not among its files: `backend(base = ...)` names the target");
            return Err(TargetFault { path: DATA.to_owned(), fault });
        };
        chain.push(next);
    }
    merged(chain.iter().rev().filter_map(|root| Some((*root, folders.get(root)?))))
}

/// The base of the one target of these files.
pub(super) fn named(files: &BTreeMap<String, String>) -> Option<String> {
    said(files, "base")?.as_str().map(str::to_owned)
}

/// Is the one target of these files there for others only?
pub(super) fn is_abstract(files: &BTreeMap<String, String>) -> bool {
    said(files, "abstract") == Some(Value::Boolean(true))
}

fn said(files: &BTreeMap<String, String>, key: &str) -> Option<Value> {
    let text = files.iter().find_map(|(path, text)| path.ends_with(DATA).then_some(text))?;
    text.parse::<Table>().ok()?.remove(key)
}

/// Folders as one, later ones over earlier ones.
fn merged<'f>(
    chain: impl Iterator<Item = (&'f str, &'f BTreeMap<&'f str, &'f str>)>,
) -> Result<BTreeMap<String, String>, TargetFault> {
    let mut texts = BTreeMap::new();
    let mut whole = Table::new();
    let mut several = false;
    for (root, folder) in chain {
        several |= !texts.is_empty();
        lay(&mut whole, read(root, folder)?);
        texts.extend(folder.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())));
    }
    // A target of its own is read as it was written, so that faults have their lines.
    if several {
        whole.remove("base");
        whole.remove("abstract");
        texts.insert(DATA.to_owned(), toml::to_string(&whole).map_err(|error| fault(DATA, &error.to_string()))?);
    }
    Ok(texts)
}

/// What a table says over another.
fn lay(below: &mut Table, above: Table) {
    for (key, value) in above {
        match (below.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => lay(below, above),
            (Some(_), Value::Boolean(false)) => {
                below.remove(&key);
            }
            (_, value) => {
                below.insert(key, value);
            }
        }
    }
}

fn read(root: &str, folder: &BTreeMap<&str, &str>) -> Result<Table, TargetFault> {
    let text = folder.get(DATA).copied().unwrap_or_default();
    text.parse().map_err(|error: toml::de::Error| fault(&format!("{root}{DATA}"), error.to_string().trim_end()))
}

fn fault(path: &str, why: &str) -> TargetFault {
    TargetFault { path: path.to_owned(), fault: why.to_owned() }
}

/// The name of a folder.
fn last(root: &str) -> &str {
    root.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(all: &[(&str, &str)]) -> BTreeMap<String, String> {
        all.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn what_a_target_says_goes_over_its_base() {
        let all = files(&[
            ("t/c/target.toml", "id = 'c'\n[expr]\nadd = '+'\nsub = '-'\n[[int]]\nname = 'a'\n[[int]]\nname = 'b'\n"),
            ("t/c/module.jinja", "of c"),
            ("t/c/Makefile.jinja", "of c"),
            ("t/arm/target.toml", "id = 'arm'\nbase = 'c'\n[expr]\nsub = false\nmul = '*'\n[[int]]\nname = 'a'\n"),
            ("t/arm/Makefile.jinja", "of arm"),
        ]);
        let flat = flat(&all).unwrap();
        insta::assert_snapshot!(flat.iter().map(|(path, text)| format!("==> {path}\n{text}\n")).collect::<String>());
    }

    #[test]
    fn a_base_that_is_not_there_is_told() {
        let told = |all: &[(&str, &str)]| flat(&files(all)).unwrap_err().to_string();
        let texts = [
            told(&[("a/target.toml", "base = 'c'")]),
            told(&[("a/target.toml", "base = 'b'"), ("b/target.toml", "base = 'a'")]),
            told(&[("a/target.toml", ""), ("b/target.toml", "")]),
            told(&[("a/module.jinja", "")]),
            told(&[("a/target.toml", "base = [")]),
        ];
        insta::assert_snapshot!(texts.join("\n\n"));
    }
}
