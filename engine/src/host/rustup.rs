//! A Rust that rustup installed in somebody's home, as if it lay below `/usr`.
//!
//! The toolchain that rustup uses where nothing is said is taken, whole components at a time: what else was added to
//! it (documentation, other targets, lints) is no part of the closure, so two people who have the same version get the
//! same tree. It stands at `usr/lib/rust` whoever's home it came from. rustup itself is not run: it could install
//! something. This file does not know which Rust a request wants.

use super::closure::{Closure, lacks};
use super::language::{Library, sysroot};
use super::view::Kind;
use gx_store::{RealiseError, StoreError};
use std::path::Path;

/// Where it stands in the tree.
const PLACE: &str = "usr/lib/rust";
/// Programs with a link in `usr/bin`.
const PROGRAMS: [&str; 3] = ["cargo", "rustc", "rustdoc"];
/// What of the components is no help to an action.
const UNWANTED: [&str; 6] = ["bin/rust-gdb", "bin/rust-gdbgui", "bin/rust-lldb", "etc/", "libexec/", "share/"];

impl Closure<'_> {
    /// Takes the programs of the toolchain that rustup in the folder `home` uses by default; gives what else belongs to
    /// it, or `None` where there is none.
    pub(super) fn take_rustup(&mut self, home: &Path) -> Result<Option<Library>, RealiseError> {
        // A person's home may lie anywhere; what counts are real paths below the root.
        let Ok(real) = std::fs::canonicalize(self.view.on_host("").join(home.strip_prefix("/").unwrap_or(home))) else {
            return Ok(None);
        };
        let root = std::fs::canonicalize(self.view.on_host("")).map_err(|e| StoreError::io("looking at", "/", e))?;
        let Some(home) = real.strip_prefix(&root).ok().and_then(Path::to_str).map(str::to_owned) else {
            return Ok(None);
        };
        self.view.admit(&home);
        let Some(toolchain) = self.default_toolchain(&home)? else { return Ok(None) };
        let rustc = format!("{toolchain}/bin/rustc");
        let Some((_, Kind::File(true))) = self.view.real(&rustc)? else { return Ok(None) };
        let (said, host) = sysroot(&self.view.on_host(&rustc))?;
        let said = if root == Path::new("/") { said } else { toolchain.clone() };
        let Some((sysroot, Kind::Folder)) = self.view.real(&said)? else { return Err(lacks(&said, &rustc)) };
        self.view.admit(&sysroot);
        self.view.place_at(&sysroot, PLACE);
        for program in PROGRAMS {
            if let Some((real, Kind::File(_))) = self.view.real(&format!("{sysroot}/bin/{program}"))? {
                self.view.take(&real)?;
                self.view.alias(&format!("usr/bin/{program}"), &format!("{PLACE}/bin/{program}"));
            }
        }
        let mut files = Vec::new();
        for component in ["cargo", "rustc", "rust-std"] {
            files.extend(self.component(&sysroot, component, &host)?);
        }
        files.sort();
        files.dedup();
        Ok(Some(Library { folders: vec![sysroot], files, listed: true, ..Library::default() }))
    }

    /// The real folder of the toolchain that is used where nothing is said.
    fn default_toolchain(&mut self, home: &str) -> Result<Option<String>, RealiseError> {
        let settings = format!("{home}/settings.toml");
        let Kind::File(_) = self.view.look(&settings)? else { return Ok(None) };
        let text = String::from_utf8_lossy(&self.view.read(&settings)?).into_owned();
        let Some(name) = default_name(&text) else { return Ok(None) };
        let folder = format!("{home}/toolchains/{name}");
        Ok(self.view.real(&folder)?.filter(|(_, kind)| *kind == Kind::Folder).map(|(real, _)| real))
    }

    /// The files of a component by its list; without a list, all that a toolchain made by hand has.
    fn component(&mut self, sysroot: &str, component: &str, host: &str) -> Result<Vec<String>, RealiseError> {
        let list = format!("{sysroot}/lib/rustlib/manifest-{component}-{host}");
        let mut files = Vec::new();
        if let Kind::File(_) = self.view.look(&list)? {
            let text = String::from_utf8_lossy(&self.view.read(&list)?).into_owned();
            let named = text.lines().filter_map(|line| line.strip_prefix("file:"));
            let wanted = named.filter(|path| !UNWANTED.iter().any(|unwanted| path.starts_with(unwanted)));
            files.extend(wanted.map(|path| format!("{sysroot}/{path}")));
            return Ok(files);
        }
        (self.note)(format!("no list of '{component}' in '/{sysroot}': all of its folders is imported"));
        let mut ahead = vec![format!("{sysroot}/bin"), format!("{sysroot}/lib")];
        while let Some(folder) = ahead.pop() {
            for name in self.view.list(&folder)? {
                let path = format!("{folder}/{name}");
                match self.view.look(&path)? {
                    Kind::Folder => ahead.push(path),
                    _ => files.push(path),
                }
            }
        }
        Ok(files)
    }
}

/// The default toolchain's name in rustup's settings.
fn default_name(settings: &str) -> Option<String> {
    let top = settings.lines().take_while(|line| !line.trim_start().starts_with('['));
    let value = top.filter_map(|line| line.split_once('=')).find(|(key, _)| key.trim() == "default_toolchain")?.1;
    let name = value.trim().trim_matches(['"', '\'']);
    let plain = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '"', '\\']);
    plain.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::default_name;

    #[test]
    fn the_default_is_read_from_the_settings() {
        let text = "version = \"12\"\ndefault_toolchain = \"stable-x86_64-unknown-linux-gnu\"\n[overrides]\n";
        assert_eq!(default_name(text).as_deref(), Some("stable-x86_64-unknown-linux-gnu"));
        assert_eq!(default_name("[overrides]\ndefault_toolchain = \"x\"\n"), None);
        assert_eq!(default_name("default_toolchain = \"../x\"\n"), None);
        assert_eq!(default_name("default_toolchain = \"\"\n"), None);
    }
}
