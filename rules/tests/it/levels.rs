//! Which determinism level each action gets: the target's, the workspace's, or that of the command line.

use crate::space::Space;
use gx_rules::Levels;
use gx_store::{Level, Work};

const BUILD: &str = "
genrule(name = 'plain', outs = ['plain.txt'], cmd = 'touch $@')
genrule(name = 'own', outs = ['own.txt'], cmd = 'touch $@', determinism = 'strict')
genrule(name = 'free', outs = ['free.txt'], cmd = 'touch $@', determinism = 'none')
sh_test(name = 'plain_test', srcs = ['t.sh'])
sh_test(name = 'own_test', srcs = ['t.sh'], determinism = 'normalised')
";

fn levels(levels: Levels) -> Vec<String> {
    let mut space = Space::new();
    space.levels = levels;
    space.write("p/BUILD", BUILD).write("p/t.sh", "");
    let loaded = space.load(&["//p:all"]).unwrap();
    let mut found: Vec<String> = loaded
        .plan
        .derivations
        .values()
        .filter_map(|planned| match &planned.derivation.work {
            Work::Run(run) => Some(format!("{} {}", planned.note.owner, run.level.name())),
            _ => None,
        })
        .collect();
    found.sort();
    found
}

#[test]
fn the_target_beats_the_workspace_and_tests_get_no_more_than_the_sandbox() {
    let named = ["//p:own strict", "//p:own_test normalised"];
    let expected = |plain: &str, test: &str| {
        let mut all = vec!["//p:free none".to_owned(), named[0].to_owned(), named[1].to_owned()];
        all.extend([format!("//p:plain {plain}"), format!("//p:plain_test {test}")]);
        all.sort();
        all
    };
    assert_eq!(levels(Levels::Default(Level::None)), expected("none", "none"));
    assert_eq!(levels(Levels::Default(Level::Sandboxed)), expected("sandboxed", "sandboxed"));
    assert_eq!(levels(Levels::Default(Level::Normalised)), expected("normalised", "sandboxed"));
    assert_eq!(levels(Levels::Default(Level::Strict)), expected("strict", "sandboxed"));
}

#[test]
fn one_for_all_beats_the_target() {
    let found = levels(Levels::All(Level::None));
    assert_eq!(found.len(), 5);
    assert!(found.iter().all(|line| line.ends_with(" none")), "{found:?}");
}
