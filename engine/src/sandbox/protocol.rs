//! What the executor and a spawner say to each other over a socket: a length and a `bincode` message.
//!
//! Both ends are the same program of the same build, so there is no version. Paths in orders are those of the
//! slot's own root (`mounts.rs`): `ro/..` the store, `fastro/..` the staging area in memory, both read-only; `rw/..`
//! and `fast/..` the slot's scratch on disk and in memory.
//! This file does not know what is done with a message.

use super::world::Inside;
use gx_store::Resource;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::{Error, ErrorKind, Read, Result, Write};

/// The hidden first argument that makes a program a spawner.
pub const SPAWNER_ARGUMENT: &str = "__gx-spawner";

/// No message is longer: an order holds at most a few megabytes of arguments and mounts.
const LONGEST: u32 = 256 << 20;

/// To the spawner.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    /// First and once: make the slot.
    Setup(Setup),
    /// Run an action.
    Run(Box<Order>),
    /// Kill the action of this number, if it still runs.
    Kill(u64),
}

/// From the spawner.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Reply {
    /// The slot is made. One byte follows, which carries a descriptor of its scratch in memory.
    Ready,
    /// The slot cannot be made.
    Refused(Fault),
    /// Output of the action that runs.
    Output(Stream, Vec<u8>),
    /// The action is over, and nothing of it is alive.
    Done(Box<Done>),
}

/// One of the two outputs of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// What a slot needs to know. Paths as bytes, because a store may lie at a path that is not text.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Setup {
    /// The store's folder, absolute.
    pub(crate) store: Vec<u8>,
    /// The slot's scratch folder, absolute, below the store.
    pub(crate) slot: Vec<u8>,
    /// An empty folder to mount the slot's root on.
    pub(crate) mountpoint: Vec<u8>,
    /// What may lie in the slot's scratch in memory; an action that needs more is run again on disk.
    pub(crate) fast_bytes: u64,
    /// Will it run light commands, in a room that is kept, or any action, each in namespaces of its own?
    pub(crate) light: bool,
    /// Is the room that is kept for actions at level `normalised`?
    pub(crate) normalised: bool,
    /// The toolchain tree to start with, as in an order. A room that is kept stays with it.
    pub(crate) root: Option<(String, String)>,
    /// What is unlike in it.
    pub(crate) inside: Inside,
}

/// An action to run.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Order {
    /// Counts up, so that a late kill hits nobody else.
    pub(crate) number: u64,
    /// The toolchain tree: a name that says whether it changed, and its folder.
    pub(crate) root: Option<(String, String)>,
    /// The action's own folder: its `w` becomes the working folder, its `tmp` becomes `/tmp`.
    pub(crate) own: String,
    /// The working folder, relative to the action's root.
    pub(crate) work: String,
    /// Does `getrandom` not exist?
    pub(crate) fixed_random: bool,
    /// What is mounted below the working folder, parents first.
    pub(crate) mounts: Vec<Mount>,
    /// Paths at which to look for the program, in order.
    pub(crate) programs: Vec<String>,
    /// The arguments, the program's name first.
    pub(crate) arguments: Vec<String>,
    /// `NAME=value`.
    pub(crate) environment: Vec<String>,
    /// Is it a light command, for a spawner that keeps its room?
    pub(crate) light: bool,
    /// For a plain command: the shell that is spared. It must be there, and the program learns its own path as `_`.
    pub(crate) spared: Option<String>,
    /// Files at standard input and standard output, relative to the working folder.
    pub(crate) redirections: [Option<String>; 2],
    /// Shall the files that it opens be written to `trace` in its own folder?
    pub(crate) traced: bool,
    /// Is it at level `normalised`?
    pub(crate) normalised: bool,
    /// Is it at level `strict`, which is more?
    pub(crate) strict: bool,
    /// By which an input is known, in seconds since 1970.
    pub(crate) input_time_s: i64,
    /// Is `lo` up?
    pub(crate) loopback: bool,
    /// Longest run.
    pub(crate) timeout_ms: Option<u64>,
    /// Memory that it may use, in bytes.
    pub(crate) memory: Option<u64>,
    /// Processes and threads that it may have at once.
    pub(crate) processes: Option<u64>,
    /// What it may write, in bytes.
    pub(crate) disk: Option<u64>,
}

/// A mount below `/w`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Mount {
    /// A file or folder, read-only.
    Bind {
        /// Below `ro` or `fastro`.
        from: String,
        /// Relative to `/w`.
        at: String,
    },
    /// A folder seen through a writable one.
    Overlay {
        /// Below `ro` or `fastro`.
        lower: String,
        /// Below `rw` or `fast`.
        upper: String,
        /// Beside it, empty, for the kernel.
        work: String,
        /// Relative to `/w`.
        at: String,
    },
}

/// How a run ended, and what it cost.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Done {
    /// Of which order.
    pub(crate) number: u64,
    /// How.
    pub(crate) result: RunResult,
    /// Wall time.
    pub(crate) wall_us: u64,
}

/// How a run ended.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum RunResult {
    /// The init process told what became of the action.
    Told(Told),
    /// It took too long and was killed.
    TimedOut,
    /// It used more than so much, and was killed.
    Exceeded(Resource, u64),
    /// It wrote more into memory than it may, and was killed to be run again on disk.
    TooBig,
    /// It was killed because the executor asked.
    Killed,
    /// The init process died without a word (the kernel ran out of memory, for instance).
    Vanished,
}

/// What the init process of an action's namespaces tells before it ends.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Told {
    /// The program ran.
    Ran {
        /// Exit code, or the negated number of the signal.
        status: i32,
        /// User CPU time.
        user_us: u64,
        /// System CPU time.
        system_us: u64,
        /// Largest resident set.
        max_rss_kib: u64,
    },
    /// The sandbox could not be made.
    Fault(Fault),
    /// The program could not be started.
    NotStarted(String),
}

/// A step that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fault {
    /// What was tried.
    pub(crate) step: String,
    /// What the kernel said.
    pub(crate) errno: i32,
}

impl Fault {
    /// A failed step.
    pub(crate) fn new(step: impl Into<String>, error: impl Into<Error>) -> Fault {
        Fault { step: step.into(), errno: error.into().raw_os_error().unwrap_or(libc::EIO) }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.step, Error::from_raw_os_error(self.errno))
    }
}

/// Sends a message.
pub(crate) fn send<T: Serialize>(to: &mut impl Write, message: &T) -> Result<()> {
    let mut bytes = vec![0; 4];
    bincode::serde::encode_into_std_write(message, &mut bytes, bincode::config::standard()).map_err(Error::other)?;
    let length = u32::try_from(bytes.len().saturating_sub(4)).ok().filter(|length| *length <= LONGEST);
    let length = length.ok_or_else(|| Error::new(ErrorKind::InvalidInput, "a message is too long"))?;
    if let Some(head) = bytes.first_chunk_mut::<4>() {
        *head = length.to_le_bytes();
    }
    to.write_all(&bytes)
}

/// Receives a message; an end of the stream is `UnexpectedEof`.
pub(crate) fn receive<T: DeserializeOwned>(from: &mut impl Read) -> Result<T> {
    let mut head = [0; 4];
    from.read_exact(&mut head)?;
    let length = u32::from_le_bytes(head);
    if length > LONGEST {
        return Err(Error::new(ErrorKind::InvalidData, "a message is too long"));
    }
    // Neither length is believed: what is not there takes no memory.
    let mut bytes = Vec::new();
    from.take(length.into()).read_to_end(&mut bytes)?;
    if bytes.len() != length as usize {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    let honest = bincode::config::standard().with_limit::<{ LONGEST as usize }>();
    let (message, _) = bincode::serde::decode_from_slice(&bytes, honest).map_err(Error::other)?;
    Ok(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_through_whole() {
        let mut wire = Vec::new();
        send(&mut wire, &Reply::Output(Stream::Stderr, vec![1, 2, 3])).unwrap();
        send(&mut wire, &Request::Kill(7)).unwrap();
        let mut wire = wire.as_slice();
        assert!(matches!(receive(&mut wire).unwrap(), Reply::Output(Stream::Stderr, bytes) if bytes == [1, 2, 3]));
        assert!(matches!(receive(&mut wire).unwrap(), Request::Kill(7)));
        assert_eq!(receive::<Request>(&mut wire).unwrap_err().kind(), ErrorKind::UnexpectedEof);
    }
}
