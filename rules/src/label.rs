//! Labels: the names of targets, `@repository//package:target`.
//!
//! Invariants: a repository name is letters, digits, `_`, `-`, `.`; empty for the workspace itself. A package is a
//! normal relative path. A target's name is a normal relative path too. Printing and parsing are inverse, but for names
//! with control characters, which are printed escaped.
//! This file does not know which packages exist.

use crate::error::{LoadError, LoadErrorKind};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// A package: a repository and a folder in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PackageId {
    /// The repository; empty for the workspace.
    pub repository: Arc<str>,
    /// The folder; empty for the repository's root.
    pub path: Arc<str>,
}

impl PackageId {
    /// A package of the workspace or a repository.
    pub fn new(repository: &str, path: &str) -> PackageId {
        PackageId { repository: repository.into(), path: path.into() }
    }

    /// Where its source files are seen by an action, `""` or with a slash at the end.
    pub fn source_prefix(&self) -> String {
        let mut prefix = String::new();
        if !self.repository.is_empty() {
            prefix.push_str("external/");
            prefix.push_str(&self.repository);
            prefix.push('/');
        }
        if !self.path.is_empty() {
            prefix.push_str(&self.path);
            prefix.push('/');
        }
        prefix
    }
}

impl fmt::Display for PackageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.repository.is_empty() {
            write!(f, "@{}", self.repository)?;
        }
        write!(f, "//{}", shown(&self.path))
    }
}

/// A target's name. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Label {
    /// Where.
    pub package: Arc<PackageId>,
    /// Which.
    pub name: Arc<str>,
}

impl Label {
    /// From its parts, which must be checked already.
    pub fn new(package: &Arc<PackageId>, name: impl Into<Arc<str>>) -> Label {
        Label { package: Arc::clone(package), name: name.into() }
    }

    /// Reads a label as written in `package`: `//a/b:c`, `//a/b`, `:c`, `c`, `@r//p:t`, `@r`.
    pub fn parse(text: &str, package: &Arc<PackageId>) -> Result<Label, LabelError> {
        let bad = |why: &'static str| LabelError { text: text.to_owned(), why };
        let (repository, rest) = match text.strip_prefix("@@").or_else(|| text.strip_prefix('@')) {
            None => (None, text),
            Some(after) => match after.find("//") {
                Some(cut) => (after.get(..cut), after.get(cut..).unwrap_or("")),
                None if after.contains(':') => return Err(bad("after '@repository' comes '//package:target'")),
                // `@lua` is `@lua//:lua`.
                None => {
                    check_repository(after).map_err(bad)?;
                    return Ok(Label::new(&Arc::new(PackageId::new(after, "")), after));
                }
            },
        };
        if let Some(name) = repository.filter(|name| !name.is_empty()) {
            check_repository(name).map_err(bad)?;
        }
        let Some(absolute) = rest.strip_prefix("//") else {
            if rest.starts_with('/') {
                return Err(bad("a label starts with '//', not with a single '/'"));
            }
            let name = rest.strip_prefix(':').unwrap_or(rest);
            check_name(name).map_err(bad)?;
            return Ok(Label::new(package, name));
        };
        let (path, name) = match absolute.split_once(':') {
            Some((path, name)) => (path, name),
            None => (absolute, absolute.rsplit('/').next().unwrap_or("")),
        };
        if name.is_empty() && path.is_empty() {
            return Err(bad("it names no target: the root package has no name of its own"));
        }
        check_package(path).map_err(bad)?;
        check_name(name).map_err(bad)?;
        let repository = repository.unwrap_or(&package.repository);
        if *repository == *package.repository && *path == *package.path {
            return Ok(Label::new(package, name));
        }
        Ok(Label::new(&Arc::new(PackageId::new(repository, path)), name))
    }

    /// Where a source file of that name is seen by an action.
    pub fn source_path(&self) -> String {
        self.package.source_prefix() + &self.name
    }

    /// Where an output of that name is made.
    pub fn output_path(&self) -> String {
        format!("out/{}{}", self.package.source_prefix(), self.name)
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.package, shown(&self.name))
    }
}

/// Why a text is not a label.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{}' is not a label: {why}", shown(text))]
pub struct LabelError {
    /// The text.
    pub text: String,
    /// What is wrong.
    pub why: &'static str,
}

impl From<LabelError> for LoadError {
    fn from(error: LabelError) -> LoadError {
        LoadError::new(LoadErrorKind::Label, error.to_string())
            .hint("labels look like '//package:target', ':target' or '@repository//package:target'")
    }
}

/// A name or message as one line that does nothing to a terminal: what controls it, or turns the direction of writing,
/// is escaped. Names have no backslash, so two names never look the same.
pub fn shown(text: &str) -> Cow<'_, str> {
    if !text.chars().any(controls) {
        return Cow::Borrowed(text);
    }
    let escape = |c: char| if controls(c) { c.escape_default().to_string() } else { c.to_string() };
    Cow::Owned(text.chars().map(escape).collect())
}

fn controls(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

/// A name that is declared. Unlike the name of a file that is there, it can be chosen.
pub(crate) fn check_declared(name: &str) -> Result<(), &'static str> {
    if name.chars().any(controls) {
        return Err("it has a control character");
    }
    check_name(name)
}

/// Letters, digits and `_-.`, not starting with a dot.
pub(crate) fn check_repository(name: &str) -> Result<(), &'static str> {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '+' | '~');
    if name.is_empty() {
        Err("the repository has no name")
    } else if name.starts_with('.') || !name.chars().all(fine) {
        Err("a repository's name is letters, digits, '_', '-' and '.'")
    } else if name.len() > 255 {
        // `@r` means the target `r` of its root, which could not be written out.
        Err("a repository's name is longer than 255 bytes")
    } else {
        Ok(())
    }
}

/// A normal relative path, or empty.
pub(crate) fn check_package(path: &str) -> Result<(), &'static str> {
    if path.is_empty() { Ok(()) } else { check_path(path) }
}

/// A normal relative path.
pub(crate) fn check_name(name: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        return Err("the target has no name");
    }
    check_path(name)
}

fn check_path(path: &str) -> Result<(), &'static str> {
    if path.starts_with('/') {
        return Err("a path in it is absolute");
    }
    if path.contains(['\0', ':', '\\']) {
        return Err("names have no ':', '\\' or NUL");
    }
    for part in path.split('/') {
        match part {
            "" => return Err("a path in it has an empty component"),
            "." | ".." => return Err("'.' and '..' are not allowed"),
            "..." => return Err("'...' is for patterns on the command line"),
            _ if part.len() > 255 => return Err("a component is longer than 255 bytes"),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn here() -> Arc<PackageId> {
        Arc::new(PackageId::new("", "here/pkg"))
    }

    #[test]
    fn forms() {
        for (text, full) in [
            ("//a/b:c", "//a/b:c"),
            ("//a/b", "//a/b:b"),
            (":c", "//here/pkg:c"),
            ("c", "//here/pkg:c"),
            ("d/c.h", "//here/pkg:d/c.h"),
            ("@lua//p:t", "@lua//p:t"),
            ("@lua//:lapi.c", "@lua//:lapi.c"),
            ("@lua", "@lua//:lua"),
            ("@//x:y", "//x:y"),
            ("@@lua//x", "@lua//x:x"),
            ("with space:", "?"),
        ] {
            match Label::parse(text, &here()) {
                Ok(label) => assert_eq!(label.to_string(), full, "{text}"),
                Err(_) => assert_eq!(full, "?", "{text}"),
            }
        }
    }

    #[test]
    fn bad_ones_say_why() {
        let bad =
            ["", ":", "//", "/a:b", "//a//b:c", "//../x", "//a:../x", "@b@d//x", "@lua:x", "//a/...", "a:b", "//a:/b"];
        let said: Vec<String> = bad.iter().map(|t| Label::parse(t, &here()).unwrap_err().to_string()).collect();
        insta::assert_snapshot!(said.join("\n"));
    }

    #[test]
    fn a_short_form_is_refused_where_the_long_one_is() {
        let long = "r".repeat(256);
        assert!(Label::parse(&format!("@{long}"), &here()).is_err());
        assert!(Label::parse(&format!("@{long}//:{long}"), &here()).is_err());
        assert!(Label::parse(&format!("@{}", &long[1..]), &here()).is_ok());
    }

    #[test]
    fn what_controls_a_terminal_is_shown_escaped() {
        let label = Label::parse("a\u{1b}[31m\n\u{202e}b", &here()).unwrap();
        assert_eq!(label.to_string(), r"//here/pkg:a\u{1b}[31m\n\u{202e}b");
        assert_eq!(shown("plain ü"), "plain ü");
        assert!(check_declared("a\nb").is_err() && check_declared("a b").is_ok());
    }

    proptest! {
        #[test]
        fn printing_and_parsing_are_inverse(
            repository in "(|[a-z][a-z0-9_.-]{0,8})",
            path in "(|[a-z0-9_ü +-]{1,6}(/[a-z0-9_-]{1,6}){0,3})",
            name in "[a-zA-Z0-9_ é=-]{1,8}(/[a-z0-9]{1,4}){0,2}",
        ) {
            let label = Label::new(&Arc::new(PackageId::new(&repository, &path)), name);
            let root = Arc::new(PackageId::new("", ""));
            prop_assert_eq!(Label::parse(&label.to_string(), &root), Ok(label));
        }

        #[test]
        fn junk_never_panics(text in ".{0,40}") {
            drop(Label::parse(&text, &here()));
        }
    }
}
