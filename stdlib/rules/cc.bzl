"""cc_library, cc_binary, cc_test: C and C++.

Libraries are static; programs are linked against the toolchain's C library, or with `linkstatic = "full"` carry it.
"""

load(":cc_compile.bzl", "SOURCE_TYPES", "cc_toolchain", "compile_target")
load(":cc_info.bzl", "CcInfo", "linker_input", "linking_context")
load(":cc_link.bzl", "archive", "link")
load(":make_variables.bzl", "expand_words", "location_table")
load(":run_environment.bzl", "run_environment")
load(":toolchain.bzl", "ToolchainInfo")

def _runfiles(ctx, files = []):
    runfiles = ctx.runfiles(files = files + ctx.files.data)
    return runfiles.merge_all([
        target[DefaultInfo].default_runfiles
        for target in ctx.attr.deps + getattr(ctx.attr, "implementation_deps", []) + ctx.attr.data
    ])

def _linkopts(ctx):
    return expand_words(ctx, ctx.attr.linkopts, location_table(ctx, ctx.attr.srcs + ctx.attr.data), "linkopts")

def _cc_library_impl(ctx):
    compiled = compile_target(ctx)
    library = archive(ctx, compiled.objects) if compiled.objects else None
    own = linker_input(
        ctx.label,
        archive = library,
        alwayslink = ctx.attr.alwayslink,
        files = compiled.libraries,
        flags = _linkopts(ctx),
        toolchain = cc_toolchain(ctx, False).info,
    )
    linking = linking_context([own], compiled.cxx, [dep.linking_context for dep in compiled.deps])
    return [
        DefaultInfo(
            files = depset(([library] if library else []) + compiled.libraries),
            runfiles = _runfiles(ctx),
        ),
        CcInfo(compilation_context = compiled.context, linking_context = linking),
    ]

def _cc_program_impl(ctx):
    compiled = compile_target(ctx)
    output = ctx.actions.declare_file(ctx.label.name)
    own = linker_input(ctx.label, files = compiled.libraries)
    linking = linking_context([own], compiled.cxx, [dep.linking_context for dep in compiled.deps])
    link(ctx, output, compiled.objects, linking, _linkopts(ctx), static = ctx.attr.linkstatic == "full")
    return [
        DefaultInfo(
            files = depset([output]),
            executable = output,
            runfiles = _runfiles(ctx, [output]),
        ),
        run_environment(ctx, ctx.attr.srcs + ctx.attr.data, cc_toolchain(ctx, linking.cxx).info),
    ]

_COMMON = {
    "srcs": attr.label_list(allow_files = SOURCE_TYPES, doc = "Sources, private headers, ready-made libraries."),
    "deps": attr.label_list(providers = [CcInfo], doc = "`cc_library` targets."),
    "data": attr.label_list(allow_files = True, doc = "Files needed when a program with this in it runs."),
    "copts": attr.string_list(doc = "Flags for compiling this target."),
    "defines": attr.string_list(doc = "`-D` for this target and all that depend on it."),
    "local_defines": attr.string_list(doc = "`-D` for this target."),
    "includes": attr.string_list(doc = "Folders for `-isystem`, for this target and all that depend on it."),
    "linkopts": attr.string_list(doc = "Flags for linking programs with this in it."),
    "linkstatic": attr.string(
        default = "True",
        values = ["True", "False", "full"],
        doc = "`\"full\"`: the program carries the C library and needs no loader. Else libraries are always static.",
    ),
    "toolchain": attr.label(providers = [ToolchainInfo], doc = "The `toolchain` that builds it; the workspace's own."),
    "_cc_toolchain": attr.label(default = "@gx//toolchains:cc"),
    "_cxx_toolchain": attr.label(default = "@gx//toolchains:cxx"),
}

_LIBRARY = _COMMON | {
    "hdrs": attr.label_list(allow_files = True, doc = "Headers for this target and its dependents."),
    "textual_hdrs": attr.label_list(allow_files = True, doc = "Files to include that do not compile alone."),
    "implementation_deps": attr.label_list(
        providers = [CcInfo],
        doc = "`cc_library` targets whose headers only this target's own sources see.",
    ),
    "strip_include_prefix": attr.string(doc = "Prefix to take off the paths of hdrs."),
    "include_prefix": attr.string(doc = "Prefix to put before the paths of hdrs."),
    "alwayslink": attr.bool(default = False, doc = "Link every object, needed or not."),
}

cc_library = rule(
    implementation = _cc_library_impl,
    doc = "A static C or C++ library.",
    attrs = _LIBRARY,
    provides = [CcInfo],
)

cc_binary = rule(
    implementation = _cc_program_impl,
    doc = "A C or C++ program.",
    attrs = _COMMON,
    executable = True,
)

cc_test = rule(
    implementation = _cc_program_impl,
    doc = "A C or C++ program as a test: it passes when it exits with 0.",
    attrs = _COMMON,
    test = True,
)
