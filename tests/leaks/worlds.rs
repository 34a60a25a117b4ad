//! Pairs of worlds that differ in exactly one thing.
//!
//! Invariants: of each pair the first is the common one, in which nothing was changed, unless a world has a first of
//! its own; what a second needs of the machine is planted before and gone after it. A world that cannot be made here
//! says why. This file does not know what a probe finds.

use gx_tests::{TestSpace, gx_binary, is_root, repository_root};
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// What differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum World {
    /// Nothing but that it is later: other processes, other folders of the same depth.
    Moment,
    /// The same, on a processor that has random numbers of its own.
    RandomOfCpu,
    /// The same, on one that has seeds.
    SeedOfCpu,
    /// Nothing: the first world is the machine itself, outside of gx. Told apart means: the action learned the same.
    Machine,
    Folder,
    FileSystem,
    Temporaries,
    /// Every file that is made has an access list.
    AccessList,
    User,
    UserMap,
    Groups,
    Hosts,
    Personality,
    Environment,
    Input,
    Terminal,
    Descriptors,
    Umask,
    Nice,
    Policy,
    Processors,
    Processor,
    Signals,
    Memory,
    ControlGroup,
    SoftLimits,
    HardLimits,
    Etc,
    Network,
    Neighbours,
    Root,
    Undeclared,
    Leftovers,
}

use World::*;

/// First or second of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    First,
    Second,
}

/// All of them.
pub(crate) const WORLDS: &[World] = &[
    Moment,
    RandomOfCpu,
    SeedOfCpu,
    Machine,
    Folder,
    FileSystem,
    Temporaries,
    AccessList,
    User,
    UserMap,
    Groups,
    Hosts,
    Personality,
    Environment,
    Input,
    Terminal,
    Descriptors,
    Umask,
    Nice,
    Policy,
    Processors,
    Processor,
    Signals,
    Memory,
    ControlGroup,
    SoftLimits,
    HardLimits,
    Etc,
    Network,
    Neighbours,
    Root,
    Undeclared,
    Leftovers,
];

/// What was planted for a world; it goes when this is dropped.
#[derive(Default)]
pub(crate) struct Planted {
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
    process: Option<Child>,
    /// The probe that clears away what others made.
    clear: Option<(PathBuf, &'static str)>,
    _tcp: Option<TcpListener>,
    _unix: Vec<UnixListener>,
}

impl Drop for Planted {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = process.kill();
            let _ = process.wait();
        }
        self.files.iter().for_each(|file| drop(std::fs::remove_file(file)));
        if let Some((program, probe)) = &self.clear {
            let _ = Command::new(program).args([probe, "/dev/null"]).status();
        }
        for folder in &self.folders {
            let _ = std::fs::remove_dir_all(folder).or_else(|_| std::fs::remove_dir(folder));
        }
    }
}

impl World {
    /// What it is, in words.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Moment | RandomOfCpu | SeedOfCpu => "another moment",
            Machine => "this machine",
            Folder => "another, deeper folder of workspace and store",
            FileSystem => "workspace and store on a disk, or in memory",
            Temporaries => "`/tmp` on a disk, or in memory",
            AccessList => "a folder that gives its files an access list, or none",
            User => "another user and group",
            UserMap => "another map of users",
            Groups => "other further groups",
            Hosts => "another host and domain name",
            Personality => "another personality (`setarch`)",
            Environment => "another variable in the environment of gx",
            Input => "another standard input of gx",
            Terminal => "gx on a terminal, or without",
            Descriptors => "a descriptor left open for gx",
            Umask => "another umask",
            Nice => "another nice value and disk class",
            Policy => "another scheduling policy",
            Processors => "all processors, or one of them",
            Processor => "one processor, or another",
            Signals => "signals ignored by gx",
            Memory => "another wish to be killed for memory, other core dumps",
            ControlGroup => "another control group",
            SoftLimits => "other soft limits",
            HardLimits => "other hard limits",
            Etc => "another `/etc`",
            Network => "a machine without network",
            Neighbours => "listeners, shared memory, keys, files and processes of the host",
            Root => "other files and folders outside of `/tmp`",
            Undeclared => "an undeclared file in the workspace",
            Leftovers => "an earlier action that leaves something behind",
        }
    }

    /// Why it cannot be made here.
    pub(crate) fn lacks(self) -> Result<(), String> {
        let root = || if is_root() { Ok(()) } else { Err("only root can make this world".to_owned()) };
        let has = |program: &str| match Command::new(program).arg("--version").output() {
            Ok(_) => Ok(()),
            Err(error) => Err(format!("'{program}' cannot be run: {error}")),
        };
        let flag = |name: &str| match std::fs::read_to_string("/proc/cpuinfo") {
            Ok(text) if text.split_whitespace().any(|word| word == name) => Ok(()),
            _ => Err(format!("the processor has no '{name}'")),
        };
        match self {
            RandomOfCpu => flag("rdrand"),
            SeedOfCpu => flag("rdseed"),
            User | Groups => root().and_then(|()| has("setpriv")),
            UserMap => has("unshare"),
            Root => root(),
            Hosts | Etc | Network => root().and_then(|()| has("unshare")),
            FileSystem if kind(&on_disk()) == kind(in_memory()) => Err("there is one kind of file system".to_owned()),
            Temporaries => root().and_then(|()| match kind(Path::new("/tmp")).as_str() {
                "tmpfs" => Err("/tmp lies in memory already".to_owned()),
                _ => Ok(()),
            }),
            AccessList => {
                let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
                give_access_list(folder.path())
                    .map_err(|error| format!("this file system has no access lists: {error}"))
            }
            Terminal => has("script").and_then(|()| has("setsid")),
            Personality => has("setarch"),
            Nice => has("ionice"),
            Policy => has("chrt"),
            Processors | Processor => match std::thread::available_parallelism() {
                Ok(count) if count.get() > 1 => has("taskset"),
                _ => Err("there is one processor".to_owned()),
            },
            ControlGroup => root().and_then(|()| match control_group() {
                Some(group) => drop_group(&group),
                None => Err("no control group can be made".to_owned()),
            }),
            _ => Ok(()),
        }
    }

    /// Has it a first world of its own?
    pub(crate) const fn has_own_first(self) -> bool {
        matches!(self, Terminal | Processor | HardLimits | FileSystem | Temporaries)
    }

    /// Is all the same in another run of the first world? Then a difference is the second one's doing. (Each run has
    /// folders of its own.)
    pub(crate) const fn is_still(self) -> bool {
        !matches!(self, Moment | RandomOfCpu | SeedOfCpu | Folder)
    }

    /// A workspace for it.
    pub(crate) fn space(self, side: Side) -> TestSpace {
        match (self, side) {
            (FileSystem, Side::First) | (Temporaries, _) => TestSpace::below(&on_disk()),
            (FileSystem, Side::Second) => TestSpace::below(in_memory()),
            (Folder, Side::Second) => {
                let folder = elsewhere().join("somewhere/else/entirely");
                std::fs::create_dir_all(&folder).expect("folders can be made");
                TestSpace::below(&folder)
            }
            _ => TestSpace::new(),
        }
    }

    /// The program that starts gx in it.
    pub(crate) fn starter(self, side: Side, planted: &Planted) -> Vec<String> {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let sh = |script: &str| ["sh", "-c", script, "sh"].map(str::to_owned).to_vec();
        match (self, side) {
            (Terminal, Side::First) => words("setsid -w"),
            (Processor, Side::First) => words("taskset -c 0"),
            (HardLimits, Side::First) => sh("ulimit -S -n 2000; ulimit -H -n 6000; exec \"$@\""),
            (_, Side::First) => Vec::new(),
            (Temporaries, _) => [words("unshare -m"), sh("mount -t tmpfs x /tmp && exec \"$@\"")].concat(),
            (User, _) => words("setpriv --reuid=65534 --regid=65534 --clear-groups"),
            (UserMap, _) => words("unshare --user --map-user=5000 --map-group=5000"),
            (Groups, _) => words("setpriv --groups=4321,4322"),
            (Hosts, _) => {
                let set = "echo elsewhere > /proc/sys/kernel/hostname && echo far > /proc/sys/kernel/domainname";
                [words("unshare --uts"), sh(&format!("{set} && exec \"$@\""))].concat()
            }
            (Personality, _) => words("setarch linux32 --uname-2.6"),
            (Environment, _) => words("env SECRET_OF_THE_USER=42 LANG=tr_TR.UTF-8 TZ=Asia/Kathmandu"),
            (Input, _) => sh("exec \"$@\" < /dev/zero"),
            (Terminal, _) => {
                sh("for word; do line=\"$line '$word'\"; done; exec script -qefc \"exec $line\" /dev/null")
            }
            (Descriptors, _) => sh("exec \"$@\" 7< /dev/zero 9> /dev/null"),
            (Umask, _) => sh("umask 077; exec \"$@\""),
            (Nice, _) => words("nice -n 7 ionice -c 2 -n 6"),
            (Policy, _) => words("chrt -b 0"),
            (Processors, _) => words("taskset -c 0"),
            (Processor, _) => words("taskset -c 1"),
            (Signals, _) => sh("trap '' HUP USR1 INT; exec \"$@\""),
            (Memory, _) => {
                sh("echo 321 > /proc/self/oom_score_adj; echo 0x7 > /proc/self/coredump_filter; exec \"$@\"")
            }
            (ControlGroup, _) => {
                let group = planted.folders.first().expect("a group was made").display();
                sh(&format!("echo $$ > {group}/cgroup.procs; exec \"$@\""))
            }
            (SoftLimits, _) => sh("ulimit -S -n 700; ulimit -S -s 4000; ulimit -S -c 0; exec \"$@\""),
            (HardLimits, _) => sh("ulimit -S -n 2000; ulimit -H -n 5000; exec \"$@\""),
            (Etc, _) => {
                let other = planted.folders.first().expect("another /etc was made").display();
                [words("unshare -m"), sh(&format!("mount --bind {other} /etc && exec \"$@\""))].concat()
            }
            (Network, _) => words("unshare --net"),
            (
                Moment | RandomOfCpu | SeedOfCpu | Machine | Folder | FileSystem | AccessList | Neighbours | Root
                | Undeclared | Leftovers,
                _,
            ) => Vec::new(),
        }
    }

    /// Plants what the second world needs of the machine.
    pub(crate) fn plant(self, probe: &Path) -> Planted {
        let mut planted = Planted::default();
        match self {
            Etc => planted.folders.push(other_etc()),
            ControlGroup => planted.folders.extend(control_group()),
            Folder => planted.folders.push(elsewhere()),
            Root => {
                let (file, folder) = (PathBuf::from("/opt/gx-leak-host-file"), PathBuf::from("/gx-leak"));
                std::fs::create_dir_all("/opt").expect("root can write");
                std::fs::write(&file, "of the host\n").expect("root can write");
                // The root's own times are those of its last change.
                std::fs::create_dir(&folder).expect("root can write");
                planted.files.push(file);
                planted.folders.push(folder);
            }
            Leftovers => planted.clear = Some((probe.to_owned(), "clear_what_was_left")),
            Neighbours => {
                planted.clear = Some((probe.to_owned(), "clear_things_of_the_host"));
                let made = Command::new(probe).args(["make_things_of_the_host", "/dev/null"]).status();
                assert!(made.expect("the probe can be run").success());
                let file = PathBuf::from("/tmp/gx-leak-host-file");
                std::fs::write(&file, "of the host\n").expect("/tmp can be written");
                planted.files.push(file);
                planted._tcp = Some(TcpListener::bind("127.0.0.1:47163").expect("a port of the test's is free"));
                let abstract_name = SocketAddr::from_abstract_name("gx-leak-listener").expect("a name");
                let socket = PathBuf::from("/tmp/gx-leak-listener");
                let _ = std::fs::remove_file(&socket);
                planted._unix = vec![
                    UnixListener::bind_addr(&abstract_name).expect("an abstract name of the test's is free"),
                    UnixListener::bind(&socket).expect("a socket can be made in /tmp"),
                ];
                planted.files.push(socket);
                let sleep = Command::new("sleep").arg("31536001").stdin(Stdio::null()).spawn();
                planted.process = Some(sleep.expect("a process can be started"));
            }
            _ => {}
        }
        planted
    }

    /// The last touch to a workspace of the second world. Gives the gx to use, when it is another one.
    pub(crate) fn touch(self, space: &TestSpace) -> Option<PathBuf> {
        match self {
            Undeclared => space.write("secret.txt", "secret\n"),
            AccessList => {
                let folder = space.store().parent().expect("a store has a folder").to_owned();
                give_access_list(&folder).expect("it was possible before");
            }
            Leftovers => space.write("leave.txt", "yes\n"),
            User => {
                let folder = space.store().parent().expect("a store has a folder").to_owned();
                let gx = folder.join("gx");
                std::fs::copy(gx_binary(), &gx).expect("gx can be copied");
                let workspace = space.root().parent().expect("a workspace has a folder").to_owned();
                let owned = Command::new("chown").args(["-R", "65534:65534"]).args([&folder, &workspace]).status();
                assert!(owned.expect("chown can be run").success());
                return Some(gx);
            }
            _ => {}
        }
        None
    }
}

/// Another folder than other worlds have, with a blank in its name.
fn elsewhere() -> PathBuf {
    on_disk().join(format!("a folder of {}", std::process::id()))
}

/// Whatever is made in a folder from now on gives a user 4321 all rights (the kernel's `posix_acl_xattr`).
fn give_access_list(folder: &Path) -> std::io::Result<()> {
    const NOBODY: u32 = u32::MAX;
    let entries: [(u16, u16, u32); 5] =
        [(0x01, 7, NOBODY), (0x02, 7, 4321), (0x04, 5, NOBODY), (0x10, 7, NOBODY), (0x20, 5, NOBODY)];
    let mut list = 2u32.to_le_bytes().to_vec();
    for (tag, rights, id) in entries {
        list.extend([tag.to_le_bytes(), rights.to_le_bytes()].concat());
        list.extend(id.to_le_bytes());
    }
    rustix::fs::setxattr(folder, "system.posix_acl_default", &list, rustix::fs::XattrFlags::empty())?;
    Ok(())
}

/// A folder on a disk.
pub(crate) fn on_disk() -> PathBuf {
    let folder = repository_root().join("target/leaks");
    std::fs::create_dir_all(&folder).expect("target/ can be written");
    folder
}

fn in_memory() -> &'static Path {
    Path::new("/dev/shm")
}

/// The kind of file system at a path.
fn kind(path: &Path) -> String {
    let said = Command::new("stat").args(["-f", "-c", "%T"]).arg(path).output().expect("stat can be run");
    String::from_utf8_lossy(&said.stdout).trim().to_owned()
}

/// A new control group, in whichever hierarchy can be written.
fn control_group() -> Option<PathBuf> {
    let name = format!("gx-leak-{}", std::process::id());
    ["/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/freezer"]
        .map(|hierarchy| Path::new(hierarchy).join(&name))
        .into_iter()
        .find(|group| {
            std::fs::create_dir(group).is_ok() && group.join("cgroup.procs").exists() || drop_group(group).is_err()
        })
        .filter(|group| group.join("cgroup.procs").exists())
}

fn drop_group(group: &Path) -> Result<(), String> {
    match std::fs::remove_dir(group) {
        Err(error) if group.exists() => Err(format!("{}: {error}", group.display())),
        _ => Ok(()),
    }
}

/// A copy of `/etc` in which what names a machine is another.
fn other_etc() -> PathBuf {
    let folder = on_disk().join(format!("etc-{}", std::process::id()));
    let copied = Command::new("cp").args(["-a", "/etc/."]).arg(&folder).output().expect("cp can be run");
    assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    for (name, text) in [
        ("machine-id", "00112233445566778899aabbccddeeff\n".to_owned()),
        ("passwd", passwd + "else:x:4000:4000::/home/else:/bin/sh\n"),
        ("hosts", "127.0.0.1 localhost elsewhere\n".to_owned()),
        ("resolv.conf", "nameserver 192.0.2.53\n".to_owned()),
        ("os-release", "NAME=Elsewhere\n".to_owned()),
        ("gx-leak", String::new()),
    ] {
        let path = folder.join(name);
        let _ = std::fs::remove_file(&path);
        std::fs::write(path, text).expect("a copy can be changed");
    }
    let zone = folder.join("localtime");
    let _ = std::fs::remove_file(&zone);
    std::fs::write(zone, ZONE).expect("a copy can be changed");
    folder
}

/// A zone of one hour and one minute, `ELS`.
const ZONE: &[u8] =
    b"TZif\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\x04\0\0\x0e\x4c\0\0ELS\0";
