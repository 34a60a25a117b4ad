//! What a supervised process is told of the machine: always the same one.
//!
//! One processor, a fixed amount of memory, a fixed kernel. This file knows no files of `/proc` (see `proc.rs`).

use super::Supervisor;
use super::memory::bytes_of;
use super::notify::{Answer, Call};
use crate::sandbox::limits;

/// Bytes of a kernel's set of processors, as `sched_getaffinity` gives them: whole words.
const SET: u64 = 8;
/// What `getpriority` gives for the usual nice value 0.
const PLAIN_PRIORITY: i64 = 20;
/// `struct sched_attr` of the first version.
const SCHEDULING: u64 = 48;

impl Supervisor {
    pub(super) fn uname(&mut self, call: &Call) -> Result<Answer, i32> {
        const FIELD: usize = 65;
        let machine = std::env::consts::ARCH;
        let fields =
            ["Linux", limits::HOST_NAME, limits::KERNEL_RELEASE, limits::KERNEL_VERSION, machine, limits::DOMAIN_NAME];
        let mut bytes = Vec::new();
        for field in fields {
            let mut one = field.as_bytes().to_vec();
            one.resize(FIELD, 0);
            bytes.extend(one);
        }
        self.memory.write(call.thread, call.long(0), &bytes)?;
        Ok(Answer::Value(0))
    }

    pub(super) fn sysinfo(&mut self, call: &Call) -> Result<Answer, i32> {
        // SAFETY: a plain C structure of numbers, which may be zero.
        let mut info: libc::sysinfo = unsafe { std::mem::zeroed() };
        info.uptime = limits::UPTIME as _;
        info.totalram = limits::MEMORY as _;
        info.freeram = (limits::MEMORY / 2) as _;
        info.procs = 1;
        info.mem_unit = 1;
        self.memory.write(call.thread, call.long(0), bytes_of(&info))?;
        Ok(Answer::Value(0))
    }

    pub(super) fn processors(&mut self, call: &Call) -> Result<Answer, i32> {
        if call.long(1) < SET || !call.long(1).is_multiple_of(SET) {
            return Err(libc::EINVAL);
        }
        self.give(call, call.long(2), &[1u64])?;
        Ok(Answer::Value(SET as i64))
    }

    pub(super) fn processor(&mut self, call: &Call) -> Result<Answer, i32> {
        for at in [call.long(0), call.long(1)] {
            if at != 0 {
                self.give(call, at, &[0u32])?;
            }
        }
        Ok(Answer::Value(0))
    }

    /// Nobody is nice or in haste; what a process asks for itself changes nothing that it is told.
    pub(super) fn priority(&mut self, call: &Call) -> Result<Answer, i32> {
        Ok(match i64::from(call.nr) {
            libc::SYS_getpriority => Answer::Value(PLAIN_PRIORITY),
            libc::SYS_sched_getparam => self.give(call, call.long(1), &[0u32])?,
            libc::SYS_sched_getattr => {
                if call.long(2) < SCHEDULING {
                    return Err(libc::EINVAL);
                }
                self.give(call, call.long(1), &[SCHEDULING, 0, 0, 0, 0, 0])?
            }
            _ => Answer::Value(0),
        })
    }
}
