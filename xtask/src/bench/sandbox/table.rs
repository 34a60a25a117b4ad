//! The table of `bench sandbox`, on the screen and in docs/benchmarks.md.

use super::super::measure::Samples;
use super::super::report::{Machine, cell};
use super::{Figures, Load};
use std::fmt::Write as _;

/// Behind which it stands in the document.
pub(super) const MARK: &str = "<!-- begin: written by `cargo xtask bench sandbox` -->";

/// The table as Markdown: a row for each runner, and in each cell how many times as long it took as the first.
pub(super) fn text(loads: &[Load], figures: &Figures, machine: &Machine, rounds: usize) -> String {
    let mut out = format!(
        "{machine}.\nMedians of {rounds}; in brackets the spread, slowest less fastest as a share of the median; then \
         the ratio to the first row.\n\n"
    );
    let names: Vec<String> = loads.iter().map(Load::name).collect();
    let _ = writeln!(out, "| | {} |\n|---|{}", names.join(" | "), "---|".repeat(names.len()));
    let first: Vec<f64> = match figures.first() {
        Some((_, Ok(samples))) => samples.iter().map(Samples::median).collect(),
        _ => Vec::new(),
    };
    let mut absent = String::new();
    for (name, samples) in figures {
        let samples = match samples {
            Ok(samples) => samples,
            Err(why) => {
                let _ = writeln!(absent, "\nNot measured: {name}: {why}.");
                continue;
            }
        };
        let cells = samples.iter().zip(&first).zip(loads).map(|((samples, first), load)| {
            let ratio = format!("{}, {:.2}x", cell(samples), samples.median() / first);
            match load {
                Load::Trivial(actions) => {
                    let actions = u32::try_from(*actions).map_or(f64::NAN, f64::from);
                    format!("{ratio}, {:.0} a second", actions / samples.median())
                }
                Load::Project(..) => ratio,
            }
        });
        let _ = writeln!(out, "| {name} | {} |", cells.collect::<Vec<_>>().join(" | "));
    }
    out + &absent
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_is_named_and_the_rest_is_compared() {
        let of = |seconds| {
            let mut samples = Samples::new();
            samples.add(seconds);
            Ok(vec![samples])
        };
        let figures: Figures = vec![
            ("no sandbox".to_owned(), of(2.0)),
            ("gx".to_owned(), of(3.0)),
            ("bwrap".to_owned(), Err("bwrap is not there".to_owned())),
        ];
        let machine = Machine::look(0.0).unwrap();
        let text = text(&[Load::Trivial(600)], &figures, &machine, 1);
        assert!(text.contains("| gx | 3.00 s [0 %], 1.50x, 200 a second |"), "{text}");
        assert!(text.ends_with("\nNot measured: bwrap: bwrap is not there.\n"), "{text}");
    }
}
