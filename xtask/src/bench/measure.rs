//! Clocks, medians and spreads.

use anyhow::{Context, Result, bail};
use std::process::Command;
use std::time::Instant;

/// Measurements of one thing, in seconds.
#[derive(Debug, Clone, Default)]
pub(super) struct Samples(Vec<f64>);

impl Samples {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn add(&mut self, seconds: f64) {
        self.0.push(seconds);
        self.0.sort_by(f64::total_cmp);
    }

    /// The middle one, or the mean of the two middle ones; `NaN` when there is none.
    pub(super) fn median(&self) -> f64 {
        let middle = self.0.len() / 2;
        match (self.0.len() % 2, self.0.get(middle), middle.checked_sub(1).and_then(|i| self.0.get(i))) {
            (1, Some(one), _) => *one,
            (0, Some(one), Some(other)) => (one + other) / 2.0,
            _ => f64::NAN,
        }
    }

    /// Slowest less fastest, as a share of the median: the machine's noise.
    pub(super) fn spread(&self) -> f64 {
        match (self.0.first(), self.0.last()) {
            (Some(low), Some(high)) => (high - low) / self.median(),
            _ => f64::NAN,
        }
    }
}

/// Runs a command to its end without its output and gives the seconds it took.
pub(super) fn seconds(command: &mut Command) -> Result<f64> {
    let start = Instant::now();
    let output = command.output().with_context(|| format!("running {command:?}"))?;
    let seconds = start.elapsed().as_secs_f64();
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        let tail: Vec<&str> = text.lines().rev().take(20).collect();
        bail!("{command:?} failed:\n{}", tail.into_iter().rev().collect::<Vec<_>>().join("\n"));
    }
    Ok(seconds)
}

/// Processes that wanted to run, over the last minute.
pub(super) fn load_average() -> Result<f64> {
    let text = std::fs::read_to_string("/proc/loadavg")?;
    text.split_whitespace().next().context("/proc/loadavg is empty")?.parse().context("/proc/loadavg")
}

/// Resident memory of a process, in bytes.
pub(super) fn resident_bytes(pid: u32) -> Result<f64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).context("the daemon is gone")?;
    let line = text.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
    let kib: f64 = line.split_whitespace().nth(1).context("no number")?.parse()?;
    Ok(kib * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_spreads() {
        let mut samples = Samples::new();
        for value in [3.0, 1.0, 2.0] {
            samples.add(value);
        }
        assert_eq!((samples.median(), samples.spread()), (2.0, 1.0));
        samples.add(4.0);
        assert_eq!(samples.median(), 2.5);
    }
}
