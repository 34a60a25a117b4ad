//! Doors to the inside of this crate for fuzz targets (`tests/src/fuzz`) and benches, which are crates of their own.
//!
//! Invariant: nothing else goes through here, and a parser's door says whether its law holds. This file does not know
//! where the bytes come from.

use crate::host::{elf, texts};
use crate::sandbox::{plain, protocol};
use std::fs::File;

/// What an ELF file says: names that are texts, or nothing.
pub fn elf(file: &File) -> bool {
    elf::read(file).is_none_or(|elf| {
        let mut names = elf.needed.iter().chain(&elf.search).chain(&elf.interpreter);
        names.all(|name| !name.is_empty() && !name.contains('\0'))
    })
}

/// What scripts and linker scripts name: the paths of the latter are absolute.
pub fn host_text(bytes: &[u8]) -> bool {
    let interpreter = texts::interpreter(bytes);
    interpreter.is_none_or(|found| !found.path.contains(|c: char| c.is_ascii_whitespace()))
        && texts::linker_script(bytes).iter().all(|path| path.starts_with('/'))
}

/// A script is left to the shell, or read as words that, quoted, read as the same words.
pub fn plain_command(script: &str) -> bool {
    plain::reads_back(script)
}

/// Is a script one that needs no shell?
pub fn is_plain(script: &str) -> bool {
    plain::is_plain(script)
}

/// How many actions the goals of a plan reach; 0 when it is no sound plan.
pub fn graph_size(plan: &gx_store::Plan) -> usize {
    crate::graph::Graph::new(plan).map_or(0, |graph| graph.actions())
}

/// Messages between an executor and a spawner, either way: what can be read can be sent, and is read as the same.
pub fn spawner_message(bytes: &[u8]) -> bool {
    fn same<T: serde::Serialize + serde::de::DeserializeOwned + std::fmt::Debug>(mut bytes: &[u8]) -> bool {
        let Ok(message) = protocol::receive::<T>(&mut bytes) else { return true };
        let mut sent = Vec::new();
        protocol::send(&mut sent, &message).is_ok()
            && protocol::receive::<T>(&mut sent.as_slice())
                .is_ok_and(|again| format!("{again:?}") == format!("{message:?}"))
    }
    same::<protocol::Request>(bytes) && same::<protocol::Reply>(bytes)
}
