//! The spawner: a small process, one per job slot, that runs actions in namespaces.
//!
//! Lifecycle: started by re-executing the program with a hidden argument (never a fork of the big process); reads
//! `Setup` from its standard input, which is a socket; leaves the host; then one `Order` after another, each to
//! its end. The end of the socket is its own end, and that of whatever it runs. One thread. Invariant: when it
//! says `Done`, no process of the action is alive. This file does not know what an action is for.

use super::child::{Action, Ends, Workshop, drop_override};
use super::light::Room;
use super::limits;
use super::mounts::{Skeleton, leave_host};
use super::oversight::Oversight;
use super::protocol::{
    Done, Fault, Order, Reply, Request, RunResult, SPAWNER_ARGUMENT, Setup, Stream, Told, receive, send,
};
use super::watch::{Capture, Limits, pipe, watch};
use super::world::Inside;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use rustix::process::{Signal, pidfd_send_signal};
use std::io::{Error, IoSlice, Read, Result, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Instant;

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
    let (mut skeleton, mut way, mut oversight, fast) = match move_in(&setup, &null) {
        Ok(made) => made,
        Err(fault) => return send(&mut socket, &Reply::Refused(fault)),
    };
    send(&mut socket, &Reply::Ready)?;
    hand_over(&socket.0, &fast)?;
    drop(fast);
    if let Way::Kept(room, _) = &way {
        oversight.by(room.caller());
        room.close().map_err(Error::from_raw_os_error)?;
    }
    loop {
        match receive(&mut socket)? {
            Request::Run(order) => {
                let done = way.run(&mut skeleton, &order, &mut socket, &null, &oversight)?;
                send(&mut socket, &Reply::Done(Box::new(done)))?;
            }
            // A kill that came too late, and a second setup, which nobody sends.
            Request::Kill(_) | Request::Setup(_) => {}
        }
    }
}

/// Leaves the host and makes what actions will run in; the descriptor is that of the scratch in memory.
fn move_in(setup: &Setup, null: &OwnedFd) -> std::result::Result<(Skeleton, Way, Oversight, OwnedFd), Fault> {
    prepare(&setup.inside)?;
    leave_host(&setup.inside)?;
    let mut skeleton = Skeleton::enter(setup)?;
    skeleton.set_root(setup.root.as_ref())?;
    lock()?;
    drop_override().map_err(|errno| Fault::new("giving up capabilities", Error::from_raw_os_error(errno)))?;
    let fast = skeleton.fast()?;
    let oversight = Oversight::new()?;
    Ok((skeleton, Way::new(setup, null, &oversight)?, oversight, fast))
}

/// The socket to the executor. Its calls set no `errno`: an init may be at work in the same memory.
pub(super) struct Wire(pub(super) OwnedFd);

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
fn prepare(inside: &Inside) -> std::result::Result<(), Fault> {
    let _ = rustix::process::setsid();
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(inside.umask.unwrap_or(limits::UMASK)));
    limits::set_resources().map_err(|e| Fault::new("setting limits", e))?;
    limits::set_personality(inside.fixed_addresses).map_err(|e| Fault::new("setting the personality", e))?;
    inside.settle().map_err(|e| Fault::new("choosing a processor", e))?;
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

/// How the spawner runs actions.
enum Way {
    /// Each in namespaces of its own.
    Own(Workshop),
    /// One after the other in a room that is kept, writing into pipes that are kept.
    Kept(Box<Room>, Box<([Capture; 2], Ends)>),
}

impl Way {
    fn new(setup: &Setup, null: &OwnedFd, oversight: &Oversight) -> std::result::Result<Way, Fault> {
        if !setup.light {
            return Workshop::new().map(Way::Own);
        }
        let room = Room::new(setup.normalised)?;
        let (captures, ends) = pipes(null, oversight).map_err(|e| Fault::new("making pipes", e))?;
        Ok(Way::Kept(Box::new(room), Box::new((captures, ends))))
    }

    fn run(
        &mut self,
        skeleton: &mut Skeleton,
        order: &Order,
        socket: &mut Wire,
        null: &OwnedFd,
        oversight: &Oversight,
    ) -> Result<Done> {
        let started = Instant::now();
        let done = |result| Done { number: order.number, result, wall_us: started.elapsed().as_micros() as u64 };
        if let Err(fault) = skeleton.set_root(order.root.as_ref()) {
            return Ok(done(RunResult::Told(Told::Fault(fault))));
        }
        let mut limits = Limits::of(order, skeleton, started);
        let result = match self {
            Way::Own(workshop) => in_own(workshop, order, &mut limits, socket, (null, oversight)),
            Way::Kept(room, ends) => in_kept(room, &mut ends.0, &ends.1, order, &mut limits, (socket, oversight)),
        };
        let (result, ended) = result?;
        Ok(Done { wall_us: ended.duration_since(started).as_micros() as u64, ..done(result) })
    }
}

/// Two pipes: our ends and an action's.
fn pipes(null: &OwnedFd, oversight: &Oversight) -> Result<([Capture; 2], Ends)> {
    let (stdout, stdout_end) = pipe()?;
    let (stderr, stderr_end) = pipe()?;
    let supervisor = oversight.theirs();
    let ends = Ends { stdin: null.as_raw_fd(), stdout: stdout_end, stderr: stderr_end, supervisor };
    Ok(([Capture::new(Stream::Stdout, stdout), Capture::new(Stream::Stderr, stderr)], ends))
}

/// Sends on what was written last.
fn empty(captures: &mut [Capture; 2], socket: &mut Wire) -> Result<()> {
    captures.iter_mut().try_for_each(|capture| capture.drain(socket).and_then(|()| capture.flush(socket)))
}

fn in_own(
    workshop: &mut Workshop,
    order: &Order,
    limits: &mut Limits<'_>,
    socket: &mut Wire,
    (null, oversight): (&OwnedFd, &Oversight),
) -> Result<(RunResult, Instant)> {
    let (mut captures, ends) = pipes(null, oversight)?;
    let mut overseen = order.normalised.then(|| oversight.begin(order.input_time_s));
    let action = match Action::new(order, &ends) {
        Ok(action) => action,
        Err(why) => return Ok((RunResult::Told(Told::NotStarted(why)), Instant::now())),
    };
    let mut running = match workshop.start(&action, order) {
        Ok(running) => running,
        Err(fault) => return Ok((RunResult::Told(Told::Fault(fault)), Instant::now())),
    };
    // It has its own copies of these descriptors.
    drop(ends);
    limits.begin(order, running.init.pid);
    let kill = |process: &OwnedFd| {
        // One that has ended already is no harm.
        let _ = pidfd_send_signal(process, Signal::KILL);
    };
    let stopped = watch(&running.init.pidfd, order.number, limits, socket, &mut captures, overseen.as_mut(), kill)?;
    running.wait();
    drop(running);
    let ended = Instant::now();
    empty(&mut captures, socket)?;
    let fault = overseen.and_then(|overseen| overseen.fault()).map(|fault| RunResult::Told(Told::Fault(fault)));
    let told = || workshop.told(&action, order).map_or(RunResult::Vanished, RunResult::Told);
    Ok((stopped.or(fault).unwrap_or_else(told), ended))
}

fn in_kept(
    room: &mut Room,
    captures: &mut [Capture; 2],
    ends: &Ends,
    order: &Order,
    limits: &mut Limits<'_>,
    (socket, oversight): (&mut Wire, &Oversight),
) -> Result<(RunResult, Instant)> {
    let mut overseen = order.normalised.then(|| oversight.begin(order.input_time_s));
    let running = match room.start(order, ends) {
        Ok(Ok(running)) => running,
        Ok(Err(why)) => return Ok((RunResult::Told(Told::NotStarted(why)), Instant::now())),
        Err(fault) => return Ok((RunResult::Told(Told::Fault(fault)), Instant::now())),
    };
    limits.begin(order, running.pid());
    let kill = |process: &OwnedFd| room.kill(process);
    let stopped = watch(&running.pidfd, order.number, limits, socket, captures, overseen.as_mut(), kill)?;
    let told = room.end(&running).map_or(RunResult::Vanished, RunResult::Told);
    let ended = Instant::now();
    empty(captures, socket)?;
    let fault = overseen.and_then(|overseen| overseen.fault()).map(|fault| RunResult::Told(Told::Fault(fault)));
    Ok((stopped.or(fault).unwrap_or(told), ended))
}
