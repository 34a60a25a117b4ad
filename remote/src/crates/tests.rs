//! Tests of `crate` with a cache and a cargo that are made here.

use super::*;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

fn sha256(text: &str) -> String {
    use sha2::Digest;
    hex::encode(sha2::Sha256::digest(text.as_bytes()))
}

fn request(name: &str, version: &str, content: &str) -> Fetch {
    let parameters = [("name", name), ("version", version)].map(|(k, v)| (k.to_owned(), v.to_owned()));
    Fetch { fetcher: "crate".to_owned(), parameters: BTreeMap::from(parameters), sha256: sha256(content) }
}

/// A home with one cached crate and, on `PATH`, a cargo that does what `script` says.
struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    fn new(script: &str) -> Home {
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path().join("registry/cache/somewhere-1234");
        std::fs::create_dir_all(&cache).unwrap();
        std::fs::write(cache.join("plain-1.0.0.crate"), "plain").unwrap();
        std::fs::write(cache.join("meta-1.0.0+up-2.0.crate"), "meta").unwrap();
        if !script.is_empty() {
            let cargo = folder.path().join("cargo");
            std::fs::write(&cargo, format!("#!/bin/sh\n{script}\n")).unwrap();
            std::fs::set_permissions(&cargo, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        Home { folder }
    }

    fn surroundings(&self) -> Surroundings {
        let home = self.folder.path().to_str().unwrap().to_owned();
        let environment = BTreeMap::from([("CARGO_HOME".to_owned(), home.clone()), ("PATH".to_owned(), home)]);
        Surroundings { environment, ..Surroundings::default() }
    }

    fn fetch(&self, fetch: &Fetch) -> Result<String, String> {
        let to = self.folder.path().join("out");
        let done = CrateFetcher.fetch(fetch, &self.surroundings(), &to, &Cancel::new());
        let shown = self.folder.path().display().to_string();
        done.map(|()| std::fs::read_to_string(&to).unwrap()).map_err(|e| e.to_string().replace(&shown, "HOME"))
    }
}

#[test]
fn the_cache_answers_first() {
    let home = Home::new("");
    assert_eq!(home.fetch(&request("plain", "1.0.0", "plain")).as_deref(), Ok("plain"));
    assert_eq!(home.fetch(&request("meta", "1.0.0", "meta")).as_deref(), Ok("meta"));
    assert_eq!(home.fetch(&request("meta", "1.0.0+up-2.0", "meta")).as_deref(), Ok("meta"));
}

#[test]
fn cargo_is_asked_for_exactly_that_version() {
    let home = Home::new(
        "PATH=/usr/bin:/bin\ngrep -q '\"=2.0.0\"' \"$4\" || exit 3\n\
         printf 'fresh' > $CARGO_HOME/registry/cache/somewhere-1234/fresh-2.0.0+x.crate",
    );
    assert_eq!(home.fetch(&request("fresh", "2.0.0+x", "fresh")).as_deref(), Ok("fresh"));
}

#[test]
fn errors_tell_what_can_be_done() {
    let cargo =
        |said: &str| Home::new(&format!("printf '%s\\n' '{said}' >&2\nexit 101")).fetch(&request("a", "1.0.0", ""));
    let said = [
        Home::new("").fetch(&request("absent", "1.0.0", "")),
        Home::new("exit 0").fetch(&request("absent", "1.0.0", "")),
        Home::new("exit 0").fetch(&request("plain", "1.0.0", "other bytes")),
        Home::new("").fetch(&request("../x", "1.0.0", "")),
        Home::new("").fetch(&request("x", "1.0", "")),
        Home::new("").fetch(&request("x", "^1.0.0", "")),
        cargo("error: no matching package named `a` found\nlocation searched: some index"),
        cargo(
            "error: failed to select a version for the requirement `a = \"=1.0.0\"`\n\
             candidate versions found which didn`t match: 2.0.0"
                .replace("n`t", "n'\\''t")
                .as_str(),
        ),
        cargo("error: failed to select a version\n  version 1.0.0 is yanked"),
        cargo("error: failed to get `a`\nCaused by:\n  [6] Could not resolve host: nowhere.invalid"),
        cargo("error: no such command: `fetch`"),
        cargo(""),
    ];
    let said: Vec<String> = said.into_iter().map(|case| case.unwrap_err()).collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn cancelling_kills_cargo_and_its_children() {
    let home = Home::new("PATH=/usr/bin:/bin\necho ready > $CARGO_HOME/ready\nsleep 600 &\nwait");
    let pipe = home.folder.path().join("ready");
    let status = Command::new("mkfifo").arg(&pipe).status();
    if !status.is_ok_and(|status| status.success()) {
        println!("SKIPPED: no mkfifo");
        return;
    }
    let cancel = Cancel::new();
    let other = cancel.clone();
    let canceller = std::thread::spawn(move || {
        // Opening a pipe to read waits for its writer.
        std::fs::read_to_string(pipe).unwrap();
        other.cancel();
    });
    let to = home.folder.path().join("out");
    let done = CrateFetcher.fetch(&request("a", "1.0.0", ""), &home.surroundings(), &to, &cancel);
    assert!(matches!(done, Err(FetchError::Cancelled)), "{done:?}");
    canceller.join().unwrap();
}

#[test]
fn a_real_crate_through_the_real_cargo() {
    let environment: BTreeMap<String, String> = std::env::vars().collect();
    let surroundings = Surroundings { environment, ..Surroundings::default() };
    let fetch = Fetch {
        sha256: "d2905d3eea022e5a4d8723d95ba261cd366572c9a43e429dfc089088a8c0fe91".to_owned(),
        ..request("lua52-sys", "0.1.3", "")
    };
    let folder = tempfile::tempdir().unwrap();
    match CrateFetcher.fetch(&fetch, &surroundings, &folder.path().join("lua"), &Cancel::new()) {
        Ok(()) => assert_eq!(sink::sha256_of(&folder.path().join("lua"), &Cancel::new()).unwrap(), fetch.sha256),
        Err(FetchError::Unreachable { why, .. }) => println!("SKIPPED: {why}"),
        Err(other) => panic!("{other}"),
    }
}
