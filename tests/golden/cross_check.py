#!/usr/bin/env python3
"""Writes the golden vectors of gx's identity, without any code of gx.

Trees and actions go through Google's protobuf (descriptors are built here, no protoc); CBOR records and BLAKE3
are written down here from their specifications (RFC 8949 section 4.2.1; BLAKE3 for inputs of one chunk).
With --check it writes nothing and fails when a file differs.

Needs: pip install protobuf
"""

import hashlib
import pathlib
import struct
import sys

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

HERE = pathlib.Path(__file__).resolve().parent

# --- BLAKE3, one chunk -----------------------------------------------------------------------------------

IV = [0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19]
PERMUTE = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8]
MASK = 0xFFFFFFFF


def compress(chaining, words, length, flags):
    v = chaining + IV[:4] + [0, 0, length, flags]

    def mix(a, b, c, d, x, y):
        for m, r1, r2 in ((x, 16, 12), (y, 8, 7)):
            v[a] = (v[a] + v[b] + m) & MASK
            v[d] = rotate(v[d] ^ v[a], r1)
            v[c] = (v[c] + v[d]) & MASK
            v[b] = rotate(v[b] ^ v[c], r2)

    def rotate(n, by):
        return (n >> by | n << (32 - by)) & MASK

    for turn in range(7):
        for i, (a, b, c, d) in enumerate(
            [(0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15), (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)]
        ):
            mix(a, b, c, d, words[2 * i], words[2 * i + 1])
        words = [words[i] for i in PERMUTE]
    return [v[i] ^ v[i + 8] for i in range(8)]


def blake3(data):
    assert len(data) <= 1024, "one chunk only"
    blocks = [data[i : i + 64] for i in range(0, len(data), 64)] or [b""]
    chaining = list(IV)
    for i, block in enumerate(blocks):
        flags = (1 if i == 0 else 0) | (2 | 8 if i == len(blocks) - 1 else 0)
        words = list(struct.unpack("<16I", block.ljust(64, b"\0")))
        chaining = compress(chaining, words, len(block), flags)
    return struct.pack("<8I", *chaining)


FUNCTIONS = {"blake3": blake3, "sha256": lambda data: hashlib.sha256(data).digest()}

# --- CBOR, core deterministic ----------------------------------------------------------------------------


def head(major, n):
    for limit, info, form in ((24, None, None), (1 << 8, 24, ">B"), (1 << 16, 25, ">H"), (1 << 32, 26, ">I"), (1 << 64, 27, ">Q")):
        if n < limit:
            return bytes([major << 5 | (n if info is None else info)]) + (struct.pack(form, n) if form else b"")
    raise ValueError(n)


def cbor(value):
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    entries = sorted((cbor(k), cbor(v)) for k, v in value.items())
    return head(5, len(entries)) + b"".join(k + v for k, v in entries)


# --- Protobuf: the messages of build.bazel.remote.execution.v2 that name objects --------------------------

STRING, BYTES, BOOL, INT64, MESSAGE = 9, 12, 8, 3, 11
MESSAGES = {
    "Digest": [("hash", 1, STRING, False), ("size_bytes", 2, INT64, False)],
    "FileNode": [("name", 1, STRING, False), ("digest", 2, "Digest", False), ("is_executable", 4, BOOL, False)],
    "DirectoryNode": [("name", 1, STRING, False), ("digest", 2, "Digest", False)],
    "SymlinkNode": [("name", 1, STRING, False), ("target", 2, STRING, False)],
    "Directory": [("files", 1, "FileNode", True), ("directories", 2, "DirectoryNode", True), ("symlinks", 3, "SymlinkNode", True)],
    "Pair": [("name", 1, STRING, False), ("value", 2, STRING, False)],
    "Platform": [("properties", 1, "Pair", True)],
    "Command": [
        ("arguments", 1, STRING, True),
        ("environment_variables", 2, "Pair", True),
        ("platform", 5, "Platform", False),
        ("working_directory", 6, STRING, False),
        ("output_paths", 7, STRING, True),
    ],
    "Action": [
        ("command_digest", 1, "Digest", False),
        ("input_root_digest", 2, "Digest", False),
        ("do_not_cache", 7, BOOL, False),
        ("salt", 9, BYTES, False),
        ("platform", 10, "Platform", False),
    ],
}


def build_messages():
    file = descriptor_pb2.FileDescriptorProto(name="golden.proto", package="golden", syntax="proto3")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, kind, repeated in fields:
            added = message.field.add(name=field, number=number, label=3 if repeated else 1)
            if isinstance(kind, str):
                added.type, added.type_name = MESSAGE, f".golden.{kind}"
            else:
                added.type = kind
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    # Protobuf before 4.22 (Debian 12 has 3.21) has a factory object instead of the function.
    class_of = getattr(message_factory, "GetMessageClass", None) or message_factory.MessageFactory(pool).GetPrototype
    return {n: class_of(pool.FindMessageTypeByName(f"golden.{n}")) for n in MESSAGES}


M = build_messages()


def serialize(message):
    return message.SerializeToString(deterministic=True)


# --- The vectors -----------------------------------------------------------------------------------------


class Vectors:
    def __init__(self, function):
        self.name, self.hash, self.files = function, FUNCTIONS[function], {}

    def digest(self, data):
        return [self.name, self.hash(data), len(data)]

    def proto_digest(self, data):
        return M["Digest"](hash=self.hash(data).hex(), size_bytes=len(data))

    def file(self, content, executable=False):
        return ["file", self.digest(content), executable]

    def tree(self, entries):
        """entries: name -> ("file", content, executable) | ("tree", bytes) | ("link", target)"""
        message = M["Directory"]()
        for name in sorted(entries, key=lambda n: n.encode()):
            kind, *rest = entries[name]
            if kind == "file":
                message.files.add(name=name, digest=self.proto_digest(rest[0]), is_executable=rest[1])
            elif kind == "tree":
                message.directories.add(name=name, digest=self.proto_digest(rest[0]))
            else:
                message.symlinks.add(name=name, target=rest[0])
        return serialize(message)

    def keep(self, name, data):
        self.files[name] = data
        return data

    def trees(self):
        self.keep("tree_empty", self.tree({}))
        sub = self.keep(
            "tree_sub",
            self.tree(
                {
                    "übung": ("file", b"", False),
                    "a b\nc": ("file", b"#!/bin/sh\n", True),
                    "file": ("file", b"hello\n", False),
                    "up": ("link", "../BUILD.gx"),
                    "Z": ("file", b"z", False),
                }
            ),
        )
        full = {
            "sub": ("tree", sub),
            "empty": ("tree", self.files["tree_empty"]),
            "BUILD.gx": ("file", b"x\n", False),
            "run.sh": ("file", b"#!/bin/sh\n", True),
            "link": ("link", "sub/file"),
        }
        self.keep("tree_full", self.tree(full))
        return full

    def derivations(self):
        nothing = {"inputs": [], "input_sets": [], "roots": []}
        fetch = self.keep(
            "derivation_fetch",
            cbor(
                {
                    "schema": "gx.derivation/1",
                    "kind": "fetch",
                    "fetcher": "crate",
                    "parameters": {"name": "lua52-sys", "version": "0.1.2"},
                    "sha256": "ab" * 32,
                    "outputs": [["out/external/lua/archive", "file"]],
                    **nothing,
                }
            ),
        )
        made = ["output", self.digest(fetch), "out/external/lua/archive"]
        self.keep(
            "derivation_builtin",
            cbor(
                {
                    "schema": "gx.derivation/1",
                    "kind": "builtin",
                    "name": "unpack",
                    "revision": 1,
                    "arguments": {"type": "tar.gz", "strip_prefix": "lua52-sys-0.1.2"},
                    "outputs": [["out/external/lua/src", "directory"]],
                    **nothing,
                    "inputs": [["archive", made]],
                }
            ),
        )
        leaf = self.keep(
            "input_set_leaf",
            cbor(
                {
                    "schema": "gx.inputs/1",
                    "inputs": [["pkg/a.h", self.file(b"a")], ["pkg/link.h", ["link", "a.h"]]],
                    "children": [],
                }
            ),
        )
        parent = self.keep(
            "input_set_parent",
            cbor({"schema": "gx.inputs/1", "inputs": [["pkg/b.h", self.file(b"b")]], "children": [self.digest(leaf)]}),
        )
        self.keep(
            "derivation_run",
            cbor(
                {
                    "schema": "gx.derivation/1",
                    "kind": "run",
                    "arguments": ["/usr/bin/cc", "-c", "pkg/a.c", "-o", "out/pkg/a.o", ""],
                    "environment": {"PATH": "/usr/bin", "LC_ALL": "C", "TZ": "UTC"},
                    "platform": {"OSFamily": "linux"},
                    "level": "sandboxed",
                    "loopback": False,
                    "inputs": [
                        ["external", made],
                        ["pkg/a.c", self.file(b"int a;\n")],
                        ["pkg/data", ["tree", self.digest(self.files["tree_full"])]],
                    ],
                    "input_sets": [self.digest(parent)],
                    "roots": [["tree", self.digest(self.files["tree_full"])]],
                    "outputs": [["out/pkg/a.o", "file"], ["out/pkg/dir", "directory"]],
                }
            ),
        )

    def action(self, name, root, inputs, arguments, environment, platform, outputs, salt):
        work = self.keep(f"{name}.work", inputs)
        input_root = self.keep(f"{name}.root", self.tree({**root, "w": ("tree", work)}))
        command, action = M["Command"](), M["Action"]()
        command.arguments.extend(arguments)
        command.working_directory = "w"
        command.output_paths.extend(sorted(outputs))
        for key in sorted(environment):
            command.environment_variables.add(name=key, value=environment[key])
        for message in (command, action):
            for key in sorted(platform):
                message.platform.properties.add(name=key, value=platform[key])
        command = self.keep(f"{name}.command", serialize(command))
        action.command_digest.CopyFrom(self.proto_digest(command))
        action.input_root_digest.CopyFrom(self.proto_digest(input_root))
        action.salt = cbor({"schema": "gx.salt/1", **salt})
        return self.keep(name, serialize(action))

    def actions(self, full):
        generated = self.tree({"gen.h": ("file", b"g", True)})
        out = self.tree({"pkg": ("tree", generated)})
        pkg = self.tree({"a.c": ("file", b"int a;\n", False)})
        run = self.action(
            "action_run",
            full,
            self.tree({"out": ("tree", out), "pkg": ("tree", pkg)}),
            ["/usr/bin/cc", "-c", "pkg/a.c", "-o", "out/pkg/a.o", ""],
            {"PATH": "/usr/bin", "LC_ALL": "C", "TZ": "UTC"},
            {"OSFamily": "linux"},
            ["out/pkg/a.o", "out/pkg/dir"],
            {"kind": "run", "level": "sandboxed", "loopback": False, "sandbox": 4, "outputs": ["file", "directory"]},
        )
        empty = self.files["tree_empty"]
        fetch = ["gx-fetch", "sha256:" + "ab" * 32]
        self.action("action_fetch", {}, empty, fetch, {}, {}, ["out/external/lua/archive"], {"kind": "fetch"})
        self.action(
            "action_builtin",
            {},
            self.tree({"archive": ("file", b"bytes", False)}),
            ["gx-builtin", "unpack", "strip_prefix", "lua52-sys-0.1.2", "type", "tar.gz"],
            {},
            {},
            ["out/external/lua/src"],
            {"kind": "builtin", "revision": 1, "outputs": ["directory"]},
        )
        return run

    def outcomes(self, action):
        common = {"schema": "gx.outcome/1", "action": self.digest(action), "level": "sandboxed", "executor": "local"}
        self.keep(
            "outcome_success",
            cbor(
                {
                    **common,
                    "ending": ["exit", 0],
                    "outputs": [
                        ["out/pkg/a.o", self.file(b"object", False)],
                        ["out/pkg/dir", ["tree", self.digest(self.files["tree_sub"])]],
                    ],
                    "stdout": self.digest(b""),
                    "stderr": self.digest(b"a.c:1: warning\n"),
                    "undeclared": ["out/pkg/a.d"],
                    "cost": [1500000, 1000, 70000, 2048],
                }
            ),
        )
        for name, ending in {"exit": ["exit", -2], "signal": ["signal", 9], "timeout": ["timeout", 60000], "memory": ["memory", 536870912], "processes": ["processes", 64], "disk": ["disk", 1073741824], "outputs": ["outputs", "no a.o"]}.items():
            self.keep(
                f"outcome_{name}",
                cbor(
                    {
                        **common,
                        "ending": ending,
                        "outputs": [],
                        "stdout": self.digest(b""),
                        "stderr": self.digest(b""),
                        "undeclared": [],
                        "cost": [0, 0, 0, 0],
                    }
                ),
            )

    def make(self):
        full = self.trees()
        self.derivations()
        self.outcomes(self.actions(full))
        ids = "".join(f"{name} {self.name}:{self.hash(data).hex()}:{len(data)}\n" for name, data in sorted(self.files.items()))
        files = {f"{name}.hex": data.hex() + "\n" for name, data in self.files.items()}
        return {**files, "ids.txt": ids}


def main():
    assert blake3(b"").hex() == "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
    different = []
    for function in FUNCTIONS:
        folder = HERE / function
        for name, text in Vectors(function).make().items():
            path = folder / name
            if "--check" in sys.argv:
                if not path.exists() or path.read_text() != text:
                    different.append(str(path.relative_to(HERE)))
            else:
                folder.mkdir(exist_ok=True)
                path.write_text(text)
    if different:
        sys.exit("these differ from what is computed here: " + ", ".join(different))


if __name__ == "__main__":
    main()
