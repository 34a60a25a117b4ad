//! How a supervised action and its supervisor find each other.
//!
//! The action's process puts its filter on itself and sends the filter's listener through a socket just before it
//! becomes its program; the spawner takes it out at the other end while it watches. Invariant: between actions the
//! socket is empty. This file does not know what is answered.

use super::protocol::Fault;
use super::supervise::{Caller, Image, Supervisor};
use rustix::event::{PollFd, PollFlags};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::rc::Rc;
use std::time::Duration;

/// A spawner's means to supervise.
#[derive(Debug)]
pub(super) struct Oversight {
    ours: OwnedFd,
    theirs: OwnedFd,
    image: Rc<Image>,
    caller: Caller,
}

/// One action that is supervised.
#[derive(Debug)]
pub(super) struct Overseen<'a> {
    by: &'a Oversight,
    supervisor: Option<Supervisor>,
    input_time_s: i64,
    over: bool,
}

impl Oversight {
    /// Ready for any number of actions, one after the other.
    pub(super) fn new() -> Result<Oversight, Fault> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let pair = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None);
        let (ours, theirs) = pair.map_err(|e| Fault::new("making a supervisor's socket", e))?;
        Ok(Oversight { ours, theirs, image: Rc::new(Image::of_this_machine()), caller: Caller::default() })
    }

    /// From now on calls need this.
    pub(super) fn by(&mut self, caller: Caller) {
        self.caller = caller;
    }

    /// The end that the action's process sends to.
    pub(super) fn theirs(&self) -> RawFd {
        self.theirs.as_raw_fd()
    }

    /// An action is about to start, whose inputs are known by this time.
    pub(super) fn begin(&self, input_time_s: i64) -> Overseen<'_> {
        // Of one that was killed before anybody looked.
        while self.receive().is_some() {}
        Overseen { by: self, supervisor: None, input_time_s, over: false }
    }

    /// A listener that has arrived. Calls what a spawner of light commands may call with its secret only.
    fn receive(&self) -> Option<OwnedFd> {
        let mut byte = 0u8;
        let mut part = libc::iovec { iov_base: (&raw mut byte).cast(), iov_len: 1 };
        let mut control = [0u64; 4];
        // SAFETY: a plain C structure, which may be zero.
        let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
        message.msg_iov = &raw mut part;
        message.msg_iovlen = 1;
        message.msg_control = control.as_mut_ptr().cast();
        message.msg_controllen = size_of_val(&control) as _;
        let (socket, at) = (self.ours.as_raw_fd() as u64, std::ptr::from_mut(&mut message) as u64);
        self.caller.call(libc::SYS_recvmsg, [socket, at, libc::MSG_CMSG_CLOEXEC as u64, 0, 0]).ok()?;
        // SAFETY: the kernel has filled the message; its head is checked before what follows it is read.
        unsafe {
            let head = libc::CMSG_FIRSTHDR(&raw const message);
            let is_fd = !head.is_null()
                && (*head).cmsg_type == libc::SCM_RIGHTS
                && (*head).cmsg_len as usize == libc::CMSG_LEN(size_of::<RawFd>() as u32) as usize;
            is_fd.then(|| OwnedFd::from_raw_fd(libc::CMSG_DATA(head).cast::<RawFd>().read()))
        }
    }
}

impl Overseen<'_> {
    /// What to wait for.
    pub(super) fn poll(&self) -> PollFd<'_> {
        match &self.supervisor {
            // A listener that nobody can call any more would wake us all the time, whatever we wait for.
            _ if self.over => PollFd::new(&self.by.ours, PollFlags::empty()),
            Some(supervisor) => PollFd::new(supervisor.fd(), PollFlags::IN),
            None => PollFd::new(&self.by.ours, PollFlags::IN),
        }
    }

    /// It has come: `flags` is what the wait found.
    pub(super) fn attend(&mut self, flags: PollFlags) {
        match &mut self.supervisor {
            Some(supervisor) if flags.contains(PollFlags::IN) => supervisor.serve(),
            // Nobody is left who could call.
            Some(_) => self.over = true,
            None => {
                let listener = self.by.receive();
                let image = self.by.image.clone();
                self.supervisor = listener.map(|fd| Supervisor::new(fd, self.by.caller, image, self.input_time_s));
            }
        }
    }

    /// How long until something is to be done by itself.
    pub(super) fn wait(&self) -> Option<Duration> {
        self.supervisor.as_ref().and_then(Supervisor::wait)
    }

    /// Does it.
    pub(super) fn catch_up(&mut self) {
        if let Some(supervisor) = &mut self.supervisor {
            supervisor.catch_up();
        }
    }

    /// What kept the level from being held.
    pub(super) fn fault(&self) -> Option<Fault> {
        let errno = self.supervisor.as_ref().and_then(Supervisor::broken)?;
        Some(Fault { step: "taking the clock out of a program".to_owned(), errno })
    }
}
