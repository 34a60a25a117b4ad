//! Toolchains of two roots: the same packages give the same trees, whatever else is unlike; other ones are named.
//!
//! The second root is this machine's own below an overlay, in namespaces of its own: another folder, user and host
//! name, an unrelated -dev package that dpkg installed, things that somebody put into /usr/local and the caches. It
//! needs root and an overlay; where one is missing the tests say so and do nothing.

use gx_tests::{Run, TestSpace, gx_binary, is_root, skipped};
use std::path::Path;
use std::process::{Command, Output};

/// Makes the second root and runs gx in it. Arguments: scratch folder, gx, workspace, user, what is done to the root,
/// what is run.
const ENTER: &str = r#"
set -e
scratch=$1 gx=$2 workspace=$3 user=$4 prepare=$5
shift 5
mount --make-rprivate /
mount -t tmpfs none "$scratch"
cd "$scratch"
mkdir upper work root
mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root || { echo NO-OVERLAY; exit 0; }
mkdir -p root/srv/elsewhere root/.old root/opt
cp "$gx" root/opt/gx
cp -r "$workspace" root/srv/elsewhere/ws
rm -rf root/srv/elsewhere/ws/gx-out
for folder in proc dev sys; do mount --rbind /$folder root/$folder; done
mount -t tmpfs none root/tmp
chmod 1777 root/tmp
cd root
pivot_root . .old
cd /
umount -l /.old
hostname of-another-team
sh -ec "$prepare"
chown -R "$user" /srv/elsewhere
cd /srv/elsewhere/ws
exec setpriv --reuid="$user" --regid="$user" --clear-groups \
    env -i PATH=/usr/bin:/bin HOME=/srv/elsewhere TZ=Asia/Tokyo GX_NO_DAEMON=1 GX_STORE=/srv/elsewhere/store \
    CPATH=/usr/local/include LANG=de_DE.UTF-8 "$@"
"#;

/// What is unlike in the second root and no part of any toolchain.
const UNLIKE: &str = r#"
package=/tmp/package
mkdir -p $package/DEBIAN $package/usr/include/x86_64-linux-gnu $package/usr/lib/x86_64-linux-gnu $package/usr/bin
echo '#define UNRELATED 1' > $package/usr/include/unrelated.h
echo '#define UNRELATED 2' > $package/usr/include/x86_64-linux-gnu/unrelated-config.h
echo '!<arch>' > $package/usr/lib/x86_64-linux-gnu/libunrelated.a
printf 'Package: libunrelated-dev\nVersion: 1\nArchitecture: all\nMaintainer: nobody <n@example.org>\n' > $package/DEBIAN/control
echo 'Description: unrelated' >> $package/DEBIAN/control
dpkg-deb --build --root-owner-group $package /tmp/package.deb > /dev/null
dpkg -i --force-depends /tmp/package.deb > /dev/null
test -e /usr/include/unrelated.h
mkdir -p /usr/local/bin /usr/local/include
printf '#!/bin/sh\nexit 9\n' > /usr/local/bin/gcc
chmod 755 /usr/local/bin/gcc
echo '#error from /usr/local' > /usr/local/include/stdio.h
touch -d 2001-01-01 /usr/include/stdio.h
rm -f /etc/ld.so.cache
echo of-another-team > /etc/hostname
"#;

fn space() -> TestSpace {
    let space = TestSpace::new();
    space.write("BUILD.gx", "cc_binary(name = 'c', srcs = ['c.c'])\ncc_binary(name = 'cxx', srcs = ['cxx.cc'])\n");
    space.write("c.c", "#include <stdio.h>\nint main(void) { return puts(\"c\") < 0; }\n");
    space.write("cxx.cc", "#include <iostream>\nint main() { std::cout << \"c++\\n\"; }\n");
    space
}

/// Runs a command in a second root; `None`, after a loud word, where this machine cannot make one.
fn second_root(space: &TestSpace, user: &str, prepare: &str, command: &[&str]) -> Option<String> {
    if !is_root() {
        skipped("a second root is made by root only");
        return None;
    }
    if std::env::consts::ARCH != "x86_64" || !Path::new("/var/lib/dpkg/info").is_dir() {
        skipped("the second root is made for Debian on x86-64");
        return None;
    }
    let scratch = tempfile::tempdir().unwrap();
    let mut enter = Command::new("unshare");
    enter.args(["--mount", "--uts", "bash", "-c", ENTER, "enter"]);
    enter.arg(scratch.path()).arg(gx_binary()).arg(space.root()).args([user, prepare]).args(command);
    let output: Output = match enter.output() {
        Ok(output) => output,
        Err(error) => {
            skipped(&format!("unshare cannot be started: {error}"));
            return None;
        }
    };
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let cannot = ["unshare failed", "mount: ", "pivot_root: ", "GX0402"];
    if said.contains("NO-OVERLAY") || cannot.iter().any(|cannot| errors.contains(cannot) || said.contains(cannot)) {
        skipped(&format!("no second root can be made here: {}", errors.lines().next().unwrap_or_default()));
        return None;
    }
    assert!(output.status.success(), "{}\n{said}\n{errors}", output.status);
    Some(said)
}

/// The actions of a build's events: message and digest.
fn actions(events: &str) -> Vec<(String, String)> {
    let events = events.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let finished = events.filter(|event| event["event"] == "action_finished");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let mut found: Vec<(String, String)> =
        finished.map(|event| (text(&event["message"]), text(&event["action"]))).collect();
    found.sort();
    found
}

#[test]
fn two_roots_with_the_same_packages_give_the_same_toolchains() {
    let space = space();
    let here: Run = space.build(&["//..."]).ok();
    let there = second_root(&space, "12345", UNLIKE, &["/opt/gx", "build", "--json", "//..."]);
    let Some(there) = there else { return };
    let (here, there) = (actions(&here.stdout), actions(&there));
    assert!(here.iter().any(|(message, _)| message.contains("Importing")) && here.len() >= 6, "{here:?}");
    // The digest of an action has that of its toolchain's tree in it.
    assert_eq!(here, there);
}

/// What else a language would look into, in the second root.
const UNLIKE_LANGUAGES: &str = r#"
for folder in /usr/local/lib/python3.11/dist-packages /usr/local/lib/node_modules/path /srv/elsewhere/.local/lib/python3.11/site-packages; do
    mkdir -p $folder
    echo 'raise SystemExit("from another place")' > $folder/json.py
    echo 'raise SystemExit("from another place")' > $folder/sitecustomize.py
    echo 'throw new Error("from another place")' > $folder/index.js
done
mkdir -p /srv/elsewhere/.m2 /srv/elsewhere/go/src/fmt /srv/elsewhere/.config/go
echo 'GOFLAGS=-race' > /srv/elsewhere/.config/go/env
echo 'package fmt' > /srv/elsewhere/go/src/fmt/fmt.go
find /usr/lib/python3 -name '__pycache__' -prune -exec rm -rf {} +
rm -rf /usr/share/doc /usr/share/man
touch -d 2001-01-01 /usr/bin/*
"#;

/// One language's toolchain and what it makes, in both roots.
fn language(name: &str, program: &str, command: &str) {
    if !Path::new("/usr/bin").join(program).exists() {
        return skipped(&format!("this machine has no /usr/bin/{program}"));
    }
    let space = TestSpace::new();
    let rule =
        format!("genrule(name = 'x', outs = ['x'], cmd = '{command}', toolchains = ['@gx//toolchains:{name}'])\n");
    space.write("BUILD.gx", &rule);
    let here: Run = space.gx(["build", "--json", "//:x"]).env("PATH", "/usr/bin:/bin").run().ok();
    let prepare = format!("{UNLIKE}{UNLIKE_LANGUAGES}");
    let Some(there) = second_root(&space, "12345", &prepare, &["/opt/gx", "build", "--json", "//:x"]) else { return };
    let (here, there) = (actions(&here.stdout), actions(&there));
    assert!(here.iter().any(|(message, _)| message.contains("Importing")) && here.len() >= 2, "{here:?}");
    assert_eq!(here, there);
}

#[test]
fn python_of_two_roots_is_one() {
    language("python", "python3", "python3 -c \"import json, ssl; print(json.dumps([1]))\" > $@");
}

#[test]
fn node_of_two_roots_is_one() {
    language("node", "node", "node -e \"console.log(6 * 7)\" > $@");
}

#[test]
fn java_of_two_roots_is_one() {
    language("java", "javac", "javac -version > $@ 2>&1");
}

#[test]
fn go_of_two_roots_is_one() {
    language("go", "go", "go version > $@");
}

#[test]
fn what_makes_two_toolchains_differ_is_named_with_its_package() {
    let space = space();
    let script = "/opt/gx build //:c > /dev/null 2>&1
        mv /srv/elsewhere/store /srv/elsewhere/before
        printf '/* patched */\\n' >> /usr/include/stdio.h
        /opt/gx build //:c > /dev/null 2>&1
        /opt/gx why --against /srv/elsewhere/before //:c
        GX_STORE=/srv/elsewhere/before /opt/gx build //:c > /dev/null 2>&1
        GX_STORE=/srv/elsewhere/before /opt/gx why //:c";
    let Some(said) = second_root(&space, "0", "true", &["sh", "-ec", script]) else { return };
    let line = "input '/usr/include/stdio.h' has other bytes (libc6-dev ";
    // Once as the difference between two stores, once as the reason of the last build.
    assert!(said.matches(line).count() >= 2, "{said}");
    assert!(
        said.contains("from the other store to this one:") && said.contains("one thing is not as it was:"),
        "{said}"
    );
}
