//! Fetching: bytes from outside whose hash was declared.
//!
//! Invariants: only bytes with the declared SHA-256 get into the store; everything else is deleted before this
//! returns; nothing is held in memory. This file does not know networks: a `Fetcher` does.

use crate::config::EngineConfig;
use gx_store::{
    BlobId, Blobs, Cancel, Commit, Cost, Ending, ExecuteError, Fetch, FetchError, HashFunction, Job, Level, Node,
    Object, Outcome, Store, StoreError, Surroundings,
};
use std::io::Read;
use std::path::Path;
use std::time::Instant;

/// Fetches one file.
pub(crate) fn fetch(
    config: &EngineConfig,
    surroundings: &Surroundings,
    job: &Job,
    wanted: &Fetch,
    cancel: &Cancel,
) -> Result<Commit, ExecuteError> {
    let started = Instant::now();
    let fetcher = config.fetchers.get(&wanted.fetcher);
    let fetcher = fetcher.ok_or_else(|| FetchError::UnknownFetcher(wanted.fetcher.clone()))?;
    let [output] = job.derivation.outputs.as_slice() else {
        return Err(bad_request(wanted, "it must declare exactly one output").into());
    };
    let scratch = config.store.scratch();
    std::fs::create_dir_all(&scratch).map_err(|e| StoreError::io("making", &scratch, e))?;
    // A folder of its own: a fetcher may leave helpers beside the file. It is gone when this returns.
    let folder = tempfile::Builder::new().prefix("fetch-").tempdir_in(&scratch);
    let folder = folder.map_err(|e| StoreError::io("making a folder in", &scratch, e))?;
    let file = folder.path().join("bytes");
    fetcher.fetch(wanted, surroundings, &file, cancel)?;
    if cancel.is_cancelled() {
        return Err(ExecuteError::Cancelled);
    }
    let found = sha256(&file)?;
    if !found.eq_ignore_ascii_case(&wanted.sha256) {
        let declared = wanted.sha256.clone();
        return Err(FetchError::WrongHash { what: describe(wanted), declared, found }.into());
    }
    let blob = config.store.put_file(&file, true)?;
    let outputs = vec![(output.path.clone(), Node::File { blob, executable: false })];
    Ok(success(&config.store, job, "fetch", outputs, started))
}

/// A success without a log.
pub(super) fn success(
    store: &Store,
    job: &Job,
    executor: &str,
    outputs: Vec<(gx_store::RelPath, Node)>,
    started: Instant,
) -> Commit {
    let nothing = BlobId(store.function().digest(b""));
    let wall_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    let outcome = Outcome {
        action: job.lowered.id,
        ending: Ending::Exit(0),
        outputs,
        stdout: nothing,
        stderr: nothing,
        undeclared: Vec::new(),
        level: Level::Sandboxed,
        executor: executor.to_owned(),
        cost: Cost { wall_us, ..Cost::default() },
    };
    Commit { outcome, objects: vec![Object::Blob(nothing, Vec::new())] }
}

fn sha256(file: &Path) -> Result<String, StoreError> {
    let io = |e| StoreError::io("reading", file, e);
    let mut reader = std::fs::File::open(file).map_err(io)?;
    let (mut hasher, mut buffer) = (HashFunction::Sha256.hasher(), vec![0; 1 << 16]);
    loop {
        let read = reader.read(&mut buffer).map_err(io)?;
        match buffer.get(..read) {
            Some(bytes) if read > 0 => hasher.update(bytes),
            _ => return Ok(hasher.finish().hex()),
        }
    }
}

fn bad_request(wanted: &Fetch, why: &str) -> FetchError {
    FetchError::BadRequest { what: describe(wanted), why: why.to_owned() }
}

/// What is fetched, for messages: the first URL, or name and version.
fn describe(wanted: &Fetch) -> String {
    let parameter = |name: &str| wanted.parameters.get(name).map(String::as_str);
    match (parameter("urls"), parameter("name"), parameter("version")) {
        (Some(urls), _, _) => urls.lines().next().unwrap_or_default().to_owned(),
        (None, Some(name), Some(version)) => format!("{} {name} {version}", wanted.fetcher),
        _ => wanted.fetcher.clone(),
    }
}
