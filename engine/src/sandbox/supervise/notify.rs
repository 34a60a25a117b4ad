//! The kernel's side of a supervised call: what it tells, and how it is answered.
//!
//! Layouts and numbers are those of `linux/seccomp.h`. Invariant: nothing here looks at what a call means.

use std::os::fd::{AsRawFd, OwnedFd};

/// A call that waits for an answer.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C)]
pub(super) struct Call {
    /// Names it until it is answered.
    pub(super) id: u64,
    /// The thread, by its number in our namespace.
    pub(super) thread: u32,
    flags: u32,
    /// The call's number.
    pub(super) nr: i32,
    architecture: u32,
    instruction: u64,
    /// Its arguments.
    pub(super) arguments: [u64; 6],
}

impl Call {
    /// Argument `at` as the kernel reads an `int`.
    pub(super) fn int(&self, at: usize) -> i32 {
        self.long(at) as i32
    }

    /// Argument `at`.
    pub(super) fn long(&self, at: usize) -> u64 {
        self.arguments.get(at).copied().unwrap_or_default()
    }
}

#[repr(C)]
struct Response {
    id: u64,
    value: i64,
    error: i32,
    flags: u32,
}

#[repr(C)]
struct Descriptor {
    id: u64,
    flags: u32,
    ours: u32,
    theirs: u32,
    their_flags: u32,
}

/// How a call is answered.
#[derive(Debug)]
pub(super) enum Answer {
    /// It gives this.
    Value(i64),
    /// It fails with this.
    Error(i32),
    /// The kernel does it.
    Native,
    /// It gives a new descriptor, with these flags (`O_CLOEXEC` or none).
    Descriptor(OwnedFd, i32),
    /// That, but so many microseconds from now.
    Later(u64, Box<Answer>),
}

const RECEIVE: u64 = 0xc050_2100;
const SEND: u64 = 0xc018_2101;
const ADD: u64 = 0x4018_2103;
const IS_VALID: u64 = 0x4008_2102;
const SET_FLAGS: u64 = 0x4008_2104;
/// Both sides run on the CPU of the one that wakes the other: a tenth of the time (Linux 6.6).
const WAKE_HERE: u64 = 1;
const NATIVE: u32 = 1;
/// A descriptor is the call's answer.
const AND_ANSWER: u32 = 2;

/// System calls of the supervisor that its own filter lets through for their sixth argument only.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Caller {
    secret: u64,
}

impl Caller {
    /// Calls with this secret; 0 where there is no filter.
    pub(crate) fn new(secret: u64) -> Caller {
        Caller { secret }
    }

    /// Is there a filter?
    pub(super) fn is_filtered(self) -> bool {
        self.secret != 0
    }

    /// A call with up to five arguments. `Err` is the errno.
    pub(crate) fn call(self, nr: libc::c_long, [a, b, c, d, e]: [u64; 5]) -> Result<u64, i32> {
        // SAFETY: callers pass numbers, and addresses of places that live through the call and are as large as it
        // wants.
        match unsafe { libc::syscall(nr, a, b, c, d, e, self.secret) } {
            -1 => Err(super::super::child::last_errno()),
            value => Ok(value as u64),
        }
    }

    fn request<T>(self, on: &OwnedFd, request: u64, what: &mut T) -> Result<u64, i32> {
        self.call(libc::SYS_ioctl, [on.as_raw_fd() as u64, request, std::ptr::from_mut(what) as u64, 0, 0])
    }
}

/// The place where calls arrive.
#[derive(Debug)]
pub(super) struct Listener {
    fd: OwnedFd,
    caller: Caller,
}

impl Listener {
    pub(super) fn new(fd: OwnedFd, caller: Caller) -> Listener {
        // An older kernel is slower, nothing else.
        let _ = caller.call(libc::SYS_ioctl, [fd.as_raw_fd() as u64, SET_FLAGS, WAKE_HERE, 0, 0]);
        Listener { fd, caller }
    }

    pub(super) fn fd(&self) -> &OwnedFd {
        &self.fd
    }

    /// The next call; `None` when it has gone away meanwhile.
    pub(super) fn receive(&self) -> Option<Call> {
        let mut call = Call::default();
        self.caller.request(&self.fd, RECEIVE, &mut call).ok().map(|_| call)
    }

    /// Does the call still wait? Its process may have been killed.
    pub(super) fn is_waiting(&self, id: u64) -> bool {
        let mut id = id;
        self.caller.request(&self.fd, IS_VALID, &mut id).is_ok()
    }

    /// Answers a call. One whose process has ended needs none.
    pub(super) fn answer(&self, id: u64, answer: &Answer) {
        let mut response = Response { id, value: 0, error: 0, flags: 0 };
        match answer {
            Answer::Value(value) => response.value = *value,
            Answer::Error(errno) => response.error = -errno,
            Answer::Native => response.flags = NATIVE,
            Answer::Descriptor(fd, flags) => {
                let (ours, their_flags) = (fd.as_raw_fd() as u32, *flags as u32);
                let mut descriptor = Descriptor { id, flags: AND_ANSWER, ours, theirs: 0, their_flags };
                match self.caller.request(&self.fd, ADD, &mut descriptor) {
                    Ok(_) => return,
                    Err(errno) => response.error = -errno,
                }
            }
            Answer::Later(_, answer) => return self.answer(id, answer),
        }
        let _ = self.caller.request(&self.fd, SEND, &mut response);
    }
}
