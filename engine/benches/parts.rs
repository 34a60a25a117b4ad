//! What the parts of the engine cost, without processes: `cargo bench -p gx-engine`. Times are printed, nothing is
//! judged. Plans and the executor that makes things up are those of the tests.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a bench ends when something is wrong"
)]
#![expect(dead_code, unreachable_pub, reason = "the tests' world has more than a bench needs")]

#[path = "../tests/it/faulty.rs"]
mod faulty;
#[path = "../tests/it/support.rs"]
mod support;

use criterion::Criterion;
use gx_engine::BuildOptions;
use gx_store::{Plan, Store};
use std::hint::black_box;
use std::sync::Arc;
use support::{FUNCTION, Planner, World};

/// Cat-like actions: each reads its own source and the output of the one before in its row of ten.
fn plan(world: &World, n: usize, edited: Option<usize>) -> Arc<Plan> {
    let mut p = Planner::new(&world.store);
    let mut before = None;
    for i in 0..n {
        let text = if Some(i) == edited { format!("edited {i}") } else { format!("source {i}") };
        let source = p.source(&text);
        let mut inputs = vec![("pkg/src.txt", source)];
        if let Some(id) = before.filter(|_| i % 10 != 0) {
            inputs.push(("out/before", p.output(id)));
        }
        let id = p.run(&format!("n{i}"), "head 30", inputs);
        before = Some(id);
        p.goal(id);
    }
    p.done()
}

fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), FUNCTION).unwrap();
    World::over(store, folder, 2)
}

fn graph(c: &mut Criterion) {
    let plan = plan(&world(), 10_000, None);
    c.bench_function("build the graph of 10,000 actions", |b| {
        b.iter(|| assert_eq!(gx_engine::inside::graph_size(black_box(&plan)), 10_000));
    });
}

fn builds(c: &mut Criterion) {
    let options = |thorough| BuildOptions { workspace: "w".into(), thorough, ..BuildOptions::default() };
    let mut group = c.benchmark_group("1,000 actions");
    group.sample_size(10);
    group.bench_function("clean", |b| {
        b.iter_batched(
            || {
                let world = world();
                let plan = plan(&world, 1000, None);
                (world, plan)
            },
            |(world, plan)| {
                world.build_with(&plan, options(false));
                world
            },
            criterion::BatchSize::PerIteration,
        );
    });
    let world = world();
    let plans = [plan(&world, 1000, None), plan(&world, 1000, Some(5))];
    world.build_with(&plans[0], options(false));
    group.bench_function("nothing changed", |b| b.iter(|| world.build_with(&plans[0], options(false))));
    group.bench_function("every outcome asked for", |b| b.iter(|| world.build_with(&plans[0], options(true))));
    let mut turn = 0;
    group.bench_function("one source, there and back", |b| {
        b.iter(|| {
            turn ^= 1;
            world.build_with(&plans[turn], options(false))
        });
    });
    group.finish();
}

fn plain(c: &mut Criterion) {
    let script = "set -e -o pipefail; ./out/tool --flag=x 'a b' pkg/in.txt < in > out/pkg/all";
    c.bench_function("read a plain command", |b| b.iter(|| assert!(gx_engine::inside::is_plain(black_box(script)))));
}

fn main() {
    let mut criterion = Criterion::default().sample_size(20).configure_from_args();
    graph(&mut criterion);
    plain(&mut criterion);
    builds(&mut criterion);
    memory();
    criterion.final_summary();
}

/// What an action costs in memory beside its plan: printed, as criterion measures times only.
fn memory() {
    let n = 100_000;
    // Only when everything is measured, or this by name.
    if std::env::args().skip(1).any(|argument| !argument.starts_with('-') && argument != "memory") {
        return;
    }
    let world = world();
    let plan = plan(&world, n, None);
    let before = peak_kib();
    let (notices, _) = crossbeam_channel::bounded(0);
    world.engine.build(plan, BuildOptions::default(), notices, &gx_store::Cancel::new()).unwrap();
    let bytes = (peak_kib() - before) * 1024 / n;
    println!("memory: {bytes} bytes an action beside the plan, the database's buffers included");
}

fn peak_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
