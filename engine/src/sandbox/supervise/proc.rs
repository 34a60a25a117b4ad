//! `/proc` as a supervised process sees it: itself, without counters, and the machine of `machine.rs`.
//!
//! Every file is on a list: left as the kernel has it, told anew, or not there. What is not listed is not there, so
//! that a newer kernel tells nothing new. Invariant: what is told is a function of what the process did.

use super::facts::{Key, key_of};
use super::folders::Listing;
use super::notify::{Answer, Call};
use super::paths::Place;
use super::told::{SETTINGS, of_the_machine, plain_maps, plain_stat, plain_status};
use super::{Supervisor, image};
use crate::sandbox::limits;
use rustix::fs::{AtFlags, Statx, StatxFlags};
use std::io::Read;
use std::os::fd::{FromRawFd, OwnedFd};

/// Files of the machine.
const OF_THE_MACHINE: &[&str] =
    &["cmdline", "cpuinfo", "filesystems", "loadavg", "meminfo", "stat", "swaps", "uptime", "version", "vmstat"];

/// Folders in `/proc` that lead to files of the machine.
const FOLDERS: &[&str] = &["sys", "sys/fs", "sys/kernel", "sys/kernel/random", "sys/vm"];

/// Files of a process that are the kernel's.
const NATIVE: &[&str] =
    &["children", "cmdline", "comm", "cwd", "environ", "exe", "fd", "limits", "map_files", "mem", "root", "task"];

/// Files of a process that are told anew.
const TOLD: &[&str] = &[
    "auxv",
    "cgroup",
    "coredump_filter",
    "gid_map",
    "io",
    "loginuid",
    "maps",
    "mountinfo",
    "mounts",
    "net",
    "oom_adj",
    "oom_score",
    "oom_score_adj",
    "personality",
    "sched",
    "schedstat",
    "sessionid",
    "setgroups",
    "stat",
    "statm",
    "status",
    "timerslack_ns",
    "uid_map",
    "wchan",
];

/// Tables of the network of which the head is told, since each row has a number that the kernel counts up.
const HEADS: &[&str] = &["netlink", "packet", "ptype", "raw", "raw6", "tcp", "tcp6", "udp", "udp6", "unix"];
/// Those that tell of addresses and routes, of which an action has the same everywhere.
const NETWORK: &[&str] = &["arp", "dev", "fib_trie", "if_inet6", "igmp", "ipv6_route", "route"];

/// Who owns the machine, as somebody sees it who is not its root.
const NOBODY: u32 = 65534;

/// What a path of `/proc` is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum File {
    /// `/proc` itself, or a folder of settings.
    Folder,
    /// A file with this content.
    Content(Vec<u8>),
    /// A path below a process's folder: the thread it belongs to in our numbers and in the action's, and the rest.
    OfProcess(u32, u32, Vec<String>),
    /// The link to one's own folder, and what it says.
    Link(String),
    Absent,
}

fn text(words: impl Into<String>) -> File {
    File::Content(words.into().into_bytes())
}

impl Supervisor {
    fn look_at(&mut self, call: &Call, parts: &[Vec<u8>]) -> File {
        let Ok(parts) = parts.iter().map(|part| std::str::from_utf8(part)).collect::<Result<Vec<_>, _>>() else {
            return File::Absent;
        };
        let own = self.process(call.thread).number;
        match parts.as_slice() {
            [] => File::Folder,
            ["self"] => File::Link(own.to_string()),
            ["self", rest @ ..] => self.of_process(call, call.thread, own, rest),
            ["thread-self"] => {
                let thread = self.number_of(call.thread);
                File::Link(format!("{own}/task/{thread}"))
            }
            ["thread-self", rest @ ..] => {
                let number = self.number_of(call.thread);
                self.of_process(call, call.thread, number, rest)
            }
            ["mounts"] => File::Link("self/mounts".to_owned()),
            ["net"] => File::Link("self/net".to_owned()),
            ["net", ..] => self.of_process(call, call.thread, own, &parts),
            [number, rest @ ..] if number.parse::<u32>().is_ok() => {
                let number = number.parse().unwrap_or_default();
                let known =
                    self.processes.iter().find(|(_, process)| process.number == number).map(|(group, _)| *group);
                known.map_or(File::Absent, |group| self.of_process(call, group, number, rest))
            }
            [name] if let Some(content) = of_the_machine(name) => text(content),
            parts => self.setting(call, &parts.join("/")),
        }
    }

    fn setting(&mut self, call: &Call, name: &str) -> File {
        if FOLDERS.contains(&name) {
            return File::Folder;
        }
        match SETTINGS.iter().find(|(known, _)| *known == name) {
            Some(("sys/kernel/random/uuid", _)) => {
                let [a, b] = [(); 2].map(|()| super::chance::offset(self.process(call.thread), u64::MAX));
                text(format!(
                    "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}\n",
                    a >> 32,
                    a >> 16 & 0xffff,
                    a & 0xfff,
                    b >> 48 & 0xfff,
                    b & 0xffff_ffff_ffff
                ))
            }
            Some((_, words)) if words.ends_with('\n') => text(*words),
            Some((_, words)) => text(format!("{words}\n")),
            None => File::Absent,
        }
    }

    fn of_process(&mut self, call: &Call, thread: u32, number: u32, rest: &[&str]) -> File {
        match rest {
            ["task", other, rest @ ..] => match other.parse::<u32>() {
                Ok(other) => self.of_process(call, thread, other, rest),
                Err(_) => File::Absent,
            },
            ["net", name] if NETWORK.contains(name) => text(self.content(call, number, &format!("net/{name}"))),
            ["net", name] if HEADS.contains(name) => {
                let table = self.content(call, number, &format!("net/{name}"));
                text(table.lines().next().map(|head| format!("{head}\n")).unwrap_or_default())
            }
            ["ns", name] => File::Link(format!("{name}:[1]")),
            [] | ["ns" | "net"] => {
                File::OfProcess(thread, number, rest.iter().map(|part| (*part).to_owned()).collect())
            }
            [name] if TOLD.contains(name) => self.told(call, number, name),
            [name, ..] if NATIVE.contains(name) => {
                File::OfProcess(thread, number, rest.iter().map(|part| (*part).to_owned()).collect())
            }
            _ => File::Absent,
        }
    }

    /// A file of the action's own `/proc`, as the kernel has it. What cannot be read is empty.
    fn content(&mut self, call: &Call, number: u32, name: &str) -> String {
        let mut bytes = Vec::new();
        if let Ok(fd) = self.open_below(call, &format!("proc/{number}/{name}")) {
            let _ = std::fs::File::from(fd).read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn told(&mut self, call: &Call, number: u32, name: &str) -> File {
        text(match name {
            "status" => plain_status(&self.content(call, number, name)),
            "stat" => plain_stat(&self.content(call, number, name)),
            "maps" => {
                let maps = self.content(call, number, name);
                let numbers = &mut self.numbers;
                plain_maps(&maps, &mut |path| numbers.of(mapped(path), path.as_bytes()))
            }
            "auxv" => return self.auxv(call, number),
            "cgroup" => "0::/\n".to_owned(),
            "coredump_filter" => "00000033\n".to_owned(),
            "uid_map" | "gid_map" => format!("{0:>10} {0:>10} {1:>10}\n", limits::ID, 1),
            "setgroups" => "deny\n".to_owned(),
            "loginuid" | "sessionid" => u32::MAX.to_string(),
            "mountinfo" => "1 0 0:1 / / rw,nosuid,nodev - tmpfs tmpfs rw\n\
                            2 1 0:2 / /proc ro,nosuid,nodev,noexec - proc proc ro\n"
                .to_owned(),
            "mounts" => "tmpfs / tmpfs rw,nosuid,nodev 0 0\nproc /proc proc ro,nosuid,nodev,noexec 0 0\n".to_owned(),
            "io" => ["rchar", "wchar", "syscr", "syscw", "read_bytes", "write_bytes", "cancelled_write_bytes"]
                .map(|name| format!("{name}: 0\n"))
                .concat(),
            "oom_adj" | "oom_score" | "oom_score_adj" => "0\n".to_owned(),
            "personality" => "00040000\n".to_owned(),
            "schedstat" => "0 0 0\n".to_owned(),
            "statm" => "1000 500 300 10 0 200 0\n".to_owned(),
            "timerslack_ns" => "50000\n".to_owned(),
            "wchan" => "0".to_owned(),
            _ => String::new(),
        })
    }

    fn auxv(&mut self, call: &Call, number: u32) -> File {
        let mut bytes = Vec::new();
        if let Ok(fd) = self.open_below(call, &format!("proc/{number}/auxv")) {
            let _ = std::fs::File::from(fd).read_to_end(&mut bytes);
        }
        let told = image::entries(&bytes)
            .flat_map(|[key, value]| if key == image::AT_SYSINFO_EHDR { [image::AT_IGNORE, 0] } else { [key, value] });
        File::Content(told.flat_map(u64::to_ne_bytes).collect())
    }

    /// Opens a file of `/proc`.
    pub(super) fn open_proc(&mut self, call: &Call, parts: &[Vec<u8>], flags: i32) -> Result<Answer, i32> {
        let writes = flags & libc::O_ACCMODE != libc::O_RDONLY;
        match self.look_at(call, parts) {
            // What a process tells the kernel of itself.
            File::Content(_)
                if flags & libc::O_ACCMODE == libc::O_WRONLY && parts.first().is_some_and(|first| first == b"self") =>
            {
                Ok(Answer::Native)
            }
            File::Content(_) | File::Folder if writes => Err(libc::EACCES),
            File::Content(content) if flags & libc::O_PATH == 0 => {
                if flags & libc::O_DIRECTORY != 0 {
                    return Err(libc::ENOTDIR);
                }
                let fd = self.in_memory(&content)?;
                Ok(Answer::Descriptor(fd, flags & libc::O_CLOEXEC))
            }
            File::Link(to) if flags & libc::O_NOFOLLOW == 0 && parts.first().is_some_and(|first| first != b"self") => {
                let path: Vec<Vec<u8>> = to.split('/').map(|part| part.as_bytes().to_vec()).collect();
                if path == parts { Err(libc::ELOOP) } else { self.open_proc(call, &path, flags) }
            }
            File::OfProcess(..) | File::Folder => Ok(Answer::Native),
            File::Link(_) | File::Content(_) => Err(libc::EACCES),
            File::Absent => Err(libc::ENOENT),
        }
    }

    fn in_memory(&mut self, content: &[u8]) -> Result<OwnedFd, i32> {
        let name = c"proc".as_ptr() as u64;
        let fd = self.caller.call(libc::SYS_memfd_create, [name, libc::MFD_CLOEXEC.into(), 0, 0, 0])?;
        // SAFETY: the kernel has just made this descriptor for us and nobody else has it.
        let fd = unsafe { OwnedFd::from_raw_fd(fd as i32) };
        let mut at = 0;
        while let Some(rest) = content.get(at..).filter(|rest| !rest.is_empty()) {
            at += rustix::io::pwrite(&fd, rest, at as u64).map_err(|e| e.raw_os_error())?;
        }
        Ok(fd)
    }

    /// What a link of `/proc` says.
    pub(super) fn read_link_of_proc(&mut self, call: &Call, parts: &[Vec<u8>]) -> Result<Vec<u8>, i32> {
        match self.look_at(call, parts) {
            File::Link(to) => Ok(to.into_bytes()),
            File::OfProcess(thread, _, rest) => {
                let link = format!("/proc/{thread}/{}", rest.join("/"));
                let name = rustix::fs::readlinkat(rustix::fs::CWD, link, Vec::new()).map_err(|e| e.raw_os_error())?;
                let name = name.into_bytes();
                let Some(at) = name.iter().position(|byte| *byte == b'[').filter(|_| !name.starts_with(b"/")) else {
                    return Ok(name);
                };
                let fd = rest.get(1).and_then(|fd| fd.parse().ok()).unwrap_or(-1);
                let number = match self.facts_of_open(thread, fd) {
                    // All of them are one file of the kernel's, and have no number in their names.
                    _ if name.starts_with(b"anon_inode:") => return Ok(name),
                    Ok(statx) => self.numbers.of(key_of(&statx), b""),
                    Err(_) => 0,
                };
                Ok([name.get(..at).unwrap_or_default(), format!("[{number}]").as_bytes()].concat())
            }
            File::Absent => Err(libc::ENOENT),
            File::Folder | File::Content(_) => Err(libc::EINVAL),
        }
    }

    /// The kernel's facts of a file of `/proc`, and its name. What is told anew is as large as the kernel says of all
    /// such files: nothing.
    pub(super) fn facts_of_proc(
        &mut self,
        call: &Call,
        parts: &[Vec<u8>],
        follow: bool,
    ) -> Result<(Statx, Vec<u8>), i32> {
        let name = [b"/proc".to_vec()]
            .iter()
            .chain(parts)
            .flat_map(|part| [b"/".as_slice(), part].concat())
            .collect::<Vec<u8>>();
        let name = name.get(1..).map(<[u8]>::to_vec).unwrap_or_default();
        let mut owner = NOBODY;
        let (mode, links) = match self.look_at(call, parts) {
            File::Absent => return Err(libc::ENOENT),
            File::OfProcess(thread, number, rest)
                if rest.first().is_some_and(|first| NATIVE.contains(&first.as_str())) =>
            {
                let path = format!("/proc/{thread}/{}", rest.join("/"));
                let flags = if follow { AtFlags::empty() } else { AtFlags::SYMLINK_NOFOLLOW };
                let statx = rustix::fs::statx(rustix::fs::CWD, path, flags, StatxFlags::BASIC_STATS);
                let mut statx = statx.map_err(|e| e.raw_os_error())?;
                let is_link = rest.len() == 2 && rest.first().is_some_and(|first| first == "fd");
                if !follow
                    || !is_link && !matches!(rest.as_slice(), [one] if ["cwd", "exe", "root"].contains(&one.as_str()))
                {
                    // A file of `/proc` itself, of which the kernel numbers each anew.
                    let own = format!("/proc/{number}/{}", rest.join("/"));
                    (statx.stx_dev_minor, statx.stx_ino) = (0, mapped(&own).1);
                    statx.stx_dev_major = 0;
                    return Ok((statx, own.into_bytes()));
                }
                let name = rest.get(1).and_then(|fd| fd.parse().ok()).map(|fd| self.name_of(thread, fd));
                return Ok((statx, name.and_then(Result::ok).unwrap_or(name_of_link(thread, &rest))));
            }
            File::Link(to) if follow && !to.contains('[') => {
                let path: Vec<Vec<u8>> = to.split('/').map(|part| part.as_bytes().to_vec()).collect();
                if path == parts {
                    return Err(libc::ELOOP);
                }
                return self.facts_of_proc(call, &path, follow);
            }
            File::Link(_) => (libc::S_IFLNK | 0o777, 1),
            File::OfProcess(..) => {
                owner = limits::ID;
                (libc::S_IFDIR | 0o555, 2)
            }
            File::Folder => (libc::S_IFDIR | 0o555, 2),
            File::Content(_) => (libc::S_IFREG | 0o444, 1),
        };
        let root = self.root(call.thread)?;
        let statx = rustix::fs::statx(root, c"proc", AtFlags::empty(), StatxFlags::BASIC_STATS);
        let mut statx = statx.map_err(|e| e.raw_os_error())?;
        (statx.stx_mode, statx.stx_nlink, statx.stx_size) = (mode as u16, links, 0);
        (statx.stx_uid, statx.stx_gid) = (owner, owner);
        (statx.stx_dev_major, statx.stx_dev_minor, statx.stx_ino) = (0, 0, mapped(&String::from_utf8_lossy(&name)).1);
        Ok((statx, name))
    }

    /// Is it the number of a process that was seen?
    fn is_known(&self, name: &[u8]) -> bool {
        let number = std::str::from_utf8(name).ok().and_then(|name| name.parse::<u32>().ok());
        number.is_some_and(|number| self.processes.values().any(|process| process.number == number))
    }

    /// Leaves of a folder of `/proc` what can be opened there.
    pub(super) fn only_told(&self, folder: &[u8], listing: &mut Listing) {
        let Place::Proc(parts) = super::paths::sort(folder) else { return };
        let known = |name: &[u8], list: &[&str]| list.iter().any(|one| one.as_bytes() == name);
        match parts.len() {
            0 => {
                listing.retain(|(name, ..)| {
                    name.starts_with(b".")
                        || known(name, &["self", "thread-self", "mounts", "net"])
                        || self.is_known(name)
                });
                listing
                    .extend(OF_THE_MACHINE.iter().map(|name| (name.as_bytes().to_vec(), libc::DT_REG, mapped(name).1)));
            }
            1 => listing.retain(|(name, ..)| {
                name.starts_with(b".") || known(name, NATIVE) || known(name, TOLD) || known(name, &["ns"])
            }),
            _ => {}
        }
    }
}

/// A key for a file that is known by its name only.
fn mapped(name: &str) -> Key {
    let mut hasher = blake3::Hasher::new();
    hasher.update(name.as_bytes());
    let mut bytes = [0; 8];
    hasher.finalize_xof().fill(&mut bytes);
    (0, u64::from_le_bytes(bytes))
}

fn name_of_link(thread: u32, rest: &[String]) -> Vec<u8> {
    let link = format!("/proc/{thread}/{}", rest.join("/"));
    rustix::fs::readlinkat(rustix::fs::CWD, link, Vec::new()).map(|name| name.into_bytes()).unwrap_or_default()
}
