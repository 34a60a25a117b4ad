//! The messages of the Remote Execution API v2 that name objects, with their published field numbers.
//!
//! Source: build/bazel/remote/execution/v2/remote_execution.proto (API 2.12). Encoding one of these with
//! `prost` gives the canonical bytes (fields in tag order, defaults left out) as long as the lists inside are
//! sorted, which `tree.rs` and `action.rs` see to. This file does not know those rules.

use prost::Message;

/// `Digest`.
#[derive(Clone, PartialEq, Message)]
pub struct DigestProto {
    /// Lowercase hex.
    #[prost(string, tag = "1")]
    pub hash: String,
    /// Size in bytes.
    #[prost(int64, tag = "2")]
    pub size_bytes: i64,
}

/// `FileNode`. Node properties are never written and refused when read.
#[derive(Clone, PartialEq, Message)]
pub struct FileNode {
    /// One path component.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Digest of the content.
    #[prost(message, optional, tag = "2")]
    pub digest: Option<DigestProto>,
    /// May it be executed?
    #[prost(bool, tag = "4")]
    pub is_executable: bool,
}

/// `DirectoryNode`.
#[derive(Clone, PartialEq, Message)]
pub struct DirectoryNode {
    /// One path component.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Digest of the `Directory`.
    #[prost(message, optional, tag = "2")]
    pub digest: Option<DigestProto>,
}

/// `SymlinkNode`.
#[derive(Clone, PartialEq, Message)]
pub struct SymlinkNode {
    /// One path component.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Target, relative to the folder that holds the link.
    #[prost(string, tag = "2")]
    pub target: String,
}

/// `Directory`.
#[derive(Clone, PartialEq, Message)]
pub struct DirectoryProto {
    /// Files, sorted by name.
    #[prost(message, repeated, tag = "1")]
    pub files: Vec<FileNode>,
    /// Folders, sorted by name.
    #[prost(message, repeated, tag = "2")]
    pub directories: Vec<DirectoryNode>,
    /// Symlinks, sorted by name.
    #[prost(message, repeated, tag = "3")]
    pub symlinks: Vec<SymlinkNode>,
}

/// `Command.EnvironmentVariable` and `Platform.Property`: the two have one shape.
#[derive(Clone, PartialEq, Message)]
pub struct Pair {
    /// Name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Value.
    #[prost(string, tag = "2")]
    pub value: String,
}

/// `Platform`.
#[derive(Clone, PartialEq, Message)]
pub struct Platform {
    /// Sorted by name, then value.
    #[prost(message, repeated, tag = "1")]
    pub properties: Vec<Pair>,
}

/// `Command`, without the fields that version 2.1 replaced by `output_paths`.
#[derive(Clone, PartialEq, Message)]
pub struct Command {
    /// The program and its arguments.
    #[prost(string, repeated, tag = "1")]
    pub arguments: Vec<String>,
    /// Sorted by name.
    #[prost(message, repeated, tag = "2")]
    pub environment_variables: Vec<Pair>,
    /// Same as in the action; clients set both.
    #[prost(message, optional, tag = "5")]
    pub platform: Option<Platform>,
    /// Relative to the input root.
    #[prost(string, tag = "6")]
    pub working_directory: String,
    /// Relative to the working directory, sorted, unique.
    #[prost(string, repeated, tag = "7")]
    pub output_paths: Vec<String>,
}

/// `Action`. `timeout` (6) stays unset: it is not part of what decides bytes.
#[derive(Clone, PartialEq, Message)]
pub struct ActionProto {
    /// Digest of the `Command`.
    #[prost(message, optional, tag = "1")]
    pub command_digest: Option<DigestProto>,
    /// Digest of the root `Directory`.
    #[prost(message, optional, tag = "2")]
    pub input_root_digest: Option<DigestProto>,
    /// Never set by gx; read so that foreign actions can be shown.
    #[prost(bool, tag = "7")]
    pub do_not_cache: bool,
    /// What decides bytes and has no field of its own.
    #[prost(bytes = "vec", tag = "9")]
    pub salt: Vec<u8>,
    /// Platform properties.
    #[prost(message, optional, tag = "10")]
    pub platform: Option<Platform>,
}
