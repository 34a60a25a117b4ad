//! Whose turn it is.
//!
//! The turn goes round: the first thread in line that can go on runs until it would have to wait, yields, or has made
//! many calls; then it stands last. Time moves when nobody can go on. Three things no call tells, and they are found by
//! looking every few milliseconds of real time: a thread that waits in a call which is not known to wait is asked to
//! make it again, and then left in the kernel until it comes back; one that computes for long while another thread of
//! its process, or an alarm, is due gives way; and where nobody could go on, all try again.

use super::ptrace::{self, Stop};
use super::waits::{self, CALL_BYTES};
use super::{Interrupted, Keeper, State, Thread, Wait};
use libc::pid_t;

/// How often somebody looks.
const LOOK_US: i64 = 20_000;
/// So many looks in a row that find a thread asleep mean that it waits.
const ASLEEP: u32 = 2;
/// And so many, after it was asked to stop, that nothing will make it stop soon.
const DEAF: u32 = 50;
/// Calls after which the turn passes.
const CALLS: u32 = 5_000;
/// Processor time, in hundredths of a second without a call, after which a thread gives way: to one that shares its
/// memory and may be what it waits for; to an alarm or a sleeper, for which time moves then; to any.
const COMPUTES_BESIDE_THREADS: u64 = 100;
const COMPUTES_BEFORE_ALARM: u64 = 1_000;
const COMPUTES: u64 = 2_000;

/// What was seen by looking.
#[derive(Debug, Default)]
pub(super) struct Look {
    asleep: u32,
    /// Processor time at the first look.
    began: Option<u64>,
    /// Who was asked to stop, and whether because it sleeps.
    asked: Option<(pid_t, bool)>,
    /// How often it was found asleep since.
    deaf: u32,
    /// Calls in this turn.
    calls: u32,
}

impl Look {
    /// Something happened.
    pub(super) fn seen(&mut self) {
        (self.asleep, self.began, self.deaf) = (0, None, 0);
    }

    /// Was this one asked to stop?
    pub(super) fn asked(&self, thread: pid_t) -> bool {
        self.asked.is_some_and(|(asked, _)| asked == thread)
    }
}

extern "C" fn nothing(_: libc::c_int) {}

/// From now on waits are interrupted again and again.
pub(super) fn tick() -> Result<(), i32> {
    // SAFETY: plain C structures, which may be zero; a handler that does nothing.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = nothing as extern "C" fn(libc::c_int) as libc::sighandler_t;
        let often = libc::timeval { tv_sec: 0, tv_usec: LOOK_US };
        let timer = libc::itimerval { it_interval: often, it_value: often };
        if libc::sigaction(libc::SIGALRM, &action, std::ptr::null_mut()) != 0
            || libc::setitimer(libc::ITIMER_REAL, &timer, std::ptr::null_mut()) != 0
        {
            return Err(super::super::child::last_errno());
        }
    }
    Ok(())
}

/// What a thread does, by the kernel's letter, and the processor time it has used in hundredths of a second.
fn doing(thread: pid_t) -> Option<(char, u64)> {
    let stat = std::fs::read_to_string(format!("/proc/{thread}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    let letter = fields.next()?.chars().next()?;
    let mut times = fields.skip(10).filter_map(|field| field.parse::<u64>().ok());
    Some((letter, times.next()? + times.next()?))
}

/// Does a thread wait for an answer to a call that it handed over?
fn is_handed_over(thread: pid_t) -> bool {
    std::fs::read_to_string(format!("/proc/{thread}/wchan")).is_ok_and(|place| place.contains("seccomp"))
}

/// Does a thread in the kernel need nobody of the action to come back?
fn is_coming(thread: pid_t) -> bool {
    doing(thread).is_some_and(|(letter, _)| letter == 'R') || is_handed_over(thread)
}

/// Waits until a thread that ends while its process goes on has ended.
pub(super) fn until_ended(thread: pid_t) {
    while doing(thread).is_some_and(|(letter, _)| letter != 'Z') {
        std::thread::yield_now();
    }
}

impl Keeper {
    /// Gives somebody the turn, or moves time; `false` when there is only waiting left.
    pub(super) fn choose(&mut self) -> bool {
        self.let_come_back();
        let next = self.turns.iter().copied().find(|thread| self.can_go(*thread));
        match next {
            Some(thread) => {
                self.begin(thread);
                true
            }
            // Whoever ended or stopped meanwhile comes before time; a bell that rings for ever would hide it.
            None => self.learn_what_is_known() || self.move_time(),
        }
    }

    /// A thread that the kernel kept, and which another one has just woken, is on its way to its stop.
    fn let_come_back(&mut self) {
        let kept = |known: &Thread| known.state == State::InKernel;
        let freed: Vec<pid_t> = self.threads.values().filter_map(|known| known.frees).collect();
        let back = self.turns.iter().filter(|thread| self.threads.get(thread).is_some_and(kept));
        let back: Vec<pid_t> = back.copied().filter(|thread| !freed.contains(thread)).collect();
        for thread in back {
            while self.threads.get(&thread).is_some_and(kept) && is_coming(thread) {
                match ptrace::wait(thread) {
                    Ok(Some((thread, event))) => self.learn(thread, event),
                    Ok(None) => {}
                    Err(_) => break,
                }
            }
        }
    }

    /// Learns one thing that the kernel knows already; was there any?
    fn learn_what_is_known(&mut self) -> bool {
        let Some((thread, event)) = ptrace::known() else { return false };
        self.learn(thread, event);
        true
    }

    fn can_go(&self, thread: pid_t) -> bool {
        let Some(known) = self.threads.get(&thread) else { return false };
        match known.state {
            State::Stopped(_) => true,
            State::Runs | State::InKernel => false,
            State::AtCall | State::BehindCall => {
                known.woken
                    || known.deadline.is_some_and(|at| at <= self.clock.now())
                    || known.since.1 != self.signals
                    || self.is_over(thread, known)
            }
        }
    }

    /// Is there nothing left to wait for?
    fn is_over(&self, thread: pid_t, known: &Thread) -> bool {
        match &known.wait {
            Some(Wait::File(fd, events)) => self.is_ready(known.group, *fd, *events),
            Some(Wait::Word { at, value: Some(value), .. }) => waits::word(thread, *at) != Some(*value),
            Some(Wait::Others) => known.since.0 != self.done,
            Some(Wait::Word { value: None, .. } | Wait::Time) | None => false,
        }
    }

    fn begin(&mut self, thread: pid_t) {
        let Some(known) = self.threads.get(&thread) else { return };
        let (state, since, watched) = (known.state, known.since, known.watched);
        self.current = Some(thread);
        (self.look.calls, self.look.asked) = (0, None);
        self.look.seen();
        match state {
            State::Stopped(stop) => {
                self.set(thread, State::Runs);
                self.stopped(thread, stop);
            }
            State::AtCall if since.1 == self.signals => self.call(thread),
            State::AtCall => {
                // Back to before the call: on the way a signal shows itself, if there is one.
                let Some(mut registers) = ptrace::registers(thread) else { return self.run(thread, watched, 0) };
                let nr = registers.orig_rax;
                (registers.rax, registers.orig_rax) = (nr, u64::MAX);
                registers.rip = registers.rip.wrapping_sub(CALL_BYTES);
                ptrace::set_registers(thread, &registers);
                self.on_the_way(thread, nr);
                self.run(thread, watched, 0);
            }
            _ => {
                if let Some(registers) = ptrace::registers(thread) {
                    self.on_the_way(thread, registers.rax);
                }
                self.run(thread, watched, 0);
            }
        }
    }

    /// A signal may interrupt this call before it is made again.
    pub(super) fn on_the_way(&mut self, thread: pid_t, nr: u64) {
        let part = self.threads.get(&thread).and_then(|known| known.part.as_ref()).map(|part| part.done);
        let interrupted = Interrupted { nr, how: waits::restarts(nr), part: part.filter(|done| *done > 0) };
        if let Some(known) = self.threads.get_mut(&thread) {
            known.interrupted = Some(interrupted);
        }
    }

    /// The thread whose turn it was waits for this, or until then.
    pub(super) fn keep(&mut self, thread: pid_t, state: State, wait: Wait, deadline: Option<u64>, again: u64) {
        let since = (self.done, self.signals);
        if let Some(known) = self.threads.get_mut(&thread) {
            (known.state, known.wait, known.deadline, known.since) = (state, Some(wait), deadline, since);
            (known.again, known.woken) = (Some(again), false);
        }
        self.pass(thread);
    }

    /// The turn passes; this thread stands last.
    pub(super) fn pass(&mut self, thread: pid_t) {
        self.turns.retain(|other| *other != thread);
        self.turns.push_back(thread);
        self.current = None;
    }

    /// Has it made many calls while others could go on? Then the turn passes.
    pub(super) fn has_had_its_turn(&mut self, thread: pid_t) -> bool {
        self.look.calls += 1;
        if self.look.calls < CALLS {
            return false;
        }
        self.look.calls = 0;
        self.turns.iter().any(|other| *other != thread && self.can_go(*other))
    }

    /// Nobody can go on: time moves to what comes next.
    fn move_time(&mut self) -> bool {
        let kept = self.threads.values().filter(|known| matches!(known.state, State::AtCall | State::BehindCall));
        let Some(next) = kept.filter_map(|known| known.deadline).chain(self.clock.next()).min() else { return false };
        self.clock.move_to(next);
        self.ring();
        true
    }

    /// Alarms that are due.
    pub(super) fn ring(&mut self) {
        if self.clock.ring() {
            (self.done, self.signals) = (self.done + 1, self.signals + 1);
        }
    }

    /// A wait was interrupted: what no call tells.
    pub(super) fn look_around(&mut self) {
        let Some(current) = self.current else {
            (self.done, self.signals) = (self.done + 1, self.signals + 1);
            return;
        };
        let found = doing(current);
        if found.is_none() {
            // Its end was told before anybody knew of it.
            return self.gone(current, 0);
        }
        if self.threads.len() == 1 && self.clock.next().is_none() {
            return;
        }
        match found {
            Some((letter, _)) if self.look.asked(current) => {
                self.look.deaf += u32::from(matches!(letter, 'S' | 'D'));
                if self.look.deaf >= DEAF && !is_handed_over(current) {
                    // Nothing that others wait for may hang on it.
                    self.set(current, State::InKernel);
                    self.pass(current);
                }
            }
            // Who has handed a call over waits for the supervisor only.
            Some(('S', _)) if is_handed_over(current) => self.look.asleep = 0,
            Some(('S', _)) => {
                self.look.asleep += 1;
                if self.look.asleep < ASLEEP {
                    return;
                }
                self.look.asleep = 0;
                if self.threads.get(&current).is_some_and(|known| known.watched) {
                    self.set(current, State::InKernel);
                    self.pass(current);
                } else {
                    self.look.asked = Some((current, true));
                    ptrace::interrupt(current);
                }
            }
            Some((_, used)) => {
                self.look.asleep = 0;
                let computes = used.saturating_sub(*self.look.began.get_or_insert(used));
                if self.shall_give_way(current, computes) {
                    self.look.asked = Some((current, false));
                    ptrace::interrupt(current);
                }
            }
            None => {}
        }
    }

    fn shall_give_way(&self, current: pid_t, computes: u64) -> bool {
        if computes < COMPUTES_BESIDE_THREADS {
            return false;
        }
        let group = self.threads.get(&current).map(|known| known.group);
        let any = self.turns.iter().filter(|other| **other != current).any(|other| {
            let Some(known) = self.threads.get(other) else { return false };
            let sleeps = matches!(known.state, State::AtCall | State::BehindCall) && known.deadline.is_some();
            let is_beside = Some(known.group) == group;
            sleeps && (is_beside || computes >= COMPUTES_BEFORE_ALARM)
                || (is_beside || computes >= COMPUTES) && self.can_go(*other)
        });
        any || computes >= COMPUTES_BEFORE_ALARM && self.clock.next().is_some()
    }

    /// It stopped because it was asked to.
    pub(super) fn preempted(&mut self, thread: pid_t) {
        let sleeps = self.look.asked.take().is_some_and(|(_, sleeps)| sleeps);
        if sleeps {
            // Some calls are not made again by the kernel.
            if let Some(mut registers) = ptrace::registers(thread)
                && registers.rax as i64 == -i64::from(libc::EINTR)
                && registers.orig_rax as i64 >= 0
            {
                registers.rax = registers.orig_rax;
                registers.rip = registers.rip.wrapping_sub(CALL_BYTES);
                ptrace::set_registers(thread, &registers);
            }
            if let Some(known) = self.threads.get_mut(&thread) {
                known.watched = true;
            }
            return self.go_on(thread, 0);
        }
        self.set(thread, State::Stopped(Stop::Asked));
        self.pass(thread);
        if !self.turns.iter().any(|other| *other != thread && self.can_go(*other)) {
            self.move_time();
        }
    }
}
