//! A package manager's own program, run to its end.
//!
//! Invariant: cancelling kills it with everything that it started. This file does not know what any program says.

use gx_store::{Cancel, FetchError, StoreError, Surroundings};
use rustix::process::{Pid, Signal};
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a program left.
pub(crate) struct Ran {
    /// Did it exit with 0?
    pub(crate) well: bool,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
}

/// A program, as the `PATH` of the person who asks has it.
pub(crate) fn find(name: &str, surroundings: &Surroundings) -> Option<PathBuf> {
    let path = surroundings.environment.get("PATH")?;
    std::env::split_paths(path).filter(|folder| folder.is_absolute()).map(|f| f.join(name)).find(|f| f.is_file())
}

/// Runs a program with the environment of the person who asks, and what `command` sets over it.
pub(crate) fn run(mut command: Command, surroundings: &Surroundings, cancel: &Cancel) -> Result<Ran, FetchError> {
    let program = PathBuf::from(command.get_program());
    let own: Vec<_> = command.get_envs().map(|(k, v)| (k.to_owned(), v.map(ToOwned::to_owned))).collect();
    command.env_clear().envs(&surroundings.environment);
    for (key, value) in own {
        match value {
            Some(value) => command.env(key, value),
            None => command.env_remove(key),
        };
    }
    let io = |doing: &'static str| {
        let program = program.clone();
        move |e: std::io::Error| FetchError::Store(Box::new(StoreError::io(doing, program, e)))
    };
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn().map_err(io("starting"))?;
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let guard = cancel.on_cancel(move || {
        if let Some(group) = group {
            // It may be gone already.
            let _ = rustix::process::kill_process_group(group, Signal::KILL);
        }
    });
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (first, second) = std::thread::scope(|scope| {
        let first = scope.spawn(|| out.map_or(Ok(0), |mut out| out.read_to_end(&mut stdout)));
        let second = err.map_or(Ok(0), |mut err| err.read_to_end(&mut stderr));
        (first.join().unwrap_or(Ok(0)), second)
    });
    // Its words are at their end, so it is about to end too; from here on it is not killed, lest another be.
    drop(guard);
    let status = child.wait().map_err(io("waiting for"))?;
    first.and(second).map_err(io("reading from"))?;
    if cancel.is_cancelled() {
        return Err(FetchError::Cancelled);
    }
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(Ran { well: status.success(), stdout: text(stdout), stderr: text(stderr) })
}

/// A folder that is gone when it is dropped.
pub(crate) fn scratch_in(folder: &Path, prefix: &str) -> Result<tempfile::TempDir, FetchError> {
    let made = tempfile::Builder::new().prefix(prefix).tempdir_in(folder);
    made.map_err(|e| FetchError::Store(Box::new(StoreError::io("making a folder in", folder, e))))
}
