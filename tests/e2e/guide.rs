//! The guide is true: every command in its `sh` blocks is run, in order, in a copy of the quickstart.
//!
//! A block's commands run one after another in the workspace. `# exit N` after a command says which exit code is
//! expected; 0 where nothing is said. Blocks of other languages (`console`, `python`, `toml`) are not run.

use gx_tests::{TestSpace, gx_binary, repository_root};
use std::process::Command;

struct Step {
    line: usize,
    command: String,
    exit: i32,
}

fn steps(text: &str) -> Vec<Step> {
    let mut found = Vec::new();
    let mut inside = false;
    for (at, line) in text.lines().enumerate() {
        if line.starts_with("```") {
            inside = line == "```sh";
        } else if inside && !line.trim().is_empty() && !line.starts_with('#') {
            let exit = line.rsplit_once("# exit ").map_or(0, |(_, code)| code.trim().parse().expect("an exit code"));
            found.push(Step { line: at + 1, command: line.to_owned(), exit });
        }
    }
    found
}

fn follow(document: &str, space: &TestSpace) {
    let text = std::fs::read_to_string(repository_root().join(document)).unwrap();
    let path = format!("{}:{}", gx_binary().parent().unwrap().display(), std::env::var("PATH").unwrap());
    let steps = steps(&text);
    assert!(!steps.is_empty(), "{document} has no commands");
    // Keys that a document makes are nobody's.
    let config = tempfile::tempdir().unwrap();
    for step in steps {
        let mut environment = space.gx([""; 0]).command();
        let mut shell = Command::new("bash");
        shell.args(["-c", &step.command]).current_dir(space.root()).env_clear();
        shell.envs(environment.get_envs().filter_map(|(name, value)| Some((name, value?)))).env("PATH", &path);
        shell.env("XDG_CONFIG_HOME", config.path());
        environment.current_dir("/");
        let output = shell.output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(step.exit),
            "{document}:{}: {}\n{}{}",
            step.line,
            step.command,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn every_command_of_the_guide_works() {
    follow("docs/guide.md", &TestSpace::of_example("quickstart"));
}

#[test]
fn every_command_of_the_first_contract_works() {
    let space = TestSpace::new();
    space.remove("gx.toml");
    follow("docs/first-contract.md", &space);
    // The page says how many steps the first build takes.
    let text = std::fs::read_to_string(repository_root().join("docs/first-contract.md")).unwrap();
    let space = TestSpace::new();
    space.run(["spec", "new", "Shop.Tickets", "--shape", "state", "--owner", "ada"]).ok();
    let steps = space.build(&["//..."]).ok().totals().run;
    assert!(text.contains(&format!("The first build takes {steps} steps")), "it takes {steps}");
}

#[test]
fn every_command_about_releases_works() {
    follow("docs/release.md", &TestSpace::of_example("ledger"));
}

#[test]
fn every_command_of_the_quickstart_works() {
    follow("examples/quickstart/README.md", &TestSpace::of_example("quickstart"));
}

#[test]
fn every_shipped_attribute_stands_in_the_guide() {
    let guide = std::fs::read_to_string(repository_root().join("docs/guide.md")).unwrap();
    let rules = repository_root().join("stdlib/rules");
    for file in ["cc.bzl", "filegroup.bzl", "genrule.bzl", "sh.bzl", "write_file.bzl"] {
        let text = std::fs::read_to_string(rules.join(file)).unwrap();
        for line in text.lines().filter(|line| line.contains("\": attr.")) {
            let name = line.trim().trim_start_matches('"').split('"').next().unwrap();
            assert!(
                name.starts_with('_') || guide.contains(&format!("`{name}`")),
                "{file}: '{name}' is not in the guide"
            );
        }
    }
}
