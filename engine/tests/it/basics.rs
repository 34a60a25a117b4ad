//! What the engine did: built, reused, cut off, failed, skipped.

use crate::support::{Planner, World, story};
use gx_engine::BuildOptions;
use gx_store::{Blobs, Plan};
use std::sync::Arc;

/// Two compiles and a link; `head` makes objects that know only the start of their source.
fn program(world: &World, a: &str, b: &str) -> Arc<Plan> {
    let mut p = Planner::new(&world.store);
    let (a, b) = (p.source(a), p.source(b));
    let a = p.run("a.o", "head 10", vec![("a.c", a)]);
    let b = p.run("b.o", "head 10", vec![("b.c", b)]);
    let inputs = vec![("out/a.o", p.output(a)), ("out/b.o", p.output(b))];
    let program = p.run("program", "all link", inputs);
    let size = p.run("size", "head 9", vec![("out/program", p.output(program))]);
    p.goal(program);
    p.goal(size);
    p.done()
}

#[test]
fn built_reused_and_cut_off() {
    let world = World::new(2);
    let mut told = String::new();
    let mut build = |title: &str, a: &str, b: &str| {
        let (_, notices) = world.build_with(&program(&world, a, b), BuildOptions::default());
        told += &format!("{title}\n{}\n\n", story(&notices));
    };
    build("a clean build", "int a;", "int b;");
    build("the same again", "int a;", "int b;");
    build("an edit in b behind what its object knows", "int a;", "int b; // and a comment");
    build("an edit in a behind what its object knows", "int a; // and a comment", "int b; // and a comment");
    build("an edit in a that matters", "long a;", "int b; // and a comment");
    build("everything as it was at first", "int a;", "int b;");
    insta::assert_snapshot!(told);
}

#[test]
fn a_failure_stops_the_build_and_is_remembered() {
    let world = World::new(1);
    let mut p = Planner::new(&world.store);
    let bad = p.run("bad", "fail", vec![]);
    let user = p.run("user", "all", vec![("bad", p.output(bad))]);
    let other = p.run("other", "all", vec![]);
    for id in [user, other] {
        p.goal(id);
    }
    let plan = p.done();
    let keep_going = BuildOptions { keep_going: true, ..BuildOptions::default() };
    let (result, notices) = world.build_with(&plan, keep_going.clone());
    insta::assert_snapshot!("failure", story(&notices));
    assert!(!result.succeeded());
    let log = world.store.blob(&result.failures[0].outcome.as_ref().unwrap().stdout).unwrap();
    assert_eq!(log, b"log of //:bad\n");
    assert_eq!(world.fake.take_ran(), ["Run //:bad", "Run //:other"]);

    let (result, notices) = world.build_with(&plan, keep_going.clone());
    insta::assert_snapshot!("failure_remembered", story(&notices));
    assert!(result.failures[0].remembered);
    assert!(world.fake.take_ran().is_empty());

    world.build_with(&plan, BuildOptions { retry: true, ..keep_going });
    assert_eq!(world.fake.take_ran(), ["Run //:bad"]);
    let (result, _) = world.build_with(&plan, BuildOptions::default());
    assert_eq!((result.counts.failed, result.counts.total), (1, 3));
}

#[test]
fn what_cannot_be_tried_is_a_failure_and_not_remembered() {
    let world = World::new(2);
    for (name, script) in [("a", "unable"), ("b", "panic")] {
        let mut p = Planner::new(&world.store);
        let id = p.run(name, script, vec![]);
        p.goal(id);
        let plan = p.done();
        let (_, notices) = world.build_with(&plan, BuildOptions::default());
        insta::assert_snapshot!(format!("cannot_{script}"), story(&notices));
        world.build(&plan);
        assert_eq!(world.fake.take_ran().len(), 2);
    }
}
