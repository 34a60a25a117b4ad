//! Contracts from the command line: `gx spec` and `gx fmt` with the real program.

use gx_tests::{TestSpace, repository_root};

/// The commands of a README in a console block, with what they print.
fn commands(text: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for block in text.split("```console\n").skip(1) {
        for line in block.split("```").next().unwrap().lines() {
            match (line.strip_prefix("$ "), found.last_mut()) {
                (Some(command), _) => found.push((command.to_owned(), String::new())),
                (None, Some((_, out))) => *out += &format!("{line}\n"),
                (None, None) => panic!("output without a command: {line}"),
            }
        }
    }
    found
}

/// Words as a shell would part them; quotes of one kind are enough here.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (at, part) in command.split('\'').enumerate() {
        if at % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

#[test]
fn the_commands_of_the_example_print_what_it_says() {
    let space = TestSpace::of_example("specs");
    let commands = commands(&std::fs::read_to_string(repository_root().join("examples/specs/README.md")).unwrap());
    assert!(commands.len() >= 4, "{commands:?}");
    for (command, out) in commands {
        let words = words(&command);
        let (gx, arguments) = words.split_first().unwrap();
        assert_eq!(gx, "gx");
        let run = space.run(arguments).ok();
        if !out.is_empty() {
            assert_eq!(run.stdout, out, "{command}");
        }
    }
}

#[test]
fn contracts_are_checked_evaluated_and_compared() {
    let space = TestSpace::of_example("specs");
    let text = space.read("access.upel");
    space.write("next.upel", text.replace("Examples.Access 1.0.0", "Examples.Access 1.0.1"));
    space.run(["spec", "diff", "access.upel", "next.upel"]).ok().expect_text("NONE");
    space.write("next.upel", text.replace("error BAD_PATH = 3001", "error BAD_PATH = 3999"));
    space.run(["spec", "diff", "access.upel", "next.upel"]).expect(1).expect_text("GX1020");
    space.write("broken.upel", text.replace("minute: int 0..=1439,", "minute: inti 0..=1439,"));
    let run = space.run(["spec", "check", "broken.upel"]).expect(1);
    assert!(run.stderr.contains("broken.upel:") && run.stderr.contains("GX10"), "{}", run.told());
    let one = space.run(["spec", "digest", "access.upel"]).ok().stdout;
    space.write("airy.upel", text.replace('\n', "\n\n// said\n"));
    let two = space.run(["spec", "digest", "airy.upel"]).ok().stdout;
    assert_eq!(one, two, "a comment changed the digest");
    space.run(["spec", "eval", "access.upel", "Covers", "{}"]).expect(2).expect_text("GX1017");
}

#[test]
fn fmt_brings_a_file_into_its_one_form_and_check_changes_nothing() {
    let space = TestSpace::of_example("specs");
    let text = space.read("invoice.upel");
    space.run(["fmt", "--check", "."]).ok();
    space.write("invoice.upel", text.replace("  ", "      "));
    space.run(["fmt", "--check", "invoice.upel"]).expect(1).expect_text("GX1019");
    assert_ne!(space.read("invoice.upel"), text);
    space.run(["fmt", "invoice.upel"]).ok();
    assert_eq!(space.read("invoice.upel"), text);
}

#[test]
fn a_contract_goes_through_every_form_that_gives_it_back() {
    let space = TestSpace::of_example("specs");
    let digest = |file: &str| space.run(["spec", "digest", file]).ok().stdout;
    let own = digest("inventory.upel");
    for (format, file) in [("json-schema", "inventory.json"), ("markdown", "inventory.md"), ("upel", "again.upel")] {
        space.run(["spec", "export", "inventory.upel", "--format", format, "-o", file]).ok();
        assert_eq!(digest(file), own, "{format}");
        space.run(["spec", "vectors", file]).ok();
    }
    space.run(["spec", "export", "inventory.upel", "--format", "graphql", "-o", "inventory.graphql"]).ok();
    space.run(["spec", "import", "inventory.json", "-o", "back.upel"]).ok();
    assert_eq!(digest("back.upel"), own);
    space.run(["spec", "drift", "inventory.md", "inventory.upel"]).ok();
    space.run(["spec", "drift", "inventory.md", "inventory.json"]).ok();
    space.edit("inventory.json", "\"additionalProperties\": false", "\"additionalProperties\": true");
    let run = space.run(["spec", "check", "inventory.json"]).expect(1);
    assert!(run.stderr.contains("GX1046") && run.stderr.contains("inventory.json:"), "{}", run.told());
}

#[test]
fn facts_of_prose_are_told_with_their_places_and_drift_names_both() {
    let space = TestSpace::new();
    let here = repository_root().join("spec/tests");
    space.write("later.md", std::fs::read(here.join("prose/later.md")).unwrap());
    space.write("unreadable.md", std::fs::read(here.join("prose/unreadable.md")).unwrap());
    space.write("parcel.md", std::fs::read(here.join("drift/parcel.md")).unwrap());
    space.write("parcel.upel", std::fs::read(here.join("drift/parcel.upel")).unwrap());
    let run = space.run(["spec", "facts", "--only", "hash", "later.md"]).ok();
    assert!(run.stdout.starts_with("later.md:41:4 hash parcel_hash | sha256 commit \"parcel\""), "{}", run.told());
    let run = space.run(["spec", "facts", "unreadable.md"]).expect(1);
    assert!(run.stderr.contains("unreadable.md:15:6") && run.stderr.contains("GX1040"), "{}", run.told());
    space.run(["spec", "drift", "parcel.md", "parcel.upel"]).ok();
    space.edit("parcel.md", "(1..30000)", "(1..3000)");
    let run = space.run(["spec", "drift", "parcel.md", "parcel.upel"]).expect(1);
    assert!(run.stderr.contains("parcel.md:11:4") && run.stderr.contains("parcel.upel:10:3"), "{}", run.told());
    let (one, two) = (["spec", "facts", "--json", "later.md"], ["spec", "facts", "later.md", "--json"]);
    assert_eq!(space.run(one).ok().stdout, space.run(two).ok().stdout);
}
