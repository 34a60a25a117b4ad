//! `debian_tree`: unpacked Debian packages as one tree that can be the `/` of actions. Nothing of them is run.
//!
//! Inputs: what `unpack` makes of each `.deb`. Arguments: `packages`, a line `<input> <name> <version> <architecture>`
//! for each, and `links`, lines `<path> <target>` of further symlinks. The rules by which the tree is settled:
//! * `bin`, `sbin`, `lib`, `lib32`, `lib64` and `libx32` are links to the folders of these names in `usr`, whatever a
//!   package says (`merge.rs`);
//! * a path that two packages have must be the same in both, or is refused with both names;
//! * `/usr/share/{doc,info,man,lintian,bug}` is left out;
//! * of the alternatives that maintainer scripts would register, the one of the highest priority is linked, of equals
//!   the first by name (`alternatives.rs`);
//! * what a package depends on must be there, by name or by what another one provides (`control.rs`). Circles are fine.
//!
//! Invariant: the order of packages decides nothing. This file does not know where packages came from.

mod alternatives;
mod control;
mod merge;
#[cfg(test)]
mod tests;

use super::{check_arguments, one_output_of, refuse};
use control::Control;
use gx_store::{
    Blobs, Builtin, Call, Directory, ExecuteError, Node, Output, OutputKind, RelPath, Store, StoreError, Trees,
};
use merge::Merged;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The builtin.
#[derive(Debug, Clone, Copy, Default)]
pub struct DebianTree;

const NAME: &str = "debian_tree";
/// Control files are some kilobytes; scripts too.
const LARGEST: u64 = 4 << 20;

/// A package as the lock has it.
#[derive(Debug)]
struct Wanted<'a> {
    input: &'a str,
    name: &'a str,
    version: &'a str,
    architecture: &'a str,
}

impl Builtin for DebianTree {
    fn name(&self) -> &'static str {
        NAME
    }

    fn revision(&self) -> u32 {
        1
    }

    fn call(
        &self,
        call: &Call,
        inputs: &BTreeMap<RelPath, Node>,
        outputs: &[Output],
        store: &Store,
    ) -> Result<Vec<(RelPath, Node)>, ExecuteError> {
        check_arguments(call, &["packages", "links"])?;
        let output = one_output_of(call, outputs, OutputKind::Directory)?;
        let argument = |name: &str| call.arguments.get(name).map_or("", String::as_str);
        let wanted = wanted_of(argument("packages"))?;
        let (mut merged, mut controls, mut scripts) = (Merged::default(), Vec::new(), Vec::new());
        for package in &wanted {
            let root = root_of(package, inputs, store)?;
            let control = match folder(&root, "control", store)? {
                Some(control) => control,
                None => return Err(no_package(package)),
            };
            let text = text(&control, "control", store)?.ok_or_else(|| no_package(package))?;
            let read = Control::parse(&text);
            same_package(package, &read)?;
            controls.push(read);
            scripts.extend(self::text(&control, "postinst", store)?);
            if let Some(Node::Directory(data)) = root.get("data") {
                merged.add(package.name, data, store)?;
            }
        }
        control::check(&controls).map_err(|why| refuse(NAME, why))?;
        let settled = merged.settle().map_err(|why| refuse(NAME, why))?;
        let settled = alternatives::link(settled, &scripts);
        let settled = extra_links(settled, argument("links"))?;
        let tree = settled.with_merged_usr().put_tree(store)?;
        Ok(vec![(output.path.clone(), Node::Directory(tree))])
    }
}

fn wanted_of(text: &str) -> Result<Vec<Wanted<'_>>, ExecuteError> {
    text.lines()
        .map(|line| {
            let mut words = line.split(' ');
            match (words.next(), words.next(), words.next(), words.next(), words.next()) {
                (Some(input), Some(name), Some(version), Some(architecture), None) => {
                    Ok(Wanted { input, name, version, architecture })
                }
                _ => Err(refuse(NAME, format!("the line '{line}' of 'packages' has not four words"))),
            }
        })
        .collect()
}

fn no_package(package: &Wanted<'_>) -> ExecuteError {
    refuse(NAME, format!("'{}' is no unpacked package: it has no 'control/control'", package.input))
}

fn root_of(
    package: &Wanted<'_>,
    inputs: &BTreeMap<RelPath, Node>,
    store: &Store,
) -> Result<Arc<Directory>, ExecuteError> {
    let path = RelPath::new(package.input).map_err(StoreError::from)?;
    match inputs.get(&path) {
        Some(Node::Directory(tree)) => Ok(store.tree(tree)?),
        _ => Err(refuse(NAME, format!("'{path}' is no folder among the inputs"))),
    }
}

fn folder(root: &Directory, name: &str, store: &Store) -> Result<Option<Arc<Directory>>, StoreError> {
    match root.get(name) {
        Some(Node::Directory(tree)) => store.tree(tree).map(Some),
        _ => Ok(None),
    }
}

/// A small file as text; none where there is none.
fn text(folder: &Directory, name: &str, store: &Store) -> Result<Option<String>, StoreError> {
    match folder.get(name) {
        Some(Node::File { blob, .. }) if blob.0.size <= LARGEST => {
            Ok(Some(String::from_utf8_lossy(&store.blob(blob)?).into_owned()))
        }
        _ => Ok(None),
    }
}

/// Refuses a package that is not the one that the lock names.
fn same_package(wanted: &Wanted<'_>, found: &Control) -> Result<(), ExecuteError> {
    let pairs = [
        ("package", wanted.name, found.name.as_str()),
        ("version", wanted.version, found.version.as_str()),
        ("architecture", wanted.architecture, found.architecture.as_str()),
    ];
    match pairs.into_iter().find(|(_, wanted, found)| wanted != found) {
        None => Ok(()),
        Some((what, wanted_is, found)) => Err(refuse(
            NAME,
            format!(
                "the lock says that '{}' has the {what} '{wanted_is}', but the package itself says '{found}': the lock \
                 was edited by hand; `gx lock` makes it anew",
                wanted.name
            ),
        )),
    }
}

/// Adds the links that were asked for.
fn extra_links(mut settled: merge::Settled, text: &str) -> Result<merge::Settled, ExecuteError> {
    for line in text.lines() {
        let (path, target) = line.split_once(' ').unwrap_or((line, ""));
        let clean = |text: &str| RelPath::new(text.trim_start_matches('/')).map_err(|e| refuse(NAME, e.to_string()));
        let (path, target) = (clean(path)?, clean(target)?);
        settled.link(&path, &target).map_err(|why| refuse(NAME, format!("links: {why}")))?;
    }
    Ok(settled)
}
