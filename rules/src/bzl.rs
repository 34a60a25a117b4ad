//! .bzl files: read, parsed and evaluated once for as long as they and everything they load stay the same.
//!
//! Invariants: a module's digest covers its text and the digests of what it loads; a kept module with that digest is
//! used again. Circles of loads are found before anything in them is evaluated.
//! This file does not know packages.

use crate::bounds;
use crate::error::{LoadError, LoadErrorKind, Position};
use crate::globals::{Extra, ModuleExtra};
use crate::label::{Label, PackageId};
use crate::session::{Session, held};
use gx_store::{Digest, HashFunction};
use starlark::environment::{FrozenModule, Module};
use starlark::eval::{Evaluator, ReturnFileLoader};
use starlark::syntax::{AstModule, Dialect};
use starlark::values::structs::AllocStruct;
use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;

/// The file whose public names every BUILD file starts with.
pub(crate) const PRELUDE: &str = "@gx//rules:prelude.bzl";

/// An evaluated .bzl file.
#[derive(Debug)]
pub(crate) struct BzlModule {
    pub(crate) frozen: FrozenModule,
    /// Of its text and of everything it loads.
    pub(crate) digest: Digest,
    text: Digest,
    loads: Vec<(String, Label)>,
    pub(crate) prints: Vec<String>,
}

/// The Starlark of BUILD files: no functions, loops or conditions at the top.
pub(crate) fn build_dialect() -> Dialect {
    Dialect { enable_def: false, ..Dialect::Standard }
}

pub(crate) fn bzl_dialect() -> Dialect {
    Dialect { enable_keyword_only_arguments: true, enable_load_reexport: false, ..Dialect::Standard }
}

/// Where a `load` in a file of `package` points to.
pub(crate) fn load_label(text: &str, package: &Arc<PackageId>) -> Result<Label, LoadError> {
    let label = Label::parse(text, package)?;
    if !label.name.ends_with(".bzl") {
        let message = format!("load(\"{text}\"): only files that end in '.bzl' can be loaded");
        return Err(LoadError::new(LoadErrorKind::Label, message));
    }
    Ok(label)
}

/// The loads of a parsed file, each with its place.
pub(crate) fn loads_of(ast: &AstModule, package: &Arc<PackageId>) -> Result<Vec<(String, Label)>, Vec<LoadError>> {
    let mut loads: Vec<(String, Label)> = Vec::new();
    let mut errors = Vec::new();
    for load in ast.loads() {
        match load_label(load.module_id, package) {
            Ok(label) if loads.iter().any(|(text, _)| text == load.module_id) => drop(label),
            Ok(label) => loads.push((load.module_id.to_owned(), label)),
            Err(error) => errors.push(error.at(Some(position(&load.span)))),
        }
    }
    if errors.is_empty() { Ok(loads) } else { Err(errors) }
}

/// The symbols that a parsed file loads and that are not there. Starlark would look at the uses of names first, and
/// call a name unknown that is one letter away from what the load brings.
pub(crate) fn missing_symbols(ast: &AstModule, modules: &[(String, Arc<BzlModule>)]) -> Vec<LoadError> {
    let mut errors = Vec::new();
    for load in ast.loads() {
        let Some((text, module)) = modules.iter().find(|(text, _)| text == load.module_id) else { continue };
        let has = |name: &str| matches!(module.frozen.get_option(name), Ok(Some(_)));
        let mut missing: Vec<&str> = load.symbols.values().copied().filter(|name| !has(name)).collect();
        missing.sort_unstable();
        for name in missing {
            let known: Vec<String> = module.frozen.names().map(|known| known.as_str().to_owned()).collect();
            let known = known.iter().map(String::as_str).filter(|known| has(known));
            let error = LoadError::new(LoadErrorKind::Evaluation, format!("'{text}' has no symbol '{name}'"));
            let error = if name.starts_with('_') {
                error.hint("names that begin with '_' are private to their file")
            } else {
                error.suggest(name, known)
            };
            errors.push(error.at(Some(place_of(&load))));
        }
    }
    errors
}

pub(crate) fn parse(file: &str, text: String, dialect: &Dialect) -> Result<AstModule, LoadError> {
    crate::nesting::check(file, &text)?;
    AstModule::parse(file, text, dialect).map_err(|e| load_error(&e))
}

/// What is wrong with the form of a Starlark file: a `.bzl` file, or else a BUILD file.
pub fn syntax_faults(file: &str, text: &str) -> Vec<LoadError> {
    let dialect = if file.ends_with(".bzl") { bzl_dialect() } else { build_dialect() };
    parse(file, text.to_owned(), &dialect).err().into_iter().collect()
}

/// Where a load stands.
pub(crate) fn place_of(load: &starlark::syntax::AstLoad<'_>) -> Position {
    position(&load.span)
}

fn position(span: &starlark::codemap::FileSpan) -> Position {
    let begin = span.resolve_span().begin;
    let number = |n: usize| u32::try_from(n + 1).unwrap_or(u32::MAX);
    Position { file: span.filename().to_owned(), line: number(begin.line), column: number(begin.column) }
}

/// An error of the Starlark crate as ours.
pub(crate) fn load_error(error: &starlark::Error) -> LoadError {
    use starlark::ErrorKind;
    let cause = match error.kind() {
        ErrorKind::Native(inner) | ErrorKind::Other(inner) => inner.downcast_ref::<LoadError>().cloned(),
        _ => None,
    };
    let mut ours = cause.unwrap_or_else(|| {
        let kind = match error.kind() {
            ErrorKind::Parser(_) => LoadErrorKind::Syntax,
            ErrorKind::StackOverflow(_) => LoadErrorKind::Limit,
            _ => LoadErrorKind::Evaluation,
        };
        LoadError::new(kind, plain_message(error))
    });
    let frames = &error.call_stack().frames;
    let last = || frames.iter().rev().find_map(|frame| frame.location.as_ref());
    ours.at = ours.at.or_else(|| error.span().or_else(last).map(position));
    if matches!(error.kind(), ErrorKind::StackOverflow(_)) {
        ours.message = "functions call each other too deeply".to_owned();
        ours = ours.hint("calls may be 50 deep; does a function call itself? Starlark has loops only");
    }
    let calls = frames.iter().filter_map(|frame| Some((position(frame.location.as_ref()?), &frame.name)));
    let calls: Vec<String> = calls.map(|(at, name)| format!("{at} in {name}")).collect();
    for same in calls.chunk_by(|a, b| a == b) {
        let Some(call) = same.first() else { continue };
        let times = if same.len() > 1 { format!(" ({} times)", same.len()) } else { String::new() };
        ours.trace.push(format!("{call}{times}"));
    }
    ours
}

/// The message with its causes, outermost first.
fn plain_message(error: &starlark::Error) -> String {
    use starlark::ErrorKind;
    match error.kind() {
        ErrorKind::Native(inner) | ErrorKind::Other(inner) | ErrorKind::Value(inner) | ErrorKind::Function(inner) => {
            format!("{inner:#}")
        }
        _ => error.without_diagnostic().to_string(),
    }
}

impl Session<'_> {
    /// The module that a label names, evaluated or kept from before.
    pub(crate) fn module(&self, label: &Label, stack: &mut Vec<Label>) -> Result<Arc<BzlModule>, LoadError> {
        if let Some(known) = held(&self.modules).get(label) {
            return known.clone();
        }
        if let Some(start) = stack.iter().position(|other| other == label) {
            let mut circle: Vec<String> = stack.iter().skip(start).map(Label::to_string).collect();
            circle.push(label.to_string());
            let message = format!("files load each other in a circle: {}", circle.join(" -> "));
            return Err(LoadError::new(LoadErrorKind::Cycle, message));
        }
        stack.push(label.clone());
        let result = self.module_anew(label, stack);
        stack.pop();
        // The first one counts: a file is evaluated once for all who load it.
        held(&self.modules).entry(label.clone()).or_insert(result).clone()
    }

    fn module_anew(&self, label: &Label, stack: &mut Vec<Label>) -> Result<Arc<BzlModule>, LoadError> {
        let repo = self.repo(&label.package.repository)?;
        let path = crate::glob::join(&label.package.path, &label.name);
        let display = repo.display(&path);
        let Some(bytes) = repo.read(&path, &self.look, &self.config.store)? else {
            return Err(self.no_bzl(label, &path, &repo));
        };
        let function = self.config.store.function();
        let text_digest = function.digest(&bytes);
        let kept = held(&self.kept.modules).get(label).cloned();
        let kept = kept.filter(|module| module.text == text_digest);
        let (loads, ast) = match &kept {
            Some(module) => (module.loads.clone(), None),
            None => {
                let ast = parse(&display, text_of(bytes, &display)?, &bzl_dialect())?;
                let loads = loads_of(&ast, &label.package).map_err(|mut errors| errors.remove(0))?;
                (loads, Some(ast))
            }
        };
        let mut modules = Vec::with_capacity(loads.len());
        for (text, target) in &loads {
            let module = self.module(target, stack).map_err(|mut error| {
                error.trace.push(format!("{display}, which loads {text}"));
                error
            })?;
            modules.push((text.clone(), module));
        }
        let digest = digest_of(function, text_digest, &modules);
        if let Some(module) = kept.as_ref().filter(|module| module.digest == digest) {
            return Ok(Arc::clone(module));
        }
        let ast = match ast {
            Some(ast) => ast,
            None => {
                let bytes = repo.read(&path, &self.look, &self.config.store)?.unwrap_or_default();
                parse(&display, text_of(bytes, &display)?, &bzl_dialect())?
            }
        };
        if let Some(error) = missing_symbols(&ast, &modules).into_iter().next() {
            return Err(error);
        }
        let (frozen, prints) = self.evaluate_module(label, &display, ast, &modules)?;
        let module = Arc::new(BzlModule { frozen, digest, text: text_digest, loads, prints });
        held(&self.kept.modules).insert(label.clone(), Arc::clone(&module));
        Ok(module)
    }

    fn evaluate_module(
        &self,
        label: &Label,
        display: &str,
        ast: AstModule,
        loads: &[(String, Arc<BzlModule>)],
    ) -> Result<(FrozenModule, Vec<String>), LoadError> {
        let natives = if &*label.package.repository == "gx" { None } else { self.natives()? };
        let extra = Extra {
            module: Some(ModuleExtra { label: label.clone(), name: label.to_string().into(), rules: Cell::new(0) }),
            ..Extra::default()
        };
        let known: HashMap<&str, &FrozenModule> = loads.iter().map(|(text, m)| (text.as_str(), &m.frozen)).collect();
        let loader = ReturnFileLoader { modules: &known };
        let frozen = Module::with_temp_heap(|module| {
            if let Some(natives) = &natives {
                module.import_public_symbols(natives);
            }
            {
                let mut eval = Evaluator::new(&module);
                eval.extra = Some(&extra);
                eval.set_print_handler(&extra);
                eval.set_loader(&loader);
                bounds::within(&mut eval, &*self.config.realise, display, |eval| {
                    eval.eval_module(ast, &self.kept.globals)
                })?;
            }
            module.freeze().map_err(|e| LoadError::new(LoadErrorKind::Evaluation, format!("{label}: {e:?}")))
        })?;
        Ok((frozen, extra.prints.into_inner()))
    }

    /// The prelude of BUILD files; `None` when the standard library has none.
    pub(crate) fn prelude(&self) -> Result<Option<Arc<BzlModule>>, LoadError> {
        if !self.config.stdlib.iter().any(|(path, _)| path == "rules/prelude.bzl") {
            return Ok(None);
        }
        let root = Arc::new(PackageId::new("", ""));
        self.module(&Label::parse(PRELUDE, &root)?, &mut Vec::new()).map(Some)
    }

    /// A module whose `native` has the functions of BUILD files and the rules of the prelude.
    fn natives(&self) -> Result<Option<FrozenModule>, LoadError> {
        let Some(prelude) = self.prelude()? else { return Ok(None) };
        let functions = &self.kept.natives;
        let made = Module::with_temp_heap(|module| {
            let mut members = Vec::new();
            for source in [functions, &prelude.frozen] {
                for name in source.names() {
                    if let Ok(Some(value)) = source.get_option(name.as_str()) {
                        members.push((name.as_str().to_owned(), module.heap().access_owned_frozen_value(&value)));
                    }
                }
            }
            let native = module.heap().alloc(AllocStruct(members.iter().map(|(name, value)| (name.as_str(), *value))));
            module.set("native", native);
            module.freeze()
        });
        made.map(Some).map_err(|e| LoadError::new(LoadErrorKind::Evaluation, format!("native: {e:?}")))
    }

    fn no_bzl(&self, label: &Label, path: &str, repo: &crate::files::Repo) -> LoadError {
        let folder = path.rsplit_once('/').map_or("", |(head, _)| head);
        let name = path.rsplit('/').next().unwrap_or("");
        let error = LoadError::new(LoadErrorKind::NotFound, format!("there is no file '{label}'"));
        match repo.list(folder, &self.look) {
            Ok(Some(listing)) => {
                let known: Vec<String> =
                    listing.entries.keys().filter(|n| n.ends_with(".bzl")).map(|n| n.to_string()).collect();
                error.suggest(name, known)
            }
            _ => error.hint(format!("there is no folder '{}'", repo.display(folder))),
        }
    }
}

/// Text of a file, which must be UTF-8.
pub(crate) fn text_of(bytes: Vec<u8>, display: &str) -> Result<String, LoadError> {
    String::from_utf8(bytes).map_err(|e| {
        let line = e.as_bytes().iter().take(e.utf8_error().valid_up_to()).filter(|b| **b == b'\n').count();
        let at = Position { file: display.to_owned(), line: u32::try_from(line + 1).unwrap_or(u32::MAX), column: 1 };
        LoadError::new(LoadErrorKind::Syntax, "the file is not UTF-8 text").at(Some(at))
    })
}

fn digest_of(function: HashFunction, text: Digest, loads: &[(String, Arc<BzlModule>)]) -> Digest {
    let mut hasher = function.hasher();
    hasher.update(&text.key());
    for (_, module) in loads {
        hasher.update(&module.digest.key());
    }
    hasher.finish()
}
