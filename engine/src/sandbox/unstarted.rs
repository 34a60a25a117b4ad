//! Why a program could not be started, in words, looking at it as the action would.
//!
//! Runs in the action's root, after the kernel has refused. This file starts nothing.

use super::protocol::Order;
use std::fs::File;
use std::io::Error;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Says why program `index` of an order could not be started.
pub(super) fn why_not(order: &Order, index: usize, errno: i32) -> String {
    let said = Error::from_raw_os_error(errno);
    let Some(program) = order.programs.get(index) else {
        return format!("a step before it failed: {said}");
    };
    let there = Path::new(program);
    match errno {
        libc::ENOENT | libc::ENOTDIR if !there.exists() => match order.programs.as_slice() {
            [one] => format!("there is no '{one}' among the action's inputs and toolchains"),
            many => format!("no folder of its PATH has it; these were tried: {}", many.join(", ")),
        },
        libc::ENOENT => match interpreter(there) {
            Some(wanted) => format!("'{program}' is there, but its interpreter '{wanted}' is not among the inputs"),
            None => format!("'{program}' is there, but something it needs is not: {said}"),
        },
        libc::EACCES if there.is_dir() => format!("'{program}' is a folder"),
        libc::EACCES => match there.metadata().map(|m| m.permissions().mode()) {
            Ok(mode) if mode & 0o111 == 0 => format!("'{program}' is not executable"),
            _ => format!("'{program}' or its interpreter may not be executed (is the store on a noexec disk?)"),
        },
        libc::ENOEXEC => {
            format!("'{program}' has no format that the kernel knows (a script's first line must start with '#!')")
        }
        libc::E2BIG => too_long(order),
        _ => said.to_string(),
    }
}

fn too_long(order: &Order) -> String {
    let longest = order.arguments.iter().chain(&order.environment).map(String::len).max().unwrap_or(0);
    if longest >= 128 << 10 {
        return format!("one argument or variable has {longest} bytes, and the kernel takes 131071; use a file");
    }
    let sum: usize = order.arguments.iter().chain(&order.environment).map(|text| text.len() + 9).sum();
    format!("arguments and environment have {sum} bytes together, more than the kernel takes (2 MiB); use a file")
}

/// The interpreter that a script or an ELF program names.
fn interpreter(program: &Path) -> Option<String> {
    use std::io::{Read, Seek, SeekFrom};
    let mut file = File::open(program).ok()?;
    let mut head = vec![0; 4096];
    let got = file.read(&mut head).ok()?;
    head.truncate(got);
    if let Some(line) = head.strip_prefix(b"#!") {
        let line = line.split(|b| *b == b'\n').next()?;
        return String::from_utf8_lossy(line).split_whitespace().next().map(str::to_owned);
    }
    if !head.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let number = |at: usize, size: usize| -> Option<u64> {
        let bytes = head.get(at..at.checked_add(size)?)?;
        Some(bytes.iter().rev().fold(0, |n, b| (n << 8) | u64::from(*b)))
    };
    let (table, size, count) = (number(32, 8)? as usize, number(54, 2)? as usize, number(56, 2)? as usize);
    for index in 0..count {
        let at = table.checked_add(index.checked_mul(size)?)?;
        if number(at, 4)? == 3 {
            let (offset, length) = (number(at + 8, 8)?, number(at + 32, 8)?.min(4096) as usize);
            file.seek(SeekFrom::Start(offset)).ok()?;
            let mut name = vec![0; length];
            file.read_exact(&mut name).ok()?;
            return Some(String::from_utf8_lossy(&name).trim_end_matches('\0').to_owned());
        }
    }
    None
}
