//! What a C or C++ compiler says of itself: where its parts and the files it links with are.
//!
//! Asked with an empty environment and from the root, so that nothing of the person's set-up gets in.
//! Invariant: answers are paths of the tree, without repetitions, without `usr/local`.
//! This file does not know which of its files are taken.

use super::view::{folders, is_below, normal};
use gx_store::RealiseError;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Folders that a compiler looks in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Folders {
    /// For its programs.
    pub(super) programs: Vec<String>,
    /// For libraries and start files.
    pub(super) libraries: Vec<String>,
}

/// Is it a compiler for C++?
pub(super) fn is_cxx(name: &str) -> bool {
    name.contains("++")
}

/// Is it of LLVM's family?
pub(super) fn is_clang(name: &str) -> bool {
    name.contains("clang")
}

/// Where it looks for programs and libraries.
pub(super) fn search_folders(program: &Path) -> Result<Folders, RealiseError> {
    let output = ask(program, &["-print-search-dirs"])?;
    let found = parse_search_dirs(&String::from_utf8_lossy(&output.stdout));
    if found.libraries.is_empty() {
        return Err(refused(program, "-print-search-dirs named no folders"));
    }
    Ok(found)
}

fn parse_search_dirs(text: &str) -> Folders {
    let mut found = Folders::default();
    for line in text.lines() {
        let list = |rest: &str| folders(rest.trim().trim_start_matches('=').split(':').filter(|p| p.starts_with('/')));
        if let Some(rest) = line.strip_prefix("programs:") {
            found.programs = list(rest);
        } else if let Some(rest) = line.strip_prefix("libraries:") {
            found.libraries = list(rest);
        }
    }
    found
}

/// Where it looks for headers.
pub(super) fn header_folders(program: &Path, cxx: bool) -> Result<Vec<String>, RealiseError> {
    let language = if cxx { "-xc++" } else { "-xc" };
    let output = ask(program, &["-E", "-v", language, "/dev/null"])?;
    Ok(parse_header_folders(&String::from_utf8_lossy(&output.stderr)))
}

fn parse_header_folders(text: &str) -> Vec<String> {
    let listed = text.lines().skip_while(|line| !line.starts_with("#include <...>")).skip(1);
    folders(listed.take_while(|line| line.starts_with(' ')).map(str::trim).filter(|line| line.starts_with('/')))
}

/// The folder of a clang's own headers and run-time libraries.
pub(super) fn resource_folder(program: &Path) -> Result<String, RealiseError> {
    let output = ask(program, &["-print-resource-dir"])?;
    let text = String::from_utf8_lossy(&output.stdout);
    let folder = text.trim().starts_with('/').then(|| normal("", text.trim())).flatten();
    folder
        .filter(|folder| !folder.is_empty() && !is_below(folder, "usr/local"))
        .ok_or_else(|| refused(program, "-print-resource-dir named no folder"))
}

/// What a program says when it is asked so.
pub(super) fn ask(program: &Path, arguments: &[&str]) -> Result<Output, RealiseError> {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C").current_dir("/");
    // `go` would else read a file of the person's, and fetch the version that a file in the folder names.
    command.env("GOENV", "off").env("GOTOOLCHAIN", "local");
    let output = command.stdin(Stdio::null()).output().map_err(|e| refused(program, &e.to_string()))?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().next().unwrap_or("it said nothing");
    Err(refused(program, &format!("{} ended with {}: {said}", arguments.join(" "), output.status)))
}

/// It did not answer as it should.
pub(super) fn refused(program: &Path, why: &str) -> RealiseError {
    RealiseError::HostProgram { program: program.display().to_string(), why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read() {
        let text = "install: /usr/lib/gcc/t/12/\nprograms: =/usr/lib/gcc/t/12/:/usr/lib/gcc/t/12/\n\
            libraries: =/usr/lib/gcc/t/12/../../../t/:/usr/local/lib/:/lib/../lib/:relative/:/lib/\n";
        let found = parse_search_dirs(text);
        assert_eq!(found.programs, ["usr/lib/gcc/t/12"]);
        assert_eq!(found.libraries, ["usr/lib/t", "lib"]);
        let text = "ignoring x\n#include \"...\" search starts here:\n#include <...> search starts here:\n \
            /usr/lib/gcc/t/12/include\n /usr/local/include\n /usr/include\nEnd of search list.\n /not/this\n";
        assert_eq!(parse_header_folders(text), ["usr/lib/gcc/t/12/include", "usr/include"]);
    }

    #[test]
    fn a_program_that_refuses_is_named() {
        insta::assert_snapshot!(search_folders(Path::new("/bin/false")).unwrap_err().to_string());
        insta::assert_snapshot!(search_folders(Path::new("/bin/true")).unwrap_err().to_string());
    }
}
