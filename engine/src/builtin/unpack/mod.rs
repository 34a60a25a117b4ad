//! `unpack`: an archive as a tree.
//!
//! One input, the archive. Arguments: `type` (`tar`, `tar.gz`, `tar.xz`, `tar.zst`, `tar.bz2`, `zip` or `deb`) and
//! `strip_prefix` (a folder of the archive; members outside of it are left out; one that matches nothing is refused).
//! The result names contents, paths and "may be executed"; times, owners and other bits of the mode are dropped. A
//! `deb` gives the folders `control` and `data`; nothing of it is run.
//! This file does not know where the archive came from.

mod deb;
mod error;
mod limits;
mod members;
mod tar;
#[cfg(test)]
mod tests;
mod zip;

use super::{check_arguments, one_input, one_output_of, refuse};
use gx_store::{Blobs, Builtin, Call, ExecuteError, Node, Output, OutputKind, RelPath, Store};
use limits::Limits;
use std::collections::BTreeMap;

/// The builtin.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unpack {
    limits: Limits,
}

impl Builtin for Unpack {
    fn name(&self) -> &'static str {
        "unpack"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn call(
        &self,
        call: &Call,
        inputs: &BTreeMap<RelPath, Node>,
        outputs: &[Output],
        store: &Store,
    ) -> Result<Vec<(RelPath, Node)>, ExecuteError> {
        check_arguments(call, &["type", "strip_prefix"])?;
        let output = one_output_of(call, outputs, OutputKind::Directory)?;
        let (from, node) = one_input(call, inputs)?;
        let Node::File { blob, .. } = node else {
            return Err(refuse(self.name(), format!("'{from}' is no file")));
        };
        let prefix = call.arguments.get("strip_prefix").map_or("", String::as_str);
        let prefix = RelPath::new(prefix.strip_suffix('/').unwrap_or(prefix))
            .map_err(|e| refuse(self.name(), format!("strip_prefix: {e}")))?;
        let kind = call.arguments.get("type").map_or("", String::as_str);
        let archive = || store.open_blob(blob);
        let budget = self.limits.budget(blob.0.size);
        let members = |kind| members::Members::new(store, kind, self.limits, budget.fresh());
        let members = match (tar::Packing::of(kind), kind) {
            (Some((kind, packing)), _) => {
                let mut members = members(kind);
                tar::unpack(packing, kind, archive()?, &budget, &mut members)?;
                members
            }
            (None, "zip") => {
                let mut members = members("zip");
                zip::read(archive()?, store, &mut members)?;
                members
            }
            (None, "deb") => {
                let mut members = members("deb");
                deb::read(archive()?, &budget, &mut members)?;
                members
            }
            (None, other) => {
                let tars = tar::Packing::ALL.map(|(name, _)| name).join(", ");
                return Err(refuse(self.name(), format!("unknown type '{other}' (known: {tars}, zip, deb)")));
            }
        };
        Ok(vec![(output.path.clone(), Node::Directory(members.finish(&prefix)?))])
    }
}
