"""Actions that let something of their surroundings into their outputs."""

def _plant(ctx):
    out = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.run_shell(
        outputs = [out],
        command = ctx.attr.cmd.replace("$OUT", out.path),
        inputs = ctx.files.srcs,
        toolchain = ctx.files.tools,
    )
    return [DefaultInfo(files = depset([out]))]

plant = rule(
    implementation = _plant,
    attrs = {
        "srcs": attr.label_list(allow_files = True),
        "cmd": attr.string(),
        "tools": attr.label_list(default = ["//:tools"]),
    },
)
