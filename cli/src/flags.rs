//! The command line: commands and their arguments. Flags that are settings come from `settings.rs`.
//!
//! This file does not know what a command does.

use crate::flags_spec::{Fmt, SpecCommand};
use crate::settings;
use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The command line.
#[derive(Debug, Clone, Parser)]
#[command(name = "gx", version, about = "A hermetic, content-addressed build engine", subcommand_required = true)]
#[command(arg_required_else_help = true, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
pub enum Command {
    /// Make a workspace here: gx.toml, and an example in an empty folder
    Init,
    /// Build targets; their outputs are placed below gx-out
    Build(Patterns),
    /// Build and run tests; results are cached
    Test(Patterns),
    /// Build a program and run it
    Run(Run),
    /// Ask about the target graph
    #[command(after_help = QUERY_HELP)]
    Query(Query),
    /// Fetch what a build would fetch, so that it needs no network
    Fetch(Fetch),
    /// Resolve pinned packages through apt, and write their locks
    Lock(Lock),
    /// Check contracts, evaluate their operators, compare their versions
    #[command(subcommand)]
    Spec(SpecCommand),
    /// Bring files into their one form
    Fmt(Fmt),
    /// Serve an editor over standard input and output: findings, forms, what names stand for
    Lsp,
    /// Remove gx-out (the store keeps everything)
    Clean,
    /// Show any object by its digest or the start of it
    Show(Show),
    /// Say why each action of a target ran, in the last build that ran it
    Why(Why),
    /// Print what the actions of a target wrote
    Log(Target),
    /// Run every action of targets again in a perturbed world, and name what leaks
    #[command(after_help = AUDIT_HELP)]
    Audit(Audit),
    /// Write what a target generates into a folder, and keep what people wrote there
    Generate(Generate),
    /// Build a release, sign its bundle and check it
    PushButton(PushButton),
    /// Check a bundle: every file, its records and its signature; needs no network and no workspace
    Verify(Verify),
    /// Keys that sign manifests
    #[command(subcommand)]
    Key(KeyCommand),
    /// Explain an error code
    Explain(Explain),
    /// List the backends that contracts become code for
    Targets,
    /// Check what this machine can do, or prove that a target opens nothing but its inputs
    Doctor(Doctor),
    /// Look into the store
    #[command(subcommand)]
    Store(StoreCommand),
    /// Remove from the store what no recent build needs
    Gc(Gc),
    /// Ask about the daemon, or stop it
    #[command(subcommand)]
    Daemon(DaemonCommand),
    /// Print a completion script for a shell
    Completion(Completion),
    /// Print the version
    Version,
}

const QUERY_HELP: &str = "Expressions:
  //a:b  //a/...  //a:all      targets
  deps(X)  deps(X, N)          everything X depends on, N steps at most
  rdeps(U, X)  rdeps(U, X, N)  what in U depends on X
  kind(PATTERN, X)             targets of X whose rule matches
  filter(PATTERN, X)           targets of X whose label matches
  attr(NAME, PATTERN, X)       targets of X whose attribute matches
  labels(NAME, X)              what an attribute of X names
  somepath(A, B)               one chain of dependencies from A to B
  allpaths(A, B)               everything on a way from A to B
  tests(X)                     the tests in X, those of test suites too
  siblings(X)                  all targets of the packages of X
  same_pkg_direct_rdeps(X)     what depends on X directly, in its package
  some(X)  some(X, N)          one of X, or N
  set(A B C)                   targets, one after another
  X + Y, X ^ Y, X - Y          union, intersection, difference";

const AUDIT_HELP: &str =
    "Each action runs again with the inputs that it had, in a world that differs in everything that
--list names; its outputs must be byte for byte what they were. For a difference the perturbation
that makes it is found by bisection. Nothing that an audit makes is kept as an outcome.

As built, the world around the sandbox is another: does the level of each action hold? With
--latent the sandbox itself is: what would leak if gx did not hide it?";

/// `gx audit`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Audit {
    /// What else can be done with what was built.
    #[command(subcommand)]
    pub command: Option<AuditCommand>,
    /// Labels and patterns, as for build
    #[arg(value_name = "PATTERN", required_unless_present = "list")]
    pub patterns: Vec<String>,
    /// What would leak if it were not hidden: perturb the inside of the sandbox, at level sandboxed
    #[arg(long)]
    pub latent: bool,
    /// Perturb these only, by name, with commas between them
    #[arg(long, value_name = "NAMES")]
    pub perturb: Option<String>,
    /// List what can be perturbed, and what of it this machine allows
    #[arg(long)]
    pub list: bool,
    /// Run nothing again: compare with what the store in this folder holds
    #[arg(long, value_name = "STORE", conflicts_with_all = ["latent", "perturb"])]
    pub against: Option<PathBuf>,
}

impl Audit {
    /// Does it build?
    pub fn builds(&self) -> bool {
        !self.list && !matches!(self.command, Some(AuditCommand::Diff(_)))
    }
}

/// What else can be done with what was built.
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
pub enum AuditCommand {
    /// Write a signed manifest: every action with what went in and what came out
    Export(AuditExport),
    /// Compare two manifests or stores, the first divergence first
    Diff(AuditDiff),
}

/// `gx audit export`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct AuditExport {
    /// The file to write
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Labels and patterns; all targets when there are none
    #[arg(value_name = "PATTERN")]
    pub patterns: Vec<String>,
    /// The key that signs; needed when there are several
    #[arg(long, value_name = "NAME")]
    pub key: Option<String>,
}

/// `gx audit diff`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct AuditDiff {
    /// A manifest, or the folder of a store
    #[arg(value_name = "A")]
    pub first: PathBuf,
    /// The other one
    #[arg(value_name = "B")]
    pub second: PathBuf,
    /// Trust the public key in this file too
    #[arg(long, value_name = "FILE")]
    pub trust: Vec<PathBuf>,
}

/// `gx generate`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Generate {
    /// The label of a target that makes one folder, such as `codegen`
    #[arg(value_name = "TARGET")]
    pub target: String,
    /// The folder, which is made when it is not there
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// Write nothing, and end with 7 when something would be written
    #[arg(long)]
    pub check: bool,
    /// Take edits outside of kept regions too, where the generated text did not change
    #[arg(long)]
    pub merge: bool,
}

/// `gx push-button`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct PushButton {
    /// The label of a release
    #[arg(value_name = "TARGET")]
    pub target: String,
    /// Sign the bundle with this key
    #[arg(long, value_name = "NAME")]
    pub key: Option<String>,
    /// Also put the bundle into this folder, which must not be there
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// `gx verify`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Verify {
    /// The bundle's folder
    #[arg(value_name = "BUNDLE")]
    pub bundle: PathBuf,
    /// It has to be signed; trust the public key in this file too
    #[arg(long, value_name = "FILE")]
    pub trust: Vec<PathBuf>,
    /// Its signature, when that does not lie beside it
    #[arg(long, value_name = "FILE")]
    pub signature: Option<PathBuf>,
    /// It has to have this root digest (SHA-256 of its manifest.json)
    #[arg(long, value_name = "DIGEST")]
    pub root: Option<String>,
}

/// `gx key`.
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
pub enum KeyCommand {
    /// Make a key; its secret half stays in the folder of keys
    New {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// List the keys that sign and those that are trusted
    List,
    /// Print the public half, for whoever shall trust it
    Export {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
    },
}

/// Targets.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Patterns {
    /// Labels and patterns: //a:b, :c, //..., //a/..., //a:all, -//a:c takes away
    #[arg(value_name = "PATTERN", required = true, allow_hyphen_values = false)]
    pub patterns: Vec<String>,
}

/// A target.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Target {
    /// Its label
    #[arg(value_name = "TARGET")]
    pub target: String,
}

/// `gx why`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Why {
    /// The target's label
    #[arg(value_name = "TARGET")]
    pub target: String,
    /// Say instead what is not the same in another store: of another machine, say
    #[arg(long, value_name = "STORE")]
    pub against: Option<PathBuf>,
}

/// `gx run`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Run {
    /// The program's label
    #[arg(value_name = "TARGET")]
    pub target: String,
    /// Its arguments, after --
    #[arg(value_name = "ARGUMENTS", last = true)]
    pub arguments: Vec<String>,
}

/// `gx query`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Query {
    /// The expression
    #[arg(value_name = "EXPRESSION")]
    pub expression: String,
    /// The form of the answer
    #[arg(long, value_name = "FORM", default_value = "labels")]
    pub output: QueryOutput,
}

/// The form of a query's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub enum QueryOutput {
    /// One label a line.
    Labels,
    /// A JSON document.
    Json,
    /// A graph for Graphviz.
    Dot,
}

/// `gx fetch`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Fetch {
    /// What to fetch for: labels and patterns; all of the workspace when none is given
    #[arg(value_name = "PATTERN")]
    pub patterns: Vec<String>,
    /// Also write each file into this folder, by its SHA-256: a mirror for `--mirror` and `--from`
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
    /// Take everything from such a folder, and nothing over the network
    #[arg(long, value_name = "DIR")]
    pub from: Option<PathBuf>,
}

/// `gx lock`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Lock {
    /// Repositories of kind debian_packages; all of gx.toml when none is named
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
}

/// `gx show`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Show {
    /// A digest or its first digits (at least 4)
    #[arg(id = "object", value_name = "DIGEST")]
    pub digest: String,
}

/// `gx explain`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Explain {
    /// The code, as GX0112
    #[arg(value_name = "CODE")]
    pub code: String,
}

/// `gx doctor`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Doctor {
    /// Run every action of this target again, and list each file that it opens and did not declare
    #[arg(long, value_name = "TARGET")]
    pub hermetic: Option<String>,
}

/// `gx store`.
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
pub enum StoreCommand {
    /// List a folder's content, or all roots
    Ls {
        /// A tree's digest, or its first digits; without it: what the roots keep
        #[arg(id = "object", value_name = "DIGEST")]
        digest: Option<String>,
    },
    /// Write a blob to standard output
    Cat {
        /// The digest or its first digits
        #[arg(id = "object", value_name = "DIGEST")]
        digest: String,
        /// A path inside the tree of that digest
        #[arg(value_name = "PATH")]
        path: Option<String>,
    },
    /// Show any object
    Show(Show),
    /// How much the store holds
    Du,
    /// Check every object's digest; repair what can be repaired
    Verify,
    /// List the roots: what gc keeps
    Roots,
}

/// `gx gc`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Gc {
    /// Say what would be removed, and remove nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// `gx daemon`.
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
pub enum DaemonCommand {
    /// Its process, version and store, and since when it runs
    Status,
    /// Let it finish its work, then end it
    Stop,
    /// Print its log
    Log,
    /// Be the daemon (gx starts it by itself)
    #[command(hide = true)]
    Serve {
        /// Socket to listen on
        #[arg(long)]
        socket: PathBuf,
    },
}

/// `gx completion`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Completion {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

/// A shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub enum Shell {
    /// Bash.
    Bash,
    /// Zsh.
    Zsh,
    /// Fish.
    Fish,
}

/// The whole command for clap: commands, and the settings as global flags.
pub fn command() -> clap::Command {
    Cli::command().args(settings::arguments())
}

/// The same without what is hidden: completion scripts would offer it.
pub fn command_shown() -> clap::Command {
    command().mut_subcommand("daemon", |daemon| {
        let shown: Vec<clap::Command> = daemon.get_subcommands().filter(|it| !it.is_hide_set()).cloned().collect();
        let about = daemon.get_about().cloned().unwrap_or_default();
        clap::Command::new("daemon").about(about).subcommand_required(true).subcommands(shown)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn help_texts() {
        let mut gx = command().term_width(100);
        insta::assert_snapshot!("help_gx", gx.render_long_help().to_string());
        let names: Vec<String> = gx.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
        gx.build();
        for name in names {
            let sub = gx.find_subcommand_mut(&name).unwrap();
            insta::assert_snapshot!(format!("help_{name}"), sub.render_help().to_string());
        }
    }
}
