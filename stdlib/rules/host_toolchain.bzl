"""host_toolchain: programs of this machine as a tree that can be the `/` of actions.

The programs are imported by content with everything they need to run: libraries, and for compilers their own
folders, headers and start files. The same packages give the same tree on every machine.
"""

def _host_toolchain_impl(ctx):
    tree = ctx.actions.declare_directory(ctx.label.name)
    ctx.actions.host_toolchain(
        output = tree,
        programs = ctx.attr.programs,
        compilers = ctx.attr.compilers,
    )
    return [DefaultInfo(files = depset([tree]))]

host_toolchain = rule(
    implementation = _host_toolchain_impl,
    doc = "Programs of this machine with all they need.",
    attrs = {
        "programs": attr.string_list(doc = "Names, looked up in /usr/bin and /bin."),
        "compilers": attr.string_list(doc = "C or C++ compilers: their headers and start files come along."),
    },
)
