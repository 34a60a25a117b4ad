//! The local executor: takes a job, a free slot, stages, runs, collects.
//!
//! Slots are made on first use, so that a build in which everything is cached starts no process; at most `slots`
//! jobs run at once, or as many as room was made for, further callers wait. Slots beyond the first are not kept.
//! A process that fails is an outcome; what could not be tried is an error. Invariant: an action's own folder is
//! gone when `execute` returns. This file does not know namespaces.

use super::collect::{Collected, collect};
use super::plain::{self, Plain};
use super::protocol::{Fault, Mount, Order, RunResult, Told};
use super::slot::{Log, Own, Ran, Slot};
use super::stage::{Staged, is_light, relative, stage, stage_copies};
use super::{SandboxOptions, bare, disk, files, limits, noise, probe};
use gx_store::{
    Cancel, Commit, Cost, Ending, ExecuteError, Executor, Job, Level, Outcome, RelPath, Run, Store, StoreError, Work,
};
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

/// Runs actions on this machine, sandboxed unless their level is `none`.
pub struct LocalExecutor {
    store: Store,
    options: SandboxOptions,
    pool: Mutex<Pool>,
    freed: Condvar,
    /// Does the kernel give us overlays? Believed until it refuses one.
    overlays: AtomicBool,
    /// First outputs of actions that wrote more than may lie in memory: next time they start on disk.
    large: Mutex<HashSet<Option<RelPath>>>,
    /// Programs that asked for more than a light command may: next time they start in a room of their own.
    heavy: Mutex<HashSet<String>>,
    /// Are the bytes of the devices of randomness there?
    noise: Mutex<bool>,
}

#[derive(Default)]
struct Pool {
    free: Vec<Slot>,
    /// Slots that may still be made.
    unmade: usize,
    /// How many there may be in all, and how many are kept when nobody uses them.
    most: usize,
    kept: usize,
}

impl std::fmt::Debug for LocalExecutor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalExecutor").field("store", &self.store).finish_non_exhaustive()
    }
}

/// A slot that goes back when dropped.
struct Borrowed<'a> {
    owner: &'a LocalExecutor,
    slot: Option<Slot>,
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        let mut pool = self.owner.pool.lock().unwrap_or_else(PoisonError::into_inner);
        let mut surplus = None;
        match self.slot.take() {
            Some(slot) if pool.free.len() < pool.kept => pool.free.push(slot),
            other => {
                pool.unmade += 1;
                surplus = other;
            }
        }
        drop(pool);
        // Its end takes a while.
        drop(surplus);
        self.owner.freed.notify_one();
    }
}

impl LocalExecutor {
    /// An executor of so many slots. Starts no process yet.
    pub fn start(store: Store, slots: usize, options: SandboxOptions) -> Result<LocalExecutor, ExecuteError> {
        let slots = slots.max(1);
        Ok(LocalExecutor {
            store,
            options,
            pool: Mutex::new(Pool { free: Vec::new(), unmade: slots, most: slots, kept: slots }),
            freed: Condvar::new(),
            overlays: AtomicBool::new(true),
            large: Mutex::default(),
            heavy: Mutex::default(),
            noise: Mutex::default(),
        })
    }

    /// Waits for a free slot.
    fn borrow(&self) -> Borrowed<'_> {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(slot) = pool.free.pop() {
                return Borrowed { owner: self, slot: Some(slot) };
            }
            if pool.unmade > 0 {
                pool.unmade -= 1;
                return Borrowed { owner: self, slot: None };
            }
            pool = self.freed.wait(pool).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn run(&self, run: &Run, job: &Job, cancel: &Cancel) -> Result<Commit, ExecuteError> {
        let mut borrowed = self.borrow();
        if cancel.is_cancelled() {
            return Err(ExecuteError::Cancelled);
        }
        let slot = match borrowed.slot.take() {
            Some(slot) => slot,
            None => Slot::new(&self.store, &self.options)?,
        };
        let slot = borrowed.slot.insert(slot);
        let root = match &job.root {
            // Without a sandbox the host's own programs run.
            Some(tree) if run.level != Level::None => {
                Some((tree.0.hex(), relative(&self.store, &self.store.materialise(tree)?)?))
            }
            _ => None,
        };
        let world = &self.options.world;
        let folder = format!("/{}", world.inside.work());
        let mut shell = run.level == Level::None;
        loop {
            let overlays = self.overlays.load(Ordering::Relaxed);
            let key = job.derivation.outputs.first().map(|output| output.path.clone());
            let on_disk = run.level == Level::None || world.placing.on_disk || self.large().contains(&key);
            let plain = if shell { None } else { plain::of(run, &folder) };
            let light = !on_disk && plain.as_ref().is_some_and(|plain| self.is_light(run, job, plain));
            let how = How { plain, overlays, on_disk, light, root: root.clone() };
            match self.run_in(slot, run, job, cancel, &how) {
                Err(Attempt::Heavy) if light => {
                    self.heavy().extend(how.plain.and_then(|plain| plain.arguments.into_iter().next()));
                }
                Err(Attempt::NoOverlay) if overlays => self.overlays.store(false, Ordering::Relaxed),
                Err(Attempt::Shell) if !shell => shell = true,
                Err(Attempt::NoRoom) if light => {}
                Err(Attempt::TooBig) if !on_disk => {
                    self.large().insert(key);
                }
                other => return other.map_err(Attempt::into_error),
            }
        }
    }

    /// Is it a command that a kept room is made for? Such a room is always of the usual world.
    fn is_light(&self, run: &Run, job: &Job, plain: &Plain) -> bool {
        let world = &self.options.world;
        let usual = world.inside.is_usual() && !world.placing.copies() && self.options.trace.is_none();
        usual
            && !run.loopback
            && run.level < Level::Strict
            && is_light(job)
            && plain.arguments.first().is_some_and(|program| !self.heavy().contains(program))
    }

    /// Sees that the bytes of the devices of randomness are there.
    fn noise(&self) -> Result<(), StoreError> {
        let mut ready = self.noise.lock().unwrap_or_else(PoisonError::into_inner);
        if !*ready {
            noise::ready(&self.store)?;
            *ready = true;
        }
        Ok(())
    }

    fn heavy(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.heavy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn large(&self) -> std::sync::MutexGuard<'_, HashSet<Option<RelPath>>> {
        self.large.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run_in(&self, slot: &mut Slot, run: &Run, job: &Job, cancel: &Cancel, how: &How) -> Result<Commit, Attempt> {
        let number = slot.next();
        if run.level == Level::None {
            let (own, cleanup) = slot.own(true)?;
            let staged = stage_copies(&self.store, job, &own, &self.options.world.placing)?;
            let ran = bare::run(run, job, &staged, &own, &self.options, cancel)?;
            let commit = self.finish(job, run.level, &staged.work, true, ran)?;
            cleanup.now()?;
            return Ok(commit);
        }
        let normalised = run.level >= Level::Normalised;
        if normalised {
            self.noise()?;
        }
        if how.light && slot.ready_light(&self.store, &self.options, &how.root, normalised) {
            let ran = self.run_light(slot, number, run, job, cancel, how);
            if ran.is_err() {
                // Whatever it left, nobody will find it.
                slot.leave_light(matches!(&ran, Err(Attempt::NoRoom)));
            }
            return ran;
        }
        slot.ready(&self.store, &self.options)?;
        let (own, cleanup) = slot.own(how.on_disk)?;
        let placing = &self.options.world.placing;
        let staging = slot.staging.as_mut().filter(|_| !placing.copies());
        let staged = match stage(&self.store, staging, job, &own, how.overlays, placing) {
            Ok(staged) => staged,
            Err(error) => {
                slot.staging.as_mut().map_or(Ok(()), super::area::Staging::reset)?;
                return Err(error.into());
            }
        };
        let order = self.order(number, run, job, (&own, &staged.mounts), how);
        let weighed = order.disk.filter(|_| own.on_disk).map(|most| disk::Disk::new(&own.path, most));
        let ran = slot.run(&self.store, &self.options, order, weighed, cancel)?;
        if let (Some(to), RunResult::Told(Told::Ran { .. })) = (&self.options.trace, &ran.done.result) {
            let from = own.path.join("trace");
            std::fs::copy(&from, to).map_err(|e| StoreError::io("reading", from, e))?;
        }
        if how.plain.is_some() && is_worded(&ran) {
            cleanup.now()?;
            return Err(Attempt::Shell);
        }
        self.conclude(run, job, staged, (own, cleanup), ran)
    }

    /// Runs a light command in the room that is kept.
    fn run_light(
        &self,
        slot: &mut Slot,
        number: u64,
        run: &Run,
        job: &Job,
        cancel: &Cancel,
        how: &How,
    ) -> Result<Commit, Attempt> {
        let (own, cleanup) = slot.own_light()?;
        let staged = stage(&self.store, None, job, &own, false, &self.options.world.placing)?;
        let order = self.order(number, run, job, (&own, &[]), how);
        let ran = slot.run(&self.store, &self.options, Order { light: true, ..order }, None, cancel)?;
        if matches!(&ran.done.result, RunResult::Told(Told::Ran { status, .. }) if *status == -libc::SIGSYS) {
            return Err(Attempt::Heavy);
        }
        if is_worded(&ran) {
            return Err(Attempt::Shell);
        }
        if matches!(&ran.done.result, RunResult::Told(Told::Fault(_))) {
            return Err(Attempt::NoRoom);
        }
        self.conclude(run, job, staged, (own, cleanup), ran)
    }

    /// The outcome of what ran; and nothing of it stays on the disk.
    fn conclude(
        &self,
        run: &Run,
        job: &Job,
        staged: Staged,
        (own, cleanup): (Own, files::Cleanup),
        ran: Ran,
    ) -> Result<Commit, Attempt> {
        let commit = self.finish(job, run.level, &staged.work, own.on_disk, ran)?;
        let outputs: Vec<PathBuf> = job.derivation.outputs.iter().map(|o| staged.work.join(&o.path)).collect();
        staged.sealed.iter().for_each(|folder| files::unseal(folder));
        cleanup.knowing(staged.files.iter().chain(&outputs).map(PathBuf::as_path), &staged.folders)?;
        Ok(commit)
    }

    fn order(&self, number: u64, run: &Run, job: &Job, (own, mounts): (&Own, &[Mount]), how: &How) -> Order {
        let order = Order {
            number,
            root: how.root.clone(),
            own: own.seen_as.clone(),
            work: self.options.world.inside.work().to_owned(),
            fixed_random: self.options.world.inside.fixed_random,
            mounts: mounts.to_vec(),
            traced: self.options.trace.is_some(),
            normalised: run.level >= Level::Normalised,
            // A process has one tracer, and who asks for its files does not ask for its bytes.
            strict: run.level >= Level::Strict && self.options.trace.is_none(),
            input_time_s: self.options.world.placing.time_s.unwrap_or(limits::INPUT_TIME_S),
            loopback: run.loopback,
            timeout_ms: job.timeout_ms,
            memory: job.allowance.memory.or(limits::usual_memory()),
            processes: job.allowance.processes.or(Some(limits::PROCESSES)),
            disk: disk::allowed(job.allowance.disk, own),
            ..Order::default()
        };
        match how.plain.clone() {
            Some(Plain { shell, programs, arguments, environment, redirections }) => {
                Order { programs, arguments, environment, spared: Some(shell), redirections, ..order }
            }
            None => Order {
                programs: programs(run),
                arguments: run.arguments.clone(),
                environment: run.environment.iter().map(|(name, value)| format!("{name}={value}")).collect(),
                ..order
            },
        }
    }

    /// Makes the outcome.
    fn finish(&self, job: &Job, level: Level, work: &Path, on_disk: bool, ran: Ran) -> Result<Commit, Attempt> {
        let mut cost = Cost { wall_us: ran.done.wall_us, ..Cost::default() };
        let ending = match ran.done.result {
            RunResult::Told(Told::Ran { status, user_us, system_us, max_rss_kib }) => {
                cost = Cost { user_us, system_us, max_rss_kib, ..cost };
                if status < 0 { Ending::Signal(-status) } else { Ending::Exit(status) }
            }
            RunResult::Told(Told::NotStarted(why)) => return Err(self.not_started(job, why).into()),
            RunResult::Told(Told::Fault(fault)) => return Err(self.faulty(&fault)),
            RunResult::Exceeded(resource, most) => Ending::Exceeded(resource, most),
            RunResult::TimedOut => Ending::TimedOut(job.timeout_ms.unwrap_or_default()),
            RunResult::TooBig => return Err(Attempt::TooBig),
            RunResult::Killed => return Err(ExecuteError::Cancelled.into()),
            RunResult::Vanished => Ending::Signal(libc::SIGKILL),
        };
        let mut collected = Collected::default();
        let mut ending = ending;
        if ending == Ending::Exit(0) {
            collected = collect(&self.store, job, work, on_disk)?;
            if let Some(why) = collected.bad.take() {
                ending = Ending::BadOutputs(why);
            }
        }
        let Collected { outputs, mut objects, undeclared, .. } = collected;
        let stdout = ran.stdout.keep(&self.store, &mut objects)?;
        let stderr = ran.stderr.keep(&self.store, &mut objects)?;
        let executor = "local".to_owned();
        let action = job.lowered.id;
        let outcome = Outcome { action, ending, outputs, stdout, stderr, undeclared, level, executor, cost };
        Ok(Commit { outcome, objects })
    }

    fn not_started(&self, job: &Job, why: String) -> ExecuteError {
        let program = match &job.derivation.work {
            Work::Run(run) => run.arguments.first().cloned().unwrap_or_default(),
            _ => String::new(),
        };
        ExecuteError::Spawn { program, why }
    }

    fn faulty(&self, fault: &Fault) -> Attempt {
        if fault.errno == libc::ENOSPC {
            return Attempt::Failed(StoreError::Full(self.store.directory().to_owned()).into());
        }
        if fault.step.starts_with("mounting an overlay") {
            return Attempt::NoOverlay;
        }
        Attempt::Failed(probe::refusal(fault))
    }
}

impl Executor for LocalExecutor {
    fn make_room(&self, jobs: usize) {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        let more = jobs.saturating_sub(pool.most);
        pool.unmade += more;
        pool.most += more;
        drop(pool);
        self.freed.notify_all();
    }

    fn execute(&self, job: &Job, cancel: &Cancel) -> Result<Commit, ExecuteError> {
        match &job.derivation.work {
            Work::Run(run) => self.run(run, job, cancel),
            _ => Err(ExecuteError::Spawn {
                program: job.derivation.kind().to_owned(),
                why: "the local executor runs processes only".to_owned(),
            }),
        }
    }
}

/// How one attempt is made.
struct How {
    /// The one program to start instead of a shell.
    plain: Option<Plain>,
    overlays: bool,
    on_disk: bool,
    /// In the room that is kept?
    light: bool,
    /// The toolchain tree: its name, and its folder as orders name it.
    root: Option<(String, String)>,
}

/// How a command that cannot be started or dies of a signal is worded, bash knows best.
fn is_worded(ran: &Ran) -> bool {
    match &ran.done.result {
        RunResult::Told(Told::NotStarted(_)) => true,
        RunResult::Told(Told::Ran { status, .. }) => *status < 0,
        _ => false,
    }
}

/// Why one attempt failed.
enum Attempt {
    Failed(ExecuteError),
    /// The shell that was spared has a word to say.
    Shell,
    /// It asked for more than a light command may.
    Heavy,
    /// The machine does not let commands into a room that is kept; one of its own is left.
    NoRoom,
    /// The kernel gives us no overlay; staging without one works.
    NoOverlay,
    /// It wrote more than may lie in memory; on disk there is room.
    TooBig,
}

impl Attempt {
    fn into_error(self) -> ExecuteError {
        match self {
            Attempt::Failed(error) => error,
            // Neither leaves the loop of attempts.
            Attempt::TooBig | Attempt::Shell | Attempt::Heavy | Attempt::NoRoom => ExecuteError::Cancelled,
            Attempt::NoOverlay => {
                probe::refusal(&Fault { step: "mounting an overlay".to_owned(), errno: libc::EINVAL })
            }
        }
    }
}

impl From<ExecuteError> for Attempt {
    fn from(error: ExecuteError) -> Attempt {
        Attempt::Failed(error)
    }
}

impl From<StoreError> for Attempt {
    fn from(error: StoreError) -> Attempt {
        Attempt::Failed(error.into())
    }
}

/// Paths at which the program may lie.
pub(crate) fn programs(run: &Run) -> Vec<String> {
    run.arguments.first().map_or_else(Vec::new, |program| search(program, &run.environment))
}

/// Paths at which a program may lie: as `execvp` would look, with the job's own `PATH`.
pub(crate) fn search(program: &str, environment: &BTreeMap<String, String>) -> Vec<String> {
    if program.contains('/') {
        return vec![program.to_owned()];
    }
    let path = environment.get("PATH").map_or("/usr/bin:/bin", String::as_str);
    path.split(':').filter(|folder| !folder.is_empty()).map(|folder| format!("{folder}/{program}")).collect()
}

/// A log from a file that a process wrote.
pub(crate) fn log_of(file: &mut std::fs::File, limit: u64) -> std::io::Result<Log> {
    use std::io::Seek;
    file.rewind()?;
    let mut log = Log::new(limit);
    std::io::copy(file, &mut log)?;
    Ok(log)
}
