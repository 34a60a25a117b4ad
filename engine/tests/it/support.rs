//! A world for tests: a store in memory, plans made of short words, and an executor that does what they say.

use crossbeam_channel::{Sender, unbounded};
use gx_engine::{BuildOptions, BuildResult, Engine, EngineConfig, How, Notice};
use gx_store::{
    Blobs, Cancel, Commit, Cost, Derivation, DerivationId, Ending, ExecuteError, Executor, Goal, HashFunction, Input,
    InputSet, InputSetId, Job, Level, Node, Note, Object, Outcome, Output, OutputKind, Plan, Planned, RelPath, Run,
    Source, Store, Work,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex};

pub const FUNCTION: HashFunction = HashFunction::Blake3;

pub fn path(text: &str) -> RelPath {
    RelPath::new(text).unwrap()
}

/// Does what the first argument says:
/// `all` writes its arguments and all inputs to each output; `head N` the first N bytes of all inputs;
/// `fail` exits with 1; `gate` waits until the gate is opened, then does as `all`; `panic` panics;
/// `unable` cannot be tried; `extra` does as `all` and names an undeclared file.
#[derive(Default)]
pub struct Fake {
    pub ran: Mutex<Vec<String>>,
    pub active: Mutex<(usize, usize)>,
    gate: (Mutex<bool>, Condvar),
    pub store: Mutex<Option<Store>>,
    pub started: Mutex<Option<Sender<String>>>,
    /// Makes the executor fail as well.
    pub faults: Mutex<Option<Arc<crate::faulty::Faulty>>>,
}

impl Fake {
    pub fn open_gate(&self) {
        *self.gate.0.lock().unwrap() = true;
        self.gate.1.notify_all();
    }

    /// What ran since the last call, sorted.
    pub fn take_ran(&self) -> Vec<String> {
        let mut ran = std::mem::take(&mut *self.ran.lock().unwrap());
        ran.sort();
        ran
    }

    fn wait_for_gate(self: &Fake, cancel: &Cancel) {
        let mut open = self.gate.0.lock().unwrap();
        while !*open && !cancel.is_cancelled() {
            let (guard, _) = self.gate.1.wait_timeout(open, std::time::Duration::from_millis(5)).unwrap();
            open = guard;
        }
    }
}

/// The content of every file among the inputs, folders too.
fn contents(store: &Store, inputs: &BTreeMap<RelPath, Node>) -> Result<Vec<u8>, ExecuteError> {
    let mut bytes = Vec::new();
    for (path, node) in inputs {
        bytes.extend_from_slice(path.as_str().as_bytes());
        bytes.push(b'=');
        match node {
            Node::File { blob, .. } => bytes.extend(store.blob(blob)?),
            other => bytes.extend(format!("{other:?}").bytes()),
        }
        bytes.push(b';');
    }
    Ok(bytes)
}

impl Executor for Fake {
    fn execute(&self, job: &Job, cancel: &Cancel) -> Result<Commit, ExecuteError> {
        let Work::Run(run) = &job.derivation.work else { panic!("the fake runs only processes") };
        let store = self.store.lock().unwrap().clone().unwrap();
        let name = format!("{} {}", job.note.mnemonic, job.note.owner);
        self.ran.lock().unwrap().push(name.clone());
        if let Some(started) = &*self.started.lock().unwrap() {
            let _ = started.send(name);
        }
        {
            let mut active = self.active.lock().unwrap();
            active.0 += 1;
            active.1 = active.1.max(active.0);
        }
        let struck = self.faults.lock().unwrap().as_ref().is_some_and(|faults| faults.strikes());
        if struck {
            self.active.lock().unwrap().0 -= 1;
            return Err(ExecuteError::Sandbox { why: "an injected fault".into(), hint: String::new() });
        }
        let result = act(self, &store, run, job, cancel);
        self.active.lock().unwrap().0 -= 1;
        result
    }
}

fn act(fake: &Fake, store: &Store, run: &Run, job: &Job, cancel: &Cancel) -> Result<Commit, ExecuteError> {
    let mut undeclared = vec![];
    let words: Vec<&str> = run.arguments.iter().map(String::as_str).collect();
    let read = contents(store, &job.inputs)?;
    let made = match words.as_slice() {
        ["all", rest @ ..] => Some([rest.join(" ").into_bytes(), read].concat()),
        ["extra", ..] => {
            undeclared.push("out/extra".to_owned());
            Some(read)
        }
        ["head", n, ..] => Some(read[..read.len().min(n.parse().unwrap())].to_vec()),
        ["gate", rest @ ..] => {
            fake.wait_for_gate(cancel);
            if cancel.is_cancelled() {
                return Err(ExecuteError::Cancelled);
            }
            Some([rest.join(" ").into_bytes(), read].concat())
        }
        ["fail", ..] => None,
        ["panic", ..] => panic!("a bug in an executor"),
        ["unable", ..] => {
            return Err(ExecuteError::Spawn { program: "cc".into(), why: "it is not among the inputs".into() });
        }
        other => panic!("unknown script {other:?}"),
    };
    let mut objects = vec![];
    let mut blob = |bytes: Vec<u8>| {
        let id = gx_store::BlobId(FUNCTION.digest(&bytes));
        objects.push(Object::Blob(id, bytes));
        id
    };
    let stdout = blob(format!("log of {}\n", job.note.owner).into_bytes());
    let stderr = blob(vec![]);
    let outputs = match &made {
        None => vec![],
        Some(bytes) => {
            let file = |o: &Output| {
                let bytes = [o.path.as_str().as_bytes(), b":", bytes].concat();
                (o.path.clone(), Node::File { blob: blob(bytes), executable: false })
            };
            job.derivation.outputs.iter().map(file).collect()
        }
    };
    let outcome = Outcome {
        action: job.lowered.id,
        ending: Ending::Exit(if made.is_some() { 0 } else { 1 }),
        outputs,
        stdout,
        stderr,
        undeclared,
        level: Level::Sandboxed,
        executor: "fake".into(),
        cost: Cost { wall_us: 1000, ..Cost::default() },
    };
    Ok(Commit { outcome, objects })
}

/// A plan in the making.
pub struct Planner {
    pub store: Store,
    pub plan: Plan,
}

impl Planner {
    pub fn new(store: &Store) -> Planner {
        Planner { store: store.clone(), plan: Plan::default() }
    }

    pub fn source(&self, text: &str) -> Source {
        Source::Known(Node::File { blob: self.store.put_blob(text.as_bytes()).unwrap(), executable: false })
    }

    pub fn output(&self, of: DerivationId) -> Source {
        let planned = &self.plan.derivations[&of];
        Source::Output { derivation: of, path: planned.derivation.outputs[0].path.clone() }
    }

    /// A run: owner `//:name`, mnemonic `Run`, output `out/name`.
    pub fn run(&mut self, name: &str, script: &str, inputs: Vec<(&str, Source)>) -> DerivationId {
        self.run_with(name, script, inputs, vec![])
    }

    pub fn run_with(
        &mut self,
        name: &str,
        script: &str,
        inputs: Vec<(&str, Source)>,
        input_sets: Vec<InputSetId>,
    ) -> DerivationId {
        let run = Run {
            arguments: script.split(' ').map(str::to_owned).collect(),
            environment: BTreeMap::new().into(),
            platform: BTreeMap::new(),
            level: Level::Sandboxed,
            loopback: false,
        };
        self.add(name, "Run", Work::Run(run), inputs, input_sets)
    }

    pub fn add(
        &mut self,
        name: &str,
        mnemonic: &str,
        work: Work,
        inputs: Vec<(&str, Source)>,
        input_sets: Vec<InputSetId>,
    ) -> DerivationId {
        let inputs = inputs.into_iter().map(|(at, source)| Input { path: path(at), source }).collect();
        let outputs = vec![Output { path: path(&format!("out/{name}")), kind: OutputKind::File }];
        let derivation = Derivation { work, inputs, input_sets, roots: vec![], outputs }.normalise();
        let id = derivation.id(FUNCTION);
        let note = Note {
            owner: format!("//:{name}").into(),
            mnemonic: mnemonic.into(),
            message: format!("Making {name}"),
            ..Note::default()
        };
        Arc::make_mut(&mut self.plan.derivations).insert(id, Planned { derivation: Arc::new(derivation), note });
        id
    }

    pub fn set(&mut self, inputs: Vec<(&str, Source)>, children: Vec<InputSetId>) -> InputSetId {
        let inputs = inputs.into_iter().map(|(at, source)| Input { path: path(at), source }).collect();
        let set = InputSet { inputs, children }.normalise();
        let id = set.id(FUNCTION);
        Arc::make_mut(&mut self.plan.input_sets).insert(id, Arc::new(set));
        id
    }

    pub fn goal(&mut self, id: DerivationId) {
        let planned = &self.plan.derivations[&id];
        let outputs = planned.derivation.outputs.iter().map(|o| (id, o.path.clone())).collect();
        self.plan.goals.push(Goal { label: planned.note.owner.clone(), outputs, also: vec![] });
    }

    pub fn done(self) -> Arc<Plan> {
        Arc::new(self.plan)
    }
}

/// An engine over a store with a fake executor.
pub struct World {
    pub store: Store,
    pub fake: Arc<Fake>,
    pub engine: Engine,
    _folder: tempfile::TempDir,
}

impl World {
    pub fn new(jobs: usize) -> World {
        let folder = tempfile::tempdir().unwrap();
        World::over(Store::in_memory(folder.path(), FUNCTION), folder, jobs)
    }

    pub fn over(store: Store, folder: tempfile::TempDir, jobs: usize) -> World {
        let fake = Arc::new(Fake::default());
        *fake.store.lock().unwrap() = Some(store.clone());
        let config = EngineConfig { jobs, ..EngineConfig::new(store.clone(), fake.clone()) };
        World { store, fake, engine: Engine::start(config).unwrap(), _folder: folder }
    }

    /// Takes a blob away as a broken disk would.
    pub fn lose(&self, blob: &gx_store::BlobId) {
        let inventory = self.store.inventory();
        gx_store::traits::Inventory::remove(inventory, gx_store::traits::ObjectKind::Blob, &[blob.0]).unwrap();
    }

    pub fn build(&self, plan: &Arc<Plan>) -> BuildResult {
        self.build_with(plan, BuildOptions::default()).0
    }

    pub fn build_with(&self, plan: &Arc<Plan>, options: BuildOptions) -> (BuildResult, Vec<Notice>) {
        let (sender, notices) = unbounded();
        let result = self.engine.build(plan.clone(), options, sender, &Cancel::new()).unwrap();
        (result, notices.into_iter().collect())
    }
}

/// A line for each action that ended, sorted: what the engine did.
pub fn story(notices: &[Notice]) -> String {
    let mut lines: Vec<String> = notices.iter().filter_map(line).collect();
    lines.sort();
    lines.join("\n")
}

fn line(notice: &Notice) -> Option<String> {
    match notice {
        Notice::ActionFinished { owner, how, remembered, error, .. } => {
            let remembered = if *remembered && *how == How::Failed { " (remembered)" } else { "" };
            let error = error.as_ref().map(|e| format!(": {e}")).unwrap_or_default();
            Some(format!("{owner} {how:?}{remembered}{error}"))
        }
        Notice::Warning(warning) => Some(format!("warning: {warning:?}")),
        _ => None,
    }
}
