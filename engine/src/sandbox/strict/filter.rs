//! Which system calls stop a thread at level `strict`, as part of a BPF program.
//!
//! Invariant: every call that tells of time, that may wait for another thread, or that may wake one, stops or seems
//! not to exist. It stands before the part of level `normalised`, so what stops here is not handed over there.

use super::super::seccomp::{ALLOW, FIRST_ARGUMENT, JUMP, JUMP_EQUAL, LOAD, RETURN, SECOND_ARGUMENT, errno, op};
use libc::{c_long, sock_filter};

const SHOW: u32 = 0x7ff0_0000;

/// Calls that stop.
const SHOWN: &[c_long] = &[
    // Time.
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_gettimeofday,
    libc::SYS_time,
    libc::SYS_times,
    libc::SYS_getrusage,
    libc::SYS_nanosleep,
    libc::SYS_clock_nanosleep,
    libc::SYS_alarm,
    libc::SYS_setitimer,
    libc::SYS_getitimer,
    libc::SYS_timerfd_settime,
    libc::SYS_timerfd_gettime,
    // What may wait.
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_poll,
    libc::SYS_ppoll,
    libc::SYS_select,
    libc::SYS_pselect6,
    libc::SYS_epoll_wait,
    libc::SYS_epoll_pwait,
    libc::SYS_futex,
    libc::SYS_wait4,
    libc::SYS_waitid,
    libc::SYS_flock,
    libc::SYS_sched_yield,
    // What ends or wakes.
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_kill,
    libc::SYS_tkill,
    libc::SYS_tgkill,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_rt_tgsigqueueinfo,
    libc::SYS_pidfd_send_signal,
];

const SYS_FUTEX_WAITV: c_long = 449;
const SYS_FUTEX_WAKE: c_long = 454;
const SYS_FUTEX_WAIT: c_long = 455;
const SYS_FUTEX_REQUEUE: c_long = 456;

/// Calls that seem not to exist: newer forms of others, and timers that programs do without.
const ABSENT: &[c_long] = &[
    libc::SYS_epoll_pwait2,
    SYS_FUTEX_WAITV,
    SYS_FUTEX_WAKE,
    SYS_FUTEX_WAIT,
    SYS_FUTEX_REQUEUE,
    libc::SYS_timer_create,
    libc::SYS_recvmmsg,
    libc::SYS_sendmmsg,
    libc::SYS_io_setup,
];

const WAITING_LOCKS: [u32; 2] = [libc::F_SETLKW as u32, libc::F_OFD_SETLKW as u32];

/// To be put behind the head of a filter, with the call's number at hand.
pub(crate) fn shown() -> Vec<sock_filter> {
    let absent = ABSENT.iter().flat_map(|nr| [op(JUMP_EQUAL, *nr as u32, 0, 1), op(RETURN, errno(libc::ENOSYS), 0, 0)]);
    let mut code: Vec<sock_filter> = absent.collect();
    let count = SHOWN.len() as u8;
    code.extend((0..).zip(SHOWN).map(|(index, nr)| op(JUMP_EQUAL, *nr as u32, count - index as u8, 0)));
    // Past the answer, for all others.
    code.push(op(JUMP, 1, 0, 0));
    code.push(op(RETURN, SHOW, 0, 0));
    let [wait, open_wait] = WAITING_LOCKS;
    code.extend([
        op(JUMP_EQUAL, libc::SYS_fcntl as u32, 0, 5),
        op(LOAD, SECOND_ARGUMENT, 0, 0),
        op(JUMP_EQUAL, wait, 1, 0),
        op(JUMP_EQUAL, open_wait, 0, 1),
        op(RETURN, SHOW, 0, 0),
        op(RETURN, ALLOW, 0, 0),
        // Nobody gives the counter of the processor back to itself.
        op(JUMP_EQUAL, libc::SYS_prctl as u32, 0, 4),
        op(LOAD, FIRST_ARGUMENT, 0, 0),
        op(JUMP_EQUAL, libc::PR_SET_TSC as u32, 0, 1),
        op(RETURN, errno(libc::EPERM), 0, 0),
        op(RETURN, ALLOW, 0, 0),
    ]);
    code
}
