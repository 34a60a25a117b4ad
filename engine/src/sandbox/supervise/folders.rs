//! Folders as a supervised process reads them: in the order of names.
//!
//! A process's place in a folder is the kernel's own offset of the open file, counted in entries; so seeking, and
//! sharing between processes, work as everywhere. What a folder held is remembered from the start of a reading to its
//! end, so that files removed meanwhile move nothing.

use super::Supervisor;
use super::facts::key_of;
use super::notify::{Answer, Call};
use super::paths::host_path;
use rustix::fs::{FileType, Mode, OFlags, RawDir, SeekFrom};
use std::mem::MaybeUninit;

/// What a folder holds: name, kind, number; sorted by name.
pub(super) type Listing = Vec<(Vec<u8>, u8, u64)>;

/// What one reading asks the kernel for.
const ROOM: usize = 32 << 10;
/// `linux_dirent64` up to its name.
const HEAD: usize = 19;
const ALIGNMENT: usize = 8;
/// Readings that are remembered at most.
const READINGS: usize = 64;

impl Supervisor {
    pub(super) fn getdents64(&mut self, call: &Call) -> Result<Answer, i32> {
        let fd = call.int(0);
        let shared = self.borrow(call, fd)?;
        if rustix::fs::fcntl_getfl(&shared).is_ok_and(|flags| flags.contains(OFlags::PATH)) {
            return Err(libc::EBADF);
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let start = rustix::fs::seek(&shared, SeekFrom::Current(0)).map_err(|e| e.raw_os_error())? as usize;
        let key = (self.group(call.thread), fd);
        if start == 0 || !self.readings.contains_key(&key) {
            let folder = rustix::fs::open(host_path(call.thread, fd), flags, Mode::empty());
            let listing = self.list(call, fd, &folder.map_err(|e| e.raw_os_error())?)?;
            if self.readings.len() >= READINGS {
                self.readings.clear();
            }
            self.readings.insert(key, listing);
        }
        let room = usize::try_from(call.long(2)).unwrap_or(usize::MAX);
        let (bytes, next) = written(self.readings.get(&key).map_or(&[][..], Vec::as_slice), start, room)?;
        self.memory.write(call.thread, call.long(1), &bytes)?;
        rustix::fs::seek(&shared, SeekFrom::Start(next as u64)).map_err(|e| e.raw_os_error())?;
        if bytes.is_empty() {
            self.readings.remove(&key);
        }
        Ok(Answer::Value(bytes.len() as i64))
    }

    fn list(&mut self, call: &Call, fd: i32, folder: &std::os::fd::OwnedFd) -> Result<Listing, i32> {
        let name = self.name_of(call.thread, fd)?;
        let device = key_of(&self.facts_of_open(call.thread, fd)?).0;
        let mut space = vec![MaybeUninit::<u8>::uninit(); ROOM];
        let mut entries = RawDir::new(folder, &mut space);
        let mut listing = Listing::new();
        while let Some(entry) = entries.next() {
            let entry = entry.map_err(|e| e.raw_os_error())?;
            listing.push((entry.file_name().to_bytes().to_vec(), kind(entry.file_type()), entry.ino()));
        }
        self.only_told(&name, &mut listing);
        listing.sort();
        for (entry, _, number) in &mut listing {
            let path = [&name, b"/".as_slice(), entry].concat();
            *number = self.numbers.of((device, *number), &path);
        }
        Ok(listing)
    }
}

/// A kind of file as folders name it.
fn kind(kind: FileType) -> u8 {
    match kind {
        FileType::RegularFile => libc::DT_REG,
        FileType::Directory => libc::DT_DIR,
        FileType::Symlink => libc::DT_LNK,
        FileType::Fifo => libc::DT_FIFO,
        FileType::Socket => libc::DT_SOCK,
        FileType::CharacterDevice => libc::DT_CHR,
        FileType::BlockDevice => libc::DT_BLK,
        FileType::Unknown => libc::DT_UNKNOWN,
    }
}

/// As many entries as there is room for, as the kernel writes them; and the place behind them.
fn written(listing: &[(Vec<u8>, u8, u64)], start: usize, room: usize) -> Result<(Vec<u8>, usize), i32> {
    let (mut bytes, mut next) = (Vec::new(), start);
    for (name, kind, number) in listing.iter().skip(start) {
        let length = (HEAD + name.len() + 1).next_multiple_of(ALIGNMENT);
        if bytes.len() + length > room {
            if bytes.is_empty() {
                return Err(libc::EINVAL);
            }
            break;
        }
        next += 1;
        let end = bytes.len() + length;
        bytes.extend(number.to_ne_bytes());
        bytes.extend((next as u64).to_ne_bytes());
        bytes.extend((length as u16).to_ne_bytes());
        bytes.push(*kind);
        bytes.extend(name);
        bytes.resize(end, 0);
    }
    Ok((bytes, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_given_in_parts() {
        let listing: Listing = vec![(b"a".to_vec(), 8, 5), (b"bee".to_vec(), 4, 6)];
        let (first, next) = written(&listing, 0, 30).unwrap();
        assert_eq!((first.len(), next), (24, 1));
        let (second, next) = written(&listing, next, 30).unwrap();
        assert_eq!((second.len(), next, &second[HEAD..HEAD + 4]), (24, 2, b"bee\0".as_slice()));
        assert_eq!(written(&listing, next, 30).unwrap(), (Vec::new(), 2));
        assert_eq!(written(&listing, 0, 3).unwrap_err(), libc::EINVAL);
    }
}
