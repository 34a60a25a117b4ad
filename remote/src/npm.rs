//! `npm`: the archive of a package of npm, through npm itself.
//!
//! Parameters `name` (`left-pad`, `@scope/name`) and `version`. `npm pack` downloads what the registry has, with npm's
//! own registries, proxies and credentials, and runs no scripts. This file does not know registries: only npm does.

use crate::process;
use crate::sink::{self, Fault};
use gx_store::{Cancel, Fetch, FetchError, Fetcher, Surroundings};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The fetcher.
#[derive(Debug, Clone, Copy, Default)]
pub struct NpmFetcher;

impl Fetcher for NpmFetcher {
    fn fetch(&self, fetch: &Fetch, surroundings: &Surroundings, to: &Path, cancel: &Cancel) -> Result<(), FetchError> {
        let get = |key: &str| fetch.parameters.get(key).map_or("", String::as_str);
        let (name, version) = (get("name"), get("version"));
        let what = format!("npm package '{name} {version}'");
        let plain = |text: &str, more: &str| {
            let fits = |c: char| c.is_ascii_alphanumeric() || more.contains(c);
            text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '@') && text.chars().all(fits)
        };
        let exact = version.starts_with(|c: char| c.is_ascii_digit()) && version.split('.').count() >= 3;
        if !plain(name, "-_.@/") || !plain(version, "-.+") || !exact {
            let why = "a name and an exact version are needed, as in 'left-pad' and '1.3.0'".to_owned();
            return Err(FetchError::BadRequest { what, why });
        }
        let npm = process::find("npm", surroundings).ok_or_else(|| FetchError::Unreachable {
            what: what.clone(),
            why: "there is no npm on PATH, whose configuration says where packages are".to_owned(),
        })?;
        let folder = process::scratch_in(to.parent().unwrap_or(Path::new("/")), "gx-npm-")?;
        let mut command = Command::new(npm);
        command.args(["pack", "--ignore-scripts", "--silent", "--pack-destination"]).arg(folder.path());
        command.arg(format!("{name}@{version}"));
        // npm looks for its configuration from its own folder up: the asker's, where it is known.
        let asker = surroundings.environment.get("PWD").map(PathBuf::from).filter(|p| p.is_absolute() && p.is_dir());
        command.current_dir(asker.as_deref().unwrap_or(folder.path()));
        command.env("NPM_CONFIG_LOGLEVEL", "error").env("NPM_CONFIG_UPDATE_NOTIFIER", "false");
        let ran = process::run(command, surroundings, cancel)?;
        let made = std::fs::read_dir(folder.path()).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut archives: Vec<PathBuf> = made.filter(|path| path.extension().is_some_and(|e| e == "tgz")).collect();
        archives.sort();
        let (true, Some(archive)) = (ran.well, archives.first()) else {
            return Err(FetchError::Unreachable { what, why: format!("npm: {}", refusal(&ran.stderr)) });
        };
        match sink::copy_checked(archive, to, &fetch.sha256, sink::LIMIT, cancel) {
            Ok(()) => Ok(()),
            Err(Fault::Stop(error)) => Err(error),
            Err(Fault::WrongHash(found)) => Err(FetchError::WrongHash { what, declared: fetch.sha256.clone(), found }),
            Err(Fault::Refused(why) | Fault::Passing(why)) => Err(FetchError::Unreachable { what, why }),
        }
    }
}

/// npm's words: the code of the error, and what it says first.
pub(crate) fn refusal(said: &str) -> String {
    let strip = |line: &str| {
        let line = line.trim().trim_start_matches("npm ").trim_start_matches("ERR!").trim_start_matches("error");
        line.trim().to_owned()
    };
    let lines: Vec<String> = said.lines().map(strip).filter(|line| !line.is_empty()).collect();
    match lines.as_slice() {
        [] => "it gave no reason (is there such a version? `npm view NAME versions` lists them)".to_owned(),
        [only] => only.clone(),
        [first, second, ..] => format!("{first}: {second}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_shortened() {
        let said = "npm ERR! code E404\nnpm ERR! 404 Not Found - GET x\nnpm ERR! 404\n";
        assert_eq!(refusal(said), "code E404: 404 Not Found - GET x");
        assert!(refusal("").starts_with("it gave no reason"));
    }

    #[test]
    fn odd_names_are_refused_before_npm_sees_them() {
        for (name, version) in [("--help", "1.0.0"), ("x", "latest"), ("x y", "1.0.0"), ("x", "1"), ("", "1.0.0")] {
            let parameters = [("name".to_owned(), name.to_owned()), ("version".to_owned(), version.to_owned())];
            let fetch = Fetch { fetcher: "npm".to_owned(), parameters: parameters.into(), sha256: "0".repeat(64) };
            let done = NpmFetcher.fetch(&fetch, &Surroundings::default(), Path::new("/tmp/x"), &Cancel::new());
            assert!(matches!(done, Err(FetchError::BadRequest { .. })), "{name} {version}: {done:?}");
        }
    }
}
