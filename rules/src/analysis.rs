//! Analysis: each target's rule runs once and gives providers and actions.
//!
//! Invariants: a target is analysed after everything it needs; what it gives is plain data; a result is used again
//! while the target, its rule's code and the targets it needs are the same. Targets that do not need each other are
//! analysed in parallel. This file does not know derivations.

use crate::action::Action;
use crate::bounds;
use crate::bzl::BzlModule;
use crate::error::{LoadError, LoadErrorKind};
use crate::globals::Extra;
use crate::graph::{Graph, Node, NodeKind, Want};
use crate::label::{Label, PackageId};
use crate::package::{Package, RuleId};
use crate::schema::{AttrSchema, FileFilter};
use crate::session::{Session, held};
use crate::values::ctx::{CtxData, CtxValue};
use crate::values::file::{File, FileKind};
use crate::values::rule::{RuleInfo, RuleValue};
use crate::values::target::Target;
use gx_store::Realise;
use rayon::prelude::*;
use starlark::environment::Module;
use starlark::eval::Evaluator;
use std::sync::{Arc, Mutex};

/// A rule and the file it lives in.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) info: Arc<RuleInfo>,
    pub(crate) module: Arc<BzlModule>,
    pub(crate) package: Arc<PackageId>,
}

/// What analysis of a target gave.
#[derive(Debug)]
pub(crate) struct Analysed {
    pub(crate) target: Arc<Target>,
    pub(crate) actions: Vec<Action>,
    /// What `print` said.
    pub(crate) prints: Vec<String>,
}

/// A result and what it came from.
#[derive(Debug, Clone)]
pub(crate) struct KeptAnalysis {
    package: Arc<Package>,
    decl: Option<usize>,
    module: Option<Arc<BzlModule>>,
    needs: Box<[Arc<Target>]>,
    pub(crate) analysed: Arc<Analysed>,
}

/// Targets that share one Starlark heap: a heap costs more than a small rule.
const BATCH: usize = 64;

impl Session<'_> {
    /// The rule of that name in that file.
    pub(crate) fn rule(&self, id: &RuleId) -> Result<Arc<Rule>, LoadError> {
        if let Some(known) = held(&self.rules).get(id) {
            return known.clone();
        }
        let result = self.rule_anew(id).map(Arc::new);
        held(&self.rules).entry(id.clone()).or_insert(result).clone()
    }

    fn rule_anew(&self, id: &RuleId) -> Result<Rule, LoadError> {
        let root = Arc::new(PackageId::new("", ""));
        let label = Label::parse(&id.module, &root)?;
        let module = self.module(&label, &mut Vec::new())?;
        let value = module.frozen.get_any_visibility(&id.name).ok();
        let info = value.as_ref().and_then(|(value, _)| RuleValue::from_value(value.value())).map(|r| Arc::clone(&r.0));
        match info {
            Some(info) => Ok(Rule { info, module, package: label.package }),
            None => {
                let message = format!("'{}' has no rule '{}' any more", id.module, id.name);
                Err(LoadError::new(LoadErrorKind::NotFound, message))
            }
        }
    }

    /// Analyses the whole graph: results in the order of its nodes, and how many were made anew.
    pub(crate) fn analyse(&self, graph: &Graph) -> Result<(Vec<Arc<Analysed>>, usize), Vec<LoadError>> {
        let mut results: Vec<Option<Arc<Analysed>>> = vec![None; graph.nodes.len()];
        let mut fresh = 0;
        for level in levels(graph) {
            let mut todo = Vec::new();
            for at in level {
                let Some(node) = graph.nodes.get(at) else { continue };
                let needs: Vec<Arc<Target>> = node
                    .needs
                    .iter()
                    .filter_map(|need| results.get(*need)?.as_ref().map(|analysed| Arc::clone(&analysed.target)))
                    .collect();
                match self.kept_analysis(node, &needs) {
                    Some(analysed) => set(&mut results, at, analysed),
                    None => todo.push((at, node, needs)),
                }
            }
            fresh += todo.iter().filter(|(_, node, _)| matches!(node.kind, NodeKind::Rule(_))).count();
            let made: Vec<Vec<_>> = todo
                .par_chunks(BATCH)
                .map(|batch| analyse_batch(graph, batch, &results, &*self.config.realise))
                .collect();
            let mut errors = Vec::new();
            let mut kept = held(&self.kept.analyses);
            for ((at, node, needs), result) in todo.into_iter().zip(made.into_iter().flatten()) {
                match result {
                    Ok(mut analysed) => {
                        let mut texts = held(&self.kept.texts);
                        analysed.actions.shrink_to_fit();
                        analysed.actions.iter_mut().for_each(|action| action.compact(&mut texts));
                        let analysed = Arc::new(analysed);
                        kept.insert(node.label.clone(), keep(node, needs, Arc::clone(&analysed)));
                        set(&mut results, at, analysed);
                    }
                    Err(more) => errors.extend(more),
                }
            }
            if !errors.is_empty() {
                return Err(errors);
            }
        }
        let all: Option<Vec<_>> = results.into_iter().collect();
        match all {
            Some(all) => Ok((all, fresh)),
            None => Err(vec![LoadError::new(LoadErrorKind::Analysis, "a target was not reached by analysis")]),
        }
    }

    fn kept_analysis(&self, node: &Node, needs: &[Arc<Target>]) -> Option<Arc<Analysed>> {
        let kept = held(&self.kept.analyses);
        let known = kept.get(&node.label)?;
        let same_decl = Arc::ptr_eq(&known.package, &node.package) && known.decl == node.decl || {
            let before = known.decl.and_then(|at| known.package.data.targets.get(at));
            before.map(|decl| &decl.kind) == node.declaration().map(|decl| &decl.kind)
                && known.package.file == node.package.file
        };
        let same_needs =
            known.needs.len() == needs.len() && known.needs.iter().zip(needs).all(|(a, b)| Arc::ptr_eq(a, b));
        let digest = |module: &Arc<BzlModule>| module.digest;
        let same_rule = known.module.as_ref().map(digest) == module_of(node).map(digest);
        let same = same_decl && same_needs && same_rule;
        same.then(|| Arc::clone(&known.analysed))
    }
}

fn set(results: &mut [Option<Arc<Analysed>>], at: usize, analysed: Arc<Analysed>) {
    if let Some(slot) = results.get_mut(at) {
        *slot = Some(analysed);
    }
}

fn module_of(node: &Node) -> Option<&Arc<BzlModule>> {
    match &node.kind {
        NodeKind::Rule(rule) => Some(&rule.module),
        _ => None,
    }
}

fn keep(node: &Node, needs: Vec<Arc<Target>>, analysed: Arc<Analysed>) -> KeptAnalysis {
    KeptAnalysis {
        package: Arc::clone(&node.package),
        decl: node.decl,
        module: module_of(node).cloned(),
        needs: needs.into(),
        analysed,
    }
}

/// Nodes by how far they are from those that need nothing.
fn levels(graph: &Graph) -> Vec<Vec<usize>> {
    let mut level = vec![0_usize; graph.nodes.len()];
    let mut levels: Vec<Vec<usize>> = Vec::new();
    for &at in &graph.order {
        let Some(node) = graph.nodes.get(at) else { continue };
        let mine = node.needs.iter().filter_map(|need| level.get(*need)).map(|l| l + 1).max().unwrap_or(0);
        if let Some(slot) = level.get_mut(at) {
            *slot = mine;
        }
        if levels.len() <= mine {
            levels.resize_with(mine + 1, Vec::new);
        }
        if let Some(list) = levels.get_mut(mine) {
            list.push(at);
        }
    }
    levels
}

type Todo<'g> = (usize, &'g Node, Vec<Arc<Target>>);

fn analyse_batch(
    graph: &Graph,
    batch: &[Todo<'_>],
    results: &[Option<Arc<Analysed>>],
    realise: &dyn Realise,
) -> Vec<Result<Analysed, Vec<LoadError>>> {
    Module::with_temp_heap(|module| {
        batch
            .iter()
            .map(|(_, node, needs)| match &node.kind {
                NodeKind::Rule(rule) => {
                    let dependency = |label: &Label| {
                        let at = graph.index.get(label)?;
                        Some((graph.nodes.get(*at)?, Arc::clone(&results.get(*at)?.as_ref()?.target)))
                    };
                    let ctx = context(node, rule, &dependency)?;
                    run(&module, node, rule, ctx, realise).map_err(|e| vec![e.at(node.position())])
                }
                _ => Ok(Analysed { target: plain_target(node, needs), actions: Vec::new(), prints: Vec::new() }),
            })
            .collect()
    })
}

/// Source files, outputs and aliases: nothing has to run.
fn plain_target(node: &Node, needs: &[Arc<Target>]) -> Arc<Target> {
    match (&node.kind, needs.first()) {
        (NodeKind::Alias, Some(actual)) => Arc::clone(actual),
        (NodeKind::Output, Some(maker)) => {
            let file = File::output(&maker.label, &node.label.name, FileKind::Output);
            Arc::new(Target::of_file(node.label.clone(), file))
        }
        (NodeKind::Source, _) => Arc::new(Target::of_file(node.label.clone(), File::source(&node.label))),
        _ => Arc::new(Target::empty(node.label.clone())),
    }
}

type Dependency<'a> = &'a dyn Fn(&Label) -> Option<(&'a Node, Arc<Target>)>;

/// Checks what the attributes demand of their targets, and puts the context together.
fn context<'a>(node: &Node, rule: &Arc<Rule>, dependency: Dependency<'a>) -> Result<CtxData, Vec<LoadError>> {
    let mut errors = Vec::new();
    let mut targets = Vec::new();
    for (label, want) in &node.wants {
        let (Want::Attr(at) | Want::Default(at)) = want else { continue };
        let (Some(schema), Some((used, target))) = (rule.info.attrs.get(*at), dependency(label)) else { continue };
        if let Err(why) = fits(schema, used, &target) {
            let message =
                format!("{} '{}', attribute '{}': '{label}' {why}", rule.info.name(), node.label, schema.name);
            errors.push(LoadError::new(LoadErrorKind::Attribute, message).at(node.position()));
        }
        targets.push((label.clone(), target));
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    targets.sort_by(|(a, _), (b, _)| a.cmp(b));
    targets.dedup_by(|(a, _), (b, _)| a == b);
    Ok(CtxData {
        label: node.label.clone(),
        rule: Arc::clone(&rule.info),
        values: (0..rule.info.attrs.len()).filter_map(|at| node.value(at).cloned()).collect(),
        targets,
        build_file: Arc::clone(&node.package.file),
        state: Mutex::default(),
    })
}

/// Does a target fit an attribute?
fn fits(schema: &AttrSchema, used: &Node, target: &Target) -> Result<(), String> {
    match &used.kind {
        NodeKind::Group | NodeKind::Suite => return Err(format!("is a {} and no dependency", used.kind_name())),
        NodeKind::Source | NodeKind::Output => match &schema.files {
            FileFilter::All => {}
            FileFilter::None if !schema.providers.is_empty() || matches!(used.kind, NodeKind::Source) => {
                return Err("is a file, and this attribute takes no files".to_owned());
            }
            FileFilter::None => {}
            FileFilter::Endings(endings) => {
                if !endings.iter().any(|ending| used.label.name.ends_with(ending.as_str())) {
                    return Err(format!("is a file that does not end in {}", endings.join(", ")));
                }
            }
        },
        _ => {
            let has = |id| target.provider(id).is_some() || id.is_builtin("DefaultInfo");
            if !schema.providers.is_empty()
                && !schema.providers.iter().any(|all| all.iter().all(|id| has(id)))
                && schema.files == FileFilter::None
            {
                let names: Vec<&str> = schema.providers.iter().flatten().map(|id| id.name()).collect();
                return Err(format!("is a {} and does not provide {}", used.kind_name(), names.join(", ")));
            }
        }
    }
    if schema.single_file {
        let count = target.files.to_list().len();
        if count != 1 {
            return Err(format!("has {count} files, and this attribute takes exactly one"));
        }
    }
    if schema.executable && target.executable.is_none() {
        return Err("is not executable".to_owned());
    }
    Ok(())
}

/// Runs an implementation.
fn run<'v>(
    module: &Module<'v>,
    node: &Node,
    rule: &Rule,
    ctx: CtxData,
    realise: &dyn Realise,
) -> Result<Analysed, LoadError> {
    let hidden = &rule.info.implementation;
    let (function, _) = rule.module.frozen.get_any_visibility(hidden).map_err(|e| {
        LoadError::new(LoadErrorKind::Analysis, format!("the rule '{}' has no implementation: {e}", rule.info.name()))
    })?;
    let data = Arc::new(ctx);
    let extra = Extra::default();
    let mut eval = Evaluator::new(module);
    eval.extra = Some(&extra);
    eval.set_print_handler(&extra);
    let function = module.heap().access_owned_frozen_value(&function);
    let ctx = module.heap().alloc(CtxValue(Arc::clone(&data)));
    let given =
        bounds::within(&mut eval, realise, &node.package.file, |eval| eval.eval_function(function, &[ctx], &[]));
    let given = given.map_err(|mut error| {
        if error.kind == LoadErrorKind::Evaluation {
            error.kind = LoadErrorKind::Analysis;
        }
        error.trace.push(format!("the rule of '{}'{}", node.label, place(node)));
        error
    })?;
    let mut analysed = crate::outcome::of_implementation(&data, given)?;
    analysed.prints = extra.prints.take();
    Ok(analysed)
}

fn place(node: &Node) -> String {
    node.position().map(|at| format!(" at {at}")).unwrap_or_default()
}
