//! `gx spec freeze`: vectors with what the contract means now, and who froze them, and why.
//!
//! Invariant: a file whose record of freezes was edited is not carried on. This file does not know what a complete
//! set of vectors is.

use super::{Files, Told, tell};
use crate::error::{Place, Report};
use crate::exit::Exit;
use crate::flags_spec::Freeze;
use gx_spec::vectors::{Frozen, cases};
use serde_json::json;

/// Answers it.
pub(super) fn answer(told: &Told<'_>, freeze: &Freeze) -> Result<Exit, Report> {
    let files = Files::one(told, &freeze.file)?;
    if tell(told, &files) > 0 {
        return Ok(Exit::BuildFailed);
    }
    let Some(contract) = files.asked().first().and_then(|it| it.contract.clone()) else { return Ok(Exit::BuildFailed) };
    let path = freeze.out.display().to_string();
    let refused = |why: String| Report::new(1133, why).at(Place::new(path.clone(), 0, 0));
    if freeze.owner.trim().is_empty() || freeze.reason.trim().is_empty() {
        return Err(
            refused("a freeze names an owner and a reason".to_owned()).hint("`--owner ada --reason \"first freeze\"`")
        );
    }
    let before = match std::fs::read(&freeze.out) {
        Ok(bytes) => {
            let (before, held) = Frozen::read(&bytes).map_err(&refused)?;
            if let Some(why) = held.unfrozen.filter(|why| why.starts_with("freeze ")) {
                return Err(refused(why).hint("put the record back: what was frozen before stays on record"));
            }
            before
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Frozen::default(),
        Err(error) => return Err(Report::new(1016, format!("'{path}' cannot be read")).cause(&error)),
    };
    let cases = cases(&contract, &before.cases)
        .map_err(|why| Report::new(1018, why).at(Place::new(freeze.file.display().to_string(), 0, 0)))?;
    let mut after = Frozen { contract: contract.name.to_string(), cases, freezes: before.freezes };
    let same = after.freezes.last().is_some_and(|last| last.digest == after.digest());
    if !same {
        after.freeze(freeze.owner.trim(), freeze.reason.trim());
    }
    std::fs::write(&freeze.out, after.text())
        .map_err(|error| Report::new(1016, format!("'{path}' cannot be written")).cause(&error))?;
    let (vectors, digest) = (after.cases.len(), after.digest());
    if told.json() {
        told.document(&json!({"file": path, "vectors": vectors, "digest": digest, "changed": !same}));
    } else {
        let how = if same { "as they were" } else { "frozen" };
        told.say(format!("{path}: {vectors} vectors, {how}: {digest}\n"));
    }
    Ok(Exit::Ok)
}
