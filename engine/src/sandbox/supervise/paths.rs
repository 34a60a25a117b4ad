//! What a supervised process means by a path or a descriptor.
//!
//! Paths are looked up in the action's own root, so that its symlinks lead where they lead there. Files of `/proc` and
//! the devices of randomness are told apart by their names before; a process that makes symlinks to them is watched
//! more closely. Invariant: the supervisor follows no link of `/proc` on behalf of a process but to its own files.

use super::Supervisor;
use super::notify::Call;
use rustix::fs::{AtFlags, Mode, OFlags, Statx, StatxFlags};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// The open file of this number, or the working folder (`AT_FDCWD`).
    Open(i32),
    /// A path below the action's root, absolute and without `.` and `..` where that can be told from the text.
    Named(Vec<u8>),
    /// A file of `/proc`: the parts of its path below that.
    Proc(Vec<Vec<u8>>),
    /// A device of randomness.
    Chance(&'static str),
}

/// `struct open_how`.
#[repr(C)]
struct How {
    flags: u64,
    mode: u64,
    resolve: u64,
}

const IN_ROOT: u64 = 0x10;
/// So many links of `/proc` are followed, as the kernel follows so many symlinks.
const LINKS: usize = 40;
/// How often a path is looked up again that others disturb; once takes microseconds.
const TRIES: u32 = 1_000_000;

/// The parts of an absolute path: without `.`, and `..` taken off as text.
pub(super) fn parts(path: &[u8]) -> Vec<&[u8]> {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts
}

/// Does a path speak of what a process is told specially?
pub(super) fn is_special(path: &[u8]) -> bool {
    path.split(|byte| *byte == b'/').any(|part| part == b"proc" || part == b"dev")
}

fn own(parts: &[&[u8]]) -> Place {
    Place::Proc(parts.iter().map(|part| part.to_vec()).collect())
}

/// Sorts an absolute path by its text.
pub(super) fn sort(path: &[u8]) -> Place {
    let parts = parts(path);
    match parts.as_slice() {
        [b"proc", rest @ ..] => own(rest),
        [b"dev", b"stdin"] => own(&[b"self", b"fd", b"0"]),
        [b"dev", b"stdout"] => own(&[b"self", b"fd", b"1"]),
        [b"dev", b"stderr"] => own(&[b"self", b"fd", b"2"]),
        [b"dev", b"fd", rest @ ..] => own(&[&[b"self".as_slice(), b"fd"], rest].concat()),
        [b"dev", b"random"] => Place::Chance("random"),
        [b"dev", b"urandom"] => Place::Chance("urandom"),
        _ => {
            let mut named = Vec::new();
            for part in path.split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".") {
                named.push(b'/');
                named.extend(part);
            }
            // A slash at the end asks for a folder.
            if named.is_empty() || path.ends_with(b"/") {
                named.push(b'/');
            }
            Place::Named(named)
        }
    }
}

impl Supervisor {
    /// The absolute path that a process means, or nothing where it needs no look at all.
    pub(super) fn absolute(&mut self, call: &Call, folder: i32, path: &[u8]) -> Result<Vec<u8>, i32> {
        if path.starts_with(b"/") {
            return Ok(path.to_vec());
        }
        let mut base = self.name_of(call.thread, folder)?;
        if !base.starts_with(b"/") {
            return Err(libc::ENOTDIR);
        }
        base.push(b'/');
        base.extend(path);
        Ok(base)
    }

    /// The name under which the kernel knows an open file (`AT_FDCWD` for the working folder).
    pub(super) fn name_of(&self, thread: u32, fd: i32) -> Result<Vec<u8>, i32> {
        let link = host_path(thread, fd);
        let name = rustix::fs::readlinkat(rustix::fs::CWD, link, Vec::new()).map_err(|_| libc::EBADF)?;
        Ok(name.into_bytes())
    }

    /// What `(folder, path)` of a call means. With `AT_EMPTY_PATH` an empty path is the folder itself, with
    /// `AT_SYMLINK_NOFOLLOW` the last link is not followed.
    pub(super) fn place(&mut self, call: &Call, folder: i32, at: u64, flags: i32) -> Result<Place, i32> {
        // With an empty path allowed, Linux 6.11 takes none at all for one.
        let none = at == 0 && flags & libc::AT_EMPTY_PATH != 0;
        let path = if none { Vec::new() } else { self.memory.read_path(call.thread, at)? };
        if path.is_empty() {
            let itself = flags & libc::AT_EMPTY_PATH != 0;
            return if itself { Ok(Place::Open(folder)) } else { Err(libc::ENOENT) };
        }
        let path = self.absolute(call, folder, &path)?;
        let place = self.follow_magic(call.thread, sort(&path));
        match place {
            // `/dev` holds what it holds.
            Place::Named(path)
                if self.wary || is_special(&path) && parts(&path).first() != Some(&b"dev".as_slice()) =>
            {
                let place = self.look_behind(call, path, flags & libc::AT_SYMLINK_NOFOLLOW == 0);
                Ok(self.follow_magic(call.thread, place))
            }
            place => Ok(place),
        }
    }

    fn follow_magic(&self, thread: u32, mut place: Place) -> Place {
        for _ in 0..LINKS {
            match self.behind_magic(thread, &place) {
                Some(real) => place = sort(&real),
                None => break,
            }
        }
        place
    }

    /// Where a path leads that goes on behind a link of `/proc` to a folder, or ends at one to a special file.
    fn behind_magic(&self, thread: u32, place: &Place) -> Option<Vec<u8>> {
        let Place::Proc(parts) = place else { return None };
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        // Whoever a process is, it sees the root and is told its own folder and files only.
        let (base, rest) = match parts.as_slice() {
            [_, b"task", _, b"root", rest @ ..] | [_, b"root", rest @ ..] if !rest.is_empty() => (Vec::new(), rest),
            [_, b"task", _, b"cwd", rest @ ..] | [_, b"cwd", rest @ ..] if !rest.is_empty() => {
                (self.name_of(thread, libc::AT_FDCWD).ok()?, rest)
            }
            [_, b"task", _, b"fd", fd, rest @ ..] | [_, b"fd", fd, rest @ ..] => {
                let name = self.name_of(thread, std::str::from_utf8(fd).ok()?.parse().ok()?).ok()?;
                if rest.is_empty() && matches!(sort(&name), Place::Named(_)) {
                    return None;
                }
                (name, rest)
            }
            _ => return None,
        };
        Some(rest.iter().fold(base, |path, part| [&path, b"/".as_slice(), part].concat()))
    }

    /// A path of a process that has made symlinks to special files: where does it really lead? Followed part by part,
    /// because the kernel would follow `/proc/self` to our own folder.
    fn look_behind(&mut self, call: &Call, path: Vec<u8>, follow: bool) -> Place {
        let split = |path: &[u8]| -> Vec<Vec<u8>> {
            path.split(|byte| *byte == b'/').rev().filter(|part| !part.is_empty()).map(<[u8]>::to_vec).collect()
        };
        let (mut left, mut done, mut links) = (split(&path), Vec::new(), 0);
        while let Some(part) = left.pop() {
            let next = [&done, b"/".as_slice(), &part].concat();
            if !matches!(sort(&next), Place::Named(_)) {
                return sort(&left.iter().rev().fold(next, |path, part| [&path, b"/".as_slice(), part].concat()));
            }
            let target = match self.look_up(call, &next, false) {
                _ if left.is_empty() && !follow => return Place::Named(path),
                Ok(fd) => rustix::fs::readlinkat(&fd, c"", Vec::new()).ok(),
                Err(_) => return Place::Named(path),
            };
            match target {
                Some(target) if links < LINKS => {
                    links += 1;
                    if target.as_bytes().starts_with(b"/") {
                        done.clear();
                    }
                    left.extend(split(target.as_bytes()));
                }
                _ if part == b".." => {
                    done = parts(&next).iter().flat_map(|part| [b"/".as_slice(), part].concat()).collect()
                }
                _ => done = next,
            }
        }
        Place::Named(path)
    }

    /// Opens a path as the action sees it, for looking at it only.
    pub(super) fn look_up(&mut self, call: &Call, path: &[u8], follow: bool) -> Result<OwnedFd, i32> {
        let mut text = path.to_vec();
        text.push(0);
        let flags = OFlags::PATH | OFlags::CLOEXEC | if follow { OFlags::empty() } else { OFlags::NOFOLLOW };
        let how = How { flags: flags.bits().into(), mode: 0, resolve: IN_ROOT };
        let root = self.root(call.thread)?.as_raw_fd() as u64;
        let (path, at, size) = (text.as_ptr() as u64, std::ptr::from_ref(&how) as u64, size_of::<How>() as u64);
        let mut tries = 0;
        let fd = loop {
            match self.caller.call(libc::SYS_openat2, [root, path, at, size, 0]) {
                // Somebody on the machine moved or mounted something while a `..` was followed.
                Err(libc::EAGAIN) if tries < TRIES => tries += 1,
                answer => break answer?,
            }
        };
        // SAFETY: the kernel has just made this descriptor for us and nobody else has it.
        Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
    }

    /// The facts of an open file.
    pub(super) fn facts_of_open(&self, thread: u32, fd: i32) -> Result<Statx, i32> {
        rustix::fs::statx(rustix::fs::CWD, host_path(thread, fd), AtFlags::empty(), wanted())
            .map_err(|e| if e == rustix::io::Errno::NOENT { libc::EBADF } else { e.raw_os_error() })
    }

    /// The facts of a path.
    pub(super) fn facts_of(&mut self, call: &Call, path: &[u8], follow: bool) -> Result<Statx, i32> {
        let fd = self.look_up(call, path, follow)?;
        rustix::fs::statx(&fd, c"", AtFlags::EMPTY_PATH, wanted()).map_err(|e| e.raw_os_error())
    }

    /// A process's open file, shared with it.
    pub(super) fn borrow(&mut self, call: &Call, fd: i32) -> Result<OwnedFd, i32> {
        let group = self.group(call.thread);
        let process = self.caller.call(libc::SYS_pidfd_open, [group.into(), 0, 0, 0, 0])?;
        // SAFETY: the kernel has just made this descriptor for us and nobody else has it.
        let process = unsafe { OwnedFd::from_raw_fd(process as i32) };
        let shared = [process.as_raw_fd() as u64, fd as u32 as u64, 0, 0, 0];
        let shared = self.caller.call(libc::SYS_pidfd_getfd, shared)?;
        // SAFETY: as above.
        Ok(unsafe { OwnedFd::from_raw_fd(shared as i32) })
    }

    /// Opens a file of the action's root for reading.
    pub(super) fn open_below(&mut self, call: &Call, path: &str) -> Result<OwnedFd, i32> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let root = self.root(call.thread)?;
        rustix::fs::openat(root, path, flags, Mode::empty()).map_err(|e| e.raw_os_error())
    }
}

fn wanted() -> StatxFlags {
    StatxFlags::BASIC_STATS
}

/// Where an open file of a process, or its working folder, stands in our `/proc`.
pub(super) fn host_path(thread: u32, fd: i32) -> String {
    if fd == libc::AT_FDCWD { format!("/proc/{thread}/cwd") } else { format!("/proc/{thread}/fd/{fd}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_files_are_told_by_their_names() {
        let proc = |parts: &[&str]| Place::Proc(parts.iter().map(|part| part.as_bytes().to_vec()).collect());
        assert_eq!(sort(b"/proc/self/status"), proc(&["self", "status"]));
        assert_eq!(sort(b"//w/.././proc//cpuinfo"), proc(&["cpuinfo"]));
        assert_eq!(sort(b"/dev/fd/63"), proc(&["self", "fd", "63"]));
        assert_eq!(sort(b"/dev/stdin"), proc(&["self", "fd", "0"]));
        assert_eq!(sort(b"/dev/urandom"), Place::Chance("urandom"));
        assert_eq!(sort(b"/w/./a//b"), Place::Named(b"/w/a/b".to_vec()));
        assert_eq!(sort(b"/w/link/../b"), Place::Named(b"/w/link/../b".to_vec()));
        assert_eq!(sort(b"/"), Place::Named(b"/".to_vec()));
        assert_eq!(sort(b"/w/a/"), Place::Named(b"/w/a/".to_vec()));
        assert!(is_special(b"../../proc/self") && !is_special(b"process/device"));
    }
}
