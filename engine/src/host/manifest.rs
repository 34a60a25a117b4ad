//! The manifest of an imported closure: a canonical text, one line a path.
//!
//! `f <digest> <path>` a file, `x <digest> <path>` an executable one, `l <target> <path>` a symlink, `d - <path>` an
//! empty folder. Lines are sorted by path and end with a newline; in targets and paths space, newline, carriage
//! return, tab and `%` are written `%20` and so on. Invariant: `parse` refuses every text that `format` would not
//! give. This file does not know hosts.

use gx_store::{BlobId, Digest, Node, RelPath, Store, StoreError, TreeBuilder, TreeId};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Paths and what they are; `None` is an empty folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifest {
    /// By path.
    pub entries: BTreeMap<RelPath, Option<Node>>,
}

/// Why a text is no manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the manifest is damaged at line {line}: {why}")]
pub struct ManifestError {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong.
    pub why: String,
}

impl Manifest {
    /// The canonical text. Folders of content have no place in it: they are given file by file.
    pub fn format(&self) -> String {
        let mut text = String::with_capacity(self.entries.len() * 128);
        for (path, node) in &self.entries {
            let (kind, what) = match node {
                Some(Node::File { blob, executable }) => (if *executable { 'x' } else { 'f' }, blob.0.to_string()),
                Some(Node::Symlink(target)) => ('l', escape(target)),
                Some(Node::Directory(_)) | None => ('d', "-".to_owned()),
            };
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{kind} {what} {}", escape(path.as_str()));
        }
        text
    }

    /// Reads the canonical text.
    pub fn parse(text: &str) -> Result<Manifest, ManifestError> {
        let mut manifest = Manifest::default();
        for (index, line) in text.lines().enumerate() {
            let bad = |why: String| ManifestError { line: index + 1, why };
            let mut parts = line.split(' ');
            let (Some(kind), Some(what), Some(path), None) = (parts.next(), parts.next(), parts.next(), parts.next())
            else {
                return Err(bad("three words are expected".to_owned()));
            };
            let path = unescape(path).ok_or_else(|| bad("a bad escape".to_owned()))?;
            let path = RelPath::new(path).map_err(|e| bad(e.to_string()))?;
            let file = |executable| -> Result<Option<Node>, ManifestError> {
                let blob = BlobId(what.parse::<Digest>().map_err(|e| bad(e.to_string()))?);
                Ok(Some(Node::File { blob, executable }))
            };
            let node = match kind {
                "f" => file(false)?,
                "x" => file(true)?,
                "l" => Some(Node::Symlink(unescape(what).ok_or_else(|| bad("a bad escape".to_owned()))?)),
                "d" if what == "-" => None,
                other => return Err(bad(format!("unknown kind '{other}'"))),
            };
            manifest.entries.insert(path, node);
        }
        let again = manifest.format();
        if again == text {
            return Ok(manifest);
        }
        let line = again.lines().zip(text.lines()).take_while(|(a, b)| a == b).count() + 1;
        Err(ManifestError { line, why: "not in canonical order or form".to_owned() })
    }

    /// Keeps the tree in the store; its files must be there already.
    pub fn put_tree(&self, store: &Store) -> Result<TreeId, StoreError> {
        let mut builder = TreeBuilder::new();
        for (path, node) in &self.entries {
            match node {
                Some(node) => builder.insert(path, node.clone())?,
                None => builder.insert_folder(path)?,
            }
        }
        store.put_built(&builder)
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            ' ' | '\n' | '\r' | '\t' | '%' => {
                let _ = write!(escaped, "%{:02X}", u32::from(character));
            }
            other => escaped.push(other),
        }
    }
    escaped
}

fn unescape(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut plain = parts.next()?.to_owned();
    for part in parts {
        let (code, rest) = part.split_at_checked(2)?;
        plain.push(char::from(u8::from_str_radix(code, 16).ok()?));
        plain.push_str(rest);
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gx_store::HashFunction::Blake3;

    fn path(text: &str) -> RelPath {
        RelPath::new(text).unwrap()
    }

    #[test]
    fn canonical_both_ways() {
        let blob = BlobId(Blake3.digest(b"x"));
        let manifest = Manifest {
            entries: BTreeMap::from([
                (path("usr/bin/a b%"), Some(Node::File { blob, executable: true })),
                (path("bin"), Some(Node::Symlink("usr/bin".to_owned()))),
                (path("usr/lib/x"), Some(Node::File { blob, executable: false })),
                (path("tmp"), None),
            ]),
        };
        let text = manifest.format();
        insta::assert_snapshot!(text);
        assert_eq!(Manifest::parse(&text), Ok(manifest));
    }

    #[test]
    fn other_forms_are_refused() {
        let bad = ["f x", "f notadigest a", "q - a", "d - b\nd - a\n", "d - a", "l x ../a\n", "d - a%2\n", "d - %41\n"];
        let said: Vec<String> = bad.iter().map(|text| Manifest::parse(text).unwrap_err().to_string()).collect();
        insta::assert_snapshot!(said.join("\n"));
    }
}
