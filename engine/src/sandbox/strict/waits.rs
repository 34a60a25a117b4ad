//! Calls that are changed so that the kernel does not wait in them, and what is made of their answers.
//!
//! Invariant: a program finds its registers and memory as if its own call had been made.

use super::clock::{SECOND, base};
use super::ptrace;
use super::{Keeper, State, Wait, calls::Answer};
use libc::{c_int, c_long, pid_t, user_regs_struct};

pub(super) use super::turns::until_ended;

/// Of the instruction that makes a call.
pub(super) const CALL_BYTES: u64 = 2;
/// Below the stack lies what a function without calls uses; below that, nothing.
const BELOW_STACK: u64 = 128 + 64;
/// What the kernel's own calls give when a signal comes: made again if the handler allows it; only without a handler.
const RESTART: i64 = -512;
const RESTART_WITHOUT_HANDLER: i64 = -514;
/// The kernel looks at no more descriptors of a set than a process may have.
const MOST_BITS: u64 = 1 << 16;

/// A call that the kernel makes with other arguments.
#[derive(Debug)]
pub(super) struct Changed {
    /// With which it is made.
    pub(super) registers: user_regs_struct,
    /// With which it was called.
    pub(super) original: user_regs_struct,
    pub(super) kind: Kind,
}

/// What it was.
#[derive(Debug)]
pub(super) enum Kind {
    /// `wait4` or `waitid`.
    Child,
    /// A lock on a file.
    Lock,
    /// A part of a write.
    Part,
    /// A poll: memory to put back in any case, and if it found nothing; when it ends; where it tells what is left.
    Poll { scratch: Option<Memory>, sets: Vec<Memory>, deadline: Option<u64>, left: Option<(u64, u64)> },
}

/// Bytes at an address.
type Memory = (u64, Vec<u8>);

/// A large write.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) done: u64,
    pub(super) total: u64,
    /// Its second and third argument.
    pub(super) arguments: (u64, u64),
}

/// How the kernel is told that a signal interrupted this call.
pub(super) fn restarts(nr: u64) -> i64 {
    match nr as c_long {
        libc::SYS_poll
        | libc::SYS_ppoll
        | libc::SYS_select
        | libc::SYS_pselect6
        | libc::SYS_epoll_wait
        | libc::SYS_epoll_pwait
        | libc::SYS_nanosleep
        | libc::SYS_clock_nanosleep => RESTART_WITHOUT_HANDLER,
        _ => RESTART,
    }
}

/// A word of a thread's memory.
pub(super) fn word(thread: pid_t, at: u64) -> Option<u32> {
    let mut bytes = [0; 4];
    ptrace::read(thread, at, &mut bytes).then(|| u32::from_ne_bytes(bytes))
}

/// A wait for a child or a lock, made without waiting.
pub(super) fn without_waiting(original: &user_regs_struct) -> Answer {
    let mut registers = *original;
    let kind = match original.orig_rax as c_long {
        libc::SYS_wait4 => {
            registers.rdx |= libc::WNOHANG as u64;
            Kind::Child
        }
        // Without a place for the answer nobody can tell whether there was one.
        libc::SYS_waitid if original.rdx == 0 => return Answer::Native,
        libc::SYS_waitid => {
            registers.r10 |= libc::WNOHANG as u64;
            Kind::Child
        }
        libc::SYS_flock if original.rsi as c_int & libc::LOCK_NB != 0 => return Answer::Native,
        libc::SYS_flock => {
            registers.rsi |= libc::LOCK_NB as u64;
            Kind::Lock
        }
        _ => {
            let is_plain = original.rsi as c_int == libc::F_SETLKW;
            registers.rsi = if is_plain { libc::F_SETLK } else { libc::F_OFD_SETLK } as u64;
            Kind::Lock
        }
    };
    Answer::Change(Box::new(Changed { registers, original: *original, kind }))
}

/// How long a poll waits.
enum Timeout {
    Forever,
    Nanoseconds(u64),
}

impl Keeper {
    /// A wait for descriptors, made without waiting.
    pub(super) fn poll(&mut self, thread: pid_t, original: &user_regs_struct) -> Answer {
        let Some(known) = self.threads.get(&thread) else { return Answer::Native };
        let nr = original.orig_rax as c_long;
        let timeout = match nr {
            libc::SYS_poll => in_milliseconds(original.rdx),
            libc::SYS_epoll_wait | libc::SYS_epoll_pwait => in_milliseconds(original.r10),
            libc::SYS_ppoll => in_memory(thread, original.rdx, 1),
            libc::SYS_select => in_memory(thread, original.r8, 1_000),
            _ => in_memory(thread, original.r8, 1),
        };
        let timeout = match timeout {
            // The kernel knows what is wrong; and what does not wait tells nothing.
            None | Some(Timeout::Nanoseconds(0)) => return Answer::Native,
            Some(timeout) => timeout,
        };
        let deadline = match (known.again, timeout) {
            (Some(_), _) => known.deadline,
            (None, Timeout::Forever) => None,
            (None, Timeout::Nanoseconds(span)) => Some(self.clock.now().saturating_add(span)),
        };
        let mut registers = *original;
        let (mut scratch, mut left) = (None, None);
        let place = (original.rsp - BELOW_STACK) & !15;
        let argument = match nr {
            libc::SYS_poll => {
                registers.rdx = 0;
                None
            }
            libc::SYS_epoll_wait | libc::SYS_epoll_pwait => {
                registers.r10 = 0;
                None
            }
            libc::SYS_ppoll => Some((&mut registers.rdx, 1)),
            libc::SYS_select => Some((&mut registers.r8, 1_000)),
            _ => Some((&mut registers.r8, 1)),
        };
        if let Some((argument, unit)) = argument {
            left = Some((*argument, unit)).filter(|(at, _)| *at != 0);
            let mut before = vec![0; 16];
            // Without room below the stack the kernel waits, and that is seen by looking.
            if !ptrace::read(thread, place, &mut before) || !ptrace::write_longs(thread, place, &[0, 0]) {
                return Answer::Native;
            }
            scratch = Some((place, before));
            *argument = place;
        }
        let mut sets = Vec::new();
        if matches!(nr, libc::SYS_select | libc::SYS_pselect6) {
            let bytes = original.rdi.min(MOST_BITS).div_ceil(64) * 8;
            for at in [original.rsi, original.rdx, original.r10].into_iter().filter(|at| *at != 0) {
                let mut set = vec![0; bytes as usize];
                if ptrace::read(thread, at, &mut set) {
                    sets.push((at, set));
                }
            }
        }
        let kind = Kind::Poll { scratch, sets, deadline, left };
        Answer::Change(Box::new(Changed { registers, original: *original, kind }))
    }

    /// A call of a thread begins or ends.
    pub(super) fn edge(&mut self, thread: pid_t) {
        let Some(known) = self.threads.get_mut(&thread) else { return };
        if let Some(changed) = known.changed.take() {
            return self.settle(thread, changed);
        }
        if known.watched && !ptrace::is_entry(thread) {
            known.watched = false;
        }
        self.go_on(thread, 0);
    }

    /// A changed call has been made.
    fn settle(&mut self, thread: pid_t, Changed { original, kind, .. }: Changed) {
        let Some(mut registers) = ptrace::registers(thread) else { return self.run(thread, false, 0) };
        let result = registers.rax as i64;
        (registers.rdi, registers.rsi, registers.rdx) = (original.rdi, original.rsi, original.rdx);
        (registers.r10, registers.r8, registers.r9) = (original.r10, original.r8, original.r9);
        let once_more = match kind {
            Kind::Child => self.child_waited(thread, &original, result).then_some(None),
            Kind::Lock => matches!(-result as c_int, libc::EAGAIN | libc::EACCES).then_some(None),
            Kind::Part => return self.part_written(thread, (registers, original.orig_rax), result),
            Kind::Poll { scratch, sets, deadline, left } => {
                if let Some((at, bytes)) = scratch {
                    ptrace::write(thread, at, &bytes);
                }
                let waits = result == 0 && deadline.is_none_or(|at| at > self.clock.now());
                if waits {
                    for (at, set) in &sets {
                        ptrace::write(thread, *at, set);
                    }
                } else if let (Some((at, unit)), Some(deadline)) = (left, deadline) {
                    let left = deadline.saturating_sub(self.clock.now());
                    ptrace::write_longs(thread, at, &[left / SECOND, left % SECOND / unit]);
                }
                waits.then_some(deadline)
            }
        };
        match once_more {
            Some(deadline) => {
                registers.rax = original.orig_rax;
                registers.rip = original.rip.wrapping_sub(CALL_BYTES);
                ptrace::set_registers(thread, &registers);
                self.keep(thread, State::BehindCall, Wait::Others, deadline, original.rip);
            }
            None => {
                ptrace::set_registers(thread, &registers);
                self.finish(thread);
                self.go_on(thread, 0);
            }
        }
    }

    /// A wait for a child has been made: is there none yet? What it cost is told.
    fn child_waited(&mut self, thread: pid_t, original: &user_regs_struct, result: i64) -> bool {
        let is_old = original.orig_rax as c_long == libc::SYS_wait4;
        let (options, usage) = if is_old { (original.rdx, original.r10) } else { (original.r10, original.r8) };
        let nobody = match is_old {
            true => result == 0,
            // The first three numbers are signal, error and reason; then comes the process.
            false => result == 0 && word(thread, original.rdx + 16) == Some(0),
        };
        if nobody {
            return options as c_int & libc::WNOHANG == 0;
        }
        if usage != 0 && result >= 0 {
            ptrace::write_longs(thread, usage, &self.usage());
        }
        false
    }

    /// A part of a large write has been made.
    fn part_written(&mut self, thread: pid_t, (mut registers, nr): (user_regs_struct, u64), result: i64) {
        let part = self.threads.get_mut(&thread).and_then(|known| known.part.as_mut());
        let Some(part) = part else { return self.go_on(thread, 0) };
        part.done += u64::try_from(result).unwrap_or(0);
        if result > 0 && part.done < part.total {
            registers.rsi += result as u64;
            registers.rdx -= result as u64;
            registers.rax = nr;
            let again = registers.rip;
            registers.rip = registers.rip.wrapping_sub(CALL_BYTES);
            ptrace::set_registers(thread, &registers);
            self.done += 1;
            if let Some(known) = self.threads.get_mut(&thread) {
                known.again = Some(again);
            }
            self.on_the_way(thread, nr);
            return self.go_on(thread, 0);
        }
        if part.done > 0 {
            registers.rax = part.done;
        }
        (registers.rsi, registers.rdx) = part.arguments;
        ptrace::set_registers(thread, &registers);
        self.finish(thread);
        self.go_on(thread, 0);
    }
}

fn in_milliseconds(timeout: u64) -> Option<Timeout> {
    let timeout = timeout as c_int;
    Some(u64::try_from(timeout).map_or(Timeout::Forever, |ms| Timeout::Nanoseconds(ms * 1_000_000)))
}

fn in_memory(thread: pid_t, at: u64, unit: u64) -> Option<Timeout> {
    if at == 0 {
        return Some(Timeout::Forever);
    }
    let [seconds, rest] = ptrace::read_longs::<2>(thread, at)?;
    // The old form may have more than a second in its rest.
    let carried = if unit == 1 { [seconds, rest] } else { [seconds.checked_add(rest / 1_000_000)?, rest % 1_000_000] };
    super::clock::span(carried, unit).map(Timeout::Nanoseconds)
}

/// A deadline of a futex: relative, or a moment of this clock.
pub(super) fn deadline(thread: pid_t, at: u64, clock: Option<c_int>, now: u64) -> Result<u64, c_int> {
    let time = ptrace::read_longs::<2>(thread, at).ok_or(libc::EFAULT)?;
    let span = super::clock::span(time, 1).ok_or(libc::EINVAL)?;
    Ok(match clock {
        None => now.saturating_add(span),
        Some(clock) => span.saturating_sub(base(clock).unwrap_or_default()),
    })
}
