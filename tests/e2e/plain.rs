//! Plain commands run without a shell, and nobody can tell.

use gx_tests::TestSpace;

/// The same command twice: as it is, and with a `;` at its end, so that bash runs it.
fn twice(command: &str) -> TestSpace {
    let space = TestSpace::new();
    space.write("in.txt", "b\na\n");
    space.write("two words.txt", "spaced\n");
    space.write_script("tool.sh", "#!/bin/sh\nprintf '<%s>' \"$@\"\nexit 3\n");
    space.write_script("dies.sh", "#!/bin/sh\nkill -SEGV $$\n");
    let command = command.replace('\\', "\\\\").replace('\"', "\\\"");
    let rule = |name: &str, end: &str| {
        format!(
            "genrule(name = '{name}', srcs = ['in.txt', 'two words.txt', 'tool.sh', 'dies.sh'], outs = ['{name}.out'], \
             cmd = \"\"\"{command}{end}\"\"\")\n"
        )
    };
    space.write("BUILD.gx", rule("plain", "") + &rule("shell", ";"));
    space
}

#[test]
fn what_comes_out_is_what_bash_makes() {
    for command in [
        "cat in.txt > $@",
        "sort < in.txt > $@",
        "sort -r -k 1,1 in.txt > $@",
        "cat 'two words.txt' \"in.txt\" > $@",
        "sed 's/^\\(.\\)$$/<\\1>/' in.txt > $@",
        "cp in.txt $@",
        // Everything that a program is given: order of the environment, `_`, `SHLVL`, `PWD`, descriptors.
        "cat /proc/self/environ > $@",
        "/usr/bin/env > $@",
        "ls /proc/self/fd > $@",
        "grep -E '^(Umask|Sig|Cap|NoNewPrivs|Seccomp):' /proc/self/status > $@",
        "readlink /proc/self/cwd > $@",
    ] {
        let space = twice(command);
        space.build(&["//..."]).ok();
        assert_eq!(space.read("gx-out/plain.out"), space.read("gx-out/shell.out"), "{command}");
    }
}

#[test]
fn what_fails_fails_as_under_bash() {
    for command in [
        "cat missing.txt > $@",
        "no-such-tool in.txt > $@",
        "./tool.sh a 'b c' > /no/such/folder",
        "./tool.sh a 'b c'",
        "./dies.sh > $@",
        "./in.txt > $@",
        "cat < missing.txt > $@",
    ] {
        let space = twice(command);
        let said = |name: &str| {
            let run = space.run(["build", &format!("//:{name}")]).expect(1);
            let all = format!("{}{}", run.stdout, run.stderr);
            all.lines()
                .filter(|line| !line.contains("gx: "))
                .map(|line| line.replace(name, "NAME").replace(";'", "'"))
                .collect::<Vec<_>>()
        };
        let (plain, shell) = (said("plain"), said("shell"));
        let same = |lines: &[String]| {
            lines
                .iter()
                .filter(|l| l.contains("bash") || l.contains("exit") || l.contains("missing"))
                .cloned()
                .collect::<Vec<_>>()
        };
        assert!(!same(&plain).is_empty(), "{plain:?}");
        assert_eq!(same(&plain), same(&shell), "{command}");
    }
}
