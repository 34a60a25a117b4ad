"""What the workspace's `gx.toml` says of toolchains: from the name of a toolchain here to the label that stands for it.

gx puts the table `[toolchains]` of `gx.toml` in the place of this one.
"""

CHOSEN = {}
