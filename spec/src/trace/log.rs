//! A write-ahead log of what changes states: what is written before and after each call, so that a crash at any moment
//! leaves the states after the last call that was finished, and nothing else.
//!
//! A frame is its length (four bytes, the least first), the complement of its length, its bytes in canonical CBOR, and
//! their CRC-32C. Each names the SHA-256 of the frame before. The first is a checkpoint, and every `EVERY`th call has
//! one behind it; a call is two frames, `prepare` with its inputs and `finalize` with the digest of what came of it.
//! Invariants: a log that was cut short is read up to the last whole frame, and a call without `finalize` did not
//! happen; a log that was changed anywhere is refused, and never read as other states. This file does not know files.

use super::World;
use super::world::Checkpoint;
use crate::eval::hash_of;
use crate::ir::Contract;
use crate::syntax::HashFn;
use gx_store::encode::{Fields, Value as Cbor};
use serde_json::Value as Json;

/// The record's schema name.
const SCHEMA: &str = "gx.wal/1";

/// So many calls stand between two checkpoints.
const EVERY: usize = 8;

/// A log, as bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Log {
    /// All of it.
    pub bytes: Vec<u8>,
    before: String,
    frames: usize,
    calls: usize,
}

/// What a frame says.
#[derive(Debug, Clone, PartialEq)]
enum Entry {
    Checkpoint(Vec<u8>),
    Prepare { operator: String, inputs: String },
    Finalize { state: String },
}

/// A frame, and where it ends.
#[derive(Debug)]
struct Frame {
    entry: Entry,
    end: usize,
}

/// CRC-32C (Castagnoli), as RFC 3720 has it.
fn crc(bytes: &[u8]) -> u32 {
    let mut sum = !0u32;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { (sum >> 1) ^ 0x82f6_3b78 } else { sum >> 1 };
        }
    }
    !sum
}

impl Log {
    /// A log that begins with these states.
    pub fn new(world: &World<'_>) -> Log {
        let mut log = Log::default();
        log.push(Entry::Checkpoint(world.save().0));
        log
    }

    /// Before a call.
    pub fn prepare(&mut self, operator: &str, inputs: &Json) {
        self.push(Entry::Prepare { operator: operator.to_owned(), inputs: inputs.to_string() });
    }

    /// After it.
    pub fn finalize(&mut self, world: &World<'_>) {
        self.push(Entry::Finalize { state: world.digest() });
        self.calls += 1;
        if self.calls.is_multiple_of(EVERY) {
            self.push(Entry::Checkpoint(world.save().0));
        }
    }

    fn push(&mut self, entry: Entry) {
        let mut fields = vec![
            ("schema", Cbor::text(SCHEMA)),
            ("seq", Cbor::Unsigned(self.frames as u64)),
            ("before", Cbor::text(&self.before)),
        ];
        match entry {
            Entry::Checkpoint(states) => fields.push(("checkpoint", Cbor::Bytes(states))),
            Entry::Prepare { operator, inputs } => {
                fields.push(("prepare", Cbor::text(operator)));
                fields.push(("inputs", Cbor::text(inputs)));
            }
            Entry::Finalize { state } => fields.push(("finalize", Cbor::text(state))),
        }
        let bytes = Cbor::record(fields).encode();
        self.before = hex::encode(hash_of(HashFn::Sha256, &bytes));
        self.frames += 1;
        let length = bytes.len() as u32;
        self.bytes.extend(length.to_le_bytes());
        self.bytes.extend((!length).to_le_bytes());
        self.bytes.extend(&bytes);
        self.bytes.extend(crc(&bytes).to_le_bytes());
    }
}

/// What a log holds.
#[derive(Debug)]
pub struct Read {
    frames: Vec<Frame>,
}

impl Read {
    /// Reads a log; why not, when it was changed. A last frame that is not whole is left out.
    pub fn of(bytes: &[u8]) -> Result<Read, String> {
        let mut frames: Vec<Frame> = Vec::new();
        let (mut at, mut before) = (0usize, String::new());
        while let Some((payload, end)) = payload(bytes, at)? {
            let number = frames.len();
            let entry = entry(payload, number, &before).map_err(|why| format!("frame {number}: {why}"))?;
            let fits = matches!(
                (&entry, frames.last().map(|it| &it.entry)),
                (Entry::Checkpoint(_), None | Some(Entry::Finalize { .. }))
                    | (Entry::Prepare { .. }, Some(Entry::Finalize { .. } | Entry::Checkpoint(_)))
                    | (Entry::Finalize { .. }, Some(Entry::Prepare { .. }))
            );
            if !fits {
                return Err(format!("frame {number} stands where it cannot"));
            }
            before = hex::encode(hash_of(HashFn::Sha256, payload));
            frames.push(Frame { entry, end });
            at = end;
        }
        Ok(Read { frames })
    }

    /// How many calls were finished.
    pub fn calls(&self) -> usize {
        self.frames.iter().filter(|it| matches!(it.entry, Entry::Finalize { .. })).count()
    }

    /// Where each frame ends.
    pub fn ends(&self) -> Vec<usize> {
        self.frames.iter().map(|it| it.end).collect()
    }

    /// The states after the last call that was finished: the last checkpoint, and what was called since.
    pub fn recover<'c>(&self, contract: &'c Contract) -> Result<World<'c>, String> {
        let is_checkpoint = |it: &Frame| matches!(it.entry, Entry::Checkpoint(_));
        let last = self.frames.iter().rposition(is_checkpoint).ok_or("the log has no checkpoint")?;
        let mut calls: Vec<(&str, &str)> = Vec::new();
        let mut world = World::new(contract)?;
        for frame in self.frames.iter().skip(last) {
            match &frame.entry {
                Entry::Checkpoint(states) => world = World::restore(contract, &Checkpoint(states.clone()))?,
                Entry::Prepare { operator, inputs } => calls.push((operator, inputs)),
                Entry::Finalize { state } => {
                    for (operator, inputs) in calls.drain(..) {
                        let called = contract.operator(operator).ok_or(format!("there is no operator '{operator}'"))?;
                        let inputs: Json = serde_json::from_str(inputs).map_err(|error| error.to_string())?;
                        world.call(called, &inputs)?;
                    }
                    if world.digest() != *state {
                        return Err("what was called again gives other states than were written down".to_owned());
                    }
                }
            }
        }
        Ok(world)
    }
}

/// The bytes of the frame at a place, and its end; nothing when the log ends in it.
fn payload(bytes: &[u8], at: usize) -> Result<Option<(&[u8], usize)>, String> {
    let word = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?));
    let Some((length, check)) = word(at).zip(word(at + 4)) else { return Ok(None) };
    if check != !length {
        return Err(format!("the length at byte {at} was changed"));
    }
    let (start, end) = (at + 8, (at + 8).saturating_add(length as usize));
    let Some((payload, sum)) = bytes.get(start..end).zip(word(end)) else { return Ok(None) };
    if crc(payload) != sum {
        return Err(format!("the frame at byte {at} was changed: its checksum is another"));
    }
    Ok(Some((payload, end + 4)))
}

fn entry(payload: &[u8], number: usize, before: &str) -> Result<Entry, String> {
    let fault = |error: gx_store::encode::DecodeError| error.to_string();
    let mut fields = Fields::of_record(payload, SCHEMA).map_err(fault)?;
    if fields.unsigned("seq").map_err(fault)? != number as u64 {
        return Err("its number is another".to_owned());
    }
    if fields.text("before").map_err(fault)? != before {
        return Err("another frame stands before it than the one that it names".to_owned());
    }
    let entry = if let Ok(states) = fields.bytes("checkpoint") {
        Entry::Checkpoint(states)
    } else if let Ok(operator) = fields.text("prepare") {
        Entry::Prepare { operator, inputs: fields.text("inputs").map_err(fault)? }
    } else {
        Entry::Finalize { state: fields.text("finalize").map_err(fault)? }
    };
    fields.finish().map_err(fault)?;
    Ok(entry)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_checksum_is_that_of_the_standard() {
        assert_eq!(super::crc(b"123456789"), 0xe306_9283);
        assert_eq!(super::crc(&[0; 32]), 0x8a91_36aa);
    }
}
