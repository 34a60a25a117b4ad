//! `cargo xtask bench parts`: the crates' own benches, which measure the parts of gx without a whole build around them.
//!
//! They are criterion's: it keeps the figures of the last run in `target/criterion` and says what changed since. This
//! file does not know what they measure.

use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::Command;

/// Crates with a bench `parts`.
const CRATES: [&str; 3] = ["gx-store", "gx-rules", "gx-engine"];

/// Runs them; `arguments` go to criterion: a part of a name, or its flags.
pub(super) fn command(root: &Path, arguments: &[String]) -> Result<()> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    for name in CRATES {
        let mut command = Command::new(&cargo);
        command.args(["bench", "--locked", "--package", name, "--bench", "parts", "--"]).args(arguments);
        if !command.current_dir(root).status().context("starting cargo")?.success() {
            bail!("the bench of {name} failed");
        }
    }
    Ok(())
}
