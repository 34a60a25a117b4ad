//! apt's configuration for one run: the machine's own, with state and caches in a folder of ours.
//!
//! Invariants: sources, keys, proxies and credentials are the machine's; hooks of the machine are not run; the status
//! of its packages is not looked at. This file does not know what apt is asked.

use super::{errors, no_apt, program};
use crate::process;
use gx_store::{Cancel, FetchError, StoreError, Surroundings};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The configuration's file.
pub(crate) struct Configuration {
    file: PathBuf,
}

impl Configuration {
    /// Writes it into `folder`; with an architecture, for packages of that one only.
    pub(crate) fn new(
        folder: &Path,
        architecture: Option<&str>,
        surroundings: &Surroundings,
    ) -> Result<Configuration, FetchError> {
        let io = |path: &Path, e| FetchError::Store(Box::new(StoreError::io("writing", path, e)));
        for below in ["lists/partial", "archives/partial"] {
            std::fs::create_dir_all(folder.join(below)).map_err(|e| io(&folder.join(below), e))?;
        }
        std::fs::write(folder.join("status"), "").map_err(|e| io(&folder.join("status"), e))?;
        let file = folder.join("apt.conf");
        let text = text(folder, architecture, surroundings);
        std::fs::write(&file, text).map_err(|e| io(&file, e))?;
        Ok(Configuration { file })
    }

    /// Has a program use it. Words are in English, and asks nobody.
    pub(crate) fn apply(&self, command: &mut Command) {
        command.env("APT_CONFIG", &self.file).env("LC_ALL", "C.UTF-8").env("DEBIAN_FRONTEND", "noninteractive");
    }

    /// The mirrors that apt is set to use, in its order.
    pub(crate) fn mirrors(
        &self,
        what: &str,
        surroundings: &Surroundings,
        cancel: &Cancel,
    ) -> Result<Vec<String>, FetchError> {
        let apt_get = program("apt-get", surroundings).ok_or_else(|| no_apt(what.to_owned()))?;
        let mut command = Command::new(apt_get);
        // Also where no list was downloaded yet.
        command.args(["indextargets", "--no-release-info", "--format", "$(REPO_URI)", "Created-By: Packages"]);
        self.apply(&mut command);
        let ran = process::run(command, surroundings, cancel)?;
        if !ran.well {
            let why = format!("apt cannot say its mirrors: {}", errors(&ran.stderr));
            return Err(FetchError::Unreachable { what: what.to_owned(), why });
        }
        let mut mirrors: Vec<String> = Vec::new();
        for mirror in ran.stdout.lines().map(str::trim).filter(|line| !line.is_empty()) {
            if !mirrors.iter().any(|known| known == mirror) {
                mirrors.push(mirror.to_owned());
            }
        }
        Ok(mirrors)
    }
}

fn text(folder: &Path, architecture: Option<&str>, surroundings: &Surroundings) -> String {
    let mut text = String::new();
    // What the person has set comes first, as it would without us; then the machine's, which is read here so that it
    // can be overruled.
    let own = surroundings.environment.get("APT_CONFIG").map(PathBuf::from).filter(|path| path.is_file());
    let machine = ["/etc/apt/apt.conf.d/", "/etc/apt/apt.conf"].into_iter().map(PathBuf::from);
    for included in own.into_iter().chain(machine.filter(|path| path.exists())) {
        text += &format!("#include \"{}\";\n", included.display());
    }
    text += "Dir::Etc::Parts \"/dev/null\";\nDir::Etc::main \"/dev/null\";\n\
             #clear APT::Update;\n#clear DPkg;\n#clear APT::Architectures;\n#clear APT::NeverAutoRemove;\n\
             APT::Install-Recommends \"false\";\nAPT::Install-Suggests \"false\";\nAPT::Sandbox::User \"root\";\n\
             Acquire::Languages \"none\";\nAcquire::Retries \"3\";\nAcquire::PDiffs \"false\";\n\
             Dir::Cache::pkgcache \"\";\nDir::Cache::srcpkgcache \"\";\n";
    let folder = folder.display();
    for (key, path) in [
        ("Dir::State", ""),
        ("Dir::State::lists", "/lists"),
        ("Dir::State::status", "/status"),
        ("Dir::Cache", ""),
        ("Dir::Cache::archives", "/archives"),
    ] {
        text += &format!("{key} \"{folder}{path}\";\n");
    }
    if let Some(architecture) = architecture {
        text += &format!("APT::Architecture \"{architecture}\";\nAPT::Architectures {{ \"{architecture}\"; }};\n");
    }
    text
}
