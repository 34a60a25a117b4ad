//! Builds over a store and an executor that fail by a seed; what must hold whatever fails.

use crate::correct_build::{Spec, answers, plan, spec};
use crate::faulty::Faulty;
use crate::support::{FUNCTION, World};
use crossbeam_channel::unbounded;
use gx_engine::{BuildOptions, How, Notice};
use gx_store::{Cancel, Store};
use proptest::prelude::*;
use std::sync::Arc;

fn simulate(seed: u64, rate: u64, specs: &[Spec], edits: &[(usize, usize)]) {
    let folder = tempfile::tempdir().unwrap();
    let faulty = Arc::new(Faulty::new(seed, rate));
    let world = World::over(Store::new(faulty.clone(), folder.path(), FUNCTION), folder, 3);
    *world.fake.faults.lock().unwrap() = Some(faulty.clone());
    let options = BuildOptions { keep_going: true, retry: true, workspace: "w".into(), ..BuildOptions::default() };
    let mut contents = vec![1; 4];
    for (step, (source, content)) in edits.iter().enumerate() {
        contents[*source] = *content;
        let (plan, cancel) = (plan(&world.store, specs, &contents), Cancel::new());
        let (sender, notices) = unbounded();
        std::thread::scope(|scope| {
            let watch = scope.spawn(|| {
                for (n, notice) in notices.iter().enumerate() {
                    if let Notice::ActionFinished { how: How::Ran, action, .. } = &notice {
                        let durable = faulty.durable.lock().unwrap().contains(&action.unwrap());
                        assert!(durable, "a run was told before its outcome was durable");
                    }
                    // Every third build is cancelled on its way.
                    if step % 3 == 2 && n == 4 {
                        cancel.cancel();
                    }
                }
            });
            let result = world.engine.build(plan.clone(), options.clone(), sender, &cancel);
            watch.join().unwrap();
            // An error of the store may end a build before it began; then there is nothing to check.
            let Ok(result) = result else { return };
            let counts = result.counts;
            assert_eq!(counts.run + counts.cached + counts.cutoff + counts.failed + counts.skipped, counts.total);
        });
        assert_eq!(world.fake.active.lock().unwrap().0, 0, "an action outlived its build");
    }
    // The faults end: the next build is right.
    *faulty.rate.lock().unwrap() = 0;
    let now = plan(&world.store, specs, &contents);
    let (result, _) = world.build_with(&now, options.clone());
    let clean = World::new(1);
    let same = plan(&clean.store, specs, &contents);
    let (expected, _) = clean.build_with(&same, options);
    assert_eq!(answers(&now, &result), answers(&same, &expected));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn whatever_fails(
        seed: u64,
        rate in prop_oneof![Just(7_u64), Just(20), Just(60)],
        specs in prop::collection::vec(spec(), 1..10),
        edits in prop::collection::vec((0..4_usize, 0..4_usize), 1..6),
    ) {
        simulate(seed, rate, &specs, &edits);
    }
}
