//! Lua, SQLite and lz4 from their upstream sources, built and put to work.

use gx_tests::{TestSpace, skipped};
use std::process::{Command, Stdio};

/// Can cargo get crates here: from its cache, or over the network? In CI this must hold.
pub(crate) fn crates_can_be_fetched() -> bool {
    let folder = std::env::var_os("CARGO_HOME").map(std::path::PathBuf::from);
    let home = folder.or_else(|| std::env::var_os("HOME").map(|home| std::path::Path::new(&home).join(".cargo")));
    let cache = home.map(|home| home.join("registry/cache"));
    let cached =
        cache.and_then(|cache| std::fs::read_dir(cache).ok()).into_iter().flatten().flatten().any(|registry| {
            ["lua52-sys-0.1.3", "sqlite3-src-0.7.1", "lz4-sys-1.11.1+lz4-1.10.0"]
                .iter()
                .all(|name| registry.path().join(format!("{name}.crate")).is_file())
        });
    cached || {
        let mut info = Command::new("cargo");
        info.args(["info", "--quiet", "lua52-sys@0.1.3"]).stdout(Stdio::null()).stderr(Stdio::null());
        info.status().is_ok_and(|status| status.success())
    }
}

#[test]
fn the_programs_pass_their_tests_and_the_second_time_nothing_runs() {
    if !crates_can_be_fetched() {
        return skipped("no crates can be fetched here");
    }
    let space = TestSpace::of_example("third_party");
    let first = space.test(&["//..."]).ok();
    let labels = ["//tests:lua_test", "//tests:lz4_test", "//tests:sqlite_test"];
    let expected: Vec<_> = labels.iter().map(|label| ((*label).to_owned(), "PASSED".to_owned(), false)).collect();
    assert_eq!(first.tests(), expected, "{}", first.told());
    space.test(&["//..."]).expect_run(0);

    space.build(&["@lua//:lua", "@sqlite//:sqlite3", "@lz4//:lz4"]).expect_run(0);
    let version = space.run(["run", "@lua//:lua", "--", "-v"]).ok();
    assert!(version.stdout.contains("Lua 5.2.4") || version.stderr.contains("Lua 5.2.4"), "{}", version.told());

    // A broken expectation is noticed: the comparison is real.
    space.edit("tests/script.expected", "60\t7\t6", "61\t7\t6");
    let run = space.test(&["//..."]).expect(3);
    let failed: Vec<_> = run.tests().into_iter().filter(|test| test.1 == "FAILED").map(|test| test.0).collect();
    assert_eq!(failed, ["//tests:lua_test"]);
}

#[test]
fn wrong_bytes_are_refused() {
    if !crates_can_be_fetched() {
        return skipped("no crates can be fetched here");
    }
    let space = TestSpace::of_example("third_party");
    let gx_toml = space.read("gx.toml");
    space.edit("gx.toml", "sha256 = \"d2905d3e", "sha256 = \"00005d3e");
    let run = space.run(["build", "@lua//:lua"]);
    assert_eq!(run.code, Some(1), "{}", run.told());
    assert!(run.stderr.contains("00005d3e") && run.stderr.contains("d2905d3e"), "{}", run.told());
    space.write("gx.toml", gx_toml);
}

#[test]
fn an_archive_of_a_file_url_is_a_repository() {
    let space = TestSpace::new();
    let archive = space.path("vendor/tiny-1.0.tar.gz");
    space.write("make/tiny-1.0/src/tiny.c", "int tiny(void) { return 11; }\n");
    space.write("make/tiny-1.0/include/tiny.h", "int tiny(void);\n");
    std::fs::create_dir_all(archive.parent().unwrap()).unwrap();
    let mut tar = Command::new("tar");
    let made = tar.arg("-czf").arg(&archive).arg("-C").arg(space.path("make")).arg("tiny-1.0").status().unwrap();
    assert!(made.success());
    let sum = Command::new("sha256sum").arg(&archive).output().unwrap();
    let sum = String::from_utf8(sum.stdout).unwrap();
    let sha256 = sum.split(' ').next().unwrap();
    space.write(
        "gx.toml",
        format!(
            "[repositories.tiny]\nkind = 'http_archive'\nurls = ['file://{}']\nsha256 = '{sha256}'\n\
             strip_prefix = 'tiny-1.0'\nbuild_file = 'tiny.BUILD.gx'\n",
            archive.display()
        ),
    );
    space.write(
        "tiny.BUILD.gx",
        "cc_library(name = 'tiny', srcs = glob(['src/*.c']), hdrs = ['include/tiny.h'], includes = ['include'],\n\
         visibility = ['//visibility:public'])\n",
    );
    space.write("BUILD.gx", "cc_binary(name = 'main', srcs = ['main.c'], deps = ['@tiny//:tiny'])\n");
    space.write("main.c", "#include <tiny.h>\nint main(void) { return tiny() - 11; }\n");
    space.run(["run", "//:main"]).ok();
    space.build(&["//:main"]).expect_run(0);
}

/// Packages of pip and npm, from where these are set to look; each test of a kind says when it cannot.
fn package(kind: &str, fields: &str, file: &str) -> Option<TestSpace> {
    let space = TestSpace::new();
    let content = format!("exports_files(['{file}'])\n");
    space.write("x.BUILD.gx", content);
    space.write("gx.toml", format!("[repositories.x]\nkind = '{kind}'\nbuild_file = 'x.BUILD.gx'\n{fields}"));
    space
        .write("BUILD.gx", format!("genrule(name = 'g', srcs = ['@x//:{file}'], outs = ['o'], cmd = 'cat $< > $@')\n"));
    let run = space.run(["build", "//:g"]);
    match run.code {
        Some(0) => Some(space),
        _ if run.stderr.contains("GX0603") => {
            skipped(&format!("{kind}: no package can be fetched here: {}", run.stderr.trim()));
            None
        }
        _ => panic!("{}", run.told()),
    }
}

#[test]
fn a_python_package_is_a_repository() {
    let sdist = "name = 'six'\nversion = '1.16.0'\n\
                 sha256 = '1e61c37477a1626458e36f7b1d82aa5c9b094fa4802892072e49de9c60c4c926'\n";
    let Some(space) = package("pypi_archive", sdist, "six.py") else { return };
    assert!(space.read("gx-out/o").contains("__version__ = \"1.16.0\""));
    let wheel = "name = 'six'\nversion = '1.16.0'\ntype = 'zip'\n\
                 sha256 = '8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254'\n";
    let Some(wheel) = package("pypi_archive", wheel, "six.py") else { return };
    assert_eq!(wheel.read("gx-out/o"), space.read("gx-out/o"));
}

#[test]
fn a_package_of_npm_is_a_repository() {
    let fields = "name = 'left-pad'\nversion = '1.3.0'\n\
                  sha256 = '870c0fe1096223a58d4f8832d08a7e651ea2fcadb8e6877b2fdc26b662d481dd'\n";
    let Some(space) = package("npm_archive", fields, "index.js") else { return };
    assert!(space.read("gx-out/o").contains("leftPad"));
    space.edit("gx.toml", "870c0fe1", "00000000");
    let run = space.run(["build", "//:g"]);
    assert!(run.code == Some(1) && run.stderr.contains("GX0604") && run.stderr.contains("870c0fe1"), "{}", run.told());
}
