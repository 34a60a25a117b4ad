"""platform and toolchain: what something is built for, and what builds it.

Both are derivations: each describes itself in a file of the tree that actions see (`/etc/gx/platform.json`,
`/etc/gx/toolchain.json`), so that its digest is part of every action that uses it.
"""

PlatformInfo = provider(
    doc = "What programs run on.",
    fields = {
        "os": "Operating system: `linux`.",
        "cpu": "Processor: `x86_64`, `aarch64`, ...",
        "abi": "Kind of binary interface: `gnu`, `musl`, ...",
        "runner": "List of words that come before a program to run it; empty where it runs by itself.",
        "tree": "The tree that describes it.",
    },
)

ToolchainInfo = provider(
    doc = "Programs that build, and the trees that they are in.",
    fields = {
        "label": "The toolchain's label, for messages.",
        "platform": "PlatformInfo of what it builds for.",
        "tools": "Dict from a tool's role (`cc`, `cxx`, `ar`) to its name or path in the trees.",
        "trees": "List of trees that make up `/` of its actions.",
    },
)

def _described(ctx, what, value):
    """A tree with a file that says something."""
    file = ctx.actions.declare_file("%s.%s.json" % (ctx.label.name, what))
    ctx.actions.write(output = file, content = json.encode(value) + "\n")
    tree = ctx.actions.declare_directory("%s.%s" % (ctx.label.name, what))
    ctx.actions.tree(output = tree, files = {"etc/gx/%s.json" % what: file})
    return tree

def _platform_impl(ctx):
    attr = ctx.attr
    tree = _described(ctx, "platform", {
        "abi": attr.abi,
        "cpu": attr.cpu,
        "os": attr.os,
        "runner": attr.runner,
    })
    return [
        DefaultInfo(files = depset([tree])),
        PlatformInfo(os = attr.os, cpu = attr.cpu, abi = attr.abi, runner = attr.runner, tree = tree),
    ]

platform = rule(
    implementation = _platform_impl,
    doc = "What programs run on.",
    attrs = {
        "os": attr.string(default = "linux", doc = "Operating system."),
        "cpu": attr.string(mandatory = True, doc = "Processor: `x86_64`, `aarch64`, ..."),
        "abi": attr.string(default = "gnu", doc = "Kind of binary interface: `gnu`, `musl`, ..."),
        "runner": attr.string_list(doc = "What runs such programs elsewhere: `[\"qemu-aarch64\", \"-L\", ...]`."),
    },
)

def _toolchain_impl(ctx):
    platform = ctx.attr.platform[PlatformInfo]
    own = _described(ctx, "toolchain", {"tools": ctx.attr.tools})
    trees = ctx.files.trees + [platform.tree, own]
    return [
        DefaultInfo(files = depset(trees)),
        ToolchainInfo(label = str(ctx.label), platform = platform, tools = ctx.attr.tools, trees = trees),
    ]

toolchain = rule(
    implementation = _toolchain_impl,
    doc = "Programs that build for a platform.",
    attrs = {
        "platform": attr.label(mandatory = True, providers = [PlatformInfo], doc = "What is built for."),
        "trees": attr.label_list(mandatory = True, doc = "Trees that make up `/`: `@debian`, a `host_toolchain`, ..."),
        "tools": attr.string_dict(doc = "Programs by role: `cc`, `cxx` and `ar` for `cc_*` rules."),
    },
    provides = [ToolchainInfo],
)

def tool(info, role, usual):
    """The program of a role.

    Args:
      info: ToolchainInfo.
      role: `cc`, `cxx`, ...
      usual: what it is when the toolchain names no tools at all.
    """
    if role in info.tools:
        return info.tools[role]
    if info.tools:
        fail("the toolchain %s has no '%s'; add it to its tools" % (info.label, role))
    return usual
