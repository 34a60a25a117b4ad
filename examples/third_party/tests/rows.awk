# Rows `id,name,amount`. Every number stays below 2^53, so every awk computes the same.
BEGIN {
    print "id,name,amount"
    seed = 1
    for (id = 1; id <= 100000; id++) {
        seed = (seed * 69069 + 1) % 4294967296
        printf "%d,name%03d,%d\n", id, int(seed / 4294967) % 1000, int(seed / 65536) % 10000
    }
}
