/**
 * What generated modules share: exact arithmetic, and how errors are told.
 *
 * Amounts and other decimals are whole numbers of their smallest unit, so nothing here rounds unless it is told how.
 */
#ifndef EXACT_H
#define EXACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The widest whole numbers that there are here. */
typedef int64_t exact_wide;

/** The most that an error tells. */
#define EXACT_ERROR_ARGUMENTS 8

/** An error that a contract declares. */
struct exact_error {
    /** Its full name. */
    const char *name;
    /** Its message; what it tells stands in `arguments`. */
    const char *message;
    /** Its number, unique in its contract. */
    uint32_t number;
    /** Does it help to try again? */
    bool retry;
    /** How many arguments there are. */
    size_t count;
    /** What it tells, in the order of its contract. */
    int64_t arguments[EXACT_ERROR_ARGUMENTS];
};

/** The quotient of whole numbers, rounded down. */
int64_t exact_div_floor(int64_t a, int64_t b);
/** The quotient, rounded up. */
int64_t exact_div_ceiling(int64_t a, int64_t b);
/** The quotient, rounded away from zero. */
int64_t exact_div_up(int64_t a, int64_t b);
/** The quotient, rounded to the nearest; half to the even one. */
int64_t exact_div_half_even(int64_t a, int64_t b);
/** The quotient, rounded to the nearest; half away from zero. */
int64_t exact_div_half_up(int64_t a, int64_t b);
/** What division rounded down leaves; it has the sign of the divisor. */
int64_t exact_mod(int64_t a, int64_t b);

/** The lesser of two. */
static inline int64_t exact_min(int64_t a, int64_t b) {
    return b < a ? b : a;
}

/** The greater of two. */
static inline int64_t exact_max(int64_t a, int64_t b) {
    return b > a ? b : a;
}

/** The distance from zero. */
static inline int64_t exact_abs(int64_t a) {
    return a < 0 ? -a : a;
}

#endif
