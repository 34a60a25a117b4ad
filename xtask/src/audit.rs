//! `cargo xtask audit`: audits every example with the gx that was compiled, as built and latent.
//!
//! Examples whose sources are hundreds of megabytes are left to `--all`. Invariant: an example that is left out is
//! named. This file does not know how an audit works.

use anyhow::{Context, Result, bail, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

const USAGE: &str = "usage: cargo xtask audit [--all]

Runs `gx audit //...` and `gx audit --latent //...` in every folder of examples/, with target/release/gx (GX_BIN names
another) and a store in target/audit. About three minutes on 2 cores. --all audits the large ones too, which fetch
hundreds of megabytes, and the code of every target: an hour.";

/// Examples that are audited with `--all` only.
const LARGE: &[&str] = &["pinned"];

/// Examples whose sources come from elsewhere, and cannot be had everywhere.
const FETCHED: &[&str] = &["pinned", "third_party"];

/// What is audited of an example without `--all`: its code in all targets would take half an hour.
fn patterns(example: &Path, all: bool) -> &'static [&'static str] {
    match example.join("targets").is_dir() && !all {
        true => &["//...", "-//targets/..."],
        false => &["//..."],
    }
}

/// Answers it.
pub(crate) fn command(root: &Path, arguments: &[String]) -> Result<()> {
    let all = match arguments {
        [] => false,
        [flag] if flag == "--all" => true,
        [flag] if flag == "--help" => {
            println!("{USAGE}");
            return Ok(());
        }
        _ => bail!("{USAGE}"),
    };
    let gx = std::env::var_os("GX_BIN").map_or_else(|| root.join("target/release/gx"), PathBuf::from);
    ensure!(gx.is_file(), "'{}' is not there: cargo build --release --locked -p gx", gx.display());
    let store = root.join("target/audit/store");
    let mut leaks = Vec::new();
    for example in examples(root)? {
        let name = example.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if LARGE.contains(&name.as_str()) && !all {
            println!("{name}: left to `cargo xtask audit --all`");
            continue;
        }
        for question in [&["audit"][..], &["audit", "--latent"]] {
            // Behind the dashes a pattern may begin with one.
            let question = [question, &["-q", "--"], patterns(&example, all)].concat();
            let began = Instant::now();
            println!("{name}: gx {}", question.join(" "));
            let status = Command::new(&gx)
                .args(&question)
                .current_dir(&example)
                .env("GX_STORE", &store)
                .env("GX_NO_DAEMON", "1")
                .status()
                .with_context(|| format!("'{}' cannot be started", gx.display()))?;
            println!("{name}: {} s", began.elapsed().as_secs());
            match status.code() {
                Some(0) => {}
                Some(7) => leaks.push(format!("{name} ({})", question.join(" "))),
                // Its sources cannot be fetched here; that it can be built is what its own test is about.
                Some(1) if FETCHED.contains(&name.as_str()) => println!("SKIPPED: {name} cannot be built here"),
                _ => bail!("{name}: gx ended with {status}"),
            }
        }
    }
    ensure!(leaks.is_empty(), "these leak: {}", leaks.join(", "));
    Ok(())
}

/// The folders of the examples, sorted.
fn examples(root: &Path) -> Result<Vec<PathBuf>> {
    let folder = root.join("examples");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(|| format!("'{}' cannot be read", folder.display()))? {
        let path = entry?.path();
        if path.join("gx.toml").is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
