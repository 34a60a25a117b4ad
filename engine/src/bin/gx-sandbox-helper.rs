//! For tests and benchmarks of the sandbox: a program that can be a spawner, and that asks the kernel for things an
//! action must not get. It is not shipped.
//!
//! `syscalls` prints what each forbidden call answered; `int80` and `x32` use foreign ABIs and should die;
//! `connect NAME` connects to an abstract socket, `listen` and `dial` use TCP; `shm` makes shared memory of
//! System V and of POSIX.

use std::io::Error;

fn main() {
    gx_engine::sandbox::spawner_main_if_asked();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["syscalls"] => syscalls(),
        ["int80"] => int80(),
        ["x32"] => x32(),
        ["connect", name] => connect(name),
        ["shm"] => shm(),
        ["listen"] => listen(),
        ["dial"] => dial(),
        ["without-clone3", program, rest @ ..] => {
            confined(&refused(libc::SYS_clone3, libc::ENOSYS), program, rest);
        }
        ["without-tracing", program, rest @ ..] => confined(&refused(libc::SYS_ptrace, libc::EPERM), program, rest),
        ["without-listener", program, rest @ ..] => confined(&no_listener(), program, rest),
        _ => {}
    }
}

const fn op(code: u16, k: u32, jt: u8, jf: u8) -> libc::sock_filter {
    libc::sock_filter { code, jt, jf, k }
}

const ALLOW: libc::sock_filter = op(0x06, 0x7fff_0000, 0, 0);

const fn refuse(errno: i32) -> libc::sock_filter {
    op(0x06, 0x0005_0000 | errno as u32, 0, 0)
}

/// A call that fails, as in many a container.
fn refused(nr: libc::c_long, errno: i32) -> [libc::sock_filter; 4] {
    [op(0x20, 0, 0, 0), op(0x15, nr as u32, 0, 1), refuse(errno), ALLOW]
}

/// Filters may be put on, but none that hands calls over (`SECCOMP_FILTER_FLAG_NEW_LISTENER`), as below a supervisor.
fn no_listener() -> [libc::sock_filter; 6] {
    [
        op(0x20, 0, 0, 0),
        op(0x15, libc::SYS_seccomp as u32, 0, 3),
        op(0x20, 24, 0, 0),
        op(0x45, libc::SECCOMP_FILTER_FLAG_NEW_LISTENER as u32, 0, 1),
        refuse(libc::EBUSY),
        ALLOW,
    ]
}

/// Becomes a program that lives under this filter.
fn confined(code: &[libc::sock_filter], program: &str, arguments: &[&str]) {
    let filter = libc::sock_fprog { len: code.len() as u16, filter: code.as_ptr().cast_mut() };
    // SAFETY: numbers, and a program that lives through the call.
    unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, &raw const filter);
    }
    let error = std::os::unix::process::CommandExt::exec(std::process::Command::new(program).args(arguments));
    println!("{program}: {error}");
}

fn report(name: &str, result: libc::c_long) {
    let said = match result {
        -1 => Error::last_os_error().raw_os_error().map_or("?".to_owned(), |errno| match errno {
            libc::EPERM => "EPERM".to_owned(),
            libc::ENOSYS => "ENOSYS".to_owned(),
            libc::EAFNOSUPPORT => "EAFNOSUPPORT".to_owned(),
            other => other.to_string(),
        }),
        _ => "ok".to_owned(),
    };
    println!("{name} {said}");
}

fn syscalls() {
    let null = std::ptr::null::<libc::c_void>();
    // SAFETY: the arguments are numbers or null pointers, which a call that is let through refuses.
    unsafe {
        report("keyctl", libc::syscall(libc::SYS_keyctl, 0, 0, 0));
        report("add_key", libc::syscall(libc::SYS_add_key, null, null, null, 0, 0));
        report("request_key", libc::syscall(libc::SYS_request_key, null, null, null, 0));
        report("io_uring_setup", libc::syscall(libc::SYS_io_uring_setup, 1, null));
        report("clone3", libc::syscall(libc::SYS_clone3, null, 0));
        report("mount", libc::syscall(libc::SYS_mount, null, null, null, 0, null));
        report("unshare", libc::syscall(libc::SYS_unshare, libc::CLONE_NEWUSER));
        report("clone-newuser", libc::syscall(libc::SYS_clone, libc::CLONE_NEWUSER | libc::SIGCHLD, null));
        report("setns", libc::syscall(libc::SYS_setns, 0, 0));
        report("chroot", libc::syscall(libc::SYS_chroot, c"/".as_ptr()));
        report("bpf", libc::syscall(libc::SYS_bpf, 0, null, 0));
        report("userfaultfd", libc::syscall(libc::SYS_userfaultfd, 0));
        report("perf_event_open", libc::syscall(libc::SYS_perf_event_open, null, 0, 0, 0, 0));
        report("sethostname", libc::syscall(libc::SYS_sethostname, c"x".as_ptr(), 1));
        report("vsock", libc::socket(libc::AF_VSOCK, libc::SOCK_STREAM, 0).into());
        report("packet", libc::socket(libc::AF_PACKET, libc::SOCK_RAW, 0).into());
        report("alg", libc::socket(libc::AF_ALG, libc::SOCK_SEQPACKET, 0).into());
        report("unix", libc::socket(libc::AF_UNIX, libc::SOCK_STREAM, 0).into());
        report("inet", libc::socket(libc::AF_INET, libc::SOCK_STREAM, 0).into());
        report("netlink", libc::socket(libc::AF_NETLINK, libc::SOCK_RAW, 0).into());
        report("ptrace-init", libc::ptrace(libc::PTRACE_ATTACH, 1, 0, 0));
    }
}

#[cfg(target_arch = "x86_64")]
fn int80() {
    let mut result: i64 = 20;
    // SAFETY: `getpid` of the i386 ABI takes nothing and writes nothing but its result.
    unsafe { std::arch::asm!("int 0x80", inout("rax") result) };
    println!("survived: {result}");
}

#[cfg(not(target_arch = "x86_64"))]
fn int80() {
    std::process::abort();
}

fn x32() {
    // SAFETY: `getpid` takes nothing.
    let result = unsafe { libc::syscall(0x4000_0000 + libc::SYS_getpid) };
    println!("survived: {result}");
}

fn connect(name: &str) {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixStream};
    let result = SocketAddr::from_abstract_name(name).and_then(|address| UnixStream::connect_addr(&address));
    println!("{}", result.map_or_else(|error| error.kind().to_string(), |_| "connected".to_owned()));
}

fn shm() {
    // SAFETY: takes numbers only; the key is the same in every run.
    let id = unsafe { libc::shmget(0x6778, 4096, libc::IPC_CREAT | libc::IPC_EXCL | 0o600) };
    report("sysv", id.into());
    // SAFETY: the name is a live, terminated string.
    let posix = unsafe { libc::shm_open(c"/gx-test".as_ptr(), libc::O_CREAT | libc::O_EXCL | libc::O_RDWR, 0o600) };
    report("posix", posix.into());
}

fn listen() {
    match std::net::TcpListener::bind("127.0.0.1:8099") {
        Ok(listener) => {
            let connected = std::net::TcpStream::connect("127.0.0.1:8099").is_ok();
            println!("bound {} connected {connected}", listener.local_addr().is_ok());
        }
        Err(error) => println!("{error}"),
    }
}

fn dial() {
    let result = std::net::TcpStream::connect("1.1.1.1:80");
    println!("{}", result.map_or_else(|error| error.kind().to_string(), |_| "connected".to_owned()));
}
