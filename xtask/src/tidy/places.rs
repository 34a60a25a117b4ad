//! Rules about places: what only one room of the house may know.

use super::{Finding, Source};

/// Code that may stand only in files whose path starts with one of these.
struct Place {
    code: &'static str,
    allowed: &'static [&'static str],
    why: &'static str,
}

/// Checked outside tests.
const PLACES: &[Place] = &[
    Place { code: "SystemTime::now", allowed: &["cli/"], why: "the wall clock is known to cli only: take a Clock" },
    Place {
        code: "Instant::now",
        allowed: &["cli/", "xtask/", "engine/src/"],
        why: "time is measured in engine and cli only",
    },
    Place {
        code: "env::var",
        allowed: &["cli/", "xtask/"],
        why: "the environment is known to cli only: take a Config",
    },
    Place { code: "env::set_var", allowed: &[], why: "nobody changes the process's environment" },
    Place { code: "env::remove_var", allowed: &[], why: "nobody changes the process's environment" },
    Place { code: "env::current_dir", allowed: &["cli/"], why: "the current directory is known to cli only" },
    Place { code: "env::set_current_dir", allowed: &["cli/"], why: "the current directory is known to cli only" },
    Place {
        code: "env::args",
        allowed: &["cli/", "xtask/", "engine/src/sandbox/", "engine/src/bin/"],
        why: "arguments are known to cli only (and the spawner looks whether it is one)",
    },
    Place { code: "env::temp_dir", allowed: &["cli/"], why: "scratch space is the store's to give" },
    Place { code: "env::home_dir", allowed: &["cli/"], why: "the home folder is known to cli only" },
    Place { code: "process::exit", allowed: &["cli/", "engine/src/sandbox/"], why: "exit codes are known to cli only" },
    Place {
        code: "println!",
        allowed: &["cli/", "xtask/", "engine/src/bin/"],
        why: "the terminal is known to cli only",
    },
    Place { code: "rocksdb::", allowed: &["store/src/db"], why: "RocksDB is known to store/src/db*.rs only" },
    Place { code: "starlark::", allowed: &["rules/"], why: "Starlark is known to rules only" },
    Place { code: "ureq::", allowed: &["remote/"], why: "HTTP is known to remote only" },
];

pub(super) fn check(source: &Source, findings: &mut Vec<Finding>) {
    for (line_number, line) in source.core() {
        for place in PLACES {
            let here = place.allowed.iter().any(|prefix| source.path.starts_with(prefix));
            if !here && has_path(line, place.code) && !source.path.ends_with("build.rs") {
                findings.push(Finding::new(source, line_number, format!("`{}`: {}", place.code, place.why)));
            }
        }
    }
    unsafe_code(source, findings);
}

/// Does this path or macro stand in the line, not as the end of a longer name?
fn has_path(line: &str, code: &str) -> bool {
    line.match_indices(code).any(|(at, _)| {
        let before = line.get(..at).and_then(|s| s.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

/// Where `unsafe` may stand: the sandbox, the program that its tests attack it with, and two calls of the C library.
const UNSAFE: &[&str] =
    &["engine/src/sandbox/", "engine/src/bin/gx-sandbox-helper.rs", "engine/src/memory.rs", "store/src/busy.rs"];

/// `unsafe` stands where it may, each use with its reason above it.
fn unsafe_code(source: &Source, findings: &mut Vec<Finding>) {
    let text: Vec<&str> = source.text.lines().collect();
    for (at, line) in source.code.lines().enumerate() {
        if !["unsafe {", "unsafe fn ", "unsafe impl ", "unsafe extern "].iter().any(|form| has_path(line, form)) {
            continue;
        }
        if !UNSAFE.iter().any(|prefix| source.path.starts_with(prefix)) {
            findings.push(Finding::new(
                source,
                at + 1,
                "`unsafe` stands in engine/src/sandbox (and engine/src/memory.rs and store/src/busy.rs) only",
            ));
            continue;
        }
        let above = text.get(at.saturating_sub(6)..=at).unwrap_or_default();
        if !above.iter().any(|line| line.contains("SAFETY:") || line.contains("# Safety")) {
            findings.push(Finding::new(source, at + 1, "`unsafe` without `// SAFETY:` above it"));
        }
    }
}

/// Every end-to-end test file is part of the one test binary: a file that nobody names would never run.
pub(super) fn check_e2e_listed(sources: &[Source], findings: &mut Vec<Finding>) {
    let Some(main) = sources.iter().find(|s| s.path == "tests/e2e/main.rs") else { return };
    for source in sources {
        let Some(name) = source.path.strip_prefix("tests/e2e/").and_then(|p| p.strip_suffix(".rs")) else { continue };
        if name == "main" || name.contains('/') {
            continue;
        }
        if !main.code.lines().any(|line| line.trim().trim_start_matches("pub ").starts_with(&format!("mod {name};"))) {
            findings.push(Finding::new(source, 0, "the file is no module of tests/e2e/main.rs: its tests never run"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;

    fn messages(path: &str, text: &str) -> Vec<String> {
        let mut findings = Vec::new();
        check(&Source::new(path.to_owned(), Kind::Rust, text.to_owned()), &mut findings);
        findings.into_iter().map(|f| f.message).collect()
    }

    #[test]
    fn a_word_in_its_place_is_fine_and_elsewhere_is_not() {
        let clock = "let t = SystemTime::now();\n";
        assert_eq!(messages("store/src/a.rs", clock).len(), 1);
        assert!(messages("cli/src/a.rs", clock).is_empty());
        assert!(messages("store/src/a.rs", &format!("#[cfg(test)]\nmod tests {{\n{clock}}}\n")).is_empty());
        assert!(messages("store/src/a.rs", "// SystemTime::now\nlet s = \"SystemTime::now\";\n").is_empty());
    }

    #[test]
    fn unsafe_needs_its_place_and_its_reason() {
        assert_eq!(messages("store/src/a.rs", "// SAFETY: no\nunsafe { x() }\n").len(), 1);
        assert_eq!(messages("engine/src/sandbox/a.rs", "unsafe { x() }\n").len(), 1);
        assert!(messages("engine/src/sandbox/a.rs", "// SAFETY: yes\nunsafe { x() }\n").is_empty());
    }
}
