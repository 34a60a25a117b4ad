//! Actions: a derivation whose inputs are all known, lowered to Remote Execution API `Command` and `Action`.
//!
//! Layout of the input root, which is the action's whole `/`: the toolchain trees merged at the top, the
//! working directory `w`, in it the inputs at their paths. The id of the `Action` message is the key of every
//! cache. Invariants: `timeout` is never set; what decides bytes and has no field is canonical CBOR in `salt`;
//! a fetch is keyed by its expected hash alone, so that a mirror can change without a new fetch.
//! This file does not know how an action is run.

use crate::derivation::{Derivation, Work, in_order};
use crate::digest::{ActionId, BlobId, HashFunction, TreeId};
use crate::encode::Value;
use crate::path::RelPath;
use crate::proto::{ActionProto, Command, Pair, Platform};
use crate::tree::{Directory, Node, TreeBuilder, TreeError, digest_to_proto};
use prost::Message;
use std::collections::BTreeMap;

/// The folder in which an action runs, relative to the input root.
pub const WORKING_DIRECTORY: &str = "w";
/// The folder below the working directory in which every output lies.
pub const OUTPUT_FOLDER: &str = "out";
/// Revision of what the sandbox shows an action. Part of every run action's key.
pub const SANDBOX_REVISION: u32 = 4;

/// A derivation with every input resolved.
#[derive(Debug, Clone)]
pub struct Resolved<'a> {
    /// What is done, and the declared outputs.
    pub derivation: &'a Derivation,
    /// The merged tree of toolchains at `/`: its folder, empty when there are none.
    pub root: &'a Directory,
    /// Every input by its path below the working directory.
    pub inputs: &'a BTreeMap<RelPath, Node>,
}

/// An action as bytes, with everything its key names that is not in the store yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lowered {
    /// Digest of `action`.
    pub id: ActionId,
    /// The `Action` message.
    pub action: Vec<u8>,
    /// Digest of `command`.
    pub command_id: BlobId,
    /// The `Command` message.
    pub command: Vec<u8>,
    /// The whole input root.
    pub input_root: TreeId,
    /// The tree at the working directory: the inputs alone.
    pub work_tree: TreeId,
    /// Folders made on the way, children before parents.
    pub directories: Vec<(TreeId, Vec<u8>)>,
}

/// Lowers a resolved derivation.
pub fn lower(function: HashFunction, resolved: &Resolved<'_>) -> Result<Lowered, TreeError> {
    let outputs = in_order(&resolved.derivation.outputs);
    let twice = outputs.windows(2).find_map(|w| matches!(w, [a, b] if a.path == b.path).then(|| w.first()).flatten());
    let input = outputs.iter().find(|output| resolved.inputs.contains_key(&output.path));
    if let Some(output) = twice.or(input) {
        return Err(TreeError::Conflict(output.path.as_str().to_owned()));
    }
    let mut directories = Vec::new();
    let mut builder = TreeBuilder::new();
    for (path, node) in resolved.inputs {
        builder.insert(path, node.clone())?;
    }
    let work_tree = builder.build(function, &mut |id, bytes| directories.push((id, bytes)))?;
    let mut root = resolved.root.clone();
    root.add(WORKING_DIRECTORY.to_owned(), Node::Directory(work_tree))?;
    let root_bytes = root.encode();
    let input_root = TreeId(function.digest(&root_bytes));
    directories.push((input_root, root_bytes));

    let command = command_of(resolved.derivation);
    let command_bytes = command.encode_to_vec();
    let command_id = BlobId(function.digest(&command_bytes));
    let action = ActionProto {
        command_digest: Some(digest_to_proto(&command_id.0)),
        input_root_digest: Some(digest_to_proto(&input_root.0)),
        do_not_cache: false,
        salt: salt_of(resolved.derivation),
        platform: command.platform,
    };
    let action_bytes = action.encode_to_vec();
    Ok(Lowered {
        id: ActionId(function.digest(&action_bytes)),
        action: action_bytes,
        command_id,
        command: command_bytes,
        input_root,
        work_tree,
        directories,
    })
}

fn command_of(derivation: &Derivation) -> Command {
    let (arguments, environment, platform) = match &derivation.work {
        Work::Run(run) => (run.arguments.clone(), pairs(&run.environment), pairs(&run.platform)),
        Work::Fetch(fetch) => (vec!["gx-fetch".to_owned(), format!("sha256:{}", fetch.sha256)], vec![], vec![]),
        Work::Builtin(call) => {
            let mut arguments = vec!["gx-builtin".to_owned(), call.name.clone()];
            // Name and value apart: joined by any sign, two different calls could look the same.
            arguments.extend(call.arguments.iter().flat_map(|(name, value)| [name.clone(), value.clone()]));
            (arguments, vec![], vec![])
        }
    };
    let output_paths =
        in_order(&derivation.outputs).into_iter().map(|output| output.path.as_str().to_owned()).collect();
    Command {
        arguments,
        environment_variables: environment,
        platform: (!platform.is_empty()).then_some(Platform { properties: platform }),
        working_directory: WORKING_DIRECTORY.to_owned(),
        output_paths,
    }
}

/// A map of texts is sorted by key, as the protocol wants it.
fn pairs(map: &BTreeMap<String, String>) -> Vec<Pair> {
    map.iter().map(|(name, value)| Pair { name: name.clone(), value: value.clone() }).collect()
}

/// What decides bytes but has no field in the protocol.
fn salt_of(derivation: &Derivation) -> Vec<u8> {
    let mut fields = vec![("schema", Value::text("gx.salt/1")), ("kind", Value::text(derivation.kind()))];
    match &derivation.work {
        Work::Run(run) => {
            fields.push(("level", Value::text(run.level.name())));
            fields.push(("loopback", Value::Bool(run.loopback)));
            fields.push(("sandbox", Value::Unsigned(u64::from(SANDBOX_REVISION))));
            fields.push(("outputs", output_kinds(derivation)));
        }
        // A fetch has one output, a file.
        Work::Fetch(_) => {}
        Work::Builtin(call) => {
            fields.push(("revision", Value::Unsigned(u64::from(call.revision))));
            fields.push(("outputs", output_kinds(derivation)));
        }
    }
    Value::record(fields).encode()
}

/// File or directory for each output, in the order of `output_paths`.
fn output_kinds(derivation: &Derivation) -> Value {
    Value::texts(in_order(&derivation.outputs).into_iter().map(|output| output.kind.name()))
}
