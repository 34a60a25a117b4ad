//! The lock of a `debian_packages` repository: a text that git merges line by line.
//!
//! The first line is `gx-debian-lock 1`; then come, sorted by their bytes, lines of two kinds:
//! `want <package>` for each package that was asked for, and for each package of the closure of an architecture
//! `<architecture> <name> <version> <its own architecture> <SHA-256> <size> <path below the archive's mirror>`.
//! Invariants: `parse` takes what `format` gives and nothing else, except that empty lines and comments (`#`) are
//! passed over; no host name is in a lock. This file does not know who resolves packages.

use crate::error::nearest;
use std::collections::{BTreeMap, BTreeSet};

/// The first line.
pub const HEAD: &str = "gx-debian-lock 1";
/// No lock is larger, in bytes.
pub const LARGEST: usize = 16 << 20;

/// A package of a closure.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Locked {
    /// Its name: `libc6`.
    pub name: String,
    /// Its version: `2.36-9+deb12u10`.
    pub version: String,
    /// What it was built for: an architecture, or `all`.
    pub architecture: String,
    /// SHA-256 of the `.deb`, 64 lowercase hex digits.
    pub sha256: String,
    /// Bytes of the `.deb`.
    pub size: u64,
    /// Where it is, below an archive's mirror: `pool/main/g/glibc/libc6_2.36_amd64.deb`.
    pub path: String,
}

/// A lock.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DebianLock {
    /// Packages that were asked for.
    pub wanted: BTreeSet<String>,
    /// The closure of each architecture, by name.
    pub closures: BTreeMap<String, BTreeMap<String, Locked>>,
}

/// Why a text is no lock.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct LockError {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong.
    pub why: String,
    /// What to do.
    pub hint: &'static str,
}

const AGAIN: &str = "`gx lock` makes the lock anew";
const MERGE: &str =
    "keep the lines of both sides and take the three markers out; the lines stand in the order of `sort`";

impl DebianLock {
    /// The text.
    pub fn format(&self) -> String {
        let mut lines: Vec<String> = self.wanted.iter().map(|name| format!("want {name}")).collect();
        for (closure, packages) in &self.closures {
            lines.extend(packages.values().map(|it| format!("{closure} {}", it.line())));
        }
        lines.sort();
        lines.insert(0, HEAD.to_owned());
        lines.iter().map(|line| format!("{line}\n")).collect()
    }

    /// Reads the text; every mistake has its line and its cause.
    pub fn parse(text: &str) -> Result<DebianLock, LockError> {
        let bad = |line: usize, why: String, hint: &'static str| Err(LockError { line, why, hint });
        if text.len() > LARGEST {
            return bad(1, format!("the lock is larger than {} MiB", LARGEST >> 20), AGAIN);
        }
        let mut lock = DebianLock::default();
        let mut lines = text.split('\n').enumerate().map(|(at, line)| (at + 1, line));
        match lines.next() {
            Some((_, HEAD)) => {}
            Some((line, first)) => {
                return bad(line, format!("a lock begins with '{HEAD}', this one with '{}'", shown(first)), AGAIN);
            }
            None => return bad(1, "the lock is empty".to_owned(), AGAIN),
        }
        let mut before = "";
        for (number, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            if ["<<<<<<<", "=======", ">>>>>>>", "|||||||"].iter().any(|marker| line.starts_with(marker)) {
                return bad(number, "the marker of a merge was left in the lock".to_owned(), MERGE);
            }
            if line <= before {
                let (line, before) = (shown(line), shown(before));
                let why = match line == before {
                    true => format!("the line '{line}' stands twice"),
                    false => format!("'{line}' stands after '{before}', but lines are sorted"),
                };
                return bad(number, why, "sort the lines below the first one (`LC_ALL=C sort`), or run `gx lock`");
            }
            before = line;
            lock.add(line).map_err(|why| LockError { line: number, why, hint: AGAIN })?;
        }
        Ok(lock)
    }

    fn add(&mut self, line: &str) -> Result<(), String> {
        if let Some(name) = line.strip_prefix("want ") {
            check_name(name)?;
            self.wanted.insert(name.to_owned());
            return Ok(());
        }
        let (closure, rest) = line.split_once(' ').ok_or_else(|| words(line))?;
        check_architecture(closure)?;
        let package = Locked::read(rest).ok_or_else(|| words(line))?;
        package.check()?;
        if package.architecture != "all" && package.architecture != closure {
            let Locked { name, architecture, .. } = &package;
            return Err(format!("'{name}' is for {architecture}, but stands in the closure of {closure}"));
        }
        let packages = self.closures.entry(closure.to_owned()).or_default();
        if let Some(other) = packages.get(&package.name) {
            let (name, one, two) = (&package.name, &other.version, &package.version);
            return Err(format!("'{name}' of {closure} stands twice, with the versions {one} and {two}"));
        }
        packages.insert(package.name.clone(), package);
        Ok(())
    }

    /// Says why the lock is not one for these packages and architectures.
    pub fn check(&self, packages: &[String], architectures: &[String]) -> Result<(), String> {
        let asked: BTreeSet<&str> = packages.iter().map(|text| name_of(text)).collect();
        if let Some(name) = asked.iter().find(|name| !self.wanted.contains(**name)) {
            return Err(format!("gx.toml asks for '{name}', which the lock was made without"));
        }
        if let Some(name) = self.wanted.iter().find(|name| !asked.contains(name.as_str())) {
            return Err(format!("the lock was made for '{name}' too, which gx.toml does not ask for"));
        }
        for architecture in architectures {
            let Some(closure) = self.closures.get(architecture) else {
                return Err(format!(
                    "gx.toml asks for the architecture '{architecture}', which the lock does not have"
                ));
            };
            if let Some(name) = asked.iter().find(|name| !closure.contains_key(**name)) {
                let near = nearest(name, closure.keys()).map(|near| format!(" (it has '{near}')")).unwrap_or_default();
                return Err(format!("the lock has no '{name}' for {architecture}{near}"));
            }
        }
        match self.closures.keys().find(|closure| !architectures.contains(closure)) {
            Some(closure) => Err(format!("the lock is for {closure} too, which gx.toml does not ask for")),
            None => Ok(()),
        }
    }
}

impl Locked {
    /// Its words, as they stand in a lock.
    pub fn line(&self) -> String {
        let Locked { name, version, architecture, sha256, size, path } = self;
        format!("{name} {version} {architecture} {sha256} {size} {path}")
    }

    fn read(line: &str) -> Option<Locked> {
        let words: Vec<&str> = line.split(' ').collect();
        let [name, version, architecture, sha256, size, path] = words.as_slice() else { return None };
        // `+1` and `007` are numbers, but not how they are written here.
        let number = size.parse::<u64>().ok().filter(|number| number.to_string() == **size)?;
        Some(Locked {
            name: (*name).to_owned(),
            version: (*version).to_owned(),
            architecture: (*architecture).to_owned(),
            sha256: (*sha256).to_owned(),
            size: number,
            path: (*path).to_owned(),
        })
    }

    fn check(&self) -> Result<(), String> {
        check_name(&self.name)?;
        check_architecture(&self.architecture)?;
        let version = |c: char| c.is_ascii_alphanumeric() || ".+-:~".contains(c);
        if self.version.is_empty() || !self.version.chars().all(version) {
            return Err(format!("'{}' is no version", shown(&self.version)));
        }
        let digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        if self.sha256.len() != 64 || !self.sha256.chars().all(digit) {
            return Err(format!("the SHA-256 of '{}' is not 64 lowercase hexadecimal digits", self.name));
        }
        let step = |step: &str| !step.is_empty() && step != "." && step != "..";
        let plain = |c: char| c.is_ascii_alphanumeric() || "._+-~%/".contains(c);
        if !self.path.split('/').all(step) || !self.path.chars().all(plain) || !self.path.ends_with(".deb") {
            return Err(format!("'{}' is no path of a .deb below a mirror", shown(&self.path)));
        }
        Ok(())
    }
}

/// The name of a package that is asked for: `gcc`, `gcc=4:12.2.0-3`.
pub fn name_of(asked: &str) -> &str {
    asked.split('=').next().unwrap_or_default()
}

/// Is it a name of a Debian package?
pub fn check_name(name: &str) -> Result<(), String> {
    let first = name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.".contains(c);
    if first && name.chars().all(plain) { Ok(()) } else { Err(format!("'{}' is no name of a package", shown(name))) }
}

/// Is it a name of a Debian architecture?
pub fn check_architecture(name: &str) -> Result<(), String> {
    let first = name.starts_with(|c: char| c.is_ascii_lowercase());
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    match first && name != "want" && name.chars().all(plain) {
        true => Ok(()),
        false => Err(format!("'{}' is no architecture (amd64, arm64, ... are)", shown(name))),
    }
}

fn words(line: &str) -> String {
    format!(
        "'{}' is neither `want <package>` nor seven words: architecture, name, version, architecture, SHA-256, size, path",
        shown(line)
    )
}

/// A line that can be printed.
fn shown(line: &str) -> String {
    let short: String = line.chars().take(100).collect();
    short.escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locked(name: &str, version: &str, architecture: &str) -> Locked {
        Locked {
            name: name.to_owned(),
            version: version.to_owned(),
            architecture: architecture.to_owned(),
            sha256: "ab".repeat(32),
            size: 7,
            path: format!("pool/main/{name}_{version}_{architecture}.deb"),
        }
    }

    fn sample() -> DebianLock {
        let mut lock = DebianLock { wanted: ["gcc".to_owned()].into(), ..DebianLock::default() };
        for (closure, package) in [
            ("amd64", locked("gcc", "4%3a12", "amd64")),
            ("amd64", locked("gcc-12-base", "12.2.0-14+deb12u1", "amd64")),
            ("amd64", locked("cpp", "1", "all")),
            ("arm64", locked("gcc", "1", "arm64")),
        ] {
            let package = Locked { version: package.version.replace("%3a", ":"), ..package };
            lock.closures.entry(closure.to_owned()).or_default().insert(package.name.clone(), package);
        }
        lock
    }

    #[test]
    fn what_is_written_is_read() {
        let text = sample().format();
        insta::assert_snapshot!(text);
        assert_eq!(DebianLock::parse(&text), Ok(sample()));
        let with_comments = text.replacen('\n', "\n# words\n\n", 1);
        assert_eq!(DebianLock::parse(&with_comments), Ok(sample()));
    }

    #[test]
    fn a_lock_that_was_edited_is_refused_with_line_and_cause() {
        let good = sample().format();
        let line = |text: &str| text.lines().nth(2).unwrap().to_owned();
        let edit = |from: &str, to: &str| good.replacen(from, to, 1);
        let changed = [
            String::new(),
            good.replacen("lock 1", "lock 2", 1),
            good.replacen("want gcc", "want GCC", 1),
            edit("arm64 gcc 1 arm64", "arm64 gcc 1 amd64"),
            edit(" 7 pool", " 07 pool"),
            edit(" pool/main/cpp", " ../cpp"),
            edit(" pool/main/cpp", " https://host/cpp"),
            edit("abab", "ABAB"),
            edit("amd64 cpp 1", "amd64 cpp"),
            edit("amd64 cpp 1 ", "amd64 cpp $(x) "),
            good.replacen("amd64 cpp", "<<<<<<< HEAD\namd64 cpp", 1),
            good.replacen(&line(&good), &format!("{0}\n{0}", line(&good)), 1),
            good.replacen(&line(&good), &format!("{}\n{}", line(&good), line(&good).replace("4:12", "4:13")), 1),
            good.replacen("want gcc\n", "", 1) + "aaa gcc\n",
        ];
        let said: Vec<String> = changed
            .iter()
            .map(|text| {
                let error = DebianLock::parse(text).unwrap_err();
                format!("{}: {error} ({})", error.line, error.hint)
            })
            .collect();
        insta::assert_snapshot!(said.join("\n"));
    }

    #[test]
    fn a_lock_of_something_else_is_refused() {
        let said = |packages: &[&str], architectures: &[&str]| {
            let owned = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
            sample().check(&owned(packages), &owned(architectures)).unwrap_err()
        };
        let both = ["amd64", "arm64"];
        assert_eq!(sample().check(&["gcc=1".to_owned()], &both.map(str::to_owned)), Ok(()));
        let mut lacking = sample();
        let taken = lacking.closures.get_mut("arm64").and_then(|closure| closure.remove("gcc"));
        assert!(taken.is_some());
        let said = [
            said(&["gcc", "g++"], &both),
            said(&[], &both),
            said(&["gcc"], &["amd64"]),
            said(&["gcc"], &["amd64", "arm64", "s390x"]),
            lacking.check(&["gcc".to_owned()], &both.map(str::to_owned)).unwrap_err(),
        ];
        insta::assert_snapshot!(said.join("\n"));
    }
}
