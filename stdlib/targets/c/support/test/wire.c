#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *wire_word(struct wire_words *words) {
    char *word = words->rest;
    while (*word == ' ') {
        word++;
    }
    char *end = word;
    while (*end != '\0' && *end != ' ' && *end != '\n') {
        end++;
    }
    words->rest = *end == '\0' ? end : end + 1;
    *end = '\0';
    return word;
}

static void breach_of(struct wire_words *words, const char *breach) {
    if (words->breach == NULL) {
        words->breach = breach;
    }
}

exact_wide wire_wide(struct wire_words *words, const char *breach) {
    const char *word = wire_word(words);
    const bool negative = *word == '-';
    const exact_wide most = (((exact_wide)1 << 126) - 1) * 2 + 1;
    exact_wide number = 0;
    for (word += negative; *word != '\0'; word++) {
        const int digit = *word - '0';
        if (number > (most - digit) / 10) {
            breach_of(words, breach);
            return 0;
        }
        number = number * 10 + digit;
    }
    return negative ? -number : number;
}

int64_t wire_int(struct wire_words *words, const char *breach) {
    const exact_wide number = wire_wide(words, breach);
    if (number > INT64_MAX || number < -INT64_MAX) {
        breach_of(words, breach);
        return 0;
    }
    return (int64_t)number;
}

size_t wire_count(struct wire_words *words, size_t most, const char *breach) {
    const size_t count = (size_t)strtoull(wire_word(words), NULL, 10);
    if (count > most) {
        breach_of(words, breach);
        return 0;
    }
    return count;
}

void wire_begin(const char *word) {
    fputs(word, stdout);
}

void wire_text(const char *word) {
    putchar(' ');
    fputs(word, stdout);
}

void wire_number(exact_wide number) {
    char digits[48];
    char *at = digits + sizeof digits - 1;
    *at = '\0';
    const bool negative = number < 0;
    do {
        const int digit = (int)(number % 10);
        *--at = (char)('0' + (digit < 0 ? -digit : digit));
        number /= 10;
    } while (number != 0);
    if (negative) {
        *--at = '-';
    }
    wire_text(at);
}

void wire_end(void) {
    putchar('\n');
}

int wire_run(wire_tried *tried) {
    static char line[1 << 20];
    while (fgets(line, sizeof line, stdin) != NULL) {
        struct wire_words words = {.rest = line, .breach = NULL};
        const char *name = wire_word(&words);
        tried(name, &words);
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
