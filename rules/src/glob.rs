//! `glob`: patterns over the files of a package.
//!
//! Invariants: `*` stays within a name, `**` is whole components; results are sorted; folders that are packages of
//! their own are not entered. This file does not know BUILD evaluation.

use crate::error::LoadError;
use crate::files::{Entry, Look, Repo};
use crate::package::build_file_of;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a `glob` call asks for. It is kept with the package, so that it can be asked again.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct GlobSpec {
    pub(crate) include: Vec<String>,
    pub(crate) exclude: Vec<String>,
}

/// Why a pattern is refused.
pub(crate) fn check_pattern(pattern: &str) -> Result<(), &'static str> {
    if pattern.is_empty() {
        return Err("it is empty");
    }
    if pattern.starts_with('/') {
        return Err("it is absolute");
    }
    for part in pattern.split('/') {
        match part {
            "" => return Err("it has an empty component"),
            "." | ".." => return Err("'.' and '..' are not allowed"),
            "**" => {}
            _ if part.contains("**") => return Err("'**' must be a whole component"),
            _ => {}
        }
    }
    Ok(())
}

/// The files of package `path` in `repo` that match, relative to the package and sorted.
pub(crate) fn find(repo: &Repo, path: &str, spec: &GlobSpec, look: &Look) -> Result<Vec<Arc<str>>, LoadError> {
    let include: Vec<Vec<&str>> = spec.include.iter().map(|p| p.split('/').collect()).collect();
    let exclude: Vec<Vec<&str>> = spec.exclude.iter().map(|p| p.split('/').collect()).collect();
    let mut found = BTreeSet::new();
    let mut queue = vec![String::new()];
    while let Some(below) = queue.pop() {
        let folder = join(path, &below);
        let Some(listing) = repo.list(&folder, look)? else { continue };
        let inner_package = !below.is_empty() && build_file_of(&listing).is_some();
        if inner_package {
            continue;
        }
        if let Some(name) = listing.unusable.first() {
            return Err(LoadError::new(
                crate::LoadErrorKind::NotUtf8,
                format!("glob: the name of '{}' is not UTF-8, and labels are text", join(&folder, name)),
            )
            .hint("rename the file"));
        }
        for (name, entry) in &listing.entries {
            let relative = join(&below, name);
            let parts: Vec<&str> = relative.split('/').collect();
            match entry {
                Entry::Folder if include.iter().any(|p| may_hold(p, &parts)) => queue.push(relative),
                Entry::File
                    if include.iter().any(|p| matches(p, &parts)) && !exclude.iter().any(|p| matches(p, &parts)) =>
                {
                    found.insert(Arc::from(relative.as_str()));
                }
                _ => {}
            }
        }
    }
    Ok(found.into_iter().collect())
}

pub(crate) fn join(folder: &str, name: &str) -> String {
    match (folder.is_empty(), name.is_empty()) {
        (true, _) => name.to_owned(),
        (_, true) => folder.to_owned(),
        _ => format!("{folder}/{name}"),
    }
}

fn matches(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, None) => true,
        (Some((&"**", rest)), _) => {
            matches(rest, path) || path.split_first().is_some_and(|(_, below)| matches(pattern, below))
        }
        (Some((first, rest)), Some((name, below))) => matches_name(first, name) && matches(rest, below),
        _ => false,
    }
}

/// May a file below the folder `path` match?
fn may_hold(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (Some((&"**", _)), _) => true,
        (Some(_), None) => true,
        (Some((first, rest)), Some((name, below))) => matches_name(first, name) && may_hold(rest, below),
        (None, _) => false,
    }
}

/// `*` in a single name.
pub(crate) fn matches_name(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(head) = parts.next() else { return name.is_empty() };
    let Some(mut rest) = name.strip_prefix(head) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((tail, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or(""),
            None => return false,
        }
    }
    rest.ends_with(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, path: &str) -> bool {
        matches(&pattern.split('/').collect::<Vec<_>>(), &path.split('/').collect::<Vec<_>>())
    }

    #[test]
    fn patterns() {
        assert!(fits("*.c", "a.c") && !fits("*.c", "x/a.c") && !fits("*.c", "a.cc"));
        assert!(fits("**/*.c", "a.c") && fits("**/*.c", "x/y/a.c"));
        assert!(fits("src/**", "src/a") && fits("src/**", "src/a/b") && !fits("src/**", "other/a"));
        assert!(fits("a*b*c", "aXbYc") && !fits("a*b*c", "ac") && fits("*", ".hidden"));
        assert!(!fits("ab*ba", "aba"));
        assert!(may_hold(&["src", "*.c"], &["src"]) && !may_hold(&["src", "*.c"], &["doc"]));
        assert!(check_pattern("a/**b").is_err() && check_pattern("../a").is_err());
    }
}
