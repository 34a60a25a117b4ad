//! The first place at which what an action made is not what it made before.
//!
//! Outputs in the order of their paths, folders by their entries' names, files by their bytes; of each output the
//! first place only. This file does not know why they differ.

use gx_store::{BlobId, Blobs, Ending, Node, RelPath, Store, StoreError, Trees};
use std::io::Read;

/// What a run gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Made {
    /// Its outputs.
    Outputs(Vec<(RelPath, Node)>),
    /// It failed.
    Ended(Ending),
    /// It could not be tried.
    Refused(String),
}

/// A difference between the outputs that are known and those of another run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The output; none when the action itself ended otherwise.
    pub output: Option<RelPath>,
    /// The path inside of it, when it is a folder.
    pub inside: String,
    /// What is not the same there.
    pub unlike: Unlike,
}

/// What is not the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unlike {
    /// Bytes of a file.
    Content(Box<Content>),
    /// May its owner execute it? Before.
    Executable(bool),
    /// Where a symlink leads, before and now.
    Target(String, String),
    /// What lies there, before and now.
    Kind(&'static str, &'static str),
    /// It was there before, and is not now.
    Gone,
    /// It was not there before.
    New,
    /// The action ended otherwise: how, and what it wrote last.
    Ending(String),
}

/// Two files that differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The first byte that is not the same, from 0. Where one file ends early, its length.
    pub offset: u64,
    /// The files, before and now.
    pub blobs: (BlobId, BlobId),
    /// Where the excerpts begin.
    pub from: u64,
    /// Bytes around the place, before and now.
    pub excerpts: (Vec<u8>, Vec<u8>),
}

/// Bytes that are shown before the place and from it on.
const BEFORE: u64 = 160;
const FROM: u64 = 320;

/// Where two runs differ; the store has the objects of both.
pub(crate) fn differences(store: &Store, known: &Made, now: &Made) -> Result<Vec<Difference>, StoreError> {
    let (Made::Outputs(known), Made::Outputs(now)) = (known, now) else {
        let words = match now {
            Made::Outputs(_) => "it succeeded, and failed before".to_owned(),
            Made::Ended(ending) => words(ending),
            Made::Refused(why) => why.clone(),
        };
        return Ok(vec![Difference { output: None, inside: String::new(), unlike: Unlike::Ending(words) }]);
    };
    let mut found = Vec::new();
    // Both have exactly the declared outputs.
    for ((path, before), (_, after)) in known.iter().zip(now).filter(|(a, b)| a != b) {
        let (inside, unlike) = first(store, before, after)?;
        found.push(Difference { output: Some(path.clone()), inside, unlike });
    }
    Ok(found)
}

fn words(ending: &Ending) -> String {
    match ending {
        Ending::Exit(code) => format!("it ended with exit code {code}"),
        Ending::Signal(signal) => format!("it was ended by signal {signal}"),
        Ending::TimedOut(ms) => format!("it took longer than {ms} ms"),
        Ending::Exceeded(resource, most) => format!("it used more than {}", resource.words(*most)),
        Ending::BadOutputs(why) => why.clone(),
    }
}

/// The first unlike place of two nodes that are not the same: depth first, entries in order.
fn first(store: &Store, before: &Node, after: &Node) -> Result<(String, Unlike), StoreError> {
    let (mut path, mut before, mut after) = (Vec::new(), before.clone(), after.clone());
    loop {
        let unlike = match (&before, &after) {
            (Node::Directory(a), Node::Directory(b)) => {
                let (a, b) = (store.tree(a)?, store.tree(b)?);
                let names: std::collections::BTreeSet<_> = a.entries.keys().chain(b.entries.keys()).collect();
                let next = names.into_iter().find(|name| a.get(name.as_str()) != b.get(name.as_str()));
                // Two trees of different digests differ in an entry.
                let Some(name) = next else { return Ok((path.join("/"), Unlike::Gone)) };
                path.push(name.as_str().to_owned());
                match (a.get(name.as_str()).cloned(), b.get(name.as_str()).cloned()) {
                    (Some(x), Some(y)) => {
                        (before, after) = (x, y);
                        continue;
                    }
                    (Some(_), None) => Unlike::Gone,
                    _ => Unlike::New,
                }
            }
            (Node::File { blob: a, .. }, Node::File { blob: b, .. }) if a != b => {
                Unlike::Content(Box::new(content(store, *a, *b)?))
            }
            (Node::File { executable, .. }, Node::File { .. }) => Unlike::Executable(*executable),
            (Node::Symlink(a), Node::Symlink(b)) => Unlike::Target(a.clone(), b.clone()),
            (a, b) => Unlike::Kind(kind(a), kind(b)),
        };
        return Ok((path.join("/"), unlike));
    }
}

const fn kind(node: &Node) -> &'static str {
    match node {
        Node::File { .. } => "a file",
        Node::Directory(_) => "a folder",
        Node::Symlink(_) => "a symlink",
    }
}

fn content(store: &Store, before: BlobId, after: BlobId) -> Result<Content, StoreError> {
    let offset = offset(store, &before, &after)?;
    let from = offset.saturating_sub(BEFORE);
    let excerpts = (excerpt(store, &before, from, offset + FROM)?, excerpt(store, &after, from, offset + FROM)?);
    Ok(Content { offset, blobs: (before, after), from, excerpts })
}

fn reading(id: &BlobId) -> impl Fn(std::io::Error) -> StoreError {
    let name = id.0.hex();
    move |error| StoreError::io("reading", std::path::PathBuf::from(&name), error)
}

/// The first byte that differs.
fn offset(store: &Store, before: &BlobId, after: &BlobId) -> Result<u64, StoreError> {
    let (mut a, mut b) = (store.open_blob(before)?, store.open_blob(after)?);
    let (mut left, mut right) = (vec![0; PIECE], vec![0; PIECE]);
    let mut at = 0;
    loop {
        let x = fill(&mut a, &mut left).map_err(reading(before))?;
        let y = fill(&mut b, &mut right).map_err(reading(after))?;
        if let Some(same) = x.iter().zip(y).position(|(x, y)| x != y) {
            return Ok(at + same as u64);
        }
        if x.len() != y.len() || x.is_empty() {
            return Ok(at + x.len().min(y.len()) as u64);
        }
        at += x.len() as u64;
    }
}

const PIECE: usize = 64 << 10;

/// Reads until the buffer is full or the stream ends.
fn fill<'b>(from: &mut dyn Read, buffer: &'b mut [u8]) -> std::io::Result<&'b [u8]> {
    let mut have = 0;
    while let Some(rest) = buffer.get_mut(have..).filter(|rest| !rest.is_empty()) {
        match from.read(rest)? {
            0 => break,
            more => have += more,
        }
    }
    Ok(buffer.get(..have).unwrap_or_default())
}

fn excerpt(store: &Store, id: &BlobId, from: u64, to: u64) -> Result<Vec<u8>, StoreError> {
    let mut stream = store.open_blob(id)?;
    std::io::copy(&mut (&mut stream).take(from), &mut std::io::sink()).map_err(reading(id))?;
    let mut bytes = Vec::new();
    stream.take(to - from).read_to_end(&mut bytes).map_err(reading(id))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gx_store::{Directory, HashFunction};

    fn file(store: &Store, bytes: &[u8]) -> Node {
        Node::File { blob: store.put_blob(bytes).unwrap(), executable: false }
    }

    fn folder(store: &Store, entries: &[(&str, Node)]) -> Node {
        let mut directory = Directory::default();
        entries.iter().for_each(|(name, node)| directory.add((*name).to_owned(), node.clone()).unwrap());
        Node::Directory(store.put_tree(&directory.encode()).unwrap())
    }

    #[test]
    fn the_first_place_is_found() {
        let folder_of_store = tempfile::tempdir().unwrap();
        let store = Store::in_memory(folder_of_store.path(), HashFunction::Blake3);
        let mut long = vec![b'x'; 200_000];
        let a = file(&store, &long);
        long[150_000] = b'y';
        let (b, short) = (file(&store, &long), file(&store, &long[..150_000]));
        let at = |a: &Node, b: &Node| match first(&store, a, b).unwrap() {
            (inside, Unlike::Content(content)) => (inside, content.offset, content.excerpts.0.len()),
            (inside, other) => panic!("{inside}: {other:?}"),
        };
        assert_eq!(at(&a, &b), (String::new(), 150_000, 480));
        assert_eq!(at(&a, &short), (String::new(), 150_000, 480));
        let deep = |last: &Node| {
            let inner = folder(&store, &[("same", a.clone()), ("z", last.clone())]);
            folder(&store, &[("a", a.clone()), ("d", inner)])
        };
        assert_eq!(at(&deep(&a), &deep(&b)).0, "d/z");
        let (less, more) = (folder(&store, &[("a", a.clone())]), deep(&a));
        assert_eq!(first(&store, &less, &more).unwrap(), ("d".to_owned(), Unlike::New));
        assert_eq!(first(&store, &more, &less).unwrap(), ("d".to_owned(), Unlike::Gone));
        let link = Node::Symlink("there".to_owned());
        assert_eq!(first(&store, &a, &link).unwrap().1, Unlike::Kind("a file", "a symlink"));
    }
}
