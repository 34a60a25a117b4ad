//! The loader's table of libraries (`/etc/ld.so.cache`), made from the toolchain that is in an action's root.
//!
//! Without one the loader tries a dozen folders for every library of every program that starts. The table says what it
//! would find: for each library in its own first folders, that file. Invariant: it is a function of the toolchain's
//! tree. Format: glibc's `dl-cache.h`, version 1.1; a loader that does not know it passes over it.

use std::cmp::Ordering;
use std::path::Path;

const MAGIC: &[u8; 20] = b"glibc-ld.so.cache1.1";
/// Bytes of the head and of an entry.
const HEAD: usize = 48;
const ENTRY: usize = 24;
/// `cache_file_new_flags_endian_little`.
const LITTLE_ENDIAN: u8 = 2;

/// The loader's first folders, and what it wants an entry to say of its kind.
#[cfg(target_arch = "x86_64")]
const HERE: ([&str; 2], u32) = (["/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu"], 0x0303);
#[cfg(target_arch = "aarch64")]
const HERE: ([&str; 2], u32) = (["/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu"], 0x0a03);

/// The table of what lies below this root; `None` without a library.
pub(super) fn table(root: &Path) -> Option<Vec<u8>> {
    let (folders, kind) = HERE;
    let mut libraries: Vec<(Vec<u8>, String)> = Vec::new();
    for folder in folders {
        let Ok(entries) = std::fs::read_dir(root.join(folder.trim_start_matches('/'))) else { continue };
        for name in entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()) {
            let known = libraries.iter().any(|(library, _)| *library == name.as_bytes());
            if is_library(&name) && !known {
                let path = format!("{folder}/{name}");
                libraries.push((name.into_bytes(), path));
            }
        }
        // The first folder that has any: the second is the same one on a merged system.
        if !libraries.is_empty() {
            break;
        }
    }
    (!libraries.is_empty()).then(|| encode(libraries, kind))
}

fn is_library(name: &str) -> bool {
    name.starts_with("lib") && (name.ends_with(".so") || name.contains(".so."))
}

fn encode(mut libraries: Vec<(Vec<u8>, String)>, kind: u32) -> Vec<u8> {
    libraries.sort_by(|(one, _), (other, _)| compare(other, one));
    let start = HEAD + ENTRY * libraries.len();
    let (mut entries, mut strings) = (Vec::new(), Vec::new());
    for (_, path) in &libraries {
        let at = (start + strings.len()) as u32;
        // The library's name is the end of its path.
        let name = at + path.rfind('/').map_or(0, |slash| slash + 1) as u32;
        for number in [kind, name, at, 0, 0, 0] {
            entries.extend(number.to_le_bytes());
        }
        strings.extend(path.as_bytes());
        strings.push(0);
    }
    let mut table = MAGIC.to_vec();
    table.extend((libraries.len() as u32).to_le_bytes());
    table.extend((strings.len() as u32).to_le_bytes());
    table.push(LITTLE_ENDIAN);
    table.resize(HEAD, 0);
    table.extend(entries);
    table.extend(strings);
    table
}

/// The loader's own order of names: numbers in them by value. The table goes down in it.
fn compare(mut one: &[u8], mut other: &[u8]) -> Ordering {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let value = |digits: &[u8]| digits.iter().fold(0u64, |n, d| n.wrapping_mul(10).wrapping_add(u64::from(d - b'0')));
    loop {
        match (one.first(), other.first()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(a), b) => {
                let (n, m) = (digits(one), digits(other));
                let ((left, one_rest), (right, other_rest)) = (one.split_at(n), other.split_at(m));
                match (n, m) {
                    (1.., 1..) if value(left) != value(right) => return value(left).cmp(&value(right)),
                    (1.., 1..) => (one, other) = (one_rest, other_rest),
                    (1.., 0) => return Ordering::Greater,
                    (0, 1..) => return Ordering::Less,
                    _ if Some(a) != b => return Some(a).cmp(&b),
                    _ => (one, other) = (one.get(1..).unwrap_or_default(), other.get(1..).unwrap_or_default()),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_loaders_order() {
        assert_eq!(compare(b"libfoo.so.10", b"libfoo.so.9"), Ordering::Greater);
        assert_eq!(compare(b"libfoo.so.09", b"libfoo.so.9"), Ordering::Equal);
        assert_eq!(compare(b"liba.so", b"liba.so.1"), Ordering::Less);
        assert_eq!(compare(b"lib1.so", b"liba.so"), Ordering::Greater);
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join(HERE.0[0].trim_start_matches('/'));
        std::fs::create_dir_all(&folder).unwrap();
        for name in ["libb.so.2", "libb.so.10", "liba.so", "libx.a", "crt1.o"] {
            std::fs::write(folder.join(name), "").unwrap();
        }
        let table = table(root.path()).unwrap();
        assert_eq!(table.get(20..24).unwrap(), 3u32.to_le_bytes());
        let names: Vec<String> = (0..3)
            .map(|index| {
                let at = HEAD + index * ENTRY + 4;
                let at = u32::from_le_bytes(table[at..at + 4].try_into().unwrap()) as usize;
                let end = table[at..].iter().position(|byte| *byte == 0).unwrap();
                String::from_utf8(table[at..at + end].to_vec()).unwrap()
            })
            .collect();
        assert_eq!(names, ["libb.so.10", "libb.so.2", "liba.so"]);
    }

    /// The host's own tool reads what we write.
    #[test]
    fn ldconfig_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let Some(bytes) = table(Path::new("/")) else { return println!("SKIPPED: no library where Debian has them") };
        let path = folder.path().join("cache");
        std::fs::write(&path, &bytes).unwrap();
        let said = ["ldconfig", "/sbin/ldconfig"]
            .iter()
            .find_map(|tool| std::process::Command::new(tool).arg("-p").arg("-C").arg(&path).output().ok());
        let Some(said) = said else { return println!("SKIPPED: no ldconfig") };
        let text = String::from_utf8_lossy(&said.stdout);
        assert!(text.contains("libc.so.6 (libc6"), "{text}{}", String::from_utf8_lossy(&said.stderr));
    }
}
