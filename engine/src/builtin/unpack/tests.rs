//! Tests of `unpack`: archives made here, good and bad.

use super::super::testing::{call, folder_output, path, store};
use super::*;
use ::tar::{Builder, EntryType, Header};
use gx_store::Trees;
use std::io::Write;

fn entry(builder: &mut Builder<Vec<u8>>, name: &[u8], kind: EntryType, mode: u32, target: &str, content: &[u8]) {
    let mut header = Header::new_gnu();
    header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name);
    header.as_gnu_mut().unwrap().linkname[..target.len()].copy_from_slice(target.as_bytes());
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(content.len() as u64);
    header.set_mtime(7);
    header.set_cksum();
    builder.append(&header, content).unwrap();
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let options = lzma_rust2::XzOptions::with_preset(1);
    let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ::bzip2::write::BzEncoder::new(Vec::new(), ::bzip2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An `ar` archive, as dpkg-deb writes it.
fn deb(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = b"!<arch>\n".to_vec();
    for (name, content) in members {
        let head = format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, 100644, content.len());
        bytes.extend(head.as_bytes());
        bytes.extend(*content);
        if content.len() % 2 == 1 {
            bytes.push(b'\n');
        }
    }
    bytes
}

fn good() -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    entry(&mut builder, b"./p/", EntryType::Directory, 0o755, "", b"");
    entry(&mut builder, b"p/run", EntryType::Regular, 0o4755, "", b"#!/bin/sh\n");
    entry(&mut builder, b"p/a b", EntryType::Regular, 0o644, "", b"old");
    entry(&mut builder, b"p/hard", EntryType::Link, 0o644, "p/a b", b"");
    entry(&mut builder, b"p/a b", EntryType::Regular, 0o644, "", b"new");
    entry(&mut builder, b"p/empty/", EntryType::Directory, 0o755, "", b"");
    entry(&mut builder, b"p/l", EntryType::Symlink, 0o777, "empty/../run", b"");
    entry(&mut builder, b"other", EntryType::Regular, 0o644, "", b"outside");
    builder.into_inner().unwrap()
}

fn unpack_with(unpack: Unpack, bytes: &[u8], arguments: &[(&str, &str)]) -> Result<(Store, gx_store::TreeId), String> {
    let (_folder, store) = store();
    let blob = store.put_blob(bytes).unwrap();
    let inputs = BTreeMap::from([(path("out/x.archive"), Node::File { blob, executable: false })]);
    let made = unpack.call(&call("unpack", 1, arguments), &inputs, &folder_output("out/x"), &store);
    match made.map_err(|e| e.to_string())?.pop() {
        Some((_, Node::Directory(tree))) => Ok((store, tree)),
        other => panic!("{other:?}"),
    }
}

fn unpack(bytes: &[u8], kind: &str, prefix: &str) -> Result<String, String> {
    unpack_with(Unpack::default(), bytes, &[("type", kind), ("strip_prefix", prefix)])
        .map(|(store, tree)| list(&store, &tree, ""))
}

fn list(store: &Store, tree: &gx_store::TreeId, above: &str) -> String {
    let mut text = String::new();
    for (name, node) in &store.tree(tree).unwrap().entries {
        match node {
            Node::File { blob, executable } => {
                let content = String::from_utf8_lossy(&store.blob(blob).unwrap()).into_owned();
                let shown =
                    if content.len() < 40 { format!("{content:?}") } else { format!("{} bytes", content.len()) };
                text += &format!("{above}{name}{} {shown}\n", if *executable { "*" } else { "" });
            }
            Node::Symlink(target) => text += &format!("{above}{name} -> {target}\n"),
            Node::Directory(tree) => {
                text += &format!("{above}{name}/\n{}", list(store, tree, &format!("{above}{name}/")));
            }
        }
    }
    text
}

#[test]
fn golden() {
    let arguments = [("type", "tar.gz"), ("strip_prefix", "p")];
    let (store, tree) = unpack_with(Unpack::default(), &gzip(&good()), &arguments).unwrap();
    insta::assert_snapshot!(list(&store, &tree, ""));
    // A changed digest needs a changed revision.
    assert_eq!(tree.to_string(), "73ba4164db5228bad800f553ab8bff664ec794f66870d06fb2aaf38205c8d2f9");
    let (_, plain) = unpack_with(Unpack::default(), &good(), &[("type", "tar"), ("strip_prefix", "p/")]).unwrap();
    assert_eq!(plain, tree);
}

#[test]
fn long_names_and_large_members() {
    let mut builder = Builder::new(Vec::new());
    builder.mode(::tar::HeaderMode::Deterministic);
    let long = format!("{}/{}", "d".repeat(120), "n".repeat(150));
    let large = vec![b'x'; 3 << 20];
    let mut header = Header::new_gnu();
    header.set_size(large.len() as u64);
    header.set_mode(0o644);
    header.set_cksum();
    builder.append_data(&mut header, &long, large.as_slice()).unwrap();
    builder.append_pax_extensions([("path", "päx/name".as_bytes())]).unwrap();
    entry(&mut builder, b"short", EntryType::Regular, 0o644, "", b"pax");
    let listed = unpack(&builder.into_inner().unwrap(), "tar", "").unwrap();
    let listed = listed.replace(&"d".repeat(120), "<120 d>").replace(&"n".repeat(150), "<150 n>");
    insta::assert_snapshot!(listed);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(300))]
    #[test]
    fn damaged_archives_are_read_without_a_panic(changes: Vec<(u32, u8)>, length: u16) {
        let deb = deb(&[("debian-binary", b"2.0\n"), ("control.tar", &good()), ("data.tar.xz", &xz(&good()))]);
        let made = [
            ("tar", good()),
            ("tar.gz", gzip(&good())),
            ("tar.xz", xz(&good())),
            ("tar.zst", zstd(&good())),
            ("tar.bz2", bzip2(&good())),
            ("zip", good_zip()),
            ("deb", deb),
        ];
        for (kind, mut bytes) in made {
            for (at, byte) in &changes {
                let at = *at as usize % bytes.len();
                bytes[at] = *byte;
            }
            bytes.truncate(bytes.len().saturating_sub(usize::from(length) % 512));
            let limits = Limits { bytes: 1 << 24, ..Limits::default() };
            let _ = unpack_with(Unpack { limits }, &bytes, &[("type", kind)]);
        }
    }
}

#[test]
fn deep_members_are_refused() {
    let mut builder = Builder::new(Vec::new());
    let mut header = Header::new_gnu();
    header.set_size(0);
    header.set_mode(0o644);
    header.set_cksum();
    builder.append_data(&mut header, "d/".repeat(300) + "f", std::io::empty()).unwrap();
    let said = unpack(&builder.into_inner().unwrap(), "tar", "").unwrap_err();
    assert!(said.ends_with("lies below more than 256 folders"), "{said}");
}

#[test]
fn bad_members_are_refused() {
    let one = |name: &[u8], kind, target: &str| {
        let mut builder = Builder::new(Vec::new());
        entry(&mut builder, b"d/e/", EntryType::Directory, 0o755, "", b"");
        entry(&mut builder, b"d/up", EntryType::Symlink, 0o755, "..", b"");
        entry(&mut builder, name, kind, 0o644, target, b"");
        unpack(&builder.into_inner().unwrap(), "tar", "").unwrap_err()
    };
    let said = [
        one(b"../x", EntryType::Regular, ""),
        one(b"d/../../x", EntryType::Regular, ""),
        one(b"/etc/passwd", EntryType::Regular, ""),
        one(b"d/\xff", EntryType::Regular, ""),
        one(b"d", EntryType::Regular, ""),
        one(b"l", EntryType::Symlink, "/etc/passwd"),
        one(b"l", EntryType::Symlink, "../x"),
        one(b"l", EntryType::Symlink, "d/up/../x"),
        one(b"l", EntryType::Link, "nothing"),
        one(b"l", EntryType::Link, "../x"),
        one(b"null", EntryType::Char, ""),
        one(b"odd", EntryType::new(b'Q'), ""),
    ];
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn bad_archives_are_refused() {
    let mut short = gzip(&good());
    short.truncate(short.len() / 2);
    let mut wrong = gzip(&good());
    let crc = wrong.len() - 8;
    wrong[crc] ^= 1;
    let said = [
        unpack(&good(), "tar.gz", "").unwrap_err(),
        unpack(b"<!DOCTYPE html>", "tar.gz", "").unwrap_err(),
        unpack(b"", "tar.gz", "").unwrap_err(),
        unpack(b"", "tar", "").unwrap_err(),
        unpack(b"PK\x03\x04", "tar.gz", "").unwrap_err(),
        unpack(b"PK\x03\x04", "zip", "").unwrap_err(),
        unpack(&short, "tar.gz", "").unwrap_err(),
        unpack(&wrong, "tar.gz", "").unwrap_err(),
        unpack(&good(), "tar", "q").unwrap_err(),
        unpack(&good(), "tar", "../q").unwrap_err(),
        unpack(&good(), "rar", "").unwrap_err(),
    ];
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn bombs_are_refused() {
    let limits = Limits { members: 3, bytes: 1 << 22, base: 1 << 16, ratio: 2 };
    let unpack = |bytes: &[u8], kind| unpack_with(Unpack { limits }, bytes, &[("type", kind)]).map(|_| ()).unwrap_err();
    let mut builder = Builder::new(Vec::new());
    entry(&mut builder, b"zeros", EntryType::Regular, 0o644, "", &vec![0; 1 << 20]);
    let mut zip = ::zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("zeros", ::zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(&vec![0; 1 << 20]).unwrap();
    let zeros = builder.into_inner().unwrap();
    let mut control = Builder::new(Vec::new());
    entry(&mut control, b"control", EntryType::Regular, 0o644, "", b"Package: x\n");
    let control = control.into_inner().unwrap();
    let package = deb(&[("debian-binary", b"2.0\n"), ("control.tar", &control), ("data.tar.xz", &xz(&zeros))]);
    let said = [
        unpack(&gzip(&zeros), "tar.gz"),
        unpack(&xz(&zeros), "tar.xz"),
        unpack(&zstd(&zeros), "tar.zst"),
        unpack(&bzip2(&zeros), "tar.bz2"),
        unpack(&package, "deb"),
        unpack(&gzip(&good()), "tar.gz"),
        unpack(&zip.finish().unwrap().into_inner(), "zip"),
    ];
    insta::assert_snapshot!(said.join("\n"));
}

fn good_zip() -> Vec<u8> {
    let mut zip = ::zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let mode = |mode| ::zip::write::SimpleFileOptions::default().unix_permissions(mode);
    zip.add_directory("p/empty", mode(0o755)).unwrap();
    zip.start_file("p/run", mode(0o755)).unwrap();
    zip.write_all(b"#!/bin/sh\n").unwrap();
    for name in ["p/a b", "p/hard"] {
        zip.start_file(name, mode(0o644)).unwrap();
        zip.write_all(if name == "p/hard" { b"old" } else { b"new" }).unwrap();
    }
    zip.add_symlink("p/l", "empty/../run", mode(0o777)).unwrap();
    zip.finish().unwrap().into_inner()
}

#[test]
fn zip_gives_what_tar_gives() {
    assert_eq!(unpack(&good_zip(), "zip", "p"), unpack(&good(), "tar", "p"));
}

#[test]
fn every_packing_gives_the_same_tree() {
    let plain = unpack(&good(), "tar", "p").unwrap();
    let twice = |half: fn(&[u8]) -> Vec<u8>| {
        let good = good();
        let (a, b) = good.split_at(good.len() / 2);
        [half(a), half(b)].concat()
    };
    for (kind, pack) in
        [("tar.gz", gzip as fn(&[u8]) -> Vec<u8>), ("tar.xz", xz), ("tar.zst", zstd), ("tar.bz2", bzip2)]
    {
        assert_eq!(unpack(&pack(&good()), kind, "p").as_ref(), Ok(&plain), "{kind}");
        assert_eq!(unpack(&twice(pack), kind, "p").as_ref(), Ok(&plain), "{kind} in two streams");
        let mut short = pack(&good());
        short.truncate(short.len() / 2);
        assert!(unpack(&short, kind, "p").is_err(), "{kind} cut off");
        let other = if kind == "tar.gz" { "tar.xz" } else { "tar.gz" };
        let said = unpack(&pack(&good()), other, "p").unwrap_err();
        assert!(said.ends_with(&format!("(say type = \"{kind}\")")), "{said}");
    }
}

#[test]
fn a_package_gives_control_and_data() {
    let mut data = Builder::new(Vec::new());
    entry(&mut data, b"./", EntryType::Directory, 0o755, "", b"");
    entry(&mut data, b"./usr/bin/run", EntryType::Regular, 0o755, "", b"#!/bin/sh\n");
    entry(&mut data, b"./usr/bin/edit", EntryType::Symlink, 0o777, "/etc/alternatives/edit", b"");
    entry(&mut data, b"./usr/root", EntryType::Symlink, 0o777, "/", b"");
    entry(&mut data, b"./top", EntryType::Symlink, 0o777, "/usr", b"");
    entry(&mut data, b"./usr/bin/hard", EntryType::Link, 0o755, "./usr/bin/run", b"");
    let mut control = Builder::new(Vec::new());
    entry(&mut control, b"./control", EntryType::Regular, 0o644, "", b"Package: x\n");
    let (data, control) = (data.into_inner().unwrap(), control.into_inner().unwrap());
    let pack = |data: (&str, &[u8])| {
        deb(&[("debian-binary", b"2.0\n"), ("_gpgorigin", b"odd"), ("control.tar.gz", &gzip(&control)), data])
    };
    let plain = unpack(&pack(("data.tar", &data)), "deb", "").unwrap();
    insta::assert_snapshot!(plain);
    for (name, packed) in [("data.tar.xz", xz(&data)), ("data.tar.zst", zstd(&data)), ("data.tar.gz", gzip(&data))] {
        assert_eq!(unpack(&pack((name, &packed)), "deb", "").as_ref(), Ok(&plain), "{name}");
    }
    let (_, tree) = unpack_with(Unpack::default(), &pack(("data.tar", &data)), &[("type", "deb")]).unwrap();
    // A changed digest needs a changed revision.
    assert_eq!(tree.to_string(), "46ed0d1a7db890791fe90c59a6c7fe6af6df82598aa42f9c00f40e2e8350aac8");
}

#[test]
fn bad_packages_are_refused() {
    let tar = good();
    let mut escaping = Builder::new(Vec::new());
    entry(&mut escaping, b"l", EntryType::Symlink, 0o777, "../../x", b"");
    let escaping = escaping.into_inner().unwrap();
    let binary = ("debian-binary", b"2.0\n".as_slice());
    let whole = deb(&[binary, ("control.tar", &tar), ("data.tar", &tar)]);
    let mut damaged = whole.clone();
    damaged[8 + 58] = b'?';
    let said = [
        unpack(b"!<arch>\n", "deb", ""),
        unpack(&tar, "deb", ""),
        unpack(&whole[..whole.len() - 700], "deb", ""),
        unpack(&whole[..100], "deb", ""),
        unpack(&damaged, "deb", ""),
        unpack(&deb(&[("debian-binary", b"3.0\n"), ("control.tar", &tar)]), "deb", ""),
        unpack(&deb(&[("control.tar", &tar), ("data.tar", &tar)]), "deb", ""),
        unpack(&deb(&[binary, ("control.tar", &tar)]), "deb", ""),
        unpack(&deb(&[binary, ("data.tar", &tar)]), "deb", ""),
        unpack(&deb(&[binary, ("control.tar.lzma", &tar)]), "deb", ""),
        unpack(&deb(&[binary, ("control.tar", &tar), ("data.tar.xz", &tar)]), "deb", ""),
        unpack(&deb(&[binary, ("control.tar", &tar), ("data.tar", &escaping)]), "deb", ""),
        unpack(&deb(&[binary, ("control.tar", &tar), ("data.tar", &tar), ("more", b"")]), "deb", ""),
    ];
    insta::assert_snapshot!(said.map(Result::unwrap_err).join("\n"));
}
