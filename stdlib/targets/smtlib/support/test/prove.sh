#!/bin/sh
# Cases of the standard input through a prover: `PROVER` reads SMT-LIB of its standard input.
set -e
awk -v mode=ask -f "$HERE/cases.awk" > plan
awk -v claims="$HERE/claims.smt2" -f "$HERE/ask.awk" plan > questions.smt2
# An answer that is an error is told as what it is.
cat "$HERE/theory.smt2" questions.smt2 | $PROVER > answers || true
awk -v answers=answers -f "$HERE/answers.awk" plan | awk -v mode=tell -f "$HERE/cases.awk"
rm -f plan questions.smt2 answers
