//! `gx spec drift`: prose against a machine artefact.
//!
//! It does not know how they are compared.

use super::{Files, Told, findings, read, tell};
use crate::error::Report;
use crate::exit::Exit;
use crate::flags_spec::Drift;
use gx_spec::drift::{Side, drift};
use gx_spec::prose;
use gx_spec::said::of_contract;
use serde_json::json;

/// Answers it.
pub(super) fn answer(told: &Told<'_>, paths: &Drift) -> Result<Exit, Report> {
    let source = read(&paths.prose)?;
    let said = prose::read(&source.name, &source.bytes);
    let text = std::str::from_utf8(&source.bytes).unwrap_or_default();
    let files = Files::one(told, &paths.artefact)?;
    let Some(loaded) = files.asked().first() else { return Ok(Exit::BuildFailed) };
    let own = match (files.facts.first(), &loaded.contract) {
        // A schema of somebody else, or prose, says what it says; what was assumed for its contract is not compared.
        (Some(Some(facts)), _) => facts.clone(),
        (_, Some(contract)) => of_contract(&loaded.source.name, contract, loaded.file.as_ref()),
        _ => {
            tell(told, &files);
            return Ok(Exit::BuildFailed);
        }
    };
    let mut found = said.findings.clone();
    found.extend(drift(Side::new(&said, text), Side::new(&own, loaded.text())));
    gx_spec::said::sort(&mut found);
    if told.json() {
        let list: Vec<_> = found.iter().map(findings::document).collect();
        let (prose, artefact) = (&source.name, &loaded.source.name);
        told.document(
            &json!({"status": findings::status(&found), "prose": prose, "artefact": artefact, "findings": list}),
        );
    } else {
        findings::tell_all(told, &found);
        told.say(format!("{} and {}: {}\n", source.name, loaded.source.name, findings::summary(&found)));
    }
    Ok(findings::exit(&found))
}
