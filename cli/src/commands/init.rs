//! `gx init`: makes a workspace of the current folder, with an example when the folder is empty.
//!
//! Invariant: nothing that exists is overwritten.

use crate::error::Report;
use crate::event::{Event, Face};
use crate::exit::Exit;
use crate::project;
use crate::request::Request;
use std::io::Write;
use std::path::Path;

const GX_TOML: &str = "# A folder with this file is a gx workspace. Everything in it has a default;\n\
                       # docs/configuration.md lists the keys.\n";

const BUILD: &str = r#"# `gx build //...` builds everything, `gx test //...` runs the tests.

genrule(
    name = "hello",
    srcs = ["name.txt"],
    outs = ["hello.txt"],
    cmd = "echo Hello, $$(cat $<)! > $@",
)
"#;

/// Answers it.
pub(super) fn answer(request: &Request, face: &dyn Face) -> Result<Exit, Report> {
    let folder = &request.cwd;
    let listed = std::fs::read_dir(folder)
        .map_err(|error| Report::new(106, format!("'{}' cannot be listed", folder.display())).cause(&error))?;
    let empty = listed.flatten().all(|entry| entry.file_name().to_string_lossy().starts_with('.'));
    if folder.join(project::FILE).exists() {
        face.event(Event::Note(format!("'{}' is a workspace already", folder.display())));
        return Ok(Exit::Ok);
    }
    let mut files = vec![(project::FILE, GX_TOML)];
    if empty {
        files.extend([("BUILD.gx", BUILD), ("name.txt", "world\n"), (".gitignore", "/gx-out\n")]);
    }
    for (name, text) in files {
        if write(&folder.join(name), text)? {
            face.event(Event::Note(format!("wrote {name}")));
        }
    }
    let next = if empty {
        "next: gx build //..."
    } else if project::BUILD_FILES.iter().any(|name| folder.join(name).exists()) {
        "the folder is not empty, so no example was written; next: gx build //..."
    } else {
        "the folder is not empty, so no example was written; next: declare targets in a file BUILD.gx (docs/guide.md)"
    };
    face.event(Event::Note(next.to_owned()));
    Ok(Exit::Ok)
}

/// Writes a new file; one that is there is left alone.
fn write(path: &Path, text: &str) -> Result<bool, Report> {
    let written = std::fs::File::create_new(path).and_then(|mut file| file.write_all(text.as_bytes()));
    match written {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(Report::new(804, format!("'{}' cannot be written", path.display())).cause(&error)),
    }
}
