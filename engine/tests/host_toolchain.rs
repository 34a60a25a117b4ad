//! The imported toolchain, put to work where nothing else of the host can be seen.
//!
//! Needs gcc, g++ and bwrap; where one is missing the test says so and does nothing.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends when something is wrong")]

use gx_engine::host::{HostImporter, Manifest};
use gx_store::{Blobs, HashFunction, HostImport, HostSpec, HostTools, RealiseError, RelPath, Store};
use std::path::{Path, PathBuf};
use std::process::Command;

const PROGRAMS: [&str; 60] = [
    "awk",
    "basename",
    "bash",
    "cat",
    "chmod",
    "cmp",
    "comm",
    "cp",
    "cut",
    "date",
    "dd",
    "diff",
    "dirname",
    "du",
    "echo",
    "egrep",
    "env",
    "expr",
    "false",
    "find",
    "fold",
    "grep",
    "gzip",
    "head",
    "id",
    "install",
    "join",
    "ln",
    "ls",
    "md5sum",
    "mkdir",
    "mkfifo",
    "mktemp",
    "mv",
    "nl",
    "od",
    "paste",
    "printf",
    "pwd",
    "readlink",
    "realpath",
    "rm",
    "rmdir",
    "sed",
    "seq",
    "sh",
    "sha256sum",
    "sleep",
    "sort",
    "stat",
    "tail",
    "tar",
    "tee",
    "touch",
    "tr",
    "true",
    "uniq",
    "wc",
    "xargs",
    "yes",
];

fn spec(compilers: &[&str]) -> HostSpec {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    HostSpec { programs: names(&PROGRAMS), compilers: names(compilers), ..HostSpec::default() }
}

/// The import, or a loud word and `None` where this host has no such compilers.
fn import(importer: &HostImporter, compilers: &[&str]) -> Option<HostImport> {
    match importer.import(&spec(compilers)) {
        Ok(import) => Some(import),
        Err(RealiseError::HostLacks { what, hint }) => {
            println!("SKIPPED: this host has no {what} ({hint})");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

fn manifest(store: &Store, import: &HostImport) -> Manifest {
    Manifest::parse(&String::from_utf8(store.blob(&import.manifest).unwrap()).unwrap()).unwrap()
}

fn has(manifest: &Manifest, path: &str) -> bool {
    manifest.entries.contains_key(&RelPath::new(path).unwrap())
}

/// Runs a script in `work` with the tree as everything there is.
fn run(tree: &Path, work: &Path, script: &str) -> Option<Result<String, String>> {
    let mut bwrap = Command::new("bwrap");
    bwrap.args(["--unshare-all", "--die-with-parent", "--clearenv", "--dev", "/dev", "--proc", "/proc"]);
    bwrap.args(["--tmpfs", "/tmp", "--setenv", "PATH", "/usr/bin:/bin", "--setenv", "LC_ALL", "C.UTF-8"]);
    for entry in std::fs::read_dir(tree).unwrap() {
        let (path, name) = entry.map(|e| (e.path(), e.file_name().into_string().unwrap())).unwrap();
        match std::fs::read_link(&path) {
            Ok(target) => bwrap.arg("--symlink").arg(target).arg(format!("/{name}")),
            Err(_) => bwrap.arg("--ro-bind").arg(&path).arg(format!("/{name}")),
        };
    }
    bwrap.arg("--bind").arg(work).args(["/w", "--chdir", "/w", "sh", "-ec", script]);
    match bwrap.output() {
        Err(error) => {
            println!("SKIPPED: bwrap cannot be started: {error}");
            None
        }
        Ok(output) if !output.status.success() && output.stderr.starts_with(b"bwrap: ") => {
            println!("SKIPPED: {}", String::from_utf8_lossy(&output.stderr));
            None
        }
        Ok(output) => {
            let said =
                format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            Some(if output.status.success() { Ok(said) } else { Err(format!("{}\n{said}", output.status)) })
        }
    }
}

fn tree_of(store: &Store, import: &HostImport) -> PathBuf {
    let tree = manifest(store, import).put_tree(store).unwrap();
    store.materialise(&tree).unwrap()
}

const SOURCES: [(&str, &str); 4] = [
    ("lib.c", "#include <math.h>\n#include <pthread.h>\nint answer(void) { return (int)lround(sqrt(1764.0)); }\n"),
    (
        "main.c",
        r#"
#include <linux/limits.h>
#include <stdio.h>
int answer(void);
int main(void) { printf("%d\n", answer()); }
"#,
    ),
    (
        "main.cc",
        r#"
#include <iostream>
#include <stdexcept>
extern "C" int answer(void);
int main() {
    try { throw std::runtime_error("c++"); }
    catch (const std::exception &e) { std::cout << e.what() << answer() << "\n"; }
}
"#,
    ),
    ("zlib.c", "#include <zlib.h>\n"),
];

const SCRIPT: &str = "
gcc -O2 -g -c lib.c -o lib.o && ar rcs libanswer.a lib.o && ranlib libanswer.a
gcc -O2 -Wall -c main.c -o main.o && gcc main.o -L. -lanswer -lm -lpthread -o main && ./main
gcc -flto -O2 lib.c main.c -lm -o lto && ./lto
gcc -static main.c lib.c -lm -o static && ./static
gcc -shared -fPIC lib.c -lm -o libanswer.so && gcc main.c ./libanswer.so -o shared && ./shared
g++ -std=c++17 main.cc libanswer.a -lm -o cxx && ./cxx
gcc -fuse-ld=gold main.c lib.c -lm -o gold && ./gold
gcc -fsanitize=undefined main.c lib.c -lm -o ubsan && ./ubsan
objdump -d main.o | grep -q main && nm main.o | grep -q answer && strip main && ./main
if gcc -c zlib.c 2>err; then echo 'zlib.h was found'; exit 1; fi
grep -q 'zlib.h: No such file' err
seq 3 | awk '{ s += $1 } END { print s }'
mkdir d && echo x > d/f && tar czf d.tar.gz d && tar tzf d.tar.gz | sort | xargs echo
find d -type f | sed 's/f$/g/' ; diff d/f d/f ; bash -c 'echo ${BASH_VERSION:+bash}'
printf 'ä' | wc -m
";

fn c_and_cxx_programs_are_built_and_run_with_the_tree_alone(store: &Store) {
    let importer = HostImporter::new(store.clone());
    let Some(imported) = import(&importer, &["gcc", "g++", "cc", "c++", "cpp"]) else { return };
    let listed = manifest(store, &imported);
    assert!(!has(&listed, "usr/include/zlib.h"), "a header of an undeclared package is in the tree");
    assert!(!has(&listed, "etc/ld.so.cache"));
    assert!(
        listed
            .entries
            .keys()
            .all(|path| !path.as_str().starts_with("usr/local") && !path.as_str().contains("alternatives"))
    );
    let tree = tree_of(store, &imported);
    let work = tempfile::tempdir().unwrap();
    for (name, text) in SOURCES {
        std::fs::write(work.path().join(name), text).unwrap();
    }
    let Some(said) = run(&tree, work.path(), SCRIPT) else { return };
    let said = said.unwrap_or_else(|said| panic!("{said}"));
    let expected = "42\n42\n42\n42\nc++42\n42\n42\n42\n6\nd/ d/f\nd/g\nbash\n1\n";
    assert_eq!(said, expected);
}

fn a_toolchain_for_c_has_nothing_of_cxx(store: &Store) {
    let importer = HostImporter::new(store.clone());
    let Some(imported) = import(&importer, &["gcc"]) else { return };
    let listed = manifest(store, &imported);
    for path in listed.entries.keys().map(RelPath::as_str) {
        assert!(!path.contains("cc1plus") && !path.contains("include/c++"), "{path}");
    }
}

fn without_dpkg_the_folders_of_the_compiler_are_taken(store: &Store) {
    let importer = HostImporter::new(store.clone()).without_packages();
    let Some(imported) = import(&importer, &["gcc", "g++"]) else { return };
    let tree = tree_of(store, &imported);
    let work = tempfile::tempdir().unwrap();
    for (name, text) in SOURCES {
        std::fs::write(work.path().join(name), text).unwrap();
    }
    let script = "gcc main.c lib.c -lm -o main && ./main && gcc -c lib.c && g++ main.cc lib.o -lm -o cxx && ./cxx";
    if let Some(said) = run(&tree, work.path(), script) {
        assert_eq!(said.unwrap_or_else(|said| panic!("{said}")), "42\nc++42\n");
    }
}

fn interpreters_bring_their_modules(store: &Store) {
    let scripts = [
        ("perl", "perl -MPOSIX -MList::Util=sum -e 'print floor(1.5) + sum(20, 21), \"\\n\"'"),
        ("python3", "python3 -c 'import json, math; print(json.dumps(math.floor(42.5)))'"),
    ];
    for (program, script) in scripts {
        let spec = HostSpec { programs: vec!["sh".to_owned(), program.to_owned()], ..HostSpec::default() };
        let imported = match HostImporter::new(store.clone()).import(&spec) {
            Ok(imported) => imported,
            Err(error) => {
                println!("SKIPPED: {error}");
                continue;
            }
        };
        let work = tempfile::tempdir().unwrap();
        if let Some(said) = run(&tree_of(store, &imported), work.path(), script) {
            assert_eq!(said.unwrap_or_else(|said| panic!("{program}: {said}")), "42\n", "{program}");
        }
    }
}

/// One test, so that the files are brought into one store once.
#[test]
fn what_the_tree_holds_is_enough_and_nothing_more() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::in_memory(folder.path(), HashFunction::Blake3);
    c_and_cxx_programs_are_built_and_run_with_the_tree_alone(&store);
    a_toolchain_for_c_has_nothing_of_cxx(&store);
    without_dpkg_the_folders_of_the_compiler_are_taken(&store);
    interpreters_bring_their_modules(&store);
}
