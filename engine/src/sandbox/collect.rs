//! Collecting: what an action left at its declared outputs, as store objects.
//!
//! Runs when no process of the action is alive. Invariants: no symlink that the action made is ever followed; a file
//! is kept as content and one bit (may its owner execute it?), so setuid bits and times are lost; a name that is not
//! text, a socket, a pipe, a device, or a symlink that is absolute or leads out is no output. Large files are moved
//! into the store, not read into memory. This file does not know how the action was run.

use super::limits::{INLINE_BYTES, UNDECLARED};
use gx_store::{
    BlobId, Blobs, Directory, ExecuteError, Job, Node, Object, OutputKind, RelPath, Store, StoreError, TreeId,
};
use rustix::fs::{Mode, OFlags, ResolveFlags};
use std::fs::{self, File, Metadata, Permissions};
use std::io::{ErrorKind, Read};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    /// Outputs, in the order of their paths.
    pub(crate) outputs: Vec<(RelPath, Node)>,
    /// What they are made of, children before parents.
    pub(crate) objects: Vec<Object>,
    /// Made and not declared.
    pub(crate) undeclared: Vec<String>,
    /// Why the outputs are not what was promised.
    pub(crate) bad: Option<String>,
}

/// Either the action's fault or ours.
enum Failure {
    Bad(String),
    Ours(ExecuteError),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        Failure::Ours(error.into())
    }
}

/// Collects below the working folder, which lies on the store's disk if large files shall be moved.
pub(crate) fn collect(store: &Store, job: &Job, work: &Path, move_large: bool) -> Result<Collected, ExecuteError> {
    let mut collected = Collected { undeclared: undeclared(job, work)?, ..Collected::default() };
    let root = rustix::fs::open(work, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
        .map_err(|e| StoreError::io("opening", work, e.into()))?;
    for output in &job.derivation.outputs {
        let mut take = Take { store, objects: &mut collected.objects, path: output.path.as_str(), move_large };
        match take.output(&root, work, &output.path, output.kind) {
            Ok(node) => collected.outputs.push((output.path.clone(), node)),
            Err(Failure::Ours(error)) => return Err(error),
            Err(Failure::Bad(why)) => {
                let instead = instead(&collected.undeclared);
                return Ok(Collected {
                    bad: Some(why + &instead),
                    undeclared: collected.undeclared,
                    ..Collected::default()
                });
            }
        }
    }
    Ok(collected)
}

fn instead(undeclared: &[String]) -> String {
    let shown: Vec<_> = undeclared.iter().take(5).map(|path| format!("'{path}'")).collect();
    match undeclared.len() {
        0 => String::new(),
        n if n > shown.len() => format!("; made and not declared: {} and more", shown.join(", ")),
        _ => format!("; made and not declared: {}", shown.join(", ")),
    }
}

struct Take<'a> {
    store: &'a Store,
    objects: &'a mut Vec<Object>,
    /// The declared output, for messages.
    path: &'a str,
    move_large: bool,
}

impl Take<'_> {
    fn output(&mut self, root: &OwnedFd, work: &Path, path: &RelPath, kind: OutputKind) -> Result<Node, Failure> {
        let at = work.join(path);
        let parent = path.parent().unwrap_or_default();
        if let Err(error) = walk_to(root, &parent) {
            return Err(match error.kind() {
                ErrorKind::NotFound => self.missing(),
                _ => Failure::Bad(format!(
                    "the folder of the declared output '{path}' is no longer a plain folder (a symlink is not followed)"
                )),
            });
        }
        let meta = match fs::symlink_metadata(&at) {
            Ok(meta) => meta,
            Err(e) if e.kind() == ErrorKind::NotFound => return Err(self.missing()),
            Err(e) => return Err(StoreError::io("reading", &at, e).into()),
        };
        match (kind, meta.is_dir(), meta.is_symlink()) {
            (OutputKind::File, true, _) => {
                Err(Failure::Bad(format!("the output '{path}' is declared as a file, and a folder was made")))
            }
            (OutputKind::Directory, true, _) => Ok(Node::Directory(self.folder(&at, 0)?)),
            (OutputKind::Directory, ..) => {
                Err(Failure::Bad(format!("the output '{path}' is declared as a folder, and something else was made")))
            }
            (_, _, true) => self.link(&at, parent.components().count()),
            _ => self.file(&at, &meta),
        }
    }

    fn missing(&self) -> Failure {
        Failure::Bad(format!("the declared output '{}' was not made", self.path))
    }

    fn file(&mut self, at: &Path, meta: &Metadata) -> Result<Node, Failure> {
        if !meta.is_file() {
            return Err(Failure::Bad(format!(
                "the output '{}' has a pipe, socket or device in it: '{}'",
                self.path,
                name_of(at)
            )));
        }
        let executable = meta.mode() & 0o100 != 0;
        if meta.len() > INLINE_BYTES {
            // Modes may forbid us what they forbid the action; and setuid bits stay behind.
            set_mode(at, if executable { 0o755 } else { 0o644 })?;
            let blob = self.store.put_file(at, self.move_large && meta.nlink() == 1)?;
            return Ok(Node::File { blob, executable });
        }
        if meta.mode() & 0o400 == 0 {
            set_mode(at, 0o644)?;
        }
        let mut bytes = Vec::with_capacity(meta.len() as usize);
        File::open(at)
            .and_then(|mut file| file.read_to_end(&mut bytes))
            .map_err(|e| StoreError::io("reading", at, e))?;
        let blob = BlobId(self.store.function().digest(&bytes));
        self.objects.push(Object::Blob(blob, bytes));
        Ok(Node::File { blob, executable })
    }

    /// A symlink that lies `depth` folders below what it must not leave.
    fn link(&self, at: &Path, depth: usize) -> Result<Node, Failure> {
        let target = fs::read_link(at).map_err(|e| StoreError::io("reading", at, e))?;
        let bad = |why: &str| {
            Err(Failure::Bad(format!(
                "the output '{}' has a symlink '{}' to '{}', which {why}",
                self.path,
                name_of(at),
                target.display()
            )))
        };
        let Some(text) = target.to_str() else { return bad("is not text") };
        if target.is_absolute() {
            return bad("is absolute; make it relative (ln -sr)");
        }
        let mut level = depth;
        for part in text.split('/').filter(|part| !part.is_empty() && *part != ".") {
            match (part, level) {
                ("..", 0) => return bad("leads out"),
                ("..", _) => level -= 1,
                _ => level += 1,
            }
        }
        Ok(Node::Symlink(text.to_owned()))
    }

    fn folder(&mut self, at: &Path, depth: usize) -> Result<TreeId, Failure> {
        let io = |e| Failure::from(StoreError::io("reading", at, e));
        let entries = match fs::read_dir(at) {
            Err(e) if e.kind() == ErrorKind::PermissionDenied => {
                set_mode(at, 0o755)?;
                fs::read_dir(at)
            }
            entries => entries,
        };
        let mut directory = Directory::default();
        for entry in entries.map_err(io)? {
            let entry = entry.map_err(io)?;
            let path = entry.path();
            let Ok(name) = entry.file_name().into_string() else {
                return Err(Failure::Bad(format!(
                    "the output '{}' has a name that is not UTF-8: '{}'",
                    self.path,
                    name_of(&path)
                )));
            };
            let meta = match fs::symlink_metadata(&path) {
                Err(e) if e.kind() == ErrorKind::PermissionDenied => {
                    set_mode(at, 0o755)?;
                    fs::symlink_metadata(&path)
                }
                meta => meta,
            };
            let meta = meta.map_err(|e| StoreError::io("reading", &path, e))?;
            let node = if meta.is_dir() {
                Node::Directory(self.folder(&path, depth + 1)?)
            } else if meta.is_symlink() {
                self.link(&path, depth)?
            } else {
                self.file(&path, &meta)?
            };
            directory.add(name, node).map_err(StoreError::Tree)?;
        }
        let bytes = directory.encode();
        let id = TreeId(self.store.function().digest(&bytes));
        self.objects.push(Object::Tree(id, bytes));
        Ok(id)
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn set_mode(path: &Path, mode: u32) -> Result<(), StoreError> {
    fs::set_permissions(path, Permissions::from_mode(mode)).map_err(|e| StoreError::io("reading", path, e))
}

/// Opens a folder below `root` without following any symlink: says whether the way there is one of plain folders.
fn walk_to(root: &OwnedFd, path: &RelPath) -> std::io::Result<()> {
    if path.is_root() {
        return Ok(());
    }
    let how = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::openat2(root, path.as_str(), flags, Mode::empty(), how)?;
    Ok(())
}

/// Files below `out/` that are neither declared nor inputs, in order, at most `UNDECLARED`.
fn undeclared(job: &Job, work: &Path) -> Result<Vec<String>, ExecuteError> {
    let mut found = Vec::new();
    scan(job, work, PathBuf::from("out"), &mut found)?;
    Ok(found)
}

fn scan(job: &Job, work: &Path, folder: PathBuf, found: &mut Vec<String>) -> Result<(), ExecuteError> {
    let at = work.join(&folder);
    // What cannot be read is not ours to name, and a symlink in a folder's place is no folder.
    if !fs::symlink_metadata(&at).is_ok_and(|meta| meta.is_dir()) {
        return Ok(());
    }
    let Ok(entries) = fs::read_dir(&at) else { return Ok(()) };
    let mut entries: Vec<_> = entries.flatten().collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = folder.join(entry.file_name());
        let known = path.to_str().and_then(|text| RelPath::new(text).ok());
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if let Some(path) = &known
            && (job.inputs.contains_key(path) || job.derivation.outputs.iter().any(|output| output.path == *path))
        {
            continue;
        }
        if is_folder {
            scan(job, work, path, found)?;
        } else {
            found.push(path.to_string_lossy().into_owned());
        }
        if found.len() >= UNDECLARED {
            break;
        }
    }
    Ok(())
}
