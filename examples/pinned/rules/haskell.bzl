"""haskell_packages: the list of packages that ghc reads, which Debian's scripts write when a package is installed."""

_DATABASE = "var/lib/ghc/package.conf.d"

def _haskell_packages_impl(ctx):
    cache = ctx.actions.declare_file(ctx.label.name + ".cache")
    ctx.actions.run_shell(
        outputs = [cache],
        command = " && ".join([
            "cp -r --no-preserve=mode /%s db" % _DATABASE,
            "ghc-pkg --package-db=db recache",
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
