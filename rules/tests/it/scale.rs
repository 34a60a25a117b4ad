//! Large workspaces: counts are checked, times are printed for those who run with `--nocapture`.

use crate::space::{Space, request, wide};
use std::fmt::Write;
use std::time::Instant;

fn measure(packages: usize, count: usize) {
    let space = wide(packages, count);
    let workspace = space.open();
    let mut times = Vec::new();
    for round in 0..4 {
        if round == 2 {
            space.write("p0/s1.txt", "another");
        }
        if round == 3 {
            let build = std::fs::read_to_string(space.folder.path().join("p0/BUILD")).unwrap();
            space.write("p0/BUILD", &(build + "filegroup(name = 'one_more')\n"));
        }
        let start = Instant::now();
        let loaded = workspace.load(&request(&["//..."])).unwrap_or_else(|e| panic!("{}", e[0]));
        times.push(start.elapsed());
        assert_eq!(loaded.targets.len(), count + usize::from(round == 3));
        assert_eq!(loaded.plan.derivations.len(), count + 1);
        let expected = [(packages + 1, count + 1), (0, 0), (0, 0), (1, 1)][round];
        assert_eq!((loaded.counts.evaluated, loaded.counts.analysed), expected, "round {round}");
    }
    let start = Instant::now();
    let cold = space.open().load(&request(&["//..."])).unwrap();
    assert_eq!(cold.counts.evaluated, 0);
    println!(
        "{count} targets in {packages} packages: first {:?}, again {:?}, one source {:?}, one BUILD {:?}, new process {:?}",
        times[0],
        times[1],
        times[2],
        times[3],
        start.elapsed()
    );
}

#[test]
fn many_packages() {
    measure(20, 2_000);
}

#[test]
fn one_large_package() {
    measure(1, 2_000);
}

/// A target that needs all earlier ones costs no more than the others.
#[test]
fn everything_before() {
    let space = Space::new();
    let mut build = String::new();
    let count = 1_000;
    for n in 0..count {
        let deps: Vec<String> = (0..n).rev().take(3).map(|d| format!("':l{d}'")).collect();
        writeln!(build, "cc_library(name='l{n}', srcs=['l.c'], hdrs=['l{n}.h'], deps=[{}])", deps.join(",")).unwrap();
        space.write(&format!("p/l{n}.h"), &format!("// {n}"));
    }
    space.write("p/BUILD", &build).write("p/l.c", "");
    let start = Instant::now();
    let loaded = space.load(&["//p:all"]).unwrap_or_else(|e| panic!("{}", e[0]));
    println!("{count} libraries that need each other: {:?}", start.elapsed());
    assert_eq!(loaded.targets.len(), count);
    let inputs: usize = loaded.plan.input_sets.values().map(|set| set.inputs.len() + set.children.len()).sum();
    assert!(inputs < 10 * count, "{inputs} inputs in all sets");
}
