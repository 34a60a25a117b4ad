//! A bundle, checked: every digest and size, the manifest against the folder, what the bill of materials, the
//! provenance and the evidence say against the manifest.
//!
//! Nothing but the bundle is needed. The first thing that is off is named: its file, the byte of the place that says
//! so, what was expected and what was found. Where the manifest and a file disagree, the provenance tells which of the
//! two was changed. This file does not know where a bundle lies, nor signatures.

use super::manifest::{self, Entry, Manifest, What, find, sha256};
use super::records;
use crate::gate::conformance::Conformance;
use crate::gate::evidence::{Evidence, MADE};
use crate::gate::report::status;
use gx_store::HashFunction;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// What lies at a path of a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lying {
    /// A file.
    File {
        /// In bytes.
        size: u64,
        /// May it be executed?
        executable: bool,
    },
    /// A symlink and where it leads.
    Link(String),
    /// Something that a bundle cannot hold.
    Other(&'static str),
}

/// A bundle, wherever it lies.
pub trait Source {
    /// Everything in it that is no folder, by its path.
    fn list(&self) -> Result<BTreeMap<String, Lying>, String>;
    /// The bytes of a file.
    fn read(&self, path: &str) -> Result<Vec<u8>, String>;
}

/// What is off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Off {
    /// The file.
    pub file: String,
    /// What is wrong with it.
    pub what: String,
    /// Where it says so, or where it is said of it: a file, and a byte in it from 0.
    pub said: Option<(String, u64)>,
    /// What had to be found.
    pub expected: String,
    /// What was found.
    pub found: String,
}

/// Why a bundle is not what was released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It cannot be read, or has no manifest.
    Unreadable(String),
    /// The manifest is none.
    NoManifest {
        /// The byte.
        at: u64,
        /// Why.
        why: String,
    },
    /// It is off.
    Off(Box<Off>),
}

/// A bundle that is what its manifest says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Its manifest.
    pub manifest: Manifest,
    /// The manifest's bytes.
    pub bytes: u64,
    /// SHA-256 of them.
    pub root: String,
}

/// Checks a bundle; of which root digest, when that is known from elsewhere.
pub fn verify(source: &dyn Source, known: Option<&str>) -> Result<Verified, Fault> {
    let lying = source.list().map_err(Fault::Unreadable)?;
    if !lying.contains_key(manifest::FILE) {
        return Err(Fault::Unreadable(format!("there is no '{}'", manifest::FILE)));
    }
    let bytes = source.read(manifest::FILE).map_err(Fault::Unreadable)?;
    let root = sha256(&bytes);
    if let Some(known) = known.filter(|known| *known != root) {
        let (file, what) = (manifest::FILE.to_owned(), "is not that of the release".to_owned());
        let (expected, found) = (format!("sha256 {known}"), format!("sha256 {root}"));
        return Err(Fault::Off(Box::new(Off { file, what, said: None, expected, found })));
    }
    let manifest = Manifest::read(&bytes).map_err(|(at, why)| Fault::NoManifest { at, why })?;
    let check = Check { source, manifest: &manifest, bytes: &bytes };
    check.folder(&lying)?;
    let mut read = BTreeMap::new();
    for (path, entry) in &manifest.files {
        let bytes = check.file(path, entry)?;
        if [manifest::SBOM, manifest::PROVENANCE, manifest::EVIDENCE].contains(&path.as_str())
            || path.ends_with(".cbor")
        {
            read.insert(path.as_str(), bytes);
        }
    }
    check.records(&read)?;
    check.evidence(&read)?;
    Ok(Verified { bytes: bytes.len() as u64, root, manifest })
}

struct Check<'a> {
    source: &'a dyn Source,
    manifest: &'a Manifest,
    bytes: &'a [u8],
}

type Read<'a> = BTreeMap<&'a str, Vec<u8>>;

impl Check<'_> {
    /// Where the manifest speaks of a path.
    fn said(&self, path: &str) -> Option<(String, u64)> {
        let quoted = serde_json::to_string(path).unwrap_or_default();
        let at = find(self.bytes, &format!("\"path\": {quoted}")).or_else(|| find(self.bytes, &quoted))?;
        Some((manifest::FILE.to_owned(), at))
    }

    fn off(&self, file: &str, what: &str, expected: impl Into<String>, found: impl Into<String>) -> Fault {
        let said = self.said(file);
        let (expected, found) = (expected.into(), found.into());
        Fault::Off(Box::new(Off { file: file.to_owned(), what: what.to_owned(), said, expected, found }))
    }

    /// Everything is there, and nothing else.
    fn folder(&self, lying: &BTreeMap<String, Lying>) -> Result<(), Fault> {
        let paths = self.manifest.files.keys().chain(lying.keys().filter(|path| *path != manifest::FILE));
        for path in paths.collect::<std::collections::BTreeSet<_>>() {
            let (entry, there) = (self.manifest.files.get(path).map(|it| &it.what), lying.get(path));
            let mode = |executable: &bool| if *executable { "a program" } else { "a file" };
            match (entry, there) {
                (Some(_), None) => return Err(self.alone(path, true)),
                (None, Some(_)) => return Err(self.alone(path, false)),
                (_, Some(Lying::Other(what))) => return Err(self.off(path, "is no file", "a file", *what)),
                (Some(What::File { size, executable, .. }), Some(Lying::File { size: n, executable: x })) => {
                    if size != n {
                        self.blame(path)?;
                        return Err(self.off(path, "has another size", format!("{size} bytes"), format!("{n} bytes")));
                    }
                    if executable != x {
                        return Err(self.off(path, "has another mode", mode(executable), mode(x)));
                    }
                }
                (Some(What::Link(target)), Some(Lying::Link(other))) if target == other => {}
                (Some(entry), Some(there)) => {
                    let words = |link: Option<&String>| match link {
                        Some(target) => format!("a symlink to '{target}'"),
                        None => "a file".to_owned(),
                    };
                    let entry = if let What::Link(target) = entry { Some(target) } else { None };
                    let there = if let Lying::Link(target) = there { Some(target) } else { None };
                    let known = self.source.read(manifest::PROVENANCE).unwrap_or_default();
                    if there.is_some_and(|it| subjects(&known).get(path.as_str()) == Some(&sha256(it.as_bytes()))) {
                        return Err(self.changed(path, words(there), words(entry)));
                    }
                    return Err(self.off(path, "is something else", words(entry), words(there)));
                }
                (None, None) => {}
            }
        }
        Ok(())
    }

    /// A path that only the manifest or only the folder has: the provenance tells which of the two was changed.
    fn alone(&self, path: &str, in_manifest: bool) -> Fault {
        let known = self.source.read(manifest::PROVENANCE).map(|bytes| subjects(&bytes));
        let known = known.is_ok_and(|it| !it.is_empty() && it.contains_key(path) != in_manifest);
        match (in_manifest, known && path != manifest::PROVENANCE) {
            (true, false) => self.off(path, "is missing", "there", "not there"),
            (false, false) => self.off(path, "is in no manifest", "not there", "there"),
            (true, true) => self.changed(path, format!("no file '{path}'"), "one"),
            (false, true) => self.changed(path, format!("a file '{path}'"), "none"),
        }
    }

    /// The manifest was changed where it speaks of a path.
    fn changed(&self, path: &str, expected: impl Into<String>, found: impl Into<String>) -> Fault {
        let (file, what) =
            (manifest::FILE.to_owned(), format!("was changed: {} says something else", manifest::PROVENANCE));
        let (said, expected, found) = (self.said(path), expected.into(), found.into());
        Fault::Off(Box::new(Off { file, what, said, expected, found }))
    }

    /// A file has its digest; gives its bytes.
    fn file(&self, path: &str, entry: &Entry) -> Result<Vec<u8>, Fault> {
        let What::File { sha256: expected, .. } = &entry.what else { return Ok(Vec::new()) };
        let bytes = self.source.read(path).map_err(Fault::Unreadable)?;
        let found = sha256(&bytes);
        if found == *expected {
            return Ok(bytes);
        }
        self.blame(path)?;
        Err(self.off(path, "has another content", format!("sha256 {expected}"), format!("sha256 {found}")))
    }

    /// A file and the manifest disagree: is it the manifest that was changed? The provenance is asked. It says itself
    /// what the manifest says when it is what would be made of that.
    fn blame(&self, path: &str) -> Result<(), Fault> {
        let Some(Entry { what: What::File { size, sha256: said, .. }, .. }) = self.manifest.files.get(path) else {
            return Ok(());
        };
        let bytes = self.source.read(path).map_err(Fault::Unreadable)?;
        let Ok(provenance) = self.source.read(manifest::PROVENANCE) else { return Ok(()) };
        let found = sha256(&bytes);
        let whole = match path {
            manifest::PROVENANCE => self.provenance().as_bytes() == provenance,
            _ => subjects(&provenance).get(path) == Some(&found),
        };
        match whole {
            false => Ok(()),
            true if *said == found => {
                Err(self.changed(path, format!("{} bytes", bytes.len()), format!("{size} bytes")))
            }
            true => Err(self.changed(path, format!("sha256 {found}"), format!("sha256 {said}"))),
        }
    }

    /// The provenance as it has to be, made from what the verdict speaks of.
    fn provenance(&self) -> String {
        let mut manifest = self.manifest.clone();
        manifest.files.remove(manifest::PROVENANCE);
        let verdict = manifest.files.keys().find(|path| path.starts_with("verdict/") && path.ends_with(".cbor"));
        let verdict = verdict.and_then(|path| self.source.read(path).ok()).unwrap_or_default();
        let said = Conformance::decode(&verdict).unwrap_or_default();
        records::provenance(&manifest, &said.subjects)
    }

    /// The bill of materials and the provenance are those of these files, to the byte.
    fn records(&self, read: &Read<'_>) -> Result<(), Fault> {
        let mut manifest = self.manifest.clone();
        manifest.files.retain(|path, _| path.contains('/'));
        self.same(read, manifest::PROVENANCE, &self.provenance())?;
        self.same(read, manifest::SBOM, &records::sbom(&manifest))
    }

    /// A record has to be what is made of the manifest. It has the digest that it should have, so what is off is what
    /// the manifest says.
    fn same(&self, read: &Read<'_>, file: &str, made: &str) -> Result<(), Fault> {
        let Some(bytes) = read.get(file) else { return Err(self.off(file, "is missing", "there", "not there")) };
        let differs = made.bytes().zip(bytes).position(|(ours, theirs)| ours != *theirs);
        if differs.is_none() && made.len() == bytes.len() {
            return Ok(());
        }
        let at = differs.unwrap_or(made.len().min(bytes.len()));
        Err(Fault::Off(Box::new(Off {
            file: manifest::FILE.to_owned(),
            what: format!("does not say what {file} says"),
            said: Some((file.to_owned(), at as u64)),
            expected: line_at(bytes, at),
            found: line_at(made.as_bytes(), at),
        })))
    }

    /// The chain of evidence holds, ends where the manifest says, and speaks of what is here.
    fn evidence(&self, read: &Read<'_>) -> Result<(), Fault> {
        let file = manifest::EVIDENCE;
        let Some(bytes) = read.get(file) else { return Err(self.off(file, "is missing", "there", "not there")) };
        let chain = Evidence::read(bytes).map_err(|why| self.off(file, "is broken", "a chain that holds", why))?;
        let (head, said) = (chain.head(), &self.manifest.head);
        if head != *said {
            let words = |it: &crate::gate::evidence::Head| format!("{} records, the last {}", it.records, it.hash);
            let fault = Off {
                file: manifest::FILE.to_owned(),
                what: format!("says that {file} ends elsewhere"),
                said: find(self.bytes, "\"evidence\"").map(|at| (manifest::FILE.to_owned(), at)),
                expected: words(&head),
                found: words(said),
            };
            return Err(Fault::Off(Box::new(fault)));
        }
        let blake3 = |bytes: &[u8]| HashFunction::Blake3.digest(bytes).hex();
        let verdict = read.iter().find(|(path, _)| path.starts_with("verdict/"));
        let released = blake3(Manifest::released(&self.manifest.files).as_bytes());
        let sbom = read.get(manifest::SBOM).map(|it| blake3(it)).unwrap_or_default();
        let last = [
            ("release.conformance", status(true), verdict.map(|(_, it)| blake3(it)).unwrap_or_default()),
            ("release.content", MADE, released),
            ("release.sbom", MADE, sbom),
        ];
        if let Some(gate) = chain.lacks_at_end(&self.manifest.version, &last) {
            return Err(self.off(file, "does not speak of this bundle", format!("a record '{gate}' of it"), "none"));
        }
        for (path, bytes) in read.iter().filter(|(path, _)| path.starts_with("report/")) {
            if !chain.speaks_of(&blake3(bytes)) {
                return Err(self.off(path, "is not in the evidence", blake3(bytes), "no record of it"));
            }
        }
        Ok(())
    }
}

/// What a provenance says of files: their digests.
fn subjects(bytes: &[u8]) -> BTreeMap<String, String> {
    let json: Json = serde_json::from_slice(bytes).unwrap_or_default();
    let rows = json.get("subject").and_then(Json::as_array).cloned().unwrap_or_default();
    let one = |row: &Json| {
        Some((row.get("name")?.as_str()?.to_owned(), row.get("digest")?.get("sha256")?.as_str()?.to_owned()))
    };
    rows.iter().filter_map(one).collect()
}

/// The line around a byte.
fn line_at(bytes: &[u8], at: usize) -> String {
    let (before, after) = bytes.split_at(at.min(bytes.len()));
    let head = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    let tail = after.split(|byte| *byte == b'\n').next().unwrap_or_default();
    String::from_utf8_lossy(&[head, tail].concat()).trim().to_owned()
}
