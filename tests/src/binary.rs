//! Finds the `gx` to test: the one beside the test program, built when it is missing or older than its sources.
//!
//! `GX_BIN` names another one. This file does not know what is done with it.

use crate::tools::repository_root;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;

static BINARY: OnceLock<PathBuf> = OnceLock::new();

/// The `gx` program, of the profile that the tests were built with.
pub fn gx_binary() -> &'static Path {
    BINARY.get_or_init(|| match std::env::var_os("GX_BIN") {
        Some(path) => PathBuf::from(path),
        None => built(),
    })
}

fn built() -> PathBuf {
    let test = std::env::current_exe().expect("the test program has a path");
    let folder = test.ancestors().nth(2).expect("the test program lies in target/<profile>/deps");
    let binary = folder.join("gx");
    if modified(&binary).is_none_or(|built| newest_source() > Some(built)) {
        let profile = match folder.file_name().and_then(|name| name.to_str()) {
            Some("debug") | None => "dev",
            Some(name) => name,
        };
        let target = folder.parent().expect("target/<profile> has a parent");
        let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(["build", "--quiet", "--package", "gx", "--bin", "gx", "--profile", profile, "--target-dir"])
            .arg(target)
            .current_dir(repository_root())
            .status()
            .expect("cargo can be started");
        assert!(status.success(), "`cargo build -p gx` failed");
    }
    binary
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|meta| meta.modified()).ok()
}

fn newest_source() -> Option<SystemTime> {
    let mut newest = None;
    let mut folders: Vec<PathBuf> = ["store", "rules", "stdlib", "engine", "remote", "cli"]
        .iter()
        .map(|name| repository_root().join(name))
        .collect();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let source = path.extension().is_some_and(|e| e == "rs" || e == "bzl" || e == "gx" || e == "toml");
            if path.is_dir() {
                folders.push(path);
            } else if source {
                newest = newest.max(modified(&path));
            }
        }
    }
    newest
}
