//! `pypi`: a file of a Python package, from where pip's own configuration says.
//!
//! Parameters `name` and `version`. pip is asked for its settings (`index-url`, `extra-index-url`, `find-links`,
//! `proxy`, `cert`), not for the package: to download a source archive pip would run it. Of what an index lists, the
//! file with the declared SHA-256 is meant; an index that tells no hashes is of no use here. This file does not know
//! hosts.

use crate::http::{HttpFetcher, shown};
use crate::process;
use crate::sink::{self, Fault};
use gx_store::{Cancel, Fetch, FetchError, Fetcher, Surroundings};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// No page of an index is larger, in bytes.
const LARGEST: u64 = 256 << 20;

/// The fetcher.
#[derive(Debug, Clone, Default)]
pub struct PypiFetcher {
    http: HttpFetcher,
}

impl Fetcher for PypiFetcher {
    fn fetch(&self, fetch: &Fetch, surroundings: &Surroundings, to: &Path, cancel: &Cancel) -> Result<(), FetchError> {
        let get = |key: &str| fetch.parameters.get(key).map_or("", String::as_str);
        let (name, version) = (get("name"), get("version"));
        let what = format!("Python package '{name} {version}'");
        let plain =
            |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.+!".contains(c));
        if !plain(name) || !plain(version) {
            let why = "name and version must be letters, digits and '-', '_', '.', '+', '!'".to_owned();
            return Err(FetchError::BadRequest { what, why });
        }
        let settings = Settings::of_pip(&what, surroundings, cancel)?;
        for file in settings.local(name, version) {
            if sink::copy_checked(&file, to, &fetch.sha256, sink::LIMIT, cancel).is_ok() {
                return Ok(());
            }
        }
        let surroundings = settings.over(surroundings);
        let mut answers = Vec::new();
        for index in &settings.indexes {
            let page = format!("{}/{}/", index.trim_end_matches('/'), normal(name));
            match self.http.page(&page, LARGEST, &surroundings, to, cancel) {
                Ok(text) => match link_with(&text, &fetch.sha256) {
                    Some(link) => {
                        let url = joined(&page, &link);
                        let parameters = BTreeMap::from([("urls".to_owned(), url)]);
                        let direct = Fetch { fetcher: "http".to_owned(), parameters, sha256: fetch.sha256.clone() };
                        return self.http.fetch(&direct, &surroundings, to, cancel);
                    }
                    None => answers.push(format!("{} lists no file with that SHA-256", shown(&page))),
                },
                Err(Fault::Stop(error)) => return Err(error),
                Err(Fault::Refused(why) | Fault::Passing(why)) => answers.push(format!("{}: {why}", shown(&page))),
                Err(Fault::WrongHash(_)) => {}
            }
        }
        if answers.is_empty() {
            answers.push("pip is set to use no index".to_owned());
        }
        Err(FetchError::Unreachable { what, why: answers.join("; ") })
    }
}

/// What pip is set to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Settings {
    indexes: Vec<String>,
    folders: Vec<PathBuf>,
    proxy: Option<String>,
    certificates: Option<String>,
}

impl Settings {
    fn of_pip(what: &str, surroundings: &Surroundings, cancel: &Cancel) -> Result<Settings, FetchError> {
        let pip = ["pip3", "pip"].into_iter().find_map(|name| process::find(name, surroundings));
        let pip = pip.ok_or_else(|| FetchError::Unreachable {
            what: what.to_owned(),
            why: "there is no pip on PATH, whose configuration says where packages are".to_owned(),
        })?;
        let mut command = Command::new(&pip);
        command.args(["--disable-pip-version-check", "config", "list"]);
        let said = process::run(command, surroundings, cancel)?.stdout;
        let mut settings = Settings::parse(&said);
        let no_index =
            said.lines().any(|line| setting(line).is_some_and(|(key, value)| key == "no-index" && truth(value)));
        if no_index {
            settings.indexes.clear();
        } else if !said.lines().any(|line| setting(line).is_some_and(|(key, _)| key == "index-url")) {
            settings.indexes.insert(0, usual_index(what, surroundings, cancel)?);
        }
        Ok(settings)
    }

    /// What `pip config list` says.
    fn parse(said: &str) -> Settings {
        let mut settings = Settings::default();
        for (key, value) in said.lines().filter_map(setting) {
            let words = || value.split_whitespace().flat_map(|word| word.split("\\n")).filter(|word| !word.is_empty());
            match key {
                "index-url" => settings.indexes.insert(0, value.to_owned()),
                "extra-index-url" => settings.indexes.extend(words().map(str::to_owned)),
                "find-links" => {
                    settings.folders.extend(words().filter(|word| word.starts_with('/')).map(PathBuf::from))
                }
                "proxy" => settings.proxy = Some(value.to_owned()),
                "cert" => settings.certificates = Some(value.to_owned()),
                _ => {}
            }
        }
        settings
    }

    /// The surroundings with pip's proxy and certificates.
    fn over(&self, surroundings: &Surroundings) -> Surroundings {
        let mut surroundings = surroundings.clone();
        if let Some(proxy) = &self.proxy {
            for name in ["http_proxy", "https_proxy"] {
                surroundings.environment.insert(name.to_owned(), proxy.clone());
            }
        }
        if let Some(certificates) = self.certificates.as_ref().filter(|path| Path::new(path).is_file()) {
            surroundings.environment.insert("SSL_CERT_FILE".to_owned(), certificates.clone());
        }
        surroundings
    }

    /// Files of that name and version in pip's folders.
    fn local(&self, name: &str, version: &str) -> Vec<PathBuf> {
        let wanted = format!("{}-{}", normal(name), normal(version));
        let mut found = Vec::new();
        for folder in &self.folders {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                if normal(&entry.file_name().to_string_lossy()).starts_with(&wanted) {
                    found.push(entry.path());
                }
            }
        }
        found.sort();
        found
    }
}

/// A line of `pip config list`: `global.index-url='...'`.
fn setting(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once('=')?;
    let key = key.rsplit('.').next().unwrap_or(key);
    Some((key, value.trim().trim_matches(['\'', '"'])))
}

fn truth(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "1" | "true" | "yes" | "on")
}

/// The index that pip uses when nothing is set, by pip's own word.
fn usual_index(what: &str, surroundings: &Surroundings, cancel: &Cancel) -> Result<String, FetchError> {
    let python = process::find("python3", surroundings).or_else(|| process::find("python", surroundings));
    let unknown = || FetchError::Unreachable {
        what: what.to_owned(),
        why: "pip names no index (set one with `pip config set global.index-url URL`)".to_owned(),
    };
    let mut command = Command::new(python.ok_or_else(unknown)?);
    command.args(["-c", "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"]);
    let said = process::run(command, surroundings, cancel)?.stdout;
    Some(said.trim().to_owned()).filter(|url| url.contains("://")).ok_or_else(unknown)
}

/// A name as indexes write it.
fn normal(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            c => normal.push(c.to_ascii_lowercase()),
        }
    }
    normal
}

/// The link on an index's page that ends in `#sha256=<hash>`, without that.
pub(crate) fn link_with(page: &str, sha256: &str) -> Option<String> {
    let links = page.split("href=").skip(1).filter_map(|rest| {
        let quote = rest.chars().next().filter(|c| ['"', '\''].contains(c))?;
        rest.get(1..)?.split(quote).next()
    });
    let mut found = links.filter_map(|link| {
        let (link, hash) = link.split_once("#sha256=")?;
        hash.split('&').next().filter(|hash| hash.eq_ignore_ascii_case(sha256)).map(|_| link.replace("&amp;", "&"))
    });
    found.next()
}

/// A link as seen from its page.
pub(crate) fn joined(page: &str, link: &str) -> String {
    if link.contains("://") {
        return link.to_owned();
    }
    let (scheme, rest) = page.split_once("://").unwrap_or(("https", page));
    if let Some(host) = link.strip_prefix("//") {
        return format!("{scheme}://{host}");
    }
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    if link.starts_with('/') {
        return format!("{scheme}://{authority}{link}");
    }
    let mut steps: Vec<&str> = path.split('/').filter(|step| !step.is_empty()).collect();
    for step in link.split('/') {
        match step {
            ".." => drop(steps.pop()),
            "." => {}
            step => steps.push(step),
        }
    }
    format!("{scheme}://{authority}/{}", steps.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_pip_are_read() {
        let said = ":env:.find-links='/opt/wheels'\nglobal.index-url='https://one/simple'\n\
                    global.extra-index-url='https://two https://three'\nglobal.proxy='http://p:1'\nbroken\n";
        let settings = Settings::parse(said);
        assert_eq!(settings.indexes, ["https://one/simple", "https://two", "https://three"]);
        assert_eq!(settings.folders, [PathBuf::from("/opt/wheels")]);
        let over = settings.over(&Surroundings::default());
        assert_eq!(over.environment.get("https_proxy").map(String::as_str), Some("http://p:1"));
    }

    #[test]
    fn a_page_is_searched_by_hash_and_links_are_followed_from_it() {
        let hash = "ab".repeat(32);
        let page = format!(
            "<a href=\"../../packages/x-1.tar.gz#sha256={}\">x</a><a data-x='1' href='a&amp;b.whl#sha256={hash}'>y</a>",
            "cd".repeat(32)
        );
        assert_eq!(link_with(&page, &hash).as_deref(), Some("a&b.whl"));
        assert_eq!(link_with(&page, &"00".repeat(32)), None);
        let from = "https://host:1/simple/x/";
        for (link, url) in [
            ("https://other/y", "https://other/y"),
            ("//other/y", "https://other/y"),
            ("/y", "https://host:1/y"),
            ("../../p/y", "https://host:1/p/y"),
            ("y", "https://host:1/simple/x/y"),
        ] {
            assert_eq!(joined(from, link), url);
        }
        assert_eq!(normal("Foo__Bar.baz"), "foo-bar-baz");
    }
}
