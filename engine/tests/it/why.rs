//! `why`: the smallest difference between the old and the new key.

use crate::support::{Planner, World};
use gx_engine::{BuildOptions, Why, WhyReason, why};
use gx_store::{Directory, Node, Plan, Source, Trees, Work};
use std::sync::Arc;

fn options() -> BuildOptions {
    BuildOptions { workspace: "/home/a/w".into(), keep_going: true, ..BuildOptions::default() }
}

fn plan(world: &World, script: &str, source: &str, tool: &str) -> Arc<Plan> {
    let mut p = Planner::new(&world.store);
    let (a, tool) = (p.source(source), p.source(tool));
    let Source::Known(node) = tool else { panic!() };
    let put = |node: Node, name: &str| {
        let mut directory = Directory::default();
        directory.add(name.into(), node).unwrap();
        Node::Directory(world.store.put_tree(&directory.encode()).unwrap())
    };
    let root = put(put(put(node, "cc"), "bin"), "usr");
    let id = p.run("x", script, vec![("pkg/a b.c", a)]);
    let mut planned = Arc::make_mut(&mut p.plan.derivations).remove(&id).unwrap();
    let mut derivation = (*planned.derivation).clone();
    derivation.roots = vec![Source::Known(root)];
    if let Work::Run(run) = &mut derivation.work {
        Arc::make_mut(&mut run.environment)
            .insert("MODE".into(), if script.contains("-g") { "debug" } else { "fast" }.into());
    }
    let id = derivation.id(crate::support::FUNCTION);
    planned.derivation = Arc::new(derivation);
    Arc::make_mut(&mut p.plan.derivations).insert(id, planned);
    p.goal(id);
    p.done()
}

fn told(world: &World) -> String {
    let whys = why(&world.store, "/home/a/w", "//:x").unwrap();
    let lines = whys.iter().map(|Why { mnemonic, output, build, failed, reason, .. }| {
        let reason = match reason {
            WhyReason::Changed(list) => list.iter().map(|d| format!("  {d}\n")).collect(),
            other => format!("  {other:?}\n"),
        };
        format!("{mnemonic} {output} build {build:?} failed {failed}\n{reason}")
    });
    lines.collect()
}

#[test]
fn each_reason() {
    let world = World::new(1);
    let mut story = String::new();
    let mut build = |title: &str, plan: &Arc<Plan>, options: BuildOptions| {
        let (result, _) = world.build_with(plan, options);
        story += &format!("{title} (build {})\n{}\n", result.number, told(&world));
        result
    };
    build("first", &plan(&world, "all", "1", "cc"), options());
    build("the same", &plan(&world, "all", "1", "cc"), options());
    build("a source", &plan(&world, "all", "2", "cc"), options());
    build("the tool", &plan(&world, "all", "2", "cc 2"), options());
    let now = plan(&world, "all -g", "2", "cc 2");
    let result = build("argument and environment", &now, options());
    let (id, _) = result.outcomes.iter().next().unwrap();
    let Node::File { blob, .. } = result.outcomes[id].outputs[0].1 else { panic!() };
    world.lose(&blob);
    build("lost", &now, options());
    build("known from before", &plan(&world, "all", "1", "cc"), options());
    let failing = plan(&world, "fail", "1", "cc");
    build("failing", &failing, options());
    build("remembered", &failing, options());
    build("retried", &failing, BuildOptions { retry: true, ..options() });
    insta::assert_snapshot!(story);
    assert!(why(&world.store, "/elsewhere", "//:x").unwrap().is_empty());
}
