//! Waits on words of memory, and their ends.
//!
//! A thread that would wait is kept, and the one that wakes it says so here; the kernel sees neither. A thread that the
//! kernel would wake, because another one ended, or one of another process, finds that its word has another value.
//! Invariant: threads are woken in the order in which they began to wait.

use super::waits::{self, word};
use super::{Keeper, Wait, calls::Answer};
use libc::{c_int, pid_t, user_regs_struct};

const COMMAND: c_int = !(libc::FUTEX_PRIVATE_FLAG | libc::FUTEX_CLOCK_REALTIME);
const ANY: u32 = u32::MAX;

impl Keeper {
    pub(super) fn futex(&mut self, thread: pid_t, registers: &user_regs_struct) -> Answer {
        let Some(group) = self.threads.get(&thread).map(|known| known.group) else { return Answer::Native };
        let (at, operation, value) = (registers.rdi, registers.rsi as c_int, registers.rdx as u32);
        let (limit, other, bits) = (registers.r10, registers.r8, registers.r9 as u32);
        match operation & COMMAND {
            libc::FUTEX_WAIT => self.futex_wait(thread, (group, at, value, ANY), limit, None),
            libc::FUTEX_WAIT_BITSET => {
                let real = operation & libc::FUTEX_CLOCK_REALTIME != 0;
                let clock = if real { libc::CLOCK_REALTIME } else { libc::CLOCK_MONOTONIC };
                self.futex_wait(thread, (group, at, value, bits), limit, Some(clock))
            }
            libc::FUTEX_WAKE => Answer::Value(self.wake((group, at, ANY), value, None)),
            libc::FUTEX_WAKE_BITSET => Answer::Value(self.wake((group, at, bits), value, None)),
            libc::FUTEX_REQUEUE => Answer::Value(self.wake((group, at, ANY), value, Some((other, limit as u32)))),
            libc::FUTEX_CMP_REQUEUE => match word(thread, at) {
                None => Answer::error(libc::EFAULT),
                Some(now) if now != bits => Answer::error(libc::EAGAIN),
                Some(_) => Answer::Value(self.wake((group, at, ANY), value, Some((other, limit as u32)))),
            },
            libc::FUTEX_WAKE_OP => {
                // Whoever is woken too often looks again.
                self.wake((group, at, ANY), value, None);
                self.wake((group, other, ANY), limit as u32, None);
                Answer::Native
            }
            _ => Answer::Native,
        }
    }

    fn futex_wait(
        &mut self,
        thread: pid_t,
        (group, at, value, bits): (pid_t, u64, u32, u32),
        limit: u64,
        clock: Option<c_int>,
    ) -> Answer {
        let Some(known) = self.threads.get(&thread) else { return Answer::Native };
        if known.again.is_some() {
            if known.woken {
                return Answer::Value(0);
            }
            if known.deadline.is_some_and(|deadline| deadline <= self.clock.now()) {
                return Answer::error(libc::ETIMEDOUT);
            }
        }
        // One that was moved to another word waits for that.
        let moved = matches!(&known.wait, Some(Wait::Word { value: None, .. })) && known.again.is_some();
        if moved {
            let wait = known.wait.clone().unwrap_or(Wait::Time);
            return Answer::Keep(wait, known.deadline);
        }
        match word(thread, at) {
            None => return Answer::error(libc::EFAULT),
            Some(now) if now != value => return Answer::error(libc::EAGAIN),
            Some(_) => {}
        }
        let deadline = match (known.again, limit) {
            (Some(_), _) => known.deadline,
            (None, 0) => None,
            (None, limit) => match waits::deadline(thread, limit, clock, self.clock.now()) {
                Ok(deadline) if deadline <= self.clock.now() => return Answer::error(libc::ETIMEDOUT),
                Ok(deadline) => Some(deadline),
                Err(errno) => return Answer::error(errno),
            },
        };
        Answer::Keep(Wait::Word { group, at, value: Some(value), bits }, deadline)
    }

    /// Wakes so many, and moves so many others to another word. Gives how many that were.
    fn wake(&mut self, (group, at, bits): (pid_t, u64, u32), count: u32, others: Option<(u64, u32)>) -> i64 {
        let mut left = (count, others.map_or(0, |(_, count)| count));
        let mut touched = 0;
        // They stand in the order in which they began to wait.
        for thread in &self.turns {
            let Some(known) = self.threads.get_mut(thread) else { continue };
            let Some(Wait::Word { group: theirs, at: word, value, bits: wanted }) = &mut known.wait else { continue };
            if *theirs != group || *word != at || *wanted & bits == 0 || known.woken {
                continue;
            }
            match (&mut left, others) {
                ((0, 0), _) => break,
                ((0, more), Some((other, _))) => {
                    (*word, *value) = (other, None);
                    *more -= 1;
                }
                ((0, _), None) => break,
                ((more, _), _) => {
                    known.woken = true;
                    *more -= 1;
                }
            }
            touched += 1;
        }
        touched
    }
}
