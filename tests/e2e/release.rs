//! A release of the example `ledger`: one button, one bundle, and a check that nothing gets past.

use gx_tests::{Run, TestSpace};
use std::path::{Path, PathBuf};

const BUNDLE: &str = "gx-out/release.bundle";

fn keyed(space: &TestSpace, arguments: &[&str]) -> Run {
    space.gx(arguments).env("XDG_CONFIG_HOME", space.path("keys").display().to_string()).run()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() { found.extend(files(&entry)) } else { found.push(entry) }
    }
    found.sort();
    found
}

fn root(run: &Run) -> String {
    run.stdout.lines().find_map(|line| line.strip_prefix("root ")).unwrap().to_owned()
}

#[test]
fn one_button_leaves_a_bundle_that_is_the_same_anywhere() {
    let space = TestSpace::of_example("ledger");
    keyed(&space, &["key", "new", "ledger"]).ok();
    let made = keyed(&space, &["push-button", "//:release", "--key", "ledger"]).ok().expect_text("signed by 'ledger'");
    let again = keyed(&space, &["push-button", "//:release", "--key", "ledger"]).ok();
    assert!(again.stderr.contains(" 0 run") || again.stdout.contains(" 0 run"), "{}", again.told());
    assert_eq!(root(&made), root(&again));
    // Another folder and another store: the same bytes.
    let other = space.copy_with_new_store();
    let there = keyed(&other, &["push-button", "//:release", "--out", "elsewhere"]).ok();
    assert_eq!(root(&made), root(&there));
    there.expect_text("not signed");
    let (here, there) = (space.path(BUNDLE), other.path("elsewhere"));
    for file in files(&here) {
        let name = file.strip_prefix(&here).unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), std::fs::read(there.join(name)).unwrap(), "{name:?}");
    }
    keyed(&other, &["push-button", "//:release", "--out", "elsewhere"]).expect(2).expect_text("GX1222");
    keyed(&space, &["push-button", "//contracts:money"]).expect(2).expect_text("GX1222");
    // Without a workspace, and with nothing but the public key.
    let public = keyed(&space, &["key", "export", "ledger"]).ok().stdout;
    let empty = TestSpace::new();
    empty.write("ledger.pub", public);
    let bundle = here.display().to_string();
    empty.run(["verify", &bundle, "--trust", "ledger.pub"]).ok().expect_text("signed by 'ledger'");
    empty.run(["verify", &bundle]).expect(9).expect_text("GX0906");
    let there = there.display().to_string();
    empty.run(["verify", &there, "--trust", "ledger.pub"]).expect(9).expect_text("GX1223");
    empty.run(["verify", &there, "--root", &"0".repeat(64)]).expect(7).expect_text("GX1221");
    let signature = space.path("gx-out/release.bundle.signature.json").display().to_string();
    empty.run(["verify", &there, "--trust", "ledger.pub", "--signature", &signature]).ok();
    empty.run(["verify", "."]).expect(9).expect_text("GX1220");
}

#[test]
fn a_bit_anywhere_is_found_and_its_file_is_named() {
    let space = TestSpace::of_example("ledger");
    keyed(&space, &["key", "new", "ledger"]).ok();
    keyed(&space, &["push-button", "//:release", "--out", "bundle", "--key", "ledger"]).ok();
    let bundle = space.path("bundle");
    let check = |code: i32| keyed(&space, &["verify", "bundle"]).expect(code);
    let signature = space.path("bundle.signature.json");
    let text = std::fs::read(&signature).unwrap();
    for at in (0..text.len()).step_by(9) {
        let mut other = text.clone();
        other[at] ^= 1;
        std::fs::write(&signature, &other).unwrap();
        check(9);
    }
    std::fs::remove_file(&signature).unwrap();
    let all = files(&bundle);
    assert!(all.len() > 40);
    for (at, file) in all.iter().enumerate() {
        let name = file.strip_prefix(&bundle).unwrap().display().to_string();
        let bytes = std::fs::read(file).unwrap();
        let mut other = bytes.clone();
        let middle = other.len() / 2;
        other[middle] ^= 1 << (at % 8);
        std::fs::write(file, &other).unwrap();
        let run = keyed(&space, &["verify", "bundle"]);
        assert!(run.stderr.lines().next().unwrap().contains(&name), "{name}: {}", run.told());
        std::fs::write(file, &bytes).unwrap();
    }
    check(0);
    std::fs::write(&all[0], &std::fs::read(&all[0]).unwrap()[1..]).unwrap();
    check(7).expect_text("has another size");
    std::fs::remove_file(&all[0]).unwrap();
    check(7).expect_text("is missing");
}
