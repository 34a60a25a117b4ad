//! Watching an action: what it writes, how long it runs, how much it fills, whether it is still wanted.
//!
//! Invariant: nothing here sets `errno`, because an init may be at work in the same memory. This file starts nothing.

use super::mounts::Skeleton;
use super::oversight::Overseen;
use super::protocol::{Order, Reply, Request, RunResult, Stream, receive, send};
use super::spawner::Wire;
use super::usage::Usage;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pipe::{PipeFlags, pipe_with};
use std::io::Result;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

/// Output that is held back before it is sent on.
const FLUSH: usize = 64 << 10;
/// How often what an action wrote into memory is weighed.
const WEIGH_EVERY: Duration = Duration::from_millis(25);

/// A pipe whose reading end does not block.
pub(super) fn pipe() -> Result<(OwnedFd, OwnedFd)> {
    let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
    rustix::io::ioctl_fionbio(&read, true)?;
    Ok((read, write))
}

/// What an action writes, on its way to the executor.
pub(super) struct Capture {
    stream: Stream,
    from: OwnedFd,
    held: Vec<u8>,
    open: bool,
}

impl Capture {
    /// Nothing has come yet.
    pub(super) fn new(stream: Stream, from: OwnedFd) -> Capture {
        Capture { stream, from, held: Vec::new(), open: true }
    }

    /// Takes what is there now.
    pub(super) fn drain(&mut self, to: &mut Wire) -> Result<()> {
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

    /// Sends on what is held back.
    pub(super) fn flush(&mut self, to: &mut Wire) -> Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        send(to, &Reply::Output(self.stream, std::mem::take(&mut self.held)))
    }
}

/// What an action may not go beyond.
pub(super) struct Limits<'a> {
    deadline: Option<Instant>,
    /// Where what it writes lies in memory, and how much that may be.
    weigh: Option<(&'a Skeleton, u64)>,
    /// What its processes use, once it has some.
    usage: Option<Usage>,
    started: Instant,
}

impl<'a> Limits<'a> {
    /// Those of an order that starts now.
    pub(super) fn of(order: &Order, skeleton: &'a Skeleton, started: Instant) -> Limits<'a> {
        Limits {
            deadline: order.timeout_ms.map(|ms| started + Duration::from_millis(ms)),
            weigh: order.own.starts_with("fast/").then(|| (skeleton, order.disk.unwrap_or(u64::MAX))),
            usage: None,
            started,
        }
    }

    /// The order has started: this is its init, or of a light command its process.
    pub(super) fn begin(&mut self, order: &Order, first: i32) {
        self.usage = Some(Usage::new(order, first, self.started));
    }

    /// How long to wait at most before the next look.
    fn wait(&self) -> Option<Duration> {
        let left = self.deadline.map(|at| at.saturating_duration_since(Instant::now()));
        let count = self.usage.as_ref().and_then(Usage::next).map(|at| at.saturating_duration_since(Instant::now()));
        let left = sooner(left, count);
        if self.weigh.is_some() { sooner(left, Some(WEIGH_EVERY)) } else { left }
    }

    fn is_due(&self, now: Instant) -> bool {
        self.deadline.into_iter().chain(self.usage.as_ref().and_then(Usage::next)).any(|at| at <= now)
    }

    fn exceeded(&mut self) -> Option<RunResult> {
        let now = Instant::now();
        if self.deadline.is_some_and(|at| at <= now) {
            return Some(RunResult::TimedOut);
        }
        if self.weigh.is_some_and(|(skeleton, most)| skeleton.is_too_big(most)) {
            return Some(RunResult::TooBig);
        }
        let (resource, most) = self.usage.as_mut()?.exceeded(now)?;
        Some(RunResult::Exceeded(resource, most))
    }
}

fn sooner(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// Watches a process until it has ended. Says why it was killed (by `kill`), if it was.
pub(super) fn watch(
    process: &OwnedFd,
    number: u64,
    limits: &mut Limits<'_>,
    socket: &mut Wire,
    captures: &mut [Capture; 2],
    mut overseen: Option<&mut Overseen<'_>>,
    kill: impl Fn(&OwnedFd),
) -> Result<Option<RunResult>> {
    let (mut stopped, mut looked) = (None, Instant::now());
    loop {
        let due = overseen.as_deref().and_then(Overseen::wait);
        let left = sooner(if stopped.is_none() { limits.wait() } else { None }, due);
        let [out, err] = &*captures;
        let mut watched = [
            PollFd::new(process, PollFlags::IN),
            PollFd::new(&socket.0, PollFlags::IN),
            PollFd::new(&out.from, if out.open { PollFlags::IN } else { PollFlags::empty() }),
            PollFd::new(&err.from, if err.open { PollFlags::IN } else { PollFlags::empty() }),
            overseen.as_deref().map_or_else(|| PollFd::new(process, PollFlags::empty()), Overseen::poll),
        ];
        let left = left.map(|d| Timespec { tv_sec: d.as_secs() as i64, tv_nsec: i64::from(d.subsec_nanos()) });
        match poll(&mut watched, left.as_ref()) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        let called = watched[4].revents();
        let [ended, message, said, erred, _] = watched.map(|fd| !fd.revents().is_empty());
        if ended {
            return Ok(stopped);
        }
        if message {
            match receive(socket)? {
                Request::Kill(n) if n == number => {
                    stopped = stopped.or(Some(RunResult::Killed));
                    kill(process);
                }
                _ => {}
            }
        }
        if let Some(overseen) = overseen.as_deref_mut() {
            if !called.is_empty() {
                overseen.attend(called);
            }
            overseen.catch_up();
        }
        if said || erred {
            captures.iter_mut().try_for_each(|capture| capture.drain(socket))?;
        }
        // Also when output keeps coming: a process that never stops writing must not escape its limits.
        let late = looked.elapsed() >= WEIGH_EVERY || limits.is_due(Instant::now());
        if stopped.is_none() && late {
            looked = Instant::now();
            stopped = limits.exceeded();
            if stopped.is_some() {
                kill(process);
            }
        }
    }
}
