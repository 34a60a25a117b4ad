//! Many trees as one.
//!
//! Invariants: a path has one meaning, whoever brings it; a folder that is a symlink in another package is that
//! symlink, and what lies in it lies where the link leads; no symlink leads out of the tree; a symlink that was moved,
//! or whose target was, leads where it led before. This file does not know what packages say of themselves.

use gx_store::{Node, RelPath, Store, StoreError, TreeBuilder, TreeId, Trees};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Folders of `/` that are links to the same in `usr`.
const MERGED: [&str; 6] = ["bin", "lib", "lib32", "lib64", "libx32", "sbin"];
/// What no program needs to run: documentation.
const LEFT_OUT: [&str; 5] = ["usr/share/bug", "usr/share/doc", "usr/share/info", "usr/share/lintian", "usr/share/man"];
/// Symlinks followed before a chain counts as a loop.
const MAX_LINKS: usize = 40;

/// Something at a path; no node for a folder.
type Entry = Option<Node>;

/// What packages bring, as they bring it.
#[derive(Debug, Default)]
pub(super) struct Merged {
    entries: Vec<(RelPath, Entry, Arc<str>)>,
    /// Mistakes, in the words of messages.
    wrong: Vec<String>,
}

/// The one tree.
#[derive(Debug)]
pub(super) struct Settled {
    entries: BTreeMap<RelPath, (Entry, Arc<str>)>,
}

impl Merged {
    /// Adds everything that a package has.
    pub(super) fn add(&mut self, package: &str, data: &TreeId, store: &Store) -> Result<(), StoreError> {
        let owner: Arc<str> = package.into();
        let mut folders = vec![(RelPath::default(), *data)];
        while let Some((at, tree)) = folders.pop() {
            for (name, node) in &store.tree(&tree)?.entries {
                let path = at.join(&RelPath::new(name.as_str())?);
                if LEFT_OUT.contains(&path.as_str()) {
                    continue;
                }
                match node {
                    Node::Directory(tree) => {
                        self.entries.push((usr(&path), None, Arc::clone(&owner)));
                        folders.push((path, *tree));
                    }
                    Node::Symlink(_) if MERGED.contains(&path.as_str()) => {}
                    Node::Symlink(target) => match moved(&path, target) {
                        Some(target) => {
                            self.entries.push((usr(&path), Some(Node::Symlink(target)), Arc::clone(&owner)));
                        }
                        None => self.wrong.push(format!(
                            "'{path}' of '{package}' is a symlink that leads out of the tree, to '{target}'"
                        )),
                    },
                    file @ Node::File { .. } => {
                        self.entries.push((usr(&path), Some(file.clone()), Arc::clone(&owner)));
                    }
                }
            }
        }
        Ok(())
    }

    /// Gives each path its one meaning, or says who does not agree.
    pub(super) fn settle(mut self) -> Result<Settled, String> {
        self.entries.sort();
        let links: BTreeMap<RelPath, RelPath> = self
            .entries
            .iter()
            .filter_map(|(path, entry, _)| match entry {
                Some(Node::Symlink(target)) => Some((path.clone(), followed(path, target)?)),
                _ => None,
            })
            .collect();
        let mut settled = Settled { entries: BTreeMap::new() };
        for (path, entry, owner) in self.entries {
            let path = path.parent().map_or(path.clone(), |parent| {
                let name = path.file_name().and_then(|name| RelPath::new(name).ok()).unwrap_or_default();
                real(&parent, &links).join(&name)
            });
            if entry.is_none() && links.contains_key(&path) {
                continue;
            }
            match settled.entries.get(&path) {
                None => drop(settled.entries.insert(path, (entry, owner))),
                Some((there, _)) if *there == entry => {}
                Some((_, other)) => {
                    let mut both = [other.to_string(), owner.to_string()];
                    both.sort();
                    self.wrong.push(format!(
                        "the packages '{}' and '{}' both own '{path}', and it is not the same in both",
                        both[0], both[1]
                    ));
                }
            }
        }
        self.wrong.extend(settled.nested());
        self.wrong.sort();
        self.wrong.dedup();
        match self.wrong.as_slice() {
            [] => Ok(settled),
            [only] => Err(only.clone()),
            [first, more @ ..] => Err(format!("{first}; and {} more like it", more.len())),
        }
    }
}

impl Settled {
    /// Files that lie below what is no folder.
    fn nested(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for (path, (_, owner)) in &self.entries {
            let mut above = path.parent();
            while let Some(folder) = above.filter(|folder| !folder.is_root()) {
                if let Some((Some(_), other)) = self.entries.get(&folder) {
                    wrong.push(format!("'{folder}' is no folder in '{other}', but one in '{owner}'"));
                }
                above = folder.parent();
            }
        }
        wrong
    }

    /// Does the path lead to a file or a folder? What is on the way may be links.
    pub(super) fn has(&self, path: &RelPath) -> bool {
        self.follow(&usr(path))
    }

    fn follow(&self, path: &RelPath) -> bool {
        let mut at = RelPath::default();
        let mut ahead = steps(path);
        let mut links = 0;
        while let Some(step) = ahead.pop() {
            let Ok(step) = RelPath::new(step) else { return false };
            let next = at.join(&step);
            match self.entries.get(&next) {
                Some((Some(Node::Symlink(target)), _)) => {
                    links += 1;
                    let Some(target) = followed(&next, target).filter(|_| links <= MAX_LINKS) else { return false };
                    ahead.extend(steps(&usr(&target)));
                    at = RelPath::default();
                }
                Some((Some(_), _)) => return ahead.is_empty(),
                Some((None, _)) => at = next,
                None => return false,
            }
        }
        true
    }

    /// Puts a symlink at a path where nothing is.
    pub(super) fn link(&mut self, path: &RelPath, target: &RelPath) -> Result<(), String> {
        let (path, target) = (usr(path), usr(target));
        if !self.has(&target) {
            return Err(format!("'{path}' should lead to '{target}', which no package has"));
        }
        let node = Some(Node::Symlink(relative(&path, &target)));
        match self.entries.get(&path) {
            Some((there, _)) if *there == node => Ok(()),
            Some((_, owner)) => Err(format!("'{path}' is there already, from '{owner}'")),
            None => {
                self.entries.insert(path, (node, "links".into()));
                Ok(())
            }
        }
    }

    /// Adds the links from `/` into `usr`.
    pub(super) fn with_merged_usr(mut self) -> Settled {
        for name in MERGED {
            let (Ok(link), Ok(folder)) = (RelPath::new(name), RelPath::new(format!("usr/{name}"))) else { continue };
            let below = format!("{folder}/");
            if self.entries.keys().any(|path| path.as_str().starts_with(&below)) {
                self.entries.insert(link, (Some(Node::Symlink(folder.as_str().to_owned())), "usr".into()));
            }
        }
        self
    }

    /// Keeps the tree.
    pub(super) fn put_tree(&self, store: &Store) -> Result<TreeId, StoreError> {
        let mut builder = TreeBuilder::new();
        for (path, (entry, _)) in &self.entries {
            match entry {
                Some(node) => builder.insert(path, node.clone())?,
                None => builder.insert_folder(path)?,
            }
        }
        store.put_built(&builder)
    }
}

/// Where a path lies once `/bin` and its like are links.
fn usr(path: &RelPath) -> RelPath {
    let first = path.components().next().unwrap_or_default();
    if !MERGED.contains(&first) {
        return path.clone();
    }
    RelPath::new(format!("usr/{path}")).unwrap_or_else(|_| path.clone())
}

/// Where a symlink leads, by its words alone; none when out of the tree.
fn followed(path: &RelPath, target: &str) -> Option<RelPath> {
    let mut at: Vec<&str> = path.components().collect();
    at.pop();
    for step in target.split('/').filter(|step| !step.is_empty() && *step != ".") {
        match step {
            ".." => drop(at.pop()?),
            step => at.push(step),
        }
    }
    RelPath::new(at.join("/")).ok()
}

/// A symlink's target, once the link or what it leads to may have moved.
fn moved(path: &RelPath, target: &str) -> Option<String> {
    let goal = followed(path, target)?;
    if usr(path) == *path && usr(&goal) == goal {
        return Some(target.to_owned());
    }
    Some(relative(&usr(path), &usr(&goal)))
}

/// The way from a link to a path.
fn relative(link: &RelPath, target: &RelPath) -> String {
    let from: Vec<&str> = link.components().collect();
    let to: Vec<&str> = target.components().collect();
    let from = from.split_last().map_or(&[][..], |(_, folder)| folder);
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let mut way = vec![".."; from.len() - common];
    way.extend(to.get(common..).unwrap_or_default());
    if way.is_empty() { ".".to_owned() } else { way.join("/") }
}

/// A path whose folders are followed where they are links.
fn real(path: &RelPath, links: &BTreeMap<RelPath, RelPath>) -> RelPath {
    let mut at = RelPath::default();
    let mut ahead = steps(path);
    let mut followed = 0;
    while let Some(step) = ahead.pop() {
        let Ok(step) = RelPath::new(step) else { return path.clone() };
        let next = at.join(&step);
        match links.get(&next) {
            Some(target) if followed < MAX_LINKS => {
                followed += 1;
                ahead.extend(steps(target));
                at = RelPath::default();
            }
            _ => at = next,
        }
    }
    at
}

/// The steps of a way, the first last.
fn steps(path: &RelPath) -> Vec<String> {
    let mut steps: Vec<String> = path.components().map(str::to_owned).collect();
    steps.reverse();
    steps
}
