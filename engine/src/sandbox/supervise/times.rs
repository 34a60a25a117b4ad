//! Times that a supervised process sets itself: it sees them again until the file changes.
//!
//! The kernel keeps them too, but not what a process is told of all other times; so what was set is remembered here.

use super::Supervisor;
use super::facts::{Key, Time, key_of};
use super::notify::{Answer, Call};
use super::paths::{Place, host_path};
use crate::sandbox::limits;
use rustix::fs::{AtFlags, Statx, StatxFlags, Timespec, Timestamps};
use std::collections::HashMap;
use std::os::fd::AsRawFd;

/// Last access and last change that a process set, by file.
pub(super) type SetTimes = HashMap<Key, (Time, Time)>;

const MICROSECONDS: i64 = 1000;

impl Supervisor {
    /// `utimensat`, `futimesat`, `utimes` and `utime`: a place, and two times at an address (0 for now).
    pub(super) fn set_times(&mut self, call: &Call) -> Result<Answer, i32> {
        let (place, times, flags) = match i64::from(call.nr) {
            libc::SYS_utimensat if call.long(1) == 0 => {
                (Place::Open(call.int(0)), self.times(call, 2, 1)?, call.int(3))
            }
            libc::SYS_utimensat => {
                let flags = call.int(3);
                let place = self.place(call, call.int(0), call.long(1), flags)?;
                (place, self.times(call, 2, 1)?, flags)
            }
            #[cfg(target_arch = "x86_64")]
            libc::SYS_utimes => {
                (self.place(call, libc::AT_FDCWD, call.long(0), 0)?, self.times(call, 1, MICROSECONDS)?, 0)
            }
            #[cfg(target_arch = "x86_64")]
            libc::SYS_futimesat if call.long(1) == 0 => {
                (Place::Open(call.int(0)), self.times(call, 2, MICROSECONDS)?, 0)
            }
            #[cfg(target_arch = "x86_64")]
            libc::SYS_futimesat => {
                (self.place(call, call.int(0), call.long(1), 0)?, self.times(call, 2, MICROSECONDS)?, 0)
            }
            #[cfg(target_arch = "x86_64")]
            libc::SYS_utime => (self.place(call, libc::AT_FDCWD, call.long(0), 0)?, self.seconds(call)?, 0),
            _ => return Ok(Answer::Native),
        };
        let path = match place {
            Place::Open(fd) => host_path(call.thread, fd),
            Place::Named(path) => {
                let fd = self.look_up(call, &path, flags & libc::AT_SYMLINK_NOFOLLOW == 0)?;
                return self.set(&format!("/proc/self/fd/{}", fd.as_raw_fd()), times);
            }
            Place::Proc(_) | Place::Chance(_) => return Err(libc::EPERM),
        };
        self.set(&path, times)
    }

    fn set(&mut self, path: &str, wanted: Option<[Option<Time>; 2]>) -> Result<Answer, i32> {
        let facts = || {
            let facts = rustix::fs::statx(rustix::fs::CWD, path, AtFlags::empty(), StatxFlags::BASIC_STATS);
            facts.map_err(|e| e.raw_os_error())
        };
        let written = |statx: &Statx| (statx.stx_mtime.tv_sec, statx.stx_mtime.tv_nsec);
        let before = facts()?;
        let now = Timespec { tv_sec: 0, tv_nsec: libc::UTIME_NOW };
        let omit = Timespec { tv_sec: 0, tv_nsec: libc::UTIME_OMIT };
        let [read, changed] = match wanted {
            None => [now, now],
            Some(times) => times
                .map(|time| time.map_or(omit, |(seconds, rest)| Timespec { tv_sec: seconds, tv_nsec: rest.into() })),
        };
        let times = Timestamps { last_access: read, last_modification: changed };
        rustix::fs::utimensat(rustix::fs::CWD, path, &times, AtFlags::empty()).map_err(|e| e.raw_os_error())?;
        let after = facts()?;
        let key = key_of(&after);
        let is_input = written(&before) == (self.input_time_s, 0);
        let moment = (limits::EPOCH as i64 + i64::from(!is_input), 0);
        let known = self.set_times.get(&key).filter(|(_, changed)| *changed == written(&before)).copied();
        let (was_read, was_written) = known.unwrap_or((moment, moment));
        match wanted {
            // Written now, as far as anybody is told; an access time cannot be told apart from that.
            None => drop(self.set_times.remove(&key)),
            Some([_, None]) => {
                let read = wanted.and_then(|[read, _]| read).unwrap_or(was_read);
                // What is remembered is compared with the kernel's time, so only a time that was set can be kept.
                if known.is_some() {
                    self.set_times.insert(key, (read, was_written));
                }
            }
            Some([read, Some(time)]) if time.1 < NOW => {
                self.set_times.insert(key, (read.unwrap_or(was_read), time));
            }
            Some(_) => drop(self.set_times.remove(&key)),
        }
        Ok(Answer::Value(0))
    }

    /// Two times of nanoseconds (or, times `unit`, of microseconds) at the address in argument `at`.
    fn times(&mut self, call: &Call, at: usize, unit: i64) -> Result<Option<[Option<Time>; 2]>, i32> {
        if call.long(at) == 0 {
            return Ok(None);
        }
        let mut bytes = [0; 32];
        self.memory.read_all(call.thread, call.long(at), &mut bytes)?;
        let numbers: Vec<i64> =
            bytes.chunks_exact(8).map(|chunk| i64::from_ne_bytes(chunk.try_into().unwrap_or_default())).collect();
        let mut times = [None, None];
        for (time, pair) in times.iter_mut().zip(numbers.chunks_exact(2)) {
            let &[seconds, rest] = pair else { continue };
            *time = match rest {
                libc::UTIME_OMIT if unit == 1 => None,
                libc::UTIME_NOW if unit == 1 => Some((0, libc::UTIME_NOW as u32)),
                rest => {
                    let rest = rest.checked_mul(unit).filter(|rest| (0..1_000_000_000).contains(rest));
                    Some((seconds, rest.ok_or(libc::EINVAL)? as u32))
                }
            };
        }
        Ok(Some(times))
    }

    /// Two times in seconds.
    #[cfg(target_arch = "x86_64")]
    fn seconds(&mut self, call: &Call) -> Result<Option<[Option<Time>; 2]>, i32> {
        if call.long(1) == 0 {
            return Ok(None);
        }
        let [read, changed] = [0, 8].map(|offset| self.memory.read_long(call.thread, call.long(1) + offset));
        Ok(Some([Some((read? as i64, 0)), Some((changed? as i64, 0))]))
    }
}

/// A second has fewer nanoseconds; beyond lie the kernel's words for "now" and "not".
const NOW: u32 = 1_000_000_000;
