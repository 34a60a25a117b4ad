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
    "javascript",
    "lisp",
    "ocaml",
    "python",
    "riscv64",
    "rust",
    "smtlib",
    "verilog",
    "vhdl",
    "wasm",
]
