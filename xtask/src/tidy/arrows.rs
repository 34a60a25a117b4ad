//! Which crate may name which: read from the manifests, so that the picture in docs/ARCHITECTURE.md stays true.

use super::{Finding, Source};
use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::path::Path;

/// Crates (by folder) and what they may depend on. `*` is everything.
const ARROWS: &[(&str, &[&str])] = &[
    ("store", &[]),
    ("rules", &["store"]),
    ("spec", &["store"]),
    ("engine", &["store"]),
    ("remote", &["store", "engine"]),
    ("kernel", &["store", "engine"]),
    ("stdlib", &["spec"]),
    ("cli", &["*"]),
    ("tests", &["*"]),
    ("xtask", &[]),
];

/// Outside crates that one crate alone may name.
const OWNERS: &[(&str, &[&str])] =
    &[("rocksdb", &["store"]), ("starlark", &["rules", "stdlib"]), ("ureq", &["remote"]), ("seccompiler", &["engine"])];

pub(super) fn check(root: &Path, sources: &[Source], findings: &mut Vec<Finding>) -> Result<()> {
    let members = members(root)?;
    for source in sources {
        let Some(folder) = source.path.strip_suffix("/Cargo.toml") else { continue };
        if members.contains(folder) {
            check_manifest(source, folder, findings)?;
        }
    }
    for folder in &members {
        if !ARROWS.iter().any(|(name, _)| name == folder) {
            let message = format!("crate `{folder}` is in no rule of xtask/src/tidy/arrows.rs");
            findings.push(Finding { file: "Cargo.toml".to_owned(), line: 0, message });
        }
    }
    if let Some(document) = sources.iter().find(|s| s.path == "docs/ARCHITECTURE.md") {
        check_document(document, &members, findings);
    }
    Ok(())
}

fn members(root: &Path) -> Result<BTreeSet<String>> {
    let text = std::fs::read_to_string(root.join("Cargo.toml")).context("reading Cargo.toml")?;
    let manifest: toml::Table = toml::from_str(&text).context("parsing Cargo.toml")?;
    let members = manifest.get("workspace").and_then(|w| w.get("members")).and_then(toml::Value::as_array);
    let members = members.context("Cargo.toml has no workspace.members")?;
    Ok(members.iter().filter_map(|m| m.as_str().map(str::to_owned)).collect())
}

fn check_manifest(source: &Source, folder: &str, findings: &mut Vec<Finding>) -> Result<()> {
    let manifest: toml::Table = toml::from_str(&source.text).with_context(|| format!("parsing {}", source.path))?;
    let allowed = ARROWS.iter().find(|(name, _)| *name == folder).map(|(_, to)| *to).unwrap_or_default();
    for dependency in dependencies(&manifest) {
        if let Some(to) = dependency.strip_prefix("gx-")
            && !allowed.contains(&"*")
            && !allowed.contains(&to)
        {
            findings.push(Finding::new(source, 0, format!("`{folder}` may not depend on `{to}`")));
        }
        let owner = OWNERS.iter().find(|(name, _)| *name == dependency);
        if let Some((name, owners)) = owner
            && !owners.contains(&folder)
            && folder != "tests"
        {
            findings.push(Finding::new(source, 0, format!("`{name}` is known to {} only", owners.join(", "))));
        }
    }
    Ok(())
}

/// Names in every table of dependencies, those for one platform and those for tests included.
fn dependencies(manifest: &toml::Table) -> BTreeSet<String> {
    const TABLES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];
    let mut names = BTreeSet::new();
    let mut take = |table: &toml::Table| {
        for key in TABLES {
            if let Some(dependencies) = table.get(key).and_then(toml::Value::as_table) {
                names.extend(dependencies.keys().cloned());
            }
        }
    };
    take(manifest);
    if let Some(targets) = manifest.get("target").and_then(toml::Value::as_table) {
        targets.values().filter_map(toml::Value::as_table).for_each(&mut take);
    }
    names
}

/// The code map has one heading ``### `folder/` `` per crate, and none for a crate that is gone.
fn check_document(document: &Source, members: &BTreeSet<String>, findings: &mut Vec<Finding>) {
    let headings = document.text.lines().filter_map(|line| line.strip_prefix("### `")?.split_once("/`"));
    let named: BTreeSet<String> = headings.map(|(folder, _)| folder.to_owned()).collect();
    for missing in members.difference(&named) {
        findings.push(Finding::new(document, 0, format!("the code map has no heading for crate `{missing}/`")));
    }
    for gone in named.difference(members) {
        findings.push(Finding::new(document, 0, format!("the code map describes `{gone}/`, which is no crate")));
    }
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;

    #[test]
    fn an_arrow_that_does_not_exist_is_found() {
        let text = "[target.x.dev-dependencies]\ngx-engine = 1\n[dependencies]\nrocksdb = 1\ngx-store = 1\n".to_owned();
        let source = Source::new("rules/Cargo.toml".into(), Kind::Other, text);
        let mut findings = Vec::new();
        check_manifest(&source, "rules", &mut findings).unwrap();
        let messages: Vec<String> = findings.into_iter().map(|f| f.message).collect();
        assert_eq!(messages, ["`rules` may not depend on `engine`", "`rocksdb` is known to store only"]);
    }
}
