# The questions of a plan with the answers of a simulation, line by line.
$1 == "ask" {
    if ((getline line < answers) <= 0) {
        line = " nothing"
    }
    print "got " $2 line
    next
}

{
    print
}
