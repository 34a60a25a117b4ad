//! The archive of a distribution: the program, completions, licences and what to read first, in one order, of one time.
//!
//! Invariant: the same contents give the same bytes, whoever packs them, wherever and whenever. Licences of everything
//! that is linked in come from the crates' own folders. This file does not know how the program is compiled.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Files of the sources that come along.
const TEXTS: [&str; 4] = ["CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "README.md"];
/// Shells, and what their completions are called.
const SHELLS: [(&str, &str); 3] = [("bash", "gx.bash"), ("fish", "gx.fish"), ("zsh", "_gx")];
/// How files of licences begin.
const LICENCES: [&str; 5] = ["COPYING", "LICENCE", "LICENSE", "NOTICE", "UNLICENSE"];
const THIRD_PARTY: &str = "THIRD-PARTY-LICENSES.txt";

/// Writes the archive and its SHA-256 into `folder`; the archive.
pub(crate) fn write(root: &Path, folder: &Path, program: &Path, bytes: &[u8], target: &str) -> Result<PathBuf> {
    let cpu = target.split('-').next().unwrap_or_default();
    let name = format!("gx-{}-{cpu}-linux", env!("CARGO_PKG_VERSION"));
    let mut files = BTreeMap::from([("bin/gx".to_owned(), bytes.to_vec())]);
    for text in TEXTS {
        let read = std::fs::read(root.join(text)).with_context(|| format!("'{text}' cannot be read"))?;
        files.insert(text.to_owned(), read);
    }
    for (shell, file) in SHELLS {
        let output = Command::new(program).args(["completion", shell]).output().context("gx cannot be started")?;
        ensure!(output.status.success() && !output.stdout.is_empty(), "gx gives no completions for {shell}");
        files.insert(format!("completions/{file}"), output.stdout);
    }
    files.insert(THIRD_PARTY.to_owned(), third_party(root, target)?.into_bytes());
    let packed = pack(&name, &files, epoch()?)?;
    let archive = folder.join(format!("{name}.tar.gz"));
    std::fs::write(&archive, &packed).with_context(|| format!("'{}' cannot be written", archive.display()))?;
    let hash: String = Sha256::digest(&packed).iter().map(|byte| format!("{byte:02x}")).collect();
    let line = format!("{hash}  {name}.tar.gz\n");
    print!("{line}");
    std::fs::write(folder.join(format!("{name}.tar.gz.sha256")), line).context("the sum cannot be written")?;
    Ok(archive)
}

/// The time of everything, in seconds since 1970.
pub(crate) fn epoch() -> Result<u64> {
    let Some(set) = std::env::var_os("SOURCE_DATE_EPOCH") else { return Ok(0) };
    set.to_str().and_then(|set| set.parse().ok()).context("SOURCE_DATE_EPOCH is no number of seconds")
}

fn pack(name: &str, files: &BTreeMap<String, Vec<u8>>, epoch: u64) -> Result<Vec<u8>> {
    let gzip = flate2::GzBuilder::new().mtime(0).write(Vec::new(), flate2::Compression::best());
    let mut tar = tar::Builder::new(gzip);
    for (path, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(content.len() as u64);
        header.set_mode(if path.starts_with("bin/") { 0o755 } else { 0o644 });
        header.set_mtime(epoch);
        header.set_uid(0);
        header.set_gid(0);
        tar.append_data(&mut header, format!("{name}/{path}"), content.as_slice()).context("packing failed")?;
    }
    let gzip = tar.into_inner().context("packing failed")?;
    gzip.finish().context("packing failed")
}

/// The licences of everything that is linked in: each text once, with the crates that have it.
fn third_party(root: &Path, target: &str) -> Result<String> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["metadata", "--locked", "--format-version", "1", "--filter-platform", target])
        .current_dir(root)
        .output()
        .context("cargo cannot be started")?;
    ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata is not understood")?;
    let mut texts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut named = Vec::new();
    for (crate_name, licence, folder) in linked(&metadata)? {
        named.push(format!("{crate_name}: {licence}\n"));
        for file in licences(&folder) {
            let text = std::fs::read(&file).with_context(|| format!("'{}' cannot be read", file.display()))?;
            texts.entry(String::from_utf8_lossy(&text).into_owned()).or_default().insert(crate_name.clone());
        }
    }
    named.sort();
    let mut all = format!("gx is linked with the libraries below.\n\n{}", named.concat());
    let mut texts: Vec<(BTreeSet<String>, String)> = texts.into_iter().map(|(text, names)| (names, text)).collect();
    texts.sort();
    for (names, text) in texts {
        let names: Vec<String> = names.into_iter().collect();
        all.push_str(&format!("\n{}\n{}\n\n{}\n", "=".repeat(80), names.join(", "), text.trim_end()));
    }
    Ok(all)
}

/// Crates of others that the program contains: name and version, licence, folder.
fn linked(metadata: &Value) -> Result<Vec<(String, String, PathBuf)>> {
    let list = |value: &Value, key: &str| value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let nodes: BTreeMap<String, Value> = list(metadata.get("resolve").unwrap_or(&Value::Null), "nodes")
        .into_iter()
        .map(|node| (text(&node, "id"), node))
        .collect();
    let packages = list(metadata, "packages");
    let first = packages.iter().find(|package| text(package, "name") == "gx").context("no package 'gx'")?;
    let (mut ahead, mut seen) = (vec![text(first, "id")], BTreeSet::new());
    while let Some(next) = ahead.pop() {
        if !seen.insert(next.clone()) {
            continue;
        }
        let dependencies = nodes.get(&next).map(|node| list(node, "deps")).unwrap_or_default();
        let normal = dependencies
            .iter()
            .filter(|it| list(it, "dep_kinds").iter().any(|kind| kind.get("kind").is_none_or(Value::is_null)));
        ahead.extend(normal.map(|it| text(it, "pkg")));
    }
    // A package without a source is one of this workspace.
    let others = packages.iter().filter(|it| seen.contains(&text(it, "id")) && !text(it, "source").is_empty());
    let mut found = Vec::new();
    for package in others {
        let name = format!("{} {}", text(package, "name"), text(package, "version"));
        let manifest = PathBuf::from(text(package, "manifest_path"));
        let folder = manifest.parent().context("a manifest without a folder")?.to_path_buf();
        found.push((name, text(package, "license"), folder));
    }
    found.sort();
    Ok(found)
}

fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The licences in a crate's folder, and in the folders directly in it: sources of others lie there.
fn licences(folder: &Path) -> Vec<PathBuf> {
    let walk = walkdir::WalkDir::new(folder).max_depth(2).sort_by_file_name().into_iter().flatten();
    let named = |name: &str| LICENCES.iter().any(|start| name.to_ascii_uppercase().starts_with(start));
    walk.filter(|entry| entry.file_type().is_file() && entry.file_name().to_str().is_some_and(named))
        .map(walkdir::DirEntry::into_path)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_contents_give_the_same_archive() {
        let files = BTreeMap::from([("bin/gx".to_owned(), b"x".to_vec()), ("README.md".to_owned(), b"y".to_vec())]);
        let packed = pack("gx-1", &files, 7).unwrap();
        assert_eq!(packed, pack("gx-1", &files, 7).unwrap());
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(packed.as_slice()));
        let entries = archive.entries().unwrap().map(|entry| {
            let entry = entry.unwrap();
            let header = entry.header();
            let path = entry.path().unwrap().display().to_string();
            (path, header.mode().unwrap(), header.mtime().unwrap(), header.uid().unwrap())
        });
        let expected = [("gx-1/README.md".to_owned(), 0o644, 7, 0), ("gx-1/bin/gx".to_owned(), 0o755, 7, 0)];
        assert_eq!(entries.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_is_linked_is_found_without_what_only_builds_or_tests() {
        let dependency = |name: &str, kind: Value| serde_json::json!({"pkg": name, "dep_kinds": [{"kind": kind}]});
        let node = |name: &str, deps: Vec<Value>| serde_json::json!({"id": name, "deps": deps});
        let package = |name: &str, source: Value| {
            let manifest = format!("/c/{name}/Cargo.toml");
            serde_json::json!({"id": name, "name": name, "version": "1", "license": "MIT", "source": source,
                "manifest_path": manifest})
        };
        let metadata = serde_json::json!({
            "packages": [package("gx", Value::Null), package("store", Value::Null), package("a", "r".into()),
                package("b", "r".into()), package("cc", "r".into())],
            "resolve": {"nodes": [
                node("gx", vec![dependency("store", Value::Null), dependency("b", "dev".into())]),
                node("store", vec![dependency("a", Value::Null), dependency("cc", "build".into())]),
                node("a", vec![]), node("b", vec![]), node("cc", vec![]),
            ]},
        });
        let found = linked(&metadata).unwrap();
        assert_eq!(found, [("a 1".to_owned(), "MIT".to_owned(), PathBuf::from("/c/a"))]);
    }
}
