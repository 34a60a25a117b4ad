//! The closure of packages, resolved by the machine's own apt for any architecture that its mirrors have.
//!
//! apt is given a state of its own in a folder that is removed after: empty, so that what is installed here decides
//! nothing, and filled by `apt-get update` from the machine's sources. This file does not know locks.

use super::configuration::Configuration;
use super::{cache_stanzas, errors, no_apt, program, uris};
use crate::process::{self, Ran};
use gx_store::{Cancel, FetchError, Surroundings};
use std::path::Path;
use std::process::Command;

/// Names on one command line.
const AT_ONCE: usize = 500;

/// A package of a closure.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resolved {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it was built for: an architecture, or `all`.
    pub architecture: String,
    /// SHA-256 of the `.deb`.
    pub sha256: String,
    /// Bytes of the `.deb`.
    pub size: u64,
    /// Where it is, below an archive's mirror.
    pub path: String,
}

/// apt with a state of its own, for packages of one architecture.
pub struct Apt<'a> {
    architecture: String,
    configuration: Configuration,
    surroundings: &'a Surroundings,
    cancel: &'a Cancel,
    _folder: tempfile::TempDir,
}

impl<'a> Apt<'a> {
    /// Gets the lists of what the machine's mirrors have now. `scratch` is a folder for them while this lives.
    pub fn update(
        architecture: &str,
        surroundings: &'a Surroundings,
        scratch: &Path,
        cancel: &'a Cancel,
    ) -> Result<Apt<'a>, FetchError> {
        let what = format!("the list of packages for {architecture}");
        let folder = process::scratch_in(scratch, "gx-lock-")?;
        let configuration = Configuration::new(folder.path(), Some(architecture), surroundings)?;
        let architecture = architecture.to_owned();
        let apt = Apt { architecture, configuration, surroundings, cancel, _folder: folder };
        let updated = apt.run(&what, "apt-get", &["update", "--error-on=any"].map(str::to_owned))?;
        if !updated.well {
            let why = format!("apt-get update: {}", errors(&updated.stderr));
            return Err(FetchError::Unreachable { what, why });
        }
        // A list that is for no architecture has packages for any.
        let lists = ["indextargets", "--format", "=$(ARCHITECTURE)", "Created-By: Packages"].map(str::to_owned);
        let listed = apt.run(&what, "apt-get", &lists)?.stdout;
        let fits = |of: &str| of.is_empty() || of.starts_with('$') || of == apt.architecture;
        if !listed.lines().filter_map(|line| line.strip_prefix('=')).any(fits) {
            let why = "no mirror that apt is set to use has packages for that architecture".to_owned();
            return Err(FetchError::BadRequest { what, why });
        }
        Ok(apt)
    }

    /// The closure of packages (names, or `name=version`), by name.
    pub fn closure(&self, packages: &[String]) -> Result<Vec<Resolved>, FetchError> {
        let what = format!("the closure of {} for {}", packages.join(", "), self.architecture);
        let bad = |why: String| FetchError::BadRequest { what: what.clone(), why };
        let install = ["install", "--print-uris", "--yes", "--no-install-recommends", "--"].map(str::to_owned);
        let listed = self.run(&what, "apt-get", &[&install, packages].concat())?;
        if !listed.well {
            return Err(bad(unresolved(&listed)));
        }
        let named = uris(&listed.stdout);
        for package in packages {
            let name = package.split('=').next().unwrap_or_default();
            if !named.iter().any(|found| found.name == name) {
                let why = "is no package by itself but something that others provide; name one of them";
                return Err(bad(format!("'{name}' {why}")));
            }
        }
        let mut resolved = Vec::with_capacity(named.len());
        for some in named.chunks(AT_ONCE) {
            let names = some.iter().map(|it| format!("{}={}", it.name, it.version));
            let show: Vec<String> = ["show", "--"].map(str::to_owned).into_iter().chain(names).collect();
            let shown = cache_stanzas(&self.run(&what, "apt-cache", &show)?.stdout);
            for it in some {
                let key = (it.name.clone(), it.version.clone(), it.architecture.clone());
                let lacking = || bad(format!("apt-cache does not describe '{} {}'", it.name, it.version));
                resolved.push(shown.get(&key).cloned().ok_or_else(lacking)?);
            }
        }
        Ok(resolved)
    }

    fn run(&self, what: &str, name: &str, arguments: &[String]) -> Result<Ran, FetchError> {
        let program = program(name, self.surroundings).ok_or_else(|| no_apt(what.to_owned()))?;
        let mut command = Command::new(program);
        command.args(arguments);
        self.configuration.apply(&mut command);
        process::run(command, self.surroundings, self.cancel)
    }
}

/// What stands in the way, in apt's words.
fn unresolved(said: &Ran) -> String {
    let needs = said.stdout.lines().skip_while(|line| !line.contains("have unmet dependencies"));
    let needs: Vec<&str> = needs.skip(1).take_while(|line| line.starts_with(' ')).map(str::trim).collect();
    let errors = errors(&said.stderr);
    if needs.is_empty() { errors } else { format!("{}: {errors}", needs.join("; ")) }
}
