"""debian_tree: pinned Debian packages as a tree that can be the `/` of actions.

The targets of a `debian_packages` repository are of this rule. Every package is fetched by its hash through the
machine's own apt configuration and unpacked without running anything of it; then all are put together.
"""

def _debian_tree_impl(ctx):
    packages = []
    for line in ctx.attr.packages:
        words = line.split(" ")
        if len(words) != 6:
            fail("packages: '%s' is not name, version, architecture, SHA-256, size and path" % line)
        name, version, architecture, sha256, size, path = words
        base = "%s.packages/%s_%s" % (ctx.label.name, name, architecture)
        archive = ctx.actions.declare_file(base + ".deb")
        ctx.actions.fetch(
            output = archive,
            fetcher = "deb",
            sha256 = sha256,
            parameters = {
                "architecture": architecture,
                "name": name,
                "path": path,
                "size": size,
                "version": version,
            },
            progress_message = "Fetching %s %s" % (name, version),
        )
        tree = ctx.actions.declare_directory(base)
        ctx.actions.unpack(output = tree, archive = archive, type = "deb")
        packages.append((tree, "%s %s %s" % (name, version, architecture)))
    output = ctx.actions.declare_directory(ctx.label.name)
    ctx.actions.debian_tree(output = output, packages = packages, links = ctx.attr.links)
    return [DefaultInfo(files = depset([output]))]

debian_tree = rule(
    implementation = _debian_tree_impl,
    doc = "Debian packages as one tree.",
    attrs = {
        "packages": attr.string_list(doc = "Name, version, architecture, SHA-256, size and path of each `.deb`."),
        "links": attr.string_dict(doc = "Further symlinks: path and target, both from `/`."),
    },
)
