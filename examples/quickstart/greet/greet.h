#ifndef GREET_GREET_H
#define GREET_GREET_H

#include <stddef.h>

/* Writes "<greeting>, <name>!" to `out`, which holds `size` bytes. Returns the length that the whole text has. */
int greet(char *out, size_t size, const char *name);

#endif
