//! How fast the engine is without processes. Run by hand:
//! `cargo test -p gx-engine --test it speed -- --ignored --nocapture`.

use crate::support::{FUNCTION, Planner, World};
use gx_engine::BuildOptions;
use gx_store::{Plan, Store};
use std::sync::Arc;
use std::time::Instant;

/// Cat-like actions: each reads its own source and the output of the one before in its row of ten.
fn plan(world: &World, n: usize, edited: usize) -> Arc<Plan> {
    let mut p = Planner::new(&world.store);
    let mut before = None;
    for i in 0..n {
        let text = if i == edited { format!("edited {i}") } else { format!("source {i}") };
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

#[test]
#[ignore = "measures; says nothing about right and wrong"]
fn speed() {
    let n = std::env::var("N").map_or(10_000, |n| n.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), FUNCTION).unwrap();
    let world = World::over(store, folder, 2);
    let options = || BuildOptions { workspace: "w".into(), ..BuildOptions::default() };
    let (clean, edited) = (plan(&world, n, usize::MAX), plan(&world, n, 5));
    let thorough = || BuildOptions { thorough: true, ..options() };
    for _ in 0..5 {
        let (start, cpu) = (Instant::now(), cpu_ms());
        world.build_with(&clean, thorough());
        println!("thorough: {:?}, CPU {} ms", start.elapsed(), cpu_ms() - cpu);
    }
    for (what, plan) in [
        ("clean", &clean),
        ("no-op", &clean),
        ("no-op", &clean),
        ("no-op", &clean),
        ("no-op", &clean),
        ("no-op", &clean),
        ("edit", &edited),
        ("back", &clean),
    ] {
        let (start, cpu) = (Instant::now(), cpu_ms());
        let (result, notices) = world.build_with(plan, options());
        let (took, cpu) = (start.elapsed(), cpu_ms() - cpu);
        println!("{what}: {n} actions in {took:?}, CPU {cpu} ms, {} notices, {:?}", notices.len(), result.counts);
    }
}

/// What the process used so far: says more than wall time on a busy machine.
fn cpu_ms() -> i64 {
    let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_SELF).unwrap();
    let ms = |t: nix::sys::time::TimeVal| t.tv_sec() * 1000 + t.tv_usec() / 1000;
    ms(usage.user_time()) + ms(usage.system_time())
}

#[test]
#[ignore = "measures; says nothing about right and wrong"]
fn memory() {
    let n = 100_000;
    let folder = tempfile::tempdir().unwrap();
    let world = World::over(Store::open(folder.path(), FUNCTION).unwrap(), folder, 2);
    let plan = plan(&world, n, usize::MAX);
    let before = peak_kib();
    let (notices, _) = crossbeam_channel::bounded(0);
    world.engine.build(plan, BuildOptions::default(), notices, &gx_store::Cancel::new()).unwrap();
    println!("{} bytes an action beside the plan, the database's buffers included", (peak_kib() - before) * 1024 / n);
}

fn peak_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
