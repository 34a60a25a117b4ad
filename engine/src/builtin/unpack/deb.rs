//! Reading a Debian package: an `ar` archive of `debian-binary`, `control.tar.*` and `data.tar.*`, in this order.
//!
//! Invariants: what is packed lies below `control` and `data`, each the `/` of its absolute symlinks; members whose
//! name begins with `_` are passed over, as deb(5) asks, every other one is refused; the package is read to its end.
//! This file does not know limits nor trees, and runs nothing.

use super::error::UnpackError;
use super::limits::Budget;
use super::members::Members;
use super::tar::{self, Packing};
use gx_store::RelPath;
use std::io::{ErrorKind, Read};

const KIND: &str = "deb";
/// The first bytes.
const MAGIC: &[u8; 8] = b"!<arch>\n";
/// Bytes of a member's head.
const HEAD: usize = 60;

/// A member's head.
struct Head {
    name: String,
    size: u64,
}

/// Reads every member.
pub(super) fn read(mut archive: impl Read, budget: &Budget, members: &mut Members<'_>) -> Result<(), UnpackError> {
    let mut magic = [0; MAGIC.len()];
    if !fill(&mut archive, &mut magic)? || magic != *MAGIC {
        return Err(UnpackError::OtherKind { kind: KIND, hint: "" });
    }
    let mut version = false;
    let mut parts = ["control", "data"].into_iter().peekable();
    while let Some(head) = next(&mut archive)? {
        let mut content = (&mut archive).take(head.size);
        let part = parts.peek().and_then(|part| Some((*part, head.name.strip_prefix(part)?.strip_prefix('.')?)));
        if !version {
            read_version(&head, &mut content)?;
            version = true;
        } else if let Some((part, packed)) = part {
            let (kind, packing) = Packing::of(packed)
                .ok_or_else(|| damaged(format!("'{}' is packed in a way that is not known", head.name)))?;
            members.below(RelPath::new(part).map_err(|e| damaged(e.to_string()))?);
            tar::unpack(packing, kind, &mut content, budget, members)?;
            parts.next();
        } else if !head.name.starts_with('_') {
            let wanted = parts.peek().map_or_else(|| "nothing more".to_owned(), |part| format!("'{part}.tar'"));
            return Err(damaged(format!("'{}' stands where {wanted} is expected", head.name)));
        }
        // What a reader left over, and the byte that makes sizes even.
        let left = std::io::copy(&mut content, &mut std::io::sink()).map_err(|e| UnpackError::reading(KIND, e))?;
        let missing = content.limit();
        if missing > 0 {
            return Err(damaged(format!("'{}' is cut off: {missing} bytes are missing", head.name)));
        }
        tracing::trace!(name = head.name, left, "read");
        if head.size % 2 == 1 && !fill(&mut archive, &mut [0])? {
            break;
        }
    }
    match (version, parts.next()) {
        (true, None) => Ok(()),
        (true, Some(part)) => Err(damaged(format!("it has no '{part}.tar'"))),
        (false, _) => Err(damaged("it is empty")),
    }
}

fn read_version(head: &Head, content: &mut impl Read) -> Result<(), UnpackError> {
    let mut text = Vec::new();
    content.take(64).read_to_end(&mut text).map_err(|e| UnpackError::reading(KIND, e))?;
    if head.name != "debian-binary" {
        return Err(damaged(format!("it begins with '{}', not with 'debian-binary'", head.name)));
    }
    if !text.starts_with(b"2.") {
        let said = String::from_utf8_lossy(&text);
        return Err(damaged(format!("it is of the format {:?}, and 2.0 is what is known", said.trim())));
    }
    Ok(())
}

/// The next head; `None` at the end.
fn next(archive: &mut impl Read) -> Result<Option<Head>, UnpackError> {
    let mut head = [0; HEAD];
    if !fill(archive, &mut head)? {
        return Ok(None);
    }
    let field = |from: usize, to: usize| String::from_utf8_lossy(head.get(from..to).unwrap_or_default()).into_owned();
    let size = field(48, 58);
    let size = size.trim_end_matches(' ');
    let sound = head.ends_with(b"`\n") && !size.is_empty() && size.bytes().all(|c| c.is_ascii_digit());
    match size.parse() {
        Ok(size) if sound => Ok(Some(Head { name: field(0, 16).trim_end_matches([' ', '/']).to_owned(), size })),
        _ => Err(damaged("the head of a member is damaged")),
    }
}

/// Fills the buffer; false when there is nothing at all.
fn fill(from: &mut impl Read, mut buffer: &mut [u8]) -> Result<bool, UnpackError> {
    let mut any = false;
    while !buffer.is_empty() {
        match from.read(buffer) {
            Ok(0) if !any => return Ok(false),
            Ok(0) => return Err(damaged("it is cut off")),
            Ok(read) => {
                any = true;
                buffer = buffer.get_mut(read..).unwrap_or_default();
            }
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(UnpackError::reading(KIND, e)),
        }
    }
    Ok(true)
}

fn damaged(why: impl Into<String>) -> UnpackError {
    UnpackError::Damaged { kind: KIND, why: why.into() }
}
