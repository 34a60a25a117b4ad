//! `cargo xtask dist`: gx as a package for any Linux with a C library of its age, the same bytes from any folder.
//!
//! What makes bytes differ is taken out: folders are mapped to fixed names in code and messages, times are fixed, the
//! archive is in order. What a machine may lack is put in: the C++ library and the unwinder are linked statically, by
//! linker scripts that stand before the real ones. Invariants: a program that needs another library than glibc's, or
//! that holds a path of this machine, is refused. This file does not know how the archive is made (`package.rs`).

use super::package;
use anyhow::{Context, Result, bail, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

const USAGE: &str = "usage: cargo xtask dist [--check]

Compiles gx for distribution and writes target/dist/gx-VERSION-CPU-linux.tar.gz and its SHA-256. The first time
everything is compiled anew, about 15 minutes on 2 cores (5 with a warm ccache), afterwards only what changed.
--check does it a second time in a copy of the sources in another folder, and compares the bytes: as long again.";

/// Libraries that come with glibc.
const GLIBC: [&str; 7] =
    ["ld-linux-", "libc.so.", "libdl.so.", "libm.so.", "libpthread.so.", "librt.so.", "libutil.so."];
/// What stands in the place of libraries that a machine may lack: the static ones.
const STATIC: [(&str, &str); 2] =
    [("libgcc_s.so", "INPUT ( -lgcc_eh )\n"), ("libstdc++.so", "INPUT ( -l:libstdc++.a )\n")];
/// The program that links: the C compiler, with the folder of these first.
const LINK: &str = "#!/bin/sh\nexec cc -L\"${0%/*}\" \"$@\"\n";
/// Names that folders of this machine get.
const SOURCES: &str = "/gx";
const CRATES: &str = "/cargo";

/// Answers it.
pub(crate) fn command(root: &Path, arguments: &[String]) -> Result<()> {
    let check = match arguments {
        [] => false,
        [flag] if flag == "--check" => true,
        [flag] if flag == "--help" => {
            println!("{USAGE}");
            return Ok(());
        }
        _ => bail!("{USAGE}"),
    };
    let made = dist(root)?;
    if check {
        let elsewhere = tempfile::Builder::new().prefix("gx-in-another-folder-").tempdir().context("no folder")?;
        let copy = elsewhere.path().join("sources");
        copy_sources(root, &copy)?;
        let again = dist(&copy)?;
        let (first, second) = (std::fs::read(&made)?, std::fs::read(&again)?);
        if first != second {
            let kept = root.join("target/dist/other.tar.gz");
            std::fs::copy(&again, &kept).context("the other archive cannot be kept")?;
            bail!("another folder gives other bytes: compare '{}' and '{}'", made.display(), kept.display());
        }
        println!("the same {} bytes from '{}' and '{}'", first.len(), root.display(), copy.display());
    }
    Ok(())
}

/// Compiles in a folder of sources and packs; the archive.
fn dist(root: &Path) -> Result<PathBuf> {
    let began = Instant::now();
    let folder = root.join("target/dist");
    let target = host_triple()?;
    let program = compile(root, &folder, &target)?;
    let home = cargo_home()?;
    let bytes = std::fs::read(&program).with_context(|| format!("'{}' cannot be read", program.display()))?;
    needs_glibc_only(&program)?;
    for path in [root, home.as_path()] {
        ensure!(!holds(&bytes, path), "the program holds the path '{}'", path.display());
    }
    let archive = package::write(root, &folder, &program, &bytes, &target)?;
    println!("{}: {} s", archive.display(), began.elapsed().as_secs());
    Ok(archive)
}

/// Compiles gx; the program.
fn compile(root: &Path, folder: &Path, target: &str) -> Result<PathBuf> {
    let link = folder.join("link");
    std::fs::create_dir_all(&link).with_context(|| format!("'{}' cannot be made", link.display()))?;
    for (name, text) in STATIC {
        std::fs::write(link.join(name), text).with_context(|| format!("'{name}' cannot be written"))?;
    }
    let linker = link.join("cc");
    std::fs::write(&linker, LINK).context("the linker's script cannot be written")?;
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&linker, mode).context("the linker's script cannot be made executable")?;

    let home = cargo_home()?;
    let mut maps = vec![(home.as_path(), CRATES), (root, SOURCES)];
    // Of two that fit, compilers take the last.
    maps.sort_by_key(|(from, _)| from.as_os_str().len());
    let mut flags = Vec::new();
    for (from, to) in maps {
        let from = from.to_str().context("a folder whose name is not text cannot be mapped")?;
        flags.push(format!("--remap-path-prefix={from}={to}"));
    }
    let name = target.to_uppercase().replace('-', "_");
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--release", "--locked", "-p", "gx", "--target", target, "--target-dir"])
        .arg(folder.join("build"))
        .current_dir(root)
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"))
        .env(format!("CARGO_TARGET_{name}_LINKER"), &linker)
        .env("CARGO_PROFILE_RELEASE_STRIP", "symbols")
        .env("CARGO_INCREMENTAL", "0")
        // C and C++ are compiled by names relative to their crates: they need no mapping, and keep a warm ccache.
        .env_remove("CFLAGS")
        .env_remove("CXXFLAGS")
        .env("SOURCE_DATE_EPOCH", package::epoch()?.to_string())
        .env("ZERO_AR_DATE", "1")
        .status()
        .context("cargo cannot be started")?;
    ensure!(status.success(), "gx could not be compiled for distribution");
    Ok(folder.join("build").join(target).join("release/gx"))
}

/// The target that this machine is.
fn host_triple() -> Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("-vV").output().context("rustc cannot be started")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc does not say what this machine is")
}

/// Where crates lie.
fn cargo_home() -> Result<PathBuf> {
    let set = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    set("CARGO_HOME")
        .or_else(|| set("HOME").map(|home| home.join(".cargo")))
        .context("neither CARGO_HOME nor HOME is set")
}

/// Refuses a program that needs a library which does not come with glibc.
fn needs_glibc_only(program: &Path) -> Result<()> {
    let output = Command::new("readelf").arg("-dW").arg(program).output().context("readelf cannot be started")?;
    ensure!(output.status.success(), "readelf does not understand '{}'", program.display());
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let needed = needed(&said);
    ensure!(!needed.is_empty(), "'{}' names no library: it is not linked as it should be", program.display());
    let foreign: Vec<&str> =
        needed.iter().copied().filter(|name| !GLIBC.iter().any(|known| name.starts_with(known))).collect();
    ensure!(foreign.is_empty(), "gx needs more than glibc: {}", foreign.join(", "));
    println!("needs only {}", needed.join(", "));
    Ok(())
}

/// The libraries that readelf lists.
fn needed(said: &str) -> Vec<&str> {
    let lines = said.lines().filter(|line| line.contains("(NEEDED)"));
    lines.filter_map(|line| line.split_once('[')?.1.split_once(']').map(|(name, _)| name)).collect()
}

/// Is the path in the bytes?
fn holds(bytes: &[u8], path: &Path) -> bool {
    let path = path.as_os_str().as_encoded_bytes();
    bytes.windows(path.len()).any(|window| window == path)
}

/// Copies what a build reads.
fn copy_sources(root: &Path, to: &Path) -> Result<()> {
    let left = ["target", ".git", "gx-out"];
    let walk = walkdir::WalkDir::new(root).into_iter();
    for entry in walk.filter_entry(|entry| !entry.file_name().to_str().is_some_and(|name| left.contains(&name))) {
        let entry = entry.context("the sources cannot be listed")?;
        let place = to.join(entry.path().strip_prefix(root).context("a path outside of the sources")?);
        if entry.file_type().is_dir() {
            std::fs::create_dir_all(&place).with_context(|| format!("'{}' cannot be made", place.display()))?;
        } else if entry.file_type().is_file() {
            std::fs::copy(entry.path(), &place)
                .with_context(|| format!("'{}' cannot be copied", entry.path().display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_read_from_what_readelf_says() {
        let said = " 0x0000000000000001 (NEEDED)             Shared library: [libstdc++.so.6]\n \
             0x000000000000001e (FLAGS)              BIND_NOW\n \
             0x0000000000000001 (NEEDED)             Shared library: [libc.so.6]\n";
        assert_eq!(needed(said), ["libstdc++.so.6", "libc.so.6"]);
    }

    #[test]
    fn sources_are_copied_without_what_was_made() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for path in ["a/b.rs", "target/x", ".git/y", "a/target.rs"] {
            std::fs::create_dir_all(from.path().join(path).parent().unwrap()).unwrap();
            std::fs::write(from.path().join(path), path).unwrap();
        }
        let copy = to.path().join("copy");
        copy_sources(from.path(), &copy).unwrap();
        assert!(copy.join("a/b.rs").is_file() && copy.join("a/target.rs").is_file());
        assert!(!copy.join("target").exists() && !copy.join(".git").exists());
    }

    #[test]
    fn a_path_in_a_program_is_found() {
        assert!(holds(b"\0/home/me/gx/src/x.rs\0", Path::new("/home/me/gx")));
        assert!(!holds(b"\0/gx/src/x.rs\0", Path::new("/home/me/gx")));
    }
}
