//! `json`: encoding and decoding, as in Bazel.
//!
//! Invariant: a value that nests deeply is refused, not walked: encoding takes stack for each level of it. This file
//! does not know who uses it.

use starlark::environment::GlobalsBuilder;
use starlark::values::dict::DictRef;
use starlark::values::list::ListRef;
use starlark::values::structs::StructRef;
use starlark::values::tuple::TupleRef;
use starlark::values::{Heap, Value};

/// Decoding has a limit of the same order.
const DEPTH: usize = 128;

#[starlark::starlark_module]
pub(crate) fn json_globals(builder: &mut GlobalsBuilder) {
    fn encode<'v>(#[starlark(require = pos)] x: Value<'v>) -> anyhow::Result<String> {
        if nests_deeper(x, DEPTH) {
            anyhow::bail!("json.encode: the value is nested more than {DEPTH} deep (or contains itself)");
        }
        x.to_json()
    }

    fn decode<'v>(#[starlark(require = pos)] x: &str, heap: Heap<'v>) -> anyhow::Result<Value<'v>> {
        let value: serde_json::Value = serde_json::from_str(x).map_err(|e| anyhow::anyhow!("json.decode: {e}"))?;
        Ok(heap.alloc(value))
    }
}

fn nests_deeper(value: Value<'_>, depth: usize) -> bool {
    let Some(left) = depth.checked_sub(1) else { return true };
    if let Some(list) = ListRef::from_value(value) {
        return list.iter().any(|item| nests_deeper(item, left));
    }
    if let Some(tuple) = TupleRef::from_value(value) {
        return tuple.iter().any(|item| nests_deeper(item, left));
    }
    if let Some(dict) = DictRef::from_value(value) {
        return dict.iter().any(|(_, item)| nests_deeper(item, left));
    }
    match StructRef::from_value(value) {
        Some(fields) => fields.iter().any(|(_, item)| nests_deeper(item, left)),
        None => false,
    }
}
