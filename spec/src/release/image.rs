//! `oci_image`: outputs of targets as an OCI image layout: one layer a target, a configuration, a manifest, an index.
//!
//! `files` has lines `layer path destination`. A layer is a plain tar (ustar, pax names where they are long): entries
//! in order of their names, owner 0:0, time 0, mode 0755 or 0644, every folder once. Not compressed: what a
//! compressor writes depends on its version, and registries compress by themselves. Invariant: the same files give the
//! same image to the byte; no time is in it. This file does not know where an image is pushed.

use super::manifest::sha256;
use crate::builtin::{Given, Made, Product, Step};
use gx_store::{Blobs as _, ExecuteError, Node, RelPath, StoreError};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

pub(crate) const STEP: Step = Step {
    name: "oci_image",
    revision: 1,
    inputs: &["files"],
    outputs: &["folder"],
    arguments: &["files", "architecture", "command", "entrypoint", "environment", "folder", "labels", "tag", "user"],
    run,
};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// Architectures as OCI (and Go) name them.
const ARCHITECTURES: [&str; 6] = ["amd64", "arm", "arm64", "ppc64le", "riscv64", "s390x"];

/// What lies in a layer, by its path.
type Layer = BTreeMap<String, Node>;

/// Files of the layout, by their paths.
struct Blobs(BTreeMap<String, Vec<u8>>);

impl Blobs {
    /// Puts a blob; gives its descriptor.
    fn put(&mut self, kind: &str, bytes: Vec<u8>) -> Json {
        let (size, digest) = (bytes.len(), sha256(&bytes));
        self.0.insert(format!("blobs/sha256/{digest}"), bytes);
        json!({"mediaType": kind, "digest": format!("sha256:{digest}"), "size": size})
    }
}

fn run(given: &Given<'_>) -> Result<Made, ExecuteError> {
    let architecture = given.word("architecture");
    if !ARCHITECTURES.contains(&architecture) {
        return Err(
            given.refuse(format!("'{architecture}' is no architecture; there are {}", ARCHITECTURES.join(", ")))
        );
    }
    let mut layers: BTreeMap<u32, Layer> = BTreeMap::new();
    for [number, path, destination] in given.rows()? {
        let number = number.parse().map_err(|_| given.refuse(format!("'{number}' is no layer")))?;
        let layer = layers.entry(number).or_default();
        for (below, node) in given.leaves(given.node(path)?)? {
            let at = below.map_or_else(|| destination.to_owned(), |below| format!("{destination}/{}", below.as_str()));
            let at = at.trim_matches('/').to_owned();
            if at.is_empty() || at.split('/').any(|part| part.is_empty() || part == "." || part == "..") {
                return Err(given.refuse(format!("'{at}' is no place in an image")));
            }
            layer.insert(at, node);
        }
    }
    let mut blobs = Blobs(BTreeMap::new());
    let mut descriptors = Vec::new();
    for layer in layers.values() {
        descriptors.push(blobs.put(LAYER, tar_of(given, layer)?));
    }
    let diffs: Vec<&Json> = descriptors.iter().filter_map(|it| it.get("digest")).collect();
    let config = json!({
        "architecture": architecture, "os": "linux", "config": settings(given)?,
        "rootfs": {"type": "layers", "diff_ids": diffs},
    });
    let config = blobs.put(CONFIG, config.to_string().into_bytes());
    let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": descriptors});
    let mut manifest = blobs.put(MANIFEST, manifest.to_string().into_bytes());
    if let Some(row) = manifest.as_object_mut() {
        row.insert("platform".to_owned(), json!({"architecture": architecture, "os": "linux"}));
        let tag = given.word("tag");
        if !tag.is_empty() {
            row.insert("annotations".to_owned(), json!({"org.opencontainers.image.ref.name": tag}));
        }
    }
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [manifest]});
    let mut folder = blobs.0;
    folder.insert("index.json".to_owned(), index.to_string().into_bytes());
    folder.insert("oci-layout".to_owned(), json!({"imageLayoutVersion": "1.0.0"}).to_string().into_bytes());
    let mut nodes = BTreeMap::new();
    for (path, bytes) in folder {
        nodes.insert(RelPath::new(path).map_err(StoreError::from)?, given.put_file(&bytes)?);
    }
    Ok(vec![("folder", Product::Nodes(nodes))])
}

/// What runs in a container of it, and how.
fn settings(given: &Given<'_>) -> Result<Json, ExecuteError> {
    let mut settings = Map::new();
    for (key, name) in [("Entrypoint", "entrypoint"), ("Cmd", "command"), ("Env", "environment")] {
        let lines: Vec<&str> = given.word(name).lines().collect();
        if key == "Env" && lines.iter().any(|line| !line.contains('=')) {
            return Err(given.refuse("a variable is NAME=VALUE"));
        }
        if !lines.is_empty() {
            settings.insert(key.to_owned(), json!(lines));
        }
    }
    for (key, name) in [("User", "user"), ("WorkingDir", "folder")] {
        if !given.word(name).is_empty() {
            settings.insert(key.to_owned(), json!(given.word(name)));
        }
    }
    let labels: Option<Map<String, Json>> =
        given.word("labels").lines().map(|line| line.split_once('=').map(|(k, v)| (k.to_owned(), json!(v)))).collect();
    let labels = labels.ok_or_else(|| given.refuse("a label is NAME=VALUE"))?;
    if !labels.is_empty() {
        settings.insert("Labels".to_owned(), Json::Object(labels));
    }
    Ok(Json::Object(settings))
}

/// A layer's bytes.
fn tar_of(given: &Given<'_>, layer: &Layer) -> Result<Vec<u8>, ExecuteError> {
    let mut entries: BTreeMap<String, Option<&Node>> = BTreeMap::new();
    for (path, node) in layer {
        let above = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
        for folder in above {
            if layer.contains_key(folder) {
                return Err(given.refuse(format!("'{folder}' is a file and a folder in one layer")));
            }
            entries.insert(format!("{folder}/"), None);
        }
        entries.insert(path.clone(), Some(node));
    }
    let mut bytes = Vec::new();
    for (path, node) in entries {
        match node {
            None | Some(Node::Directory(_)) => entry(&mut bytes, &path, b'5', 0o755, "", &[]),
            Some(Node::Symlink(target)) => entry(&mut bytes, &path, b'2', 0o777, target, &[]),
            Some(Node::File { blob, executable }) => {
                entry(&mut bytes, &path, b'0', if *executable { 0o755 } else { 0o644 }, "", &given.store.blob(blob)?);
            }
        }
    }
    // Two blocks of zeros end an archive.
    bytes.resize(bytes.len() + 1024, 0);
    Ok(bytes)
}

/// An entry; a pax header goes before it when a name is too long for ustar.
fn entry(bytes: &mut Vec<u8>, path: &str, kind: u8, mode: u32, link: &str, content: &[u8]) {
    let long = |text: &str| text.len() > 100;
    let mut records = String::new();
    for (key, text) in [("linkpath", link), ("path", path)] {
        if long(text) {
            records.push_str(&record(key, text));
        }
    }
    if !records.is_empty() {
        block(bytes, "pax", b'x', 0o644, "", records.as_bytes());
    }
    block(bytes, path, kind, mode, link, content);
}

/// A pax record: its own length, a key, a value.
fn record(key: &str, value: &str) -> String {
    let rest = format!(" {key}={value}\n");
    // The length counts its own digits.
    let mut length = rest.len() + 1;
    while length != rest.len() + length.to_string().len() {
        length = rest.len() + length.to_string().len();
    }
    format!("{length}{rest}")
}

/// A ustar header and its content, both in blocks of 512 bytes.
fn block(bytes: &mut Vec<u8>, path: &str, kind: u8, mode: u32, link: &str, content: &[u8]) {
    let mut header: Vec<u8> = Vec::with_capacity(512);
    let mut put = |text: &[u8], width: usize| {
        let end = header.len() + width;
        header.extend(text.iter().take(width));
        header.resize(end, 0);
    };
    put(path.as_bytes(), 100);
    put(format!("{mode:07o}").as_bytes(), 8);
    put(b"0000000", 8);
    put(b"0000000", 8);
    put(format!("{:011o}", content.len()).as_bytes(), 12);
    put(b"00000000000", 12);
    put(b"        ", 8);
    put(&[kind], 1);
    put(link.as_bytes(), 100);
    put(b"ustar\x0000", 8);
    put(b"", 64);
    put(b"0000000", 8);
    put(b"0000000", 8);
    put(b"", 167);
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    let sum = format!("{sum:06o}\0 ").into_bytes();
    header.splice(148..156, sum);
    bytes.extend(header);
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
}
