//! The table, on the screen and in docs/benchmarks.md.

use super::measure::{self, Samples};
use super::{Figures, ShapeFigures};
use anyhow::{Context, Result};
use std::fmt::Write as _;
use std::path::Path;

/// What was measured on.
pub(super) struct Machine {
    processors: usize,
    model: String,
    kernel: String,
    load_before: f64,
    load_after: f64,
}

impl Machine {
    /// Looks at the machine at the end of a run.
    pub(super) fn look(load_before: f64) -> Result<Self> {
        let cpuinfo = std::fs::read_to_string("/proc/cpuinfo")?;
        let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown");
        Ok(Self {
            processors: std::thread::available_parallelism()?.get(),
            model: model.trim_start_matches(['\t', ':', ' ']).to_owned(),
            kernel: std::fs::read_to_string("/proc/sys/kernel/osrelease")?.trim().to_owned(),
            load_before,
            load_after: measure::load_average()?,
        })
    }
}

/// The mark behind which the tables of this comparison stand in the document, up to the next `END`.
pub(super) const GRAPHS: &str = "<!-- begin: written by `cargo xtask bench` -->";
const END: &str = "<!-- end -->";

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Machine { processors, model, kernel, load_before, load_after } = self;
        write!(f, "{processors} processors ({model}), Linux {kernel}, load average {load_before:.1} before and ")?;
        write!(f, "{load_after:.1} after")
    }
}

/// The tables as Markdown.
pub(super) fn text(all: &[ShapeFigures], machine: &Machine, actions: usize, rounds: usize) -> String {
    let mut out = format!(
        "{actions} actions a graph, {machine}.\n\
         Medians of {rounds} clean builds and {} no-ops and edits; in brackets the spread, slowest less fastest as a\n\
         share of the median.\n",
        rounds * 3
    );
    for figures in all {
        let _ = writeln!(out, "\n### {}\n", figures.shape.name());
        table(&mut out, figures, actions);
    }
    out
}

/// A row of the table: its name, and what of the figures stands in it.
type Measure = (&'static str, fn(&Figures) -> &Samples);

fn table(out: &mut String, figures: &ShapeFigures, actions: usize) {
    let names: Vec<&str> = figures.tools.iter().map(|(name, _)| *name).collect();
    let others: Vec<String> = names.iter().skip(1).map(|name| format!("gx / {name}")).collect();
    let _ = writeln!(out, "| | {} | {} |", names.join(" | "), others.join(" | "));
    let _ = writeln!(out, "|---|{}", "---|".repeat(names.len() + others.len()));
    let measures: [Measure; 4] = [
        ("clean build", |figures| &figures.clean),
        ("no-op right after a build", |figures| &figures.first_noop),
        ("no-op, warm daemon", |figures| &figures.noop),
        ("one leaf edited", |figures| &figures.edit),
    ];
    for (name, pick) in measures {
        let samples: Vec<&Samples> = figures.tools.iter().map(|(_, figures)| pick(figures)).collect();
        row(out, name, &samples);
        if name == "no-op, warm daemon" {
            let mut cold = samples.clone();
            if let Some(first) = cold.first_mut() {
                *first = &figures.gx_cold;
            }
            row(out, "no-op, cold process", &cold);
        }
    }
    let actions = u32::try_from(actions).map_or(f64::NAN, f64::from);
    let rates: Vec<String> =
        figures.tools.iter().map(|(_, figures)| format!("{:.0}", actions / figures.clean.median())).collect();
    let blanks = " |".repeat(others.len());
    let _ = writeln!(out, "| actions a second, clean | {} |{blanks}", rates.join(" | "));
    if let Some(bytes) = figures.gx_bytes_per_action {
        let _ =
            writeln!(out, "| daemon's memory an action | {bytes:.0} bytes |{}", " |".repeat(names.len() - 1) + &blanks);
    }
}

fn row(out: &mut String, name: &str, samples: &[&Samples]) {
    let cells: Vec<String> = samples.iter().map(|s| cell(s)).collect();
    let gx = samples.first().map_or(f64::NAN, |s| s.median());
    let ratios: Vec<String> = samples.iter().skip(1).map(|s| format!("{:.2}x", gx / s.median())).collect();
    let _ = writeln!(out, "| {name} | {} | {} |", cells.join(" | "), ratios.join(" | "));
}

pub(super) fn cell(samples: &Samples) -> String {
    let median = samples.median();
    let noise = samples.spread() * 100.0;
    if median < 1.0 {
        format!("{:.0} ms [{noise:.0} %]", median * 1000.0)
    } else {
        format!("{median:.2} s [{noise:.0} %]")
    }
}

/// The command as anybody could give it: folders and programs of this machine say nothing elsewhere.
pub(super) fn command(kind: &str, arguments: &[String]) -> String {
    let mut words = vec!["cargo xtask bench".to_owned()];
    words.extend(Some(kind.to_owned()).filter(|kind| !kind.is_empty()));
    let mut given = arguments.iter();
    while let Some(word) = given.next() {
        match word.as_str() {
            "--gx" | "--folder" => drop(given.next()),
            _ => words.push(word.clone()),
        }
    }
    words.join(" ")
}

/// Puts the tables behind their mark in the document.
pub(super) fn write(file: &Path, mark: &str, date: &str, command: &str, text: &str) -> Result<()> {
    let document = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let (head, rest) = document.split_once(mark).with_context(|| format!("docs/benchmarks.md has no `{mark}`"))?;
    let (_, tail) = rest.split_once(END).context("docs/benchmarks.md has no end mark")?;
    let table = format!("{mark}\nMeasured on {date} by `{command}`.\n\n{text}{END}");
    std::fs::write(file, format!("{head}{table}{tail}")).with_context(|| format!("writing {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::command;

    #[test]
    fn a_command_names_nothing_of_this_machine() {
        let words = "--rounds 2 --gx /a/gx --folder /a/b --date D".split(' ').map(str::to_owned);
        assert_eq!(command("sandbox", &words.collect::<Vec<_>>()), "cargo xtask bench sandbox --rounds 2 --date D");
        assert_eq!(command("", &[]), "cargo xtask bench");
    }
}
