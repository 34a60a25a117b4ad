//! Patterns: which targets are meant on a command line.
//!
//! Invariants: order counts, a later `-//x/...` takes away what earlier patterns gave; targets with the tag `manual`
//! are not matched by wildcards. Hidden folders and `gx-out` hold no packages.
//! This file does not know rules.

use crate::error::{LoadError, LoadErrorKind};
use crate::files::Entry;
use crate::label::{Label, PackageId, check_package};
use crate::package::{DeclKind, Package, build_file_of};
use crate::session::Session;
use rayon::prelude::*;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

/// A pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    pub(crate) negative: bool,
    pub(crate) what: What,
}

/// What a pattern covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// One target; the second is meant when the first is not there (`lib` is `:lib` or `//lib:lib`).
    Target(Label, Option<Label>),
    /// `:all`, or with files `:*`.
    Package(Arc<PackageId>, bool),
    /// `...`
    Below(Arc<PackageId>, bool),
}

impl Pattern {
    /// Reads a pattern as written in the folder of package `current`.
    pub(crate) fn parse(text: &str, current: &str) -> Result<Pattern, LoadError> {
        let here = Arc::new(PackageId::new("", current));
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let bad = |why: &str| {
            LoadError::new(LoadErrorKind::Label, format!("'{text}' is not a pattern: {why}"))
                .hint("patterns look like '//package:target', '//package/...', '//package:all', or '-//package/...'")
        };
        let absolute = if rest.starts_with('@') || rest.starts_with("//") {
            rest.to_owned()
        } else if rest.starts_with('/') {
            return Err(bad("it starts with a single '/'"));
        } else if rest.starts_with(':') {
            format!("//{current}{rest}")
        } else if rest.is_empty() {
            return Err(bad("it is empty"));
        } else {
            let relative = rest.strip_suffix('/').unwrap_or(rest);
            format!("//{}", crate::glob::join(current, relative))
        };
        let (repository, path) = match absolute.split_once("//") {
            Some((repository, path)) => (repository.trim_start_matches('@'), path),
            None => (absolute.trim_start_matches('@'), ""),
        };
        let (folder, target) = match path.split_once(':') {
            Some((folder, target)) => (folder, Some(target)),
            None => (path, None),
        };
        let package = |folder: &str| {
            check_package(folder).map_err(bad)?;
            if !repository.is_empty() {
                crate::label::check_repository(repository).map_err(bad)?;
            }
            Ok::<_, LoadError>(Arc::new(PackageId::new(repository, folder)))
        };
        let what = if folder == "..." || folder.ends_with("/...") {
            let files = match target {
                None | Some("all") => false,
                Some("*" | "all-targets") => true,
                Some(_) => return Err(bad("after '...' comes nothing, ':all' or ':*'")),
            };
            let above = match folder.strip_suffix("/...") {
                Some("") => return Err(bad("a path in it has an empty component")),
                above => above.unwrap_or(""),
            };
            What::Below(package(above)?, files)
        } else {
            match target {
                Some("all") => What::Package(package(folder)?, false),
                Some("*" | "all-targets") => What::Package(package(folder)?, true),
                _ => {
                    let label = Label::parse(&absolute, &here)?;
                    let bare = !rest.contains(['/', ':', '@']);
                    let first = if bare { Label::parse(rest, &here)? } else { label.clone() };
                    What::Target(first, bare.then_some(label))
                }
            }
        };
        Ok(Pattern { negative, what })
    }
}

/// What makes a folder a workspace: below another one it is a world of its own.
const WORKSPACE_FILE: &str = "gx.toml";

/// Folders that never hold packages.
fn skipped(name: &str) -> bool {
    name.starts_with('.') || name == "gx-out"
}

impl Session<'_> {
    /// The targets that patterns mean, sorted. Packages that cannot be loaded are reported together.
    pub(crate) fn expand(
        &self,
        patterns: &[String],
        current: &str,
        tests_only: bool,
    ) -> Result<Vec<Label>, Vec<LoadError>> {
        let mut errors = Vec::new();
        let mut parsed = Vec::new();
        for text in patterns {
            match Pattern::parse(text, current) {
                Ok(pattern) => parsed.push((text, pattern)),
                Err(error) => errors.push(error),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut chosen: BTreeSet<Label> = BTreeSet::new();
        for (text, pattern) in parsed {
            match self.matched(text, &pattern.what, tests_only) {
                Ok(labels) if pattern.negative => chosen.retain(|label| !labels.contains(label)),
                Ok(labels) => chosen.extend(labels),
                Err(more) => errors.extend(more),
            }
        }
        if errors.is_empty() { Ok(chosen.into_iter().collect()) } else { Err(errors) }
    }

    fn matched(&self, text: &str, what: &What, tests_only: bool) -> Result<HashSet<Label>, Vec<LoadError>> {
        match what {
            What::Target(label, None) => Ok(HashSet::from([label.clone()])),
            What::Target(label, Some(other)) => {
                let there = self.package(&label.package).is_ok_and(|p| p.names().any(|name| *name == *label.name));
                Ok(HashSet::from([if there { label.clone() } else { other.clone() }]))
            }
            What::Package(id, files) => {
                let package = self.package(id).map_err(|e| e.to_vec())?;
                Ok(members(&package, *files, tests_only))
            }
            What::Below(id, files) => {
                let ids = self.packages_below(id).map_err(|e| vec![e])?;
                if ids.is_empty() {
                    let message = format!("there is no package below '{id}' (pattern '{text}')");
                    return Err(vec![LoadError::new(LoadErrorKind::NotFound, message)]);
                }
                let packages = self.packages(&ids)?;
                Ok(packages.iter().flat_map(|package| members(package, *files, tests_only)).collect())
            }
        }
    }

    /// Loads packages in parallel; all errors are reported.
    pub(crate) fn packages(&self, ids: &[Arc<PackageId>]) -> Result<Vec<Arc<Package>>, Vec<LoadError>> {
        // The prelude is needed by all of them: not by each thread at the same time.
        self.prelude().map_err(|e| vec![e])?;
        let results: Vec<_> = ids.par_iter().map(|id| self.package(id)).collect();
        let mut errors = Vec::new();
        let mut packages = Vec::with_capacity(results.len());
        for result in results {
            match result {
                Ok(package) => packages.push(package),
                Err(more) => errors.extend(more.iter().cloned()),
            }
        }
        if errors.is_empty() { Ok(packages) } else { Err(errors) }
    }

    /// Every package at or below a folder, sorted.
    pub(crate) fn packages_below(&self, id: &PackageId) -> Result<Vec<Arc<PackageId>>, LoadError> {
        let repo = self.repo(&id.repository)?;
        let mut found = BTreeSet::new();
        let mut level = vec![id.path.to_string()];
        if id.path.is_empty() && repo.overlay.is_some() {
            found.insert(Arc::new(id.clone()));
        }
        while !level.is_empty() {
            let listings: Vec<_> = level
                .into_par_iter()
                .map(|folder| {
                    let listing = repo.list(&folder, &self.look);
                    (folder, listing)
                })
                .collect();
            level = Vec::new();
            for (folder, listing) in listings {
                let Some(listing) = listing? else { continue };
                if !folder.is_empty() && listing.entries.contains_key(WORKSPACE_FILE) {
                    continue;
                }
                if build_file_of(&listing).is_some() {
                    found.insert(Arc::new(PackageId::new(&id.repository, &folder)));
                }
                let folders = listing.entries.iter().filter(|(_, entry)| **entry == Entry::Folder);
                level.extend(
                    folders.filter(|(name, _)| !skipped(name)).map(|(name, _)| crate::glob::join(&folder, name)),
                );
            }
        }
        Ok(found.into_iter().collect())
    }
}

fn members(package: &Package, files: bool, tests_only: bool) -> HashSet<Label> {
    let manual = |tags: &[Arc<str>]| tags.iter().any(|tag| &**tag == "manual");
    let targets = package.data.targets.iter().filter(|target| match &target.kind {
        DeclKind::Group { .. } => false,
        DeclKind::TestSuite { .. } => true,
        DeclKind::Rule { .. } => !manual(&target.tags) && (!tests_only || target.test),
        DeclKind::Alias { .. } => !tests_only,
    });
    let mut labels: HashSet<Label> = targets.map(|t| Label::new(&package.id, Arc::clone(&t.name))).collect();
    if files {
        let outputs = package.data.targets.iter().flat_map(|t| t.outputs.iter());
        let exports = package.data.exports.iter().map(|(name, _)| name);
        labels.extend(outputs.chain(exports).map(|name| Label::new(&package.id, Arc::clone(name))));
    }
    labels
}
#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_empty_part_is_refused_before_dots_as_elsewhere() {
        for text in ["//a//...", "a//...", "///...", "-///...", "//a//b"] {
            assert!(Pattern::parse(text, "here").is_err(), "{text}");
        }
        for text in ["//...", "...", "a/...", "@r//..."] {
            assert!(Pattern::parse(text, "here").is_ok(), "{text}");
        }
    }

    #[test]
    fn forms() {
        let shown: Vec<String> = [
            "//a/b:c",
            "//a/b",
            ":c",
            "c",
            "a/b:c",
            "a/b",
            "...",
            "a/...",
            "//...",
            "//a/...:all",
            "//a:all",
            ":all",
            "//a:*",
            "-//x/...",
            "-:x",
            "@lua//...",
            "@lua//:all",
            "@lua",
            "/a",
            "",
            "-",
            "//a/...:x",
            "//../x:all",
            "//",
        ]
        .iter()
        .map(|text| match Pattern::parse(text, "cur") {
            Ok(pattern) => {
                format!("{text:12} {}{}", if pattern.negative { "not " } else { "" }, describe(&pattern.what))
            }
            Err(error) => format!("{text:12} {}", error.message),
        })
        .collect();
        insta::assert_snapshot!(shown.join("\n"));
    }

    fn describe(what: &What) -> String {
        match what {
            What::Target(label, None) => label.to_string(),
            What::Target(label, Some(other)) => format!("{label} or {other}"),
            What::Package(id, files) => format!("in {id}, files: {files}"),
            What::Below(id, files) => format!("below {id}, files: {files}"),
        }
    }

    proptest! {
        #[test]
        fn junk_never_panics(text in ".{0,30}", current in "[a-z/]{0,8}") {
            drop(Pattern::parse(&text, &current));
        }
    }
}
