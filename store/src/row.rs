//! Private rows: `bincode` behind a version byte.
//!
//! Invariant: bytes of another version, or with anything behind the value, are not read; whoever gets `None`
//! treats the row as absent, as private rows are disposable. Never for identity, never for events.
//! This file does not know what the rows hold.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The first byte of every row. A changed layout of any row needs a new one, or a new type beside the old.
pub const VERSION: u8 = 1;

/// Rows larger than this are refused when read: a length that lies must not allocate the machine away.
const MAX_ROW: usize = 1 << 28;

/// The bytes of a row. `None` when the value cannot be encoded (a sequence of unknown length, for instance).
pub fn encode<T: Serialize + ?Sized>(value: &T) -> Option<Vec<u8>> {
    let mut bytes = vec![VERSION];
    bytes.append(&mut bincode::serde::encode_to_vec(value, bincode::config::standard()).ok()?);
    Some(bytes)
}

/// Reads a row back. `None` for another version and for bytes that are no such row.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let (version, rest) = bytes.split_first()?;
    if *version != VERSION {
        return None;
    }
    let config = bincode::config::standard().with_limit::<MAX_ROW>();
    let (value, read) = bincode::serde::decode_from_slice(rest, config).ok()?;
    (read == rest.len()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_read_back_and_other_versions_do_not() {
        let bytes = encode(&("a", 7u32)).unwrap();
        assert_eq!(decode::<(String, u32)>(&bytes), Some(("a".to_owned(), 7)));
        let mut newer = bytes.clone();
        newer[0] = VERSION + 1;
        assert_eq!(decode::<(String, u32)>(&newer), None);
        let mut longer = bytes;
        longer.push(0);
        assert_eq!(decode::<(String, u32)>(&longer), None);
        assert_eq!(decode::<u8>(&[]), None);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
            let _ = decode::<(String, Vec<u64>)>(&bytes);
        }
    }
}
