//! Ctrl-C and worse in the middle of a build: nothing is left running, nothing is lost.

use gx_tests::TestSpace;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// A workspace whose second action never ends.
fn space(mark: &str) -> TestSpace {
    let space = TestSpace::new();
    space.write(
        "BUILD.gx",
        format!(
            "genrule(name = 'quick', outs = ['quick.txt'], cmd = 'echo quick > $@')\n\
             genrule(name = 'endless', srcs = ['quick.txt'], outs = ['endless.txt'],\n\
             cmd = 'sleep {mark} & sleep {mark}; touch $@')\n"
        ),
    );
    space
}

/// Starts the build and waits until the first action was reported finished and the endless one has begun. What needs
/// an output may begin before the output is durable, so the two come in either order; only what was reported is kept.
fn started(space: &TestSpace) -> Child {
    let mut command = space.gx(["build", "--json", "//:endless"]).command();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (mut finished, mut begun) = (false, false);
    while !(finished && begun) {
        let line = lines.next().expect("the build ended before the endless action began").unwrap();
        finished |= line.contains("action_finished") && line.contains("\"owner\":\"//:quick\"");
        begun |= line.contains("action_started") && line.contains("//:endless");
    }
    // The pipe stays open: gx goes on writing to it.
    std::thread::spawn(move || lines.for_each(drop));
    child
}

fn signal(name: &str, child: &Child) {
    let status = Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

fn running(mark: &str) -> bool {
    let wanted = format!("sleep\0{mark}\0");
    std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .any(|entry| std::fs::read(entry.path().join("cmdline")).is_ok_and(|line| line == wanted.as_bytes()))
}

/// Waits until no process of the action is there; a kill is not seen at once by /proc.
fn gone(mark: &str) -> bool {
    let start = std::time::Instant::now();
    while running(mark) {
        if start.elapsed().as_secs() > 10 {
            return false;
        }
        std::thread::yield_now();
    }
    true
}

#[test]
fn ctrl_c_ends_the_whole_process_tree_and_what_was_done_stays_done() {
    let space = space("98761");
    let mut child = started(&space);
    signal("-INT", &child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(gone("98761"), "a process was left behind");
    space.build(&["//:quick"]).expect_run(0);
    space.run(["store", "verify"]).ok();
}

#[test]
fn a_kill_leaves_no_process_and_a_store_that_opens() {
    let space = space("98762");
    let mut child = started(&space);
    signal("-KILL", &child);
    child.wait().unwrap();
    assert!(gone("98762"), "a process was left behind");
    space.build(&["//:quick"]).expect_run(0);
    space.run(["store", "verify"]).ok();
}
