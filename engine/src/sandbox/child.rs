//! The init of one action: process 1 of its namespaces.
//!
//! The init mounts, starts the action, reaps, leaves word of what became of it and ends; with it the kernel ends
//! everything that still lives in its namespaces. It works in the spawner's memory, so that starting and ending it
//! copies nothing; whatever it needs is made before. It stays out of the action's reach: not dumpable, so the action
//! (same user) can neither trace it nor read its memory. Invariants of the action: no capability in any set,
//! `no_new_privs`, the filter of `seccomp.rs`, own session, descriptors 0, 1 and 2 and no other, default signal
//! handling, nothing in the environment but the job's. This file does not know the executor's side.

use super::launch::{Launch, STACK, SUPERVISION, UNHIDDEN, UNSUPERVISED};
use super::mounts::{At, Mounts};
use super::protocol::{Fault, Order, Told};
use super::unstarted::why_not;
use rustix::process::{
    Signal, WaitId, WaitIdOptions, WaitOptions, pidfd_send_signal, set_parent_process_death_signal, waitid,
};
use std::io::Error;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};

/// The ends of pipes that an action's processes write to, and its standard input.
pub(crate) struct Ends {
    /// `/dev/null`.
    pub(crate) stdin: RawFd,
    /// Standard output.
    pub(crate) stdout: OwnedFd,
    /// Standard error.
    pub(crate) stderr: OwnedFd,
    /// Where a filter's listener goes at level `normalised`.
    pub(crate) supervisor: RawFd,
}

/// A running init.
pub(crate) struct Init {
    /// Its descriptor.
    pub(crate) pidfd: OwnedFd,
    /// Its number.
    pub(crate) pid: i32,
}

/// Everything the init of an action needs, made before it starts: it may not allocate.
pub(crate) struct Action {
    mounts: Mounts,
    launch: Launch,
    loopback: bool,
}

impl Action {
    /// Makes an order ready. `Err` says why its program cannot be started.
    pub(crate) fn new(order: &Order, ends: &Ends) -> Result<Action, String> {
        let mounts = Mounts::new(&order.own, &order.mounts, &order.work, order.normalised)?;
        Ok(Action { mounts, launch: Launch::new(order, ends, 0)?, loopback: order.loopback })
    }
}

/// A step of the init.
#[derive(Debug, Clone, Copy)]
enum Step {
    Death,
    Loopback,
    Furnish(At),
    Capabilities,
    Start,
    Supervise,
    Trace,
    Wait,
}

/// What the init found.
#[derive(Debug, Clone, Copy)]
enum Said {
    Nothing,
    Ran {
        status: i32,
        user_us: u64,
        system_us: u64,
        max_rss_kib: u64,
    },
    Failed(Step, i32),
    /// Which of the programs, and the kernel's answer.
    NotStarted(usize, i32),
}

/// Bytes of an explanation, at most.
const WORDS: usize = 4000;

/// What the init leaves for the spawner.
struct Slate {
    said: Said,
    words: [u8; WORDS],
    length: usize,
}

/// What a spawner needs for every action it starts: kept, so that nothing is mapped anew each time.
pub(crate) struct Workshop {
    /// The init's stack.
    stack: Vec<u128>,
    /// In memory that stays shared when a process gets a copy of the rest.
    slate: std::ptr::NonNull<Slate>,
}

/// How an init is started.
#[derive(Clone, Copy)]
enum Mode {
    /// In the spawner's own memory, where it may neither allocate nor call what sets `errno`: nothing is copied, which
    /// is most of what a process costs.
    Shared,
    /// In a copy of it, to look at the action's root and say in words why program `.0` could not be started.
    Explain(usize, i32),
    /// In a copy of it, to follow the action and write down which files it opens.
    Traced,
    /// In a copy of it, to keep the action at level `strict`.
    Strict,
}

/// What `begin` is given.
struct Errand<'a> {
    action: &'a Action,
    order: &'a Order,
    slate: *mut Slate,
    mode: Mode,
}

impl Workshop {
    /// Room for one action at a time.
    pub(crate) fn new() -> Result<Workshop, Fault> {
        let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
        // SAFETY: asks for fresh memory at no particular place.
        let memory = unsafe { libc::mmap(std::ptr::null_mut(), size_of::<Slate>(), protection, flags, -1, 0) };
        let slate = std::ptr::NonNull::new(memory.cast::<Slate>()).filter(|_| memory != libc::MAP_FAILED);
        let slate = slate.ok_or_else(|| Fault::new("mapping shared memory", Error::last_os_error()))?;
        let workshop = Workshop { stack: vec![0; STACK / size_of::<u128>()], slate };
        workshop.wipe();
        Ok(workshop)
    }

    fn wipe(&self) {
        // SAFETY: the mapping is as large as a `Slate`, aligned to a page, and nobody else uses it now.
        unsafe { self.slate.as_ptr().write(Slate { said: Said::Nothing, words: [0; WORDS], length: 0 }) };
    }

    /// Starts the init of an action in namespaces of its own. The action, its order and the workshop must be left
    /// alone until the init has ended.
    pub(crate) fn start(&mut self, action: &Action, order: &Order) -> Result<Running, Fault> {
        let mode = match (order.traced, order.strict) {
            (true, _) => Mode::Traced,
            (false, true) => Mode::Strict,
            (false, false) => Mode::Shared,
        };
        self.clone_init(action, order, mode)
    }

    fn clone_init(&mut self, action: &Action, order: &Order, mode: Mode) -> Result<Running, Fault> {
        // SAFETY: as in `wipe`; what is set here is plain data.
        unsafe { (&raw mut (*self.slate.as_ptr()).said).write(Said::Nothing) };
        let mut flags = libc::CLONE_NEWNS | libc::CLONE_NEWPID | libc::CLONE_NEWIPC | libc::CLONE_PIDFD | libc::SIGCHLD;
        if action.loopback {
            flags |= libc::CLONE_NEWNET;
        }
        if matches!(mode, Mode::Shared) {
            flags |= libc::CLONE_VM;
        }
        let errand = Box::new(Errand { action, order, slate: self.slate.as_ptr(), mode });
        let mut pidfd: RawFd = -1;
        // SAFETY: the top of the stack lies one past its last element, and is aligned as `u128` is (16).
        let top = unsafe { self.stack.as_mut_ptr().add(self.stack.len()) };
        // SAFETY: the spawner has one thread, so no lock is held by a thread that the child lacks. In shared mode the
        // child neither allocates nor sets `errno`; its stack and the errand live until it has ended (see `Running`).
        let pid =
            unsafe { libc::clone(begin, top.cast(), flags, (&raw const *errand).cast_mut().cast(), &raw mut pidfd) };
        if pid == -1 {
            return Err(Fault::new("making the action's namespaces", Error::last_os_error()));
        }
        // SAFETY: the kernel has just made this descriptor for us and nobody else has it.
        let init = Init { pidfd: unsafe { OwnedFd::from_raw_fd(pidfd) }, pid };
        // SAFETY: the lifetimes end with `Running`, which waits for the child before it lets go of anything.
        let errand = unsafe { std::mem::transmute::<Box<Errand<'_>>, Box<Errand<'static>>>(errand) };
        Ok(Running { init, _errand: errand, waited: false })
    }

    /// What the init of an action found, once it has ended; `None` when it died without a word.
    pub(crate) fn told(&mut self, action: &Action, order: &Order) -> Option<Told> {
        // SAFETY: the mapping is live and its only other user has ended.
        let said = unsafe { (&raw const (*self.slate.as_ptr()).said).read_volatile() };
        Some(match said {
            Said::Nothing => return None,
            Said::Ran { status, user_us, system_us, max_rss_kib } => {
                Told::Ran { status, user_us, system_us, max_rss_kib }
            }
            Said::Failed(step, errno) => Told::Fault(Fault { step: words_of(step, &action.mounts), errno }),
            Said::NotStarted(index, errno) => Told::NotStarted(self.explain(action, order, index, errno)),
        })
    }

    /// Why a program could not be started, as seen from where it would have run.
    fn explain(&mut self, action: &Action, order: &Order, index: usize, errno: i32) -> String {
        let said = Error::from_raw_os_error(errno).to_string();
        let Ok(mut running) = self.clone_init(action, order, Mode::Explain(index, errno)) else { return said };
        running.wait();
        // SAFETY: as in `told`.
        let slate = unsafe { self.slate.as_ref() };
        let words = slate.words.get(..slate.length).map(String::from_utf8_lossy).unwrap_or_default();
        if words.is_empty() { said } else { words.into_owned() }
    }
}

/// An init that runs, or has run.
pub(crate) struct Running {
    /// The process.
    pub(crate) init: Init,
    _errand: Box<Errand<'static>>,
    waited: bool,
}

impl Running {
    /// Waits until it has ended.
    pub(crate) fn wait(&mut self) {
        while !self.waited {
            let ended = waitid(WaitId::PidFd(self.init.pidfd.as_fd()), WaitIdOptions::EXITED);
            self.waited = !matches!(ended, Err(rustix::io::Errno::INTR));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.waited {
            // It works in our memory: nothing of that may be used for anything else before it is gone.
            let _ = pidfd_send_signal(&self.init.pidfd, Signal::KILL);
            self.wait();
        }
    }
}

/// The init's first function. In shared mode everything below must neither allocate nor set `errno`: system calls by
/// `rustix`, and those of `libc` that cannot fail here.
extern "C" fn begin(errand: *mut libc::c_void) -> libc::c_int {
    // SAFETY: `clone_init` passes an errand that outlives this process's use of it.
    let errand = unsafe { &*errand.cast::<Errand<'_>>() };
    let said = match errand.mode {
        Mode::Shared => work(errand.action),
        Mode::Traced => followed(errand.action, errand.order),
        Mode::Strict => kept(errand.action),
        Mode::Explain(index, errno) => {
            if errand.action.mounts.furnish().is_ok() {
                let words = why_not(errand.order, index, errno);
                let bytes = words.as_bytes().get(..words.len().min(WORDS)).unwrap_or_default();
                // SAFETY: the slate is live and the spawner waits for our end before it reads it.
                let slate = unsafe { &mut *errand.slate };
                slate.words.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
                slate.length = bytes.len();
            }
            Said::Nothing
        }
    };
    // SAFETY: the slate is live, and the spawner reads it only when we have ended.
    unsafe { (&raw mut (*errand.slate).said).write_volatile(said) };
    // SAFETY: ends this process at once, which is what is wanted: no destructors, no buffers of the spawner's.
    unsafe { libc::_exit(0) }
}

fn words_of(step: Step, mounts: &Mounts) -> String {
    match step {
        Step::Death => "asking to die with the spawner".to_owned(),
        Step::Loopback => "bringing up the loopback device".to_owned(),
        Step::Furnish(at) => mounts.words(at),
        Step::Capabilities => "dropping capabilities".to_owned(),
        Step::Start => "starting the action's process".to_owned(),
        Step::Supervise => SUPERVISION.to_owned(),
        Step::Trace => super::strict::TRACING.to_owned(),
        Step::Wait => "waiting for the action".to_owned(),
    }
}

fn work(action: &Action) -> Said {
    match tried(action) {
        Ok(said) => said,
        Err((step, errno)) => Said::Failed(step, errno),
    }
}

/// The same for an action that is followed; what it opened is written into its own folder.
fn followed(action: &Action, order: &Order) -> Said {
    let io = |error: Error| (Step::Wait, error.raw_os_error().unwrap_or(libc::EIO));
    let file = std::fs::File::create(format!("/{}/trace", order.own)).map_err(io);
    let said = file.and_then(|mut file| {
        let pid = match begun(action, false)? {
            Ok(pid) => pid,
            Err((index, errno)) => return Ok(Said::NotStarted(index, errno)),
        };
        let (status, seen) = super::trace::follow(pid).map_err(io)?;
        std::io::Write::write_all(&mut file, &super::trace::encode(&seen)).map_err(io)?;
        Ok(ended(status))
    });
    said.unwrap_or_else(|(step, errno)| Said::Failed(step, errno))
}

/// The same for an action at level `strict`.
fn kept(action: &Action) -> Said {
    let said = begun(action, true).and_then(|begun| match begun {
        Ok(pid) => super::strict::keep(pid).map(ended).map_err(|errno| (Step::Trace, errno)),
        Err((index, errno)) => Ok(Said::NotStarted(index, errno)),
    });
    said.unwrap_or_else(|(step, errno)| Said::Failed(step, errno))
}

/// How it ended, by its status as `wait` has it.
fn ended(status: libc::c_int) -> Said {
    let signal = libc::WIFSIGNALED(status).then(|| -libc::WTERMSIG(status));
    ran(signal.unwrap_or_else(|| libc::WEXITSTATUS(status)))
}

fn tried(action: &Action) -> Result<Said, (Step, i32)> {
    match begun(action, false)? {
        Ok(pid) => reap(pid).map_err(|error| (Step::Wait, error.raw_os_error())),
        Err((index, errno)) => Ok(Said::NotStarted(index, errno)),
    }
}

/// Furnishes the action's room and starts it: its process, or which program could not be started, and why.
fn begun(action: &Action, strict: bool) -> Result<Result<i32, (usize, i32)>, (Step, i32)> {
    let failed = |step: Step| move |error: rustix::io::Errno| (step, error.raw_os_error());
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(failed(Step::Death))?;
    if action.loopback {
        loopback_up().map_err(|errno| (Step::Loopback, errno))?;
    }
    action.mounts.furnish().map_err(|(at, errno)| (Step::Furnish(at), errno.raw_os_error()))?;
    drop_capabilities(0).map_err(|errno| (Step::Capabilities, errno))?;
    let begun = match strict {
        true => action.launch.go_traced().map_err(|errno| (Step::Trace, errno))?,
        false => action.launch.go().map_err(|errno| (Step::Start, errno))?,
    };
    match begun {
        Err((UNSUPERVISED, errno)) => Err((Step::Supervise, errno)),
        Err((UNHIDDEN, errno)) => Err((Step::Trace, errno)),
        begun => Ok(begun),
    }
}

/// Waits for the action; what else ends meanwhile is reaped too.
fn reap(pid: i32) -> Result<Said, rustix::io::Errno> {
    let status = loop {
        match rustix::process::wait(WaitOptions::empty()) {
            Ok(Some((ended, status))) if ended.as_raw_nonzero().get() == pid => break status,
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    };
    Ok(ran(status.terminating_signal().map_or_else(|| status.exit_status().unwrap_or_default(), |signal| -signal)))
}

/// How it ended, with what it cost.
fn ran(status: i32) -> Said {
    // SAFETY: a plain C structure of numbers, which may be zero.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: `usage` is a valid place for the answer.
    unsafe { libc::getrusage(libc::RUSAGE_CHILDREN, &mut usage) };
    Said::Ran {
        status,
        user_us: micros(usage.ru_utime),
        system_us: micros(usage.ru_stime),
        max_rss_kib: usage.ru_maxrss as u64,
    }
}

/// `struct __user_cap_header_struct` of version 3.
#[repr(C)]
struct CapabilityHeader {
    version: u32,
    pid: i32,
}

impl CapabilityHeader {
    const OWN: CapabilityHeader = CapabilityHeader { version: 0x2008_0522, pid: 0 };
}

/// Gives up the rights to look where modes do not let one (`CAP_DAC_OVERRIDE`, `CAP_DAC_READ_SEARCH`): a supervisor
/// that looks on behalf of an action must not see more than that does.
pub(super) fn drop_override() -> Result<(), i32> {
    const MASK: u32 = 1 << 1 | 1 << 2;
    let header = CapabilityHeader::OWN;
    let mut sets = [0u32; 6];
    // SAFETY: both structures have the layout of version 3 and live through the call.
    if unsafe { libc::syscall(libc::SYS_capget, &raw const header, sets.as_mut_ptr()) } != 0 {
        return Err(last_errno());
    }
    // The effective and the permitted set; all three of them have a second half for higher numbers.
    let [effective, permitted, ..] = &mut sets;
    *effective &= !MASK;
    *permitted &= !MASK;
    // SAFETY: as above.
    if unsafe { libc::syscall(libc::SYS_capset, &raw const header, sets.as_ptr()) } != 0 {
        return Err(last_errno());
    }
    Ok(())
}

/// Empties the permitted, effective and inheritable sets. The bounding set was emptied in the spawner. `secret` is for
/// a filter that wants one (see `seccomp::light`).
pub(super) fn drop_capabilities(secret: u64) -> Result<(), i32> {
    let header = CapabilityHeader::OWN;
    let sets = [0u32; 6];
    // SAFETY: both structures have the layout of version 3 and live through the call.
    let done = unsafe { libc::syscall(libc::SYS_capset, &raw const header, sets.as_ptr(), 0, 0, 0, secret) };
    if done == 0 { Ok(()) } else { Err(last_errno()) }
}

/// A time of a process, in microseconds.
pub(super) fn micros(time: libc::timeval) -> u64 {
    (time.tv_sec as u64) * 1_000_000 + time.tv_usec as u64
}

pub(super) fn last_errno() -> i32 {
    Error::last_os_error().raw_os_error().unwrap_or(libc::EIO)
}

fn loopback_up() -> Result<(), i32> {
    let socket = rustix::net::socket(rustix::net::AddressFamily::INET, rustix::net::SocketType::DGRAM, None)
        .map_err(rustix::io::Errno::raw_os_error)?;
    // SAFETY: a plain C structure, which may be zero.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(b"lo") {
        *to = *from as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    // SAFETY: the request is a valid `ifreq` with a terminated name.
    let done = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request) };
    if done != 0 { Err(last_errno()) } else { Ok(()) }
}
