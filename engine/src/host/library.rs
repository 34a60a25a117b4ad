//! A language's programs and its own library: what the packages there hold of it.
//!
//! Where dpkg knows the library's files, exactly those are taken that its packages listed: what a run, an
//! administrator or another package put into the same folders is not there. Where it does not, the folders are taken,
//! but for what runs put there. Invariant: a link that leads out of the library is taken only when a package put its
//! goal there too: generated files of the machine (certificates, say) are no input. This file does not know languages.

use super::closure::Closure;
use super::language::{Language, Library};
use super::view::{Kind, is_below};
use gx_store::RealiseError;
use std::collections::BTreeSet;
use std::path::Path;

/// Where programs are put by hand.
const BY_HAND: [&str; 2] = ["usr/local/bin", "usr/local/go/bin"];
/// What is made at run time, or by a person's own packages, in the folders of a library.
const MADE: [&str; 7] = [
    "__pycache__",
    "classes.jsa",
    "classes_coh.jsa",
    "classes_nocoops.jsa",
    "classes_nocoops_coh.jsa",
    "dist-packages",
    "site-packages",
];

impl Closure<'_> {
    /// Takes the programs of a language; gives where they say that its library is.
    pub(super) fn language(
        &mut self,
        language: &Language,
        rustup: Option<&Path>,
    ) -> Result<Vec<Library>, RealiseError> {
        if language.is_rust() {
            // By this name it calls what links, which is the compiler that came along.
            self.view.alias("usr/bin/cc", "usr/bin/gcc");
        }
        if let Some(home) = rustup.filter(|_| language.is_rust())
            && let Some(library) = self.take_rustup(home)?
        {
            return Ok(vec![library]);
        }
        let mut libraries = Vec::new();
        for name in language.programs {
            let Some(program) = self.find_program(name)? else { return Err(self.lacks(language, name)) };
            libraries.push(language.library(&self.view.on_host(&program))?);
        }
        for name in language.others {
            self.find_program(name)?;
        }
        libraries.dedup();
        Ok(libraries)
    }

    fn lacks(&self, language: &Language, program: &str) -> RealiseError {
        let by_hand = BY_HAND.iter().map(|folder| format!("{folder}/{program}"));
        let by_hand = by_hand.into_iter().find(|path| self.view.on_host(path).exists());
        let left = by_hand.map(|path| {
            format!("'/{path}' is left alone: what is put there by hand is another thing on every machine; ")
        });
        RealiseError::HostLacks { what: program.to_owned(), hint: left.unwrap_or_default() + &language.hint() }
    }

    /// Takes a language's own library.
    pub(super) fn library(&mut self, library: &Library) -> Result<(), RealiseError> {
        let (mut roots, mut keys) = (BTreeSet::new(), BTreeSet::new());
        for folder in &library.folders {
            roots.extend(self.view.real(folder)?.map(|(real, _)| real));
            for key in library.keys {
                let Some((real, kind)) = self.view.real(&format!("{folder}/{key}"))? else { continue };
                // Some of it may lie elsewhere, behind links.
                roots.extend(real.strip_suffix(key).map(|root| root.trim_end_matches('/').to_owned()));
                if kind == Kind::Folder {
                    keys.extend(self.view.list(&real)?.into_iter().map(|name| format!("{real}/{name}")));
                } else {
                    keys.insert(real);
                }
            }
        }
        let owners = self.packages.as_ref().map(|packages| packages.owners(&keys)).unwrap_or_default();
        let mut listed = Vec::new();
        if let Some(packages) = &self.packages {
            let folders: Vec<&str> = roots.iter().map(String::as_str).collect();
            for owner in &owners {
                listed.extend(packages.files(&mut self.view, owner, &folders)?);
            }
            listed.retain(|path| !skipped(path, &roots, library.skip));
        }
        listed.extend(library.files.iter().cloned());
        self.take_listed(&listed, &roots)?;
        if library.listed || !owners.is_empty() {
            return Ok(());
        }
        for root in &roots {
            for name in self.view.list(root)? {
                let path = format!("{root}/{name}");
                if skipped(&path, &roots, library.skip) || MADE.contains(&name.as_str()) {
                    continue;
                }
                match self.view.look(&path)? {
                    Kind::Folder => self.take_folder(&path, &MADE)?,
                    _ => {
                        if self.view.take(&path)?.is_none() {
                            self.view.take_folder_link(&path)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Takes files that packages list, and the links among them.
    pub(super) fn take_listed(&mut self, listed: &[String], roots: &BTreeSet<String>) -> Result<(), RealiseError> {
        let (mut inside, mut outside) = (Vec::new(), Vec::new());
        for path in listed {
            match self.view.real(path)? {
                Some((_, Kind::Folder)) => {
                    if let Kind::Link(_) = self.view.look(path)? {
                        self.view.take_folder_link(path)?;
                    }
                }
                Some((real, _)) if roots.iter().any(|root| is_below(&real, root)) => inside.push(path),
                Some((real, _)) => outside.push((path, real)),
                None => {}
            }
        }
        let goals = outside.iter().map(|(_, real)| real.clone()).collect();
        let owned = self.packages.as_ref().map(|packages| packages.owned(&goals));
        outside.retain(|(_, real)| owned.as_ref().is_none_or(|owned| owned.contains(real)));
        for path in inside.into_iter().chain(outside.into_iter().map(|(path, _)| path)) {
            self.view.take(path)?;
        }
        Ok(())
    }
}

/// Is it in a part of a root that is not wanted?
fn skipped(path: &str, roots: &BTreeSet<String>, skip: &[&str]) -> bool {
    let inside = roots.iter().find_map(|root| path.strip_prefix(root.as_str())?.strip_prefix('/'));
    inside.is_some_and(|inside| skip.contains(&inside.split('/').next().unwrap_or_default()))
}
