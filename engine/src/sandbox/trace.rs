//! Following a process and all it starts, to see which files they open.
//!
//! For `gx doctor --hermetic`, not for builds: every system call stops twice. The process asks to be traced before it
//! becomes its program; whoever started it then follows here. What is seen: files that were opened, by the path that
//! the kernel has for them (no symlink, nothing relative), programs that were started, and what the kernel maps for
//! them. Invariant: it ends when the first process has; nothing is changed in any of them. This file does not know
//! which files may be opened.

use std::collections::{BTreeMap, HashMap};
use std::io::{Error, Result};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Files by path; was it opened for writing?
pub(crate) type Seen = BTreeMap<PathBuf, bool>;

const OPTIONS: libc::c_int = libc::PTRACE_O_TRACESYSGOOD
    | libc::PTRACE_O_TRACEFORK
    | libc::PTRACE_O_TRACEVFORK
    | libc::PTRACE_O_TRACECLONE
    | libc::PTRACE_O_TRACEEXEC
    | libc::PTRACE_O_EXITKILL;

/// Waits for children of the calling thread only.
const NO_THREAD: libc::c_int = 0x2000_0000;

/// In a process that is about to become its program: asks to be traced by whoever started it. Allocates nothing.
pub(super) fn ask() -> std::result::Result<(), i32> {
    let nothing = std::ptr::null_mut::<libc::c_void>();
    // SAFETY: takes numbers and null pointers only.
    match unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, nothing, nothing) } {
        -1 => Err(super::child::last_errno()),
        _ => Ok(()),
    }
}

/// What is known of a process between two stops.
#[derive(Default)]
struct Process {
    /// Its system call: its number, and whether it opens for writing.
    call: Option<(u64, bool)>,
    /// Has it been set going?
    begun: bool,
}

/// Follows the first process, which this thread started, to its end. Gives its status as `wait` has it.
pub(super) fn follow(first: libc::pid_t) -> Result<(libc::c_int, Seen)> {
    let (mut processes, mut seen) = (HashMap::<libc::pid_t, Process>::new(), Seen::new());
    loop {
        let mut status = 0;
        // SAFETY: `status` is a valid place for the answer.
        let pid = unsafe { libc::waitpid(-1, &mut status, libc::__WALL | NO_THREAD) };
        if pid == -1 {
            match super::child::last_errno() {
                libc::EINTR => continue,
                errno => return Err(Error::from_raw_os_error(errno)),
            }
        }
        if !libc::WIFSTOPPED(status) {
            processes.remove(&pid);
            if pid == first {
                return Ok((status, seen));
            }
            continue;
        }
        let signal = stopped(pid, pid == first, status, processes.entry(pid).or_default(), &mut seen);
        resume(pid, signal);
    }
}

/// Looks at a stop; gives the signal to pass on.
fn stopped(
    pid: libc::pid_t,
    is_first: bool,
    status: libc::c_int,
    process: &mut Process,
    seen: &mut Seen,
) -> libc::c_int {
    let signal = libc::WSTOPSIG(status);
    let event = status >> 16;
    if signal == libc::SIGTRAP | 0x80 {
        call(pid, process, seen);
        return 0;
    }
    if event != 0 {
        if event == libc::PTRACE_EVENT_EXEC {
            program(pid, seen);
        }
        return 0;
    }
    if !process.begun {
        process.begun = true;
        // The first one has just become its program; the others are new and stopped.
        if is_first && signal == libc::SIGTRAP {
            let options = std::ptr::without_provenance_mut::<libc::c_void>(OPTIONS as usize);
            // SAFETY: takes numbers only.
            unsafe { libc::ptrace(libc::PTRACE_SETOPTIONS, pid, std::ptr::null_mut::<libc::c_void>(), options) };
            program(pid, seen);
            return 0;
        }
        if signal == libc::SIGSTOP {
            return 0;
        }
    }
    signal
}

fn resume(pid: libc::pid_t, signal: libc::c_int) {
    let data = std::ptr::without_provenance_mut::<libc::c_void>(signal as usize);
    // SAFETY: takes numbers only. A process that was killed meanwhile is no harm.
    unsafe { libc::ptrace(libc::PTRACE_SYSCALL, pid, std::ptr::null_mut::<libc::c_void>(), data) };
}

/// A system call begins or ends.
fn call(pid: libc::pid_t, process: &mut Process, seen: &mut Seen) {
    // SAFETY: a plain C structure of numbers, which may be zero.
    let mut info: libc::ptrace_syscall_info = unsafe { std::mem::zeroed() };
    let size = std::ptr::without_provenance_mut::<libc::c_void>(size_of::<libc::ptrace_syscall_info>());
    // SAFETY: `info` is a valid place as long as is said.
    let got = unsafe { libc::ptrace(libc::PTRACE_GET_SYSCALL_INFO, pid, size, (&raw mut info).cast::<libc::c_void>()) };
    if got <= 0 {
        return;
    }
    match info.op {
        libc::PTRACE_SYSCALL_INFO_ENTRY => {
            // SAFETY: at an entry this part of the union is filled.
            let entry = unsafe { info.u.entry };
            process.call = opening(entry.nr, entry.args).map(|writes| (entry.nr, writes));
        }
        libc::PTRACE_SYSCALL_INFO_EXIT => {
            // SAFETY: at an exit this part of the union is filled.
            let exit = unsafe { info.u.exit };
            if let (Some((_, writes)), false) = (process.call.take(), exit.is_error != 0) {
                note(&format!("/proc/{pid}/fd/{}", exit.sval), writes, seen);
            }
        }
        _ => {}
    }
}

/// Does the call open a file, and does it open it for writing?
fn opening(nr: u64, args: [u64; 6]) -> Option<bool> {
    let [first, second, third, ..] = args;
    let writes = |flags: u64| flags as libc::c_int & libc::O_ACCMODE != libc::O_RDONLY;
    let nr = nr as libc::c_long;
    #[cfg(target_arch = "x86_64")]
    if nr == libc::SYS_open {
        return Some(writes(second));
    } else if nr == libc::SYS_creat {
        return Some(true);
    }
    let _ = (first, second);
    match nr {
        libc::SYS_openat => Some(writes(third)),
        // Its flags lie in the caller's memory.
        libc::SYS_openat2 => Some(false),
        _ => None,
    }
}

/// A process became a program: that, and what the kernel mapped with it (its loader).
fn program(pid: libc::pid_t, seen: &mut Seen) {
    note(&format!("/proc/{pid}/exe"), false, seen);
    let maps = std::fs::read(format!("/proc/{pid}/maps")).unwrap_or_default();
    for line in maps.split(|byte| *byte == b'\n') {
        if let Some(at) = line.iter().position(|byte| *byte == b'/') {
            let path = line.get(at..).unwrap_or_default();
            add(Path::new(std::ffi::OsStr::from_bytes(path)), false, seen);
        }
    }
}

fn note(link: &str, writes: bool, seen: &mut Seen) {
    // A descriptor that another thread has closed already is gone; so is a process that was killed.
    if let Ok(path) = std::fs::read_link(link) {
        add(&path, writes, seen);
    }
}

/// Pipes, sockets and memory have names that are no paths.
fn add(path: &Path, writes: bool, seen: &mut Seen) {
    if path.is_absolute() {
        *seen.entry(path.to_owned()).or_default() |= writes;
    }
}

/// As bytes for a file: `r` or `w`, the path, a NUL.
pub(super) fn encode(seen: &Seen) -> Vec<u8> {
    let one = |(path, writes): (&PathBuf, &bool)| {
        let mark: &[u8] = if *writes { b"w" } else { b"r" };
        [mark, path.as_os_str().as_bytes(), b"\0"].concat()
    };
    seen.iter().flat_map(one).collect()
}

/// What `encode` wrote.
pub(crate) fn decode(bytes: &[u8]) -> Seen {
    let parts = bytes.split(|byte| *byte == 0).filter_map(|part| part.split_first());
    parts.map(|(mark, path)| (PathBuf::from(std::ffi::OsStr::from_bytes(path)), *mark == b'w')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    fn traced(script: &str) -> Option<(libc::c_int, Seen)> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        // SAFETY: one system call with numbers only.
        unsafe { command.pre_exec(|| ask().map_err(Error::from_raw_os_error)) };
        let child = match command.spawn() {
            Ok(child) => child,
            Err(error) => {
                println!("SKIPPED: this machine allows no tracing: {error}");
                return None;
            }
        };
        Some(follow(child.id() as libc::pid_t).unwrap())
    }

    #[test]
    fn what_is_opened_is_seen_whoever_opens_it() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().canonicalize().unwrap().join(name);
        std::fs::write(at("real"), "x").unwrap();
        std::os::unix::fs::symlink("real", at("link")).unwrap();
        let script = format!(
            "cd {}; read x < link; (cat ./real; cat missing) > made 2> /dev/null; kill -USR1 $$; exit 3",
            folder.path().display()
        );
        let Some((status, seen)) = traced(&format!("trap 'exit 7' USR1; {script}")) else { return };
        assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 7, "{status:x}");
        assert_eq!(seen.get(&at("real")), Some(&false));
        assert_eq!(seen.get(&at("made")), Some(&true));
        assert!(!seen.contains_key(&at("link")) && !seen.contains_key(&at("missing")));
        let cat = PathBuf::from("/bin/cat").canonicalize().unwrap();
        let libc =
            |path: &PathBuf| path.to_string_lossy().contains("/libc.so") || path.to_string_lossy().contains("musl");
        assert!(seen.contains_key(&cat) && seen.keys().any(libc), "{seen:?}");
        assert_eq!(decode(&encode(&seen)), seen);
    }
}
