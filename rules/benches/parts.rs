//! What the parts of loading cost: `cargo bench -p gx-rules`. Times are printed, nothing is judged. The workspaces are
//! those of the tests.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a bench ends when something is wrong"
)]
#![expect(dead_code, reason = "the tests' workspace has more than a bench needs")]

#[path = "../tests/it/space.rs"]
mod space;

use criterion::{BatchSize, Criterion};
use space::{Space, request, wide};
use std::hint::black_box;
use std::path::Path;

/// The same workspace with an empty store.
fn emptied(space: &Space) -> Space {
    let fresh = Space::new();
    copy(space.folder.path(), fresh.folder.path());
    fresh
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap).filter(|entry| entry.file_name() != ".store") {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir_all(&to).unwrap();
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), &to).unwrap();
        }
    }
}

fn loading(c: &mut Criterion) {
    for (packages, count) in [(1, 1000), (100, 10_000)] {
        let mut group = c.benchmark_group(format!("{count} targets in {packages} packages"));
        group.sample_size(10);
        let load = |workspace: &gx_rules::Workspace| {
            let loaded = workspace.load(&request(&["//..."])).unwrap_or_else(|errors| panic!("{}", errors[0]));
            assert!(loaded.targets.len() >= count);
        };
        let space = wide(packages, count);
        group.bench_function("first", |b| {
            b.iter_batched(
                || emptied(&space),
                |fresh| {
                    load(&fresh.open());
                    fresh
                },
                BatchSize::PerIteration,
            );
        });
        load(&space.open());
        group.bench_function("new process", |b| {
            b.iter_batched(|| (), |()| load(&space.open()), BatchSize::PerIteration);
        });
        let workspace = space.open();
        load(&workspace);
        group.bench_function("again", |b| b.iter(|| load(&workspace)));
        let mut turn = 0;
        group.bench_function("one source changed", |b| {
            let change = || {
                turn += 1;
                space.write("p0/s1.txt", &format!("changed {turn}"));
            };
            b.iter_batched(change, |()| load(&workspace), BatchSize::PerIteration);
        });
        let build = std::fs::read_to_string(space.folder.path().join("p0/BUILD")).unwrap();
        group.bench_function("one BUILD file changed", |b| {
            let change = || {
                turn += 1;
                space.write("p0/BUILD", &format!("{build}filegroup(name = 'more{turn}')\n"));
            };
            b.iter_batched(change, |()| load(&workspace), BatchSize::PerIteration);
        });
        group.finish();
    }
}

fn parsing(c: &mut Criterion) {
    let text: String = (0..1000)
        .map(|n| {
            format!("cc_library(\n    name = 'l{n}',\n    srcs = glob(['*.c']),\n    deps = [':l', '//p:q'],\n)\n")
        })
        .collect();
    c.bench_function("parse a BUILD file of 1,000 targets", |b| {
        b.iter(|| assert!(gx_rules::inside::starlark(black_box(&text))));
    });
    c.bench_function("parse a label", |b| b.iter(|| assert!(gx_rules::inside::label(black_box("//some/pkg:name.c")))));
    let query = "deps(//a:b, 1) - //c/... union rdeps(//..., :x) intersect kind('cc_.* rule', //...)";
    c.bench_function("parse a query", |b| b.iter(|| assert!(gx_rules::inside::query(black_box(query)))));
}

fn main() {
    let mut criterion = Criterion::default().sample_size(20).configure_from_args();
    parsing(&mut criterion);
    loading(&mut criterion);
    criterion.final_summary();
}
