//! The kernel's side of tracing: stops, registers, memory.
//!
//! Invariant: a thread that has been killed meanwhile is no harm: its calls fail, and its end is told by `wait`.

use libc::{c_int, c_void, pid_t, user_regs_struct};

/// What a thread that is traced stops for.
const OPTIONS: c_int = libc::PTRACE_O_TRACESYSGOOD
    | libc::PTRACE_O_TRACEFORK
    | libc::PTRACE_O_TRACEVFORK
    | libc::PTRACE_O_TRACECLONE
    | libc::PTRACE_O_TRACEEXEC
    | libc::PTRACE_O_TRACEVFORKDONE
    | libc::PTRACE_O_TRACESECCOMP
    | libc::PTRACE_O_EXITKILL;

/// Why a thread stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// It makes a call that the filter shows.
    Call,
    /// A call begins or ends.
    Edge,
    /// It started a process or thread; with `vfork` it waits for that.
    Child { waits: bool },
    /// It became a program.
    Program,
    /// The process it waited for has become a program or ended.
    Woken,
    /// It was asked to stop, or has just been started.
    Asked,
    /// A signal keeps its process stopped.
    Kept,
    /// A signal is about to be delivered.
    Signal(c_int),
}

/// What became of a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// It stopped.
    Stopped(Stop),
    /// It is gone; the status is that of `wait`.
    Gone(c_int),
}

fn number(value: c_int) -> *mut c_void {
    std::ptr::without_provenance_mut(value as usize)
}

fn request(what: libc::c_uint, thread: pid_t, address: *mut c_void, data: *mut c_void) -> Result<(), i32> {
    // SAFETY: callers pass numbers, or places that live through the call and are as large as the request wants.
    match unsafe { libc::ptrace(what, thread, address, data) } {
        -1 => Err(super::super::child::last_errno()),
        _ => Ok(()),
    }
}

/// Begins to trace a process and all it will start.
pub(super) fn seize(thread: pid_t) -> Result<(), i32> {
    request(libc::PTRACE_SEIZE, thread, number(0), number(OPTIONS))
}

/// Lets it run on, with a signal or none. With `edges` it stops when its next call begins or ends.
pub(super) fn resume(thread: pid_t, edges: bool, signal: c_int) {
    let how = if edges { libc::PTRACE_SYSCALL } else { libc::PTRACE_CONT };
    let _ = request(how, thread, number(0), number(signal));
}

/// Leaves it stopped, as the signal wants, until the next one.
pub(super) fn listen(thread: pid_t) {
    let _ = request(libc::PTRACE_LISTEN, thread, number(0), number(0));
}

/// Asks it to stop wherever it is.
pub(super) fn interrupt(thread: pid_t) {
    let _ = request(libc::PTRACE_INTERRUPT, thread, number(0), number(0));
}

/// Its registers.
pub(super) fn registers(thread: pid_t) -> Option<user_regs_struct> {
    // SAFETY: a plain C structure of numbers, which may be zero.
    let mut registers: user_regs_struct = unsafe { std::mem::zeroed() };
    request(libc::PTRACE_GETREGS, thread, number(0), (&raw mut registers).cast()).ok().map(|()| registers)
}

/// Sets them.
pub(super) fn set_registers(thread: pid_t, registers: &user_regs_struct) {
    let _ = request(libc::PTRACE_SETREGS, thread, number(0), std::ptr::from_ref(registers).cast_mut().cast());
}

/// The number that came with a stop: of a child, or of the thread that became a program.
pub(super) fn message(thread: pid_t) -> Option<pid_t> {
    let mut message: libc::c_ulong = 0;
    request(libc::PTRACE_GETEVENTMSG, thread, number(0), (&raw mut message).cast()).ok().map(|()| message as pid_t)
}

/// Is the call only beginning?
pub(super) fn is_entry(thread: pid_t) -> bool {
    // SAFETY: a plain C structure of numbers, which may be zero.
    let mut info: libc::ptrace_syscall_info = unsafe { std::mem::zeroed() };
    let size = number(size_of::<libc::ptrace_syscall_info>() as c_int);
    let got = request(libc::PTRACE_GET_SYSCALL_INFO, thread, size, (&raw mut info).cast());
    got.is_ok() && info.op == libc::PTRACE_SYSCALL_INFO_ENTRY
}

/// Waits for what becomes of `thread`, or of any with -1. `Ok(None)` when the wait was interrupted.
pub(super) fn wait(thread: pid_t) -> Result<Option<(pid_t, Event)>, i32> {
    wait_so(thread, 0)
}

/// What became of any thread, if something did.
pub(super) fn known() -> Option<(pid_t, Event)> {
    wait_so(-1, libc::WNOHANG).ok().flatten()
}

fn wait_so(thread: pid_t, how: c_int) -> Result<Option<(pid_t, Event)>, i32> {
    let mut status = 0;
    // SAFETY: `status` is a valid place for the answer.
    match unsafe { libc::waitpid(thread, &mut status, libc::__WALL | how) } {
        -1 => match super::super::child::last_errno() {
            libc::EINTR => Ok(None),
            errno => Err(errno),
        },
        0 => Ok(None),
        pid => Ok(Some((pid, event_of(status)))),
    }
}

fn event_of(status: c_int) -> Event {
    if !libc::WIFSTOPPED(status) {
        return Event::Gone(status);
    }
    let signal = libc::WSTOPSIG(status);
    Event::Stopped(match status >> 16 {
        libc::PTRACE_EVENT_SECCOMP => Stop::Call,
        libc::PTRACE_EVENT_VFORK => Stop::Child { waits: true },
        libc::PTRACE_EVENT_FORK | libc::PTRACE_EVENT_CLONE => Stop::Child { waits: false },
        libc::PTRACE_EVENT_EXEC => Stop::Program,
        libc::PTRACE_EVENT_VFORK_DONE => Stop::Woken,
        libc::PTRACE_EVENT_STOP if signal == libc::SIGTRAP => Stop::Asked,
        libc::PTRACE_EVENT_STOP => Stop::Kept,
        _ if signal == libc::SIGTRAP | 0x80 => Stop::Edge,
        _ => Stop::Signal(signal),
    })
}

/// Reads from a thread's memory; `false` when not all of it is mapped.
pub(super) fn read(thread: pid_t, at: u64, to: &mut [u8]) -> bool {
    let ours = libc::iovec { iov_base: to.as_mut_ptr().cast(), iov_len: to.len() };
    let theirs = libc::iovec { iov_base: at as *mut c_void, iov_len: to.len() };
    // SAFETY: the kernel writes into our live slice only, and checks the address in the other process.
    let read = unsafe { libc::process_vm_readv(thread, &ours, 1, &theirs, 1, 0) };
    read == to.len() as isize
}

/// Numbers of 64 bits.
pub(super) fn read_longs<const N: usize>(thread: pid_t, at: u64) -> Option<[u64; N]> {
    let mut bytes = vec![0; N * 8];
    let mut longs = [0; N];
    if !read(thread, at, &mut bytes) {
        return None;
    }
    for (long, chunk) in longs.iter_mut().zip(bytes.chunks_exact(8)) {
        *long = u64::from_ne_bytes(chunk.try_into().ok()?);
    }
    Some(longs)
}

/// Writes where the process may write itself; `false` where it may not.
pub(super) fn write(thread: pid_t, at: u64, bytes: &[u8]) -> bool {
    let ours = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    let theirs = libc::iovec { iov_base: at as *mut c_void, iov_len: bytes.len() };
    // SAFETY: the kernel reads our live slice only, and checks the address in the other process.
    let written = unsafe { libc::process_vm_writev(thread, &ours, 1, &theirs, 1, 0) };
    written == bytes.len() as isize
}

/// Numbers of 64 bits.
pub(super) fn write_longs(thread: pid_t, at: u64, longs: &[u64]) -> bool {
    let bytes: Vec<u8> = longs.iter().flat_map(|long| long.to_ne_bytes()).collect();
    write(thread, at, &bytes)
}
