"""Archives and programs from objects.

C++ programs carry their C++ library with them, so that they run wherever the C library is. With `linkstatic = "full"`
programs carry the C library too.
"""

load(":cc_compile.bzl", "CWD", "cc_toolchain")

def _params(args):
    """Long command lines go through a file, quoted as gcc and ar read it."""
    args.use_param_file("@%s", use_always = False)
    args.set_param_file_format("shell")
    return args

def archive(ctx, objects):
    """A static library, `lib<name>.a`. The same objects give the same bytes."""
    folder, slash, name = ctx.label.name.rpartition("/")
    output = ctx.actions.declare_file(folder + slash + "lib" + name + ".a")
    args = _params(ctx.actions.args())
    toolchain = cc_toolchain(ctx, False)

    # `q` and not `r`: two objects may have one name in different folders, `r` would keep the last only.
    args.add("qcsD")
    args.add(output)
    args.add_all(objects)
    ctx.actions.run(
        executable = toolchain.ar,
        arguments = [args],
        inputs = objects,
        outputs = [output],
        toolchain = toolchain.trees,
        mnemonic = "CcArchive",
        progress_message = "Archiving %s" % output.short_path,
    )
    return output

def _check_toolchain(ctx, library, own):
    """Objects for one processor are nothing for another."""
    if library.archive and library.toolchain != own:
        names = [name or "the toolchain of the machine" for name in [library.toolchain, own]]
        fail("%s is built by %s, but %s by %s: give both the same `toolchain`" %
             (library.owner, names[0], ctx.label, names[1]))

def link(ctx, output, objects, context, linkopts, static = False):
    """A program.

    Args:
      ctx: the context of a `cc_*` rule.
      output: the program.
      objects: its own objects, linked first.
      context: a linking context with everything it depends on.
      linkopts: its own flags.
      static: with the C library in it, so that it needs no loader.
    """
    toolchain = cc_toolchain(ctx, context.cxx)
    own = toolchain.info.label if toolchain.info else ""
    args = _params(ctx.actions.args())
    args.add("-o", output)
    args.add_all(objects)
    inputs = list(objects)
    flags = list(linkopts)
    for library in context.linker_inputs.to_list():
        _check_toolchain(ctx, library, own)
        for file in library.files:
            args.add(file)
            inputs.append(file)
        if library.archive:
            inputs.append(library.archive)
            if library.alwayslink:
                args.add("-Wl,--whole-archive")
                args.add(library.archive)
                args.add("-Wl,--no-whole-archive")
            else:
                args.add(library.archive)
        flags.extend(library.flags)

    # After the libraries: `-lm` must follow what needs it.
    args.add_all(flags)
    args.add("-Wl,--build-id=none")
    if static:
        args.add("-static")
    elif context.cxx:
        args.add("-static-libstdc++")
        args.add("-static-libgcc")
    args.add("-no-canonical-prefixes")
    args.add("-ffile-prefix-map=/proc/self/cwd=.")
    ctx.actions.run(
        executable = toolchain.compiler,
        arguments = [args],
        inputs = inputs,
        outputs = [output],
        env = CWD,
        toolchain = toolchain.trees,
        mnemonic = "CcLink",
        progress_message = "Linking %s" % output.short_path,
    )
