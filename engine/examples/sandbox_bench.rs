//! Measures the sandbox: actions a second through `LocalExecutor`, beside plain `posix_spawn` in the same run.
//!
//! `cargo run --release -p gx-engine --example sandbox_bench -- [ACTIONS] [SLOTS] [CASE]`;
//! with a case (0 is `posix_spawn`) only that one is run, twice, so that `time` tells its CPU. Needs a static busybox
//! at
//! `/bin/busybox`. Not measured: the engine around the executor, and the store's commit.

use gx_engine::sandbox::{LocalExecutor, SandboxOptions, spawner_main_if_asked};
use gx_store::action::{Resolved, lower};
use gx_store::{
    Allowance, Blobs, Cancel, Derivation, Ending, Executor, HashFunction, Job, Level, Node, Note, Output, OutputKind,
    RelPath, Run, Store, Trees, Work,
};
use std::collections::BTreeMap;
use std::error::Error;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result<()> {
    spawner_main_if_asked();
    let mut numbers = std::env::args().skip(1).filter_map(|argument| argument.parse::<usize>().ok());
    let actions = numbers.next().unwrap_or(4000);
    let slots = numbers.next().unwrap_or(2);
    let only = numbers.next();
    let folder = tempfile::tempdir()?;
    let store = Store::in_memory(&folder.path().join("store"), HashFunction::Blake3);
    let bin = folder.path().join("tools/bin");
    std::fs::create_dir_all(&bin)?;
    std::fs::copy("/bin/busybox", bin.join("busybox"))?;
    let tools = store.ingest_tree(&folder.path().join("tools"))?;
    let root = store.tree(&tools)?;
    let executor = LocalExecutor::start(store.clone(), slots, SandboxOptions::of_this_program())?;

    let job = |number: usize, inputs: usize, script: Option<&str>| -> Result<Job> {
        let mut arguments = vec!["/bin/busybox".to_owned()];
        match script {
            Some(script) => arguments.extend(["sh", "-c", script].map(str::to_owned)),
            None => arguments.push("true".to_owned()),
        }
        let outputs = script.map(|_| Output { path: path("out/pkg/out"), kind: OutputKind::File });
        let mut inputs: BTreeMap<RelPath, Node> = (0..inputs)
            .map(|n| Ok((path(&format!("pkg/in{n}.h")), file(&store, &format!("{n}"))?)))
            .collect::<Result<_>>()?;
        inputs.insert(path("pkg/in"), file(&store, &number.to_string())?);
        let work = Work::Run(Run {
            arguments,
            environment: BTreeMap::from([("PATH".to_owned(), "/bin".to_owned())]).into(),
            platform: BTreeMap::new(),
            level: Level::Sandboxed,
            loopback: false,
        });
        let derivation = Derivation {
            work,
            inputs: vec![],
            input_sets: vec![],
            roots: vec![],
            outputs: outputs.into_iter().collect(),
        };
        let lowered = lower(store.function(), &Resolved { derivation: &derivation, root: &root, inputs: &inputs })?;
        Ok(Job {
            lowered: Arc::new(lowered),
            derivation: Arc::new(derivation),
            note: Note::default(),
            inputs: Arc::new(inputs),
            root: Some(tools),
            timeout_ms: None,
            allowance: Allowance::default(),
        })
    };

    for round in 1..=2 {
        println!("round {round}: {actions} actions, {slots} at once");
        if only.is_none_or(|case| case == 0) {
            measure("posix_spawn of the same program", actions, slots, &|_| {
                let ended = Command::new("/bin/busybox").arg("true").stdin(Stdio::null()).status()?;
                if ended.success() { Ok(()) } else { Err("it failed".into()) }
            })?;
        }
        let cases = [
            ("true", 0, None),
            ("cat in > out", 0, Some("cat pkg/in > out/pkg/out")),
            ("the same with 200 more inputs", 200, Some("cat pkg/in > out/pkg/out")),
        ];
        for (case, (name, inputs, script)) in cases.into_iter().enumerate() {
            if only.is_some_and(|only| only != case + 1) {
                continue;
            }
            let jobs: Vec<Job> = (0..actions).map(|n| job(n, inputs, script)).collect::<Result<_>>()?;
            measure(name, actions, slots, &|n| {
                let job = jobs.get(n).ok_or("no such job")?;
                let commit = executor.execute(job, &Cancel::new())?;
                if commit.outcome.ending == Ending::Exit(0) { Ok(()) } else { Err(format!("{commit:?}").into()) }
            })?;
        }
    }
    Ok(())
}

fn path(text: &str) -> RelPath {
    RelPath::new(text).unwrap_or_default()
}

fn file(store: &Store, text: &str) -> Result<Node> {
    Ok(Node::File { blob: store.put_blob(text.as_bytes())?, executable: false })
}

fn measure(name: &str, actions: usize, threads: usize, run: &(dyn Fn(usize) -> Result<()> + Sync)) -> Result<()> {
    let next = AtomicUsize::new(0);
    let start = Instant::now();
    let results: Vec<Result<()>> = std::thread::scope(|scope| {
        let work = || {
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= actions {
                    return Ok(());
                }
                run(n)?;
            }
        };
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        handles.into_iter().map(|handle| handle.join().unwrap_or_else(|_| Err("a thread died".into()))).collect()
    });
    results.into_iter().collect::<Result<()>>()?;
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "  {name:35} {:7.0}/s  {:6.0} us each of {threads}",
        actions as f64 / seconds,
        seconds * 1e6 * threads as f64 / actions as f64
    );
    Ok(())
}
