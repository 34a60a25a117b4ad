//! Cancelling a build.

use crate::support::{Planner, World, story};
use crossbeam_channel::unbounded;
use gx_engine::{BuildOptions, BuildResult};
use gx_store::{Cancel, Plan};
use std::sync::Arc;

fn gated(world: &World, own: &str) -> Arc<Plan> {
    let mut p = Planner::new(&world.store);
    let shared = p.run("shared", "gate", vec![]);
    let own_id = p.run(own, "all", vec![("i", p.output(shared))]);
    p.goal(own_id);
    p.done()
}

#[test]
fn a_cancelled_build_ends_its_actions_and_keeps_nothing_half() {
    let world = World::new(2);
    let (told, started) = unbounded();
    *world.fake.started.lock().unwrap() = Some(told);
    let (plan, cancel) = (gated(&world, "user"), Cancel::new());
    let (sender, notices) = unbounded();
    let result = std::thread::scope(|scope| {
        let build = scope.spawn(|| world.engine.build(plan.clone(), BuildOptions::default(), sender, &cancel));
        started.recv().unwrap();
        cancel.cancel();
        build.join().unwrap().unwrap()
    });
    assert!(result.cancelled);
    assert_eq!((result.counts.skipped, result.counts.run), (2, 0));
    let notices: Vec<_> = notices.into_iter().collect();
    assert_eq!(story(&notices), "//:shared Skipped\n//:user Skipped");
    assert_eq!(world.fake.active.lock().unwrap().0, 0, "the executor was waited for");

    world.fake.open_gate();
    assert_eq!(world.build(&plan).counts.run, 2);
}

#[test]
fn what_somebody_else_waits_for_goes_on() {
    let world = World::new(2);
    let (told, started) = unbounded();
    *world.fake.started.lock().unwrap() = Some(told);
    let (first, second) = (gated(&world, "first"), gated(&world, "second"));
    let (stop_first, keep) = (Cancel::new(), Cancel::new());
    let build = |plan: &Arc<Plan>, cancel: &Cancel, notices| -> BuildResult {
        world.engine.build(plan.clone(), BuildOptions::default(), notices, cancel).unwrap()
    };
    let (first, second) = std::thread::scope(|scope| {
        let one = scope.spawn(|| build(&first, &stop_first, unbounded().0));
        started.recv().unwrap();
        let (sender, notices) = unbounded();
        let two = scope.spawn(|| build(&second, &keep, sender));
        // The second build joins the flight: it is told that the action has started.
        while !matches!(notices.recv().unwrap(), gx_engine::Notice::ActionStarted { .. }) {}
        stop_first.cancel();
        let one = one.join().unwrap();
        world.fake.open_gate();
        (one, two.join().unwrap())
    });
    assert!(first.cancelled && !second.cancelled);
    assert_eq!((first.counts.run, second.counts.run), (0, 2));
    assert_eq!(world.fake.take_ran(), ["Run //:second", "Run //:shared"]);
}

#[test]
fn a_build_that_is_cancelled_before_it_starts_runs_nothing() {
    let world = World::new(2);
    let cancel = Cancel::new();
    cancel.cancel();
    let plan = gated(&world, "user");
    let result = world.engine.build(plan, BuildOptions::default(), unbounded().0, &cancel).unwrap();
    assert!(result.cancelled && result.counts.run == 0);
}
