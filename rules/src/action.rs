//! What rules ask to be done: actions as recorded in an implementation, before anything is digested.
//!
//! Invariants: depsets stay depsets and argument lists stay recipes until they are lowered; an output belongs to
//! one action. This file does not know derivations.

use crate::values::depset::Depset;
use crate::values::file::File;
use crate::values::plain::Plain;
use gx_store::{HostSpec, Work};
use std::collections::HashSet;
use std::sync::Arc;

/// A recorded action.
#[derive(Debug)]
pub(crate) struct Action {
    pub(crate) outputs: Vec<File>,
    pub(crate) work: ActionWork,
    pub(crate) inputs: Vec<InputItem>,
    pub(crate) mnemonic: Arc<str>,
    pub(crate) message: String,
}

/// Inputs: single files and depsets of files.
#[derive(Debug, Clone)]
pub(crate) enum InputItem {
    File(File),
    Set(Depset),
}

/// What an action does.
#[derive(Debug)]
pub(crate) enum ActionWork {
    Run {
        arguments: Vec<Argument>,
        environment: Vec<(Arc<str>, Arc<str>)>,
        /// Trees at `/`; `None` for the default one.
        toolchain: Option<Vec<File>>,
    },
    Write {
        content: Argument,
        executable: bool,
    },
    /// Its one input is the target.
    Symlink {
        executable: bool,
    },
    /// Nothing is left to find out.
    Ready(Work),
    Host(HostSpec),
    /// Nothing at all where the host lacks something of it.
    HostIfThere(HostSpec),
}

/// A part of a command line.
#[derive(Debug, Clone)]
pub(crate) enum Argument {
    Text(Arc<str>),
    Args(Arc<ArgsData>),
}

/// What an `args()` object holds.
#[derive(Debug, Clone, Default)]
pub(crate) struct ArgsData {
    pub(crate) items: Vec<ArgItem>,
    pub(crate) param_file: Option<ParamFile>,
    /// Every argument in shell quotes in a parameter file?
    pub(crate) shell_format: bool,
}

/// `use_param_file`.
#[derive(Debug, Clone)]
pub(crate) struct ParamFile {
    /// `@%s`
    pub(crate) format: Arc<str>,
    pub(crate) always: bool,
}

/// One call of `add`, `add_all` or `add_joined`.
#[derive(Debug, Clone)]
pub(crate) enum ArgItem {
    One { value: Plain, format: Option<Arc<str>> },
    All(ArgList),
}

/// A list of values and how it becomes arguments.
#[derive(Debug, Clone)]
pub(crate) struct ArgList {
    pub(crate) name: Option<Arc<str>>,
    pub(crate) values: ArgValues,
    pub(crate) format_each: Option<Arc<str>>,
    pub(crate) before_each: Option<Arc<str>>,
    pub(crate) join: Option<(Arc<str>, Option<Arc<str>>)>,
    pub(crate) omit_if_empty: bool,
    pub(crate) uniquify: bool,
    pub(crate) terminate_with: Option<Arc<str>>,
}

/// The values.
#[derive(Debug, Clone)]
pub(crate) enum ArgValues {
    Set(Depset),
    List(Arc<[Plain]>),
    /// What `map_each` made of them.
    Mapped(Vec<Arc<str>>),
}

impl Action {
    /// Gives back room that growing left over; short texts are shared with those of other actions.
    pub(crate) fn compact(&mut self, texts: &mut Texts) {
        self.outputs.shrink_to_fit();
        self.inputs.shrink_to_fit();
        self.message.shrink_to_fit();
        texts.share(&mut self.mnemonic);
        if let ActionWork::Run { arguments, environment, toolchain } = &mut self.work {
            arguments.shrink_to_fit();
            for argument in arguments {
                if let Argument::Text(text) = argument {
                    texts.share(text);
                }
            }
            for (name, value) in environment {
                texts.share(name);
                texts.share(value);
            }
            toolchain.iter_mut().for_each(Vec::shrink_to_fit);
        }
    }
}

/// One copy of each short text: words like `-c` stand in most actions.
#[derive(Debug, Default)]
pub(crate) struct Texts(HashSet<Arc<str>>);

/// The longest text that is shared, in bytes, and how many are kept in mind.
const SHORT: usize = 16;
const MOST_TEXTS: usize = 10_000;

impl Texts {
    fn share(&mut self, text: &mut Arc<str>) {
        match self.0.get(text) {
            Some(known) => *text = Arc::clone(known),
            None if text.len() <= SHORT && self.0.len() < MOST_TEXTS => drop(self.0.insert(Arc::clone(text))),
            None => {}
        }
    }
}

impl ArgsData {
    /// The arguments.
    pub(crate) fn expand(&self, out: &mut Vec<String>) {
        for item in &self.items {
            match item {
                ArgItem::One { value, format } => out.push(formatted(text_of(value), format.as_deref())),
                ArgItem::All(list) => list.expand(out),
            }
        }
    }
}

impl ArgList {
    fn expand(&self, out: &mut Vec<String>) {
        let mut texts: Vec<String> = match &self.values {
            ArgValues::Set(set) => set.to_list().iter().map(text_of).collect(),
            ArgValues::List(items) => items.iter().map(text_of).collect(),
            ArgValues::Mapped(texts) => texts.iter().map(|t| t.to_string()).collect(),
        };
        if self.uniquify {
            let mut seen = std::collections::HashSet::new();
            texts.retain(|text| seen.insert(text.clone()));
        }
        if texts.is_empty() && self.omit_if_empty {
            return;
        }
        out.extend(self.name.iter().map(|n| n.to_string()));
        let each = texts.into_iter().map(|text| formatted(text, self.format_each.as_deref()));
        match &self.join {
            Some((with, format)) => {
                let joined = each.collect::<Vec<_>>().join(with);
                out.push(formatted(joined, format.as_deref()));
            }
            None => {
                for text in each {
                    out.extend(self.before_each.iter().map(|b| b.to_string()));
                    out.push(text);
                }
            }
        }
        out.extend(self.terminate_with.iter().map(|t| t.to_string()));
    }
}

/// A value as an argument: a file is its path.
pub(crate) fn text_of(value: &Plain) -> String {
    match value {
        Plain::Text(text) => text.to_string(),
        Plain::File(file) => file.path().to_owned(),
        Plain::Int(int) => int.to_string(),
        Plain::Bool(true) => "True".to_owned(),
        Plain::Bool(false) => "False".to_owned(),
        Plain::Label(label) => label.to_string(),
        other => format!("<{}>", other.kind()),
    }
}

/// `%s` is the value, `%%` a percent sign.
fn formatted(text: String, format: Option<&str>) -> String {
    match format {
        None => text,
        Some(format) => format.split("%%").map(|part| part.replacen("%s", &text, 1)).collect::<Vec<_>>().join("%"),
    }
}
