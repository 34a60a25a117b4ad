//! The frames between client and daemon: a version byte, a length, and that many bytes of bincode.
//!
//! Invariants: a frame that is too long, cut short, of another version or not decodable is an error, never a
//! panic and never a large allocation; both ends are of the same user, but nothing here relies on it.
//! This file does not know sockets, only readers and writers.

use crate::event::Event;
use crate::request::Request;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::io::{ErrorKind, Read, Write};
use std::path::PathBuf;

/// The version of frames and messages. Both ends also compare the version of gx itself.
pub const PROTOCOL: u8 = 1;
/// No frame is longer.
pub const FRAME_MOST: usize = 64 << 20;

/// What a client says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum ToDaemon {
    /// The first frame: which gx speaks.
    Hello {
        /// Its build (see `daemon::build_id`).
        build: String,
    },
    /// Do this and tell me of it.
    Request(Box<Request>),
    /// Stop what I asked for.
    Cancel,
    /// Who are you?
    Status,
    /// Finish your work and end.
    Stop,
}

/// What the daemon says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum ToClient {
    /// The answer to `Hello`.
    Welcome(Status),
    /// The daemon takes no more work; it ends when this connection ends.
    Draining(Status),
    /// Something happened in the request.
    Event(Event),
}

/// Who the daemon is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Its process.
    pub pid: u32,
    /// The version of gx.
    pub version: String,
    /// The exact build of gx.
    pub build: String,
    /// The store it owns.
    pub store: PathBuf,
    /// When it started, in seconds since 1970.
    pub since_s: u64,
    /// Requests it is working on.
    pub active: u64,
}

/// Why a frame could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The other end is gone.
    #[error("the connection was closed")]
    Closed,
    /// A frame ended early.
    #[error("a frame was cut short")]
    Short,
    /// A frame is longer than any may be.
    #[error("a frame of {0} bytes is too long")]
    TooLong(usize),
    /// A frame has another version.
    #[error("a frame has version {0}; this gx speaks {PROTOCOL}")]
    Version(u8),
    /// The bytes are no message.
    #[error("a frame cannot be read: {0}")]
    Garbled(String),
    /// The socket failed.
    #[error("the socket failed: {0}")]
    Io(#[from] std::io::Error),
}

fn config() -> impl bincode::config::Config {
    bincode::config::standard().with_limit::<FRAME_MOST>()
}

/// The bytes of a frame.
pub fn frame<T: Serialize>(message: &T) -> Result<Vec<u8>, WireError> {
    let mut bytes = vec![PROTOCOL, 0, 0, 0, 0];
    bincode::serde::encode_into_std_write(message, &mut bytes, config())
        .map_err(|error| WireError::Garbled(error.to_string()))?;
    let length = bytes.len() - 5;
    let Some(short) = u32::try_from(length).ok().filter(|_| length <= FRAME_MOST) else {
        return Err(WireError::TooLong(length));
    };
    for (to, from) in bytes.iter_mut().skip(1).zip(short.to_le_bytes()) {
        *to = from;
    }
    Ok(bytes)
}

/// Writes one message.
pub fn send<T: Serialize>(to: &mut impl Write, message: &T) -> Result<(), WireError> {
    to.write_all(&frame(message)?)?;
    Ok(to.flush()?)
}

/// Reads one message. `Closed` only between frames.
pub fn receive<T: DeserializeOwned>(from: &mut impl Read) -> Result<T, WireError> {
    let mut head = [0u8; 5];
    let mut have = 0;
    while let Some(rest) = head.get_mut(have..).filter(|rest| !rest.is_empty()) {
        match from.read(rest) {
            Ok(0) => return Err(if have == 0 { WireError::Closed } else { WireError::Short }),
            Ok(n) => have += n,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if have == 0 && error.kind() == ErrorKind::ConnectionReset => return Err(WireError::Closed),
            Err(error) => return Err(error.into()),
        }
    }
    let [version, a, b, c, d] = head;
    if version != PROTOCOL {
        return Err(WireError::Version(version));
    }
    let length = u32::from_le_bytes([a, b, c, d]) as usize;
    if length > FRAME_MOST {
        return Err(WireError::TooLong(length));
    }
    // Grows with what really comes, not with what the head claims.
    let mut bytes = Vec::new();
    if from.take(length as u64).read_to_end(&mut bytes)? < length {
        return Err(WireError::Short);
    }
    match bincode::serde::decode_from_slice(&bytes, config()) {
        Ok((message, used)) if used == length => Ok(message),
        Ok(_) => Err(WireError::Garbled("bytes are left over".to_owned())),
        Err(error) => Err(WireError::Garbled(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn round<T: Serialize + DeserializeOwned + std::fmt::Debug>(message: &T) {
        let bytes = frame(message).unwrap();
        let back: T = receive(&mut bytes.as_slice()).unwrap();
        assert_eq!(format!("{message:?}"), format!("{back:?}"));
    }

    #[test]
    fn messages_come_back_as_they_went() {
        round(&ToDaemon::Hello { build: "x".into() });
        round(&ToDaemon::Cancel);
        round(&ToDaemon::Request(Box::new(Request::example())));
        round(&ToClient::Event(Event::Output(vec![1, 2, 3])));
        round(&ToClient::Event(Event::Phase("loading".into())));
    }

    #[test]
    fn what_is_wrong_with_a_frame_is_said() {
        let receive = |mut bytes: &[u8]| receive::<ToDaemon>(&mut bytes).unwrap_err().to_string();
        assert_eq!(receive(&[]), "the connection was closed");
        assert_eq!(receive(&[PROTOCOL, 1]), "a frame was cut short");
        assert_eq!(receive(&[PROTOCOL, 9, 0, 0, 0, 1]), "a frame was cut short");
        assert_eq!(receive(&[9, 0, 0, 0, 0]), "a frame has version 9; this gx speaks 1");
        assert_eq!(receive(&[PROTOCOL, 255, 255, 255, 255]), "a frame of 4294967295 bytes is too long");
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = receive::<ToDaemon>(&mut bytes.as_slice());
            let _ = receive::<ToClient>(&mut bytes.as_slice());
            let mut framed = vec![PROTOCOL];
            framed.extend((bytes.len() as u32).to_le_bytes());
            framed.extend(&bytes);
            let _ = receive::<ToDaemon>(&mut framed.as_slice());
            let _ = receive::<ToClient>(&mut framed.as_slice());
        }

        #[test]
        fn a_flipped_byte_never_panics(at in 0usize..400, value in any::<u8>()) {
            let mut bytes = frame(&ToDaemon::Request(Box::new(Request::example()))).unwrap();
            let at = at % bytes.len();
            bytes[at] = value;
            let _ = receive::<ToDaemon>(&mut bytes.as_slice());
        }
    }
}
