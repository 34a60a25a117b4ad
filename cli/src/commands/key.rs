//! `gx key`: makes, lists and exports the keys that sign manifests.

use crate::error::Report;
use crate::event::{Event, Face};
use crate::exit::Exit;
use crate::flags::KeyCommand;
use crate::keys::{Keys, Public};
use crate::request::Request;
use serde_json::{Value, json};

/// Answers it.
pub(super) fn answer(request: &Request, command: &KeyCommand, face: &dyn Face) -> Result<Exit, Report> {
    let keys = Keys::of(&request.surroundings.environment)?;
    let (text, document) = match command {
        KeyCommand::New { name } => {
            let key = keys.new_key(name)?;
            (format!("{}in '{}'\n", words(&key), keys.folder().display()), row(&key))
        }
        KeyCommand::List => {
            let list = keys.list()?;
            (list.iter().map(words).collect(), json!({"keys": list.iter().map(row).collect::<Vec<_>>()}))
        }
        KeyCommand::Export { name } => {
            let line = keys.export(name)?;
            (line.clone(), json!({"public": line.trim_end()}))
        }
    };
    face.event(match request.settings.json {
        true => Event::Document(document.to_string()),
        false => Event::Output(text.into_bytes()),
    });
    Ok(Exit::Ok)
}

fn words(key: &Public) -> String {
    format!("{:<20} ed25519 {} {}\n", key.name, key.hex, if key.own { "signs" } else { "trusted" })
}

fn row(key: &Public) -> Value {
    json!({"name": key.name, "ed25519": key.hex, "signs": key.own})
}
