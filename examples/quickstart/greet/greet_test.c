#include <stdio.h>
#include <string.h>

#include "greet/greet.h"

static int failures = 0;

static void check(const char *name, const char *expected) {
    char text[64];
    int length = greet(text, sizeof text, name);
    if (strcmp(text, expected) != 0 || length != (int)strlen(expected)) {
        printf("FAILED: greet(\"%s\") is \"%s\", expected \"%s\"\n", name, text, expected);
        failures++;
    }
}

int main(void) {
    check("world", "Hello, world!");
    check("", "Hello, !");

    /* A buffer that is too small is filled and ended, never overrun. */
    char small[6];
    if (greet(small, sizeof small, "world") != 13 || strcmp(small, "Hello") != 0) {
        printf("FAILED: a small buffer holds \"%s\"\n", small);
        failures++;
    }
    puts(failures == 0 ? "ok" : "not ok");
    return failures != 0;
}
