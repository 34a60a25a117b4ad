//! Names and relative paths as trees can hold them: UTF-8, `/` between components, nothing that escapes.
//!
//! Invariants: a `Name` is not empty, not `.` or `..`, has no `/` and no NUL; a `RelPath` is a list of names,
//! empty for the root itself. Spaces and newlines are allowed: Remote Execution API names are text.
//! This file does not know whether a path exists.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// One validated component of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Name(String);

impl Name {
    /// Validates one component.
    pub fn new(text: impl Into<String>) -> Result<Name, PathError> {
        let text = text.into();
        check_name(&text)?;
        Ok(Name(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn check_name(text: &str) -> Result<(), PathError> {
    let fault = if text.is_empty() {
        "a component is empty"
    } else if text == "." || text == ".." {
        "'.' and '..' are not allowed"
    } else if text.contains('/') {
        "a name has a '/'"
    } else if text.contains('\0') {
        "a name has a NUL byte"
    } else if text.len() > 255 {
        "a name is longer than 255 bytes"
    } else {
        return Ok(());
    };
    Err(PathError { path: text.to_owned(), fault })
}

/// A validated relative path; `""` is the root. Cheap to clone: a plan names most paths several times.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
pub struct RelPath(Arc<str>);

impl RelPath {
    /// Validates `text`: relative, normalised, no `.` or `..`.
    pub fn new(text: impl Into<Arc<str>>) -> Result<RelPath, PathError> {
        let text = text.into();
        if text.is_empty() {
            return Ok(RelPath(text));
        }
        if text.starts_with('/') {
            return Err(PathError { path: text.to_string(), fault: "it is absolute" });
        }
        for component in text.split('/') {
            if let Err(error) = check_name(component) {
                return Err(PathError { path: text.to_string(), fault: error.fault });
            }
        }
        Ok(RelPath(text))
    }

    /// The text, without a leading or trailing slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Is this the root itself?
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The components, from the root down.
    pub fn components(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|c| !c.is_empty())
    }

    /// `self/other`.
    pub fn join(&self, other: &RelPath) -> RelPath {
        match (self.is_root(), other.is_root()) {
            (true, _) => other.clone(),
            (_, true) => self.clone(),
            _ => RelPath(format!("{}/{}", self.0, other.0).into()),
        }
    }

    /// The folder that holds it; the root for a single component; `None` for the root.
    pub fn parent(&self) -> Option<RelPath> {
        if self.is_root() {
            return None;
        }
        Some(RelPath(self.0.rsplit_once('/').map_or("", |(head, _)| head).into()))
    }

    /// The last component; `None` for the root.
    pub fn file_name(&self) -> Option<&str> {
        self.0.rsplit('/').next().filter(|n| !n.is_empty())
    }

    /// Is `self` equal to `other` or below it?
    pub fn starts_with(&self, other: &RelPath) -> bool {
        other.is_root() || self.0 == other.0 || self.0.strip_prefix(&*other.0).is_some_and(|rest| rest.starts_with('/'))
    }
}

impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<std::path::Path> for RelPath {
    fn as_ref(&self) -> &std::path::Path {
        std::path::Path::new(&*self.0)
    }
}

/// Why a text is not a name or a relative path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{path}' is not a usable path: {fault}")]
pub struct PathError {
    /// The text as given.
    pub path: String,
    /// What is wrong with it.
    pub fault: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_escape_or_are_not_normal_are_refused() {
        for bad in ["/etc/passwd", "../x", "a/../b", "a//b", "a/", "./a", "a\0b"] {
            assert!(RelPath::new(bad).is_err(), "{bad}");
        }
        for good in ["", "a", "a/b c/d\ne", "ü/x"] {
            assert!(RelPath::new(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn parts() {
        let path = RelPath::new("a/b/c").unwrap();
        assert_eq!(path.file_name(), Some("c"));
        assert_eq!(path.parent().unwrap().as_str(), "a/b");
        assert!(path.starts_with(&RelPath::new("a/b").unwrap()));
        assert!(!path.starts_with(&RelPath::new("a/bc").unwrap()));
        assert!(path.starts_with(&RelPath::default()));
    }
}
