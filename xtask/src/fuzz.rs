//! `cargo xtask fuzz`: builds the programs in `fuzz/` with libFuzzer's instrumentation and runs them in turn.
//!
//! The flags are those of cargo-fuzz without a sanitizer, which alone would need a nightly compiler: gx has no unsafe
//! code that reads bytes, so panics, hangs and broken laws are what can be found. Inputs that a run found worth keeping
//! lie in `target/fuzz/corpus`, inputs that broke something in `target/fuzz/found`. This file does not know what a
//! target reads.

use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::Command;

const USAGE: &str = "usage: cargo xtask fuzz [--seconds N] [target...]
  --seconds N    how long each target runs (default 60)
  target         names of fuzz/fuzz_targets (default all of them)";

/// What makes the compiler tell libFuzzer which branches were taken.
const INSTRUMENTED: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing";
/// Named, so that build scripts are not instrumented.
#[cfg(target_arch = "x86_64")]
const PLATFORM: &str = "x86_64-unknown-linux-gnu";
#[cfg(not(target_arch = "x86_64"))]
const PLATFORM: &str = "aarch64-unknown-linux-gnu";

/// Runs it.
pub(crate) fn command(root: &Path, arguments: Vec<String>) -> Result<()> {
    let mut seconds = "60".to_owned();
    let mut targets = Vec::new();
    let known = known(root)?;
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--help" | "-h" => {
                println!("{USAGE}\ntargets: {}", known.join(", "));
                return Ok(());
            }
            "--seconds" => seconds = arguments.next().context("--seconds wants a number")?,
            name if known.iter().any(|known| known == name) => targets.push(name.to_owned()),
            other => bail!("`{other}` is no flag and no target\n{USAGE}\ntargets: {}", known.join(", ")),
        }
    }
    seconds.parse::<u32>().with_context(|| format!("--seconds {seconds}: no number"))?;
    let targets = if targets.is_empty() { known } else { targets };
    build(root, &targets)?;
    let mut broken = Vec::new();
    for target in &targets {
        if !run(root, target, &seconds)? {
            broken.push(target.as_str());
        }
    }
    if broken.is_empty() {
        println!("fuzz: {} targets, nothing found", targets.len());
        return Ok(());
    }
    bail!("found something in {}: see target/fuzz/found", broken.join(", "))
}

/// Names of all targets, sorted.
fn known(root: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(root.join("fuzz/fuzz_targets")).context("reading fuzz/fuzz_targets")? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        names.extend(name.strip_suffix(".rs").map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

fn build(root: &Path, targets: &[String]) -> Result<()> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new(cargo);
    command.args(["build", "--release", "--target", PLATFORM, "--target-dir"]).arg(root.join("target/fuzz"));
    for target in targets {
        command.args(["--bin", target]);
    }
    let status = command.env("RUSTFLAGS", INSTRUMENTED).current_dir(root.join("fuzz")).status();
    if !status.context("starting cargo")?.success() {
        bail!("the fuzz targets do not compile");
    }
    Ok(())
}

/// Runs one target; did it keep its law?
fn run(root: &Path, target: &str, seconds: &str) -> Result<bool> {
    let folder = root.join("target/fuzz");
    let corpus = folder.join("corpus").join(target);
    let found = folder.join("found");
    std::fs::create_dir_all(&corpus).context("making a folder for the corpus")?;
    std::fs::create_dir_all(&found).context("making a folder for what is found")?;
    println!("fuzz: {target}");
    let status = Command::new(folder.join(PLATFORM).join("release").join(target))
        .args([&corpus, &root.join("fuzz/seeds").join(target)])
        .arg(format!("-artifact_prefix={}/{target}-", found.display()))
        .arg(format!("-max_total_time={seconds}"))
        .args(["-timeout=20", "-rss_limit_mb=4096", "-max_len=65536", "-print_final_stats=1", "-verbosity=1"])
        .current_dir(&folder)
        .status()
        .with_context(|| format!("starting the fuzz target {target}"))?;
    Ok(status.success())
}
