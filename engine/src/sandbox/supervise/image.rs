//! What is done to a program before its first own instruction that could tell: no clock without a system call, and
//! the same random bytes at its start.
//!
//! The kernel maps a page of code into every process (the vDSO) that reads the clock without a system call. Its
//! functions are overwritten, in a private copy, with plain system calls, which the filter sees. This happens at the
//! call with which every C library (and Go) sets up its thread pointer, before any of them looks at a clock or at its
//! random bytes. Invariant: the layout is read from our own copy of the page, which is the same kernel's.

use super::memory::Memory;
use std::ffi::CStr;
use std::io::Read as _;

/// Room for twice the keys that a kernel gives.
const LONGEST_AUXV: usize = 1024;
const AT_NULL: u64 = 0;
pub(super) const AT_IGNORE: u64 = 1;
const AT_RANDOM: u64 = 25;
pub(super) const AT_SYSINFO_EHDR: u64 = 33;

/// Of an ELF file of 64 bits: where things lie in its head, in a segment's and in a symbol.
const SEGMENTS: usize = 32;
const SEGMENT_COUNT: usize = 56;
const SEGMENT: usize = 56;
const SYMBOL: usize = 24;
const PT_DYNAMIC: u32 = 2;
const PT_LOAD: u32 = 1;
const DT_HASH: u64 = 4;
const DT_STRTAB: u64 = 5;
const DT_SYMTAB: u64 = 6;
const DT_GNU_HASH: u64 = 0x6fff_fef5;

/// The bytes every program finds as its random start.
const START: [u8; 16] = *b"gx: not random.\n";

/// One function of the page and what is put in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Patch {
    offset: u64,
    code: Vec<u8>,
}

/// What is put into every program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Image {
    patches: Vec<Patch>,
}

/// Code that makes this call with the arguments it was given.
#[cfg(target_arch = "x86_64")]
fn code(nr: Option<libc::c_long>) -> Vec<u8> {
    match nr {
        // mov eax, nr; syscall; ret
        Some(nr) => [&[0xb8][..], &(nr as u32).to_le_bytes(), &[0x0f, 0x05, 0xc3]].concat(),
        // mov rax, -ENOSYS; ret
        None => vec![0x48, 0xc7, 0xc0, (-libc::ENOSYS) as u8, 0xff, 0xff, 0xff, 0xc3],
    }
}

#[cfg(target_arch = "aarch64")]
fn code(nr: Option<libc::c_long>) -> Vec<u8> {
    let first: u32 = match nr {
        // mov x8, #nr; svc #0; ret
        Some(nr) => 0xd280_0008 | (nr as u32) << 5,
        // mov x0, #-ENOSYS; nop; ret
        None => 0x9280_0000 | (libc::ENOSYS as u32 - 1) << 5,
    };
    let second: u32 = if nr.is_some() { 0xd400_0001 } else { 0xd503_201f };
    [first, second, 0xd65f_03c0].iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// The call that stands in for a function of the page; `None` for one that tells nothing.
fn instead(name: &[u8]) -> Option<Vec<u8>> {
    let name = name.strip_prefix(b"__vdso_").or_else(|| name.strip_prefix(b"__kernel_")).unwrap_or(name);
    match name {
        b"clock_gettime" => Some(code(Some(libc::SYS_clock_gettime))),
        b"clock_getres" => Some(code(Some(libc::SYS_clock_getres))),
        b"gettimeofday" => Some(code(Some(libc::SYS_gettimeofday))),
        #[cfg(target_arch = "x86_64")]
        b"time" => Some(code(Some(libc::SYS_time))),
        b"getcpu" => Some(code(Some(libc::SYS_getcpu))),
        // Its callers fall back to the system call.
        b"getrandom" => Some(code(None)),
        _ => None,
    }
}

impl Image {
    /// Reads the layout of the page in this process. Without such a page there is nothing to put.
    pub(crate) fn of_this_machine() -> Image {
        // SAFETY: takes a number only.
        let base = unsafe { libc::getauxval(AT_SYSINFO_EHDR) };
        if base == 0 {
            return Image::default();
        }
        let page = |offset: u64, length: usize| {
            // SAFETY: the kernel maps its whole image at `base` for as long as the process lives, and all offsets that
            // are asked for come from that image itself.
            unsafe { std::slice::from_raw_parts((base + offset) as *const u8, length) }
        };
        Image { patches: patches(page).unwrap_or_default() }
    }

    /// Puts it into a process that has just become a program.
    pub(super) fn put(&self, memory: &Memory, thread: u32) -> Result<(), i32> {
        let mut auxv = [0; LONGEST_AUXV];
        let file = std::fs::File::open(format!("/proc/{thread}/auxv"));
        let read = file.and_then(|mut file| file.read(&mut auxv));
        let length = read.map_err(|e| e.raw_os_error().unwrap_or(libc::EIO))?;
        let mut parts: Vec<(u64, &[u8])> = Vec::new();
        for [key, value] in entries(auxv.get(..length).unwrap_or_default()).take_while(|[key, _]| *key != AT_NULL) {
            match key {
                AT_SYSINFO_EHDR => {
                    parts.extend(self.patches.iter().map(|patch| (value + patch.offset, patch.code.as_slice())));
                }
                AT_RANDOM => parts.push((value, &START)),
                _ => {}
            }
        }
        memory.force(thread, &parts)
    }
}

/// Keys and values of a process's auxiliary vector.
pub(super) fn entries(auxv: &[u8]) -> impl Iterator<Item = [u64; 2]> {
    auxv.chunks_exact(16).map(|pair| {
        let (key, value) = pair.split_at(8);
        [key, value].map(|half| u64::from_ne_bytes(half.try_into().unwrap_or_default()))
    })
}

fn number<const N: usize>(page: &impl Fn(u64, usize) -> &'static [u8], at: u64) -> Option<[u8; N]> {
    page(at, N).try_into().ok()
}

/// Finds the functions by the image's own table of symbols.
fn patches(page: impl Fn(u64, usize) -> &'static [u8]) -> Option<Vec<Patch>> {
    let long = |at: u64| number::<8>(&page, at).map(u64::from_ne_bytes);
    let word = |at: u64| number::<4>(&page, at).map(u32::from_ne_bytes);
    let segments = long(SEGMENTS as u64)?;
    let count = u64::from(number::<2>(&page, SEGMENT_COUNT as u64).map(u16::from_ne_bytes)?);
    let (mut dynamic, mut linked_at) = (None, 0);
    for at in (0..count).map(|index| segments + index * SEGMENT as u64) {
        match word(at)? {
            PT_DYNAMIC => dynamic = Some(long(at + 16)?),
            PT_LOAD if long(at + 8)? == 0 => linked_at = long(at + 16)?,
            _ => {}
        }
    }
    let mut at = dynamic?.checked_sub(linked_at)?;
    let (mut hash, mut gnu_hash, mut names, mut symbols) = (None, None, None, None);
    loop {
        let (tag, value) = (long(at)?, long(at + 8)?.wrapping_sub(linked_at));
        match tag {
            0 => break,
            DT_HASH => hash = Some(value),
            DT_GNU_HASH => gnu_hash = Some(value),
            DT_STRTAB => names = Some(value),
            DT_SYMTAB => symbols = Some(value),
            _ => {}
        }
        at += 16;
    }
    let count = match (hash, gnu_hash) {
        (Some(hash), _) => word(hash + 4)?,
        (None, Some(hash)) => last_of(hash, &word)?,
        _ => return None,
    };
    let (names, symbols) = (names?, symbols?);
    let mut patches = Vec::new();
    for symbol in (0..u64::from(count)).map(|index| symbols + index * SYMBOL as u64) {
        let name = page(names + u64::from(word(symbol)?), 64);
        let name = CStr::from_bytes_until_nul(name).map(CStr::to_bytes).unwrap_or_default();
        let offset = long(symbol + 8)?.wrapping_sub(linked_at);
        if let Some(code) = instead(name) {
            patches.push(Patch { offset, code });
        }
    }
    // Two names for one function are the rule.
    patches.sort_by_key(|patch| patch.offset);
    patches.dedup();
    Some(patches)
}

/// One past the last symbol that a GNU hash table reaches.
fn last_of(hash: u64, word: &impl Fn(u64) -> Option<u32>) -> Option<u32> {
    let (buckets, first, bloom) = (word(hash)?, word(hash + 4)?, word(hash + 8)?);
    let table = hash + 16 + u64::from(bloom) * 8;
    let chains = table + u64::from(buckets) * 4;
    let mut last = first;
    for bucket in 0..u64::from(buckets) {
        last = last.max(word(table + bucket * 4)?);
    }
    while word(chains + u64::from(last.checked_sub(first)?) * 4)? & 1 == 0 {
        last += 1;
    }
    Some(last + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_of_this_machine_is_found() {
        let image = Image::of_this_machine();
        assert!(!image.patches.is_empty(), "this kernel has a vDSO");
        let clock = code(Some(libc::SYS_clock_gettime));
        assert!(image.patches.iter().any(|patch| patch.code == clock));
        assert_eq!(image, Image::of_this_machine());
    }
}
