//! Many builds at once, and the order of work.

use crate::support::{Planner, World};
use gx_engine::{BuildOptions, BuildResult, Counts, Engine, EngineConfig, Notice};
use gx_store::{Cancel, Plan};
use std::sync::Arc;

fn shared_plan(world: &World, script: &str, own: &str) -> Arc<Plan> {
    let mut p = Planner::new(&world.store);
    let mut inputs = vec![];
    let names: Vec<String> = (0..20).map(|i| format!("shared{i}")).collect();
    for name in &names {
        let id = p.run(name, script, vec![]);
        inputs.push((name.as_str(), p.output(id)));
    }
    let all = p.run(own, "all", inputs);
    p.goal(all);
    p.done()
}

#[test]
fn identical_actions_of_builds_at_once_run_once() {
    let world = World::new(3);
    let results: Vec<BuildResult> = std::thread::scope(|scope| {
        let builds: Vec<_> = (0..8)
            .map(|i| {
                let plan = shared_plan(&world, "gate", &format!("own{}", i % 4));
                let world = &world;
                scope.spawn(move || world.build(&plan))
            })
            .collect();
        world.fake.open_gate();
        builds.into_iter().map(|build| build.join().unwrap()).collect()
    });
    assert!(results.iter().all(BuildResult::succeeded));
    let runs: usize = results.iter().map(|r| r.counts.run).sum();
    assert_eq!(runs, 24, "{:?}", results.iter().map(|r| r.counts).collect::<Vec<_>>());
    let ran = world.fake.take_ran();
    assert_eq!(ran.len(), 24, "{ran:?}");
    assert!(results.iter().all(|r| r.counts.run + r.counts.cached == 21));
    assert!(world.fake.active.lock().unwrap().1 <= 3);
}

#[test]
fn two_derivations_of_one_build_with_one_action_run_once() {
    let world = World::new(2);
    let mut p = Planner::new(&world.store);
    // `one` and `two` differ only in a source that nothing but `head 0` sees.
    let (x, y) = (p.source("x"), p.source("y"));
    let one = p.run("cut", "head 0", vec![("s", x)]);
    let user = p.run("user", "gate", vec![("i", p.output(one))]);
    p.goal(user);
    let two = p.run("cut", "head 0", vec![("s", y)]);
    let user = p.run("user", "gate", vec![("i", p.output(two))]);
    p.goal(user);
    let plan = p.done();
    world.fake.open_gate();
    let result = world.build(&plan);
    assert_eq!(result.counts, Counts { total: 4, run: 3, cached: 1, ..Counts::default() });
}

#[test]
fn the_longest_path_goes_first_then_the_order_of_the_plan() {
    let world = World::new(1);
    let plan = |world: &World, salt: &str| {
        let mut p = Planner::new(&world.store);
        let short: Vec<_> = ["b", "a"].map(|name| p.run(name, &format!("all {salt}"), vec![])).into();
        let first = p.run("long1", &format!("all {salt}"), vec![]);
        let last = p.run("long2", "all", vec![("i", p.output(first))]);
        for id in short.into_iter().chain([last]) {
            p.goal(id);
        }
        p.done()
    };
    world.build(&plan(&world, "once"));
    world.fake.take_ran();
    world.build(&plan(&world, "again"));
    let ran = std::mem::take(&mut *world.fake.ran.lock().unwrap());
    assert_eq!(ran, ["Run //:long1", "Run //:b", "Run //:a", "Run //:long2"].map(str::to_owned));
}

#[test]
fn memory_is_packed_by_what_is_declared() {
    let folder = tempfile::tempdir().unwrap();
    let store = gx_store::Store::in_memory(folder.path(), crate::support::FUNCTION);
    let world = World::over(store.clone(), folder, 1);
    let config = EngineConfig { jobs: 4, memory_kib: Some(100), ..EngineConfig::new(store, world.fake.clone()) };
    let engine = Engine::start(config).unwrap();
    let mut p = Planner::new(&world.store);
    for i in 0..6 {
        let id = p.run(&format!("big{i}"), "gate", vec![]);
        Arc::make_mut(&mut p.plan.derivations).get_mut(&id).unwrap().note.memory_kib =
            Some(if i == 5 { 1000 } else { 50 });
        p.goal(id);
    }
    let plan = p.done();
    world.fake.open_gate();
    let (sender, notices) = crossbeam_channel::unbounded();
    let result = engine.build(plan, BuildOptions::default(), sender, &Cancel::new()).unwrap();
    assert!(result.succeeded());
    assert!(world.fake.active.lock().unwrap().1 <= 2);
    let notices: Vec<Notice> = notices.into_iter().collect();
    assert!(matches!(notices.first(), Some(Notice::BuildStarted { total: 6 })));
    assert!(matches!(notices.last(), Some(Notice::Finished { .. })));
}
