//! Logical time: one clock for a whole action, and the alarms that ring by it.
//!
//! It goes on by a microsecond with each look at it and with each call that stops, and jumps to the next deadline when
//! nobody can go on. All clocks are this one, from different beginnings. Invariant: nothing of the machine's time
//! gets in.

use super::ptrace;
use super::{Keeper, calls::Answer};
use crate::sandbox::limits;
use libc::{c_int, pid_t, user_regs_struct};
use std::collections::BTreeMap;
use std::os::fd::{AsRawFd, OwnedFd};

const MICROSECOND: u64 = 1_000;
pub(super) const SECOND: u64 = 1_000_000_000;
/// Of `times`.
const TICK: u64 = 10_000_000;

/// What rings.
#[derive(Debug)]
enum Bell {
    /// A process gets this signal.
    Signal(c_int),
    /// A timer's descriptor becomes readable.
    Timer(OwnedFd),
}

#[derive(Debug)]
struct Alarm {
    at: u64,
    every: u64,
    bell: Bell,
}

/// The clock.
#[derive(Debug, Default)]
pub(super) struct Clock {
    /// Nanoseconds since the action began.
    now: u64,
    /// By process and kind: which of the three alarms of a process (negative), or which descriptor.
    alarms: BTreeMap<(pid_t, c_int), Alarm>,
}

impl Clock {
    /// A look at it.
    pub(super) fn look(&mut self) -> u64 {
        self.now += MICROSECOND;
        limits::UPTIME * SECOND + self.now
    }

    /// Something happened.
    pub(super) fn pass(&mut self) {
        self.now += MICROSECOND;
    }

    pub(super) fn now(&self) -> u64 {
        self.now
    }

    /// When something rings next.
    pub(super) fn next(&self) -> Option<u64> {
        self.alarms.values().map(|alarm| alarm.at).min()
    }

    pub(super) fn move_to(&mut self, at: u64) {
        self.now = self.now.max(at);
    }

    /// A process is gone.
    pub(super) fn forget(&mut self, group: pid_t) {
        self.alarms.retain(|(owner, _), _| *owner != group);
    }

    /// Rings what is due; was there any?
    pub(super) fn ring(&mut self) -> bool {
        let due: Vec<_> = self.alarms.iter().filter(|(_, alarm)| alarm.at <= self.now).map(|(key, _)| *key).collect();
        for key in &due {
            let Some(alarm) = self.alarms.get_mut(key) else { continue };
            match &alarm.bell {
                // SAFETY: takes numbers only. A process that has ended needs no alarm.
                Bell::Signal(signal) => drop(unsafe { libc::kill(key.0, *signal) }),
                Bell::Timer(timer) => ring_timer(timer),
            }
            if alarm.every == 0 {
                self.alarms.remove(key);
            } else {
                alarm.at = alarm.at.saturating_add(alarm.every).max(self.now + 1);
            }
        }
        !due.is_empty()
    }

    /// The value of a clock; `None` for one that does not exist.
    fn value(&mut self, id: c_int) -> Option<u64> {
        let base = base(id)?;
        self.now += MICROSECOND;
        Some(base + self.now)
    }
}

/// Where a clock begins.
pub(super) fn base(id: c_int) -> Option<u64> {
    match id {
        libc::CLOCK_REALTIME | libc::CLOCK_REALTIME_COARSE | libc::CLOCK_REALTIME_ALARM | libc::CLOCK_TAI => {
            Some((limits::EPOCH + 2) * SECOND)
        }
        libc::CLOCK_MONOTONIC
        | libc::CLOCK_MONOTONIC_RAW
        | libc::CLOCK_MONOTONIC_COARSE
        | libc::CLOCK_BOOTTIME
        | libc::CLOCK_BOOTTIME_ALARM => Some(limits::UPTIME * SECOND),
        libc::CLOCK_PROCESS_CPUTIME_ID | libc::CLOCK_THREAD_CPUTIME_ID => Some(0),
        // Of a process or thread by its number; 3 is a device's.
        id if id < 0 && id & 3 != 3 => Some(0),
        _ => None,
    }
}

/// Makes a timer's descriptor readable, and waits until it is.
fn ring_timer(timer: &OwnedFd) {
    let at_once: [u64; 4] = [0, 0, 0, 1];
    let mut poll = libc::pollfd { fd: timer.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: numbers, and places that live through the calls and are as large as they want.
    unsafe {
        libc::syscall(libc::SYS_timerfd_settime, timer.as_raw_fd(), 0, at_once.as_ptr(), 0);
        while libc::poll(&mut poll, 1, 1000) == -1 && super::super::child::last_errno() == libc::EINTR {}
    }
}

fn fault() -> Answer {
    Answer::error(libc::EFAULT)
}

fn given(done: bool) -> Answer {
    if done { Answer::Value(0) } else { fault() }
}

/// A span in nanoseconds from seconds and a rest of which `unit` nanoseconds are one.
pub(super) fn span([seconds, rest]: [u64; 2], unit: u64) -> Option<u64> {
    let valid = i64::try_from(seconds).is_ok() && rest < SECOND / unit;
    valid.then(|| seconds.saturating_mul(SECOND).saturating_add(rest * unit).min(1 << 62))
}

impl Keeper {
    /// Calls that look at a clock.
    pub(super) fn clocks(&mut self, thread: pid_t, registers: &user_regs_struct) -> Answer {
        let (first, second) = (registers.rdi, registers.rsi);
        match registers.orig_rax as libc::c_long {
            libc::SYS_clock_gettime => match self.clock.value(first as c_int) {
                Some(now) => given(ptrace::write_longs(thread, second, &[now / SECOND, now % SECOND])),
                None if (first as c_int) < 0 => Answer::error(libc::EINVAL),
                None => Answer::Native,
            },
            libc::SYS_clock_getres => match base(first as c_int) {
                Some(_) => given(second == 0 || ptrace::write_longs(thread, second, &[0, 1])),
                None if (first as c_int) < 0 => Answer::error(libc::EINVAL),
                None => Answer::Native,
            },
            libc::SYS_gettimeofday => {
                let now = self.clock.value(libc::CLOCK_REALTIME).unwrap_or_default();
                let time = [now / SECOND, now % SECOND / MICROSECOND];
                let told = first == 0 || ptrace::write_longs(thread, first, &time);
                given(told && (second == 0 || ptrace::write_longs(thread, second, &[0])))
            }
            libc::SYS_time => {
                let now = self.clock.value(libc::CLOCK_REALTIME).unwrap_or_default() / SECOND;
                let told = first == 0 || ptrace::write_longs(thread, first, &[now]);
                if told { Answer::Value(now as i64) } else { fault() }
            }
            libc::SYS_times => {
                let now = self.clock.look() / TICK;
                let told = first == 0 || ptrace::write_longs(thread, first, &[self.clock.now() / TICK, 0, 0, 0]);
                if told { Answer::Value(now as i64) } else { fault() }
            }
            _ if ![libc::RUSAGE_SELF, libc::RUSAGE_CHILDREN, 1].contains(&(first as c_int)) => Answer::Native,
            _ => {
                self.clock.pass();
                given(ptrace::write_longs(thread, second, &self.usage()))
            }
        }
    }

    /// What `getrusage` and `wait4` tell: processor time, and nothing of what the machine counts.
    pub(super) fn usage(&self) -> [u64; 18] {
        let now = self.clock.now();
        let mut usage = [0; 18];
        let [seconds, micros, ..] = &mut usage;
        (*seconds, *micros) = (now / SECOND, now % SECOND / MICROSECOND);
        usage
    }

    /// `alarm`, `setitimer` and `getitimer`.
    pub(super) fn alarms(&mut self, thread: pid_t, registers: &user_regs_struct) -> Answer {
        let Some(group) = self.threads.get(&thread).map(|known| known.group) else { return Answer::Native };
        let (first, second, third) = (registers.rdi, registers.rsi, registers.rdx);
        if registers.orig_rax as libc::c_long == libc::SYS_alarm {
            let [_, left] = self.left((group, -1));
            self.set_alarm((group, -1), u64::from(first as u32) * SECOND, 0, Bell::Signal(libc::SIGALRM));
            return Answer::Value(left.div_ceil(SECOND) as i64);
        }
        let which = first as c_int;
        let signal = match which {
            libc::ITIMER_REAL => libc::SIGALRM,
            libc::ITIMER_VIRTUAL => libc::SIGVTALRM,
            libc::ITIMER_PROF => libc::SIGPROF,
            _ => return Answer::error(libc::EINVAL),
        };
        let key = (group, -1 - which);
        let [every, left] = self.left(key);
        let old = [every / SECOND, every % SECOND / MICROSECOND, left / SECOND, left % SECOND / MICROSECOND];
        if registers.orig_rax as libc::c_long == libc::SYS_getitimer {
            return given(ptrace::write_longs(thread, second, &old));
        }
        let new = if second == 0 { Some([0; 4]) } else { ptrace::read_longs::<4>(thread, second) };
        let Some([a, b, c, d]) = new else { return fault() };
        let (Some(every), Some(first)) = (span([a, b], MICROSECOND), span([c, d], MICROSECOND)) else {
            return Answer::error(libc::EINVAL);
        };
        self.set_alarm(key, first, every, Bell::Signal(signal));
        given(third == 0 || ptrace::write_longs(thread, third, &old))
    }

    /// Interval, and what is left until it rings.
    fn left(&self, key: (pid_t, c_int)) -> [u64; 2] {
        self.clock
            .alarms
            .get(&key)
            .map_or([0, 0], |alarm| [alarm.every, alarm.at.saturating_sub(self.clock.now).max(1)])
    }

    fn set_alarm(&mut self, key: (pid_t, c_int), first: u64, every: u64, bell: Bell) {
        if first == 0 {
            self.clock.alarms.remove(&key);
        } else {
            let at = self.clock.now.saturating_add(first);
            self.clock.alarms.insert(key, Alarm { at, every, bell });
        }
    }

    /// `timerfd_settime` and `timerfd_gettime`.
    pub(super) fn timers(&mut self, thread: pid_t, registers: &user_regs_struct) -> Answer {
        let Some(group) = self.threads.get(&thread).map(|known| known.group) else { return Answer::Native };
        let fd = registers.rdi as c_int;
        let Ok(info) = std::fs::read_to_string(format!("/proc/{thread}/fdinfo/{fd}")) else { return Answer::Native };
        let clock = info.lines().find_map(|line| line.strip_prefix("clockid:")?.trim().parse::<c_int>().ok());
        let Some(base) = clock.and_then(base) else { return Answer::Native };
        let [every, left] = self.left((group, fd));
        let old = [every / SECOND, every % SECOND, left / SECOND, left % SECOND];
        if registers.orig_rax as libc::c_long == libc::SYS_timerfd_gettime {
            return given(ptrace::write_longs(thread, registers.rsi, &old));
        }
        let Some([a, b, c, d]) = ptrace::read_longs::<4>(thread, registers.rdx) else { return fault() };
        let (Some(every), Some(first)) = (span([a, b], 1), span([c, d], 1)) else {
            return Answer::error(libc::EINVAL);
        };
        let Some(timer) = self.borrow(group, fd) else { return Answer::Native };
        let off = [0u64; 4];
        // SAFETY: numbers, and a place that lives through the call and is as large as it wants.
        unsafe { libc::syscall(libc::SYS_timerfd_settime, timer.as_raw_fd(), 0, off.as_ptr(), 0) };
        let is_moment = registers.rsi as c_int & libc::TFD_TIMER_ABSTIME != 0;
        let first = match first {
            0 => 0,
            moment if is_moment => moment.saturating_sub(base + self.clock.now()).max(1),
            first => first,
        };
        self.set_alarm((group, fd), first, every, Bell::Timer(timer));
        given(registers.r10 == 0 || ptrace::write_longs(thread, registers.r10, &old))
    }
}
