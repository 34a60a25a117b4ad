"""What BUILD files have without load()."""

load(":cc.bzl", _cc_binary = "cc_binary", _cc_library = "cc_library", _cc_test = "cc_test")
load(":cc_info.bzl", _CcInfo = "CcInfo")
load(":filegroup.bzl", _filegroup = "filegroup")
load(":genrule.bzl", _genrule = "genrule")
load(":sh.bzl", _sh_binary = "sh_binary", _sh_library = "sh_library", _sh_test = "sh_test")
load(
    ":toolchain.bzl",
    _PlatformInfo = "PlatformInfo",
    _ToolchainInfo = "ToolchainInfo",
    _platform = "platform",
    _toolchain = "toolchain",
)
load(":write_file.bzl", _write_file = "write_file")

CcInfo = _CcInfo
PlatformInfo = _PlatformInfo
ToolchainInfo = _ToolchainInfo
cc_binary = _cc_binary
cc_library = _cc_library
cc_test = _cc_test
filegroup = _filegroup
genrule = _genrule
platform = _platform
sh_binary = _sh_binary
sh_library = _sh_library
sh_test = _sh_test
toolchain = _toolchain
write_file = _write_file
