"""The backends that ship, by their names: `@gx//targets:NAME`."""

ALL = [
    "aarch64",
    "ada",
    "c",
    "forth",
    "go",
    "haskell",
    "javascript",
    "lisp",
    "ocaml",
    "python",
    "riscv64",
    "rust",
    "wasm",
]
