//! Level `none`: an action as a plain process of this machine, in a folder with copies of its inputs.
//!
//! Nothing is enforced and the outcome says so. The job's toolchain is not visible: host programs are used. Its
//! process group is killed on timeout, cancel, and when the action ends. This file does not know namespaces.

use super::SandboxOptions;
use super::executor::{log_of, programs};
use super::limits::{BUSY_TRIES, BUSY_WAIT};
use super::protocol::{Done, RunResult, Told};
use super::slot::{Own, Ran};
use super::stage::Staged;
use super::trace;
use gx_store::{Cancel, ExecuteError, Job, Run, StoreError};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Runs the action to its end.
pub(crate) fn run(
    run: &Run,
    job: &Job,
    staged: &Staged,
    own: &Own,
    options: &SandboxOptions,
    cancel: &Cancel,
) -> Result<Ran, ExecuteError> {
    let name = run.arguments.first().cloned().unwrap_or_default();
    let spawn = |why: String| ExecuteError::Spawn { program: name.clone(), why };
    let io = |doing: &'static str| move |e| StoreError::io(doing, &own.path, e);
    let (mut stdout, mut stderr) = (log_file(&own.path.join("stdout"))?, log_file(&own.path.join("stderr"))?);
    let program = find(run, &staged.work).map_err(spawn)?;
    let started = Instant::now();
    let mut command = Command::new(program);
    command
        .arg0(&name)
        .args(run.arguments.iter().skip(1))
        .env_clear()
        .envs(&*run.environment)
        .current_dir(&staged.work)
        .stdin(Stdio::null())
        .stdout(stdout.try_clone().map_err(io("writing"))?)
        .stderr(stderr.try_clone().map_err(io("writing"))?)
        .process_group(0);
    options.world.around.lay_upon(&mut command);
    if options.trace.is_some() {
        // SAFETY: one system call with numbers only.
        unsafe { command.pre_exec(|| trace::ask().map_err(std::io::Error::from_raw_os_error)) };
    }
    let child = start(&mut command).map_err(|e| spawn(e.to_string()))?;
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or_else(|| spawn("no process".to_owned()))?;
    let result = match &options.trace {
        Some(to) => follow(group, to, cancel).map_err(io("following a process in"))?,
        None => {
            let stopped = watch(group, started, job.timeout_ms, cancel).map_err(io("watching a process in"))?;
            let told = reap(group);
            stopped.unwrap_or(RunResult::Told(told))
        }
    };
    let wall_us = started.elapsed().as_micros() as u64;
    let stdout = log_of(&mut stdout, options.log_bytes).map_err(io("reading"))?;
    let stderr = log_of(&mut stderr, options.log_bytes).map_err(io("reading"))?;
    Ok(Ran { done: Done { number: 0, result, wall_us }, stdout, stderr })
}

/// Starts it. A copy that was just written may still be open in a process that another slot is starting: that one lets
/// go of it when it becomes its program, so this is tried again for a moment.
fn start(command: &mut Command) -> std::io::Result<Child> {
    for _ in 0..BUSY_TRIES {
        match command.spawn() {
            Err(error) if error.raw_os_error() == Some(libc::ETXTBSY) => std::thread::sleep(BUSY_WAIT),
            other => return other,
        }
    }
    command.spawn()
}

fn log_file(path: &Path) -> Result<File, StoreError> {
    OpenOptions::new()
        .read(true)
        .append(true)
        .create_new(true)
        .open(path)
        .map_err(|e| StoreError::io("making", path, e))
}

fn find(run: &Run, work: &Path) -> Result<PathBuf, String> {
    let tried = programs(run);
    let mut candidates = tried.iter().map(|program| work.join(program));
    candidates
        .find(|path| path.metadata().is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0))
        .ok_or_else(|| format!("no such program on this machine; these were tried: {}", tried.join(", ")))
}

/// Waits for the end without reaping, so that the group's number stays its own.
fn watch(group: Pid, started: Instant, timeout_ms: Option<u64>, cancel: &Cancel) -> std::io::Result<Option<RunResult>> {
    let pidfd = pidfd_open(group, PidfdFlags::empty())?;
    let kill = move || {
        // It may have ended by itself.
        let _ = kill_process_group(group, Signal::KILL);
    };
    let guard = cancel.on_cancel(kill);
    let deadline = timeout_ms.map(|ms| started + Duration::from_millis(ms));
    let mut stopped = None;
    loop {
        let left = deadline.filter(|_| stopped.is_none()).map(|at| at.saturating_duration_since(Instant::now()));
        let left = left.map(|d| Timespec { tv_sec: d.as_secs() as i64, tv_nsec: i64::from(d.subsec_nanos()) });
        match poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], left.as_ref()) {
            Ok(0) => {
                stopped = Some(RunResult::TimedOut);
                kill();
            }
            Ok(_) => break,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    // What it left running in its group ends with it.
    kill();
    drop(guard);
    Ok(if cancel.is_cancelled() { Some(RunResult::Killed) } else { stopped })
}

/// Follows the process and writes down which files it opens. It may take as long as it likes.
fn follow(group: Pid, to: &Path, cancel: &Cancel) -> std::io::Result<RunResult> {
    let kill = move || {
        // It may have ended by itself.
        let _ = kill_process_group(group, Signal::KILL);
    };
    let guard = cancel.on_cancel(kill);
    let (status, seen) = trace::follow(group.as_raw_nonzero().get())?;
    kill();
    drop(guard);
    std::fs::write(to, trace::encode(&seen))?;
    if cancel.is_cancelled() {
        return Ok(RunResult::Killed);
    }
    let status = if libc::WIFSIGNALED(status) { -libc::WTERMSIG(status) } else { libc::WEXITSTATUS(status) };
    Ok(RunResult::Told(Told::Ran { status, user_us: 0, system_us: 0, max_rss_kib: 0 }))
}

fn reap(pid: Pid) -> Told {
    let mut status = 0;
    // SAFETY: a plain C structure of numbers, which may be zero.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both places are valid, and this process is our child and not yet waited for.
    unsafe { libc::wait4(pid.as_raw_nonzero().get(), &mut status, 0, &mut usage) };
    let micros = |t: libc::timeval| (t.tv_sec as u64) * 1_000_000 + t.tv_usec as u64;
    Told::Ran {
        status: if libc::WIFSIGNALED(status) { -libc::WTERMSIG(status) } else { libc::WEXITSTATUS(status) },
        user_us: micros(usage.ru_utime),
        system_us: micros(usage.ru_stime),
        max_rss_kib: usage.ru_maxrss as u64,
    }
}
