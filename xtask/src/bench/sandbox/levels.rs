//! gx at each of its levels: a store of its own for each, which holds the toolchain and the sources and nothing else
//! before every measurement, and a daemon that has just started.
//!
//! This file does not know what the others do.

use super::super::shape::{Graph, Shape};
use super::super::tools::{gx_command, remove};
use super::super::{measure, write};
use super::{Load, PROJECTS, Runner, Tried};
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// gx's names of its levels, weakest first.
const LEVELS: [&str; 4] = ["none", "sandboxed", "normalised", "strict"];

/// The workspaces, and where stores go.
pub(super) struct Space {
    gx: PathBuf,
    folder: PathBuf,
}

impl Space {
    /// Writes the workspaces, and fetches the sources of the projects.
    pub(super) fn new(gx: &Path, folder: &Path, example: &Path, actions: usize) -> Result<Space> {
        let space = Space { gx: gx.to_owned(), folder: folder.to_owned() };
        std::fs::create_dir_all(folder)?;
        let copied = Command::new("cp").arg("-r").arg(example).arg(space.projects()).status()?;
        ensure!(copied.success(), "{} cannot be copied", example.display());
        let warm = space.projects().join("warm");
        std::fs::create_dir_all(&warm)?;
        std::fs::write(warm.join("BUILD.gx"), "cc_binary(name = \"warm\", srcs = [\"warm.c\"])\n")?;
        std::fs::write(warm.join("warm.c"), "int main(void) { return 0; }\n")?;
        write::gx(&space.trivial(), &Graph::generate(Shape::Wide, actions))?;
        std::fs::create_dir_all(space.trivial().join("warm"))?;
        let text = "genrule(name = \"warm\", outs = [\"out\"], cmd = \"echo warm > $@\")\n";
        std::fs::write(space.trivial().join("warm/BUILD.gx"), text)?;
        let mirror = space.mirror().display().to_string();
        let fetched = space.command(&space.projects(), "fetch", &["fetch", "--no-daemon", "--to", &mirror]).output()?;
        let said = String::from_utf8_lossy(&fetched.stderr).into_owned();
        ensure!(fetched.status.success(), "the sources cannot be fetched:\n{said}");
        Ok(space)
    }

    /// The workspace with the projects.
    pub(super) fn projects(&self) -> PathBuf {
        self.folder.join("projects")
    }

    /// The workspace with trivial actions.
    pub(super) fn trivial(&self) -> PathBuf {
        self.folder.join("trivial")
    }

    /// The archives of the projects, by the SHA-256 of each.
    pub(super) fn mirror(&self) -> PathBuf {
        self.folder.join("mirror")
    }

    /// gx in a workspace, with the store of this name.
    pub(super) fn command(&self, workspace: &Path, store: &str, arguments: &[&str]) -> Command {
        gx_command(&self.gx, workspace, &self.folder.join(format!("store-{store}")), arguments)
    }

    fn prepare(&self, workspace: &Path, level: &str) -> Result<()> {
        self.command(workspace, level, &["daemon", "stop"]).output()?;
        remove(&self.folder.join(format!("store-{level}")))?;
        remove(&workspace.join("gx-out"))?;
        measure::seconds(&mut self.build(workspace, level, "//warm:warm")?)?;
        if workspace == self.projects() {
            for (name, _) in PROJECTS {
                measure::seconds(&mut self.with_mirror(workspace, level, &["query", &format!("@{name}//:all")])?)?;
            }
        }
        Ok(())
    }

    fn with_mirror(&self, workspace: &Path, level: &str, arguments: &[&str]) -> Result<Command> {
        let mut command = self.command(workspace, level, arguments);
        command.arg("--offline").arg("--mirror").arg(self.mirror());
        Ok(command)
    }

    fn build(&self, workspace: &Path, level: &str, target: &str) -> Result<Command> {
        self.with_mirror(workspace, level, &["build", &format!("--determinism={level}"), target])
    }
}

struct Level<'a> {
    space: &'a Space,
    level: &'static str,
}

/// gx at each level; or why it cannot be held here.
pub(super) fn all(space: &Space) -> Vec<Tried<'_>> {
    let tried = LEVELS.into_iter().map(|level| {
        let runner = Level { space, level };
        let held = space.prepare(&space.trivial(), level);
        let why = |error: anyhow::Error| {
            let text = format!("{error:#}");
            let line = text.lines().find(|line| line.contains("GX0")).unwrap_or("it cannot be tried");
            line.trim_start_matches("error").to_owned()
        };
        (runner.name(), held.map(|()| Box::new(runner) as Box<dyn Runner>).map_err(why))
    });
    tried.collect()
}

impl Runner for Level<'_> {
    fn name(&self) -> String {
        format!("gx, {}", self.level)
    }

    fn run(&self, load: &Load) -> Result<f64> {
        let (workspace, target) = match load {
            Load::Project(_, target) => (self.space.projects(), *target),
            Load::Trivial(_) => (self.space.trivial(), "//..."),
        };
        self.space.prepare(&workspace, self.level)?;
        let seconds = measure::seconds(&mut self.space.build(&workspace, self.level, target)?)?;
        // Fails when it has left by itself: that is as well.
        self.space.command(&workspace, self.level, &["daemon", "stop"]).output().context("stopping the daemon")?;
        Ok(seconds)
    }
}
