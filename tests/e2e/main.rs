//! The end-to-end tests: the real `gx` on real workspaces, one file a subject.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test ends when something is wrong"
)]

mod actions;
mod advice;
mod audit;
mod bad_input;
mod cc;
mod changing;
mod cli;
mod contracts;
mod cutoff;
mod daemon;
mod debian;
mod documents;
mod endless;
mod examples;
mod generate;
mod genrule;
mod guide;
mod hermetic;
mod interrupt;
mod languages;
mod ledger;
mod levels;
mod limits;
mod lsp;
mod normalised;
mod obstacles;
mod output;
mod own_rules;
mod pinned;
mod pipelines;
mod plain;
mod query;
mod quickstart;
mod release;
mod scale;
mod special;
mod specs;
mod store;
mod strict;
mod targets;
mod testing;
mod third_party;
mod toolchains;
mod two_roots;

/// A file that is not declared above would never run.
#[test]
fn no_file_is_forgotten() {
    let folder = gx_tests::repository_root().join("tests/e2e");
    let main = std::fs::read_to_string(folder.join("main.rs")).unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some(module) = name.strip_suffix(".rs").filter(|module| *module != "main") else { continue };
        assert!(main.contains(&format!("mod {module};")), "e2e/{name} is not declared in e2e/main.rs");
    }
}
