//! Manifests: what a build made, signed, to be compared elsewhere and later.
//!
//! A JSON file with every action in dependency order: label, digests of what went in, outputs. Invariants: the same
//! build gives the same bytes, and so does the same key; the signature is over those bytes, so a file that says
//! anything else, or in other words, is refused. This file does not know who compares two.

use crate::error::Report;
use crate::keys::{self, Claim, Public, Signer};
use gx_engine::audit::Entry;
use gx_store::{HashFunction, Level, Node};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The schema of the signed part.
const SCHEMA: &str = "gx.manifest/1";
/// No manifest is larger.
const LARGEST: u64 = 1 << 30;

/// What was built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Which form this is.
    pub schema: String,
    /// The digest function of every digest in it.
    pub function: String,
    /// Labels of the targets, sorted.
    pub targets: Vec<String>,
    /// Actions, in dependency order.
    pub actions: Vec<Action>,
}

/// An action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// Whose.
    pub label: String,
    /// The kind of work.
    pub mnemonic: String,
    /// How many actions one after another lie below it.
    pub depth: u32,
    /// Everything that went in, by one digest.
    pub action: String,
    /// Its command.
    pub command: String,
    /// Its inputs, toolchain and all.
    pub inputs: String,
    /// The level that it asks for.
    pub level: Option<String>,
    /// What it made.
    pub outputs: Vec<Output>,
}

/// An output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// Its path below the working folder.
    pub path: String,
    /// `file`, `program`, `folder` or `symlink`.
    pub kind: String,
    /// Its digest, or where a symlink leads.
    pub content: String,
    /// Its size in bytes; 0 for a symlink.
    pub size: u64,
}

/// The file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signed {
    manifest: Manifest,
    signature: Signature,
}

/// Who signed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signature {
    /// The signer's name for the key.
    name: String,
    /// The public key, in hex.
    ed25519: String,
    /// The signature, in hex.
    signature: String,
}

impl Output {
    /// An output as a manifest has it.
    pub fn new(path: &str, node: &Node) -> Output {
        let (kind, content, size) = match node {
            Node::File { blob, executable: false } => ("file", blob.0.hex(), blob.0.size),
            Node::File { blob, executable: true } => ("program", blob.0.hex(), blob.0.size),
            Node::Directory(tree) => ("folder", tree.0.hex(), tree.0.size),
            Node::Symlink(target) => ("symlink", target.clone(), 0),
        };
        Output { path: path.to_owned(), kind: kind.to_owned(), content, size }
    }
}

impl Manifest {
    /// Of what was built.
    pub fn new(function: HashFunction, mut targets: Vec<String>, entries: &[Entry]) -> Manifest {
        targets.sort();
        targets.dedup();
        let actions = entries.iter().map(|entry| Action {
            label: entry.owner.to_string(),
            mnemonic: entry.mnemonic.to_string(),
            depth: entry.depth,
            action: entry.action.0.hex(),
            command: entry.command.0.hex(),
            inputs: entry.inputs.0.hex(),
            level: entry.level.map(|level: Level| level.name().to_owned()),
            outputs: entry.outputs.iter().map(|(path, node)| Output::new(path.as_str(), node)).collect(),
        });
        let actions = actions.collect();
        Manifest { schema: SCHEMA.to_owned(), function: function.to_string(), targets, actions }
    }

    /// The bytes that are signed: fields in the order in which they stand above, no blanks.
    fn signed_bytes(&self) -> Result<Vec<u8>, Report> {
        serde_json::to_vec(self).map_err(|error| Report::new(904, "a manifest cannot be written").cause(&error))
    }

    /// The file's bytes.
    pub fn encode(self, signer: &Signer) -> Result<Vec<u8>, Report> {
        let signature = Signature {
            name: signer.public.name.clone(),
            ed25519: signer.public.hex.clone(),
            signature: signer.sign(&self.signed_bytes()?),
        };
        let bytes = serde_json::to_vec_pretty(&Signed { manifest: self, signature });
        let mut bytes = bytes.map_err(|error| Report::new(904, "a manifest cannot be written").cause(&error))?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Reads a file and checks its signature against the keys that are trusted; gives the trusted key's name too.
    pub fn read(path: &Path, trusted: &[Public]) -> Result<(Manifest, String), Report> {
        let named = path.display();
        let unreadable = |why: String| Report::new(904, format!("'{named}' is no manifest: {why}"));
        let size = std::fs::metadata(path).map_err(|error| unreadable(error.to_string()))?.len();
        if size > LARGEST {
            return Err(unreadable(format!("it has {size} bytes")));
        }
        let bytes = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
        let Signed { manifest, signature } =
            serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
        if manifest.schema != SCHEMA {
            return Err(unreadable(format!("its schema is '{}', and this gx reads '{SCHEMA}'", manifest.schema)));
        }
        let claim = Claim { name: &signature.name, ed25519: &signature.ed25519, signature: &signature.signature };
        let key = keys::check(path, &manifest.signed_bytes()?, &claim, trusted)?;
        Ok((manifest, key.name.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Keys;
    use std::collections::BTreeMap;

    fn manifest() -> Manifest {
        let output = Output { path: "out/a".into(), kind: "file".into(), content: "00ff".into(), size: 3 };
        let action = Action {
            label: "//:a".into(),
            mnemonic: "Genrule".into(),
            depth: 1,
            action: "aa".into(),
            command: "bb".into(),
            inputs: "cc".into(),
            level: Some("sandboxed".into()),
            outputs: vec![output],
        };
        Manifest {
            schema: SCHEMA.into(),
            function: "blake3".into(),
            targets: vec!["//:a".into()],
            actions: vec![action],
        }
    }

    #[test]
    fn a_manifest_is_believed_when_it_is_whole_and_signed_by_somebody_known() {
        let folder = tempfile::tempdir().unwrap();
        let home = BTreeMap::from([("HOME".to_owned(), folder.path().display().to_string())]);
        let keys = Keys::of(&home).unwrap();
        keys.new_key("release").unwrap();
        let bytes = manifest().encode(&keys.signer(None).unwrap()).unwrap();
        assert_eq!(bytes, manifest().encode(&keys.signer(None).unwrap()).unwrap());
        let path = folder.path().join("m.json");
        let read = |bytes: &[u8], trusted: &[Public]| {
            std::fs::write(&path, bytes).unwrap();
            Manifest::read(&path, trusted)
        };
        let trusted = keys.list().unwrap();
        assert_eq!(read(&bytes, &trusted).unwrap(), (manifest(), "release".to_owned()));
        let public = trusted[0].hex.clone();
        let mut told = read(&bytes, &[]).unwrap_err().text(false);
        let text = String::from_utf8(bytes.clone()).unwrap();
        told += &read(text.replace("00ff", "00fe").as_bytes(), &trusted).unwrap_err().text(false);
        told += &read(text.replace("gx.manifest/1", "gx.manifest/9").as_bytes(), &trusted).unwrap_err().text(false);
        told += &read(&bytes[..bytes.len() / 2], &trusted).unwrap_err().text(false);
        told += &read(text.replace("\"depth\"", "\"death\"").as_bytes(), &trusted).unwrap_err().text(false);
        told += &read(b"", &trusted).unwrap_err().text(false);
        let shown = told.replace(&public, "[PUBLIC]").replace(&folder.path().display().to_string(), "[FOLDER]");
        insta::assert_snapshot!(shown);
        // Any byte that is changed is noticed, or changes nothing that is said.
        for at in (0..bytes.len()).step_by(7) {
            let mut other = bytes.clone();
            other[at] ^= 1;
            if let Ok((read, _)) = read(&other, &trusted) {
                assert_eq!(read, manifest(), "byte {at}");
            }
        }
    }
}
