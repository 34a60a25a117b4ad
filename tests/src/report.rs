//! What a run of gx left: exit code, words, and the events of `--json`.

use serde_json::Value;
use std::process::{Command, Output};

/// A run that ended.
pub struct Run {
    /// The command line, for messages.
    pub command: String,
    /// Exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// The events, when `--json` was given.
    pub events: Vec<Value>,
    redactions: Vec<(String, &'static str)>,
}

/// The figures of the last line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Ran.
    pub run: u64,
    /// Known before.
    pub cached: u64,
    /// Cut off early.
    pub cut_off: u64,
    /// Failed.
    pub failed: u64,
    /// Not tried.
    pub skipped: u64,
}

/// An action that ended.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finished {
    /// Whose.
    pub owner: String,
    /// The kind of work: `CcCompile`.
    pub mnemonic: String,
    /// What progress showed.
    pub message: String,
    /// The digest of its derivation.
    pub derivation: String,
    /// The digest of its action.
    pub action: String,
    /// `run`, `cached`, `cut_off`, `failed` or `skipped`.
    pub result: String,
}

impl Run {
    pub(crate) fn new(command: &Command, output: Output, redactions: Vec<(String, &'static str)>) -> Run {
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let events = stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        Run {
            command: format!("{command:?}").replace('"', ""),
            code: output.status.code(),
            events: events.filter(|event| event.get("event").is_some()).collect(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            stdout,
            redactions,
        }
    }

    /// Demands an exit code.
    #[track_caller]
    pub fn expect(self, code: i32) -> Run {
        assert_eq!(self.code, Some(code), "{}", self.told());
        self
    }

    /// Demands success.
    #[track_caller]
    pub fn ok(self) -> Run {
        self.expect(0)
    }

    /// Demands figures: run, cached and cut off together. Nothing may have failed.
    #[track_caller]
    pub fn expect_run(self, run: u64) -> Run {
        let totals = self.ok_totals();
        assert_eq!(totals.run, run, "actions that ran: {:?}\n{}", self.messages("run"), self.told());
        self
    }

    #[track_caller]
    fn ok_totals(&self) -> Totals {
        assert_eq!(self.code, Some(0), "{}", self.told());
        self.totals()
    }

    /// The figures of the last summary.
    #[track_caller]
    pub fn totals(&self) -> Totals {
        let of = |event: &Value, key: &str| event.get(key).and_then(Value::as_u64).unwrap_or_default();
        let found = self.events.iter().rfind(|event| name(event) == "summary");
        let Some(event) = found else { panic!("there is no summary\n{}", self.told()) };
        Totals {
            run: of(event, "run"),
            cached: of(event, "cached"),
            cut_off: of(event, "cut_off"),
            failed: of(event, "failed"),
            skipped: of(event, "skipped"),
        }
    }

    /// The actions that ended, sorted.
    pub fn finished(&self) -> Vec<Finished> {
        let text = |event: &Value, key: &str| event.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut found: Vec<Finished> = self
            .events
            .iter()
            .filter(|event| name(event) == "action_finished")
            .map(|event| Finished {
                owner: text(event, "owner"),
                mnemonic: text(event, "mnemonic"),
                message: text(event, "message"),
                derivation: text(event, "derivation"),
                action: text(event, "action"),
                result: text(event, "result"),
            })
            .collect();
        found.sort();
        found
    }

    /// Messages of the actions with a result, sorted.
    pub fn messages(&self, result: &str) -> Vec<String> {
        self.finished().into_iter().filter(|done| done.result == result).map(|done| done.message).collect()
    }

    /// Results of tests, sorted: label, status, cached.
    pub fn tests(&self) -> Vec<(String, String, bool)> {
        let mut found: Vec<(String, String, bool)> = self
            .events
            .iter()
            .filter(|event| name(event) == "test")
            .map(|event| {
                let text = |key: &str| event.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
                let cached = event.get("cached").and_then(Value::as_bool).unwrap_or_default();
                (text("label"), text("status"), cached)
            })
            .collect();
        found.sort();
        found
    }

    /// The codes of the errors that were told, in order.
    pub fn error_codes(&self) -> Vec<String> {
        let errors = self.events.iter().filter(|event| name(event) == "error");
        errors
            .filter_map(|event| event.get("error").and_then(|error| error.get("code")).and_then(Value::as_str))
            .map(str::to_owned)
            .collect()
    }

    /// Demands that a text stands in what was printed.
    #[track_caller]
    pub fn expect_text(self, text: &str) -> Run {
        assert!(self.stderr.contains(text) || self.stdout.contains(text), "'{text}' is missing\n{}", self.told());
        self
    }

    /// Standard error as a snapshot can hold it: no paths of this run, no digests, no times.
    pub fn redacted(&self) -> String {
        let mut text = self.stderr.clone();
        for (from, to) in &self.redactions {
            text = text.replace(from.as_str(), to);
        }
        let kept = text.lines().filter(|line| !is_progress(line));
        kept.map(|line| redact_line(line) + "\n").collect()
    }

    /// Everything that matters, for a message.
    pub fn told(&self) -> String {
        let dull = |line: &&str| !line.contains("\"skipped\",") && !line.contains("\"cached\",\"wall_us\"");
        let stdout: Vec<&str> = self.stdout.lines().filter(dull).collect();
        let stdout = stdout.get(stdout.len().saturating_sub(40)..).unwrap_or_default().join("\n");
        format!("$ {}\nexit {:?}\n--- stdout\n{stdout}\n--- stderr\n{}", self.command, self.code, self.stderr)
    }
}

fn name(event: &Value) -> &str {
    event.get("event").and_then(Value::as_str).unwrap_or_default()
}

/// Lines that tell of progress: their order and number differ from run to run and from machine to machine.
fn is_progress(line: &str) -> bool {
    let counted = line.strip_prefix('[').and_then(|rest| rest.split_once(']')).is_some_and(|(count, _)| {
        count.split_once('/').is_some_and(|(at, all)| at.parse::<u64>().is_ok() && all.parse::<u64>().is_ok())
    });
    counted || line.starts_with("importing the host's toolchain")
}

/// Takes digests (12 hexadecimal digits or more) and times (`1.2 s`, `30 ms`, `0.1s`) out of a line.
fn redact_line(line: &str) -> String {
    let mut out = String::new();
    let mut word = String::new();
    for c in line.chars().chain(['\n']) {
        if c.is_ascii_alphanumeric() || c == '.' {
            word.push(c);
            continue;
        }
        out.push_str(&redact_word(&word));
        word.clear();
        if c != '\n' {
            out.push(c);
        }
    }
    let mut words: Vec<String> = out.split(' ').map(str::to_owned).collect();
    for at in 1..words.len() {
        let is_unit =
            words.get(at).is_some_and(|word| matches!(word.trim_end_matches([',', '.', ')']), "s" | "ms" | "min"));
        let is_number = words.get(at - 1).is_some_and(|word| word.trim_start_matches('(').parse::<f64>().is_ok());
        if is_unit
            && is_number
            && let Some(number) = words.get_mut(at - 1)
        {
            *number = "[TIME]".to_owned();
        }
    }
    words.join(" ")
}

fn redact_word(word: &str) -> String {
    let hexadecimal = word.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c));
    if word.len() >= 12 && hexadecimal {
        return "[DIGEST]".to_owned();
    }
    let number = word.strip_suffix("ms").or_else(|| word.strip_suffix('s'));
    match number {
        Some(number) if !number.is_empty() && number.parse::<f64>().is_ok() => "[TIME]".to_owned(),
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::redact_line;

    #[test]
    fn what_differs_between_runs_is_taken_out() {
        assert_eq!(redact_line("took 1.25 s, 30ms and (0.1s)"), "took [TIME] s, [TIME] and ([TIME])");
        assert_eq!(redact_line("id 0123456789abcdef, a.c:12:3"), "id [DIGEST], a.c:12:3");
        assert_eq!(redact_line("5 actions: 2 run"), "5 actions: 2 run");
    }
}
