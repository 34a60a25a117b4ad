//! Tests of the import against this host.

use super::*;
use gx_store::{HashFunction, Trees};

fn spec(programs: &[&str], compilers: &[&str]) -> HostSpec {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    HostSpec { programs: names(programs), compilers: names(compilers), ..HostSpec::default() }
}

fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::in_memory(folder.path(), HashFunction::Blake3);
    (folder, store)
}

fn listed(store: &Store, import: &HostImport) -> Manifest {
    Manifest::parse(&String::from_utf8(store.blob(&import.manifest).unwrap()).unwrap()).unwrap()
}

#[test]
fn a_shell_brings_its_loader_and_libraries_and_nothing_else() {
    let (_folder, store) = store();
    let manifest = listed(&store, &HostImporter::new(store.clone()).import(&spec(&["sh"], &[])).unwrap());
    let paths: Vec<&str> = manifest.entries.keys().map(RelPath::as_str).collect();
    assert!(paths.contains(&"usr/bin/sh"), "{paths:?}");
    assert!(paths.iter().any(|path| path.contains("libc.so.6")), "{paths:?}");
    assert!(paths.iter().any(|path| path.contains("/ld-")), "{paths:?}");
    assert!(paths.len() < 35, "{paths:?}");
}

#[test]
fn two_imports_are_equal_and_the_second_is_remembered() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let log = told.clone();
    let (_folder, store) = store();
    let importer = HostImporter::new(store.clone())
        .with_progress(Arc::new(move |progress| log.lock().unwrap().push(progress.clone())));
    let first = importer.import(&spec(&["sh", "awk"], &[])).unwrap();
    assert_eq!(importer.import(&spec(&["awk", "sh", "sh"], &[])).unwrap(), first);
    // Another process recalls it from the store.
    assert_eq!(HostImporter::new(store.clone()).import(&spec(&["sh", "awk"], &[])).unwrap(), first);
    let expected = [
        HostProgress::Looking,
        HostProgress::Importing { files: first.files },
        HostProgress::Imported { files: first.files },
    ];
    assert_eq!(*told.lock().unwrap(), expected);
    let (_other_folder, other) = self::store();
    assert_eq!(HostImporter::new(other).import(&spec(&["sh", "awk"], &[])).unwrap(), first);
    let tree = memory::recall(&store, &(spec(&["awk", "sh"], &[]), None)).unwrap().unwrap().tree;
    assert!(store.has_tree(&tree).unwrap());
}

#[test]
fn a_changed_host_is_imported_again() {
    let (host, (_folder, store)) = (tempfile::tempdir().unwrap(), store());
    std::fs::create_dir_all(host.path().join("usr/bin")).unwrap();
    let tool = host.path().join("usr/bin/tool");
    let write = |content: &str| {
        use std::os::unix::fs::PermissionsExt;
        std::fs::write(&tool, content).unwrap();
        std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    let importer = HostImporter { root: host.path().into(), ..HostImporter::new(store) };
    let wanted = spec(&["tool"], &[]);
    write("one");
    let first = importer.import(&wanted).unwrap();
    assert_eq!(importer.import(&wanted).unwrap(), first);
    write("three");
    let second = importer.import(&wanted).unwrap();
    assert_ne!(second, first);
    // Something that was absent and looked for comes before what was found.
    std::fs::remove_file(&tool).unwrap();
    insta::assert_snapshot!(importer.import(&wanted).unwrap_err().to_string());
    write("three");
    assert_eq!(importer.import(&wanted).unwrap(), second);
}

#[test]
fn what_left_the_store_is_brought_in_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), HashFunction::Blake3).unwrap();
    let importer = HostImporter::new(store.clone());
    let wanted = spec(&["sh"], &[]);
    let first = importer.import(&wanted).unwrap();
    // Nothing keeps it, so a collection takes everything.
    store.gc(&gx_store::GcOptions::default()).unwrap();
    assert!(!store.has_blob(&first.manifest).unwrap());
    assert_eq!(importer.import(&wanted).unwrap(), first);
    let present = |importer: &HostImporter| {
        assert_eq!(importer.import(&wanted).unwrap(), first);
        listed(&store, &first).entries.values().flatten().all(|node| match node {
            Node::File { blob, .. } => store.has_blob(blob).unwrap(),
            _ => true,
        })
    };
    assert!(present(&importer));
    assert!(present(&HostImporter::new(store.clone())));
}

#[test]
fn what_is_missing_is_named_with_a_hint() {
    let (host, (_folder, store)) = (tempfile::tempdir().unwrap(), store());
    std::fs::create_dir_all(host.path().join("usr/bin")).unwrap();
    let script = host.path().join("usr/bin/script");
    std::fs::write(&script, "#!/usr/bin/env nothing\n").unwrap();
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let importer = HostImporter { root: host.path().into(), ..HostImporter::new(store) };
    let said: Vec<String> = [spec(&["jq"], &[]), spec(&[], &["gcc"]), spec(&["../sh"], &[]), spec(&["script"], &[])]
        .iter()
        .map(|spec| match importer.import(spec) {
            Err(error @ RealiseError::HostLacks { .. }) => {
                let RealiseError::HostLacks { hint, .. } = &error else { unreachable!() };
                format!("{error} ({hint})")
            }
            other => panic!("{other:?}"),
        })
        .collect();
    insta::assert_snapshot!(said.join("\n"));
}

/// A host with a Python whose library is owned by a package, and with what others put beside it.
fn host_with_python() -> tempfile::TempDir {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let host = tempfile::tempdir().unwrap();
    let library = "usr/lib/python3.1";
    let owned =
        ["encodings/__init__.py", "json/__init__.py", "os.py", "site.py"].map(|file| format!("{library}/{file}"));
    let foreign = ["__pycache__/os.pyc", "mine.py", "site-packages/x.py"].map(|file| format!("{library}/{file}"));
    let elsewhere = ["etc/python3.1/site.py".to_owned(), "etc/ssl/generated".to_owned()];
    for path in owned.iter().chain(&foreign).chain(&elsewhere) {
        let path = host.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "text").unwrap();
    }
    for (link, to) in [("conf.py", "/etc/python3.1/site.py"), ("certs", "/etc/ssl/generated"), ("linked", "json")] {
        symlink(to, host.path().join(library).join(link)).unwrap();
    }
    std::fs::create_dir_all(host.path().join("usr/bin")).unwrap();
    let program = host.path().join("usr/bin/python3");
    // It answers as the host's own shell has it: the tree's programs are not run by the import.
    std::fs::write(&program, format!("#!/bin/sh\necho /{library}\n")).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::create_dir_all(host.path().join("bin")).unwrap();
    std::fs::copy(&program, host.path().join("bin/sh")).unwrap();
    let lists = host.path().join("var/lib/dpkg/info");
    std::fs::create_dir_all(&lists).unwrap();
    let links = ["conf.py", "certs", "linked"].map(|link| format!("/{library}/{link}\n")).concat();
    let lines: String = owned.iter().map(|file| format!("/{file}\n")).collect();
    std::fs::write(lists.join("libpython.list"), lines + &links + "/etc/python3.1/site.py\n").unwrap();
    host
}

#[test]
fn of_a_library_what_its_packages_have_is_taken() {
    let (host, (_folder, store)) = (host_with_python(), store());
    let wanted = HostSpec { languages: vec!["python".to_owned()], ..HostSpec::default() };
    let paths = |importer: HostImporter| {
        let importer = HostImporter { root: host.path().into(), ..importer };
        let manifest = listed(&store, &importer.import(&wanted).unwrap());
        manifest.entries.keys().map(|path| path.to_string()).collect::<Vec<_>>().join("\n")
    };
    let with_packages = paths(HostImporter::new(store.clone()));
    let without = paths(HostImporter::new(store.clone()).without_packages());
    insta::assert_snapshot!(format!("where dpkg knows:\n{with_packages}\n\nwhere it does not:\n{without}"));
}

#[test]
fn of_a_package_what_no_program_reads_is_left_out_and_what_it_depends_on_is_not() {
    let (host, (_folder, store)) = (tempfile::tempdir().unwrap(), store());
    let write = |path: &str, text: &str| {
        let path = host.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let section = |name: &str, rest: &str| {
        format!("Package: {name}\nStatus: install ok installed\nArchitecture: amd64\n{rest}\n")
    };
    write("var/lib/dpkg/status", &(section("tool", "Depends: part (>= 1)\n") + &section("part", "")));
    let owned = ["/usr/bin/tool", "/usr/lib/tool/data", "/usr/lib/tool/made", "/usr/share/doc/tool/read.me"];
    write("var/lib/dpkg/info/tool.list", &(owned.join("\n") + "\n"));
    write("var/lib/dpkg/info/part:amd64.list", "/usr/share/part/x\n");
    for path in ["usr/bin/tool", "usr/lib/tool/data", "usr/share/doc/tool/read.me", "usr/share/part/x", "etc/made"] {
        write(path, "it");
    }
    write("usr/lib/tool/found", "by nobody");
    std::os::unix::fs::symlink("/etc/made", host.path().join("usr/lib/tool/made")).unwrap();
    let importer = HostImporter { root: host.path().into(), ..HostImporter::new(store.clone()) };
    let asked = |name: &str| HostSpec { packages: vec![name.to_owned()], ..HostSpec::default() };
    let manifest = listed(&store, &importer.import(&asked("tool")).unwrap());
    let paths: Vec<String> = manifest.entries.keys().map(|path| path.to_string()).collect();
    assert_eq!(paths, ["usr/bin/tool", "usr/lib/tool/data", "usr/share/part/x"]);
    match importer.import(&asked("other")) {
        Err(RealiseError::HostLacks { what, hint }) => {
            assert_eq!((what.as_str(), hint.as_str()), ("package other", "apt-get install other"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_language_that_is_not_there_is_named_with_its_packages() {
    let (host, (_folder, store)) = (tempfile::tempdir().unwrap(), store());
    let by_hand = host.path().join("usr/local/bin/node");
    std::fs::create_dir_all(by_hand.parent().unwrap()).unwrap();
    std::fs::write(&by_hand, "").unwrap();
    let importer = HostImporter { root: host.path().into(), ..HostImporter::new(store) };
    let said: Vec<String> = ["go", "java", "node", "python", "rust"]
        .iter()
        .map(|language| {
            let spec = HostSpec { languages: vec![(*language).to_owned()], ..HostSpec::default() };
            match importer.import(&spec) {
                Err(RealiseError::HostLacks { what, hint }) => format!("{language}: the host has no '{what}' ({hint})"),
                other => panic!("{other:?}"),
            }
        })
        .collect();
    insta::assert_snapshot!(said.join("\n"));
}

/// A home with a toolchain of rustup: rustc answers as a script.
fn home_with_rust(host: &Path, home: &str) {
    let toolchain = host.join(home).join("toolchains/stable-x");
    let write = |path: &str, text: &str| {
        let path = toolchain.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    };
    write("bin/rustc", "#!/bin/sh\necho /ignored\necho host: x\n");
    write("bin/cargo", "#!/bin/sh\n");
    write("bin/cargo-clippy", "#!/bin/sh\n");
    write("lib/rustlib/x/lib/libstd.rlib", "std");
    write("lib/rustlib/wasm/lib/libstd.rlib", "another target");
    write("lib/rustlib/manifest-rustc-x", "file:bin/rustc\nfile:share/doc/x\n");
    write("lib/rustlib/manifest-cargo-x", "file:bin/cargo\n");
    write("lib/rustlib/manifest-rust-std-x", "file:lib/rustlib/x/lib/libstd.rlib\n");
    std::fs::write(host.join(home).join("settings.toml"), "default_toolchain = \"stable-x\"\n").unwrap();
}

#[test]
fn rust_of_two_homes_is_one_tree() {
    let host = tempfile::tempdir().unwrap();
    for home in ["home/a/.rustup", "usr/local/rustup"] {
        home_with_rust(host.path(), home);
    }
    let trees: Vec<Vec<(String, view::Entry)>> = ["/home/a/.rustup", "/usr/local/rustup"]
        .iter()
        .map(|home| closure::rust_alone(host.path(), Path::new(home)).unwrap().entries.into_iter().collect())
        .collect();
    let paths = |tree: &[(String, view::Entry)]| tree.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>();
    assert_eq!(paths(&trees[0]), paths(&trees[1]));
    insta::assert_debug_snapshot!(trees[0]);
}
