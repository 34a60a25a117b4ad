//! Pinned Debian packages, from an archive made here: locks, trees, and everything that may be wrong with them.

use gx_store::HashFunction::Sha256;
use gx_tests::{Invocation, Run, TestSpace, skipped};
use std::path::PathBuf;
use std::process::Command;

/// Are apt and dpkg-deb there?
fn lacking() -> bool {
    let there = |program: &str| Command::new(program).arg("--version").output().is_ok_and(|it| it.status.success());
    let lacking = !there("apt-get") || !there("dpkg-deb");
    if lacking {
        skipped("there is no apt-get or no dpkg-deb");
    }
    lacking
}

/// A workspace, and an archive of packages that apt takes for the only one.
struct Archive {
    space: TestSpace,
    index: String,
    folder: PathBuf,
}

impl Archive {
    fn new() -> Archive {
        let space = TestSpace::new();
        let folder = space.root().parent().unwrap().join("archive");
        std::fs::create_dir(&folder).unwrap();
        let sources = format!("deb [trusted=yes] file:{} ./\n", folder.display());
        std::fs::write(folder.join("sources.list"), sources).unwrap();
        let apt = format!(
            "Dir::Etc::sourcelist \"{}\";\nDir::Etc::sourceparts \"/dev/null\";\n",
            folder.join("sources.list").display()
        );
        std::fs::write(folder.join("apt.conf"), apt).unwrap();
        space.write("BUILD.gx", "filegroup(name = 'tree', srcs = ['@tools'])\n");
        Archive { space, index: String::new(), folder }
    }

    /// Adds a package: its files are paths with content, or `path -> target`.
    fn add(&mut self, name: &str, version: &str, fields: &str, files: &[&str]) {
        let root = self.folder.join(format!("{name}.root"));
        std::fs::create_dir_all(root.join("DEBIAN")).unwrap();
        let control = format!(
            "Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: x <x@example.org>\n{fields}Description: x\n"
        );
        std::fs::write(root.join("DEBIAN/control"), &control).unwrap();
        for file in files {
            let (path, content) = file.split_once('=').unwrap_or((file, ""));
            let (path, link) = path.split_once("->").unwrap_or((path, ""));
            let at = root.join(path);
            std::fs::create_dir_all(at.parent().unwrap()).unwrap();
            if link.is_empty() {
                std::fs::write(&at, content).unwrap();
            } else {
                std::os::unix::fs::symlink(link, &at).unwrap();
            }
        }
        let deb = format!("{name}_{}.deb", version.replace(':', "."));
        let mut build = Command::new("dpkg-deb");
        build.args(["--root-owner-group", "-b"]).arg(&root).arg(self.folder.join(&deb));
        assert!(build.output().unwrap().status.success(), "dpkg-deb made no {deb}");
        let bytes = std::fs::read(self.folder.join(&deb)).unwrap();
        let (size, sha256) = (bytes.len(), Sha256.digest(&bytes).hex());
        self.index += &format!("{control}Filename: ./{deb}\nSize: {size}\nSHA256: {sha256}\n\n");
        std::fs::write(self.folder.join("Packages"), &self.index).unwrap();
    }

    fn declare(&self, packages: &str, more: &str) {
        let table = format!("[repositories.tools]\nkind = \"debian_packages\"\npackages = {packages}\n{more}");
        self.space.write("gx.toml", table);
    }

    fn gx(&self, arguments: &[&str]) -> Invocation {
        self.space.gx(arguments).env("APT_CONFIG", self.folder.join("apt.conf"))
    }

    fn lock(&self) -> Run {
        self.gx(&["lock"]).run()
    }

    fn build(&self) -> Run {
        self.gx(&["build", "--json", "//:tree"]).run()
    }

    fn tree(&self) -> Vec<String> {
        let base = self.space.path("gx-out/external/tools/amd64");
        let mut find = Command::new("find");
        find.arg(&base).args(["-printf", "%P %y %l\n"]);
        let said = String::from_utf8(find.output().unwrap().stdout).unwrap();
        let mut lines: Vec<String> = said.lines().map(|line| line.trim().to_owned()).collect();
        lines.sort();
        lines
    }
}

/// Two packages that need each other, with old folders, and one that both need by another name.
fn circle() -> Archive {
    let mut archive = Archive::new();
    archive.add("one", "1:1.0", "Depends: two, awk\n", &["bin/one=1", "usr/share/doc/one/copyright=words"]);
    archive.add("two", "2~rc+1", "Depends: one (>= 1:0.5)\n", &["usr/bin/two->/bin/one", "usr/lib/x/data=d"]);
    archive.add("mawk", "3", "Provides: awk\n", &["usr/bin/mawk=m"]);
    archive.add("stranger", "9", "", &["usr/bin/stranger=s"]);
    archive.declare("[\"one\"]", "lock = \"locks/tools.lock\"\nlinks = { \"/usr/bin/awk\" = \"/usr/bin/mawk\" }\n");
    archive
}

#[test]
fn packages_are_locked_fetched_and_put_together() {
    if lacking() {
        return;
    }
    let mut archive = circle();
    let without = archive.build();
    assert!(without.code == Some(4) && without.stdout.contains("GX0120"), "{}", without.told());
    archive.lock().ok();
    let lock = archive.space.read("locks/tools.lock");
    let names: Vec<&str> = lock.lines().map(|line| line.split(' ').nth(1).unwrap_or_default()).collect();
    assert_eq!(names, ["1", "mawk", "one", "two", "one"], "{lock}");
    assert!(!lock.contains("file:") && !lock.contains(archive.folder.to_str().unwrap()), "a mirror is named: {lock}");
    archive.build().ok();
    insta::assert_snapshot!(archive.tree().join("\n"));
    archive.build().expect_run(0);
    // Nothing new: the lock is not touched. Something new: one line changes.
    let again = archive.lock().ok();
    assert!(again.stderr.contains("as before"), "{}", again.told());
    archive.add("mawk", "4", "Provides: awk\n", &["usr/bin/mawk=newer"]);
    archive.lock().ok();
    let newer = archive.space.read("locks/tools.lock");
    assert_eq!(newer.lines().filter(|line| !lock.contains(*line)).count(), 1, "{newer}");
    // What did not change is neither fetched nor unpacked again.
    archive.build().expect_run(3);
}

#[test]
fn a_lock_that_was_edited_is_refused() {
    if lacking() {
        return;
    }
    let archive = circle();
    archive.lock().ok();
    let good = archive.space.read("locks/tools.lock");
    let line = |name: &str| good.lines().find(|line| line.starts_with(&format!("amd64 {name} "))).unwrap().to_owned();
    let hash = line("one").split(' ').nth(4).unwrap().to_owned();
    let edits = [
        good.replace("amd64 two 2~rc+1", "amd64 two 2~rc+2"),
        good.replace(&hash, &"0".repeat(64)),
        good.replace(&format!("{}\n", line("mawk")), ""),
        good.replace("amd64 two", "amd64 two!"),
        good.replace(&line("two"), &format!("<<<<<<< ours\n{}", line("two"))),
        good.replace("want one", "want two"),
    ];
    let mut said = String::new();
    for text in edits {
        assert_ne!(text, good);
        archive.space.write("locks/tools.lock", text);
        let run = archive.gx(&["build", "//:tree"]).run();
        assert_ne!(run.code, Some(0), "{}", run.told());
        let error = run.stderr.lines().skip_while(|line| !line.starts_with("error"));
        let told: Vec<&str> = error.take_while(|line| !line.contains("action:")).collect();
        said += &format!(
            "{}\n\n",
            told.join("\n").replace(&hash, "[HASH]").replace(archive.folder.to_str().unwrap(), "[ARCHIVE]")
        );
    }
    insta::assert_snapshot!(said);
}

#[test]
fn what_a_mirror_does_wrong_is_told() {
    if lacking() {
        return;
    }
    let archive = circle();
    archive.lock().ok();
    let deb = archive.folder.join("mawk_3.deb");
    let bytes = std::fs::read(&deb).unwrap();
    let fail = |why: &str, code: &str, words: &str| {
        let run = archive.build();
        assert_eq!(run.code, Some(1), "{why}: {}", run.told());
        assert!(run.stdout.contains(code) && run.stdout.contains(words), "{why}: {}", run.told());
    };
    std::fs::remove_file(&deb).unwrap();
    fail("gone", "GX0603", "package 'mawk 3 all'");
    std::fs::write(&deb, [bytes.as_slice(), b"more"].concat()).unwrap();
    fail("too long", "GX060", "mawk");
    std::fs::write(&deb, &bytes[..bytes.len() / 2]).unwrap();
    fail("cut off", "GX060", "mawk");
    let mut other = bytes.clone();
    other[100] ^= 1;
    std::fs::write(&deb, other).unwrap();
    fail("other bytes", "GX0604", "mawk");
    std::fs::write(&deb, bytes).unwrap();
    archive.build().ok();
}

#[test]
fn a_mirror_replaces_the_archive() {
    if lacking() {
        return;
    }
    let archive = circle();
    archive.lock().ok();
    let mirror = archive.folder.with_file_name("mirror");
    let mirror = mirror.to_str().unwrap();
    archive.gx(&["fetch", "--to", mirror]).run().ok();
    let index = std::fs::read_to_string(format!("{mirror}/index")).unwrap();
    assert_eq!(index.lines().count(), 3, "{index}");
    std::fs::remove_dir_all(&archive.folder).unwrap();

    let elsewhere = archive.space.copy_with_new_store();
    let build = |more: &[&str]| elsewhere.run(["build", "//:tree"].iter().chain(more));
    let without = build(&["--offline"]);
    assert!(without.code == Some(1) && without.stderr.contains("--mirror DIR"), "{}", without.told());
    // One file of the mirror is damaged.
    let hash = index.lines().next().unwrap().split(' ').next().unwrap();
    let file = format!("{mirror}/sha256/{}/{hash}", &hash[..2]);
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, "damaged").unwrap();
    let damaged = elsewhere.run(["fetch", "--from", mirror, "//..."]);
    assert!(damaged.code == Some(1) && damaged.stderr.contains("GX0604"), "{}", damaged.told());
    std::fs::write(&file, bytes).unwrap();
    elsewhere.run(["fetch", "--from", mirror]).ok();
    build(&["--offline"]).ok();
    // gx.toml may name the mirror, seen from where it stands.
    let third = elsewhere.copy_with_new_store();
    std::fs::rename(mirror, third.path("mirror")).unwrap();
    let gx_toml = third.read("gx.toml");
    third.write("gx.toml", format!("[build]\nmirror = \"mirror\"\noffline = true\n\n{gx_toml}"));
    third.write("below/BUILD.gx", "filegroup(name = 'tree', srcs = ['@tools'])\n");
    third.gx(["build", ":tree"]).current_dir(third.path("below")).run().ok();
}

#[test]
fn packages_that_do_not_fit_together_are_refused() {
    if lacking() {
        return;
    }
    let mut archive = Archive::new();
    archive.add("one", "1", "", &["bin/tool=1", "usr/bin/same=same"]);
    archive.add("two", "1", "", &["usr/bin/tool=2", "usr/bin/same=same"]);
    archive.declare("[\"one\", \"two\"]", "");
    archive.lock().ok();
    let run = archive.build();
    let words = "the packages 'one' and 'two' both own 'usr/bin/tool'";
    assert!(run.code == Some(1) && run.stdout.contains("GX0309") && run.stdout.contains(words), "{}", run.told());
}

#[test]
fn what_apt_cannot_resolve_is_told() {
    if lacking() {
        return;
    }
    let mut archive = circle();
    archive.add("broken", "1", "Depends: nowhere\n", &[]);
    for (packages, words) in
        [("[\"nothing\"]", "nothing"), ("[\"broken\"]", "nowhere"), ("[\"awk\"]", "something that others provide")]
    {
        archive.declare(packages, "");
        let run = archive.lock();
        assert_eq!(run.code, Some(1), "{}", run.told());
        assert!(run.stderr.contains("GX060") && run.stderr.contains(words), "{}", run.told());
        assert!(!archive.space.exists("tools.lock") && !archive.space.exists("locks"), "a lock was written");
    }
    let run = archive.gx(&["lock", "tolls"]).run();
    assert!(run.code == Some(2) && run.stderr.contains("tools"), "{}", run.told());
}
