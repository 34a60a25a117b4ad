//! The table of escapes: what is tried, and the verdict.
//!
//! Invariant: every verdict names exactly what was answered, so that a door that opens shows. This file does not know
//! how an attempt is run.

/// How it is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// The attempt of that name in `attempts.c`.
    Program,
    /// A command for `sh`, in which `OUT` is the declared output.
    Shell(&'static str),
}

/// What comes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is refused by the kernel and the action goes on: this is what it wrote.
    Says(&'static str),
    /// The action fails with this code, and the message has these words.
    Fails(&'static str, &'static str),
}

/// A row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Escape {
    pub(crate) name: &'static str,
    pub(crate) by: By,
    pub(crate) verdict: Verdict,
}

use Verdict::{Fails, Says};

const fn program(name: &'static str, verdict: Verdict) -> Escape {
    Escape { name, by: By::Program, verdict }
}

const fn shell(name: &'static str, command: &'static str, verdict: Verdict) -> Escape {
    Escape { name, by: By::Shell(command), verdict }
}

/// A command that tries something and says whether it went well.
macro_rules! refused {
    ($name:expr, $command:expr) => {
        shell(
            $name,
            concat!("(", $command, ") 2>/dev/null && echo done > OUT || echo refused > OUT"),
            Says("refused\n"),
        )
    };
}

/// What each bomb may use.
pub(crate) const ALLOWED: [&str; 3] = ["--max-memory=128M", "--max-processes=64", "--max-disk=64M"];

/// Attempts to use up what the machine has, with these limits; all of them in `attempts.c`.
#[rustfmt::skip]
pub(crate) const BOMBS: &[(&str, &str)] = &[
    ("fork_bomb", "it used more than 64 processes and threads at once"),
    ("thread_bomb", "it used more than 64 processes and threads at once"),
    ("memory_bomb", "it used more than 128 MiB of memory"),
    ("memory_of_many", "it used more than 128 MiB of memory"),
    ("memory_of_nobody", "it used more than 128 MiB of memory"),
    ("disk_bomb", "it used more than 64 MiB on disk"),
    ("disk_bomb_in_tmp", "it used more than 64 MiB on disk"),
    ("disk_bomb_without_a_name", "it used more than 64 MiB on disk"),
    ("bomb_of_files", "it used more than 64 MiB on disk"),
];

/// Every attempt.
#[rustfmt::skip]
pub(crate) const ESCAPES: &[Escape] = &[
    // Inputs and toolchain.
    refused!("write_to_an_input", "echo evil >> in/a.txt"),
    refused!("mode_of_an_input", "chmod 777 in/a.txt"),
    refused!("time_of_an_input", "touch in/a.txt"),
    refused!("removal_of_an_input", "rm -f in/a.txt"),
    refused!("another_file_beside_an_input", "echo evil > in/new.txt"),
    refused!("write_to_the_toolchain", "echo evil > /usr/bin/cat"),
    refused!("write_to_the_root", "mkdir /evil"),
    refused!("write_to_etc", "echo evil >> /etc/passwd"),
    refused!("write_above_the_working_folder", "echo evil > ../evil"),
    shell("input_in_place_of_the_output", "ln in/a.txt OUT 2>/dev/null || { echo refused > OUT; }", Says("refused\n")),
    program("input_by_proc", Says("opened again: EROFS\ntimes: EROFS\nmode: EROFS\n")),
    program("input_by_link", Says("hard link: EXDEV\nhard link in its folder: EROFS\nrename: EROFS\nremoval: EROFS\n")),
    program("input_by_mapping", Says("shared mapping: EACCES\nmade writable: EACCES\n")),
    // What is found where an output should be.
    shell("absolute_link", "ln -s /etc/passwd OUT", Fails("GX0304", "is absolute")),
    shell("link_that_leads_up", "ln -s ../../../etc/passwd OUT", Fails("GX0304", "leads out")),
    shell("folder_of_outputs_swapped_for_a_link", "mv out /tmp/out && ln -s /etc out", Fails("GX0304", "")),
    shell("pipe_as_output", "mkfifo OUT", Fails("GX0304", "pipe, socket or device")),
    shell("no_output", "true", Fails("GX0304", "was not made")),
    shell("folder_in_place_of_a_file", "mkdir OUT", Fails("GX0304", "folder")),
    shell("setuid_output", "echo x > OUT; chmod 6755 OUT", Says("x\n")),
    shell("undeclared_output", "echo x > OUT; echo evil > out/evil", Says("x\n")),
    // The kernel.
    program("mounts", Says("tmpfs: EPERM\nbind: EPERM\nremount: EPERM\nunmount: EPERM\nfsopen: EPERM\nopen_tree: EPERM\npivot_root: EPERM\nchroot: EPERM\n")),
    program("namespaces", Says("user: EPERM\nmount: EPERM\nnetwork: EPERM\nclone: EPERM\nclone3: ENOSYS\nns of the init: EACCES\nsetns: EPERM\n")),
    program("handles", Says("name_to_handle_at: EPERM\nopen_by_handle_at: EPERM\nfanotify: EPERM\n")),
    program("kernel_by_calls", Says("sethostname: EPERM\nclock_settime: EPERM\nsettimeofday: EPERM\nreboot: EPERM\ninit_module: EPERM\nkexec_load: EPERM\nswapon: EPERM\nbpf: EPERM\nperf_event_open: EPERM\nuserfaultfd: EPERM\nsyslog: EPERM\niopl: EPERM\n")),
    program("kernel_by_proc", Says("/proc/sysrq-trigger: refused\n/proc/sys/kernel/core_pattern: refused\n/proc/sys/kernel/hostname: refused\n/proc/sys/vm/drop_caches: refused\n/proc/kcore: refused\n/proc/self/oom_score_adj: refused\n/sys/kernel: refused\n")),
    program("kernel_rings_and_keys", Says("io_uring: ENOSYS\nadd_key: ENOSYS\nkeyctl: ENOSYS\n")),
    program("devices", Says("mknod: EPERM\n/dev/mem: refused\n/dev/kmsg: refused\n/dev/fuse: refused\n/dev/tty: refused\npush into the terminal: ENOTTY\n")),
    program("privileges", Says("user: EINVAL\ngroup: EINVAL\ngroups: EPERM\nowner: EINVAL\nnice: EACCES\n")),
    program("foreign_calls", Fails("GX0302", "signal 31")),
    program("foreign_calls_of_x32", Fails("GX0302", "signal 31")),
    program("core_dump", Fails("GX0302", "signal 6")),
    program("open_files", Says("EMFILE after fewer than 1100: 1\n")),
    // Other processes.
    program("tracing", Says("init: EPERM\nseize: EPERM\nmemory: EPERM\n/proc/1/mem: refused\n/proc/1/environ: refused\n/proc/1/root: refused\n/proc/1/cwd: refused\n")),
    program("signals", Says("init: done\neverybody: ESRCH\nreached 0\npidfd: ESRCH\n")),
    program("daemon", Says("left\n")),
    program("many_processes", Says("left\n")),
    // The network.
    program("sockets", Says("raw: EPERM\npacket: EAFNOSUPPORT\nvsock: EAFNOSUPPORT\nalg: EAFNOSUPPORT\nbluetooth: EAFNOSUPPORT\n")),
    program("network", Says("loopback: ENETUNREACH\nelsewhere: ENETUNREACH\n")),
    program("unix_sockets", Says("connect: ENOENT\nconnect: ECONNREFUSED\n")),
    // What is the host's.
    refused!("the_home_of_root", "ls /root"),
    refused!("shadow_passwords", "cat /etc/shadow"),
    refused!("the_daemon", "ls /tmp/gx-0 /run/user"),
    refused!("the_store", "cat /ro/* /rw/* /fast/*"),
    refused!("root_by_proc", "cat /proc/self/root/../../etc/shadow"),
];
