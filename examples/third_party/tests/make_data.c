/* Prints N bytes, the same on every machine: words that repeat, so that there is something to compress, and noise. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    static const char *const words[] = {"tree ", "blob ", "action ", "outcome ", "derivation ", "digest\n", "store ", "rule "};
    uint64_t left = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
    uint64_t state = 88172645463325252u;
    while (left > 0) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        if (state % 16 == 0) {
            putchar((int)(state >> 32) & 0xff);
            left--;
            continue;
        }
        for (const char *c = words[(state >> 20) % 8]; *c != '\0' && left > 0; c++, left--) {
            putchar(*c);
        }
    }
    return fflush(stdout) != 0;
}
