//! The report of an action that failed: how it ended, what it wrote, and how to see it again.

use crate::error::{FailedAction, Report};
use crate::map;
use gx_engine::Failure;
use gx_store::{BlobId, Ending, Outcome, Plan, Resource, Store, Work};
use std::io::Read;

/// No more of each stream is shown; the rest is in the log.
const SHOWN_MOST: u64 = 64 << 10;
/// A longer command line is cut.
const COMMAND_MOST: usize = 4 << 10;

/// The report of a failure. `verb` is what repeats it: `build` or `test`.
pub fn report(failure: &Failure, plan: &Plan, store: &Store, verb: &str) -> Report {
    let what = if failure.message.is_empty() { &failure.mnemonic } else { failure.message.as_str() };
    let Some(outcome) = &failure.outcome else {
        let mut report = match &failure.error {
            Some(error) => map::action(error),
            None => Report::new(312, "something it needs failed"),
        };
        report.message = format!("{}: {what}: {}", failure.owner, report.message);
        return report;
    };
    let (code, why) = match &outcome.ending {
        Ending::Exit(code) => (301, format!("exit code {code}")),
        Ending::Signal(signal) => (302, format!("killed by signal {signal}")),
        Ending::TimedOut(ms) => (303, format!("timed out after {} s", *ms as f64 / 1e3)),
        Ending::Exceeded(resource, most) => (314, format!("it used more than {}", resource.words(*most))),
        Ending::BadOutputs(why) => (304, why.clone()),
    };
    let work = plan.derivations.get(&failure.derivation).map(|planned| &planned.derivation.work);
    let mut report = match work {
        // A builtin has no exit code: it found fault with what it looked at, and its log says what.
        Some(Work::Builtin(_)) => Report::new(1100, format!("{}: {what}: it has findings", failure.owner)),
        _ => Report::new(code, format!("{}: {what} failed: {why}", failure.owner)),
    };
    let told = matches!(&outcome.ending, Ending::BadOutputs(why) if why.contains("made and not declared"));
    if !outcome.undeclared.is_empty() && !told {
        report = report.hint(format!("it made and did not declare: {}", outcome.undeclared.join(", ")));
    }
    let log = log(store, outcome);
    report.hints.extend(advice(&outcome.ending, &log));
    let action = failure.action.unwrap_or(outcome.action);
    report.action = Some(FailedAction {
        owner: failure.owner.to_string(),
        action: action.0.hex(),
        command: work.and_then(command),
        log,
        replay: format!("gx {verb} --retry {}", quoted(&failure.owner)),
        remembered: failure.remembered,
    });
    report
}

/// What to do when a shell says that it cannot start a program.
fn advice(ending: &Ending, log: &str) -> Option<String> {
    if let Ending::Exceeded(resource, _) = ending {
        return Some(more(*resource));
    }
    if *ending != Ending::Exit(0) && log.contains("Too many open files") {
        return Some(FILES.to_owned());
    }
    let words = match ending {
        Ending::Exit(127) => [": command not found", ": not found"].as_slice(),
        Ending::Exit(126) => &[": Permission denied"],
        _ => return None,
    };
    let said = log.lines().rev().find_map(|line| words.iter().find_map(|words| line.trim_end().strip_suffix(words)))?;
    let program = said.rsplit(": ").next().filter(|program| !program.is_empty() && !program.contains(' '))?;
    match ending {
        Ending::Exit(126) => Some(format!("chmod +x {}", quoted(program))),
        // A path is of the workspace: `undeclared` looks for it.
        _ if program.contains('/') => None,
        _ => Some(lacks(program)),
    }
}

/// What to do about an action that opens too many files. The limit is something that programs see, so it is the same
/// for all.
const FILES: &str = "an action may have 1024 files open at once, and 4096 after it has asked for that (`ulimit -n 4096`); no \
                     setting changes this, because programs can see it";

/// How an action may use more.
fn more(resource: Resource) -> String {
    let name = resource.name();
    let example = if resource == Resource::Processes { "N" } else { "SIZE" };
    format!(
        "when it needs so much, allow it with `--max-{name} {example}` or `max_{name}` in `[build]` of gx.toml; a limit \
         changes no result, so nothing else runs again"
    )
}

/// What to do about a program that an action does not find.
pub fn lacks(program: &str) -> String {
    let name = program.rsplit('/').next().unwrap_or(program);
    format!(
        "the action's toolchain has no '{name}', and nothing else of this machine is seen: add it to `tools` when the \
         workspace makes it, or to the programs of a `host_toolchain` when it is this machine's (docs/guide.md)"
    )
}

/// What an action wrote: standard output, then standard error.
pub fn log(store: &Store, outcome: &Outcome) -> String {
    let mut text = stream(store, &outcome.stdout);
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(&stream(store, &outcome.stderr));
    text
}

fn stream(store: &Store, id: &BlobId) -> String {
    use gx_store::Blobs;
    if id.0.size == 0 {
        return String::new();
    }
    let mut bytes = Vec::new();
    let read = store.open_blob(id).map(|reader| reader.take(SHOWN_MOST).read_to_end(&mut bytes));
    match read {
        Ok(Ok(_)) if id.0.size > SHOWN_MOST => {
            let left = id.0.size - SHOWN_MOST;
            format!("{}\n... and {left} bytes more (gx show {})\n", String::from_utf8_lossy(&bytes), id.0.hex())
        }
        Ok(Ok(_)) => String::from_utf8_lossy(&bytes).into_owned(),
        Ok(Err(error)) => format!("(its log cannot be read: {error})\n"),
        Err(error) => format!("(its log cannot be read: {error})\n"),
    }
}

/// A command line as a shell takes it.
pub fn command(work: &Work) -> Option<String> {
    let Work::Run(run) = work else { return None };
    let mut text = String::new();
    for argument in &run.arguments {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&quoted(argument));
        if text.len() > COMMAND_MOST {
            let end = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= COMMAND_MOST).last().unwrap_or(0);
            text.truncate(end);
            text.push_str(" ...");
            break;
        }
    }
    Some(text)
}

/// A word as a shell takes it.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./-_".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_that_starts_nothing_is_helped() {
        let advice = |code, log: &str| advice(&Ending::Exit(code), log).unwrap_or_default();
        assert_eq!(advice(126, "/bin/bash: line 1: tools/gen.sh: Permission denied\n"), "chmod +x tools/gen.sh");
        assert!(advice(127, "/bin/bash: line 1: jq: command not found\n").contains("has no 'jq'"));
        assert!(advice(127, "sh: 1: jq: not found\n").contains("has no 'jq'"));
        assert_eq!(advice(127, "bash: line 1: tools/gen.sh: No such file or directory\n"), "");
        assert_eq!(advice(1, "x: command not found\n"), "");
    }

    #[test]
    fn words_are_quoted_for_a_shell() {
        assert_eq!(quoted("-Ifoo/bar"), "-Ifoo/bar");
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's"), "'it'\\''s'");
        assert_eq!(quoted(""), "''");
    }
}
