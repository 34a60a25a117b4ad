//! The closure of programs and compilers: every file of the host that they need to run.
//!
//! Steps: the programs themselves; the parts of each compiler and the files it links with; what the packages that own
//! these brought along below `usr/include` and `usr/lib` (so a header of any other package, installed or not, is
//! not there), and for languages and interpreters such as Perl what their own packages hold; and for each file
//! taken the loader, libraries, interpreters and linked files it names. Invariant: a program, compiler part or start
//! file that is missing is an error, as is a library of one of those; a library of a file that only came along with a
//! package is let go. This file does not know contents nor the store.

use super::compiler::{self, Folders};
use super::language;
use super::libraries::Libraries;
use super::packages::Packages;
use super::view::{Kind, View, is_below};
use super::{elf, hints, texts};
use gx_store::{HostSpec, RealiseError};
use std::collections::BTreeSet;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Where programs are looked for, whatever the person's `PATH`.
const BIN: [&str; 4] = ["usr/bin", "bin", "usr/sbin", "sbin"];
/// Links of the root that a merged `/usr` has.
const ROOT_LINKS: [&str; 4] = ["bin", "lib", "lib64", "sbin"];
/// Programs that a compiler or a build calls for linking.
const LINKING: [&str; 2] = ["as", "ld"];
/// Programs that belong to a C toolchain; taken where they are.
const TOOLS: [&str; 18] = [
    "addr2line",
    "ar",
    "c++filt",
    "gcc-ar",
    "gcc-nm",
    "gcc-ranlib",
    "gcov",
    "ld.bfd",
    "ld.gold",
    "nm",
    "objcopy",
    "objdump",
    "ranlib",
    "readelf",
    "size",
    "strings",
    "strip",
    "ld.lld",
];
/// Files that every link needs.
const LINKED: [&str; 6] = ["crt1.o", "crti.o", "crtn.o", "crtbegin.o", "crtend.o", "libgcc.a"];
/// Files that some links need.
const LINKED_BY_SOME: [&str; 26] = [
    "Scrt1.o",
    "crtbeginS.o",
    "crtbeginT.o",
    "crtendS.o",
    "crtfastmath.o",
    "gcrt1.o",
    "libatomic.so",
    "libc.a",
    "libc.so",
    "libdl.a",
    "libgcc_eh.a",
    "libgcc_s.so",
    "libgcov.a",
    "libgomp.so",
    "libgomp.spec",
    "liblto_plugin.so",
    "libm.a",
    "libm.so",
    "libpthread.a",
    "libresolv.so",
    "librt.a",
    "libssp_nonshared.a",
    "libubsan.so",
    "libutil.a",
    "libasan.so",
    "rcrt1.o",
];
/// And those of C++.
const LINKED_BY_CXX: [&str; 3] = ["libstdc++.so", "libstdc++.a", "libsupc++.a"];
/// A header of the kernel's interface, whose package no other file names.
const KERNEL_HEADER: &str = "usr/include/linux/limits.h";
/// The one locale that every machine has; glibc reads it from files.
const LOCALES: [&str; 2] = ["usr/lib/locale/C.utf8", "usr/lib/locale/C.UTF-8"];
/// What of a compiler's packages is wanted.
const WANTED: [&str; 4] = ["usr/include", "usr/lib", "usr/lib64", "usr/libexec"];
/// And what of that is not: debugging aids, scripts of other languages.
const UNWANTED: [&str; 3] = ["usr/lib/debug", "usr/lib/python3", "usr/lib/x86_64-linux-gnu/audit"];
/// Where modules of Perl lie.
const MODULES: [&str; 3] = ["usr/lib", "usr/share/perl", "usr/share/perl5"];
/// Compilers proper of languages beyond C, by program.
const OTHER_LANGUAGES: [&str; 7] = ["cc1obj", "cc1objplus", "cc1gm2", "d21", "f951", "gnat1", "go1"];
/// Largest text that is read as a linker script.
const MAX_SCRIPT: u64 = 1 << 16;

/// A closure in the making.
pub(super) struct Closure<'a> {
    pub(super) view: View,
    libraries: Libraries,
    pub(super) packages: Option<Packages>,
    pub(super) note: &'a dyn Fn(String),
}

impl<'a> Closure<'a> {
    /// Looks at the files of the host at `root`, and for Rust in rustup's folder; without `packages` as on a host
    /// without dpkg.
    pub(super) fn of(
        root: &Path,
        spec: &HostSpec,
        rustup: Option<&Path>,
        packages: bool,
        note: &'a dyn Fn(String),
    ) -> Result<View, RealiseError> {
        let mut view = View::new(root);
        let mut merged = Vec::new();
        for name in ROOT_LINKS {
            if let Kind::Link(target) = view.look(name)? {
                merged.push((name.to_owned(), target.trim_matches('/').to_owned()));
            }
        }
        let libraries = Libraries::load(&mut view)?;
        let (languages, compilers) = language::wanted(spec)?;
        let interprets = spec.programs.iter().any(|name| is_perl(name) || is_python(name));
        let asks = interprets || !(compilers.is_empty() && languages.is_empty() && spec.packages.is_empty());
        let wants_packages = packages && asks;
        let packages = if wants_packages { Packages::load(&view, merged) } else { None };
        let mut closure = Closure { view, libraries, packages, note };
        for name in ROOT_LINKS {
            closure.view.take_root_link(name)?;
        }
        let (mut perls, mut own) = (Vec::new(), Vec::new());
        for language in languages {
            own.extend(closure.language(language, rustup)?);
        }
        for name in spec.programs.iter().chain(&compilers) {
            let program = closure.program(name)?;
            if is_perl(name) {
                perls.push(program);
            } else if is_python(name) {
                own.push(language::python(&closure.view.on_host(&program))?);
            }
        }
        for locale in LOCALES {
            if let Kind::Folder = closure.view.look(locale)? {
                closure.take_folder(locale, &[])?;
            }
        }
        let mut keys = BTreeSet::new();
        for name in &compilers {
            closure.compiler(name, &mut keys)?;
        }
        closure.follow(true)?;
        for perl in perls {
            closure.modules(perl)?;
        }
        for library in own {
            closure.library(&library)?;
        }
        closure.whole(&spec.packages)?;
        if !compilers.is_empty() {
            closure.come_along(&compilers, &keys)?;
        }
        closure.follow(false)?;
        Ok(closure.view)
    }

    /// Takes a program by name; its path.
    fn program(&mut self, name: &str) -> Result<String, RealiseError> {
        match self.find_program(name)? {
            Some(path) => Ok(path),
            None => Err(RealiseError::HostLacks { what: name.to_owned(), hint: hints::install(name) }),
        }
    }

    pub(super) fn find_program(&mut self, name: &str) -> Result<Option<String>, RealiseError> {
        if name.is_empty() || name.contains('/') || name.starts_with('.') {
            return Ok(None);
        }
        for folder in BIN {
            let path = format!("{folder}/{name}");
            if let Some((_, Kind::File(true))) = self.view.real(&path)? {
                return self.view.take(&path);
            }
        }
        Ok(None)
    }

    /// Takes the modules that came with Perl.
    fn modules(&mut self, program: String) -> Result<(), RealiseError> {
        let name = program.rsplit('/').next().unwrap_or_default().to_owned();
        let Some(packages) = &self.packages else {
            (self.note)(format!("no dpkg here: '{name}' is imported without its modules"));
            return Ok(());
        };
        let owners = packages.owners(&BTreeSet::from([program]));
        let mut files = Vec::new();
        for owner in owners {
            files.extend(packages.files(&mut self.view, &owner, &MODULES)?);
        }
        for file in files {
            self.view.take(&file)?;
        }
        Ok(())
    }

    /// Takes the parts of a compiler and the files it links with. `keys` gets what tells the packages.
    fn compiler(&mut self, name: &str, keys: &mut BTreeSet<String>) -> Result<(), RealiseError> {
        let driver = self.program(name)?;
        let place = self.view.on_host(&driver);
        let (cxx, clang) = (compiler::is_cxx(name), compiler::is_clang(name));
        let folders = compiler::search_folders(&place)?;
        keys.insert(driver);
        let parts: &[&str] = match (clang, cxx) {
            (true, _) => &[],
            (false, false) => &["cc1", "collect2"],
            (false, true) => &["cc1", "cc1plus", "collect2"],
        };
        for part in parts {
            self.needed_in(&folders.programs, part, keys)?;
        }
        for part in ["lto-wrapper", "lto1"] {
            self.take_in(&folders.programs, part, keys)?;
        }
        self.link_files(&folders, cxx, keys)?;
        for tool in LINKING {
            if self.take_in(&folders.programs, tool, keys)?.is_none() {
                let path = self.program(tool)?;
                keys.insert(path);
            } else {
                // Scripts call it by name too.
                self.find_program(tool)?;
            }
        }
        for tool in TOOLS {
            self.find_program(tool)?;
        }
        if clang {
            let folder = compiler::resource_folder(&place)?;
            self.take_folder(&folder, &[])?;
        }
        if self.view.take(KERNEL_HEADER)?.is_some() {
            keys.insert(KERNEL_HEADER.to_owned());
        }
        Ok(())
    }

    fn link_files(&mut self, folders: &Folders, cxx: bool, keys: &mut BTreeSet<String>) -> Result<(), RealiseError> {
        for file in LINKED {
            self.needed_in(&folders.libraries, file, keys)?;
        }
        for file in LINKED_BY_SOME {
            self.take_in(&folders.libraries, file, keys)?;
        }
        if cxx {
            for file in LINKED_BY_CXX {
                self.take_in(&folders.libraries, file, keys)?;
            }
        }
        Ok(())
    }

    /// Takes a file from the first folder that has it.
    fn take_in(
        &mut self,
        folders: &[String],
        name: &str,
        keys: &mut BTreeSet<String>,
    ) -> Result<Option<String>, RealiseError> {
        for folder in folders {
            let Some((real, Kind::Folder)) = self.view.real(folder)? else { continue };
            let path = format!("{real}/{name}");
            if let Some(taken) = self.view.take(&path)? {
                keys.insert(path);
                return Ok(Some(taken));
            }
        }
        Ok(None)
    }

    fn needed_in(&mut self, folders: &[String], name: &str, keys: &mut BTreeSet<String>) -> Result<(), RealiseError> {
        match self.take_in(folders, name, keys)? {
            Some(_) => Ok(()),
            None => Err(RealiseError::HostLacks { what: name.to_owned(), hint: hints::install(name) }),
        }
    }

    /// Takes what came along with the compilers: by their packages, or by their folders where there is no dpkg.
    fn come_along(&mut self, compilers: &[String], keys: &BTreeSet<String>) -> Result<(), RealiseError> {
        let Some(packages) = self.packages.take() else {
            (self.note)("no dpkg here: all headers of the compilers' folders are imported".to_owned());
            return self.come_along_by_folder(compilers, keys);
        };
        for owner in packages.owners(keys) {
            for file in packages.files(&mut self.view, &owner, &WANTED)? {
                if !UNWANTED.iter().any(|folder| is_below(&file, folder)) {
                    self.view.take(&file)?;
                }
            }
        }
        Ok(())
    }

    fn come_along_by_folder(&mut self, compilers: &[String], keys: &BTreeSet<String>) -> Result<(), RealiseError> {
        let mut skip = OTHER_LANGUAGES.to_vec();
        if !compilers.iter().any(|name| compiler::is_cxx(name)) {
            skip.push("cc1plus");
        }
        for own in keys.iter().filter_map(|key| key.strip_suffix("/libgcc.a")) {
            self.take_folder(own, &skip)?;
        }
        for name in compilers {
            let driver = self.program(name)?;
            let driver = self.view.on_host(&driver);
            for folder in compiler::header_folders(&driver, compiler::is_cxx(name))? {
                self.take_folder(&folder, &[])?;
            }
        }
        Ok(())
    }

    /// Takes every file of a folder, but those named `skip`.
    pub(super) fn take_folder(&mut self, folder: &str, skip: &[&str]) -> Result<(), RealiseError> {
        let mut ahead = vec![folder.to_owned()];
        while let Some(folder) = ahead.pop() {
            for name in self.view.list(&folder)? {
                if skip.contains(&name.as_str()) {
                    continue;
                }
                let path = format!("{folder}/{name}");
                match self.view.look(&path)? {
                    Kind::Folder => ahead.push(path),
                    Kind::File(_) => drop(self.view.take(&path)?),
                    Kind::Link(_) => {
                        if self.view.take(&path)?.is_none() {
                            self.view.take_folder_link(&path)?;
                        }
                    }
                    Kind::Absent | Kind::Other => {}
                }
            }
        }
        Ok(())
    }

    /// Takes what the files taken so far name, and so on. With `strict`, what is missing is an error.
    fn follow(&mut self, strict: bool) -> Result<(), RealiseError> {
        loop {
            let files = self.view.fresh();
            if files.is_empty() {
                return Ok(());
            }
            for path in files {
                if !is_below(&path, "usr/include") {
                    self.inspect(&path, strict)?;
                }
            }
        }
    }

    fn inspect(&mut self, path: &str, strict: bool) -> Result<(), RealiseError> {
        let Ok(file) = File::open(self.view.on_host(path)) else {
            // Whether it can be read is told when it is imported.
            return Ok(());
        };
        let mut head = [0u8; 256];
        let read = file.read_at(&mut head, 0).unwrap_or(0);
        let head = head.get(..read).unwrap_or_default();
        if head.starts_with(b"\x7fELF") {
            return match elf::read(&file) {
                Some(elf) => self.follow_elf(path, &elf, strict),
                None => Ok(()),
            };
        }
        if let Some(script) = texts::interpreter(head) {
            let by_env = match &script.found_by_env {
                Some(program) => self.find_program(program)?.is_some(),
                None => true,
            };
            if (self.view.take(&script.path)?.is_none() || !by_env) && strict {
                return Err(lacks(script.found_by_env.as_deref().unwrap_or(&script.path), path));
            }
            return Ok(());
        }
        let small = file.metadata().is_ok_and(|metadata| metadata.len() < MAX_SCRIPT);
        if small && [".so", ".a", ".o"].iter().any(|end| path.ends_with(end)) && !head.starts_with(b"!<arch>") {
            for named in texts::linker_script(&self.view.read(path)?) {
                self.view.take(&named)?;
            }
        }
        Ok(())
    }

    fn follow_elf(&mut self, path: &str, elf: &elf::Elf, strict: bool) -> Result<(), RealiseError> {
        if let Some(interpreter) = &elf.interpreter
            && self.view.take(interpreter)?.is_none()
            && strict
        {
            return Err(lacks(interpreter, path));
        }
        for name in &elf.needed {
            if !self.libraries.take(&mut self.view, name, path, elf)? && strict {
                return Err(lacks(name, path));
            }
        }
        Ok(())
    }
}

/// What is taken of the Rust that rustup has in a home, without what links for it.
#[cfg(test)]
pub(super) fn rust_alone(root: &Path, home: &Path) -> Result<View, RealiseError> {
    let mut view = View::new(root);
    let libraries = Libraries::load(&mut view)?;
    let mut closure = Closure { view, libraries, packages: None, note: &|_| {} };
    if let Some(library) = closure.take_rustup(home)? {
        closure.library(&library)?;
    }
    Ok(closure.view)
}

/// Is it of no use without the modules that its packages hold?
fn is_perl(name: &str) -> bool {
    name.starts_with("perl")
}

/// Does it tell where its modules are?
fn is_python(name: &str) -> bool {
    name.strip_prefix("python3").is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
}

/// Something that a file of the closure names is not there.
pub(super) fn lacks(what: &str, wanted_by: &str) -> RealiseError {
    let hint = format!("'/{wanted_by}' needs it, so its package is not installed completely: install that again");
    RealiseError::HostLacks { what: what.to_owned(), hint }
}
