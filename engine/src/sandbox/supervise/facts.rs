//! What a supervised process is told of files: nothing that depends on disk, store, order or moment.
//!
//! Inputs are as old as the epoch, everything else is a second younger, and a time that the process set itself is kept
//! until the file changes again. A file's number is made from the path under which the process first met it, and is no
//! other file's; there is one device, folders have one size, and a file that is an input has one link.
//! This file does not know how a path is found.

use super::Supervisor;
use super::memory::bytes_of;
use super::notify::{Answer, Call};
use super::paths::{Place, parts};
use crate::sandbox::limits;
use rustix::fs::Statx;
use std::collections::{HashMap, HashSet};

/// The one device.
const DEVICE: u64 = 1;
const BLOCK: u64 = 4096;
const SECTOR: u64 = 512;
/// What a folder's size is.
const FOLDER: u64 = 4096;
/// What the file system of an action says it is.
const TMPFS: i64 = 0x0102_1994;
const PROCFS: i64 = 0x9fa0;
const KERNEL_DEVICES: u32 = 1;

/// A time in seconds and nanoseconds.
pub(super) type Time = (i64, u32);

/// A file by the kernel's device and number.
pub(super) type Key = (u64, u64);

/// The numbers of files.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    known: HashMap<Key, u64>,
    used: HashSet<u64>,
    nameless: u64,
}

impl Numbers {
    /// The number of a file, which is met under this path.
    pub(super) fn of(&mut self, key: Key, path: &[u8]) -> u64 {
        if let Some(number) = self.known.get(&key) {
            return *number;
        }
        let mut hasher = blake3::Hasher::new();
        if path.starts_with(b"/") && !path.ends_with(b" (deleted)") && !path.starts_with(b"/memfd:") {
            for part in parts(path) {
                hasher.update(b"/").update(part);
            }
        } else {
            // A pipe, a socket: it has no name but its number.
            self.nameless += 1;
            hasher.update(&self.nameless.to_le_bytes());
        }
        let mut stream = hasher.finalize_xof();
        let number = loop {
            let mut bytes = [0; 4];
            stream.fill(&mut bytes);
            let number = u64::from(u32::from_le_bytes(bytes));
            if number > 1 && self.used.insert(number) {
                break number;
            }
        };
        self.known.insert(key, number);
        number
    }
}

/// What is told of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Facts {
    number: u64,
    mode: u32,
    links: u64,
    user: u32,
    group: u32,
    special: (u32, u32),
    size: u64,
    blocks: u64,
    read: Time,
    written: Time,
    changed: Time,
}

pub(super) fn key_of(statx: &Statx) -> Key {
    (libc::makedev(statx.stx_dev_major, statx.stx_dev_minor), statx.stx_ino)
}

fn kind(mode: u32) -> u32 {
    mode & libc::S_IFMT
}

impl Supervisor {
    fn facts(&mut self, statx: &Statx, name: &[u8]) -> Facts {
        let key = key_of(statx);
        let mode = u32::from(statx.stx_mode);
        let real = |time: &rustix::fs::StatxTimestamp| (time.tv_sec, time.tv_nsec);
        let is_input = kind(mode) == libc::S_IFREG && real(&statx.stx_mtime) == (self.input_time_s, 0);
        let moment = (limits::EPOCH as i64 + i64::from(!is_input), 0);
        let (mut read, mut written) = (moment, moment);
        match self.set_times.get(&key) {
            Some((set_read, set_written)) if *set_written == real(&statx.stx_mtime) => {
                (read, written) = (*set_read, *set_written);
            }
            Some(_) => drop(self.set_times.remove(&key)),
            None => {}
        }
        let is_folder = kind(mode) == libc::S_IFDIR;
        let size = if is_folder { FOLDER } else { statx.stx_size };
        let noise = match parts(name).as_slice() {
            [b"dev", b"random"] => Some((KERNEL_DEVICES, 8)),
            [b"dev", b"urandom"] => Some((KERNEL_DEVICES, 9)),
            _ => None,
        };
        Facts {
            number: self.numbers.of(key, name),
            mode: if noise.is_some() { libc::S_IFCHR | 0o666 } else { mode },
            links: if is_folder || is_input { 1 } else { statx.stx_nlink.into() },
            user: statx.stx_uid,
            group: statx.stx_gid,
            special: noise.unwrap_or((statx.stx_rdev_major, statx.stx_rdev_minor)),
            size: if noise.is_some() { 0 } else { size },
            blocks: if noise.is_some() { 0 } else { size.div_ceil(BLOCK) * (BLOCK / SECTOR) },
            read,
            written,
            changed: moment,
        }
    }

    /// The facts of what a call means, with `follow` for the last symlink.
    fn facts_at(&mut self, call: &Call, place: Place, follow: bool) -> Result<Facts, i32> {
        let (statx, name) = match place {
            Place::Open(fd) => {
                let statx = self.facts_of_open(call.thread, fd)?;
                // A file that is known needs no name, but a device may be one that is not what it is called.
                let name = self.name_of(call.thread, fd).unwrap_or_default();
                (statx, name)
            }
            Place::Named(path) => (self.facts_of(call, &path, follow)?, path),
            Place::Chance(name) => {
                let path = format!("/dev/{name}").into_bytes();
                (self.facts_of(call, &path, follow)?, path)
            }
            Place::Proc(parts) => self.facts_of_proc(call, &parts, follow)?,
        };
        Ok(self.facts(&statx, &name))
    }

    /// `stat`, `lstat`, `fstat`, `newfstatat`.
    pub(super) fn stat(&mut self, call: &Call, place: Place, follow: bool, to: u64) -> Result<Answer, i32> {
        let facts = self.facts_at(call, place, follow)?;
        // SAFETY: a plain C structure of numbers, which may be zero.
        let mut stat: libc::stat = unsafe { std::mem::zeroed() };
        stat.st_dev = DEVICE;
        stat.st_ino = facts.number;
        stat.st_mode = facts.mode;
        stat.st_nlink = facts.links as _;
        stat.st_uid = facts.user;
        stat.st_gid = facts.group;
        stat.st_rdev = libc::makedev(facts.special.0, facts.special.1);
        stat.st_size = facts.size as _;
        stat.st_blksize = BLOCK as _;
        stat.st_blocks = facts.blocks as _;
        (stat.st_atime, stat.st_atime_nsec) = (facts.read.0, facts.read.1.into());
        (stat.st_mtime, stat.st_mtime_nsec) = (facts.written.0, facts.written.1.into());
        (stat.st_ctime, stat.st_ctime_nsec) = (facts.changed.0, facts.changed.1.into());
        self.memory.write(call.thread, to, bytes_of(&stat))?;
        Ok(Answer::Value(0))
    }

    pub(super) fn statx(&mut self, call: &Call) -> Result<Answer, i32> {
        let flags = call.int(2);
        let place = self.place(call, call.int(0), call.long(1), flags)?;
        let facts = self.facts_at(call, place, flags & libc::AT_SYMLINK_NOFOLLOW == 0)?;
        let set = |to: &mut libc::statx_timestamp, (seconds, rest): Time| (to.tv_sec, to.tv_nsec) = (seconds, rest);
        // SAFETY: a plain C structure of numbers, which may be zero.
        let mut statx: libc::statx = unsafe { std::mem::zeroed() };
        statx.stx_mask = libc::STATX_BASIC_STATS | libc::STATX_BTIME;
        statx.stx_blksize = BLOCK as u32;
        statx.stx_nlink = facts.links as u32;
        statx.stx_uid = facts.user;
        statx.stx_gid = facts.group;
        statx.stx_mode = facts.mode as u16;
        statx.stx_ino = facts.number;
        statx.stx_size = facts.size;
        statx.stx_blocks = facts.blocks;
        set(&mut statx.stx_atime, facts.read);
        set(&mut statx.stx_mtime, facts.written);
        set(&mut statx.stx_ctime, facts.changed);
        set(&mut statx.stx_btime, facts.changed);
        (statx.stx_rdev_major, statx.stx_rdev_minor) = facts.special;
        statx.stx_dev_minor = DEVICE as u32;
        self.memory.write(call.thread, call.long(4), bytes_of(&statx))?;
        Ok(Answer::Value(0))
    }

    /// `statfs` and `fstatfs`: a large disk in memory, half of it free.
    pub(super) fn statfs(&mut self, call: &Call, place: Place) -> Result<Answer, i32> {
        let is_proc = matches!(place, Place::Proc(_));
        self.facts_at(call, place, true)?;
        // SAFETY: a plain C structure of numbers, which may be zero.
        let mut statfs: libc::statfs = unsafe { std::mem::zeroed() };
        statfs.f_type = if is_proc { PROCFS } else { TMPFS };
        statfs.f_bsize = BLOCK as _;
        statfs.f_frsize = BLOCK as _;
        statfs.f_blocks = limits::DISK / BLOCK;
        statfs.f_bfree = limits::DISK / BLOCK / 2;
        statfs.f_bavail = limits::DISK / BLOCK / 2;
        statfs.f_files = limits::DISK / BLOCK;
        statfs.f_ffree = limits::DISK / BLOCK / 2;
        statfs.f_namelen = 255;
        self.memory.write(call.thread, call.long(1), bytes_of(&statfs))?;
        Ok(Answer::Value(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_from_paths() {
        let (mut one, mut other) = (Numbers::default(), Numbers::default());
        let first = one.of((1, 10), b"/w/a");
        assert_eq!(first, other.of((7, 99), b"/w//a"));
        assert_eq!(first, one.of((1, 10), b"/w/b"), "a file keeps its number under another name");
        assert_ne!(first, one.of((1, 11), b"/w/a"), "another file has another");
        assert_eq!(one.of((2, 1), b"pipe:[17]"), other.of((3, 5), b"pipe:[4711]"));
    }
}
