//! Actions that go wrong: what is said, what is remembered, what goes on.

use gx_tests::TestSpace;

fn genrule(cmd: &str) -> TestSpace {
    let space = TestSpace::new();
    space
        .write("p/BUILD.gx", format!("genrule(name = 'g', srcs = glob(['*.txt']), outs = ['x'], cmd = '''{cmd}''')\n"));
    space.write("p/a.txt", "a\n");
    space
}

#[test]
fn a_failure_shows_the_log_is_remembered_and_retried_when_asked() {
    let space = genrule("echo what happened >&2; exit 7");
    let first = space.run(["build", "//p:g"]).expect(1);
    insta::assert_snapshot!("failed", first.redacted());
    let again = space.build(&["//p:g"]).expect(1);
    assert_eq!((again.totals().run, again.totals().failed), (0, 1), "{}", again.told());
    assert!(again.stdout.contains("what happened"), "{}", again.told());
    insta::assert_snapshot!("failed_again", space.run(["build", "//p:g"]).expect(1).redacted());
    let retried = space.run(["build", "--retry", "//p:g"]).expect(1);
    assert!(!retried.stderr.contains("remembered"), "{}", retried.told());
    space.edit("p/BUILD.gx", "exit 7", "touch $@");
    space.build(&["//p:g"]).ok();
}

#[test]
fn an_output_that_is_not_made_is_named() {
    let space = genrule("true");
    let run = space.run(["build", "//p:g"]).expect(1);
    assert!(run.stderr.contains("out/p/x") && run.stderr.contains("GX0304"), "{}", run.told());
    insta::assert_snapshot!("output_missing", run.redacted());
}

#[test]
fn a_folder_where_a_file_was_declared_is_named() {
    genrule("mkdir $@").run(["build", "//p:g"]).expect(1).expect_text("out/p/x");
}

#[test]
fn an_output_that_was_not_declared_is_named_and_not_kept() {
    let space = genrule("touch $@ $(RULEDIR)/stray.txt");
    let run = space.run(["build", "//p:g"]);
    assert!(run.stderr.contains("out/p/stray.txt"), "{}", run.told());
    assert!(!space.exists("gx-out/p/stray.txt"));
}

#[test]
fn keep_going_builds_what_can_be_built() {
    let space = TestSpace::new();
    space.write(
        "BUILD.gx",
        "genrule(name = 'bad', outs = ['bad.txt'], cmd = 'exit 1')\n\
         genrule(name = 'after', srcs = ['bad.txt'], outs = ['after.txt'], cmd = 'cat $< > $@')\n\
         genrule(name = 'good', outs = ['good.txt'], cmd = 'echo good > $@')\n",
    );
    let run = space.run(["build", "--json", "--keep-going", "//..."]).expect(1);
    let totals = run.totals();
    assert_eq!((totals.failed, totals.skipped), (1, 1), "{}", run.told());
    assert_eq!(space.read("gx-out/good.txt"), "good\n");
}

#[test]
fn a_timeout_kills_the_action_and_all_it_started() {
    let space = genrule("(while :; do :; done) & while :; do :; done");
    let run = space.run(["build", "--timeout", "1", "//p:g"]).expect(1);
    assert!(run.stderr.contains("GX0303"), "{}", run.told());
}

#[test]
fn a_program_that_is_killed_is_told_as_such() {
    genrule("kill -9 $$$$").run(["build", "//p:g"]).expect(1);
}

#[test]
fn logs_are_shown_when_asked_also_from_the_cache() {
    let space = genrule("echo some words; touch $@");
    let first = space.run(["build", "--show-logs", "//p:g"]).ok();
    assert!((first.stderr.clone() + &first.stdout).contains("some words"), "{}", first.told());
    let second = space.run(["build", "--show-logs", "//p:g"]).ok();
    assert!((second.stderr.clone() + &second.stdout).contains("some words"), "{}", second.told());
    assert!(!space.run(["build", "//p:g"]).ok().stderr.contains("some words"));
    assert!(space.run(["log", "//p:g"]).ok().stdout.contains("some words"));
}

#[test]
fn why_names_the_input_that_changed() {
    let space = genrule("cat $(SRCS) > $@");
    space.build(&["//p:g"]).ok();
    space.write("p/a.txt", "changed\n");
    space.build(&["//p:g"]).expect_run(1);
    let why = space.run(["why", "//p:g"]).ok();
    assert!(why.stdout.contains("p/a.txt"), "{}", why.told());
    space.edit("p/BUILD.gx", "cat ", "cat -u ");
    space.build(&["//p:g"]).expect_run(1);
    assert!(space.run(["why", "//p:g"]).ok().stdout.contains("cat -u"));
}

#[test]
fn every_digest_printed_can_be_shown() {
    let space = genrule("cat $(SRCS) > $@");
    let build = space.build(&["//p:g"]).ok();
    let done = build.finished().into_iter().find(|done| done.mnemonic == "Genrule").unwrap();
    assert!(space.run(["show", &done.derivation]).ok().stdout.contains("out/p/x"));
    space.run(["show", &done.action]).ok();
    space.run(["show", "0123456789"]).expect_text("0123456789");
}

#[test]
fn more_time_tries_again_what_ran_out_of_it() {
    let space = TestSpace::new();
    space.write("p/BUILD.gx", "genrule(name = 'g', outs = ['g.txt'], cmd = 'sleep 1.5; echo done > $@')\n");
    space.run(["build", "--timeout", "1", "//p:g"]).expect(1).expect_text("timed out");
    space.run(["build", "--timeout", "1", "//p:g"]).expect(1).expect_text("remembered");
    space.run(["build", "--timeout", "60", "//p:g"]).ok();
    assert_eq!(space.read("gx-out/p/g.txt"), "done\n");
}
