//! Small things that tests ask of the machine.

use std::io::Write;
use std::path::{Path, PathBuf};

/// The folder of the whole project.
pub fn repository_root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ has a parent")
}

/// The examples that are workspaces, sorted by name.
pub fn examples() -> Vec<PathBuf> {
    let folder = repository_root().join("examples");
    let mut found: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("examples/ can be read")
        .map(|entry| entry.expect("examples/ can be read").path())
        .filter(|path| path.join("gx.toml").is_file())
        .collect();
    found.sort();
    found
}

/// Are the tests run by root?
pub fn is_root() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().any(|line| line.starts_with("Uid:") && line.split_whitespace().nth(2) == Some("0"))
}

/// Can level `strict` be held on this machine? gx tries it once.
pub fn strict_is_held() -> bool {
    static HELD: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *HELD.get_or_init(|| crate::TestSpace::new().run(["doctor"]).stdout.contains("levels up to 'strict'"))
}

/// Says loudly that a test cannot be run here. Where nothing may be skipped (`GX_TEST_NO_SKIP` is set), it fails.
pub fn skipped(why: &str) {
    if std::env::var_os("GX_TEST_NO_SKIP").is_some() {
        panic!("this test may not be skipped here: {why}");
    }
    // Not `eprintln!`: the test runner swallows what a passed test prints with it.
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}
