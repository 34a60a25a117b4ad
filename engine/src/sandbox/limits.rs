//! Everything an action feels that is a number or a fixed text, in one place.
//!
//! A changed value changes what an action can see: raise `gx_store::action::SANDBOX_REVISION` with it.
//! This file does not know how a value is brought about.

use std::io::Result;
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
