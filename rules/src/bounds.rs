//! What evaluating one file, or running one rule, may take: stack, steps, memory; and the end of it when nobody
//! waits for the answer any more.
//!
//! Invariants: nothing that a BUILD or .bzl file says ends the process or goes on for ever. The bounds are the same on
//! every machine, so that a file is refused everywhere or nowhere. This file does not know what is evaluated.
//!
//! The evaluator recurses over values when it freezes, prints or hashes them: at most 16 bytes of stack for a byte of
//! heap (measured: 364 bytes for a tuple of 24, 493 for a dict of 40, 524 for a struct of 48, 161 for a list of 80).
//! So `STACK` is 16 times `HEAP`. It is address space; only what is used becomes memory.

use crate::bzl::load_error;
use crate::error::{LoadError, LoadErrorKind, Position};
use gx_store::Realise;
use rayon::{ThreadPool, ThreadPoolBuilder};
use starlark::eval::Evaluator;

/// Calls and turns of loops. The evaluator does ten to fifty million a second.
const STEPS: u64 = 200_000_000;
/// Bytes of values. A package of 300,000 genrules that a macro declares takes less.
const HEAP: usize = 256 << 20;
/// Stack of a thread that evaluates.
const STACK: usize = 16 * HEAP;
/// A machine that does not give the address space gets by with less.
pub(crate) const LEAST_STACK: usize = 64 << 20;

/// Threads on which files are evaluated.
pub(crate) struct Threads(Option<ThreadPool>);

impl Threads {
    pub(crate) fn start() -> Threads {
        let mut stack = STACK;
        loop {
            let pool = ThreadPoolBuilder::new().stack_size(stack).thread_name(|_| "load".to_owned()).build();
            match pool {
                Ok(pool) => return Threads(Some(pool)),
                Err(_) if stack > LEAST_STACK => stack /= 2,
                Err(_) => return Threads(None),
            }
        }
    }

    /// Does work that evaluates, and all that it does in parallel, on these threads.
    pub(crate) fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match &self.0 {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }
}

/// Evaluates within the bounds. What the heap has already does not count. `file` is where it all begins.
pub(crate) fn within<'v, 'a, 'e: 'a, T>(
    eval: &mut Evaluator<'v, 'a, 'e>,
    realise: &'a dyn Realise,
    file: &str,
    work: impl FnOnce(&mut Evaluator<'v, 'a, 'e>) -> starlark::Result<T>,
) -> Result<T, LoadError> {
    eval.set_check_cancelled(Box::new(|| realise.is_cancelled()));
    let heap = eval.heap().peak_allocated_bytes() + HEAP;
    // Refused only when they are set already.
    let _ = eval.set_max_tick_count(STEPS);
    let _ = eval.set_max_heap_size(heap);
    let answer = work(eval);
    answer.map_err(|error| {
        let ours = load_error(&error);
        let at = ours.at.clone().unwrap_or_else(|| Position { file: file.to_owned(), line: 0, column: 0 });
        let limit = |message: String| LoadError {
            at: Some(at),
            trace: ours.trace.clone(),
            ..LoadError::new(LoadErrorKind::Limit, message)
        };
        let values = eval.heap().peak_allocated_bytes() + eval.frozen_heap().allocated_bytes();
        if realise.is_cancelled() {
            limit("interrupted".to_owned())
        } else if eval.get_total_tick_count() > STEPS {
            limit(format!("evaluation did not end within {} million calls and turns of loops", STEPS / 1_000_000))
                .hint("is there a loop that goes on and on? What takes so long belongs into an action")
        } else if values > heap {
            limit(format!("evaluation takes more than {} MiB of memory", HEAP >> 20))
                .hint("is there a list or a text that grows and grows? Large contents belong into files")
        } else {
            ours
        }
    })
}
