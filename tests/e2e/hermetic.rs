//! What an action sees: what it declares, and nothing of the machine, the person or the time.

use gx_tests::{TestSpace, skipped};
use std::path::Path;

fn genrule(cmd: &str) -> TestSpace {
    let space = TestSpace::new();
    space.write("p/BUILD.gx", format!("genrule(name = 'g', srcs = ['a.txt'], outs = ['x'], cmd = '''{cmd}''')\n"));
    space.write("p/a.txt", "a\n");
    space
}

fn output(cmd: &str) -> String {
    let space = genrule(cmd);
    space.build(&["//p:g"]).ok();
    space.read("gx-out/p/x")
}

#[test]
fn an_undeclared_file_is_not_there_and_is_named() {
    let space = genrule("cat p/a.txt p/secret.txt > $@");
    space.write("p/secret.txt", "secret\n");
    let run = space.run(["build", "//p:g"]).expect(1);
    assert!(run.stderr.contains("p/secret.txt") && run.stderr.contains("srcs"), "{}", run.told());
    insta::assert_snapshot!("undeclared_input", run.redacted());
}

#[test]
fn the_root_holds_the_toolchain_and_nothing_else() {
    let listed = output("ls -A / > $@; ls /root /home /var /opt /srv /mnt >> $@ 2>/dev/null || true");
    for name in listed.lines() {
        assert!(
            ["bin", "dev", "etc", "lib", "lib64", "lib32", "libx32", "proc", "sbin", "sys", "tmp", "usr", "w"]
                .contains(&name),
            "'/{name}' is visible:\n{listed}"
        );
    }
    let below = output("find . -type f | sort > /tmp/list; mv /tmp/list $@");
    assert_eq!(below, "./p/a.txt\n");
}

#[test]
fn an_undeclared_system_header_is_not_found() {
    // A header that lies on this machine outside the packages of the compiler.
    let candidates = [
        "lua.h",
        "zlib.h",
        "openssl/ssl.h",
        "clang-c/Index.h",
        "ncurses.h",
        "curl/curl.h",
        "yaml.h",
        "png.h",
        "sqlite3.h",
        "ffi.h",
        "expat.h",
        "uuid/uuid.h",
        "readline/readline.h",
        "lzma.h",
        "bzlib.h",
        "Python.h",
    ];
    let folders = ["/usr/include", "/usr/include/x86_64-linux-gnu", "/usr/local/include"];
    let found = candidates.iter().find(|name| folders.iter().any(|folder| Path::new(folder).join(name).exists()));
    let planted = Path::new("/usr/local/include/gx_test_undeclared.h");
    let (name, clean) = match found {
        Some(name) => ((*name).to_owned(), false),
        None if std::fs::write(planted, "#define PLANTED 1\n").is_ok() => ("gx_test_undeclared.h".to_owned(), true),
        None => return skipped("no header outside the compiler's packages, and /usr/local/include cannot be written"),
    };
    let space = TestSpace::new();
    space.write("BUILD.gx", "cc_binary(name = 'main', srcs = ['main.c'])\n");
    space.write("main.c", format!("#include <stdio.h>\n#include <{name}>\nint main(void) {{ return 0; }}\n"));
    let run = space.run(["build", "//:main"]);
    if clean {
        std::fs::remove_file(planted).unwrap();
    }
    let run = run.expect(1).expect_text("No such file or directory");
    assert!(run.stderr.contains(&name), "{}", run.told());
}

#[test]
fn there_is_no_network() {
    let cmd = "if (exec 3<>/dev/tcp/127.0.0.1/80) 2>/tmp/why; then echo open > $@; else cat /tmp/why > $@; fi";
    let text = output(cmd);
    assert!(!text.contains("open"), "{text}");
    let devices = output("cut -d: -f1 /proc/net/dev | tail -n +3 | tr -d \" \" | sort > $@ || true");
    assert!(devices.lines().all(|device| device == "lo"), "{devices}");
}

#[test]
fn the_environment_is_the_same_everywhere() {
    let cmd = "env | grep -v -e ^_= -e ^SHLVL= -e ^PWD= -e ^OLDPWD= | sort > $@; id -u >> $@; hostname 2>/dev/null >> $@ || cat /proc/sys/kernel/hostname >> $@; pwd >> $@; umask >> $@";
    let space = genrule(cmd);
    let once = space.gx(["build", "//p:g"]).env("SECRET_OF_THE_USER", "42").env("LANG", "tr_TR.UTF-8").run().ok();
    let text = space.read("gx-out/p/x");
    assert!(!text.contains("SECRET"), "{text}\n{}", once.told());
    insta::assert_snapshot!("environment", text);
}

#[test]
fn inputs_and_toolchain_are_read_only() {
    for cmd in [
        "echo b >> p/a.txt; touch $@",
        "chmod 777 p/a.txt; touch $@",
        "rm p/a.txt; touch $@",
        "echo x > /usr/bin/cat; touch $@",
    ] {
        let space = genrule(cmd);
        space.run(["build", "//p:g"]).expect(1);
        assert_eq!(space.read("p/a.txt"), "a\n");
    }
}

#[test]
fn processes_that_are_left_behind_are_ended() {
    let space = genrule("(sleep 1000 & echo $$! > /tmp/pid); touch $@");
    space.build(&["//p:g"]).ok();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        assert_ne!(line, b"sleep\x001000\x00", "a process was left behind: {}", entry.path().display());
    }
}

#[test]
fn without_a_sandbox_only_when_asked_for_and_never_mixed() {
    let space = genrule("cat p/a.txt > $@");
    let open = space.run(["build", "--json", "--sandbox=none", "//p:g"]).ok();
    let closed = space.build(&["//p:g"]).ok();
    assert_eq!(
        closed.messages("run").len(),
        1,
        "what ran without a sandbox answers no sandboxed build: {}",
        closed.told()
    );
    let action = |run: &gx_tests::Run| run.finished().into_iter().find(|f| f.mnemonic == "Genrule").unwrap().action;
    assert_ne!(action(&open), action(&closed));
}

#[test]
fn inputs_have_the_same_times_always() {
    let space = TestSpace::new();
    space.write("p/small.txt", "small\n");
    space.write("p/large.bin", vec![7; 100_000]);
    space.write("q/sub/other.txt", "other\n");
    space.write(
        "p/BUILD.gx",
        "genrule(name = 'made', outs = ['made.txt'], cmd = 'echo made > $@')\n\
         genrule(name = 'g', srcs = ['small.txt', 'large.bin', '//q:sub/other.txt', ':made'], outs = ['g.tar'], determinism = 'sandboxed', \
         cmd = 'tar cf $@ $(SRCS) p q; stat -c %Y:%n /w/p /w/q /w/q/sub /w/p/* /w/q/sub/* /w/out/p/made.txt')\n",
    );
    space.write("q/BUILD.gx", "exports_files(['sub/other.txt'])\n");
    let run = space.build(&["//p:g"]).ok();
    let times = run.stdout.matches("1:/w/").count() + run.stderr.matches("1:/w/").count();
    assert!(times >= 7, "{}", run.told());
    let other = space.copy_with_new_store();
    other.build(&["//p:g"]).ok();
    assert_eq!(space.outputs(), other.outputs());
}
