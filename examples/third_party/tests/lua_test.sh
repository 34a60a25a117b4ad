#!/bin/bash
# Runs a script with the Lua that was built and compares what it prints.
set -euo pipefail
"$LUA" -v
"$LUA" "$SCRIPT" | diff -u "$EXPECTED" -
echo "ok: $(wc -l < "$SCRIPT") lines of Lua"
