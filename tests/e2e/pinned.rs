//! `examples/pinned`: compilers, libraries and qemu from Debian packages that locks name, without a network.
//!
//! Here a part of it: C, C++, one other processor and Python. All of it: `gx test //...` in the folder (4 minutes).

use gx_tests::{TestSpace, is_root, skipped};
use std::process::{Command, Stdio};

const TESTS: [&str; 5] = ["//:arm64_test", "//:c_test", "//:cxx_test", "//:python_test", "//:static_test"];

/// Does apt have mirrors here, and do they answer?
fn packages_can_be_fetched(space: &TestSpace) -> bool {
    let run = space.run(["fetch", "--quiet", "@shell//..."]);
    run.code == Some(0)
}

/// Words that start a program without a network; none where the machine does not let us.
fn without_network() -> Option<Vec<&'static str>> {
    let words = if is_root() { vec!["unshare", "-n"] } else { vec!["unshare", "-rn"] };
    let (program, rest) = words.split_first()?;
    let mut tried = Command::new(program);
    let tried = tried.args(rest).arg("true").stderr(Stdio::null()).status();
    tried.is_ok_and(|status| status.success()).then_some(words)
}

#[test]
fn pinned_packages_build_and_run_with_the_network_cut_off() {
    let space = TestSpace::of_example("pinned");
    if !packages_can_be_fetched(&space) {
        return skipped("no Debian packages can be fetched here");
    }
    let mirror = space.root().parent().unwrap().join("mirror");
    let to = ["fetch", "--quiet", "--to", mirror.to_str().unwrap()];
    space.run(to.iter().chain(&TESTS)).ok();
    let index = std::fs::read_to_string(mirror.join("index")).unwrap();
    assert!(index.lines().count() > 80 && index.contains("qemu-user"), "{index}");

    // Another store: all that is there is the mirror.
    let elsewhere = space.copy_with_new_store();
    let Some(starter) = without_network() else { return skipped("the network cannot be taken away here") };
    let offline = |arguments: &[&str]| elsewhere.gx(arguments.iter().chain(&TESTS)).under(&starter).run();
    let without = offline(&["build", "--offline"]);
    assert!(without.code == Some(1) && without.stderr.contains("GX0603"), "{}", without.told());
    offline(&["fetch", "--quiet", "--from", mirror.to_str().unwrap()]).ok();
    let first = offline(&["test", "--json", "--offline"]).ok();
    let passed: Vec<String> = first.tests().into_iter().filter(|it| it.1 == "PASSED").map(|it| it.0).collect();
    assert_eq!(passed, TESTS, "{}", first.told());
    offline(&["test", "--json", "--offline"]).expect_run(0);
}
