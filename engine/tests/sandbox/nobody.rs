//! All tests once more as an unprivileged user, when these run as root.

use crate::support::HELPER;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::process::Command;

const NOBODY: u32 = 65534;
const MARK: &str = "GX_TEST_HELPER";

#[test]
fn again_as_nobody() {
    if std::env::var_os(MARK).is_some() || crate::normalised::is_on() {
        return;
    }
    if !rustix::process::geteuid().is_root() {
        println!("SKIPPED: not root, so the tests run unprivileged already and the root half is not run");
        return;
    }
    // Programs built in a private folder are not readable for another user: give it copies.
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let (tests, helper, temp) = (folder.path().join("tests"), folder.path().join("helper"), folder.path().join("tmp"));
    // By processes of their own: a file that is open for writing here may be inherited by what another test starts.
    let copy = |from: &std::path::Path, to: &std::path::Path| {
        assert!(std::process::Command::new("cp").arg(from).arg(to).status().unwrap().success());
    };
    copy(&std::env::current_exe().unwrap(), &tests);
    copy(HELPER.as_ref(), &helper);
    std::fs::create_dir(&temp).unwrap();
    chown(&temp, Some(NOBODY), Some(NOBODY)).unwrap();
    let output = Command::new(tests)
        .args(["--test-threads=2", "--nocapture"])
        .env(MARK, helper)
        .env("TMPDIR", &temp)
        .current_dir(&temp)
        .uid(NOBODY)
        .gid(NOBODY)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    for line in text.lines().filter(|line| line.contains("SKIPPED")) {
        println!("as nobody: {line}");
    }
    assert!(output.status.success(), "as nobody:\n{text}");
}
