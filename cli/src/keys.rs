//! Keys that sign manifests (Ed25519), and those that are trusted.
//!
//! They lie in `$XDG_CONFIG_HOME/gx/keys` (else `~/.config/gx/keys`): `NAME.key` is a secret, mode 0600, `NAME.pub`
//! the public half; a `.pub` file of somebody else, put there, is trusted. Invariants: a secret is written once, for
//! its owner alone, and is never shown; one that others can read is refused. This file does not know what is signed.

use crate::error::Report;
use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use std::collections::BTreeMap;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// First word of a file with a secret.
const SECRET: &str = "gx-secret-key-1";
/// First word of a file with a public key.
const PUBLIC: &str = "gx-public-key-1";
/// Longest name of a key.
const LONGEST: usize = 64;
/// No file of a key is larger.
const LARGEST: u64 = 4096;

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Public {
    /// Its name here.
    pub name: String,
    /// Its 32 bytes in hex.
    pub hex: String,
    /// Is its secret half here too?
    pub own: bool,
}

/// A folder of keys.
#[derive(Debug, Clone)]
pub struct Keys {
    folder: PathBuf,
}

/// A key that signs.
pub struct Signer {
    /// The public half.
    pub public: Public,
    pair: Ed25519KeyPair,
}

impl Signer {
    /// The signature of bytes, in hex.
    pub fn sign(&self, bytes: &[u8]) -> String {
        hex::encode(self.pair.sign(bytes).as_ref())
    }
}

/// What a file says of who signed it.
pub struct Claim<'a> {
    /// The signer's name for the key.
    pub name: &'a str,
    /// The public key, in hex.
    pub ed25519: &'a str,
    /// The signature, in hex.
    pub signature: &'a str,
}

/// The trusted key that signed these bytes of a file.
///
/// # Errors
///
/// With 905 when the signature is not that of these bytes, with 906 when nobody trusts the key.
pub fn check<'a>(named: &Path, bytes: &[u8], claim: &Claim<'_>, trusted: &'a [Public]) -> Result<&'a Public, Report> {
    let named = named.display();
    if !is_signed(bytes, claim.ed25519, claim.signature) {
        return Err(Report::new(905, format!("the signature of '{named}' is not that of what it says"))
            .hint("it was changed after it was signed, or it was signed with another key than it names"));
    }
    trusted.iter().find(|key| key.hex == claim.ed25519).ok_or_else(|| {
        Report::new(906, format!("'{named}' is signed by '{}', a key that is not trusted here", claim.name))
            .hint(format!("its public key is {}", claim.ed25519))
            .hint(
                "if it is whose you think: put the signer's `gx key export` into the folder of keys, or name that \
                 file with --trust",
            )
    })
}

/// Is it the signature of these bytes by that key? All in hex but the bytes.
fn is_signed(bytes: &[u8], public: &str, signature: &str) -> bool {
    let (Ok(public), Ok(signature)) = (hex::decode(public), hex::decode(signature)) else { return false };
    UnparsedPublicKey::new(&ED25519, public).verify(bytes, &signature).is_ok()
}

fn broken(path: &Path, why: impl std::fmt::Display) -> Report {
    Report::new(908, format!("the key '{}' cannot be used: {why}", path.display()))
}

/// A name that is a file's name anywhere.
fn check_name(name: &str) -> Result<(), Report> {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > LONGEST || name.starts_with(['.', '-']) || !name.chars().all(fine) {
        return Err(Report::new(907, format!("'{name}' cannot be the name of a key"))
            .hint("up to 64 letters, digits, '-', '_' and '.', the first a letter, a digit or '_'"));
    }
    Ok(())
}

impl Keys {
    /// The folder that this environment names.
    pub fn of(environment: &BTreeMap<String, String>) -> Result<Keys, Report> {
        let set = |name: &str| environment.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let folder = set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config")));
        let folder = folder.ok_or_else(|| {
            Report::new(908, "there is no folder for keys").hint("set HOME or XDG_CONFIG_HOME to an absolute path")
        })?;
        Ok(Keys { folder: folder.join("gx/keys") })
    }

    /// Where they lie.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn path(&self, name: &str, end: &str) -> PathBuf {
        self.folder.join(format!("{name}.{end}"))
    }

    /// Makes a key.
    pub fn new_key(&self, name: &str) -> Result<Public, Report> {
        check_name(name)?;
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)
            .map_err(|error| broken(&self.folder, error))?;
        if self.path(name, "pub").exists() {
            return Err(taken(name));
        }
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new());
        let document = document.map_err(|_| broken(&self.folder, "the system gives no random numbers"))?;
        let text = format!("{SECRET} {name} {}\n", hex::encode(document.as_ref()));
        write_new(&self.path(name, "key"), &text, 0o600).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => taken(name),
            _ => broken(&self.path(name, "key"), error),
        })?;
        let signer = self.signer(Some(name))?;
        let path = self.path(name, "pub");
        write_new(&path, &line(&signer.public), 0o644).map_err(|error| broken(&path, error))?;
        Ok(signer.public)
    }

    /// Every public key here, by name.
    pub fn list(&self) -> Result<Vec<Public>, Report> {
        let entries = match std::fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(broken(&self.folder, error)),
        };
        let mut keys = Vec::new();
        for entry in entries {
            let path = entry.map_err(|error| broken(&self.folder, error))?.path();
            let name = path.file_stem().and_then(|name| name.to_str());
            if let Some(name) = name.filter(|_| path.extension().is_some_and(|end| end == "pub")) {
                let own = self.path(name, "key").exists();
                keys.push(Public { name: name.to_owned(), own, ..public_file(&path)? });
            }
        }
        keys.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(keys)
    }

    /// The public half of a key, as a line for somebody else's folder.
    pub fn export(&self, name: &str) -> Result<String, Report> {
        check_name(name)?;
        let keys = self.list()?;
        let key = keys.iter().find(|key| key.name == name).ok_or_else(|| self.missing(name, &keys))?;
        Ok(line(key))
    }

    fn missing(&self, name: &str, keys: &[Public]) -> Report {
        let report = Report::new(907, format!("there is no key '{name}' in '{}'", self.folder.display()));
        report.suggest(name, keys.iter().map(|key| key.name.as_str())).hint(format!("`gx key new {name}` makes one"))
    }

    /// The key that signs: the one of that name, or the only one there is.
    pub fn signer(&self, name: Option<&str>) -> Result<Signer, Report> {
        let name = match name {
            Some(name) => name.to_owned(),
            None => self.only()?,
        };
        check_name(&name)?;
        let path = self.path(&name, "key");
        let held = match std::fs::metadata(&path) {
            Ok(held) => held,
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(self.missing(&name, &self.list()?)),
            Err(error) => return Err(broken(&path, error)),
        };
        if held.permissions().mode() & 0o077 != 0 {
            return Err(broken(&path, "others can read it").hint(format!("chmod 600 '{}'", path.display())));
        }
        let (_, secret) = words(&path, SECRET)?;
        let secret = hex::decode(secret).map_err(|_| broken(&path, "it is not in hex"))?;
        let pair = Ed25519KeyPair::from_pkcs8(&secret).map_err(|_| broken(&path, "it is no Ed25519 key"))?;
        let public = Public { hex: hex::encode(pair.public_key().as_ref()), name, own: true };
        Ok(Signer { public, pair })
    }

    /// The name of the only key with a secret half.
    fn only(&self) -> Result<String, Report> {
        let keys = self.list()?;
        let own: Vec<&str> = keys.iter().filter(|key| key.own).map(|key| key.name.as_str()).collect();
        match own.as_slice() {
            [name] => Ok((*name).to_owned()),
            [] => Err(Report::new(907, "there is no key to sign with").hint("`gx key new NAME` makes one")),
            names => Err(Report::new(907, format!("there are several keys: {}", names.join(", ")))
                .hint("`--key NAME` says which one signs")),
        }
    }
}

fn taken(name: &str) -> Report {
    Report::new(907, format!("there is a key '{name}' already")).hint("a key is never overwritten; take another name")
}

/// A public key as a line of text.
fn line(key: &Public) -> String {
    format!("{PUBLIC} {} {}\n", key.name, key.hex)
}

/// A public key of a file.
pub fn public_file(path: &Path) -> Result<Public, Report> {
    let (name, public) = words(path, PUBLIC)?;
    let is_key = public.len() == 64 && hex::decode(&public).is_ok();
    if !is_key {
        return Err(broken(path, "it has no 64 digits in hex"));
    }
    Ok(Public { name, hex: public, own: false })
}

/// The name and the digits of a key's file.
fn words(path: &Path, kind: &str) -> Result<(String, String), Report> {
    let size = std::fs::metadata(path).map_err(|error| broken(path, error))?.len();
    if size > LARGEST {
        return Err(broken(path, "it is too large"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| broken(path, error))?;
    match text.split_whitespace().collect::<Vec<_>>().as_slice() {
        [first, name, digits] if *first == kind => Ok(((*name).to_owned(), digits.to_lowercase())),
        // A secret's text is never repeated.
        _ => Err(broken(path, format!("it is not one line '{kind} NAME DIGITS'"))),
    }
}

fn write_new(path: &Path, text: &str, mode: u32) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(folder: &Path) -> Keys {
        Keys { folder: folder.join("keys") }
    }

    #[test]
    fn a_key_signs_and_another_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let keys = keys(folder.path());
        let made = keys.new_key("release").unwrap();
        let signer = keys.signer(None).unwrap();
        assert_eq!(signer.public, made);
        let signature = signer.sign(b"text");
        assert!(is_signed(b"text", &made.hex, &signature));
        assert!(!is_signed(b"texT", &made.hex, &signature));
        let other = keys.new_key("other").unwrap();
        assert!(!is_signed(b"text", &other.hex, &signature));
        assert!(!is_signed(b"text", "00", &signature) && !is_signed(b"text", &made.hex, "zz"));
        let mode = std::fs::metadata(keys.path("release", "key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn what_is_wrong_with_a_key_is_said_and_never_its_secret() {
        let folder = tempfile::tempdir().unwrap();
        let keys = keys(folder.path());
        let text = |report: Report| {
            let text = report.text(false).replace(&folder.path().display().to_string(), "[FOLDER]");
            assert!(!text.contains("302e"), "a secret is shown: {text}");
            text
        };
        let mut told = text(keys.signer(None).err().unwrap());
        told += &text(keys.new_key("../x").err().unwrap());
        keys.new_key("a").unwrap();
        told += &text(keys.new_key("a").err().unwrap());
        told += &text(keys.export("b").err().unwrap());
        keys.new_key("b").unwrap();
        told += &text(keys.signer(None).err().unwrap());
        let path = keys.path("a", "key");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        told += &text(keys.signer(Some("a")).err().unwrap());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let secret = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, &secret[..secret.len() - 9]).unwrap();
        told += &text(keys.signer(Some("a")).err().unwrap());
        std::fs::write(keys.path("c", "pub"), "gx-public-key-1 c 12\n").unwrap();
        told += &text(keys.list().err().unwrap());
        insta::assert_snapshot!(told);
    }
}
