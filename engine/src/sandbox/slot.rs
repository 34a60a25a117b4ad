//! A job slot, seen from the executor: its spawner, its scratch folder, its staging area.
//!
//! A spawner is started on first use and again after it was lost. This file does not know what is inside the
//! sandbox, nor how outcomes are made.

use super::area::Staging;
use super::disk::Disk;
use super::protocol::{Done, Order, Reply, Request, RunResult, SPAWNER_ARGUMENT, Setup, Stream, receive, send};
use super::{SandboxOptions, files, light, limits, probe};
use gx_store::{BlobId, Blobs, Cancel, ExecuteError, Object, Resource, ScratchDir, Store, StoreError};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use std::io::{IoSliceMut, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

/// A slot.
#[derive(Debug)]
pub(crate) struct Slot {
    /// Its scratch folder.
    pub(crate) folder: PathBuf,
    /// Its staging area; as old as the spawner, which holds the part in memory.
    pub(crate) staging: Option<Staging>,
    /// Counts its actions.
    number: u64,
    spawner: Option<Spawner>,
    light: Option<Light>,
    /// How many light commands in a row wanted another toolchain than the kept room has.
    missed: u32,
    /// Was a kept room refused once?
    no_light: bool,
    /// Removes the folder, last of all.
    _scratch: ScratchDir,
}

#[derive(Debug)]
struct Spawner {
    child: Child,
    socket: UnixStream,
    /// The same socket for whoever cancels.
    kills: Arc<Mutex<UnixStream>>,
    /// The slot's scratch in memory. It lies in the spawner's mount namespace; this descriptor is the way to it.
    fast: Arc<OwnedFd>,
}

/// A spawner that keeps its room, and the toolchain that is in it.
#[derive(Debug)]
struct Light {
    spawner: Spawner,
    root: Option<(String, String)>,
    normalised: bool,
}

/// A room's toolchain is changed (by making a new one) when so many commands in a row wanted another.
const PATIENCE: u32 = 16;

/// An action's own folder.
#[derive(Debug)]
pub(crate) struct Own {
    /// Its path here.
    pub(crate) path: PathBuf,
    /// Its path in the spawner's root.
    pub(crate) seen_as: String,
    /// Does it lie on the store's disk (and not in memory)?
    pub(crate) on_disk: bool,
    /// `path` goes through this descriptor: its number must not become another's while the path is in use.
    _fast: Option<Arc<OwnedFd>>,
}

/// What one run gave.
pub(crate) struct Ran {
    /// How it ended.
    pub(crate) done: Done,
    /// Standard output.
    pub(crate) stdout: Log,
    /// Standard error.
    pub(crate) stderr: Log,
}

impl Slot {
    /// A slot without a spawner.
    pub(crate) fn new(store: &Store, options: &SandboxOptions) -> Result<Slot, StoreError> {
        let scratch = store.new_scratch()?;
        let folder = match &options.world.placing.folder {
            Some(folder) => scratch.path().join(folder),
            None => scratch.path().to_owned(),
        };
        std::fs::create_dir_all(&folder).map_err(|e| StoreError::io("making", &folder, e))?;
        files::make_folder(&folder.join("root"))?;
        Ok(Slot {
            folder,
            staging: None,
            number: 0,
            spawner: None,
            light: None,
            missed: 0,
            no_light: false,
            _scratch: scratch,
        })
    }

    /// A number for the next action.
    pub(crate) fn next(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    /// Makes the own folder of the action with the last number, on disk or in memory (which needs a spawner).
    pub(crate) fn own(&self, on_disk: bool) -> Result<(Own, files::Cleanup), StoreError> {
        let name = format!("a{}", self.number);
        let own = match (&self.spawner, on_disk) {
            (Some(spawner), false) => Own {
                path: spawner.fast().join(&name),
                seen_as: format!("fast/{name}"),
                on_disk: false,
                _fast: Some(spawner.fast.clone()),
            },
            _ => Own { path: self.folder.join(&name), seen_as: format!("rw/{name}"), on_disk: true, _fast: None },
        };
        files::make_folder(&own.path)?;
        let cleanup = files::Cleanup::new(own.path.clone());
        for name in ["w", "tmp"] {
            files::make_folder(&own.path.join(name))?;
        }
        Ok((own, cleanup))
    }

    /// Starts the spawner, if there is none.
    pub(crate) fn ready(&mut self, store: &Store, options: &SandboxOptions) -> Result<(), ExecuteError> {
        if self.spawner.is_none() {
            self.staging = None;
            let disk = self.folder.join("in");
            files::remove(&disk)?;
            let spawner = Spawner::start(store, options, &self.folder, None)?;
            let base = super::stage::relative(store, &disk)?;
            self.staging = Some(Staging::new((disk, base), (spawner.fast().join("in"), "fastro/in".to_owned()))?);
            self.spawner = Some(spawner);
        }
        Ok(())
    }

    /// Is there a room that is kept, with this toolchain? Makes one, unless another toolchain is in use just now or the
    /// machine does not let us.
    pub(crate) fn ready_light(
        &mut self,
        store: &Store,
        options: &SandboxOptions,
        root: &Option<(String, String)>,
        normalised: bool,
    ) -> bool {
        let name = |root: &Option<(String, String)>| root.as_ref().map(|(name, _)| name.clone());
        match &self.light {
            Some(light) if name(&light.root) == name(root) && light.normalised == normalised => {
                self.missed = 0;
                return true;
            }
            _ if self.no_light => return false,
            Some(_) if self.missed < PATIENCE => {
                self.missed += 1;
                return false;
            }
            _ => self.missed = 0,
        }
        self.light = None;
        match Spawner::start(store, options, &self.folder, Some((root.clone(), normalised))) {
            Ok(spawner) => {
                self.light = Some(Light { spawner, root: root.clone(), normalised });
                true
            }
            // An own room for each command works everywhere, and says what is wrong where it does not.
            Err(_) => {
                self.no_light = true;
                false
            }
        }
    }

    /// The folder of the room that is kept. It is emptied, not removed.
    pub(crate) fn own_light(&self) -> Result<(Own, files::Cleanup), ExecuteError> {
        let Some(Light { spawner, .. }) = &self.light else { return Err(ExecuteError::Cancelled) };
        let path = spawner.fast().join("light");
        let cleanup = files::Cleanup::emptying(path.clone());
        let own = Own { path, seen_as: light::OWN.to_owned(), on_disk: false, _fast: Some(spawner.fast.clone()) };
        Ok((own, cleanup))
    }

    /// Gives up the room that is kept, because something may be left in it; for good, if the machine does not let
    /// commands into it.
    pub(crate) fn leave_light(&mut self, for_good: bool) {
        self.light = None;
        self.no_light |= for_good;
    }

    /// Runs an order to its end, or until its folder on disk is too large.
    pub(crate) fn run(
        &mut self,
        store: &Store,
        options: &SandboxOptions,
        order: Order,
        weighed: Option<Disk>,
        cancel: &Cancel,
    ) -> Result<Ran, ExecuteError> {
        let light = order.light;
        let spawner = if light {
            self.light.as_mut().map(|light| &mut light.spawner)
        } else {
            self.ready(store, options)?;
            self.spawner.as_mut()
        };
        let Some(spawner) = spawner else { return Err(ExecuteError::Cancelled) };
        spawner.run(order, options.log_bytes, weighed, cancel).map_err(|error| {
            // It is in an unknown state: the next action gets a new one.
            if light {
                self.light = None;
            } else {
                self.spawner = None;
            }
            ExecuteError::Sandbox {
                why: format!("the spawner process ended in the middle of an action: {error}"),
                hint: "if the machine ran out of memory, use fewer jobs (-j)".to_owned(),
            }
        })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // The spawner first: its namespaces hold mounts of the folder.
        self.spawner = None;
        self.light = None;
        let _ = files::remove(&self.folder);
    }
}

fn kill(socket: &Mutex<UnixStream>, number: u64) {
    let mut socket = socket.lock().unwrap_or_else(PoisonError::into_inner);
    // A spawner that is gone has nothing left to kill.
    let _ = send(&mut *socket, &Request::Kill(number));
}

/// Receives a descriptor, with the byte that carries it.
fn take_over(socket: &UnixStream) -> std::io::Result<OwnedFd> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    recvmsg(socket, &mut [IoSliceMut::new(&mut byte)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
    control
        .drain()
        .find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
            _ => None,
        })
        .ok_or_else(|| std::io::Error::other("it sent no descriptor"))
}

impl Spawner {
    /// The scratch in memory as a path of this process.
    fn fast(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.fast.as_raw_fd()))
    }

    /// `light` is the toolchain of the room it keeps, if it shall keep one, and whether for level `normalised`.
    fn start(
        store: &Store,
        options: &SandboxOptions,
        folder: &Path,
        light: Option<(Option<(String, String)>, bool)>,
    ) -> Result<Spawner, ExecuteError> {
        let failed = |error: std::io::Error| ExecuteError::Sandbox {
            why: format!("the spawner '{}' cannot be started: {error}", options.spawner.display()),
            hint: "it is gx itself, started again; is the file still there and executable?".to_owned(),
        };
        let (mine, its) = UnixStream::pair().map_err(failed)?;
        let mut command = Command::new(&options.spawner);
        command
            .arg(SPAWNER_ARGUMENT)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(OwnedFd::from(its)))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        options.world.around.lay_upon(&mut command);
        let mut child = command.spawn().map_err(failed)?;
        let mut socket = mine;
        let bytes = |path: &Path| std::path::absolute(path).map(|p| p.as_os_str().as_bytes().to_vec()).map_err(failed);
        let setup = Setup {
            store: bytes(store.directory())?,
            slot: bytes(folder)?,
            mountpoint: bytes(&folder.join("root"))?,
            fast_bytes: options.fast_bytes,
            light: light.is_some(),
            normalised: light.as_ref().is_some_and(|(_, normalised)| *normalised),
            root: light.and_then(|(root, _)| root),
            inside: options.world.inside.clone(),
        };
        let answer = send(&mut socket, &Request::Setup(setup)).and_then(|()| receive::<Reply>(&mut socket));
        let error = match answer {
            Ok(Reply::Ready) => {
                let kills = Arc::new(Mutex::new(socket.try_clone().map_err(failed)?));
                let fast = Arc::new(take_over(&socket).map_err(failed)?);
                return Ok(Spawner { child, socket, kills, fast });
            }
            Ok(Reply::Refused(fault)) => probe::refusal(&fault),
            Ok(_) => failed(std::io::Error::other("it does not speak our language")),
            Err(error) => failed(error),
        };
        let _ = child.kill();
        let _ = child.wait();
        Err(error)
    }

    fn run(&mut self, order: Order, limit: u64, mut weighed: Option<Disk>, cancel: &Cancel) -> std::io::Result<Ran> {
        let number = order.number;
        {
            let mut socket = self.kills.lock().unwrap_or_else(PoisonError::into_inner);
            send(&mut *socket, &Request::Run(Box::new(order)))?;
        }
        // Only now: a kill that overtakes its order would hit nothing.
        let kills = self.kills.clone();
        let guard = cancel.on_cancel(move || kill(&kills, number));
        let (mut stdout, mut stderr) = (Log::new(limit), Log::new(limit));
        let mut over = None;
        loop {
            if let Some(disk) = weighed.as_mut().filter(|_| over.is_none())
                && !is_heard(&self.socket, disk.wait())?
            {
                over = disk.exceeded();
                if over.is_some() {
                    kill(&self.kills, number);
                }
                continue;
            }
            match receive(&mut self.socket)? {
                Reply::Output(Stream::Stdout, bytes) => stdout.add(&bytes),
                Reply::Output(Stream::Stderr, bytes) => stderr.add(&bytes),
                Reply::Done(mut done) if done.number == number => {
                    drop(guard);
                    // It may have been cancelled meanwhile, or have ended by itself after all.
                    if let (Some(most), RunResult::Killed) = (over, &done.result)
                        && !cancel.is_cancelled()
                    {
                        done.result = RunResult::Exceeded(Resource::Disk, most);
                    }
                    return Ok(Ran { done: *done, stdout, stderr });
                }
                Reply::Done(_) | Reply::Ready | Reply::Refused(_) => {
                    return Err(std::io::Error::other("it does not speak our language"));
                }
            }
        }
    }
}

/// Waits for a message; false when none has come after so long.
fn is_heard(socket: &UnixStream, wait: std::time::Duration) -> std::io::Result<bool> {
    let wait = Timespec { tv_sec: wait.as_secs() as i64, tv_nsec: i64::from(wait.subsec_nanos()) };
    match poll(&mut [PollFd::new(socket, PollFlags::IN)], Some(&wait)) {
        Ok(found) => Ok(found > 0),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

impl Drop for Spawner {
    fn drop(&mut self) {
        let _ = self.socket.shutdown(std::net::Shutdown::Both);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a process wrote, up to a limit.
#[derive(Debug)]
pub(crate) struct Log {
    bytes: Vec<u8>,
    limit: u64,
    lost: u64,
}

impl Log {
    pub(crate) fn new(limit: u64) -> Log {
        Log { bytes: Vec::new(), limit, lost: 0 }
    }

    pub(crate) fn add(&mut self, bytes: &[u8]) {
        let room = self.limit.saturating_sub(self.bytes.len() as u64);
        let take = usize::try_from(room).unwrap_or(usize::MAX).min(bytes.len());
        self.bytes.extend(bytes.iter().take(take));
        self.lost += (bytes.len() - take) as u64;
    }

    /// As a blob, with a note where something is missing.
    pub(crate) fn keep(mut self, store: &Store, objects: &mut Vec<Object>) -> Result<BlobId, StoreError> {
        if self.lost > 0 {
            let note = format!("\n[gx: {} more bytes were written and are not kept]\n", self.lost);
            self.bytes.extend(note.as_bytes());
        }
        if self.bytes.len() as u64 > limits::INLINE_BYTES {
            return store.put_blob(&self.bytes);
        }
        let id = BlobId(store.function().digest(&self.bytes));
        objects.push(Object::Blob(id, self.bytes));
        Ok(id)
    }
}

/// A log is also where a process without a sandbox writes.
impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.add(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
