"""The backends that ship, by their names: `@gx//targets:NAME`."""

ALL = [
    "aarch64",
    "c",
    "go",
    "javascript",
    "python",
    "riscv64",
    "rust",
    "wasm",
]
