//! What an action uses while it runs: its processes, and their memory, as `/proc` tells.
//!
//! Nothing of the kernel that any machine has limits all processes of an action together, so they are counted, from
//! time to time, and only of actions that run for longer than most. Memory is what is written and not backed by a
//! file; where the sum is too large, shared pages are shared out among those that share them. Once a second files are
//! weighed that have no name any more, which the executor cannot find. Invariant: nothing here sets `errno`, because
//! an init may be at work in the same memory. This file does not know what becomes of an action that uses too much.

use super::limits::{FIRST_COUNT, HIDDEN_EVERY, MOST_FILES, RECOUNT};
use super::protocol::Order;
use gx_store::Resource;
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, RawDir, openat, statat, statfs};
use std::collections::HashSet;
use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;
use std::time::{Duration, Instant};

/// `TMPFS_MAGIC` of the kernel's `magic.h`.
const TMPFS: u64 = 0x0102_1994;

/// The processes of an action.
#[derive(Debug)]
pub(super) struct Usage {
    /// The init, or the only process there can be.
    first: i32,
    alone: bool,
    memory: Option<u64>,
    processes: Option<u64>,
    disk: Option<u64>,
    next: Instant,
    hidden_next: Instant,
    /// Files of memory that no process has mapped, when they were weighed last.
    hidden: u64,
    /// The scratch in memory, which is weighed as a whole.
    scratch: Option<u64>,
}

/// What was counted.
#[derive(Debug, Default)]
struct Sum {
    /// Processes.
    pids: Vec<i32>,
    /// With their threads.
    tasks: u64,
    /// Bytes of memory that are nobody's file, and of files in memory that are mapped.
    own: u64,
    mapped: u64,
}

impl Usage {
    /// Of an order that has started: `first` is its init, or for a light command itself.
    pub(super) fn new(order: &Order, first: i32, started: Instant) -> Usage {
        Usage {
            first,
            alone: order.light,
            memory: order.memory,
            processes: order.processes,
            disk: order.disk,
            next: started + FIRST_COUNT,
            hidden_next: started + HIDDEN_EVERY,
            hidden: 0,
            scratch: statat(CWD, c"/fast", AtFlags::empty()).ok().map(|stat| stat.st_dev),
        }
    }

    /// When to look next.
    pub(super) fn next(&self) -> Option<Instant> {
        (self.memory.is_some() || self.processes.is_some() || self.disk.is_some()).then_some(self.next)
    }

    /// Of what it uses more than it may, and how much it may.
    pub(super) fn exceeded(&mut self, now: Instant) -> Option<(Resource, u64)> {
        if self.next().is_none_or(|next| next > now) {
            return None;
        }
        let mut pause = RECOUNT;
        let found = self.look(now, &mut pause);
        // An action of very many processes is looked at less often: the looking must not cost more than it guards.
        self.next = Instant::now() + pause.max(now.elapsed() * 10);
        found
    }

    fn look(&mut self, now: Instant, pause: &mut Duration) -> Option<(Resource, u64)> {
        let sum = self.count();
        if let Some(most) = self.processes.filter(|most| sum.tasks > *most) {
            return Some((Resource::Processes, most));
        }
        if !self.alone && self.hidden_next <= now {
            let (memory, disk) = hidden(&sum.pids, self.scratch);
            self.hidden = memory;
            self.hidden_next = Instant::now() + HIDDEN_EVERY.max(now.elapsed() * 10);
            if let Some(most) = self.disk.filter(|most| disk > *most) {
                return Some((Resource::Disk, most));
            }
        }
        let most = self.memory?;
        let files = sum.mapped.max(self.hidden);
        if sum.own.saturating_add(files) <= most {
            return None;
        }
        // What a process shares with its children was counted for each of them.
        match shared_out(&sum.pids) {
            Some(own) if own.saturating_add(self.hidden) <= most => {
                *pause = RECOUNT * 10;
                None
            }
            _ => Some((Resource::Memory, most)),
        }
    }

    fn count(&self) -> Sum {
        let mut sum = Sum::default();
        let mut text = Vec::new();
        let mut left = if self.alone { vec![self.first] } else { children(self.first, true) };
        while let Some(pid) = left.pop() {
            // One that has ended meanwhile is none.
            if !read(&name(pid, "status"), &mut text) {
                continue;
            }
            let threads = field(&text, b"Threads:");
            sum.pids.push(pid);
            sum.tasks += threads.max(1);
            sum.own += field(&text, b"RssAnon:") << 10;
            sum.mapped += field(&text, b"RssShmem:") << 10;
            if self.processes.is_some_and(|most| sum.tasks > most) {
                break;
            }
            if !self.alone {
                left.extend(children(pid, threads == 1));
            }
        }
        sum
    }
}

/// Does this kernel tell the children of a process?
pub(super) fn can_count() -> bool {
    std::fs::File::open("/proc/thread-self/children").is_ok()
}

fn name(pid: i32, file: &str) -> CString {
    // No number and no file's name has a NUL byte.
    CString::new(format!("/proc/{pid}/{file}")).unwrap_or_default()
}

/// Reads a whole file; false when it is not there.
fn read(path: &CStr, into: &mut Vec<u8>) -> bool {
    into.clear();
    let Ok(file) = openat(CWD, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()) else { return false };
    let mut buffer = [0; 4096];
    loop {
        match rustix::io::read(&file, &mut buffer) {
            Ok(0) => return true,
            Ok(n) => into.extend(buffer.iter().take(n)),
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return false,
        }
    }
}

/// The number behind a word at the beginning of a line; 0 when it is not there.
fn field(text: &[u8], word: &[u8]) -> u64 {
    let line = text.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(word));
    numbers(line.unwrap_or_default()).next().unwrap_or_default()
}

fn numbers(text: &[u8]) -> impl Iterator<Item = u64> {
    let words = text.split(|byte| !byte.is_ascii_digit()).filter(|word| !word.is_empty());
    words.filter_map(|word| std::str::from_utf8(word).ok()?.parse().ok())
}

/// The children of a process: of each of its threads, unless it has one only.
fn children(pid: i32, one_thread: bool) -> Vec<i32> {
    let threads = if one_thread { vec![pid as u64] } else { entries(&name(pid, "task")) };
    let mut text = Vec::new();
    let mut found = Vec::new();
    for thread in threads {
        if read(&name(pid, &format!("task/{thread}/children")), &mut text) {
            found.extend(numbers(&text).filter_map(|number| i32::try_from(number).ok()));
        }
    }
    found
}

/// Entries of a folder that are numbers.
fn entries(path: &CStr) -> Vec<u64> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let Ok(folder) = openat(CWD, path, flags, Mode::empty()) else { return Vec::new() };
    let mut buffer = [MaybeUninit::uninit(); 4096];
    let mut entries = RawDir::new(folder, &mut buffer);
    let mut found = Vec::new();
    while let Some(Ok(entry)) = entries.next() {
        found.extend(entry.file_name().to_str().ok().and_then(|name| name.parse::<u64>().ok()));
    }
    found
}

/// Memory of these processes, with what several share counted once; `None` when the kernel does not tell.
fn shared_out(pids: &[i32]) -> Option<u64> {
    let (mut text, mut sum) = (Vec::new(), 0);
    for pid in pids {
        // The file is there as long as the process is, and empty when it is ending.
        let told = read(&name(*pid, "smaps_rollup"), &mut text);
        if !told && statat(CWD, name(*pid, "status"), AtFlags::empty()).is_ok() {
            return None;
        }
        sum += (field(&text, b"Pss_Anon:") + field(&text, b"Pss_Shmem:")) << 10;
    }
    Some(sum)
}

/// Bytes of open files that have no name: of those in memory, and of those on disk; but for the device `except`.
fn hidden(pids: &[i32], except: Option<u64>) -> (u64, u64) {
    let (mut memory, mut disk, mut seen) = (0, 0, HashSet::new());
    for pid in pids {
        for number in entries(&name(*pid, "fd")) {
            let path = name(*pid, &format!("fd/{number}"));
            let Ok(stat) = statat(CWD, &path, AtFlags::empty()) else { continue };
            let nameless = stat.st_nlink == 0 && FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
            if !nameless || except == Some(stat.st_dev) || !seen.insert((stat.st_dev, stat.st_ino)) {
                continue;
            }
            let bytes = (stat.st_blocks as u64).saturating_mul(512);
            match statfs(&path) {
                Ok(held) if held.f_type as u64 == TMPFS => memory += bytes,
                _ => disk += bytes,
            }
            if seen.len() >= MOST_FILES {
                return (memory, disk);
            }
        }
    }
    (memory, disk)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_this_process() -> Usage {
        let order = Order { light: true, ..Order::default() };
        Usage::new(&order, std::process::id() as i32, Instant::now())
    }

    #[test]
    fn a_process_and_its_memory_are_counted() {
        let block = std::hint::black_box(vec![1u8; 32 << 20]);
        let sum = of_this_process().count();
        assert_eq!(sum.pids, [std::process::id() as i32]);
        assert!(sum.own >= block.len() as u64 && sum.tasks >= 1, "{sum:?}");
        assert!(shared_out(&sum.pids).unwrap() >= block.len() as u64);
    }

    #[test]
    fn children_are_found_whichever_thread_started_them() {
        let start = || std::process::Command::new("sleep").arg("100").spawn().unwrap();
        let (mut one, mut other) = (start(), std::thread::spawn(start).join().unwrap());
        let found = children(std::process::id() as i32, false);
        for child in [&mut one, &mut other] {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        assert!(found.contains(&(one.id() as i32)), "{found:?}");
    }

    #[test]
    fn files_without_a_name_are_weighed() {
        use std::io::Write;
        let mut file = tempfile::tempfile_in(env!("CARGO_MANIFEST_DIR")).unwrap();
        let before = hidden(&[std::process::id() as i32], None);
        file.write_all(&vec![1; 3 << 20]).unwrap();
        file.sync_all().unwrap();
        let after = hidden(&[std::process::id() as i32], None);
        assert!(after.0 + after.1 >= before.0 + before.1 + (3 << 20), "{before:?} {after:?}");
    }

    #[test]
    fn nothing_is_looked_at_without_a_limit() {
        let mut usage = of_this_process();
        assert_eq!(usage.next(), None);
        usage.memory = Some(1);
        let due = usage.next().unwrap();
        assert_eq!(usage.exceeded(due - FIRST_COUNT), None);
        assert_eq!(usage.exceeded(due), Some((Resource::Memory, 1)));
    }
}
