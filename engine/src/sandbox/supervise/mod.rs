//! The supervisor of level `normalised`: it answers the system calls that tell an action of its machine or moment.
//!
//! A filter (`filter.rs`) hands those calls to the spawner, which does what the kernel would do and tells what is the
//! same in every run, or lets the kernel go on. The parts:
//! ```text
//! notify    the kernel's side: calls and answers        memory   the process's memory
//! image     a program's start: no clock without a call  paths    what a path means there
//! clock     real time                                   facts    stat and statfs; times: times that it sets itself
//! chance    random bytes                                folders  names in order
//! machine   processors, memory, kernel                  proc     /proc; told: its texts
//! names     numbers that the kernel draws for sockets and objects of System V
//! ```
//! A program that changes an argument while its call is looked at fools only itself: nothing here keeps it in, that is
//! done by namespaces, mounts and the other filter. Invariant: what is told is a function of what the process did.

mod chance;
mod clock;
mod facts;
mod filter;
mod folders;
mod image;
mod machine;
mod memory;
mod names;
mod notify;
mod paths;
mod proc;
mod times;
mod told;

pub(super) use filter::{absent, absent_of, asked, asked_of};
pub(super) use image::Image;
pub(super) use notify::Caller;

use crate::sandbox::limits;
use clock::Waits;
use facts::Numbers;
use folders::Listing;
use memory::Memory;
use notify::{Answer, Call, Listener};
use paths::{Place, is_special};
use rustix::fs::{Mode, OFlags, SeekFrom};
use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::{Duration, Instant};
use times::SetTimes;

/// What is kept of a process.
#[derive(Debug, Default)]
struct Process {
    /// Its number as the action sees it.
    number: u32,
    /// How often it looked at real time.
    looks: u64,
    /// How often it drew random bytes.
    draws: u64,
    /// How many ports and names it drew.
    names: u64,
    /// Is its working folder in `/proc`?
    in_proc: bool,
}

/// Answers the calls of one action.
#[derive(Debug)]
pub(super) struct Supervisor {
    listener: Listener,
    caller: Caller,
    memory: Memory,
    image: Rc<Image>,
    root: Option<OwnedFd>,
    /// The process of each thread.
    groups: HashMap<u32, u32>,
    processes: HashMap<u32, Process>,
    numbers: Numbers,
    readings: HashMap<(u32, i32), Listing>,
    set_times: SetTimes,
    waits: Waits,
    /// Answers that are due later: when, to which call.
    later: Vec<(Instant, u64, Answer)>,
    /// By which an input is known.
    input_time_s: i64,
    /// Has somebody made a symlink to a special file?
    wary: bool,
    /// Why the level cannot be held.
    broken: Option<i32>,
}

/// The process's number in a room that is kept.
pub(crate) const LIGHT_NUMBER: u32 = 2;

impl Supervisor {
    /// Answers what arrives at this listener.
    pub(super) fn new(listener: OwnedFd, caller: Caller, image: Rc<Image>, input_time_s: i64) -> Supervisor {
        Supervisor {
            listener: Listener::new(listener, caller),
            caller,
            memory: Memory::new(caller),
            image,
            root: None,
            groups: HashMap::new(),
            processes: HashMap::new(),
            numbers: Numbers::default(),
            readings: HashMap::new(),
            set_times: SetTimes::new(),
            waits: Waits::new(),
            later: Vec::new(),
            input_time_s,
            wary: false,
            broken: None,
        }
    }

    /// Readable when a call has arrived.
    pub(super) fn fd(&self) -> &OwnedFd {
        self.listener.fd()
    }

    /// Why the level could not be held, if it could not.
    pub(super) fn broken(&self) -> Option<i32> {
        self.broken
    }

    /// How long until an answer is due.
    pub(super) fn wait(&self) -> Option<Duration> {
        self.later.iter().map(|(at, ..)| at.saturating_duration_since(Instant::now())).min()
    }

    /// Answers one call that has arrived.
    pub(super) fn serve(&mut self) {
        let Some(call) = self.listener.receive() else { return };
        let answer = self.answer(&call).unwrap_or_else(Answer::Error);
        match answer {
            Answer::Later(micros, answer) => {
                let at = Instant::now() + Duration::from_micros(micros.min(u64::from(u32::MAX) * 1_000_000));
                self.later.push((at, call.id, *answer));
            }
            answer => self.listener.answer(call.id, &answer),
        }
    }

    /// Gives the answers that are due.
    pub(super) fn catch_up(&mut self) {
        let now = Instant::now();
        let (due, later) = std::mem::take(&mut self.later).into_iter().partition(|(at, ..)| *at <= now);
        self.later = later;
        let due: Vec<_> = due;
        due.iter().for_each(|(_, id, answer)| self.listener.answer(*id, answer));
    }

    fn answer(&mut self, call: &Call) -> Result<Answer, i32> {
        match i64::from(call.nr) {
            filter::START => self.start(call),
            libc::SYS_clock_gettime => self.clock_gettime(call, call.long(1)),
            libc::SYS_clock_getres => self.clock_getres(call),
            libc::SYS_gettimeofday => self.gettimeofday(call),
            #[cfg(target_arch = "x86_64")]
            libc::SYS_time => self.time(call),
            libc::SYS_clock_nanosleep => self.clock_nanosleep(call),
            libc::SYS_futex => self.futex(call),
            libc::SYS_timerfd_settime => self.timerfd_settime(call),
            libc::SYS_getrandom => self.getrandom(call),
            libc::SYS_uname => self.uname(call),
            libc::SYS_sysinfo => self.sysinfo(call),
            libc::SYS_sched_getaffinity => self.processors(call),
            libc::SYS_sched_setaffinity => Ok(Answer::Value(0)),
            libc::SYS_getcpu => self.processor(call),
            libc::SYS_getpriority
            | libc::SYS_ioprio_get
            | libc::SYS_sched_getscheduler
            | libc::SYS_sched_getparam
            | libc::SYS_sched_getattr => self.priority(call),
            libc::SYS_bind => self.bind(call),
            libc::SYS_shmctl | libc::SYS_msgctl | libc::SYS_semctl => self.facts_of_object(call),
            _ => self.answer_on_files(call),
        }
    }

    fn answer_on_files(&mut self, call: &Call) -> Result<Answer, i32> {
        match i64::from(call.nr) {
            libc::SYS_openat => self.open(call, call.int(0), call.long(1), call.int(2)),
            libc::SYS_openat2 => {
                let flags = self.memory.read_long(call.thread, call.long(2))?;
                self.open(call, call.int(0), call.long(1), flags as i32)
            }
            libc::SYS_fstat => self.stat(call, Place::Open(call.int(0)), true, call.long(1)),
            libc::SYS_newfstatat => {
                let flags = call.int(3);
                let place = self.place(call, call.int(0), call.long(1), flags)?;
                self.stat(call, place, flags & libc::AT_SYMLINK_NOFOLLOW == 0, call.long(2))
            }
            libc::SYS_statx => self.statx(call),
            libc::SYS_fstatfs => self.statfs(call, Place::Open(call.int(0))),
            libc::SYS_statfs => {
                let place = self.place(call, libc::AT_FDCWD, call.long(0), 0)?;
                self.statfs(call, place)
            }
            libc::SYS_getdents64 => self.getdents64(call),
            libc::SYS_readlinkat => self.readlink(call, call.int(0), 1),
            libc::SYS_chdir => {
                let place = self.place(call, libc::AT_FDCWD, call.long(0), 0)?;
                self.process(call.thread).in_proc = matches!(place, Place::Proc(_));
                Ok(Answer::Native)
            }
            libc::SYS_fchdir => {
                let name = self.name_of(call.thread, call.int(0))?;
                self.process(call.thread).in_proc = name.starts_with(b"/proc");
                Ok(Answer::Native)
            }
            libc::SYS_symlinkat => self.symlink(call),
            libc::SYS_utimensat => self.set_times(call),
            _ => self.answer_older(call),
        }
    }

    /// The older forms of some calls.
    #[cfg(target_arch = "x86_64")]
    fn answer_older(&mut self, call: &Call) -> Result<Answer, i32> {
        let here = libc::AT_FDCWD;
        match i64::from(call.nr) {
            libc::SYS_open => self.open(call, here, call.long(0), call.int(1)),
            libc::SYS_stat | libc::SYS_lstat => {
                let follow = i64::from(call.nr) == libc::SYS_stat;
                let flags = if follow { 0 } else { libc::AT_SYMLINK_NOFOLLOW };
                let place = self.place(call, here, call.long(0), flags)?;
                self.stat(call, place, follow, call.long(1))
            }
            libc::SYS_readlink => self.readlink(call, here, 0),
            libc::SYS_symlink => self.symlink(call),
            libc::SYS_futimesat | libc::SYS_utimes | libc::SYS_utime => self.set_times(call),
            _ => Ok(Answer::Native),
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn answer_older(&mut self, _: &Call) -> Result<Answer, i32> {
        Ok(Answer::Native)
    }

    /// A program has just been loaded.
    fn start(&mut self, call: &Call) -> Result<Answer, i32> {
        let image = self.image.clone();
        image.put(&self.memory, call.thread).inspect_err(|errno| {
            // The memory of a process that is killed meanwhile cannot be written, which is no harm.
            if self.listener.is_waiting(call.id) {
                self.broken = Some(*errno);
            }
        })?;
        Ok(Answer::Native)
    }

    fn open(&mut self, call: &Call, folder: i32, at: u64, flags: i32) -> Result<Answer, i32> {
        let path = self.memory.read_path(call.thread, at)?;
        if path.is_empty() || self.is_plain(call, folder, &path) {
            return Ok(Answer::Native);
        }
        let exact = flags & libc::O_NOFOLLOW != 0 || flags & libc::O_CREAT != 0 && flags & libc::O_EXCL != 0;
        let at_flags = if exact { libc::AT_SYMLINK_NOFOLLOW } else { 0 };
        match self.place(call, folder, at, at_flags)? {
            Place::Proc(parts) => self.open_proc(call, &parts, flags),
            Place::Chance(name) if flags & libc::O_ACCMODE == libc::O_RDONLY && flags & libc::O_PATH == 0 => {
                let noise = self.open_below(call, &format!("dev/{name}"))?;
                // Two readings draw different bytes.
                let length = limits::NOISE.iter().find(|(known, _)| *known == name).map_or(0, |(_, length)| *length);
                let start = chance::offset(self.process(call.thread), length / 2);
                rustix::fs::seek(&noise, SeekFrom::Start(start)).map_err(|e| e.raw_os_error())?;
                Ok(Answer::Descriptor(noise, flags & libc::O_CLOEXEC))
            }
            _ => Ok(Answer::Native),
        }
    }

    /// Can a path not lead to anything special?
    fn is_plain(&mut self, call: &Call, folder: i32, path: &[u8]) -> bool {
        if self.wary || is_special(path) {
            return false;
        }
        path.starts_with(b"/") || folder == libc::AT_FDCWD && !self.process(call.thread).in_proc
    }

    fn readlink(&mut self, call: &Call, folder: i32, at: usize) -> Result<Answer, i32> {
        let path = self.memory.read_path(call.thread, call.long(at))?;
        let is_plain = path.is_empty() || self.is_plain(call, folder, &path);
        let place =
            if is_plain { None } else { Some(self.place(call, folder, call.long(at), libc::AT_SYMLINK_NOFOLLOW)?) };
        let Some(Place::Proc(parts)) = place else { return Ok(Answer::Native) };
        let name = self.read_link_of_proc(call, &parts)?;
        let room = usize::try_from(call.int(at + 2)).ok().filter(|room| *room > 0).ok_or(libc::EINVAL)?;
        let given = name.get(..room).unwrap_or(&name);
        self.memory.write(call.thread, call.long(at + 1), given)?;
        Ok(Answer::Value(given.len() as i64))
    }

    fn symlink(&mut self, call: &Call) -> Result<Answer, i32> {
        self.wary |= is_special(&self.memory.read_path(call.thread, call.long(0))?);
        Ok(Answer::Native)
    }

    /// Writes a structure to an address and says that all went well.
    fn give<T: Copy>(&mut self, call: &Call, to: u64, value: &T) -> Result<Answer, i32> {
        self.memory.write(call.thread, to, memory::bytes_of(value))?;
        Ok(Answer::Value(0))
    }

    /// The root that the action sees.
    fn root(&mut self, thread: u32) -> Result<&OwnedFd, i32> {
        if self.root.is_none() {
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let root = rustix::fs::open(format!("/proc/{thread}/root"), flags, Mode::empty());
            self.root = Some(root.map_err(|e| e.raw_os_error())?);
        }
        self.root.as_ref().ok_or(libc::EIO)
    }

    /// The process of a thread, by its number here.
    fn group(&mut self, thread: u32) -> u32 {
        if let Some(group) = self.groups.get(&thread) {
            return *group;
        }
        if self.caller.is_filtered() {
            // A light command is one thread, and always has this number.
            self.groups.insert(thread, thread);
            self.processes.insert(thread, Process { number: LIGHT_NUMBER, ..Process::default() });
            return thread;
        }
        let status = std::fs::read_to_string(format!("/proc/{thread}/status")).unwrap_or_default();
        let last = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|line| line.split_whitespace().last()?.parse::<u32>().ok())
        };
        let group = last("Tgid:").unwrap_or(thread);
        let number = last("NStgid:").unwrap_or(group);
        self.groups.insert(thread, group);
        self.groups.insert(group, group);
        let in_proc = self.name_of(group, libc::AT_FDCWD).is_ok_and(|name| name.starts_with(b"/proc"));
        self.processes.entry(group).or_insert_with(|| Process { number, in_proc, ..Process::default() });
        group
    }

    fn process(&mut self, thread: u32) -> &mut Process {
        let group = self.group(thread);
        self.processes.entry(group).or_default()
    }

    /// A thread's number as the action sees it.
    fn number_of(&mut self, thread: u32) -> u32 {
        let status = std::fs::read_to_string(format!("/proc/{thread}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
        let number = line.and_then(|line| line.split_whitespace().last()?.parse().ok());
        number.unwrap_or_else(|| self.process(thread).number)
    }
}
