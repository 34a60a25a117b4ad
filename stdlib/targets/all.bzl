"""The backends that ship, by their names: `@gx//targets:NAME`."""

ALL = [
    "aarch64",
    "ada",
    "avr",
    "c",
    "cvc5",
    "forth",
    "go",
    "haskell",
    "java",
    "javascript",
    "lisp",
    "ocaml",
    "python",
    "riscv64",
    "rust",
    "smtlib",
    "typescript",
    "verilog",
    "vhdl",
    "wasm",
]
