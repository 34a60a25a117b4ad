//! The difference between two actions: the smallest parts of their keys that are not the same.
//!
//! Walks command, environment, platform, salt and the two input roots side by side, and goes down only where
//! digests differ. Invariant: no difference means that the two actions are one.
//! This file does not know when either of them ran, nor why.

use gx_store::action::WORKING_DIRECTORY;
use gx_store::encode::Value;
use gx_store::proto::{ActionProto, Command, Pair};
use gx_store::{ActionId, BlobId, Blobs, Digest, Directory, Node, Store, StoreError, TreeId, Trees};
use prost::Message;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// Differences that are listed, at most: two toolchains may differ in thousands of files.
const MOST: usize = 100;

/// One part of the key that is not the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// An argument of the command. `None`: there was none, or is none any more.
    Argument {
        /// Its place, from 0 (the program).
        index: usize,
        /// Before.
        old: Option<String>,
        /// Now.
        new: Option<String>,
    },
    /// A variable of the environment.
    Environment {
        /// Its name.
        name: String,
        /// Before.
        old: Option<String>,
        /// Now.
        new: Option<String>,
    },
    /// A platform property.
    Platform {
        /// Its name.
        name: String,
        /// Before.
        old: Option<String>,
        /// Now.
        new: Option<String>,
    },
    /// What decides bytes beside command and inputs: determinism level, revision of the sandbox or of a builtin.
    Setting {
        /// Which.
        name: String,
        /// Before.
        old: Option<String>,
        /// Now.
        new: Option<String>,
    },
    /// A declared output.
    Output {
        /// Its path.
        path: String,
        /// Is it there now (or was it before)?
        now: bool,
    },
    /// A file, folder or symlink that the action sees: relative to the workspace, or absolute in a toolchain.
    Input {
        /// Where.
        path: String,
        /// What happened to it.
        change: Change,
    },
    /// There are more differences than are listed.
    More,
    /// The old action is not in the store any more, so nobody can say.
    OldIsGone,
}

/// What happened to an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// Its bytes are others.
    Content {
        /// Before.
        old: Digest,
        /// Now.
        new: Digest,
    },
    /// It may be executed now, or no more.
    Executable(bool),
    /// A symlink leads elsewhere.
    Target {
        /// Before.
        old: String,
        /// Now.
        new: String,
    },
    /// It is something else now: a file, a folder or a symlink.
    Kind {
        /// Before.
        old: &'static str,
        /// Now.
        new: &'static str,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let both = |f: &mut fmt::Formatter<'_>, what: &str, old: &Option<String>, new: &Option<String>| match (old, new)
        {
            (Some(old), Some(new)) => write!(f, "{what} was '{old}' and is '{new}'"),
            (None, Some(new)) => write!(f, "{what} is new: '{new}'"),
            (Some(old), None) => write!(f, "{what} is gone: '{old}'"),
            (None, None) => f.write_str(what),
        };
        match self {
            Difference::Argument { index, old, new } => both(f, &format!("argument {index}"), old, new),
            Difference::Environment { name, old, new } => both(f, &format!("variable {name}"), old, new),
            Difference::Platform { name, old, new } => both(f, &format!("platform property {name}"), old, new),
            Difference::Setting { name, old, new } => both(f, &format!("setting '{name}'"), old, new),
            Difference::Output { path, now: true } => write!(f, "output '{path}' is new"),
            Difference::Output { path, now: false } => write!(f, "output '{path}' is gone"),
            Difference::Input { path, change } => write!(f, "input '{path}' {change}"),
            Difference::More => f.write_str("and more"),
            Difference::OldIsGone => f.write_str("the action of that time is not in the store any more"),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::Added => f.write_str("is new"),
            Change::Removed => f.write_str("is gone"),
            Change::Content { .. } => f.write_str("has other bytes"),
            Change::Executable(true) => f.write_str("may be executed now"),
            Change::Executable(false) => f.write_str("may not be executed any more"),
            Change::Target { old, new } => write!(f, "led to '{old}' and leads to '{new}'"),
            Change::Kind { old, new } => write!(f, "was a {old} and is a {new}"),
        }
    }
}

/// The smallest differences between two actions, in the order: command, environment, platform, settings, outputs,
/// inputs by path.
pub fn difference(store: &Store, old: &ActionId, new: &ActionId) -> Result<Vec<Difference>, StoreError> {
    difference_between((store, old), (store, new))
}

/// The same for two actions that lie in two stores.
pub fn difference_between(old: (&Store, &ActionId), new: (&Store, &ActionId)) -> Result<Vec<Difference>, StoreError> {
    let stores = (old.0, new.0);
    let (old, new) = (Key::read(old.0, old.1)?, Key::read(new.0, new.1)?);
    let mut found = arguments(&old.command.arguments, &new.command.arguments);
    let environment = |key: &Key| pairs(&key.command.environment_variables);
    found.extend(maps(&environment(&old), &environment(&new)).map(|(name, old, new)| Difference::Environment {
        name,
        old,
        new,
    }));
    let platform = |key: &Key| pairs(key.command.platform.as_ref().map(|p| p.properties.as_slice()).unwrap_or(&[]));
    found.extend(maps(&platform(&old), &platform(&new)).map(|(name, old, new)| Difference::Platform {
        name,
        old,
        new,
    }));
    found.extend(maps(&old.salt, &new.salt).map(|(name, old, new)| Difference::Setting { name, old, new }));
    let outputs = |key: &Key| key.command.output_paths.iter().cloned().collect::<BTreeSet<String>>();
    let (before, now) = (outputs(&old), outputs(&new));
    found.extend(
        before
            .symmetric_difference(&now)
            .map(|path| Difference::Output { path: path.clone(), now: now.contains(path) }),
    );
    SideBySide { stores, found: &mut found }.walk(old.input_root, new.input_root)?;
    Ok(found)
}

/// An action, read.
struct Key {
    command: Command,
    salt: BTreeMap<String, String>,
    input_root: TreeId,
}

impl Key {
    fn read(store: &Store, id: &ActionId) -> Result<Key, StoreError> {
        let corrupt = || StoreError::Corrupt(id.0);
        let function = id.0.function;
        let action = ActionProto::decode(store.blob(&BlobId(id.0))?.as_slice()).map_err(|_| corrupt())?;
        let named = |proto: Option<gx_store::proto::DigestProto>| {
            let proto = proto.ok_or_else(corrupt)?;
            let size = u64::try_from(proto.size_bytes).map_err(|_| corrupt())?;
            Digest::from_hex(function, &proto.hash, size).map_err(|_| corrupt())
        };
        let command = store.blob(&BlobId(named(action.command_digest)?))?;
        Ok(Key {
            command: Command::decode(command.as_slice()).map_err(|_| corrupt())?,
            salt: settings(&action.salt),
            input_root: TreeId(named(action.input_root_digest)?),
        })
    }
}

/// The salt as names and texts. A salt of a foreign action is shown as it is.
fn settings(salt: &[u8]) -> BTreeMap<String, String> {
    match Value::decode(salt) {
        Ok(Value::Map(fields)) => fields.into_iter().map(|(name, value)| (name, plain(&value))).collect(),
        _ if salt.is_empty() => BTreeMap::new(),
        _ => BTreeMap::from([("salt".to_owned(), format!("{salt:?}"))]),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Unsigned(number) => number.to_string(),
        Value::Bool(yes) => yes.to_string(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => format!("{other:?}"),
    }
}

fn pairs(pairs: &[Pair]) -> BTreeMap<String, String> {
    pairs.iter().map(|pair| (pair.name.clone(), pair.value.clone())).collect()
}

/// Names whose values differ.
fn maps<'a>(
    old: &'a BTreeMap<String, String>,
    new: &'a BTreeMap<String, String>,
) -> impl Iterator<Item = (String, Option<String>, Option<String>)> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let differ = names.into_iter().filter(|name| old.get(*name) != new.get(*name));
    let found: Vec<_> = differ.map(|name| (name.clone(), old.get(name).cloned(), new.get(name).cloned())).collect();
    found.into_iter()
}

/// What is left when the same arguments at the start and at the end are taken away.
fn arguments(old: &[String], new: &[String]) -> Vec<Difference> {
    let start = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old, new) = (old.get(start..).unwrap_or_default(), new.get(start..).unwrap_or_default());
    let end = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
    let (old, new) = (&old.get(..old.len() - end), &new.get(..new.len() - end));
    let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
    (0..old.len().max(new.len()))
        .map(|i| Difference::Argument { index: start + i, old: old.get(i).cloned(), new: new.get(i).cloned() })
        .filter(|d| !matches!(d, Difference::Argument { old, new, .. } if old == new))
        .collect()
}

/// Two trees walked side by side.
struct SideBySide<'a> {
    stores: (&'a Store, &'a Store),
    found: &'a mut Vec<Difference>,
}

impl SideBySide<'_> {
    fn walk(&mut self, old: TreeId, new: TreeId) -> Result<(), StoreError> {
        let mut stack = vec![(String::new(), old, new)];
        while let Some((at, old, new)) = stack.pop() {
            if old == new {
                continue;
            }
            if self.found.len() >= MOST {
                self.found.push(Difference::More);
                return Ok(());
            }
            let (old, new) = (self.stores.0.tree(&old)?, self.stores.1.tree(&new)?);
            let mut below = self.folder(&at, &old, &new);
            below.reverse();
            stack.append(&mut below);
        }
        Ok(())
    }

    /// Compares two folders; gives back the sub-folders that differ.
    fn folder(&mut self, at: &str, old: &Arc<Directory>, new: &Arc<Directory>) -> Vec<(String, TreeId, TreeId)> {
        let mut below = Vec::new();
        let names: BTreeSet<_> = old.entries.keys().chain(new.entries.keys()).collect();
        for name in names {
            let path = if at.is_empty() { name.to_string() } else { format!("{at}/{name}") };
            let change = match (old.entries.get(name), new.entries.get(name)) {
                (None, None) => continue,
                (Some(a), Some(b)) if a == b => continue,
                (None, Some(_)) => Change::Added,
                (Some(_), None) => Change::Removed,
                (Some(Node::Directory(a)), Some(Node::Directory(b))) => {
                    below.push((path, *a, *b));
                    continue;
                }
                (Some(a), Some(b)) => change(a, b),
            };
            self.found.push(Difference::Input { path: seen_path(&path), change });
        }
        below
    }
}

fn change(old: &Node, new: &Node) -> Change {
    match (old, new) {
        (Node::File { blob: a, executable: x }, Node::File { blob: b, executable: y }) => {
            if a == b && x != y {
                Change::Executable(*y)
            } else {
                Change::Content { old: a.0, new: b.0 }
            }
        }
        (Node::Symlink(a), Node::Symlink(b)) => Change::Target { old: a.clone(), new: b.clone() },
        _ => Change::Kind { old: kind(old), new: kind(new) },
    }
}

fn kind(node: &Node) -> &'static str {
    match node {
        Node::File { .. } => "file",
        Node::Directory(_) => "folder",
        Node::Symlink(_) => "symlink",
    }
}

/// Inputs of the workspace relative to it, the rest absolute.
fn seen_path(path: &str) -> String {
    match path.strip_prefix(WORKING_DIRECTORY).and_then(|rest| rest.strip_prefix('/')) {
        Some(inside) => inside.to_owned(),
        None => format!("/{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(words: &str) -> Vec<String> {
        words.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn arguments_differ_by_what_lies_between() {
        let list = |old: &str, new: &str| {
            arguments(&texts(old), &texts(new)).iter().map(Difference::to_string).collect::<Vec<_>>()
        };
        assert_eq!(list("cc -O1 -c a.c", "cc -O2 -c a.c"), ["argument 1 was '-O1' and is '-O2'"]);
        assert_eq!(list("cc -c a.c", "cc -g -c a.c"), ["argument 1 is new: '-g'"]);
        assert_eq!(list("cc -g -c a.c", "cc -c a.c"), ["argument 1 is gone: '-g'"]);
        assert_eq!(list("a a", "a a a"), ["argument 2 is new: 'a'"]);
        assert!(list("a b", "a b").is_empty());
    }
}
