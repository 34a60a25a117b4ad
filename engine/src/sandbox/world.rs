//! Worlds for audits: what is unlike around the sandbox, in it, and in how it is staged.
//!
//! The default is the world that every build has; only an audit asks for another. `Around` is laid upon the process
//! that gx starts (a spawner, or at level `none` the action itself) before it becomes its program: what a level
//! promises must hold in spite of it. `Inside` is what an action is shown at level `sandboxed`. Invariants: the
//! default changes nothing, and costs nothing; nothing of the machine itself is changed, only of these processes.
//! This file does not know why a world is asked for.

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps};
use serde::{Deserialize, Serialize};
use std::ffi::{CStr, CString};
use std::io::{Error, Result};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// A world in which actions run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct World {
    /// Around the sandbox.
    pub around: Around,
    /// In the sandbox.
    pub inside: Inside,
    /// Where and how inputs lie.
    pub placing: Placing,
}

/// What is unlike for the processes that gx starts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Around {
    /// User and group, by their number.
    pub user: Option<u32>,
    /// The host's name.
    pub host_name: Option<String>,
    /// The umask.
    pub umask: Option<u32>,
    /// Only the last of the processors that are allowed.
    pub one_cpu: bool,
    /// Seconds by which monotonic and boot time are later.
    pub later_s: u32,
    /// So much nicer.
    pub nicer: u8,
    /// Variables of the environment.
    pub environment: Vec<(String, String)>,
}

/// What is unlike for an action at level `sandboxed`. The environment is the action's own and not listed here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inside {
    /// User and group, by their number.
    pub user: Option<u32>,
    /// The host's name.
    pub host_name: Option<String>,
    /// The umask.
    pub umask: Option<u32>,
    /// Only the last of the processors that are allowed.
    pub one_cpu: bool,
    /// The working folder, relative to the root, instead of `w`.
    pub folder: Option<String>,
    /// Addresses of stack, heap and libraries are the same in every run.
    pub fixed_addresses: bool,
    /// `getrandom` does not exist, and `/dev/random` and `/dev/urandom` are a file with fixed bytes.
    pub fixed_random: bool,
}

/// How inputs are staged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Placing {
    /// Folders between a slot's scratch and what lies in it.
    pub folder: Option<String>,
    /// Inputs are copies of the action's own: made just now, with inode numbers of their own.
    pub copied: bool,
    /// The last of a folder's files is made first. Inputs are copies then.
    pub reversed: bool,
    /// On the store's disk, and never in memory.
    pub on_disk: bool,
    /// Times of inputs, in seconds since 1970. Inputs are copies then.
    pub time_s: Option<i64>,
}

impl Inside {
    /// The working folder, relative to the root.
    pub(crate) fn work(&self) -> &str {
        self.folder.as_deref().unwrap_or(super::mounts::WORK)
    }

    /// Is it as it always is?
    pub(crate) fn is_usual(&self) -> bool {
        *self == Inside::default()
    }

    /// The processor that is left, if one is.
    pub(crate) fn settle(&self) -> Result<()> {
        if self.one_cpu { keep_one_cpu() } else { Ok(()) }
    }
}

impl Placing {
    /// Must every input be a copy of the action's own?
    pub(crate) fn copies(&self) -> bool {
        self.copied || self.reversed || self.time_s.is_some()
    }

    /// Gives everything at a path and below the time of this world.
    pub(crate) fn age(&self, path: &Path) -> Result<()> {
        let Some(seconds) = self.time_s else { return Ok(()) };
        if std::fs::symlink_metadata(path)?.is_dir() {
            for entry in std::fs::read_dir(path)? {
                self.age(&entry?.path())?;
            }
        }
        let time = Timespec { tv_sec: seconds, tv_nsec: 0 };
        let times = Timestamps { last_access: time, last_modification: time };
        Ok(rustix::fs::utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW)?)
    }
}

/// Lets this process, and those it starts, run on the last of its processors only.
fn keep_one_cpu() -> Result<()> {
    // SAFETY: a plain C structure of bits, which may be zero.
    let mut allowed: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    let size = size_of::<libc::cpu_set_t>();
    // SAFETY: `allowed` is a valid place for the answer, as long as is said.
    if unsafe { libc::sched_getaffinity(0, size, &mut allowed) } != 0 {
        return Err(Error::last_os_error());
    }
    // SAFETY: reads a bit of a live structure; the number is below its size.
    let last = (0..libc::CPU_SETSIZE as usize).rev().find(|cpu| unsafe { libc::CPU_ISSET(*cpu, &allowed) });
    let Some(last) = last else { return Err(Error::from_raw_os_error(libc::EINVAL)) };
    // SAFETY: changes bits of a live structure; the number is below its size.
    unsafe {
        libc::CPU_ZERO(&mut allowed);
        libc::CPU_SET(last, &mut allowed);
    }
    // SAFETY: `allowed` is live and as long as is said.
    if unsafe { libc::sched_setaffinity(0, size, &allowed) } != 0 {
        return Err(Error::last_os_error());
    }
    Ok(())
}

/// What a process does between `fork` and `execve`: made before, because it may not allocate.
struct Steps {
    namespaces: libc::c_int,
    files: Vec<(&'static CStr, Vec<u8>)>,
    host_name: Option<CString>,
    umask: Option<u32>,
    one_cpu: bool,
    nicer: u8,
}

impl Around {
    /// Lays this world upon a process that is about to be started.
    pub(crate) fn lay_upon(&self, command: &mut Command) {
        if *self == Around::default() {
            return;
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let steps = self.steps();
        // SAFETY: the steps are system calls with numbers and pointers to what was made before; nothing allocates.
        unsafe { command.pre_exec(move || steps.take()) };
    }

    /// Can a process be started in this world? Starts one that ends at once.
    pub fn try_out(&self, spawner: &Path) -> Result<()> {
        let mut command = Command::new(spawner);
        let null = std::process::Stdio::null;
        command.arg(super::SPAWNER_ARGUMENT).env_clear().stdin(null()).stdout(null()).stderr(null());
        self.lay_upon(&mut command);
        command.spawn()?.wait().map(drop)
    }

    fn steps(&self) -> Steps {
        let mut steps = Steps {
            namespaces: 0,
            files: Vec::new(),
            host_name: self.host_name.clone().and_then(|name| CString::new(name).ok()),
            umask: self.umask,
            one_cpu: self.one_cpu,
            nicer: self.nicer,
        };
        let (user, group) = (rustix::process::geteuid(), rustix::process::getegid());
        let private = steps.host_name.is_some() || self.later_s > 0;
        if self.user.is_some() || (private && !user.is_root()) {
            steps.namespaces |= libc::CLONE_NEWUSER;
            let (user, group) = (user.as_raw(), group.as_raw());
            steps.files = vec![
                (c"/proc/self/setgroups", b"deny".to_vec()),
                (c"/proc/self/uid_map", format!("{} {user} 1", self.user.unwrap_or(user)).into_bytes()),
                (c"/proc/self/gid_map", format!("{} {group} 1", self.user.unwrap_or(group)).into_bytes()),
            ];
        }
        if steps.host_name.is_some() {
            steps.namespaces |= libc::CLONE_NEWUTS;
        }
        if self.later_s > 0 {
            steps.namespaces |= libc::CLONE_NEWTIME;
            let later = self.later_s;
            let offsets = format!("monotonic {later} 0\nboottime {later} 0\n").into_bytes();
            steps.files.push((c"/proc/self/timens_offsets", offsets));
        }
        steps
    }
}

impl Steps {
    fn take(&self) -> Result<()> {
        let last = |answer: libc::c_int| if answer == -1 { Err(Error::last_os_error()) } else { Ok(answer) };
        // SAFETY: takes a number only.
        last(unsafe { libc::unshare(self.namespaces) })?;
        for (path, text) in &self.files {
            // SAFETY: the path is a live C string, and the text is as long as is said.
            unsafe {
                let file = last(libc::open(path.as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC))?;
                let written = libc::write(file, text.as_ptr().cast(), text.len());
                let failed = Error::last_os_error();
                libc::close(file);
                if written < 0 {
                    return Err(failed);
                }
            }
        }
        if let Some(name) = &self.host_name {
            let name = name.as_bytes();
            // SAFETY: pointer and length describe one live string.
            last(unsafe { libc::sethostname(name.as_ptr().cast(), name.len()) })?;
        }
        if let Some(umask) = self.umask {
            // SAFETY: takes a number only, and cannot fail.
            unsafe { libc::umask(umask) };
        }
        if self.nicer > 0 {
            // SAFETY: takes a number only. What it answers is no error, and to be as nice as one can is good enough.
            unsafe { libc::nice(self.nicer.into()) };
        }
        if self.one_cpu { keep_one_cpu() } else { Ok(()) }
    }
}

/// What fixed random devices hold.
pub(crate) fn fixed_random() -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    });
    words.take(FIXED_RANDOM_WORDS).flat_map(u64::to_le_bytes).collect()
}

/// A megabyte: more than programs read for a seed.
const FIXED_RANDOM_WORDS: usize = 128 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn said(around: &Around, script: &str) -> Option<String> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        around.lay_upon(&mut command);
        let output = match command.output() {
            Ok(output) => output,
            Err(error) => {
                println!("SKIPPED: this machine allows no such world: {error}");
                return None;
            }
        };
        Some(String::from_utf8(output.stdout).unwrap())
    }

    #[test]
    fn a_process_wakes_up_in_another_world() {
        let around = Around {
            user: Some(4321),
            host_name: Some("elsewhere".to_owned()),
            umask: Some(0o077),
            one_cpu: true,
            environment: vec![("OF_THE_WORLD".to_owned(), "yes".to_owned())],
            ..Around::default()
        };
        let script =
            "id -u; uname -n; umask; grep Cpus_allowed_list /proc/self/status | tr -d '0-9'; echo $OF_THE_WORLD";
        if let Some(said) = said(&around, script) {
            assert_eq!(said, "4321\nelsewhere\n0077\nCpus_allowed_list:\t\nyes\n");
        }
    }

    #[test]
    fn its_clocks_are_later() {
        let up = |text: String| text.split('.').next().unwrap_or_default().parse::<u64>().unwrap();
        // The shell's child: where the kernel leaves a process in its time namespace until it forks.
        let script = "cat /proc/uptime";
        let (Some(here), Some(there)) =
            (said(&Around::default(), script), said(&Around { later_s: 1_000_000, ..Around::default() }, script))
        else {
            return;
        };
        assert!(up(there) >= up(here) + 1_000_000);
    }

    #[test]
    fn the_fixed_bytes_are_fixed() {
        let bytes = fixed_random();
        assert_eq!((bytes.len(), bytes.first()), (1 << 20, fixed_random().first()));
        assert!(bytes.chunks(8).collect::<std::collections::HashSet<_>>().len() > 100_000);
    }
}
