//! Large graphs: nothing recurses, nothing is quadratic.

use crate::support::{Planner, World};
use gx_engine::{BuildOptions, EngineError};
use gx_store::{Cancel, DerivationId, Plan, Source};
use std::sync::Arc;

fn chain(world: &World, n: usize) -> Arc<Plan> {
    let mut p = Planner::new(&world.store);
    let mut last: Option<DerivationId> = None;
    for i in 0..n {
        let inputs = last.map(|id| ("in", p.output(id))).into_iter().collect();
        last = Some(p.run(&format!("n{i}"), "head 0", inputs));
    }
    p.goal(last.unwrap());
    p.done()
}

#[test]
fn a_chain_and_a_wide_graph_of_many_actions() {
    let n = 30_000;
    let world = World::new(2);
    let mut p = Planner::new(&world.store);
    for i in 0..n {
        let id = p.run(&format!("wide{i}"), "head 0", vec![]);
        p.goal(id);
    }
    let wide = p.done();
    for plan in [chain(&world, n), wide] {
        let result = world.build(&plan);
        assert_eq!(result.counts.run, n);
        let again = world.build(&plan);
        assert_eq!(again.counts.cached, n);
        println!("{n} actions: built in {:?}, known in {:?}", result.took, again.took);
    }
}

#[test]
fn sets_that_nest_as_deep_as_the_graph_cost_no_square_of_edges() {
    let world = World::new(2);
    let mut p = Planner::new(&world.store);
    let mut sets = vec![];
    for i in 0..20_000 {
        let source = p.source("x");
        let input = (format!("s{i}"), source);
        sets = vec![p.set(vec![(&input.0, input.1)], sets)];
    }
    let id = p.run_with("all", "head 9", vec![], sets);
    p.goal(id);
    assert_eq!(world.build(&p.done()).counts.run, 1);
}

#[test]
fn what_cannot_be_built_is_said_before_anything_runs() {
    let world = World::new(1);
    let build = |plan: Arc<Plan>| -> EngineError {
        let notices = crossbeam_channel::unbounded().0;
        world.engine.build(plan, BuildOptions::default(), notices, &Cancel::new()).unwrap_err()
    };
    // Real ids cannot be in a circle; whoever makes plans wrongly gets told all the same.
    let mut p = Planner::new(&world.store);
    let a = p.run("a", "all", vec![]);
    let b = p.run("b", "all", vec![("a", p.output(a))]);
    let b_output = p.output(b);
    let mut circle = p.plan.derivations[&a].clone();
    let mut derivation = (*circle.derivation).clone();
    derivation.inputs.push(gx_store::Input { path: crate::support::path("b"), source: b_output });
    circle.derivation = Arc::new(derivation);
    Arc::make_mut(&mut p.plan.derivations).insert(a, circle);
    p.goal(b);
    insta::assert_snapshot!("circle", build(p.done()));

    let mut p = Planner::new(&world.store);
    let a = p.run("a", "all", vec![]);
    let gone = p.output(a);
    let b = p.run("b", "all", vec![("a", gone)]);
    Arc::make_mut(&mut p.plan.derivations).remove(&a);
    p.goal(b);
    assert!(matches!(build(p.done()), EngineError::MissingDerivation { .. }));

    let mut p = Planner::new(&world.store);
    let a = p.run("a", "all", vec![]);
    let source = Source::Output { derivation: a, path: crate::support::path("out/other") };
    let b = p.run("b", "all", vec![("a", source)]);
    p.goal(b);
    insta::assert_snapshot!("no_such_output", build(p.done()));
    assert!(world.fake.take_ran().is_empty());
}

#[test]
fn two_inputs_at_one_path_are_named() {
    let world = World::new(1);
    let mut p = Planner::new(&world.store);
    let a = p.run("a", "all 1", vec![]);
    let source = p.source("x");
    let set = p.set(vec![("same", source)], vec![]);
    let b = p.run_with("b", "all", vec![("same", p.output(a))], vec![set]);
    p.goal(b);
    let (_, notices) = world.build_with(&p.done(), BuildOptions::default());
    insta::assert_snapshot!(crate::support::story(&notices));
}
