//! An image and a deployment of it: golden digests, what profiles refuse, and the image read by somebody else's tar.
use super::{deployment, image, manifest};
use gx_store::{Blobs, Builtin, Call, HashFunction, Node, Output, OutputKind, RelPath, Store, TreeBuilder, Trees};
use serde_json::Value as Json;
use std::collections::BTreeMap;

struct Bench {
    _folder: tempfile::TempDir,
    store: Store,
    inputs: BTreeMap<RelPath, Node>,
    files: String,
}

impl Bench {
    fn new() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::in_memory(folder.path(), HashFunction::Blake3);
        Bench { _folder: folder, store, inputs: BTreeMap::new(), files: String::new() }
    }

    fn node(&mut self, line: &str, path: &str, node: Node) {
        self.inputs.insert(RelPath::new(path).unwrap(), node);
        self.files.push_str(&format!("{line}\n"));
    }

    fn file(&mut self, line: &str, path: &str, text: &str) {
        let blob = self.store.put_blob(text.as_bytes()).unwrap();
        self.node(line, path, Node::File { blob, executable: false });
    }

    fn run(&self, builtin: &dyn Builtin, words: &[(&str, &str)]) -> Result<Node, String> {
        let words = words.iter().copied().chain([("files", &*self.files), ("out:folder", "out/x")]);
        let arguments = words.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        let call = Call { name: builtin.name().to_owned(), revision: 1, arguments };
        let outputs = [Output { path: RelPath::new("out/x").unwrap(), kind: OutputKind::Directory }];
        let made = builtin.call(&call, &self.inputs, &outputs, &self.store).map_err(|error| error.to_string())?;
        Ok(made.into_iter().next().unwrap().1)
    }

    fn files(&self, node: &Node) -> BTreeMap<String, Vec<u8>> {
        let (mut files, mut ahead) = (BTreeMap::new(), vec![(String::new(), node.clone())]);
        while let Some((at, node)) = ahead.pop() {
            match node {
                Node::File { blob, .. } => drop(files.insert(at, self.store.blob(&blob).unwrap())),
                Node::Symlink(target) => panic!("{at} leads to {target}"),
                Node::Directory(tree) => {
                    for (name, node) in &self.store.tree(&tree).unwrap().entries {
                        ahead.push((format!("{at}/{}", name.as_str()), node.clone()));
                    }
                }
            }
        }
        files
    }
}

const LONG: &str =
    "a/path/that/is/much/too/long/for/the/hundred/bytes/that/the/header/of/an/archive/has/for/a/name/of/a/file.txt";

fn image(bench: &mut Bench) -> Result<Node, String> {
    let tool = bench.store.put_blob(b"#!/bin/sh\n").unwrap();
    let mut tree = TreeBuilder::new();
    let path = |text: &str| RelPath::new(text).unwrap();
    tree.insert(&path("bin/run"), Node::File { blob: tool, executable: true }).unwrap();
    tree.insert(&path("run"), Node::Symlink("bin/run".to_owned())).unwrap();
    let tree = bench.store.put_built(&tree).unwrap();
    bench.node("0\tout/t\tapp", "out/t", Node::Directory(tree));
    bench.file(&format!("1\tin/a\tapp/{LONG}"), "in/a", "a\n");
    let words =
        [("architecture", "amd64"), ("entrypoint", "/app/run\n"), ("environment", "A=1\n"), ("labels", "b.c=d\n")];
    bench.run(&image::STEP, &words)
}

/// The layout holds what it says, and the layers what was given, as another program reads them.
#[test]
fn an_image_is_read_by_others() {
    let mut bench = Bench::new();
    let node = image(&mut bench).unwrap();
    let files = bench.files(&node);
    for (path, bytes) in &files {
        if let Some(digest) = path.strip_prefix("/blobs/sha256/") {
            assert_eq!(digest, manifest::sha256(bytes));
        }
    }
    let json = |path: &str| -> Json { serde_json::from_slice(&files[path]).unwrap() };
    let blob = |it: &Json| format!("/blobs/{}", it["digest"].as_str().unwrap().replace(':', "/"));
    let index = json("/index.json");
    let manifest = json(&blob(&index["manifests"][0]));
    let config = json(&blob(&manifest["config"]));
    insta::assert_snapshot!(config.to_string());
    let folder = tempfile::tempdir().unwrap();
    let mut listed = String::new();
    for (at, layer) in manifest["layers"].as_array().unwrap().iter().enumerate() {
        assert_eq!(layer["digest"], config["rootfs"]["diff_ids"][at]);
        assert_eq!(layer["size"], files[&blob(layer)].len());
        let path = folder.path().join("layer.tar");
        std::fs::write(&path, &files[&blob(layer)]).unwrap();
        let listing = std::process::Command::new("tar")
            .args(["--numeric-owner", "--full-time", "--utc", "-tvf"])
            .arg(&path)
            .env("LC_ALL", "C")
            .output()
            .unwrap();
        assert!(listing.status.success(), "{}", String::from_utf8_lossy(&listing.stderr));
        listed += &String::from_utf8_lossy(&listing.stdout);
    }
    // Blanks between columns depend on the tar.
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    insta::assert_snapshot!(listed.lines().map(words).collect::<Vec<_>>().join("\n"));
    // A changed digest needs a changed revision.
    let Node::Directory(tree) = node else { panic!("{node:?}") };
    assert_eq!(tree.0.hex(), "10b938eec121b343d68cd66c4311fdc869aa7d08477865e7c57851b412ef69e8");
}

#[test]
fn what_is_no_image_is_refused() {
    let mut told = String::new();
    let mut say = |line: &str, words: &[(&str, &str)]| {
        let mut bench = Bench::new();
        bench.file(line, "in/a", "a");
        told += &(bench.run(&image::STEP, words).unwrap_err() + "\n");
    };
    say("0\tin/a\tapp/a", &[("architecture", "z80")]);
    say("0\tin/a\tapp/../a", &[("architecture", "amd64")]);
    say("x\tin/a\tapp/a", &[("architecture", "amd64")]);
    say("0\tin/b\tapp/a", &[("architecture", "amd64")]);
    say("0\tin/a", &[("architecture", "amd64")]);
    say("0\tin/a\ta\n0\tin/a\ta/b", &[("architecture", "amd64")]);
    say("0\tin/a\ta", &[("architecture", "amd64"), ("environment", "A\n")]);
    say("0\tin/a\ta", &[("architecture", "amd64"), ("flavour", "A\n")]);
    insta::assert_snapshot!(told);
}

const SETTINGS: &str = "repository = \"registry.example/shop\"
port = 8080
replicas = 2
cpu = \"500m\"
memory = \"256Mi\"
storage = \"1Gi\"
attestation = \"attested\"
legacy_import = \"forbidden\"
redaction = \"hmac-sha256\"
redaction_key = \"shop-1\"
requirements_mismatch = \"abort\"
runtime_class = \"kata-cc\"
unsigned_status = \"refused\"
";

fn deploy(settings: &str, profile: &str) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let mut bench = Bench::new();
    let node = image(&mut bench).unwrap();
    bench.files.clear();
    bench.node("image\tout/i\timage", "out/i", node);
    bench.file("settings\tin/s\tdeploy/shop.toml", "in/s", settings);
    bench.file("policy\tin/p\tdeploy/authorization.toml", "in/p", "x = 1\n");
    let made = bench.run(&deployment::STEP, &[("name", "shop"), ("profile", profile)])?;
    Ok(bench.files(&made))
}

#[test]
fn a_deployment_says_how_an_image_is_run() {
    let mut told = String::new();
    for (path, bytes) in deploy(SETTINGS, "regulated").unwrap() {
        told.push_str(&format!("## {path}\n{}", String::from_utf8_lossy(&bytes)));
    }
    insta::assert_snapshot!(told);
    // What the profile managed lets out, the others do not.
    let text =
        |profile: &str| String::from_utf8(deploy(SETTINGS, profile).unwrap()["/kubernetes.yaml"].clone()).unwrap();
    assert!(text("confidential").contains("egress: []") && !text("managed").contains("egress"));
}

/// Each difference between the profiles is a finding of its own.
#[test]
fn each_profile_allows_less() {
    let mut told = String::new();
    let mut say = |what: &str, settings: &str| {
        for profile in ["managed", "confidential", "regulated"] {
            let said = deploy(settings, profile).map_or_else(|why| why, |_| "made\n".to_owned());
            told.push_str(&format!("## {profile}: {what}\n{said}"));
        }
    };
    say("all is stated", SETTINGS);
    for (from, to) in [
        ("\"attested\"", "\"none\""),
        ("\"attested\"", "\"required\""),
        ("legacy_import = \"forbidden\"", "legacy_import = \"allowed\""),
        ("\"hmac-sha256\"", "\"none\""),
        ("redaction_key = \"shop-1\"\n", ""),
        ("runtime_class = \"kata-cc\"\n", ""),
        ("\"abort\"", "\"warn\""),
        ("unsigned_status = \"refused\"", "unsigned_status = \"accepted\""),
    ] {
        say(&format!("{from} -> {to}").replace('\n', ""), &SETTINGS.replace(from, to));
    }
    for settings in ["", "port = ", "port = 0\nreplica = 1\n"] {
        let said = deploy(settings, "managed").unwrap_err();
        told.push_str(&format!("## {settings:?}\n{said}"));
    }
    told += &deploy(SETTINGS, "secret").unwrap_err();
    insta::assert_snapshot!(told);
}
