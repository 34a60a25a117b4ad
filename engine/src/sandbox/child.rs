//! The processes of one action: an init (process 1 of its namespaces) and the action itself (process 2).
//!
//! The init mounts, starts the action, reaps, tells what became of it through a pipe and ends; with it the kernel
//! ends everything that still lives in its namespaces. It stays out of the action's reach: not dumpable, so the
//! action (same user) can neither trace it nor read its memory. Invariants of the action: no capability in any
//! set, `no_new_privs`, the filter of `seccomp.rs`, own session, descriptors 0, 1 and 2 and no other, default
//! signal handling, nothing in the environment but the job's.
//! This file does not know the executor's side.

use super::mounts::Skeleton;
use super::protocol::{Fault, Order, Told, send};
use std::ffi::CString;
use std::fs::File;
use std::io::Error;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Stack of the process that lives between `clone` and `execve`.
const STACK: usize = 64 << 10;

/// The ends of pipes that an action's processes write to, and its standard input.
pub(crate) struct Ends {
    /// `/dev/null`.
    pub(crate) stdin: RawFd,
    /// Standard output.
    pub(crate) stdout: OwnedFd,
    /// Standard error.
    pub(crate) stderr: OwnedFd,
    /// Where the init tells its tale.
    pub(crate) report: OwnedFd,
}

/// A running init.
pub(crate) struct Init {
    /// Its descriptor.
    pub(crate) pidfd: OwnedFd,
}

/// Starts the init of an action in namespaces of its own.
pub(crate) fn start(skeleton: &Skeleton, order: &Order, ends: Ends) -> Result<Init, Fault> {
    let mut flags = libc::CLONE_NEWNS | libc::CLONE_NEWPID | libc::CLONE_NEWIPC | libc::CLONE_PIDFD;
    if order.loopback {
        flags |= libc::CLONE_NEWNET;
    }
    let mut pidfd: RawFd = -1;
    // SAFETY: all fields of this plain C structure may be zero.
    let mut arguments: libc::clone_args = unsafe { std::mem::zeroed() };
    arguments.flags = flags as u64;
    arguments.pidfd = (&raw mut pidfd) as u64;
    arguments.exit_signal = libc::SIGCHLD as u64;
    // SAFETY: without CLONE_VM this is a fork: the child has its own copy of everything. The spawner has one
    // thread, so no lock is held by a thread that the child lacks. `arguments` lives through the call.
    let pid = unsafe { libc::syscall(libc::SYS_clone3, &raw mut arguments, size_of::<libc::clone_args>()) };
    match pid {
        -1 => Err(Fault::new("making the action's namespaces", Error::last_os_error())),
        0 => init(skeleton, order, &ends),
        // SAFETY: the kernel has just made this descriptor for us and nobody else has it.
        _ => Ok(Init { pidfd: unsafe { OwnedFd::from_raw_fd(pidfd) } }),
    }
}

fn init(skeleton: &Skeleton, order: &Order, ends: &Ends) -> ! {
    let told = work(skeleton, order, ends).unwrap_or_else(Told::Fault);
    let mut message = Vec::new();
    if send(&mut message, &told).is_ok() {
        // SAFETY: the descriptor is open for the life of this process.
        let report = unsafe { BorrowedFd::borrow_raw(ends.report.as_raw_fd()) };
        let _ = rustix::io::write(report, &message);
    }
    // SAFETY: ends this process at once, which is what is wanted: no destructors, no buffers of the spawner's.
    unsafe { libc::_exit(0) }
}

fn work(skeleton: &Skeleton, order: &Order, ends: &Ends) -> Result<Told, Fault> {
    // SAFETY: takes numbers only.
    if unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) } != 0 {
        return Err(Fault::new("asking to die with the spawner", Error::last_os_error()));
    }
    if order.loopback {
        loopback_up()?;
    }
    skeleton.furnish_action(&order.own, &order.mounts)?;
    drop_capabilities()?;
    let launch = match Launch::new(order, ends) {
        Ok(launch) => launch,
        Err(why) => return Ok(Told::NotStarted(why)),
    };
    let pid = match launch.go()? {
        Ok(pid) => pid,
        Err((program, errno)) => return Ok(Told::NotStarted(why_not(order, program, errno))),
    };
    reap(pid)
}

/// Waits for the action; what else ends meanwhile is reaped too.
fn reap(pid: i32) -> Result<Told, Fault> {
    let mut status = 0;
    loop {
        // SAFETY: `status` is a valid place for the answer.
        let ended = unsafe { libc::waitpid(-1, &mut status, 0) };
        if ended == pid {
            break;
        }
        if ended == -1 && Error::last_os_error().raw_os_error() != Some(libc::EINTR) {
            return Err(Fault::new("waiting for the action", Error::last_os_error()));
        }
    }
    // SAFETY: a plain C structure of numbers, which may be zero.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: `usage` is a valid place for the answer.
    unsafe { libc::getrusage(libc::RUSAGE_CHILDREN, &mut usage) };
    let micros = |t: libc::timeval| (t.tv_sec as u64) * 1_000_000 + t.tv_usec as u64;
    Ok(Told::Ran {
        status: if libc::WIFSIGNALED(status) { -libc::WTERMSIG(status) } else { libc::WEXITSTATUS(status) },
        user_us: micros(usage.ru_utime),
        system_us: micros(usage.ru_stime),
        max_rss_kib: usage.ru_maxrss as u64,
    })
}

/// Empties the permitted, effective and inheritable sets. The bounding set was emptied in the spawner.
fn drop_capabilities() -> Result<(), Fault> {
    #[repr(C)]
    struct Header {
        version: u32,
        pid: i32,
    }
    let header = Header { version: 0x2008_0522, pid: 0 };
    let nothing = [0u32; 6];
    // SAFETY: both structures have the layout of version 3 and live through the call.
    if unsafe { libc::syscall(libc::SYS_capset, &raw const header, nothing.as_ptr()) } != 0 {
        return Err(Fault::new("dropping capabilities", Error::last_os_error()));
    }
    Ok(())
}

fn loopback_up() -> Result<(), Fault> {
    let fault = |e: Error| Fault::new("bringing up the loopback device", e);
    let socket = rustix::net::socket(rustix::net::AddressFamily::INET, rustix::net::SocketType::DGRAM, None)
        .map_err(|e| fault(e.into()))?;
    // SAFETY: a plain C structure, which may be zero.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(b"lo") {
        *to = *from as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    // SAFETY: the request is a valid `ifreq` with a terminated name.
    if unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request) } != 0 {
        return Err(fault(Error::last_os_error()));
    }
    Ok(())
}

/// Everything `execve` needs, made before the process that may not allocate.
struct Launch {
    programs: Vec<CString>,
    _arguments: Vec<CString>,
    _environment: Vec<CString>,
    argv: Vec<*const libc::c_char>,
    /// The environment for each program: a plain command's knows its own path.
    envps: Vec<Vec<*const libc::c_char>>,
    _own: Vec<CString>,
    /// For a plain command: the shell, which must be there.
    spared: Option<CString>,
    /// Files at standard input and output, and how to open them.
    redirections: Vec<(RawFd, CString, libc::c_int)>,
    descriptors: [RawFd; 3],
    filter: Vec<libc::sock_filter>,
    /// Filled by the action's process when it fails.
    failure: std::cell::Cell<(usize, i32)>,
}

fn strings(list: &[String], what: &str) -> Result<(Vec<CString>, Vec<*const libc::c_char>), String> {
    let strings = list
        .iter()
        .map(|text| CString::new(text.as_str()).map_err(|_| format!("{what} {text:?} has a NUL byte")))
        .collect::<Result<Vec<_>, _>>()?;
    let pointers = strings.iter().map(|s| s.as_ptr()).chain([std::ptr::null()]).collect();
    Ok((strings, pointers))
}

impl Launch {
    fn new(order: &Order, ends: &Ends) -> Result<Launch, String> {
        let (arguments, argv) = strings(&order.arguments, "the argument")?;
        let (environment, envp) = strings(&order.environment, "the environment variable")?;
        let programs = strings(&order.programs, "the program")?.0;
        let spared = order.spared.as_ref().map(|shell| CString::new(shell.as_str()));
        let spared = spared.transpose().map_err(|_| "the shell's path has a NUL byte".to_owned())?;
        let own: Vec<String> = match spared {
            Some(_) => order.programs.iter().map(|program| format!("_={program}")).collect(),
            None => Vec::new(),
        };
        let (own, pointers) = strings(&own, "the program")?;
        let given = envp.split_last().map_or(&[][..], |(_, given)| given);
        let envp_of = |at: usize| {
            let own = pointers.get(at).filter(|own| !own.is_null());
            given.iter().chain(own).copied().chain([std::ptr::null()]).collect()
        };
        let envps = (0..programs.len()).map(envp_of).collect();
        let flags = [libc::O_RDONLY, libc::O_WRONLY | libc::O_CREAT | libc::O_TRUNC];
        let mut redirections = Vec::new();
        for (target, (file, flags)) in order.redirections.iter().zip(flags).enumerate() {
            if let Some(file) = file {
                let file = CString::new(file.as_str()).map_err(|_| format!("the file {file:?} has a NUL byte"))?;
                redirections.push((target as RawFd, file, flags));
            }
        }
        Ok(Launch {
            programs,
            _arguments: arguments,
            _environment: environment,
            argv,
            envps,
            _own: own,
            spared,
            redirections,
            descriptors: [ends.stdin, ends.stdout.as_raw_fd(), ends.stderr.as_raw_fd()],
            filter: super::seccomp::program(),
            failure: std::cell::Cell::new((0, 0)),
        })
    }

    /// Starts the action and waits until it has become its program. `Err` is which program failed, and how.
    fn go(&self) -> Result<Result<i32, (usize, i32)>, Fault> {
        let mut stack = vec![0u128; STACK / size_of::<u128>()];
        // SAFETY: the top of the stack lies one past its last element, and is aligned as `u128` is (16).
        let top = unsafe { stack.as_mut_ptr().add(stack.len()) };
        let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
        // SAFETY: CLONE_VFORK holds this process until the child has called `execve` or ended, so `self` and the
        // stack outlive the child's use of them; the child allocates nothing and takes no lock.
        let pid = unsafe { libc::clone(become_action, top.cast(), flags, (&raw const *self).cast_mut().cast()) };
        if pid == -1 {
            return Err(Fault::new("starting the action's process", Error::last_os_error()));
        }
        Ok(match self.failure.get() {
            (_, 0) => Ok(pid),
            failure => Err(failure),
        })
    }

    /// The errno of a failed step before `execve` counts as a failure of program `usize::MAX`.
    fn become_program(&self) -> (usize, i32) {
        let own = |errno: i32| (usize::MAX, errno);
        let last = || Error::last_os_error().raw_os_error().unwrap_or(libc::EIO);
        let filter = libc::sock_fprog { len: self.filter.len() as u16, filter: self.filter.as_ptr().cast_mut() };
        let [stdin, stdout, stderr] = self.descriptors;
        // SAFETY: only system calls that take numbers, and pointers to values that live in the waiting parent.
        unsafe {
            libc::setsid();
            // The sources all lie above 2, so none is overwritten before it is copied.
            if libc::dup2(stdin, 0) == -1 || libc::dup2(stdout, 1) == -1 || libc::dup2(stderr, 2) == -1 {
                return own(last());
            }
            if libc::syscall(libc::SYS_close_range, 3, u32::MAX, 0) != 0 {
                return own(last());
            }
            let flags = libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW;
            if libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const filter) != 0 {
                return own(last());
            }
            if self.spared.as_ref().is_some_and(|shell| libc::access(shell.as_ptr(), libc::X_OK) != 0) {
                return own(last());
            }
            for (target, file, flags) in &self.redirections {
                let opened = libc::open(file.as_ptr(), *flags, 0o666);
                if opened == -1 || libc::dup2(opened, *target) == -1 || libc::close(opened) == -1 {
                    return own(last());
                }
            }
            let mut worst = (0, libc::ENOENT);
            for (index, (program, envp)) in self.programs.iter().zip(&self.envps).enumerate() {
                libc::execve(program.as_ptr(), self.argv.as_ptr(), envp.as_ptr());
                match last() {
                    // The next folder of PATH may have it; if none has, a program that is there but lacks its
                    // interpreter is the better answer.
                    libc::ENOENT | libc::ENOTDIR if libc::access(program.as_ptr(), libc::F_OK) != 0 => {}
                    libc::EACCES if index + 1 < self.programs.len() => worst = (index, libc::EACCES),
                    errno => return (index, errno),
                }
            }
            worst
        }
    }
}

extern "C" fn become_action(launch: *mut libc::c_void) -> libc::c_int {
    // SAFETY: `go` passes a `Launch` that outlives this process's use of it.
    let launch = unsafe { &*launch.cast::<Launch>() };
    launch.failure.set(launch.become_program());
    127
}

/// Says why a program could not be started, looking at it as the action would.
fn why_not(order: &Order, index: usize, errno: i32) -> String {
    let said = Error::from_raw_os_error(errno);
    let Some(program) = order.programs.get(index) else {
        return format!("a step before it failed: {said}");
    };
    let there = Path::new(program);
    match errno {
        libc::ENOENT | libc::ENOTDIR if !there.exists() => match order.programs.as_slice() {
            [one] => format!("there is no '{one}' among the action's inputs and toolchains"),
            many => format!("no folder of its PATH has it; these were tried: {}", many.join(", ")),
        },
        libc::ENOENT => match interpreter(there) {
            Some(wanted) => format!("'{program}' is there, but its interpreter '{wanted}' is not among the inputs"),
            None => format!("'{program}' is there, but something it needs is not: {said}"),
        },
        libc::EACCES if there.is_dir() => format!("'{program}' is a folder"),
        libc::EACCES => match there.metadata().map(|m| m.permissions().mode()) {
            Ok(mode) if mode & 0o111 == 0 => format!("'{program}' is not executable"),
            _ => format!("'{program}' or its interpreter may not be executed (is the store on a noexec disk?)"),
        },
        libc::ENOEXEC => {
            format!("'{program}' has no format that the kernel knows (a script's first line must start with '#!')")
        }
        libc::E2BIG => too_long(order),
        _ => said.to_string(),
    }
}

fn too_long(order: &Order) -> String {
    let longest = order.arguments.iter().chain(&order.environment).map(String::len).max().unwrap_or(0);
    if longest >= 128 << 10 {
        return format!("one argument or variable has {longest} bytes, and the kernel takes 131071; use a file");
    }
    let sum: usize = order.arguments.iter().chain(&order.environment).map(|text| text.len() + 9).sum();
    format!("arguments and environment have {sum} bytes together, more than the kernel takes (2 MiB); use a file")
}

/// The interpreter that a script or an ELF program names.
fn interpreter(program: &Path) -> Option<String> {
    use std::io::{Read, Seek, SeekFrom};
    let mut file = File::open(program).ok()?;
    let mut head = vec![0; 4096];
    let got = file.read(&mut head).ok()?;
    head.truncate(got);
    if let Some(line) = head.strip_prefix(b"#!") {
        let line = line.split(|b| *b == b'\n').next()?;
        return String::from_utf8_lossy(line).split_whitespace().next().map(str::to_owned);
    }
    if !head.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let number = |at: usize, size: usize| -> Option<u64> {
        let bytes = head.get(at..at.checked_add(size)?)?;
        Some(bytes.iter().rev().fold(0, |n, b| (n << 8) | u64::from(*b)))
    };
    let (table, size, count) = (number(32, 8)? as usize, number(54, 2)? as usize, number(56, 2)? as usize);
    for index in 0..count {
        let at = table.checked_add(index.checked_mul(size)?)?;
        if number(at, 4)? == 3 {
            let (offset, length) = (number(at + 8, 8)?, number(at + 32, 8)?.min(4096) as usize);
            file.seek(SeekFrom::Start(offset)).ok()?;
            let mut name = vec![0; length];
            file.read_exact(&mut name).ok()?;
            return Some(String::from_utf8_lossy(&name).trim_end_matches('\0').to_owned());
        }
    }
    None
}
