/**
 * Cases and results as lines of words.
 *
 * A case is an operator and its inputs, a result is `ok` and the outputs, `error` with its full name and what it tells,
 * or `skip`.
 */
#ifndef WIRE_H
#define WIRE_H

#include "exact.h"

/** The words of a case, and what became of reading them. */
struct wire_words {
    /** What is left of the line. */
    char *rest;
    /** The error of the first word that no value of a type stands for; NULL when there is none. */
    const char *breach;
};

/** The next word; empty when there is none. */
const char *wire_word(struct wire_words *words);
/** A whole number; what has no room is a breach. */
int64_t wire_int(struct wire_words *words, const char *breach);
/** A whole number of up to 128 bits. */
exact_wide wire_wide(struct wire_words *words, const char *breach);
/** How many come: more than there is room for is a breach of size. */
size_t wire_count(struct wire_words *words, size_t most, const char *breach);

/** Begins a result. */
void wire_begin(const char *word);
/** A word of the result. */
void wire_text(const char *word);
/** A whole number of the result. */
void wire_number(exact_wide number);
/** Ends a result. */
void wire_end(void);

/** Tries a case, and writes its result. */
typedef void wire_tried(const char *operator_name, struct wire_words *words);

/** Tries every case of the standard input. */
int wire_run(wire_tried *tried);

#endif
