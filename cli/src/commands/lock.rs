//! `gx lock`: resolves the packages of `debian_packages` repositories through apt, and writes their locks.
//!
//! Invariants: a lock is written whole or not at all, and not touched when nothing changed; a mistake in one repository
//! leaves the locks of all others as they were. No store is needed. This file does not know apt.

use crate::error::{Place, Report};
use crate::event::{Event, Face};
use crate::exit::Exit;
use crate::map;
use crate::project::FILE;
use crate::request::Request;
use crate::signals::Watch;
use gx_remote::apt::Apt;
use gx_rules::debian::{DebianPackages, packages_of};
use gx_rules::lock::{DebianLock, Locked, name_of};
use gx_store::Cancel;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

/// Answers it.
pub(super) fn answer(request: &Request, names: &[String], face: &dyn Face) -> Result<Exit, Report> {
    let project = request.project.as_ref().ok_or_else(|| Report::new(101, "this command needs a workspace"))?;
    let wanted = repositories(request, names)?;
    if wanted.is_empty() {
        face.event(Event::Note("gx.toml declares no repository of kind debian_packages".to_owned()));
        return Ok(Exit::Ok);
    }
    let cancel = Cancel::new();
    let _watch = Watch::start(true, {
        let cancel = cancel.clone();
        move || cancel.cancel()
    })?;
    let scratch = std::env::temp_dir();
    let mut locks: BTreeMap<&str, DebianLock> = BTreeMap::new();
    let mut architectures: Vec<&String> = wanted.values().flat_map(|it| &it.architectures).collect();
    architectures.sort();
    architectures.dedup();
    for architecture in architectures {
        face.event(Event::Note(format!("asking apt for the packages of {architecture}")));
        let fetch = |error| map::fetch(&error);
        let apt = Apt::update(architecture, &request.surroundings, &scratch, &cancel).map_err(fetch)?;
        for (name, packages) in wanted.iter().filter(|(_, it)| it.architectures.contains(architecture)) {
            let line = project.repositories.iter().find(|(known, _)| known == name).map_or(0, |(_, line)| *line);
            let closure = apt.closure(&packages.packages);
            let closure = closure.map_err(|error| map::fetch(&error).at(Place::new(FILE, line, 1)))?;
            let lock = locks.entry(name).or_default();
            lock.wanted = packages.packages.iter().map(|package| name_of(package).to_owned()).collect();
            let closure = closure.into_iter().map(|it| {
                let locked = Locked {
                    name: it.name,
                    version: it.version,
                    architecture: it.architecture,
                    sha256: it.sha256,
                    size: it.size,
                    path: it.path,
                };
                (locked.name.clone(), locked)
            });
            lock.closures.insert(architecture.clone(), closure.collect());
        }
    }
    for (name, lock) in &locks {
        let Some(packages) = wanted.get(*name) else { continue };
        write(&project.root, name, packages, lock, face)?;
    }
    Ok(Exit::Ok)
}

/// The repositories that are meant, by name.
fn repositories(request: &Request, names: &[String]) -> Result<BTreeMap<String, DebianPackages>, Report> {
    let tables = match &request.project {
        Some(project) => project.repository_tables()?,
        None => BTreeMap::new(),
    };
    let mut all = BTreeMap::new();
    for (name, table) in &tables {
        if let Some(read) = packages_of(name, table) {
            all.insert(name.clone(), read.map_err(|error| map::load(&error))?);
        }
    }
    for name in names {
        let plain = name.trim_start_matches('@');
        if !all.contains_key(plain) {
            let report = Report::new(801, format!("'{name}' is no repository of kind debian_packages in gx.toml"));
            return Err(report.suggest(plain, all.keys().map(String::as_str)));
        }
    }
    if !names.is_empty() {
        all.retain(|known, _| names.iter().any(|name| name.trim_start_matches('@') == known));
    }
    Ok(all)
}

/// Writes a lock where it is not the same already, and says what changed.
fn write(root: &Path, name: &str, packages: &DebianPackages, lock: &DebianLock, face: &dyn Face) -> Result<(), Report> {
    let text = lock.format();
    // What is written must be what is read.
    let again = DebianLock::parse(&text);
    if again.as_ref() != Ok(lock) {
        let why = again.err().map(|error| error.to_string()).unwrap_or_default();
        return Err(Report::new(120, format!("apt names packages of '@{name}' that no lock can hold: {why}")));
    }
    let path = root.join(&packages.lock);
    let before = std::fs::read_to_string(&path).unwrap_or_default();
    let count: usize = lock.closures.values().map(BTreeMap::len).sum();
    if before == text {
        face.event(Event::Note(format!("{}: {count} packages, as before", packages.lock)));
        return Ok(());
    }
    let failed =
        |error: &std::io::Error| Report::new(804, format!("'{}' cannot be written", path.display())).cause(error);
    let folder = path.parent().unwrap_or(root);
    std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|error| failed(&error))?;
    file.write_all(text.as_bytes()).map_err(|error| failed(&error))?;
    // A temporary file is its maker's alone; a lock is for everybody who may read the workspace.
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    file.as_file().set_permissions(mode).map_err(|error| failed(&error))?;
    file.persist(&path).map_err(|error| failed(&error.error))?;
    let old: std::collections::BTreeSet<&str> = before.lines().collect();
    let changed = text.lines().filter(|line| !old.contains(line)).count();
    face.event(Event::Note(format!("{}: {count} packages, {changed} lines are new", packages.lock)));
    Ok(())
}
