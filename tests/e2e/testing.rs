//! gx test: passed, failed, cached; what a test sees; how its log is shown.

use gx_tests::TestSpace;

fn space(build: &str, script: &str) -> TestSpace {
    let space = TestSpace::new();
    space.write("t/BUILD.gx", build);
    space.write_script("t/check.sh", script);
    space.write("t/data.txt", "data\n");
    space
}

const PLAIN: &str =
    "sh_test(name = 'check_test', srcs = ['check.sh'], data = ['data.txt'], args = ['one', 'two words'])\n";

#[test]
fn a_failed_test_shows_its_log_and_is_remembered() {
    let space = space(PLAIN, "#!/bin/sh\necho the reason\nexit 1\n");
    let run = space.run(["test", "//t:check_test"]).expect(3);
    insta::assert_snapshot!("test_failed", run.redacted());
    let run = space.test(&["//t:check_test"]).expect(3);
    assert_eq!(run.totals().run, 0, "{}", run.told());
    space.write_script("t/check.sh", "#!/bin/sh\nexit 0\n");
    space.test(&["//..."]).ok();
    space.test(&["//..."]).expect_run(0);
}

#[test]
fn a_test_finds_its_data_and_its_environment() {
    let space = space(
        PLAIN,
        "#!/bin/bash\nset -eu\n[ \"$(cat t/data.txt)\" = data ]\n[ -d \"$TEST_TMPDIR\" ]\ntouch \"$TEST_TMPDIR/x\"\n\
         [ \"$TEST_TARGET\" = //t:check_test ]\n[ \"$1\" = one ]\necho \"$0 $*\"\n",
    );
    space.test(&["//t:check_test"]).ok();
}

#[test]
fn data_of_tests_can_be_programs() {
    let space = space(
        "cc_binary(name = 'prog', srcs = ['prog.c'])\n\
         sh_test(name = 'check_test', srcs = ['check.sh'], data = [':prog'])\n",
        "#!/bin/sh\n[ \"$(t/prog)\" = hi ]\n",
    );
    space.write("t/prog.c", "#include <stdio.h>\nint main(void) { puts(\"hi\"); return 0; }\n");
    space.test(&["//..."]).ok();
}

#[test]
fn a_missing_data_file_is_not_there() {
    let space = space("sh_test(name = 'check_test', srcs = ['check.sh'])\n", "#!/bin/sh\ncat t/data.txt\n");
    space.run(["test", "//t:check_test"]).expect(3).expect_text("t/data.txt");
}

#[test]
fn a_suite_runs_its_tests_and_build_runs_none() {
    let space = space(
        "sh_test(name = 'a_test', srcs = ['check.sh'])\nsh_test(name = 'b_test', srcs = ['check.sh'])\n\
         test_suite(name = 'suite', tests = [':a_test'])\n",
        "#!/bin/sh\nexit 0\n",
    );
    assert!(space.build(&["//..."]).ok().tests().is_empty());
    let labels: Vec<String> = space.test(&["//t:suite"]).ok().tests().into_iter().map(|test| test.0).collect();
    assert_eq!(labels, ["//t:a_test"]);
    assert_eq!(space.test(&["//..."]).ok().tests().len(), 2);
    assert_eq!(space.run(["test", "--json", "--", "//...", "-//t:b_test"]).ok().tests().len(), 1);
}

#[test]
fn a_script_that_is_not_executable_is_told_so() {
    let space = space(PLAIN, "#!/bin/sh\nexit 0\n");
    space.set_mode("t/check.sh", 0o644);
    let run = space.run(["test", "//..."]);
    assert_ne!(run.code, Some(0), "{}", run.told());
    assert!(run.stderr.contains("execut"), "{}", run.told());
}

#[test]
fn a_test_has_loopback_and_no_more() {
    let space = space(PLAIN, "#!/bin/bash\n(exec 3<>/dev/tcp/127.0.0.1/9) 2>&1 | grep -q refused\n");
    space.test(&["//..."]).ok();
}

#[test]
fn a_test_that_takes_too_long_is_ended() {
    let space = space(PLAIN, "#!/bin/sh\nwhile :; do :; done\n");
    let run = space.run(["test", "--json", "--timeout", "1", "//..."]).expect(3);
    assert_eq!(run.tests()[0].1, "TIMEOUT", "{}", run.told());
}
