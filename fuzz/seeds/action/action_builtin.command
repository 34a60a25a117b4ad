

gx-builtin
unpack
strip_prefix
lua52-sys-0.1.2
type
tar.gz2w:out/external/lua/src