//! Repositories declared in `gx.toml`: archives that are fetched and unpacked when something in them is asked for.
//!
//! Invariants: what is fetched is named by its hash and what is unpacked by the archive, never by the repository's
//! name; a BUILD file laid over the tree is no part of it, so changing it fetches nothing.
//! This file does not know how bytes are fetched.

use crate::debian::{self, DebianPackages};
use crate::error::{LoadError, LoadErrorKind, nearest};
use crate::files::{Place, Repo, store_error, tree_node};
use crate::label::check_repository;
use crate::package::BUILD_FILES;
use crate::session::{Session, held};
use gx_store::{
    Call, Derivation, ExecuteError, Fetch, Goal, Input, Node, Note, Output, OutputKind, Plan, Planned, RealiseError,
    RelPath, Source, TreeId, Trees, Work,
};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// The kinds.
const KINDS: [&str; 6] = ["crate_archive", "debian_packages", "http_archive", "local", "npm_archive", "pypi_archive"];
/// Keys of each kind.
const CRATE_KEYS: [&str; 7] = ["kind", "name", "version", "sha256", "strip_prefix", "build_file", "build_file_content"];
const PYPI_KEYS: [&str; 8] =
    ["kind", "name", "version", "sha256", "type", "strip_prefix", "build_file", "build_file_content"];
const LOCAL_KEYS: [&str; 2] = ["kind", "path"];
const HTTP_KEYS: [&str; 8] =
    ["kind", "url", "urls", "sha256", "type", "strip_prefix", "build_file", "build_file_content"];

/// Who fetches.
pub(crate) const FETCHERS: [&str; 5] = ["http", "crate", "deb", "npm", "pypi"];
/// Kinds of archives.
pub(crate) const TYPES: [&str; 7] = ["tar.gz", "tar.xz", "tar.zst", "tar.bz2", "tar", "zip", "deb"];

/// A declared repository.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Declared {
    /// An archive with a BUILD file.
    Archive(Archive, Build),
    /// Pinned Debian packages.
    Debian(DebianPackages),
    /// A folder of the workspace, which is a workspace of its own.
    Local(RelPath),
}

/// What is fetched and how it is unpacked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Archive {
    fetcher: &'static str,
    parameters: BTreeMap<String, String>,
    sha256: String,
    kind: String,
    strip_prefix: String,
}

/// Where the BUILD file of the root package comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Build {
    InTree,
    File(String),
    Text(String),
}

pub(crate) fn wrong(name: &str, message: impl std::fmt::Display) -> LoadError {
    LoadError::new(LoadErrorKind::Repository, format!("[repositories.{name}]: {message}"))
}

/// Says what is wrong with the table `[repositories.NAME]` of `gx.toml`.
pub fn check(name: &str, table: &toml::Table) -> Result<(), LoadError> {
    read(name, table).map(drop)
}

/// Reads the tables of `gx.toml`; every mistake is reported.
pub(crate) fn read_all(tables: &BTreeMap<String, toml::Table>) -> Result<BTreeMap<String, Declared>, Vec<LoadError>> {
    let mut errors = Vec::new();
    let mut all = BTreeMap::new();
    for (name, table) in tables {
        match read(name, table) {
            Ok(declared) => drop(all.insert(name.clone(), declared)),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(all) } else { Err(errors) }
}

fn read(name: &str, table: &toml::Table) -> Result<Declared, LoadError> {
    if let Err(why) = check_repository(name) {
        return Err(wrong(name, why));
    }
    if name == "gx" {
        return Err(wrong(name, "'gx' is the standard library's name"));
    }
    let text = |key: &str| text_of(name, table, key);
    let needed = |key: &str| text(key)?.ok_or_else(|| wrong(name, format!("'{key}' is missing")));
    let kind = needed("kind")?;
    let keys: &[&str] = match kind.as_str() {
        "crate_archive" | "npm_archive" => &CRATE_KEYS,
        "pypi_archive" => &PYPI_KEYS,
        "http_archive" => &HTTP_KEYS,
        "debian_packages" => return debian::read(name, table).map(Declared::Debian),
        "local" => &LOCAL_KEYS,
        other => {
            let error = wrong(name, format!("'{other}' is no kind; there are {}", KINDS.join(", ")));
            return Err(error.suggest(other, KINDS));
        }
    };
    if let Some(key) = table.keys().find(|key| !keys.contains(&key.as_str())) {
        let error = wrong(name, format!("{kind} has no key '{key}'"));
        return Err(match nearest(key, keys) {
            Some(near) => error.hint(format!("did you mean '{near}'?")),
            None => error.hint(format!("its keys are {}", keys.join(", "))),
        });
    }
    if kind == "local" {
        let path = RelPath::new(needed("path")?).map_err(|why| wrong(name, format!("path: {why}")))?;
        return Ok(Declared::Local(path));
    }
    let sha256 = needed("sha256")?.to_lowercase();
    if sha256.len() != 64 || !sha256.chars().all(|c| c.is_ascii_hexdigit()) {
        return Err(wrong(name, "'sha256' must be 64 hexadecimal digits"));
    }
    let build = match (text("build_file")?, text("build_file_content")?) {
        (Some(_), Some(_)) => return Err(wrong(name, "'build_file' and 'build_file_content' exclude each other")),
        (Some(path), None) => {
            let path = path.trim_start_matches("//").replace(':', "/");
            RelPath::new(path.as_str()).map_err(|e| wrong(name, format!("build_file: {e}")))?;
            Build::File(path)
        }
        (None, Some(text)) => Build::Text(text),
        (None, None) => Build::InTree,
    };
    Ok(Declared::Archive(archive_of(name, table, &kind, sha256)?, build))
}

/// The text of a key, if it has one.
fn text_of(name: &str, table: &toml::Table, key: &str) -> Result<Option<String>, LoadError> {
    match table.get(key) {
        None => Ok(None),
        Some(toml::Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(wrong(name, format!("'{key}' must be a string, not a {}", other.type_str()))),
    }
}

fn archive_of(name: &str, table: &toml::Table, kind: &str, sha256: String) -> Result<Archive, LoadError> {
    let text = |key: &str| text_of(name, table, key);
    let needed = |key: &str| text(key)?.ok_or_else(|| wrong(name, format!("'{key}' is missing")));
    let strip_prefix = text("strip_prefix")?;
    let by_name = kind.strip_suffix("_archive").and_then(|named| FETCHERS.into_iter().find(|known| *known == named));
    let Some(fetcher) = by_name.filter(|fetcher| *fetcher != "http") else {
        let urls = urls_of(name, table)?;
        return Ok(Archive {
            fetcher: "http",
            kind: type_of(name, text("type")?, &urls)?,
            parameters: [("urls".to_owned(), urls.join("\n"))].into(),
            strip_prefix: strip_prefix.unwrap_or_default(),
            sha256,
        });
    };
    let (package, version) = (needed("name")?, needed("version")?);
    let kind = match text("type")? {
        Some(said) => type_of(name, Some(said), &[])?,
        None => "tar.gz".to_owned(),
    };
    // Where each of them has its files: a wheel has them at its top.
    let usual = match (fetcher, kind.as_str()) {
        ("npm", _) => "package".to_owned(),
        ("pypi", "zip") => String::new(),
        _ => format!("{package}-{version}"),
    };
    Ok(Archive {
        fetcher,
        strip_prefix: strip_prefix.unwrap_or(usual),
        parameters: [("name".to_owned(), package), ("version".to_owned(), version)].into(),
        kind,
        sha256,
    })
}

fn urls_of(name: &str, table: &toml::Table) -> Result<Vec<String>, LoadError> {
    let urls: Vec<String> = match (table.get("url"), table.get("urls")) {
        (Some(toml::Value::String(url)), None) => vec![url.clone()],
        (None, Some(toml::Value::Array(urls))) => {
            let text = |url: &toml::Value| url.as_str().map(str::to_owned);
            urls.iter()
                .map(text)
                .collect::<Option<_>>()
                .ok_or_else(|| wrong(name, "'urls' must be a list of strings"))?
        }
        _ => return Err(wrong(name, "one of 'url' (a string) and 'urls' (a list of strings) is needed")),
    };
    if urls.is_empty() {
        return Err(wrong(name, "'urls' is empty"));
    }
    for url in &urls {
        if !["http://", "https://", "file://"].iter().any(|scheme| url.starts_with(scheme)) || url.contains('\n') {
            return Err(wrong(name, format!("'{url}' is no URL that can be fetched (http, https, file)")));
        }
    }
    Ok(urls)
}

fn type_of(name: &str, said: Option<String>, urls: &[String]) -> Result<String, LoadError> {
    if let Some(said) = said {
        let said = if said == "tgz" { "tar.gz".to_owned() } else { said };
        if !TYPES.contains(&said.as_str()) {
            return Err(
                wrong(name, format!("'{said}' is no type; there are {}", TYPES.join(", "))).suggest(&said, TYPES)
            );
        }
        return Ok(said);
    }
    let path = urls.first().map_or("", |url| url.split(['?', '#']).next().unwrap_or(""));
    let short = [("tgz", "tar.gz"), ("crate", "tar.gz"), ("txz", "tar.xz"), ("tzst", "tar.zst"), ("tbz2", "tar.bz2")];
    let endings = TYPES.iter().map(|kind| (*kind, *kind)).chain(short);
    for (ending, kind) in endings {
        if path.strip_suffix(ending).is_some_and(|rest| rest.ends_with('.')) {
            return Ok(kind.to_owned());
        }
    }
    Err(wrong(name, format!("the type of '{path}' is not clear from its name"))
        .hint(format!("add type = \"...\", one of {}", TYPES.join(", "))))
}

/// The plan that makes the archive's tree, and the goal's place in it.
fn plan_of(
    name: &str,
    archive: &Archive,
    function: gx_store::HashFunction,
) -> Result<(Plan, gx_store::DerivationId, RelPath), LoadError> {
    let path = |text: &str| RelPath::new(text).map_err(|e| wrong(name, e));
    let (file, tree) = (path("out/archive")?, path("out/tree")?);
    let fetch = Derivation {
        work: Work::Fetch(Fetch {
            fetcher: archive.fetcher.to_owned(),
            parameters: archive.parameters.clone(),
            sha256: archive.sha256.clone(),
        }),
        inputs: Vec::new(),
        input_sets: Vec::new(),
        roots: Vec::new(),
        outputs: vec![Output { path: file.clone(), kind: OutputKind::File }],
    };
    let fetch_id = fetch.id(function);
    let arguments = [("type", &archive.kind), ("strip_prefix", &archive.strip_prefix)];
    let unpack = Derivation {
        work: Work::Builtin(Call {
            name: "unpack".to_owned(),
            revision: 1,
            arguments: arguments.into_iter().map(|(k, v)| (k.to_owned(), v.clone())).collect(),
        }),
        inputs: vec![Input { path: file.clone(), source: Source::Output { derivation: fetch_id, path: file } }],
        input_sets: Vec::new(),
        roots: Vec::new(),
        outputs: vec![Output { path: tree.clone(), kind: OutputKind::Directory }],
    };
    let unpack_id = unpack.id(function);
    let owner: Arc<str> = format!("@{name}").into();
    let planned = |derivation: Derivation, mnemonic: &str, doing: &str| Planned {
        derivation: Arc::new(derivation),
        note: Note {
            owner: Arc::clone(&owner),
            mnemonic: mnemonic.into(),
            message: format!("{doing} @{name}"),
            ..Note::default()
        },
    };
    let plan = Plan {
        derivations: Arc::new(HashMap::from([
            (fetch_id, planned(fetch, "Fetch", "Fetching")),
            (unpack_id, planned(unpack, "Unpack", "Unpacking")),
        ])),
        goals: vec![Goal { label: Arc::clone(&owner), outputs: vec![(unpack_id, tree.clone())], also: Vec::new() }],
        ..Plan::default()
    };
    Ok((plan, unpack_id, tree))
}

impl Session<'_> {
    /// A declared repository, fetched unless its tree is known.
    pub(crate) fn fetched(&self, name: &str, declared: &Declared) -> Result<Repo, LoadError> {
        let (archive, build) = match declared {
            Declared::Archive(archive, build) => (archive, build),
            Declared::Debian(packages) => return self.debian(name, packages),
            Declared::Local(path) => return self.local(name, path),
        };
        let store = &self.config.store;
        let known = held(&self.kept.trees).get(archive).copied();
        // It may have been collected since.
        let tree = match known.filter(|tree| store.has_tree(tree).unwrap_or(false)) {
            Some(tree) => tree,
            None => {
                let tree = self.realise(name, archive)?;
                held(&self.kept.trees).insert(archive.clone(), tree);
                tree
            }
        };
        let overlay = match build {
            Build::Text(text) => {
                Some((format!("gx.toml[repositories.{name}].build_file_content"), text.as_str().into()))
            }
            Build::File(path) => {
                let workspace = self.repo("")?;
                let Some(bytes) = workspace.read(path, &self.look, store)? else {
                    return Err(wrong(name, format!("build_file '{path}' is not there")));
                };
                Some((path.clone(), crate::bzl::text_of(bytes, path)?.into()))
            }
            Build::InTree => {
                let mut found = false;
                for file in BUILD_FILES {
                    found = found || matches!(tree_node(tree, store, file)?, Some(Node::File { .. }));
                }
                if !found {
                    let error = wrong(name, "the archive has no BUILD file at its top");
                    return Err(error.hint("give one with build_file = \"path/in/workspace\" or build_file_content"));
                }
                None
            }
        };
        Ok(Repo { name: name.into(), place: Place::Tree(tree, store.clone()), overlay })
    }

    /// A folder of the workspace as a repository.
    fn local(&self, name: &str, path: &RelPath) -> Result<Repo, LoadError> {
        let below = path.as_str();
        if self.repo("")?.list(below, &self.look)?.is_none() {
            return Err(wrong(name, format!("there is no folder '{below}' in the workspace")));
        }
        let place = Place::Workspace { root: self.config.root.clone(), below: below.to_owned() };
        Ok(Repo { name: name.into(), place, overlay: None })
    }

    /// The plans of the archives that this load has opened.
    pub(crate) fn archives(&self) -> Result<Vec<(String, Plan)>, LoadError> {
        let opened = self.opened();
        let archives = self.declared.iter().filter_map(|(name, declared)| match declared {
            Declared::Archive(archive, _) if opened.contains(name.as_str()) => Some((name, archive)),
            _ => None,
        });
        let function = self.config.store.function();
        archives.map(|(name, archive)| Ok((name.clone(), plan_of(name, archive, function)?.0))).collect()
    }

    fn realise(&self, name: &str, archive: &Archive) -> Result<TreeId, LoadError> {
        let (plan, id, path) = plan_of(name, archive, self.config.store.function())?;
        let made = self.config.realise.realise(&plan).map_err(|error| match &error {
            RealiseError::Store(error) | RealiseError::Execute(ExecuteError::Store(error)) => store_error(error),
            _ => LoadError::new(LoadErrorKind::Repository, format!("repository '@{name}' cannot be had: {error}")),
        })?;
        let outputs = made.get(&id).map(Vec::as_slice).unwrap_or_default();
        match outputs.iter().find(|(made, _)| *made == path) {
            Some((_, Node::Directory(tree))) => {
                // A tree that is gone from the store is an error here, not somewhere in a BUILD file.
                tree_node(*tree, &self.config.store, "")
                    .map_err(|_| store_error(&gx_store::StoreError::Missing(tree.0)))?;
                Ok(*tree)
            }
            _ => Err(wrong(name, "unpacking it gave no folder")),
        }
    }
}
