//! `gx clean`: removes `gx-out`. The store keeps everything, so that the next build has nothing to run.

use crate::error::Report;
use crate::event::{Event, Face};
use crate::exit::Exit;
use crate::outputs;
use crate::request::Request;

/// Answers it.
pub(super) fn answer(request: &Request, face: &dyn Face) -> Result<Exit, Report> {
    let project = request.project.as_ref().ok_or_else(|| Report::new(101, "this command needs a workspace"))?;
    let folder = project.root.join(outputs::FOLDER);
    match remove(&folder) {
        Ok(()) => face.event(Event::Note(format!("removed {}", folder.display()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            face.event(Event::Note(format!("there is no {}", folder.display())));
        }
        Err(error) => {
            return Err(Report::new(804, format!("'{}' cannot be removed", folder.display())).cause(&error));
        }
    }
    Ok(Exit::Ok)
}

/// A symlink is removed itself, not what it leads to.
fn remove(folder: &std::path::Path) -> std::io::Result<()> {
    if folder.symlink_metadata()?.is_dir() { std::fs::remove_dir_all(folder) } else { std::fs::remove_file(folder) }
}
