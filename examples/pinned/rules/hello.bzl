"""compiled and hello_test: a program from one source, and a test that it says what it should.

A language needs no more than a toolchain and a command line; rules that do more for one are ordinary Starlark too.
"""

load("@gx//rules:toolchain.bzl", "ToolchainInfo")

def _compiled_impl(ctx):
    if ctx.attr.folder:
        output = ctx.actions.declare_directory(ctx.label.name)
    else:
        output = ctx.actions.declare_file(ctx.label.name)
    words = [word.replace("{src}", ctx.file.src.path).replace("{out}", output.path) for word in ctx.attr.command]
    ctx.actions.run(
        executable = words[0],
        arguments = words[1:],
        inputs = [ctx.file.src],
        outputs = [output],
        env = ctx.attr.env,
        toolchain = ctx.attr.toolchain[ToolchainInfo].trees,
        mnemonic = "Compile",
        progress_message = "Compiling %s" % ctx.file.src.short_path,
    )
    return [DefaultInfo(files = depset([output]), runfiles = ctx.runfiles(files = [output]))]

compiled = rule(
    implementation = _compiled_impl,
    doc = "What a compiler makes of one source.",
    attrs = {
        "src": attr.label(mandatory = True, allow_single_file = True, doc = "The source."),
        "command": attr.string_list(mandatory = True, doc = "The command; `{src}` and `{out}` are filled in."),
        "env": attr.string_dict(doc = "Environment of the compiler."),
        "folder": attr.bool(doc = "The output is a folder."),
        "toolchain": attr.label(mandatory = True, providers = [ToolchainInfo], doc = "Where the compiler is."),
    },
)

def _hello_test_impl(ctx):
    info = ctx.attr.toolchain[ToolchainInfo]
    words = [word.replace("{program}", ctx.file.program.short_path) for word in ctx.attr.command]
    words = info.platform.runner + words
    script = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(
        output = script,
        is_executable = True,
        content = "\n".join([
            "#!/bin/sh",
            "said=$(%s) || exit" % " ".join(["'%s'" % word for word in words]),
            "echo \"$said\"",
            "test \"$said\" = '%s'" % ctx.attr.says,
            "",
        ]),
    )
    return [
        DefaultInfo(executable = script, runfiles = ctx.runfiles(files = [script, ctx.file.program])),
        RunEnvironmentInfo(environment = {}, toolchain = info.trees),
    ]

hello_test = rule(
    implementation = _hello_test_impl,
    doc = "Runs a program where it was built, and looks at what it says.",
    test = True,
    attrs = {
        "program": attr.label(mandatory = True, allow_single_file = True, doc = "The program."),
        "command": attr.string_list(default = ["./{program}"], doc = "How it is started."),
        "says": attr.string(mandatory = True, doc = "What it must write."),
        "toolchain": attr.label(mandatory = True, providers = [ToolchainInfo], doc = "Trees and runner."),
    },
)
