"""One compile action for each source of a target.

An action sees its source and the headers that the target and its dependencies declare; a header that is not
declared is not there, whatever the disk holds. Objects do not depend on where or when they are made.
"""

load(":cc_info.bzl", "CcInfo", "compilation_context")
load(":make_variables.bzl", "expand_words", "location_table", "package_dir", "path_in_package", "repository_dir")
load(":toolchain.bzl", "ToolchainInfo", "tool")

C_SOURCES = ["c"]
CXX_SOURCES = ["cc", "cpp", "cxx", "c++", "C"]
ASSEMBLER_SOURCES = ["s", "S"]
HEADERS = ["h", "hh", "hpp", "hxx", "h++", "H", "inc", "inl", "ipp", "tcc", "def"]
LIBRARIES = ["a", "so", "o", "lo"]

SOURCE_TYPES = ["." + e for e in C_SOURCES + CXX_SOURCES + ASSEMBLER_SOURCES + HEADERS + LIBRARIES]

# Set before the user's flags, so that these can be overruled.
_DEFAULT_FLAGS = ["-O2", "-g"]

# The name under which compilers know the folder they work in, wherever it is: they believe `PWD` when it is right.
CWD = {"PWD": "/proc/self/cwd"}

# What would make an object depend on the place and time of its making.
_DETERMINISM_FLAGS = [
    "-ffile-prefix-map=/proc/self/cwd=.",
    "-no-canonical-prefixes",
    "-fno-canonical-system-headers",
    "-Wno-builtin-macro-redefined",
    "-D__DATE__=\"redacted\"",
    "-D__TIMESTAMP__=\"redacted\"",
    "-D__TIME__=\"redacted\"",
]

def _group(files):
    """Sorts files by what they are."""
    groups = struct(sources = [], headers = [], libraries = [])
    for file in files:
        extension = file.extension
        if extension in C_SOURCES or extension in CXX_SOURCES or extension in ASSEMBLER_SOURCES:
            groups.sources.append(file)
        elif extension in LIBRARIES:
            groups.libraries.append(file)
        else:
            groups.headers.append(file)
    return groups

def is_cxx(file):
    """Is it a C++ source?"""
    return file.extension in CXX_SOURCES

def cc_toolchain(ctx, cxx):
    """The compiler. C alone does not ask for a C++ compiler on the machine.

    Args:
      ctx: the context of a `cc_*` rule.
      cxx: is it for C++?

    Returns:
      A struct: `trees` for `/`, `compiler` and `ar` as programs in them, and `info`, the ToolchainInfo if there is one.
    """
    target = ctx.attr.toolchain or (ctx.attr._cxx_toolchain if cxx else ctx.attr._cc_toolchain)
    if ToolchainInfo not in target:
        if ctx.attr.toolchain:
            fail("toolchain: %s is no toolchain()" % target.label)
        return struct(trees = target.files.to_list(), compiler = "g++" if cxx else "gcc", ar = "ar", info = None)
    info = target[ToolchainInfo]
    return struct(
        trees = info.trees,
        compiler = tool(info, "cxx", "g++") if cxx else tool(info, "cc", "gcc"),
        ar = tool(info, "ar", "ar"),
        info = info,
    )

def _both(ctx, folder):
    """A folder of the sources and the same folder of the outputs."""
    out = ctx.bin_dir.path
    if folder in ["", "."]:
        return [".", out]
    return [folder, out + "/" + folder]

def _include_folders(ctx):
    """The `includes` attribute as folders below the working directory."""
    package = package_dir(ctx.label)
    folders = []
    for include in ctx.attr.includes:
        if include.startswith("/"):
            fail("includes: '%s' is absolute; folders are relative to the package" % include)
        parts = package.split("/") if package else []
        for part in include.split("/"):
            if part == "..":
                if not parts:
                    fail("includes: '%s' leaves the workspace" % include)
                parts.pop()
            elif part not in ["", "."]:
                parts.append(part)
        folders.extend(_both(ctx, "/".join(parts)))
    return folders

def _virtual_headers(ctx, headers):
    """Headers under the names that `strip_include_prefix` and `include_prefix` give them.

    Returns:
      The files and the folders to search, both empty when neither attribute is set.
    """
    strip = getattr(ctx.attr, "strip_include_prefix", "")
    prefix = getattr(ctx.attr, "include_prefix", "")
    if not strip and not prefix:
        return [], []
    base = "_virtual_includes/" + ctx.label.name
    files = []
    for header in headers:
        if strip.startswith("/"):
            path = header.short_path
            wanted = strip.strip("/")
        else:
            path = path_in_package(ctx.label, header)
            wanted = strip.strip("/")
        if wanted:
            if not path.startswith(wanted + "/"):
                fail("strip_include_prefix: '%s' is not below '%s'" % (path, strip))
            path = path.removeprefix(wanted + "/")
        if prefix:
            path = prefix.strip("/") + "/" + path
        file = ctx.actions.declare_file(base + "/" + path)
        ctx.actions.symlink(output = file, target_file = header)
        files.append(file)
    package = package_dir(ctx.label)
    return files, [ctx.bin_dir.path + "/" + (package + "/" if package else "") + base]

def _flags(ctx, context, local_defines, copts):
    """The flags that all sources of a target share."""
    args = ctx.actions.args()
    args.add_all(_DEFAULT_FLAGS)
    args.add_all(context.defines, format_each = "-D%s")
    args.add_all(local_defines, format_each = "-D%s")
    args.add_all(context.quote_includes, before_each = "-iquote")
    args.add_all(context.includes, before_each = "-I")
    args.add_all(context.system_includes, before_each = "-isystem")
    args.add_all(copts)
    args.add_all(_DETERMINISM_FLAGS)
    return args

def _compile(ctx, source, context, flags):
    """The action of one source; gives the object."""
    toolchain = cc_toolchain(ctx, is_cxx(source))
    object = ctx.actions.declare_file("_objs/%s/%s.o" % (ctx.label.name, path_in_package(ctx.label, source)))
    args = ctx.actions.args()
    args.add(object, format = "-frandom-seed=%s")
    args.add("-c", source)
    args.add("-o", object)
    ctx.actions.run(
        executable = toolchain.compiler,
        arguments = [flags, args],
        inputs = depset([source], transitive = [context.headers]),
        outputs = [object],
        env = CWD,
        toolchain = toolchain.trees,
        mnemonic = "CcCompile",
        progress_message = "Compiling %s" % source.short_path,
    )
    return object

def compile_target(ctx):
    """Compiles a target's sources.

    Args:
      ctx: the context of a `cc_*` rule.

    Returns:
      A struct: `objects`, `libraries` (those among srcs), `cxx`, `context` (for dependents) and `deps` (the
      CcInfo of everything to link).
    """
    groups = _group(ctx.files.srcs)
    hdrs = getattr(ctx.files, "hdrs", [])
    textual = getattr(ctx.files, "textual_hdrs", [])
    deps = [dep[CcInfo] for dep in ctx.attr.deps]
    hidden = [dep[CcInfo] for dep in getattr(ctx.attr, "implementation_deps", [])]
    where = location_table(
        ctx,
        ctx.attr.srcs + getattr(ctx.attr, "hdrs", []) + getattr(ctx.attr, "textual_hdrs", []) + ctx.attr.data,
    )
    virtual, virtual_folders = _virtual_headers(ctx, hdrs)
    public = compilation_context(
        headers = hdrs + textual + virtual,
        defines = expand_words(ctx, ctx.attr.defines, where, "defines"),
        quote_includes = _both(ctx, repository_dir(ctx.label)),
        includes = virtual_folders,
        system_includes = _include_folders(ctx),
        deps = [dep.compilation_context for dep in deps],
    )

    # The target's own sources also see its private headers and what only its implementation uses.
    private = compilation_context(
        headers = groups.headers,
        quote_includes = _both(ctx, ""),
        deps = [public] + [dep.compilation_context for dep in hidden],
    )
    flags = _flags(
        ctx,
        private,
        expand_words(ctx, ctx.attr.local_defines, where, "local_defines"),
        expand_words(ctx, ctx.attr.copts, where, "copts"),
    )
    return struct(
        objects = [_compile(ctx, source, private, flags) for source in groups.sources],
        libraries = groups.libraries,
        cxx = any([is_cxx(source) for source in groups.sources]),
        context = public,
        deps = deps + hidden,
    )
