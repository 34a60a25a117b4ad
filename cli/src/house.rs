//! The house: a store that is open, the engine over it, and the workspaces that were loaded, wired together.
//!
//! A daemon has one for its whole life, `--no-daemon` one for a single command. Invariants: whoever has a house
//! holds the store's lock; loads of one workspace take turns, builds do not. This file does not know commands.

use crate::daemon::place::Lock;
use crate::error::Report;
use crate::event::{Event, Face};
use crate::map;
use crate::project::Project;
use crate::session::{failure, noop};
use crate::settings::Settings;
use gx_engine::host::{HostImporter, HostProgress};
use gx_engine::{BuildOptions, Engine, EngineConfig};
use gx_rules::{Levels, LoadError, LoadRequest, Loaded, QueryResult, Workspace, WorkspaceConfig};
use gx_store::{Cancel, Digest, HostImport, HostSpec, HostTools, Plan, Realise, RealiseError, Realised, Store};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Everything that is kept open between requests.
pub struct House {
    /// The store.
    pub store: Store,
    /// The engine.
    pub engine: Engine,
    /// This very build of gx.
    pub gx: String,
    /// Answers that the fast path may give again.
    pub(crate) memos: Mutex<HashMap<noop::Key, Arc<noop::Memo>>>,
    /// Roots of builds that this process set, each with the store's epoch from before.
    pub(crate) rooted: Mutex<HashMap<String, u64>>,
    /// Was anything built since memory was given back?
    pub(crate) untidy: AtomicBool,
    host: HostImporter,
    workspaces: Mutex<Vec<(Key, Arc<Room>)>>,
    _lock: Lock,
}

/// What makes two requests share a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    root: PathBuf,
    levels: Levels,
    text: String,
}

/// A workspace and whatever realises repositories for it.
pub struct Room {
    workspace: Workspace,
    realiser: Arc<Realiser>,
    importer: Arc<Importer>,
    turn: Mutex<()>,
}

/// Imports from the host for one workspace, and keeps in mind what was imported.
struct Importer {
    host: HostImporter,
    realiser: Arc<Realiser>,
    /// `None`: the host lacks something of it.
    made: Mutex<BTreeMap<HostSpec, Option<Digest>>>,
}

impl HostTools for Importer {
    fn import(&self, spec: &HostSpec) -> Result<HostImport, RealiseError> {
        let rustup = lock(&self.realiser.asker).as_ref().and_then(|asker| asker.rustup.clone());
        let import = self.host.clone().with_rustup(rustup.as_deref()).import(spec);
        match &import {
            Ok(import) => lock(&self.made).insert(spec.clone(), Some(import.digest)),
            Err(RealiseError::HostLacks { .. }) => lock(&self.made).insert(spec.clone(), None),
            Err(_) => None,
        };
        import
    }
}

/// What a load needs of the request it is for.
#[derive(Clone)]
pub struct Asker {
    /// Options of its builds.
    pub options: BuildOptions,
    /// Who is told.
    pub face: Arc<dyn Face>,
    /// Stops it.
    pub cancel: Cancel,
    /// The folder of whoever asks in which rustup keeps its toolchains.
    pub rustup: Option<PathBuf>,
}

/// Why a load failed: the loader's words, and reports of actions that it had asked for.
pub struct LoadFailure {
    /// The loader's errors.
    pub errors: Vec<LoadError>,
    /// What failed below them.
    pub actions: Vec<Report>,
}

/// The lock, also after another thread panicked while it had it: nothing here is left half-changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl House {
    /// Opens the store, waiting for it when somebody else has it; then `waiting` is told who.
    pub fn open(settings: &Settings, kind: &str, waiting: &mut dyn FnMut(&str)) -> Result<House, Report> {
        let held = Lock::own(&settings.store, kind, waiting)?;
        let store = Store::open(&settings.store, settings.function()).map_err(|error| map::store(&error))?;
        // Each build says how many of its actions may run at once; that may be more.
        let jobs = gx_engine::default_jobs();
        let executor = crate::wiring::executor(&store, jobs).map_err(|error| map::execute(&error))?;
        let config = EngineConfig {
            jobs,
            builtins: [gx_engine::builtin::all(), gx_spec::builtin::all()].concat(),
            fetchers: gx_remote::fetchers(),
            ..EngineConfig::new(store.clone(), executor)
        };
        let engine = Engine::start(config).map_err(|error| map::engine(&error))?;
        let host = HostImporter::new(store.clone());
        let gx = crate::daemon::build_id();
        let (memos, rooted, workspaces) = (Mutex::default(), Mutex::default(), Mutex::default());
        Ok(House { store, engine, gx, memos, rooted, untidy: AtomicBool::new(false), host, workspaces, _lock: held })
    }

    /// Gives back what builds needed for themselves. For when nobody waits for an answer.
    pub fn rest(&self) {
        if self.untidy.swap(false, Ordering::Relaxed) {
            gx_engine::memory::give_back();
        }
    }

    /// The workspace of a project, opened when it is not or when its `gx.toml` changed.
    pub fn room(&self, project: &Project, levels: Levels) -> Result<Arc<Room>, Vec<Report>> {
        let key = Key { root: project.root.clone(), levels, text: project.text.clone() };
        let mut rooms = lock(&self.workspaces);
        if let Some((_, room)) = rooms.iter().find(|(known, _)| *known == key) {
            return Ok(room.clone());
        }
        let realiser =
            Arc::new(Realiser { engine: self.engine.clone(), asker: Mutex::default(), failed: Mutex::default() });
        let importer = self.importer(&realiser);
        let chosen = chosen(project);
        let stdlib = gx_stdlib::files().iter().map(|(path, text)| match *path {
            CHOSEN => (CHOSEN.to_owned(), chosen.clone()),
            path => (path.to_owned(), (*text).to_owned()),
        });
        let workspace = Workspace::open(WorkspaceConfig {
            root: project.root.clone(),
            repositories: project.repository_tables().map_err(|report| vec![report])?,
            stdlib: stdlib.collect(),
            store: self.store.clone(),
            realise: realiser.clone(),
            host: importer.clone(),
            levels,
        });
        let workspace = workspace.map_err(|errors| errors.iter().map(map::load).collect::<Vec<_>>())?;
        let room = Arc::new(Room { workspace, realiser, importer, turn: Mutex::new(()) });
        rooms.retain(|(known, _)| (&known.root, known.levels) != (&key.root, key.levels));
        rooms.push((key, room.clone()));
        Ok(room)
    }

    /// The importer, telling whoever is loading.
    fn importer(&self, realiser: &Arc<Realiser>) -> Arc<Importer> {
        let told = Arc::downgrade(realiser);
        let host = self.host.clone().with_progress(Arc::new(move |progress| {
            let asker = told.upgrade().and_then(|realiser| lock(&realiser.asker).clone());
            if let Some(asker) = asker {
                asker.face.event(host_words(progress));
            }
        }));
        Arc::new(Importer { host, realiser: realiser.clone(), made: Mutex::default() })
    }

    /// The digest of an import, from memory where the host has not changed.
    pub fn import(&self, spec: &HostSpec, rustup: Option<&Path>) -> Option<Digest> {
        self.host.clone().with_rustup(rustup).import(spec).ok().map(|import| import.digest)
    }
}

/// The file of the standard library that says which toolchains a workspace chose.
const CHOSEN: &str = "toolchains/chosen.bzl";

/// That file for a project.
fn chosen(project: &Project) -> String {
    let label = |label: &str| if label.starts_with("//") { format!("@{label}") } else { label.to_owned() };
    let entries = project.toolchains.iter().map(|(name, of)| format!("    {name:?}: {:?},\n", label(of)));
    format!("\"\"\"The table `[toolchains]` of gx.toml.\"\"\"\n\nCHOSEN = {{\n{}}}\n", entries.collect::<String>())
}

/// Words for what an import of the host's programs tells.
fn host_words(progress: &HostProgress) -> Event {
    match progress {
        HostProgress::Looking => Event::Phase("looking at the host's toolchain".to_owned()),
        HostProgress::Importing { files } => {
            Event::Note(format!("importing the host's toolchain into the store: {files} files, once"))
        }
        HostProgress::Imported { files } => Event::Phase(format!("imported {files} files")),
        HostProgress::Note(text) => Event::Note(text.clone()),
    }
}

impl Room {
    /// What was imported from the host so far; `None` where it lacked something.
    pub fn hosts(&self) -> Vec<(HostSpec, Option<Digest>)> {
        lock(&self.importer.made).iter().map(|(spec, digest)| (spec.clone(), *digest)).collect()
    }

    /// Loads for one request.
    pub fn load(&self, request: &LoadRequest, asker: Asker) -> Result<Loaded, LoadFailure> {
        self.with(asker, |workspace| workspace.load(request))
    }

    /// Answers a query for one request.
    pub fn query(&self, expression: &str, package: &str, asker: Asker) -> Result<QueryResult, LoadFailure> {
        self.with(asker, |workspace| workspace.query(expression, package))
    }

    fn with<T>(
        &self,
        asker: Asker,
        work: impl FnOnce(&Workspace) -> Result<T, Vec<LoadError>>,
    ) -> Result<T, LoadFailure> {
        let _turn = lock(&self.turn);
        *lock(&self.realiser.asker) = Some(asker);
        let answer = work(&self.workspace);
        *lock(&self.realiser.asker) = None;
        let actions = std::mem::take(&mut *lock(&self.realiser.failed));
        answer.map_err(|errors| LoadFailure { errors, actions })
    }
}

/// Makes what the loader asks for, on behalf of the request that is loading.
struct Realiser {
    engine: Engine,
    asker: Mutex<Option<Asker>>,
    failed: Mutex<Vec<Report>>,
}

impl Realise for Realiser {
    fn is_cancelled(&self) -> bool {
        lock(&self.asker).as_ref().is_some_and(|asker| asker.cancel.is_cancelled())
    }

    fn realise(&self, plan: &Plan) -> Result<Realised, RealiseError> {
        let Some(asker) = lock(&self.asker).clone() else {
            return Err(RealiseError::Failed { owner: String::new(), why: "no request is loading".to_owned() });
        };
        let owners: Vec<&str> = plan.goals.iter().map(|goal| &*goal.label).take(3).collect();
        asker.face.event(Event::Phase(format!("preparing {}", owners.join(", "))));
        let plan = Arc::new(plan.clone());
        let options = BuildOptions { workspace: String::new(), ..asker.options };
        // Nobody reads: the loader's own work is shown as one phase.
        let (notices, _) = crossbeam_channel::unbounded();
        let result = self
            .engine
            .build(plan.clone(), options, notices, &asker.cancel)
            .map_err(|error| RealiseError::Failed { owner: owners.join(", "), why: error.to_string() })?;
        if let Some(first) = result.failures.first() {
            let reports = result.failures.iter().map(|it| failure::report(it, &plan, self.engine.store(), "build"));
            lock(&self.failed).extend(reports);
            let why = first.error.as_ref().map_or_else(|| "its action failed".to_owned(), |error| error.to_string());
            return Err(RealiseError::Failed { owner: first.owner.to_string(), why });
        }
        if result.cancelled {
            return Err(RealiseError::Execute(gx_store::ExecuteError::Cancelled));
        }
        let made = plan.goals.iter().flat_map(|goal| &goal.outputs).filter_map(|(derivation, _)| {
            let outcome = result.outcomes.get(derivation)?;
            Some((*derivation, outcome.outputs.clone()))
        });
        Ok(made.collect())
    }
}
