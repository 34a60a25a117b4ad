//! gx-cli: the command line. Flags, wiring, words on the screen, exit codes, and the daemon's front.
//!
//! The way through: `flags` and `settings` (what is wanted) -> `client` (the daemon, or this process) ->
//! `commands/` (one file a command, over a `House`) -> events -> `screen`.
//! This crate alone knows the terminal, environment variables, the current folder, the wall clock and exit codes.
#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    expect(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::panic,
        reason = "a test ends when something is wrong"
    )
)]

pub mod bundle;
pub mod catalogue;
pub mod client;
pub mod commands;
pub mod daemon;
pub mod error;
pub mod event;
pub mod exit;
pub mod flags;
pub mod flags_spec;
pub mod house;
pub mod keys;
pub mod manifest;
pub mod map;
pub mod outputs;
pub mod project;
pub mod request;
pub mod screen;
pub mod session;
pub mod settings;
pub mod signals;
pub mod undeclared;
mod wiring;

#[cfg(test)]
mod testing;

use clap::FromArgMatches;
use error::Report;
use exit::Exit;
use flags::Cli;
use settings::Settings;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs one command line to its end.
pub fn run(arguments: Vec<OsString>) -> ExitCode {
    let json = arguments.iter().any(|argument| argument == "--json");
    let exit = parse(arguments).and_then(|(cli, settings, environment)| client::answer(cli, settings, environment));
    let exit = exit.unwrap_or_else(|stop| stop.tell(json));
    ExitCode::from(exit.code())
}

/// Why a command line ended before it was answered.
pub enum Stop {
    /// An error to print.
    Report(Report),
    /// Text that was asked for: help or the version.
    Text(String),
    /// Help that was not asked for, in place of a command that is missing.
    Help(String),
}

impl From<Report> for Stop {
    fn from(report: Report) -> Stop {
        Stop::Report(report)
    }
}

impl Stop {
    fn tell(self, json: bool) -> Exit {
        match self {
            Stop::Report(report) => {
                screen::print_error(&report, json);
                report.exit()
            }
            Stop::Help(text) => {
                screen::write_stderr(&text);
                Exit::Usage
            }
            Stop::Text(text) => {
                let written = screen::write_stdout(text.as_bytes()).or_else(|lost| lost.report());
                written.map_or_else(|report| Stop::Report(report).tell(json), |()| Exit::Ok)
            }
        }
    }
}

type Environment = BTreeMap<String, String>;

fn parse(arguments: Vec<OsString>) -> Result<(Cli, Settings, Environment), Stop> {
    // Names and values that are not text cannot matter to anything gx reads.
    let environment: Environment =
        std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect();
    let matches = flags::command().try_get_matches_from(arguments).map_err(usage)?;
    let cli = Cli::from_arg_matches(&matches).map_err(usage)?;
    // Flags are global: clap hands them down to the innermost command.
    let mut innermost = &matches;
    while let Some((_, below)) = innermost.subcommand() {
        innermost = below;
    }
    let mut settings = Settings::defaults(&environment);
    settings.take_flags(innermost)?;
    let directory = settings.directory.clone();
    if let Some(directory) = directory {
        std::env::set_current_dir(&directory).map_err(|error| {
            Report::new(806, format!("the folder '{}' cannot be entered", directory.display())).cause(&error)
        })?;
    }
    let mut settings = Settings::defaults(&environment);
    if let Ok(cwd) = std::env::current_dir()
        && let Ok(root) = project::Project::find(&cwd)
        && cli.command.needs_workspace()
    {
        project::Project::read(&root)?.apply(&mut settings)?;
    }
    settings.take_environment(&environment)?;
    settings.take_flags(innermost)?;
    Ok((cli, settings, environment))
}

/// What clap says, in our form. Help and version are no errors.
fn usage(error: clap::Error) -> Stop {
    use clap::error::ErrorKind;
    let text = error.render().to_string();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Stop::Text(text),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Stop::Help(text),
        _ => {
            let text = text.trim().strip_prefix("error: ").unwrap_or(text.trim());
            let (message, rest) = text.split_once("\n\n").unwrap_or((text, ""));
            let mut report = Report::new(801, message.trim().replace("\n  ", " "));
            for hint in rest.split("\n\n").map(str::trim).filter(|hint| !hint.is_empty()) {
                report = report.hint(hint.trim_start_matches("tip: ").to_owned());
            }
            report.into()
        }
    }
}
