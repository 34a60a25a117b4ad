#!/bin/sh
# Cases of the standard input through a simulation: operators go by their places, inputs by single numbers.
# `SIMULATE` reads the file `vectors` and prints what comes out, a line for each of its lines.
set -e
awk -v mode=ask -f "$HERE/cases.awk" > plan
awk -v mode=places -f "$HERE/cases.awk" plan > vectors
eval "$SIMULATE" > answers
awk -v answers=answers -f "$HERE/plan.awk" plan | awk -v mode=tell -f "$HERE/cases.awk"
rm -f plan vectors answers
