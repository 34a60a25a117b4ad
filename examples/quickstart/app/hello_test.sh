#!/bin/bash
# Runs the program on the data file and compares what it prints.
set -euo pipefail
"$HELLO" "$NAMES" | diff -u "$EXPECTED" -
echo "ok"
