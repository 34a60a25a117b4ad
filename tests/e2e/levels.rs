//! Determinism levels: asked for by target, workspace, environment and flag; recorded and shown; never pretended.

use gx_engine::reachable_level;
use gx_store::Level;
use gx_tests::{Run, TestSpace};

fn space() -> TestSpace {
    let space = TestSpace::new();
    space.write(
        "p/BUILD.gx",
        "genrule(name = 'plain', outs = ['plain.txt'], cmd = 'echo plain > $@')\n\
         genrule(name = 'free', outs = ['free.txt'], cmd = 'echo free > $@', determinism = 'none')\n\
         genrule(name = 'shut', outs = ['shut.txt'], cmd = 'echo shut > $@', determinism = 'sandboxed')\n",
    );
    space
}

/// Owner and level of every genrule that ended.
fn levels(run: &Run) -> Vec<String> {
    let mut found: Vec<String> = run
        .events
        .iter()
        .filter(|event| event["event"] == "action_finished" && event["mnemonic"] == "Genrule")
        .map(|event| format!("{} {}", event["owner"].as_str().unwrap(), event["level"].as_str().unwrap_or("-")))
        .collect();
    found.sort();
    found
}

#[test]
fn the_level_of_a_target_beats_that_of_the_workspace_and_is_recorded() {
    let space = space();
    let run = space.build(&["//p:all"]).ok();
    assert_eq!(levels(&run), ["//p:free none", "//p:plain normalised", "//p:shut sandboxed"]);
    space.write("gx.toml", "[build]\ndeterminism = \"none\"\n");
    let run = space.build(&["//p:all"]).ok();
    assert_eq!(levels(&run), ["//p:free none", "//p:plain none", "//p:shut sandboxed"]);
    assert_eq!(run.messages("run").len(), 1, "the workspace's level is a part of what names it: {}", run.told());
    let run = space.gx(["build", "--json", "//p:all"]).env("GX_DETERMINISM", "normalised").run().ok();
    assert_eq!(levels(&run), ["//p:free none", "//p:plain normalised", "//p:shut sandboxed"]);
    assert_eq!(run.totals().run, 0, "{}", run.told());
    let run = space.run(["build", "--json", "--sandbox=none", "//p:all"]).ok();
    assert_eq!(levels(&run), ["//p:free none", "//p:plain none", "//p:shut none"]);
}

#[test]
fn show_why_and_log_name_it() {
    let space = space();
    space.write(
        "q/BUILD.gx",
        "genrule(name = 'g', outs = ['g.txt'], cmd = 'echo words; false', determinism = 'none')\n",
    );
    let run = space.build(&["//p:free"]).ok();
    let genrule = run.finished().into_iter().find(|done| done.mnemonic == "Genrule").unwrap();
    for digest in [&genrule.action, &genrule.derivation] {
        let text = space.run(["show", digest]).ok().stdout;
        assert!(text.lines().any(|line| line == "  level       none"), "{text}");
        let json = space.run(["show", "--json", digest]).ok().stdout;
        assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap()["level"], "none");
    }
    space.run(["why", "//p:free"]).ok().expect_text("    level none\n");
    let json = space.run(["why", "--json", "//p:free"]).ok().stdout;
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap()["actions"][0]["level"], "none");
    space.run(["build", "//q:g"]).expect(1);
    space.run(["log", "//q:g"]).ok().expect_text("--- Genrule out/q/g.txt (failed), none ---\nwords\n");
}

#[test]
fn a_level_that_cannot_be_held_is_refused() {
    let Some(level) = Level::ALL.into_iter().find(|level| *level > reachable_level()) else { return };
    let space = space();
    let flag = format!("--determinism={}", level.name());
    let run = space.run(["build", "--json", &flag, "//p:plain"]).expect(6);
    assert_eq!(run.error_codes(), ["GX0402"], "{}", run.told());
    // A target that names a lower one is not touched by it.
    space.run(["build", &flag, "//p:shut"]).ok();
    space.write(
        "q/BUILD.gx",
        format!("genrule(name = 'g', outs = ['g.txt'], cmd = 'touch $@', determinism = '{}')\n", level.name()),
    );
    let run = space.run(["build", "//q:g"]).expect(6);
    assert!(!space.exists("gx-out/q/g.txt"));
    let text = run.redacted().replace(level.name(), "[LEVEL]").replace(reachable_level().name(), "[REACHABLE]");
    insta::assert_snapshot!("level_refused", text);
}

#[test]
fn a_level_that_does_not_exist_is_refused_with_a_suggestion() {
    let space = space();
    space.run(["build", "--determinism=strikt", "//p:plain"]).expect(2).expect_text("strict");
    let run = space.gx(["build", "//p:plain"]).env("GX_DETERMINISM", "normalized").run().expect(2);
    run.expect_text("did you mean 'normalised'?");
    space.write("gx.toml", "[build]\ndeterminism = \"sandbox\"\n");
    insta::assert_snapshot!("level_unknown", space.run(["build", "//p:plain"]).expect(4).redacted());
}
