//! The keeper of level `strict`: the init of an action traces all its threads, lets one run at a time, and tells one
//! logical time.
//!
//! A thread that runs is stopped by the filter (`filter.rs`) at each call that may wait, may wake another or tells of
//! time; by the kernel when it starts a thread, becomes a program, gets a signal or reads the processor's counter. It
//! runs on until it would have to wait: then it is kept before its call, which has not happened, and the next in turn
//! whose call can go on runs. Only when nobody can go on does time move, to the next deadline. The parts:
//! ```text
//! ptrace    the kernel's side     calls   what is done with a call      waits   calls that are changed on the way
//! filter    which calls stop      clock   logical time and its alarms   futex   waits on words of memory
//! turns     whose turn it is, and what must be found by looking because no call tells
//! ```
//! Invariants: at most one thread of the action runs in user mode; the next one is chosen by what the threads did, not
//! by real time, except where `turns.rs` says so. What level `normalised` answers, the supervisor answers here too.

mod calls;
mod clock;
mod filter;
mod futex;
mod ptrace;
mod turns;
mod waits;

pub(super) use filter::shown;

use clock::Clock;
use libc::{c_int, pid_t};
use ptrace::{Event, Stop};
use std::collections::{HashMap, HashSet, VecDeque};

/// That step.
pub(super) const TRACING: &str = "tracing a program";

/// What a kept thread waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Wait {
    /// An open file that can be read or written (bits of `poll`).
    File(c_int, i16),
    /// A word of memory: of which process, where, the value that it waits with (`None`: only for being woken).
    Word { group: pid_t, at: u64, value: Option<u32>, bits: u32 },
    /// Anything that another thread does.
    Others,
    /// A moment.
    Time,
}

/// How a thread is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It runs: there is one at most.
    Runs,
    /// It stopped, for this, and can go on.
    Stopped(Stop),
    /// It is kept at its call, which has not happened.
    AtCall,
    /// It is kept behind its call, which has to be made again.
    BehindCall,
    /// The kernel keeps it, and it will stop when it comes back.
    InKernel,
}

/// A call that was interrupted by a signal: its number, and how the kernel is told.
#[derive(Debug, Clone, Copy)]
struct Interrupted {
    nr: u64,
    how: i64,
    /// What it gives if it had done a part already.
    part: Option<u64>,
}

/// A thread.
#[derive(Debug)]
struct Thread {
    group: pid_t,
    state: State,
    wait: Option<Wait>,
    deadline: Option<u64>,
    /// Was it woken by somebody who named its word?
    woken: bool,
    /// What others had done when it began to wait: any call; and what sends signals.
    since: (u64, u64),
    /// Where its call lies, while it is made again and again.
    again: Option<u64>,
    interrupted: Option<Interrupted>,
    changed: Option<waits::Changed>,
    /// Calls that are made in several parts: what was done, and the registers of the first part.
    part: Option<waits::Part>,
    /// Does it stop at every call, because it once waited in one that nobody knew to wait?
    watched: bool,
    /// Who waits in the kernel until this one is a program.
    frees: Option<pid_t>,
}

impl Thread {
    fn new(group: pid_t, state: State) -> Thread {
        Thread {
            group,
            state,
            wait: None,
            deadline: None,
            woken: false,
            since: (0, 0),
            again: None,
            interrupted: None,
            changed: None,
            part: None,
            watched: false,
            frees: None,
        }
    }
}

/// Keeps one action.
#[derive(Debug)]
struct Keeper {
    first: pid_t,
    threads: HashMap<pid_t, Thread>,
    /// All threads; the one whose turn is next stands in front.
    turns: VecDeque<pid_t>,
    current: Option<pid_t>,
    clock: Clock,
    /// Counts calls that may have let another one go on; and those that may have sent a signal.
    done: u64,
    signals: u64,
    /// A descriptor of each process.
    processes: HashMap<pid_t, std::os::fd::OwnedFd>,
    /// Stopped before anybody told of them.
    early: HashSet<pid_t>,
    /// Processes of which all threads are about to end.
    ending: HashSet<pid_t>,
    look: turns::Look,
    status: Option<c_int>,
}

/// Begins to trace a process that waits for that.
pub(super) fn seize(process: pid_t) -> Result<(), i32> {
    // It still shares our memory, which nobody may trace.
    // SAFETY: takes numbers only.
    unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 1, 0, 0, 0) };
    let seized = ptrace::seize(process);
    // SAFETY: as above.
    unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) };
    seized
}

/// In a process that is about to become its program: from now on the processor's counter faults. It stays so in all
/// that it starts.
pub(super) fn hide_counter() -> Result<(), i32> {
    // SAFETY: takes numbers only.
    match unsafe { libc::prctl(libc::PR_SET_TSC, libc::PR_TSC_SIGSEGV, 0, 0, 0) } {
        -1 => Err(super::child::last_errno()),
        _ => Ok(()),
    }
}

/// Waits until a process that was seized is its program; `false` when it ended instead.
pub(super) fn until_program(process: pid_t) -> Result<bool, i32> {
    loop {
        match ptrace::wait(process)? {
            Some((_, Event::Stopped(Stop::Program))) => return Ok(true),
            Some((_, Event::Stopped(Stop::Signal(signal)))) => ptrace::resume(process, false, signal),
            // Its own calls before that are let pass.
            Some((_, Event::Stopped(_))) => ptrace::resume(process, false, 0),
            Some((_, Event::Gone(_))) => return Ok(false),
            None => {}
        }
    }
}

/// Keeps a process, which has just become a program, and all it starts, until it ends: its status as `wait` has it.
pub(super) fn keep(first: pid_t) -> Result<c_int, i32> {
    turns::tick()?;
    let mut keeper = Keeper {
        first,
        threads: HashMap::from([(first, Thread::new(first, State::Stopped(Stop::Program)))]),
        turns: VecDeque::from([first]),
        current: None,
        clock: Clock::default(),
        done: 0,
        signals: 0,
        processes: HashMap::new(),
        early: HashSet::new(),
        ending: HashSet::new(),
        look: turns::Look::default(),
        status: None,
    };
    loop {
        if let Some(status) = keeper.status {
            return Ok(status);
        }
        if keeper.current.is_none() && keeper.choose() {
            continue;
        }
        match ptrace::wait(-1)? {
            Some((thread, event)) => keeper.learn(thread, event),
            None => keeper.look_around(),
        }
    }
}

impl Keeper {
    /// Something became of a thread.
    fn learn(&mut self, thread: pid_t, event: Event) {
        self.look.seen();
        match event {
            Event::Gone(status) => self.gone(thread, status),
            // The thread in which a process becomes a program gets that one's number.
            Event::Stopped(Stop::Program)
                if ptrace::message(thread).is_some_and(|former| self.current == Some(former)) =>
            {
                self.program(thread);
            }
            Event::Stopped(stop) if self.current == Some(thread) => self.stopped(thread, stop),
            Event::Stopped(stop) => match self.threads.get_mut(&thread) {
                Some(known) => {
                    known.state = State::Stopped(stop);
                    self.done += 1;
                }
                None => drop(self.early.insert(thread)),
            },
        }
    }

    /// Waits for what becomes of one thread.
    fn learn_of(&mut self, thread: pid_t) {
        while self.threads.get(&thread).is_some_and(|t| t.state == State::InKernel) {
            match ptrace::wait(thread) {
                Ok(Some((thread, event))) => self.learn(thread, event),
                Ok(None) => {}
                Err(_) => return,
            }
        }
    }

    /// A thread has ended.
    fn gone(&mut self, thread: pid_t, status: c_int) {
        let Some(ended) = self.threads.remove(&thread) else { return };
        self.turns.retain(|other| *other != thread);
        (self.done, self.signals) = (self.done + 1, self.signals + 1);
        if thread == self.first {
            self.status = Some(status);
            return;
        }
        if self.current == Some(thread) {
            self.current = None;
        }
        if libc::WIFSIGNALED(status) {
            self.ending.insert(ended.group);
        }
        if let Some(parent) = ended.frees {
            self.learn_of(parent);
        }
        if !self.threads.values().any(|other| other.group == ended.group) {
            self.processes.remove(&ended.group);
            self.clock.forget(ended.group);
        }
        self.end_group(ended.group);
    }

    /// Nobody else runs before a process is gone whole.
    fn end_group(&mut self, group: pid_t) {
        if !self.ending.remove(&group) {
            return;
        }
        // The first thread is told last; what has become of the others comes in any order.
        while self.status.is_none() && self.threads.values().any(|thread| thread.group == group) {
            let Some(next) = self.threads.iter().find(|(_, t)| t.group == group).map(|(tid, _)| *tid) else { break };
            let others = self.threads.iter().find(|(tid, t)| t.group == group && **tid != group).map(|(tid, _)| *tid);
            match ptrace::wait(others.unwrap_or(next)) {
                Ok(Some((thread, Event::Gone(status)))) => self.gone(thread, status),
                // It was stopped for something else when it was killed.
                Ok(Some((thread, Event::Stopped(_)))) => ptrace::resume(thread, false, 0),
                Ok(None) => {}
                Err(_) => return,
            }
        }
        if self.current.is_some_and(|current| !self.threads.contains_key(&current)) {
            self.current = None;
        }
    }

    /// The thread whose turn it is stopped.
    fn stopped(&mut self, thread: pid_t, stop: Stop) {
        match stop {
            Stop::Call => self.call(thread),
            Stop::Edge => self.edge(thread),
            Stop::Child { waits } => self.child(thread, waits),
            Stop::Program => self.program(thread),
            Stop::Kept => {
                // Whoever waits for it is told.
                self.signals += 1;
                self.set(thread, State::InKernel);
                self.current = None;
                ptrace::listen(thread);
            }
            Stop::Signal(signal) => self.signal(thread, signal),
            Stop::Asked if self.look.asked(thread) => self.preempted(thread),
            Stop::Asked | Stop::Woken => self.go_on(thread, 0),
        }
    }

    fn set(&mut self, thread: pid_t, state: State) {
        if let Some(thread) = self.threads.get_mut(&thread) {
            thread.state = state;
        }
    }

    /// Lets the thread whose turn it is run on.
    fn go_on(&mut self, thread: pid_t, signal: c_int) {
        let watched = self.threads.get(&thread).is_some_and(|t| t.watched);
        self.run(thread, watched, signal);
    }

    fn run(&mut self, thread: pid_t, edges: bool, signal: c_int) {
        self.set(thread, State::Runs);
        ptrace::resume(thread, edges, signal);
    }

    /// It started a thread or process, which will have its turn after all others.
    fn child(&mut self, thread: pid_t, waits: bool) {
        let Some(child) = ptrace::message(thread) else { return self.go_on(thread, 0) };
        if !self.early.remove(&child) {
            // It stops at once; or it is gone already.
            let first = std::iter::repeat_with(|| ptrace::wait(child)).find(|event| !matches!(event, Ok(None)));
            if !matches!(first, Some(Ok(Some((_, Event::Stopped(_)))))) {
                return self.go_on(thread, 0);
            }
        }
        let mut new = Thread::new(group_of(child), State::Stopped(Stop::Asked));
        if waits {
            new.frees = Some(thread);
        }
        self.threads.insert(child, new);
        self.turns.push_back(child);
        if waits {
            self.current = None;
            self.run(thread, false, 0);
            self.set(thread, State::InKernel);
        } else {
            self.go_on(thread, 0);
        }
    }

    /// A process became a program: its other threads are gone, and this one has its number.
    fn program(&mut self, thread: pid_t) {
        let former = ptrace::message(thread).unwrap_or(thread);
        if let Some(known) = self.threads.remove(&former) {
            let frees = known.frees;
            self.threads.retain(|_, other| other.group != thread);
            self.threads.insert(thread, Thread::new(thread, State::Runs));
            let threads = &self.threads;
            for turn in self.turns.iter_mut().filter(|turn| **turn == former) {
                *turn = thread;
            }
            let mut seen = HashSet::new();
            self.turns.retain(|turn| threads.contains_key(turn) && seen.insert(*turn));
            if self.current == Some(former) {
                self.current = Some(thread);
            }
            if let Some(parent) = frees {
                self.learn_of(parent);
            }
        }
        self.signals += 1;
        self.go_on(thread, 0);
    }

    /// A signal is about to be delivered.
    fn signal(&mut self, thread: pid_t, signal: c_int) {
        let Some(mut registers) = ptrace::registers(thread) else { return };
        if signal == libc::SIGSEGV && self.counter(thread, &mut registers) {
            ptrace::set_registers(thread, &registers);
            return self.go_on(thread, 0);
        }
        // The kernel decides whether a call that was kept is made again or fails.
        if let Some(known) = self.threads.get_mut(&thread)
            && let Some(Interrupted { nr, how, part }) = known.interrupted.take()
        {
            registers.rip = registers.rip.wrapping_add(waits::CALL_BYTES);
            (registers.rax, registers.orig_rax) = match part {
                Some(part) => (part, u64::MAX),
                None => (how as u64, nr),
            };
            if let Some(part) = known.part.take() {
                (registers.rsi, registers.rdx) = part.arguments;
            }
            known.wait = None;
            if is_caught(thread, signal) {
                // What comes next is another call, even if it looks the same.
                (known.again, known.deadline) = (None, None);
            }
            ptrace::set_registers(thread, &registers);
        }
        self.go_on(thread, signal);
    }

    /// Was it stopped because it reads the processor's counter? Then it is told logical time.
    fn counter(&mut self, thread: pid_t, registers: &mut libc::user_regs_struct) -> bool {
        let mut code = [0; 3];
        let length = match ptrace::read(thread, registers.rip, &mut code) {
            true if code.starts_with(&[0x0f, 0x31]) => 2,
            true if code == [0x0f, 0x01, 0xf9] => 3,
            _ => return false,
        };
        let now = self.clock.look();
        (registers.rax, registers.rdx) = (now & 0xffff_ffff, now >> 32);
        if length == 3 {
            registers.rcx = 0;
        }
        registers.rip += length;
        true
    }
}

/// Has its program a handler for this signal?
fn is_caught(thread: pid_t, signal: c_int) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{thread}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigCgt:")?.trim(), 16).ok());
    caught.is_some_and(|caught| caught >> (signal - 1) & 1 == 1)
}

/// The process of a thread.
fn group_of(thread: pid_t) -> pid_t {
    let status = std::fs::read_to_string(format!("/proc/{thread}/status")).unwrap_or_default();
    let group = status.lines().find_map(|line| line.strip_prefix("Tgid:"));
    group.and_then(|group| group.trim().parse().ok()).unwrap_or(thread)
}
