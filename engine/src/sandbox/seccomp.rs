//! The system call filter of every action, as BPF.
//!
//! What it holds: a foreign ABI (i386, x32) kills; sockets are UNIX, INET, INET6 or NETLINK (AF_VSOCK would reach
//! the hypervisor, AF_ALG and AF_PACKET the kernel's corners); key rings and io_uring do not exist (ENOSYS, so
//! that programs fall back); namespaces, mounts, modules, BPF, kexec, the clock and other people's memory are
//! refused (EPERM). `clone3` answers ENOSYS because a filter cannot see its flags; libc falls back to `clone`.
//! Everything else is allowed: the namespaces confine it. A light command has a list of what is allowed instead, and
//! dies of everything else. This file does not install the filter.

use libc::{c_long, sock_filter};

#[cfg(target_arch = "x86_64")]
const ARCH: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const ARCH: u32 = 0xc000_00b7;

pub(super) const ALLOW: u32 = 0x7fff_0000;
const KILL: u32 = 0x8000_0000;
const ERRNO: u32 = 0x0005_0000;

pub(super) const LOAD: u16 = 0x20;
pub(super) const JUMP_EQUAL: u16 = 0x15;
pub(super) const JUMP_AT_LEAST: u16 = 0x35;
pub(super) const JUMP_SET: u16 = 0x45;
pub(super) const RETURN: u16 = 0x06;
/// Always, by so many.
pub(super) const JUMP: u16 = 0x05;

const NR: u32 = 0;
const ARCHITECTURE: u32 = 4;
/// Low half of the first argument (little endian machines only).
pub(super) const FIRST_ARGUMENT: u32 = 16;
/// The same of the second and third.
pub(super) const SECOND_ARGUMENT: u32 = 24;
pub(super) const THIRD_ARGUMENT: u32 = 32;
const SIXTH_ARGUMENT: u32 = 56;

/// Flags of `clone` that make namespaces.
const NEW_NAMESPACES: u32 = 0x7e02_0000;

/// System calls that seem not to exist.
const ABSENT: &[c_long] = &[
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_clone3,
];

/// Attributes of files, which are not part of any input or output: their file system has none. Whether it has any else
/// depends on the disk and on the security module of the machine.
const ATTRIBUTES: &[c_long] = &[
    libc::SYS_getxattr,
    libc::SYS_lgetxattr,
    libc::SYS_fgetxattr,
    libc::SYS_listxattr,
    libc::SYS_llistxattr,
    libc::SYS_flistxattr,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_fremovexattr,
];

/// System calls that are refused.
const REFUSED: &[c_long] = &[
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_syslog,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    libc::SYS_fanotify_init,
    libc::SYS_lookup_dcookie,
    libc::SYS_vhangup,
];

/// Those that only this machine's kind has.
#[cfg(target_arch = "x86_64")]
const REFUSED_HERE: &[c_long] = &[libc::SYS_iopl, libc::SYS_ioperm];
#[cfg(target_arch = "aarch64")]
const REFUSED_HERE: &[c_long] = &[];

/// System calls of a light command: none of them leaves a trace but files, none reaches another process. What starts
/// processes, sends signals, changes modes, owners, attributes or limits, opens sockets or asks for the process's
/// number is not among them.
const LIGHT: &[c_long] = &[
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_pread64,
    libc::SYS_pwrite64,
    libc::SYS_preadv,
    libc::SYS_pwritev,
    libc::SYS_lseek,
    libc::SYS_openat,
    libc::SYS_close,
    libc::SYS_close_range,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_pipe2,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_statfs,
    libc::SYS_fstatfs,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_readlinkat,
    libc::SYS_getdents64,
    libc::SYS_getcwd,
    libc::SYS_chdir,
    libc::SYS_fchdir,
    libc::SYS_umask,
    libc::SYS_mkdirat,
    libc::SYS_unlinkat,
    libc::SYS_renameat2,
    libc::SYS_linkat,
    libc::SYS_symlinkat,
    libc::SYS_utimensat,
    libc::SYS_ftruncate,
    libc::SYS_truncate,
    libc::SYS_fallocate,
    libc::SYS_fadvise64,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_copy_file_range,
    libc::SYS_sendfile,
    libc::SYS_splice,
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_ppoll,
    libc::SYS_pselect6,
    libc::SYS_futex,
    libc::SYS_nanosleep,
    libc::SYS_clock_nanosleep,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_gettimeofday,
    libc::SYS_getrusage,
    libc::SYS_times,
    libc::SYS_sysinfo,
    libc::SYS_uname,
    libc::SYS_getrandom,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_getgroups,
    // Nobody has a right to another identity than its own.
    libc::SYS_setuid,
    libc::SYS_setgid,
    libc::SYS_set_tid_address,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_execve,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// The older forms of some of them.
#[cfg(target_arch = "x86_64")]
const LIGHT_HERE: &[c_long] = &[
    libc::SYS_open,
    libc::SYS_creat,
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_access,
    libc::SYS_readlink,
    libc::SYS_dup2,
    libc::SYS_pipe,
    libc::SYS_mkdir,
    libc::SYS_rmdir,
    libc::SYS_unlink,
    libc::SYS_rename,
    libc::SYS_renameat,
    libc::SYS_link,
    libc::SYS_symlink,
    libc::SYS_poll,
    libc::SYS_select,
    libc::SYS_time,
    libc::SYS_arch_prctl,
];
#[cfg(target_arch = "aarch64")]
const LIGHT_HERE: &[c_long] = &[];

/// What the spawner of light commands does for them besides.
const SPAWNER: &[c_long] = &[
    libc::SYS_clone3,
    libc::SYS_wait4,
    libc::SYS_setns,
    libc::SYS_capset,
    libc::SYS_setsid,
    libc::SYS_pidfd_send_signal,
    // At level `normalised`, before the program and for its supervisor.
    libc::SYS_personality,
    libc::SYS_seccomp,
    libc::SYS_sendmsg,
    libc::SYS_recvmsg,
    libc::SYS_openat2,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_memfd_create,
];

/// What a light command may ask of a device or file: is it a terminal, and may this file share another's blocks?
/// The last five are a supervisor's, and mean nothing on other files.
const LIGHT_REQUESTS: &[u32] =
    &[0x5401, 0x5413, 0x4004_9409, 0xc050_2100, 0xc018_2101, 0x4008_2102, 0x4018_2103, 0x4008_2104];

/// What it may ask of a descriptor: copies, flags and locks, which end with it; no owner and no signal.
const LIGHT_FILE_CONTROLS: &[u32] = &[
    libc::F_DUPFD as u32,
    libc::F_DUPFD_CLOEXEC as u32,
    libc::F_GETFD as u32,
    libc::F_SETFD as u32,
    libc::F_GETFL as u32,
    libc::F_SETFL as u32,
    libc::F_GETLK as u32,
    libc::F_SETLK as u32,
    libc::F_SETLKW as u32,
];

/// What it may ask of its own process: what is it called?
const LIGHT_CONTROLS: &[u32] = &[libc::PR_SET_NAME as u32, libc::PR_GET_NAME as u32];

/// Address families that a socket may have.
const FAMILIES: &[i32] = &[libc::AF_UNIX, libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];

pub(super) const fn op(code: u16, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code, jt, jf, k }
}

pub(super) const fn errno(number: i32) -> u32 {
    ERRNO | number as u32
}

/// Kills foreign ABIs, and has the call's number at hand in the end.
fn native() -> Vec<sock_filter> {
    let mut code = vec![op(LOAD, ARCHITECTURE, 0, 0), op(JUMP_EQUAL, ARCH, 1, 0), op(RETURN, KILL, 0, 0)];
    code.push(op(LOAD, NR, 0, 0));
    // x32 has our architecture and a bit in the number.
    #[cfg(target_arch = "x86_64")]
    code.extend([op(JUMP_AT_LEAST, 0x4000_0000, 0, 1), op(RETURN, KILL, 0, 0)]);
    code
}

/// The filter of light commands: what is not on the list kills a command, and it runs again under `program`. It is put
/// on their spawner, once, and is theirs by descent. The spawner's own calls have the secret as their sixth argument,
/// which none of them has otherwise; a command does not know it, and dies of the first guess.
pub(crate) fn light(secret: u64) -> Vec<sock_filter> {
    let mut code = native();
    let attributes = ATTRIBUTES.iter().map(|nr| (nr, errno(libc::ENOTSUP)));
    for (nr, verdict) in LIGHT.iter().chain(LIGHT_HERE).map(|nr| (nr, ALLOW)).chain(attributes) {
        code.extend([op(JUMP_EQUAL, *nr as u32, 0, 1), op(RETURN, verdict, 0, 0)]);
    }
    for (nr, argument, values) in [
        (libc::SYS_ioctl, SECOND_ARGUMENT, LIGHT_REQUESTS),
        (libc::SYS_fcntl, SECOND_ARGUMENT, LIGHT_FILE_CONTROLS),
        (libc::SYS_prctl, FIRST_ARGUMENT, LIGHT_CONTROLS),
    ] {
        let count = values.len() as u8;
        code.extend([op(JUMP_EQUAL, nr as u32, 0, count + 3), op(LOAD, argument, 0, 0)]);
        for (index, value) in values.iter().enumerate() {
            code.push(op(JUMP_EQUAL, *value, count - index as u8, 0));
        }
        code.extend([op(RETURN, KILL, 0, 0), op(RETURN, ALLOW, 0, 0)]);
    }
    // Its own limits (process 0) may be read (a null pointer to new ones).
    code.extend([
        op(JUMP_EQUAL, libc::SYS_prlimit64 as u32, 0, 8),
        op(LOAD, FIRST_ARGUMENT, 0, 0),
        op(JUMP_EQUAL, 0, 0, 5),
        op(LOAD, THIRD_ARGUMENT, 0, 0),
        op(JUMP_EQUAL, 0, 0, 3),
        op(LOAD, THIRD_ARGUMENT + 4, 0, 0),
        op(JUMP_EQUAL, 0, 0, 1),
        op(RETURN, ALLOW, 0, 0),
        op(RETURN, KILL, 0, 0),
    ]);
    let count = SPAWNER.len() as u8;
    for (index, nr) in SPAWNER.iter().enumerate() {
        code.push(op(JUMP_EQUAL, *nr as u32, count - index as u8, 0));
    }
    code.extend([
        op(RETURN, KILL, 0, 0),
        op(LOAD, SIXTH_ARGUMENT, 0, 0),
        op(JUMP_EQUAL, secret as u32, 0, 3),
        op(LOAD, SIXTH_ARGUMENT + 4, 0, 0),
        op(JUMP_EQUAL, (secret >> 32) as u32, 0, 1),
        op(RETURN, ALLOW, 0, 0),
        op(RETURN, KILL, 0, 0),
    ]);
    code
}

/// Puts a filter on this process and all that it starts from now on. Allocates nothing.
pub(crate) fn install(filter: &[sock_filter]) -> Result<(), i32> {
    let answer = put(filter, libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW, 0);
    if answer == 0 { Ok(()) } else { Err(super::child::last_errno()) }
}

/// A call that is looked at is not interrupted by signals (Linux 5.19): the libc crate does not know it.
const WAIT_KILLABLE: libc::c_ulong = 1 << 5;

/// The same for a filter that hands calls over: gives the descriptor at which they arrive. `secret` is for a filter
/// that is there already (see `light`). Allocates nothing.
pub(crate) fn install_with_listener(filter: &[sock_filter], secret: u64) -> Result<std::os::fd::RawFd, i32> {
    let flags = libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW | libc::SECCOMP_FILTER_FLAG_NEW_LISTENER;
    let listener = match put(filter, flags | WAIT_KILLABLE, secret) {
        -1 => put(filter, flags, secret),
        listener => listener,
    };
    if listener == -1 { Err(super::child::last_errno()) } else { Ok(listener as std::os::fd::RawFd) }
}

fn put(filter: &[sock_filter], flags: libc::c_ulong, secret: u64) -> libc::c_long {
    let filter = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_ptr().cast_mut() };
    let (mode, program) = (libc::SECCOMP_SET_MODE_FILTER, &raw const filter);
    // SAFETY: the kernel copies the program, which lives through the call.
    unsafe { libc::syscall(libc::SYS_seccomp, mode, flags, program, 0, 0, secret) }
}

/// What a light command has at level `normalised` beside the filter of `light`, which decides what is allowed. It
/// is put on anew for each command, and the kernel looks at every call there is when it takes a filter.
pub(crate) fn beside_light() -> Vec<sock_filter> {
    let mut code = native();
    code.extend(super::supervise::absent_of(LIGHT, LIGHT_HERE));
    code.extend(super::supervise::asked_of(LIGHT, LIGHT_HERE));
    code.push(op(RETURN, ALLOW, 0, 0));
    code
}

/// The filter's program; at level `normalised` it hands calls over that tell of the machine or the moment, at level
/// `strict` it stops at those that tell of time or of other threads besides. With fixed random numbers `getrandom` does
/// not exist either.
pub(crate) fn program(normalised: bool, strict: bool, fixed_random: bool) -> Vec<sock_filter> {
    let mut code = native();
    if normalised {
        code.extend(super::supervise::absent());
    }
    let random = fixed_random.then_some(libc::SYS_getrandom);
    let refused = REFUSED.iter().chain(REFUSED_HERE).map(|nr| (*nr, libc::EPERM));
    let attributes = ATTRIBUTES.iter().map(|nr| (*nr, libc::ENOTSUP));
    for (nr, error) in ABSENT.iter().chain(&random).map(|nr| (*nr, libc::ENOSYS)).chain(refused).chain(attributes) {
        code.extend([op(JUMP_EQUAL, nr as u32, 0, 1), op(RETURN, errno(error), 0, 0)]);
    }
    code.extend([
        op(JUMP_EQUAL, libc::SYS_clone as u32, 0, 4),
        op(LOAD, FIRST_ARGUMENT, 0, 0),
        op(JUMP_SET, NEW_NAMESPACES, 0, 1),
        op(RETURN, errno(libc::EPERM), 0, 0),
        op(RETURN, ALLOW, 0, 0),
    ]);
    if strict {
        code.extend(super::strict::shown());
    }
    if normalised {
        code.extend(super::supervise::asked());
    }
    let families = FAMILIES.len() as u8;
    code.extend([op(JUMP_EQUAL, libc::SYS_socket as u32, 0, families + 2), op(LOAD, FIRST_ARGUMENT, 0, 0)]);
    for (index, family) in FAMILIES.iter().enumerate() {
        code.push(op(JUMP_EQUAL, *family as u32, families - index as u8, 0));
    }
    code.push(op(RETURN, errno(libc::EAFNOSUPPORT), 0, 0));
    code.push(op(RETURN, ALLOW, 0, 0));
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs the program as the kernel would.
    fn verdict(arch: u32, nr: u32, first: u32) -> u32 {
        run(&program(false, false, false), arch, nr, [first.into(), 0, 0, 0, 0, 0])
    }

    fn run(code: &[sock_filter], arch: u32, nr: u32, arguments: [u64; 6]) -> u32 {
        let (mut pc, mut a) = (0usize, 0u32);
        loop {
            let i = code[pc];
            pc += 1;
            let jump = |taken: bool| usize::from(if taken { i.jt } else { i.jf });
            match i.code {
                LOAD if i.k == NR => a = nr,
                LOAD if i.k == ARCHITECTURE => a = arch,
                LOAD => {
                    let (index, high) = ((i.k - FIRST_ARGUMENT) / 8, i.k % 8 == 4);
                    let whole = arguments[index as usize];
                    a = if high { whole >> 32 } else { whole } as u32;
                }
                JUMP_EQUAL => pc += jump(a == i.k),
                0x35 => pc += jump(a >= i.k),
                JUMP_SET => pc += jump(a & i.k != 0),
                JUMP => pc += i.k as usize,
                RETURN => return i.k,
                other => panic!("unknown instruction {other}"),
            }
        }
    }

    #[test]
    fn verdicts() {
        assert_eq!(verdict(ARCH, libc::SYS_read as u32, 0), ALLOW);
        assert_eq!(verdict(0x4000_0003, libc::SYS_read as u32, 0), KILL);
        assert_eq!(verdict(ARCH, libc::SYS_keyctl as u32, 0), errno(libc::ENOSYS));
        assert_eq!(verdict(ARCH, libc::SYS_mount as u32, 0), errno(libc::EPERM));
        assert_eq!(verdict(ARCH, libc::SYS_setxattr as u32, 0), errno(libc::ENOTSUP));
        assert_eq!(verdict(ARCH, libc::SYS_clone as u32, libc::SIGCHLD as u32), ALLOW);
        assert_eq!(verdict(ARCH, libc::SYS_clone as u32, libc::CLONE_NEWUSER as u32), errno(libc::EPERM));
        assert_eq!(verdict(ARCH, libc::SYS_clone as u32, libc::CLONE_NEWNS as u32), errno(libc::EPERM));
        for family in FAMILIES {
            assert_eq!(verdict(ARCH, libc::SYS_socket as u32, *family as u32), ALLOW);
        }
        for family in [libc::AF_VSOCK, libc::AF_PACKET, libc::AF_ALG] {
            assert_eq!(verdict(ARCH, libc::SYS_socket as u32, family as u32), errno(libc::EAFNOSUPPORT));
        }
        #[cfg(target_arch = "x86_64")]
        assert_eq!(verdict(ARCH, 0x4000_0000, 0), KILL);
    }

    #[test]
    fn verdicts_at_level_normalised() {
        const HAND_OVER: u32 = 0x7fc0_0000;
        let (own, beside) = (program(true, false, false), beside_light());
        let on = |code: &[sock_filter], nr: c_long, [a, b, c]: [u64; 3]| run(code, ARCH, nr as u32, [a, b, c, 0, 0, 0]);
        let realtime = libc::CLOCK_REALTIME as u64;
        let monotonic = libc::CLOCK_MONOTONIC as u64;
        for code in [&own, &beside] {
            for nr in
                [libc::SYS_openat, libc::SYS_newfstatat, libc::SYS_getrandom, libc::SYS_utimensat, libc::SYS_uname]
            {
                assert_eq!(on(code, nr, [0; 3]), HAND_OVER, "{nr}");
            }
            assert_eq!(on(code, libc::SYS_clock_gettime, [realtime, 0, 0]), HAND_OVER);
            assert_eq!(on(code, libc::SYS_clock_gettime, [monotonic, 0, 0]), ALLOW);
            assert_eq!(on(code, libc::SYS_clock_nanosleep, [realtime, 1, 0]), HAND_OVER);
            assert_eq!(on(code, libc::SYS_clock_nanosleep, [realtime, 0, 0]), ALLOW);
            assert_eq!(on(code, libc::SYS_clock_nanosleep, [monotonic, 1, 0]), ALLOW);
            assert_eq!(on(code, libc::SYS_futex, [0, 0x189, 0]), HAND_OVER);
            assert_eq!(on(code, libc::SYS_futex, [0, 0x89, 0]), ALLOW);
            assert_eq!(on(code, libc::SYS_rseq, [0; 3]), errno(libc::ENOSYS));
            assert_eq!(on(code, libc::SYS_clock_getres, [0; 3]), HAND_OVER);
            assert_eq!(on(code, libc::SYS_read, [0; 3]), ALLOW);
            assert_eq!(run(code, 0x4000_0003, libc::SYS_read as u32, [0; 6]), KILL);
        }
        assert_eq!(on(&own, libc::SYS_mount, [0; 3]), errno(libc::EPERM));
        for nr in [libc::SYS_landlock_create_ruleset, 451, 999] {
            assert_eq!(on(&own, nr, [0; 3]), errno(libc::ENOSYS), "{nr}");
        }
        assert_eq!(on(&own, 450, [0; 3]), ALLOW);
        assert_eq!(on(&own, libc::SYS_socket, [libc::AF_VSOCK as u64, 0, 0]), errno(libc::EAFNOSUPPORT));
        assert_eq!(on(&own, libc::SYS_bind, [0; 3]), HAND_OVER);
        assert_eq!(on(&own, libc::SYS_personality, [0xffff_ffff, 0, 0]), ALLOW);
        assert_eq!(on(&own, libc::SYS_personality, [0x002_0000, 0, 0]), errno(libc::EPERM));
        assert_eq!(on(&own, libc::SYS_shmctl, [0, libc::IPC_STAT as u64, 0]), HAND_OVER);
        assert_eq!(on(&own, libc::SYS_shmctl, [0, libc::IPC_RMID as u64, 0]), ALLOW);
        assert_eq!(on(&own, libc::SYS_ioctl, [0, 0x8906, 0]), errno(libc::ENOTTY));
        assert_eq!(on(&own, libc::SYS_ioctl, [0, 0x5401, 0]), ALLOW);
        for nr in [libc::SYS_getsockopt, libc::SYS_setsockopt] {
            assert_eq!(on(&own, nr, [0, libc::SOL_SOCKET as u64, libc::SO_TIMESTAMP as u64]), errno(libc::ENOPROTOOPT));
            assert_eq!(on(&own, nr, [0, libc::SOL_SOCKET as u64, libc::SO_REUSEADDR as u64]), ALLOW);
            assert_eq!(on(&own, nr, [0, libc::IPPROTO_TCP as u64, libc::SO_TIMESTAMP as u64]), ALLOW);
        }
    }

    #[test]
    fn verdicts_on_light_commands() {
        let secret = 0x1234_5678_9abc_def0;
        let code = light(secret);
        let verdict = |nr: c_long, [a, b, c]: [u64; 3]| run(&code, ARCH, nr as u32, [a, b, c, 0, 0, 0]);
        for nr in SPAWNER {
            let with = |sixth| run(&code, ARCH, *nr as u32, [0, 0, 0, 0, 0, sixth]);
            assert_eq!(with(secret), ALLOW);
            for guess in [0, secret >> 32, secret & 0xffff_ffff, secret ^ 1, secret ^ 1 << 63] {
                assert_eq!(with(guess), KILL);
            }
        }
        assert_eq!(run(&code, ARCH, libc::SYS_mount as u32, [0, 0, 0, 0, 0, secret]), KILL);
        assert_eq!(verdict(libc::SYS_read, [0; 3]), ALLOW);
        assert_eq!(verdict(libc::SYS_exit_group, [0; 3]), ALLOW);
        assert_eq!(verdict(libc::SYS_setxattr, [0; 3]), errno(libc::ENOTSUP));
        for request in LIGHT_REQUESTS {
            assert_eq!(verdict(libc::SYS_ioctl, [1, u64::from(*request), 0]), ALLOW);
        }
        assert_eq!(verdict(libc::SYS_ioctl, [1, 0x5412, 0]), KILL);
        assert_eq!(verdict(libc::SYS_fcntl, [1, libc::F_SETFD as u64, 1]), ALLOW);
        assert_eq!(verdict(libc::SYS_fcntl, [1, libc::F_SETOWN as u64, 1]), KILL);
        assert_eq!(verdict(libc::SYS_prctl, [libc::PR_SET_NAME as u64, 0, 0]), ALLOW);
        assert_eq!(verdict(libc::SYS_prctl, [libc::PR_SET_CHILD_SUBREAPER as u64, 1, 0]), KILL);
        assert_eq!(verdict(libc::SYS_prlimit64, [0, 7, 0]), ALLOW);
        assert_eq!(verdict(libc::SYS_prlimit64, [0, 7, 4096]), KILL);
        assert_eq!(verdict(libc::SYS_prlimit64, [0, 7, 1 << 40]), KILL);
        assert_eq!(verdict(libc::SYS_prlimit64, [1, 7, 0]), KILL);
        assert_eq!(run(&code, 0x4000_0003, libc::SYS_read as u32, [0; 6]), KILL);
        for nr in [
            libc::SYS_clone,
            libc::SYS_clone3,
            libc::SYS_kill,
            libc::SYS_tgkill,
            libc::SYS_getpid,
            libc::SYS_getppid,
            libc::SYS_fchmod,
            libc::SYS_fchmodat,
            libc::SYS_shmget,
            libc::SYS_semget,
            libc::SYS_msgget,
            libc::SYS_mq_open,
            libc::SYS_socket,
            libc::SYS_setpriority,
            libc::SYS_sched_setaffinity,
            libc::SYS_ioprio_set,
            libc::SYS_ptrace,
            libc::SYS_process_vm_writev,
            libc::SYS_mount,
            libc::SYS_unshare,
            libc::SYS_mknodat,
        ] {
            assert_eq!(verdict(nr, [0; 3]), KILL, "{nr}");
        }
    }
}
