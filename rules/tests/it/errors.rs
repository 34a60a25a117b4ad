//! Every error as a person reads it.

use crate::space::Space;

/// Builds a workspace from `(path, text)` and shows what loading a pattern says.
fn said(files: &[(&str, &str)], patterns: &[&str]) -> String {
    let space = Space::new();
    for (path, text) in files {
        space.write(path, text);
    }
    space.errors(patterns)
}

fn said_of_build(build: &str) -> String {
    said(&[("p/BUILD", build), ("p/a.txt", ""), ("p/main.c", "")], &["//p:all"])
}

macro_rules! shows {
    ($name:ident, $text:expr) => {
        #[test]
        fn $name() {
            insta::assert_snapshot!($text);
        }
    };
}

shows!(syntax, said_of_build("filegroup(name = 'x',\n  srcs = [1 2])"));
shows!(function_in_build, said_of_build("def f():\n  pass"));
shows!(unknown_rule, said_of_build("genrul(name = 'x')"));
shows!(unknown_attribute, said_of_build("filegroup(name = 'x', src = ['a.txt'])"));
shows!(unknown_level, said_of_build("genrule(name = 'x', outs = ['o'], cmd = '', determinism = 'normalized')"));
shows!(
    own_attribute_of_levels,
    said(
        &[
            ("p/r.bzl", "r = rule(implementation = lambda ctx: [], attrs = {'determinism': attr.string()})"),
            ("p/BUILD", "load(':r.bzl', 'r')\nr(name = 'x')"),
        ],
        &["//p:x"]
    )
);
shows!(missing_attribute, said_of_build("genrule(name = 'x')"));
shows!(no_name, said_of_build("filegroup(srcs = ['a.txt'])"));
shows!(bad_name, said_of_build("filegroup(name = '../x')"));
shows!(
    wrong_types,
    said_of_build("genrule(name = 'x', srcs = 'a.txt', outs = [3], cmd = ['x'])\nfilegroup(name = 'y', srcs = {})")
);
shows!(bad_label, said_of_build("filegroup(name = 'x', srcs = ['//p//q'])"));
shows!(name_twice, said_of_build("filegroup(name = 'x')\nfilegroup(name = 'x')"));
shows!(output_twice, said_of_build("genrule(name='x', outs=['o'], cmd='')\ngenrule(name='y', outs=['o'], cmd='')"));
shows!(unknown_target, said_of_build("filegroup(name = 'x', srcs = [':yy'])\nfilegroup(name = 'yyy')"));
shows!(unknown_file, said_of_build("filegroup(name = 'x', srcs = ['b.txt'])"));
shows!(file_where_no_files, said_of_build("cc_library(name = 'x', deps = ['a.txt'])"));
shows!(wrong_ending, said_of_build("cc_library(name = 'x', srcs = ['a.txt'])"));
shows!(wrong_provider, said_of_build("cc_library(name = 'x', deps = [':f'])\nfilegroup(name = 'f')"));
shows!(
    circle,
    said(
        &[
            ("a/BUILD", "filegroup(name = 'x', srcs = ['//b:y'], visibility = ['//visibility:public'])"),
            (
                "b/BUILD",
                "filegroup(name = 'y', srcs = [':z'], visibility = ['//visibility:public'])\nfilegroup(name = 'z', srcs = ['//a:x'])"
            ),
        ],
        &["//b:y"]
    )
);
shows!(circle_with_itself, said_of_build("filegroup(name = 'x', srcs = [':x'])"));
shows!(unknown_package, said(&[("lib/BUILD", "")], &["//libb:x", "//other/deep:x"]));
shows!(no_build_file, said(&[("lib/BUILD", ""), ("doc/x", "")], &["//doc:x"]));
shows!(unknown_package_of_dep, said_of_build("filegroup(name = 'x', srcs = ['//q:y'])"));
shows!(unknown_repository, said_of_build("filegroup(name = 'x', srcs = ['@lua//:y'])"));
shows!(nothing_below, said(&[("lib/BUILD", "")], &["//libx/..."]));
shows!(
    private_target,
    said(&[("a/BUILD", "filegroup(name = 'x', srcs = ['//b:y'])"), ("b/BUILD", "filegroup(name = 'y')"),], &["//a:x"])
);
shows!(
    file_of_another_package,
    said(&[("a/BUILD", "filegroup(name = 'x', srcs = ['//b:y.txt'])"), ("b/BUILD", ""), ("b/y.txt", ""),], &["//a:x"])
);
shows!(
    across_a_package,
    said(
        &[("a/BUILD", "filegroup(name = 'x', srcs = ['b/y.txt'])"), ("a/b/BUILD", ""), ("a/b/y.txt", ""),],
        &["//a:x"]
    )
);
shows!(bad_visibility, said_of_build("filegroup(name = 'x', visibility = ['//visibility:publik'])"));
shows!(bad_pattern, said(&[("a/BUILD", "")], &["//a:..", "/a"]));
shows!(unknown_load, said(&[("a/BUILD", "load(':rulez.bzl', 'x')"), ("a/rules.bzl", "x = 1")], &["//a:all"]));
shows!(unknown_symbol, said(&[("a/BUILD", "load(':r.bzl', 'alpa')"), ("a/r.bzl", "alpha = 1")], &["//a:all"]));
shows!(
    unknown_symbol_beside_a_use,
    said(
        &[
            ("a/BUILD", "load(':r.bzl', 'alphas', b = '_hidden')\nfilegroup(name = 'x', srcs = alpha)"),
            ("a/r.bzl", "alpha = []\n_hidden = 1"),
            ("b/BUILD", "load(':s.bzl', 'beta')"),
            ("b/s.bzl", "load('//a:r.bzl', 'aplha')\nbeta = alpha"),
        ],
        &["//a:all", "//b:all"]
    )
);
shows!(
    loads_in_a_circle,
    said(
        &[
            ("a/BUILD", "load(':x.bzl', 'x')"),
            ("a/x.bzl", "load(':y.bzl', 'y')\nx = y"),
            ("a/y.bzl", "load(':x.bzl', 'x')\ny = x"),
        ],
        &["//a:all"]
    )
);
shows!(load_of_no_bzl, said(&[("a/BUILD", "load('//a:x.txt', 'x')")], &["//a:all"]));
shows!(
    fail_in_macro,
    said(
        &[
            ("a/BUILD", "load(':m.bzl', 'm')\nm(name = 'x')"),
            ("a/m.bzl", "def m(name):\n    inner(name)\n\ndef inner(name):\n    fail('no', name)"),
        ],
        &["//a:all"]
    )
);
shows!(bad_glob, said_of_build("glob(['../*'])"));
shows!(empty_glob, said_of_build("glob(['*.zig'], allow_empty = False)"));
shows!(select_without_default, said_of_build("filegroup(name = 'x', srcs = select({'//c:linux': []}))"));
shows!(package_too_late, said_of_build("filegroup(name = 'x')\npackage(default_visibility = [])"));
shows!(package_argument, said_of_build("package(default_visibilty = [])"));
shows!(
    all_errors_of_all_packages,
    said(
        &[
            ("a/BUILD", "genrul(name = 'x')"),
            ("b/BUILD", "filegroup(name = 'x', src = [])\nfilegroup(nam = 'y')"),
            ("c/BUILD", "filegroup(name = 'fine')"),
        ],
        &["//..."]
    )
);

/// A rule with that implementation, used once.
fn said_of_rule(implementation: &str, declaration: &str) -> String {
    let bzl =
        format!("Info = provider(fields = ['value'])\ndef _impl(ctx):\n{implementation}\nr = rule({declaration})");
    said(&[("p/r.bzl", &bzl), ("p/BUILD", "load(':r.bzl', 'r')\nr(name = 'x')"), ("p/a.txt", "")], &["//p:x"])
}

shows!(implementation_fails, said_of_rule("    fail('broken', ctx.label)", "implementation = _impl"));
shows!(implementation_gives_text, said_of_rule("    return 'x'", "implementation = _impl"));
shows!(output_without_action, said_of_rule("    ctx.actions.declare_file('o')", "implementation = _impl"));
shows!(promised_without_action, said_of_rule("    pass", "implementation = _impl, outputs = {'o': '%{name}.o'}"));
shows!(
    two_actions_one_output,
    said_of_rule(
        "    o = ctx.actions.declare_file('o')\n    ctx.actions.write(o, '1')\n    ctx.actions.write(o, '2')",
        "implementation = _impl"
    )
);
shows!(
    declared_twice,
    said_of_rule("    ctx.actions.declare_file('o')\n    ctx.actions.declare_file('o')", "implementation = _impl")
);
shows!(no_executable, said_of_rule("    return [DefaultInfo()]", "implementation = _impl, executable = True"));
shows!(unknown_ctx_field, said_of_rule("    ctx.fragments", "implementation = _impl"));
shows!(unknown_field_of_provider, said_of_rule("    return [Info(valu = 1)]", "implementation = _impl"));
shows!(function_in_provider, said_of_rule("    return [Info(value = _impl)]", "implementation = _impl"));
shows!(
    unknown_argument_of_run,
    said_of_rule(
        "    o = ctx.actions.declare_file('o')\n    ctx.actions.run(outputs = [o], executable = 'x', input = [])",
        "implementation = _impl"
    )
);
shows!(
    input_is_no_file,
    said_of_rule(
        "    o = ctx.actions.declare_file('o')\n    ctx.actions.run(outputs = [o], executable = 'x', inputs = ['a.txt'])",
        "implementation = _impl"
    )
);
shows!(
    own_output_as_input,
    said_of_rule(
        "    a = ctx.actions.declare_file('a')\n    b = ctx.actions.declare_file('b')\n    ctx.actions.symlink(output = a, target_file = b)\n    ctx.actions.symlink(output = b, target_file = a)\n    return [DefaultInfo(files = depset([a]))]",
        "implementation = _impl"
    )
);
shows!(
    below_another_output,
    said_of_rule(
        "    a = ctx.actions.declare_directory('a')\n    b = ctx.actions.declare_file('a/b')\n    ctx.actions.run(outputs = [a], executable = 'x')\n    ctx.actions.write(b, '')\n    return [DefaultInfo(files = depset([a]))]",
        "implementation = _impl"
    )
);
shows!(test_rule_by_another_name, said_of_rule("    pass", "implementation = _impl, test = True"));
shows!(unknown_argument_of_rule, said_of_rule("    pass", "implementation = _impl, executabel = True"));

shows!(rule_in_build, said_of_build("r = rule(implementation = None)"));
shows!(
    two_targets_one_output,
    said(
        &[
            (
                "p/r.bzl",
                "def _impl(ctx):\n    o = ctx.actions.declare_file('o')\n    ctx.actions.write(o, ctx.label.name)\n    return [DefaultInfo(files = depset([o]))]\nr = rule(implementation = _impl)"
            ),
            ("p/BUILD", "load(':r.bzl', 'r')\nr(name = 'x')\nr(name = 'y')"),
        ],
        &["//p:all"]
    )
);

#[test]
fn text_that_is_not_utf8() {
    let space = Space::new();
    space.write("p/BUILD", "");
    std::fs::write(space.folder.path().join("p/BUILD"), b"# one\n# \xff\n").unwrap();
    insta::assert_snapshot!(space.errors(&["//p:all"]));
}

#[test]
fn a_name_that_is_not_utf8() {
    use std::os::unix::ffi::OsStrExt;
    let space = Space::new();
    space.write("p/BUILD", "filegroup(name = 'x', srcs = glob(['*']))");
    let name = std::ffi::OsStr::from_bytes(b"b\xffd");
    std::fs::write(space.folder.path().join("p").join(name), "").unwrap();
    insta::assert_snapshot!(space.errors(&["//p:all"]));
}

#[test]
fn a_file_that_is_no_file() {
    let space = Space::new();
    space.write("p/BUILD", "filegroup(name = 'x', srcs = ['sock', 'loop'])");
    let folder = space.folder.path().join("p");
    let _socket = std::os::unix::net::UnixListener::bind(folder.join("sock")).unwrap();
    std::os::unix::fs::symlink("loop", folder.join("loop")).unwrap();
    insta::assert_snapshot!(space.errors(&["//p:all"]));
}

#[test]
fn a_host_that_lacks_a_program() {
    let space = Space::new();
    space.write(
        "p/BUILD",
        "load('@gx//rules:host_toolchain.bzl', 'host_toolchain')\nhost_toolchain(name = 'x', programs = ['missing'])",
    );
    insta::assert_snapshot!(space.errors(&["//p:all"]));
}

fn said_of_table(toml: &str) -> String {
    let mut space = Space::new();
    let tables: toml::Table = toml::from_str(toml).unwrap();
    for (name, table) in tables {
        space.repositories.insert(name, table.as_table().unwrap().clone());
    }
    space
        .try_open()
        .map(|_| "fine".to_owned())
        .unwrap_or_else(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

#[test]
fn bad_repositories() {
    let sha = "0".repeat(64);
    let said: Vec<String> = [
        "r = {}".to_owned(),
        "r = { kind = 'crate_archiv' }".to_owned(),
        format!("r = {{ kind = 'npm_archive', name = 'x', version = '1', type = 'zip', sha256 = '{sha}' }}"),
        format!("r = {{ kind = 'pypi_archive', name = 'x', version = '1', type = 'whl', sha256 = '{sha}' }}"),
        "r = { kind = 'debian_packages' }".to_owned(),
        "r = { kind = 'debian_packages', packages = ['GCC'] }".to_owned(),
        "r = { kind = 'debian_packages', packages = ['gcc='] }".to_owned(),
        "r = { kind = 'debian_packages', packages = ['gcc'], architecture = 'amd64' }".to_owned(),
        "r = { kind = 'debian_packages', packages = ['gcc'], architectures = ['x86 64'] }".to_owned(),
        "r = { kind = 'debian_packages', packages = ['gcc'], lock = '../lock' }".to_owned(),
        "r = { kind = 'debian_packages', packages = ['gcc'], links = { 'usr/bin/cc' = '/usr/bin/gcc' } }".to_owned(),
        format!("r = {{ kind = 'crate_archive', name = 'x', version = '1', sha265 = '{sha}' }}"),
        "r = { kind = 'crate_archive', name = 'x', version = '1', sha256 = 'abc' }".to_owned(),
        format!("r = {{ kind = 'crate_archive', name = 1, version = '1', sha256 = '{sha}' }}"),
        format!("r = {{ kind = 'http_archive', sha256 = '{sha}' }}"),
        format!("r = {{ kind = 'http_archive', url = 'ftp://x', sha256 = '{sha}' }}"),
        format!("r = {{ kind = 'http_archive', url = 'https://x/y', sha256 = '{sha}' }}"),
        format!("r = {{ kind = 'http_archive', url = 'https://x/y.tar.gz?z', sha256 = '{sha}' }}"),
        format!("gx = {{ kind = 'crate_archive', name = 'x', version = '1', sha256 = '{sha}' }}"),
        format!("r = {{ kind = 'http_archive', url = 'https://x/y.zip', sha256 = '{sha}', build_file = '/etc/x' }}"),
    ]
    .iter()
    .map(|text| said_of_table(text))
    .collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn repositories_that_cannot_be_had() {
    let mut space = Space::new();
    let sha = "1".repeat(64);
    let table = format!("kind = 'crate_archive'\nname = 'x'\nversion = '1'\nsha256 = '{sha}'");
    space.repositories.insert("r".into(), toml::from_str(&table).unwrap());
    space.repositories.insert("s".into(), toml::from_str(&format!("{table}\nbuild_file = 'no.BUILD'")).unwrap());
    let first = space.errors(&["@r//:x"]);
    space.archives.trees.lock().unwrap().insert(sha, vec![("a.c".into(), "".into())]);
    insta::assert_snapshot!([first, space.errors(&["@r//:x"]), space.errors(&["@s//:x"])].join("\n"));
}
