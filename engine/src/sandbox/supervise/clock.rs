//! The time that a supervised process is told.
//!
//! Real time starts at a fixed moment and goes on by a microsecond with each look at it, process by process, so that
//! processes beside each other do not move each other's time. Elapsed time (monotonic, boot, CPU) is the kernel's; a
//! deadline in told time is met when as much real time has passed. Invariant: nothing of the machine's real time is
//! written into a process.

use super::notify::{Answer, Call};
use super::{Process, Supervisor};
use crate::sandbox::limits;
use std::collections::HashMap;
use std::time::{Duration, Instant};

const MICROSECOND: u64 = 1_000;
const SECOND: u64 = 1_000_000_000;
/// How long a wait with a deadline in real time goes on before its condition is looked at again.
const NAP_US: u64 = 1_000;

/// Waits that go on, by thread, address and deadline.
pub(super) type Waits = HashMap<(u32, u64, u64), Instant>;

/// The time in nanoseconds since 1970 that a process is told next.
pub(super) fn tick(process: &mut Process) -> u64 {
    process.looks += 1;
    (limits::EPOCH + 2) * SECOND + process.looks * MICROSECOND
}

fn timespec(nanoseconds: u64) -> [u64; 2] {
    [nanoseconds / SECOND, nanoseconds % SECOND]
}

impl Supervisor {
    pub(super) fn clock_gettime(&mut self, call: &Call, to: u64) -> Result<Answer, i32> {
        let now = tick(self.process(call.thread));
        self.give(call, to, &timespec(now))
    }

    /// The finest there is: that of a coarse clock is the kernel's own tick.
    pub(super) fn clock_getres(&mut self, call: &Call) -> Result<Answer, i32> {
        const UNUSED: i32 = 10;
        // A clock that does not exist, and one of another process's.
        if !(0..=libc::CLOCK_TAI).contains(&call.int(0)) || call.int(0) == UNUSED {
            return Ok(Answer::Native);
        }
        if call.long(1) == 0 { Ok(Answer::Value(0)) } else { self.give(call, call.long(1), &timespec(1)) }
    }

    pub(super) fn gettimeofday(&mut self, call: &Call) -> Result<Answer, i32> {
        let [seconds, rest] = timespec(tick(self.process(call.thread)));
        if call.long(0) != 0 {
            self.give(call, call.long(0), &[seconds, rest / MICROSECOND])?;
        }
        // The zone has been unused for decades.
        if call.long(1) != 0 { self.give(call, call.long(1), &[0u64]) } else { Ok(Answer::Value(0)) }
    }

    pub(super) fn time(&mut self, call: &Call) -> Result<Answer, i32> {
        let [seconds, _] = timespec(tick(self.process(call.thread)));
        if call.long(0) != 0 {
            self.give(call, call.long(0), &[seconds])?;
        }
        Ok(Answer::Value(seconds as i64))
    }

    /// What is left until a moment of told time.
    fn left(&mut self, call: &Call, at: u64) -> Result<(u64, Duration), i32> {
        let mut moment = [0; 16];
        self.memory.read_all(call.thread, at, &mut moment)?;
        let (seconds, rest) = moment.split_at(8);
        let number = |bytes: &[u8]| i64::from_ne_bytes(bytes.try_into().unwrap_or_default());
        let (seconds, rest) = (number(seconds), number(rest));
        if !(0..SECOND as i64).contains(&rest) {
            return Err(libc::EINVAL);
        }
        let deadline = u64::try_from(seconds).unwrap_or(0).saturating_mul(SECOND).saturating_add(rest as u64);
        let now = tick(self.process(call.thread));
        Ok((deadline, Duration::from_nanos(deadline.saturating_sub(now))))
    }

    /// Sleeps until a moment of told time.
    pub(super) fn clock_nanosleep(&mut self, call: &Call) -> Result<Answer, i32> {
        let (_, left) = self.left(call, call.long(2))?;
        let micros = u64::try_from(left.as_micros()).unwrap_or(u64::MAX);
        Ok(if micros == 0 { Answer::Value(0) } else { Answer::Later(micros, Box::new(Answer::Value(0))) })
    }

    /// A wait with a deadline in told time. Its argument cannot be changed without the program seeing real time, so
    /// the program is sent round its loop until the condition holds or the time is up.
    pub(super) fn futex(&mut self, call: &Call) -> Result<Answer, i32> {
        if call.long(3) == 0 {
            return Ok(Answer::Native);
        }
        let (deadline, left) = self.left(call, call.long(3))?;
        let mut word = [0; 4];
        self.memory.read_all(call.thread, call.long(0), &mut word)?;
        if u32::from_ne_bytes(word) != call.long(2) as u32 {
            return Err(libc::EAGAIN);
        }
        let key = (call.thread, call.long(0), deadline);
        let until = *self.waits.entry(key).or_insert_with(|| Instant::now() + left.min(Duration::from_secs(1 << 30)));
        if until <= Instant::now() {
            self.waits.remove(&key);
            return Err(libc::ETIMEDOUT);
        }
        Ok(Answer::Later(NAP_US, Box::new(Answer::Error(libc::EAGAIN))))
    }

    /// A timer that rings at a moment of told time.
    pub(super) fn timerfd_settime(&mut self, call: &Call) -> Result<Answer, i32> {
        let info = std::fs::read_to_string(format!("/proc/{}/fdinfo/{}", call.thread, call.int(0)));
        let info = info.map_err(|_| libc::EBADF)?;
        let clock = info.lines().find_map(|line| line.strip_prefix("clockid:")).map(str::trim);
        if !matches!(clock, Some("0" | "8" | "11")) {
            return Ok(Answer::Native);
        }
        let mut value = [0; 32];
        self.memory.read_all(call.thread, call.long(2), &mut value)?;
        let (interval, moment) = value.split_at(16);
        // A moment of 0 disarms it, and is no moment.
        let left = if moment.iter().all(|byte| *byte == 0) {
            Duration::ZERO
        } else {
            self.left(call, call.long(2) + 16)?.1.max(Duration::from_nanos(1))
        };
        let [seconds, rest] = [left.as_secs(), u64::from(left.subsec_nanos())];
        let value = [interval, &seconds.to_ne_bytes(), &rest.to_ne_bytes()].concat();
        let timer = self.borrow(call, call.int(0))?;
        let mut old = [0u64; 4];
        let fd = std::os::fd::AsRawFd::as_raw_fd(&timer) as u64;
        let (new, before) = (value.as_ptr() as u64, old.as_mut_ptr() as u64);
        self.caller.call(libc::SYS_timerfd_settime, [fd, 0, new, before, 0])?;
        if call.long(3) != 0 { self.give(call, call.long(3), &old) } else { Ok(Answer::Value(0)) }
    }
}
