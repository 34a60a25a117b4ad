//! A build in which nothing can have changed takes the shortcut, and only then.

use crate::support::{Planner, World};
use gx_engine::BuildOptions;
use gx_store::{Node, Outcomes, Plan};
use std::sync::Arc;

fn plan(world: &World, text: &str, second_goal: bool) -> Arc<Plan> {
    let mut p = Planner::new(&world.store);
    let source = p.source(text);
    let a = p.run("a", "head 9", vec![("s", source)]);
    let b = p.run("b", "all", vec![("a", p.output(a))]);
    p.goal(b);
    if second_goal {
        p.goal(a);
    }
    p.done()
}

#[test]
fn only_when_nothing_can_have_changed() {
    let world = World::new(1);
    let options = || BuildOptions { workspace: "w".into(), ..BuildOptions::default() };
    let was_short = |plan: &Arc<Plan>, options: BuildOptions| {
        let (result, notices) = world.build_with(plan, options);
        assert!(result.succeeded());
        let goals = plan.goals.iter().flat_map(|goal| &goal.outputs);
        assert!(goals.into_iter().all(|(id, path)| result.output(id, path).is_some()));
        notices.len() == 2 && result.counts.cached == 2
    };
    let first = plan(&world, "1", false);
    assert!(!was_short(&first, options()));
    assert!(was_short(&first, options()));
    assert!(was_short(&plan(&world, "1", false), options()), "a plan made anew");
    assert!(!was_short(&first, BuildOptions { thorough: true, ..options() }));
    assert!(!was_short(&first, BuildOptions { workspace: "other".into(), ..options() }));
    assert!(!was_short(&plan(&world, "1", true), options()), "other goals");
    assert!(!was_short(&plan(&world, "2", false), options()), "an edit");
    assert!(!was_short(&first, options()), "the edit taken back");
    assert!(was_short(&first, options()));
    let (result, _) = world.build_with(&first, options());
    let Node::File { blob, .. } = result.outcomes.values().next().unwrap().outputs[0].1 else { panic!() };
    world.lose(&blob);
    let (result, _) = world.build_with(&first, options());
    assert_eq!((result.counts.run, result.counts.cached), (1, 1), "the goal was lost");
    assert!(was_short(&first, options()));
}

#[test]
fn an_edit_looks_only_at_what_it_reaches() {
    let world = World::new(1);
    let options = || BuildOptions { workspace: "w".into(), ..BuildOptions::default() };
    let plan = |edit: &str| {
        let mut p = Planner::new(&world.store);
        let (still, edited) = (p.source("still"), p.source(edit));
        let a = p.run("a", "all", vec![("s", still)]);
        let b = p.run("b", "all", vec![("s", edited)]);
        p.goal(a);
        p.goal(b);
        (p.done(), a)
    };
    let (first, a) = plan("1");
    let (made, _) = world.build_with(&first, options());
    assert_eq!(made.counts.run, 2);
    // Behind the engine's back, and without a new epoch: whoever asks the store sees it.
    world.store.forget(&made.outcomes[&a].action).unwrap();
    let (result, _) = world.build_with(&plan("2").0, options());
    assert_eq!((result.counts.run, result.counts.cached), (1, 1), "nobody asks about what is as it was");
    assert_eq!(result.outcomes[&a], made.outcomes[&a]);
    let (result, _) = world.build_with(&plan("3").0, BuildOptions { thorough: true, ..options() });
    assert_eq!(result.counts.run, 2, "a thorough build asks about everything");
    // It ran again, so what was remembered of before is not believed any more.
    let (result, _) = world.build_with(&plan("4").0, options());
    assert_eq!((result.counts.run, result.counts.cached), (1, 1));
}
