//! Levels: what cannot be held is refused, and what was made elsewhere at that level is taken.

use crate::support::{Planner, World};
use gx_engine::{ActionError, BuildOptions, Notice, reachable_level};
use gx_store::{
    ActionId, BlobId, Commit, Cost, Ending, ExecuteError, Level, Node, Object, Outcome, Outcomes, Plan, RelPath, Run,
    Work,
};
use std::collections::BTreeMap;
use std::sync::Arc;

fn plan(world: &World, level: Level) -> Arc<Plan> {
    let mut p = Planner::new(&world.store);
    let run = Run {
        arguments: vec!["all".to_owned()],
        environment: BTreeMap::new().into(),
        platform: BTreeMap::new(),
        level,
        loopback: false,
    };
    let id = p.add("x", "Run", Work::Run(run), vec![], vec![]);
    p.goal(id);
    p.done()
}

fn outcome(world: &World, action: ActionId, level: Level) -> Commit {
    let bytes = b"made elsewhere".to_vec();
    let blob = BlobId(world.store.function().digest(&bytes));
    let empty = BlobId(world.store.function().digest(b""));
    let outcome = Outcome {
        action,
        ending: Ending::Exit(0),
        outputs: vec![(RelPath::new("out/x").unwrap(), Node::File { blob, executable: false })],
        stdout: empty,
        stderr: empty,
        undeclared: vec![],
        level,
        executor: "elsewhere".into(),
        cost: Cost::default(),
    };
    Commit { outcome, objects: vec![Object::Blob(blob, bytes), Object::Blob(empty, vec![])] }
}

#[test]
fn what_cannot_be_held_is_refused_and_what_is_known_is_taken() {
    for level in Level::ALL.into_iter().filter(|level| *level > reachable_level()) {
        let world = World::new(1);
        let plan = plan(&world, level);
        let (result, notices) = world.build_with(&plan, BuildOptions::default());
        let failure = &result.failures[0];
        let refused = matches!(
            failure.error.as_deref(),
            Some(ActionError::Execute(ExecuteError::Level { wanted, reachable }))
                if *wanted == level && *reachable == reachable_level()
        );
        assert!(refused, "{failure:?}");
        assert!(world.fake.take_ran().is_empty(), "it ran all the same");

        let action = notices.iter().find_map(|notice| match notice {
            Notice::ActionStarted { action, .. } => Some(*action),
            _ => None,
        });
        let commit = outcome(&world, action.unwrap(), level);
        world.store.commit(&[commit]).unwrap();
        let result = world.build(&plan);
        assert!(result.succeeded() && result.counts.cached == 1, "{result:?}");
    }
}

#[test]
fn a_level_is_another_action() {
    let world = World::new(1);
    let ids: Vec<_> = Level::ALL.map(|level| *plan(&world, level).derivations.keys().next().unwrap()).into();
    for (index, id) in ids.iter().enumerate() {
        assert!(!ids[..index].contains(id));
    }
    // The fake executor says `sandboxed` of all that it runs: at another level that is a lie.
    assert!(world.build(&plan(&world, Level::Sandboxed)).succeeded());
    let result = world.build(&plan(&world, Level::None));
    let error = result.failures[0].error.as_ref().unwrap().to_string();
    assert!(error.contains("at another level"), "{error}");
}
