//! `gx push-button`: builds a release, signs its bundle, and checks what lies there.
//!
//! Invariants: a secret gets into no action: signing is the command's own work, after the build; what is told is what
//! the check found in the folder. This file does not know what a bundle holds.

use crate::bundle;
use crate::error::Report;
use crate::exit::Exit;
use crate::flags::PushButton;
use crate::keys::Keys;
use crate::session::Session;
use std::path::Path;

/// Answers it.
pub(super) fn answer(session: &Session<'_>, push: &PushButton) -> Result<Exit, Report> {
    // First, so that nothing is built in vain.
    let keys = Keys::of(&session.request.surroundings.environment);
    let signer = push.key.as_deref().map(|name| keys?.signer(Some(name))).transpose()?;
    let out = push.out.as_ref().map(|out| session.request.cwd.join(out));
    if let Some(out) = out.as_deref().filter(|out| out.symlink_metadata().is_ok()) {
        let report = Report::new(1222, format!("'{}' is there already", out.display()));
        return Err(report.hint("name a folder that is not there with --out, or remove it"));
    }
    let built = match session.build(std::slice::from_ref(&push.target), false) {
        Ok(built) => built,
        Err(exit) => return Ok(exit),
    };
    if built.exit != Exit::Ok {
        session.summary(&built);
        return Ok(built.exit);
    }
    let root = &session.project()?.root;
    let placed: Vec<&String> = built.placed.iter().flat_map(|(_, paths)| paths).collect();
    let [place] = placed.as_slice() else { return Err(no_release(&push.target)) };
    let made = root.join(place);
    if !made.join(gx_spec::release::manifest::FILE).is_file() {
        return Err(no_release(&push.target));
    }
    let mut lies = made.as_path();
    if let Some(out) = out.as_deref() {
        copy(&made, out)
            .map_err(|error| Report::new(804, format!("'{}' cannot be written", out.display())).cause(&error))?;
        lies = out;
    }
    let verified = bundle::verify(lies, None)?;
    if let Some(signer) = &signer {
        let path = bundle::signature_file(lies);
        std::fs::write(&path, bundle::sign(&verified.root, signer)?)
            .map_err(|error| Report::new(804, format!("'{}' cannot be written", path.display())).cause(&error))?;
        bundle::signed_root(&path, std::slice::from_ref(&signer.public))?;
    }
    session.summary(&built);
    let shown = push.out.as_deref().unwrap_or(Path::new(place.as_str()));
    let signer = signer.as_ref().map(|signer| signer.public.name.as_str());
    session.face.event(super::verify::told(shown, &verified, signer, session.request.settings.json));
    Ok(Exit::Ok)
}

fn no_release(target: &str) -> Report {
    Report::new(1222, format!("'{target}' is not one release"))
        .hint("name one `release` target; `gx query 'kind(release, //...)'` lists them")
}

/// Copies a folder with its modes and symlinks.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (kind, to) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            copy(&entry.path(), &to)?;
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(std::fs::read_link(entry.path())?, to)?;
        } else {
            std::fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}
