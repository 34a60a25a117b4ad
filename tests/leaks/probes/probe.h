// What every probe needs: a name, a place to write, and ways to read without failing.
//
// A probe writes what it could learn, and nothing else: no names of errors, no order of its own. What it may not do
// shows as `errno N`, so a refusal is the same in every world.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

typedef void (*probe_function)(FILE *out, const char *path);
void probe_add(const char *name, probe_function function);
// The bytes of a file, or why there are none.
void show_file(FILE *out, const char *path);
// The first line that begins so of a file.
void show_line(FILE *out, const char *path, const char *start);
// Names in a folder, in the order in which the kernel gives them.
void show_folder(FILE *out, const char *path);
void show_link(FILE *out, const char *path);
void show_errno(FILE *out);

// Defines a probe and puts it into the table before `main` begins. `output` is the
// path of `out`.
#define PROBE(name)                                                                      \
    static void name(FILE *out, const char *output);                                     \
    __attribute__((constructor)) static void add_##name(void) { probe_add(#name, name); } \
    static void name(__attribute__((unused)) FILE *out, __attribute__((unused)) const char *output)

#define SHOW_FILE(name, path_) \
    PROBE(name) { show_file(out, path_); }
