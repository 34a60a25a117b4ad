//! Which implementations stand behind the traits.

use gx_engine::sandbox::{LocalExecutor, SandboxOptions};
use gx_store::{ExecuteError, Executor, Store};
use std::sync::Arc;

/// Runs processes.
pub(crate) fn executor(store: &Store, jobs: usize) -> Result<Arc<dyn Executor>, ExecuteError> {
    Ok(Arc::new(LocalExecutor::start(store.clone(), jobs, SandboxOptions::of_this_program())?))
}
