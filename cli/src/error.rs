//! The one error type of the command line: a code, what happened, where, why, what to do, and for an action
//! its log, its digest and a command that replays it.
//!
//! It travels over the daemon's socket, so it is plain data. Invariant: its code is in the catalogue.
//! This file does not know the errors of other crates (`map.rs` turns them into reports).

use crate::catalogue::Code;
use crate::exit::Exit;
use gx_rules::label::shown;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The file, relative to the workspace.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

impl Place {
    /// A place.
    pub fn new(file: impl Into<String>, line: u32, column: u32) -> Place {
        Place { file: file.into(), line, column }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.line, self.column) {
            (0, _) => f.write_str(&shown(&self.file)),
            (line, 0) => write!(f, "{}:{line}", shown(&self.file)),
            (line, column) => write!(f, "{}:{line}:{column}", shown(&self.file)),
        }
    }
}

/// What is known of an action that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedAction {
    /// Whose it is.
    pub owner: String,
    /// The digest of the action, for `gx show`.
    pub action: String,
    /// Its command line, where it has one.
    pub command: Option<String>,
    /// What it wrote, standard output first.
    pub log: String,
    /// A command that replays it.
    pub replay: String,
    /// Was the failure remembered, not run again?
    pub remembered: bool,
}

/// An error as a person sees it. Small to pass on; its parts are those of `Facts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report(Box<Facts>);

impl std::ops::Deref for Report {
    type Target = Facts;
    fn deref(&self) -> &Facts {
        &self.0
    }
}

impl std::ops::DerefMut for Report {
    fn deref_mut(&mut self) -> &mut Facts {
        &mut self.0
    }
}

impl std::error::Error for Report {}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

/// The parts of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Its code.
    pub code: Code,
    /// What happened.
    pub message: String,
    /// Where.
    pub place: Option<Place>,
    /// The lines there, marked; it names the place too.
    pub excerpt: String,
    /// The calls that led there, innermost last.
    pub trace: Vec<String>,
    /// Why, outermost first.
    pub causes: Vec<String>,
    /// What to do.
    pub hints: Vec<String>,
    /// The action, when one failed.
    pub action: Option<FailedAction>,
}

impl Report {
    /// A report with a code of the catalogue.
    pub fn new(code: u16, message: impl Into<String>) -> Report {
        debug_assert!(Code(code).entry().is_some(), "GX{code:04} is not in the catalogue");
        Report(Box::new(Facts {
            code: Code(code),
            message: message.into(),
            place: None,
            excerpt: String::new(),
            trace: Vec::new(),
            causes: Vec::new(),
            hints: Vec::new(),
            action: None,
        }))
    }

    /// Adds the place.
    pub fn at(mut self, place: Place) -> Report {
        self.place = Some(place);
        self
    }

    /// Adds a hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Report {
        self.hints.push(hint.into());
        self
    }

    /// Adds an error and everything below it to the chain of causes.
    pub fn cause(mut self, error: &dyn std::error::Error) -> Report {
        let mut next = Some(error);
        while let Some(error) = next {
            let text = error.to_string();
            if !self.causes.contains(&text) && text != self.message {
                self.causes.push(text);
            }
            next = error.source();
        }
        self
    }

    /// Suggests the known name that is closest to `given`, when one is close.
    pub fn suggest<'k>(self, given: &str, known: impl IntoIterator<Item = &'k str>) -> Report {
        match closest(given, known) {
            Some(name) => self.hint(format!("did you mean '{name}'?")),
            None => self,
        }
    }

    /// The exit it leads to.
    pub fn exit(&self) -> Exit {
        Exit::of(self.code)
    }

    /// The text for a person; ends with a newline.
    pub fn text(&self, color: bool) -> String {
        let (red, bold, dim, reset) =
            if color { ("\x1b[1;31m", "\x1b[1m", "\x1b[2m", "\x1b[0m") } else { ("", "", "", "") };
        let mut text = format!("{red}error[{}]{reset}: {bold}{}{reset}\n", self.code, indented(&self.message));
        if !self.excerpt.is_empty() {
            text.push_str(&self.excerpt);
        } else if let Some(place) = &self.place {
            text.push_str(&format!("  --> {place}\n"));
        }
        for line in &self.trace {
            text.push_str(&format!("  {dim}in {}{reset}\n", indented(line)));
        }
        for cause in &self.causes {
            text.push_str(&format!("  cause: {}\n", indented(cause)));
        }
        if let Some(action) = &self.action {
            if let Some(command) = &action.command {
                text.push_str(&format!("  command: {}\n", indented(command)));
            }
            if !action.log.is_empty() {
                text.push_str(&format!("{dim}--- output of {} ---{reset}\n", action.owner));
                text.push_str(&action.log);
                if !action.log.ends_with('\n') {
                    text.push('\n');
                }
                text.push_str(&format!("{dim}---{reset}\n"));
            }
            if action.remembered {
                text.push_str("  note: this failure is remembered from an earlier run\n");
            }
            text.push_str(&format!("  log: gx log {}\n", action.owner));
            text.push_str(&format!("  action: gx show {}\n", action.action));
            text.push_str(&format!("  replay: {}\n", action.replay));
        }
        for hint in &self.hints {
            text.push_str(&format!("  hint: {}\n", indented(hint)));
        }
        text
    }

    /// The same for a program.
    pub fn json(&self) -> serde_json::Value {
        let place = self.place.as_ref();
        json!({
            "code": self.code.to_string(),
            "message": self.message,
            "file": place.map(|place| &place.file),
            "line": place.map(|place| place.line),
            "column": place.map(|place| place.column),
            "trace": self.trace,
            "causes": self.causes,
            "hints": self.hints,
            "action": self.action.as_ref().map(|action| json!({
                "owner": action.owner,
                "digest": action.action,
                "command": action.command,
                "log": action.log,
                "replay": action.replay,
                "remembered": action.remembered,
            })),
        })
    }
}

/// Lines of a message, the first where it stands and the others below it. What a program wrote is shown as it is; what
/// gx says does nothing to the terminal.
pub fn indented(text: &str) -> String {
    let lines: Vec<String> = text.trim_end().split('\n').map(|line| shown(line).into_owned()).collect();
    lines.join("\n    ")
}

/// The known name that is closest to `given`, when one is close enough to be meant.
pub fn closest<'k>(given: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let best = known.into_iter().map(|name| (strsim::damerau_levenshtein(given, name), name)).min()?;
    let (distance, name) = best;
    (distance > 0 && distance <= 1 + given.chars().count() / 4).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_shows_all_it_has() {
        let mut report = Report::new(301, "//lib:a: Compiling lib/a.c failed with exit code 1");
        report.trace = vec!["lib/BUILD.gx:3:1: cc_library(...)".to_owned()];
        report.action = Some(FailedAction {
            owner: "//lib:a".to_owned(),
            action: "ab12".to_owned(),
            command: Some("cc -c lib/a.c".to_owned()),
            log: "lib/a.c:1:10: fatal error: b.h: No such file or directory\n".to_owned(),
            replay: "gx build --retry //lib:a".to_owned(),
            remembered: true,
        });
        let report = report.at(Place::new("lib/BUILD.gx", 3, 1)).cause(&std::io::Error::other("why")).hint("do\nthis");
        insta::assert_snapshot!(report.text(false));
        insta::assert_snapshot!(serde_json::to_string_pretty(&report.json()).unwrap());
    }

    #[test]
    fn suggestions_are_close_or_absent() {
        assert_eq!(closest("jbos", ["jobs", "timeout"]), Some("jobs"));
        assert_eq!(closest("zebra", ["jobs", "timeout"]), None);
    }
}
