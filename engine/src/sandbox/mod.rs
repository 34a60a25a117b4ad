//! The local sandbox: actions in namespaces that show them their declared inputs and nothing else.
//!
//! The parts, in the order in which an action meets them:
//! ```text
//! executor   a job, a free slot, an outcome                        (in the engine's process)
//! plain      a shell's command that needs no shell
//! stage      the working folder, what is mounted into it; area: folders that are kept for that
//! slot       a spawner and its socket; protocol: what they say
//! spawner    one small process per slot, in its own user and network namespace
//! mounts     the root that an action sees; loader: a file of it    (in the slot's processes)
//! watch      what an action writes, how long it may; usage: its processes and memory; disk: its files
//! supervise  level `normalised`: calls that are answered; oversight: how they get there; noise: randomness
//! light      a room that is kept, for small commands
//! child      the action's init; launch: the action itself; unstarted: why it is not there; seccomp, limits
//! collect    declared outputs as store objects                     (in the engine's process again)
//! bare       level `none`: no sandbox, asked for and recorded
//! world      what is unlike in the world of an audit; trace: which files are opened
//! probe      what this machine allows, and what to change; means: who holds the limits
//! ```
//! What an action sees: `docs` of hermeticity; the working folder and folders on the way to outputs can be
//! written, mounted inputs and toolchains cannot. Nothing outside this folder knows processes, namespaces, mounts
//! or seccomp; unsafe code lives here only.

mod area;
mod bare;
mod child;
mod collect;
mod disk;
mod executor;
mod files;
mod launch;
mod light;
mod limits;
mod loader;
mod means;
mod mounts;
mod noise;
mod oversight;
pub(crate) mod plain;
mod probe;
pub(crate) mod protocol;
mod seccomp;
mod slot;
mod spawner;
mod stage;
#[cfg(target_arch = "x86_64")]
mod strict;
#[cfg(not(target_arch = "x86_64"))]
#[path = "strict/absent.rs"]
mod strict;
mod supervise;
pub(crate) mod trace;
mod unstarted;
mod usage;
mod watch;
mod world;

pub use executor::LocalExecutor;
pub use means::{Means, means};
pub use probe::{Finding, Probe, probe};
pub use protocol::SPAWNER_ARGUMENT;
pub use spawner::spawner_main_if_asked;
pub use world::{Around, Inside, Placing, World};

use std::path::PathBuf;

/// Files of `/etc` that every action has.
pub(crate) fn fixed_etc() -> impl Iterator<Item = &'static str> {
    limits::ETC.iter().map(|(name, _)| *name).chain([limits::LOADER_TABLE])
}

/// How the executor works; nothing here changes what an action makes, but for a world that an audit asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxOptions {
    /// A program that calls `spawner_main_if_asked` first in its `main`: normally the running one.
    pub spawner: PathBuf,
    /// What a slot may hold in memory; an action that writes more is run again on disk.
    pub fast_bytes: u64,
    /// What is kept of each of standard output and standard error.
    pub log_bytes: u64,
    /// The usual one, but for audits.
    pub world: World,
    /// Where to write which files the action opened. One action at a time then, and a slow one.
    pub trace: Option<PathBuf>,
}

impl SandboxOptions {
    /// The usual options with this spawner.
    pub fn new(spawner: impl Into<PathBuf>) -> SandboxOptions {
        SandboxOptions {
            spawner: spawner.into(),
            fast_bytes: limits::FAST_BYTES,
            log_bytes: limits::LOG_BYTES,
            world: World::default(),
            trace: None,
        }
    }

    /// With the running program as spawner. The path stays right when the file is replaced meanwhile.
    pub fn of_this_program() -> SandboxOptions {
        SandboxOptions::new("/proc/self/exe")
    }
}
