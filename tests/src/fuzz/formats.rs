//! Targets that read bytes: records, messages, wires, archives, programs.
//!
//! The law of a record: bytes that are read are the only bytes of what was read. This file does not know how bytes
//! are made.

use gx_store::HashFunction::Blake3;
use gx_store::derivation::Derivation;
use gx_store::encode::Value;
use gx_store::proto::{ActionProto, Command};
use gx_store::{Blobs, Builtin, Call, Directory, InputSet, Node, Outcome, Output, OutputKind, RelPath, Store, Trees};
use prost::Message;
use std::collections::BTreeMap;
use std::io::Write;

pub(super) fn cbor(bytes: &[u8]) {
    if let Ok(value) = Value::decode(bytes) {
        assert_eq!(value.encode(), bytes, "a value with two encodings");
    }
}

pub(super) fn derivation(bytes: &[u8]) {
    if let Ok(derivation) = Derivation::decode(bytes) {
        assert_eq!(derivation.encode(), bytes, "a derivation with two encodings");
    }
}

pub(super) fn input_set(bytes: &[u8]) {
    if let Ok(set) = InputSet::decode(bytes) {
        assert_eq!(set.encode(), bytes, "a set of inputs with two encodings");
    }
}

pub(super) fn outcome(bytes: &[u8]) {
    if let Ok(outcome) = Outcome::decode(bytes) {
        assert_eq!(outcome.encode(), bytes, "an outcome with two encodings");
    }
}

pub(super) fn directory(bytes: &[u8]) {
    if let Ok(directory) = Directory::decode(Blake3, bytes) {
        assert_eq!(directory.encode(), bytes, "a folder with two encodings");
        for name in directory.entries.keys() {
            assert!(directory.get(name.as_str()).is_some(), "an entry that is not found by its name");
        }
    }
}

/// Actions and commands may come from elsewhere and are read in any form; ours is one that reads the same.
pub(super) fn action(bytes: &[u8]) {
    if let Ok(action) = ActionProto::decode(bytes) {
        assert_eq!(ActionProto::decode(action.encode_to_vec().as_slice()), Ok(action));
    }
    if let Ok(command) = Command::decode(bytes) {
        assert_eq!(Command::decode(command.encode_to_vec().as_slice()), Ok(command));
    }
}

/// A private row: a version byte and bincode.
pub(super) fn row(bytes: &[u8]) {
    type Row = (String, Vec<(Option<u64>, BTreeMap<String, Vec<u8>>)>, bool);
    if let Some(row) = gx_store::row::decode::<Row>(bytes) {
        let again = gx_store::row::encode(&row).expect("what was read can be written");
        assert_eq!(gx_store::row::decode::<Row>(&again), Some(row));
    }
}

/// A frame between client and daemon, either way.
pub(super) fn daemon_wire(bytes: &[u8]) {
    use gx_cli::daemon::wire::{ToClient, ToDaemon};
    both_ways::<ToDaemon>(bytes);
    both_ways::<ToClient>(bytes);
}

fn both_ways<T: serde::Serialize + serde::de::DeserializeOwned + std::fmt::Debug>(mut bytes: &[u8]) {
    use gx_cli::daemon::wire::{frame, receive};
    if let Ok(message) = receive::<T>(&mut bytes) {
        let sent = frame(&message).expect("what was read can be sent");
        let again: T = receive(&mut sent.as_slice()).expect("what was sent can be read");
        assert_eq!(format!("{again:?}"), format!("{message:?}"));
    }
}

pub(super) fn spawner_wire(bytes: &[u8]) {
    assert!(gx_engine::inside::spawner_message(bytes), "a message that is not read as it was sent");
}

pub(super) fn elf(bytes: &[u8]) {
    let mut file = tempfile::tempfile().expect("a temporary file can be made");
    file.write_all(bytes).expect("a temporary file can be written");
    assert!(gx_engine::inside::elf(&file), "an ELF file with a name that is none");
}

pub(super) fn host_text(bytes: &[u8]) {
    assert!(gx_engine::inside::host_text(bytes), "a text that names what is no path");
}

pub(super) fn unpack_tar(bytes: &[u8]) {
    unpack("tar", bytes);
}

pub(super) fn unpack_deb(bytes: &[u8]) {
    unpack("deb", bytes);
}

pub(super) fn unpack_tar_bz2(bytes: &[u8]) {
    unpack("tar.bz2", bytes);
}

pub(super) fn unpack_tar_xz(bytes: &[u8]) {
    unpack("tar.xz", bytes);
}

pub(super) fn unpack_tar_zst(bytes: &[u8]) {
    unpack("tar.zst", bytes);
}

pub(super) fn unpack_tar_gz(bytes: &[u8]) {
    unpack("tar.gz", bytes);
}

pub(super) fn unpack_zip(bytes: &[u8]) {
    unpack("zip", bytes);
}

/// An archive is refused with a reason, or gives a tree that is whole.
fn unpack(kind: &str, bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let store = Store::in_memory(folder.path(), Blake3);
    let blob = store.put_blob(bytes).expect("a store in memory takes a blob");
    let path = |text: &str| RelPath::new(text).expect("a path of this test");
    let arguments = BTreeMap::from([("type".to_owned(), kind.to_owned()), ("strip_prefix".to_owned(), String::new())]);
    let call = Call { name: "unpack".to_owned(), revision: 1, arguments };
    let inputs = BTreeMap::from([(path("out/a"), Node::File { blob, executable: false })]);
    let outputs = [Output { path: path("out/b"), kind: OutputKind::Directory }];
    match gx_engine::builtin::Unpack::default().call(&call, &inputs, &outputs, &store) {
        Ok(made) => made.iter().for_each(|(_, node)| whole(&store, node)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn whole(store: &Store, node: &Node) {
    match node {
        Node::File { blob, .. } => drop(store.blob(blob).expect("a file of the tree is there")),
        Node::Symlink(target) => assert!(!target.starts_with('/'), "a link to an absolute path"),
        Node::Directory(tree) => {
            let directory = store.tree(tree).expect("a folder of the tree is there");
            directory.entries.values().for_each(|node| whole(store, node));
        }
    }
}
