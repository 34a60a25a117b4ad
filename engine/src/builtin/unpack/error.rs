//! What `unpack` says when it refuses an archive.
//!
//! This file does not know which format an archive has.

use gx_store::{ExecuteError, StoreError};
use std::error::Error;

/// Why an archive is refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum UnpackError {
    /// It cannot be read.
    #[error("the archive cannot be read as {kind}: {why}")]
    Damaged { kind: &'static str, why: String },
    /// It is of another kind.
    #[error("the archive is no {kind}{hint}")]
    OtherKind { kind: &'static str, hint: &'static str },
    /// The name of a member cannot be kept.
    #[error("member '{member}' {why}")]
    Member { member: String, why: String },
    /// It grows too much.
    #[error("the archive unpacks to more than {limit}, which is refused as a decompression bomb")]
    Bomb { limit: String },
    /// Nothing is in it.
    #[error("the archive has no members")]
    Empty,
    /// `strip_prefix` is wrong.
    #[error("strip_prefix '{prefix}' matches no member; at the top of the archive there {tops}")]
    Prefix { prefix: String, tops: String },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl UnpackError {
    /// A member that is refused.
    pub(super) fn member(member: impl Into<String>, why: impl Into<String>) -> UnpackError {
        UnpackError::Member { member: member.into(), why: why.into() }
    }

    /// An error from reading: the archive's fault, unless the store's reader raised it.
    pub(super) fn reading(kind: &'static str, error: std::io::Error) -> UnpackError {
        let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
        while let Some(this) = cause {
            if let Some(bomb) = this.downcast_ref::<TooMuch>() {
                return UnpackError::Bomb { limit: bomb.0.clone() };
            }
            match this.downcast_ref::<StoreError>() {
                Some(StoreError::Corrupt(digest)) => return StoreError::Corrupt(*digest).into(),
                Some(StoreError::Missing(digest)) => return StoreError::Missing(*digest).into(),
                _ => {}
            }
            // An `io::Error` hides its own inner error behind `get_ref`, and skips it in `source`.
            cause = match this.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
                Some(inner) => Some(inner),
                None => this.source(),
            };
        }
        UnpackError::Damaged { kind, why: error.to_string() }
    }
}

impl From<UnpackError> for ExecuteError {
    fn from(error: UnpackError) -> ExecuteError {
        match error {
            UnpackError::Store(error) => ExecuteError::Store(error),
            other => ExecuteError::Builtin { name: "unpack".to_owned(), why: other.to_string() },
        }
    }
}

/// Travels through a reader when a stream grows beyond its limit.
#[derive(Debug, thiserror::Error)]
#[error("more than {0}")]
pub(super) struct TooMuch(pub(super) String);
