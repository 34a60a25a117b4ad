//! Numbers and names that the kernel draws for a process: ports, names of sockets, and the facts of System V objects.
//!
//! This file knows no files.

use super::Supervisor;
use super::memory::bytes_of;
use super::notify::{Answer, Call};
use crate::sandbox::limits;
use std::os::fd::{AsRawFd, OwnedFd};

/// The first port that is given away, and how many there are.
const PORTS: (u64, u64) = (32_768, 28_000);
/// A port that is taken is passed over, so many times.
const TRIES: usize = 1000;
/// Longest address of a socket (`struct sockaddr_storage`).
const ADDRESS: u64 = 128;
/// Of a name that the kernel draws: five digits behind a NUL.
const DRAWN: u64 = 0x10_0000;

impl Supervisor {
    /// `bind` to any port, or to any name: the next one.
    pub(super) fn bind(&mut self, call: &Call) -> Result<Answer, i32> {
        let length = call.long(2) & 0xffff_ffff;
        if !(2..=ADDRESS).contains(&length) {
            return Ok(Answer::Native);
        }
        let mut address = vec![0; length as usize];
        self.memory.read_all(call.thread, call.long(1), &mut address)?;
        let (family, port) = match address.as_slice() {
            [a, b] => (u16::from_ne_bytes([*a, *b]), None),
            [a, b, c, d, ..] => (u16::from_ne_bytes([*a, *b]), Some(u16::from_be_bytes([*c, *d]))),
            _ => return Ok(Answer::Native),
        };
        let inet = [libc::AF_INET as u16, libc::AF_INET6 as u16].contains(&family) && port == Some(0);
        let unix = family == libc::AF_UNIX as u16 && port.is_none();
        if !inet && !unix {
            return Ok(Answer::Native);
        }
        let socket = self.borrow(call, call.int(0))?;
        let mut last = libc::EADDRINUSE;
        for _ in 0..TRIES {
            let process = self.process(call.thread);
            let drawn = u64::from(process.number) * 64 + process.names;
            process.names += 1;
            if inet {
                let port = ((PORTS.0 + drawn % PORTS.1) as u16).to_be_bytes();
                address.iter_mut().skip(2).zip(port).for_each(|(to, byte)| *to = byte);
            } else {
                address.truncate(2);
                address.push(0);
                address.extend(format!("{:05x}", drawn % DRAWN).bytes());
            }
            let at = [socket.as_raw_fd() as u64, address.as_ptr() as u64, address.len() as u64, 0, 0];
            match self.caller.call(libc::SYS_bind, at) {
                Ok(_) => return Ok(Answer::Value(0)),
                Err(libc::EADDRINUSE) => {}
                Err(errno) => {
                    last = errno;
                    break;
                }
            }
        }
        Err(last)
    }

    /// `shmctl`, `msgctl` and `semctl` that ask for facts: the times are not the machine's.
    pub(super) fn facts_of_object(&mut self, call: &Call) -> Result<Answer, i32> {
        let namespace = format!("/proc/{}/ns/ipc", call.thread);
        let open = |path: &str| {
            std::fs::File::open(path).map(OwnedFd::from).map_err(|e| e.raw_os_error().unwrap_or(libc::EIO))
        };
        let (theirs, ours) = (open(&namespace)?, open("/proc/self/ns/ipc")?);
        let enter = |namespace: &OwnedFd| {
            let to = [namespace.as_raw_fd() as u64, libc::CLONE_NEWIPC as u64, 0, 0, 0];
            self.caller.call(libc::SYS_setns, to)
        };
        enter(&theirs)?;
        let number = self.processes.get(&self.groups.get(&call.thread).copied().unwrap_or_default());
        let number = number.map_or(2, |process| process.number) as i32;
        let told = self.object(call, number);
        enter(&ours)?;
        let (to, bytes) = told?;
        self.memory.write(call.thread, to, &bytes)?;
        Ok(Answer::Value(0))
    }

    /// Where the facts go, and the facts.
    fn object(&self, call: &Call, number: i32) -> Result<(u64, Vec<u8>), i32> {
        let ask = |fourth: bool, place: u64| {
            let (a, b, c) = (call.long(0), call.long(1), call.long(2));
            let arguments = if fourth { [a, b, c, place, 0] } else { [a, b, place, 0, 0] };
            self.caller.call(i64::from(call.nr), arguments)
        };
        let moment = |time: i64| if time == 0 { 0 } else { limits::EPOCH as i64 + 1 };
        let process = |pid: i32| if pid == 0 { 0 } else { number };
        match i64::from(call.nr) {
            libc::SYS_shmctl => {
                // SAFETY: a plain C structure of numbers, which may be zero.
                let mut facts: libc::shmid_ds = unsafe { std::mem::zeroed() };
                ask(false, std::ptr::from_mut(&mut facts) as u64)?;
                facts.shm_atime = moment(facts.shm_atime);
                facts.shm_dtime = moment(facts.shm_dtime);
                facts.shm_ctime = moment(facts.shm_ctime);
                (facts.shm_cpid, facts.shm_lpid) = (process(facts.shm_cpid), process(facts.shm_lpid));
                Ok((call.long(2), bytes_of(&facts).to_vec()))
            }
            libc::SYS_msgctl => {
                // SAFETY: as above.
                let mut facts: libc::msqid_ds = unsafe { std::mem::zeroed() };
                ask(false, std::ptr::from_mut(&mut facts) as u64)?;
                facts.msg_stime = moment(facts.msg_stime);
                facts.msg_rtime = moment(facts.msg_rtime);
                facts.msg_ctime = moment(facts.msg_ctime);
                (facts.msg_lspid, facts.msg_lrpid) = (process(facts.msg_lspid), process(facts.msg_lrpid));
                Ok((call.long(2), bytes_of(&facts).to_vec()))
            }
            _ => {
                // SAFETY: as above.
                let mut facts: libc::semid_ds = unsafe { std::mem::zeroed() };
                ask(true, std::ptr::from_mut(&mut facts) as u64)?;
                facts.sem_otime = moment(facts.sem_otime);
                facts.sem_ctime = moment(facts.sem_ctime);
                Ok((call.long(3), bytes_of(&facts).to_vec()))
            }
        }
    }
}
