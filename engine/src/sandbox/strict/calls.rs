//! What is done with a call at which a thread stopped: the kernel makes it, it is answered here, or the thread is kept
//! because it would have to wait.
//!
//! Invariant: a call that is kept has not happened; it is looked at anew when the thread has its turn again.

use super::clock::{SECOND, base, span};
use super::ptrace::{self, Stop};
use super::waits::{self, Changed, Kind, Part};
use super::{Keeper, State, Wait};
use libc::{c_int, c_long, pid_t, user_regs_struct};
use std::collections::hash_map::Entry;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// What a call comes to.
#[derive(Debug)]
pub(super) enum Answer {
    /// The kernel makes it.
    Native,
    /// The kernel makes it, and may wait in it; it must not be made twice.
    Watched,
    /// This, and the kernel is not asked.
    Value(i64),
    /// The thread waits, until a moment at most.
    Keep(Wait, Option<u64>),
    /// The kernel makes it with other arguments; what it says is looked at then.
    Change(Box<Changed>),
    /// It gives way.
    Yield,
    /// The thread ends, its process goes on.
    End,
}

impl Answer {
    pub(super) fn error(errno: c_int) -> Answer {
        Answer::Value(-i64::from(errno))
    }
}

/// What a write into a pipe does not split, and what fits where there is any room.
const FITS_PIPE: u64 = 4096;
/// The same of a socket, which says that there is room when three quarters of its own are free.
const FITS_SOCKET: u64 = 16 << 10;

impl Keeper {
    /// A thread stopped at a call.
    pub(super) fn call(&mut self, thread: pid_t) {
        let Some(registers) = ptrace::registers(thread) else { return self.run(thread, false, 0) };
        let Some(known) = self.threads.get_mut(&thread) else { return };
        known.interrupted = None;
        if known.again != Some(registers.rip) {
            (known.again, known.deadline, known.part) = (None, None, None);
            self.clock.pass();
            if self.clock.next().is_some_and(|at| at <= self.clock.now()) {
                self.ring();
            }
            if self.has_had_its_turn(thread) {
                self.set(thread, State::Stopped(Stop::Call));
                return self.pass(thread);
            }
        }
        match self.answer(thread, &registers) {
            Answer::Native => {
                self.finish(thread);
                self.go_on(thread, 0);
            }
            Answer::Watched => {
                self.finish(thread);
                if let Some(known) = self.threads.get_mut(&thread) {
                    known.watched = true;
                }
                self.go_on(thread, 0);
            }
            Answer::Value(value) => {
                self.skip(thread, &registers, value);
                self.go_on(thread, 0);
            }
            Answer::Keep(wait, deadline) => self.keep(thread, State::AtCall, wait, deadline, registers.rip),
            Answer::Change(changed) => {
                ptrace::set_registers(thread, &changed.registers);
                if let Some(known) = self.threads.get_mut(&thread) {
                    known.changed = Some(*changed);
                }
                self.run(thread, true, 0);
            }
            Answer::Yield => {
                self.skip(thread, &registers, 0);
                self.set(thread, State::Stopped(Stop::Asked));
                self.pass(thread);
            }
            Answer::End => {
                self.finish(thread);
                self.run(thread, false, 0);
                waits::until_ended(thread);
                self.set(thread, State::InKernel);
                self.pass(thread);
            }
        }
    }

    /// The kernel does not make this call, which gives `value`.
    fn skip(&mut self, thread: pid_t, registers: &user_regs_struct, value: i64) {
        let mut registers = *registers;
        (registers.rax, registers.orig_rax) = (value as u64, u64::MAX);
        ptrace::set_registers(thread, &registers);
        self.finish(thread);
    }

    /// A call has happened, and may let others go on.
    pub(super) fn finish(&mut self, thread: pid_t) {
        self.done += 1;
        if let Some(known) = self.threads.get_mut(&thread) {
            (known.wait, known.deadline, known.again, known.woken, known.part) = (None, None, None, false, None);
        }
    }

    fn answer(&mut self, thread: pid_t, registers: &user_regs_struct) -> Answer {
        match registers.orig_rax as c_long {
            libc::SYS_clock_gettime
            | libc::SYS_clock_getres
            | libc::SYS_gettimeofday
            | libc::SYS_time
            | libc::SYS_times
            | libc::SYS_getrusage => self.clocks(thread, registers),
            libc::SYS_alarm | libc::SYS_setitimer | libc::SYS_getitimer => self.alarms(thread, registers),
            libc::SYS_timerfd_settime | libc::SYS_timerfd_gettime => self.timers(thread, registers),
            libc::SYS_nanosleep | libc::SYS_clock_nanosleep => self.sleep(thread, registers),
            libc::SYS_futex => self.futex(thread, registers),
            libc::SYS_sched_yield => Answer::Yield,
            libc::SYS_poll
            | libc::SYS_ppoll
            | libc::SYS_select
            | libc::SYS_pselect6
            | libc::SYS_epoll_wait
            | libc::SYS_epoll_pwait => self.poll(thread, registers),
            libc::SYS_wait4 | libc::SYS_waitid | libc::SYS_flock | libc::SYS_fcntl => waits::without_waiting(registers),
            libc::SYS_exit => {
                let others = |group| self.threads.iter().any(|(tid, t)| *tid != thread && t.group == group);
                if others(thread) { Answer::End } else { Answer::Native }
            }
            libc::SYS_exit_group => {
                let group = self.threads.get(&thread).map(|known| known.group);
                self.ending.extend(group);
                Answer::Native
            }
            libc::SYS_read
            | libc::SYS_readv
            | libc::SYS_recvfrom
            | libc::SYS_recvmsg
            | libc::SYS_accept
            | libc::SYS_accept4 => self.transfer(thread, registers, libc::POLLIN),
            libc::SYS_write | libc::SYS_writev | libc::SYS_sendto | libc::SYS_sendmsg => {
                self.transfer(thread, registers, libc::POLLOUT)
            }
            // What is left sends signals.
            _ => {
                self.signals += 1;
                Answer::Native
            }
        }
    }

    fn sleep(&mut self, thread: pid_t, registers: &user_regs_struct) -> Answer {
        if let Some(deadline) = self.threads.get(&thread).and_then(|known| known.deadline) {
            let is_over = deadline <= self.clock.now();
            return if is_over { Answer::Value(0) } else { Answer::Keep(Wait::Time, Some(deadline)) };
        }
        let is_plain = registers.orig_rax as c_long == libc::SYS_nanosleep;
        let (clock, at) =
            if is_plain { (libc::CLOCK_MONOTONIC, registers.rdi) } else { (registers.rdi as c_int, registers.rdx) };
        let Some(base) = base(clock).filter(|_| clock != libc::CLOCK_THREAD_CPUTIME_ID) else { return Answer::Native };
        let Some(time) = ptrace::read_longs::<2>(thread, at) else { return Answer::error(libc::EFAULT) };
        let Some(span) = span(time, 1) else { return Answer::error(libc::EINVAL) };
        let is_moment = !is_plain && registers.rsi as c_int & libc::TIMER_ABSTIME != 0;
        let now = self.clock.now();
        let deadline = if is_moment { span.saturating_sub(base) } else { now.saturating_add(span) };
        if deadline <= now {
            return if is_moment { Answer::Value(0) } else { Answer::Yield };
        }
        // Where it is interrupted, this is what it is told.
        let left = if is_plain { registers.rsi } else { registers.r10 };
        if !is_moment && left != 0 {
            ptrace::write_longs(thread, left, &[span / SECOND, span % SECOND]);
        }
        Answer::Keep(Wait::Time, Some(deadline))
    }

    /// Reads and writes: a file is always ready; of all else it is asked.
    fn transfer(&mut self, thread: pid_t, registers: &user_regs_struct, events: i16) -> Answer {
        let nr = registers.orig_rax as c_long;
        let fd = registers.rdi as c_int;
        let Some(group) = self.threads.get(&thread).map(|known| known.group) else { return Answer::Native };
        let Some(file) = self.borrow(group, fd) else { return Answer::Native };
        let kind = kind_of(&file);
        if matches!(kind, libc::S_IFREG | libc::S_IFDIR | libc::S_IFBLK | libc::S_IFCHR) || !may_wait(&file) {
            return Answer::Native;
        }
        let flags = match nr {
            libc::SYS_recvfrom | libc::SYS_sendto => registers.r10,
            libc::SYS_recvmsg | libc::SYS_sendmsg => registers.rdx,
            _ => 0,
        };
        if flags as c_int & libc::MSG_DONTWAIT != 0 {
            return Answer::Native;
        }
        // It shows each process its own signals.
        if kind == 0 && is_of_signals(thread, fd) {
            return Answer::Watched;
        }
        if !is_ready(&file, events) {
            return Answer::Keep(Wait::File(fd, events), None);
        }
        let fits = if kind == libc::S_IFIFO { FITS_PIPE } else { FITS_SOCKET };
        let is_large = registers.rdx > fits || self.threads.get(&thread).is_some_and(|known| known.part.is_some());
        match nr {
            libc::SYS_write | libc::SYS_sendto if is_large && (kind == libc::S_IFIFO || is_stream(&file)) => {
                self.write_part(thread, registers, fits)
            }
            libc::SYS_writev | libc::SYS_sendmsg => Answer::Watched,
            _ if flags as c_int & libc::MSG_WAITALL != 0 => Answer::Watched,
            _ => Answer::Native,
        }
    }

    /// As much of a large write as surely fits.
    fn write_part(&mut self, thread: pid_t, registers: &user_regs_struct, fits: u64) -> Answer {
        let Some(known) = self.threads.get_mut(&thread) else { return Answer::Native };
        known.part.get_or_insert(Part { done: 0, total: registers.rdx, arguments: (registers.rsi, registers.rdx) });
        let mut changed = *registers;
        changed.rdx = changed.rdx.min(fits);
        Answer::Change(Box::new(Changed { registers: changed, original: *registers, kind: Kind::Part }))
    }

    /// The same open file as a process has.
    pub(super) fn borrow(&mut self, group: pid_t, fd: c_int) -> Option<OwnedFd> {
        let process = match self.processes.entry(group) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                // SAFETY: takes numbers only.
                let process = unsafe { libc::syscall(libc::SYS_pidfd_open, group, 0) };
                // SAFETY: the kernel has just made this descriptor for us and nobody else has it.
                unknown.insert((process >= 0).then(|| unsafe { OwnedFd::from_raw_fd(process as c_int) })?)
            }
        };
        share(process, fd)
    }

    /// Can it be read or written without waiting?
    pub(super) fn is_ready(&self, group: pid_t, fd: c_int, events: i16) -> bool {
        let file = self.processes.get(&group).and_then(|process| share(process, fd));
        file.is_none_or(|file| is_ready(&file, events))
    }
}

fn share(process: &OwnedFd, fd: c_int) -> Option<OwnedFd> {
    // SAFETY: takes numbers only.
    let shared = unsafe { libc::syscall(libc::SYS_pidfd_getfd, process.as_raw_fd(), fd, 0) };
    // SAFETY: the kernel has just made this descriptor for us and nobody else has it.
    (shared >= 0).then(|| unsafe { OwnedFd::from_raw_fd(shared as c_int) })
}

fn is_ready(file: &OwnedFd, events: i16) -> bool {
    let mut poll = libc::pollfd { fd: file.as_raw_fd(), events, revents: 0 };
    // SAFETY: one valid place, as is said.
    unsafe { libc::poll(&mut poll, 1, 0) != 0 }
}

/// The kind of a file; 0 for what is none.
fn kind_of(file: &OwnedFd) -> libc::mode_t {
    rustix::fs::fstat(file).map_or(0, |stat| stat.st_mode & libc::S_IFMT)
}

/// Does a socket carry bytes without bounds?
fn is_stream(socket: &OwnedFd) -> bool {
    let (mut kind, mut length) = (0 as c_int, size_of::<c_int>() as libc::socklen_t);
    let place = (&raw mut kind).cast();
    // SAFETY: two valid places, as large as is said.
    let got = unsafe { libc::getsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_TYPE, place, &mut length) };
    got == 0 && kind == libc::SOCK_STREAM
}

fn is_of_signals(thread: pid_t, fd: c_int) -> bool {
    let link = std::fs::read_link(format!("/proc/{thread}/fd/{fd}"));
    link.is_ok_and(|link| link.as_os_str() == "anon_inode:[signalfd]")
}

fn may_wait(file: &OwnedFd) -> bool {
    // SAFETY: takes numbers only.
    let flags = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_GETFL) };
    flags & (libc::O_NONBLOCK | libc::O_PATH) == 0
}
