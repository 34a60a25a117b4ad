//! Every example: built twice in one store (the second time nothing runs, also in another folder), and in another
//! store and folder with the same digests and files.

use crate::pipelines::pipelines;
use crate::third_party::crates_can_be_fetched;
use gx_tests::{TestSpace, examples, skipped};

#[test]
fn every_example_is_built_twice() {
    for path in examples() {
        let name = path.file_name().unwrap().to_str().unwrap();
        if std::fs::read_to_string(path.join("gx.toml")).unwrap().contains("crate_archive") && !crates_can_be_fetched()
        {
            skipped(&format!("{name}: no crates can be fetched here"));
            continue;
        }
        if name == "pinned" {
            // Hundreds of megabytes: a part of it has a test of its own (`pinned.rs`).
            continue;
        }
        let space = TestSpace::of_example(name);
        if name == "ledger" {
            crate::targets::in_core(&space);
        }
        // Contracts have gates and no tests.
        let all = |space: &TestSpace| {
            if pipelines().iter().any(|it| it == name) { space.build(&["//..."]) } else { space.test(&["//..."]) }
        };
        let first = all(&space).ok();
        let other = space.copy_sharing_store();
        all(&other).expect_run(0);
        space.build(&["//..."]).ok();
        space.build(&["//..."]).expect_run(0);
        other.build(&["//..."]).expect_run(0);
        assert_eq!(space.outputs(), other.outputs(), "{name}");

        let elsewhere = space.copy_with_new_store();
        let again = all(&elsewhere).ok();
        elsewhere.build(&["//..."]).ok();
        assert_eq!(again.finished(), first.finished(), "{name}: actions differ");
        assert_eq!(elsewhere.outputs(), space.outputs(), "{name}: outputs differ");
    }
}

#[test]
fn every_example_can_be_copied() {
    for path in examples() {
        for file in ["gx.toml", "README.md"] {
            assert!(path.join(file).is_file(), "{} has no {file}", path.display());
        }
        let readme = std::fs::read_to_string(path.join("README.md")).unwrap();
        assert!(!readme.contains("](../"), "{}: its README points outside", path.display());
    }
}
