//! `gx run`: builds a program, lays out what it wants beside it, and becomes it.
//!
//! The program is the client's own process in the end, so terminal, signals and exit code are its own. It starts
//! where gx was started; `RUNFILES_DIR` names the folder of what it wants beside it.

use super::super::outputs;
use crate::error::Report;
use crate::event::{Event, Program};
use crate::exit::Exit;
use crate::flags::Run;
use crate::request::Request;
use crate::session::Session;
use gx_store::RelPath;
use std::collections::BTreeMap;
use std::os::unix::process::CommandExt;

/// Answers it: builds, and tells the client which program to become.
pub(super) fn answer(session: &Session<'_>, run: &Run) -> Result<Exit, Report> {
    let built = match session.build(std::slice::from_ref(&run.target), false) {
        Ok(built) => built,
        Err(exit) => return Ok(exit),
    };
    if built.exit != Exit::Ok {
        session.summary(&built);
        return Ok(built.exit);
    }
    let [target] = built.loaded.targets.as_slice() else {
        return Err(Report::new(211, format!("'{}' names {} targets", run.target, built.loaded.targets.len()))
            .hint("name one target"));
    };
    let Some(executable) = &target.executable else {
        return Err(Report::new(211, format!("{} ({}) makes no executable", target.label, target.kind)));
    };
    let bad = |error: gx_store::path::PathError| Report::new(804, error.to_string());
    let name = format!("{}.runfiles", executable.short_path());
    let below = RelPath::new(name).map_err(bad)?;
    let folder = session.project()?.root.join(outputs::FOLDER).join(below.as_str());
    let files = target.runfiles.iter().chain([executable]);
    // The program is among its runfiles: each place once.
    let placed: BTreeMap<_, _> =
        files.filter_map(|file| Some((file.short_path(), outputs::node(file, &built.result)?))).collect();
    outputs::write(&session.house.store, &folder, &placed.into_iter().collect::<Vec<_>>())?;
    // Standard output is the program's from here on.
    if session.request.settings.json {
        session.summary(&built);
    }
    session.face.event(Event::Program(Program {
        path: folder.join(executable.short_path().as_str()).display().to_string(),
        runfiles: folder.display().to_string(),
        arguments: run.arguments.clone(),
    }));
    Ok(Exit::Ok)
}

/// Becomes the program; returns only when that fails.
pub fn become_program(program: &Program, request: &Request) -> Result<Exit, Report> {
    let mut command = std::process::Command::new(&program.path);
    command.args(&program.arguments).current_dir(&request.cwd).env("RUNFILES_DIR", &program.runfiles);
    command.env("BUILD_WORKING_DIRECTORY", &request.cwd);
    if let Some(project) = &request.project {
        command.env("BUILD_WORKSPACE_DIRECTORY", &project.root);
    }
    let error = command.exec();
    Err(Report::new(306, format!("'{}' cannot be started", program.path)).cause(&error))
}
