//! Lowering: recorded actions become derivations.
//!
//! Invariants: only what the goals need is lowered; ids come from content alone (paths, bytes, ids of what is needed),
//! never from labels or order; a depset with children becomes a nested input set, once for all who use it.
//! This file does not know Starlark. The way: `Need` finds what is needed, `Lowering` makes the plan.

use crate::action::{Action, ActionWork, InputItem};
use crate::analysis::Analysed;
use crate::error::{LoadError, LoadErrorKind};
use crate::graph::{Graph, Node};
use crate::request::Levels;
use crate::session::Session;
use crate::values::depset::{Depset, DepsetNode};
use crate::values::file::{File, FileKind};
use crate::values::plain::Plain;
use gx_store::{
    Call, Derivation, DerivationId, HashFunction, Input, InputSet, InputSetId, Level, Output, OutputKind, Plan,
    Planned, RelPath, Run, Source, Work,
};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// The tree at `/` of actions that name none.
pub(crate) const DEFAULT_TOOLCHAIN: &str = "@gx//toolchains:host";

/// An action by its target and its place there.
pub(crate) type ActionAt = (usize, usize);

/// Everything that lowering looks things up in.
pub(crate) struct World {
    pub(crate) graph: Graph,
    pub(crate) analysed: Vec<Arc<Analysed>>,
    /// Who makes a path.
    pub(crate) makers: HashMap<Arc<str>, ActionAt>,
    /// The default trees at `/`.
    pub(crate) toolchain: Vec<File>,
}

impl World {
    /// Indexes every action. Two actions with one path are an error, also when one is not needed.
    pub(crate) fn new(graph: Graph, analysed: Vec<Arc<Analysed>>) -> Result<World, Vec<LoadError>> {
        let mut makers: HashMap<Arc<str>, ActionAt> = HashMap::new();
        let mut errors = Vec::new();
        let mut world = World { graph, analysed, makers: HashMap::new(), toolchain: Vec::new() };
        for (target, result) in world.analysed.iter().enumerate() {
            for (number, action) in result.actions.iter().enumerate() {
                for output in &action.outputs {
                    if let Some(other) = makers.insert(Arc::clone(&output.0.path), (target, number)) {
                        errors.push(world.conflict(output, other, (target, number)));
                    }
                }
            }
        }
        errors.extend(world.nested(&makers));
        world.makers = makers;
        let label = Session::toolchain_label();
        let at = label.and_then(|label| world.graph.index.get(&label).copied());
        let trees = at.and_then(|at| world.analysed.get(at)).map(|found| found.target.files.to_list());
        world.toolchain = trees.into_iter().flatten().filter_map(|item| file_of(&item).ok().cloned()).collect();
        if errors.is_empty() { Ok(world) } else { Err(errors) }
    }

    /// Who needs whom was for analysis: lowering follows files.
    pub(crate) fn forget_edges(&mut self) {
        for node in &mut self.graph.nodes {
            (node.wants, node.needs) = (Vec::new(), Vec::new());
        }
        self.graph.order = Vec::new();
        self.graph.index.shrink_to_fit();
        self.makers.shrink_to_fit();
    }

    pub(crate) fn action(&self, at: ActionAt) -> Option<&Action> {
        self.analysed.get(at.0)?.actions.get(at.1)
    }

    pub(crate) fn owner(&self, at: ActionAt) -> Option<&Node> {
        self.graph.nodes.get(at.0)
    }

    fn conflict(&self, output: &File, a: ActionAt, b: ActionAt) -> LoadError {
        let label = |at: ActionAt| self.owner(at).map(|node| node.label.to_string()).unwrap_or_default();
        let mut labels = [label(a), label(b)];
        labels.sort();
        let message = format!("two actions make '{}': one of '{}', one of '{}'", output.path(), labels[0], labels[1]);
        LoadError::new(LoadErrorKind::OutputConflict, message).at(self.owner(b).and_then(Node::position))
    }

    /// An output that lies below another output.
    fn nested(&self, makers: &HashMap<Arc<str>, ActionAt>) -> Vec<LoadError> {
        let mut errors = Vec::new();
        for (path, at) in makers {
            let mut folder: &str = path;
            while let Some((above, _)) = folder.rsplit_once('/') {
                folder = above;
                if let Some(other) = makers.get(above) {
                    let label = |at: ActionAt| self.owner(at).map(|n| n.label.to_string()).unwrap_or_default();
                    let message = format!(
                        "the output '{path}' of '{}' lies below the output '{above}' of '{}'",
                        label(*at),
                        label(*other)
                    );
                    let place = self.owner(*at).and_then(Node::position);
                    errors.push(LoadError::new(LoadErrorKind::OutputConflict, message).at(place));
                }
            }
        }
        errors
    }
}

/// The plan in the making.
pub(crate) struct Lowering<'a> {
    pub(crate) world: &'a World,
    pub(crate) function: HashFunction,
    pub(crate) levels: Levels,
    pub(crate) plan: Plan,
    /// Sources by path.
    pub(crate) sources: HashMap<Arc<str>, gx_store::Node>,
    /// Manifests of host toolchains, by action.
    pub(crate) manifests: HashMap<ActionAt, gx_store::BlobId>,
    pub(crate) ids: HashMap<ActionAt, DerivationId>,
    pub(crate) sets: HashMap<usize, InputSetId>,
}

pub(crate) fn path_of(text: impl Into<Arc<str>>) -> Result<RelPath, LoadError> {
    RelPath::new(text).map_err(|e| LoadError::new(LoadErrorKind::Analysis, e.to_string()))
}

impl Lowering<'_> {
    /// Where a file comes from.
    pub(crate) fn source_of(&self, file: &File) -> Result<Source, LoadError> {
        if file.is_source() {
            let known = self.sources.get(&file.0.path).cloned().map(Source::Known);
            return known.ok_or_else(|| {
                LoadError::new(LoadErrorKind::Source, format!("the source file '{}' was not read", file.path()))
            });
        }
        let at = self.world.makers.get(&file.0.path);
        match at.and_then(|at| self.ids.get(at)) {
            Some(derivation) => {
                Ok(Source::Output { derivation: *derivation, path: path_of(Arc::clone(&file.0.path))? })
            }
            None => Err(LoadError::new(LoadErrorKind::NoAction, format!("no action makes '{}'", file.path()))),
        }
    }

    pub(crate) fn input(&self, file: &File) -> Result<Input, LoadError> {
        Ok(Input { path: path_of(Arc::clone(&file.0.path))?, source: self.source_of(file)? })
    }

    /// Makes the input set of a depset whose children have theirs.
    pub(crate) fn lower_set(&mut self, node: &Arc<DepsetNode>) -> Result<(), LoadError> {
        let mut set = InputSet::default();
        for item in &node.direct {
            set.inputs.push(self.input(file_of(item)?)?);
        }
        set.children = node.transitive.iter().filter_map(|child| self.sets.get(&child.address()).copied()).collect();
        let set = set.normalise();
        let id = set.id(self.function);
        self.sets.insert(Arc::as_ptr(node) as usize, id);
        Arc::make_mut(&mut self.plan.input_sets).entry(id).or_insert_with(|| Arc::new(set));
        Ok(())
    }

    /// Makes the derivation of an action; what it needs has one.
    pub(crate) fn lower_action(&mut self, at: ActionAt) -> Result<(), LoadError> {
        let world = self.world;
        let (Some(action), Some(owner)) = (world.action(at), world.owner(at)) else { return Ok(()) };
        let label: Arc<str> = owner.label.to_string().into();
        let level = self.levels.of_action(owner.determinism());
        let lowered = self.derivation_of(at, action, &label, level).map_err(|e| e.at(owner.position()))?;
        let id = self.add(lowered, action, &label);
        self.ids.insert(at, id);
        Ok(())
    }

    /// Puts a derivation into the plan.
    pub(crate) fn add(&mut self, derivation: Derivation, action: &Action, owner: &Arc<str>) -> DerivationId {
        let id = derivation.id(self.function);
        let first = action.outputs.first().map_or("", |file| file.short_path());
        let note = gx_store::Note {
            owner: Arc::clone(owner),
            mnemonic: Arc::clone(&action.mnemonic),
            message: if action.message.is_empty() {
                format!("{} {first}", action.mnemonic)
            } else {
                action.message.replace("%{label}", owner).replace("%{output}", first)
            },
            ..gx_store::Note::default()
        };
        Arc::make_mut(&mut self.plan.derivations)
            .entry(id)
            .or_insert_with(|| Planned { derivation: Arc::new(derivation), note });
        id
    }

    fn derivation_of(
        &mut self,
        at: ActionAt,
        action: &Action,
        owner: &Arc<str>,
        level: Level,
    ) -> Result<Derivation, LoadError> {
        let mut derivation = Derivation {
            work: Work::Builtin(Call { name: String::new(), revision: 1, arguments: BTreeMap::new() }),
            inputs: Vec::new(),
            input_sets: Vec::new(),
            roots: Vec::new(),
            outputs: Vec::with_capacity(action.outputs.len()),
        };
        for output in &action.outputs {
            let kind =
                if output.0.kind == FileKind::OutputDirectory { OutputKind::Directory } else { OutputKind::File };
            derivation.outputs.push(Output { path: path_of(Arc::clone(&output.0.path))?, kind });
        }
        for item in &action.inputs {
            self.add_input(item, &mut derivation)?;
        }
        let call = |name: &str, arguments: &[(&str, &str)]| {
            let arguments = arguments.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            Work::Builtin(Call { name: name.to_owned(), revision: 1, arguments })
        };
        let truth = |yes: bool| if yes { "true" } else { "false" };
        derivation.work = match &action.work {
            ActionWork::Run { arguments, environment, toolchain } => {
                let line = self.command_line(arguments, action, owner, &mut derivation)?;
                derivation.roots = self.roots(toolchain.as_deref())?;
                Work::Run(Run {
                    arguments: line,
                    environment: crate::environment::of_action(environment),
                    platform: BTreeMap::new(),
                    level,
                    loopback: false,
                })
            }
            ActionWork::Write { content, executable } => {
                let text = crate::command::content_of(content);
                call("write", &[("content", &text), ("executable", truth(*executable))])
            }
            ActionWork::Symlink { executable } => {
                let arguments: &[(&str, &str)] = if *executable { &[("executable", "true")] } else { &[] };
                call("symlink", arguments)
            }
            ActionWork::Ready(work) => work.clone(),
            ActionWork::Host(_) | ActionWork::HostIfThere(_) => {
                let Some(blob) = self.manifests.get(&at) else {
                    return Err(LoadError::new(LoadErrorKind::Toolchain, "the host's toolchain was not imported"));
                };
                let node = gx_store::Node::File { blob: *blob, executable: false };
                derivation.inputs.push(Input { path: path_of("manifest")?, source: Source::Known(node) });
                call("host_toolchain", &[])
            }
        };
        let mut derivation = derivation.normalise();
        derivation.inputs.dedup_by(|a, b| a.path == b.path);
        Ok(derivation)
    }

    fn add_input(&self, item: &InputItem, derivation: &mut Derivation) -> Result<(), LoadError> {
        match item {
            InputItem::File(file) => derivation.inputs.push(self.input(file)?),
            InputItem::Set(set) => match &set.0 {
                None => {}
                Some(node) if node.transitive.is_empty() => {
                    for item in &node.direct {
                        derivation.inputs.push(self.input(file_of(item)?)?);
                    }
                }
                Some(_) => {
                    if let Some(id) = self.sets.get(&set.address())
                        && !derivation.input_sets.contains(id)
                    {
                        derivation.input_sets.push(*id);
                    }
                }
            },
        }
        Ok(())
    }

    /// The trees at `/`.
    pub(crate) fn roots(&self, toolchain: Option<&[File]>) -> Result<Vec<Source>, LoadError> {
        toolchain.unwrap_or(&self.world.toolchain).iter().map(|file| self.source_of(file)).collect()
    }
}

pub(crate) fn file_of(item: &Plain) -> Result<&File, LoadError> {
    match item {
        Plain::File(file) => Ok(file),
        other => {
            let message = format!("a depset of inputs has a {} in it, and inputs are files", other.kind());
            Err(LoadError::new(LoadErrorKind::Analysis, message))
        }
    }
}

/// What has to be lowered before something else.
#[derive(Clone)]
enum Step {
    Action(ActionAt),
    Set(Depset),
}

/// What the goals need, in an order in which it can be lowered.
#[derive(Default)]
pub(crate) struct Need {
    /// Imports of host toolchains among them.
    pub(crate) hosts: Vec<ActionAt>,
    steps: Vec<Step>,
    pub(crate) sources: Vec<File>,
    seen_actions: HashMap<ActionAt, bool>,
    seen_sets: HashSet<usize>,
    seen_sources: HashSet<Arc<str>>,
}

impl Need {
    /// Adds everything below a file. The walk has its own stack: chains of actions are long.
    pub(crate) fn file(&mut self, file: &File, world: &World) -> Result<(), LoadError> {
        let mut stack = Vec::new();
        self.enter(file, world, &mut stack)?;
        while let Some((step, done)) = stack.pop() {
            if done {
                if let Step::Action(at) = &step {
                    self.seen_actions.insert(*at, true);
                    let is_host = |work: &ActionWork| matches!(work, ActionWork::Host(_) | ActionWork::HostIfThere(_));
                    if world.action(*at).is_some_and(|action| is_host(&action.work)) {
                        self.hosts.push(*at);
                    }
                }
                self.steps.push(step);
                continue;
            }
            match &step {
                Step::Action(at) => {
                    match self.seen_actions.get(at) {
                        Some(true) => continue,
                        Some(false) => return Err(circle(world, *at)),
                        None => {}
                    }
                    self.seen_actions.insert(*at, false);
                    let Some(action) = world.action(*at) else { continue };
                    stack.push((step.clone(), true));
                    self.inputs_of(action, world, &mut stack)?;
                }
                Step::Set(set) => {
                    if !self.seen_sets.insert(set.address()) {
                        continue;
                    }
                    let Some(node) = &set.0 else { continue };
                    stack.push((step.clone(), true));
                    stack.extend(node.transitive.iter().map(|child| (Step::Set(child.clone()), false)));
                    for item in &node.direct {
                        self.enter(file_of(item)?, world, &mut stack)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn inputs_of(&mut self, action: &Action, world: &World, stack: &mut Vec<(Step, bool)>) -> Result<(), LoadError> {
        for item in &action.inputs {
            match item {
                InputItem::File(file) => self.enter(file, world, stack)?,
                InputItem::Set(Depset(Some(node))) if node.transitive.is_empty() => {
                    // Its files stand in the derivation itself: no set is made for it.
                    node.direct.iter().try_for_each(|item| self.enter(file_of(item)?, world, stack))?;
                }
                InputItem::Set(set) => stack.push((Step::Set(set.clone()), false)),
            }
        }
        if let ActionWork::Run { toolchain, .. } = &action.work {
            let files = toolchain.as_deref().unwrap_or(world.toolchain.as_slice());
            for file in files {
                self.enter(file, world, stack)?;
            }
        }
        Ok(())
    }

    fn enter(&mut self, file: &File, world: &World, stack: &mut Vec<(Step, bool)>) -> Result<(), LoadError> {
        if file.is_source() {
            if self.seen_sources.insert(Arc::clone(&file.0.path)) {
                self.sources.push(file.clone());
            }
            return Ok(());
        }
        match world.makers.get(&file.0.path) {
            Some(at) if self.seen_actions.get(at) == Some(&true) => Ok(()),
            Some(at) => {
                stack.push((Step::Action(*at), false));
                Ok(())
            }
            None => {
                let message = format!("no action makes '{}', which '{}' declares", file.path(), file.0.owner);
                Err(LoadError::new(LoadErrorKind::NoAction, message))
            }
        }
    }

    /// Everything was added: what was for that goes.
    pub(crate) fn finish(&mut self) {
        (self.seen_actions, self.seen_sets, self.seen_sources) = (HashMap::new(), HashSet::new(), HashSet::new());
        self.steps.shrink_to_fit();
        self.sources.shrink_to_fit();
    }

    /// Lowers it all, or of it what depends on the sources and toolchains in `changed`.
    pub(crate) fn lower(&self, lowering: &mut Lowering<'_>, changed: Option<&Changed>) -> Result<(), Vec<LoadError>> {
        let mut errors = Vec::new();
        let steps: Vec<&Step> = match changed {
            None => self.steps.iter().collect(),
            Some(changed) => self.touched(lowering, changed),
        };
        for step in steps {
            let result = match step {
                Step::Action(at) => lowering.lower_action(*at),
                Step::Set(Depset(Some(node))) => lowering.lower_set(node),
                Step::Set(Depset(None)) => Ok(()),
            };
            errors.extend(result.err());
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

impl Need {
    /// The steps that depend on what changed; what they made before leaves the plan.
    fn touched(&self, lowering: &mut Lowering<'_>, changed: &Changed) -> Vec<&Step> {
        let world = lowering.world;
        let mut actions: HashSet<ActionAt> = changed.hosts.clone();
        let mut sets: HashSet<usize> = HashSet::new();
        let mut steps = Vec::new();
        for step in &self.steps {
            let file = |file: &File| match world.makers.get(&file.0.path) {
                Some(at) => actions.contains(at),
                None => changed.sources.contains(&file.0.path),
            };
            let plain = |item: &Plain| matches!(item, Plain::File(f) if file(f));
            let node = |node: &DepsetNode| {
                node.direct.iter().any(plain) || node.transitive.iter().any(|child| sets.contains(&child.address()))
            };
            match step {
                Step::Set(set) => {
                    if set.0.as_deref().is_some_and(node) {
                        sets.insert(set.address());
                        if let Some(old) = lowering.sets.remove(&set.address()) {
                            Arc::make_mut(&mut lowering.plan.input_sets).remove(&old);
                        }
                        steps.push(step);
                    }
                }
                Step::Action(at) => {
                    let Some(action) = world.action(*at) else { continue };
                    let input = |item: &InputItem| match item {
                        InputItem::File(f) => file(f),
                        InputItem::Set(set) => set.0.as_deref().is_some_and(node),
                    };
                    let tools = match &action.work {
                        ActionWork::Run { toolchain, .. } => {
                            toolchain.as_deref().unwrap_or(world.toolchain.as_slice()).iter().any(file)
                        }
                        _ => false,
                    };
                    if actions.contains(at) || tools || action.inputs.iter().any(input) {
                        actions.insert(*at);
                        if let Some(old) = lowering.ids.remove(at) {
                            Arc::make_mut(&mut lowering.plan.derivations).remove(&old);
                        }
                        steps.push(step);
                    }
                }
            }
        }
        steps
    }
}

/// What is not as it was: paths of sources, and imports of host toolchains.
#[derive(Debug, Default)]
pub(crate) struct Changed {
    pub(crate) sources: HashSet<Arc<str>>,
    pub(crate) hosts: HashSet<ActionAt>,
}

fn circle(world: &World, at: ActionAt) -> LoadError {
    let owner = world.owner(at);
    let outputs = world.action(at).map(|action| action.outputs.iter().map(|f| f.path().to_owned()).collect::<Vec<_>>());
    let message = format!(
        "an action of '{}' needs what it makes itself, through other actions: {}",
        owner.map(|node| node.label.to_string()).unwrap_or_default(),
        outputs.unwrap_or_default().join(", ")
    );
    LoadError::new(LoadErrorKind::Cycle, message).at(owner.and_then(Node::position))
}
