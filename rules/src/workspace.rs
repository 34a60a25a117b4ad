//! The workspace: what a daemon keeps between builds, and the way from patterns to a plan.
//!
//! Invariants: an answer depends on what is on disk now, never on when something was kept; loads of one workspace
//! take turns. This file does not know how a step is done, only their order.

use crate::analysis::Analysed;
use crate::bounds::Threads;
use crate::error::{LoadError, LoadErrorKind, in_order};
use crate::graph::{Graph, NodeKind};
use crate::label::{Label, PackageId};
use crate::lower::DEFAULT_TOOLCHAIN;
use crate::package::DeclKind;
use crate::repository::{self, Declared};
use crate::request::{LoadCounts, LoadRequest, Loaded, QueryResult, WorkspaceConfig};
use crate::session::{Kept, Session, held};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

/// A workspace with its caches.
pub struct Workspace {
    config: WorkspaceConfig,
    declared: BTreeMap<String, Declared>,
    kept: Kept,
    threads: Threads,
    turn: Mutex<()>,
}

impl Workspace {
    /// Opens a workspace. Nothing is read yet but the tables of repositories.
    pub fn open(config: WorkspaceConfig) -> Result<Workspace, Vec<LoadError>> {
        let declared = repository::read_all(&config.repositories)?;
        let kept = Kept::new(&config).map_err(|e| vec![e])?;
        Ok(Workspace { config, declared, kept, threads: Threads::start(), turn: Mutex::default() })
    }

    /// Turns patterns into a plan. Every error that does not follow from another one is reported.
    pub fn load(&self, request: &LoadRequest) -> Result<Loaded, Vec<LoadError>> {
        let _turn = held(&self.turn);
        let session = Session::new(&self.config, &self.kept, &self.declared);
        self.threads.run(|| session.load(request)).map_err(in_order)
    }

    /// Answers a query over the target graph: `deps(//a:b)`. `current_package` is what relative labels mean.
    pub fn query(&self, expression: &str, current_package: &str) -> Result<QueryResult, Vec<LoadError>> {
        let _turn = held(&self.turn);
        let session = Session::new(&self.config, &self.kept, &self.declared);
        self.threads.run(|| crate::query::answer(&session, expression, current_package)).map_err(in_order)
    }
}

impl Session<'_> {
    fn load(&self, request: &LoadRequest) -> Result<Loaded, Vec<LoadError>> {
        let matched = self.expand(&request.patterns, &request.current_package, request.tests_only)?;
        let asked = self.without_suites(matched)?;
        let prepared = self.prepared(&asked)?;
        let world = &prepared.world;
        let sources = self.read_sources(&prepared.need.sources)?;
        let manifests = self.import_hosts(&prepared.need, world)?;
        let last = held(&self.kept.last).take().filter(|last| Arc::ptr_eq(&last.prepared, &prepared));
        let (plan, targets) = self.lowered(&prepared, sources, manifests, last, request.with_tests)?;
        Ok(Loaded {
            plan,
            targets,
            seen: Arc::new(self.look.seen()),
            prints: self.prints(&world.graph, &world.analysed),
            counts: LoadCounts {
                packages: held(&self.packages).len(),
                evaluated: self.evaluated.load(Ordering::Relaxed),
                targets: world.graph.nodes.iter().filter(|n| matches!(n.kind, NodeKind::Rule(_))).count(),
                analysed: self.analysed.load(Ordering::Relaxed),
            },
            archives: self.archives().map_err(|error| vec![error])?,
        })
    }

    /// Test suites stand for their tests.
    fn without_suites(&self, labels: Vec<Label>) -> Result<Vec<Label>, Vec<LoadError>> {
        let mut chosen = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut errors = Vec::new();
        let mut queue = labels;
        while let Some(label) = queue.pop() {
            if !seen.insert(label.clone()) {
                continue;
            }
            let package = match self.package(&label.package) {
                Ok(package) => package,
                Err(more) => {
                    errors.extend(more.iter().cloned());
                    continue;
                }
            };
            match package.target(&label.name).map(|decl| &decl.kind) {
                Some(DeclKind::TestSuite { tests: Some(tests), .. }) if !tests.is_empty() => {
                    queue.extend(tests.iter().cloned());
                }
                Some(DeclKind::TestSuite { .. }) => {
                    let tests =
                        package.data.targets.iter().filter(|t| t.test && !t.tags.iter().any(|t| &**t == "manual"));
                    queue.extend(tests.map(|t| Label::new(&package.id, Arc::clone(&t.name))));
                }
                Some(DeclKind::Group { .. }) => {
                    let message = format!("'{label}' is a package_group and cannot be built");
                    errors.push(LoadError::new(LoadErrorKind::NotFound, message));
                }
                _ => drop(chosen.insert(label)),
            }
        }
        if errors.is_empty() { Ok(chosen.into_iter().collect()) } else { Err(errors) }
    }

    /// The default toolchain's target, when the standard library has it.
    pub(crate) fn toolchain_label() -> Option<Label> {
        Label::parse(DEFAULT_TOOLCHAIN, &Arc::new(PackageId::new("", ""))).ok()
    }

    pub(crate) fn default_toolchain(&self) -> Option<Label> {
        let label = Session::toolchain_label()?;
        let shipped = self.config.stdlib.iter().any(|(path, _)| path.starts_with("toolchains/BUILD"));
        shipped.then_some(label)
    }

    /// What files and rules printed, in the order of their labels.
    fn prints(&self, graph: &Graph, analysed: &[Arc<Analysed>]) -> Vec<String> {
        let packages = held(&self.packages);
        let mut all: Vec<(String, Vec<String>)> = packages
            .iter()
            .filter_map(|(id, package)| Some((id.to_string(), package.as_ref().ok()?.data.prints.clone())))
            .collect();
        let modules = held(&self.modules);
        all.extend(modules.iter().filter_map(|(label, m)| Some((label.to_string(), m.as_ref().ok()?.prints.clone()))));
        all.sort();
        let mut rules: Vec<(&Label, &[String])> = graph
            .nodes
            .iter()
            .zip(analysed)
            .filter(|(node, result)| !result.prints.is_empty() && matches!(node.kind, NodeKind::Rule(_)))
            .map(|(node, result)| (&node.label, result.prints.as_slice()))
            .collect();
        rules.sort();
        let rules = rules.into_iter().flat_map(|(_, prints)| prints.iter().cloned());
        all.into_iter().flat_map(|(_, prints)| prints).chain(rules).collect()
    }
}
