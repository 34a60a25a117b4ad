//! The tools that are compared, behind one face: make it clean, build, edit a source file.
//!
//! gx gets a store of its own per workspace. Its clean build starts from a store that holds nothing but the
//! toolchain (imported by a one-action build before the clock starts) and a daemon that has just started.

use super::measure;
use super::shape::Graph;
use super::write;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// One tool with its own copy of the workspace.
pub(super) trait Tool {
    /// Its name in the table.
    fn name(&self) -> &'static str;
    /// Removes everything that was built.
    fn clean(&mut self) -> Result<()>;
    /// Builds everything; seconds.
    fn build(&mut self) -> Result<f64>;
    /// Changes one source file.
    fn edit(&mut self, leaf: usize) -> Result<()>;
    /// Stops what still runs.
    fn finish(&mut self) -> Result<()>;
    /// The folder of its workspace.
    fn folder(&self) -> &Path;
}

/// Makes the workspaces anew: gx first, then what else is installed.
pub(super) fn all(gx: &Path, folder: &Path, graph: &Graph) -> Result<Vec<Box<dyn Tool>>> {
    remove(folder)?;
    let gx_folder = folder.join("gx");
    write::gx(&gx_folder, graph)?;
    warm_package(&gx_folder)?;
    let mut tools: Vec<Box<dyn Tool>> =
        vec![Box::new(Gx { gx: gx.to_path_buf(), folder: gx_folder, store: folder.join("store"), revision: 0 })];
    for (name, write) in [("ninja", write::ninja as fn(&Path, &Graph) -> Result<()>), ("make", write::make)] {
        if Command::new(name).arg("--version").output().is_err() {
            eprintln!("SKIPPED: {name} is not installed");
            continue;
        }
        let tool_folder = folder.join(name);
        write(&tool_folder, graph)?;
        write::output_folders(&tool_folder, graph)?;
        tools.push(Box::new(Plain { name, folder: tool_folder, actions: graph.actions.len(), revision: 0 }));
    }
    Ok(tools)
}

pub(super) fn remove(folder: &Path) -> Result<()> {
    // Trees in a store are read-only folders: nothing can be unlinked in them before they are writable.
    if folder.exists() {
        Command::new("chmod").args(["-R", "u+w"]).arg(folder).output()?;
        std::fs::remove_dir_all(folder).with_context(|| format!("removing {}", folder.display()))?;
    }
    Ok(())
}

fn warm_package(folder: &Path) -> Result<()> {
    let package = folder.join("warm");
    std::fs::create_dir_all(&package)?;
    let text = "# Written by `cargo xtask bench`: brings the toolchain into the store.\n\
                genrule(name = \"warm\", outs = [\"out\"], cmd = \"echo warm > $@\")\n";
    Ok(std::fs::write(package.join("BUILD.gx"), text)?)
}

struct Gx {
    gx: PathBuf,
    folder: PathBuf,
    store: PathBuf,
    revision: usize,
}

impl Gx {
    fn command(&self, arguments: &[&str]) -> Command {
        gx_command(&self.gx, &self.folder, &self.store, arguments)
    }
}

pub(super) fn gx_command(gx: &Path, folder: &Path, store: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(gx);
    command.args(arguments).current_dir(folder).env("GX_STORE", store);
    command
}

impl Tool for Gx {
    fn name(&self) -> &'static str {
        "gx"
    }

    fn clean(&mut self) -> Result<()> {
        self.finish()?;
        remove(&self.store)?;
        remove(&self.folder.join("gx-out"))?;
        measure::seconds(&mut self.command(&["build", "//warm:warm"])).map(drop)
    }

    fn build(&mut self) -> Result<f64> {
        measure::seconds(&mut self.command(&["build", "//..."]))
    }

    fn edit(&mut self, leaf: usize) -> Result<()> {
        self.revision += 1;
        write::leaf(&self.folder.join(write::leaf_path(leaf)), leaf, self.revision)
    }

    fn finish(&mut self) -> Result<()> {
        // Fails when no daemon runs: that is as well.
        self.command(&["daemon", "stop"]).output().context("running gx daemon stop").map(drop)
    }

    fn folder(&self) -> &Path {
        &self.folder
    }
}

/// ninja and make: no state but files in the folder.
struct Plain {
    name: &'static str,
    folder: PathBuf,
    actions: usize,
    revision: usize,
}

impl Tool for Plain {
    fn name(&self) -> &'static str {
        self.name
    }

    fn clean(&mut self) -> Result<()> {
        for file in [".ninja_log", ".ninja_deps"] {
            let _ = std::fs::remove_file(self.folder.join(file));
        }
        remove(&self.folder.join("out"))?;
        let graph = Graph { actions: vec![Vec::new(); self.actions], leaves: 0 };
        write::output_folders(&self.folder, &graph)
    }

    fn build(&mut self) -> Result<f64> {
        let mut command = Command::new(self.name);
        if self.name == "make" {
            let processors = std::thread::available_parallelism()?;
            command.arg(format!("-j{processors}")).arg("-s");
        }
        measure::seconds(command.current_dir(&self.folder))
    }

    fn edit(&mut self, leaf: usize) -> Result<()> {
        self.revision += 1;
        write::leaf(&self.folder.join(write::leaf_path(leaf)), leaf, self.revision)
    }

    fn finish(&mut self) -> Result<()> {
        Ok(())
    }

    fn folder(&self) -> &Path {
        &self.folder
    }
}

/// No-op without a daemon: the process opens the store, loads, looks and leaves.
pub(super) fn gx_cold_noop(gx: &Path, tools: &mut [Box<dyn Tool>]) -> Result<f64> {
    let tool = tools.iter_mut().find(|tool| tool.name() == "gx").context("gx is measured first")?;
    tool.finish()?;
    let store = store_beside(tool.folder());
    measure::seconds(&mut gx_command(gx, tool.folder(), &store, &["--no-daemon", "build", "//..."]))
}

fn store_beside(folder: &Path) -> PathBuf {
    folder.parent().unwrap_or(folder).join("store")
}

/// How much a daemon that holds the built graph has grown over one that holds a single action, per action.
/// `None` when the daemon does not tell its process id.
pub(super) fn gx_memory_per_action(
    gx: &Path,
    folder: &Path,
    graph: &Graph,
    tools: &mut [Box<dyn Tool>],
) -> Result<Option<f64>> {
    let tool = tools.iter_mut().find(|tool| tool.name() == "gx").context("gx is measured first")?;
    let store = store_beside(tool.folder());
    let workspace = tool.folder().to_path_buf();
    tool.clean()?;
    tool.build()?;
    tool.build()?;
    let large = daemon_memory(gx, &workspace, &store)?;
    let small_folder = folder.join("small/gx");
    remove(&folder.join("small"))?;
    let small = Graph { actions: graph.actions.iter().take(1).cloned().collect(), leaves: 1 };
    write::gx(&small_folder, &small)?;
    let small_store = folder.join("small/store");
    for _ in 0..2 {
        measure::seconds(&mut gx_command(gx, &small_folder, &small_store, &["build", "//..."]))?;
    }
    let base = daemon_memory(gx, &small_folder, &small_store)?;
    gx_command(gx, &small_folder, &small_store, &["daemon", "stop"]).output()?;
    let (Some(large), Some(base)) = (large, base) else { return Ok(None) };
    // Not every graph is so large that a quotient by its size is free of loss; the table shows whole bytes.
    let actions = u32::try_from(graph.actions.len()).context("too many actions")?;
    Ok(Some((large - base) / f64::from(actions)))
}

fn daemon_memory(gx: &Path, folder: &Path, store: &Path) -> Result<Option<f64>> {
    let output = gx_command(gx, folder, store, &["daemon", "status"]).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    // Its first line is `process N`.
    let after = text.split_once("process").map(|(_, rest)| rest).unwrap_or_default();
    let digits: String = after.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    match digits.parse() {
        Ok(pid) => measure::resident_bytes(pid).map(Some),
        Err(_) => Ok(None),
    }
}
