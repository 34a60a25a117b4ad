//! Languages of this machine as toolchains: each builds and runs a program in the sandbox at level normalised.
//!
//! A language that this machine lacks is skipped loudly, after gx said which package would bring it.

use gx_tests::{Run, TestSpace, skipped};

/// A package with a target for each language; each writes what its program says.
const BUILD: &str = r#"
load("@gx//rules:host_toolchain.bzl", "host_toolchain")

host_toolchain(name = "own", languages = ["python"])

genrule(
    name = "python",
    outs = ["python.txt"],
    cmd = "python3 -c 'import hashlib, json, ssl, sys; print(json.dumps([sys.prefix, 6 * 7]))' > $@",
    toolchains = [":own"],
)

genrule(
    name = "node",
    outs = ["node.txt"],
    cmd = "node -e 'console.log(require(\"path\").join(\"node\", String(6 * 7)))' > $@",
    toolchains = ["@gx//toolchains:node"],
)

genrule(
    name = "java",
    srcs = ["Hello.java"],
    outs = ["Hello.class", "java.txt"],
    cmd = "javac -d $(RULEDIR) $< && java -cp $(RULEDIR) Hello > $(RULEDIR)/java.txt",
    toolchains = ["@gx//toolchains:java"],
)

genrule(
    name = "go",
    srcs = ["hello.go"],
    outs = ["go.txt", "hello_go"],
    cmd = "go build -o $(RULEDIR)/hello_go $< && $(RULEDIR)/hello_go > $(RULEDIR)/go.txt",
    toolchains = ["@gx//toolchains:go"],
)

genrule(
    name = "rust",
    srcs = ["hello.rs"],
    outs = ["hello_rs", "rust.txt"],
    cmd = "rustc -O -o $(RULEDIR)/hello_rs $< && $(RULEDIR)/hello_rs > $(RULEDIR)/rust.txt",
    toolchains = ["@gx//toolchains:rust"],
)

sh_test(
    name = "python_test",
    srcs = ["python_test.sh"],
    toolchains = ["@gx//toolchains:python"],
)
"#;

const SOURCES: [(&str, &str); 3] = [
    (
        "Hello.java",
        "public class Hello {\n    public static void main(String[] a) { System.out.println(\"java/\" + 6 * 7); }\n}\n",
    ),
    ("hello.go", "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Printf(\"go/%d\\n\", 6*7) }\n"),
    ("hello.rs", "fn main() {\n    println!(\"rust/{}\", 6 * 7);\n}\n"),
];

fn space() -> TestSpace {
    let space = TestSpace::new();
    space.write("BUILD.gx", BUILD);
    for (name, text) in SOURCES {
        space.write(name, text);
    }
    space.write_script("python_test.sh", "#!/bin/bash\nset -e\ntest \"$(python3 -c 'print(6 * 7)')\" = 42\n");
    space
}

/// Where rustup keeps what compiles these tests.
fn rustup() -> String {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    set("RUSTUP_HOME").unwrap_or_else(|| format!("{}/.rustup", set("HOME").unwrap_or_default()))
}

/// Did gx say, and how, that this machine has no such language?
fn lacks(run: &Run, packages: &str) -> bool {
    let said = format!("{}{}", run.stdout, run.stderr);
    let Some(lack) = said.lines().find(|line| line.contains("the host has no '")) else { return false };
    assert!(said.contains(packages) && said.contains("examples/pinned"), "{}", run.told());
    skipped(lack);
    true
}

fn builds(language: &str, packages: &str, says: &str) {
    let space = space();
    let target = format!("//:{language}");
    let run = space.gx(["build", "--json", &target]).env("RUSTUP_HOME", rustup()).run();
    if run.code != Some(0) && lacks(&run, packages) {
        return;
    }
    run.ok();
    assert_eq!(space.read(format!("gx-out/{language}.txt")), says);
    let shown = space.run(["why", &target]).ok();
    assert!(shown.stdout.contains("level normalised"), "{}", shown.told());
    space.gx(["build", "--json", &target]).env("RUSTUP_HOME", rustup()).run().ok().expect_run(0);
}

#[test]
fn python() {
    builds("python", "apt-get install python3", "[\"/usr\", 42]\n");
    let space = space();
    let run = space.test(&["//:python_test"]);
    if run.code == Some(0) || !lacks(&run, "apt-get install python3") {
        run.ok();
    }
}

#[test]
fn node() {
    builds("node", "apt-get install nodejs", "node/42\n");
}

#[test]
fn java() {
    builds("java", "apt-get install default-jdk-headless", "java/42\n");
}

#[test]
fn go() {
    builds("go", "apt-get install golang-go", "go/42\n");
}

#[test]
fn rust() {
    builds("rust", "apt-get install rustc cargo", "rust/42\n");
}

/// Two people with one version of Rust get one tree, wherever their homes are and whatever else they added to it.
#[test]
fn rust_is_the_same_from_every_home() {
    let space = space();
    let run = space.gx(["build", "--json", "//:rust"]).env("RUSTUP_HOME", rustup()).run();
    if run.code != Some(0) && lacks(&run, "apt-get install rustc cargo") {
        return;
    }
    run.ok();
    let settings = std::fs::read_to_string(format!("{}/settings.toml", rustup())).unwrap_or_default();
    let Some(name) = settings.lines().find_map(|line| line.strip_prefix("default_toolchain = ")) else {
        return skipped("no rustup here: this machine's Rust is a package");
    };
    let name = name.trim_matches('"');
    let other = tempfile::tempdir().unwrap();
    let home = other.path().join("home/of another/.rustup");
    std::fs::create_dir_all(home.join("toolchains")).unwrap();
    std::fs::write(home.join("settings.toml"), "version = \"12\"\ndefault_toolchain = \"other\"\n").unwrap();
    let there = std::path::Path::new(&rustup()).join("toolchains").join(name);
    std::fs::create_dir_all(home.join("toolchains/other")).unwrap();
    let mut copy = std::process::Command::new("cp");
    let copied =
        copy.arg("-rl").args([there.join("bin"), there.join("lib")]).arg(home.join("toolchains/other")).status();
    if !copied.is_ok_and(|status| status.success()) {
        return skipped("the toolchain cannot be linked into another home on this file system");
    }
    std::fs::write(home.join("toolchains/other/lib/rustlib/x86_64-unknown-linux-gnu/lib/libmine.rlib"), "mine")
        .unwrap();
    let run = space.gx(["build", "--json", "//:rust"]).env("RUSTUP_HOME", home.to_str().unwrap()).run().ok();
    run.expect_run(0);
}

#[test]
fn what_no_toolchain_has_is_refused() {
    let space = TestSpace::new();
    space.write(
        "BUILD.gx",
        "load('@gx//rules:host_toolchain.bzl', 'host_toolchain')\nhost_toolchain(name = 'x', languages = ['pyhton'])\n",
    );
    let run = space.run(["build", "//:x"]);
    assert_eq!(run.code, Some(4), "{}", run.told());
    insta::assert_snapshot!(run.redacted());
}
