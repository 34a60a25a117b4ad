//! Derivations: how to make outputs from inputs, before the inputs' contents are known.
//!
//! A derivation is a canonical CBOR record; its id is the digest of the record. Invariants: in the record, inputs
//! and outputs are sorted by path and unique; every output lies at `out/...`; labels, positions, messages, timeouts and
//! memory limits are not in it (`plan.rs` keeps them beside it).
//! This file does not know what an action is, nor which rules made the derivation.

use crate::digest::{BlobId, DerivationId, Digest, HashFunction, InputSetId, TreeId};
use crate::encode::{DecodeError, Fields, Value, as_text};
use crate::path::RelPath;
use crate::tree::{Node, check_target};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The record's schema name.
pub const SCHEMA: &str = "gx.derivation/1";

/// How much of the machine an action may feel. See docs for what each level holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Level {
    /// Inputs are staged, nothing is enforced, results are never shared.
    None,
    /// Only declared inputs are visible; no network; fixed environment, user, paths and host name.
    Sandboxed,
    /// And time, random numbers, process ids, directory order and what the kernel tells of the machine are the same in
    /// every run.
    Normalised,
    /// And threads take turns in one order, and elapsed time is virtual.
    Strict,
}

impl Level {
    /// Every level, weakest first.
    pub const ALL: [Level; 4] = [Level::None, Level::Sandboxed, Level::Normalised, Level::Strict];

    /// Its name in records and flags.
    pub const fn name(self) -> &'static str {
        match self {
            Level::None => "none",
            Level::Sandboxed => "sandboxed",
            Level::Normalised => "normalised",
            Level::Strict => "strict",
        }
    }

    /// The level of that name.
    pub fn from_name(name: &str) -> Option<Level> {
        Level::ALL.into_iter().find(|level| level.name() == name)
    }
}

/// Where an input comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Source {
    /// Known already: a source file, a folder of them, a symlink, a fetched tree.
    Known(Node),
    /// An output of another derivation, named by its path.
    Output {
        /// Who makes it.
        derivation: DerivationId,
        /// Which of its outputs.
        path: RelPath,
    },
}

/// An input and the path at which the action sees it, relative to the working directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Input {
    /// Where it is seen.
    pub path: RelPath,
    /// Where it comes from.
    pub source: Source,
}

/// File or folder: what an output must turn out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum OutputKind {
    /// A file (or a symlink, which is kept as one).
    File,
    /// A folder with whatever is in it.
    Directory,
}

impl OutputKind {
    /// Its name in records.
    pub const fn name(self) -> &'static str {
        match self {
            OutputKind::File => "file",
            OutputKind::Directory => "directory",
        }
    }
}

/// A declared output.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Output {
    /// Relative to the working directory: `out/<package>/<name>`.
    pub path: RelPath,
    /// What it must be.
    pub kind: OutputKind,
}

/// What is done with the inputs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Work {
    /// A process in the sandbox.
    Run(Run),
    /// Bytes from outside whose hash is declared.
    Fetch(Fetch),
    /// A function of gx itself.
    Builtin(Call),
}

/// A process to run.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Run {
    /// Program and arguments. `arguments[0]` is absolute, relative to the working directory, or looked up in `PATH`.
    pub arguments: Vec<String>,
    /// The whole environment.
    pub environment: Arc<BTreeMap<String, String>>,
    /// Platform properties that executors know.
    pub platform: BTreeMap<String, String>,
    /// Determinism level.
    pub level: Level,
    /// Is the loopback device up?
    pub loopback: bool,
}

/// Bytes to fetch. One output, a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fetch {
    /// Who fetches: `http` or `crate`.
    pub fetcher: String,
    /// What to fetch: `urls` (one a line), or `name` and `version`.
    pub parameters: BTreeMap<String, String>,
    /// SHA-256 of the bytes, 64 lowercase hex digits: what publishers state.
    pub sha256: String,
}

/// A builtin to call.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Call {
    /// Which builtin.
    pub name: String,
    /// Its revision: a changed output needs a new one.
    pub revision: u32,
    /// Its arguments.
    pub arguments: BTreeMap<String, String>,
}

/// The record.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Derivation {
    /// What is done.
    pub work: Work,
    /// Direct inputs, sorted by path.
    pub inputs: Vec<Input>,
    /// Nested sets of further inputs.
    pub input_sets: Vec<InputSetId>,
    /// Trees that make up `/` (toolchains), merged in this order.
    pub roots: Vec<Source>,
    /// Declared outputs, sorted by path.
    pub outputs: Vec<Output>,
}

impl Derivation {
    /// Brings inputs and outputs into their order and drops repeats; a path with two meanings is left for `check`.
    pub fn normalise(mut self) -> Derivation {
        self.inputs.sort();
        self.inputs.dedup();
        self.outputs.sort();
        self.outputs.dedup();
        self.inputs.shrink_to_fit();
        self.outputs.shrink_to_fit();
        self.roots.shrink_to_fit();
        self
    }

    /// The canonical bytes: inputs and outputs in their order, whatever order they have here.
    pub fn encode(&self) -> Vec<u8> {
        let mut fields = vec![
            ("schema", Value::text(SCHEMA)),
            ("inputs", Value::Array(in_order(&self.inputs).into_iter().map(input_value).collect())),
            ("input_sets", Value::Array(self.input_sets.iter().map(|id| digest_value(&id.0)).collect())),
            ("roots", Value::Array(self.roots.iter().map(source_value).collect())),
            ("outputs", Value::Array(in_order(&self.outputs).into_iter().map(output_value).collect())),
        ];
        work_fields(&self.work, &mut fields);
        Value::record(fields).encode()
    }

    /// The digest of the canonical bytes.
    pub fn id(&self, function: HashFunction) -> DerivationId {
        DerivationId(function.digest(&self.encode()))
    }

    /// Reads canonical bytes.
    pub fn decode(bytes: &[u8]) -> Result<Derivation, DecodeError> {
        let mut fields = Fields::of_record(bytes, SCHEMA)?;
        let derivation = Derivation {
            work: work_of(&mut fields)?,
            inputs: fields.array("inputs")?.into_iter().map(input_of).collect::<Result<_, _>>()?,
            input_sets: fields
                .array("input_sets")?
                .into_iter()
                .map(|v| Ok(InputSetId(digest_of(v, "input_sets")?)))
                .collect::<Result<_, DecodeError>>()?,
            roots: fields.array("roots")?.into_iter().map(source_of).collect::<Result<_, _>>()?,
            outputs: fields.array("outputs")?.into_iter().map(output_of).collect::<Result<_, _>>()?,
        };
        fields.finish()?;
        derivation.check()?;
        Ok(derivation)
    }

    /// Checks order and uniqueness.
    pub fn check(&self) -> Result<(), DecodeError> {
        if self.inputs.windows(2).any(|w| matches!(w, [a, b] if a.path >= b.path)) {
            return Err(DecodeError::field("inputs", "not sorted by path, or a path stands twice"));
        }
        if self.outputs.windows(2).any(|w| matches!(w, [a, b] if a.path >= b.path)) {
            return Err(DecodeError::field("outputs", "not sorted by path, or a path stands twice"));
        }
        if self.outputs.iter().any(|o| o.path.components().next() != Some("out")) {
            return Err(DecodeError::field("outputs", "an output does not lie below 'out'"));
        }
        match &self.work {
            Work::Fetch(fetch) if !is_sha256(&fetch.sha256) => {
                Err(DecodeError::field("sha256", "64 lowercase hex digits are expected"))
            }
            _ => Ok(()),
        }
    }

    /// `run`, `fetch` or `builtin`.
    pub fn kind(&self) -> &'static str {
        match self.work {
            Work::Run(_) => "run",
            Work::Fetch(_) => "fetch",
            Work::Builtin(_) => "builtin",
        }
    }
}

/// The items sorted and without repeats. Nearly always they are so already.
pub(crate) fn in_order<T: Ord>(items: &[T]) -> Vec<&T> {
    let mut sorted: Vec<&T> = items.iter().collect();
    sorted.sort();
    sorted.dedup();
    sorted
}

fn is_sha256(text: &str) -> bool {
    Digest::from_hex(HashFunction::Sha256, text, 0).is_ok()
}

fn work_fields(work: &Work, fields: &mut Vec<(&'static str, Value)>) {
    let mut field = |name: &'static str, value: Value| fields.push((name, value));
    match work {
        Work::Run(run) => {
            field("kind", Value::text("run"));
            field("arguments", Value::texts(&run.arguments));
            field("environment", Value::text_map(&run.environment));
            field("platform", Value::text_map(&run.platform));
            field("level", Value::text(run.level.name()));
            field("loopback", Value::Bool(run.loopback));
        }
        Work::Fetch(fetch) => {
            field("kind", Value::text("fetch"));
            field("fetcher", Value::text(&fetch.fetcher));
            field("parameters", Value::text_map(&fetch.parameters));
            field("sha256", Value::text(&fetch.sha256));
        }
        Work::Builtin(call) => {
            field("kind", Value::text("builtin"));
            field("name", Value::text(&call.name));
            field("revision", Value::Unsigned(u64::from(call.revision)));
            field("arguments", Value::text_map(&call.arguments));
        }
    }
}

fn work_of(fields: &mut Fields) -> Result<Work, DecodeError> {
    match fields.text("kind")?.as_str() {
        "run" => Ok(Work::Run(Run {
            arguments: fields.texts("arguments")?,
            environment: Arc::new(fields.text_map("environment")?),
            platform: fields.text_map("platform")?,
            level: Level::from_name(&fields.text("level")?).ok_or_else(|| DecodeError::field("level", "unknown"))?,
            loopback: fields.boolean("loopback")?,
        })),
        "fetch" => Ok(Work::Fetch(Fetch {
            fetcher: fields.text("fetcher")?,
            parameters: fields.text_map("parameters")?,
            sha256: fields.text("sha256")?,
        })),
        "builtin" => Ok(Work::Builtin(Call {
            name: fields.text("name")?,
            revision: u32::try_from(fields.unsigned("revision")?)
                .map_err(|_| DecodeError::field("revision", "too large"))?,
            arguments: fields.text_map("arguments")?,
        })),
        "dynamic" => Err(DecodeError::field("kind", "'dynamic' is reserved and has no meaning yet")),
        other => Err(DecodeError::field("kind", format!("unknown kind '{other}'"))),
    }
}

/// `[function, hash, size]`.
pub(crate) fn digest_value(digest: &Digest) -> Value {
    Value::Array(vec![
        Value::text(digest.function.name()),
        Value::Bytes(digest.hash.to_vec()),
        Value::Unsigned(digest.size),
    ])
}

pub(crate) fn digest_of(value: Value, field: &str) -> Result<Digest, DecodeError> {
    let bad = || DecodeError::field(field, "a digest [function, hash, size] is expected");
    let Value::Array(parts) = value else { return Err(bad()) };
    let [function, hash, size]: [Value; 3] = parts.try_into().map_err(|_| bad())?;
    match (function, hash, size) {
        (Value::Text(function), Value::Bytes(hash), Value::Unsigned(size)) => Ok(Digest {
            function: function.parse().map_err(|_| bad())?,
            hash: hash.try_into().map_err(|_| bad())?,
            size,
        }),
        _ => Err(bad()),
    }
}

/// `["file", digest, executable]`, `["tree", digest]` or `["link", target]`.
pub(crate) fn node_value(node: &Node) -> Value {
    Value::Array(match node {
        Node::File { blob, executable } => {
            vec![Value::text("file"), digest_value(&blob.0), Value::Bool(*executable)]
        }
        Node::Directory(tree) => vec![Value::text("tree"), digest_value(&tree.0)],
        Node::Symlink(target) => vec![Value::text("link"), Value::text(target)],
    })
}

pub(crate) fn node_of(value: Value, field: &str) -> Result<Node, DecodeError> {
    let Value::Array(parts) = value else {
        return Err(DecodeError::field(field, "a node is expected"));
    };
    let mut parts = parts.into_iter();
    let node = match (parts.next(), parts.next(), parts.next()) {
        (Some(Value::Text(kind)), Some(digest), Some(Value::Bool(executable))) if kind == "file" => {
            Node::File { blob: BlobId(digest_of(digest, field)?), executable }
        }
        (Some(Value::Text(kind)), Some(digest), None) if kind == "tree" => {
            Node::Directory(TreeId(digest_of(digest, field)?))
        }
        (Some(Value::Text(kind)), Some(Value::Text(target)), None) if kind == "link" => {
            check_target(field, &target).map_err(|e| DecodeError::field(field, e.to_string()))?;
            Node::Symlink(target)
        }
        _ => return Err(DecodeError::field(field, "a node is expected")),
    };
    match parts.next() {
        None => Ok(node),
        Some(_) => Err(DecodeError::field(field, "a node has too many parts")),
    }
}

/// A known node, or `["output", derivation, path]`.
fn source_value(source: &Source) -> Value {
    match source {
        Source::Known(node) => node_value(node),
        Source::Output { derivation, path } => {
            Value::Array(vec![Value::text("output"), digest_value(&derivation.0), Value::text(path.as_str())])
        }
    }
}

fn source_of(value: Value) -> Result<Source, DecodeError> {
    if let Value::Array(parts) = &value
        && let [Value::Text(kind), digest, Value::Text(path)] = parts.as_slice()
        && kind == "output"
    {
        return Ok(Source::Output {
            derivation: DerivationId(digest_of(digest.clone(), "derivation")?),
            path: path_of(path.clone())?,
        });
    }
    Ok(Source::Known(node_of(value, "source")?))
}

/// `[path, source]`.
pub(crate) fn input_value(input: &Input) -> Value {
    Value::Array(vec![Value::text(input.path.as_str()), source_value(&input.source)])
}

pub(crate) fn input_of(value: Value) -> Result<Input, DecodeError> {
    let (path, source) = pair(value, "inputs")?;
    Ok(Input { path: path_of(as_text(path, "path")?)?, source: source_of(source)? })
}

/// `[path, "file" | "directory"]`.
fn output_value(output: &Output) -> Value {
    Value::texts([output.path.as_str(), output.kind.name()])
}

fn output_of(value: Value) -> Result<Output, DecodeError> {
    let (path, kind) = pair(value, "outputs")?;
    let kind = match as_text(kind, "kind")?.as_str() {
        "file" => OutputKind::File,
        "directory" => OutputKind::Directory,
        _ => return Err(DecodeError::field("outputs", "an output is neither file nor directory")),
    };
    Ok(Output { path: path_of(as_text(path, "path")?)?, kind })
}

pub(crate) fn pair(value: Value, field: &str) -> Result<(Value, Value), DecodeError> {
    let bad = || DecodeError::field(field, "a pair is expected");
    let Value::Array(parts) = value else { return Err(bad()) };
    let [a, b]: [Value; 2] = parts.try_into().map_err(|_| bad())?;
    Ok((a, b))
}

pub(crate) fn path_of(text: String) -> Result<RelPath, DecodeError> {
    RelPath::new(text).map_err(|e| DecodeError::field("path", e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::HashFunction::Blake3;

    fn sample() -> Derivation {
        let input = |path: &str| Input {
            path: RelPath::new(path).unwrap(),
            source: Source::Known(Node::File { blob: BlobId(Blake3.digest(path.as_bytes())), executable: false }),
        };
        let output = |path: &str| Output { path: RelPath::new(path).unwrap(), kind: OutputKind::File };
        Derivation {
            work: Work::Fetch(Fetch {
                fetcher: "crate".into(),
                parameters: BTreeMap::from([("name".into(), "lua".into())]),
                sha256: "0".repeat(64),
            }),
            inputs: vec![input("b"), input("a"), input("b")],
            input_sets: vec![],
            roots: vec![],
            outputs: vec![output("out/b"), output("out/a")],
        }
    }

    #[test]
    fn order_and_repeats_do_not_change_the_id() {
        let untidy = sample();
        let tidy = untidy.clone().normalise();
        assert_eq!(untidy.id(Blake3), tidy.id(Blake3));
        assert_eq!(Derivation::decode(&untidy.encode()), Ok(tidy));
    }

    #[test]
    fn what_breaks_a_promise_is_refused() {
        let refused = |change: fn(&mut Derivation)| {
            let mut derivation = sample();
            change(&mut derivation);
            Derivation::decode(&derivation.encode()).unwrap_err().to_string()
        };
        insta::assert_snapshot!(
            [
                refused(|d| d.outputs[0].path = RelPath::new("w/a").unwrap()),
                refused(|d| d.outputs.push(Output { kind: OutputKind::Directory, ..d.outputs[0].clone() })),
                refused(|d| d.inputs[0].source = Source::Known(Node::Symlink("/etc".into()))),
                refused(|d| if let Work::Fetch(fetch) = &mut d.work {
                    fetch.sha256 = "ABC".into()
                }),
            ]
            .join("\n")
        );
    }
}
