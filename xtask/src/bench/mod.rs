//! `cargo xtask bench`: the same graph of trivial actions built by gx, ninja and make, in one run.
//!
//! Rounds are interleaved, tool after tool, so that a slow minute of the machine hits all of them alike; medians are
//! compared, and the spread of each is printed beside them. This file reads the flags and drives the rounds; it knows
//! no tool and no shape.

mod measure;
mod parts;
mod report;
mod sandbox;
mod shape;
mod spec;
mod tools;
mod write;

use anyhow::{Context, Result, bail};
use measure::Samples;
use shape::{Graph, Shape};
use std::path::{Path, PathBuf};

const USAGE: &str = "usage: cargo xtask bench [flags]
       cargo xtask bench parts [filter]    the parts of gx one by one (criterion)
       cargo xtask bench sandbox [flags]   what each level costs, beside bwrap and Bazel's linux-sandbox (--help)
       cargo xtask bench spec [N]          N contracts of 30 operators parsed, checked and canonicalised (default 1000)
  --actions N    actions per workspace (default 10000)
  --shapes LIST  of wide,deep,random (default all)
  --rounds N     clean builds of each tool (default 3); no-ops and edits are measured three times as often
  --gx FILE      the gx to measure (default target/release/gx)
  --folder DIR   where the workspaces go (default target/bench; wiped)
  --date DATE    write docs/benchmarks.md with this date; without it the table is only printed";

/// What was asked for.
struct Flags {
    actions: usize,
    shapes: Vec<Shape>,
    rounds: usize,
    gx: PathBuf,
    folder: PathBuf,
    date: Option<String>,
}

/// What one shape gave for one tool.
struct Figures {
    clean: Samples,
    first_noop: Samples,
    noop: Samples,
    edit: Samples,
}

impl Figures {
    fn new() -> Self {
        Self { clean: Samples::new(), first_noop: Samples::new(), noop: Samples::new(), edit: Samples::new() }
    }
}

/// What one shape gave.
struct ShapeFigures {
    shape: Shape,
    tools: Vec<(&'static str, Figures)>,
    gx_cold: Samples,
    gx_bytes_per_action: Option<f64>,
}

/// Runs the whole comparison, or what `parts` asks for.
pub(crate) fn command(root: &Path, arguments: Vec<String>) -> Result<()> {
    if let Some(("parts", rest)) = arguments.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        return parts::command(root, rest);
    }
    if let Some(("spec", rest)) = arguments.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        return spec::command(root, rest);
    }
    if let Some(("sandbox", rest)) = arguments.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        return sandbox::command(root, rest);
    }
    if arguments.iter().any(|a| a == "--help" || a == "-h") {
        println!("{USAGE}");
        return Ok(());
    }
    let flags = flags(root, &arguments)?;
    if !flags.gx.is_file() {
        bail!("{} is not there: cargo build --release -p gx", flags.gx.display());
    }
    let load_before = measure::load_average()?;
    let mut all = Vec::new();
    for shape in &flags.shapes {
        all.push(run_shape(&flags, *shape)?);
    }
    let machine = report::Machine::look(load_before)?;
    let command = report::command("", &arguments);
    let text = report::text(&all, &machine, flags.actions, flags.rounds);
    println!("\n{text}");
    if let Some(date) = &flags.date {
        report::write(&root.join("docs/benchmarks.md"), report::GRAPHS, date, &command, &text)?;
    }
    Ok(())
}

fn flags(root: &Path, arguments: &[String]) -> Result<Flags> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let mut flags = Flags {
        actions: 10_000,
        shapes: vec![Shape::Wide, Shape::Deep, Shape::Random],
        rounds: 3,
        gx: target.join("release/gx"),
        folder: target.join("bench"),
        date: None,
    };
    let mut rest = arguments.iter();
    while let Some(flag) = rest.next() {
        let mut value = || rest.next().with_context(|| format!("`{flag}` needs a value\n{USAGE}"));
        match flag.as_str() {
            "--actions" => flags.actions = value()?.parse().context("--actions")?,
            "--rounds" => flags.rounds = value()?.parse().context("--rounds")?,
            "--shapes" => flags.shapes = value()?.split(',').map(Shape::parse).collect::<Result<_>>()?,
            "--gx" => flags.gx = std::path::absolute(value()?)?,
            "--folder" => flags.folder = std::path::absolute(value()?)?,
            "--date" => flags.date = Some(value()?.clone()),
            other => bail!("`{other}` is no flag of bench\n{USAGE}"),
        }
    }
    Ok(flags)
}

fn run_shape(flags: &Flags, shape: Shape) -> Result<ShapeFigures> {
    let graph = Graph::generate(shape, flags.actions);
    let mut tools = tools::all(&flags.gx, &flags.folder.join(shape.name()), &graph)?;
    let mut figures: Vec<(&'static str, Figures)> = tools.iter().map(|tool| (tool.name(), Figures::new())).collect();
    for round in 0..flags.rounds {
        for (tool, (name, figures)) in tools.iter_mut().zip(&mut figures) {
            tool.clean()?;
            let seconds = tool.build()?;
            eprintln!("{} {name} clean, round {}: {seconds:.3} s", shape.name(), round + 1);
            figures.clean.add(seconds);
        }
    }
    for round in 0..flags.rounds * 3 {
        for (tool, (_, figures)) in tools.iter_mut().zip(&mut figures) {
            figures.first_noop.add(tool.build()?);
            figures.noop.add(tool.build()?);
            tool.edit(round % graph.leaves)?;
            figures.edit.add(tool.build()?);
        }
    }
    let gx_bytes_per_action = tools::gx_memory_per_action(&flags.gx, &flags.folder, &graph, &mut tools)?;
    let mut gx_cold = Samples::new();
    for _ in 0..flags.rounds * 3 {
        gx_cold.add(tools::gx_cold_noop(&flags.gx, &mut tools)?);
    }
    for tool in &mut tools {
        tool.finish()?;
    }
    Ok(ShapeFigures { shape, tools: figures, gx_cold, gx_bytes_per_action })
}
