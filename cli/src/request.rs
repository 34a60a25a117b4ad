//! What a client asks for: the command with everything it depends on, so that it can be answered in any process.
//!
//! Invariant: nothing of the answering process's own environment, folder or terminal is used.
//! This file does not know how a request is answered (`commands/`).

use crate::flags::Command;
use crate::project::Project;
use crate::settings::Settings;
use gx_store::Surroundings;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Request {
    /// The folder it was asked in.
    pub cwd: PathBuf,
    /// The workspace, for commands that need one.
    pub project: Option<Project>,
    /// Settings, resolved.
    pub settings: Settings,
    /// The command.
    pub command: Command,
    /// The environment, for fetches and toolchains.
    pub surroundings: Surroundings,
}

impl Request {
    /// The package that relative labels are in: the current folder below the workspace.
    pub fn current_package(&self) -> String {
        let below = self.project.as_ref().and_then(|project| self.cwd.strip_prefix(&project.root).ok());
        below.and_then(|path| path.to_str()).unwrap_or_default().to_owned()
    }

    /// The folder in which rustup keeps the toolchains of whoever asks.
    pub fn rustup(&self) -> Option<PathBuf> {
        let set = |name: &str| self.surroundings.environment.get(name).map(PathBuf::from);
        set("RUSTUP_HOME").or_else(|| set("HOME").map(|home| home.join(".rustup"))).filter(|path| path.is_absolute())
    }

    /// One for tests.
    #[cfg(test)]
    pub(crate) fn example() -> Request {
        Request {
            cwd: "/w/lib".into(),
            project: Some(Project { root: "/w".into(), ..Project::default() }),
            settings: Settings::defaults(&std::collections::BTreeMap::new()),
            command: Command::Build(crate::flags::Patterns { patterns: vec!["//...".into()] }),
            surroundings: Surroundings::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_current_package_is_the_folder_below_the_workspace() {
        assert_eq!(Request::example().current_package(), "lib");
        let outside = Request { cwd: "/elsewhere".into(), ..Request::example() };
        assert_eq!(outside.current_package(), "");
    }

    #[test]
    fn rustup_is_where_the_asker_has_it() {
        let mut request = Request::example();
        assert_eq!(request.rustup(), None);
        request.surroundings.environment.insert("HOME".into(), "/home/u".into());
        assert_eq!(request.rustup(), Some("/home/u/.rustup".into()));
        request.surroundings.environment.insert("RUSTUP_HOME".into(), "/opt/rustup".into());
        assert_eq!(request.rustup(), Some("/opt/rustup".into()));
    }
}
