//! `gx verify`: is a bundle what was released?
//!
//! Needs nothing but the bundle, its signature and the signer's public key. This file does not know how it is checked.

use crate::bundle;
use crate::error::Report;
use crate::event::{Event, Face};
use crate::exit::Exit;
use crate::flags::Verify;
use crate::keys::{Keys, public_file};
use crate::request::Request;
use gx_spec::release::verify::Verified;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Answers it.
pub(super) fn answer(request: &Request, verify: &Verify, face: &dyn Face) -> Result<Exit, Report> {
    let mut trusted = Keys::of(&request.surroundings.environment).and_then(|keys| keys.list()).unwrap_or_default();
    for file in &verify.trust {
        trusted.push(public_file(&request.cwd.join(file))?);
    }
    let folder = request.cwd.join(&verify.bundle);
    let beside = bundle::signature_file(&folder);
    let signature: Option<PathBuf> = match &verify.signature {
        Some(file) => Some(request.cwd.join(file)),
        None => Some(beside).filter(|file| file.exists()),
    };
    // First: whatever is not what was signed needs no further look.
    let signed = signature.as_deref().map(|file| bundle::signed_root(file, &trusted)).transpose()?;
    let known = verify.root.as_deref().map(str::to_lowercase);
    let of_signature = signed.as_ref().map(|(root, _)| root.as_str());
    if let (Some(known), Some(root)) = (known.as_deref(), of_signature)
        && known != root
    {
        let report = Report::new(1221, "the signature is of another bundle");
        return Err(report.hint(format!("expected: sha256 {known}")).hint(format!("found:    sha256 {root}")));
    }
    let verified = bundle::verify(&folder, of_signature.or(known.as_deref()))?;
    let signer = signed.map(|(_, name)| name);
    if signer.is_none() && (!verify.trust.is_empty() || verified.manifest.profile == "regulated") {
        let why = match verified.manifest.profile.as_str() {
            "regulated" => "a regulated release is never believed unsigned",
            _ => "a key is named, and there is nothing that it signed",
        };
        return Err(Report::new(1223, format!("'{}' is not signed: {why}", verify.bundle.display()))
            .hint("its signature is a file beside it, NAME.signature.json; --signature names another"));
    }
    face.event(told(&verify.bundle, &verified, signer.as_deref(), request.settings.json));
    Ok(Exit::Ok)
}

/// What a person or a program is told of a bundle that is what it says.
pub(super) fn told(place: &Path, verified: &Verified, signer: Option<&str>, json: bool) -> Event {
    let Verified { manifest, root, .. } = verified;
    let (name, version, profile, files) = (&manifest.name, &manifest.version, &manifest.profile, manifest.files.len());
    if json {
        let place = place.display().to_string();
        return Event::Document(
            json!({
                "bundle": place, "name": name, "version": version, "profile": profile, "root": root,
                "files": files, "evidence": manifest.head.records, "key": signer,
            })
            .to_string(),
        );
    }
    let signed = match signer {
        Some(signer) => format!("signed by '{signer}'"),
        None => "not signed".to_owned(),
    };
    let text = format!(
        "{}: {name} {version}, {profile}: {files} files, {} records of evidence, {signed}\nroot {root}\n",
        place.display(),
        manifest.head.records
    );
    Event::Output(text.into_bytes())
}
