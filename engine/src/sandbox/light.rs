//! A room that is kept: namespaces in which one small command after another runs.
//!
//! Making and ending namespaces costs about as much as a small program. A plain command that stays within a short
//! list of system calls (`seccomp::light`) leaves nothing behind but files in `/w` and `/tmp`: it starts no process,
//! makes no System V object, sends no signal, touches nobody's limits. So the next one can have the same room once the
//! executor has emptied the two folders. Whatever asks for more is killed by the filter and run again in namespaces
//! of its own. The parts: process 1 of the room's process namespace, which only sleeps; a mount namespace with the
//! action's root; and each command as process 2, which enters that mount namespace by itself and has no init.
//! Invariants: the spawner has one thread; between commands nothing lives in the room but process 1.
//! This file does not know what is staged, nor who decides that a command is light.

use super::child::{Ends, drop_capabilities, last_errno, micros};
use super::launch::{Launch, STACK, SUPERVISION, UNSUPERVISED};
use super::mounts::Mounts;
use super::protocol::{Fault, Order, Told};
use super::seccomp;
use super::supervise::Caller;
use nix::sched::{CloneFlags, unshare};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::io::{Error, Read, Write};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};

/// Where the room's `/w` and `/tmp` lie in the slot's root.
pub(crate) const OWN: &str = "fast/light";
/// Every command's number in the room, as in a room of its own.
const NUMBER: libc::pid_t = super::supervise::LIGHT_NUMBER as libc::pid_t;

/// The room.
pub(crate) struct Room {
    /// The mount namespace of those who live in it.
    mounts: OwnedFd,
    /// Both ends of its process 1's life: when this is gone, so is that.
    _lifeline: OwnedFd,
    /// What the filter wants to see from the spawner.
    secret: u64,
    /// A command's stack until it is its program.
    stack: Vec<u128>,
}

/// What `enter` is given.
struct Errand<'a> {
    launch: &'a Launch,
    mounts: RawFd,
    secret: u64,
    /// A step before the program that failed.
    errno: std::cell::Cell<i32>,
}

/// A command that runs.
pub(crate) struct Running {
    pid: libc::pid_t,
    /// Its descriptor.
    pub(crate) pidfd: OwnedFd,
}

impl Running {
    /// Its number.
    pub(crate) fn pid(&self) -> i32 {
        self.pid
    }
}

fn fault(step: &str) -> impl Fn(rustix::io::Errno) -> Fault {
    move |errno| Fault::new(step, errno)
}

fn this_mount_namespace() -> Result<OwnedFd, Fault> {
    let file = std::fs::File::open("/proc/self/ns/mnt");
    Ok(file.map_err(|e| Fault::new("opening the mount namespace", e))?.into())
}

fn go_into(namespace: &OwnedFd) -> rustix::io::Result<()> {
    move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Mount))
}

impl Room {
    /// Makes the room, in a spawner that has left the host and has its toolchain in place.
    pub(crate) fn new(normalised: bool) -> Result<Room, Fault> {
        for folder in ["", "/w", "/tmp"] {
            let path = format!("/{OWN}{folder}");
            std::fs::create_dir(&path).map_err(|e| Fault::new(format!("making {path}"), e))?;
        }
        let pipe = || rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).map_err(fault("making a pipe"));
        let ((asleep, lifeline), (said, report)) = (pipe()?, pipe()?);
        let named = || Fault::new("naming mounts", Error::from_raw_os_error(libc::EINVAL));
        let room = Mounts::new(OWN, &[], super::mounts::WORK, normalised).map_err(|_| named())?;
        let home = this_mount_namespace()?;
        let flags = CloneFlags::CLONE_NEWPID | CloneFlags::CLONE_NEWIPC | CloneFlags::CLONE_NEWNS;
        unshare(flags).map_err(|e| Fault::new("making a room's namespaces", e))?;
        let mounts = this_mount_namespace()?;
        // SAFETY: this process has one thread, so the child finds no lock that is held by another.
        match unsafe { libc::fork() } {
            -1 => return Err(Fault::new("starting process 1", Error::last_os_error())),
            0 => first_process(&room, asleep, report),
            _ => drop(report),
        }
        // Only process 1 can mount the room's /proc.
        let mut words = Vec::new();
        std::fs::File::from(said).read_to_end(&mut words).map_err(|e| Fault::new("hearing from process 1", e))?;
        go_into(&home).map_err(fault("going back from the room"))?;
        match words.split_first_chunk::<4>() {
            Some((errno, step)) if i32::from_le_bytes(*errno) != 0 => {
                let errno = Error::from_raw_os_error(i32::from_le_bytes(*errno));
                return Err(Fault::new(String::from_utf8_lossy(step), errno));
            }
            Some(_) => {}
            None => return Err(Fault::new("hearing from process 1", Error::from_raw_os_error(libc::EPIPE))),
        }
        Ok(Room { mounts, secret: secret()?, _lifeline: lifeline, stack: vec![0; STACK / size_of::<u128>()] })
    }

    /// Starts a command. `Ok(Err(_))` says why it could not be started.
    pub(crate) fn start(&mut self, order: &Order, ends: &Ends) -> Result<Result<Running, String>, Fault> {
        let launch = match Launch::new(order, ends, self.secret) {
            Ok(launch) => launch,
            Err(why) => return Ok(Err(why)),
        };
        let errand = Errand {
            launch: &launch,
            mounts: self.mounts.as_raw_fd(),
            secret: self.secret,
            errno: std::cell::Cell::new(0),
        };
        let running = self.clone_command(&errand).map_err(|e| Fault::new("starting the action's process", e))?;
        // The command is its program by now, or has ended.
        match (errand.errno.get(), launch.failed()) {
            (0, None) => Ok(Ok(running)),
            (_, Some((UNSUPERVISED, errno))) => {
                let _ = self.end(&running);
                Err(Fault::new(SUPERVISION, Error::from_raw_os_error(errno)))
            }
            (errno, failed) => {
                let _ = self.end(&running);
                let errno = failed.map_or(errno, |(_, errno)| errno);
                Ok(Err(Error::from_raw_os_error(errno).to_string()))
            }
        }
    }

    /// How the supervisor of a command makes its calls.
    pub(crate) fn caller(&self) -> Caller {
        Caller::new(self.secret)
    }

    /// From now on this process and its commands live by the filter of light commands.
    pub(crate) fn close(&self) -> Result<(), i32> {
        seccomp::install(&seccomp::light(self.secret))
    }

    /// Kills a command.
    pub(crate) fn kill(&self, process: &OwnedFd) {
        let (no_info, no_flags) = (std::ptr::null::<libc::siginfo_t>(), 0);
        // SAFETY: a descriptor, numbers and a null pointer. One that has ended already is no harm.
        unsafe {
            let nr = libc::SYS_pidfd_send_signal;
            libc::syscall(nr, process.as_raw_fd(), libc::SIGKILL, no_info, no_flags, 0, self.secret);
        }
    }

    /// Waits for a command's end.
    pub(crate) fn end(&self, running: &Running) -> Option<Told> {
        let mut status = 0;
        // SAFETY: a plain C structure of numbers, which may be zero.
        let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
        let (at, cost) = (&raw mut status, &raw mut usage);
        loop {
            // SAFETY: both are valid places for the answer.
            match unsafe { libc::syscall(libc::SYS_wait4, running.pid, at, 0, cost, 0, self.secret) } {
                -1 if last_errno() == libc::EINTR => {}
                -1 => return None,
                _ => break,
            }
        }
        let status = if libc::WIFSIGNALED(status) { -libc::WTERMSIG(status) } else { libc::WEXITSTATUS(status) };
        Some(Told::Ran {
            status,
            user_us: micros(usage.ru_utime),
            system_us: micros(usage.ru_stime),
            max_rss_kib: usage.ru_maxrss as u64,
        })
    }

    fn clone_command(&mut self, errand: &Errand<'_>) -> Result<Running, Error> {
        let mut pidfd: RawFd = -1;
        let numbers = [NUMBER];
        // SAFETY: a plain C structure of numbers, which may be zero.
        let mut how: libc::clone_args = unsafe { std::mem::zeroed() };
        how.flags = (libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PIDFD) as u64;
        how.pidfd = (&raw mut pidfd) as u64;
        how.exit_signal = libc::SIGCHLD as u64;
        how.stack = self.stack.as_mut_ptr() as u64;
        how.stack_size = (self.stack.len() * size_of::<u128>()) as u64;
        how.set_tid = numbers.as_ptr() as u64;
        how.set_tid_size = 1;
        // SAFETY: CLONE_VFORK holds this process until the child has called `execve` or ended, so the errand and the
        // stack outlive the child's use of them; the child allocates nothing and takes no lock.
        let pid = unsafe { clone3(&how, self.secret, enter, (&raw const *errand).cast()) };
        match pid {
            // SAFETY: the kernel has just made this descriptor for us and nobody else has it.
            1.. => Ok(Running { pid: pid as libc::pid_t, pidfd: unsafe { OwnedFd::from_raw_fd(pidfd) } }),
            _ => Err(Error::from_raw_os_error(-pid as i32)),
        }
    }
}

/// A number that nobody else knows.
fn secret() -> Result<u64, Fault> {
    let mut bytes = [0; 8];
    // SAFETY: the place is live and as long as is said.
    match unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), 0) } {
        8 => Ok(u64::from_ne_bytes(bytes)),
        _ => Err(Fault::new("asking for a random number", Error::last_os_error())),
    }
}

/// Process 1 of the room: furnishes it, says how that went (an errno, and the step if it is not 0), and sleeps for as
/// long as the spawner holds the other end of its pipe.
fn first_process(room: &Mounts, asleep: OwnedFd, report: OwnedFd) -> ! {
    let mut report = std::fs::File::from(report);
    let furnished = room.furnish().map_err(|(at, errno)| (room.words(at), errno.raw_os_error()));
    let ready = furnished.and_then(|()| {
        let dropped = drop_capabilities(0).map_err(|errno| ("dropping capabilities".to_owned(), errno));
        // SAFETY: takes numbers only.
        let moved = unsafe { libc::dup2(asleep.as_raw_fd(), 0) };
        dropped.and(if moved == 0 { Ok(()) } else { Err(("moving a pipe".to_owned(), last_errno())) })
    });
    let (step, errno) = ready.err().unwrap_or_default();
    let _ = report.write_all(&[&errno.to_le_bytes(), step.as_bytes()].concat());
    // SAFETY: system calls with numbers and a live place only; a failure ends in `_exit`.
    unsafe {
        if errno == 0 && libc::syscall(libc::SYS_close_range, 1, u32::MAX, 0) == 0 {
            let mut byte = 0u8;
            while libc::read(0, (&raw mut byte).cast(), 1) == -1 && last_errno() == libc::EINTR {}
        }
        libc::_exit(0)
    }
}

/// A command's first function: into the room, out of every right, into the program.
extern "C" fn enter(errand: *const libc::c_void) -> ! {
    // SAFETY: `clone_command` passes an errand that outlives this process's use of it.
    let errand = unsafe { &*errand.cast::<Errand<'_>>() };
    let secret = errand.secret;
    // SAFETY: numbers and a live string only.
    let entered = unsafe {
        libc::syscall(libc::SYS_setns, errand.mounts, libc::CLONE_NEWNS, 0, 0, 0, secret) == 0
            && libc::chdir(c"/w".as_ptr()) == 0
            && libc::syscall(libc::SYS_setsid, 0, 0, 0, 0, 0, secret) != -1
    };
    if !entered {
        errand.errno.set(last_errno());
    } else if let Err(errno) = drop_capabilities(secret) {
        errand.errno.set(errno);
    } else {
        errand.launch.try_program();
    }
    // SAFETY: ends this process at once, which is what is wanted: no destructors, no buffers of the spawner's.
    unsafe { libc::_exit(127) }
}

/// `clone3` with a stack for the child, which libc does not offer: the child calls `first(argument)` and never comes
/// back. Gives the child's number or a negated errno.
#[cfg(target_arch = "x86_64")]
// SAFETY: callers keep `first`'s argument and the stack in `how` alive until the child has ended or become a program.
unsafe fn clone3(
    how: &libc::clone_args,
    secret: u64,
    first: extern "C" fn(*const libc::c_void) -> !,
    argument: *const libc::c_void,
) -> libc::c_long {
    let answer: libc::c_long;
    // SAFETY: the child starts behind the call with its own, aligned stack and goes into `first` at once; the parent
    // goes on below. The kernel changes rcx and r11.
    unsafe {
        std::arch::asm!(
            "syscall",
            "test rax, rax",
            "jnz 2f",
            "xor ebp, ebp",
            "mov rdi, r13",
            "call r12",
            "ud2",
            "2:",
            inlateout("rax") libc::SYS_clone3 => answer,
            in("rdi") how,
            in("rsi") size_of::<libc::clone_args>(),
            in("r9") secret,
            in("r12") first,
            in("r13") argument,
            lateout("rcx") _,
            lateout("r11") _,
        );
    }
    answer
}

#[cfg(target_arch = "aarch64")]
// SAFETY: as above.
unsafe fn clone3(
    how: &libc::clone_args,
    secret: u64,
    first: extern "C" fn(*const libc::c_void) -> !,
    argument: *const libc::c_void,
) -> libc::c_long {
    let answer: libc::c_long;
    // SAFETY: as above.
    unsafe {
        std::arch::asm!(
            "svc 0",
            "cbnz x0, 2f",
            "mov x29, xzr",
            "mov x0, x21",
            "blr x20",
            "brk 1",
            "2:",
            inlateout("x0") &raw const *how => answer,
            in("x1") size_of::<libc::clone_args>(),
            in("x5") secret,
            in("x8") libc::SYS_clone3,
            in("x20") first,
            in("x21") argument,
        );
    }
    answer
}
