//! The command line itself: what is printed where, exit codes, events, traces, and the commands that only ask.

use gx_tests::TestSpace;

/// A target that is made, one that fails, and one that needs the failed one.
fn space() -> TestSpace {
    let space = TestSpace::new();
    space.write(
        "p/BUILD.gx",
        "genrule(name = 'good', srcs = ['a.txt'], outs = ['good.txt'], cmd = 'echo said; cat $< > $@')\n\
         genrule(name = 'bad', outs = ['bad.txt'], cmd = 'echo reason >&2; exit 7')\n\
         genrule(name = 'after', srcs = ['bad.txt'], outs = ['after.txt'], cmd = 'cat $< > $@')\n",
    );
    space.write("p/a.txt", "a\n");
    space
}

#[test]
fn the_last_line_counts_what_was_needed() {
    let space = space();
    let last = |arguments: &[&str]| space.run(arguments).stdout.lines().last().unwrap_or_default().to_owned();
    assert_eq!(last(&["build", "//p:good"]), "2 actions: 2 run, 0 cached");
    assert_eq!(last(&["build", "//p:good"]), "2 actions: 0 run, 2 cached");
    assert_eq!(last(&["build", "-k", "//p/..."]), "4 actions: 0 run, 2 cached, 1 failed, 1 skipped");
    space.write("p/a.txt", "b\n");
    assert_eq!(last(&["build", "//p:good"]), "2 actions: 1 run, 1 cached");
}

#[test]
fn results_go_to_standard_output_and_the_rest_does_not() {
    let space = space();
    let run = space.run(["build", "//p:good"]).ok();
    assert_eq!(run.stdout, "//p:good\n  gx-out/p/good.txt\n2 actions: 2 run, 0 cached\n");
    let run = space.run(["build", "--quiet", "//p:good"]).ok();
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""));
}

#[test]
fn a_failure_is_shown_whole_and_again_at_once() {
    let space = space();
    insta::assert_snapshot!("cli_failed", space.run(["build", "//p:bad"]).expect(1).redacted());
    let run = space.run(["build", "//p:bad"]).expect(1).expect_text("remembered").expect_text("reason");
    assert!(run.stdout.ends_with("1 failed\n"), "{}", run.told());
    space.run(["log", "//p:bad"]).ok().expect_text("reason");
}

#[test]
fn events_are_told_one_a_line() {
    let space = space();
    let run = space.run(["build", "--json", "//p:good"]).ok();
    let kinds: Vec<&str> = run.events.iter().filter_map(|event| event["event"].as_str()).collect();
    assert_eq!(kinds.first(), Some(&"build_started"));
    assert_eq!(kinds.last(), Some(&"done"));
    for kind in ["planned", "action_started", "action_finished", "log", "target", "summary"] {
        assert!(kinds.contains(&kind), "{kind} is missing in {kinds:?}");
    }
    assert!(run.stdout.lines().all(|line| line.starts_with('{')), "{}", run.told());
}

#[test]
fn an_answer_in_json_is_one_document() {
    let space = space();
    let action = space.run(["build", "--json", "//p:good"]).ok().finished().remove(0).action;
    for arguments in [
        vec!["query", "//p:good"],
        vec!["show", &action],
        vec!["why", "//p:good"],
        vec!["store", "du"],
        vec!["gc", "--dry-run"],
        vec!["doctor"],
        vec!["daemon", "status"],
        vec!["version"],
    ] {
        let run = space.run(arguments.iter().chain(&["--json"])).ok();
        let document: Result<serde_json::Value, _> = serde_json::from_str(&run.stdout);
        assert!(document.is_ok_and(|it| it.is_object() && it.get("event").is_none()), "{}", run.told());
    }
    for wrong in [["query", "//p:nothing"], ["show", "0000"], ["why", "//p:nothing"]] {
        let run = space.run(wrong.iter().chain(&["--json"]));
        let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!((document["event"].as_str(), run.code != Some(0)), (Some("error"), true), "{}", run.told());
    }
}

#[test]
fn a_missing_command_shows_the_help() {
    let space = TestSpace::new();
    for arguments in [&[][..], &["store"], &["daemon"]] {
        let run = space.run(arguments).expect(2);
        assert!(run.stdout.is_empty() && run.stderr.contains("Usage: gx"), "{}", run.told());
        assert!(!run.stderr.contains("GX0"), "{}", run.told());
    }
}

#[test]
fn completion_offers_what_help_shows() {
    let space = TestSpace::new();
    for shell in ["bash", "zsh", "fish"] {
        let run = space.run(["completion", shell]).ok().expect_text("status");
        assert!(!run.stdout.contains("serve"), "{shell} is offered what is hidden");
    }
}

#[test]
fn a_tree_is_not_written_as_a_file() {
    let space = TestSpace::new();
    space.write("p/BUILD.gx", "load(':d.bzl', 'folder')\nfolder(name = 'd')\n");
    space.write(
        "p/d.bzl",
        "def _impl(ctx):\n    out = ctx.actions.declare_directory('d')\n    \
         ctx.actions.run_shell(outputs = [out], command = 'mkdir -p $1; echo hi > $1/x', arguments = [out.path])\n    \
         return [DefaultInfo(files = depset([out]))]\nfolder = rule(implementation = _impl)\n",
    );
    let action = space.run(["build", "--json", "//p:d"]).ok().finished();
    let action = action.iter().find(|done| done.owner == "//p:d").unwrap();
    let shown = space.run(["show", &action.action]).ok().stdout;
    let made = shown.lines().find(|line| line.trim_start().starts_with("made")).unwrap();
    let tree = made.split_whitespace().find(|word| word.len() == 64).unwrap();
    space.run(["store", "cat", tree]).expect(5).expect_text("is a tree").expect_text("gx store ls");
    assert_eq!(space.run(["store", "cat", tree, "x"]).ok().stdout, "hi\n");
}

#[test]
fn logs_are_replayed_from_the_cache() {
    let space = space();
    space.run(["build", "//p:good"]).ok().expect_text("said");
    let calm = space.run(["build", "//p:good"]).ok();
    assert!(!calm.stderr.contains("said"), "{}", calm.told());
    space.run(["build", "--show-logs", "//p:good"]).ok().expect_text("said");
}

#[test]
fn a_trace_is_what_chrome_reads() {
    let space = space();
    space.run(["build", "--trace", "trace.json", "//p:good"]).ok();
    let trace: serde_json::Value = serde_json::from_str(&space.read("trace.json")).unwrap();
    let bars = trace["traceEvents"].as_array().unwrap().iter().filter(|event| event["ph"] == "X").count();
    assert_eq!(bars, 2, "{trace}");
    space.run(["build", "--trace", "no/such/folder/t.json", "//p:good"]).expect(2).expect_text("GX0804");
}

#[test]
fn why_names_what_changed() {
    let space = space();
    space.run(["why", "//p:good"]).expect(2).expect_text("GX0805");
    space.run(["build", "//p:good"]).ok();
    space.run(["why", "//p:good"]).ok().expect_text("never been built");
    space.write("p/a.txt", "changed\n");
    space.run(["build", "//p:good"]).ok();
    space.run(["why", "//p:good"]).ok().expect_text("p/a.txt");
}

#[test]
fn a_failure_from_before_is_marked_as_that() {
    let space = TestSpace::new();
    space.write(
        "p/BUILD.gx",
        "genrule(name = 'g', srcs = ['a'], outs = ['g.txt'], cmd = 'cat $<; test ! -s $<; touch $@')\n",
    );
    space.write("p/a", "");
    space.run(["build", "//p:g"]).ok();
    space.write("p/a", "broken\n");
    space.run(["build", "//p:g"]).expect(1);
    let log = space.run(["log", "//p:g"]).ok();
    assert_eq!(log.stdout, "--- Genrule out/p/g.txt (failed), normalised ---\nbroken\n", "{}", log.told());
    space.run(["why", "//p:g"]).ok().expect_text("(build 2, and failed)");
    space.write("p/a", "");
    space.build(&["//p:g"]).expect_run(0);
    let log = space.run(["log", "//p:g"]).ok().expect_text("wrote nothing");
    assert_eq!(log.stdout, "", "{}", log.told());
    space.run(["why", "//p:g"]).ok().expect_text("(build 2, and failed; since then another state of it was cached)");
}

#[test]
fn init_makes_a_workspace_that_builds_and_overwrites_nothing() {
    let space = TestSpace::new();
    space.remove("gx.toml");
    space.run(["init"]).ok();
    space.run(["build", "//..."]).ok();
    assert_eq!(space.read("gx-out/hello.txt"), "Hello, world!\n");
    space.write("name.txt", "you\n");
    space.run(["init"]).ok();
    assert_eq!(space.read("name.txt"), "you\n");
    space.run(["clean"]).ok();
    assert!(!space.exists("gx-out"));
    space.run(["clean"]).ok();
}

#[test]
fn a_program_gets_its_arguments_and_its_exit_code_is_ours() {
    let space = TestSpace::new();
    space.write("BUILD.gx", "sh_binary(name = 'prog', srcs = ['prog.sh'])\n");
    space.write_script("prog.sh", "#!/bin/sh\necho \"got $1 and $2\"\nexit 9\n");
    let run = space.run(["run", "//:prog", "--", "one", "two words"]).expect(9);
    assert!(run.stdout.ends_with("got one and two words\n"), "{}", run.told());
}

#[test]
fn settings_come_from_flag_environment_and_file() {
    let space = space();
    space.write("gx.toml", "[build]\nkeep_going = true\n");
    space.run(["build", "//p/..."]).expect(1).expect_text("1 skipped");
    assert_eq!(space.gx(["build", "//p:good"]).env("GX_JOBS", "none").run().code, Some(2));
    space.run(["build", "--jobs", "0", "//p:good"]).expect(2).expect_text("GX0802");
    space.run(["build", "--sandbox=some", "//p:good"]).expect(2).expect_text("GX0801");
    space.run(["biuld"]).expect(2).expect_text("build");
}

#[test]
fn commands_that_only_ask() {
    let space = space();
    space.run(["version"]).ok().expect_text("gx ");
    space.run(["--help"]).ok().expect_text("build");
    space.run(["help", "test"]).ok();
    for shell in ["bash", "zsh", "fish"] {
        space.run(["completion", shell]).ok().expect_text("gx");
    }
    space.run(["explain", "GX0101"]).ok().expect_text("gx init");
    space.run(["doctor"]).ok().expect_text("sandbox");
    let mut limits = space.run(["doctor"]).ok();
    for of in ["memory", "processes", "disk", "open files", "time"] {
        limits = limits.expect_text(&format!("ok      {of:<10} "));
    }
    let doctor = space.run(["doctor", "--json"]).ok();
    let document: serde_json::Value = serde_json::from_str(&doctor.stdout).unwrap();
    assert!(document["checks"].as_array().unwrap().iter().any(|check| check["name"] == "gcc"), "{document}");
    space.run(["show", "zzzz"]).expect(5).expect_text("GX0512");
}

#[test]
fn another_digest_function_is_another_store() {
    let space = space();
    space.write("gx.toml", "digest = 'sha256'\n");
    space.build(&["//p:good"]).expect_run(2);
    space.build(&["//p:good"]).expect_run(0);
    space.write("gx.toml", "");
    space.build(&["//p:good"]).expect_run(2);
}
