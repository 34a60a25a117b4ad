//! Languages beyond C: their programs, and where each says that its own library is.
//!
//! A language's program is asked (`sysconfig`, `go env`, `java -XshowSettings`, ...), with an empty environment and
//! from the root, as compilers are. Invariant: answers are paths of the tree; a path in them decides nothing by itself,
//! the closure takes what the packages there own. This file does not know which files are taken.

use super::compiler::{ask, refused};
use super::view::normal;
use gx_store::{HostSpec, RealiseError};
use std::collections::BTreeSet;
use std::path::Path;

/// A language that a `host_toolchain` may name.
#[derive(Debug)]
pub(super) struct Language {
    name: &'static str,
    /// Programs that it is nothing without; each is asked.
    pub(super) programs: &'static [&'static str],
    /// Programs that are taken where they are.
    pub(super) others: &'static [&'static str],
    /// Compilers that it cannot do without: rustc has `cc` link.
    compilers: &'static [&'static str],
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    C,
    Go,
    Java,
    Node,
    Python,
    Rust,
}

const LANGUAGES: [Language; 7] = [
    Language { name: "c", programs: &[], others: &[], compilers: &["gcc"], kind: Kind::C },
    Language { name: "c++", programs: &[], others: &[], compilers: &["g++", "gcc"], kind: Kind::C },
    Language { name: "go", programs: &["go"], others: &["gofmt"], compilers: &[], kind: Kind::Go },
    Language { name: "java", programs: &["javac", "java"], others: &["jar"], compilers: &[], kind: Kind::Java },
    Language { name: "node", programs: &["node"], others: &[], compilers: &[], kind: Kind::Node },
    Language { name: "python", programs: &["python3"], others: &[], compilers: &[], kind: Kind::Python },
    Language {
        name: "rust",
        programs: &["rustc"],
        others: &["cargo", "rustdoc"],
        compilers: &["gcc"],
        kind: Kind::Rust,
    },
];

/// Where a language's own library is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Library {
    /// Its folders.
    pub(super) folders: Vec<String>,
    /// Files of these, or folders of files, that tell which packages it came with and where it really lies.
    pub(super) keys: &'static [&'static str],
    /// Single files, there or elsewhere.
    pub(super) files: Vec<String>,
    /// Are these files all of it?
    pub(super) listed: bool,
    /// What directly in its folders is no part of it.
    pub(super) skip: &'static [&'static str],
}

/// The languages of a request, and the compilers with those that languages need.
pub(super) fn wanted(spec: &HostSpec) -> Result<(Vec<&'static Language>, Vec<String>), RealiseError> {
    let mut languages = Vec::new();
    let mut compilers: BTreeSet<String> = spec.compilers.iter().cloned().collect();
    for name in &spec.languages {
        let Some(language) = LANGUAGES.iter().find(|language| language.name == name.as_str()) else {
            let known: Vec<&str> = LANGUAGES.iter().map(|language| language.name).collect();
            let hint = format!("languages that are known: {}", known.join(", "));
            return Err(RealiseError::HostLacks { what: name.clone(), hint });
        };
        compilers.extend(language.compilers.iter().map(|name| (*name).to_owned()));
        languages.push(language);
    }
    Ok((languages, compilers.into_iter().collect()))
}

impl Language {
    /// Is it looked for where rustup keeps it?
    pub(super) fn is_rust(&self) -> bool {
        self.kind == Kind::Rust
    }

    /// Asks a program of the language's own for its library.
    pub(super) fn library(&self, program: &Path) -> Result<Library, RealiseError> {
        match self.kind {
            Kind::C => Ok(Library::default()),
            Kind::Go => go(program),
            Kind::Java => java(program),
            Kind::Node => node(program),
            Kind::Python => python(program),
            Kind::Rust => rust(program),
        }
    }

    /// What to install where the host lacks it.
    pub(super) fn hint(&self) -> String {
        let packages = match self.kind {
            Kind::C => "gcc libc6-dev",
            Kind::Go => "golang-go",
            Kind::Java => "default-jdk-headless",
            Kind::Node => "nodejs",
            Kind::Python => "python3",
            Kind::Rust => "rustc cargo",
        };
        let rustup = if self.is_rust() { ", or with rustup" } else { "" };
        format!(
            "apt-get install {packages}{rustup}; or have gx pin it: a repository of kind 'debian_packages' and \
             `{} = \"//...\"` in `[toolchains]` of gx.toml, as in examples/pinned",
            self.name
        )
    }
}

/// The library of a Python.
pub(super) fn python(program: &Path) -> Result<Library, RealiseError> {
    // `-B`: asking leaves no compiled modules behind.
    let code = "import sysconfig; p = sysconfig.get_paths(); print(p['stdlib']); print(p['platstdlib'])";
    let said = answer(program, &["-I", "-S", "-B", "-c", code])?;
    let mut folders: Vec<String> = said.lines().filter_map(folder).collect();
    folders.dedup();
    named(
        program,
        Library { folders, keys: &["encodings/__init__.py", "json/__init__.py", "os.py"], ..Library::default() },
    )
}

fn go(program: &Path) -> Result<Library, RealiseError> {
    let folders = answer(program, &["env", "GOROOT"])?.lines().filter_map(folder).collect();
    let keys = &["VERSION", "bin/go", "pkg/include/textflag.h", "src/fmt/print.go"];
    named(program, Library { folders, keys, skip: &["api", "doc", "misc", "test"], ..Library::default() })
}

fn java(program: &Path) -> Result<Library, RealiseError> {
    // The compiler hands options with `-J` to the machine that it runs on.
    let passed = if program.ends_with("java") { "-XshowSettings:properties" } else { "-J-XshowSettings:properties" };
    let output = ask(program, &[passed, "-version"])?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    let homes = said.lines().filter_map(|line| line.trim().strip_prefix("java.home = "));
    let folders = homes.filter_map(folder).collect();
    let keys = &["bin/java", "bin/javac", "lib/libjava.so", "lib/modules"];
    let skip = &["docs", "legal", "man", "src.zip"];
    named(program, Library { folders, keys, skip, ..Library::default() })
}

fn node(program: &Path) -> Result<Library, RealiseError> {
    // Debian has parts of node's own library as files of their own, and says so here.
    let code = "Object.values(process.config.variables).filter(v => /^\\/.*\\.(js|wasm)$/.test(v)).join('\\n')";
    let files = answer(program, &["-p", code])?.lines().filter_map(folder).collect();
    Ok(Library { files, ..Library::default() })
}

fn rust(program: &Path) -> Result<Library, RealiseError> {
    let (root, host) = sysroot(program)?;
    Ok(Library { folders: vec![format!("{root}/lib/rustlib/{host}")], keys: &["lib"], ..Library::default() })
}

/// Where a rustc has everything, and the target that it runs on.
pub(super) fn sysroot(rustc: &Path) -> Result<(String, String), RealiseError> {
    let root = answer(rustc, &["--print", "sysroot"])?.lines().next().and_then(folder);
    let root = root.ok_or_else(|| refused(rustc, "--print sysroot named no folder"))?;
    let version = answer(rustc, &["-vV"])?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let fits = |host: &&str| !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    let host = host.filter(fits).ok_or_else(|| refused(rustc, "-vV named no host"))?;
    Ok((root, host.to_owned()))
}

/// What a program prints.
fn answer(program: &Path, arguments: &[&str]) -> Result<String, RealiseError> {
    ask(program, arguments).map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// An absolute path as one of the tree.
fn folder(line: &str) -> Option<String> {
    let line = line.trim();
    line.starts_with('/').then(|| normal("", line)).flatten().filter(|path| !path.is_empty())
}

fn named(program: &Path, library: Library) -> Result<Library, RealiseError> {
    if library.folders.is_empty() { Err(refused(program, "it named no folder of its library")) } else { Ok(library) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(languages: &[&str], compilers: &[&str]) -> HostSpec {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        HostSpec { compilers: names(compilers), languages: names(languages), ..HostSpec::default() }
    }

    #[test]
    fn languages_bring_the_compilers_that_they_need() {
        let compilers = |spec: &HostSpec| wanted(spec).unwrap().1;
        assert_eq!(compilers(&spec(&["rust"], &[])), ["gcc"]);
        assert_eq!(compilers(&spec(&["c++", "go"], &["clang"])), ["clang", "g++", "gcc"]);
        assert!(compilers(&spec(&["python", "java", "node"], &[])).is_empty());
        let error = wanted(&spec(&["cobol"], &[])).unwrap_err();
        let RealiseError::HostLacks { hint, .. } = &error else { panic!("{error}") };
        insta::assert_snapshot!(format!("{error} ({hint})"));
    }

    /// A program that answers so.
    fn says(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("said"), text).unwrap();
        let program = folder.path().join("program");
        std::fs::write(&program, format!("#!/bin/sh\ncat {}/said\n", folder.path().display())).unwrap();
        std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        (folder, program)
    }

    #[test]
    fn answers_are_read() {
        let (_a, python_says) = says("/usr/lib/python3.11\n/usr/lib/python3.11\n");
        let found = python(&python_says).unwrap();
        assert_eq!(found.folders, ["usr/lib/python3.11"]);
        let (_b, java_says) =
            says("Property settings:\n    java.home = /usr/lib/jvm/x/../j\n    java.io.tmpdir = /tmp\n");
        assert_eq!(java(&java_says).unwrap().folders, ["usr/lib/jvm/j"]);
        let (_c, rust_says) = says("/home/me/rust\nhost: x86_64-unknown-linux-gnu\n");
        insta::assert_debug_snapshot!(sysroot(&rust_says).map_err(|e| e.to_string().contains("named no")));
        let (_d, silent) = says("relative\n");
        for refusal in [python(&silent), go(&silent), java(&silent), rust(&silent)] {
            assert!(refusal.unwrap_err().to_string().contains("named no"));
        }
        assert_eq!(node(&silent).unwrap(), Library::default());
    }
}
