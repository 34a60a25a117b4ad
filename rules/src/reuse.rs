//! The last load, kept so that the next one does only what changed: a daemon is asked the same thing many times.
//!
//! Invariants: the graph is used again when the same targets are asked for, every package is the same, and every
//! folder that was listed holds the same names; of the plan, only what depends on a changed source or toolchain is
//! lowered again. A load from scratch gives the same answer.
//! This file does not know how a step is done.

use crate::error::LoadError;
use crate::files::Listing;
use crate::goals::Asked;
use crate::label::{Label, PackageId};
use crate::lower::{ActionAt, Changed, Lowering, Need, World};
use crate::package::Package;
use crate::request::LoadedTarget;
use crate::session::{Session, held};
use gx_store::{BlobId, DerivationId, InputSet, InputSetId, Node, Plan, Planned};
use rayon::prelude::*;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Everything before contents count.
pub(crate) struct Prepared {
    asked: Vec<Label>,
    pub(crate) world: World,
    pub(crate) need: Need,
    packages: Vec<(Arc<PackageId>, Arc<Package>)>,
    listed: Vec<(Arc<str>, String, Option<Arc<Listing>>)>,
}

/// A load that went well. What was asked for of it (goals, files of targets) is quickly found again and not kept.
pub(crate) struct Last {
    pub(crate) prepared: Arc<Prepared>,
    sources: HashMap<Arc<str>, Node>,
    manifests: HashMap<ActionAt, BlobId>,
    ids: HashMap<ActionAt, DerivationId>,
    sets: HashMap<usize, InputSetId>,
    derivations: Arc<HashMap<DerivationId, Planned>>,
    input_sets: Arc<HashMap<InputSetId, Arc<InputSet>>>,
    /// Derivations that came with the goals.
    tests: Vec<DerivationId>,
}

impl Last {
    fn changed(&self, sources: &HashMap<Arc<str>, Node>, manifests: &HashMap<ActionAt, BlobId>) -> Changed {
        let source = sources.iter().filter(|(path, node)| self.sources.get(*path) != Some(*node));
        let host = manifests.iter().filter(|(at, blob)| self.manifests.get(*at) != Some(*blob));
        Changed {
            sources: source.map(|(path, _)| Arc::clone(path)).collect::<HashSet<_>>(),
            hosts: host.map(|(at, _)| *at).collect(),
        }
    }
}

type Answer = (Arc<Plan>, Vec<LoadedTarget>);

impl Session<'_> {
    /// Graph, analysis and order of lowering for the targets that are asked for.
    pub(crate) fn prepared(&self, asked: &[Label]) -> Result<Arc<Prepared>, Vec<LoadError>> {
        let last = held(&self.kept.last).as_ref().map(|last| Arc::clone(&last.prepared));
        if let Some(last) = last.filter(|last| last.asked == asked && self.still_holds(last)) {
            return Ok(last);
        }
        let mut roots = asked.to_vec();
        roots.extend(self.default_toolchain());
        let graph = self.graph(&roots)?;
        let (analysed, fresh) = self.analyse(&graph)?;
        self.analysed.store(fresh, Ordering::Relaxed);
        let mut world = World::new(graph, analysed)?;
        world.forget_edges();
        let mut need = Need::default();
        let mut errors: Vec<LoadError> = Vec::new();
        for target in asked_of(&world, asked) {
            errors.extend(target.need(&mut need, &world).map_err(|e| e.at(target.node.position())).err());
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        need.finish();
        let packages = held(&self.packages);
        let packages =
            packages.iter().filter_map(|(id, found)| Some((Arc::clone(id), Arc::clone(found.as_ref().ok()?))));
        let packages = packages.collect();
        Ok(Arc::new(Prepared { asked: asked.to_vec(), world, need, packages, listed: self.look.listed() }))
    }

    fn still_holds(&self, last: &Prepared) -> bool {
        let same_package = |(id, package): &(Arc<PackageId>, Arc<Package>)| {
            self.package(id).is_ok_and(|now| Arc::ptr_eq(&now, package))
        };
        let same_names = |(repo, folder, listing): &(Arc<str>, String, Option<Arc<Listing>>)| {
            let now = self.repo(repo).and_then(|repo| repo.list(folder, &self.look));
            now.is_ok_and(|now| now == *listing)
        };
        last.packages.par_iter().all(same_package) && last.listed.par_iter().all(same_names)
    }

    /// The plan: made anew, or from the last one where only contents changed.
    pub(crate) fn lowered(
        &self,
        prepared: &Arc<Prepared>,
        sources: HashMap<Arc<str>, Node>,
        manifests: HashMap<ActionAt, BlobId>,
        last: Option<Last>,
        with_tests: bool,
    ) -> Result<Answer, Vec<LoadError>> {
        let changed = last.as_ref().map(|last| last.changed(&sources, &manifests));
        let mut lowering = Lowering {
            world: &prepared.world,
            function: self.config.store.function(),
            levels: self.config.levels,
            plan: Plan::default(),
            sources,
            manifests,
            ids: HashMap::new(),
            sets: HashMap::new(),
        };
        if let Some(last) = last {
            lowering.plan.derivations = last.derivations;
            lowering.plan.input_sets = last.input_sets;
            if !last.tests.is_empty() {
                let derivations = Arc::make_mut(&mut lowering.plan.derivations);
                last.tests.iter().for_each(|test| drop(derivations.remove(test)));
            }
            (lowering.ids, lowering.sets) = (last.ids, last.sets);
        }
        prepared.need.lower(&mut lowering, changed.as_ref())?;
        let mut targets = Vec::with_capacity(prepared.asked.len());
        let mut errors = Vec::new();
        for target in asked_of(&prepared.world, &prepared.asked) {
            match lowering.goal(&target, with_tests) {
                Ok(loaded) => targets.push(loaded),
                Err(error) => errors.push(error),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let Lowering { plan, sources, manifests, ids, sets, .. } = lowering;
        *held(&self.kept.last) = Some(Last {
            prepared: Arc::clone(prepared),
            sources,
            manifests,
            ids,
            sets,
            derivations: Arc::clone(&plan.derivations),
            input_sets: Arc::clone(&plan.input_sets),
            tests: targets.iter().filter_map(|target| target.test).collect(),
        });
        Ok((Arc::new(plan), targets))
    }
}

fn asked_of<'a>(world: &'a World, asked: &'a [Label]) -> impl Iterator<Item = Asked<'a>> {
    asked.iter().filter_map(|label| {
        let at = *world.graph.index.get(label)?;
        Some(Asked { node: world.graph.nodes.get(at)?, analysed: world.analysed.get(at)? })
    })
}
