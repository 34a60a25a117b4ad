//! The host's files as the import looks at them: every look leaves a stamp, every path that is taken an entry.
//!
//! Paths are relative to the root and normal. Invariants: what decided the import is in `stamps`, absent things too,
//! so that a later import can tell whether anything changed by stats alone; a file that is taken has every symlink on
//! its way taken too, so that the tree works at the same paths; state of `/etc/alternatives` is settled: the link
//! that led there leads to the final file of the best alternative instead; nothing below `usr/local` is ever taken but
//! what was admitted by name.
//! This file does not know programs nor formats.

use super::alternatives;
use gx_store::{RealiseError, Stamp, StoreError};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Symlinks followed before a path counts as a loop.
const MAX_LINKS: usize = 40;
/// Links into this folder are settled.
const ALTERNATIVES: &str = "etc/alternatives";
/// What people install by hand is not the same on two machines.
const LOCAL: &str = "usr/local";

/// What a path is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing.
    Absent,
    /// A file, and may it be executed.
    File(bool),
    /// A symlink and its target.
    Link(String),
    /// A folder.
    Folder,
    /// A device, a socket or a pipe, or a name that is not text.
    Other,
}

/// What the tree gets at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    /// The host's file of that path.
    File,
    /// The host's file of this other path: one of a folder that stands elsewhere in the tree.
    From(String),
    /// A symlink with this relative target.
    Link(String),
}

/// The looks so far.
#[derive(Debug)]
pub(super) struct View {
    root: PathBuf,
    looks: BTreeMap<String, Kind>,
    /// Stamp of each path that was looked at; `None` where nothing is. Folders are not stamped: `listings` are.
    pub(super) stamps: BTreeMap<String, Option<Stamp>>,
    /// Folders whose list of names decided something.
    pub(super) listings: BTreeMap<String, Option<Stamp>>,
    /// What the tree gets.
    pub(super) entries: BTreeMap<String, Entry>,
    /// Files that were taken and not inspected yet.
    fresh: Vec<String>,
    /// Folders that may be taken although they are below `usr/local`.
    admitted: Vec<String>,
    /// A folder of the host, and where it stands in the tree.
    placed: Option<(String, String)>,
}

impl View {
    /// Nothing looked at yet.
    pub(super) fn new(root: &Path) -> View {
        View {
            root: root.to_owned(),
            looks: BTreeMap::new(),
            stamps: BTreeMap::new(),
            listings: BTreeMap::new(),
            entries: BTreeMap::new(),
            fresh: Vec::new(),
            admitted: Vec::new(),
            placed: None,
        }
    }

    /// Where a path is on the host.
    pub(super) fn on_host(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// What is at a path whose folders are real.
    pub(super) fn look(&mut self, path: &str) -> Result<Kind, RealiseError> {
        if let Some(kind) = self.looks.get(path) {
            return Ok(kind.clone());
        }
        let place = self.on_host(path);
        let io = |e| RealiseError::Store(StoreError::io("looking at", &place, e));
        let (kind, stamp) = match std::fs::symlink_metadata(&place) {
            Ok(metadata) if metadata.is_dir() => (Kind::Folder, None),
            Ok(metadata) => {
                let stamp = Stamp::of(&metadata);
                let kind = if metadata.is_file() {
                    Kind::File(stamp.mode & 0o111 != 0)
                } else if metadata.is_symlink() {
                    let target = std::fs::read_link(&place).map_err(io)?;
                    let target = target.into_os_string().into_string();
                    target.map_or(Ok(Kind::Other), |target| self.settle(path, target).map(Kind::Link))?
                } else {
                    Kind::Other
                };
                (kind, Some(stamp))
            }
            Err(e) if matches!(e.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
                (Kind::Absent, None)
            }
            Err(e) => return Err(io(e)),
        };
        if kind != Kind::Folder {
            self.stamps.insert(path.to_owned(), stamp);
        }
        self.looks.insert(path.to_owned(), kind.clone());
        Ok(kind)
    }

    /// The target of a symlink; of one among the alternatives, the best one that is there.
    fn settle(&mut self, link: &str, target: String) -> Result<String, RealiseError> {
        let Some(name) = link.strip_prefix(ALTERNATIVES).and_then(|rest| rest.strip_prefix('/')) else {
            return Ok(target);
        };
        let record = format!("{}/{name}", alternatives::RECORDS);
        let Kind::File(_) = self.look(&record)? else { return Ok(target) };
        for candidate in alternatives::candidates(&String::from_utf8_lossy(&self.read(&record)?)) {
            if let Some(Walked { kind: Kind::File(true), .. }) = self.walk(&candidate)? {
                return Ok(candidate);
            }
        }
        Ok(target)
    }

    /// Names in a folder, sorted; none where there is no folder.
    pub(super) fn list(&mut self, path: &str) -> Result<Vec<String>, RealiseError> {
        let place = self.on_host(path);
        let stamp = std::fs::metadata(&place).ok().map(|metadata| Stamp::of(&metadata));
        self.listings.insert(path.to_owned(), stamp);
        let Ok(entries) = std::fs::read_dir(&place) else { return Ok(Vec::new()) };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|e| StoreError::io("listing", &place, e))?;
            names.extend(entry.file_name().into_string());
        }
        names.sort();
        Ok(names)
    }

    /// The bytes of a file.
    pub(super) fn read(&self, path: &str) -> Result<Vec<u8>, RealiseError> {
        let place = self.on_host(path);
        std::fs::read(&place).map_err(|e| StoreError::io("reading", place, e).into())
    }

    /// The real path of a file or folder; `None` where there is none or it lies below `usr/local`.
    pub(super) fn real(&mut self, path: &str) -> Result<Option<(String, Kind)>, RealiseError> {
        Ok(self.walk(path)?.map(|walked| (walked.real, walked.kind)))
    }

    /// Takes the file at `path` with all symlinks on the way; its real path, or `None` where there is no file.
    pub(super) fn take(&mut self, path: &str) -> Result<Option<String>, RealiseError> {
        let Some(walked) = self.walk(path)? else { return Ok(None) };
        let Kind::File(_) = walked.kind else { return Ok(None) };
        self.take_links(walked.links, &walked.real)?;
        let (place, entry) = match self.place(&walked.real) {
            Some(place) => (place, Entry::From(walked.real.clone())),
            None => (walked.real.clone(), Entry::File),
        };
        if self.entries.insert(place, entry).is_none() {
            self.fresh.push(walked.real.clone());
        }
        Ok(Some(walked.real))
    }

    /// Takes the symlink at `path` where it leads to a folder; what is in that is not taken.
    pub(super) fn take_folder_link(&mut self, path: &str) -> Result<(), RealiseError> {
        match self.walk(path)? {
            Some(walked) if walked.kind == Kind::Folder => self.take_links(walked.links, &walked.real),
            _ => Ok(()),
        }
    }

    /// Takes the symlinks on the way to `real`.
    fn take_links(&mut self, links: Vec<(String, String)>, real: &str) -> Result<(), RealiseError> {
        let moves = self.place(real).is_some();
        for (link, target) in links {
            // How a person's home is linked together is nobody's business; in a placed folder links stay as they are.
            if is_below(&link, ALTERNATIVES) || (moves && self.place(&link).is_none()) {
                continue;
            }
            match self.place(&link) {
                Some(place) => self.entries.insert(place, Entry::Link(target)),
                None => {
                    let entry = self.link_entry(&link, &target)?;
                    self.entries.insert(link, entry)
                }
            };
        }
        Ok(())
    }

    /// Lets `folder` be taken wherever it lies.
    pub(super) fn admit(&mut self, folder: &str) {
        self.admitted.push(folder.to_owned());
    }

    /// Has what lies below the real folder `from` stand below `to` in the tree.
    pub(super) fn place_at(&mut self, from: &str, to: &str) {
        self.placed = Some((from.to_owned(), to.to_owned()));
    }

    /// Where a file of the placed folder stands.
    fn place(&self, path: &str) -> Option<String> {
        let (from, to) = self.placed.as_ref()?;
        path.strip_prefix(from.as_str()).filter(|rest| rest.starts_with('/')).map(|rest| format!("{to}{rest}"))
    }

    /// Takes a symlink of the root itself, such as `lib` of a merged `/usr`.
    pub(super) fn take_root_link(&mut self, name: &str) -> Result<(), RealiseError> {
        if let Kind::Link(target) = self.look(name)? {
            let entry = self.link_entry(name, &target)?;
            self.entries.insert(name.to_owned(), entry);
        }
        Ok(())
    }

    /// Puts a link at `path` to a file that was taken, unless something is there.
    pub(super) fn alias(&mut self, path: &str, to: &str) {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        self.entries.entry(path.to_owned()).or_insert_with(|| Entry::Link(relative(folder, to)));
    }

    /// Files taken since the last call.
    pub(super) fn fresh(&mut self) -> Vec<String> {
        std::mem::take(&mut self.fresh)
    }

    /// A link of the tree at `link`, whose folder is real.
    fn link_entry(&mut self, link: &str, target: &str) -> Result<Entry, RealiseError> {
        let folder = link.rsplit_once('/').map_or("", |(folder, _)| folder);
        let plain = normal(folder, target);
        let through = match &plain {
            Some(goal) => {
                let above = goal.rsplit_once('/').map_or("", |(above, _)| above);
                self.walk(above)?.map_or(above.to_owned(), |walked| walked.real)
            }
            None => String::new(),
        };
        if is_below(&through, ALTERNATIVES) {
            let settled = self.walk(link)?.map(|walked| walked.real).unwrap_or_default();
            return Ok(Entry::Link(relative(folder, &settled)));
        }
        Ok(Entry::Link(match plain {
            Some(_) if !target.starts_with('/') => target.to_owned(),
            Some(goal) => relative(folder, &goal),
            None => relative(folder, ""),
        }))
    }

    /// Follows a path to what it really is.
    fn walk(&mut self, path: &str) -> Result<Option<Walked>, RealiseError> {
        let mut at: Vec<String> = Vec::new();
        let mut ahead: Vec<String> = path.rsplit('/').map(str::to_owned).collect();
        let mut links: Vec<(String, String)> = Vec::new();
        let mut kind = Kind::Folder;
        while let Some(step) = ahead.pop() {
            match step.as_str() {
                "" | "." => continue,
                ".." => {
                    at.pop();
                    continue;
                }
                _ => {}
            }
            if kind != Kind::Folder {
                return Ok(None);
            }
            at.push(step);
            let next = at.join("/");
            match self.look(&next)? {
                Kind::Link(target) => {
                    if links.len() >= MAX_LINKS {
                        return Ok(None);
                    }
                    at.pop();
                    if target.starts_with('/') {
                        at.clear();
                    }
                    ahead.extend(target.rsplit('/').map(str::to_owned));
                    links.push((next, target));
                }
                Kind::Absent | Kind::Other => return Ok(None),
                Kind::Folder => {}
                found @ Kind::File(_) => kind = found,
            }
        }
        let real = at.join("/");
        if is_below(&real, LOCAL) && !self.admitted.iter().any(|folder| is_below(&real, folder)) {
            return Ok(None);
        }
        Ok(Some(Walked { real, kind, links }))
    }
}

/// Where a path led.
struct Walked {
    real: String,
    kind: Kind,
    links: Vec<(String, String)>,
}

/// Is `path` the folder or below it?
pub(super) fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// `target` seen from `folder`, by its letters; `None` when that is above the root.
pub(super) fn normal(folder: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    if !target.starts_with('/') {
        parts.extend(folder.split('/').filter(|part| !part.is_empty()));
    }
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// The link text that leads from `folder` to `goal`.
fn relative(folder: &str, goal: &str) -> String {
    let split = |path: &str| path.split('/').filter(|p| !p.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let (from, to) = (split(folder), split(goal));
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let mut parts = vec!["..".to_owned(); from.len() - shared];
    parts.extend(to.into_iter().skip(shared));
    if parts.is_empty() { ".".to_owned() } else { parts.join("/") }
}

/// Folders in `paths`, without repetitions, in their order; none below `usr/local`.
pub(super) fn folders<'a>(paths: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    paths
        .filter_map(|path| normal("", path))
        .filter(|path| !is_below(path, LOCAL) && seen.insert(path.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn host() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        for path in ["usr/bin", "usr/lib/x", "usr/lib64", "etc/alternatives", "usr/local/bin"] {
            std::fs::create_dir_all(at(path)).unwrap();
        }
        for path in ["usr/bin/mawk", "usr/lib/x/ld.so", "usr/local/bin/mine"] {
            std::fs::write(at(path), path).unwrap();
            std::fs::set_permissions(at(path), std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        for (target, path) in [
            ("usr/bin", "bin"),
            ("usr/lib", "lib"),
            ("usr/lib64", "lib64"),
            ("/etc/alternatives/awk", "usr/bin/awk"),
            ("/usr/bin/mawk", "etc/alternatives/awk"),
            ("/lib/x/ld.so", "usr/lib64/ld.so"),
            ("../local/bin/mine", "usr/bin/mine"),
            ("loop", "usr/bin/loop"),
        ] {
            symlink(target, at(path)).unwrap();
        }
        folder
    }

    #[test]
    fn links_are_kept_and_alternatives_settled() {
        let host = host();
        let mut view = View::new(host.path());
        assert_eq!(view.take("bin/awk").unwrap().as_deref(), Some("usr/bin/mawk"));
        assert_eq!(view.take("lib64/ld.so").unwrap().as_deref(), Some("usr/lib/x/ld.so"));
        for nothing in ["usr/bin/mine", "usr/bin/loop", "usr/bin/absent", "usr/bin/mawk/x", "usr/bin"] {
            assert_eq!(view.take(nothing).unwrap(), None, "{nothing}");
        }
        let link = |target: &str| Entry::Link(target.to_owned());
        let entries: Vec<(&str, Entry)> =
            view.entries.iter().map(|(path, entry)| (path.as_str(), entry.clone())).collect();
        assert_eq!(
            entries,
            [
                ("bin", link("usr/bin")),
                ("lib", link("usr/lib")),
                ("lib64", link("usr/lib64")),
                ("usr/bin/awk", link("mawk")),
                ("usr/bin/mawk", Entry::File),
                ("usr/lib/x/ld.so", Entry::File),
                ("usr/lib64/ld.so", link("../../lib/x/ld.so")),
            ]
        );
        assert_eq!(view.fresh().len(), 2);
        assert_eq!(view.stamps.get("usr/bin/absent"), Some(&None));
    }

    #[test]
    fn a_choice_by_hand_is_passed_over() {
        let host = host();
        let records = host.path().join(alternatives::RECORDS);
        std::fs::create_dir_all(&records).unwrap();
        let gawk = host.path().join("usr/bin/gawk");
        std::fs::write(&gawk, "gawk").unwrap();
        let record = "manual\n/usr/bin/awk\n\n/usr/bin/mawk\n5\n/usr/bin/gawk\n10\n/usr/bin/gone\n20\n\n";
        std::fs::write(records.join("awk"), record).unwrap();
        assert_eq!(View::new(host.path()).take("bin/awk").unwrap().as_deref(), Some("usr/bin/mawk"), "not executable");
        std::fs::set_permissions(&gawk, std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut view = View::new(host.path());
        assert_eq!(view.take("bin/awk").unwrap().as_deref(), Some("usr/bin/gawk"));
        assert_eq!(view.entries.get("usr/bin/awk"), Some(&Entry::Link("gawk".to_owned())));
    }
}
