//! Fuzzing: one target for each parser and each wire format, with the law that it must keep whatever it is given.
//!
//! Two drivers share the targets: the programs in `fuzz/` (libFuzzer, `cargo xtask fuzz`), and a test here, which runs
//! every target over its seeds and some thousand changed copies of them, so that no target can rot. Invariants: a
//! target ends without a panic for any bytes at all, unless a law is broken; nothing here depends on time or on a
//! random number, so a failure can be had again. This file does not know what a target reads.

mod contracts;
mod formats;
mod mutate;
mod texts;

pub use mutate::{Random, mutate};

use crate::tools::repository_root;

/// A parser or wire format.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name: that of its program in `fuzz/fuzz_targets` and of its folder in `fuzz/seeds`.
    pub name: &'static str,
    /// Reads any bytes; panics when a law is broken.
    pub run: fn(&[u8]),
    /// How many changed copies of each seed the test reads: fewer where one takes long.
    pub copies: usize,
}

const fn target(name: &'static str, run: fn(&[u8])) -> Target {
    Target { name, run, copies: 3000 }
}

const fn slow(name: &'static str, run: fn(&[u8])) -> Target {
    Target { name, run, copies: 500 }
}

/// Every target, by name.
pub const TARGETS: &[Target] = &[
    target("action", formats::action),
    target("apt_words", texts::apt_words),
    target("cargo_words", texts::cargo_words),
    target("cbor", formats::cbor),
    target("daemon_wire", formats::daemon_wire),
    target("debian_lock", texts::debian_lock),
    target("derivation", formats::derivation),
    target("directory", formats::directory),
    slow("elf", formats::elf),
    target("frozen", contracts::frozen),
    target("gx_toml", texts::gx_toml),
    target("held", contracts::held),
    target("host_manifest", texts::host_manifest),
    target("host_text", formats::host_text),
    target("input_set", formats::input_set),
    slow("json_schema", contracts::json_schema),
    target("label", texts::label),
    target("outcome", formats::outcome),
    target("pattern", texts::pattern),
    target("plain_command", texts::plain_command),
    slow("prose", contracts::prose),
    target("pypi_page", texts::pypi_page),
    target("query", texts::query),
    target("row", formats::row),
    slow("sdl", contracts::sdl),
    target("spawner_wire", formats::spawner_wire),
    slow("starlark", texts::starlark),
    target("trace", contracts::trace),
    slow("unpack_deb", formats::unpack_deb),
    slow("unpack_tar", formats::unpack_tar),
    slow("unpack_tar_bz2", formats::unpack_tar_bz2),
    slow("unpack_tar_gz", formats::unpack_tar_gz),
    slow("unpack_tar_xz", formats::unpack_tar_xz),
    slow("unpack_tar_zst", formats::unpack_tar_zst),
    slow("unpack_zip", formats::unpack_zip),
    slow("upel", contracts::upel),
    slow("upel_cbor", contracts::upel_cbor),
    slow("upel_format", contracts::upel_format),
    target("wal", contracts::wal),
];

/// Runs the target of that name over some bytes.
pub fn run(name: &str, bytes: &[u8]) {
    match TARGETS.iter().find(|target| target.name == name) {
        Some(target) => (target.run)(bytes),
        None => panic!("there is no fuzz target '{name}'"),
    }
}

/// The seeds of a target: what is in its folder, in order of name, and nothing at all.
pub fn seeds(name: &str) -> Vec<(String, Vec<u8>)> {
    let folder = repository_root().join("fuzz/seeds").join(name);
    let mut seeds: Vec<(String, Vec<u8>)> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("the seeds of '{name}' cannot be read: {error}"))
        .map(|entry| {
            let path = entry.expect("a folder of seeds can be listed").path();
            let bytes = std::fs::read(&path).expect("a seed can be read");
            (path.file_name().unwrap_or_default().to_string_lossy().into_owned(), bytes)
        })
        .collect();
    seeds.sort();
    seeds.insert(0, ("nothing".to_owned(), Vec::new()));
    seeds
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use std::collections::BTreeSet;
    use std::panic::catch_unwind;

    /// Every seed and its changed copies. A failure names the seed and the number of the copy, which
    /// `mutate` makes again.
    #[test]
    fn every_target_keeps_its_law_on_its_seeds_and_on_changed_copies() {
        let mut broken = Vec::new();
        for target in TARGETS {
            let seeds = seeds(target.name);
            for (name, seed) in &seeds {
                for copy in 0..=target.copies {
                    let bytes = if copy == 0 { seed.clone() } else { mutate(&seeds, seed, copy as u64) };
                    if catch_unwind(|| (target.run)(&bytes)).is_err() {
                        let text: String = String::from_utf8_lossy(&bytes).chars().take(200).collect();
                        broken.push(format!("{} {name} copy {copy}: {text:?}", target.name));
                        break;
                    }
                }
            }
        }
        assert!(broken.is_empty(), "{}", broken.join("\n"));
    }

    /// How many seconds a target of the spec language is run for: `GX_FUZZ_SECONDS`, which CI sets to 30.
    fn seconds() -> u64 {
        std::env::var("GX_FUZZ_SECONDS").map_or(1, |it| it.parse().unwrap())
    }

    /// More copies of the seeds of one target, for its time. The clock decides how far it gets, and nothing else: a
    /// failure names the seed and the number of the copy.
    fn for_a_while(name: &str) {
        let target = TARGETS.iter().find(|target| target.name == name).unwrap();
        let seeds = seeds(name);
        let (begun, time) = (std::time::Instant::now(), std::time::Duration::from_secs(seconds()));
        let mut copy = target.copies as u64;
        while begun.elapsed() < time {
            copy += 1;
            for (seed, text) in &seeds {
                let bytes = mutate(&seeds, text, copy);
                assert!(catch_unwind(|| (target.run)(&bytes)).is_ok(), "{name} {seed} copy {copy}");
            }
        }
        println!("{name}: {} copies of {} seeds", copy - target.copies as u64, seeds.len());
    }

    #[test]
    fn upel_keeps_its_law_for_a_while() {
        for_a_while("upel");
    }

    #[test]
    fn markdown_keeps_its_law_for_a_while() {
        for_a_while("prose");
    }

    #[test]
    fn json_schema_keeps_its_law_for_a_while() {
        for_a_while("json_schema");
    }

    #[test]
    fn sdl_keeps_its_law_for_a_while() {
        for_a_while("sdl");
    }

    #[test]
    fn cbor_keeps_its_law_for_a_while() {
        for_a_while("upel_cbor");
    }

    /// A copy that is never read as anything would test nothing: most seeds are whole.
    #[test]
    fn targets_programs_and_seeds_belong_together() {
        let names = |folder: &str| -> BTreeSet<String> {
            let entries = std::fs::read_dir(repository_root().join("fuzz").join(folder)).unwrap();
            let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
            names.map(|name| name.trim_end_matches(".rs").to_owned()).collect()
        };
        let targets: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
        assert_eq!(targets, names("fuzz_targets"));
        assert_eq!(targets, names("seeds"));
        let manifest = std::fs::read_to_string(repository_root().join("fuzz/Cargo.toml")).unwrap();
        for target in TARGETS {
            let program = format!("path = \"fuzz_targets/{}.rs\"", target.name);
            assert!(manifest.contains(&program), "fuzz/Cargo.toml has no program of '{}'", target.name);
            assert!(seeds(target.name).len() > 1, "'{}' has no seeds", target.name);
            let program = format!("fuzz/fuzz_targets/{}.rs", target.name);
            let program = std::fs::read_to_string(repository_root().join(program)).unwrap();
            assert!(program.contains(&format!("run(\"{}\"", target.name)), "{program}");
        }
    }
}
