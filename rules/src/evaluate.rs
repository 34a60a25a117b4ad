//! BUILD files: found, and evaluated unless the result is known by content.
//!
//! Invariants: a result is used again when the BUILD file's text, everything it loads (the prelude too), what its
//! globs find and the environment's version are the same; nothing else drops it. The text is always read and
//! hashed, so no clock is trusted. This file does not know what targets do.

use crate::bounds;
use crate::bzl::{build_dialect, loads_of, parse, text_of};
use crate::cache;
use crate::error::{LoadError, LoadErrorKind};
use crate::files::Repo;
use crate::glob;
use crate::globals::Extra;
use crate::globals::build::{BuildExtra, BuildState};
use crate::label::{Label, PackageId};
use crate::package::{DeclKind, Package, PackageData, RuleId, build_file_of};
use crate::session::{Session, held};
use gx_store::Digest;
use starlark::environment::{FrozenModule, Module};
use starlark::eval::{Evaluator, ReturnFileLoader};
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// An evaluated package and what it came from.
#[derive(Debug, Clone)]
pub(crate) struct KeptPackage {
    /// Of text, name and environment.
    pub(crate) text: Digest,
    pub(crate) shape: cache::Shape,
    /// Of everything.
    pub(crate) full: Digest,
    pub(crate) package: Arc<Package>,
}

/// A BUILD file as found.
struct Found {
    repo: Arc<Repo>,
    display: String,
    bytes: Vec<u8>,
}

impl Session<'_> {
    /// A package, evaluated or known.
    pub(crate) fn package(&self, id: &Arc<PackageId>) -> Result<Arc<Package>, Arc<Vec<LoadError>>> {
        if let Some(known) = held(&self.packages).get(id) {
            return known.clone();
        }
        let result = self.package_anew(id).map_err(Arc::new);
        held(&self.packages).entry(Arc::clone(id)).or_insert(result).clone()
    }

    fn package_anew(&self, id: &Arc<PackageId>) -> Result<Arc<Package>, Vec<LoadError>> {
        let id = &self.kept.intern(id);
        let found = self.build_file(id).map_err(|e| vec![e])?;
        let prelude = self.prelude().map_err(|e| vec![e])?;
        let store = &self.config.store;
        let environment = prelude.as_ref().map(|p| p.digest);
        let text = cache::text_key(store.function(), id, &found.bytes, environment);
        let kept = held(&self.kept.packages).get(id).filter(|kept| kept.text == text).cloned();
        let shape = match &kept {
            Some(kept) => Some(kept.shape.clone()),
            None => cache::read_shape(store, &text),
        };
        if let Some(shape) = shape
            && let Some(full) = self.full_digest(&found.repo, id, &text, &shape)
        {
            if let Some(kept) = kept.filter(|kept| kept.full == full) {
                return Ok(kept.package);
            }
            if let Some(data) = cache::read_data(store, &full) {
                return Ok(self.keep(id, text, shape, full, &found.display, data));
            }
        }
        self.evaluated.fetch_add(1, Ordering::Relaxed);
        let repo = Arc::clone(&found.repo);
        let display = found.display.clone();
        let (data, loads) = self.evaluate(id, found, prelude.as_ref().map(|p| &p.frozen))?;
        let shape = cache::Shape { loads, globs: data.globs.clone() };
        let full = self.full_digest(&repo, id, &text, &shape);
        match full {
            Some(full) => {
                cache::write(store, &text, &shape, &full, &data);
                Ok(self.keep(id, text, shape, full, &display, data))
            }
            None => Ok(Arc::new(Package::new(Arc::clone(id), display.into(), self.interned(data)))),
        }
    }

    fn keep(
        &self,
        id: &Arc<PackageId>,
        text: Digest,
        shape: cache::Shape,
        full: Digest,
        display: &str,
        data: PackageData,
    ) -> Arc<Package> {
        let package = Arc::new(Package::new(Arc::clone(id), display.into(), self.interned(data)));
        let kept = KeptPackage { text, shape, full, package: Arc::clone(&package) };
        held(&self.kept.packages).insert(Arc::clone(id), kept);
        package
    }

    /// Lets labels of one package share its name: they are most of what a package keeps in memory.
    fn interned(&self, mut data: PackageData) -> PackageData {
        let share = |label: &mut Label| label.package = self.kept.intern(&label.package);
        data.targets.shrink_to_fit();
        let mut rules: HashSet<RuleId> = HashSet::new();
        for target in &mut data.targets {
            match &mut target.kind {
                DeclKind::Rule { attrs, rule } => {
                    match rules.get(rule) {
                        Some(known) => rule.clone_from(known),
                        None => drop(rules.insert(rule.clone())),
                    }
                    attrs.iter_mut().flatten().flat_map(|value| value.labels_mut()).for_each(share);
                }
                DeclKind::Alias { actual } => share(actual),
                DeclKind::TestSuite { tests, .. } => tests.iter_mut().flatten().for_each(share),
                DeclKind::Group { includes, .. } => includes.iter_mut().for_each(share),
            }
        }
        data
    }

    /// The digest of everything that decides a package; `None` when a part of it cannot be had: evaluation says why.
    fn full_digest(&self, repo: &Repo, id: &PackageId, text: &Digest, shape: &cache::Shape) -> Option<Digest> {
        let mut hasher = self.config.store.function().hasher();
        hasher.update(&text.key());
        for load in &shape.loads {
            hasher.update(&self.module(load, &mut Vec::new()).ok()?.digest.key());
        }
        for spec in &shape.globs {
            let found = glob::find(repo, &id.path, spec, &self.look).ok()?;
            hasher.update(&cache::names_digest(self.config.store.function(), &found).key());
        }
        Some(hasher.finish())
    }

    fn build_file(&self, id: &PackageId) -> Result<Found, LoadError> {
        let repo = self.repo(&id.repository)?;
        if id.path.is_empty()
            && let Some((display, text)) = &repo.overlay
        {
            let (display, bytes) = (display.clone(), text.as_bytes().to_vec());
            return Ok(Found { repo, display, bytes });
        }
        let listing = repo.list(&id.path, &self.look)?;
        let Some(name) = listing.as_ref().and_then(|l| build_file_of(l)) else {
            return Err(self.no_package(&repo, id, listing.is_some()));
        };
        let path = glob::join(&id.path, name);
        let display = repo.display(&path);
        match repo.read(&path, &self.look, &self.config.store)? {
            Some(bytes) => Ok(Found { repo, display, bytes }),
            None => Err(LoadError::new(LoadErrorKind::NotFound, format!("'{display}' went away while it was read"))),
        }
    }

    fn no_package(&self, repo: &Repo, id: &PackageId, folder_is_there: bool) -> LoadError {
        let error = LoadError::new(LoadErrorKind::NotFound, format!("there is no package '{id}'"));
        if folder_is_there {
            return error
                .hint(format!("the folder '{}' has no BUILD.gx, BUILD.bazel or BUILD", repo.display(&id.path)));
        }
        let (parent, name) = id.path.rsplit_once('/').unwrap_or(("", &id.path));
        let near = match repo.list(parent, &self.look) {
            Ok(Some(listing)) => crate::error::nearest(name, listing.entries.keys()),
            _ => None,
        };
        match near {
            Some(near) => {
                let near = PackageId::new(&id.repository, &glob::join(parent, &near));
                error.hint(format!("did you mean '{near}'?"))
            }
            None => error.hint(format!("there is no folder '{}'", repo.display(&id.path))),
        }
    }

    fn evaluate(
        &self,
        id: &Arc<PackageId>,
        found: Found,
        prelude: Option<&FrozenModule>,
    ) -> Result<(PackageData, Vec<Label>), Vec<LoadError>> {
        let text = text_of(found.bytes, &found.display).map_err(|e| vec![e])?;
        let ast = parse(&found.display, text, &build_dialect()).map_err(|e| vec![e])?;
        let loads = loads_of(&ast, id)?;
        let mut modules = Vec::new();
        let mut errors = Vec::new();
        let places: HashMap<String, _> =
            ast.loads().into_iter().map(|load| (load.module_id.to_owned(), crate::bzl::place_of(&load))).collect();
        for (text, label) in &loads {
            match self.module(label, &mut Vec::new()) {
                Ok(module) => modules.push((text.clone(), module)),
                Err(error) => errors.push(error.at(places.get(text).cloned())),
            }
        }
        errors.extend(crate::bzl::missing_symbols(&ast, &modules));
        if !errors.is_empty() {
            return Err(errors);
        }
        let extra = Extra {
            build: Some(BuildExtra {
                package: Arc::clone(id),
                repo: found.repo,
                look: Arc::clone(&self.look),
                file: found.display.as_str().into(),
                state: RefCell::new(BuildState::default()),
            }),
            ..Extra::default()
        };
        let known: HashMap<&str, &FrozenModule> = modules.iter().map(|(text, m)| (text.as_str(), &m.frozen)).collect();
        let loader = ReturnFileLoader { modules: &known };
        let result = Module::with_temp_heap(|module| {
            if let Some(prelude) = prelude {
                module.import_public_symbols(prelude);
            }
            let mut eval = Evaluator::new(&module);
            eval.extra = Some(&extra);
            eval.set_print_handler(&extra);
            eval.set_loader(&loader);
            bounds::within(&mut eval, &*self.config.realise, &found.display, |eval| {
                eval.eval_module(ast, &self.kept.globals).map(|_| ())
            })
        });
        let state = extra.build.map(|build| build.state.into_inner()).unwrap_or_default();
        let mut errors = state.errors;
        errors.extend(result.err());
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut data = state.data;
        data.prints = extra.prints.into_inner();
        Ok((data, loads.into_iter().map(|(_, label)| label).collect()))
    }
}
