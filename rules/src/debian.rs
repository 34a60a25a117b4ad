//! Repositories of kind `debian_packages`: a tree of pinned packages for each architecture.
//!
//! The repository has one package with one target `debian_tree` for each architecture, named by it (`@NAME//:amd64`),
//! and an alias of the repository's own name for the first. Invariant: what the targets are comes from `gx.toml` and
//! the lock alone. This file does not know how packages are fetched or unpacked, nor how a lock is made.

use crate::error::{LoadError, LoadErrorKind, Position, nearest};
use crate::files::{Place, Repo};
use crate::lock::{DebianLock, check_architecture, check_name, name_of};
use crate::repository::wrong;
use crate::session::Session;
use gx_store::RelPath;
use std::collections::BTreeMap;
use std::fmt::Write;

const KEYS: [&str; 5] = ["kind", "packages", "lock", "architectures", "links"];

/// What `gx.toml` says of such a repository.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DebianPackages {
    /// What is asked for: names, or `name=version`.
    pub packages: Vec<String>,
    /// The lock's path in the workspace.
    pub lock: String,
    /// Debian's names of the architectures, the first being the usual one.
    pub architectures: Vec<String>,
    /// Further symlinks: path and target, both from `/`.
    pub links: BTreeMap<String, String>,
}

/// The table of a repository, when it is of this kind.
pub fn packages_of(name: &str, table: &toml::Table) -> Option<Result<DebianPackages, LoadError>> {
    let kind = table.get("kind").and_then(toml::Value::as_str);
    (kind == Some("debian_packages")).then(|| read(name, table))
}

pub(crate) fn read(name: &str, table: &toml::Table) -> Result<DebianPackages, LoadError> {
    if let Some(key) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
        let error = wrong(name, format!("debian_packages has no key '{key}'"));
        return Err(match nearest(key, KEYS) {
            Some(near) => error.hint(format!("did you mean '{near}'?")),
            None => error.hint(format!("its keys are {}", KEYS.join(", "))),
        });
    }
    let texts = |key: &str| -> Result<Vec<String>, LoadError> {
        let Some(value) = table.get(key) else { return Ok(Vec::new()) };
        let list = value.as_array().and_then(|list| list.iter().map(|v| v.as_str().map(str::to_owned)).collect());
        list.ok_or_else(|| wrong(name, format!("'{key}' must be a list of strings")))
    };
    let packages = texts("packages")?;
    if packages.is_empty() {
        return Err(wrong(name, "'packages' names no package"));
    }
    for package in &packages {
        check_name(name_of(package)).map_err(|why| wrong(name, format!("packages: {why}")))?;
        let version = package.split_once('=').map_or("1", |(_, version)| version);
        if version.is_empty() || !version.chars().all(|c| c.is_ascii_alphanumeric() || ".+-:~".contains(c)) {
            return Err(wrong(name, format!("packages: '{package}' has no usable version after '='")));
        }
    }
    let mut architectures = texts("architectures")?;
    if architectures.is_empty() {
        architectures.push("amd64".to_owned());
    }
    for architecture in &architectures {
        check_architecture(architecture).map_err(|why| wrong(name, format!("architectures: {why}")))?;
    }
    let lock = match table.get("lock") {
        None => format!("{name}.lock"),
        Some(toml::Value::String(path)) => path.trim_start_matches("//").replace(':', "/"),
        Some(other) => return Err(wrong(name, format!("'lock' must be a string, not a {}", other.type_str()))),
    };
    RelPath::new(lock.as_str()).map_err(|e| wrong(name, format!("lock: {e}")))?;
    Ok(DebianPackages { packages, lock, architectures, links: links_of(name, table)? })
}

fn links_of(name: &str, table: &toml::Table) -> Result<BTreeMap<String, String>, LoadError> {
    let mut links = BTreeMap::new();
    let pairs = match table.get("links") {
        None => return Ok(links),
        Some(toml::Value::Table(pairs)) => pairs,
        Some(_) => return Err(wrong(name, "'links' must be a table of paths and their targets")),
    };
    for (path, target) in pairs {
        let Some(target) = target.as_str() else {
            return Err(wrong(name, format!("links: the target of '{path}' must be a string")));
        };
        for text in [path.as_str(), target] {
            let inner = text.strip_prefix('/').filter(|inner| !inner.contains(|c: char| c.is_whitespace()));
            if inner.is_none_or(|inner| RelPath::new(inner).is_err()) {
                let message = format!("links: '{text}' must be an absolute path without blanks, as in /usr/bin/cc");
                return Err(wrong(name, message));
            }
        }
        links.insert(path.clone(), target.to_owned());
    }
    Ok(links)
}

impl Session<'_> {
    /// The repository, once its lock is read.
    pub(crate) fn debian(&self, name: &str, declared: &DebianPackages) -> Result<Repo, LoadError> {
        let workspace = self.repo("")?;
        let path = &declared.lock;
        let lock_it = format!("`gx lock {name}` makes it");
        let Some(bytes) = workspace.read(path, &self.look, &self.config.store)? else {
            let error = LoadError::new(LoadErrorKind::Lock, format!("repository '@{name}' has no lock: no '{path}'"));
            return Err(error.hint(lock_it));
        };
        let text = crate::bzl::text_of(bytes, path)?;
        let lock = DebianLock::parse(&text).map_err(|error| {
            let line = u32::try_from(error.line).unwrap_or(u32::MAX);
            let at = Position { file: path.clone(), line, column: 1 };
            let found = LoadError::new(LoadErrorKind::Lock, format!("the lock of '@{name}': {error}"));
            found.at(Some(at)).hint(error.hint)
        })?;
        lock.check(&declared.packages, &declared.architectures).map_err(|why| {
            let at = Position { file: path.clone(), line: 1, column: 1 };
            let found = LoadError::new(LoadErrorKind::Lock, format!("the lock of '@{name}' is out of date: {why}"));
            found.at(Some(at)).hint(format!("`gx lock {name}` makes it anew"))
        })?;
        let texts = BTreeMap::from([("BUILD.gx".to_owned(), build_text(name, declared, &lock).into())]);
        Ok(Repo { name: name.into(), place: Place::Texts(texts), overlay: None })
    }
}

/// The repository's one BUILD file.
fn build_text(name: &str, declared: &DebianPackages, lock: &DebianLock) -> String {
    let mut text = String::from(
        "load(\"@gx//rules:debian_tree.bzl\", \"debian_tree\")\n\npackage(default_visibility = [\"//visibility:public\"])\n",
    );
    let links: String =
        declared.links.iter().map(|(path, target)| format!("        {path:?}: {target:?},\n")).collect();
    for architecture in &declared.architectures {
        let packages = lock.closures.get(architecture).into_iter().flatten();
        let lines: String = packages.map(|(_, package)| format!("        {:?},\n", package.line())).collect();
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "\ndebian_tree(\n    name = {architecture:?},\n    packages = [\n{lines}    ],\n    links = {{\n{links}    }},\n)\n"
        );
    }
    if let Some(first) = declared.architectures.first().filter(|first| *first != name) {
        let _ = write!(text, "\nalias(\n    name = {name:?},\n    actual = {:?},\n)\n", format!(":{first}"));
    }
    text
}
