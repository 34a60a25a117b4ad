//! Randomness that is the same in every run: a stream for each process, from its number.
//!
//! Two processes of an action draw different bytes, and each the same bytes every time. Nothing here is secret, so
//! nothing that needs a secret should be made in an action.

use super::notify::{Answer, Call};
use super::{Process, Supervisor};

/// The kernel gives no more at once.
const MOST: u64 = 0x1ff_ffff;
const CHUNK: usize = 64 << 10;
const CONTEXT: &str = "gx 2026-11 bytes that are drawn in an action";

fn stream(process: &mut Process) -> blake3::OutputReader {
    process.draws += 1;
    let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
    hasher.update(&process.number.to_le_bytes());
    hasher.update(&process.draws.to_le_bytes());
    hasher.finalize_xof()
}

/// A number to begin at, for a device that gives the same bytes to everybody.
pub(super) fn offset(process: &mut Process, below: u64) -> u64 {
    let mut bytes = [0; 8];
    stream(process).fill(&mut bytes);
    u64::from_le_bytes(bytes) % below.max(1)
}

impl Supervisor {
    pub(super) fn getrandom(&mut self, call: &Call) -> Result<Answer, i32> {
        let wanted = call.long(1).min(MOST);
        let mut stream = stream(self.process(call.thread));
        let mut given = 0;
        while given < wanted {
            let mut bytes = vec![0; CHUNK.min((wanted - given) as usize)];
            stream.fill(&mut bytes);
            self.memory.write(call.thread, call.long(0) + given, &bytes)?;
            given += bytes.len() as u64;
        }
        Ok(Answer::Value(wanted as i64))
    }
}
