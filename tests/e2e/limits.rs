//! What an action may use: set by flag, environment and `gx.toml`, reported when it is not enough, and no part of what
//! names an action.

use gx_tests::{Run, TestSpace};

/// An action that needs some memory, and one that needs none to speak of.
fn space() -> TestSpace {
    let space = TestSpace::new();
    space.write(
        "p/BUILD.gx",
        "genrule(name = 'large', outs = ['large.txt'], cmd = 'head -c 200000000 /dev/zero | tail -c 150000000 | \
         (cat > /dev/null; echo done > $@)')\n\
         genrule(name = 'small', outs = ['small.txt'], cmd = 'echo small > $@')\n\
         genrule(name = 'many', outs = ['many.txt'], cmd = 'for i in 1 2 3 4 5 6 7 8; do sleep 60 & done; wait')\n\
         genrule(name = 'written', outs = ['written.txt'], cmd = 'cat /dev/zero > $@')\n\
         genrule(name = 'files', outs = ['files.txt'], cmd = 'echo \"x: Too many open files\" >&2; exit 1')\n",
    );
    space
}

/// The action that an error is about, and whether it failed at an earlier time.
fn failed(run: &Run) -> (String, bool) {
    let error = run.events.iter().find(|event| event["event"] == "error").unwrap();
    let action = &error["error"]["action"];
    (action["digest"].as_str().unwrap().to_owned(), action["remembered"].as_bool().unwrap())
}

#[test]
fn each_limit_is_reported_with_what_raises_it() {
    let space = space();
    let run = space.run(["build", "--max-processes=4", "//p:many"]).expect(1);
    insta::assert_snapshot!("limit_of_processes", run.redacted());
    let run = space.run(["build", "--max-disk=8M", "//p:written"]).expect(1);
    insta::assert_snapshot!("limit_of_disk", run.redacted());
    space.run(["build", "//p:files"]).expect(1).expect_text("1024 files open at once");
    let run = space.run(["explain", "GX0314"]).ok();
    run.expect_text("--max-memory");
}

#[test]
fn a_limit_names_no_action_and_its_failure_is_not_remembered() {
    let space = space();
    let first = space.run(["build", "--json", "--max-memory=64M", "//p:large", "//p:small", "-k"]).expect(1);
    assert_eq!(first.error_codes(), ["GX0314"], "{}", first.told());
    let again = space.run(["build", "--json", "--max-memory=64M", "//p:large", "-k"]).expect(1);
    assert_eq!(failed(&again), (failed(&first).0, false), "it is tried again: {}", again.told());
    space.write("gx.toml", "[build]\nmax_memory = \"4G\"\n");
    let more = space.build(&["//p:large", "//p:small"]).ok();
    let large = more.finished().into_iter().find(|done| done.owner == "//p:large").unwrap();
    assert_eq!(large.action, failed(&first).0);
    assert_eq!(more.totals().run, 1, "what had ended well is known: {}", more.told());
    assert_eq!(space.read("gx-out/p/large.txt"), "done\n");
    let less = space.gx(["build", "--json", "//p:large"]).env("GX_MAX_MEMORY", "64M").run().ok();
    assert_eq!(less.totals().run, 0, "an outcome is an outcome: {}", less.told());
}

#[test]
fn a_limit_that_cannot_be_read_is_refused() {
    let space = space();
    space.run(["build", "--max-memory=lots", "//p:small"]).expect(2).expect_text("K, M, G or T");
    space.write("gx.toml", "[build]\nmax_processes = \"many\"\n");
    space.run(["build", "//p:small"]).expect(4).expect_text("'build.max_processes' must be a number");
}
