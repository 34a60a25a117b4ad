//! Which system calls go to the supervisor, as parts of a BPF program.
//!
//! Invariant: a call is handed over only when its numbers say that it may tell something; all others run at full
//! speed. This file does not know the answers.

use super::super::seccomp::{
    ALLOW, FIRST_ARGUMENT, JUMP, JUMP_AT_LEAST, JUMP_EQUAL, JUMP_SET, LOAD, RETURN, SECOND_ARGUMENT, THIRD_ARGUMENT,
    errno, op,
};
use libc::{c_long, sock_filter};

const HAND_OVER: u32 = 0x7fc0_0000;

/// The call with which a C library sets up its thread pointer, before it looks at a clock.
#[cfg(target_arch = "x86_64")]
pub(super) const START: c_long = libc::SYS_arch_prctl;
#[cfg(target_arch = "aarch64")]
pub(super) const START: c_long = libc::SYS_set_tid_address;
#[cfg(target_arch = "x86_64")]
const ARCH_SET_FS: u32 = 0x1002;

/// Calls that are always handed over.
const HANDED: &[c_long] = &[
    libc::SYS_openat,
    libc::SYS_openat2,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_fstatfs,
    libc::SYS_statfs,
    libc::SYS_getdents64,
    libc::SYS_readlinkat,
    libc::SYS_chdir,
    libc::SYS_fchdir,
    libc::SYS_symlinkat,
    libc::SYS_utimensat,
    libc::SYS_clock_getres,
    libc::SYS_gettimeofday,
    libc::SYS_getrandom,
    libc::SYS_uname,
    libc::SYS_sysinfo,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_setaffinity,
    libc::SYS_getcpu,
    libc::SYS_getpriority,
    libc::SYS_ioprio_get,
    libc::SYS_sched_getscheduler,
    libc::SYS_sched_getparam,
    libc::SYS_sched_getattr,
    libc::SYS_bind,
];

/// Those that only this machine's kind has.
#[cfg(target_arch = "x86_64")]
const HANDED_HERE: &[c_long] = &[
    libc::SYS_open,
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_readlink,
    libc::SYS_symlink,
    libc::SYS_time,
    libc::SYS_futimesat,
    libc::SYS_utimes,
    libc::SYS_utime,
];
#[cfg(target_arch = "aarch64")]
const HANDED_HERE: &[c_long] = &[];

/// The first call that the told kernel (`limits::KERNEL_RELEASE`) does not have, on every kind of machine.
const FIRST_UNKNOWN: u32 = 451;

/// Calls that seem not to exist: what they tell cannot be made the same, and programs do without.
const ABSENT: &[c_long] = &[
    // The number of the processor, in memory.
    libc::SYS_rseq,
    // The order of objects in the kernel's memory.
    libc::SYS_kcmp,
    // Says which version of it the kernel has.
    libc::SYS_landlock_create_ruleset,
    libc::SYS_landlock_add_rule,
    libc::SYS_landlock_restrict_self,
];

/// The older ones of them.
#[cfg(target_arch = "x86_64")]
const ABSENT_HERE: &[c_long] = &[libc::SYS_getdents, libc::SYS_ustat, libc::SYS_sysfs];
#[cfg(target_arch = "aarch64")]
const ABSENT_HERE: &[c_long] = &[];

const CLOCK_REALTIME: u32 = libc::CLOCK_REALTIME as u32;
const CLOCK_COARSE: u32 = libc::CLOCK_REALTIME_COARSE as u32;
const CLOCK_TAI: u32 = libc::CLOCK_TAI as u32;
/// A moment rather than a span.
const MOMENT: u32 = libc::TIMER_ABSTIME as u32;
const IPC_STAT: u32 = libc::IPC_STAT as u32;

/// Requests on files that tell of the disk, and on sockets that tell the time.
const TELLING_REQUESTS: &[u32] = &[
    0xc020_660b,
    0x8008_6601,
    0x8004_6601,
    0x801c_581f,
    0x8008_7601,
    0x8004_7601,
    0x8011_1500,
    0x8906,
    0x8907,
    0x8010_8906,
    0x8010_8907,
];
/// Options of sockets that tell the time, a number of the kernel's or the processor.
const TELLING_OPTIONS: &[u32] = &[29, 35, 37, 49, 57, 63, 64, 65, 71];
/// Personalities that change nothing: a question, and fixed addresses.
const PERSONALITIES: &[u32] = &[0xffff_ffff, libc::ADDR_NO_RANDOMIZE as u32];

/// `nr` with one of these values of an argument gets `yes`, with any other `no`.
fn one_of(nr: c_long, argument: u32, values: &[u32], yes: u32, no: u32) -> Vec<sock_filter> {
    let count = values.len() as u8;
    let mut code = vec![op(JUMP_EQUAL, nr as u32, 0, count + 3), op(LOAD, argument, 0, 0)];
    for (index, value) in values.iter().enumerate() {
        code.push(op(JUMP_EQUAL, *value, count - index as u8, 0));
    }
    code.extend([op(RETURN, no, 0, 0), op(RETURN, yes, 0, 0)]);
    code
}

/// `nr` with one of these bits in an argument is handed over.
fn with_bits(nr: c_long, argument: u32, bits: u32) -> [sock_filter; 5] {
    [
        op(JUMP_EQUAL, nr as u32, 0, 4),
        op(LOAD, argument, 0, 0),
        op(JUMP_SET, bits, 0, 1),
        op(RETURN, HAND_OVER, 0, 0),
        op(RETURN, ALLOW, 0, 0),
    ]
}

/// What is not there: to be put behind the head of a filter.
pub(crate) fn absent() -> Vec<sock_filter> {
    let mut code = vec![op(JUMP_AT_LEAST, FIRST_UNKNOWN, 0, 1), op(RETURN, errno(libc::ENOSYS), 0, 0)];
    code.extend(absent_where(|_| true));
    code
}

/// What is not there of these calls.
pub(crate) fn absent_of(some: &[c_long], older: &[c_long]) -> Vec<sock_filter> {
    absent_where(|nr| some.contains(&nr) || older.contains(&nr))
}

fn absent_where(wanted: impl Fn(c_long) -> bool) -> Vec<sock_filter> {
    let absent = ABSENT.iter().chain(ABSENT_HERE).filter(|nr| wanted(**nr));
    absent.flat_map(|nr| [op(JUMP_EQUAL, *nr as u32, 0, 1), op(RETURN, errno(libc::ENOSYS), 0, 0)]).collect()
}

/// What is handed over of these calls, among which are none that `asked` refuses.
pub(crate) fn asked_of(some: &[c_long], older: &[c_long]) -> Vec<sock_filter> {
    let mut code = handed(|nr| some.contains(&nr) || older.contains(&nr));
    code.extend(clocks());
    code
}

/// Calls that are handed over whatever their arguments are: one jump each, to one answer.
fn handed(wanted: impl Fn(c_long) -> bool) -> Vec<sock_filter> {
    let calls: Vec<c_long> = HANDED.iter().chain(HANDED_HERE).copied().filter(|nr| wanted(*nr)).collect();
    let count = calls.len() as u8;
    let mut code: Vec<sock_filter> =
        (0..).zip(&calls).map(|(index, nr)| op(JUMP_EQUAL, *nr as u32, count - index as u8, 0)).collect();
    // Past the answer, for all others.
    code.push(op(JUMP, 1, 0, 0));
    code.push(op(RETURN, HAND_OVER, 0, 0));
    code
}

/// The start of a program, and clocks by their arguments.
fn clocks() -> Vec<sock_filter> {
    let mut code = Vec::new();
    #[cfg(target_arch = "x86_64")]
    code.extend(one_of(START, FIRST_ARGUMENT, &[ARCH_SET_FS], HAND_OVER, ALLOW));
    #[cfg(target_arch = "aarch64")]
    code.extend([op(JUMP_EQUAL, START as u32, 0, 1), op(RETURN, HAND_OVER, 0, 0)]);
    let real = [CLOCK_REALTIME, CLOCK_COARSE, CLOCK_TAI];
    code.extend(one_of(libc::SYS_clock_gettime, FIRST_ARGUMENT, &real, HAND_OVER, ALLOW));
    code.extend(with_bits(libc::SYS_futex, SECOND_ARGUMENT, libc::FUTEX_CLOCK_REALTIME as u32));
    code.extend(with_bits(libc::SYS_timerfd_settime, SECOND_ARGUMENT, MOMENT));
    code.extend([
        op(JUMP_EQUAL, libc::SYS_clock_nanosleep as u32, 0, 7),
        op(LOAD, SECOND_ARGUMENT, 0, 0),
        op(JUMP_SET, MOMENT, 0, 4),
        op(LOAD, FIRST_ARGUMENT, 0, 0),
        op(JUMP_EQUAL, CLOCK_REALTIME, 1, 0),
        op(JUMP_EQUAL, CLOCK_TAI, 0, 1),
        op(RETURN, HAND_OVER, 0, 0),
        op(RETURN, ALLOW, 0, 0),
    ]);
    code
}

/// What is handed over: to be put behind that, with the call's number at hand. Only where a part is about a call does
/// the number get lost, and such a part decides.
pub(crate) fn asked() -> Vec<sock_filter> {
    let mut code = handed(|_| true);
    code.extend(clocks());
    let refused = errno(libc::EPERM);
    for (nr, argument, which) in [
        (libc::SYS_shmctl, SECOND_ARGUMENT, [IPC_STAT, 13, 15]),
        (libc::SYS_msgctl, SECOND_ARGUMENT, [IPC_STAT, 11, 13]),
        (libc::SYS_semctl, THIRD_ARGUMENT, [IPC_STAT, 18, 20]),
    ] {
        code.extend(one_of(nr, argument, &which, HAND_OVER, ALLOW));
    }
    code.extend(one_of(libc::SYS_personality, FIRST_ARGUMENT, PERSONALITIES, ALLOW, refused));
    code.extend(one_of(libc::SYS_ioctl, SECOND_ARGUMENT, TELLING_REQUESTS, errno(libc::ENOTTY), ALLOW));
    for nr in [libc::SYS_getsockopt, libc::SYS_setsockopt] {
        let options = one_of(nr, THIRD_ARGUMENT, TELLING_OPTIONS, errno(libc::ENOPROTOOPT), ALLOW);
        let layer = [
            op(JUMP_EQUAL, nr as u32, 0, options.len() as u8 + 3),
            op(LOAD, SECOND_ARGUMENT, 0, 0),
            op(JUMP_EQUAL, libc::SOL_SOCKET as u32, 1, 0),
            op(RETURN, ALLOW, 0, 0),
        ];
        // The number is known already.
        code.extend(layer.into_iter().chain(options.into_iter().skip(1)));
        code.push(op(RETURN, ALLOW, 0, 0));
    }
    code
}
