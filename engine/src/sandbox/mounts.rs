//! The file system of a slot, and what each action adds to it.
//!
//! A spawner lives in namespaces of its own with this root, which no action ever sees:
//! ```text
//! /ro      the store, read-only            /rw    the slot's scratch on the store's disk
//! /fastro  the same as /fast, read-only    /fast  the slot's scratch in memory
//! /proc    the host's: the kernel wants to see one before it lets a user namespace mount another
//! /root    the skeleton of an action's root: dev etc proc tmp w, and the toolchain's top entries
//! ```
//! Scratch is in memory because an action that makes and removes a few small files costs a tenth there of what it
//! costs on disk (and a hundredth on ext4 without a journal, which looks at every inode freed of late).
//! An action's mount namespace is a copy of it, in which `/root` becomes `/` and the rest is let go. Invariants:
//! every mount that an action can reach is `nosuid` and `nodev` (but for five devices) and read-only, except
//! `/tmp`, `/w` and what an overlay puts below `/w`. This file does not know processes.

use super::limits;
use super::protocol::{Fault, Mount, Setup};
use super::world::{self, Inside};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::sys::statvfs::{FsFlags, statvfs};
use nix::unistd::{chdir, pivot_root};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::{MountFlags, UnmountFlags};
use std::ffi::{CStr, CString, OsStr};
use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// The working folder, relative to an action's root.
pub(crate) const WORK: &str = "w";

type Outcome<T = ()> = Result<T, Fault>;

/// The root of a slot and the toolchain that is in it.
#[derive(Debug)]
pub(crate) struct Skeleton {
    root: Option<Toolchain>,
    fast_bytes: u64,
}

#[derive(Debug)]
struct Toolchain {
    name: String,
    /// What was made for it, in order: to be unmade in reverse.
    made: Vec<Made>,
}

#[derive(Debug)]
enum Made {
    Folder(PathBuf),
    File(PathBuf),
    Mount(PathBuf),
}

const NONE: Option<&str> = None;

fn folder(path: impl AsRef<Path>) -> Outcome {
    let path = path.as_ref();
    fs::DirBuilder::new().mode(0o755).create(path).map_err(|e| Fault::new(format!("making {}", path.display()), e))
}

fn bind(from: &Path, to: &Path, flags: MsFlags) -> Outcome {
    mount(Some(from), to, NONE, MsFlags::MS_BIND | flags, NONE)
        .map_err(|e| Fault::new(format!("mounting {} at {}", from.display(), to.display()), e))
}

/// Gives a bind mount its own flags. `noexec` of the host cannot be taken away and is kept.
fn harden(at: &Path, read_only: bool) -> Outcome {
    let step = || format!("remounting {}", at.display());
    let held = statvfs(at).map_err(|e| Fault::new(step(), e))?.flags();
    let mut flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    if read_only {
        flags |= MsFlags::MS_RDONLY;
    }
    if held.contains(FsFlags::ST_NOEXEC) {
        flags |= MsFlags::MS_NOEXEC;
    }
    mount(NONE, at, NONE, flags, NONE).map_err(|e| Fault::new(step(), e))
}

/// Leaves the host: new user, mount, network, UTS, IPC and cgroup namespaces with fixed names and one user. There are
/// two user namespaces, one in the other: a process reads the map of its own, and that of the outer one names the
/// host's user.
pub(crate) fn leave_host(inside: &Inside) -> Outcome {
    let (uid, gid) = (nix::unistd::geteuid(), nix::unistd::getegid());
    if uid.is_root() {
        // Without the right to do it there is nothing to drop either: the groups stay unmapped.
        let _ = nix::unistd::setgroups(&[]);
    }
    let id = inside.user.unwrap_or(limits::ID);
    unshare(CloneFlags::CLONE_NEWUSER).map_err(|e| Fault::new("making a user namespace", e))?;
    be_only_user(id, uid.as_raw(), gid.as_raw())?;
    unshare(
        CloneFlags::CLONE_NEWUSER
            | CloneFlags::CLONE_NEWNS
            | CloneFlags::CLONE_NEWNET
            | CloneFlags::CLONE_NEWUTS
            | CloneFlags::CLONE_NEWIPC
            | CloneFlags::CLONE_NEWCGROUP,
    )
    .map_err(|e| Fault::new("making a user namespace", e))?;
    be_only_user(id, id, id)?;
    nix::unistd::sethostname(inside.host_name.as_deref().unwrap_or(limits::HOST_NAME))
        .map_err(|e| Fault::new("setting the host name", e))?;
    let name = limits::DOMAIN_NAME;
    // SAFETY: pointer and length describe one live string.
    if unsafe { libc::setdomainname(name.as_ptr().cast(), name.len()) } != 0 {
        return Err(Fault::new("setting the domain name", std::io::Error::last_os_error()));
    }
    Ok(())
}

/// In a user namespace that this process has made: its user and group are `id` in it, and there is no other.
fn be_only_user(id: u32, uid: u32, gid: u32) -> Outcome {
    let map = |file: &str, text: String| fs::write(file, text).map_err(|e| Fault::new(format!("writing {file}"), e));
    map("/proc/self/setgroups", "deny".to_owned())?;
    map("/proc/self/uid_map", format!("{id} {uid} 1"))?;
    map("/proc/self/gid_map", format!("{id} {gid} 1"))
}

impl Skeleton {
    /// Builds the slot's root and moves into it.
    pub(crate) fn enter(setup: &Setup) -> Outcome<Skeleton> {
        let [store, slot, base] =
            [&setup.store, &setup.slot, &setup.mountpoint].map(|p| Path::new(OsStr::from_bytes(p)));
        mount(NONE, "/", NONE, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NONE)
            .map_err(|e| Fault::new("making mounts private", e))?;
        tmpfs(base, "mode=0755,size=16m", MsFlags::empty())?;
        for name in ["ro", "rw", "fast", "fastro", "proc", "root"] {
            folder(base.join(name))?;
        }
        bind(store, &base.join("ro"), MsFlags::MS_REC)?;
        harden(&base.join("ro"), true)?;
        bind(slot, &base.join("rw"), MsFlags::MS_REC)?;
        harden(&base.join("rw"), false)?;
        let options = format!("mode=0755,size=50%,nr_inodes={}", 10 * limits::FAST_FILES);
        tmpfs(&base.join("fast"), &options, MsFlags::empty())?;
        bind(&base.join("fast"), &base.join("fastro"), MsFlags::empty())?;
        harden(&base.join("fastro"), true)?;
        bind(Path::new("/proc"), &base.join("proc"), MsFlags::MS_REC)?;
        let root = base.join("root");
        tmpfs(&root, "mode=0755,size=16m", MsFlags::empty())?;
        furnish(&root, &setup.inside)?;
        harden(&root, true)?;
        pivot(base)?;
        Ok(Skeleton { root: None, fast_bytes: setup.fast_bytes })
    }

    /// Puts the toolchain tree in its place, if another one is there.
    pub(crate) fn set_root(&mut self, wanted: Option<&(String, String)>) -> Outcome {
        if self.root.as_ref().map(|t| t.name.as_str()) == wanted.map(|w| w.0.as_str()) {
            return Ok(());
        }
        let root = Path::new("/root");
        harden(root, false)?;
        if let Some(old) = self.root.take() {
            old.unmake()?;
        }
        if let Some((name, path)) = wanted {
            let mut toolchain = Toolchain { name: name.clone(), made: Vec::new() };
            let tree = Path::new("/").join(path);
            let result = toolchain.graft(&tree, root, true).and_then(|()| toolchain.index(&tree, root));
            self.root = Some(toolchain);
            if let Err(fault) = result {
                // Half a toolchain must not be taken for the whole by the next action.
                if let Some(half) = self.root.take() {
                    half.unmake()?;
                }
                harden(root, true)?;
                return Err(fault);
            }
        }
        harden(root, true)
    }

    /// A descriptor of the scratch in memory, for the executor.
    pub(crate) fn fast(&self) -> Outcome<OwnedFd> {
        rustix::fs::open("/fast", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
            .map_err(|e| Fault::new("opening /fast", e))
    }

    /// Lies more in memory than may, or than `most`?
    pub(crate) fn is_too_big(&self, most: u64) -> bool {
        // An init may be at work in this memory, so this must not set `errno`.
        rustix::fs::statvfs(c"/fast").is_ok_and(|held| {
            let bytes = held.f_blocks.saturating_sub(held.f_bfree).saturating_mul(held.f_frsize);
            let files = held.f_files.saturating_sub(held.f_ffree);
            bytes > self.fast_bytes.min(most) || files > limits::FAST_FILES.min(most / limits::LEAST_FILE)
        })
    }
}

/// What an action adds to the root, ready for a process that may not allocate.
#[derive(Debug)]
pub(crate) struct Mounts {
    calls: Vec<Call>,
    work: CString,
    normalised: bool,
}

#[derive(Debug)]
struct Call {
    from: CString,
    at: CString,
    /// Options of an overlay; a bind mount has none.
    overlay: Option<CString>,
}

/// Where furnishing failed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum At {
    Mount(usize),
    Proc,
    Root,
    Work,
}

impl Mounts {
    /// The mounts of an action with this own folder and this working folder. `Err` says what cannot be named.
    pub(crate) fn new(own: &str, mounts: &[Mount], work: &str, normalised: bool) -> Result<Mounts, String> {
        let text = |text: String| CString::new(text).map_err(|e| format!("the path {e} has a NUL byte"));
        let bind =
            |from: String, at: String| Ok::<Call, String>(Call { from: text(from)?, at: text(at)?, overlay: None });
        let mut calls = vec![bind(format!("/{own}/w"), format!("/root/{work}"))?];
        for one in mounts {
            calls.push(match one {
                Mount::Bind { from, at } => bind(format!("/{from}"), format!("/root/{work}/{at}"))?,
                Mount::Overlay { lower, upper, work, at } => {
                    let options = format!("lowerdir=/{lower},upperdir=/{upper},workdir=/{work},userxattr");
                    Call { overlay: Some(text(options)?), ..bind("overlay".to_owned(), format!("/root/{work}/{at}"))? }
                }
            });
        }
        calls.push(bind(format!("/{own}/tmp"), "/root/tmp".to_owned())?);
        for (device, _) in limits::NOISE.iter().filter(|_| normalised) {
            calls.push(bind(format!("/ro/{}/{device}", limits::NOISE_FOLDER), format!("/root/dev/{device}"))?);
        }
        Ok(Mounts { calls, work: text(format!("/{work}"))?, normalised })
    }

    /// In an action's own mount namespace: its working folder, inputs, `/tmp` and `/proc`; then the move into it.
    /// Allocates nothing and sets no `errno`.
    pub(crate) fn furnish(&self) -> Result<(), (At, Errno)> {
        let hard = MountFlags::NOSUID | MountFlags::NODEV;
        for (index, call) in self.calls.iter().enumerate() {
            let (from, at) = (call.from.as_c_str(), call.at.as_c_str());
            let result = match &call.overlay {
                None => rustix::mount::mount_bind(from, at),
                Some(options) => rustix::mount::mount(from, at, c"overlay", hard, Some(options.as_c_str())),
            };
            result.map_err(|e| (At::Mount(index), e))?;
        }
        let flags = hard | MountFlags::NOEXEC | MountFlags::RDONLY;
        let options = self.normalised.then_some(c"subset=pid");
        let mut mounted = rustix::mount::mount(c"proc", c"/root/proc", c"proc", flags, options);
        if options.is_some() && mounted == Err(Errno::INVAL) {
            // Before Linux 5.8; the supervisor shows no more of it than the rest.
            mounted = rustix::mount::mount(c"proc", c"/root/proc", c"proc", flags, None::<&CStr>);
        }
        mounted.map_err(|e| (At::Proc, e))?;
        let root = |e| (At::Root, e);
        rustix::process::chdir(c"/root").map_err(root)?;
        rustix::process::pivot_root(c".", c".").map_err(root)?;
        rustix::mount::unmount(c".", UnmountFlags::DETACH).map_err(root)?;
        rustix::process::chdir(self.work.as_c_str()).map_err(|e| (At::Work, e))
    }

    /// What was tried there.
    pub(crate) fn words(&self, at: At) -> String {
        match at {
            At::Proc => "mounting /proc".to_owned(),
            At::Root => "moving into /root".to_owned(),
            At::Work => "entering the working folder".to_owned(),
            At::Mount(index) => match self.calls.get(index) {
                Some(Call { at, overlay: Some(_), .. }) => format!("mounting an overlay at {}", at.to_string_lossy()),
                Some(Call { at, from, .. }) => {
                    format!("mounting {} at {}", from.to_string_lossy(), at.to_string_lossy())
                }
                None => "mounting".to_owned(),
            },
        }
    }
}

fn tmpfs(at: &Path, options: &str, extra: MsFlags) -> Outcome {
    mount(Some("tmpfs"), at, Some("tmpfs"), MsFlags::MS_NOSUID | MsFlags::MS_NODEV | extra, Some(options))
        .map_err(|e| Fault::new(format!("mounting a tmpfs at {}", at.display()), e))
}

/// Makes `base` the root and lets go of everything else.
fn pivot(base: &Path) -> Outcome {
    let fault = |e| Fault::new(format!("moving into {}", base.display()), e);
    chdir(base).map_err(fault)?;
    pivot_root(".", ".").map_err(fault)?;
    umount2(".", MntFlags::MNT_DETACH).map_err(fault)?;
    chdir("/").map_err(fault)
}

/// The fixed part of an action's root.
fn furnish(root: &Path, inside: &Inside) -> Outcome {
    let fault = |what: &Path, e| Fault::new(format!("making {}", what.display()), e);
    for name in ["dev", "etc", "proc", "tmp"] {
        folder(root.join(name))?;
    }
    fs::DirBuilder::new().recursive(true).mode(0o755).create(root.join(inside.work())).map_err(|e| fault(root, e))?;
    for (name, text) in limits::ETC {
        let path = root.join("etc").join(name);
        // No other number in these texts is the user's.
        let text = text.replace(&limits::ID.to_string(), &inside.user.unwrap_or(limits::ID).to_string());
        fs::write(&path, text).map_err(|e| fault(&path, e))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).map_err(|e| fault(&path, e))?;
    }
    for name in limits::DEVICES {
        let path = root.join("dev").join(name);
        if inside.fixed_random && name.ends_with("random") {
            fs::write(&path, world::fixed_random()).map_err(|e| fault(&path, e))?;
            continue;
        }
        fs::write(&path, "").map_err(|e| fault(&path, e))?;
        bind(&Path::new("/dev").join(name), &path, MsFlags::empty())?;
    }
    for (name, target) in limits::DEVICE_LINKS {
        let path = root.join("dev").join(name);
        symlink(target, &path).map_err(|e| fault(&path, e))?;
    }
    Ok(())
}

impl Toolchain {
    /// Puts every entry of `from` into `to`. What the skeleton has itself (`etc`) is merged, its own files win.
    fn graft(&mut self, from: &Path, to: &Path, top: bool) -> Outcome {
        let fault = |what: &Path, e| Fault::new(format!("reading {}", what.display()), e);
        for entry in fs::read_dir(from).map_err(|e| fault(from, e))? {
            let entry = entry.map_err(|e| fault(from, e))?;
            let (source, target) = (entry.path(), to.join(entry.file_name()));
            let kind = entry.file_type().map_err(|e| fault(&source, e))?;
            if fs::symlink_metadata(&target).is_ok() {
                if top && entry.file_name() == "etc" && kind.is_dir() {
                    self.graft(&source, &target, false)?;
                }
                continue;
            }
            let making = |e| Fault::new(format!("making {}", target.display()), e);
            if kind.is_symlink() {
                symlink(fs::read_link(&source).map_err(making)?, &target).map_err(making)?;
                self.made.push(Made::File(target));
                continue;
            }
            if kind.is_dir() {
                folder(&target)?;
                self.made.push(Made::Folder(target.clone()));
            } else {
                fs::write(&target, "").map_err(making)?;
                self.made.push(Made::File(target.clone()));
            }
            bind(&source, &target, MsFlags::empty())?;
            self.made.push(Made::Mount(target));
        }
        Ok(())
    }

    /// Puts the loader's table of the toolchain's libraries beside it, unless it has one itself.
    fn index(&mut self, tree: &Path, root: &Path) -> Outcome {
        let path = root.join("etc").join(limits::LOADER_TABLE);
        if fs::symlink_metadata(&path).is_ok() {
            return Ok(());
        }
        let Some(table) = super::loader::table(tree) else { return Ok(()) };
        let fault = |e| Fault::new(format!("making {}", path.display()), e);
        fs::write(&path, table).map_err(fault)?;
        self.made.push(Made::File(path.clone()));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).map_err(fault)
    }

    fn unmake(mut self) -> Outcome {
        while let Some(made) = self.made.pop() {
            let (path, result) = match made {
                Made::Mount(path) => {
                    let result = umount2(&path, MntFlags::MNT_DETACH).map_err(std::io::Error::from);
                    (path, result)
                }
                Made::Folder(path) => {
                    let result = fs::remove_dir(&path);
                    (path, result)
                }
                Made::File(path) => {
                    let result = fs::remove_file(&path);
                    (path, result)
                }
            };
            result.map_err(|e| Fault::new(format!("removing {}", path.display()), e))?;
        }
        Ok(())
    }
}
