//! The threads that do the work: one for each job slot.
//!
//! Invariants: no action runs below the level that it asks for; a panic below an executor fails one action and nothing
//! else; what an action's key names goes into its commit, so that the key can be explained later. This file does not
//! know which action is next.

pub(crate) mod builtin;
mod crew;
mod dispatch;
pub(crate) mod fetch;

pub(crate) use crew::Crew;
pub(crate) use dispatch::Dispatch;

use crate::context::Context;
use crate::event::{Event, Executed};
use crate::level;
use crate::queue::{Receiver, Sender};
use gx_store::{ActionId, BlobId, Cancel, Commit, ExecuteError, Executor, Job, Lowered, Object, Outcomes, OutputKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// An action for a job slot.
pub(crate) struct Task {
    pub(crate) context: Arc<Context>,
    pub(crate) job: Arc<Job>,
    pub(crate) cancel: Cancel,
}

/// Runs tasks until there are no more.
pub(crate) fn serve(tasks: &Receiver<Task>, events: &Sender<Event>) {
    while let Some(Task { context, job, cancel }) = tasks.recv() {
        let action = job.lowered.id;
        let result = if cancel.is_cancelled() { Err(ExecuteError::Cancelled) } else { run(&context, &job, &cancel) };
        // The build must not be kept alive by the last thread that worked for it.
        drop((context, job));
        if events.send(Event::Executed { action, result }).is_err() {
            return;
        }
    }
}

fn run(context: &Context, job: &Job, cancel: &Cancel) -> Result<Executed, ExecuteError> {
    level::check(&job.derivation)?;
    let tried = catch_unwind(AssertUnwindSafe(|| context.executor.execute(job, cancel)));
    let mut commit = tried.unwrap_or_else(|panic| Err(internal(job, &panic_text(panic.as_ref()))))?;
    check(job, &commit)?;
    // So that whoever needs an output can start while the outcome becomes durable. When that fails nobody starts
    // early, and the commit says why.
    let visible = context.executor.store().prepare(&commit.objects).is_ok();
    let mut objects = key_objects(&job.lowered);
    objects.append(&mut commit.objects);
    commit.objects = objects;
    Ok(Executed { commit: Box::new(commit), visible })
}

/// What an executor owes: the outcome of this action at its level, and for a success exactly the declared outputs.
fn check(job: &Job, commit: &Commit) -> Result<(), ExecuteError> {
    let outcome = &commit.outcome;
    if outcome.action != job.lowered.id {
        return Err(internal(job, "the executor gave the outcome of another action"));
    }
    if !level::held(&job.derivation, outcome) {
        return Err(internal(job, "the executor ran it at another level than it asks for"));
    }
    let declared = job.derivation.outputs.iter().map(|output| &output.path);
    if outcome.succeeded() && !declared.eq(outcome.outputs.iter().map(|(path, _)| path)) {
        return Err(internal(job, "the executor gave other outputs than were declared"));
    }
    Ok(())
}

/// The command, the folders of the input root, and the action itself.
fn key_objects(lowered: &Lowered) -> Vec<Object> {
    let folders = lowered.directories.iter().map(|(id, bytes)| Object::Tree(*id, bytes.clone()));
    let command = Object::Blob(lowered.command_id, lowered.command.clone());
    let ActionId(digest) = lowered.id;
    let action = Object::Blob(BlobId(digest), lowered.action.clone());
    folders.chain([command, action]).collect()
}

fn internal(job: &Job, why: &str) -> ExecuteError {
    let program = job.derivation.kind();
    ExecuteError::Spawn { program: program.to_owned(), why: format!("gx is at fault: {why}") }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic without a message".to_owned())
}

/// Is this node what the output was declared to be?
pub(crate) fn is_of_kind(node: &gx_store::Node, kind: OutputKind) -> bool {
    matches!(node, gx_store::Node::Directory(_)) == (kind == OutputKind::Directory)
}
