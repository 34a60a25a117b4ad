//! The daemon: shared by worktrees, started once, killed in the middle, talked to badly, replaced by another build.

use gx_tests::{Run, TestSpace, gx_binary};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Workspaces that share a store and a daemon, which is stopped in the end.
pub(crate) struct Daemon {
    spaces: Vec<TestSpace>,
    runtime: tempfile::TempDir,
}

impl Daemon {
    pub(crate) fn new(space: TestSpace, copies: usize) -> Daemon {
        let others: Vec<TestSpace> = (0..copies).map(|_| space.copy_sharing_store()).collect();
        let mut spaces = vec![space];
        spaces.extend(others);
        Daemon { spaces, runtime: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn command(&self, at: usize, arguments: &[&str]) -> Command {
        let mut command = self.spaces[at].gx(arguments).command();
        command.env_remove("GX_NO_DAEMON").env("XDG_RUNTIME_DIR", self.runtime.path());
        command
    }

    pub(crate) fn run(&self, at: usize, arguments: &[&str]) -> Run {
        let space = &self.spaces[at];
        let invocation = space.gx(arguments).env("GX_NO_DAEMON", "").env("XDG_RUNTIME_DIR", self.runtime.path());
        invocation.run()
    }

    fn status(&self) -> serde_json::Value {
        serde_json::from_str(&self.run(0, &["daemon", "status", "--json"]).ok().stdout).unwrap()
    }

    pub(crate) fn pid(&self) -> u64 {
        self.status()["pid"].as_u64().unwrap_or_else(|| panic!("no daemon runs: {}", self.status()))
    }

    fn socket(&self) -> PathBuf {
        let mut sockets = std::fs::read_dir(self.runtime.path().join("gx")).unwrap().flatten();
        let found = sockets.find(|entry| entry.path().extension().is_some_and(|it| it == "sock"));
        found.expect("a socket is there").path()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.command(0, &["daemon", "stop"]).output();
    }
}

fn signal(name: &str, pid: u64) {
    assert!(Command::new("kill").args([name, &pid.to_string()]).status().unwrap().success());
}

fn ended(child: Child) -> (Option<i32>, String, String) {
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn summary(stdout: &str) -> serde_json::Value {
    let mut lines = stdout.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    lines.rfind(|event| event["event"] == "summary").unwrap_or_else(|| panic!("no summary in {stdout}"))
}

/// The import of the host's tools is an action too.
const IMPORT: u64 = 1;

/// Genrules `a0`, `a1`, ... each of which counts to make some work, and needs none of the others.
fn wide(count: usize) -> TestSpace {
    let space = TestSpace::new();
    space.write("BUILD.gx", wide_build(count, 0));
    space
}

fn wide_build(count: usize, mark: usize) -> String {
    let rule = |at: usize| {
        format!(
            "genrule(name = 'a{at}', outs = ['a{at}.txt'],\n\
             cmd = 'i=0; while [ $$i -lt 2000 ]; do i=$$((i+1)); done; echo {at} {mark} > $@')\n"
        )
    };
    (0..count).map(rule).collect()
}

#[test]
fn one_daemon_serves_and_says_who_it_is() {
    let daemon = Daemon::new(wide(2), 0);
    assert_eq!(daemon.status()["running"], false);
    daemon.run(0, &["build", "//..."]).ok().expect_text("3 run");
    let first = daemon.pid();
    daemon.run(0, &["build", "//..."]).ok().expect_text("3 actions: 0 run, 3 cached");
    assert_eq!(daemon.pid(), first);
    let words = daemon.run(0, &["daemon", "status"]).ok().stdout;
    for word in [&first.to_string(), env!("CARGO_PKG_VERSION"), "since", "UTC"] {
        assert!(words.contains(word), "'{word}' is missing in {words}");
    }
    assert!(words.contains(&*daemon.spaces[0].store().to_string_lossy()), "{words}");
    let mode = |path: &Path| path.symlink_metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&daemon.socket()), mode(daemon.socket().parent().unwrap())), (0o600, 0o700));
    daemon.run(0, &["daemon", "log"]).ok().expect_text("serves");
    daemon.run(0, &["daemon", "stop"]).ok();
    assert_eq!(daemon.status()["running"], false);
}

#[test]
fn eight_builds_at_once_in_three_worktrees_run_each_action_once() {
    let daemon = Daemon::new(wide(24), 2);
    let children: Vec<Child> = (0..8)
        .map(|at| {
            let mut command = daemon.command(at % 3, &["build", "--json", "//..."]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let mut ran = 0;
    for child in children {
        let (code, stdout, stderr) = ended(child);
        assert_eq!(code, Some(0), "{stderr}\n{stdout}");
        let summary = summary(&stdout);
        assert_eq!(summary["actions"], 24 + IMPORT, "{summary}");
        ran += summary["run"].as_u64().unwrap();
    }
    assert_eq!(ran, 24 + IMPORT);
}

/// A workspace with a quick action and one that never ends by itself.
fn endless(mark: &str) -> TestSpace {
    let space = TestSpace::new();
    space.write(
        "BUILD.gx",
        format!(
            "genrule(name = 'quick', outs = ['quick.txt'], cmd = 'echo quick > $@')\n\
             genrule(name = 'endless', srcs = ['quick.txt'], outs = ['endless.txt'], cmd = 'sleep {mark}; touch $@')\n"
        ),
    );
    space
}

/// Starts a build and waits until its endless action runs.
fn started(daemon: &Daemon) -> Child {
    let mut command = daemon.command(0, &["build", "--json", "//:endless"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let begun = lines.any(|line| {
        let line = line.unwrap();
        line.contains("action_started") && line.contains("//:endless")
    });
    assert!(begun, "the endless action never began");
    std::thread::spawn(move || lines.for_each(drop));
    child
}

/// Waits until no such sleep runs; a kill is not seen at once by /proc.
fn gone(mark: &str) -> bool {
    let wanted = format!("sleep\0{mark}\0").into_bytes();
    let start = std::time::Instant::now();
    loop {
        let mut processes = std::fs::read_dir("/proc").unwrap().flatten();
        if !processes.any(|entry| std::fs::read(entry.path().join("cmdline")).is_ok_and(|line| line == wanted)) {
            return true;
        }
        if start.elapsed().as_secs() > 10 {
            return false;
        }
        std::thread::yield_now();
    }
}

#[test]
fn a_client_that_dies_stops_its_own_work_only() {
    let daemon = Daemon::new(endless("98771"), 0);
    let mut child = started(&daemon);
    let pid = daemon.pid();
    signal("-KILL", u64::from(child.id()));
    child.wait().unwrap();
    assert!(gone("98771"), "the action outlived its client");
    daemon.run(0, &["build", "//:quick"]).ok().expect_text("0 run, 2 cached");
    assert_eq!(daemon.pid(), pid);
}

#[test]
fn ctrl_c_of_a_client_cancels_and_leaves_the_daemon() {
    let daemon = Daemon::new(endless("98772"), 0);
    let mut child = started(&daemon);
    let pid = daemon.pid();
    signal("-INT", u64::from(child.id()));
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(gone("98772"), "the action outlived Ctrl-C");
    assert_eq!(daemon.pid(), pid);
}

#[test]
fn a_daemon_killed_in_the_middle_loses_nothing_that_was_reported() {
    let rounds = std::env::var("GX_TEST_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(5);
    let daemon = Daemon::new(wide(40), 0);
    let mut finished: BTreeSet<String> = BTreeSet::new();
    for round in 0..rounds {
        // Each round has new work, so that there is something to kill.
        daemon.spaces[0].write("BUILD.gx", wide_build(40, round));
        let mut command = daemon.command(0, &["build", "--json", "//..."]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut events = Vec::new();
        for line in lines.by_ref().take(2 + round % 7) {
            events.push(line.unwrap());
        }
        let pid = daemon.pid();
        signal("-KILL", pid);
        events.extend(lines.map_while(Result::ok));
        child.wait().unwrap();
        for event in events {
            let event: serde_json::Value = serde_json::from_str(&event).unwrap();
            if event["event"] == "action_finished" && event["result"] != "skipped" {
                finished.insert(event["action"].as_str().unwrap().to_owned());
            }
        }
        let next = daemon.run(0, &["build", "--json", "//..."]).ok();
        let ran: Vec<String> =
            next.finished().into_iter().filter(|it| it.result == "run").map(|it| it.action).collect();
        assert!(ran.iter().all(|action| !finished.contains(action)), "ran again: {ran:?}");
        finished.extend(next.finished().into_iter().map(|it| it.action));
        assert_eq!(next.totals().run + next.totals().cached + next.totals().cut_off, 40 + IMPORT);
    }
    daemon.run(0, &["store", "verify"]).ok();
}

#[test]
fn a_stale_socket_is_replaced() {
    let daemon = Daemon::new(wide(1), 0);
    daemon.run(0, &["build", "//..."]).ok();
    signal("-KILL", daemon.pid());
    assert!(daemon.socket().exists());
    daemon.run(0, &["build", "//..."]).ok().expect_text("0 run");
}

#[test]
fn a_process_of_its_own_gets_the_store_from_the_daemon() {
    let daemon = Daemon::new(wide(1), 0);
    daemon.run(0, &["build", "//..."]).ok();
    let pid = daemon.pid();
    let mut command = daemon.command(0, &["build", "--no-daemon", "//..."]);
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    assert!(stderr.contains(&format!("in use by daemon {pid}")) && stderr.contains("gx daemon stop"), "{stderr}");
    daemon.run(0, &["build", "//..."]).ok();
}

#[test]
fn nonsense_on_the_socket_harms_nobody() {
    let daemon = Daemon::new(wide(1), 0);
    daemon.run(0, &["build", "//..."]).ok();
    let pid = daemon.pid();
    for bytes in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[1, 255, 255, 255, 255], &[1, 4, 0, 0, 0, 9, 9, 9, 9], &[]] {
        let mut stream = UnixStream::connect(daemon.socket()).unwrap();
        stream.write_all(bytes).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
    }
    assert_eq!(daemon.pid(), pid);
    daemon.run(0, &["build", "//..."]).ok();
}

#[test]
fn a_daemon_of_another_build_gives_way() {
    let daemon = Daemon::new(wide(1), 0);
    daemon.run(0, &["build", "//..."]).ok();
    let first = daemon.pid();
    // A copy has another time, which makes it another build.
    let other = daemon.runtime.path().join("gx-other");
    // By a process of its own: a file that this one has open for writing may be inherited by whatever another test
    // starts at that moment, and then cannot be run.
    assert!(Command::new("cp").arg(gx_binary()).arg(&other).status().unwrap().success());
    let mut command = Command::new(&other);
    command.args(["build", "//..."]).current_dir(daemon.spaces[0].root()).env("GX_STORE", daemon.spaces[0].store());
    let output = command.env("XDG_RUNTIME_DIR", daemon.runtime.path()).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    assert!(stderr.contains(&format!("process {first}")), "{stderr}");
    assert_ne!(daemon.pid(), first);
}

#[test]
fn a_warm_daemon_notices_every_change() {
    let space = TestSpace::new();
    space.write("p/BUILD.gx", "genrule(name = 'g', srcs = glob(['*.txt']), outs = ['o'], cmd = 'cat $(SRCS) > $@')\n");
    space.write("p/a.txt", "a\n");
    let daemon = Daemon::new(space, 0);
    let space = &daemon.spaces[0];
    let build = |run: u64| {
        let text = daemon.run(0, &["build", "//..."]).ok().stdout;
        assert!(text.contains(&format!(": {run} run,")), "{run} expected: {text}");
        // Again and again: the second finds it quiet, the third has it in mind.
        for _ in 0..2 {
            let text = daemon.run(0, &["build", "//..."]).ok().stdout;
            assert!(text.contains(": 0 run,"), "{text}");
        }
    };
    build(1 + IMPORT);
    space.write("p/a.txt", "b\n");
    build(1);
    assert_eq!(space.read("gx-out/p/o"), "b\n");
    space.write("p/b.txt", "c\n");
    build(1);
    assert_eq!(space.read("gx-out/p/o"), "b\nc\n");
    space.remove("p/a.txt");
    build(1);
    space.write("q/BUILD.gx", "genrule(name = 'h', outs = ['o'], cmd = 'echo h > $@')\n");
    build(1);
    space.edit("q/BUILD.gx", "echo h", "echo i");
    build(1);
    space.write("gx-out/q/o", "spoilt");
    build(0);
    assert_eq!(space.read("gx-out/q/o"), "i\n");
    std::fs::remove_dir_all(space.path("gx-out")).unwrap();
    build(0);
    assert_eq!(space.read("gx-out/q/o"), "i\n");
    daemon.run(0, &["daemon", "stop"]).ok();
    let text = daemon.run(0, &["build", "--no-daemon", "//..."]).ok().stdout;
    assert!(text.contains("0 run"), "{text}");
}

#[test]
fn an_idle_daemon_leaves() {
    let daemon = Daemon::new(wide(1), 0);
    daemon.run(0, &["build", "--daemon-idle", "1", "//..."]).ok();
    let start = std::time::Instant::now();
    while daemon.status()["running"] == true {
        assert!(start.elapsed().as_secs() < 120, "the daemon does not leave");
    }
}

#[test]
fn a_build_gets_the_jobs_it_asks_for_whatever_the_daemon_began_with() {
    let count = std::thread::available_parallelism().map_or(1, usize::from) + 5;
    let space = TestSpace::new();
    let meeting = space.path("meeting");
    std::fs::create_dir(&meeting).unwrap();
    // Each waits until all are there.
    let guest = |number: usize| {
        format!(
            "genrule(name = 'g{number}', outs = ['{number}.txt'], determinism = 'none', cmd = 'touch {meeting}/{number}; \
             for i in $$(seq 600); do [ $$(ls {meeting} | wc -l) -ge {count} ] && exec touch $@; sleep 0.1; done; \
             exit 1')\n",
            meeting = meeting.display()
        )
    };
    space.write("p/BUILD.gx", (0..count).map(guest).collect::<String>());
    space.write("q/BUILD.gx", "genrule(name = 'one', outs = ['one.txt'], cmd = 'touch $@')\n");
    let daemon = Daemon::new(space, 0);
    daemon.run(0, &["build", "-j", "1", "//q:one"]).ok();
    daemon.run(0, &["build", "-j", &count.to_string(), "//p:all"]).ok();
}
