//! The law of the house: after any sequence of edits, an incremental build gives byte for byte what a clean
//! build in an empty store gives.

use crate::support::{Planner, World};
use gx_engine::{BuildOptions, BuildResult};
use gx_store::{Node, Plan, Store};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Debug, Clone)]
pub struct Spec {
    script: &'static str,
    sources: Vec<usize>,
    needs: Vec<usize>,
    through_set: bool,
}

const SOURCES: usize = 4;
const CONTENTS: [&str; 4] = ["", "one", "one, and a comment", "another"];

pub fn spec() -> impl Strategy<Value = Spec> {
    let script = prop_oneof![
        3 => Just("all"),
        2 => Just("head 0"),
        2 => Just("head 12"),
        1 => Just("all x"),
        1 => Just("fail"),
    ];
    let sources = prop::collection::vec(0..SOURCES, 0..3);
    (script, sources, prop::collection::vec(0..12_usize, 0..4), any::<bool>())
        .prop_map(|(script, sources, needs, through_set)| Spec { script, sources, needs, through_set })
}

pub fn plan(store: &Store, specs: &[Spec], contents: &[usize]) -> Arc<Plan> {
    let mut p = Planner::new(store);
    let (mut made, mut sets) = (vec![], vec![]);
    for (i, spec) in specs.iter().enumerate() {
        let mut inputs: BTreeMap<String, _> = BTreeMap::new();
        for source in &spec.sources {
            inputs.insert(format!("s{source}"), p.source(CONTENTS[contents[*source]]));
        }
        let mut children = vec![];
        for need in spec.needs.iter().filter(|need| **need < i) {
            if spec.through_set {
                children.push(sets[*need]);
            } else {
                inputs.insert(format!("out/n{need}"), p.output(made[*need]));
            }
        }
        let inputs = inputs.iter().map(|(at, source)| (at.as_str(), source.clone())).collect();
        let id = p.run_with(&format!("n{i}"), spec.script, inputs, children.clone());
        // Each node's set holds its output and the sets of what it needs: sets nest as deep as the graph.
        let output = p.output(id);
        sets.push(p.set(vec![(&format!("out/n{i}"), output)], children));
        made.push(id);
        p.goal(id);
    }
    p.done()
}

/// What each target came to: its outputs, or that it failed or was skipped.
pub fn answers(plan: &Plan, result: &BuildResult) -> BTreeMap<String, Option<Node>> {
    let one = |goal: &gx_store::Goal| {
        let (id, path) = &goal.outputs[0];
        (goal.label.to_string(), result.output(id, path).cloned())
    };
    plan.goals.iter().map(one).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn correct_build(
        specs in prop::collection::vec(spec(), 1..12),
        edits in prop::collection::vec((0..SOURCES, 0..CONTENTS.len()), 0..6),
        jobs in 1..4_usize,
    ) {
        let incremental = World::new(jobs);
        let options = BuildOptions { keep_going: true, workspace: "w".into(), ..BuildOptions::default() };
        let mut contents = vec![1; SOURCES];
        for edit in std::iter::once(None).chain(edits.into_iter().map(Some)) {
            if let Some((source, content)) = edit {
                contents[source] = content;
            }
            let now = plan(&incremental.store, &specs, &contents);
            let (result, _) = incremental.build_with(&now, options.clone());
            let counts = result.counts;
            let sum = counts.run + counts.cached + counts.cutoff + counts.failed + counts.skipped;
            prop_assert_eq!(sum, counts.total);

            let clean = World::new(1);
            let same = plan(&clean.store, &specs, &contents);
            let (expected, _) = clean.build_with(&same, options.clone());
            prop_assert_eq!(answers(&now, &result), answers(&same, &expected));

            let (again, _) = incremental.build_with(&now, options.clone());
            prop_assert_eq!(again.counts.run, 0);
        }
    }
}
