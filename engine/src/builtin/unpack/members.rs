//! Members of an archive on their way to a tree.
//!
//! Invariants: every path is relative, UTF-8 and free of `..`; a name that comes twice means its last member, as `tar`
//! does; a hard link is the file that it named when it came; no symlink leads out of the result, also not through
//! other symlinks; of the mode only "may be executed" is kept, so set-id bits are gone.
//! This file does not know formats.

use super::error::UnpackError;
use super::limits::{Budget, Limits};
use gx_store::{Blobs, Node, RelPath, Store, StoreError, TreeBuilder, TreeId};
use std::collections::BTreeMap;
use std::io::{Read, Write};

/// Members up to this size are held in memory, larger ones go through a file.
const SMALL: u64 = 1 << 20;
/// Longest path.
const LONGEST: usize = 4096;
/// Most folders above a member.
const DEEPEST: usize = 256;
/// Symlinks followed before a chain counts as a loop, which leads nowhere and so not out.
const MAX_LINKS: usize = 40;

/// What a path of the archive is.
#[derive(Debug, Clone)]
enum Member {
    File(Node),
    Link(String),
    Folder,
}

/// The members so far.
pub(super) struct Members<'a> {
    store: &'a Store,
    kind: &'static str,
    most: usize,
    count: usize,
    budget: Budget,
    /// Members lie below it, and absolute links mean it; `None` where there must be none.
    base: Option<RelPath>,
    members: BTreeMap<RelPath, Member>,
}

impl<'a> Members<'a> {
    /// None so far.
    pub(super) fn new(store: &'a Store, kind: &'static str, limits: Limits, budget: Budget) -> Members<'a> {
        Members { store, kind, most: limits.members, count: 0, budget, base: None, members: BTreeMap::new() }
    }

    /// The path that raw bytes name; the root itself for `./`.
    pub(super) fn path(&mut self, raw: &[u8]) -> Result<RelPath, UnpackError> {
        self.count += 1;
        if self.count > self.most {
            return Err(UnpackError::Bomb { limit: format!("{} members", self.most) });
        }
        self.placed(raw)
    }

    /// From here on members lie below `base`, which is what absolute symlinks take for `/`.
    pub(super) fn below(&mut self, base: RelPath) {
        self.base = Some(base);
    }

    fn placed(&self, raw: &[u8]) -> Result<RelPath, UnpackError> {
        let path = path_of(raw)?;
        Ok(self.base.as_ref().map_or(path.clone(), |base| base.join(&path)))
    }

    /// A folder.
    pub(super) fn folder(&mut self, path: RelPath) {
        if !path.is_root() {
            self.members.insert(path, Member::Folder);
        }
    }

    /// A symlink.
    pub(super) fn link(&mut self, path: RelPath, target: &[u8]) -> Result<(), UnpackError> {
        let bad = |why: String| Err(UnpackError::member(path.as_str(), why));
        let Ok(target) = std::str::from_utf8(target) else {
            return bad("is a symlink whose target is not UTF-8, and trees hold text".to_owned());
        };
        if target.is_empty() || target.contains('\0') || target.len() > LONGEST {
            return bad("is a symlink with an empty, unprintable or very long target".to_owned());
        }
        let target = match (&self.base, target.strip_prefix('/')) {
            (None, Some(_)) => return bad(format!("is a symlink to the absolute path '{target}'")),
            (Some(base), Some(rest)) => {
                let up = path.components().count().saturating_sub(base.components().count() + 1);
                let rest = rest.trim_matches('/');
                let way = "../".repeat(up) + rest;
                if way.is_empty() { ".".to_owned() } else { way }
            }
            (_, None) => target.to_owned(),
        };
        self.members.insert(path, Member::Link(target));
        Ok(())
    }

    /// A hard link: the file that `target` names now.
    pub(super) fn hard_link(&mut self, path: RelPath, target: &[u8]) -> Result<(), UnpackError> {
        let wanted = self.placed(target)?;
        match self.members.get(&wanted).cloned() {
            Some(member @ (Member::File(_) | Member::Link(_))) => {
                self.members.insert(path, member);
                Ok(())
            }
            _ => Err(UnpackError::member(
                path.as_str(),
                format!("is a hard link to '{wanted}', which is no file before it"),
            )),
        }
    }

    /// A file with the bytes of `content`.
    pub(super) fn file(&mut self, path: RelPath, content: impl Read, executable: bool) -> Result<(), UnpackError> {
        if path.is_root() {
            return Err(UnpackError::member("./", "is a file without a name"));
        }
        let mut content = self.budget.watch(content);
        let mut head = Vec::new();
        let kind = self.kind;
        let damaged = |e: std::io::Error| UnpackError::reading(kind, e);
        (&mut content).take(SMALL + 1).read_to_end(&mut head).map_err(damaged)?;
        let blob = if head.len() as u64 <= SMALL {
            self.store.put_blob(&head)?
        } else {
            let scratch = self.store.scratch();
            let io = |doing: &'static str| {
                let scratch = scratch.clone();
                move |e: std::io::Error| UnpackError::Store(StoreError::io(doing, scratch, e))
            };
            std::fs::create_dir_all(&scratch).map_err(io("making"))?;
            let mut file = tempfile::NamedTempFile::new_in(&scratch).map_err(io("making a file in"))?;
            file.write_all(&head).map_err(io("writing to"))?;
            drop(head);
            copy(&mut content, file.as_file_mut(), damaged, io("writing to"))?;
            let file = file.into_temp_path();
            self.store.put_file(&file, true)?
        };
        self.members.insert(path, Member::File(Node::File { blob, executable }));
        Ok(())
    }

    /// The tree of all members below `prefix`.
    pub(super) fn finish(mut self, prefix: &RelPath) -> Result<TreeId, UnpackError> {
        if self.members.is_empty() {
            return Err(UnpackError::Empty);
        }
        if !prefix.is_root() {
            self.strip(prefix)?;
        }
        let mut builder = TreeBuilder::new();
        for (path, member) in &self.members {
            let inserted = match member {
                Member::Folder => builder.insert_folder(path),
                Member::File(node) => builder.insert(path, node.clone()),
                Member::Link(target) if self.escapes(path, target) => {
                    let why = format!("is a symlink that leads out of the archive, to '{target}'");
                    return Err(UnpackError::member(path.as_str(), why));
                }
                Member::Link(target) => builder.insert(path, Node::Symlink(target.clone())),
            };
            inserted.map_err(|e| UnpackError::member(path.as_str(), format!("does not fit beside the others: {e}")))?;
        }
        Ok(self.store.put_built(&builder)?)
    }

    /// Keeps what lies below `prefix`, without it.
    fn strip(&mut self, prefix: &RelPath) -> Result<(), UnpackError> {
        let below = format!("{prefix}/");
        let mut kept = BTreeMap::new();
        let mut seen = false;
        for (path, member) in &self.members {
            seen |= path == prefix && matches!(member, Member::Folder);
            if let Some(rest) = path.as_str().strip_prefix(&below) {
                let rest = RelPath::new(rest).map_err(|e| UnpackError::Store(e.into()))?;
                kept.insert(rest, member.clone());
            }
        }
        if kept.is_empty() && !seen {
            return Err(UnpackError::Prefix { prefix: prefix.as_str().to_owned(), tops: self.tops() });
        }
        self.members = kept;
        Ok(())
    }

    /// What lies at the top, in words.
    fn tops(&self) -> String {
        let mut tops: Vec<&str> = self.members.keys().filter_map(|path| path.components().next()).collect();
        tops.dedup();
        let more = tops.len().saturating_sub(5);
        let shown: Vec<String> = tops.iter().take(5).map(|top| format!("'{top}'")).collect();
        let verb = if tops.len() == 1 { "is" } else { "are" };
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{verb} {}{rest}", shown.join(", "))
    }

    /// Does a symlink at `path` lead out, itself or through others?
    fn escapes(&self, path: &RelPath, target: &str) -> bool {
        let mut at = path.parent().unwrap_or_default();
        let mut ahead: Vec<String> = target.rsplit('/').map(str::to_owned).collect();
        let mut links = 0;
        while let Some(step) = ahead.pop() {
            match step.as_str() {
                "" | "." => {}
                ".." => match at.parent() {
                    Some(parent) => at = parent,
                    None => return true,
                },
                name => {
                    let Ok(name) = RelPath::new(name) else { return true };
                    let next = at.join(&name);
                    match self.members.get(&next) {
                        Some(Member::Link(target)) => {
                            links += 1;
                            if links > MAX_LINKS {
                                return false;
                            }
                            ahead.extend(target.rsplit('/').map(str::to_owned));
                        }
                        _ => at = next,
                    }
                }
            }
        }
        false
    }
}

/// Copies, and tells an error of the archive from one of the disk.
pub(super) fn copy(
    from: &mut impl Read,
    to: &mut impl Write,
    reading: impl Fn(std::io::Error) -> UnpackError,
    writing: impl FnOnce(std::io::Error) -> UnpackError,
) -> Result<(), UnpackError> {
    let mut buffer = vec![0u8; 1 << 18];
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => read,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(reading(e)),
        };
        if let Err(e) = to.write_all(buffer.get(..read).unwrap_or_default()) {
            return Err(writing(e));
        }
    }
}

/// The path of a member: `./` and doubled slashes dropped, what escapes refused.
fn path_of(raw: &[u8]) -> Result<RelPath, UnpackError> {
    let shown = || String::from_utf8_lossy(raw.get(..200).unwrap_or(raw)).into_owned();
    let bad = |why: &str| UnpackError::member(shown(), why);
    let text = std::str::from_utf8(raw).map_err(|_| bad("has a name that is not UTF-8, and trees hold text"))?;
    if text.len() > LONGEST {
        return Err(bad("has a path longer than 4096 bytes"));
    }
    if text.starts_with('/') {
        return Err(bad("has an absolute path"));
    }
    let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.contains(&"..") {
        return Err(bad("has a path with '..'"));
    }
    if parts.len() > DEEPEST {
        return Err(bad("lies below more than 256 folders"));
    }
    RelPath::new(parts.join("/")).map_err(|e| bad(&format!("has no usable path: {}", e.fault)))
}
