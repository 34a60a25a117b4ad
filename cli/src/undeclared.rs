//! An action failed because it did not see a file. When that file is in the workspace or made by a target, and was not
//! declared, the error names it and the attribute to add it to.
//!
//! It reads what the program wrote, so it can miss a case but only speaks of files that exist. This file does not
//! know how the action was run.

use crate::catalogue::Code;
use crate::error::Report;
use crate::outputs;
use crate::project::BUILD_FILES;
use gx_engine::Failure;
use gx_store::{Derivation, InputSetId, Plan, Work};
use std::collections::HashSet;
use std::path::Path;

/// Folders looked through at most, when a name is looked for everywhere.
const FOLDERS_MOST: usize = 20_000;

/// Adds what was forgotten to a report, when something was. `kind` gives the rule of the failed target.
pub fn explain(
    mut report: Report,
    failure: &Failure,
    plan: &Plan,
    root: &Path,
    kind: impl FnOnce() -> Option<String>,
) -> Report {
    let Some(action) = &report.action else { return report };
    let Some(planned) = plan.derivations.get(&failure.derivation) else { return report };
    let wanted = missing_names(&action.log);
    if wanted.is_empty() {
        return report;
    }
    let package = package_of(&failure.owner);
    let inputs = input_paths(&planned.derivation, plan);
    let folders = search_folders(&planned.derivation, package);
    let Some(file) = wanted.iter().find_map(|name| find(root, name, &folders, &inputs)) else {
        return match wanted.iter().find_map(|name| made(root, name, plan, &inputs)) {
            Some((file, maker)) => explain_made(report, failure, &file, maker.as_deref()),
            None => report,
        };
    };
    let kind = kind().unwrap_or_default();
    let kind = kind.strip_suffix(" rule").unwrap_or(&kind);
    let is_test_run = &*failure.mnemonic == "Test" || &*failure.mnemonic == "TestRunner";
    let attribute = attribute(&file, kind, &planned.derivation, is_test_run);
    report.code = Code(307);
    let local = match package {
        "" => Some(file.as_str()),
        package => file.strip_prefix(package).and_then(|rest| rest.strip_prefix('/')),
    };
    report = report.hint(format!("'{file}' is in the workspace but is not declared as an input of {}", failure.owner));
    match local.filter(|local| nearest_package(root, &file) == package && !local.is_empty()) {
        Some(local) if is_header(&file) && matches!(kind, "cc_binary" | "cc_test") => report.hint(format!(
            "add \"{local}\" to srcs of {owner}, or to hdrs of a cc_library that {owner} has in deps",
            owner = failure.owner
        )),
        Some(local) => report.hint(format!("add \"{local}\" to {attribute} of {}", failure.owner)),
        None => {
            let owner = nearest_package(root, &file);
            let dependency = if attribute == "hdrs" || attribute == "srcs" && is_header(&file) {
                format!("add to deps of {} a target of //{owner} that has it in hdrs", failure.owner)
            } else {
                format!("add a target of //{owner} that exports it to {attribute} of {}", failure.owner)
            };
            report.hint(dependency)
        }
    }
}

/// A file that this build or an earlier one made, as the workspace names it, and which target makes it, when that is
/// part of this build.
fn made(root: &Path, name: &str, plan: &Plan, inputs: &HashSet<String>) -> Option<(String, Option<String>)> {
    let name = name.strip_prefix("out/").or_else(|| name.strip_prefix("gx-out/")).unwrap_or(name);
    let is_it = |path: &str| path == name || path.strip_suffix(name).is_some_and(|folder| folder.ends_with('/'));
    let outputs = plan.derivations.values().flat_map(|planned| {
        let paths = planned.derivation.outputs.iter().map(|output| output.path.as_str());
        paths.map(move |path| (path, &*planned.note.owner))
    });
    let of_plan = outputs.filter(|(path, _)| !inputs.contains(*path));
    let of_plan = of_plan.filter_map(|(path, owner)| Some((path.strip_prefix("out/")?, owner)));
    // Plans have no order of their own.
    if let Some((path, owner)) = of_plan.filter(|(path, _)| is_it(path)).min() {
        return Some((path.to_owned(), Some(owner.to_owned())));
    }
    let found = anywhere(&root.join(outputs::FOLDER), name)?;
    (!inputs.contains(&format!("out/{found}"))).then_some((found, None))
}

fn explain_made(mut report: Report, failure: &Failure, file: &str, maker: Option<&str>) -> Report {
    report.code = Code(307);
    let header = is_header(file);
    let place =
        format!("srcs of {}{}", failure.owner, if header { " (or to deps, when it has it in hdrs)" } else { "" });
    match maker {
        Some(maker) => report
            .hint(format!("'{file}' is made by {maker}, which is not declared as an input of {}", failure.owner))
            .hint(format!("add \"{maker}\" to {place}")),
        None => report
            .hint(format!(
                "'{folder}/{file}' was made by an earlier build, and what makes it is not declared as an input of {owner}",
                folder = outputs::FOLDER,
                owner = failure.owner
            ))
            .hint(format!("add the target that makes it to {place}")),
    }
}

/// Names of files that the log says are not there.
fn missing_names(log: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for line in log.lines() {
        let found = [
            line.split_once("fatal error: ").map(|(_, rest)| rest),
            after_last(line, "cannot open "),
            after_last(line, "can't open "),
            after_last(line, "cannot open file "),
            after_last(line, "cannot access "),
            after_last(line, "No such file or directory: "),
            after_last(line, "cannot find "),
            line.find("No such file").and_then(|at| line.get(..at)).map(last_word),
            line.strip_suffix(": not found").map(last_word),
        ];
        for text in found.into_iter().flatten() {
            let text = text.split(": No such").next().unwrap_or(text);
            let text = text.split("' file not found").next().unwrap_or(text);
            let name = text.trim().trim_matches(|c| "'\"`:,()‘’<>".contains(c)).trim();
            let name = name.strip_prefix("/w/").or_else(|| name.strip_prefix("./")).unwrap_or(name);
            let sound = !name.is_empty()
                && !name.contains(|c: char| c.is_whitespace() || "[]".contains(c))
                && !name.starts_with('/');
            if sound && !name.split('/').any(|part| part == "..") && !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
    }
    names
}

fn after_last<'t>(line: &'t str, words: &str) -> Option<&'t str> {
    line.rfind(words).and_then(|at| line.get(at + words.len()..))
}

/// The last word before a colon: of `cat: data/x: ` it is `data/x`.
fn last_word(text: &str) -> &str {
    let text = text.trim_end().trim_end_matches(':').trim_end();
    text.rsplit([' ', '\t']).next().unwrap_or(text)
}

/// `a/b` of `//a/b:c`; a target of a repository has no package here.
fn package_of(owner: &str) -> &str {
    owner.strip_prefix("//").and_then(|rest| rest.split(':').next()).unwrap_or_default()
}

fn input_paths(derivation: &Derivation, plan: &Plan) -> HashSet<String> {
    let mut paths: HashSet<String> = derivation.inputs.iter().map(|input| input.path.to_string()).collect();
    let mut seen: HashSet<InputSetId> = HashSet::new();
    let mut left = derivation.input_sets.clone();
    while let Some(id) = left.pop() {
        if let Some(set) = plan.input_sets.get(&id).filter(|_| seen.insert(id)) {
            paths.extend(set.inputs.iter().map(|input| input.path.to_string()));
            left.extend(set.children.iter().copied());
        }
    }
    paths
}

/// Folders in which the action's program looks: the workspace, the package, and those of `-I` and its like.
fn search_folders(derivation: &Derivation, package: &str) -> Vec<String> {
    let mut folders = vec![String::new(), package.to_owned()];
    let Work::Run(run) = &derivation.work else { return folders };
    let mut arguments = run.arguments.iter();
    while let Some(argument) = arguments.next() {
        for flag in ["-I", "-iquote", "-isystem"] {
            match argument.strip_prefix(flag) {
                Some("") => folders.extend(arguments.next().cloned()),
                Some(folder) if !folder.starts_with('-') => folders.push(folder.to_owned()),
                _ => {}
            }
        }
    }
    folders
}

/// The path of a file of that name that is in the workspace and not among the inputs.
fn find(root: &Path, name: &str, folders: &[String], inputs: &HashSet<String>) -> Option<String> {
    let is_forgotten = |path: &str| !inputs.contains(path) && root.join(path).is_file();
    for folder in folders {
        let folder = folder.trim_matches('/');
        let path = if folder.is_empty() || folder == "." { name.to_owned() } else { format!("{folder}/{name}") };
        if is_forgotten(&path) {
            return Some(path);
        }
        if inputs.contains(&path) {
            return None;
        }
    }
    anywhere(root, name).filter(|path| is_forgotten(path))
}

/// The first file, in order of folders, whose path ends in `name`.
fn anywhere(root: &Path, name: &str) -> Option<String> {
    let mut folders = std::collections::VecDeque::from([String::new()]);
    let mut looked = 0;
    while let Some(folder) = folders.pop_front() {
        looked += 1;
        if looked > FOLDERS_MOST {
            return None;
        }
        let path = |below: &str| if folder.is_empty() { below.to_owned() } else { format!("{folder}/{below}") };
        let here = path(name);
        if root.join(&here).is_file() {
            return Some(here);
        }
        let Ok(entries) = std::fs::read_dir(root.join(&folder)) else { continue };
        let mut below: Vec<String> = entries
            .flatten()
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| !name.starts_with('.') && name != outputs::FOLDER)
            .collect();
        below.sort();
        folders.extend(below.iter().map(|name| path(name)));
    }
    None
}

/// The package that a file belongs to.
fn nearest_package<'f>(root: &Path, file: &'f str) -> &'f str {
    let mut folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    loop {
        let at = root.join(folder);
        if BUILD_FILES.iter().any(|name| at.join(name).is_file()) || folder.is_empty() {
            return folder;
        }
        folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
    }
}

fn is_header(file: &str) -> bool {
    let extension = file.rsplit_once('.').map_or("", |(_, extension)| extension);
    matches!(extension, "h" | "hh" | "hpp" | "hxx" | "inc" | "inl" | "ipp" | "H")
}

fn attribute(file: &str, kind: &str, derivation: &Derivation, is_test_run: bool) -> &'static str {
    let compiles = match &derivation.work {
        Work::Run(run) => run.arguments.iter().any(|argument| argument == "-c"),
        Work::Fetch(_) | Work::Builtin(_) => false,
    };
    match kind {
        "cc_library" if is_header(file) => "hdrs",
        _ if is_test_run => "data",
        _ if kind.is_empty() && compiles && is_header(file) => "hdrs",
        _ => "srcs",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_what_programs_say() {
        let names = |log: &str| missing_names(log).join(" ");
        assert_eq!(names("lib/a.c:1:10: fatal error: b.h: No such file or directory"), "b.h");
        assert_eq!(names("a.c:1:10: fatal error: 'x/b.h' file not found"), "x/b.h");
        assert_eq!(names("cat: data/names.txt: No such file or directory"), "data/names.txt");
        assert_eq!(names("/bin/sh: 1: cannot open in.txt: No such file"), "in.txt");
        assert_eq!(names("FileNotFoundError: [Errno 2] No such file or directory: '/w/a/b.txt'"), "a/b.txt");
        assert_eq!(names("sh: 1: tools/gen.sh: not found"), "tools/gen.sh");
        assert_eq!(names("all is well"), "");
        assert_eq!(names("cat: ../secret: No such file or directory"), "");
    }

    #[test]
    fn a_file_is_found_next_to_the_package_or_anywhere() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for (path, text) in [("BUILD", ""), ("lib/BUILD", ""), ("lib/b.h", ""), ("other/deep/c.h", "")] {
            std::fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            std::fs::write(root.join(path), text).unwrap();
        }
        let folders = [String::new(), "lib".to_owned()];
        let none = HashSet::new();
        assert_eq!(find(root, "b.h", &folders, &none).as_deref(), Some("lib/b.h"));
        assert_eq!(find(root, "c.h", &folders, &none).as_deref(), Some("other/deep/c.h"));
        assert_eq!(find(root, "d.h", &folders, &none), None);
        let declared = HashSet::from(["lib/b.h".to_owned()]);
        assert_eq!(find(root, "b.h", &folders, &declared), None);
        assert_eq!(nearest_package(root, "lib/b.h"), "lib");
        assert_eq!(nearest_package(root, "other/deep/c.h"), "");
    }
}
