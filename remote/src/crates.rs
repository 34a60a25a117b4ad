//! `crate`: the published archive of a crate, through cargo.
//!
//! Parameters `name` and `version` (with or without the part after `+`). Cargo's own download cache is looked at
//! first; else cargo is run on a throw-away manifest that depends on exactly that version, so that its mirrors, proxies
//! and credentials hold, and the archive is taken from the cache. Invariant: an archive is taken by its hash, never by
//! its name alone. This file does not know registries: only cargo does.

use crate::process;
use crate::sink::{self, Fault};
use gx_store::{Cancel, Fetch, FetchError, Fetcher, StoreError, Surroundings};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The fetcher.
#[derive(Debug, Clone, Copy, Default)]
pub struct CrateFetcher;

impl Fetcher for CrateFetcher {
    fn fetch(&self, fetch: &Fetch, surroundings: &Surroundings, to: &Path, cancel: &Cancel) -> Result<(), FetchError> {
        let wanted = Wanted::of(fetch)?;
        let what = wanted.what();
        let home = cargo_home(surroundings).ok_or_else(|| FetchError::BadRequest {
            what: what.clone(),
            why: "neither CARGO_HOME nor HOME is set, so cargo's cache cannot be found".to_owned(),
        })?;
        if wanted.take_from(&home, to, cancel)?.is_ok() {
            return Ok(());
        }
        ask_cargo(&wanted, surroundings, to.parent().unwrap_or(Path::new("/")), cancel)?;
        match wanted.take_from(&home, to, cancel)? {
            Ok(()) => Ok(()),
            Err(Some(found)) => Err(FetchError::WrongHash { what, declared: fetch.sha256.clone(), found }),
            Err(None) => {
                let why = format!(
                    "cargo resolved it, but left no archive below '{}' \
                     (a registry replaced by a folder of sources has none)",
                    home.join("registry/cache").display()
                );
                Err(FetchError::Unreachable { what, why })
            }
        }
    }
}

/// A crate that is wanted.
struct Wanted<'a> {
    name: &'a str,
    version: &'a str,
    sha256: &'a str,
}

impl<'a> Wanted<'a> {
    fn of(fetch: &'a Fetch) -> Result<Wanted<'a>, FetchError> {
        let get = |key: &str| fetch.parameters.get(key).map_or("", String::as_str);
        let (name, version) = (get("name"), get("version"));
        let bad = |why: &str| FetchError::BadRequest { what: format!("crate '{name} {version}'"), why: why.to_owned() };
        let plain = |c: char, more: &str| c.is_ascii_alphanumeric() || more.contains(c);
        if name.is_empty() || !name.chars().all(|c| plain(c, "-_")) {
            return Err(bad("the name must be letters, digits, '-' and '_'"));
        }
        let numbers = version.split(['-', '+']).next().unwrap_or_default().split('.').filter(|part| !part.is_empty());
        if numbers.count() != 3 || !version.chars().all(|c| plain(c, ".-+")) {
            return Err(bad("the version must be exact, as in '1.2.3'"));
        }
        Ok(Wanted { name, version, sha256: &fetch.sha256 })
    }

    fn what(&self) -> String {
        format!("crate '{} {}'", self.name, self.version)
    }

    /// Copies the archive from cargo's cache; `Err` with the hash of one that has the name but other bytes.
    fn take_from(&self, home: &Path, to: &Path, cancel: &Cancel) -> Result<Result<(), Option<String>>, FetchError> {
        let mut wrong = None;
        for archive in self.candidates(home) {
            let taken = match sink::sha256_of(&archive, cancel) {
                Ok(found) if found == self.sha256 => sink::copy_checked(&archive, to, self.sha256, sink::LIMIT, cancel),
                Ok(found) => Err(Fault::WrongHash(found)),
                Err(fault) => Err(fault),
            };
            match taken {
                Ok(()) => return Ok(Ok(())),
                Err(Fault::Stop(error)) => return Err(error),
                Err(Fault::WrongHash(found)) => wrong = Some(found),
                Err(Fault::Refused(why) | Fault::Passing(why)) => {
                    tracing::debug!(archive = %archive.display(), why, "a cached crate cannot be read");
                }
            }
        }
        Ok(Err(wrong))
    }

    /// Archives of that name and version in the caches of all registries, in order.
    fn candidates(&self, home: &Path) -> Vec<PathBuf> {
        let exact = format!("{}-{}.crate", self.name, self.version);
        let with_metadata = format!("{}-{}+", self.name, self.version);
        let mut found = Vec::new();
        for registry in std::fs::read_dir(home.join("registry/cache")).into_iter().flatten().flatten() {
            for archive in std::fs::read_dir(registry.path()).into_iter().flatten().flatten() {
                let name = archive.file_name();
                let name = name.to_string_lossy();
                let metadata = name.starts_with(&with_metadata) && name.ends_with(".crate");
                if *name == exact || metadata {
                    found.push(archive.path());
                }
            }
        }
        found.sort();
        found
    }
}

/// Cargo's folder.
fn cargo_home(surroundings: &Surroundings) -> Option<PathBuf> {
    let get = |name: &str| surroundings.environment.get(name).filter(|value| !value.is_empty());
    let home = get("CARGO_HOME").map(PathBuf::from).or_else(|| get("HOME").map(|home| Path::new(home).join(".cargo")));
    home.filter(|home| home.is_absolute())
}

/// Has cargo download the crate into its cache. The throw-away package lies in `scratch`.
fn ask_cargo(
    wanted: &Wanted<'_>,
    surroundings: &Surroundings,
    scratch: &Path,
    cancel: &Cancel,
) -> Result<(), FetchError> {
    let what = wanted.what();
    let cargo = process::find("cargo", surroundings).ok_or_else(|| FetchError::Unreachable {
        what: what.clone(),
        why: "it is not in cargo's cache, and no cargo is on PATH to download it (install Rust, or put it on PATH)"
            .to_owned(),
    })?;
    let folder = manifest_for(wanted, scratch)?;
    let mut command = Command::new(&cargo);
    command.args(["fetch", "--color=never", "--manifest-path"]).arg(folder.path().join("Cargo.toml"));
    command.env("CARGO_TERM_PROGRESS_WHEN", "never");
    // Cargo looks for its configuration from its own folder up: the asker's, where it is known.
    let asker = surroundings.environment.get("PWD").map(PathBuf::from).filter(|p| p.is_absolute() && p.is_dir());
    command.current_dir(asker.as_deref().unwrap_or(folder.path()));
    let ran = process::run(command, surroundings, cancel)?;
    if ran.well { Ok(()) } else { Err(refusal(what, &ran.stderr)) }
}

/// A package that depends on the crate and on nothing else.
fn manifest_for(wanted: &Wanted<'_>, scratch: &Path) -> Result<tempfile::TempDir, FetchError> {
    let failed = |e: std::io::Error| FetchError::Store(Box::new(StoreError::io("writing below", scratch, e)));
    let folder = tempfile::Builder::new().prefix("gx-crate-").tempdir_in(scratch).map_err(failed)?;
    // A requirement takes no notice of what stands after '+'.
    let version = wanted.version.split('+').next().unwrap_or_default();
    let manifest = format!(
        r#"[package]
name = "gx-fetch-throw-away"
version = "0.0.0"
edition = "2021"

[lib]
path = "lib.rs"

[workspace]

[dependencies]
wanted = {{ package = "{}", version = "={version}", default-features = false }}
"#,
        wanted.name
    );
    std::fs::write(folder.path().join("Cargo.toml"), manifest).map_err(failed)?;
    std::fs::write(folder.path().join("lib.rs"), "").map_err(failed)?;
    Ok(folder)
}

/// Cargo's words, sorted into what can be done about them.
pub(crate) fn refusal(what: String, said: &str) -> FetchError {
    let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    let line = |start: &str| lines.iter().find_map(|line| line.strip_prefix(start)).map(str::trim);
    if has(&["no matching package named"]) {
        return FetchError::BadRequest {
            what,
            why: "no registry that cargo knows has a crate of that name".to_owned(),
        };
    }
    if has(&["is yanked", "yanked"]) && has(&["failed to select", "no matching"]) {
        let why = "that version was yanked, and cargo no longer resolves it; take another version".to_owned();
        return FetchError::BadRequest { what, why };
    }
    if has(&["failed to select a version"]) {
        let others = line("candidate versions found which didn't match:").unwrap_or("none");
        return FetchError::BadRequest { what, why: format!("there is no such version (there are: {others})") };
    }
    let offline = has(&["--offline", "offline mode", "net.offline"]);
    let hint = if offline {
        " (cargo is set to be offline)"
    } else if has(&[
        "Could not resolve",
        "Could not connect",
        "Couldn't resolve",
        "timed out",
        "spurious network error",
    ]) {
        " (the network cannot be reached; check the proxies in the environment and in cargo's configuration)"
    } else {
        ""
    };
    let first = line("error:").unwrap_or("it gave no reason").to_owned();
    let last = lines.last().filter(|last| !last.contains(&first)).map(|last| format!(": {last}")).unwrap_or_default();
    FetchError::Unreachable { what, why: format!("cargo: {first}{last}{hint}") }
}

#[cfg(test)]
mod tests;
