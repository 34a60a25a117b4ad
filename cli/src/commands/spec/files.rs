//! The files that a command names: found, read, and loaded with what they import.
//!
//! Invariants: folders are searched in order of name; an import is looked for among the files that were named, in
//! their folders, and among the packs that gx ships. This file does not know what a contract means.

use super::Told;
use crate::error::{Place, Report};
use gx_spec::front::{Form, load_any};
use gx_spec::load::{Loaded, Source};
use gx_spec::rules::Rules;
use gx_spec::said::{Facts, Finding};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The ending of contracts.
pub(in crate::commands) const UPEL: &str = "upel";

/// The largest file that is read.
const MOST: u64 = gx_spec::syntax::MAX_TEXT as u64 + 1;

/// Loaded files, of which the first were asked for.
pub(in crate::commands) struct Files {
    /// All of them.
    pub(in crate::commands) all: Vec<Loaded>,
    /// How many were asked for.
    pub(in crate::commands) asked: usize,
    /// Findings of documents in other forms than the language's: those that were asked for.
    pub(in crate::commands) findings: Vec<Finding>,
    /// For each document that was asked for its text in the language, when its own form is another.
    pub(super) texts: Vec<Option<String>>,
    /// And what it says.
    pub(super) facts: Vec<Option<Facts>>,
}

impl Files {
    /// Those that were asked for.
    pub(in crate::commands) fn asked(&self) -> &[Loaded] {
        self.all.get(..self.asked).unwrap_or_default()
    }

    /// Loads what paths name, and what that imports.
    pub(super) fn load(told: &Told<'_>, paths: &[PathBuf]) -> Result<Files, Report> {
        let named = find(told, paths, |path| path.extension().is_some_and(|it| it == UPEL))?;
        let mut sources = Vec::with_capacity(named.len());
        for path in &named {
            sources.push(read(path)?);
        }
        let asked = sources.len();
        add_imported(&named, &mut sources)?;
        let mut files = Files { all: Vec::new(), asked, findings: Vec::new(), texts: Vec::new(), facts: Vec::new() };
        for (at, document) in load_any(sources, Rules::all(), 0).into_iter().enumerate() {
            files.all.push(document.loaded);
            if at < asked {
                files.findings.extend(document.findings);
                files.texts.push(document.text);
                files.facts.push(document.facts);
            }
        }
        gx_spec::said::sort(&mut files.findings);
        Ok(files)
    }

    /// Loads one file; its findings are the answer when it has any.
    pub(super) fn one(told: &Told<'_>, path: &Path) -> Result<Files, Report> {
        if path.is_dir() {
            let report = Report::new(1016, format!("'{}' is a folder, and one contract is asked for", path.display()));
            return Err(report.hint("name the contract's file"));
        }
        Files::load(told, &[path.to_path_buf()])
    }
}

/// Files that paths name: themselves, or in folders those that suit; sorted and each once.
pub(in crate::commands) fn find(
    _told: &Told<'_>,
    paths: &[PathBuf],
    suits: impl Fn(&Path) -> bool,
) -> Result<Vec<PathBuf>, Report> {
    let mut found = BTreeSet::new();
    for path in paths {
        let meta = std::fs::metadata(path).map_err(|error| unreadable(path, &error))?;
        if !meta.is_dir() {
            found.insert(path.clone());
            continue;
        }
        let before = found.len();
        let mut folders = vec![path.clone()];
        while let Some(folder) = folders.pop() {
            let entries = std::fs::read_dir(&folder).map_err(|error| unreadable(&folder, &error))?;
            for entry in entries {
                let entry = entry.map_err(|error| unreadable(&folder, &error))?;
                let kind = entry.file_type().map_err(|error| unreadable(&folder, &error))?;
                let hidden = entry.file_name().to_string_lossy().starts_with('.') || entry.file_name() == "gx-out";
                if kind.is_dir() && !hidden {
                    folders.push(entry.path());
                } else if kind.is_file() && suits(&entry.path()) {
                    found.insert(plain(&entry.path()));
                }
            }
        }
        if found.len() == before {
            let report = Report::new(1016, format!("there is no contract in '{}'", path.display()));
            return Err(report.hint("contracts are files with the ending .upel"));
        }
    }
    Ok(found.into_iter().collect())
}

/// `./a` is shown as `a`.
fn plain(path: &Path) -> PathBuf {
    path.strip_prefix(".").map_or_else(|_| path.to_path_buf(), Path::to_path_buf)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Report {
    Report::new(1016, format!("'{}' cannot be read", path.display())).cause(error)
}

/// Reads a file, of regular kind and sensible size.
pub(in crate::commands) fn read(path: &Path) -> Result<Source, Report> {
    use std::io::Read;
    let name = path.display().to_string();
    let file = std::fs::File::open(path).map_err(|error| unreadable(path, &error))?;
    let meta = file.metadata().map_err(|error| unreadable(path, &error))?;
    if !meta.is_file() {
        let report = Report::new(1016, format!("'{name}' is no file")).at(Place::new(name, 0, 0));
        return Err(report.hint("a contract is a file with the ending .upel"));
    }
    let mut bytes = Vec::new();
    // One byte more than may be read: the parser says that it is too large.
    file.take(MOST).read_to_end(&mut bytes).map_err(|error| unreadable(path, &error))?;
    Ok(Source { name, bytes })
}

/// Adds files of the same folders while something is imported that none of the files is.
fn add_imported(named: &[PathBuf], sources: &mut Vec<Source>) -> Result<(), Report> {
    // Other forms name what they import in their own ways; looking costs little.
    let imports = |source: &Source| {
        !matches!(Form::of(&source.name), None | Some(Form::Upel)) || !gx_spec::load::imports_of(source).is_empty()
    };
    if !sources.iter().any(imports) {
        return Ok(());
    }
    let folders: BTreeSet<PathBuf> = named
        .iter()
        .map(|path| path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_path_buf())
        .collect();
    let known: BTreeSet<PathBuf> = named.iter().map(|path| plain(path)).collect();
    for folder in folders {
        let entries = std::fs::read_dir(&folder).map_err(|error| unreadable(&folder, &error))?;
        let mut found: Vec<PathBuf> = entries
            .filter_map(|entry| Some(plain(&entry.ok()?.path())))
            .filter(|path| path.extension().is_some_and(|it| it == UPEL) && path.is_file() && !known.contains(path))
            .collect();
        found.sort();
        for path in found {
            sources.push(read(&path)?);
        }
    }
    add_packs(sources);
    Ok(())
}

/// Adds the packs that gx ships when a file names one, but those that a file declares itself.
pub(in crate::commands) fn add_packs(sources: &mut Vec<Source>) {
    // Parsing every file once more to know for sure would cost more than it spares.
    let speaks_of = |source: &Source, words: &str| source.bytes.windows(words.len()).any(|it| it == words.as_bytes());
    if !sources.iter().any(|source| speaks_of(source, "Gx.")) {
        return;
    }
    let own = sources.iter().filter(|source| speaks_of(source, "contract Gx."));
    let own: BTreeSet<String> = own.filter_map(gx_spec::load::name_of).collect();
    for (path, text) in gx_stdlib::packs() {
        let pack = Source { name: format!("@gx//{path}"), bytes: text.as_bytes().to_vec() };
        if gx_spec::load::name_of(&pack).is_some_and(|name| !own.contains(&name)) {
            sources.push(pack);
        }
    }
}
