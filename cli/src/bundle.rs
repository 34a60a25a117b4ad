//! Bundles in folders, and their signatures.
//!
//! A signature is a JSON file beside the folder: `NAME.signature.json` beside `NAME`. It signs the root digest, with
//! who signed it. Invariants: nothing of a bundle is followed out of its folder; the same key gives the same signature;
//! a signature that says anything else, or in other words, is refused. This file does not know what a bundle means.

use crate::error::Report;
use crate::keys::{self, Claim, Public, Signer};
use gx_spec::release::verify::{Fault, Lying, Source, Verified};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The schema of a signature.
const SCHEMA: &str = "gx.bundle-signature/1";
/// No signature is larger.
const LARGEST: u64 = 4096;

/// A bundle's folder.
pub struct Folder<'a>(pub &'a Path);

impl Source for Folder<'_> {
    fn list(&self) -> Result<BTreeMap<String, Lying>, String> {
        let mut found = BTreeMap::new();
        let mut ahead = vec![(String::new(), self.0.to_path_buf())];
        while let Some((at, folder)) = ahead.pop() {
            let unreadable = |error: std::io::Error| format!("'{}' cannot be read: {error}", folder.display());
            for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
                let entry = entry.map_err(unreadable)?;
                let name = entry.file_name().into_string();
                let name = name.map_err(|name| format!("the name '{}' is no text", name.display()))?;
                let below = if at.is_empty() { name } else { format!("{at}/{name}") };
                let meta = entry.metadata().map_err(unreadable)?;
                let kind = meta.file_type();
                let lying = if kind.is_dir() {
                    ahead.push((below, entry.path()));
                    continue;
                } else if kind.is_file() {
                    Lying::File { size: meta.len(), executable: meta.permissions().mode() & 0o100 != 0 }
                } else if kind.is_symlink() {
                    let target = std::fs::read_link(entry.path()).map_err(unreadable)?;
                    Lying::Link(target.to_string_lossy().into_owned())
                } else {
                    Lying::Other("a device, a pipe or a socket")
                };
                found.insert(below, lying);
            }
        }
        Ok(found)
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        let path = self.0.join(path);
        std::fs::read(&path).map_err(|error| format!("'{}' cannot be read: {error}", path.display()))
    }
}

/// What is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    schema: String,
    /// The signer's name for the key.
    name: String,
    /// The bundle's root digest.
    root: String,
}

/// The file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signature {
    signed: Said,
    /// The public key, in hex.
    ed25519: String,
    /// The signature, in hex.
    signature: String,
}

impl Signature {
    fn text(&self) -> Result<String, Report> {
        let text = serde_json::to_string_pretty(self);
        text.map(|text| text + "\n").map_err(|error| Report::new(1220, "a signature cannot be written").cause(&error))
    }

    fn bytes(&self) -> Result<Vec<u8>, Report> {
        serde_json::to_vec(&self.signed)
            .map_err(|error| Report::new(1220, "a signature cannot be written").cause(&error))
    }
}

/// Where a bundle's signature lies.
pub fn signature_file(bundle: &Path) -> PathBuf {
    let mut path = bundle.components().collect::<PathBuf>().into_os_string();
    path.push(".signature.json");
    PathBuf::from(path)
}

/// Signs a root digest; the text of the file.
pub fn sign(root: &str, signer: &Signer) -> Result<String, Report> {
    let name = signer.public.name.clone();
    let signed = Said { schema: SCHEMA.to_owned(), name, root: root.to_owned() };
    let mut signature = Signature { signed, ed25519: signer.public.hex.clone(), signature: String::new() };
    signature.signature = signer.sign(&signature.bytes()?);
    signature.text()
}

/// Reads a signature, and gives the root digest that a trusted key signed, and that key's name.
pub fn signed_root(path: &Path, trusted: &[Public]) -> Result<(String, String), Report> {
    let named = path.display();
    let unreadable = |why: String| Report::new(1220, format!("'{named}' is no signature of a bundle: {why}"));
    let size = std::fs::metadata(path).map_err(|error| unreadable(error.to_string()))?.len();
    if size > LARGEST {
        return Err(unreadable(format!("it has {size} bytes")));
    }
    let bytes = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
    let signature: Signature = serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
    if signature.signed.schema != SCHEMA {
        return Err(unreadable(format!("its schema is '{}', and this gx reads '{SCHEMA}'", signature.signed.schema)));
    }
    let text = signature.text()?;
    if text.as_bytes() != bytes {
        let at = text.bytes().zip(&bytes).position(|(ours, theirs)| ours != *theirs).unwrap_or(text.len());
        return Err(unreadable(format!("from byte {at} on it is not in the form that gx writes")));
    }
    let claim = Claim { name: &signature.signed.name, ed25519: &signature.ed25519, signature: &signature.signature };
    let key = keys::check(path, &signature.bytes()?, &claim, trusted)?;
    Ok((signature.signed.root, key.name.clone()))
}

/// Checks a bundle; of which root digest, when that is known.
pub fn verify(bundle: &Path, root: Option<&str>) -> Result<Verified, Report> {
    let named = bundle.display();
    let checked = gx_spec::release::verify::verify(&Folder(bundle), root);
    checked.map_err(|fault| match fault {
        Fault::Unreadable(why) => Report::new(1220, format!("'{named}' is no bundle: {why}")),
        Fault::NoManifest { at, why } => {
            Report::new(1220, format!("'{named}/manifest.json' is no manifest: at byte {at} {why}"))
        }
        Fault::Off(off) => {
            let report = Report::new(1221, format!("{} {}", off.file, off.what));
            let report = report.hint(format!("expected: {}", off.expected)).hint(format!("found:    {}", off.found));
            match off.said {
                Some((file, at)) => report.hint(format!("see {file} at byte {at}")),
                None => report,
            }
        }
    })
}
