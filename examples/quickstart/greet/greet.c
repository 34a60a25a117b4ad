#include "greet/greet.h"

#include <stdio.h>

#include "greet/config.h" /* made by //greet:config */

/* Edit this comment and build again: greet.c is compiled, nothing is linked. */
int greet(char *out, size_t size, const char *name) {
    return snprintf(out, size, "%s, %s!", GREETING, name);
}
