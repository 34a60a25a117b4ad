"""sh_binary, sh_test, sh_library: shell scripts as programs and tests."""

load(":run_environment.bzl", "run_environment")

def _runfiles(ctx, files):
    runfiles = ctx.runfiles(files = files + ctx.files.data)
    return runfiles.merge_all([
        target[DefaultInfo].default_runfiles
        for target in ctx.attr.srcs + ctx.attr.deps + ctx.attr.data
    ])

def _sh_library_impl(ctx):
    return [DefaultInfo(
        files = depset(ctx.files.srcs, transitive = [target[DefaultInfo].files for target in ctx.attr.deps]),
        runfiles = _runfiles(ctx, ctx.files.srcs),
    )]

def _trees(ctx):
    """What is `/` for a test that names toolchains."""
    return ctx.files._host + ctx.files.toolchains if getattr(ctx.attr, "toolchains", None) else []

def _sh_executable_impl(ctx):
    if len(ctx.files.srcs) != 1:
        fail("srcs: exactly one script is needed, there are %d; put what it sources into deps or data" %
             len(ctx.files.srcs))
    script = ctx.files.srcs[0]
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = executable, target_file = script, is_executable = True)
    return [
        DefaultInfo(
            files = depset([executable, script]),
            executable = executable,
            runfiles = _runfiles(ctx, [executable, script]),
        ),
        run_environment(ctx, ctx.attr.srcs + ctx.attr.deps + ctx.attr.data, trees = _trees(ctx)),
    ]

_LIBRARY = {
    "srcs": attr.label_list(allow_files = True, doc = "Scripts."),
    "deps": attr.label_list(allow_files = True, doc = "`sh_library` targets that are sourced."),
    "data": attr.label_list(allow_files = True, doc = "Files and programs needed when it runs."),
}

_EXECUTABLE = {
    "srcs": attr.label_list(allow_files = True, mandatory = True, doc = "The one script; it must be executable."),
    "deps": attr.label_list(allow_files = True, doc = "`sh_library` targets that it sources."),
    "data": attr.label_list(allow_files = True, doc = "Files and programs needed when it runs."),
}

sh_library = rule(implementation = _sh_library_impl, doc = "Scripts for others to source.", attrs = _LIBRARY)

sh_binary = rule(
    implementation = _sh_executable_impl,
    doc = "A shell script as a program.",
    executable = True,
    attrs = _EXECUTABLE,
)

sh_test = rule(
    implementation = _sh_executable_impl,
    doc = "A shell script as a test: it passes when it exits with 0.",
    test = True,
    attrs = dict(
        _EXECUTABLE,
        toolchains = attr.label_list(doc = "Trees of further programs: `@gx//toolchains:python`, ..."),
        _host = attr.label(default = "@gx//toolchains:host"),
    ),
)
