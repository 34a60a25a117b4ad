//! Machines that forbid something: it is really taken away, gx says which level is left and what to change, and builds
//! nothing below the level that was asked for.
//!
//! Nothing of the host is changed: what is a setting of the kernel is set in a namespace of its own. Two settings are
//! of the whole machine (`kernel.unprivileged_userns_clone`, AppArmor's): those are left to a unit test.

use gx_tests::{TestSpace, is_root, repository_root, skipped};
use std::process::{Command, Stdio};

fn space() -> TestSpace {
    let space = TestSpace::new();
    space.write("BUILD.gx", "genrule(name = 'g', outs = ['g.txt'], cmd = 'echo made > $@')\n");
    space
}

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

/// A starter that runs a line of shell first.
fn after(starter: &str, script: &str) -> Vec<String> {
    [words(starter), ["sh", "-c", &format!("{script} && exec \"$@\""), "sh"].map(str::to_owned).to_vec()].concat()
}

/// Can a program be started so?
fn works(starter: &[String]) -> bool {
    let [program, arguments @ ..] = starter else { return false };
    let tried = Command::new(program).args(arguments).arg("true").stdin(Stdio::null()).output();
    tried.is_ok_and(|tried| tried.status.success())
}

/// The program that puts a filter on; `None` where it cannot be made.
fn confine(space: &TestSpace, what: &str) -> Option<Vec<String>> {
    let (source, program) = (repository_root().join("tests/e2e/programs/confine.c"), space.path("confine"));
    let Ok(made) = Command::new("cc").arg("-O1").arg("-o").arg(&program).arg(source).output() else {
        skipped("there is no C compiler");
        return None;
    };
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    Some(vec![program.display().to_string(), what.to_owned()])
}

/// No sandbox can be made: the doctor says why and what to change, a build is refused, and goes on at level `none` only
/// when that is asked for.
fn nothing_is_sandboxed(space: &TestSpace, starter: &[String], why: &str, hint: &str) {
    let doctor = space.gx(["doctor"]).under(starter).run().expect(6);
    doctor.expect_text("actions can be run at level 'none' only").expect_text(why).expect_text(hint);
    let build = space.gx(["build", "--json", "//:g"]).under(starter).run().expect(6);
    assert_eq!(build.error_codes(), ["GX0401"], "{}", build.told());
    let hints = build.events.iter().find(|event| event["event"] == "error").unwrap()["error"]["hints"].to_string();
    assert!(hints.contains(hint) && hints.contains("--sandbox=none"), "{hints}");
    assert!(!space.exists("gx-out/g.txt"), "it was built all the same");
    space.gx(["build", "--sandbox=none", "//:g"]).under(starter).run().ok();
    assert_eq!(space.read("gx-out/g.txt"), "made\n");
}

#[test]
fn no_user_namespaces_are_left() {
    let starter = after("unshare --user --map-root-user", "echo 0 > /proc/sys/user/max_user_namespaces");
    if !works(&starter) {
        return skipped("user.max_user_namespaces cannot be set in a namespace");
    }
    let (why, hint) = ("user.max_user_namespaces is 0", "sysctl -w user.max_user_namespaces=");
    nothing_is_sandboxed(&space(), &starter, why, hint);
}

/// Under a filter that refuses this nothing is sandboxed, and the filter is named.
fn a_filter_refuses(what: &str) {
    let space = space();
    let Some(starter) = confine(&space, what) else { return };
    let (why, hint) = ("a seccomp filter confines this process", "--security-opt seccomp=unconfined");
    nothing_is_sandboxed(&space, &starter, why, hint);
}

#[test]
fn a_filter_refuses_namespaces() {
    a_filter_refuses("namespaces");
}

#[test]
fn a_filter_refuses_mounts() {
    a_filter_refuses("mounts");
}

#[test]
fn parts_of_proc_are_masked() {
    if !is_root() {
        return skipped("only root can mount something over /proc");
    }
    // As container runtimes do it.
    let starter = after("unshare --mount --propagation private", "mount --bind -o ro /proc/sys /proc/sys");
    if !works(&starter) {
        return skipped("nothing can be mounted over /proc");
    }
    nothing_is_sandboxed(&space(), &starter, "parts of /proc are masked", "systempaths=unconfined");
}

#[test]
fn a_filter_refuses_notifications() {
    let space = space();
    let Some(starter) = confine(&space, "notifications") else { return };
    let gx = |arguments: &[&str]| space.gx(arguments).under(&starter).run();
    let doctor = gx(&["doctor"]).ok();
    doctor.expect_text("levels up to 'sandboxed'").expect_text("notifications of seccomp");
    let build = gx(&["build", "--json", "//:g"]).expect(6);
    assert_eq!(build.error_codes(), ["GX0401"], "{}", build.told());
    assert!(!space.exists("gx-out/g.txt"), "it was built at a lower level than was asked for");
    gx(&["build", "--determinism=sandboxed", "//:g"]).ok();
    assert_eq!(space.read("gx-out/g.txt"), "made\n");
}

#[test]
fn another_user_has_the_same_levels_or_is_told_why_not() {
    if !is_root() {
        return skipped("only root can become another user");
    }
    let space = space();
    let starter = words("setpriv --reuid=65534 --regid=65534 --clear-groups");
    if !works(&starter) {
        return skipped("setpriv is not there");
    }
    for folder in [space.root(), space.store()] {
        let folder = folder.parent().unwrap().display().to_string();
        let owner = format!("chown -R 65534:65534 {folder} && chmod 755 {folder}");
        assert!(Command::new("sh").args(["-c", &owner]).status().unwrap().success());
    }
    let gx = |arguments: &[&str]| space.gx(arguments).under(&starter).run();
    let doctor = gx(&["doctor"]);
    if doctor.stdout.contains("level 'none' only") {
        // The machine allows no namespaces to whoever is not root: then it says so.
        let doctor = doctor.expect(6).expect_text("-> ");
        assert!(doctor.stdout.contains("sysctl") || doctor.stdout.contains("--security-opt"), "{}", doctor.told());
        gx(&["build", "//:g"]).expect(6);
        return;
    }
    doctor.ok().expect_text(&format!("levels up to '{}'", gx_engine::reachable_level().name()));
    gx(&["build", "//:g"]).ok();
    assert_eq!(space.read("gx-out/g.txt"), "made\n");
}
