//! cc_library, cc_binary and cc_test: flags, headers, libraries, debug information.

use gx_tests::TestSpace;

fn space(files: &[(&str, &str)]) -> TestSpace {
    let space = TestSpace::new();
    for (path, text) in files {
        space.write(path, text);
    }
    space
}

#[test]
fn defines_includes_and_copts_reach_whom_they_should() {
    let space = space(&[
        (
            "lib/BUILD.gx",
            r#"
cc_library(
    name = "lib",
    srcs = ["lib.c", "private.h"],
    hdrs = ["inc/lib.h"],
    includes = ["inc"],
    defines = ["SHARED=7", 'TEXT=\\"a\\ b\\"'],
    local_defines = ["OWN=3"],
    copts = ["-DCOPT=2 -Wall", "-Werror"],
    visibility = ["//visibility:public"],
)
"#,
        ),
        ("lib/inc/lib.h", "int lib(void);\n"),
        ("lib/private.h", "#define PRIVATE 1\n"),
        (
            "lib/lib.c",
            "#include <lib.h>\n#include \"private.h\"\nint lib(void) { return SHARED + OWN + COPT + PRIVATE; }\n",
        ),
        ("BUILD.gx", "cc_binary(name = 'main', srcs = ['main.c'], deps = ['//lib'])\n"),
        (
            "main.c",
            "#include <lib.h>\n#include <stdio.h>\n\
             #ifdef OWN\n#error leaked\n#endif\n#ifdef COPT\n#error leaked\n#endif\n\
             int main(void) { printf(\"%d %d %s\\n\", lib(), SHARED, TEXT); return 0; }\n",
        ),
    ]);
    assert_eq!(space.run(["run", "//:main"]).ok().stdout, "13 7 a b\n");
}

#[test]
fn libraries_are_linked_in_the_right_order_and_once() {
    let space = space(&[
        (
            "BUILD.gx",
            r#"
cc_library(name = "base", srcs = ["base.c"])
cc_library(name = "left", srcs = ["left.c"], deps = [":base"])
cc_library(name = "right", srcs = ["right.c"], deps = [":base"], linkopts = ["-lm"])
cc_binary(name = "main", srcs = ["main.c"], deps = [":left", ":right"])
"#,
        ),
        ("base.c", "int base(void) { return 1; }\n"),
        ("left.c", "int base(void); int left(void) { return base() + 1; }\n"),
        (
            "right.c",
            "#include <math.h>\nint base(void);\n\
             int right(void) { volatile double x = 9; return base() + (int)sqrt(x); }\n",
        ),
        (
            "main.c",
            "#include <stdio.h>\nint left(void); int right(void);\n\
             int main(void) { printf(\"%d\\n\", left() * 10 + right()); return 0; }\n",
        ),
    ]);
    assert_eq!(space.run(["run", "//:main"]).ok().stdout, "24\n");
}

#[test]
fn alwayslink_keeps_what_nobody_calls() {
    let files = |alwayslink: &str| {
        space(&[
            (
                "BUILD.gx",
                &format!(
                    "cc_library(name = 'plugin', srcs = ['plugin.c'], alwayslink = {alwayslink})\n\
                     cc_binary(name = 'main', srcs = ['main.c'], deps = [':plugin'])\n"
                ),
            ),
            (
                "plugin.c",
                "#include <stdio.h>\n__attribute__((constructor)) static void hi(void) { puts(\"plugin\"); }\n",
            ),
            ("main.c", "int main(void) { return 0; }\n"),
        ])
    };
    assert_eq!(files("True").run(["run", "//:main"]).ok().stdout, "plugin\n");
    assert_eq!(files("False").run(["run", "//:main"]).ok().stdout, "");
}

#[test]
fn two_sources_of_one_name_are_both_in_the_archive() {
    let space = space(&[
        (
            "BUILD.gx",
            "cc_library(name = 'lib', srcs = ['a/x.c', 'b/x.c'])\n\
             cc_binary(name = 'main', srcs = ['main.c'], deps = [':lib'])\n",
        ),
        ("a/x.c", "int a(void) { return 1; }\n"),
        ("b/x.c", "int b(void) { return 2; }\n"),
        ("main.c", "int a(void); int b(void);\nint main(void) { return a() + b() == 3 ? 0 : 1; }\n"),
    ]);
    space.run(["run", "//:main"]).ok();
}

#[test]
fn headers_of_an_implementation_dep_go_no_further() {
    let files = |attribute: &str| {
        space(&[
            (
                "BUILD.gx",
                &format!(
                    "cc_library(name = 'inner', srcs = ['inner.c'], hdrs = ['inner.h'])\n\
                     cc_library(name = 'outer', srcs = ['outer.c'], hdrs = ['outer.h'], {attribute} = [':inner'])\n\
                     cc_binary(name = 'main', srcs = ['main.c'], deps = [':outer'])\n"
                ),
            ),
            ("inner.h", "int inner(void);\n"),
            ("inner.c", "int inner(void) { return 4; }\n"),
            ("outer.h", "int outer(void);\n"),
            ("outer.c", "#include \"inner.h\"\nint outer(void) { return inner(); }\n"),
            ("main.c", "#include \"inner.h\"\nint main(void) { return inner() - 4; }\n"),
        ])
    };
    files("deps").run(["run", "//:main"]).ok();
    files("implementation_deps").run(["build", "//:main"]).expect(1).expect_text("inner.h");
}

#[test]
fn include_prefixes_give_headers_other_names() {
    let space = space(&[
        (
            "lib/BUILD.gx",
            "cc_library(name = 'lib', hdrs = ['src/api.h'], strip_include_prefix = 'src',\n\
             include_prefix = 'vendor/v1',\n\
             visibility = ['//visibility:public'])\n",
        ),
        ("lib/src/api.h", "#define API 5\n"),
        ("BUILD.gx", "cc_binary(name = 'main', srcs = ['main.c'], deps = ['//lib'])\n"),
        ("main.c", "#include \"vendor/v1/api.h\"\nint main(void) { return API - 5; }\n"),
    ]);
    space.run(["run", "//:main"]).ok();
}

#[test]
fn cxx_is_compiled_and_linked_as_cxx() {
    if !std::path::Path::new("/usr/bin/g++").exists() {
        return gx_tests::skipped("there is no g++ here");
    }
    let space = space(&[
        (
            "BUILD.gx",
            "cc_library(name = 'lib', srcs = ['lib.cc'], hdrs = ['lib.h'])\n\
             cc_binary(name = 'main', srcs = ['main.cpp', 'part.c'], deps = [':lib'], copts = [])\n\
             cc_test(name = 'lib_test', srcs = ['main.cpp', 'part.c'], deps = [':lib'])\n\
             genrule(name = 'use', outs = ['use.txt'], tools = [':main'], cmd = '$(location :main) > $@')\n",
        ),
        ("lib.h", "#include <string>\nstd::string lib();\n"),
        ("lib.cc", "#include \"lib.h\"\nstd::string lib() { return std::string(\"from \") + \"C++\"; }\n"),
        ("part.c", "int part(void) { return 0; }\n"),
        (
            "main.cpp",
            "#include \"lib.h\"\n#include <iostream>\nextern \"C\" int part(void);\n\
             int main() { std::cout << lib() << std::endl; return part(); }\n",
        ),
    ]);
    assert_eq!(space.run(["run", "//:main"]).ok().stdout, "from C++\n");
    space.build(&["//:use"]).ok();
    assert_eq!(space.read("gx-out/use.txt"), "from C++\n");
    space.test(&["//..."]).ok();
}

#[test]
fn assembler_sources_work() {
    if std::env::consts::ARCH != "x86_64" {
        return gx_tests::skipped("the assembler source is for x86_64");
    }
    let space = space(&[
        ("BUILD.gx", "cc_binary(name = 'main', srcs = ['main.c', 'five.S', 'value.h'])\n"),
        ("value.h", "#define VALUE 5\n"),
        (
            "five.S",
            "#include \"value.h\"\n.globl five\nfive:\n  movl $VALUE, %eax\n  ret\n\
             .section .note.GNU-stack,\"\",@progbits\n",
        ),
        ("main.c", "int five(void);\nint main(void) { return five() - 5; }\n"),
    ]);
    space.run(["run", "//:main"]).ok();
}

#[test]
fn debug_information_has_mapped_paths_and_objects_no_dates() {
    let space = space(&[
        ("pkg/BUILD.gx", "cc_binary(name = 'main', srcs = ['main.c'])\n"),
        (
            "pkg/main.c",
            "#include <stdio.h>\nint main(void) { puts(__DATE__ \" \" __TIME__ \" \" __FILE__); return 0; }\n",
        ),
    ]);
    assert_eq!(space.run(["run", "//pkg:main"]).ok().stdout, "redacted redacted pkg/main.c\n");
    let program = std::fs::read(space.path("gx-out/pkg/main")).unwrap();
    let has = |text: &[u8]| program.windows(text.len()).any(|window| window == text);
    assert!(has(b"pkg/main.c") && has(b".debug_info"), "there is no debug information");
    assert!(!has(b"/w/pkg") && !has(space.root().as_os_str().as_encoded_bytes()), "a path of the build leaked");
}

#[test]
fn a_file_that_is_no_source_is_refused() {
    let space = space(&[("BUILD.gx", "cc_binary(name = 'main', srcs = ['main.py'])\n"), ("main.py", "")]);
    let run = space.run(["build", "//:main"]).expect(4);
    assert!(run.stderr.contains("main.py") && run.stderr.contains("srcs"), "{}", run.told());
}

#[test]
fn deps_must_be_libraries() {
    let space = space(&[
        (
            "BUILD.gx",
            "filegroup(name = 'files', srcs = ['a.c'])\ncc_binary(name = 'main', srcs = ['a.c'], deps = [':files'])\n",
        ),
        ("a.c", "int main(void) { return 0; }\n"),
    ]);
    space.run(["build", "//:main"]).expect(4).expect_text("CcInfo");
}

#[test]
fn many_objects_go_through_a_params_file() {
    let space = TestSpace::new();
    let name = "a_rather_long_name_for_a_source_file_so_that_the_command_line_grows".repeat(2);
    let mut main = String::from("int total = 0;\n");
    for i in 0..150 {
        space.write(format!("deep folder/{name}_{i}.c"), format!("int f{i}(void) {{ return {i}; }}\n"));
        main.push_str(&format!("int f{i}(void);\n"));
    }
    main.push_str("int main(void) { return 0");
    for i in 0..150 {
        main.push_str(&format!(" + f{i}() - {i}"));
    }
    main.push_str("; }\n");
    space.write("main.c", main);
    space.write(
        "BUILD.gx",
        "cc_binary(name = 'main', srcs = ['main.c'] + glob(['deep folder/*.c']), copts = ['-O0'])\n",
    );
    space.run(["run", "//:main"]).ok();
}

#[test]
fn a_program_that_is_static_in_full_needs_no_loader() {
    let space = TestSpace::new();
    space.write(
        "BUILD.gx",
        "cc_library(name = 'l', srcs = ['l.c'])\n\
         cc_binary(name = 'full', srcs = ['m.c'], deps = [':l'], linkstatic = 'full')\n\
         cc_binary(name = 'usual', srcs = ['m.c'], deps = [':l'], linkstatic = True)\n",
    );
    space.write("l.c", "int l(void) { return 7; }\n");
    space.write("m.c", "int l(void);\nint main(void) { return l() - 7; }\n");
    space.build(&["//..."]).ok();
    let interpreters = |program: &str| {
        let mut readelf = std::process::Command::new("readelf");
        let said = readelf.args(["-lW"]).arg(space.path(format!("gx-out/{program}"))).output().unwrap();
        let said = String::from_utf8(said.stdout).unwrap();
        assert!(said.contains("LOAD"), "{said}");
        said.matches("INTERP").count()
    };
    assert_eq!((interpreters("full"), interpreters("usual")), (0, 1));
    // In a root with nothing else in it.
    let root = space.path("root");
    std::fs::create_dir(&root).unwrap();
    let chroot = if gx_tests::is_root() { vec!["chroot"] } else { vec!["unshare", "-r", "chroot"] };
    let runs = |program: &str| {
        std::fs::copy(space.path(format!("gx-out/{program}")), root.join(program)).unwrap();
        let mut run = std::process::Command::new(chroot[0]);
        run.args(&chroot[1..]).arg(&root).arg(format!("/{program}")).stderr(std::process::Stdio::null());
        run.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").status().unwrap().success()
    };
    assert!(!runs("usual"), "a root without a loader ran a program that needs one");
    assert!(runs("full"));
}
