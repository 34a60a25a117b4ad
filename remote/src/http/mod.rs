//! `http`: a file by URL, from the first of several that has it.
//!
//! Parameters `urls`, one a line: `https://`, `http://` or `file://`, and where it is known `size` in bytes. A source
//! that fails in a way that may pass is asked again a little later, for what is missing yet; one that refuses is left.
//! Wrong bytes are never kept; when no source has the right ones and one had others, their hash is what the error
//! tells.
//! This file does not know the protocol (`transfer.rs`) nor the environment (`route.rs`).

mod route;
mod transfer;

use crate::sink::{self, Fault, Sink};
use gx_store::{Cancel, Fetch, FetchError, Fetcher, Surroundings};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The fetcher.
#[derive(Debug, Clone)]
pub struct HttpFetcher {
    /// Pauses between the tries of one source: one try more than there are pauses.
    pub pauses: Vec<Duration>,
    /// The largest file, in bytes.
    pub limit: u64,
    /// Longest silence of a server.
    pub patience: Duration,
}

impl Default for HttpFetcher {
    fn default() -> HttpFetcher {
        let pauses = vec![Duration::from_millis(500), Duration::from_secs(2), Duration::from_secs(8)];
        HttpFetcher { pauses, limit: sink::LIMIT, patience: Duration::from_secs(60) }
    }
}

impl Fetcher for HttpFetcher {
    fn fetch(&self, fetch: &Fetch, surroundings: &Surroundings, to: &Path, cancel: &Cancel) -> Result<(), FetchError> {
        let urls = urls_of(fetch)?;
        let mut answers = Vec::new();
        let mut wrong = None;
        for url in &urls {
            match self.from(url, fetch, surroundings, to, cancel) {
                Ok(()) => return Ok(()),
                Err(Fault::Stop(error)) => return Err(error),
                Err(Fault::Refused(why) | Fault::Passing(why)) => answers.push(format!("{}: {why}", shown(url))),
                Err(Fault::WrongHash(found)) => {
                    answers.push(format!("{}: has SHA-256 {found}", shown(url)));
                    wrong.get_or_insert((shown(url), found));
                }
            }
        }
        match wrong {
            Some((what, found)) => Err(FetchError::WrongHash { what, declared: fetch.sha256.clone(), found }),
            None => {
                let what = urls.first().map(|url| shown(url)).unwrap_or_default();
                if let [only] = answers.as_slice() {
                    let why = only.strip_prefix(&format!("{what}: ")).unwrap_or(only).to_owned();
                    return Err(FetchError::Unreachable { what, why });
                }
                Err(FetchError::Unreachable { what, why: answers.join("; ") })
            }
        }
    }
}

impl HttpFetcher {
    /// Tries one source, again after each pause where that may help.
    fn from(
        &self,
        url: &str,
        fetch: &Fetch,
        surroundings: &Surroundings,
        to: &Path,
        cancel: &Cancel,
    ) -> Result<(), Fault> {
        if let Some(rest) = url.strip_prefix("file://") {
            return sink::copy_checked(&local_path(rest)?, to, &fetch.sha256, self.limit, cancel);
        }
        let limit = size_of(fetch)?.map_or(self.limit, |size| size.min(self.limit));
        let mut pauses = self.pauses.iter();
        let mut part = Part::new(Sink::create(to, limit)?);
        loop {
            let resumed = part.sink.size() > 0;
            let tried = transfer::transfer(self, url, &mut part, limit, surroundings, cancel);
            let tried = match tried {
                // A part of one file and the rest of another: from the beginning, then.
                Ok(()) if resumed && !part.sink.matches(&fetch.sha256) => {
                    part.restart()?;
                    Err(Fault::Passing("the file changed while it was fetched".to_owned()))
                }
                tried => tried,
            };
            match (tried, pauses.next()) {
                (Ok(()), _) => return part.sink.finish(&fetch.sha256),
                (Err(Fault::Passing(why)), Some(pause)) => {
                    tracing::debug!(url = shown(url), why, have = part.sink.size(), "fetch failed, trying again");
                    wait(*pause, cancel)?;
                }
                (tried, _) => return tried,
            }
        }
    }
}

impl HttpFetcher {
    /// A page of at most `limit` bytes as text. `scratch` is a path where it may lie for a moment.
    pub(crate) fn page(
        &self,
        url: &str,
        limit: u64,
        surroundings: &Surroundings,
        scratch: &Path,
        cancel: &Cancel,
    ) -> Result<String, Fault> {
        let mut pauses = self.pauses.iter();
        let mut part = Part::new(Sink::create(scratch, limit)?);
        loop {
            match (transfer::transfer(self, url, &mut part, limit, surroundings, cancel), pauses.next()) {
                (Ok(()), _) => {
                    let read = std::fs::read(scratch).map_err(|e| Fault::Refused(e.to_string()))?;
                    return Ok(String::from_utf8_lossy(&read).into_owned());
                }
                (Err(Fault::Passing(_)), Some(pause)) => wait(*pause, cancel)?,
                (Err(fault), _) => return Err(fault),
            }
        }
    }
}

/// A file on its way from one source.
pub(crate) struct Part {
    sink: Sink,
    /// What the source said of the file, to be asked whether it is still the same.
    validator: Option<String>,
}

impl Part {
    fn new(sink: Sink) -> Part {
        Part { sink, validator: None }
    }

    fn restart(&mut self) -> Result<(), Fault> {
        self.validator = None;
        self.sink.restart()
    }
}

/// The size that is declared, if one is.
fn size_of(fetch: &Fetch) -> Result<Option<u64>, Fault> {
    let Some(text) = fetch.parameters.get("size") else { return Ok(None) };
    let bad = || FetchError::BadRequest { what: "by URL".to_owned(), why: format!("'{text}' is no size in bytes") };
    text.parse().map(Some).map_err(|_| Fault::Stop(bad()))
}

/// Waits, or stops when cancelled.
fn wait(pause: Duration, cancel: &Cancel) -> Result<(), Fault> {
    let (wake, woken) = std::sync::mpsc::channel::<()>();
    let _guard = cancel.on_cancel(move || {
        // Whoever waited may have gone on already.
        let _ = wake.send(());
    });
    match woken.recv_timeout(pause) {
        Ok(()) => Err(Fault::Stop(FetchError::Cancelled)),
        Err(_) if cancel.is_cancelled() => Err(Fault::Stop(FetchError::Cancelled)),
        Err(_) => Ok(()),
    }
}

/// The URLs, each of a scheme that is known.
fn urls_of(fetch: &Fetch) -> Result<Vec<String>, FetchError> {
    let bad = |why: String| Err(FetchError::BadRequest { what: "by URL".to_owned(), why });
    let text = fetch.parameters.get("urls").map_or("", String::as_str);
    let urls: Vec<String> = text.lines().map(str::trim).filter(|url| !url.is_empty()).map(str::to_owned).collect();
    if urls.is_empty() {
        return bad("no URL is given".to_owned());
    }
    let known = |url: &&String| !["https://", "http://", "file://"].iter().any(|scheme| url.starts_with(scheme));
    match urls.iter().find(known) {
        Some(url) => bad(format!("'{}' is not a URL of https://, http:// or file://", shown(url))),
        None => Ok(urls),
    }
}

/// A URL without the user and password it may hold.
pub(crate) fn shown(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

/// The path of a `file://` URL, after the scheme.
fn local_path(rest: &str) -> Result<PathBuf, Fault> {
    let path = rest.strip_prefix("localhost").unwrap_or(rest);
    if !path.starts_with('/') {
        return Err(Fault::Refused("a file:// URL needs an absolute path, as in file:///srv/x.tar.gz".to_owned()));
    }
    let mut bytes = Vec::with_capacity(path.len());
    let mut left = path.as_bytes();
    while let Some((first, rest)) = left.split_first() {
        let code = (*first == b'%').then(|| rest.get(..2)).flatten();
        let decoded = code.and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok());
        bytes.push(decoded.unwrap_or(*first));
        left = if decoded.is_some() { rest.get(2..).unwrap_or_default() } else { rest };
    }
    Ok(PathBuf::from(<std::ffi::OsString as std::os::unix::ffi::OsStringExt>::from_vec(bytes)))
}

#[cfg(test)]
mod tests;
