#include "wire.h"

#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>
#include <stdlib.h>
#include <string.h>

/* The byte with which the board tells the end. */
#define END 4

static int receive(void) {
    while ((UCSR0A & _BV(RXC0)) == 0) {
    }
    return UDR0;
}

static void send(char byte) {
    while ((UCSR0A & _BV(UDRE0)) == 0) {
    }
    /* That what was sent before has left is forgotten. */
    UCSR0A = _BV(U2X0) | _BV(TXC0);
    UDR0 = (uint8_t)byte;
}

const char *wire_word(struct wire_words *words) {
    char *word = words->rest;
    while (*word == ' ') {
        word++;
    }
    char *end = word;
    while (*end != '\0' && *end != ' ') {
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

int64_t wire_int(struct wire_words *words, const char *breach) {
    const char *word = wire_word(words);
    const bool negative = *word == '-';
    int64_t number = 0;
    for (word += negative; *word != '\0'; word++) {
        const int digit = *word - '0';
        if (number > (INT64_MAX - digit) / 10) {
            breach_of(words, breach);
            return 0;
        }
        number = number * 10 + digit;
    }
    return negative ? -number : number;
}

exact_wide wire_wide(struct wire_words *words, const char *breach) {
    return wire_int(words, breach);
}

size_t wire_count(struct wire_words *words, size_t most, const char *breach) {
    const int64_t count = wire_int(words, breach);
    if (count < 0 || count > (int64_t)most) {
        breach_of(words, breach);
        return 0;
    }
    return (size_t)count;
}

void wire_begin(const char *word) {
    while (*word != '\0') {
        send(*word++);
    }
}

void wire_text(const char *word) {
    send(' ');
    wire_begin(word);
}

void wire_number(exact_wide number) {
    char digits[24];
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
    send('\n');
}

int wire_run(wire_tried *tried) {
    static char line[2048];
    UBRR0 = 0;
    UCSR0A = _BV(U2X0);
    UCSR0B = _BV(RXEN0) | _BV(TXEN0);
    size_t length = 0;
    for (;;) {
        const int byte = receive();
        if (byte == END) {
            break;
        }
        if (byte != '\n') {
            if (length + 1 < sizeof line) {
                line[length++] = (char)byte;
            }
            continue;
        }
        line[length] = '\0';
        length = 0;
        struct wire_words words = {.rest = line, .breach = NULL};
        const char *name = wire_word(&words);
        tried(name, &words);
    }
    /* What was sent last is on its way; then nothing wakes the processor. */
    while ((UCSR0A & _BV(TXC0)) == 0) {
    }
    cli();
    sleep_enable();
    sleep_cpu();
    return 0;
}
