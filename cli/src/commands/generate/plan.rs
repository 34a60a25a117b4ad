//! What has to be done so that a folder has what is generated now and what people kept.
//!
//! Invariants: a plan exists only when nothing is in the way; it names no file that it leaves as it is; what is rescued
//! is written first, the files then, each whole. This file does not know how regions are found.

use super::Files;
use super::record::{Entry, Record};
use crate::error::{Place, Report};
use gx_spec::keep::{Merged, Refusal, Region, Texts, regenerate};
use gx_store::{Blobs, Store};
use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::io::{Error, ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Where regions go that have no place any more.
const RESCUED: &str = "gx-rescued";

/// What is done to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Rescue { path: String, text: String },
    Write { path: String, bytes: Vec<u8>, executable: bool },
    Remove { path: String },
}

impl Step {
    /// What it is called, and the file.
    pub(super) fn words(&self) -> (&'static str, &str) {
        match self {
            Step::Rescue { path, .. } => ("rescued", path),
            Step::Write { path, .. } => ("written", path),
            Step::Remove { path } => ("removed", path),
        }
    }
}

/// All that is done.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    /// Files that need nothing.
    pub(super) unchanged: usize,
}

/// What a plan is made from.
struct Maker<'a> {
    folder: &'a Path,
    shown: &'a str,
    store: &'a Store,
    last: &'a Record,
    operators: &'a BTreeSet<String>,
    merge: bool,
    plan: Plan,
    reports: Vec<Report>,
}

impl Plan {
    /// Looks at every file. All that is in the way is told.
    pub(super) fn of(
        folder: &Path,
        shown: &str,
        store: &Store,
        last: &Record,
        files: &Files,
        operators: &BTreeSet<String>,
        merge: bool,
    ) -> Result<Plan, Vec<Report>> {
        let (plan, reports) = (Plan::default(), Vec::new());
        let mut maker = Maker { folder, shown, store, last, operators, merge, plan, reports };
        let paths: BTreeSet<&String> = files.keys().chain(last.files.keys()).collect();
        for path in paths {
            if let Err(report) = maker.look(path, files.get(path)) {
                maker.reports.push(report);
            }
        }
        if maker.reports.is_empty() { Ok(maker.plan) } else { Err(maker.reports) }
    }

    /// Does it. On an error: of which file.
    pub(super) fn apply(&self, folder: &Path) -> Result<(), (PathBuf, Error)> {
        let order = |step: &&Step| match step {
            Step::Rescue { .. } => 0,
            Step::Write { .. } => 1,
            Step::Remove { .. } => 2,
        };
        let mut steps: Vec<&Step> = self.steps.iter().collect();
        steps.sort_by_key(order);
        for step in steps {
            let at = folder.join(step.words().1);
            let done = at.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| match step {
                Step::Rescue { text, .. } => replace(&at, text.as_bytes(), false),
                Step::Write { bytes, executable, .. } => replace(&at, bytes, *executable),
                Step::Remove { .. } => fs::remove_file(&at),
            });
            done.map_err(|error| (at, error))?;
        }
        Ok(())
    }
}

/// Puts a file in another one's place, so that it is there whole or not at all.
pub(super) fn replace(path: &Path, bytes: &[u8], executable: bool) -> Result<(), Error> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".gx-new");
    let beside = path.with_file_name(name);
    let mut file = fs::File::create(&beside)?;
    file.write_all(bytes)?;
    // Whoever may read a file may run it, as version control does it.
    let mode = file.metadata()?.permissions().mode();
    if executable {
        file.set_permissions(Permissions::from_mode(mode | (mode & 0o444) >> 2))?;
    }
    drop(file);
    fs::rename(&beside, path)
}

impl Maker<'_> {
    fn look(&mut self, path: &str, new: Option<&(Entry, Vec<u8>)>) -> Result<(), Report> {
        let function = self.store.function();
        let base = self.last.files.get(path);
        let (working, runs) = match self.there(path)? {
            Some(there) => there,
            None => {
                match (base, new) {
                    // Taken away: generated again only when there is something new to say.
                    (Some(base), Some((entry, _))) if base == entry => {
                        let message = format!("'{}/{path}' was removed", self.shown);
                        return Err(Report::new(1231, message).hint("get it back from version control"));
                    }
                    (_, Some((entry, bytes))) => self.write(path, bytes.clone(), entry.executable),
                    (_, None) => {}
                }
                return Ok(());
            }
        };
        match (base, new) {
            (_, Some((entry, bytes))) if *bytes == working && runs == entry.executable => self.plan.unchanged += 1,
            (None, Some(_)) => {
                let message = format!("'{}/{path}' is there and was not generated", self.shown);
                return Err(Report::new(1232, message).hint("move it away, or generate into another folder"));
            }
            (Some(base), Some((entry, bytes))) if base.is_of(&working, function) => {
                self.write(path, bytes.clone(), entry.executable);
            }
            (Some(base), None) if base.is_of(&working, function) => {
                self.plan.steps.push(Step::Remove { path: path.to_owned() });
            }
            (Some(base), _) => self.edited(path, base, &working, new)?,
            (None, None) => {}
        }
        Ok(())
    }

    /// The bytes of a file, and whether it can be run.
    fn there(&self, path: &str) -> Result<Option<(Vec<u8>, bool)>, Report> {
        let at = self.folder.join(path);
        let meta = match fs::symlink_metadata(&at) {
            Ok(meta) => meta,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
            Err(error) => {
                return Err(Report::new(1232, format!("'{}/{path}' cannot be read", self.shown)).cause(&error));
            }
        };
        if !meta.is_file() {
            let report = Report::new(1232, format!("'{}/{path}' is no file", self.shown));
            return Err(report.hint("move it away, or generate into another folder"));
        }
        match fs::read(&at) {
            Ok(bytes) => Ok(Some((bytes, meta.permissions().mode() & 0o100 != 0))),
            Err(error) => Err(Report::new(1232, format!("'{}/{path}' cannot be read", self.shown)).cause(&error)),
        }
    }

    /// A file that is not what was generated last.
    fn edited(
        &mut self,
        path: &str,
        base: &Entry,
        working: &[u8],
        new: Option<&(Entry, Vec<u8>)>,
    ) -> Result<(), Report> {
        let refused = |report: Report, line: usize| report.at(self.place(path, line));
        let Ok(working) = std::str::from_utf8(working) else {
            let message = format!("'{}/{path}' was edited, and is no text", self.shown);
            return Err(Report::new(1231, message).hint("get it back from version control"));
        };
        let fresh = new.map_or(Ok(""), |(_, bytes)| std::str::from_utf8(bytes));
        let Ok(fresh) = fresh else {
            let message = format!("'{}/{path}' was edited, and what is generated now is no text", self.shown);
            return Err(Report::new(1231, message).hint("get it back from version control"));
        };
        let none = BTreeSet::new();
        let operators = if new.is_some() { self.operators } else { &none };
        // When an earlier run was cut off, the new text is there already.
        let again = Texts { base: fresh, working, new: fresh };
        let made = match regenerate(again, operators, false) {
            Ok(made) => Ok(made),
            Err(_) => {
                let text = self.text_of(path, base)?;
                regenerate(Texts { base: &text, working, new: fresh }, operators, self.merge)
            }
        };
        let Merged { text, mut rescued } = match made {
            Ok(made) => made,
            Err(refusals) => {
                let reports = refusals.iter().map(|refusal| {
                    let (report, line) = told(refusal);
                    refused(report, line)
                });
                let reports: Vec<Report> = reports.collect();
                self.reports.extend(reports);
                return Ok(());
            }
        };
        match new {
            Some((entry, _)) if text != working => self.write(path, text.into_bytes(), entry.executable),
            Some(_) => self.plan.unchanged += 1,
            None => {
                // Of a file that is generated no more, nothing but regions can be left.
                if !text.trim().is_empty() {
                    rescued.push(Region { name: "rest".to_owned(), line: 1, text });
                }
                self.plan.steps.push(Step::Remove { path: path.to_owned() });
            }
        }
        for region in rescued {
            self.rescue(path, region);
        }
        Ok(())
    }

    fn write(&mut self, path: &str, bytes: Vec<u8>, executable: bool) {
        self.plan.steps.push(Step::Write { path: path.to_owned(), bytes, executable });
    }

    /// A file of its own for a region, where none is yet.
    fn rescue(&mut self, path: &str, region: Region) {
        let name = region.name.replace('/', ".");
        let mut free = format!("{RESCUED}/{path}.{name}");
        let mut number = 1;
        let taken = |at: &str| {
            self.folder.join(at).symlink_metadata().is_ok() || self.plan.steps.iter().any(|step| step.words().1 == at)
        };
        while taken(&free) {
            number += 1;
            free = format!("{RESCUED}/{path}.{name}.{number}");
        }
        self.plan.steps.push(Step::Rescue { path: free, text: region.text });
    }

    /// The text that was generated last.
    fn text_of(&self, path: &str, base: &Entry) -> Result<String, Report> {
        let bytes = base.blob(self.store.function()).and_then(|blob| self.store.blob(&blob).ok());
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        text.ok_or_else(|| {
            let message =
                format!("'{}/{path}' was edited, and this store has no copy of what was generated", self.shown);
            Report::new(1234, message)
                .hint("check out what it was generated from, run the same command, and come back to what is now")
        })
    }

    fn place(&self, path: &str, line: usize) -> Place {
        Place::new(format!("{}/{path}", self.shown), u32::try_from(line).unwrap_or(1), 1)
    }
}

/// A refusal in words, and where.
fn told(refusal: &Refusal) -> (Report, usize) {
    match refusal {
        Refusal::Marks { line, why } => (Report::new(1235, why.clone()), *line),
        Refusal::Edited { line, diff } => {
            let report = Report::new(1231, format!("edited outside of a kept region:\n{}", diff.trim_end()));
            let hint = "put it between `gx:keep begin NAME` and `gx:keep end`, or take it in with --merge";
            (report.hint(hint), *line)
        }
        Refusal::Conflict { line, what } => {
            let report = Report::new(1232, what.clone());
            (report.hint("move what is yours away from there, generate, and put it where it belongs now"), *line)
        }
    }
}
