//! The system call filter of every action, as BPF.
//!
//! What it holds: a foreign ABI (i386, x32) kills; sockets are UNIX, INET, INET6 or NETLINK (AF_VSOCK would reach
//! the hypervisor, AF_ALG and AF_PACKET the kernel's corners); key rings and io_uring do not exist (ENOSYS, so
//! that programs fall back); namespaces, mounts, modules, BPF, kexec, the clock and other people's memory are
//! refused (EPERM). `clone3` answers ENOSYS because a filter cannot see its flags; libc falls back to `clone`.
//! Everything else is allowed: the namespaces confine it. This file does not install the filter.

use libc::{c_long, sock_filter};

#[cfg(target_arch = "x86_64")]
const ARCH: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const ARCH: u32 = 0xc000_00b7;

const ALLOW: u32 = 0x7fff_0000;
const KILL: u32 = 0x8000_0000;
const ERRNO: u32 = 0x0005_0000;

const LOAD: u16 = 0x20;
const JUMP_EQUAL: u16 = 0x15;
#[cfg(target_arch = "x86_64")]
const JUMP_AT_LEAST: u16 = 0x35;
const JUMP_SET: u16 = 0x45;
const RETURN: u16 = 0x06;

const NR: u32 = 0;
const ARCHITECTURE: u32 = 4;
/// Low half of the first argument (little endian machines only).
const FIRST_ARGUMENT: u32 = 16;

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

/// Address families that a socket may have.
const FAMILIES: &[i32] = &[libc::AF_UNIX, libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];

const fn op(code: u16, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code, jt, jf, k }
}

const fn errno(number: i32) -> u32 {
    ERRNO | number as u32
}

/// The filter's program.
pub(crate) fn program() -> Vec<sock_filter> {
    let mut code = vec![op(LOAD, ARCHITECTURE, 0, 0), op(JUMP_EQUAL, ARCH, 1, 0), op(RETURN, KILL, 0, 0)];
    code.push(op(LOAD, NR, 0, 0));
    // x32 has our architecture and a bit in the number.
    #[cfg(target_arch = "x86_64")]
    code.extend([op(JUMP_AT_LEAST, 0x4000_0000, 0, 1), op(RETURN, KILL, 0, 0)]);
    let refused = REFUSED.iter().chain(REFUSED_HERE).map(|nr| (*nr, libc::EPERM));
    for (nr, error) in ABSENT.iter().map(|nr| (*nr, libc::ENOSYS)).chain(refused) {
        code.extend([op(JUMP_EQUAL, nr as u32, 0, 1), op(RETURN, errno(error), 0, 0)]);
    }
    code.extend([
        op(JUMP_EQUAL, libc::SYS_clone as u32, 0, 4),
        op(LOAD, FIRST_ARGUMENT, 0, 0),
        op(JUMP_SET, NEW_NAMESPACES, 0, 1),
        op(RETURN, errno(libc::EPERM), 0, 0),
        op(RETURN, ALLOW, 0, 0),
    ]);
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
        let code = program();
        let (mut pc, mut a) = (0usize, 0u32);
        loop {
            let i = code[pc];
            pc += 1;
            let jump = |taken: bool| usize::from(if taken { i.jt } else { i.jf });
            match i.code {
                LOAD => {
                    a = [(NR, nr), (ARCHITECTURE, arch), (FIRST_ARGUMENT, first)].iter().find(|p| p.0 == i.k).unwrap().1
                }
                JUMP_EQUAL => pc += jump(a == i.k),
                0x35 => pc += jump(a >= i.k),
                JUMP_SET => pc += jump(a & i.k != 0),
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
}
