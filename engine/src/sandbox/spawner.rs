//! The spawner: a small process, one per job slot, that runs actions in namespaces.
//!
//! Lifecycle: started by re-executing the program with a hidden argument (never a fork of the big process); reads
//! `Setup` from its standard input, which is a socket; leaves the host; then one `Order` after another, each to
//! its end. The end of the socket is its own end, and that of whatever it runs. One thread. Invariant: when it
//! says `Done`, no process of the action is alive. This file does not know what an action is for.

use super::child::{Action, Ends, Init, Workshop};
use super::limits;
use super::mounts::{Skeleton, leave_host};
use super::protocol::{Done, Fault, Order, Reply, Request, RunResult, SPAWNER_ARGUMENT, Stream, Told, receive, send};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Signal, pidfd_send_signal};
use std::io::{Error, IoSlice, Read, Result, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

/// Output that is held back before it is sent on.
const FLUSH: usize = 64 << 10;
/// How often what an action wrote into memory is weighed.
const WEIGH_EVERY: Duration = Duration::from_millis(25);

/// Runs this process as a spawner and ends it, if its first argument asks for that. To be called first in `main`,
/// before any thread is started.
pub fn spawner_main_if_asked() {
    if std::env::args_os().nth(1).is_some_and(|argument| argument == SPAWNER_ARGUMENT) {
        // The executor sees the end of the socket; there is nobody else to tell.
        let code = i32::from(serve().is_err());
        std::process::exit(code);
    }
}

fn serve() -> Result<()> {
    let mut socket = Wire(rustix::io::fcntl_dupfd_cloexec(std::io::stdin(), 3)?);
    let null = std::fs::OpenOptions::new().read(true).write(true).open("/dev/null")?;
    let null = rustix::io::fcntl_dupfd_cloexec(&null, 3)?;
    nix::unistd::dup2_stdin(&null)?;
    nix::unistd::dup2_stdout(&null)?;
    nix::unistd::dup2_stderr(&null)?;
    let Request::Setup(setup) = receive(&mut socket)? else { return Ok(()) };
    let made = prepare().and_then(|()| leave_host()).and_then(|()| Skeleton::enter(&setup));
    let mut skeleton = match made.and_then(|skeleton| lock().map(|()| skeleton)) {
        Ok(skeleton) => skeleton,
        Err(fault) => return send(&mut socket, &Reply::Refused(fault)),
    };
    let fast = match skeleton.fast() {
        Ok(fast) => fast,
        Err(fault) => return send(&mut socket, &Reply::Refused(fault)),
    };
    send(&mut socket, &Reply::Ready)?;
    hand_over(&socket.0, &fast)?;
    drop(fast);
    let mut workshop = match Workshop::new() {
        Ok(workshop) => workshop,
        Err(fault) => return Err(Error::from_raw_os_error(fault.errno)),
    };
    loop {
        match receive(&mut socket)? {
            Request::Run(order) => {
                let done = run(&mut workshop, &mut skeleton, &order, &mut socket, &null)?;
                send(&mut socket, &Reply::Done(Box::new(done)))?;
            }
            // A kill that came too late, and a second setup, which nobody sends.
            Request::Kill(_) | Request::Setup(_) => {}
        }
    }
}

/// The socket to the executor. Its calls set no `errno`: an init may be at work in the same memory.
struct Wire(OwnedFd);

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        Ok(rustix::io::retry_on_intr(|| rustix::io::read(&self.0, &mut *buffer))?)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        Ok(rustix::io::retry_on_intr(|| rustix::io::write(&self.0, bytes))?)
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

/// Sends a descriptor, with a byte to carry it.
fn hand_over(socket: &OwnedFd, fd: &OwnedFd) -> Result<()> {
    let fds = [std::os::fd::AsFd::as_fd(fd)];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    control.push(SendAncillaryMessage::ScmRights(&fds));
    sendmsg(socket, &[IoSlice::new(&[0])], &mut control, SendFlags::empty())?;
    Ok(())
}

/// What every process below inherits: a session, signals, umask, limits.
fn prepare() -> std::result::Result<(), Fault> {
    let _ = rustix::process::setsid();
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    limits::set_resources().map_err(|e| Fault::new("setting limits", e))?;
    for signal in 1..=libc::SIGRTMAX() {
        // SAFETY: restores default handling; signals that cannot be changed answer EINVAL, which is no harm.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    // SAFETY: a plain C structure, filled by `sigemptyset` before use.
    unsafe {
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &none, std::ptr::null_mut());
    }
    Ok(())
}

/// What holds for this process and all below: no new privileges, an empty bounding set, not to be traced.
fn lock() -> std::result::Result<(), Fault> {
    let failed = |what: &str| Fault::new(what, std::io::Error::last_os_error());
    for capability in 0..64 {
        // SAFETY: takes numbers only.
        if unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) } != 0 {
            // The first number beyond the kernel's last capability.
            break;
        }
    }
    // SAFETY: takes numbers only.
    if unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) } != 0 {
        return Err(failed("setting no_new_privs"));
    }
    // SAFETY: takes numbers only.
    if unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) } != 0 {
        return Err(failed("making the spawner untraceable"));
    }
    Ok(())
}

/// A pipe whose reading end does not block.
fn pipe() -> Result<(OwnedFd, OwnedFd)> {
    let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
    rustix::io::ioctl_fionbio(&read, true)?;
    Ok((read, write))
}

/// What an action writes, on its way to the executor.
struct Capture {
    stream: Stream,
    from: OwnedFd,
    held: Vec<u8>,
    open: bool,
}

impl Capture {
    fn new(stream: Stream, from: OwnedFd) -> Capture {
        Capture { stream, from, held: Vec::new(), open: true }
    }

    /// Takes what is there now.
    fn drain(&mut self, to: &mut Wire) -> Result<()> {
        let mut buffer = [0; 16 << 10];
        while self.open {
            match rustix::io::read(&self.from, &mut buffer) {
                Ok(0) => self.open = false,
                Ok(n) => self.held.extend(buffer.iter().take(n)),
                Err(rustix::io::Errno::AGAIN) => break,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            if self.held.len() >= FLUSH {
                self.flush(to)?;
            }
        }
        Ok(())
    }

    fn flush(&mut self, to: &mut Wire) -> Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        send(to, &Reply::Output(self.stream, std::mem::take(&mut self.held)))
    }
}

fn run(
    workshop: &mut Workshop,
    skeleton: &mut Skeleton,
    order: &Order,
    socket: &mut Wire,
    null: &OwnedFd,
) -> Result<Done> {
    let started = Instant::now();
    let done = |result| Done { number: order.number, result, wall_us: started.elapsed().as_micros() as u64 };
    if let Err(fault) = skeleton.set_root(order.root.as_ref()) {
        return Ok(done(RunResult::Told(Told::Fault(fault))));
    }
    let (stdout, stdout_end) = pipe()?;
    let (stderr, stderr_end) = pipe()?;
    let ends = Ends { stdin: null.as_raw_fd(), stdout: stdout_end, stderr: stderr_end };
    let action = match Action::new(order, &ends) {
        Ok(action) => action,
        Err(why) => return Ok(done(RunResult::Told(Told::NotStarted(why)))),
    };
    let mut running = match workshop.start(&action, order) {
        Ok(running) => running,
        Err(fault) => return Ok(done(RunResult::Told(Told::Fault(fault)))),
    };
    // It has its own copies of these descriptors.
    drop(ends);
    let mut captures = [Capture::new(Stream::Stdout, stdout), Capture::new(Stream::Stderr, stderr)];
    let deadline = order.timeout_ms.map(|ms| started + Duration::from_millis(ms));
    let weigh = order.own.starts_with("fast/").then_some(&*skeleton);
    let stopped = watch(&running.init, order.number, Limits { deadline, weigh }, socket, &mut captures)?;
    running.wait();
    drop(running);
    let finished = done(RunResult::Vanished);
    for capture in &mut captures {
        capture.drain(socket)?;
        capture.flush(socket)?;
    }
    let result = match (stopped, workshop.told(&action, order)) {
        (Some(stopped), _) => stopped,
        (None, Some(told)) => RunResult::Told(told),
        (None, None) => RunResult::Vanished,
    };
    Ok(Done { result, ..finished })
}

/// What an action may not go beyond.
struct Limits<'a> {
    deadline: Option<Instant>,
    /// Where what it writes lies in memory.
    weigh: Option<&'a Skeleton>,
}

impl Limits<'_> {
    /// How long to wait at most before the next look.
    fn wait(&self) -> Option<Timespec> {
        let left = self.deadline.map(|at| at.saturating_duration_since(Instant::now()));
        let left = if self.weigh.is_some() { Some(left.map_or(WEIGH_EVERY, |d| d.min(WEIGH_EVERY))) } else { left };
        left.map(|d| Timespec { tv_sec: d.as_secs() as i64, tv_nsec: i64::from(d.subsec_nanos()) })
    }

    fn exceeded(&self) -> Option<RunResult> {
        if self.deadline.is_some_and(|at| at <= Instant::now()) {
            return Some(RunResult::TimedOut);
        }
        self.weigh.is_some_and(Skeleton::is_too_big).then_some(RunResult::TooBig)
    }
}

/// Watches the init until it has ended. Says why it was killed, if it was.
fn watch(
    init: &Init,
    number: u64,
    limits: Limits<'_>,
    socket: &mut Wire,
    captures: &mut [Capture; 2],
) -> Result<Option<RunResult>> {
    let (mut stopped, mut looked) = (None, Instant::now());
    loop {
        let left = if stopped.is_none() { limits.wait() } else { None };
        let [out, err] = &*captures;
        let mut watched = [
            PollFd::new(&init.pidfd, PollFlags::IN),
            PollFd::new(&socket.0, PollFlags::IN),
            PollFd::new(&out.from, if out.open { PollFlags::IN } else { PollFlags::empty() }),
            PollFd::new(&err.from, if err.open { PollFlags::IN } else { PollFlags::empty() }),
        ];
        match poll(&mut watched, left.as_ref()) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        let [ended, message, ..] = watched.map(|fd| !fd.revents().is_empty());
        if ended {
            return Ok(stopped);
        }
        if message {
            match receive(socket)? {
                Request::Kill(n) if n == number => {
                    stopped = stopped.or(Some(RunResult::Killed));
                    let _ = pidfd_send_signal(&init.pidfd, Signal::KILL);
                }
                _ => {}
            }
        }
        for capture in &mut *captures {
            capture.drain(socket)?;
        }
        // Also when output keeps coming: a process that never stops writing must not escape its limits.
        let late = looked.elapsed() >= WEIGH_EVERY || limits.deadline.is_some_and(|at| at <= Instant::now());
        if stopped.is_none() && late {
            looked = Instant::now();
            stopped = limits.exceeded();
            if stopped.is_some() {
                let _ = pidfd_send_signal(&init.pidfd, Signal::KILL);
            }
        }
    }
}
