//! Many actions, many inputs, long commands, big outputs.

use gx_tests::TestSpace;
use std::fmt::Write;

#[test]
fn two_thousand_genrules() {
    let space = TestSpace::new();
    for package in 0..20 {
        let mut text = String::new();
        for i in 0..100 {
            writeln!(
                text,
                "genrule(name = 'g{i}', srcs = ['s.txt'], outs = ['o{i}'], cmd = 'echo {package} {i} > $@')"
            )
            .unwrap();
        }
        space.write(format!("p{package}/BUILD.gx"), text);
        space.write(format!("p{package}/s.txt"), format!("{package}"));
    }
    let first = space.build(&["//..."]).ok();
    assert!(first.totals().run >= 2000, "{}", first.told());
    assert_eq!(space.read("gx-out/p7/o42"), "7 42\n");
    space.build(&["//..."]).expect_run(0);
    space.write("p3/s.txt", "changed");
    let third = space.build(&["//..."]).expect_run(100);
    assert_eq!(third.totals().failed, 0);
}

#[test]
fn a_command_of_a_megabyte() {
    let space = TestSpace::new();
    space.write(
        "BUILD.gx",
        "genrule(name = 'g', outs = ['x'], cmd = 'echo ' + 'abcdefghi ' * 100000 + '| wc -c > $@')\n",
    );
    space.build(&["//:g"]).ok();
    assert_eq!(space.read("gx-out/x").trim(), "1000000");
}

#[test]
fn thousands_of_inputs_to_one_action() {
    let space = TestSpace::new();
    for i in 0..5000 {
        space.write(format!("in/{i}.txt"), format!("{i}\n"));
    }
    space.write("BUILD.gx", "genrule(name = 'g', srcs = glob(['in/*.txt']), outs = ['x'], cmd = 'cat in/*.txt | sort -n | md5sum > $@; ls in | wc -l >> $@')\n");
    space.build(&["//:g"]).ok();
    assert!(space.read("gx-out/x").ends_with("5000\n"));
    space.write("in/77.txt", "other\n");
    space.build(&["//:g"]).expect_run(1);
}

#[test]
fn an_output_of_many_megabytes() {
    let space = TestSpace::new();
    space.write(
        "BUILD.gx",
        "genrule(name = 'big', outs = ['big.bin'], cmd = 'head -c 300000000 /dev/zero > $@')\n\
         genrule(name = 'size', srcs = ['big.bin'], outs = ['size.txt'], cmd = 'wc -c < $< > $@')\n",
    );
    space.build(&["//:size"]).ok();
    assert_eq!(space.read("gx-out/size.txt").trim(), "300000000");
}

#[test]
fn a_long_chain() {
    let space = TestSpace::new();
    let mut text = String::from("genrule(name = 'g0', outs = ['o0'], cmd = 'echo 0 > $@')\n");
    for i in 1..300 {
        writeln!(
            text,
            "genrule(name = 'g{i}', srcs = ['o{}'], outs = ['o{i}'], cmd = 'cat $< > $@; echo {i} >> $@')",
            i - 1
        )
        .unwrap();
    }
    space.write("BUILD.gx", text);
    space.build(&["//:g299"]).ok();
    assert_eq!(space.read("gx-out/o299").lines().count(), 300);
    space.build(&["//:g299"]).expect_run(0);
}
