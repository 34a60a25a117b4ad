//! `gx audit export`: what targets were built from and into, as a signed manifest.

use crate::error::Report;
use crate::event::Event;
use crate::exit::Exit;
use crate::flags::AuditExport;
use crate::keys::Keys;
use crate::manifest::Manifest;
use crate::map;
use crate::session::Session;
use serde_json::json;
use std::path::Path;

/// Answers it.
pub(in crate::commands) fn answer(session: &Session<'_>, export: &AuditExport) -> Result<Exit, Report> {
    // First, so that nothing is built in vain.
    let signer = Keys::of(&session.request.surroundings.environment)?.signer(export.key.as_deref())?;
    let manifest = match manifest(session, &export.patterns)? {
        Ok(manifest) => manifest,
        Err(exit) => return Ok(exit),
    };
    let (targets, actions) = (manifest.targets.len(), manifest.actions.len());
    let path = session.request.cwd.join(&export.file);
    write(&path, &manifest.encode(&signer)?)?;
    let name = &signer.public.name;
    session.face.event(match session.request.settings.json {
        true => Event::Document(
            json!({"file": path.display().to_string(), "targets": targets, "actions": actions, "key": name})
                .to_string(),
        ),
        false => Event::Output(
            format!("{}: {targets} targets, {actions} actions, signed by '{name}'\n", export.file.display())
                .into_bytes(),
        ),
    });
    Ok(Exit::Ok)
}

/// The manifest of targets, which are built if they are not.
pub(super) fn manifest(session: &Session<'_>, patterns: &[String]) -> Result<Result<Manifest, Exit>, Report> {
    let all = ["//...".to_owned()];
    let (loaded, result, _lease) = match session.realised(if patterns.is_empty() { &all } else { patterns }) {
        Ok(built) => built,
        Err(exit) => return Ok(Err(exit)),
    };
    let house = session.house;
    let entries = house.engine.account(loaded.plan.clone(), &result.outcomes).map_err(|error| map::engine(&error))?;
    let targets = loaded.targets.iter().map(|target| target.label.clone()).collect();
    Ok(Ok(Manifest::new(house.store.function(), targets, &entries)))
}

/// Writes a file whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> Result<(), Report> {
    let mut half = path.as_os_str().to_owned();
    half.push(format!(".{}.part", std::process::id()));
    let written = std::fs::write(&half, bytes).and_then(|()| std::fs::rename(&half, path));
    written.map_err(|error| {
        let _ = std::fs::remove_file(&half);
        Report::new(804, format!("'{}' cannot be written", path.display())).cause(&error)
    })
}
