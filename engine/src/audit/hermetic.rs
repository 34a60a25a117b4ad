//! Proofs by tracing: an action opened nothing outside of its inputs.
//!
//! Every action runs again, one at a time, and each file that it or a process of its opens is compared with what it
//! declared: its inputs, its toolchain, what it makes itself, and the few things that gx gives every action. What the
//! kernel tells in `/proc` is listed apart. An action that is confined more strongly is followed at level `sandboxed`,
//! where the same files can be seen. Invariant: an action that could not be followed proves nothing, and is said.
//! This file does not know how a process is followed.

use super::{Base, at_level};
use crate::error::EngineError;
use crate::sandbox::{LocalExecutor, SandboxOptions, trace};
use gx_store::{ActionId, Cancel, ExecuteError, Executor, Job, Level, Node, Store, StoreError, Trees, Work};
use std::collections::BTreeSet;
use std::path::{Component, Path};
use std::sync::Arc;

/// What an action opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Its action.
    pub action: ActionId,
    /// Whose.
    pub owner: Arc<str>,
    /// What it does.
    pub message: String,
    /// The level that it asks for.
    pub level: Level,
    /// How many files it opened.
    pub opened: usize,
    /// Files that are neither its inputs nor its own, sorted.
    pub strangers: Vec<String>,
    /// Files in which the kernel tells of the machine, sorted.
    pub kernel: Vec<String>,
    /// Why nothing is known; empty when it was followed to its end.
    pub failed: Option<String>,
}

/// Follows every action of the plan that starts a process; `None` when it was cancelled.
pub(crate) fn prove(
    base: &Base<'_>,
    sandbox: &SandboxOptions,
    tell: &(dyn Fn(usize, usize) + Sync),
    cancel: &Cancel,
) -> Result<Option<Vec<Proof>>, EngineError> {
    let (context, rebuilder) = base.context()?;
    let mut jobs = Vec::new();
    for vertex in context.graph.order() {
        let Some((_, planned)) = context.planned(*vertex) else { continue };
        if let Work::Run(run) = &planned.derivation.work {
            let job = rebuilder.job(&context, *vertex).map_err(|error| EngineError::Account(error.to_string()))?;
            jobs.push((job, run.level));
        }
    }
    let store = base.config.store.aside()?;
    let scratch = store.new_scratch()?;
    let file = scratch.path().join("trace");
    let options = SandboxOptions { trace: Some(file.clone()), ..sandbox.clone() };
    let executor = LocalExecutor::start(store.clone(), 1, options).map_err(EngineError::Audit)?;
    let mut proofs = Vec::new();
    for (at, (job, level)) in jobs.iter().enumerate() {
        if cancel.is_cancelled() {
            return Ok(None);
        }
        tell(at, jobs.len());
        let followed = at_level(job, (*level).min(Level::Sandboxed));
        match follow(&executor, &store, &followed, &file, cancel) {
            Ok(found) => proofs.push(found.of(job, *level)),
            Err(ExecuteError::Cancelled) => return Ok(None),
            Err(error) => proofs.push(Found { failed: Some(error.to_string()), ..Found::default() }.of(job, *level)),
        }
    }
    Ok(Some(proofs))
}

#[derive(Debug, Default)]
struct Found {
    opened: usize,
    strangers: BTreeSet<String>,
    kernel: BTreeSet<String>,
    failed: Option<String>,
}

impl Found {
    fn of(self, job: &Job, level: Level) -> Proof {
        Proof {
            action: job.lowered.id,
            owner: job.note.owner.clone(),
            message: job.note.message.clone(),
            level,
            opened: self.opened,
            strangers: self.strangers.into_iter().collect(),
            kernel: self.kernel.into_iter().collect(),
            failed: self.failed,
        }
    }
}

fn follow(
    executor: &LocalExecutor,
    store: &Store,
    job: &Job,
    file: &Path,
    cancel: &Cancel,
) -> Result<Found, ExecuteError> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(StoreError::io("removing", file, error).into());
        }
        _ => {}
    }
    // The thread that starts a process is the one that can follow it.
    let commit = std::thread::scope(|scope| scope.spawn(|| executor.execute(job, cancel)).join());
    let panicked = || ExecuteError::Spawn { program: "gx".to_owned(), why: "gx is at fault: a panic".to_owned() };
    let commit = commit.unwrap_or_else(|_| Err(panicked()))?;
    let bytes = std::fs::read(file).map_err(|error| StoreError::io("reading", file, error))?;
    let mut found = Found::default();
    if !commit.outcome.succeeded() {
        found.failed = Some("it failed while it was followed, so it may not have opened all that it does".to_owned());
    }
    let bounds = Bounds::of(store, job);
    for path in trace::decode(&bytes).keys() {
        found.opened += 1;
        match bounds.place(path)? {
            Place::Own => {}
            Place::Kernel => drop(found.kernel.insert(path.display().to_string())),
            Place::Stranger => drop(found.strangers.insert(path.display().to_string())),
        }
    }
    Ok(found)
}

/// What a file is to an action.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    Own,
    Kernel,
    Stranger,
}

/// What an action may open.
struct Bounds<'a> {
    store: &'a Store,
    job: &'a Job,
    sandboxed: bool,
}

/// Devices that are the same everywhere, or are held still elsewhere.
const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];

impl Bounds<'_> {
    fn of<'a>(store: &'a Store, job: &'a Job) -> Bounds<'a> {
        let sandboxed = !matches!(&job.derivation.work, Work::Run(run) if run.level == Level::None);
        Bounds { store, job, sandboxed }
    }

    fn place(&self, path: &Path) -> Result<Place, StoreError> {
        let place = |own: bool| if own { Place::Own } else { Place::Stranger };
        if let Ok(below) = path.strip_prefix("/dev") {
            let device = below.to_str().is_some_and(|name| DEVICES.contains(&name) || name.is_empty());
            return Ok(place(device));
        }
        if path.starts_with("/proc") || path.starts_with("/sys") {
            return Ok(self.kernel(path));
        }
        if !self.sandboxed {
            // The folder of the action is the one place that is its own.
            return Ok(place(path.starts_with(self.store.directory().join("scratch"))));
        }
        // Nothing but inputs lies there before the action begins: the rest it made itself.
        if path.starts_with("/w") || path.starts_with("/tmp") || path == Path::new("/") {
            return Ok(Place::Own);
        }
        if path.starts_with("/etc") && !self.in_toolchain(path)? {
            let fixed = crate::sandbox::fixed_etc().any(|name| path == Path::new("/etc").join(name));
            return Ok(place(fixed || path == Path::new("/etc")));
        }
        Ok(place(self.in_toolchain(path)?))
    }

    /// The action's processes are its own; everything else in there is the machine's.
    fn kernel(&self, path: &Path) -> Place {
        let process = path.components().nth(2).and_then(|part| part.as_os_str().to_str()).unwrap_or_default();
        let own = path.starts_with("/proc")
            && (process.is_empty() || matches!(process, "self" | "thread-self") || process.parse::<u32>().is_ok());
        if own { Place::Own } else { Place::Kernel }
    }

    /// Does the toolchain have this path?
    fn in_toolchain(&self, path: &Path) -> Result<bool, StoreError> {
        let Some(root) = self.job.root else { return Ok(false) };
        let mut node = Node::Directory(root);
        for part in path.components() {
            let name = match part {
                Component::RootDir => continue,
                Component::Normal(name) => name.to_str(),
                _ => None,
            };
            let Node::Directory(tree) = node else { return Ok(false) };
            let directory = self.store.tree(&tree)?;
            let Some(next) = name.and_then(|name| directory.get(name)) else { return Ok(false) };
            node = next.clone();
        }
        Ok(true)
    }
}
