#!/bin/bash
# Compresses and decompresses 100 MB, fast and with the high-compression coder, and compares.
set -euo pipefail
size=100000000
files=$PWD
lz4="$files/$LZ4"
cd "$TEST_TMPDIR"
"$files/$MAKE_DATA" "$size" > data
[ "$(wc -c < data)" -eq "$size" ]

for level in -1 -3; do
    "$lz4" -q -f "$level" data data.lz4
    "$lz4" -q -t data.lz4
    "$lz4" -q -d -c data.lz4 | cmp - data
    packed=$(wc -c < data.lz4)
    [ "$packed" -lt $((size * 3 / 4)) ] || { echo "level $level: $packed bytes is hardly smaller"; exit 1; }
    echo "level $level: $size -> $packed bytes"
done

# A damaged frame is noticed.
printf 'x' | dd of=data.lz4 bs=1 seek=1000000 conv=notrunc status=none
if "$lz4" -q -t data.lz4 2> /dev/null; then
    echo "damage was not noticed"
    exit 1
fi
echo "ok"
