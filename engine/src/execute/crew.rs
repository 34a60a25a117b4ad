//! The threads of the job slots: as many as any build has asked for.
//!
//! Invariant: they end when nobody can send them tasks any more. This file does not know what a task is.

use super::{Task, serve};
use crate::event::Event;
use crate::queue::{Receiver, Sender};
use std::thread::{Builder, JoinHandle};

/// All of them.
pub(crate) struct Crew {
    tasks: Receiver<Task>,
    events: Sender<Event>,
    threads: Vec<JoinHandle<()>>,
}

impl Crew {
    /// None yet.
    pub(crate) fn new(tasks: Receiver<Task>, events: Sender<Event>) -> Crew {
        Crew { tasks, events, threads: Vec::new() }
    }

    /// How many there are.
    pub(crate) fn size(&self) -> usize {
        self.threads.len()
    }

    /// Sees that there are so many.
    pub(crate) fn grow(&mut self, size: usize) -> std::io::Result<()> {
        while self.threads.len() < size {
            let (tasks, events) = (self.tasks.clone(), self.events.clone());
            let name = format!("gx-run-{}", self.threads.len());
            self.threads.push(Builder::new().name(name).spawn(move || serve(&tasks, &events))?);
        }
        Ok(())
    }

    /// Waits until they have ended. Nobody may be able to send them tasks any more.
    pub(crate) fn disband(self) {
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a thread of the engine panicked");
            }
        }
    }
}
