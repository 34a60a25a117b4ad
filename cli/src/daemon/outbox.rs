//! Events on their way to a client: gathered for a moment, so that a build of many small actions does not wake two
//! processes for each of them.
//!
//! Invariants: order is kept; the last event of an answer is not held back; a client that reads slowly holds those back
//! who put output here, so that nobody has to hold all that it asked for. This file does not know sockets.

use super::wire::{self, ToClient, WireError};
use crate::event::Event;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long events may gather before they are written: nobody sees a shorter delay, and each write wakes two processes.
const GATHER: Duration = Duration::from_millis(10);

/// Output waits while so many bytes are on their way.
const FULL: usize = 1 << 20;

/// Frames on their way to a client.
#[derive(Default)]
pub(super) struct Outbox {
    state: Mutex<Outgoing>,
    came: Condvar,
    /// Something was taken.
    went: Condvar,
}

#[derive(Default)]
struct Outgoing {
    bytes: Vec<u8>,
    /// The answer is whole: no waiting for more.
    urgent: bool,
    closed: bool,
}

impl Outbox {
    fn lock(&self) -> MutexGuard<'_, Outgoing> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an event, unless nobody wants it any more.
    pub(super) fn put(&self, event: Event) -> Result<(), WireError> {
        let last = matches!(event, Event::Done(_));
        let output = matches!(event, Event::Output(_));
        let frame = wire::frame(&ToClient::Event(event))?;
        let full = |state: &mut Outgoing| output && state.bytes.len() > FULL && !state.closed;
        let waited = self.went.wait_while(self.lock(), full);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        if state.closed {
            return Ok(());
        }
        let first = state.bytes.is_empty();
        state.bytes.extend_from_slice(&frame);
        let urgent = last || state.bytes.len() > 1 << 16;
        state.urgent |= urgent;
        drop(state);
        if first || urgent {
            self.came.notify_all();
        }
        Ok(())
    }

    /// There will be no more, or nobody reads them.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.came.notify_all();
        self.went.notify_all();
    }

    /// The next bytes to write; `None` at the end.
    pub(super) fn take(&self) -> Option<Vec<u8>> {
        let mut state = self.lock();
        while state.bytes.is_empty() && !state.closed {
            state = self.came.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let gathering = |state: &mut Outgoing| !state.urgent && !state.closed;
        let waited = self.came.wait_timeout_while(state, GATHER, gathering);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.urgent = false;
        let bytes = std::mem::take(&mut state.bytes);
        drop(state);
        self.went.notify_all();
        if bytes.is_empty() { None } else { Some(bytes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;
    use std::sync::Arc;

    #[test]
    fn all_events_come_out_in_order_and_then_the_end() {
        let outbox = Arc::new(Outbox::default());
        let events: Vec<Event> = (0..500).map(|n| Event::Phase(n.to_string())).chain([Event::Done(Exit::Ok)]).collect();
        let expected: Vec<u8> =
            events.iter().flat_map(|event| wire::frame(&ToClient::Event(event.clone())).unwrap()).collect();
        let writer = {
            let outbox = outbox.clone();
            std::thread::spawn(move || std::iter::from_fn(|| outbox.take()).flatten().collect::<Vec<u8>>())
        };
        events.into_iter().for_each(|event| outbox.put(event).unwrap());
        outbox.close();
        assert_eq!(writer.join().unwrap(), expected);
        outbox.put(Event::Done(Exit::Ok)).unwrap();
        assert_eq!(outbox.take(), None);
    }
}
