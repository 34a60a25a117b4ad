#!/bin/bash
# Imports 100,000 rows, queries them, and compares with known answers and with what awk computes from the same rows.
set -euo pipefail
files=$PWD
cd "$TEST_TMPDIR"
cp "$files/$ROWS" rows.csv
"$files/$SQLITE" -batch -bail bank.db < "$files/$QUERIES" > answers.txt
diff -u "$files/$EXPECTED" answers.txt

awk -F, 'NR > 1 { count++; sum += $3 } END { printf "rows|%d\nsum|%d\n", count, sum }' rows.csv > by_awk.txt
head -n 2 answers.txt | diff -u by_awk.txt -
echo "ok: $(wc -l < rows.csv) lines of CSV"
