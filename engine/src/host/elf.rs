//! What an ELF file needs at run time: its interpreter and its libraries.
//!
//! Only 64-bit little-endian files are read (x86-64, AArch64, RISC-V); others have no closure here. Only headers and
//! the dynamic section are read, never the whole file. Invariant: bytes that lie about offsets give `None`, never a
//! panic and never a large allocation. This file does not know where libraries are.

use std::fs::File;
use std::os::unix::fs::FileExt;

/// Longest text that is read: a path.
const LONGEST: usize = 4096;
/// Largest table that is read.
const LARGEST: u64 = 1 << 20;

/// What a file says it needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Elf {
    /// The kind of processor: `e_machine`.
    pub(crate) machine: u16,
    /// The program that loads it.
    pub(crate) interpreter: Option<String>,
    /// Libraries, as they are named.
    pub(crate) needed: Vec<String>,
    /// Where it wants them looked for, in order.
    pub(crate) search: Vec<String>,
}

/// Reads a program or shared library; `None` for anything else.
pub(crate) fn read(file: &File) -> Option<Elf> {
    let header = bytes(file, 0, 64)?;
    let kind = u16_at(&header, 16)?;
    let known = header.starts_with(b"\x7fELF\x02\x01") && matches!(kind, 2 | 3);
    if !known {
        return None;
    }
    let mut elf = Elf { machine: u16_at(&header, 18)?, ..Elf::default() };
    let (offset, size, count) = (u64_at(&header, 32)?, u16_at(&header, 54)?, u16_at(&header, 56)?);
    if size != 56 {
        return None;
    }
    let table = bytes(file, offset, u64::from(size) * u64::from(count))?;
    let mut loads = Vec::new();
    let mut dynamic = None;
    for segment in table.chunks_exact(56) {
        let place = (u64_at(segment, 8)?, u64_at(segment, 32)?);
        match u32_at(segment, 0)? {
            1 => loads.push((u64_at(segment, 16)?, place.1, place.0)),
            2 => dynamic = Some(place),
            3 => elf.interpreter = text(&bytes(file, place.0, place.1.min(LONGEST as u64))?, 0),
            _ => {}
        }
    }
    if let Some((offset, size)) = dynamic {
        read_dynamic(file, &bytes(file, offset, size)?, &loads, &mut elf)?;
    }
    Some(elf)
}

/// Reads the dynamic section. `loads` are address, size and offset of what is in memory.
fn read_dynamic(file: &File, section: &[u8], loads: &[(u64, u64, u64)], elf: &mut Elf) -> Option<()> {
    let (mut needed, mut rpath, mut runpath) = (Vec::new(), None, None);
    let (mut strings, mut strings_size) = (None, 0);
    for entry in section.chunks_exact(16) {
        let value = u64_at(entry, 8)?;
        match u64_at(entry, 0)? {
            0 => break,
            1 => needed.push(value),
            5 => strings = Some(value),
            10 => strings_size = value,
            15 => rpath = Some(value),
            29 => runpath = Some(value),
            _ => {}
        }
    }
    let Some(address) = strings else { return Some(()) };
    let offset = loads.iter().find_map(|(start, size, offset)| {
        let within = address.checked_sub(*start).filter(|within| within < size)?;
        offset.checked_add(within)
    })?;
    // Compilers that take plug-ins export everything: the table is large, the few names in it are not.
    let get = |at: u64| {
        let left = strings_size.checked_sub(at)?.min(LONGEST as u64);
        text(&bytes(file, offset.checked_add(at)?, left)?, 0)
    };
    elf.needed = needed.into_iter().filter_map(get).collect();
    // RUNPATH silences RPATH.
    let search = runpath.or(rpath).and_then(get).unwrap_or_default();
    elf.search = search.split(':').filter(|folder| !folder.is_empty()).map(str::to_owned).collect();
    Some(())
}

fn bytes(file: &File, offset: u64, size: u64) -> Option<Vec<u8>> {
    if size > LARGEST {
        return None;
    }
    let mut buffer = vec![0u8; usize::try_from(size).ok()?];
    file.read_exact_at(&mut buffer, offset).ok()?;
    Some(buffer)
}

fn text(bytes: &[u8], at: usize) -> Option<String> {
    let rest = bytes.get(at..)?;
    let end = rest.iter().position(|byte| *byte == 0)?;
    let text = std::str::from_utf8(rest.get(..end)?).ok()?;
    (!text.is_empty() && text.len() < LONGEST).then(|| text.to_owned())
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    array(bytes, at).map(u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn this_test_names_its_loader_and_the_c_library() {
        let elf = read(&File::open(std::env::current_exe().unwrap()).unwrap()).unwrap();
        assert!(elf.interpreter.unwrap().contains("ld-"));
        assert!(elf.needed.iter().any(|name| name.starts_with("libc.so")), "{:?}", elf.needed);
    }

    fn read_bytes(content: &[u8]) -> Option<Elf> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        read(&file)
    }

    proptest::proptest! {
        #[test]
        fn damaged_bytes_are_read_without_a_panic(changes: Vec<(u16, u8)>) {
            let whole = std::fs::read(std::env::current_exe().unwrap()).unwrap();
            let mut head = whole[..4096].to_vec();
            for (at, byte) in changes {
                head[usize::from(at) % 1024] = byte;
            }
            read_bytes(&head);
        }
    }

    #[test]
    fn other_files_are_none() {
        assert_eq!(read_bytes(b"#!/bin/sh\n"), None);
        assert_eq!(read_bytes(b""), None);
    }
}
