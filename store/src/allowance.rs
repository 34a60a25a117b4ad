//! What an action may use of the machine: memory, processes, disk.
//!
//! Invariant: no part of an action's id and nothing that an action can see, so that a changed limit makes nothing run
//! again. This file does not know how a limit is held, nor what is usual on a machine.

use serde::{Deserialize, Serialize};

/// What there is a limit of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Resource {
    /// Memory of all its processes, in bytes.
    Memory,
    /// Processes and threads at once.
    Processes,
    /// What it writes to disk, in bytes.
    Disk,
}

impl Resource {
    /// Every one.
    pub const ALL: [Resource; 3] = [Resource::Memory, Resource::Processes, Resource::Disk];

    /// Its name in records, and of its setting.
    pub fn name(self) -> &'static str {
        match self {
            Resource::Memory => "memory",
            Resource::Processes => "processes",
            Resource::Disk => "disk",
        }
    }

    /// The one of this name.
    pub fn from_name(name: &str) -> Option<Resource> {
        Resource::ALL.into_iter().find(|resource| resource.name() == name)
    }

    /// So much of it, in words: `512 MiB of memory`.
    pub fn words(self, amount: u64) -> String {
        match self {
            Resource::Memory => format!("{} of memory", size(amount)),
            Resource::Processes => format!("{amount} processes and threads at once"),
            Resource::Disk => format!("{} on disk", size(amount)),
        }
    }
}

/// A size as a person writes it: in the largest unit of which it is at least one, with a decimal where that is needed.
fn size(bytes: u64) -> String {
    let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let Some((unit, shift)) = units.into_iter().find(|(_, shift)| bytes >> shift > 0) else {
        return format!("{bytes} bytes");
    };
    let tenths = (bytes >> (shift - 10)).saturating_mul(10) >> 10;
    if tenths.is_multiple_of(10) {
        format!("{} {unit}", tenths / 10)
    } else {
        format!("{}.{} {unit}", tenths / 10, tenths % 10)
    }
}

/// How much of one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Bound {
    /// What is usual on the machine.
    #[default]
    Usual,
    /// As much as there is.
    None,
    /// At most so much.
    Most(u64),
}

impl Bound {
    /// The limit, where this is the usual one.
    pub fn or(self, usual: Option<u64>) -> Option<u64> {
        match self {
            Bound::Usual => usual,
            Bound::None => None,
            Bound::Most(most) => Some(most),
        }
    }
}

/// What an action may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Allowance {
    /// Bytes of memory, over all its processes.
    pub memory: Bound,
    /// Processes and threads at once.
    pub processes: Bound,
    /// Bytes that it writes into its folders.
    pub disk: Bound,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_worded_with_their_unit() {
        let words = [0, 1023, 1536, 512 << 20, 3 << 29, 64 << 40].map(|bytes| Resource::Memory.words(bytes));
        assert_eq!(
            words.map(|text| text.replace(" of memory", "")).join(", "),
            "0 bytes, 1023 bytes, 1.5 KiB, 512 MiB, 1.5 GiB, 65536 GiB"
        );
        assert_eq!(Resource::Processes.words(64), "64 processes and threads at once");
        assert_eq!(Resource::ALL.map(|it| Resource::from_name(it.name())), Resource::ALL.map(Some));
    }
}
