//! Everything an action feels that is a number or a fixed text, in one place.
//!
//! A changed value changes what an action can see: raise `gx_store::action::SANDBOX_REVISION` with it.
//! This file does not know how a value is brought about.

use std::io::Result;
use std::sync::OnceLock;
use std::time::Duration;

/// The user and group an action runs as, on every machine.
pub(crate) const ID: u32 = 1000;
/// The umask.
pub(crate) const UMASK: u32 = 0o022;
/// The host name.
pub(crate) const HOST_NAME: &str = "gx";
/// The NIS domain name: what a kernel has when nobody set one.
pub(crate) const DOMAIN_NAME: &str = "(none)";
/// What a slot may hold in memory: its staging area and what the running action writes. An action that writes more
/// is killed and run again on disk, so the mount itself is much larger.
pub(crate) const FAST_BYTES: u64 = 256 << 20;
/// The same in files.
pub(crate) const FAST_FILES: u64 = 100_000;
/// A pure folder of inputs is staged in memory up to this size, else on disk.
pub(crate) const STAGED_BYTES: u64 = 8 << 20;
/// The same in files.
pub(crate) const STAGED_FILES: usize = 25_000;
/// What is kept of each of standard output and standard error.
pub(crate) const LOG_BYTES: u64 = 64 << 20;
/// How often, and after what pause, a program that is open for writing somewhere is tried again.
pub(crate) const BUSY_TRIES: usize = 100;
pub(crate) const BUSY_WAIT: Duration = Duration::from_millis(2);
/// How many undeclared outputs are named.
pub(crate) const UNDECLARED: usize = 100;
/// Files up to this size are copied into a folder that the action may write; larger ones are mounted.
pub(crate) const COPY_BYTES: u64 = 32 << 10;
/// Outputs up to this size travel in the commit; larger ones are moved into the store as files.
pub(crate) const INLINE_BYTES: u64 = 128 << 10;

/// Processes and threads that an action may have at once, where nothing else is said. A number that an action can see
/// (`RLIMIT_NPROC`, below) is larger: this one can be changed.
pub(crate) const PROCESSES: u64 = 4096;
/// Memory that it may use: four fifths of the machine's, so that what runs away is ended before the kernel ends
/// whatever it likes.
pub(crate) const MEMORY_SHARE: (u64, u64) = (4, 5);
/// What it may write: a half of what is free when it starts.
pub(crate) const FREE_SHARE: u64 = 2;
/// When an action's processes are counted first, and how often then. Small actions are over by that time.
pub(crate) const FIRST_COUNT: Duration = Duration::from_millis(100);
pub(crate) const RECOUNT: Duration = Duration::from_millis(50);
/// How often open files without a name are weighed, and how many at most.
pub(crate) const HIDDEN_EVERY: Duration = Duration::from_secs(1);
pub(crate) const MOST_FILES: usize = 10_000;
/// What a file counts at least: an empty one takes room too.
pub(crate) const LEAST_FILE: u64 = 4096;
/// How often an action's folder on disk is weighed.
pub(crate) const DISK_EVERY: Duration = Duration::from_millis(500);

/// The moment at which told time starts, in seconds since 1970 (the first of January 2000): inputs are so old, what is
/// written is a second younger, and a look at the clock gives a moment a second after that. Not 0, because zip files
/// know no time before 1980.
pub(crate) const EPOCH: u64 = 946_684_800;
/// The time that the store gives every file, by which the supervisor knows an input, in seconds since 1970.
pub(crate) const INPUT_TIME_S: i64 = 1;
/// How long the machine has been up by then, in seconds.
pub(crate) const UPTIME: u64 = 1000;
/// The memory that the machine has at level `normalised`.
pub(crate) const MEMORY: u64 = 8 << 30;
/// The size of its disk.
pub(crate) const DISK: u64 = 1 << 40;
/// The kernel's release at level `normalised`: a long-term one, so that programs which look for features find few.
pub(crate) const KERNEL_RELEASE: &str = "6.1.0";
/// Its build.
pub(crate) const KERNEL_VERSION: &str = "#1 SMP gx";
/// Where the bytes of the devices of randomness lie in the store's folder; and how many there are.
pub(crate) const NOISE_FOLDER: &str = "noise-1";
pub(crate) const NOISE: &[(&str, u64)] = &[("random", 1 << 20), ("urandom", 16 << 20)];

/// Files of `/etc`.
pub(crate) const ETC: &[(&str, &str)] = &[
    (
        "passwd",
        "root:x:0:0:root:/nonexistent:/bin/sh\ngx:x:1000:1000:gx:/nonexistent:/bin/sh\n\
         nobody:x:65534:65534:nobody:/nonexistent:/bin/false\n",
    ),
    ("group", "root:x:0:\ngx:x:1000:\nnogroup:x:65534:\n"),
    ("hosts", "127.0.0.1 localhost gx\n::1 localhost gx\n"),
    ("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\nservices: files\n"),
];

/// A file of `/etc` that is made from the toolchain.
pub(crate) const LOADER_TABLE: &str = "ld.so.cache";

/// Devices, bound from the host: they are the same everywhere.
pub(crate) const DEVICES: &[&str] = &["null", "zero", "full", "random", "urandom"];

/// Symlinks in `/dev`. Shared memory of POSIX lives in the private `/tmp`.
pub(crate) const DEVICE_LINKS: &[(&str, &str)] = &[
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    ("shm", "/tmp"),
];

const NO_LIMIT: u64 = libc::RLIM_INFINITY;

/// Files that a process may have open at once, at first and after it has asked for more.
pub(crate) fn files() -> (u64, u64) {
    let found = RESOURCES.iter().find(|(resource, ..)| *resource == libc::RLIMIT_NOFILE);
    found.map_or((0, 0), |(_, soft, hard)| (*soft, *hard))
}

/// Limits of resources, soft and hard. A host with a lower hard limit keeps its own.
const RESOURCES: &[(libc::__rlimit_resource_t, u64, u64)] = &[
    (libc::RLIMIT_CORE, 0, 0),
    (libc::RLIMIT_NOFILE, 1024, 4096),
    (libc::RLIMIT_STACK, 8 << 20, NO_LIMIT),
    (libc::RLIMIT_NPROC, 16384, 16384),
    (libc::RLIMIT_CPU, NO_LIMIT, NO_LIMIT),
    (libc::RLIMIT_FSIZE, NO_LIMIT, NO_LIMIT),
    (libc::RLIMIT_DATA, NO_LIMIT, NO_LIMIT),
    (libc::RLIMIT_AS, NO_LIMIT, NO_LIMIT),
    (libc::RLIMIT_RSS, NO_LIMIT, NO_LIMIT),
    (libc::RLIMIT_LOCKS, NO_LIMIT, NO_LIMIT),
    (libc::RLIMIT_RTTIME, NO_LIMIT, NO_LIMIT),
    (libc::RLIMIT_MEMLOCK, 64 << 10, 64 << 10),
    (libc::RLIMIT_SIGPENDING, 4096, 4096),
    (libc::RLIMIT_MSGQUEUE, 819_200, 819_200),
    (libc::RLIMIT_NICE, 0, 0),
    (libc::RLIMIT_RTPRIO, 0, 0),
];

/// Memory that an action may use where nothing else is said.
pub(crate) fn usual_memory() -> Option<u64> {
    static USUAL: OnceLock<Option<u64>> = OnceLock::new();
    let (share, of) = MEMORY_SHARE;
    *USUAL.get_or_init(|| machine_memory().map(|bytes| bytes / of * share))
}

/// Memory that there is: the machine's, or what a control group leaves of it.
fn machine_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let total = line.split_whitespace().next()?.parse::<u64>().ok()? << 10;
    let groups = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    Some(group_memory(&groups, std::path::Path::new("/sys/fs/cgroup")).map_or(total, |most| most.min(total)))
}

/// What the control groups of a process leave it of the memory, by `/proc/self/cgroup`.
fn group_memory(groups: &str, mounted: &std::path::Path) -> Option<u64> {
    let of = |line: &str| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next()?, parts.next()?);
        let (base, file) = match controllers {
            "" => (mounted.to_owned(), "memory.max"),
            "memory" => (mounted.join("memory"), "memory.limit_in_bytes"),
            _ => return None,
        };
        // A container sees its own group at the top, and a path that is not there.
        let folders = base.join(path.trim_start_matches('/'));
        let folders = folders.ancestors().take_while(|folder| folder.starts_with(&base));
        folders.filter_map(|folder| std::fs::read_to_string(folder.join(file)).ok()?.trim().parse::<u64>().ok()).min()
    };
    groups.lines().filter_map(of).min()
}

/// Sets the limits of this process and of those it starts.
pub(crate) fn set_resources() -> Result<()> {
    for (resource, soft, hard) in RESOURCES {
        let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: `limit` is a valid place for the answer and outlives the call.
        if unsafe { libc::getrlimit(*resource, &mut limit) } != 0 {
            return Err(std::io::Error::last_os_error());
        }
        limit.rlim_max = limit.rlim_max.min(*hard);
        limit.rlim_cur = (*soft).min(limit.rlim_max);
        // SAFETY: `limit` is a valid, initialised value.
        if unsafe { libc::setrlimit(*resource, &limit) } != 0 {
            return Err(std::io::Error::last_os_error());
        }
    }
    Ok(())
}

/// `PER_LINUX` of the kernel's `personality.h`.
const PLAIN_LINUX: libc::c_ulong = 0;

/// Gives this process, and those it starts, the machine's own personality: `setarch` of whoever started the daemon
/// would show an action another machine and kernel. With fixed addresses, the kernel draws none by lot.
pub(crate) fn set_personality(fixed_addresses: bool) -> Result<()> {
    let personality = if fixed_addresses { libc::ADDR_NO_RANDOMIZE as libc::c_ulong } else { PLAIN_LINUX };
    // SAFETY: takes a number only.
    if unsafe { libc::personality(personality) } == -1 {
        return Err(std::io::Error::last_os_error());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_group_leaves_less_memory() {
        let mounted = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = mounted.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("memory/memory.limit_in_bytes", "9223372036854771712\n");
        write("memory/job/memory.limit_in_bytes", "4096\n");
        write("user/memory.max", "8192\n");
        write("user/gx/memory.max", "max\n");
        let found = |groups| group_memory(groups, mounted.path());
        assert_eq!(found("4:memory:/job\n1:cpu:/\n0::/\n"), Some(4096));
        assert_eq!(found("0::/user/gx\n"), Some(8192));
        assert_eq!(found("4:memory:/elsewhere\n"), Some(9_223_372_036_854_771_712));
        assert_eq!(found("0::/\n"), None);
        assert!(usual_memory().is_some_and(|most| most > 64 << 20));
    }
}
