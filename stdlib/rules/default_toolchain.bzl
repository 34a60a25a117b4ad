"""default_toolchain: what rules use when a target names no toolchain: the workspace's choice, or the machine's."""

load("@gx//toolchains:chosen.bzl", "CHOSEN")
load(":host_toolchain.bzl", "host_toolchain")

def default_toolchain(name, **kwargs):
    """A toolchain of this machine, unless the workspace's `gx.toml` names another for it.

    Args:
      name: its name in `@gx//toolchains`.
      **kwargs: attributes of `host_toolchain`.
    """
    if name in CHOSEN:
        native.alias(name = name, actual = CHOSEN[name])
    else:
        host_toolchain(name = name, **kwargs)
