//! The first place at which two files differ, to be read: by diffoscope where there is one, else as lines or in hex.
//!
//! This file does not know why they differ.

use super::anatomy;
use gx_engine::audit::{Audit, Content, Difference, Unlike};
use gx_rules::label::shown;
use gx_store::{BlobId, Blobs, Store, Surroundings};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Lines of diffoscope that are shown.
const LINES: usize = 60;
/// Larger files are not looked into.
const LARGEST: u64 = 64 << 20;
/// Bytes in a row of hex.
const ROW: usize = 16;
/// Rows that are shown.
const ROWS: usize = 3;

/// A program that compares files of many formats.
pub(super) struct Diffoscope(PathBuf);

impl Diffoscope {
    /// On the path of the person who asks.
    pub(super) fn find(surroundings: &Surroundings) -> Option<Diffoscope> {
        let path = surroundings.environment.get("PATH")?;
        path.split(':').map(|folder| Path::new(folder).join("diffoscope")).find(|path| path.is_file()).map(Diffoscope)
    }

    /// What it says of two files.
    fn compare(&self, store: &Store, blobs: &(BlobId, BlobId)) -> Option<String> {
        if blobs.0.0.size.max(blobs.1.0.size) > LARGEST {
            return None;
        }
        let folder = store.new_scratch().ok()?;
        let names = ["before", "now"].map(|name| folder.path().join(name));
        for (path, blob) in names.iter().zip([&blobs.0, &blobs.1]) {
            std::fs::write(path, store.blob(blob).ok()?).ok()?;
        }
        let output = Command::new(&self.0)
            .args(["--text", "-", "--max-text-report-size", "16384", "before", "now"])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .ok()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let lines: Vec<String> = text.lines().take(LINES).map(|line| format!("    {}\n", shown(line))).collect();
        (!lines.is_empty()).then(|| lines.concat())
    }
}

/// A difference, to be read; empty when there is nothing to show.
pub(super) fn text(audit: &Audit, difference: &Difference, diffoscope: Option<&Diffoscope>) -> String {
    let Unlike::Content(content) = &difference.unlike else { return String::new() };
    let by_program = diffoscope.and_then(|program| program.compare(&audit.store, &content.blobs));
    let place = place(audit, content).map_or_else(String::new, |place| format!("    in {}\n", shown(&place)));
    place + &by_program.unwrap_or_else(|| own(content))
}

/// What lies at the place, in words.
pub(super) fn place(audit: &Audit, content: &Content) -> Option<String> {
    let blob = &content.blobs.0;
    if blob.0.size > LARGEST {
        return None;
    }
    anatomy::at(&audit.store.blob(blob).ok()?, usize::try_from(content.offset).ok()?)
}

fn own(content: &Content) -> String {
    lines(content).unwrap_or_else(|| hex(content))
}

/// The lines at the place, when both files are text there.
fn lines(content: &Content) -> Option<String> {
    let at = usize::try_from(content.offset - content.from).ok()?;
    let line = |bytes: &[u8]| -> Option<String> {
        let start = bytes.get(..at)?.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let rest = bytes.get(start..)?;
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let text = std::str::from_utf8(rest.get(..end)?).ok()?;
        let is_text = text.chars().all(|c| c == '\t' || !c.is_control());
        is_text.then(|| text.to_owned())
    };
    let (before, now) = (line(&content.excerpts.0)?, line(&content.excerpts.1)?);
    let ends = |bytes: &[u8], line: &str| line.is_empty() && bytes.len() <= at;
    let row = |mark: char, bytes: &[u8], line: &str| match ends(bytes, line) {
        true => format!("    {mark} (the end)\n"),
        false => format!("    {mark} {}\n", shown(line)),
    };
    Some(row('-', &content.excerpts.0, &before) + &row('+', &content.excerpts.1, &now))
}

/// Rows of hex from the place on.
fn hex(content: &Content) -> String {
    let start = content.offset - content.offset % ROW as u64;
    let skip = usize::try_from(start.saturating_sub(content.from)).unwrap_or(0);
    let start = start.max(content.from);
    let rows = |bytes: &[u8], mark: char| -> String {
        let rest = bytes.get(skip..).unwrap_or_default();
        rest.chunks(ROW).take(ROWS).enumerate().map(|(row, bytes)| hex_row(mark, start, row, bytes)).collect()
    };
    rows(&content.excerpts.0, '-') + &rows(&content.excerpts.1, '+')
}

fn hex_row(mark: char, start: u64, row: usize, bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x} ")).collect();
    let shown: String =
        bytes.iter().map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '.' }).collect();
    format!("    {mark} {:08x}  {digits:<48} {shown}\n", start + (row * ROW) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gx_store::HashFunction;

    fn content(before: &[u8], now: &[u8]) -> Content {
        let blob = |bytes: &[u8]| BlobId(HashFunction::Blake3.digest(bytes));
        let same = before.iter().zip(now).position(|(a, b)| a != b);
        let offset = same.unwrap_or(before.len().min(now.len())) as u64;
        Content { offset, blobs: (blob(before), blob(now)), from: 0, excerpts: (before.to_vec(), now.to_vec()) }
    }

    #[test]
    fn text_is_shown_as_lines_and_the_rest_in_hex() {
        insta::assert_snapshot!(own(&content(b"one\nbuilt on host-a\nthree\n", b"one\nbuilt on host-b\nthree\n")), @r"
            - built on host-a
            + built on host-b
        ");
        insta::assert_snapshot!(own(&content(b"one\n", b"one\ntwo\n")), @r"
            - (the end)
            + two
        ");
        let bytes: Vec<u8> = (0..60).collect();
        let mut other = bytes.clone();
        other[21] = 0xff;
        insta::assert_snapshot!(own(&content(&bytes, &other)));
    }
}
