//! Digests that carry their function, and one newtype per kind of object that a digest can name.
//!
//! Invariants: a `Digest` is function + 32 bytes of hash + size in bytes of what was hashed; two digests of
//! different functions are never equal; one build uses one function. Text forms: the short form is 64
//! lowercase hex digits, the full form is `blake3:<hex>:<size>`.
//! This file does not know what the hashed bytes mean.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A hash function a build can be made with. Both give 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
pub enum HashFunction {
    /// BLAKE3-256, the house function.
    #[default]
    Blake3,
    /// SHA-256, for teams whose servers know nothing else.
    Sha256,
}

impl HashFunction {
    /// Every function, in the order of their codes.
    pub const ALL: [HashFunction; 2] = [HashFunction::Blake3, HashFunction::Sha256];

    /// The lowercase name used in text, in `gx.toml` and in CBOR records.
    pub const fn name(self) -> &'static str {
        match self {
            HashFunction::Blake3 => "blake3",
            HashFunction::Sha256 => "sha256",
        }
    }

    /// One byte for keys of rows.
    pub const fn code(self) -> u8 {
        match self {
            HashFunction::Blake3 => b'b',
            HashFunction::Sha256 => b's',
        }
    }

    /// The function of a code, if there is one.
    pub const fn from_code(code: u8) -> Option<HashFunction> {
        match code {
            b'b' => Some(HashFunction::Blake3),
            b's' => Some(HashFunction::Sha256),
            _ => None,
        }
    }

    /// Starts a streaming hash.
    pub fn hasher(self) -> Hasher {
        match self {
            HashFunction::Blake3 => Hasher { state: State::Blake3(Box::default()), size: 0 },
            HashFunction::Sha256 => Hasher { state: State::Sha256(Box::default()), size: 0 },
        }
    }

    /// Hashes bytes that are in memory.
    pub fn digest(self, bytes: &[u8]) -> Digest {
        let hash = match self {
            HashFunction::Blake3 => *blake3::hash(bytes).as_bytes(),
            HashFunction::Sha256 => <sha2::Sha256 as sha2::Digest>::digest(bytes).into(),
        };
        Digest { function: self, hash, size: bytes.len() as u64 }
    }
}

impl fmt::Display for HashFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for HashFunction {
    type Err = DigestError;
    fn from_str(text: &str) -> Result<Self, DigestError> {
        HashFunction::ALL
            .into_iter()
            .find(|f| f.name() == text)
            .ok_or_else(|| DigestError::UnknownFunction(text.to_owned()))
    }
}

/// A streaming hash that also counts bytes.
#[derive(Debug, Clone)]
pub struct Hasher {
    state: State,
    size: u64,
}

#[derive(Debug, Clone)]
enum State {
    Blake3(Box<blake3::Hasher>),
    Sha256(Box<sha2::Sha256>),
}

impl Hasher {
    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.state {
            State::Blake3(h) => {
                h.update(bytes);
            }
            State::Sha256(h) => sha2::Digest::update(h.as_mut(), bytes),
        }
        self.size += bytes.len() as u64;
    }

    /// The digest of all bytes added so far.
    pub fn finish(self) -> Digest {
        match self.state {
            State::Blake3(h) => {
                Digest { function: HashFunction::Blake3, hash: *h.finalize().as_bytes(), size: self.size }
            }
            State::Sha256(h) => {
                Digest { function: HashFunction::Sha256, hash: sha2::Digest::finalize(*h).into(), size: self.size }
            }
        }
    }
}

impl std::io::Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Function, hash and size of some bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Digest {
    /// The function that made `hash`.
    pub function: HashFunction,
    /// The hash.
    pub hash: [u8; 32],
    /// How many bytes were hashed.
    pub size: u64,
}

impl Digest {
    /// Length of the key form.
    pub const KEY_LEN: usize = 41;

    /// The hash as 64 lowercase hex digits.
    pub fn hex(&self) -> String {
        hex::encode(self.hash)
    }

    /// The form used as a key of rows: code of the function, hash, size big-endian. Sorts by function, then hash.
    pub fn key(&self) -> [u8; Self::KEY_LEN] {
        let mut key = [0u8; Self::KEY_LEN];
        let (head, rest) = key.split_at_mut(1);
        let (hash, size) = rest.split_at_mut(32);
        head.copy_from_slice(&[self.function.code()]);
        hash.copy_from_slice(&self.hash);
        size.copy_from_slice(&self.size.to_be_bytes());
        key
    }

    /// Reads the key form back.
    pub fn from_key(key: &[u8]) -> Option<Digest> {
        let (code, rest) = key.split_first()?;
        let (hash, size) = rest.split_at_checked(32)?;
        Some(Digest {
            function: HashFunction::from_code(*code)?,
            hash: hash.try_into().ok()?,
            size: u64::from_be_bytes(size.try_into().ok()?),
        })
    }

    /// From the parts as a Remote Execution API message carries them: 64 lowercase hex digits and a size.
    pub fn from_hex(function: HashFunction, hex_text: &str, size: u64) -> Result<Digest, DigestError> {
        let lower = hex_text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let mut hash = [0u8; 32];
        if !lower || hex::decode_to_slice(hex_text, &mut hash).is_err() {
            return Err(DigestError::NotHex(hex_text.to_owned()));
        }
        Ok(Digest { function, hash, size })
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.function, self.hex(), self.size)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = DigestError;
    fn from_str(text: &str) -> Result<Self, DigestError> {
        let mut parts = text.split(':');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(function), Some(hex_text), Some(size), None) => {
                // One text for each digest: no sign, no leading zeros.
                let parsed: Option<u64> = size.parse().ok().filter(|n: &u64| n.to_string() == size);
                let size = parsed.ok_or_else(|| DigestError::NotADigest(text.to_owned()))?;
                Digest::from_hex(function.parse()?, hex_text, size)
            }
            _ => Err(DigestError::NotADigest(text.to_owned())),
        }
    }
}

/// Why a text is not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// The function's name is not known.
    #[error("unknown hash function '{0}' (known: blake3, sha256)")]
    UnknownFunction(String),
    /// The hash is not 64 lowercase hex digits.
    #[error("'{0}' is not a hash: 64 lowercase hex digits are expected")]
    NotHex(String),
    /// The text has not the form `function:hex:size`.
    #[error("'{0}' is not a digest: 'blake3:<64 hex digits>:<size>' is expected")]
    NotADigest(String),
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub Digest);

        impl $name {
            /// The digest inside.
            pub const fn digest(&self) -> &Digest {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0.hex())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

id!(
    /// Names a blob: any bytes.
    BlobId
);
id!(
    /// Names a tree: the canonical bytes of its root `Directory`.
    TreeId
);
id!(
    /// Names a derivation: its canonical CBOR bytes.
    DerivationId
);
id!(
    /// Names an action: the bytes of its Remote Execution API `Action`. The key of every cache.
    ActionId
);
id!(
    /// Names a node of a nested input set: its canonical CBOR bytes.
    InputSetId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_of_nothing_are_the_published_ones() {
        assert_eq!(
            HashFunction::Blake3.digest(b"").hex(),
            "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
        );
        assert_eq!(
            HashFunction::Sha256.digest(b"").hex(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }

    #[test]
    fn streaming_equals_one_shot() {
        for function in HashFunction::ALL {
            let mut hasher = function.hasher();
            hasher.update(b"ab");
            hasher.update(b"c");
            assert_eq!(hasher.finish(), function.digest(b"abc"));
        }
    }

    #[test]
    fn text_and_key_forms_read_back() {
        let digest = HashFunction::Sha256.digest(b"x");
        assert_eq!(digest.to_string().parse::<Digest>(), Ok(digest));
        assert_eq!(Digest::from_key(&digest.key()), Some(digest));
        assert!("blake3:ABC:1".parse::<Digest>().is_err());
        for size in ["+1", "01", "", "-1", "99999999999999999999"] {
            assert!(format!("sha256:{}:{size}", digest.hex()).parse::<Digest>().is_err(), "{size}");
        }
        assert!(Digest::from_key(b"short").is_none());
    }
}
