//! Settings: one table from which the flags, the environment variables, the keys of `gx.toml` and the table in
//! `docs/configuration.md` are all made.
//!
//! Precedence: flag, then environment, then `gx.toml`, then the default. This file does not know the commands
//! (`flags.rs`) nor how `gx.toml` is read (`project.rs`).

mod table;

use crate::error::{Report, closest};
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches};
use gx_rules::Levels;
use gx_store::{Allowance, Bound, HashFunction, Level};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use table::LEVELS;
pub use table::SETTINGS;

/// Which setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// Folder of the store.
    Store,
    /// Work in this process.
    NoDaemon,
    /// Events, one a line.
    Json,
    /// Colours.
    Color,
    /// Folder to work in.
    Directory,
    /// Actions at once.
    Jobs,
    /// Go on after a failure.
    KeepGoing,
    /// Run remembered failures again.
    Retry,
    /// Determinism level.
    Determinism,
    /// No sandbox at all.
    Sandbox,
    /// Print the logs of actions, also of cached ones.
    ShowLogs,
    /// Write a trace.
    Trace,
    /// Longest run of an action.
    Timeout,
    /// Memory of an action.
    MaxMemory,
    /// Processes of an action.
    MaxProcesses,
    /// What an action writes.
    MaxDisk,
    /// Digest function.
    Digest,
    /// Folder of fetched files.
    Mirror,
    /// No network.
    Offline,
    /// Which logs `gx test` prints.
    TestOutput,
    /// Idle time of the daemon.
    DaemonIdle,
    /// Say more.
    Verbose,
    /// Say less.
    Quiet,
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Which.
    pub key: Key,
    /// The long flag, without dashes.
    pub flag: &'static str,
    /// The short flag.
    pub short: Option<char>,
    /// What the value is called; `None` for a switch.
    pub value: Option<&'static str>,
    /// The values allowed, where they are few.
    pub choices: &'static [&'static str],
    /// The environment variable.
    pub variable: Option<&'static str>,
    /// The key in `gx.toml`.
    pub toml: Option<&'static str>,
    /// The default, in words.
    pub default: &'static str,
    /// What it does.
    pub help: &'static str,
}

impl Setting {
    /// What its value is in `gx.toml`.
    pub fn toml_type(&self) -> &'static str {
        match self.value {
            None => "true or false",
            Some("N" | "SECONDS") => "a number",
            Some(_) => "a string",
        }
    }
}

impl Setting {
    /// Its name among clap's arguments: apart from those of commands, which may have the same word.
    fn id(&self) -> String {
        format!("setting-{}", self.flag)
    }
}

/// When colours and the live region are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Color {
    /// On a terminal.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Every setting, resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Folder of the store.
    pub store: PathBuf,
    /// Work in this process.
    pub no_daemon: bool,
    /// Events, one a line.
    pub json: bool,
    /// Colours.
    pub color: Color,
    /// Folder to work in.
    pub directory: Option<PathBuf>,
    /// Actions at once; `None`: two more than processors.
    pub jobs: Option<usize>,
    /// Go on after a failure.
    pub keep_going: bool,
    /// Run remembered failures again.
    pub retry: bool,
    /// Determinism level of targets that name none.
    pub determinism: Level,
    /// Is everything to run at level `none`?
    pub unsandboxed: bool,
    /// Print logs of cached actions too.
    pub show_logs: bool,
    /// Where a trace goes.
    pub trace: Option<PathBuf>,
    /// Longest run of an action, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// What an action may use.
    pub allowance: Allowance,
    /// Digest function: `blake3` or `sha256`.
    pub digest: String,
    /// Folder of fetched files that is looked at first.
    pub mirror: Option<PathBuf>,
    /// Leave the network alone.
    pub offline: bool,
    /// Print the logs of passed tests too.
    pub all_test_logs: bool,
    /// Idle seconds after which the daemon leaves.
    pub daemon_idle_s: u64,
    /// Say more.
    pub verbose: bool,
    /// Say less.
    pub quiet: bool,
}

impl Settings {
    /// The defaults; the store's place depends on the environment.
    pub fn defaults(environment: &BTreeMap<String, String>) -> Settings {
        let set = |name: &str| environment.get(name).filter(|value| !value.is_empty());
        let cache = set("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let cache = cache.or_else(|| set("HOME").map(|home| Path::new(home).join(".cache")));
        Settings {
            store: cache.unwrap_or_else(|| PathBuf::from("/tmp")).join("gx"),
            no_daemon: false,
            json: false,
            color: if set("NO_COLOR").is_some() { Color::Never } else { Color::Auto },
            directory: None,
            jobs: None,
            keep_going: false,
            retry: false,
            determinism: Level::Normalised,
            unsandboxed: false,
            show_logs: false,
            trace: None,
            timeout_ms: None,
            allowance: Allowance::default(),
            digest: "blake3".to_owned(),
            mirror: None,
            offline: false,
            all_test_logs: false,
            daemon_idle_s: 10_800,
            verbose: false,
            quiet: false,
        }
    }

    /// The digest function.
    pub fn function(&self) -> HashFunction {
        self.digest.parse().unwrap_or(HashFunction::Blake3)
    }

    /// Sets one from text. The error says what is expected.
    pub fn set(&mut self, key: Key, text: &str) -> Result<(), String> {
        match key {
            Key::Store => self.store = PathBuf::from(text),
            Key::NoDaemon => self.no_daemon = switch(text)?,
            Key::Json => self.json = switch(text)?,
            Key::Color => {
                self.color = match text {
                    "auto" => Color::Auto,
                    "always" => Color::Always,
                    "never" => Color::Never,
                    _ => return Err("'auto', 'always' or 'never' is expected".to_owned()),
                }
            }
            Key::Directory => self.directory = Some(PathBuf::from(text)),
            Key::Jobs => self.jobs = Some(number(text, 1, 4096)? as usize),
            Key::KeepGoing => self.keep_going = switch(text)?,
            Key::Retry => self.retry = switch(text)?,
            Key::Determinism => self.determinism = Level::from_name(text).ok_or_else(|| level_expected(text))?,
            Key::Sandbox => match text {
                "sandboxed" | "none" => self.unsandboxed = text == "none",
                _ => return Err("'sandboxed' or 'none' is expected".to_owned()),
            },
            Key::ShowLogs => self.show_logs = switch(text)?,
            Key::Trace => self.trace = Some(PathBuf::from(text)),
            Key::Timeout => self.timeout_ms = Some(number(text, 1, 10_000_000)? * 1000),
            Key::MaxMemory => self.allowance.memory = size(text)?,
            Key::MaxProcesses => self.allowance.processes = Bound::Most(number(text, 1, 1_000_000)?),
            Key::MaxDisk => self.allowance.disk = size(text)?,
            Key::Digest => match text {
                "blake3" | "sha256" => text.clone_into(&mut self.digest),
                _ => return Err("'blake3' or 'sha256' is expected".to_owned()),
            },
            Key::Mirror => self.mirror = Some(PathBuf::from(text)),
            Key::Offline => self.offline = switch(text)?,
            Key::TestOutput => match text {
                "errors" | "all" => self.all_test_logs = text == "all",
                _ => return Err("'errors' or 'all' is expected".to_owned()),
            },
            Key::DaemonIdle => self.daemon_idle_s = number(text, 1, 100_000_000)?,
            Key::Verbose => self.verbose = switch(text)?,
            Key::Quiet => self.quiet = switch(text)?,
        }
        Ok(())
    }

    /// Which levels actions get.
    pub fn levels(&self) -> Levels {
        if self.unsandboxed { Levels::All(Level::None) } else { Levels::Default(self.determinism) }
    }

    /// Are actions that were cached to be told one by one?
    pub fn wants_cached(&self) -> bool {
        self.json || self.show_logs || self.verbose || self.trace.is_some()
    }

    /// Takes the environment variables of the table.
    pub fn take_environment(&mut self, environment: &BTreeMap<String, String>) -> Result<(), Report> {
        for setting in SETTINGS {
            let Some(variable) = setting.variable else { continue };
            let Some(text) = environment.get(variable).filter(|text| !text.is_empty()) else { continue };
            self.set(setting.key, text).map_err(|why| {
                Report::new(802, format!("the environment variable {variable} is '{text}', but {why}"))
            })?;
        }
        Ok(())
    }

    /// Takes the flags.
    pub fn take_flags(&mut self, matches: &ArgMatches) -> Result<(), Report> {
        for setting in SETTINGS {
            if setting.value.is_none() {
                if matches.try_get_one::<bool>(&setting.id()).ok().flatten().copied().unwrap_or(false) {
                    self.set(setting.key, "true").map_err(|why| Report::new(802, why))?;
                }
            } else if let Ok(Some(text)) = matches.try_get_one::<String>(&setting.id()) {
                self.set(setting.key, text)
                    .map_err(|why| Report::new(802, format!("--{} is '{text}', but {why}", setting.flag)))?;
            }
        }
        Ok(())
    }
}

fn level_expected(text: &str) -> String {
    let known = LEVELS.map(|name| format!("'{name}'")).join(", ");
    let hint = closest(text, LEVELS).map(|name| format!("; did you mean '{name}'?")).unwrap_or_default();
    format!("one of {known} is expected{hint}")
}

fn switch(text: &str) -> Result<bool, String> {
    match text {
        "true" | "1" | "yes" => Ok(true),
        "false" | "0" | "no" => Ok(false),
        _ => Err("'true' or 'false' is expected".to_owned()),
    }
}

fn number(text: &str, least: u64, most: u64) -> Result<u64, String> {
    let found = text.parse::<u64>().ok().filter(|n| (least..=most).contains(n));
    found.ok_or_else(|| format!("a whole number from {least} to {most} is expected"))
}

/// A size with its unit, such as `512M` or `4G`.
fn size(text: &str) -> Result<Bound, String> {
    if text == "none" {
        return Ok(Bound::None);
    }
    let units = [("K", 10), ("M", 20), ("G", 30), ("T", 40)];
    let found = units.into_iter().find_map(|(unit, shift)| {
        let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
        number.checked_mul(1 << shift).filter(|bytes| *bytes > 0)
    });
    found.map(Bound::Most).ok_or_else(|| "a whole number with K, M, G or T, or 'none', is expected".to_owned())
}

/// The flags of the table, for clap.
pub fn arguments() -> impl Iterator<Item = Arg> {
    SETTINGS.iter().map(|setting| {
        let mut arg = Arg::new(setting.id()).long(setting.flag).global(true).help_heading("Settings");
        arg = match setting.variable {
            Some(variable) => arg.help(format!("{} [env: {variable}]", setting.help)),
            None => arg.help(setting.help),
        };
        if let Some(short) = setting.short {
            arg = arg.short(short);
        }
        match setting.value {
            None => arg.action(ArgAction::SetTrue),
            Some(value) if setting.choices.is_empty() => arg.value_name(value).action(ArgAction::Set),
            Some(value) => {
                arg.value_name(value).action(ArgAction::Set).value_parser(PossibleValuesParser::new(setting.choices))
            }
        }
    })
}

/// The table of `docs/configuration.md`.
pub fn document() -> String {
    let code = |text: Option<String>| text.map_or_else(|| "-".to_owned(), |text| format!("`{text}`"));
    let mut text = String::from("| flag | environment | gx.toml | default | what it does |\n|---|---|---|---|---|\n");
    for setting in SETTINGS {
        let value = setting
            .value
            .map(|value| if setting.choices.is_empty() { value.to_owned() } else { setting.choices.join("\\|") });
        let mut flag = format!("--{}", setting.flag);
        if let Some(value) = value {
            flag = format!("{flag} {value}");
        }
        if let Some(short) = setting.short {
            flag = format!("-{short}, {flag}");
        }
        text.push_str(&format!(
            "| `{flag}` | {} | {} | {} | {} |\n",
            code(setting.variable.map(str::to_owned)),
            code(setting.toml.map(str::to_owned)),
            setting.default,
            setting.help
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn flags(arguments_given: &[&str]) -> ArgMatches {
        clap::Command::new("gx").args(arguments()).get_matches_from(arguments_given)
    }

    #[test]
    fn a_flag_beats_the_environment_which_beats_the_file_which_beats_the_default() {
        let variables = environment(&[("GX_JOBS", "3"), ("GX_TIMEOUT", "5"), ("HOME", "/home/u")]);
        let mut settings = Settings::defaults(&variables);
        assert_eq!(settings.store, Path::new("/home/u/.cache/gx"));
        settings.set(Key::Jobs, "2").unwrap();
        settings.set(Key::Timeout, "2").unwrap();
        settings.set(Key::KeepGoing, "true").unwrap();
        settings.take_environment(&variables).unwrap();
        settings.take_flags(&flags(&["gx", "-j", "4"])).unwrap();
        assert_eq!((settings.jobs, settings.timeout_ms, settings.keep_going), (Some(4), Some(5000), true));
    }

    #[test]
    fn values_that_cannot_be_used_are_refused() {
        let mut settings = Settings::defaults(&BTreeMap::new());
        insta::assert_snapshot!(settings.take_environment(&environment(&[("GX_JOBS", "0")])).unwrap_err().text(false));
        insta::assert_snapshot!(settings.take_flags(&flags(&["gx", "--timeout=soon"])).unwrap_err().text(false));
        let variables = environment(&[("GX_DETERMINISM", "normalized")]);
        insta::assert_snapshot!(settings.take_environment(&variables).unwrap_err().text(false));
        insta::assert_snapshot!(settings.take_flags(&flags(&["gx", "--max-memory=4"])).unwrap_err().text(false));
        assert!(settings.set(Key::MaxDisk, "99999999999T").is_err() && settings.set(Key::MaxDisk, "0G").is_err());
        assert!(settings.set(Key::MaxProcesses, "0").is_err());
        for setting in SETTINGS.iter().filter(|setting| setting.value.is_none()) {
            assert!(settings.set(setting.key, "perhaps").is_err(), "{}", setting.flag);
        }
    }

    #[test]
    fn the_document_is_the_table() {
        crate::testing::same_section("docs/configuration.md", "settings", &document());
    }
}
