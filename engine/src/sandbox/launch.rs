//! The step from the init to the action's program: a process that shares the init's memory until `execve`.
//!
//! Invariants: it allocates nothing; what it needs is made before. This file does not know namespaces.

use super::child::{Ends, last_errno};
use super::limits::{BUSY_TRIES, BUSY_WAIT};
use super::protocol::Order;
use std::ffi::CString;
use std::io::Error;
use std::os::fd::{AsRawFd, RawFd};

/// As the kernel takes it.
const BUSY_PAUSE: libc::timespec = libc::timespec { tv_sec: 0, tv_nsec: BUSY_WAIT.as_nanos() as i64 };

/// In place of a program's number: it could not be put under supervision.
pub(super) const UNSUPERVISED: usize = usize::MAX - 1;
/// The same: the processor's counter could not be taken from it.
pub(super) const UNHIDDEN: usize = usize::MAX - 2;
/// That step.
pub(super) const SUPERVISION: &str = "putting a program under supervision";

/// Its stack.
pub(super) const STACK: usize = 64 << 10;

/// Everything `execve` needs, made before the process that may not allocate.
pub(super) struct Launch {
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
    /// Does it ask to be traced?
    traced: bool,
    descriptors: [RawFd; 3],
    filter: Vec<libc::sock_filter>,
    /// Is it at level `strict`? Then it waits until it is traced: the end of a pipe to wait at.
    strict: bool,
    gate: std::cell::Cell<RawFd>,
    /// At level `normalised`: where the filter's listener goes, and what the filter of light commands wants to see.
    supervised: Option<(RawFd, u64)>,
    light: bool,
    /// Of the process that lives between `clone` and `execve`.
    stack: std::cell::RefCell<Vec<u128>>,
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
    /// Makes an order ready.
    pub(super) fn new(order: &Order, ends: &Ends, secret: u64) -> Result<Launch, String> {
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
            traced: order.traced,
            descriptors: [ends.stdin, ends.stdout.as_raw_fd(), ends.stderr.as_raw_fd()],
            // A light command has its spawner's, and its spawner's stack.
            filter: match (order.light, order.normalised) {
                (true, false) => Vec::new(),
                (true, true) => super::seccomp::beside_light(),
                (false, normalised) => super::seccomp::program(normalised, order.strict, order.fixed_random),
            },
            supervised: order.normalised.then_some((ends.supervisor, secret)),
            light: order.light,
            strict: order.strict,
            gate: std::cell::Cell::new(-1),
            stack: vec![0; if order.light { 0 } else { STACK / size_of::<u128>() }].into(),
            failure: std::cell::Cell::new((0, 0)),
        })
    }

    /// Starts the action and waits until it has become its program. `Err` is which program failed, and how.
    pub(super) fn go(&self) -> Result<Result<i32, (usize, i32)>, i32> {
        let Ok(mut stack) = self.stack.try_borrow_mut() else { return Err(libc::EBUSY) };
        // SAFETY: the top of the stack lies one past its last element, and is aligned as `u128` is (16).
        let top = unsafe { stack.as_mut_ptr().add(stack.len()) };
        let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
        // SAFETY: CLONE_VFORK holds this process until the child has called `execve` or ended, so `self` and the
        // stack outlive the child's use of them; the child allocates nothing and takes no lock.
        let pid = unsafe { libc::clone(become_action, top.cast(), flags, (&raw const *self).cast_mut().cast()) };
        if pid == -1 {
            return Err(last_errno());
        }
        Ok(self.failed().map_or(Ok(pid), Err))
    }

    /// The same at level `strict`: the action's process waits until it is traced, and has just become its program when
    /// this comes back.
    pub(super) fn go_traced(&self) -> Result<Result<i32, (usize, i32)>, i32> {
        let (gate, opens) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).map_err(|e| e.raw_os_error())?;
        self.gate.set(gate.as_raw_fd());
        let Ok(mut stack) = self.stack.try_borrow_mut() else { return Err(libc::EBUSY) };
        // SAFETY: the top of the stack lies one past its last element, and is aligned as `u128` is (16).
        let top = unsafe { stack.as_mut_ptr().add(stack.len()) };
        let flags = libc::CLONE_VM | libc::SIGCHLD;
        // SAFETY: `self` and the stack outlive the child's use of them, since its end is waited for below; it allocates
        // nothing and takes no lock, and this process only waits whenever the child runs.
        let pid = unsafe { libc::clone(become_action, top.cast(), flags, (&raw const *self).cast_mut().cast()) };
        if pid == -1 {
            return Err(last_errno());
        }
        let seized = super::strict::seize(pid);
        let opened = seized.and_then(|()| rustix::io::write(&opens, &[0]).map_err(|e| e.raw_os_error()));
        if let Err(errno) = opened {
            // SAFETY: takes numbers and a null pointer only.
            unsafe {
                libc::kill(pid, libc::SIGKILL);
                libc::waitpid(pid, std::ptr::null_mut(), 0);
            }
            return Err(errno);
        }
        match (super::strict::until_program(pid)?, self.failed()) {
            (_, Some(failed)) => Ok(Err(failed)),
            (true, None) => Ok(Ok(pid)),
            // It was killed before it was anything.
            (false, None) => Err(libc::ESRCH),
        }
    }

    /// Which program failed, and how, once the process that tried has ended.
    pub(super) fn failed(&self) -> Option<(usize, i32)> {
        Some(self.failure.get()).filter(|(_, errno)| *errno != 0)
    }

    /// In the action's process: becomes the program, or leaves word why not.
    pub(super) fn try_program(&self) {
        let passed = if self.strict { self.pass_gate() } else { Ok(()) };
        self.failure.set(passed.map_or_else(|errno| (UNHIDDEN, errno), |()| self.become_program()));
    }

    /// The errno of a failed step before `execve` counts as a failure of program `usize::MAX`.
    fn become_program(&self) -> (usize, i32) {
        let own = |errno: i32| (usize::MAX, errno);
        let last = || Error::last_os_error().raw_os_error().unwrap_or(libc::EIO);
        let [stdin, stdout, stderr] = self.descriptors;
        // SAFETY: only system calls that take numbers, and pointers to values that live in the waiting parent.
        unsafe {
            // A light command has made this call before, with its spawner's secret.
            if !self.light {
                libc::setsid();
            }
            // The sources all lie above 2, so none is overwritten before it is copied.
            if libc::dup2(stdin, 0) == -1 || libc::dup2(stdout, 1) == -1 || libc::dup2(stderr, 2) == -1 {
                return own(last());
            }
            // One of them is still needed at level `normalised`.
            let close = if self.supervised.is_some() { libc::CLOSE_RANGE_CLOEXEC } else { 0 };
            if libc::syscall(libc::SYS_close_range, 3, u32::MAX, close) != 0 {
                return own(last());
            }
            if self.supervised.is_none()
                && !self.filter.is_empty()
                && let Err(errno) = super::seccomp::install(&self.filter)
            {
                return own(errno);
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
            if self.traced
                && let Err(errno) = super::trace::ask()
            {
                return own(errno);
            }
            // Whatever the filter hands over is done by now: who will answer has not come yet.
            if let Some((socket, secret)) = self.supervised
                && let Err(errno) = self.hand_over(socket, secret)
            {
                return (UNSUPERVISED, errno);
            }
            let mut worst = (0, libc::ENOENT);
            for (index, (program, envp)) in self.programs.iter().zip(&self.envps).enumerate() {
                // A program that was staged just now may be open for writing in a process that our side is starting at
                // this moment, for as long as that takes to become another program.
                let mut errno = libc::ETXTBSY;
                for _ in 0..BUSY_TRIES {
                    libc::execve(program.as_ptr(), self.argv.as_ptr(), envp.as_ptr());
                    errno = last();
                    if errno != libc::ETXTBSY {
                        break;
                    }
                    libc::nanosleep(&BUSY_PAUSE, std::ptr::null_mut());
                }
                match errno {
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

impl Launch {
    /// Waits until it is traced, and has the processor's counter taken away.
    fn pass_gate(&self) -> Result<(), i32> {
        let mut byte = 0u8;
        // SAFETY: one valid byte, as is said.
        if unsafe { libc::read(self.gate.get(), (&raw mut byte).cast(), 1) } != 1 {
            return Err(libc::ECANCELED);
        }
        super::strict::hide_counter()
    }

    /// Puts the filter on and sends its listener to the supervisor.
    fn hand_over(&self, socket: RawFd, secret: u64) -> Result<(), i32> {
        let fixed = libc::ADDR_NO_RANDOMIZE;
        // SAFETY: takes numbers only.
        if unsafe { libc::syscall(libc::SYS_personality, fixed, 0, 0, 0, 0, secret) } == -1 {
            return Err(last_errno());
        }
        let listener = super::seccomp::install_with_listener(&self.filter, secret)?;
        let mut byte = 0u8;
        let mut part = libc::iovec { iov_base: (&raw mut byte).cast(), iov_len: 1 };
        let mut control = [0u64; 4];
        // SAFETY: a plain C structure, which may be zero.
        let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
        message.msg_iov = &raw mut part;
        message.msg_iovlen = 1;
        message.msg_control = control.as_mut_ptr().cast();
        // SAFETY: computes a length.
        message.msg_controllen = unsafe { libc::CMSG_LEN(size_of::<RawFd>() as u32) } as _;
        // SAFETY: `control` is aligned and has room for the head and one descriptor (24 of its 32 bytes).
        unsafe {
            let head = libc::CMSG_FIRSTHDR(&raw const message);
            (*head).cmsg_level = libc::SOL_SOCKET;
            (*head).cmsg_type = libc::SCM_RIGHTS;
            (*head).cmsg_len = message.msg_controllen;
            libc::CMSG_DATA(head).cast::<RawFd>().write(listener);
        }
        // SAFETY: the message and all it points to live through the call.
        match unsafe { libc::syscall(libc::SYS_sendmsg, socket, &raw const message, 0, 0, 0, secret) } {
            -1 => Err(last_errno()),
            _ => Ok(()),
        }
    }
}

extern "C" fn become_action(launch: *mut libc::c_void) -> libc::c_int {
    // SAFETY: `go` passes a `Launch` that outlives this process's use of it.
    let launch = unsafe { &*launch.cast::<Launch>() };
    launch.try_program();
    127
}
