//! One load: what it has read so far, over what the workspace keeps from before.
//!
//! Invariants: within a session everything is read once; what is kept is used again only after its digests were
//! compared. This file does not know what is loaded or why.

use crate::bzl::BzlModule;
use crate::error::{LoadError, LoadErrorKind, nearest};
use crate::evaluate::KeptPackage;
use crate::files::{Look, Place, Repo};
use crate::label::{Label, PackageId};
use crate::package::Package;
use crate::repository::Declared;
use crate::request::WorkspaceConfig;
use gx_store::TreeId;
use starlark::environment::{FrozenModule, Globals, GlobalsBuilder};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Locks a table. Each change of one is a single insertion, so a panic elsewhere leaves none half changed.
pub(crate) fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a workspace keeps between loads.
pub(crate) struct Kept {
    pub(crate) globals: Globals,
    /// The functions of `native`.
    pub(crate) natives: FrozenModule,
    pub(crate) modules: Mutex<HashMap<Label, Arc<BzlModule>>>,
    pub(crate) packages: Mutex<HashMap<Arc<PackageId>, KeptPackage>>,
    pub(crate) analyses: Mutex<HashMap<Label, crate::analysis::KeptAnalysis>>,
    pub(crate) texts: Mutex<crate::action::Texts>,
    /// Fetched repositories, by what was declared.
    pub(crate) trees: Mutex<HashMap<crate::repository::Archive, TreeId>>,
    /// The last load that went well.
    pub(crate) last: Mutex<Option<crate::reuse::Last>>,
    ids: Mutex<HashMap<PackageId, Arc<PackageId>>>,
    stdlib: Arc<Repo>,
}

impl Kept {
    pub(crate) fn new(config: &WorkspaceConfig) -> Result<Kept, LoadError> {
        let natives = GlobalsBuilder::new().with(crate::globals::build::build_globals).build();
        let natives = FrozenModule::from_globals(&natives)
            .map_err(|e| LoadError::new(LoadErrorKind::Evaluation, format!("native: {e:?}")))?;
        let texts: BTreeMap<String, Arc<str>> =
            config.stdlib.iter().map(|(path, text)| (path.clone(), Arc::from(text.as_str()))).collect();
        Ok(Kept {
            globals: crate::globals::globals(),
            natives,
            modules: Mutex::default(),
            packages: Mutex::default(),
            analyses: Mutex::default(),
            texts: Mutex::default(),
            trees: Mutex::default(),
            last: Mutex::default(),
            ids: Mutex::default(),
            stdlib: Arc::new(Repo { name: "gx".into(), place: Place::Texts(texts), overlay: None }),
        })
    }

    /// One shared copy of a package's name.
    pub(crate) fn intern(&self, id: &Arc<PackageId>) -> Arc<PackageId> {
        Arc::clone(held(&self.ids).entry((**id).clone()).or_insert_with(|| Arc::clone(id)))
    }
}

type Loaded<T> = Result<Arc<T>, LoadError>;
type LoadedPackage = Result<Arc<Package>, Arc<Vec<LoadError>>>;

/// One load.
pub(crate) struct Session<'w> {
    pub(crate) config: &'w WorkspaceConfig,
    pub(crate) kept: &'w Kept,
    pub(crate) declared: &'w BTreeMap<String, Declared>,
    pub(crate) look: Arc<Look>,
    pub(crate) modules: Mutex<HashMap<Label, Loaded<BzlModule>>>,
    pub(crate) packages: Mutex<HashMap<Arc<PackageId>, LoadedPackage>>,
    repos: Mutex<HashMap<Arc<str>, Loaded<Repo>>>,
    pub(crate) rules: Mutex<HashMap<crate::package::RuleId, Loaded<crate::analysis::Rule>>>,
    pub(crate) evaluated: AtomicUsize,
    pub(crate) analysed: AtomicUsize,
}

impl<'w> Session<'w> {
    pub(crate) fn new(
        config: &'w WorkspaceConfig,
        kept: &'w Kept,
        declared: &'w BTreeMap<String, Declared>,
    ) -> Session<'w> {
        Session {
            config,
            kept,
            declared,
            look: Arc::default(),
            modules: Mutex::default(),
            packages: Mutex::default(),
            repos: Mutex::default(),
            rules: Mutex::default(),
            evaluated: AtomicUsize::new(0),
            analysed: AtomicUsize::new(0),
        }
    }

    /// A repository by name; a declared one is fetched when it is asked for first.
    pub(crate) fn repo(&self, name: &str) -> Result<Arc<Repo>, LoadError> {
        if let Some(known) = held(&self.repos).get(name) {
            return known.clone();
        }
        let repo = match name {
            "" => {
                let place = Place::Workspace { root: self.config.root.clone(), below: String::new() };
                Ok(Arc::new(Repo { name: "".into(), place, overlay: None }))
            }
            "gx" => Ok(Arc::clone(&self.kept.stdlib)),
            name => match self.declared.get(name) {
                Some(declared) => self.fetched(name, declared).map(Arc::new),
                None => Err(self.no_repository(name)),
            },
        };
        held(&self.repos).entry(name.into()).or_insert(repo).clone()
    }

    /// Names of the repositories that were asked for.
    pub(crate) fn opened(&self) -> BTreeSet<String> {
        held(&self.repos).keys().map(|name| name.to_string()).collect()
    }

    fn no_repository(&self, name: &str) -> LoadError {
        let error = LoadError::new(LoadErrorKind::Repository, format!("there is no repository '@{name}'"));
        match nearest(name, self.declared.keys()) {
            Some(near) => error.hint(format!("did you mean '@{near}'?")),
            None => error.hint(format!("declare it in gx.toml as [repositories.{name}]")),
        }
    }
}
