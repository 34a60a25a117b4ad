//! The store over builds: damage is found and made good, gc keeps what the last build needs.

use gx_tests::TestSpace;
use std::path::{Path, PathBuf};

fn space() -> TestSpace {
    let space = TestSpace::new();
    space.write(
        "BUILD.gx",
        "genrule(name = 'big', srcs = ['a.txt'], outs = ['big.txt'],\n\
         cmd = '''awk \"{for (i = 0; i < 20000; i++) print}\" $< > $@''')\n\
         genrule(name = 'use', srcs = ['big.txt', 'b.txt'], outs = ['use.txt'], cmd = 'cat $(SRCS) | md5sum > $@')\n",
    );
    space.write("a.txt", "twenty bytes of text\n");
    space.write("b.txt", "b\n");
    space
}

/// Files of the store whose content is exactly this.
fn files_with(store: &Path, content: &[u8]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![store.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let meta = path.symlink_metadata().unwrap();
            if meta.is_dir() {
                folders.push(path);
            } else if meta.is_file() && meta.len() == content.len() as u64 && std::fs::read(&path).unwrap() == content {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn a_corrupt_object_is_made_again_in_the_same_build() {
    let space = space();
    space.build(&["//:use"]).ok();
    let big = "twenty bytes of text\n".repeat(20000);
    let right = space.read("gx-out/use.txt");
    let damaged = files_with(&space.store(), big.as_bytes());
    assert!(!damaged.is_empty(), "the big output rests in no file of the store");
    for path in damaged {
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[1000] ^= 1;
        let mode = path.metadata().unwrap().permissions();
        let _ = std::fs::remove_file(&path);
        std::fs::write(&path, bytes).unwrap();
        std::fs::set_permissions(&path, mode).unwrap();
    }
    // The consumer has to read the damaged object.
    space.write("b.txt", "changed\n");
    let run = space.build(&["//:use"]).ok();
    assert_ne!(space.read("gx-out/use.txt"), right);
    space.write("b.txt", "b\n");
    space.build(&["//:use"]).ok();
    assert_eq!(space.read("gx-out/use.txt"), right, "{}", run.told());
    space.run(["store", "verify"]).ok();
}

#[test]
fn gc_keeps_what_the_last_build_needs() {
    let space = space();
    space.build(&["//:use"]).ok();
    space.run(["gc", "--dry-run"]).ok();
    space.run(["gc"]).ok();
    space.build(&["//:use"]).expect_run(0);
    space.run(["store", "verify"]).ok();
    space.run(["store", "du"]).ok();
    assert!(!space.run(["store", "roots"]).ok().stdout.is_empty());
}

#[test]
fn objects_can_be_looked_at() {
    let space = space();
    let build = space.build(&["//:use"]).ok();
    let done = build.finished().into_iter().find(|done| done.owner == "//:use").unwrap();
    assert!(space.run(["show", &done.action]).ok().stdout.contains("md5sum"));
    space.run(["store", "ls"]).ok();
}

#[test]
fn the_store_cannot_be_changed_through_an_output() {
    let space = space();
    space.build(&["//:big"]).ok();
    let path = space.path("gx-out/big.txt");
    let _ = std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o644));
    std::fs::write(&path, "overwritten in place").unwrap();
    space.run(["store", "verify"]).ok();
    space.build(&["//:big"]).expect_run(0);
    assert!(space.read("gx-out/big.txt").starts_with("twenty bytes of text\ntwenty"));
}

#[test]
fn a_store_that_cannot_be_written_is_told_so() {
    let space = space();
    let run = space.gx(["build", "//:use"]).env("GX_STORE", "/proc/no/such/store").run();
    assert_eq!(run.code, Some(5), "{}", run.told());
}

#[test]
fn a_build_that_fails_does_not_give_up_what_the_one_before_made() {
    let space = space();
    space.build(&["//..."]).ok();
    let build = space.read("BUILD.gx");
    space.write("BUILD.gx", format!("{build}\ngenrule(name = 'bad', outs = ['bad.txt'], cmd = 'exit 1')\n"));
    space.edit("BUILD.gx", "md5sum", "md5sum -b");
    space.build(&["//..."]).expect(1);
    space.write("BUILD.gx", build);
    space.build(&["//..."]).expect_run(0);
    space.run(["gc"]).ok();
    space.build(&["//..."]).expect_run(0);
}
