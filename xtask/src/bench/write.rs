//! Writes one graph as a workspace for each tool: the same source files, the same commands.

use super::shape::{Edge, Graph};
use anyhow::Result;
use std::fmt::Write as _;
use std::path::Path;

/// Actions (and source files) per package.
const PER_PACKAGE: usize = 100;

/// Writes (or changes) a source file.
pub(super) fn leaf(file: &Path, number: usize, revision: usize) -> Result<()> {
    Ok(std::fs::write(file, format!("leaf {number} revision {revision}\n"))?)
}

/// `gx.toml` and BUILD files: one `genrule` an action, a hundred of them a package.
pub(super) fn gx(folder: &Path, graph: &Graph) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("gx.toml"), "")?;
    let packages = graph.actions.len().div_ceil(PER_PACKAGE).max(graph.leaves.div_ceil(PER_PACKAGE));
    for package in 0..packages {
        let range = package * PER_PACKAGE..(package + 1) * PER_PACKAGE;
        let mut text = String::from("# Written by `cargo xtask bench`.\n");
        text.push_str("package(default_visibility = [\"//visibility:public\"])\n");
        let leaves: Vec<String> =
            range.clone().filter(|leaf| *leaf < graph.leaves).map(|leaf| format!("\"s{leaf}\"")).collect();
        writeln!(text, "exports_files([{}])", leaves.join(", "))?;
        for at in range.clone() {
            let Some(inputs) = graph.actions.get(at) else { continue };
            let sources: Vec<String> = inputs.iter().map(|edge| label(*edge)).collect();
            let first = sources.first().cloned().unwrap_or_default();
            let quoted: Vec<String> = sources.iter().map(|source| format!("\"{source}\"")).collect();
            writeln!(
                text,
                "genrule(name = \"t{at}\", srcs = [{}], outs = [\"o{at}\"], cmd = \"cat $(location {first}) > $@\")",
                quoted.join(", ")
            )?;
        }
        let package_folder = folder.join(format!("p{package}"));
        std::fs::create_dir_all(&package_folder)?;
        std::fs::write(package_folder.join("BUILD.gx"), text)?;
        for number in range.filter(|leaf| *leaf < graph.leaves) {
            leaf(&package_folder.join(format!("s{number}")), number, 0)?;
        }
    }
    Ok(())
}

fn label(edge: Edge) -> String {
    match edge {
        Edge::Leaf(leaf) => format!("//p{}:s{leaf}", leaf / PER_PACKAGE),
        Edge::Action(at) => format!("//p{}:o{at}", at / PER_PACKAGE),
    }
}

/// Where a source file lies in each of the workspaces.
pub(super) fn leaf_path(leaf: usize) -> String {
    format!("p{}/s{leaf}", leaf / PER_PACKAGE)
}

fn flat(edge: Edge) -> String {
    match edge {
        Edge::Leaf(leaf) => leaf_path(leaf),
        Edge::Action(at) => format!("out/p{}/o{at}", at / PER_PACKAGE),
    }
}

fn leaves(folder: &Path, graph: &Graph) -> Result<()> {
    for number in 0..graph.leaves {
        let file = folder.join(leaf_path(number));
        if let Some(parent) = file.parent() {
            std::fs::create_dir_all(parent)?;
        }
        leaf(&file, number, 0)?;
    }
    Ok(())
}

/// `build.ninja`.
pub(super) fn ninja(folder: &Path, graph: &Graph) -> Result<()> {
    leaves(folder, graph)?;
    let mut text = String::from("rule copy\n  command = cat $first > $out\n  description = $out\n");
    for (at, inputs) in graph.actions.iter().enumerate() {
        let sources: Vec<String> = inputs.iter().map(|edge| flat(*edge)).collect();
        let first = sources.first().cloned().unwrap_or_default();
        let output = flat(Edge::Action(at));
        writeln!(text, "build {output}: copy {}\n  first = {first}", sources.join(" "))?;
    }
    Ok(std::fs::write(folder.join("build.ninja"), text)?)
}

/// `Makefile`.
pub(super) fn make(folder: &Path, graph: &Graph) -> Result<()> {
    leaves(folder, graph)?;
    let mut text = String::from("MAKEFLAGS += --no-builtin-rules\n.SUFFIXES:\nall:");
    for at in 0..graph.actions.len() {
        write!(text, " {}", flat(Edge::Action(at)))?;
    }
    text.push('\n');
    for (at, inputs) in graph.actions.iter().enumerate() {
        let sources: Vec<String> = inputs.iter().map(|edge| flat(*edge)).collect();
        let first = sources.first().cloned().unwrap_or_default();
        let output = flat(Edge::Action(at));
        writeln!(text, "{output}: {}\n\t@cat {first} > {output}", sources.join(" "))?;
    }
    Ok(std::fs::write(folder.join("Makefile"), text)?)
}

/// Output folders that make will not create by itself (ninja does): made before the clock starts.
pub(super) fn output_folders(folder: &Path, graph: &Graph) -> Result<()> {
    for package in 0..graph.actions.len().div_ceil(PER_PACKAGE) {
        std::fs::create_dir_all(folder.join(format!("out/p{package}")))?;
    }
    Ok(())
}
