//! Levels `normalised` and `strict`: what programs rely on still holds.

use crate::strict::compile;
use gx_tests::{TestSpace, skipped, strict_is_held};

#[test]
fn programs_find_what_they_rely_on() {
    let space = TestSpace::new();
    if !compile(&space, "semantics") {
        return;
    }
    for level in ["normalised", "strict"] {
        if level == "strict" && !strict_is_held() {
            skipped("level 'strict' cannot be held here");
            continue;
        }
        space.write(
            "BUILD.gx",
            format!(
                "genrule(name = 'checks', srcs = ['semantics'], outs = ['checks.txt'], determinism = '{level}',\n\
                 cmd = './$(location semantics) $@')\n"
            ),
        );
        space.build(&["//:checks"]).ok();
        let text = std::fs::read_to_string(space.path("gx-out/checks.txt")).unwrap();
        assert!(text.lines().count() > 80, "{text}");
        let failed: Vec<&str> = text.lines().filter(|line| !line.starts_with("yes")).collect();
        assert_eq!(failed, [""; 0], "{level}: {text}");
    }
}
