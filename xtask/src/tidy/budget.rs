//! How many packages a build compiles: every one is somebody else's code that we vouch for.

use super::Finding;
use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// At most so many, for Linux, normal and build dependencies of the whole workspace.
pub(super) const LIMIT: usize = 450;

pub(super) fn check(root: &Path, findings: &mut Vec<Finding>) -> Result<()> {
    let count = count(root)?;
    if count > LIMIT {
        let message = format!("{count} packages, at most {LIMIT}");
        findings.push(Finding { file: "Cargo.lock".to_owned(), line: 0, message });
    }
    Ok(())
}

/// Distinct packages by `cargo tree`.
pub(super) fn count(root: &Path) -> Result<usize> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["tree", "--workspace", "--locked", "--edges", "normal,build", "--prefix", "none", "--no-dedupe"])
        .args(["--target", "x86_64-unknown-linux-gnu"])
        .current_dir(root)
        .output()
        .context("running cargo tree")?;
    if !output.status.success() {
        bail!("cargo tree failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let packages: BTreeSet<String> = text
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| line.split_whitespace().take(2).collect::<Vec<_>>().join(" "))
        .collect();
    Ok(packages.len())
}
