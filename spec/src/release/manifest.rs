//! The manifest of a bundle: every file with its digest, its size, the part that it plays and whose output it is.
//!
//! It is JSON in one form: keys and files sorted, two blanks a level. The bundle's root digest is the SHA-256 of its
//! bytes, which `sha256sum manifest.json` gives too. Invariants: a path is there once, is relative and goes nowhere
//! else; the part that a file plays is the folder that it lies in. This file does not know how a bundle is checked.

use crate::eval::hash_of;
use crate::gate::evidence::Head;
use crate::syntax::HashFn;
use crate::twin;
use gx_store::RelPath;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

/// Its file.
pub const FILE: &str = "manifest.json";
/// The chain of evidence.
pub const EVIDENCE: &str = "evidence.json";
/// The bill of materials.
pub const SBOM: &str = "sbom.cdx.json";
/// The provenance.
pub const PROVENANCE: &str = "provenance.json";
/// The schema's name.
const SCHEMA: &str = "gx.bundle/1";

/// The parts that files play, with the folder of each.
pub const ROLES: [&str; 6] = ["content", "deployment", "policy", "proof", "report", "verdict"];

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A file.
    File {
        /// In bytes.
        size: u64,
        /// SHA-256 in hex.
        sha256: String,
        /// May it be executed?
        executable: bool,
    },
    /// A symlink and where it leads.
    Link(String),
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub what: What,
    /// The part that it plays.
    pub role: String,
    /// Whose output it is; of the bundle itself the release's target.
    pub target: String,
}

/// A manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// What is released.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The release profile.
    pub profile: String,
    /// The target that made the bundle.
    pub target: String,
    /// Where the chain of evidence ends.
    pub head: Head,
    /// Everything in the bundle but the manifest itself.
    pub files: BTreeMap<String, Entry>,
}

/// SHA-256 in hex.
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(hash_of(HashFn::Sha256, bytes))
}

/// The part that a file at that path plays.
pub fn role_of(path: &str) -> &str {
    match path {
        EVIDENCE => "evidence",
        SBOM => "sbom",
        PROVENANCE => "provenance",
        _ => path.split('/').next().filter(|first| ROLES.contains(first) && path.len() > first.len()).unwrap_or(""),
    }
}

impl Manifest {
    /// The file.
    pub fn text(&self) -> String {
        let one = |(path, entry): (&String, &Entry)| {
            let mut row = Map::new();
            let mut put = |key: &str, value: Json| drop(row.insert(key.to_owned(), value));
            put("path", json!(path));
            put("role", json!(entry.role));
            put("target", json!(entry.target));
            match &entry.what {
                What::File { size, sha256, executable } => {
                    put("size", json!(size));
                    put("sha256", json!(sha256));
                    put("executable", json!(executable));
                }
                What::Link(target) => put("link", json!(target)),
            }
            Json::Object(row)
        };
        twin::layout(&json!({
            "schema": SCHEMA, "name": self.name, "version": self.version, "profile": self.profile,
            "target": self.target, "evidence": {"records": self.head.records, "hash": self.head.hash},
            "files": self.files.iter().map(one).collect::<Vec<_>>(),
        }))
    }

    /// Reads a file; else says at which byte it is none, and why.
    pub fn read(bytes: &[u8]) -> Result<Manifest, (u64, String)> {
        let json: Json = serde_json::from_slice(bytes)
            .map_err(|error| (offset_of(bytes, error.line(), error.column()), format!("it is no JSON: {error}")))?;
        let manifest = Manifest::of(&json).map_err(|(near, why)| (find(bytes, &near).unwrap_or(0), why))?;
        let text = manifest.text();
        match text.bytes().zip(bytes).position(|(ours, theirs)| ours != *theirs) {
            None if text.len() == bytes.len() => Ok(manifest),
            at => {
                let at = at.unwrap_or(text.len().min(bytes.len())) as u64;
                Err((at, "it is not in the form that gx writes".to_owned()))
            }
        }
    }

    fn of(json: &Json) -> Result<Manifest, (String, String)> {
        let lacks = |near: &str, what: &str| (format!("\"{near}\""), format!("it has no sound '{what}'"));
        let text = |json: &Json, near: &str, key: &str| {
            json.get(key).and_then(Json::as_str).map(str::to_owned).ok_or_else(|| lacks(near, key))
        };
        if json.get("schema").and_then(Json::as_str) != Some(SCHEMA) {
            return Err(("\"schema\"".to_owned(), format!("it is no {SCHEMA}")));
        }
        let evidence = json.get("evidence").ok_or_else(|| lacks("evidence", "evidence"))?;
        let records = evidence.get("records").and_then(Json::as_u64).ok_or_else(|| lacks("records", "records"))?;
        let head = Head { records, hash: text(evidence, "hash", "hash")? };
        let mut files = BTreeMap::new();
        for row in json.get("files").and_then(Json::as_array).ok_or_else(|| lacks("files", "files"))? {
            let path = text(row, "files", "path")?;
            let role = text(row, &path, "role")?;
            let sound = RelPath::new(path.as_str()).is_ok_and(|it| !it.is_root() && it.as_str() == path);
            if !sound || role != role_of(&path) || role.is_empty() {
                let why = format!("a file that plays the part '{role}' does not lie at '{path}'");
                return Err((format!("\"{path}\""), why));
            }
            let number = |key: &str| row.get(key).and_then(Json::as_u64).ok_or_else(|| lacks(&path, key));
            let what = match row.get("link").and_then(Json::as_str) {
                Some(link) => What::Link(link.to_owned()),
                None => What::File {
                    size: number("size")?,
                    sha256: text(row, &path, "sha256")?,
                    executable: row
                        .get("executable")
                        .and_then(Json::as_bool)
                        .ok_or_else(|| lacks(&path, "executable"))?,
                },
            };
            let target = text(row, &path, "target")?;
            if files.insert(path.clone(), Entry { what, role, target }).is_some() {
                return Err((format!("\"{path}\""), format!("'{path}' is there twice")));
            }
        }
        let top = |key: &str| text(json, key, key);
        let (name, version, profile, target) = (top("name")?, top("version")?, top("profile")?, top("target")?);
        // What the release made itself is its own.
        if let Some((path, _)) = files.iter().find(|(path, entry)| !path.contains('/') && entry.target != target) {
            return Err((format!("\"{path}\""), format!("'{path}' is an output of '{target}' and says another")));
        }
        Ok(Manifest { name, version, profile, target, head, files })
    }

    /// What the chain of evidence says of the files: a line `SHA-256  path` for each that was there before it.
    pub fn released(files: &BTreeMap<String, Entry>) -> String {
        let line = |(path, entry): (&String, &Entry)| match &entry.what {
            What::File { sha256, .. } => format!("{sha256}  {path}\n"),
            What::Link(target) => format!("{}  {path}\n", self::sha256(target.as_bytes())),
        };
        files.iter().filter(|(path, _)| path.contains('/')).map(line).collect()
    }
}

/// The byte at which a text begins.
pub fn find(bytes: &[u8], what: &str) -> Option<u64> {
    let at = bytes.windows(what.len().max(1)).position(|window| window == what.as_bytes())?;
    Some(at as u64)
}

/// The byte of a line and column that count from 1.
fn offset_of(bytes: &[u8], line: usize, column: usize) -> u64 {
    let before: usize =
        bytes.split_inclusive(|byte| *byte == b'\n').take(line.saturating_sub(1)).map(<[u8]>::len).sum();
    (before + column.saturating_sub(1)) as u64
}
