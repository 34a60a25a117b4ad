"""filegroup: a name for a set of files."""

def _filegroup_impl(ctx):
    runfiles = ctx.runfiles(files = ctx.files.data)
    runfiles = runfiles.merge_all([
        target[DefaultInfo].default_runfiles
        for target in ctx.attr.srcs + ctx.attr.data
    ])
    return [DefaultInfo(
        files = depset(transitive = [target[DefaultInfo].files for target in ctx.attr.srcs]),
        runfiles = runfiles,
    )]

filegroup = rule(
    implementation = _filegroup_impl,
    doc = "A name for a set of files.",
    attrs = {
        "srcs": attr.label_list(allow_files = True, doc = "The files."),
        "data": attr.label_list(allow_files = True, doc = "Files needed when a program with this in `data` runs."),
    },
)
