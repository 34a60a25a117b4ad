//! The queues between the engine's threads: many senders, many receivers, no bound.
//!
//! Threads here wait for processes and disks, so a wait is long: a receiver sleeps at once, where the queues of
//! `crossbeam` first give up their turn several times, which costs a busy machine more than the message. Invariants:
//! what was sent is received once, in order; when the last sender is gone, receivers get what is left and then the
//! end. This file does not know what is sent.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

struct Shared<T> {
    state: Mutex<State<T>>,
    came: Condvar,
}

struct State<T> {
    waiting: VecDeque<T>,
    senders: usize,
    receivers: usize,
    /// Receivers that sleep.
    asleep: usize,
}

impl<T> Shared<T> {
    /// No state is ever left half changed, so a panic elsewhere does not matter.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end to send from.
pub(crate) struct Sender<T>(Arc<Shared<T>>);

/// The end to receive from.
pub(crate) struct Receiver<T>(Arc<Shared<T>>);

/// Nobody receives any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gone;

/// A new queue.
pub(crate) fn queue<T>() -> (Sender<T>, Receiver<T>) {
    let state = State { waiting: VecDeque::new(), senders: 1, receivers: 1, asleep: 0 };
    let shared = Arc::new(Shared { state: Mutex::new(state), came: Condvar::new() });
    (Sender(shared.clone()), Receiver(shared))
}

impl<T> Sender<T> {
    /// Sends, without waiting.
    pub(crate) fn send(&self, message: T) -> Result<(), Gone> {
        let mut state = self.0.lock();
        if state.receivers == 0 {
            return Err(Gone);
        }
        state.waiting.push_back(message);
        let wake = state.asleep > 0;
        drop(state);
        if wake {
            self.0.came.notify_one();
        }
        Ok(())
    }
}

impl<T> Receiver<T> {
    /// Waits for the next message; `None` when there will be no more.
    pub(crate) fn recv(&self) -> Option<T> {
        let mut state = self.0.lock();
        loop {
            if let Some(message) = state.waiting.pop_front() {
                return Some(message);
            }
            if state.senders == 0 {
                return None;
            }
            state.asleep += 1;
            state = self.0.came.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.asleep -= 1;
        }
    }

    /// The next message, if one is there.
    pub(crate) fn try_recv(&self) -> Option<T> {
        self.0.lock().waiting.pop_front()
    }

    /// At most so many messages that are there.
    pub(crate) fn take(&self, most: usize) -> Vec<T> {
        let mut state = self.0.lock();
        let count = most.min(state.waiting.len());
        state.waiting.drain(..count).collect()
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Sender<T> {
        self.0.lock().senders += 1;
        Sender(self.0.clone())
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Receiver<T> {
        self.0.lock().receivers += 1;
        Receiver(self.0.clone())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.senders -= 1;
        let last = state.senders == 0;
        drop(state);
        if last {
            self.0.came.notify_all();
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.receivers -= 1;
        // What nobody will receive may hold senders of its own: it is dropped outside the lock.
        let left = if state.receivers == 0 { std::mem::take(&mut state.waiting) } else { VecDeque::new() };
        drop(state);
        drop(left);
    }
}

impl<T> std::fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_arrives_once_and_then_the_end() {
        let (sender, receiver) = queue();
        let readers: Vec<_> = (0..4)
            .map(|_| {
                let receiver = receiver.clone();
                std::thread::spawn(move || std::iter::from_fn(|| receiver.recv()).collect::<Vec<u32>>())
            })
            .collect();
        let writers: Vec<_> = (0..4u32)
            .map(|w| {
                let sender = sender.clone();
                std::thread::spawn(move || (0..1000).for_each(|n| sender.send(w * 1000 + n).unwrap()))
            })
            .collect();
        drop(sender);
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        let mut all: Vec<u32> = readers.into_iter().flat_map(|reader| reader.join().unwrap()).collect();
        all.sort_unstable();
        assert_eq!(all, (0..4000).collect::<Vec<_>>());
        assert_eq!(receiver.recv(), None);
    }

    #[test]
    fn order_is_kept_and_nobody_there_is_said() {
        let (sender, receiver) = queue();
        (0..5).for_each(|n| sender.send(n).unwrap());
        assert_eq!((receiver.try_recv(), receiver.take(3), receiver.recv()), (Some(0), vec![1, 2, 3], Some(4)));
        assert_eq!(receiver.try_recv(), None);
        drop(receiver);
        assert_eq!(sender.send(9), Err(Gone));
    }
}
