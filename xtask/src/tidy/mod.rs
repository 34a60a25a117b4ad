//! The house rules, checked by a machine: rules that nobody checks rot. Runs as a command and as a test.
//!
//! Each rule is a function from the sources to findings; this file gathers them and knows no rule itself.

mod arrows;
mod budget;
mod places;
mod shape;
mod source;
mod words;

use anyhow::{Result, bail};
use source::{Kind, Source};
use std::fmt;
use std::path::Path;

/// One breach of one rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    /// The file, relative to the root.
    file: String,
    /// The line, from 1; 0 for the file as a whole.
    line: usize,
    /// What is wrong and what to do.
    message: String,
}

impl Finding {
    fn new(source: &Source, line: usize, message: impl Into<String>) -> Self {
        Self { file: source.path.clone(), line, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

/// `cargo xtask tidy`.
pub(crate) fn command(root: &Path) -> Result<()> {
    let findings = findings(root)?;
    for finding in &findings {
        println!("{finding}");
    }
    println!("dependencies: {} packages of at most {}", budget::count(root)?, budget::LIMIT);
    if !findings.is_empty() {
        bail!("tidy: {} findings", findings.len());
    }
    println!("tidy: nothing to complain about");
    Ok(())
}

/// Every breach of every rule, in order of file and line.
fn findings(root: &Path) -> Result<Vec<Finding>> {
    let sources = source::read_all(root)?;
    let mut findings = Vec::new();
    for source in &sources {
        shape::check(source, &mut findings);
        words::check(source, &mut findings);
        if source.kind == Kind::Rust {
            places::check(source, &mut findings);
        }
    }
    places::check_e2e_listed(&sources, &mut findings);
    arrows::check(root, &sources, &mut findings)?;
    budget::check(root, &mut findings)?;
    findings.sort();
    findings.dedup();
    Ok(findings)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_repository_is_tidy() {
        let found = super::findings(&crate::root().unwrap()).unwrap();
        let text: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert!(text.is_empty(), "tidy found:\n{}", text.join("\n"));
    }
}
