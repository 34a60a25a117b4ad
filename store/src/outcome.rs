//! Outcomes: what came of an action.
//!
//! A canonical CBOR record per action id. Only an outcome that succeeded is a cache hit; a failure is kept to be
//! shown again. Invariant: outputs are sorted by path and are those that the action declared.
//! This file does not know where outcomes rest.

use crate::allowance::Resource;
use crate::derivation::{Level, digest_of, digest_value, in_order, node_of, node_value, pair, path_of};
use crate::digest::{ActionId, BlobId};
use crate::encode::{DecodeError, Fields, Value, as_text};
use crate::path::RelPath;
use crate::tree::Node;

/// The record's schema name.
pub const SCHEMA: &str = "gx.outcome/1";

/// What a run cost. Shown and used to order work; decides no bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost {
    /// Wall time in microseconds.
    pub wall_us: u64,
    /// User CPU time in microseconds.
    pub user_us: u64,
    /// System CPU time in microseconds.
    pub system_us: u64,
    /// Largest resident set in KiB.
    pub max_rss_kib: u64,
}

/// How an action ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The process ended with this code (fetches: 0; builtins: 0, or 1 when they have findings).
    Exit(i32),
    /// A signal ended it.
    Signal(i32),
    /// It took longer than it may, in milliseconds.
    TimedOut(u64),
    /// It used more than so much and was ended: a fact of the machine and of what was allowed, so it is never believed
    /// of a later run.
    Exceeded(Resource, u64),
    /// It ended with 0 but broke its promise: a declared output is missing or of the wrong kind.
    BadOutputs(String),
}

/// The record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Whose outcome.
    pub action: ActionId,
    /// How it ended.
    pub ending: Ending,
    /// Outputs by path; empty for a failure.
    pub outputs: Vec<(RelPath, Node)>,
    /// What it wrote to standard output.
    pub stdout: BlobId,
    /// What it wrote to standard error.
    pub stderr: BlobId,
    /// Paths below `out/` that it made and did not declare; they are not kept.
    pub undeclared: Vec<String>,
    /// The level that really held.
    pub level: Level,
    /// Who ran it: `local`, `builtin`, `fetch`, or a remote's name.
    pub executor: String,
    /// What it cost.
    pub cost: Cost,
}

impl Outcome {
    /// Is this a cache hit for whoever asks again?
    pub fn succeeded(&self) -> bool {
        self.ending == Ending::Exit(0)
    }

    /// The output at `path`.
    pub fn output(&self, path: &RelPath) -> Option<&Node> {
        self.outputs.iter().find(|(p, _)| p == path).map(|(_, node)| node)
    }

    /// The canonical bytes: outputs in their order, whatever order they have here.
    pub fn encode(&self) -> Vec<u8> {
        let outputs = in_order(&self.outputs)
            .into_iter()
            .map(|(path, node)| Value::Array(vec![Value::text(path.as_str()), node_value(node)]))
            .collect();
        let cost = [self.cost.wall_us, self.cost.user_us, self.cost.system_us, self.cost.max_rss_kib];
        Value::record([
            ("schema", Value::text(SCHEMA)),
            ("action", digest_value(&self.action.0)),
            ("ending", ending_value(&self.ending)),
            ("outputs", Value::Array(outputs)),
            ("stdout", digest_value(&self.stdout.0)),
            ("stderr", digest_value(&self.stderr.0)),
            ("undeclared", Value::texts(&self.undeclared)),
            ("level", Value::text(self.level.name())),
            ("executor", Value::text(&self.executor)),
            ("cost", Value::Array(cost.into_iter().map(Value::Unsigned).collect())),
        ])
        .encode()
    }

    /// Reads canonical bytes.
    pub fn decode(bytes: &[u8]) -> Result<Outcome, DecodeError> {
        let mut fields = Fields::of_record(bytes, SCHEMA)?;
        let outputs = fields.array("outputs")?.into_iter().map(|value| {
            let (path, node) = pair(value, "outputs")?;
            Ok((path_of(as_text(path, "path")?)?, node_of(node, "outputs")?))
        });
        let outcome = Outcome {
            outputs: outputs.collect::<Result<_, DecodeError>>()?,
            action: ActionId(digest_of(fields.take("action")?, "action")?),
            ending: ending_of(fields.take("ending")?)?,
            stdout: BlobId(digest_of(fields.take("stdout")?, "stdout")?),
            stderr: BlobId(digest_of(fields.take("stderr")?, "stderr")?),
            undeclared: fields.texts("undeclared")?,
            level: Level::from_name(&fields.text("level")?).ok_or_else(|| DecodeError::field("level", "unknown"))?,
            executor: fields.text("executor")?,
            cost: cost_of(fields.array("cost")?)?,
        };
        fields.finish()?;
        if outcome.outputs.windows(2).any(|w| matches!(w, [a, b] if a.0 >= b.0)) {
            return Err(DecodeError::field("outputs", "not sorted by path"));
        }
        Ok(outcome)
    }
}

fn ending_value(ending: &Ending) -> Value {
    let signed = |n: i32| {
        if n < 0 { Value::Negative(-(i64::from(n) + 1) as u64) } else { Value::Unsigned(n as u64) }
    };
    Value::Array(match ending {
        Ending::Exit(code) => vec![Value::text("exit"), signed(*code)],
        Ending::Signal(signal) => vec![Value::text("signal"), signed(*signal)],
        Ending::TimedOut(ms) => vec![Value::text("timeout"), Value::Unsigned(*ms)],
        Ending::Exceeded(resource, most) => vec![Value::text(resource.name()), Value::Unsigned(*most)],
        Ending::BadOutputs(why) => vec![Value::text("outputs"), Value::text(why)],
    })
}

fn ending_of(value: Value) -> Result<Ending, DecodeError> {
    let bad = || DecodeError::field("ending", "not an ending");
    let small = |value: Value| match value {
        Value::Unsigned(n) => i32::try_from(n).map_err(|_| bad()),
        Value::Negative(n) => i32::try_from(n).map(|n| -1 - n).map_err(|_| bad()),
        _ => Err(bad()),
    };
    let (kind, rest) = pair(value, "ending")?;
    match (as_text(kind, "ending")?.as_str(), rest) {
        ("exit", code) => Ok(Ending::Exit(small(code)?)),
        ("signal", signal) => Ok(Ending::Signal(small(signal)?)),
        ("timeout", Value::Unsigned(ms)) => Ok(Ending::TimedOut(ms)),
        ("outputs", Value::Text(why)) => Ok(Ending::BadOutputs(why)),
        (name, Value::Unsigned(most)) => {
            Resource::from_name(name).map(|resource| Ending::Exceeded(resource, most)).ok_or_else(bad)
        }
        _ => Err(bad()),
    }
}

fn cost_of(items: Vec<Value>) -> Result<Cost, DecodeError> {
    match items.as_slice() {
        [Value::Unsigned(wall), Value::Unsigned(user), Value::Unsigned(system), Value::Unsigned(rss)] => {
            Ok(Cost { wall_us: *wall, user_us: *user, system_us: *system, max_rss_kib: *rss })
        }
        _ => Err(DecodeError::field("cost", "four numbers are expected")),
    }
}
