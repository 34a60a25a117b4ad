//! Command lines: recipes are expanded, and what is too long goes into a file.
//!
//! Invariants: a file that is made for a command lies beside its first output and is an input of it; the limit
//! decides by content alone. This file does not know inputs.

use crate::action::{Action, ActionWork, ArgsData, Argument};
use crate::error::LoadError;
use crate::lower::{Lowering, path_of};
use gx_store::{Call, Derivation, Input, Output, OutputKind, Source, Work};
use std::sync::Arc;

/// Linux takes 128 KiB for one argument; half of it leaves room for what wraps it.
const LONG: usize = 64 * 1024;

impl Lowering<'_> {
    /// The arguments of a run action. Files made for it become inputs of `derivation`.
    pub(crate) fn command_line(
        &mut self,
        arguments: &[Argument],
        action: &Action,
        owner: &Arc<str>,
        derivation: &mut Derivation,
    ) -> Result<Vec<String>, LoadError> {
        let mut line = Vec::new();
        let mut files = 0;
        for argument in arguments {
            match argument {
                Argument::Text(text) => line.push(text.to_string()),
                Argument::Args(args) => {
                    let mut own = Vec::new();
                    args.expand(&mut own);
                    let size: usize = own.iter().map(|a| a.len() + 1).sum();
                    match &args.param_file {
                        Some(param) if param.always || size > LONG => {
                            let path = beside(action, &format!("-{files}.params"));
                            files += 1;
                            let content = lines(&own, args.shell_format);
                            self.write_beside(&path, content, action, owner, derivation)?;
                            line.push(param.format.replacen("%s", &path, 1));
                        }
                        _ => line.append(&mut own),
                    }
                }
            }
        }
        // `/bin/sh -c '<much>'`: the script goes into a file, what follows stays `$1`...
        if let [shell, flag, script, rest @ ..] = line.as_slice()
            && flag == "-c"
            && script.len() > LONG
        {
            let path = beside(action, "-command.sh");
            let mut short = vec![shell.clone(), path.clone()];
            short.extend(rest.iter().skip(1).cloned());
            let content = script.clone();
            self.write_beside(&path, content, action, owner, derivation)?;
            return Ok(short);
        }
        line.shrink_to_fit();
        Ok(line)
    }

    fn write_beside(
        &mut self,
        path: &str,
        content: String,
        action: &Action,
        owner: &Arc<str>,
        derivation: &mut Derivation,
    ) -> Result<(), LoadError> {
        let path = path_of(path)?;
        let arguments = [("content".to_owned(), content), ("executable".to_owned(), "false".to_owned())];
        let write = Derivation {
            work: Work::Builtin(Call { name: "write".to_owned(), revision: 1, arguments: arguments.into() }),
            inputs: Vec::new(),
            input_sets: Vec::new(),
            roots: Vec::new(),
            outputs: vec![Output { path: path.clone(), kind: OutputKind::File }],
        };
        let note = Action {
            outputs: Vec::new(),
            work: ActionWork::Host(gx_store::HostSpec::default()),
            inputs: Vec::new(),
            mnemonic: "FileWrite".into(),
            message: format!("Writing arguments of {}", action.mnemonic),
        };
        let id = self.add(write, &note, owner);
        derivation.inputs.push(Input { path: path.clone(), source: Source::Output { derivation: id, path } });
        Ok(())
    }
}

fn beside(action: &Action, ending: &str) -> String {
    format!("{}{ending}", action.outputs.first().map_or("out/command", |file| file.path()))
}

/// The content of a `write` action.
pub(crate) fn content_of(content: &Argument) -> String {
    match content {
        Argument::Text(text) => text.to_string(),
        Argument::Args(args) => {
            let mut own = Vec::new();
            ArgsData::expand(args, &mut own);
            lines(&own, args.shell_format)
        }
    }
}

fn lines(arguments: &[String], shell: bool) -> String {
    let mut text = String::new();
    for argument in arguments {
        if shell {
            text.push_str(&quoted(argument));
        } else {
            text.push_str(argument);
        }
        text.push('\n');
    }
    text
}

/// In quotes when a shell would read it otherwise.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@%-_+:,./=".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}
