//! Functions of BUILD files: `glob`, `package`, `exports_files` and so on.
//!
//! Invariants: a BUILD file's state is one `BuildState`; mistakes in single targets are collected, so that all of them
//! are reported together. This file does not know how a target is put together (`declare.rs`).

use crate::error::{LoadError, LoadErrorKind, Position};
use crate::files::{Look, Repo};
use crate::glob::{self, GlobSpec};
use crate::globals::declare::{attr_to_value, visibility_of};
use crate::globals::extra;
use crate::label::{Label, PackageId};
use crate::package::{DeclKind, PackageData, TargetDecl};
use crate::schema::{AttrValue, label_of};
use crate::values::plain::brief;
use crate::values::rule::RuleInfo;
use starlark::collections::SmallMap;
use starlark::environment::GlobalsBuilder;
use starlark::eval::Evaluator;
use starlark::values::dict::AllocDict;
use starlark::values::list_or_tuple::UnpackListOrTuple;
use starlark::values::none::{NoneOr, NoneType};
use starlark::values::{UnpackValue, Value, ValueLike};
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

/// The BUILD file that is evaluated.
#[derive(Debug)]
pub(crate) struct BuildExtra {
    pub(crate) package: Arc<PackageId>,
    pub(crate) repo: Arc<Repo>,
    pub(crate) look: Arc<Look>,
    /// How the file is called in messages.
    pub(crate) file: Arc<str>,
    pub(crate) state: RefCell<BuildState>,
}

/// What the file said so far.
#[derive(Debug, Default)]
pub(crate) struct BuildState {
    pub(crate) data: PackageData,
    pub(crate) names: HashMap<Arc<str>, usize>,
    pub(crate) outputs: HashMap<Arc<str>, Arc<str>>,
    pub(crate) rules: HashMap<Arc<str>, Arc<RuleInfo>>,
    pub(crate) errors: Vec<LoadError>,
    pub(crate) package_called: bool,
}

impl BuildExtra {
    /// The line of the BUILD file itself that led here, also when a macro is between.
    pub(crate) fn position(&self, eval: &Evaluator<'_, '_, '_>) -> Position {
        let places = (0..eval.call_stack_count()).rev().filter_map(|n| eval.call_stack_nth_location(n));
        let place = places.into_iter().find(|at| at.filename() == &*self.file);
        let begin = place.map(|at| at.resolve_span().begin);
        Position {
            file: self.file.to_string(),
            line: begin.map_or(1, |b| u32::try_from(b.line + 1).unwrap_or(u32::MAX)),
            column: begin.map_or(1, |b| u32::try_from(b.column + 1).unwrap_or(u32::MAX)),
        }
    }

    pub(crate) fn report(&self, error: LoadError) {
        self.state.borrow_mut().errors.push(error);
    }

    /// Adds a target, or reports that its name is taken.
    pub(crate) fn add(&self, decl: TargetDecl) {
        let mut state = self.state.borrow_mut();
        let at = Position { file: self.file.to_string(), line: decl.line, column: decl.column };
        if let Some(first) = state.names.get(&decl.name).and_then(|n| state.data.targets.get(*n)) {
            let message = format!("the name '{}' is taken by a target at line {}", decl.name, first.line);
            state.errors.push(LoadError::new(LoadErrorKind::Attribute, message).at(Some(at)));
            return;
        }
        for output in &decl.outputs {
            if let Some(other) = state.outputs.insert(Arc::clone(output), Arc::clone(&decl.name)) {
                let package = &self.package;
                let message =
                    format!("two targets make the file '{output}': '{package}:{other}' and '{package}:{}'", decl.name);
                state.errors.push(LoadError::new(LoadErrorKind::OutputConflict, message).at(Some(at.clone())));
            }
        }
        let number = state.data.targets.len();
        state.names.insert(Arc::clone(&decl.name), number);
        state.data.targets.push(decl);
    }

    fn simple(&self, eval: &Evaluator<'_, '_, '_>, name: &str, kind: DeclKind, visibility: Option<Value<'_>>) {
        let at = self.position(eval);
        let visibility = match visibility.filter(|v| !v.is_none()).map(|v| visibility_of(v, &self.package)).transpose()
        {
            Ok(visibility) => visibility,
            Err(why) => {
                let message = format!("target '{name}', attribute 'visibility': {why}");
                self.report(LoadError::new(LoadErrorKind::Attribute, message).at(Some(at)));
                return;
            }
        };
        if let Err(why) = crate::label::check_declared(name) {
            let message = format!("'{name}' is no name for a target: {why}");
            self.report(LoadError::new(LoadErrorKind::Attribute, message).at(Some(at)));
            return;
        }
        self.add(TargetDecl {
            name: name.into(),
            kind,
            visibility,
            line: at.line,
            column: at.column,
            test: false,
            tags: Vec::new(),
            outputs: Vec::new(),
        });
    }
}

fn patterns(value: Option<Value<'_>>, what: &str) -> anyhow::Result<Vec<String>> {
    let Some(value) = value.filter(|v| !v.is_none()) else { return Ok(Vec::new()) };
    let Ok(Some(list)) = UnpackListOrTuple::<String>::unpack_value(value) else {
        anyhow::bail!("glob: '{what}' must be a list of strings, not {}", brief(value));
    };
    for pattern in &list.items {
        glob::check_pattern(pattern).map_err(|why| anyhow::anyhow!("glob: the pattern '{pattern}' is wrong: {why}"))?;
    }
    Ok(list.items)
}

#[starlark::starlark_module]
pub(crate) fn build_globals(builder: &mut GlobalsBuilder) {
    fn glob<'v>(
        include: Option<Value<'v>>,
        exclude: Option<Value<'v>>,
        #[starlark(default = 1)] exclude_directories: i32,
        #[starlark(default = true)] allow_empty: bool,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> anyhow::Result<Vec<String>> {
        let _ = exclude_directories;
        let build = extra(eval)?.build("glob()")?;
        let spec = GlobSpec { include: patterns(include, "include")?, exclude: patterns(exclude, "exclude")? };
        let found = glob::find(&build.repo, &build.package.path, &spec, &build.look)?;
        if found.is_empty() && !allow_empty {
            anyhow::bail!("glob({:?}) matches no file, and allow_empty is False", spec.include);
        }
        let mut state = build.state.borrow_mut();
        if !state.data.globs.contains(&spec) {
            state.data.globs.push(spec);
        }
        Ok(found.iter().map(|f| f.to_string()).collect())
    }

    fn package<'v>(
        #[starlark(kwargs)] args: SmallMap<String, Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> anyhow::Result<NoneType> {
        const KNOWN: [&str; 6] = [
            "default_visibility",
            "default_testonly",
            "default_deprecation",
            "features",
            "licenses",
            "default_applicable_licenses",
        ];
        let build = extra(eval)?.build("package()")?;
        if build.state.borrow().package_called {
            anyhow::bail!("package() can be called once in a BUILD file");
        }
        if !build.state.borrow().data.targets.is_empty() {
            anyhow::bail!("package() must stand before the first target");
        }
        build.state.borrow_mut().package_called = true;
        for (name, value) in &args {
            if !KNOWN.contains(&name.as_str()) {
                let hint = crate::error::nearest(name, KNOWN).map(|n| format!("; did you mean '{n}'?"));
                anyhow::bail!("package() has no argument '{name}'{}", hint.unwrap_or_default());
            }
            if name == "default_visibility" {
                let visibility = visibility_of(*value, &build.package)
                    .map_err(|why| anyhow::anyhow!("package: default_visibility: {why}"))?;
                build.state.borrow_mut().data.default_visibility = visibility;
            }
        }
        Ok(NoneType)
    }

    fn exports_files<'v>(
        #[starlark(require = pos)] srcs: UnpackListOrTuple<String>,
        visibility: Option<Value<'v>>,
        licenses: Option<Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> anyhow::Result<NoneType> {
        let _ = licenses;
        let build = extra(eval)?.build("exports_files()")?;
        let visibility = match visibility.filter(|v| !v.is_none()) {
            None => None,
            Some(value) => Some(
                visibility_of(value, &build.package)
                    .map_err(|why| anyhow::anyhow!("exports_files: visibility: {why}"))?,
            ),
        };
        for file in srcs.items {
            crate::label::check_name(&file).map_err(|why| anyhow::anyhow!("exports_files: '{file}': {why}"))?;
            build.state.borrow_mut().data.exports.push((file.into(), visibility.clone()));
        }
        Ok(NoneType)
    }

    fn package_name<'v>(eval: &mut Evaluator<'v, '_, '_>) -> anyhow::Result<String> {
        Ok(extra(eval)?.build("package_name()")?.package.path.to_string())
    }

    fn repository_name<'v>(eval: &mut Evaluator<'v, '_, '_>) -> anyhow::Result<String> {
        Ok(format!("@{}", extra(eval)?.build("repository_name()")?.package.repository))
    }

    fn repo_name<'v>(eval: &mut Evaluator<'v, '_, '_>) -> anyhow::Result<String> {
        Ok(extra(eval)?.build("repo_name()")?.package.repository.to_string())
    }

    fn existing_rule<'v>(
        #[starlark(require = pos)] name: &str,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> anyhow::Result<Value<'v>> {
        let build = extra(eval)?.build("existing_rule()")?;
        let state = build.state.borrow();
        let found = state.names.get(name).and_then(|n| state.data.targets.get(*n));
        Ok(found.map_or(Value::new_none(), |decl| described(decl, &state, eval)))
    }

    fn existing_rules<'v>(eval: &mut Evaluator<'v, '_, '_>) -> anyhow::Result<Value<'v>> {
        let build = extra(eval)?.build("existing_rules()")?;
        let state = build.state.borrow();
        let all: Vec<(String, Value<'v>)> =
            state.data.targets.iter().map(|decl| (decl.name.to_string(), described(decl, &state, eval))).collect();
        Ok(eval.heap().alloc(AllocDict(all)))
    }

    fn alias<'v>(
        #[starlark(require = named)] name: &str,
        #[starlark(require = named)] actual: Value<'v>,
        #[starlark(require = named)] visibility: Option<Value<'v>>,
        #[starlark(kwargs)] others: SmallMap<String, Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> anyhow::Result<NoneType> {
        let _ = others;
        let build = extra(eval)?.build("alias()")?;
        let actual = label_of(actual, &build.package).map_err(|why| anyhow::anyhow!("alias: actual: {why}"))?;
        build.simple(eval, name, DeclKind::Alias { actual }, visibility);
        Ok(NoneType)
    }

    fn test_suite<'v>(
        #[starlark(require = named)] name: &str,
        #[starlark(require = named)] tests: Option<NoneOr<UnpackListOrTuple<Value<'v>>>>,
        #[starlark(require = named)] tags: Option<UnpackListOrTuple<String>>,
        #[starlark(require = named)] visibility: Option<Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> anyhow::Result<NoneType> {
        let build = extra(eval)?.build("test_suite()")?;
        let labels = tests.and_then(NoneOr::into_option).map(|list| {
            list.items.into_iter().map(|t| label_of(t, &build.package)).collect::<Result<Vec<Label>, String>>()
        });
        let tests = labels.transpose().map_err(|why| anyhow::anyhow!("test_suite: tests: {why}"))?;
        let tags = tags.map(|t| t.items.into_iter().map(Arc::from).collect()).unwrap_or_default();
        build.simple(eval, name, DeclKind::TestSuite { tests, tags }, visibility);
        Ok(NoneType)
    }

    fn package_group<'v>(
        #[starlark(require = named)] name: &str,
        #[starlark(require = named)] packages: Option<UnpackListOrTuple<String>>,
        #[starlark(require = named)] includes: Option<UnpackListOrTuple<Value<'v>>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> anyhow::Result<NoneType> {
        let build = extra(eval)?.build("package_group()")?;
        let wanted = packages.map(|p| p.items).unwrap_or_default();
        let packages = wanted.iter().map(|text| crate::globals::declare::group_member(text, &build.package));
        let packages =
            packages.collect::<Result<Vec<_>, String>>().map_err(|why| anyhow::anyhow!("package_group: {why}"))?;
        let includes = includes.map(|i| i.items).unwrap_or_default();
        let includes: Result<Vec<Label>, String> = includes.into_iter().map(|l| label_of(l, &build.package)).collect();
        let includes = includes.map_err(|why| anyhow::anyhow!("package_group: includes: {why}"))?;
        build.simple(eval, name, DeclKind::Group { packages, includes }, None);
        Ok(NoneType)
    }
}

/// A target as `existing_rule` shows it.
fn described<'v>(decl: &TargetDecl, state: &BuildState, eval: &Evaluator<'v, '_, '_>) -> Value<'v> {
    let heap = eval.heap();
    let mut fields: Vec<(String, Value<'v>)> = vec![("name".to_owned(), heap.alloc(&*decl.name))];
    if let DeclKind::Rule { rule, attrs } = &decl.kind {
        fields.push(("kind".to_owned(), heap.alloc(&*rule.name)));
        if let Some(info) = state.rules.get(&decl.name) {
            for (schema, value) in info.attrs.iter().zip(attrs) {
                if let Some(value) = value.as_ref().filter(|v| **v != AttrValue::None) {
                    fields.push((schema.name.to_string(), attr_to_value(value, heap)));
                }
            }
        }
    }
    let value = heap.alloc(AllocDict(fields));
    value.to_value()
}
