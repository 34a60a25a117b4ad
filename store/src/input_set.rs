//! Nested sets of inputs: content-addressed nodes, shared by everything that depends on them.
//!
//! A node is a canonical CBOR record: some inputs, and the ids of further nodes. N targets that each depend on
//! all earlier ones cost N nodes, not N^2 inputs. This file does not know who holds the nodes.

use crate::derivation::{Input, digest_of, digest_value, in_order, input_of, input_value};
use crate::digest::{HashFunction, InputSetId};
use crate::encode::{DecodeError, Fields, Value};
use std::collections::HashSet;

/// The record's schema name.
pub const SCHEMA: &str = "gx.inputs/1";

/// One node.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct InputSet {
    /// Inputs of this node, sorted by path.
    pub inputs: Vec<Input>,
    /// Further nodes, in the order given.
    pub children: Vec<InputSetId>,
}

impl InputSet {
    /// Brings the inputs into their order and drops repeats.
    pub fn normalise(mut self) -> InputSet {
        self.inputs.sort();
        self.inputs.dedup();
        let mut seen = HashSet::new();
        self.children.retain(|id| seen.insert(*id));
        self.inputs.shrink_to_fit();
        self.children.shrink_to_fit();
        self
    }

    /// The canonical bytes: inputs in their order, whatever order they have here.
    pub fn encode(&self) -> Vec<u8> {
        let mut seen = HashSet::new();
        let children = self.children.iter().filter(|id| seen.insert(**id));
        Value::record([
            ("schema", Value::text(SCHEMA)),
            ("inputs", Value::Array(in_order(&self.inputs).into_iter().map(input_value).collect())),
            ("children", Value::Array(children.map(|id| digest_value(&id.0)).collect())),
        ])
        .encode()
    }

    /// The digest of the canonical bytes.
    pub fn id(&self, function: HashFunction) -> InputSetId {
        InputSetId(function.digest(&self.encode()))
    }

    /// Reads canonical bytes.
    pub fn decode(bytes: &[u8]) -> Result<InputSet, DecodeError> {
        let mut fields = Fields::of_record(bytes, SCHEMA)?;
        let set = InputSet {
            inputs: fields.array("inputs")?.into_iter().map(input_of).collect::<Result<_, _>>()?,
            children: fields
                .array("children")?
                .into_iter()
                .map(|v| Ok(InputSetId(digest_of(v, "children")?)))
                .collect::<Result<_, DecodeError>>()?,
        };
        fields.finish()?;
        if set.inputs.windows(2).any(|w| matches!(w, [a, b] if a >= b)) {
            return Err(DecodeError::field("inputs", "not sorted"));
        }
        let mut seen = HashSet::new();
        if !set.children.iter().all(|id| seen.insert(*id)) {
            return Err(DecodeError::field("children", "a node stands twice"));
        }
        Ok(set)
    }
}

/// Visits every input of the sets once, each node once, children before the inputs of their parent.
///
/// `node` finds a node; `None` from it ends the walk with the id that is missing.
pub fn flatten<'a, E>(
    roots: &[InputSetId],
    node: &dyn Fn(&InputSetId) -> Option<&'a InputSet>,
    visit: &mut dyn FnMut(&'a Input) -> Result<(), E>,
) -> Result<Result<(), InputSetId>, E> {
    // An explicit stack: chains of sets are as deep as chains of targets.
    let mut seen: HashSet<InputSetId> = HashSet::new();
    let mut stack: Vec<(InputSetId, bool)> = roots.iter().rev().map(|id| (*id, false)).collect();
    while let Some((id, entered)) = stack.pop() {
        let Some(set) = node(&id) else { return Ok(Err(id)) };
        if entered {
            set.inputs.iter().try_for_each(&mut *visit)?;
        } else if seen.insert(id) {
            stack.push((id, true));
            stack.extend(set.children.iter().rev().map(|child| (*child, false)));
        }
    }
    Ok(Ok(()))
}
