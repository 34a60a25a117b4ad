# Answers of a prover, each beside the question of the plan that it belongs to.
function next_answer(    text, open, line, left) {
    text = ""
    do {
        if ((getline line < answers) <= 0) {
            return "nothing"
        }
        text = text " " line
        open = gsub(/\(/, "(", text)
        left = gsub(/\)/, ")", text)
    } while (open > left)
    return text
}

BEGIN {
    next_answer()
}

$1 == "ask" {
    text = next_answer()
    # The value stands behind the term that was asked for, and is one term of numbers and truths.
    sub(/^.*made/, "", text)
    gsub(/\(- */, "-", text)
    gsub(/[()]/, " ", text)
    gsub(/true/, "1", text)
    gsub(/false/, "0", text)
    $0 = "got " $2 " " text
    $1 = $1
    print
    next
}

$1 == "prove" {
    text = next_answer()
    said = text ~ /unsat/ ? "proved" : text ~ /sat/ ? "refuted" : "not decided:" text
    print "said " said
    next
}

{
    print
}
