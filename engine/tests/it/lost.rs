//! Outputs that were kept and are lost or corrupt are made again within the same build.

use crate::support::{FUNCTION, Planner, World, story};
use gx_engine::BuildOptions;
use gx_store::{BlobId, Node, Plan};
use std::sync::Arc;

/// source -> a -> b -> c, and a second user of a.
fn chain(world: &World, edit: &str) -> Arc<Plan> {
    let mut p = Planner::new(&world.store);
    let (source, other) = (p.source("text"), p.source(edit));
    let a = p.run("a", "all", vec![("s", source)]);
    let b = p.run("b", "all", vec![("a", p.output(a)), ("t", other.clone())]);
    let a_set = p.output(a);
    let set = p.set(vec![("a", a_set)], vec![]);
    let top = p.set(vec![], vec![set]);
    let b2 = p.run_with("b2", "all", vec![("t", other)], vec![top]);
    let c = p.run("c", "all", vec![("b", p.output(b)), ("b2", p.output(b2))]);
    p.goal(c);
    p.done()
}

fn blob_of(plan: &Plan, result: &gx_engine::BuildResult, owner: &str) -> BlobId {
    let (id, _) = plan.derivations.iter().find(|(_, planned)| &*planned.note.owner == owner).unwrap();
    match result.outcomes[id].outputs[0].1 {
        Node::File { blob, .. } => blob,
        _ => panic!("a file is expected"),
    }
}

#[test]
fn a_lost_input_is_made_again_also_when_it_is_remembered() {
    let world = World::new(2);
    let options = || BuildOptions { workspace: "w".into(), ..BuildOptions::default() };
    let plan = chain(&world, "1");
    let (first, _) = world.build_with(&plan, options());
    assert_eq!(first.counts.run, 4);
    world.lose(&blob_of(&plan, &first, "//:a"));
    let (result, notices) = world.build_with(&chain(&world, "2"), options());
    assert!(result.succeeded(), "{}", story(&notices));
    assert_eq!(result.counts.run, 4, "{}", story(&notices));
    let (result, _) = world.build_with(&chain(&world, "3"), options());
    assert_eq!((result.counts.run, result.counts.cached), (3, 1), "only `a` is as it was");
}

#[test]
fn a_lost_input_is_made_again_in_the_same_build() {
    let world = World::new(2);
    let plan = chain(&world, "1");
    let first = world.build(&plan);
    assert_eq!(first.counts.run, 4);
    world.lose(&blob_of(&plan, &first, "//:a"));
    // Nothing needs it: nothing is noticed.
    assert_eq!(world.build(&plan).counts.cached, 4);
    // Now b and b2 have to run.
    let (result, notices) = world.build_with(&chain(&world, "2"), BuildOptions::default());
    assert!(result.succeeded(), "{}", story(&notices));
    let story = story(&notices);
    assert!(story.contains("warning: OutputLost { owner: \"//:a\""), "{story}");
    assert_eq!(result.counts.run, 4, "{story}");
    assert_eq!(result.counts.run + result.counts.cached, result.counts.total);
}

#[test]
fn several_lost_steps_are_made_again_from_the_bottom() {
    let world = World::new(1);
    let plan = chain(&world, "1");
    let first = world.build(&plan);
    for owner in ["//:a", "//:b", "//:b2", "//:c"] {
        world.lose(&blob_of(&plan, &first, owner));
    }
    let (result, notices) = world.build_with(&plan, BuildOptions::default());
    assert!(result.succeeded(), "{}", story(&notices));
    assert_eq!(result.counts.run, 4, "{}", story(&notices));
    assert_eq!(world.build(&plan).counts.cached, 4);
}

#[test]
fn a_lost_goal_is_made_again() {
    let world = World::new(1);
    let plan = chain(&world, "1");
    let first = world.build(&plan);
    world.lose(&blob_of(&plan, &first, "//:c"));
    let (result, notices) = world.build_with(&plan, BuildOptions::default());
    assert_eq!((result.counts.run, result.counts.cached), (1, 3), "{}", story(&notices));
}

#[test]
fn a_lost_source_is_named() {
    let world = World::new(1);
    let plan = chain(&world, "1");
    world.lose(&BlobId(FUNCTION.digest(b"text")));
    let (result, _) = world.build_with(&plan, BuildOptions::default());
    let error = result.failures[0].error.clone().unwrap();
    insta::assert_snapshot!(error);
}
