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

/** Whole numbers of 128 bits. */
__extension__ typedef __int128 exact_wide;

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
exact_wide exact_wide_div_floor(exact_wide a, exact_wide b);
/** The quotient, rounded up. */
exact_wide exact_wide_div_ceiling(exact_wide a, exact_wide b);
/** The quotient, rounded away from zero. */
exact_wide exact_wide_div_up(exact_wide a, exact_wide b);
/** The quotient, rounded to the nearest; half to the even one. */
exact_wide exact_wide_div_half_even(exact_wide a, exact_wide b);
/** The quotient, rounded to the nearest; half away from zero. */
exact_wide exact_wide_div_half_up(exact_wide a, exact_wide b);
/** What division rounded down leaves; it has the sign of the divisor. */
exact_wide exact_wide_mod(exact_wide a, exact_wide b);

/** The quotient of whole numbers, rounded down. */
int64_t exact_narrow_div_floor(int64_t a, int64_t b);
/** The quotient, rounded up. */
int64_t exact_narrow_div_ceiling(int64_t a, int64_t b);
/** The quotient, rounded away from zero. */
int64_t exact_narrow_div_up(int64_t a, int64_t b);
/** The quotient, rounded to the nearest; half to the even one. */
int64_t exact_narrow_div_half_even(int64_t a, int64_t b);
/** The quotient, rounded to the nearest; half away from zero. */
int64_t exact_narrow_div_half_up(int64_t a, int64_t b);
/** What division rounded down leaves; it has the sign of the divisor. */
int64_t exact_narrow_mod(int64_t a, int64_t b);

#define EXACT_EITHER(name, a, b) \
    _Generic((a), exact_wide: exact_wide_##name, default: exact_narrow_##name)(a, b)
#define exact_div_floor(a, b) EXACT_EITHER(div_floor, a, b)
#define exact_div_ceiling(a, b) EXACT_EITHER(div_ceiling, a, b)
#define exact_div_up(a, b) EXACT_EITHER(div_up, a, b)
#define exact_div_half_even(a, b) EXACT_EITHER(div_half_even, a, b)
#define exact_div_half_up(a, b) EXACT_EITHER(div_half_up, a, b)
#define exact_mod(a, b) EXACT_EITHER(mod, a, b)

/** The lesser of two. */
static inline exact_wide exact_wide_min(exact_wide a, exact_wide b) {
    return b < a ? b : a;
}

/** The lesser of two. */
static inline int64_t exact_narrow_min(int64_t a, int64_t b) {
    return b < a ? b : a;
}

/** The greater of two. */
static inline exact_wide exact_wide_max(exact_wide a, exact_wide b) {
    return b > a ? b : a;
}

/** The greater of two. */
static inline int64_t exact_narrow_max(int64_t a, int64_t b) {
    return b > a ? b : a;
}

/** The distance from zero. */
static inline exact_wide exact_wide_abs(exact_wide a, exact_wide unused) {
    return a < unused ? -a : a;
}

/** The distance from zero. */
static inline int64_t exact_narrow_abs(int64_t a, int64_t unused) {
    return a < unused ? -a : a;
}

#define exact_min(a, b) EXACT_EITHER(min, a, b)
#define exact_max(a, b) EXACT_EITHER(max, a, b)
#define exact_abs(a) EXACT_EITHER(abs, a, 0)

#endif
