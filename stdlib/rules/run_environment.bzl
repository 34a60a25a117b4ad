"""What a program is started with: the attributes `args` and `env`, expanded.

At run time files lie at their paths in the workspace, so `$(location x)` is what `$(rootpath x)` is.
"""

load(":make_variables.bzl", "expand", "expand_words", "location_table")

def run_environment(ctx, targets, toolchain = None, trees = []):
    """The RunEnvironmentInfo of a program.

    Args:
      ctx: the context of a rule that is executable.
      targets: targets that `args` and `env` may name.
      toolchain: ToolchainInfo of what built the program: in its trees, and by its runner, it is tested.
      trees: what is `/` when it is tested, for a rule without such a toolchain; the usual when empty.
    """
    more = {"toolchain": trees} if trees else {}
    if toolchain:
        more = {"runner": toolchain.platform.runner, "toolchain": toolchain.trees}
    if not ctx.attr.args and not ctx.attr.env:
        return RunEnvironmentInfo(environment = {}, **more)
    table = location_table(ctx, targets)
    return RunEnvironmentInfo(
        arguments = expand_words(ctx, ctx.attr.args, table, "args", runtime = True),
        environment = {
            name: expand(ctx, value, table = table, where = "env", runtime = True)
            for name, value in ctx.attr.env.items()
        },
        **more
    )
