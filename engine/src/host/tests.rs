//! Tests of the import against this host.

use super::*;
use gx_store::{HashFunction, Trees};

fn spec(programs: &[&str], compilers: &[&str]) -> HostSpec {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    HostSpec { programs: names(programs), compilers: names(compilers) }
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
    let tree = memory::recall(&store, &spec(&["awk", "sh"], &[])).unwrap().unwrap().tree;
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
