//! Where the loader looks for a library.
//!
//! In order: what the file itself says (`RUNPATH`, else `RPATH`, with `$ORIGIN`), the folders of `/etc/ld.so.conf`, the
//! loader's own folders. The tree has no `ld.so.cache`, so a library found only by `ld.so.conf` gets a link in the
//! first of the loader's own folders. This file does not know how ELF files are read.

use super::elf::{self, Elf};
use super::view::{View, folders, is_below, normal};
use gx_store::RealiseError;
use std::fs::File;

/// Most files that `include` lines of ld.so.conf may lead to.
const MAX_INCLUDES: usize = 100;

/// The folders of a host, for one kind of processor.
#[derive(Debug)]
pub(super) struct Libraries {
    configured: Vec<String>,
    own: Vec<String>,
}

impl Libraries {
    /// Reads the configuration.
    pub(super) fn load(view: &mut View) -> Result<Libraries, RealiseError> {
        let mut lines = Vec::new();
        read_config(view, "etc/ld.so.conf", &mut lines, &mut 0)?;
        let mut own = Vec::new();
        for triple in ["x86_64-linux-gnu", "aarch64-linux-gnu", "riscv64-linux-gnu"] {
            if std::env::consts::ARCH == triple.split('-').next().unwrap_or_default() {
                own.extend([format!("lib/{triple}"), format!("usr/lib/{triple}")]);
            }
        }
        own.extend(["lib64", "usr/lib64", "lib", "usr/lib"].map(str::to_owned));
        Ok(Libraries { configured: folders(lines.iter().map(String::as_str)), own })
    }

    /// Takes the library `name` that the file `of` needs; false where there is none.
    pub(super) fn take(&self, view: &mut View, name: &str, of: &str, elf: &Elf) -> Result<bool, RealiseError> {
        if name.contains('/') {
            return Ok(view.take(name)?.is_some());
        }
        let origin = of.rsplit_once('/').map_or("", |(folder, _)| folder);
        let said = elf.search.iter().filter_map(|folder| {
            let folder = folder.replace("${ORIGIN}", "$ORIGIN");
            match folder.strip_prefix("$ORIGIN") {
                Some(rest) => normal(origin, rest.trim_start_matches('/')),
                None => folder.starts_with('/').then(|| normal("", &folder)).flatten(),
            }
        });
        let said: Vec<String> = said.collect();
        for folder in said.iter().chain(&self.own) {
            let path = format!("{folder}/{name}");
            if self.fits(view, &path, elf)? {
                return Ok(view.take(&path)?.is_some());
            }
        }
        for folder in &self.configured {
            let path = format!("{folder}/{name}");
            if self.fits(view, &path, elf)? {
                let found = view.take(&path)?;
                if let (Some(real), Some(first)) = (&found, self.own.iter().find(|own| !is_below(own, "lib"))) {
                    view.alias(&format!("{first}/{name}"), real);
                }
                return Ok(found.is_some());
            }
        }
        Ok(false)
    }

    /// Is there a library at `path` for the same processor?
    fn fits(&self, view: &mut View, path: &str, elf: &Elf) -> Result<bool, RealiseError> {
        let Some((real, super::view::Kind::File(_))) = view.real(path)? else { return Ok(false) };
        let found = File::open(view.on_host(&real)).ok().and_then(|file| elf::read(&file));
        Ok(found.is_some_and(|found| found.machine == elf.machine))
    }
}

/// Reads a file of `ld.so.conf`, with what it includes.
fn read_config(view: &mut View, path: &str, lines: &mut Vec<String>, files: &mut usize) -> Result<(), RealiseError> {
    *files += 1;
    let Some((real, super::view::Kind::File(_))) = view.real(path)? else { return Ok(()) };
    if *files > MAX_INCLUDES {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&view.read(&real)?).into_owned();
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default().trim();
        let Some(pattern) = line.strip_prefix("include ") else {
            lines.extend(line.starts_with('/').then(|| line.to_owned()));
            continue;
        };
        let Some(pattern) = normal("etc", pattern.trim()) else { continue };
        let (folder, name) = pattern.rsplit_once('/').unwrap_or(("", &pattern));
        let (start, end) = name.split_once('*').unwrap_or((name, ""));
        for found in view.list(folder)? {
            if found.starts_with(start) && found.ends_with(end) {
                read_config(view, &format!("{folder}/{found}"), lines, files)?;
            }
        }
    }
    Ok(())
}
