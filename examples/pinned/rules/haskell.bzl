"""haskell_packages: the list of packages that ghc reads, which Debian's scripts write when a package is installed."""

_DATABASE = "var/lib/ghc/package.conf.d"

def _haskell_packages_impl(ctx):
    cache = ctx.actions.declare_file(ctx.label.name + ".cache")
    ctx.actions.run_shell(
        outputs = [cache],
        # One by one, in the order of their names: `recache` takes a folder in the order of its listing.
        command = "\n".join([
            "set -e",
            "ghc-pkg init db",
            "for conf in /%s/*.conf; do ghc-pkg --global-package-db=db --force -v0 register $conf; done" % _DATABASE,
            "cp db/package.cache " + cache.path,
        ]),
        toolchain = ctx.files.tree,
        mnemonic = "HaskellPackages",
        progress_message = "Listing the packages of ghc",
    )
    tree = ctx.actions.declare_directory(ctx.label.name)
    ctx.actions.tree(output = tree, files = {_DATABASE + "/package.cache": cache})
    return [DefaultInfo(files = depset([tree]))]

haskell_packages = rule(
    implementation = _haskell_packages_impl,
    doc = "The list of the packages of a tree, as a tree of its own.",
    attrs = {"tree": attr.label(mandatory = True, doc = "The tree with ghc.")},
)
