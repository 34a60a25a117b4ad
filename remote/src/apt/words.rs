//! What apt's programs say, read.
//!
//! Invariant: what cannot be read gives nothing, never a panic. This file does not know who asked.

use super::resolve::Resolved;
use std::collections::BTreeMap;

/// A line of `apt-get --print-uris`: name, version and architecture of a package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) architecture: String,
}

/// The packages that `apt-get install --print-uris` lists: `'<address>' <file> <size> <hash>`.
pub(crate) fn uris(said: &str) -> Vec<Named> {
    let named = said.lines().filter(|line| line.starts_with('\'')).filter_map(|line| {
        let file = line.rsplit_once("' ")?.1.split(' ').next()?.strip_suffix(".deb")?;
        let mut parts = file.split('_');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(name), Some(version), Some(architecture), None) => {
                Some(Named { name: name.to_owned(), version: unquoted(version), architecture: architecture.to_owned() })
            }
            _ => None,
        }
    });
    let mut all: Vec<Named> = named.collect();
    all.sort();
    all.dedup();
    all
}

/// `%3a` and its like as characters.
fn unquoted(text: &str) -> String {
    let mut parts = text.split('%');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let code = part.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok());
        match (code.filter(u8::is_ascii), part.get(2..)) {
            (Some(code), Some(rest)) => {
                plain.push(char::from(code));
                plain.push_str(rest);
            }
            _ => {
                plain.push('%');
                plain.push_str(part);
            }
        }
    }
    plain
}

/// The packages that `apt-cache show` describes, by name, version and architecture; of several the first.
pub(crate) fn cache_stanzas(said: &str) -> BTreeMap<(String, String, String), Resolved> {
    let mut all = BTreeMap::new();
    for stanza in said.split("\n\n") {
        let field = |name: &str| {
            let mut lines = stanza.lines().filter_map(|line| line.split_once(':'));
            lines.find(|(key, _)| *key == name).map(|(_, value)| value.trim().to_owned())
        };
        let read = || {
            Some(Resolved {
                name: field("Package")?,
                version: field("Version")?,
                architecture: field("Architecture")?,
                sha256: field("SHA256")?,
                size: field("Size")?.parse().ok()?,
                path: field("Filename")?.trim_start_matches("./").to_owned(),
            })
        };
        if let Some(found) = read() {
            let key = (found.name.clone(), found.version.clone(), found.architecture.clone());
            all.entry(key).or_insert(found);
        }
    }
    all
}

/// The errors among apt's words, without the addresses that they repeat.
pub(crate) fn errors(said: &str) -> String {
    let lines = said.lines().filter_map(|line| line.strip_prefix("E: "));
    let useful: Vec<&str> = lines.filter(|line| *line != "Download Failed").map(str::trim).collect();
    match useful.as_slice() {
        [] => said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it gave no reason").trim().to_owned(),
        lines => lines.join("; "),
    }
}

/// Why apt did not transfer a file: the SHA-256 of what it got instead, and its words.
pub(super) fn refusal(said: &str) -> (Option<String>, String) {
    let mut received = said.lines().skip_while(|line| !line.contains("Hashes of received file"));
    let hash = received.find_map(|line| line.trim().strip_prefix("- SHA256:")).map(|hash| hash.trim().to_owned());
    let hash = hash.filter(|_| said.contains("Hash Sum mismatch"));
    let why = errors(said);
    let why = why.strip_prefix("Failed to fetch ").map_or(why.clone(), |rest| {
        let (address, why) = rest.split_once(' ').unwrap_or((rest, ""));
        format!("{}: {}", crate::http::shown(address), why.split(" [IP").next().unwrap_or(why).trim())
    });
    (hash, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_are_read() {
        let said = "Reading package lists...\nNOTE: x\n\
            'http://host/debian/pool/main/g/gcc-12/libasan8_12.2.0-14%2bdeb12u1_arm64.deb' \
            libasan8_12.2.0-14+deb12u1_arm64.deb 2096136 MD5Sum:7db5\n\
            'http://host/x/gcc_12.2.0-3_arm64.deb' gcc_4%3a12.2.0-3_arm64.deb 5244 MD5Sum:5cbc\n'broken\n' x 1 y\n";
        let named: Vec<String> =
            uris(said).into_iter().map(|it| format!("{} {} {}", it.name, it.version, it.architecture)).collect();
        assert_eq!(named, ["gcc 4:12.2.0-3 arm64", "libasan8 12.2.0-14+deb12u1 arm64"]);
    }

    #[test]
    fn stanzas_are_read() {
        let said = "Package: gcc\nVersion: 4:12\nArchitecture: amd64\nDescription: a: b\n more\nFilename: pool/g.deb\n\
            Size: 5216\nSHA256: aa\n\nPackage: gcc\nVersion: 4:12\nArchitecture: amd64\nFilename: ./other.deb\nSize: 1\n\
            SHA256: bb\n\nPackage: broken\nSize: many\n";
        let all = cache_stanzas(said);
        assert_eq!(all.len(), 1);
        let found = all.values().next().unwrap();
        assert_eq!((found.path.as_str(), found.size, found.sha256.as_str()), ("pool/g.deb", 5216, "aa"));
    }

    #[test]
    fn refusals_are_understood() {
        let gone = "Err:1 http://host/x.deb\n  404  Not Found [IP: 1.2.3.4 80]\n\
            E: Failed to fetch http://u:secret@host/x.deb  404  Not Found [IP: 1.2.3.4 80]\nE: Download Failed\n";
        assert_eq!(refusal(gone), (None, "http://host/x.deb: 404  Not Found".to_owned()));
        let wrong = "E: Failed to fetch http://host/x.deb  Hash Sum mismatch\n   Hashes of expected file:\n\
            \x20   - SHA256:aa\n   Hashes of received file:\n    - SHA256:bb\n    - Filesize:5216 [weak]\n";
        assert_eq!(refusal(wrong).0.as_deref(), Some("bb"));
        let size = "E: Failed to fetch http://host/x.deb  File has unexpected size (5216 != 5000). Mirror sync in \
                    progress? [IP: 1 80]\n   Hashes of expected file:\n    - SHA256:aa\n";
        assert_eq!(refusal(size).0, None);
        assert_eq!(errors("words\n\n"), "words");
    }
}
