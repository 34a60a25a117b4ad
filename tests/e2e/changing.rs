//! The world moves while gx looks: sources that change, a store of a newer gx, a disk that is full.

use gx_tests::{TestSpace, is_root, skipped};
use std::io::{Seek, Write};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

/// A file that is written over and over, always one letter for the whole of it. Whatever a build makes of it, the same
/// bytes later give what these bytes are.
#[test]
fn a_source_that_changes_while_it_is_read_spoils_no_cache() {
    const SIZE: usize = 8 << 20;
    let space = TestSpace::new();
    space.write("BUILD.gx", "genrule(name = 'g', srcs = ['s'], outs = ['o'], cmd = 'cp $< $@')\n");
    space.write("s", vec![b'a'; SIZE]);
    let over = AtomicBool::new(false);
    let (mut built, mut refused) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut file = std::fs::OpenOptions::new().write(true).open(space.path("s")).unwrap();
            let mut letters = (b'a'..=b'd').cycle();
            while !over.load(Ordering::Relaxed) {
                file.rewind().unwrap();
                file.write_all(&vec![letters.next().unwrap(); SIZE]).unwrap();
            }
        });
        for _ in 0..8 {
            let run = space.run(["build", "//:g"]);
            match run.code {
                Some(0) => built += 1,
                Some(4) if run.stderr.contains("GX0116") => refused += 1,
                _ => panic!("{}", run.told()),
            }
        }
        over.store(true, Ordering::Relaxed);
    });
    println!("{built} built, {refused} refused");
    for letter in [b'a', b'b', b'c', b'd'] {
        space.write("s", vec![letter; SIZE]);
        space.run(["build", "//:g"]).ok();
        assert!(std::fs::read(space.path("gx-out/o")).unwrap() == vec![letter; SIZE], "another file's content");
    }
    space.run(["store", "verify"]).ok();
}

fn listing(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_symlink() {
            files.push((
                path.to_string_lossy().into_owned(),
                path.read_link().unwrap().into_os_string().into_encoded_bytes(),
            ));
        } else if path.is_dir() {
            files.extend(listing(&path));
        } else {
            files.push((path.to_string_lossy().into_owned(), std::fs::read(&path).unwrap()));
        }
    }
    files.sort();
    files
}

#[test]
fn a_store_of_a_newer_gx_is_left_alone() {
    let space = TestSpace::new();
    space.write("BUILD.gx", "genrule(name = 'g', outs = ['o'], cmd = 'echo x > $@')\n");
    space.run(["build", "//:g"]).ok();
    std::fs::write(space.store().join("version"), "99\n").unwrap();
    let before: Vec<_> = listing(&space.store()).into_iter().filter(|(path, _)| !path.ends_with(".lock")).collect();
    let run = space.run(["build", "//:g"]);
    let after: Vec<_> = listing(&space.store()).into_iter().filter(|(path, _)| !path.ends_with(".lock")).collect();
    insta::assert_snapshot!(run.redacted());
    assert_ne!(run.code, Some(0));
    assert!(before == after, "the store was touched");
}

#[test]
fn a_disk_that_is_full_while_loading() {
    let space = TestSpace::new();
    let disk = space.path("../disk");
    std::fs::create_dir_all(&disk).unwrap();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=24m", "tmpfs"]).arg(&disk).output();
    if !is_root() || !mounted.is_ok_and(|output| output.status.success()) {
        return skipped("a tmpfs cannot be mounted here (root is needed)");
    }
    space.write("BUILD.gx", "filegroup(name = 'g', srcs = ['large'])\n");
    // Not all one byte: what is written must take its room.
    let large: Vec<u8> = (0..64u32 << 18).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    space.write("large", large);
    let run = space.gx(["build", "//:g"]).env("GX_STORE", disk.join("store")).run();
    let kept = Command::new("umount").arg(&disk).status();
    assert!(kept.is_ok_and(|status| status.success()));
    run.expect(5).expect_text("error[GX0507]: no space left on the device that holds").expect_text("`gx gc` frees");
    // With room the same workspace builds.
    space.run(["build", "//:g"]).ok();
}
