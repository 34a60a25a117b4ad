"""CcInfo: what a C or C++ library tells the targets that depend on it.

Everything transitive is a depset, so N libraries that each depend on all earlier ones cost O(N).
"""

CcInfo = provider(
    doc = "A C or C++ library as its dependents see it.",
    fields = {
        "compilation_context": "What compiling against it needs: see `compilation_context`.",
        "linking_context": "What linking against it needs: see `linking_context`.",
    },
)

def compilation_context(
        headers = [],
        defines = [],
        quote_includes = [],
        includes = [],
        system_includes = [],
        deps = []):
    """What compiling needs.

    Args:
      headers: files that may be included.
      defines: for `-D`.
      quote_includes: folders for `-iquote`.
      includes: folders for `-I`.
      system_includes: folders for `-isystem`.
      deps: contexts of dependencies.

    Returns:
      A struct of depsets.
    """
    return struct(
        headers = depset(headers, transitive = [dep.headers for dep in deps]),
        defines = depset(defines, transitive = [dep.defines for dep in deps], order = "preorder"),
        quote_includes = depset(
            quote_includes,
            transitive = [dep.quote_includes for dep in deps],
            order = "preorder",
        ),
        includes = depset(includes, transitive = [dep.includes for dep in deps], order = "preorder"),
        system_includes = depset(
            system_includes,
            transitive = [dep.system_includes for dep in deps],
            order = "preorder",
        ),
    )

def linker_input(owner, archive = None, alwayslink = False, files = [], flags = [], toolchain = None):
    """What one library brings to the link line.

    Args:
      owner: its label.
      archive: its static library, or None.
      alwayslink: every object of the archive is linked, needed or not.
      files: libraries that were there before (`.a`, `.so`, `.o` in srcs).
      flags: its `linkopts`.
      toolchain: ToolchainInfo of what made the archive, if there is one.

    Returns:
      A struct that fits into a depset.
    """
    return struct(
        owner = str(owner),
        archive = archive,
        alwayslink = alwayslink,
        files = tuple(files),
        flags = tuple(flags),
        toolchain = toolchain.label if toolchain else "",
    )

def linking_context(linker_inputs = [], cxx = False, deps = []):
    """What linking needs.

    Args:
      linker_inputs: the library's own.
      cxx: it has C++ sources, so the C++ compiler links.
      deps: contexts of dependencies.

    Returns:
      A struct: `linker_inputs` in link order (dependents before what they depend on), `cxx`.
    """
    return struct(
        linker_inputs = depset(
            linker_inputs,
            transitive = [dep.linker_inputs for dep in deps],
            order = "topological",
        ),
        cxx = cxx or any([dep.cxx for dep in deps]),
    )
