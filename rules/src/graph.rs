//! The target graph: every target that is asked for and everything it needs, before anything is analysed.
//!
//! Invariants: a node's needs are nodes; there are no circles; `order` has needs before those that need them. All
//! missing labels and all forbidden uses are reported together.
//! This file does not know what rules do.

use crate::analysis::Rule;
use crate::error::{LoadError, LoadErrorKind};
use crate::files::{Entry, Repo};
use crate::label::{Label, PackageId};
use crate::package::{BUILD_FILES, DeclKind, Package, TargetDecl, build_file_of};
use crate::schema::{AttrValue, DETERMINISM};
use crate::session::Session;
use gx_store::Level;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// What a node is.
#[derive(Debug, Clone)]
pub(crate) enum NodeKind {
    Rule(Arc<Rule>),
    Source,
    /// A promised output of the rule that is its one need.
    Output,
    Alias,
    Suite,
    Group,
}

/// A target, source file or output.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) label: Label,
    pub(crate) kind: NodeKind,
    pub(crate) package: Arc<Package>,
    /// Place of its declaration in the package; `None` for source files.
    pub(crate) decl: Option<usize>,
    /// Labels it needs; the flag says that the rule asks for it, not the target.
    pub(crate) wants: Vec<(Label, Want)>,
    pub(crate) needs: Vec<usize>,
}

/// Who wants a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    /// Attribute of that number, value given by the target.
    Attr(usize),
    /// Attribute of that number, default of the rule.
    Default(usize),
    /// The target itself: an alias, a suite, an output's maker.
    Own,
}

impl Node {
    pub(crate) fn declaration(&self) -> Option<&TargetDecl> {
        self.decl.and_then(|index| self.package.data.targets.get(index))
    }

    /// Its kind in words.
    pub(crate) fn kind_name(&self) -> String {
        match &self.kind {
            NodeKind::Rule(rule) => rule.info.name().to_owned(),
            NodeKind::Source => "source file".to_owned(),
            NodeKind::Output => "generated file".to_owned(),
            NodeKind::Alias => "alias".to_owned(),
            NodeKind::Suite => "test_suite".to_owned(),
            NodeKind::Group => "package_group".to_owned(),
        }
    }

    /// The value of an attribute by its place: the target's own, or the rule's default.
    pub(crate) fn value(&self, at: usize) -> Option<&AttrValue> {
        let NodeKind::Rule(rule) = &self.kind else { return None };
        let own = match self.declaration().map(|decl| &decl.kind) {
            Some(DeclKind::Rule { attrs, .. }) => attrs.get(at).and_then(Option::as_ref),
            _ => None,
        };
        own.or_else(|| rule.info.attrs.get(at).map(|schema| &schema.default))
    }

    /// The value of an attribute by its name.
    pub(crate) fn named_value(&self, name: &str) -> Option<&AttrValue> {
        let NodeKind::Rule(rule) = &self.kind else { return None };
        self.value(rule.info.attr(name)?.0)
    }

    /// The determinism level that the target names.
    pub(crate) fn determinism(&self) -> Option<Level> {
        match self.named_value(DETERMINISM)? {
            AttrValue::Text(name) => Level::from_name(name),
            _ => None,
        }
    }

    pub(crate) fn position(&self) -> Option<crate::Position> {
        self.declaration().map(|decl| self.package.position(decl))
    }
}

/// The graph.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    pub(crate) nodes: Vec<Node>,
    pub(crate) index: HashMap<Label, usize>,
    pub(crate) order: Vec<usize>,
}

impl Graph {
    pub(crate) fn node(&self, label: &Label) -> Option<&Node> {
        self.index.get(label).and_then(|at| self.nodes.get(*at))
    }
}

impl Session<'_> {
    /// The graph below `roots`.
    pub(crate) fn graph(&self, roots: &[Label]) -> Result<Graph, Vec<LoadError>> {
        let mut graph = Graph::default();
        let mut errors = Vec::new();
        let mut broken: BTreeSet<Arc<PackageId>> = BTreeSet::new();
        // A wave: labels that are wanted for the first time, and who wants them.
        let mut wave: Vec<(Label, Option<usize>)> = roots.iter().map(|label| (label.clone(), None)).collect();
        while !wave.is_empty() {
            let missing: BTreeSet<Arc<PackageId>> = wave.iter().map(|(label, _)| Arc::clone(&label.package)).collect();
            let ids: Vec<Arc<PackageId>> = missing.into_iter().collect();
            // Errors are taken below, label by label.
            drop(self.packages(&ids));
            let mut next = Vec::new();
            for (label, by) in wave {
                if graph.index.contains_key(&label) {
                    continue;
                }
                // What is wrong with a package is said once, not for each of its targets.
                let package = match self.package(&label.package) {
                    Ok(package) => package,
                    Err(more) => {
                        if broken.insert(Arc::clone(&label.package)) {
                            let by = by.and_then(|at| graph.nodes.get(at));
                            errors.extend(more.iter().cloned().map(|error| needed_by(error, by)));
                        }
                        continue;
                    }
                };
                match self.resolve(&label, package) {
                    Ok(node) => {
                        let at = graph.nodes.len();
                        let fresh = node.wants.iter().filter(|(want, _)| !graph.index.contains_key(want));
                        next.extend(fresh.map(|(want, _)| (want.clone(), Some(at))));
                        graph.index.insert(label, at);
                        graph.nodes.push(node);
                    }
                    Err(error) => errors.push(needed_by(error, by.and_then(|at| graph.nodes.get(at)))),
                }
            }
            wave = next;
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        graph.nodes.shrink_to_fit();
        connect(&mut graph);
        graph.order = order_of(&graph).map_err(|e| vec![e])?;
        let errors = self.forbidden_uses(&graph);
        if errors.is_empty() { Ok(graph) } else { Err(errors) }
    }

    /// What a label names.
    fn resolve(&self, label: &Label, package: Arc<Package>) -> Result<Node, LoadError> {
        let label = Label::new(&package.id, Arc::clone(&label.name));
        let of_decl = |decl: &TargetDecl| package.data.targets.iter().position(|other| std::ptr::eq(other, decl));
        let node = |kind, decl, wants| Node {
            label: label.clone(),
            kind,
            package: Arc::clone(&package),
            decl,
            wants,
            needs: Vec::new(),
        };
        if let Some((decl, at)) = package.indexed(&label.name) {
            let (kind, wants) = self.declared_node(decl).map_err(|e| e.at(Some(package.position(decl))))?;
            if !decl.outputs.is_empty() {
                let repo = self.repo(&package.id.repository)?;
                for output in &decl.outputs {
                    let output = Label::new(&package.id, Arc::clone(output));
                    self.promised_output(&repo, &output).map_err(|e| e.at(Some(package.position(decl))))?;
                }
            }
            return Ok(node(kind, Some(at), wants));
        }
        if let Some(maker) = package.maker(&label.name) {
            let own = Label::new(&package.id, Arc::clone(&maker.name));
            return Ok(node(NodeKind::Output, of_decl(maker), vec![(own, Want::Own)]));
        }
        self.source_file(&package, &label)?;
        Ok(node(NodeKind::Source, None, Vec::new()))
    }

    fn declared_node(&self, decl: &TargetDecl) -> Result<(NodeKind, Vec<(Label, Want)>), LoadError> {
        let own = |labels: &[Label]| labels.iter().map(|label| (label.clone(), Want::Own)).collect();
        Ok(match &decl.kind {
            DeclKind::Rule { rule, attrs } => {
                let rule = self.rule(rule)?;
                let mut wants = Vec::new();
                for (at, schema) in rule.info.attrs.iter().enumerate() {
                    let (value, want) = match attrs.get(at).and_then(Option::as_ref) {
                        Some(value) => (value, Want::Attr(at)),
                        None => (&schema.default, Want::Default(at)),
                    };
                    wants.extend(value.labels().into_iter().map(|label| (label.clone(), want)));
                }
                (NodeKind::Rule(rule), wants)
            }
            DeclKind::Alias { actual } => (NodeKind::Alias, vec![(actual.clone(), Want::Own)]),
            DeclKind::TestSuite { tests, .. } => (NodeKind::Suite, own(tests.as_deref().unwrap_or_default())),
            DeclKind::Group { includes, .. } => (NodeKind::Group, own(includes)),
        })
    }

    /// A folder between a package and its file may be a package of its own.
    fn crosses(&self, repo: &Repo, label: &Label) -> Result<(), LoadError> {
        let mut between = String::new();
        for part in label.name.rsplit_once('/').map_or("", |(head, _)| head).split('/').filter(|p| !p.is_empty()) {
            between = crate::glob::join(&between, part);
            let below = crate::glob::join(&label.package.path, &between);
            if let Some(listing) = repo.list(&below, &self.look)?
                && build_file_of(&listing).is_some()
            {
                let inner = PackageId::new(&label.package.repository, &below);
                let rest = label.name.strip_prefix(&format!("{between}/")).unwrap_or("");
                let message = format!("label '{label}' crosses into the package '{inner}'");
                return Err(LoadError::new(LoadErrorKind::NotFound, message).hint(format!("write '{inner}:{rest}'")));
            }
        }
        Ok(())
    }

    /// Is an output one that its package may make?
    fn promised_output(&self, repo: &Repo, label: &Label) -> Result<(), LoadError> {
        let own = label.name.rsplit('/').next().unwrap_or_default();
        if BUILD_FILES.contains(&own) {
            let message = format!("the output '{label}' has the name of a BUILD file");
            return Err(LoadError::new(LoadErrorKind::OutputConflict, message).hint("give it another name"));
        }
        self.crosses(repo, label).map_err(|error| {
            let message = format!("an output in the folder of another package: {}", error.message);
            LoadError::new(LoadErrorKind::OutputConflict, message).hint("let a target of that package make it")
        })
    }

    /// Is there a source file of that name in the package?
    fn source_file(&self, package: &Package, label: &Label) -> Result<(), LoadError> {
        let repo = self.repo(&label.package.repository)?;
        let path = crate::glob::join(&label.package.path, &label.name);
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
        self.crosses(&repo, label)?;
        let listing = repo.list(folder, &self.look)?;
        match listing.as_ref().and_then(|listing| listing.entries.get(name)) {
            Some(Entry::File | Entry::Folder) => Ok(()),
            Some(Entry::Other) => {
                let message = format!("'{}' is neither a file nor a folder", repo.display(&path));
                Err(LoadError::new(LoadErrorKind::SpecialFile, message))
            }
            None => {
                let message = format!("there is no target, output or file '{label}'");
                let files: Vec<String> =
                    listing.iter().flat_map(|listing| listing.entries.keys().map(|k| k.to_string())).collect();
                let folder = label.name.rsplit_once('/').map_or("", |(head, _)| head);
                let files = files.iter().map(|file| crate::glob::join(folder, file));
                let known: Vec<String> = package.names().map(str::to_owned).chain(files).collect();
                let error = LoadError::new(LoadErrorKind::NotFound, message);
                Err(match crate::error::nearest(&label.name, known) {
                    Some(near) => error.hint(format!("did you mean '{}:{near}'?", label.package)),
                    None => error.hint(format!("'{}' declares no target of that name", package.file)),
                })
            }
        }
    }
}

fn needed_by(mut error: LoadError, by: Option<&Node>) -> LoadError {
    let Some(by) = by else { return error };
    if error.at.is_none() {
        error.at = by.position();
    }
    error.trace.push(format!("{}, which needs it", by.label));
    error
}

fn connect(graph: &mut Graph) {
    let index = &graph.index;
    for node in &mut graph.nodes {
        let mut needs: Vec<usize> = node.wants.iter().filter_map(|(label, _)| index.get(label).copied()).collect();
        needs.sort_unstable();
        needs.dedup();
        node.needs = needs;
    }
}

/// Needs first. A circle is an error that shows it.
fn order_of(graph: &Graph) -> Result<Vec<usize>, LoadError> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Open,
        Done,
    }
    let mut state = vec![State::New; graph.nodes.len()];
    let mut order = Vec::with_capacity(graph.nodes.len());
    for start in 0..graph.nodes.len() {
        // Each entry: a node and how many of its needs were looked at.
        let mut stack: Vec<(usize, usize)> = vec![(start, 0)];
        while let Some((at, next)) = stack.pop() {
            let (Some(node), Some(mine)) = (graph.nodes.get(at), state.get_mut(at)) else { continue };
            if next == 0 {
                if *mine != State::New {
                    continue;
                }
                *mine = State::Open;
            }
            match node.needs.get(next) {
                None => {
                    *mine = State::Done;
                    order.push(at);
                }
                Some(&need) => {
                    stack.push((at, next + 1));
                    match state.get(need) {
                        Some(State::New) => stack.push((need, 0)),
                        Some(State::Open) => return Err(circle(graph, &stack, need)),
                        _ => {}
                    }
                }
            }
        }
    }
    Ok(order)
}

fn circle(graph: &Graph, stack: &[(usize, usize)], again: usize) -> LoadError {
    let mut members: Vec<usize> = stack.iter().map(|(at, _)| *at).skip_while(|at| *at != again).collect();
    // The same circle is printed the same way wherever it was entered.
    let label = |at: &usize| graph.nodes.get(*at).map(|node| node.label.to_string()).unwrap_or_default();
    if let Some(first) = (0..members.len()).min_by_key(|n| members.get(*n).map(label)) {
        members.rotate_left(first);
    }
    let first = members.first().copied();
    let text: Vec<String> = members.iter().chain(first.iter()).map(label).collect();
    LoadError::new(LoadErrorKind::Cycle, format!("targets need each other in a circle: {}", text.join(" -> ")))
        .at(first.and_then(|at| graph.nodes.get(at)).and_then(Node::position))
}
