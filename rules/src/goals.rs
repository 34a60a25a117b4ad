//! Goals: what was asked for, as outputs and tests of the plan.
//!
//! Invariants: a test sees its runfiles at their short paths and nothing else.
//! This file does not know how actions are lowered.

use crate::action::{Action, ActionWork};
use crate::analysis::Analysed;
use crate::error::{LoadError, LoadErrorKind};
use crate::graph::{Node, NodeKind};
use crate::lower::{Lowering, Need, World, file_of, path_of};
use crate::request::{LoadedFile, LoadedTarget};
use crate::schema::AttrValue;
use crate::values::file::File;
use crate::values::plain::Plain;
use gx_store::{Derivation, DerivationId, Goal, Input, RelPath, Run, Source, Work};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A variable and its value.
type Variable = (Arc<str>, Arc<str>);

/// A target that was asked for.
pub(crate) struct Asked<'a> {
    pub(crate) node: &'a Node,
    pub(crate) analysed: &'a Analysed,
}

impl Asked<'_> {
    fn files(&self) -> Result<Vec<File>, LoadError> {
        self.analysed.target.files.to_list().iter().map(|item| file_of(item).cloned()).collect()
    }

    fn runfiles(&self) -> Result<Vec<File>, LoadError> {
        self.analysed.target.runfiles.files.to_list().iter().map(|item| file_of(item).cloned()).collect()
    }

    fn is_test(&self) -> bool {
        matches!(&self.node.kind, NodeKind::Rule(rule) if rule.info.test)
    }

    fn is_program(&self) -> bool {
        self.analysed.target.program
    }

    fn attr(&self, name: &str) -> Option<&AttrValue> {
        self.node.named_value(name)
    }

    /// What must be lowered for it.
    pub(crate) fn need(&self, need: &mut Need, world: &World) -> Result<(), LoadError> {
        let mut files = self.files()?;
        if self.is_program() {
            files.extend(self.runfiles()?);
            files.extend(self.analysed.target.executable.clone());
            match self.toolchain()? {
                Some(trees) => files.extend(trees),
                None if self.is_test() => files.extend(world.toolchain.clone()),
                None => {}
            }
        }
        for file in &files {
            need.file(file, world)?;
        }
        Ok(())
    }

    fn run_environment(&self, field: &str) -> Option<&Plain> {
        let providers = &self.analysed.target.providers;
        let info = providers.iter().find(|instance| instance.provider.is_builtin("RunEnvironmentInfo"))?;
        info.get(field).filter(|value| **value != Plain::None)
    }

    /// The trees at `/` of its test, when the rule gives them.
    fn toolchain(&self) -> Result<Option<Vec<File>>, LoadError> {
        match self.run_environment("toolchain") {
            None => Ok(None),
            Some(Plain::List(items)) => {
                items.iter().map(|item| file_of(item).cloned()).collect::<Result<_, _>>().map(Some)
            }
            Some(Plain::Depset(set)) => {
                set.to_list().iter().map(|i| file_of(i).cloned()).collect::<Result<_, _>>().map(Some)
            }
            Some(other) => Err(wrong(self.node, format!("'toolchain' is a {}, not a list of trees", other.kind()))),
        }
    }

    fn arguments(&self) -> Result<Vec<String>, LoadError> {
        match (self.run_environment("arguments"), self.attr("args")) {
            (Some(Plain::List(items)), _) => Ok(items.iter().map(crate::action::text_of).collect()),
            (Some(other), _) => Err(wrong(self.node, format!("'arguments' is a {}, not a list", other.kind()))),
            (None, Some(AttrValue::TextList(args))) => Ok(args.iter().map(|a| a.to_string()).collect()),
            _ => Ok(Vec::new()),
        }
    }

    /// What comes before the test's program.
    fn runner(&self) -> Result<Vec<String>, LoadError> {
        match self.run_environment("runner") {
            None => Ok(Vec::new()),
            Some(Plain::List(items)) => Ok(items.iter().map(crate::action::text_of).collect()),
            Some(other) => Err(wrong(self.node, format!("'runner' is a {}, not a list", other.kind()))),
        }
    }

    fn environment(&self) -> Result<Vec<Variable>, LoadError> {
        let mut all: BTreeMap<Arc<str>, Arc<str>> = BTreeMap::new();
        if let Some(AttrValue::TextDict(pairs)) = self.attr("env") {
            all.extend(pairs.iter().cloned());
        }
        match self.run_environment("environment") {
            None => {}
            Some(Plain::Dict(pairs)) => {
                for (key, value) in pairs.iter() {
                    all.insert(crate::action::text_of(key).into(), crate::action::text_of(value).into());
                }
            }
            Some(other) => return Err(wrong(self.node, format!("'environment' is a {}, not a dict", other.kind()))),
        }
        Ok(all.into_iter().collect())
    }

    fn timeout_ms(&self) -> u64 {
        let text = |name: &str| match self.attr(name) {
            Some(AttrValue::Text(text)) => text.to_string(),
            _ => String::new(),
        };
        let minutes = match (text("timeout").as_str(), text("size").as_str()) {
            ("short", _) | ("", "small") => 1,
            ("long", _) | ("", "large") => 15,
            ("eternal", _) | ("", "enormous") => 60,
            _ => 5,
        };
        minutes * 60 * 1000
    }
}

fn wrong(node: &Node, message: impl std::fmt::Display) -> LoadError {
    LoadError::new(LoadErrorKind::Analysis, format!("{}: RunEnvironmentInfo: {message}", node.label))
        .at(node.position())
}

impl Lowering<'_> {
    fn loaded_file(&self, file: &File) -> Result<LoadedFile, LoadError> {
        Ok(LoadedFile { path: path_of(Arc::clone(&file.0.path))?, source: self.source_of(file)? })
    }

    /// Adds the goal of a target that was asked for.
    pub(crate) fn goal(&mut self, asked: &Asked<'_>, with_tests: bool) -> Result<LoadedTarget, LoadError> {
        let mut outputs: Vec<LoadedFile> =
            asked.files()?.iter().map(|file| self.loaded_file(file)).collect::<Result<_, _>>()?;
        outputs.shrink_to_fit();
        let program = asked.is_program();
        let executable = match &asked.analysed.target.executable {
            Some(file) if program => Some(self.loaded_file(file)?),
            _ => None,
        };
        let runfiles: Vec<LoadedFile> = if program {
            asked.runfiles()?.iter().map(|file| self.loaded_file(file)).collect::<Result<_, _>>()?
        } else {
            Vec::new()
        };
        let test = match &executable {
            Some(file) if asked.is_test() && with_tests => Some(self.test(asked, file, &runfiles)?),
            _ => None,
        };
        let made = |file: &LoadedFile| match &file.source {
            Source::Output { derivation, path } => Some((*derivation, path.clone())),
            Source::Known(_) => None,
        };
        let mut wanted: Vec<(DerivationId, RelPath)> = outputs.iter().filter_map(made).collect();
        for extra in runfiles.iter().chain(&executable).filter_map(made) {
            if !wanted.contains(&extra) {
                wanted.push(extra);
            }
        }
        wanted.shrink_to_fit();
        let mut label = asked.node.label.to_string();
        label.shrink_to_fit();
        self.plan.goals.push(Goal { label: label.as_str().into(), outputs: wanted, also: test.into_iter().collect() });
        Ok(LoadedTarget { label, kind: asked.node.kind_name(), outputs, executable, runfiles, test })
    }

    /// The derivation that runs a test.
    fn test(
        &mut self,
        asked: &Asked<'_>,
        executable: &LoadedFile,
        runfiles: &[LoadedFile],
    ) -> Result<DerivationId, LoadError> {
        let label: Arc<str> = asked.node.label.to_string().into();
        let mut inputs: Vec<Input> = runfiles
            .iter()
            .chain([executable])
            .map(|file| Input { path: file.short_path(), source: file.source.clone() })
            .collect();
        inputs.sort();
        inputs.dedup();
        if let Some([a, _]) = inputs.windows(2).find_map(|w| match w {
            [a, b] if a.path == b.path => Some([a, b]),
            _ => None,
        }) {
            let message =
                format!("{label}: two runfiles would lie at '{}': a source and an output of that name", a.path);
            return Err(LoadError::new(LoadErrorKind::OutputConflict, message).at(asked.node.position()));
        }
        let mut arguments = asked.runner()?;
        arguments.push(format!("./{}", executable.short_path()));
        arguments.extend(asked.arguments()?);
        let derivation = Derivation {
            work: Work::Run(Run {
                arguments,
                environment: crate::environment::of_test(&label, &asked.environment()?),
                platform: BTreeMap::new(),
                level: self.levels.of_test(asked.node.determinism()),
                loopback: true,
            }),
            inputs,
            input_sets: Vec::new(),
            roots: self.roots(asked.toolchain()?.as_deref())?,
            outputs: Vec::new(),
        };
        let id = self.add(derivation.normalise(), &test_note(&label), &label);
        if let Some(planned) = Arc::make_mut(&mut self.plan.derivations).get_mut(&id) {
            planned.note.timeout_ms = Some(asked.timeout_ms());
        }
        Ok(id)
    }
}

/// A stand-in for the note of a test.
fn test_note(label: &str) -> Action {
    Action {
        outputs: Vec::new(),
        work: ActionWork::Host(gx_store::HostSpec::default()),
        inputs: Vec::new(),
        mnemonic: "TestRunner".into(),
        message: format!("Testing {label}"),
    }
}
