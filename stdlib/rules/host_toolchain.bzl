"""host_toolchain: programs of this machine as a tree that can be the `/` of actions.

The programs are imported by content with everything they need to run: libraries, for compilers their own
folders, headers and start files, for languages their own library. The same packages give the same tree on every
machine.
"""

_LANGUAGES = ["c", "c++", "go", "java", "node", "python", "rust"]

def _host_toolchain_impl(ctx):
    for language in ctx.attr.languages:
        if language not in _LANGUAGES:
            fail("languages: '%s' is not known; known are %s" % (language, ", ".join(_LANGUAGES)))
    tree = ctx.actions.declare_directory(ctx.label.name)
    ctx.actions.host_toolchain(
        output = tree,
        programs = ctx.attr.programs,
        compilers = ctx.attr.compilers,
        languages = ctx.attr.languages,
        packages = ctx.attr.packages,
        or_nothing = ctx.attr.or_nothing,
    )
    return [DefaultInfo(files = depset([tree]))]

host_toolchain = rule(
    implementation = _host_toolchain_impl,
    doc = "Programs of this machine with all they need.",
    attrs = {
        "programs": attr.string_list(doc = "Names, looked up in /usr/bin and /bin."),
        "compilers": attr.string_list(doc = "C or C++ compilers: their headers and start files come along."),
        "or_nothing": attr.bool(default = False, doc = "Where the machine lacks something, the tree is empty."),
        "packages": attr.string_list(doc = "Debian packages that are installed, with all that they depend on."),
        "languages": attr.string_list(doc = "`go`, `java`, `node`, `python`, `rust`, `c`, `c++`: with library."),
    },
)
