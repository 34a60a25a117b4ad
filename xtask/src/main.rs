//! xtask: the project's own tools, in the project's own language. `cargo xtask tidy` checks the house rules,
//! `cargo xtask bench` measures gx beside ninja and make, `cargo xtask fuzz` runs the fuzz targets, `cargo xtask leaks`
//! shows what passes into actions, `cargo xtask audit` audits the examples, `cargo xtask dist` makes what is shipped.
//!
//! What this crate does not know: the inside of any other crate. It reads files and runs programs.
#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test ends when something is wrong"))]

mod audit;
mod bench;
mod dist;
mod fuzz;
mod package;
mod tidy;

use anyhow::{Context, Result, bail, ensure};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const USAGE: &str = "usage: cargo xtask tidy          check the house rules
       cargo xtask bench [...]   measure gx beside ninja and make (--help lists its flags)
       cargo xtask fuzz [...]    run the fuzz targets (--help lists its flags)
       cargo xtask leaks         show what tells one run of an action from another, at each determinism level
       cargo xtask audit [--all] audit every example, as built and latent
       cargo xtask dist [--check] compile and pack gx for other machines";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // `{:#}` prints the causes and no backtrace.
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let root = root()?;
    match command.as_str() {
        "tidy" => tidy::command(&root),
        "bench" => bench::command(&root, arguments.collect()),
        "audit" => audit::command(&root, &arguments.collect::<Vec<_>>()),
        "dist" => dist::command(&root, &arguments.collect::<Vec<_>>()),
        "fuzz" => fuzz::command(&root, arguments.collect()),
        "leaks" => {
            ensure!(arguments.next().is_none(), "`leaks` takes no arguments: it runs the suite and prints its table");
            leaks(&root)
        }
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        other => bail!("`{other}` is no task\n{USAGE}"),
    }
}

/// Runs the leak suite and prints its table.
fn leaks(root: &Path) -> Result<()> {
    let arguments = ["test", "--release", "--locked", "-p", "gx-tests", "--test", "leaks", "--", "--nocapture"];
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(arguments)
        .current_dir(root)
        .status()
        .context("cargo cannot be started")?;
    ensure!(status.success(), "the leak suite failed");
    Ok(())
}

/// The workspace's folder: the one above this crate.
fn root() -> Result<PathBuf> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    Ok(manifest.parent().context("xtask has no parent folder")?.to_path_buf())
}
