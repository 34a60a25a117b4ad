"""write_file: a file with given lines."""

_NEWLINES = {"auto": "\n", "unix": "\n", "windows": "\r\n"}

def _write_file_impl(ctx):
    newline = _NEWLINES[ctx.attr.newline]
    ctx.actions.write(
        output = ctx.outputs.out,
        content = newline.join(ctx.attr.content),
        is_executable = ctx.attr.is_executable,
    )
    files = depset([ctx.outputs.out])
    runfiles = ctx.runfiles(files = [ctx.outputs.out])
    if ctx.attr.is_executable:
        return [DefaultInfo(files = files, executable = ctx.outputs.out, runfiles = runfiles)]
    return [DefaultInfo(files = files, runfiles = runfiles)]

write_file = rule(
    implementation = _write_file_impl,
    doc = "Writes lines to a file. No process runs.",
    attrs = {
        "out": attr.output(mandatory = True, doc = "The file."),
        "content": attr.string_list(doc = "Its lines. No newline follows the last one: end the list with \"\" for it."),
        "newline": attr.string(default = "auto", values = ["auto", "unix", "windows"], doc = "What ends a line."),
        "is_executable": attr.bool(default = False, doc = "The file is a program."),
    },
)
