"""genrule: files made by a shell command.

The command runs under `set -e -o pipefail` in the working directory; it sees `srcs` and `tools`, nothing else.
"""

load(":make_variables.bzl", "dirname", "expand", "location_table", "ruledir")

# Linux takes at most 128 KiB for one argument. A longer command goes through a script file.
_LONGEST_ARGUMENT = 100000

def _one(files, sign, attribute):
    if len(files) == 1:
        return files[0].path
    return ["%s needs exactly one file in %s, there are %d" % (sign, attribute, len(files))]

def _variables(ctx):
    outs = ctx.outputs.outs
    rule_dir = ruledir(ctx)
    return {
        "@": _one(outs, "$@", "outs"),
        "<": _one(ctx.files.srcs, "$<", "srcs"),
        "SRCS": " ".join([file.path for file in ctx.files.srcs]),
        "OUTS": " ".join([file.path for file in outs]),
        "@D": dirname(outs[0].path) if len(outs) == 1 else rule_dir,
        "RULEDIR": rule_dir,
        "BINDIR": ctx.bin_dir.path,
        "GENDIR": ctx.bin_dir.path,
    }

def _program(target):
    """A tool that is a program brings its runfiles along."""
    files_to_run = target[DefaultInfo].files_to_run
    return files_to_run if files_to_run and files_to_run.executable else None

def _genrule_impl(ctx):
    outs = ctx.outputs.outs
    if len(outs) == 0:
        fail("outs: a genrule makes at least one file")
    if ctx.attr.executable and len(outs) != 1:
        fail("executable: an executable genrule makes exactly one file, this one makes %d" % len(outs))
    table = location_table(ctx, ctx.attr.srcs + ctx.attr.tools, outs)
    command = "set -e -o pipefail; " + expand(ctx, ctx.attr.cmd, _variables(ctx), table, "cmd")
    if ctx.attr.executable:
        command += "\nchmod 755 '%s'" % outs[0].path.replace("'", "'\\''")

    arguments = ["-c", command]
    inputs = depset(
        ctx.files.srcs,
        transitive = [target[DefaultInfo].files for target in ctx.attr.tools],
    )
    if len(command) > _LONGEST_ARGUMENT:
        script = ctx.actions.declare_file(ctx.label.name + ".genrule_script.sh")
        ctx.actions.write(output = script, content = command + "\n")
        arguments = [script.path]
        inputs = depset([script], transitive = [inputs])
    ctx.actions.run(
        executable = "/bin/bash",
        # Without toolchains of its own it gets what everything gets, unsaid.
        toolchain = ctx.files._host + ctx.files.toolchains if ctx.attr.toolchains else None,
        arguments = arguments,
        inputs = inputs,
        tools = [_program(target) for target in ctx.attr.tools if _program(target)],
        outputs = outs,
        mnemonic = "Genrule",
        progress_message = "%s //%s:%s" % (ctx.attr.message or "Generating", ctx.label.package, ctx.label.name),
    )
    files = depset(outs)
    runfiles = ctx.runfiles(files = outs)
    if ctx.attr.executable:
        return [DefaultInfo(files = files, executable = outs[0], runfiles = runfiles)]
    return [DefaultInfo(files = files, runfiles = runfiles)]

genrule = rule(
    implementation = _genrule_impl,
    doc = "Makes files by a shell command.",
    attrs = {
        "srcs": attr.label_list(allow_files = True, doc = "Files that the command reads."),
        "outs": attr.output_list(mandatory = True, doc = "Files that the command makes."),
        "cmd": attr.string(mandatory = True, doc = "The command, after expansion of `$(...)`."),
        "tools": attr.label_list(allow_files = True, cfg = "exec", doc = "Programs that the command runs."),
        "toolchains": attr.label_list(
            cfg = "exec",
            doc = "Trees of further programs: `@gx//toolchains:python`, a `host_toolchain`, a `toolchain`, `@debian`.",
        ),
        "executable": attr.bool(default = False, doc = "The one output is a program."),
        "message": attr.string(doc = "What progress shows."),
        "_host": attr.label(default = "@gx//toolchains:host"),
    },
)
