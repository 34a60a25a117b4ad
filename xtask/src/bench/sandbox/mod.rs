//! `cargo xtask bench sandbox`: what a sandbox costs, for real compiles and for trivial actions.
//!
//! The same commands run under everything that is compared, in one run and in turn, so that a slow minute of the
//! machine hits all of them alike: plain processes, `bwrap --unshare-all`, Bazel's linux-sandbox, and gx at each
//! level that it can hold here. gx does more in its time than the others: it loads, analyses, stages, hashes and
//! keeps what comes out. This file reads the flags and drives the rounds; `commands` knows the others, `levels` gx,
//! `table` the document.

mod commands;
mod levels;
mod table;

use super::measure::{self, Samples};
use super::{report, tools};
use anyhow::{Context, Result, bail, ensure};
use std::path::{Path, PathBuf};

const USAGE: &str = "usage: cargo xtask bench sandbox [flags]
  --actions N     trivial actions (default 10000)
  --rounds N      how often everything is measured (default 3)
  --projects LIST of lua,lz4,sqlite (default all); their sources are fetched as examples/third_party says
  --gx FILE       the gx to measure (default target/release/gx)
  --folder DIR    where everything goes (default target/bench/sandbox; wiped)
  --date DATE     write docs/benchmarks.md with this date; without it the table is only printed

bwrap is taken from PATH; linux-sandbox from PATH, from /usr/share/bazel, or out of Debian's bazel-bootstrap, which is
downloaded with apt-get and not installed. What is not there is named in the table. About ten minutes on 2 cores.";

/// What is built for real: a repository of examples/third_party, and its target.
const PROJECTS: [(&str, &str); 3] = [("lua", "@lua//:lua"), ("lz4", "@lz4//:lz4"), ("sqlite", "@sqlite//:sqlite3")];

/// What was asked for.
struct Flags {
    actions: usize,
    rounds: usize,
    projects: Vec<(&'static str, &'static str)>,
    gx: PathBuf,
    folder: PathBuf,
    date: Option<String>,
}

/// Something to run.
enum Load {
    /// A project, by its name and target.
    Project(&'static str, &'static str),
    /// So many trivial actions.
    Trivial(usize),
}

impl Load {
    fn name(&self) -> String {
        match self {
            Load::Project(name, _) => (*name).to_owned(),
            Load::Trivial(actions) => format!("{actions} trivial actions"),
        }
    }
}

/// Something that runs it.
trait Runner {
    /// Its name in the table.
    fn name(&self) -> String;
    /// Runs a load from nothing; seconds.
    fn run(&self, load: &Load) -> Result<f64>;
}

/// A runner with its name; or why it cannot be had.
type Tried<'a> = (String, Result<Box<dyn Runner + 'a>, String>);

/// What was measured: by runner, and for each load in order; or why the runner was left out.
type Figures = Vec<(String, Result<Vec<Samples>, String>)>;

/// Answers it.
pub(super) fn command(root: &Path, arguments: &[String]) -> Result<()> {
    if arguments.iter().any(|a| a == "--help" || a == "-h") {
        println!("{USAGE}");
        return Ok(());
    }
    let flags = flags(root, arguments)?;
    ensure!(flags.gx.is_file(), "{} is not there: cargo build --release -p gx", flags.gx.display());
    let load_before = measure::load_average()?;
    tools::remove(&flags.folder)?;
    let space = levels::Space::new(&flags.gx, &flags.folder, &root.join("examples/third_party"), flags.actions)?;
    let commands = commands::Commands::new(&flags.folder, &space, &flags.projects, flags.actions)?;
    let mut runners = commands::all(&commands, &flags.folder);
    runners.extend(levels::all(&space));
    let projects = flags.projects.iter().map(|(name, target)| Load::Project(name, target));
    let loads: Vec<Load> = projects.chain([Load::Trivial(flags.actions)]).collect();
    let mut figures: Figures = Vec::new();
    for (name, runner) in &runners {
        let empty = || loads.iter().map(|_| Samples::new()).collect();
        figures.push((name.clone(), runner.as_ref().map(|_| empty()).map_err(Clone::clone)));
    }
    for round in 1..=flags.rounds {
        for (at, load) in loads.iter().enumerate() {
            for ((_, runner), (name, samples)) in runners.iter().zip(&mut figures) {
                let (Ok(runner), Ok(samples)) = (runner, samples) else { continue };
                let seconds = runner.run(load).with_context(|| format!("{name}, {}", load.name()))?;
                eprintln!("round {round}, {}, {name}: {seconds:.3} s", load.name());
                samples.get_mut(at).context("no such load")?.add(seconds);
            }
        }
    }
    let machine = report::Machine::look(load_before)?;
    let text = table::text(&loads, &figures, &machine, flags.rounds);
    println!("\n{text}");
    if let Some(date) = &flags.date {
        let command = report::command("sandbox", arguments);
        report::write(&root.join("docs/benchmarks.md"), table::MARK, date, &command, &text)?;
    }
    tools::remove(&flags.folder)
}

fn flags(root: &Path, arguments: &[String]) -> Result<Flags> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let mut flags = Flags {
        actions: 10_000,
        rounds: 3,
        projects: PROJECTS.to_vec(),
        gx: target.join("release/gx"),
        folder: target.join("bench/sandbox"),
        date: None,
    };
    let mut rest = arguments.iter();
    while let Some(flag) = rest.next() {
        let mut value = || rest.next().with_context(|| format!("`{flag}` needs a value\n{USAGE}"));
        match flag.as_str() {
            "--actions" => flags.actions = value()?.parse().context("--actions")?,
            "--rounds" => flags.rounds = value()?.parse().context("--rounds")?,
            "--projects" => {
                let known = |name| PROJECTS.into_iter().find(|(known, _)| *known == name);
                let names = value()?.split(',').filter(|name| !name.is_empty());
                let found = names.map(|name| known(name).with_context(|| format!("`{name}` is no project")));
                flags.projects = found.collect::<Result<_>>()?;
            }
            "--gx" => flags.gx = std::path::absolute(value()?)?,
            "--folder" => flags.folder = std::path::absolute(value()?)?,
            "--date" => flags.date = Some(value()?.clone()),
            other => bail!("`{other}` is no flag of `bench sandbox`\n{USAGE}"),
        }
    }
    Ok(flags)
}
