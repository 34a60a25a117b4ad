//! A folder of files by their SHA-256, before any source: with it a build needs no network.
//!
//! `<folder>/sha256/<first two digits>/<hash>`. Invariants: a file of the folder is checked like every other; what is
//! damaged there is passed over where another source may be asked, and told where not; offline, only what needs no
//! network is asked. This file does not know protocols.

use crate::sink::{self, Fault};
use gx_store::{Cancel, Fetch, FetchError, Fetcher, Surroundings};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where a mirror has the file of a hash.
pub fn path_in(folder: &Path, sha256: &str) -> PathBuf {
    folder.join("sha256").join(sha256.get(..2).unwrap_or("__")).join(sha256)
}

/// A fetcher with the mirror before it.
pub(crate) struct Mirrored(pub(crate) Arc<dyn Fetcher>);

impl Fetcher for Mirrored {
    fn fetch(&self, fetch: &Fetch, surroundings: &Surroundings, to: &Path, cancel: &Cancel) -> Result<(), FetchError> {
        let mut damaged = None;
        if let Some(folder) = &surroundings.mirror {
            let file = path_in(folder, &fetch.sha256);
            match sink::copy_checked(&file, to, &fetch.sha256, sink::LIMIT, cancel) {
                Ok(()) => return Ok(()),
                Err(Fault::Stop(error)) => return Err(error),
                Err(Fault::WrongHash(found)) => {
                    let what = format!("'{}'", file.display());
                    damaged = Some(FetchError::WrongHash { what, declared: fetch.sha256.clone(), found });
                }
                Err(Fault::Refused(_) | Fault::Passing(_)) => {}
            }
        }
        if !surroundings.offline {
            return self.0.fetch(fetch, surroundings, to, cancel);
        }
        if let Some(error) = damaged {
            return Err(error);
        }
        if let Some(local) = local(fetch) {
            return self.0.fetch(&local, surroundings, to, cancel);
        }
        let place = match &surroundings.mirror {
            Some(folder) => format!("the mirror '{}' does not have it", folder.display()),
            None => "no mirror is set (`--mirror DIR`)".to_owned(),
        };
        let why = format!("gx is offline, and {place}; `gx fetch --to DIR` makes one where there is a network");
        Err(FetchError::Unreachable { what: what_of(fetch), why })
    }
}

/// The fetch without those of its addresses that need a network; none when nothing is left.
fn local(fetch: &Fetch) -> Option<Fetch> {
    let urls = fetch.parameters.get("urls")?;
    let local: Vec<&str> = urls.lines().filter(|url| url.trim().starts_with("file://")).collect();
    if local.is_empty() {
        return None;
    }
    let mut fetch = fetch.clone();
    fetch.parameters.insert("urls".to_owned(), local.join("\n"));
    Some(fetch)
}

/// What is fetched, for messages.
fn what_of(fetch: &Fetch) -> String {
    let get = |key: &str| fetch.parameters.get(key).map(String::as_str);
    match (get("urls"), get("name"), get("version")) {
        (Some(urls), _, _) => crate::http::shown(urls.lines().next().unwrap_or_default()),
        (None, Some(name), Some(version)) => format!("'{name} {version}'"),
        _ => fetch.fetcher.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[derive(Default)]
    struct Counting(AtomicUsize);

    impl Fetcher for Counting {
        fn fetch(&self, _: &Fetch, _: &Surroundings, to: &Path, _: &Cancel) -> Result<(), FetchError> {
            self.0.fetch_add(1, Ordering::Relaxed);
            std::fs::write(to, "content").unwrap();
            Ok(())
        }
    }

    #[test]
    fn the_mirror_comes_first_and_offline_it_is_all_there_is() {
        use sha2::Digest;
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("file");
        let sha256 = hex::encode(sha2::Sha256::digest(b"content"));
        let there = path_in(folder.path(), &sha256);
        std::fs::create_dir_all(there.parent().unwrap()).unwrap();
        let inner = Arc::new(Counting::default());
        let fetcher = Mirrored(inner.clone());
        let run = |urls: &str, mirror: bool, offline: bool| {
            let mirror = mirror.then(|| folder.path().to_owned());
            let surroundings = Surroundings { mirror, offline, ..Surroundings::default() };
            let parameters = BTreeMap::from([("urls".to_owned(), urls.to_owned())]);
            let fetch = Fetch { fetcher: "http".to_owned(), parameters, sha256: sha256.clone() };
            let done = fetcher.fetch(&fetch, &surroundings, &to, &Cancel::new());
            let said = done.map_err(|error| error.to_string().replace(folder.path().to_str().unwrap(), "DIR"));
            (said, inner.0.swap(0, Ordering::Relaxed))
        };
        let far = "https://user:secret@host/x";
        assert_eq!(run(far, true, false), (Ok(()), 1), "not in the mirror, so the source is asked");
        assert_eq!(run(&format!("{far}\nfile:///x"), true, true), (Ok(()), 1), "a local file needs no network");
        std::fs::write(&there, "other").unwrap();
        assert_eq!(run(far, true, false), (Ok(()), 1), "damaged in the mirror");
        let (damaged, asked) = run(far, true, true);
        assert_eq!(asked, 0);
        std::fs::write(&there, "content").unwrap();
        assert_eq!(run(far, true, true), (Ok(()), 0));
        std::fs::remove_file(&there).unwrap();
        let said = [damaged, run(far, true, true).0, run(far, false, true).0];
        insta::assert_snapshot!(said.map(Result::unwrap_err).join("\n"));
    }
}
