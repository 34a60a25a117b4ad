//! `ctx.actions`: declaring outputs and recording actions.
//!
//! Invariants: an action has at least one output, all its own; everything it is given is made plain at once.
//! This file does not know how actions are lowered.

#![expect(clippy::too_many_arguments, reason = "the signatures are Bazel's")]

use crate::action::{Action, ActionWork, Argument, InputItem};
use crate::label::check_declared;
use crate::repository::{FETCHERS, TYPES};
use crate::values::args::ArgsValue;
use crate::values::ctx::CtxData;
use crate::values::depset::DepsetValue;
use crate::values::file::{File, FileKind};
use crate::values::plain::{Plain, brief};
use crate::values::provider::InstanceValue;
use crate::values::spec_step;
use allocative::Allocative;
use gx_store::{Call, Fetch, HostSpec, Work};
use starlark::collections::SmallMap;
use starlark::environment::{Methods, MethodsBuilder};
use starlark::starlark_simple_value;
use starlark::values::dict::UnpackDictEntries;
use starlark::values::list_or_tuple::UnpackListOrTuple;
use starlark::values::none::{NoneOr, NoneType};
use starlark::values::{NoSerialize, ProvidesStaticType, StarlarkValue, UnpackValue, Value, starlark_value};
use std::fmt;
use std::sync::Arc;

/// `ctx.actions`.
#[derive(Debug, ProvidesStaticType, NoSerialize, Allocative)]
pub(crate) struct ActionsValue(#[allocative(skip)] pub(crate) Arc<CtxData>);
starlark_simple_value!(ActionsValue);

impl fmt::Display for ActionsValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<ctx.actions>")
    }
}

#[starlark_value(type = "actions")]
impl<'v> StarlarkValue<'v> for ActionsValue {
    fn get_methods() -> Option<&'static Methods> {
        Some(ACTIONS_METHODS.methods())
    }
}

impl ActionsValue {
    fn declare(&self, name: &str, sibling: Option<&File>, kind: FileKind) -> anyhow::Result<File> {
        let package = self.0.label.package.source_prefix();
        let name = match sibling {
            None => name.to_owned(),
            Some(sibling) => {
                let folder = sibling.short_path().rsplit_once('/').map_or("", |(head, _)| head);
                let folder = folder.strip_prefix(package.trim_end_matches('/')).unwrap_or("").trim_start_matches('/');
                crate::glob::join(folder, name)
            }
        };
        check_declared(&name).map_err(|why| anyhow::anyhow!("'{name}' is no name for an output: {why}"))?;
        let file = File::output(&self.0.label, &name, kind);
        let mut state = self.0.state();
        if state.declared.contains(&file) {
            anyhow::bail!("the output '{}' is declared twice", file.path());
        }
        state.declared.push(file.clone());
        Ok(file)
    }

    fn record(&self, action: Action) -> anyhow::Result<NoneType> {
        if action.outputs.is_empty() {
            anyhow::bail!("an action needs at least one output");
        }
        let mut state = self.0.state();
        for output in &action.outputs {
            if output.is_source() || output.0.owner != self.0.label {
                anyhow::bail!("'{}' is not an output of {}", output.path(), self.0.label);
            }
            if state.actions.iter().any(|other| other.outputs.contains(output)) {
                anyhow::bail!("two actions of this target make '{}'", output.path());
            }
        }
        state.actions.push(action);
        Ok(NoneType)
    }

    /// Files of `inputs` or `tools`: a list or a depset.
    fn inputs(&self, value: Option<Value<'_>>, what: &str, out: &mut Vec<InputItem>) -> anyhow::Result<()> {
        let Some(value) = value.filter(|v| !v.is_none()) else { return Ok(()) };
        if let Some(set) = DepsetValue::from_value(value) {
            out.push(InputItem::Set(set.0.clone()));
            return Ok(());
        }
        let Ok(Some(list)) = UnpackListOrTuple::<Value<'_>>::unpack_value(value) else {
            anyhow::bail!("'{what}' must be a list or a depset of files, not {}", brief(value));
        };
        for item in list.items {
            if let Some(file) = File::from_value(item) {
                self.tool(file, out);
            } else if let Some(set) = DepsetValue::from_value(item) {
                out.push(InputItem::Set(set.0.clone()));
            } else if let Some(executable) = files_to_run(item, out) {
                out.push(InputItem::File(executable));
            } else {
                anyhow::bail!("'{what}' has a value that is no file: {}", brief(item));
            }
        }
        Ok(())
    }

    /// A file; when it is the executable of a dependency, with its runfiles.
    fn tool(&self, file: &File, out: &mut Vec<InputItem>) {
        out.push(InputItem::File(file.clone()));
        if let Some(target) = self.0.owner_of_executable(file)
            && !target.runfiles.files.is_empty()
        {
            out.push(InputItem::Set(target.runfiles.files.clone()));
        }
    }
}

/// The executable of a `FilesToRunProvider`; its runfiles go to the inputs.
fn files_to_run(value: Value<'_>, out: &mut Vec<InputItem>) -> Option<File> {
    let instance = &InstanceValue::from_value(value)?.0;
    if !instance.provider.is_builtin("FilesToRunProvider") {
        return None;
    }
    if let Some(Plain::Depset(set)) = instance.get("runfiles")
        && !set.is_empty()
    {
        out.push(InputItem::Set(set.clone()));
    }
    match instance.get("executable") {
        Some(Plain::File(file)) => Some(file.clone()),
        _ => None,
    }
}

fn arguments_of(value: Option<UnpackListOrTuple<Value<'_>>>) -> anyhow::Result<Vec<Argument>> {
    let one = |value: Value<'_>| {
        if let Some(text) = value.unpack_str() {
            return Ok(Argument::Text(text.into()));
        }
        if let Some(args) = ArgsValue::from_value(value) {
            return Ok(Argument::Args(args.snapshot()));
        }
        anyhow::bail!("'arguments' holds strings and args() objects, not {}", brief(value))
    };
    value.map(|list| list.items.into_iter().map(one).collect()).unwrap_or(Ok(Vec::new()))
}

fn toolchain_of(value: Option<Value<'_>>) -> anyhow::Result<Option<Vec<File>>> {
    // Bazel has labels here; they mean nothing to gx.
    let Some(value) = value.filter(|v| !v.is_none() && v.get_type() != "Label" && v.unpack_str().is_none()) else {
        return Ok(None);
    };
    let Ok(Some(list)) = UnpackListOrTuple::<Value<'_>>::unpack_value(value) else {
        anyhow::bail!("'toolchain' must be a list of trees, not {}", brief(value));
    };
    let file = |v: Value<'_>| {
        let known = File::from_value(v).cloned();
        known.ok_or_else(|| anyhow::anyhow!("'toolchain' has a value that is no file: {}", brief(v)))
    };
    list.items.into_iter().map(file).collect::<anyhow::Result<Vec<File>>>().map(Some)
}

type Env = NoneOr<UnpackDictEntries<String, String>>;

fn environment_of(env: Option<Env>) -> Vec<(Arc<str>, Arc<str>)> {
    let entries = env.and_then(NoneOr::into_option).map(|e| e.entries).unwrap_or_default();
    entries.into_iter().map(|(k, v)| (k.into(), v.into())).collect()
}

fn outputs_of(list: UnpackListOrTuple<&File>) -> Vec<File> {
    list.items.into_iter().cloned().collect()
}

/// Arguments of Bazel that mean nothing here.
fn check_others(name: &str, others: &SmallMap<String, Value<'_>>) -> anyhow::Result<()> {
    const IGNORED: [&str; 8] = [
        "use_default_shell_env",
        "execution_requirements",
        "input_manifests",
        "exec_group",
        "shadowed_action",
        "resource_set",
        "unused_inputs_list",
        "is_executable",
    ];
    match others.keys().find(|key| !IGNORED.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => {
            let known =
                ["outputs", "inputs", "tools", "executable", "arguments", "command", "env", "mnemonic", "toolchain"];
            let hint = crate::error::nearest(key, known).map(|n| format!("; did you mean '{n}'?"));
            anyhow::bail!("ctx.actions.{name} has no argument '{key}'{}", hint.unwrap_or_default())
        }
    }
}

/// A call of a builtin.
fn builtin<const N: usize>(name: &str, arguments: [(&str, &str); N]) -> ActionWork {
    let arguments = arguments.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
    ActionWork::Ready(Work::Builtin(Call { name: name.to_owned(), revision: 1, arguments }))
}

/// How a file is started: a bare name would be looked up in `PATH`.
fn program_of(file: &File) -> Arc<str> {
    if file.path().contains('/') { file.path().into() } else { format!("./{}", file.path()).into() }
}

fn word(value: Option<NoneOr<String>>) -> Option<String> {
    value.and_then(NoneOr::into_option)
}

#[starlark::starlark_module]
fn actions_methods(builder: &mut MethodsBuilder) {
    fn declare_file<'v>(
        this: &ActionsValue,
        #[starlark(require = pos)] filename: &str,
        sibling: Option<NoneOr<&'v File>>,
    ) -> anyhow::Result<File> {
        this.declare(filename, sibling.and_then(NoneOr::into_option), FileKind::Output)
    }

    fn declare_directory<'v>(
        this: &ActionsValue,
        #[starlark(require = pos)] filename: &str,
        sibling: Option<NoneOr<&'v File>>,
    ) -> anyhow::Result<File> {
        this.declare(filename, sibling.and_then(NoneOr::into_option), FileKind::OutputDirectory)
    }

    fn args<'v>(this: &ActionsValue) -> anyhow::Result<ArgsValue> {
        let _ = this;
        Ok(ArgsValue::default())
    }

    fn run<'v>(
        this: &ActionsValue,
        #[starlark(require = named)] outputs: UnpackListOrTuple<&'v File>,
        #[starlark(require = named)] executable: Value<'v>,
        #[starlark(require = named)] inputs: Option<Value<'v>>,
        #[starlark(require = named)] tools: Option<Value<'v>>,
        #[starlark(require = named)] arguments: Option<UnpackListOrTuple<Value<'v>>>,
        #[starlark(require = named)] env: Option<Env>,
        #[starlark(require = named)] mnemonic: Option<NoneOr<String>>,
        #[starlark(require = named)] progress_message: Option<NoneOr<String>>,
        #[starlark(require = named)] toolchain: Option<Value<'v>>,
        #[starlark(kwargs)] others: SmallMap<String, Value<'v>>,
    ) -> anyhow::Result<NoneType> {
        check_others("run", &others)?;
        let mut items = Vec::new();
        this.inputs(inputs, "inputs", &mut items)?;
        this.inputs(tools, "tools", &mut items)?;
        let program: Arc<str> = if let Some(path) = executable.unpack_str() {
            path.into()
        } else if let Some(file) = File::from_value(executable) {
            this.tool(file, &mut items);
            program_of(file)
        } else if let Some(file) = files_to_run(executable, &mut items) {
            items.push(InputItem::File(file.clone()));
            program_of(&file)
        } else {
            anyhow::bail!("'executable' must be a file, a string or files_to_run, not {}", brief(executable));
        };
        let mut command = vec![Argument::Text(program)];
        command.extend(arguments_of(arguments)?);
        let work = ActionWork::Run {
            arguments: command,
            environment: environment_of(env),
            toolchain: toolchain_of(toolchain)?,
        };
        let mnemonic = word(mnemonic).unwrap_or_else(|| "Action".to_owned()).into();
        let message = word(progress_message).unwrap_or_default();
        this.record(Action { outputs: outputs_of(outputs), work, inputs: items, mnemonic, message })
    }

    fn run_shell<'v>(
        this: &ActionsValue,
        #[starlark(require = named)] outputs: UnpackListOrTuple<&'v File>,
        #[starlark(require = named)] command: &str,
        #[starlark(require = named)] inputs: Option<Value<'v>>,
        #[starlark(require = named)] tools: Option<Value<'v>>,
        #[starlark(require = named)] arguments: Option<UnpackListOrTuple<Value<'v>>>,
        #[starlark(require = named)] env: Option<Env>,
        #[starlark(require = named)] mnemonic: Option<NoneOr<String>>,
        #[starlark(require = named)] progress_message: Option<NoneOr<String>>,
        #[starlark(require = named)] toolchain: Option<Value<'v>>,
        #[starlark(kwargs)] others: SmallMap<String, Value<'v>>,
    ) -> anyhow::Result<NoneType> {
        check_others("run_shell", &others)?;
        let mut items = Vec::new();
        this.inputs(inputs, "inputs", &mut items)?;
        this.inputs(tools, "tools", &mut items)?;
        let mut line: Vec<Argument> =
            ["/bin/sh", "-c", command].into_iter().map(|t| Argument::Text(t.into())).collect();
        let arguments = arguments_of(arguments)?;
        if !arguments.is_empty() {
            line.push(Argument::Text("/bin/sh".into()));
            line.extend(arguments);
        }
        let work =
            ActionWork::Run { arguments: line, environment: environment_of(env), toolchain: toolchain_of(toolchain)? };
        let mnemonic = word(mnemonic).unwrap_or_else(|| "Action".to_owned()).into();
        let message = word(progress_message).unwrap_or_default();
        this.record(Action { outputs: outputs_of(outputs), work, inputs: items, mnemonic, message })
    }

    fn write<'v>(
        this: &ActionsValue,
        output: &'v File,
        content: Value<'v>,
        #[starlark(default = false)] is_executable: bool,
        #[starlark(kwargs)] others: SmallMap<String, Value<'v>>,
    ) -> anyhow::Result<NoneType> {
        let _ = others;
        let content = if let Some(text) = content.unpack_str() {
            Argument::Text(text.into())
        } else if let Some(args) = ArgsValue::from_value(content) {
            Argument::Args(args.snapshot())
        } else {
            anyhow::bail!("'content' must be a string or args(), not {}", brief(content));
        };
        this.record(Action {
            outputs: vec![output.clone()],
            work: ActionWork::Write { content, executable: is_executable },
            inputs: Vec::new(),
            mnemonic: "FileWrite".into(),
            message: format!("Writing {}", output.short_path()),
        })
    }

    fn symlink<'v>(
        this: &ActionsValue,
        #[starlark(require = named)] output: &'v File,
        #[starlark(require = named)] target_file: Option<&'v File>,
        #[starlark(require = named)] target_path: Option<&str>,
        #[starlark(require = named, default = false)] is_executable: bool,
        #[starlark(require = named)] progress_message: Option<NoneOr<String>>,
    ) -> anyhow::Result<NoneType> {
        let Some(target) = target_file.filter(|_| target_path.is_none()) else {
            anyhow::bail!("ctx.actions.symlink needs 'target_file' ('target_path' is not supported)");
        };
        this.record(Action {
            outputs: vec![output.clone()],
            work: ActionWork::Symlink { executable: is_executable },
            inputs: vec![InputItem::File(target.clone())],
            mnemonic: "Symlink".into(),
            message: word(progress_message).unwrap_or_else(|| format!("Symlinking {}", output.short_path())),
        })
    }

    fn unpack<'v>(
        this: &ActionsValue,
        #[starlark(require = named)] output: &'v File,
        #[starlark(require = named)] archive: &'v File,
        #[starlark(require = named, default = "tar.gz")] r#type: &str,
        #[starlark(require = named, default = "")] strip_prefix: &str,
    ) -> anyhow::Result<NoneType> {
        if !TYPES.contains(&r#type) {
            anyhow::bail!("ctx.actions.unpack: '{}' is no type; there are {}", r#type, TYPES.join(", "));
        }
        this.record(Action {
            outputs: vec![output.clone()],
            work: builtin("unpack", [("type", r#type), ("strip_prefix", strip_prefix)]),
            inputs: vec![InputItem::File(archive.clone())],
            mnemonic: "Unpack".into(),
            message: format!("Unpacking {}", archive.short_path()),
        })
    }

    fn fetch<'v>(
        this: &ActionsValue,
        #[starlark(require = named)] output: &'v File,
        #[starlark(require = named)] sha256: &str,
        #[starlark(require = named)] parameters: UnpackDictEntries<String, String>,
        #[starlark(require = named, default = "http")] fetcher: &str,
        #[starlark(require = named)] progress_message: Option<NoneOr<String>>,
    ) -> anyhow::Result<NoneType> {
        if !FETCHERS.contains(&fetcher) {
            anyhow::bail!("ctx.actions.fetch: '{fetcher}' is no fetcher; there are {}", FETCHERS.join(", "));
        }
        if sha256.len() != 64 || !sha256.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c)) {
            anyhow::bail!("ctx.actions.fetch: 'sha256' must be 64 lowercase hexadecimal digits, not '{sha256}'");
        }
        let parameters = parameters.entries.into_iter().collect();
        let fetch = Fetch { fetcher: fetcher.to_owned(), parameters, sha256: sha256.to_owned() };
        this.record(Action {
            outputs: vec![output.clone()],
            work: ActionWork::Ready(Work::Fetch(fetch)),
            inputs: Vec::new(),
            mnemonic: "Fetch".into(),
            message: word(progress_message).unwrap_or_else(|| format!("Fetching {}", output.short_path())),
        })
    }

    fn debian_tree<'v>(
        this: &ActionsValue,
        #[starlark(require = named)] output: &'v File,
        #[starlark(require = named)] packages: UnpackListOrTuple<(&'v File, String)>,
        #[starlark(require = named)] links: Option<UnpackDictEntries<String, String>>,
    ) -> anyhow::Result<NoneType> {
        let lines = packages.items.iter().map(|(tree, who)| format!("{} {who}\n", tree.path()));
        let links = links.map(|links| links.entries).unwrap_or_default();
        let links: String = links.into_iter().map(|(path, target)| format!("{path} {target}\n")).collect();
        this.record(Action {
            outputs: vec![output.clone()],
            work: builtin("debian_tree", [("packages", &lines.collect::<String>()), ("links", &links)]),
            inputs: packages.items.iter().map(|(tree, _)| InputItem::File((*tree).clone())).collect(),
            mnemonic: "DebianTree".into(),
            message: format!("Putting {} packages together", packages.items.len()),
        })
    }

    fn tree<'v>(
        this: &ActionsValue,
        #[starlark(require = named)] output: &'v File,
        #[starlark(require = named)] files: UnpackDictEntries<String, &'v File>,
    ) -> anyhow::Result<NoneType> {
        let lines = files.entries.iter().map(|(path, file)| format!("{} {path}\n", file.path()));
        this.record(Action {
            outputs: vec![output.clone()],
            work: builtin("tree", [("files", &lines.collect::<String>())]),
            inputs: files.entries.iter().map(|(_, file)| InputItem::File((*file).clone())).collect(),
            mnemonic: "Tree".into(),
            message: format!("Laying out {}", output.short_path()),
        })
    }

    fn spec<'v>(
        this: &ActionsValue,
        #[starlark(require = pos)] step: &str,
        #[starlark(require = named)] outputs: UnpackDictEntries<String, &'v File>,
        #[starlark(require = named)] inputs: Option<UnpackDictEntries<String, Value<'v>>>,
        #[starlark(require = named)] arguments: Option<UnpackDictEntries<String, String>>,
        #[starlark(require = named)] progress_message: Option<NoneOr<String>>,
    ) -> anyhow::Result<NoneType> {
        let inputs = inputs.map(|it| it.entries).unwrap_or_default();
        let arguments = arguments.map(|it| it.entries).unwrap_or_default();
        let message = word(progress_message).unwrap_or_else(|| format!("Taking the step '{step}'"));
        this.record(spec_step::action(step, outputs.entries, inputs, arguments, message)?)
    }

    fn host_toolchain<'v>(
        this: &ActionsValue,
        #[starlark(require = named)] output: &'v File,
        #[starlark(require = named)] programs: Option<UnpackListOrTuple<String>>,
        #[starlark(require = named)] compilers: Option<UnpackListOrTuple<String>>,
        #[starlark(require = named)] languages: Option<UnpackListOrTuple<String>>,
        #[starlark(require = named)] packages: Option<UnpackListOrTuple<String>>,
        #[starlark(require = named, default = false)] or_nothing: bool,
    ) -> anyhow::Result<NoneType> {
        let names = |list: Option<UnpackListOrTuple<String>>| list.map(|list| list.items).unwrap_or_default();
        let spec = HostSpec {
            programs: names(programs),
            compilers: names(compilers),
            languages: names(languages),
            packages: names(packages),
        };
        this.record(Action {
            outputs: vec![output.clone()],
            work: if or_nothing { ActionWork::HostIfThere(spec) } else { ActionWork::Host(spec) },
            inputs: Vec::new(),
            mnemonic: "HostToolchain".into(),
            message: "Importing the host's toolchain".to_owned(),
        })
    }

    fn do_nothing<'v>(
        this: &ActionsValue,
        #[starlark(kwargs)] args: SmallMap<String, Value<'v>>,
    ) -> anyhow::Result<NoneType> {
        let _ = (this, args);
        Ok(NoneType)
    }
}
starlark::methods_static!(ACTIONS_METHODS = actions_methods);
